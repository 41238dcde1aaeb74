"""Who moves: the draft's moves equal scoring afresh, and show only what is out."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from governance import gates
from ledger import clock
from portfolio.models import Initiative
from portfolio.selectors import fiscal_year_of
from scoring import engine, model_selectors, model_services, model_views, moves, services, workshop
from scoring.default_model import DEFAULT_MODEL
from scoring.models import ReturnYear, Score, ScoringModel
from scoring.positions import refresh_returns
from scoring.selectors import ranking
from scoring.tasks import run_rescores
from tests import factories
from tests.factories import SignIn
from tests.scoring import cases

PAGE = "/model/moves/"


def in_decision(content: dict[str, Any], title: str, rating: int) -> Initiative:
    """A case of this title, scored with one rating everywhere."""
    return factories.in_decision(content | {"title": title}, rating=rating)


def moves_of(content: workshop.Content, rooms: dict[int, Decimal] | None = None) -> model_selectors.Moves:
    """Who moves under a document."""
    live = model_selectors.live_scores(rooms or {})
    return model_selectors.who_moves(workshop.model_from(content, 2), live)


def test_the_version_in_force_moves_nobody(content: dict[str, Any], portfolio_office: User) -> None:
    for number, rating in enumerate((3, 4, 5)):
        in_decision(content, f"Case {number}", rating)
    draft = model_services.start_model_draft(actor=portfolio_office)
    found = moves_of(draft.content)
    assert (found.moved, found.crossing) == (0, 0)
    assert [(move.rank_now, move.low_now) for move in found.moves] == [
        (move.rank_then, move.low_then) for move in found.moves
    ]
    order = list(ranking(Initiative.objects.all()).values_list("pk", flat=True))
    assert [move.initiative for move in sorted(found.moves, key=lambda move: move.rank_now)] == order


def test_the_moves_equal_what_a_rescore_makes_of_them(
    content: dict[str, Any], portfolio_office: User, cfo: User, ceo: User
) -> None:
    for number, rating in enumerate((3, 4, 5)):
        in_decision(content, f"Case {number}", rating)
    found = moves_of(cases.draft_model(portfolio_office).content)
    draft = model_services.draft_to_write()
    proposal = model_services.propose_model(
        version=draft.version, reason="So", rounds_may_finish=False, actor=portfolio_office
    )
    for user in (cfo, ceo):
        model_services.approve_model(proposal, vote="for", seen_hash=proposal.content_hash, actor=user)
    model_services.ask_for_rescore(actor=portfolio_office)
    run_rescores()
    stored = {score.pk: (score.low, score.high) for score in Score.objects.all()}
    assert {move.initiative: (move.low_then, move.high_then) for move in found.moves} == stored
    ranked = list(ranking(Initiative.objects.all()).values_list("pk", flat=True))
    assert [move.initiative for move in sorted(found.moves, key=lambda move: move.rank_then)] == ranked


def test_who_crosses_a_hurdle_or_the_line_comes_first_and_is_told(
    content: dict[str, Any], portfolio_office: User
) -> None:
    weak, strong = in_decision(content, "Weak", 3), in_decision(content, "Strong", 5)
    draft = model_services.start_model_draft(actor=portfolio_office)
    changed = cases.weighed(draft.content)
    changed["hurdles"][0]["at_least"] = "90"
    refresh_returns()
    found = moves_of(changed, {weak.unit_id: Decimal(10**9)})
    assert (found.asking, found.crossing) == (2, 1)
    assert [move.initiative for move in found.moves] == [weak.pk, strong.pk]
    assert found.moves[0].words == ("would miss the hurdle of the score",)


def test_who_crosses_the_funding_line_is_told(content: dict[str, Any], portfolio_office: User) -> None:
    """Both ask the same of an envelope that has room for one: whoever is first gets it."""
    feasible = factories.in_assessment(content | {"title": "Feasible"})
    useful = factories.in_assessment(content | {"title": "Useful"})
    for initiative, strong in ((feasible, "feasibility"), (useful, "impact")):
        round_ = services.open_scoring(initiative, actor=portfolio_office)
        best = {row.key: 5 if row.dimension == strong else 3 for row in services.judged(round_.model)}
        for assessor in factories.assessors_for(initiative, round_.required):
            cases.complete(cases.assign(round_, assessor, portfolio_office), 3, **best)
        services.close_scoring(round_, evidence_grade="C", actor=portfolio_office)
        gates.record_case(Initiative.objects.get(pk=initiative.pk), actor=portfolio_office)
    refresh_returns()
    year = fiscal_year_of(clock.today())
    planned = ReturnYear.objects.filter(initiative=useful, fiscal_year__lte=year)
    asked = sum((row.planned_cost for row in planned), Decimal(0))
    assert asked > 0
    draft = model_services.start_model_draft(actor=portfolio_office)
    changed = cases.weighed(draft.content, feasibility=20, cost=20, impact=60)
    now = moves_of(draft.content, {useful.unit_id: asked})
    first = min(now.moves, key=lambda move: move.rank_now).initiative
    found = moves_of(changed, {useful.unit_id: asked})
    words = {move.initiative: move.words for move in found.moves}
    assert first == feasible.pk
    assert "would be funded" in words[useful.pk]
    assert "would fall below the funding line" in words[feasible.pk]


def test_a_criterion_that_says_something_else_is_unknown_until_it_is_scored(
    content: dict[str, Any], portfolio_office: User
) -> None:
    in_decision(content, "Case", 4)
    draft = model_services.start_model_draft(actor=portfolio_office)
    changed = cases.weighed(draft.content)
    changed["criteria"][0]["levels"][0] = "There is none."
    (move,) = moves_of(changed).moves
    points = 35 * 20 / 100
    assert move.high_then - move.low_then == pytest.approx(points)


def test_a_score_that_is_not_out_moves_nowhere(
    content: dict[str, Any], portfolio_office: User, sign_in: SignIn
) -> None:
    initiative = factories.in_assessment(content | {"title": "Still blind"})
    round_ = services.open_scoring(initiative, actor=portfolio_office)
    for assessor in factories.assessors_for(initiative, round_.required):
        cases.complete(cases.assign(round_, assessor, portfolio_office))
    cases.draft_model(portfolio_office)
    client = sign_in(portfolio_office)
    for address in (PAGE, "/model/comparison/"):
        page = client.get(address).content.decode()
        assert "No score is out" in page
        assert initiative.reference not in page


def test_who_moves_is_shown_as_it_is_typed_and_writes_nothing(
    content: dict[str, Any], sign_in: SignIn, portfolio_office: User
) -> None:
    initiative = in_decision(content, "Case", 4)
    draft = model_services.start_model_draft(actor=portfolio_office)
    client = sign_in(portfolio_office)
    typed = model_views.initial_data(draft)
    page = client.post(PAGE, typed | {"impact-weight": 40}, headers={"hx-request": "true"}).content.decode()
    assert "add up to 95 %" in page
    sent = typed | {"impact-weight": 40, "feasibility-weight": 40}
    page = client.post(PAGE, sent, headers={"hx-request": "true"}).content.decode()
    assert initiative.reference in page
    assert "<html" not in page
    assert client.post(PAGE, typed | {"kappa": "x"}, headers={"hx-request": "true"}).status_code == 422
    draft.refresh_from_db()
    assert draft.version == 1


def test_only_those_who_review_the_model_see_who_moves(
    sign_in: SignIn, cfo: User, auditor: User, unit_lead: User, assessor: User, outsider: User
) -> None:
    for user, status in ((cfo, 200), (auditor, 200), (unit_lead, 403), (assessor, 403), (outsider, 403)):
        assert sign_in(user).get(PAGE).status_code == status
        assert sign_in(user).get("/model/comparison/").status_code == status


def test_the_lists_take_as_many_queries_for_many_as_for_one(
    content: dict[str, Any], sign_in: SignIn, portfolio_office: User, cfo: User, ceo: User
) -> None:
    in_decision(content, "Case 0", 4)
    cases.draft_model(portfolio_office)
    client = sign_in(portfolio_office)
    addresses = (PAGE, "/model/comparison/", "/model/rescore/", "/model/")

    def counts() -> list[int]:
        found = []
        for address in addresses:
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            found.append(len(queries))
        return found

    few = counts()
    for number in range(1, 6):
        in_decision(content, f"Case {number}", 4)
    assert counts() == few
    assert max(few) <= 30


def test_comparison_ranks_beside_the_score_and_changes_nothing(
    content: dict[str, Any], sign_in: SignIn, cfo: User
) -> None:
    cheap = factories.in_decision(content | {"title": "Cheap"}, rating=3)
    refresh_returns()
    found = {row.initiative: row for row in model_selectors.comparison(model_selectors.live_scores({}))}
    score = Score.objects.get(pk=cheap.pk)
    row = found[cheap.pk]
    # Reach 3, the impact of the score, grade C, a cost of 240,000.
    assert row.rice == pytest.approx(3 * score.impact_low / 100 * 0.65 / 2.4)
    urgency = next(term["rating_low"] for term in score.contributions if term["key"] == "time_to_benefit")
    assert row.wsjf == pytest.approx((3 + urgency + 3) / 2.4)
    assert (row.rank, row.rice_rank, row.wsjf_rank) == (1, 1, 1)
    page = sign_in(cfo).get("/model/comparison/").content.decode()
    assert "A comparison only." in page


# Properties of the arithmetic ----------------------------------------------------------------


@given(st.lists(st.floats(1, 5), min_size=1, max_size=20))
def test_ranks_are_a_total_order_with_ties_by_reference(ratings: list[float]) -> None:
    low = np.array([round(rating) for rating in ratings], dtype=np.float64)
    rank = moves.ranks(low, np.zeros(len(low)))
    assert sorted(rank.tolist()) == list(range(1, len(low) + 1))
    references = [f"{number:03d}" for number in range(len(low))]
    expected = engine.ranking(low, np.zeros(len(low)), references)
    assert [place for _, place in sorted(zip(rank.tolist(), range(len(low)), strict=True))] == expected


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(0, 200))
def test_the_line_is_drawn_at_the_first_that_does_not_fit(amounts: list[int], room: int) -> None:
    rank = np.arange(1, len(amounts) + 1)
    asked = moves.Asked(
        places=np.arange(len(amounts)),
        amounts=np.array(amounts, dtype=np.float64),
        envelopes=np.zeros(len(amounts), dtype=np.int64),
        room=np.array([float(room)]),
    )
    funded = moves.above_line(rank, asked)
    taken = 0
    for amount, is_funded in zip(amounts, funded.tolist(), strict=True):
        if not is_funded:
            assert taken + amount > room
            break
        taken += amount
    assert funded.sum() == [*funded.tolist(), False].index(False)


def test_packed_ratings_come_back_as_they_went() -> None:
    columns = len(DEFAULT_MODEL.criteria)
    rows = np.arange(6 * columns, dtype=np.float64).reshape(2, 3, columns)
    stored = moves.unpacked(DEFAULT_MODEL, np.array([0, 1]), [row.tobytes() for row in rows])
    key = DEFAULT_MODEL.criteria[2].key
    assert stored.by_key[key].tolist() == rows[:, :, 2].T.tolist()


@pytest.mark.django_db
def test_without_any_score_there_is_nothing_to_move() -> None:
    content = workshop.content_of(DEFAULT_MODEL)
    assert ScoringModel.objects.in_force().version == 1
    assert moves_of(content).moves == []
