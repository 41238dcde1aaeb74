"""The acts of scoring: who may, when, and what they leave behind."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.errors import Changed, Incomplete, InvalidMove, NotAllowed, Refused
from accounts.models import Notification, Role, Unit, User
from ledger import clock
from ledger.models import LedgerEntry
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Appointment, Initiative, Part
from portfolio.services import appoint, classify
from scoring import engine, services
from scoring.default_model import DEFAULT_MODEL
from scoring.models import (
    Criterion,
    Score,
    Scorecard,
    ScorecardAssignment,
    ScorecardDraft,
    ScorecardRating,
    ScoringClose,
    ScoringModel,
    ScoringRound,
)
from scoring.selectors import model_of, ranking, score_of
from tests import factories
from tests.scoring import cases


@pytest.fixture(autouse=True)
def _default_model(db: None) -> None:
    services.install_default_model()


@pytest.fixture
def initiative(unit_lead: User, content: dict[str, Any]) -> Initiative:
    """In assessment, with its completed case; it costs 240 k, so one scorecard is enough."""
    return cases.in_assessment(unit_lead, content)


@pytest.fixture
def round_(initiative: Initiative, portfolio_office: User) -> ScoringRound:
    return services.open_scoring(initiative, actor=portfolio_office)


@pytest.fixture
def assignment(round_: ScoringRound, assessor: User, portfolio_office: User) -> ScorecardAssignment:
    return cases.assign(round_, assessor, portfolio_office)


# The model -----------------------------------------------------------------------------------


def test_the_default_model_is_published_once() -> None:
    model = services.install_default_model()
    assert services.install_default_model() == model
    assert ScoringModel.objects.in_force() == model
    entry = LedgerEntry.objects.get(act="model.published")
    assert entry.actor_id is None
    assert Criterion.objects.filter(model=model).count() == len(DEFAULT_MODEL.criteria)


def test_the_stored_model_is_the_default_model() -> None:
    assert model_of(ScoringModel.objects.in_force()) == DEFAULT_MODEL


# Opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "tier", "needed"),
    [
        ("249999.99", "", 1),
        ("250000.00", "", 2),
        ("1000000.00", "", 2),
        ("1000000.01", "", 3),
        ("20000.00", "high", 3),
    ],
)
def test_a_case_needs_scorecards_by_cost_and_tier(
    unit_lead: User,
    risk_officer: User,
    portfolio_office: User,
    content: dict[str, Any],
    cost: str,
    tier: str,
    needed: int,
) -> None:
    for line in content["plan"]["lines"]:
        if line["side"] == "cost":
            line["amounts"] = ["0.00"]
    content["plan"]["lines"][0]["amounts"] = [cost]
    initiative = cases.in_assessment(unit_lead, content)
    if tier:
        classify(initiative, "risk_tier", tier, reason="It affects people", actor=risk_officer)
    opened = services.open_scoring(initiative, actor=portfolio_office)
    assert opened.case.whole_life_cost == Decimal(cost)
    assert opened.required == needed


def test_only_the_portfolio_office_opens_a_scoring(
    initiative: Initiative, cfo: User, unit_lead: User
) -> None:
    for stranger in (cfo, unit_lead):
        with pytest.raises(NotAllowed):
            services.open_scoring(initiative, actor=stranger)
    assert not ScoringRound.objects.exists()


def test_a_registration_is_not_scored(
    unit_lead: User, content: dict[str, Any], portfolio_office: User
) -> None:
    registered = cases.in_assessment(unit_lead, content, is_complete=False)
    with pytest.raises(InvalidMove, match="has not sent the completed case"):
        services.open_scoring(registered, actor=portfolio_office)


def test_a_scoring_opens_in_assessment_only(initiative: Initiative, portfolio_office: User) -> None:
    with record("case.recorded", actor=None, about=initiative) as act:
        lifecycle.move(lifecycle.lock(initiative), "decision", act=act)
    with pytest.raises(InvalidMove, match="stage decision"):
        services.open_scoring(initiative, actor=portfolio_office)


def test_a_case_is_in_scoring_once(round_: ScoringRound, portfolio_office: User) -> None:
    with pytest.raises(InvalidMove, match="in scoring already"):
        services.open_scoring(round_.initiative, actor=portfolio_office)


# Assigning -----------------------------------------------------------------------------------


def test_an_assessor_gets_a_part_and_a_message(assignment: ScorecardAssignment, assessor: User) -> None:
    initiative = assignment.round.initiative
    assert Appointment.objects.filter(initiative=initiative, person=assessor, part=Part.ASSESSOR).exists()
    assert Initiative.objects.open_to(assessor).filter(pk=initiative.pk).exists()
    assert initiative.reference in Notification.objects.get(recipient=assessor).subject


@pytest.mark.parametrize("home", ["the unit itself", "above", "below", "none"])
def test_nobody_scores_a_case_of_their_home_unit(
    round_: ScoringRound, portfolio_office: User, group: Unit, unit: Unit, sub_unit: Unit, home: str
) -> None:
    homes = {"the unit itself": unit, "above": group, "below": sub_unit, "none": unit}
    neighbour = factories.make_person("Nora Near", Role.ASSESSOR, group, home_unit=homes[home])
    if home == "none":
        User.objects.filter(pk=neighbour.pk).update(home_unit=None)
        neighbour.refresh_from_db()
    with pytest.raises(NotAllowed, match="home unit"):
        cases.assign(round_, neighbour, portfolio_office)
    assert not ScorecardAssignment.objects.exists()


@pytest.mark.parametrize("part", [Part.OWNER, Part.SPONSOR])
def test_who_has_or_had_a_part_does_not_score(
    round_: ScoringRound, assessor: User, portfolio_office: User, owner: User, part: str
) -> None:
    with record("initiative.appointed", actor=None, about=round_.initiative) as act:
        initiative = lifecycle.lock(round_.initiative)
        appoint(initiative, part, assessor, act=act)
        appoint(initiative, part, owner, act=act)
    with pytest.raises(NotAllowed, match="must not have"):
        cases.assign(round_, assessor, portfolio_office)


def test_who_wrote_the_case_does_not_score(
    group: Unit, unit: Unit, other_unit: Unit, content: dict[str, Any], portfolio_office: User
) -> None:
    writer = factories.make_person("Wanda Writer", Role.UNIT_LEAD, unit)
    initiative = cases.in_assessment(writer, content)
    factories.grant(writer, Role.ASSESSOR, group)
    User.objects.filter(pk=writer.pk).update(home_unit=other_unit)
    writer.refresh_from_db()
    opened = services.open_scoring(initiative, actor=portfolio_office)
    with pytest.raises(NotAllowed, match="must not have submitted"):
        cases.assign(opened, writer, portfolio_office)


def test_a_service_account_counts_as_its_person(
    round_: ScoringRound, portfolio_office: User, group: Unit, unit: Unit, other_unit: Unit
) -> None:
    person = factories.make_person("Ina Interface", Role.ASSESSOR, group, home_unit=other_unit)
    account = factories.make_user("Bot", home_unit=unit, is_service_account=True, answers_for_it=person)
    with record("initiative.appointed", actor=None, about=round_.initiative) as act:
        appoint(lifecycle.lock(round_.initiative), Part.OWNER, account, act=act)
    with pytest.raises(NotAllowed, match="must not have owned"):
        cases.assign(round_, person, portfolio_office)


def test_only_an_assessor_for_the_unit_scores(
    round_: ScoringRound, portfolio_office: User, other_unit: Unit, third_unit: Unit, cfo: User
) -> None:
    elsewhere = factories.make_person("Elsa Elsewhere", Role.ASSESSOR, other_unit, home_unit=third_unit)
    for person in (elsewhere, cfo):
        with pytest.raises(NotAllowed, match="is not an assessor for"):
            cases.assign(round_, person, portfolio_office)


def test_only_the_portfolio_office_assigns(round_: ScoringRound, assessor: User, unit_lead: User) -> None:
    with pytest.raises(NotAllowed):
        cases.assign(round_, assessor, unit_lead)


def test_an_assessor_scores_a_case_once(assignment: ScorecardAssignment, portfolio_office: User) -> None:
    with pytest.raises(InvalidMove, match="already"):
        cases.assign(assignment.round, assignment.assessor, portfolio_office)


def test_a_day_that_is_over_is_no_due_day(
    round_: ScoringRound, assessor: User, portfolio_office: User
) -> None:
    with pytest.raises(Refused):
        services.assign(round_, assessor, due_on=clock.today() - timedelta(days=1), actor=portfolio_office)


# Writing -------------------------------------------------------------------------------------


def test_a_draft_keeps_what_was_rated_so_far(assignment: ScorecardAssignment, assessor: User) -> None:
    given = {"data_readiness": {"rating": 4, "confidence": "high", "reason": "Owner named"}}
    draft = services.save_scorecard_draft(assignment, ratings=given, version=0, actor=assessor)
    assert draft.version == 1
    assert draft.ratings["data_readiness"] == given["data_readiness"]
    assert draft.ratings["workflow_fit"]["rating"] is None
    assert not Scorecard.objects.exists()


def test_the_second_window_to_save_sees_what_changed(assignment: ScorecardAssignment, assessor: User) -> None:
    first = {"data_readiness": {"rating": 4}}
    services.save_scorecard_draft(assignment, ratings=first, version=0, actor=assessor)
    with pytest.raises(Changed) as caught:
        services.save_scorecard_draft(
            assignment, ratings={"data_readiness": {"rating": 2}}, version=0, actor=assessor
        )
    assert [change["label"] for change in caught.value.details["changes"]] == ["Data readiness"]
    assert ScorecardDraft.objects.get().ratings["data_readiness"]["rating"] == 4


def test_saving_the_same_twice_is_no_conflict(assignment: ScorecardAssignment, assessor: User) -> None:
    given = {"data_readiness": {"rating": 4}}
    for _ in range(2):
        draft = services.save_scorecard_draft(assignment, ratings=given, version=0, actor=assessor)
    assert draft.version == 1


def test_only_the_assessor_writes_the_scorecard(
    assignment: ScorecardAssignment, second_assessor: User, portfolio_office: User
) -> None:
    cases.assign(assignment.round, second_assessor, portfolio_office)
    for stranger in (second_assessor, portfolio_office):
        with pytest.raises(NotAllowed):
            services.save_scorecard_draft(assignment, ratings={}, version=0, actor=stranger)
        with pytest.raises(NotAllowed):
            services.complete_scorecard(assignment, ratings=cases.ratings(assignment.round), actor=stranger)


def test_who_moves_to_the_unit_of_the_case_is_out(
    assignment: ScorecardAssignment, assessor: User, unit: Unit
) -> None:
    User.objects.filter(pk=assessor.pk).update(home_unit=unit)
    moved = User.objects.get(pk=assessor.pk)
    with pytest.raises(NotAllowed, match="You may not score it"):
        services.complete_scorecard(assignment, ratings=cases.ratings(assignment.round), actor=moved)


@pytest.mark.parametrize(
    "given",
    [
        {"data_readiness": {"rating": 6}},
        {"data_readiness": {"rating": 0}},
        {"data_readiness": {"rating": True}},
        {"data_readiness": {"rating": 3, "confidence": "total"}},
        {"data_readiness": {"rating": 3, "reason": "x" * 2001}},
        {"corrected_return": {"rating": 3}},
        {"charm": {"rating": 3}},
    ],
)
def test_an_impossible_rating_is_refused_by_criterion(
    assignment: ScorecardAssignment, assessor: User, given: services.Ratings
) -> None:
    with pytest.raises(Refused) as caught:
        services.save_scorecard_draft(assignment, ratings=given, version=0, actor=assessor)
    assert set(caught.value.errors) == set(given)
    assert not ScorecardDraft.objects.exists()


# Completing ----------------------------------------------------------------------------------


def test_a_complete_scorecard_has_every_rating(assignment: ScorecardAssignment, assessor: User) -> None:
    services.save_scorecard_draft(assignment, ratings={}, version=0, actor=assessor)
    card = cases.complete(assignment, 4, data_readiness=1, total_cost="unknown")
    found = {rating.criterion.key: rating.rating for rating in card.ratings.select_related("criterion")}
    assert len(found) == len(DEFAULT_MODEL.judged())
    assert (found["data_readiness"], found["total_cost"], found["workflow_fit"]) == (1, None, 4)
    assert not ScorecardDraft.objects.exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"rating": None}, "Rate it from 1 to 5"),
        ({"rating": 1, "reason": "  "}, "A rating of 1 needs a reason"),
        ({"rating": 5}, "A rating of 5 needs a reason"),
    ],
)
def test_an_incomplete_scorecard_says_what_it_lacks(
    assignment: ScorecardAssignment, assessor: User, given: dict[str, Any], sentence: str
) -> None:
    ratings = cases.ratings(assignment.round) | {"workflow_fit": given}
    with pytest.raises(Incomplete) as caught:
        services.complete_scorecard(assignment, ratings=ratings, actor=assessor)
    assert list(caught.value.missing) == ["workflow_fit"]
    assert sentence in caught.value.missing["workflow_fit"]
    assert not Scorecard.objects.exists()


def test_a_complete_scorecard_stays(assignment: ScorecardAssignment, assessor: User) -> None:
    card = cases.complete(assignment)
    for act in (
        lambda: cases.complete(assignment, 4),
        lambda: services.save_scorecard_draft(assignment, ratings={}, version=0, actor=assessor),
    ):
        with pytest.raises(InvalidMove, match="complete"):
            act()
    rating = ScorecardRating.objects.filter(scorecard=card).first()
    assert rating is not None
    rating.rating = 5
    with pytest.raises(TypeError, match="is a fact"):
        rating.save()


def test_the_ledger_says_that_a_scorecard_is_in_and_nothing_of_it(assignment: ScorecardAssignment) -> None:
    cases.complete(assignment, 5)
    entry = LedgerEntry.objects.get(act="scorecard.completed")
    assert set(json.loads(entry.body)) == {"reason", "facts", "digest", "assignment"}


def test_a_newer_case_ends_the_scoring_of_the_old_one(
    assignment: ScorecardAssignment, unit_lead: User, portfolio_office: User
) -> None:
    cases.send_again(assignment.round.initiative, unit_lead)
    with pytest.raises(InvalidMove, match="scored no more"):
        cases.complete(assignment)
    with pytest.raises(InvalidMove, match="scored no more"):
        services.close_scoring(assignment.round, evidence_grade="C", actor=portfolio_office)
    assert services.open_scoring(assignment.round.initiative, actor=portfolio_office).case.version == 3


# Closing -------------------------------------------------------------------------------------


def test_closing_freezes_the_computed_inputs_and_brings_the_score(
    assignment: ScorecardAssignment, portfolio_office: User
) -> None:
    cases.complete(assignment, 3)
    closing = services.close_scoring(assignment.round, evidence_grade="C", actor=portfolio_office)
    assert closing.computed_inputs["time_to_benefit"] == "6"
    corrected = closing.computed_inputs["corrected_return"]
    assert corrected is not None
    score = score_of(assignment.round.initiative)
    assert score is not None
    assert score.evidence_grade == "C"
    expected = engine.score_case(
        DEFAULT_MODEL,
        [{criterion.key: 3 for criterion in DEFAULT_MODEL.judged()}],
        {"corrected_return": float(corrected), "time_to_benefit": 6.0},
        evidence_grade="C",
    )
    assert (score.low, score.high, score.point) == (expected.low, expected.high, expected.point)
    assert score.coverage == 1
    assert sum(row["low"] for row in score.contributions) == pytest.approx(score.low, abs=1e-9)


def test_an_unknown_makes_the_score_a_range(assignment: ScorecardAssignment, portfolio_office: User) -> None:
    cases.complete(assignment, 3, data_readiness="unknown")
    services.close_scoring(assignment.round, evidence_grade="E", actor=portfolio_office)
    score = Score.objects.get()
    # Data readiness weighs 20 % of 35 %: seven points.
    assert score.high - score.low == pytest.approx(7)
    assert score.point is None
    assert score.coverage == pytest.approx(0.93)


def test_a_scoring_closes_once_its_scorecards_are_in(
    assignment: ScorecardAssignment, portfolio_office: User
) -> None:
    with pytest.raises(InvalidMove, match="0 of 1 scorecards are in"):
        services.close_scoring(assignment.round, evidence_grade="C", actor=portfolio_office)
    assert not ScoringClose.objects.exists()
    assert not Score.objects.exists()


def test_only_the_portfolio_office_closes(
    assignment: ScorecardAssignment, unit_lead: User, assessor: User, cfo: User
) -> None:
    cases.complete(assignment)
    for stranger in (unit_lead, assessor, cfo):
        with pytest.raises(NotAllowed):
            services.close_scoring(assignment.round, evidence_grade="C", actor=stranger)


def test_a_scoring_closes_once(assignment: ScorecardAssignment, portfolio_office: User) -> None:
    cases.complete(assignment)
    services.close_scoring(assignment.round, evidence_grade="C", actor=portfolio_office)
    with pytest.raises(InvalidMove, match="closed"):
        services.close_scoring(assignment.round, evidence_grade="B", actor=portfolio_office)


def test_an_unknown_evidence_grade_is_refused(
    assignment: ScorecardAssignment, portfolio_office: User
) -> None:
    cases.complete(assignment)
    with pytest.raises(Refused):
        services.close_scoring(assignment.round, evidence_grade="F", actor=portfolio_office)


def test_the_better_low_end_ranks_first_and_ties_go_by_reference(
    unit_lead: User, content: dict[str, Any], assessor: User, portfolio_office: User
) -> None:
    for rating in (3, 2, 4, 3):
        round_ = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
        cases.complete(cases.assign(round_, assessor, portfolio_office), rating)
        services.close_scoring(round_, evidence_grade="C", actor=portfolio_office)
    references = [initiative.reference for initiative in Initiative.objects.order_by("reference")]
    ranked = [initiative.reference for initiative in ranking(Initiative.objects.all())]
    assert ranked == [references[place] for place in (2, 0, 3, 1)]


def test_a_tie_goes_to_the_more_feasible(
    unit_lead: User, content: dict[str, Any], assessor: User, portfolio_office: User
) -> None:
    # Two rungs of data readiness add 3.5 points; so do one of total cost (2) and one of run cost (1.5).
    for better in ({"total_cost": 4, "run_cost_growth": 4}, {"data_readiness": 5}):
        round_ = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
        cases.complete(cases.assign(round_, assessor, portfolio_office), 3, **better)
        services.close_scoring(round_, evidence_grade="C", actor=portfolio_office)
    first, second = ranking(Initiative.objects.all())
    assert first.score.low == second.score.low
    assert first.reference > second.reference
