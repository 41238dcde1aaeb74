"""What looks like one request is added up, unless the office parts it with a reason."""

from decimal import Decimal
from http import HTTPStatus

import pytest
from django.urls import reverse

from accounts.errors import InvalidMove
from accounts.models import Role, Unit
from governance import authority, services
from governance.models import FamilySeparation
from ledger.models import LedgerEntry
from ledger.services import record
from portfolio import overlap
from portfolio.models import Initiative, Link
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import Cast, in_decision, in_pilot

REASON = {"reason": "Another process of another team"}


def amount_tested(initiative: Initiative) -> Decimal:
    """The tested amount by its frozen case."""
    case = initiative.current_case
    assert case is not None
    return authority.tested_amount(initiative, case)


@pytest.fixture
def pair(cast: Cast) -> tuple[Initiative, Initiative]:
    """One that was granted 100,000, and one of 240,000 that looks like it."""
    return in_pilot(cast), in_decision(cast, title="Sort incoming tickets by meaning, second part")


def act(initiative: Initiative) -> str:
    return reverse("family-separate", args=[initiative.pk])


def test_words_decide_how_alike_two_are() -> None:
    one = overlap.words_of({"title": "Sort tickets by meaning", "problem": "It takes a day"})
    assert overlap.similarity(one, one) == 1
    assert overlap.similarity(one, overlap.words_of({"title": "Match invoices"})) == 0
    assert overlap.similarity(one, overlap.words_of({})) == 0
    near = overlap.words_of({"title": "Sort tickets by meaning", "problem": "It takes an hour"})
    assert 0.5 < overlap.similarity(one, near) == overlap.similarity(near, one) < 1


def test_a_split_request_is_tested_as_one_until_it_is_parted(
    sign_in: SignIn, cast: Cast, pair: tuple[Initiative, Initiative]
) -> None:
    granted, second = pair
    assert amount_tested(second) == Decimal(340_000)
    client = sign_in(cast.portfolio_office)
    page = client.get(reverse("initiative-family", args=[second.pk])).content.decode()
    assert "same unit, sponsor and supplier" in page
    assert client.post(act(second), {"other": granted.pk, **REASON}).status_code == HTTPStatus.FOUND
    assert amount_tested(second) == Decimal(240_000)
    assert LedgerEntry.objects.filter(act="family.separated").count() == 1
    with pytest.raises(InvalidMove):
        services.separate_family(second, other=granted, **REASON, actor=cast.portfolio_office)


def test_another_supplier_or_other_words_are_no_family(cast: Cast) -> None:
    in_pilot(cast)
    elsewhere = in_decision(cast, supplier="Another Ltd", title="Sort incoming tickets by meaning")
    assert amount_tested(elsewhere) == Decimal(240_000)


def test_only_the_office_parts_them(
    sign_in: SignIn, cast: Cast, other_unit: Unit, pair: tuple[Initiative, Initiative]
) -> None:
    granted, second = pair
    stranger = factories.make_person("Otto Office", Role.PORTFOLIO_OFFICE, other_unit)
    for person, status in ((cast.unit_lead, 403), (cast.cfo, 403), (stranger, 404)):
        assert sign_in(person).post(act(second), {"other": granted.pk, **REASON}).status_code == status
    assert not FamilySeparation.objects.exists()


def test_without_a_reason_or_with_a_stranger_nothing_is_parted(
    sign_in: SignIn, cast: Cast, pair: tuple[Initiative, Initiative]
) -> None:
    granted, second = pair
    client = sign_in(cast.portfolio_office)
    for data in ({"other": granted.pk, "reason": " "}, {"other": second.pk, **REASON}, {}):
        assert client.post(act(second), data).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not FamilySeparation.objects.exists()
    assert client.get(act(second)).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_what_is_linked_as_a_part_is_not_parted(cast: Cast, pair: tuple[Initiative, Initiative]) -> None:
    granted, second = pair
    with record("link.added", actor=None, about=second) as entry:
        entry.add(Link, initiative=second, other=granted, kind=Link.Kind.PART_OF)
    with pytest.raises(InvalidMove, match="take the link back"):
        services.separate_family(second, other=granted, **REASON, actor=cast.portfolio_office)
    assert amount_tested(second) == Decimal(340_000)
