"""Assigning by rule: who fits, with the fewest open scorecards, then longest without one, then by name."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Notification, Role, Unit, User
from ledger import clock
from ledger.models import LedgerEntry
from scoring import services
from scoring.models import ScorecardAssignment, ScoringRound
from scoring.selectors import due_day, in_turn, loads, working_days_after
from tests import factories
from tests.factories import SignIn
from tests.scoring import cases


@pytest.fixture
def round_(unit_lead: User, portfolio_office: User, content: dict[str, Any]) -> ScoringRound:
    """A case of 300 k, which needs two scorecards."""
    content["plan"]["lines"][0]["amounts"][0] = "200000.00"
    return services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)


@pytest.fixture
def people(group: Unit, other_unit: Unit) -> list[User]:
    """Three assessors who fit, by name."""
    return [
        factories.make_person(name, Role.ASSESSOR, group, home_unit=other_unit)
        for name in ("Abel", "Beate", "Cem")
    ]


@pytest.fixture
def url(round_: ScoringRound) -> str:
    return reverse("scoring-staff", args=[round_.pk])


def sent(round_: ScoringRound, day: date | None = None) -> dict[str, str]:
    return {f"staff-{round_.pk}-due_on": (day or due_day()).isoformat()}


def test_the_office_gives_out_what_is_missing_in_one_act(
    sign_in: SignIn, round_: ScoringRound, people: list[User], portfolio_office: User, url: str
) -> None:
    assert sign_in(portfolio_office).post(url, sent(round_)).status_code == 302
    assigned = list(ScorecardAssignment.objects.order_by("pk"))
    assert [assignment.assessor for assignment in assigned] == people[:2]
    assert {assignment.due_on for assignment in assigned} == {due_day()}
    assert LedgerEntry.objects.filter(act="scoring.staffed").count() == 1
    assert Notification.objects.filter(recipient__in=people).count() == 2


def test_only_the_office_assigns_by_rule(
    sign_in: SignIn, round_: ScoringRound, people: list[User], unit_lead: User, url: str
) -> None:
    assert sign_in(unit_lead).post(url, sent(round_)).status_code == 403
    with pytest.raises(NotAllowed):
        services.staff(round_, actor=people[0])
    assert not ScorecardAssignment.objects.exists()


def test_an_office_of_elsewhere_does_not_find_the_scoring(
    sign_in: SignIn, round_: ScoringRound, other_unit: Unit, url: str
) -> None:
    elsewhere = factories.make_person("Paul Portfolio", Role.PORTFOLIO_OFFICE, other_unit)
    assert sign_in(elsewhere).post(url, sent(round_)).status_code == 404


def test_a_scoring_that_has_its_assessors_needs_nobody(
    sign_in: SignIn, round_: ScoringRound, people: list[User], portfolio_office: User, url: str
) -> None:
    services.staff(round_, actor=portfolio_office)
    assert sign_in(portfolio_office).post(url, sent(round_)).status_code == 409
    assert ScorecardAssignment.objects.count() == 2


def test_too_few_who_fit_is_said_and_nobody_is_assigned(
    round_: ScoringRound, assessor: User, portfolio_office: User
) -> None:
    with pytest.raises(InvalidMove, match="needs 2 more assessors and 1 fit"):
        services.staff(round_, actor=portfolio_office)
    assert not ScorecardAssignment.objects.exists()


def test_a_day_that_is_over_is_refused_at_its_field(
    sign_in: SignIn, round_: ScoringRound, people: list[User], portfolio_office: User, url: str
) -> None:
    yesterday = clock.today() - timedelta(days=1)
    answer = sign_in(portfolio_office).post(url, sent(round_, yesterday))
    assert answer.status_code == 422
    assert "Choose today or a day to come." in answer.content.decode()
    with pytest.raises(Refused):
        services.staff(round_, due_on=yesterday, actor=portfolio_office)


def test_assigning_is_a_post(sign_in: SignIn, portfolio_office: User, url: str) -> None:
    assert sign_in(portfolio_office).get(url).status_code == 405


def test_the_emptiest_desk_comes_first_then_the_longest_wait_then_the_name(
    round_: ScoringRound,
    people: list[User],
    portfolio_office: User,
    unit_lead: User,
    content: dict[str, Any],
) -> None:
    abel, beate, cem = people
    assert in_turn(round_) == [abel, beate, cem]
    other = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
    # Abel was given one last of all and has done it; Cem did one before; Beate's is still open.
    for person in (cem, abel):
        cases.complete(cases.assign(other, person, portfolio_office))
    cases.assign(other, beate, portfolio_office)
    assert in_turn(round_) == [cem, abel, beate]


def test_whoever_does_not_fit_is_never_chosen(
    round_: ScoringRound, people: list[User], group: Unit, unit: Unit
) -> None:
    near = factories.make_person("Aaron Near", Role.ASSESSOR, group, home_unit=unit)
    gone = factories.make_person("Aaron Gone", Role.ASSESSOR, group, home_unit=people[0].home_unit)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert not {near, gone} & set(in_turn(round_))
    assert in_turn(round_) == people


def test_the_office_sees_who_has_how_much_to_score(
    sign_in: SignIn, round_: ScoringRound, people: list[User], portfolio_office: User
) -> None:
    services.staff(round_, actor=portfolio_office)
    assert [(load.person.name, load.open, load.overdue) for load in loads(portfolio_office)] == [
        ("Abel", 1, 0),
        ("Beate", 1, 0),
        ("Cem", 0, 0),
    ]
    assert "Who has how much to score" in sign_in(portfolio_office).get("/scoring/").content.decode()
    assert "Who has how much to score" not in sign_in(people[0]).get("/scoring/").content.decode()
    assert loads(people[0]) == []


@given(st.dates(date(2000, 1, 1), date(2099, 1, 1)), st.integers(0, 30))
def test_working_days_leave_out_weekends(day: date, count: int) -> None:
    found = working_days_after(day, count)
    between = [day + timedelta(days=1 + step) for step in range((found - day).days)]
    assert sum(each.weekday() < 5 for each in between) == count
    assert not count or found.weekday() < 5
