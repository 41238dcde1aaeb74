"""The cast and the database that every other test stands on."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import policy
from accounts.models import Role, RoleGrant, Unit, User
from ledger import facts
from ledger.models import LedgerHead
from tests import factories
from tests.factories import SignIn


def test_the_cast_holds_its_roles_confirmed(cfo: User, unit_lead: User, sponsor: User) -> None:
    assert policy.roles_of(cfo) == {Role.CFO}
    assert policy.roles_of(unit_lead) == {Role.UNIT_LEAD}
    assert policy.roles_of(sponsor) == frozenset()
    assert not RoleGrant.objects.filter(confirmation=None).exists()


def test_a_grant_reaches_the_units_below(
    unit_lead: User, unit: Unit, sub_unit: Unit, other_unit: Unit
) -> None:
    reach = policy.reach(unit_lead, "initiative.submit")
    assert [reach.covers(place) for place in (unit, sub_unit, other_unit)] == [True, True, False]


def test_a_signed_in_client_is_that_person(sign_in: SignIn, auditor: User) -> None:
    client = sign_in(auditor)
    assert client.session["_auth_user_id"] == str(auditor.pk)


def test_facts_can_not_be_changed_inside_a_test(group: Unit) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_unitplacement SET valid_from = '2000-01-01'")


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_a_test_that_commits_leaves_an_empty_and_protected_database(turn: int) -> None:
    assert not Unit.objects.exists()
    factories.make_unit("Left behind")
    names = set(facts.protect(connection))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger"
            if connection.vendor == "postgresql"
            else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        )
        assert names <= {row[0] for row in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_threads_share_one_database_and_the_ledger_counts_them_all() -> None:
    def act(number: int) -> None:
        factories.make_unit(f"Unit {number}")
        connection.close()

    before = LedgerHead.objects.values_list("seq", flat=True).first() or 0
    threads = [threading.Thread(target=act, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Unit.objects.count() == 8
    assert LedgerHead.objects.get().seq == before + 8
