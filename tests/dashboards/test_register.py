"""The register: found in seconds, and no figure shown or sorted by for those who may not open the case."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.urls import reverse

from accounts.models import Unit, User
from dashboards.models import SavedView
from dashboards.register import PUBLIC_SORTS, SORTS, Register
from portfolio.models import Initiative
from scoring.positions import refresh_returns, refresh_scores
from tests.factories import SignIn, draft, in_decision, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_units(content: dict[str, Any], unit: Unit, other_unit: Unit) -> tuple[Initiative, Initiative]:
    """One initiative of `unit`, scored, and one of `other_unit`, submitted."""
    ours = in_decision(content | {"title": "Sort tickets"}, unit=unit)
    theirs = submitted(content | {"title": "Plan routes"}, unit=other_unit)
    refresh_returns()
    refresh_scores()
    return ours, theirs


def titles(register: Register) -> list[str]:
    return [row.title for row in register.page.object_list]


def seen(user: User, **query: str) -> list[str]:
    return titles(Register(user, query))


def test_a_stranger_sees_the_row_and_no_figure(
    two_units: tuple[Initiative, Initiative], unit_lead: User, sign_in: SignIn
) -> None:
    assert set(seen(unit_lead)) == {"Sort tickets", "Plan routes"}
    page = sign_in(unit_lead).get(reverse("initiative-list")).content.decode()
    row = re.search(r"<tr>(?:(?!</tr>).)*Plan routes.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert "open to its unit and to those who decide" in row[0]
    assert "figures" not in row[0]
    assert "240\u202f000" in page  # our own
    assert Register(unit_lead, {}).totals == [("USD", Decimal(240_000))]


@pytest.mark.parametrize("sort", sorted(set(SORTS) - PUBLIC_SORTS))
def test_an_order_by_a_figure_leaves_out_what_is_closed_to_the_reader(
    two_units: tuple[Initiative, Initiative], unit_lead: User, sort: str
) -> None:
    assert seen(unit_lead, sort=sort) == ["Sort tickets"]
    assert seen(unit_lead, sort=f"-{sort}") == ["Sort tickets"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("domain", "it_service"), ("tier", "limited"), ("year", "{year}"), ("track", "full"),
        ("outcome", "met"), ("status", "green"),
    ],
)  # fmt: skip
def test_a_filter_on_what_is_not_public_leaves_out_what_is_closed_to_the_reader(
    two_units: tuple[Initiative, Initiative], unit_lead: User, name: str, value: str
) -> None:
    ours, _ = two_units
    found = seen(unit_lead, **{name: value.format(year=ours.fiscal_year)})
    assert "Plan routes" not in found
    assert found in (["Sort tickets"], [])


def test_public_orders_and_filters_keep_every_row(
    two_units: tuple[Initiative, Initiative], unit_lead: User
) -> None:
    for sort in PUBLIC_SORTS:
        assert set(seen(unit_lead, sort=sort)) == {"Sort tickets", "Plan routes"}
    assert seen(unit_lead, sort="title") == ["Plan routes", "Sort tickets"]
    assert seen(unit_lead, sort="stage") == ["Plan routes", "Sort tickets"]
    assert seen(unit_lead, stage="submitted") == ["Plan routes"]
    assert seen(unit_lead, sort="no-such-order") == ["Plan routes", "Sort tickets"]


@pytest.mark.parametrize("text", ["routes", "ROUTES", "Supply Chain", "AI-"])
def test_the_search_finds_public_words(
    two_units: tuple[Initiative, Initiative], unit_lead: User, text: str
) -> None:
    assert "Plan routes" in seen(unit_lead, q=text)


def test_a_person_is_found_only_where_the_case_is_open(
    two_units: tuple[Initiative, Initiative], unit_lead: User, other_unit_lead: User, cfo: User
) -> None:
    # The same sponsor stands behind both.
    assert seen(unit_lead, q="Sven Sponsor") == ["Sort tickets"]
    assert seen(other_unit_lead, q="Sven Sponsor") == ["Plan routes"]
    assert set(seen(cfo, q="Sven Sponsor")) == {"Sort tickets", "Plan routes"}
    assert seen(unit_lead, q="wrong group") == []  # the problem of the case is no public field


def test_drafts_are_listed_in_their_unit_only(
    content: dict[str, Any], unit_lead: User, other_unit_lead: User
) -> None:
    draft(content | {"title": "A thought"})
    assert seen(unit_lead) == ["A thought"]
    assert seen(other_unit_lead) == []


def test_how_it_was_closed_is_for_those_who_may_open_it(
    two_units: tuple[Initiative, Initiative], unit_lead: User, cfo: User
) -> None:
    _, theirs = two_units
    Initiative.objects.filter(pk=theirs.pk).update(closed_kind="rejected")
    assert seen(unit_lead) == ["Sort tickets"]
    row = Register(unit_lead, {"state": "closed"}).page.object_list[0]
    assert (row.title, row.stage_label) == ("Plan routes", "Closed")
    assert Register(cfo, {"state": "closed"}).page.object_list[0].stage_label == "Rejected"
    assert len(seen(cfo, state="all")) == 2


def test_the_newest_reference_comes_first_also_after_ten_thousand(unit: Unit, unit_lead: User) -> None:
    for number in ("9999", "10000", "10001"):
        Initiative.objects.create(
            reference=f"AI-2026-{number}", unit=unit, created_by=unit_lead, title=number, stage="submitted"
        )
    assert seen(unit_lead) == ["10001", "10000", "9999"]
    assert seen(unit_lead, sort="reference") == ["9999", "10000", "10001"]


def test_pages_do_not_overlap(unit: Unit, unit_lead: User) -> None:
    Initiative.objects.bulk_create(
        Initiative(
            reference=f"AI-2026-{n:04d}", unit=unit, created_by=unit_lead, title="Same", stage="submitted"
        )
        for n in range(120)
    )
    first, second, third = (Register(unit_lead, {"page": page, "sort": "title"}).page for page in "123")
    ids = [row.pk for page in (first, second, third) for row in page.object_list]
    assert [len(page.object_list) for page in (first, second, third)] == [50, 50, 20]
    assert len(set(ids)) == 120
    assert first.paginator.count == 120
    # A page that does not exist is the last or the first one.
    assert Register(unit_lead, {"page": "99999999999999999999"}).page.number == 3
    assert Register(unit_lead, {"page": "many"}).page.number == 1


@pytest.mark.parametrize(
    "query", [{"unit": "999999"}, {"unit": "x"}, {"year": "0"}, {"stage": "dreaming"}, {"q": "a\x00b"}]
)
def test_a_filter_that_can_not_be_read_is_named_and_shows_nothing(
    two_units: tuple[Initiative, Initiative], sign_in: SignIn, unit_lead: User, query: dict[str, str]
) -> None:
    answer = sign_in(unit_lead).get(reverse("initiative-list"), query)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "field-error" in page
    assert "Sort tickets" not in page


def test_the_filters_stand_in_the_address_and_can_be_taken_away(
    two_units: tuple[Initiative, Initiative], sign_in: SignIn, unit_lead: User, unit: Unit
) -> None:
    browser, url = sign_in(unit_lead), reverse("initiative-list")
    page = browser.get(url, {"unit": str(unit.pk), "q": "tickets", "sort": "title"}).content.decode()
    assert "Search: tickets" in page
    assert "Unit: IT Service Desk" in page
    assert "Plan routes" not in page
    part = browser.get(url, {"q": "tickets"}, headers={"hx-request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="register-list">')


def test_a_view_is_saved_for_oneself_and_forgotten(
    sign_in: SignIn, unit_lead: User, contributor: User
) -> None:
    browser = sign_in(unit_lead)
    answer = browser.post(
        reverse("saved-view-create"), {"name": "Mine", "query": "stage=pilot&evil=1&next=//example.com"}
    )
    assert answer["Location"] == f"{reverse('initiative-list')}?stage=pilot"
    view = SavedView.objects.get()
    assert view.query == "stage=pilot"
    assert "Mine" in browser.get(reverse("initiative-list")).content.decode()
    assert "Mine" not in sign_in(contributor).get(reverse("initiative-list")).content.decode()
    forget = reverse("saved-view-delete", args=[view.pk])
    assert sign_in(contributor).post(forget).status_code == 404
    assert browser.get(forget).status_code == 405
    assert browser.post(forget).status_code == 302
    assert not SavedView.objects.exists()
    for name in ("", "x" * 81, "\x00"):
        browser.post(reverse("saved-view-create"), {"name": name, "query": ""})
    assert not SavedView.objects.exists()


def test_a_score_shows_only_while_it_is_out(
    two_units: tuple[Initiative, Initiative], cfo: User, unit_lead: User
) -> None:
    ours, _ = two_units
    row = next(row for row in Register(cfo, {}).page.object_list if row.pk == ours.pk)
    assert row.score is not None
    # The unit goes back to assessment with a newer case: the earlier score goes out of sight.
    Initiative.objects.filter(pk=ours.pk).update(stage="assessment", current_case=F("current_case") - 1)
    for query in ({}, {"sort": "-score"}):
        rows = Register(cfo, query).page.object_list
        assert next(row for row in rows if row.pk == ours.pk).score is None
