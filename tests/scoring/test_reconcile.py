"""Reconciliation: ratings that lie apart are compared by their assessors, and the answers count."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Notification, Role, Unit, User
from ledger.models import LedgerEntry
from scoring import services
from scoring.models import (
    RatingRevision,
    RevisionDraft,
    Score,
    ScorecardAssignment,
    ScorecardRating,
    ScoringClose,
    ScoringRound,
)
from scoring.positions import compute_scores
from scoring.reconciliation import exchange_of, lying_apart, to_compare
from scoring.selectors import score_of
from tests import factories
from tests.factories import SignIn
from tests.scoring import cases

KEY = "data_readiness"
WHY = "The data owner is named on page 4."


@pytest.fixture
def round_(unit_lead: User, portfolio_office: User, content: dict[str, Any]) -> ScoringRound:
    """A case of 300 k, which needs two scorecards."""
    content["plan"]["lines"][0]["amounts"][0] = "200000.00"
    return services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)


@pytest.fixture
def low(round_: ScoringRound, assessor: User, portfolio_office: User) -> ScorecardAssignment:
    """A 2 on data readiness, 3 elsewhere."""
    assignment = cases.assign(round_, assessor, portfolio_office)
    cases.complete(assignment, 3, **{KEY: 2})
    return assignment


@pytest.fixture
def high(
    round_: ScoringRound, low: ScorecardAssignment, second_assessor: User, portfolio_office: User
) -> ScorecardAssignment:
    """A 5 on data readiness, 3 elsewhere: both are in, three rungs apart on one criterion."""
    assignment = cases.assign(round_, second_assessor, portfolio_office)
    cases.complete(assignment, 3, **{KEY: 5})
    return assignment


def url(assignment: ScorecardAssignment) -> str:
    return reverse("scorecard-reconcile", args=[assignment.pk])


def typed(rating: str = "4", reason: str = WHY, key: str = KEY) -> dict[str, str]:
    return {
        "asked": key,
        f"{key}-criterion": key,
        f"{key}-rating": rating,
        f"{key}-confidence": "high",
        f"{key}-reason": reason,
    }


def answer(assignment: ScorecardAssignment, rating: int | str, reason: str = WHY) -> RevisionDraft:
    return services.answer_reconciliation(
        assignment, criterion=KEY, rating=rating, reason=reason, actor=assignment.assessor
    )


# Asking --------------------------------------------------------------------------------------


def test_a_spread_of_two_asks_the_assessors_of_that_criterion(
    round_: ScoringRound, high: ScorecardAssignment, low: ScorecardAssignment, portfolio_office: User
) -> None:
    (apart,) = lying_apart([round_])[round_.pk]
    assert apart.criterion.key == KEY
    assert not apart.is_settled
    for assignment in (low, high):
        asked = Notification.objects.get(
            recipient=assignment.assessor, subject__startswith="Compare your ratings"
        )
        assert asked.path == url(assignment)
        assert to_compare(assignment.assessor) == [assignment]
    about = Notification.objects.filter(recipient=portfolio_office).values_list("subject", flat=True)
    assert [subject for subject in about if "All scorecards" in subject]
    assert not [subject for subject in about if "Compare" in subject]


@pytest.mark.parametrize(("first", "second"), [(3, 4), ("unknown", 5), (2, 2)])
def test_ratings_within_one_rung_ask_nobody(
    round_: ScoringRound,
    assessor: User,
    second_assessor: User,
    portfolio_office: User,
    first: int | str,
    second: int,
) -> None:
    for person, rating in ((assessor, first), (second_assessor, second)):
        cases.complete(cases.assign(round_, person, portfolio_office), 3, **{KEY: rating})
    assert lying_apart([round_])[round_.pk] == []
    assert not Notification.objects.filter(subject__startswith="Compare").exists()


def test_nobody_is_asked_before_all_are_in(
    sign_in: SignIn, round_: ScoringRound, low: ScorecardAssignment, assessor: User
) -> None:
    assert exchange_of(low) == []
    assert to_compare(assessor) == []
    assert "Nothing to compare" in sign_in(assessor).get(url(low)).content.decode()
    with pytest.raises(InvalidMove, match="not asked"):
        answer(low, 4)


# Answering -----------------------------------------------------------------------------------


def test_an_assessor_reads_the_other_reason_and_changes_their_rating(
    sign_in: SignIn, low: ScorecardAssignment, high: ScorecardAssignment, assessor: User
) -> None:
    client = sign_in(assessor)
    page = client.get(url(low)).content.decode()
    assert "Seen in data_readiness" in page
    assert str(high.assessor) in page
    assert client.post(url(low), typed("4")).headers["Location"] == url(low)
    draft = RevisionDraft.objects.get()
    assert (draft.rating, draft.confidence, draft.reason) == (4, "high", WHY)
    assert draft.replaces.rating == 2
    assert to_compare(assessor) == []
    # The colleague reads the answer; the first rating stays.
    seen = sign_in(high.assessor).get(url(high)).content.decode()
    assert WHY in seen
    assert "no longer apart" in seen
    assert ScorecardRating.objects.get(pk=draft.replaces_id).rating == 2


def test_only_who_scored_the_case_answers(
    sign_in: SignIn, low: ScorecardAssignment, high: ScorecardAssignment, portfolio_office: User, cfo: User
) -> None:
    for person in (portfolio_office, cfo):
        assert sign_in(person).post(url(low), typed()).status_code == 403
    # The colleague may read the scorecard by now, and not answer in its place.
    assert sign_in(high.assessor).post(url(low), typed()).status_code == 403
    with pytest.raises(NotAllowed):
        services.answer_reconciliation(low, criterion=KEY, rating=4, reason=WHY, actor=high.assessor)
    assert not RevisionDraft.objects.exists()


def test_an_assessor_without_a_scorecard_does_not_find_the_exchange(
    sign_in: SignIn, high: ScorecardAssignment, low: ScorecardAssignment, group: Unit, other_unit: Unit
) -> None:
    third = factories.make_person("Toni Third", Role.ASSESSOR, group, home_unit=other_unit)
    assert sign_in(third).get(url(low)).status_code == 404
    assert sign_in(third).post(url(low), typed()).status_code == 404


def test_after_the_closing_nothing_is_answered(
    sign_in: SignIn,
    low: ScorecardAssignment,
    high: ScorecardAssignment,
    portfolio_office: User,
    assessor: User,
) -> None:
    cases.close(low.round, portfolio_office)
    assert sign_in(assessor).post(url(low), typed()).status_code == 409
    assert not RevisionDraft.objects.exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"rating": ""}, "Choose 1 to 5, or unknown."),
        ({"rating": "9"}, "Select a valid choice"),
        ({"reason": "  "}, "Write why you change your rating or stand by it."),
    ],
)
def test_an_answer_without_rating_or_reason_is_refused_at_its_field(
    sign_in: SignIn,
    low: ScorecardAssignment,
    high: ScorecardAssignment,
    assessor: User,
    given: dict[str, str],
    sentence: str,
) -> None:
    refused = sign_in(assessor).post(url(low), typed(**given))
    assert refused.status_code == 422
    assert sentence in refused.content.decode()
    assert not RevisionDraft.objects.exists()


def test_a_service_refuses_what_no_form_sends(low: ScorecardAssignment, high: ScorecardAssignment) -> None:
    with pytest.raises(Refused):
        answer(low, 6)
    with pytest.raises(Refused):
        answer(low, 4, " ")
    with pytest.raises(InvalidMove, match="not asked"):
        services.answer_reconciliation(
            low, criterion="workflow_fit", rating=4, reason=WHY, actor=low.assessor
        )


def test_reading_the_exchange_writes_nothing(
    sign_in: SignIn, low: ScorecardAssignment, high: ScorecardAssignment, assessor: User
) -> None:
    assert sign_in(assessor).get(url(low)).status_code == 200
    assert sign_in(assessor).put(url(low)).status_code == 405
    assert not RevisionDraft.objects.exists()


def test_an_answer_may_be_written_anew_until_the_closing(
    low: ScorecardAssignment, high: ScorecardAssignment
) -> None:
    answer(low, 4)
    answer(low, 2, "On a second reading the name is of last year.")
    draft = RevisionDraft.objects.get()
    assert (draft.rating, draft.reason) == (2, "On a second reading the name is of last year.")


# Closing -------------------------------------------------------------------------------------


def test_closing_makes_answers_facts_and_the_score_uses_them(
    low: ScorecardAssignment, high: ScorecardAssignment, portfolio_office: User
) -> None:
    answer(low, 4)
    answer(high, 5, "It runs there already.")
    assert not LedgerEntry.objects.filter(act__contains="reconcil").exists()
    closing = services.close_scoring(low.round, evidence_grade="C", actor=portfolio_office)
    assert closing.reason == ""
    assert not RevisionDraft.objects.exists()
    revisions = RatingRevision.objects.order_by("pk").values_list("replaces__rating", "rating", "reason")
    assert list(revisions) == [(2, 4, WHY), (5, 5, "It runs there already.")]
    score = score_of(low.round.initiative)
    assert score is not None
    (row,) = [row for row in score.contributions if row["key"] == KEY]
    assert (row["rating_low"], row["spread"]) == (4.5, 1)
    body = json.loads(LedgerEntry.objects.get(act="scoring.closed").body)
    assert (body["answers"], body["left_apart"]) == (2, [])


def test_a_score_as_of_before_the_revision_does_not_know_it(
    low: ScorecardAssignment, high: ScorecardAssignment, portfolio_office: User
) -> None:
    answer(low, "unknown")
    closing = services.close_scoring(low.round, evidence_grade="C", actor=portfolio_office)
    seq = closing.transaction.seq
    assert compute_scores([low.round.initiative_id], seq=seq - 1) == []
    (score,) = compute_scores([low.round.initiative_id], seq=seq)
    (row,) = [row for row in score.contributions if row["key"] == KEY]
    # One unknown and one 5: from 3 to 5.
    assert (row["rating_low"], row["rating_high"]) == (3, 5)
    assert Score.objects.get().low == score.low


def test_the_office_says_why_it_closes_with_ratings_apart(
    sign_in: SignIn, low: ScorecardAssignment, high: ScorecardAssignment, portfolio_office: User
) -> None:
    prefix, path = f"round-{low.round_id}", reverse("scoring-close", args=[low.round_id])
    office = sign_in(portfolio_office)
    refused = office.post(path, {f"{prefix}-evidence_grade": "C"})
    assert refused.status_code == 422
    assert "Write why it closes although ratings lie apart." in refused.content.decode()
    with pytest.raises(Refused):
        services.close_scoring(low.round, evidence_grade="C", actor=portfolio_office)
    sent = {f"{prefix}-evidence_grade": "C", f"{prefix}-reason": "Both know another plant."}
    assert office.post(path, sent).status_code == 302
    assert ScoringClose.objects.get().reason == "Both know another plant."


def test_the_first_rating_and_the_answer_show_in_the_scorecard_after_closing(
    sign_in: SignIn, low: ScorecardAssignment, high: ScorecardAssignment, portfolio_office: User, cfo: User
) -> None:
    answer(low, 4)
    services.close_scoring(low.round, evidence_grade="C", actor=portfolio_office)
    page = sign_in(cfo).get(low.get_absolute_url()).content.decode()
    assert "Changed" in page
    assert WHY in page
    everyone = Notification.objects.filter(subject__endswith="is scored").values_list("recipient", flat=True)
    assert {low.assessor_id, high.assessor_id} <= set(everyone)


def test_an_answer_is_bound_to_the_round_that_runs(
    low: ScorecardAssignment, high: ScorecardAssignment, unit_lead: User
) -> None:
    cases.send_again(low.round.initiative, unit_lead)
    with pytest.raises(InvalidMove, match="scored no more"):
        answer(low, 4)


@pytest.mark.parametrize("page", ["scorecard-reconcile", "scorecard-list"])
def test_a_page_asks_the_same_however_many_criteria_lie_apart(
    sign_in: SignIn,
    round_: ScoringRound,
    assessor: User,
    second_assessor: User,
    portfolio_office: User,
    page: str,
) -> None:
    def queries(*keys: str) -> int:
        with transaction.atomic():
            first, second = (
                cases.assign(round_, person, portfolio_office) for person in (assessor, second_assessor)
            )
            cases.complete(first, 2)
            cases.complete(second, 2, **dict.fromkeys(keys, 4))
            reader = assessor if page == "scorecard-reconcile" else portfolio_office
            client = sign_in(reader)
            address = url(first) if page == "scorecard-reconcile" else reverse(page)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            transaction.set_rollback(True)
        return len(captured)

    judged = [criterion.key for criterion in services.judged(round_.model)]
    assert queries(*judged[:1]) == queries(*judged) <= 30
