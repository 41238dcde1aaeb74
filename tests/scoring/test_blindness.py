"""Nothing that is made of a colleague's rating is seen before its time: pages, API, counts, ledger."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from ledger.models import LedgerEntry
from portfolio.models import Initiative
from scoring import services
from scoring.models import Score, ScorecardAssignment, ScoringRound
from scoring.positions import refresh_scores
from scoring.selectors import (
    assignments_of,
    ranking,
    rounds_to_close,
    score_of,
    score_panel,
    scores_out,
    visible_scorecards,
)
from tests import factories
from tests.scoring import cases

SignIn = Callable[[User], Client]
# Words that stand in a scorecard of the first assessor and nowhere else.
CANARY = "Heron-flies-at-dusk"
COMMENT = "Kingfisher-at-dawn"


@pytest.fixture(autouse=True)
def _default_model(db: None) -> None:
    services.install_default_model()


@pytest.fixture
def round_(unit_lead: User, portfolio_office: User, content: dict[str, Any]) -> ScoringRound:
    """A case of 300 k, which needs two scorecards."""
    content["plan"]["lines"][0]["amounts"][0] = "200000.00"
    return services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)


@pytest.fixture
def first(round_: ScoringRound, assessor: User, portfolio_office: User) -> ScorecardAssignment:
    """Complete, with the marked words in it."""
    assignment = cases.assign(round_, assessor, portfolio_office)
    given = cases.ratings(round_, 5)
    for values in given.values():
        values["reason"] = CANARY
    services.complete_scorecard(assignment, ratings=given, comment=COMMENT, actor=assessor)
    return assignment


@pytest.fixture
def second(round_: ScoringRound, second_assessor: User, portfolio_office: User) -> ScorecardAssignment:
    """Not begun."""
    return cases.assign(round_, second_assessor, portfolio_office)


@pytest.fixture
def everyone(
    unit_lead: User,
    contributor: User,
    unit_head: User,
    owner: User,
    sponsor: User,
    portfolio_office: User,
    risk_officer: User,
    finance: User,
    cfo: User,
    ceo: User,
    auditor: User,
    second_assessor: User,
) -> list[User]:
    """All who may open the case, but for the first assessor."""
    return [
        unit_lead, contributor, unit_head, owner, sponsor, portfolio_office, risk_officer, finance, cfo, ceo,
        auditor, second_assessor,
    ]  # fmt: skip


def _addresses(round_: ScoringRound, *assignments: ScorecardAssignment) -> list[str]:
    return [
        reverse("scorecard-list"),
        reverse("scoring-model"),
        reverse("model-calibration"),
        reverse("finance"),
        round_.initiative.get_absolute_url(),
        f"{round_.initiative.get_absolute_url()}?tab=score",
        reverse("api:score-list"),
        reverse("api:score-detail", args=[round_.initiative_id]),
        *(assignment.get_absolute_url() for assignment in assignments),
    ]


def test_before_the_closing_nobody_sees_a_rating_of_anybody_else(
    sign_in: SignIn,
    everyone: list[User],
    round_: ScoringRound,
    first: ScorecardAssignment,
    second: ScorecardAssignment,
) -> None:
    for user in everyone:
        client = sign_in(user)
        for address in _addresses(round_, first, second):
            page = client.get(address).content.decode()
            assert CANARY not in page, (user, address)
            assert COMMENT not in page, (user, address)
        assert not visible_scorecards(user, round_).exists()
        assert client.get(reverse("api:score-detail", args=[round_.initiative_id])).status_code in {403, 404}


def test_an_assessor_reads_their_own_scorecard(
    sign_in: SignIn, round_: ScoringRound, first: ScorecardAssignment, assessor: User
) -> None:
    assert CANARY in sign_in(assessor).get(first.get_absolute_url()).content.decode()
    assert [card.assignment for card in visible_scorecards(assessor, round_)] == [first]


def test_the_assessors_read_one_another_once_all_are_in_and_no_one_else_does(
    round_: ScoringRound,
    first: ScorecardAssignment,
    second: ScorecardAssignment,
    assessor: User,
    second_assessor: User,
    portfolio_office: User,
    cfo: User,
    unit_lead: User,
) -> None:
    assert visible_scorecards(assessor, round_).count() == 1
    cases.complete(second)
    for user, number in (
        (assessor, 2),
        (second_assessor, 2),
        (portfolio_office, 0),
        (cfo, 0),
        (unit_lead, 0),
    ):
        assert visible_scorecards(user, round_).count() == number
    assert score_of(round_.initiative) is None


def test_a_third_assessor_stays_blind_though_enough_are_in(
    round_: ScoringRound,
    first: ScorecardAssignment,
    second: ScorecardAssignment,
    portfolio_office: User,
    group: Any,
    other_unit: Any,
    assessor: User,
) -> None:
    third = factories.make_person("Toni Third", "assessor", group, home_unit=other_unit)
    assignment = cases.assign(round_, third, portfolio_office)
    cases.complete(second)
    assert visible_scorecards(assessor, round_).count() == 2
    assert not visible_scorecards(third, round_).exists()
    cases.complete(assignment)
    assert visible_scorecards(third, round_).count() == 3


def test_after_the_closing_all_who_may_open_the_case_see_score_and_scorecards(
    sign_in: SignIn,
    everyone: list[User],
    round_: ScoringRound,
    first: ScorecardAssignment,
    second: ScorecardAssignment,
    portfolio_office: User,
    outsider: User,
    other_unit_lead: User,
) -> None:
    cases.complete(second)
    services.close_scoring(round_, evidence_grade="C", actor=portfolio_office)
    for user in everyone:
        assert visible_scorecards(user, round_).count() == 2
        client = sign_in(user)
        assert CANARY in client.get(first.get_absolute_url()).content.decode()
        assert client.get(reverse("api:score-detail", args=[round_.initiative_id])).status_code == 200
    for stranger in (outsider, other_unit_lead):
        assert not visible_scorecards(stranger, round_).exists()
        assert sign_in(stranger).get(first.get_absolute_url()).status_code in {403, 404}
        answer = sign_in(stranger).get(reverse("api:score-detail", args=[round_.initiative_id]))
        assert answer.status_code in {403, 404}


def test_the_panel_says_how_many_are_in_and_nothing_else(
    round_: ScoringRound, first: ScorecardAssignment, cfo: User
) -> None:
    panel = score_panel(cfo, round_.initiative)
    assert (panel.state, panel.complete, panel.required) == ("running", 1, 2)
    assert (panel.score, panel.dimensions, panel.scorecards) == (None, (), ())


def test_a_position_computed_too_early_stays_out_of_sight(
    round_: ScoringRound, first: ScorecardAssignment
) -> None:
    refresh_scores([round_.initiative_id])
    assert score_of(round_.initiative) is None
    assert not scores_out().exists()
    assert not ranking(Initiative.objects.all()).exists()


def test_a_new_scoring_hides_the_score_before(
    round_: ScoringRound,
    first: ScorecardAssignment,
    second: ScorecardAssignment,
    unit_lead: User,
    assessor: User,
    second_assessor: User,
    portfolio_office: User,
    cfo: User,
) -> None:
    cases.complete(second)
    services.close_scoring(round_, evidence_grade="C", actor=portfolio_office)
    initiative = Initiative.objects.get(pk=round_.initiative_id)
    assert score_of(initiative) is not None
    cases.send_again(initiative, unit_lead)
    # A newer case is in assessment, and not scored yet.
    assert score_of(initiative) is None
    again = services.open_scoring(initiative, actor=portfolio_office)
    cases.assign(again, second_assessor, portfolio_office)
    assert not Score.objects.exists()
    assert not refresh_scores([initiative.pk])
    assert score_of(initiative) is None
    assert not ranking(Initiative.objects.all()).exists()
    # Who has to score anew does not read what colleagues rated before; others may.
    assert [card.assignment for card in visible_scorecards(second_assessor, round_)] == [second]
    assert visible_scorecards(cfo, round_).count() == 2


def test_what_waits_is_counted_for_the_one_it_waits_for(
    round_: ScoringRound,
    first: ScorecardAssignment,
    second: ScorecardAssignment,
    assessor: User,
    second_assessor: User,
    portfolio_office: User,
    unit_lead: User,
) -> None:
    assert [list(assignments_of(user)) for user in (assessor, second_assessor)] == [[], [second]]
    assert not rounds_to_close(portfolio_office).exists()
    cases.complete(second)
    assert list(rounds_to_close(portfolio_office)) == [round_]
    assert not rounds_to_close(unit_lead).exists()
    assert not assignments_of(second_assessor).exists()


def test_the_ledger_keeps_ratings_out_of_its_entries(
    round_: ScoringRound, first: ScorecardAssignment
) -> None:
    for body in LedgerEntry.objects.values_list("body", flat=True):
        assert CANARY not in body
        assert "rating" not in body


def test_a_token_reads_scores_only_with_its_scope(
    round_: ScoringRound,
    first: ScorecardAssignment,
    second: ScorecardAssignment,
    integrator: User,
    portfolio_office: User,
    api: Callable[[str], Client],
) -> None:
    path = reverse("api:score-list")
    reading = api(factories.make_token(integrator, ["portfolio:read"]))
    assert reading.get(path).json()["results"] == []
    cases.complete(second)
    services.close_scoring(round_, evidence_grade="C", actor=portfolio_office)
    (score,) = reading.get(path).json()["results"]
    assert score["reference"] == round_.initiative.reference
    assert len(score["contributions"]) == 15
    refused = api(factories.make_token(integrator, ["kpi:write"])).get(path)
    assert refused.status_code == 403
    assert "portfolio:read" in refused.content.decode()
