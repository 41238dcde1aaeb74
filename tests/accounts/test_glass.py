"""Break-glass: for another person, asked by one, granted by two others, for minutes, every act marked."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts import glass, policy, services
from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import BreakGlass, Notification, Role, RoleGrant, Unit, User
from ledger import clock
from ledger.models import LedgerEntry
from tests import factories
from tests.factories import SignIn

PATH = "/policy/glass/"


def fresh(user: User) -> User:
    """The user as the next request reads them."""
    return User.objects.get(pk=user.pk)


@pytest.fixture
def on_call(group: Unit) -> User:
    """Somebody who holds nothing."""
    return factories.make_user("Onno Oncall", home_unit=group)


@pytest.fixture
def asked(on_call: User, group: Unit, portfolio_office: User) -> BreakGlass:
    """The administrator's role is asked for them, for half an hour."""
    return glass.ask(
        on_call,
        role=Role.ADMINISTRATOR,
        unit=group,
        minutes=30,
        reason="The administrator is ill and an account is abused",
        actor=portfolio_office,
    )


def test_two_others_grant_it_and_it_ends_by_itself(
    asked: BreakGlass, on_call: User, risk_officer: User, cfo: User, auditor: User, group: Unit
) -> None:
    glass.grant(asked, actor=risk_officer)
    assert policy.roles_of(fresh(on_call)) == frozenset()
    glass.grant(asked, actor=cfo)
    assert policy.roles_of(fresh(on_call)) == {Role.ADMINISTRATOR}
    services.add_unit(name="Made in a hurry", parent=group, actor=fresh(on_call))
    entry = LedgerEntry.objects.filter(act="unit.added", actor_id=on_call.pk).get()
    assert f'"break_glass":{asked.pk}' in entry.body
    assert glass.acts_under(list(glass.listed())) == {asked.pk: [entry]}
    told = {row.recipient_id for row in Notification.objects.filter(subject="The glass is broken")}
    assert {auditor.pk, risk_officer.pk} <= told
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        assert policy.roles_of(fresh(on_call)) == frozenset()
        with pytest.raises(NotAllowed):
            services.add_unit(name="Too late", parent=group, actor=fresh(on_call))


def test_neither_who_asked_nor_who_gets_it_grants_it(
    group: Unit, on_call: User, ceo: User, risk_officer: User, cfo: User
) -> None:
    asked = glass.ask(on_call, role=Role.UNIT_LEAD, unit=group, minutes=10, reason="A deadline", actor=ceo)
    factories.grant(on_call, Role.RISK_OFFICER, group)
    for person in (ceo, on_call):
        with pytest.raises(NotAllowed):
            glass.grant(asked, actor=fresh(person))
    glass.grant(asked, actor=risk_officer)
    with pytest.raises(InvalidMove, match="already"):
        glass.grant(asked, actor=risk_officer)
    with pytest.raises(NotAllowed, match="another person"):
        glass.ask(cfo, role=Role.UNIT_LEAD, unit=group, minutes=10, reason="Me", actor=cfo)


@pytest.mark.parametrize(
    "role",
    [
        Role.UNIT_HEAD,
        Role.FINANCE,
        Role.BOARD_MEMBER,
        Role.CFO,
        Role.CEO,
        Role.RISK_OFFICER,
        Role.ASSESSOR,
        Role.INTEGRATOR,
    ],
)
def test_no_role_that_decides_scores_or_posts(
    role: str, group: Unit, on_call: User, portfolio_office: User
) -> None:
    assert role not in dict(glass.roles())
    with pytest.raises(NotAllowed):
        glass.ask(on_call, role=role, unit=group, minutes=10, reason="Now", actor=portfolio_office)


@pytest.mark.parametrize(
    ("minutes", "reason", "field"), [(61, "Now", "minutes"), (0, "Now", "minutes"), (5, " ", "reason")]
)
def test_an_hour_at_most_and_with_a_reason(
    group: Unit, on_call: User, portfolio_office: User, minutes: int, reason: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        glass.ask(
            on_call, role=Role.UNIT_LEAD, unit=group, minutes=minutes, reason=reason, actor=portfolio_office
        )
    assert field in refused.value.errors


def test_what_was_asked_long_ago_is_not_granted(asked: BreakGlass, risk_officer: User) -> None:
    with time_machine.travel(clock.now() + timedelta(hours=5)), pytest.raises(InvalidMove, match="too long"):
        glass.grant(asked, actor=risk_officer)


def test_the_page_asks_and_grants(
    sign_in: SignIn,
    group: Unit,
    on_call: User,
    portfolio_office: User,
    risk_officer: User,
    outsider: User,
    contributor: User,
    django_assert_max_num_queries: Any,
) -> None:
    office = sign_in(portfolio_office)
    form = {"person": on_call.pk, "role": "auditor", "unit": group.pk, "minutes": 20, "reason": "A raid"}
    assert office.post(f"{PATH}ask/", form | {"minutes": 90}).status_code == 422
    assert office.post(f"{PATH}ask/", form).status_code == 302
    asked = BreakGlass.objects.get()
    assert sign_in(outsider).post(f"{PATH}ask/", form).status_code == 403
    assert office.post(f"{PATH}{asked.pk}/grant/").status_code == 403
    assert sign_in(contributor).get(PATH).status_code == 403
    assert sign_in(risk_officer).get(f"{PATH}{asked.pk}/grant/").status_code == 405
    assert sign_in(risk_officer).post(f"{PATH}9999/grant/").status_code == 404
    assert sign_in(risk_officer, fresh=False).post(f"{PATH}{asked.pk}/grant/").status_code == 422
    assert sign_in(risk_officer).post(f"{PATH}{asked.pk}/grant/").status_code == 302
    assert not RoleGrant.objects.filter(user=on_call).exists()
    with django_assert_max_num_queries(14):
        assert "A raid" in office.get(PATH).content.decode()
