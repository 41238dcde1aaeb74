"""A conflict of interest: the assessor hands the case back, and somebody else scores it."""

import json
from typing import Any

import pytest
from django.urls import reverse

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Notification, User
from ledger.models import LedgerEntry
from scoring import services
from scoring.models import (
    ConflictDeclared,
    Scorecard,
    ScorecardAssignment,
    ScorecardDraft,
    ScoringClose,
    ScoringRound,
)
from scoring.permissions import fits_as_assessor
from scoring.selectors import assignments_of, candidates, in_turn
from tests.factories import SignIn
from tests.scoring import cases

BINDS = "My brother sells it."


@pytest.fixture
def round_(unit_lead: User, portfolio_office: User, content: dict[str, Any]) -> ScoringRound:
    return services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)


@pytest.fixture
def assignment(round_: ScoringRound, assessor: User, portfolio_office: User) -> ScorecardAssignment:
    return cases.assign(round_, assessor, portfolio_office)


@pytest.fixture
def url(assignment: ScorecardAssignment) -> str:
    return reverse("conflict-declare", args=[assignment.pk])


def test_a_conflict_ends_the_assignment_without_a_scorecard(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User, portfolio_office: User, url: str
) -> None:
    services.save_scorecard_draft(assignment, ratings={}, version=0, actor=assessor)
    client = sign_in(assessor)
    assert "can't be undone" in client.get(url).content.decode().replace("&#x27;", "'")
    assert client.post(url, {"reason": BINDS}).headers["Location"] == reverse("scorecard-list")
    assert ConflictDeclared.objects.get().assignment == assignment
    assert not ScorecardDraft.objects.exists()
    assert not assignments_of(assessor).exists()
    entry = LedgerEntry.objects.get(act="conflict.declared")
    assert json.loads(entry.body)["reason"] == BINDS
    assert BINDS in Notification.objects.get(recipient=portfolio_office).sentence
    page = client.get(assignment.get_absolute_url()).content.decode()
    assert BINDS in page
    assert "readiness" not in page


def test_only_the_assessor_declares_their_conflict(
    sign_in: SignIn, assignment: ScorecardAssignment, second_assessor: User, portfolio_office: User, url: str
) -> None:
    assert sign_in(portfolio_office).post(url, {"reason": BINDS}).status_code == 403
    cases.assign(assignment.round, second_assessor, portfolio_office)
    with pytest.raises(NotAllowed, match="nobody else declines it"):
        services.declare_conflict(assignment, reason=BINDS, actor=second_assessor)
    assert not ConflictDeclared.objects.exists()


def test_a_colleague_does_not_find_it(
    sign_in: SignIn, second_assessor: User, assignment: ScorecardAssignment, url: str
) -> None:
    assert sign_in(second_assessor).post(url, {"reason": BINDS}).status_code == 404


def test_who_scored_already_declares_nothing(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User, url: str
) -> None:
    cases.complete(assignment)
    assert sign_in(assessor).post(url, {"reason": BINDS}).status_code == 409
    assert not ConflictDeclared.objects.exists()


def test_a_conflict_needs_a_reason(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User, url: str
) -> None:
    answer = sign_in(assessor).post(url, {"reason": "  "})
    assert answer.status_code == 422
    assert "Write in one sentence what binds you." in answer.content.decode()
    with pytest.raises(Refused):
        services.declare_conflict(assignment, reason=" ", actor=assessor)


def test_reading_the_page_declares_nothing(sign_in: SignIn, assessor: User, url: str) -> None:
    assert sign_in(assessor).get(url).status_code == 200
    assert sign_in(assessor).put(url).status_code == 405
    assert not ConflictDeclared.objects.exists()


def test_who_declared_a_conflict_neither_scores_nor_is_asked_again(
    assignment: ScorecardAssignment, assessor: User, portfolio_office: User, unit_lead: User
) -> None:
    services.declare_conflict(assignment, reason=BINDS, actor=assessor)
    with pytest.raises(NotAllowed, match="declared a conflict of interest"):
        cases.complete(assignment)
    assert not Scorecard.objects.exists()
    initiative = assignment.round.initiative
    assert "declared a conflict of interest" in fits_as_assessor(assessor, initiative).reason
    (candidate,) = candidates([assignment.round])[assignment.round_id]
    assert candidate.unfit == "an assessor must not have declared a conflict of interest in the initiative"
    assert in_turn(assignment.round) == []
    # Nor for the next version of the case.
    cases.send_again(initiative, unit_lead)
    again = services.open_scoring(initiative, actor=portfolio_office)
    with pytest.raises(NotAllowed, match="declared a conflict of interest"):
        cases.assign(again, assessor, portfolio_office)


def test_the_office_assigns_another_one_and_the_scoring_goes_on(
    sign_in: SignIn,
    assignment: ScorecardAssignment,
    assessor: User,
    second_assessor: User,
    portfolio_office: User,
) -> None:
    services.declare_conflict(assignment, reason=BINDS, actor=assessor)
    page = sign_in(portfolio_office).get(reverse("scorecard-list")).content.decode()
    assert f"declared a conflict of interest: {BINDS}" in page
    assert "Assign the 1 missing" in page
    (given,) = services.staff(assignment.round, actor=portfolio_office)
    assert given.assessor == second_assessor
    cases.complete(given)
    services.close_scoring(assignment.round, evidence_grade="C", actor=portfolio_office)
    assert ScoringClose.objects.get().round == assignment.round


def test_a_conflict_declared_twice_is_one(assignment: ScorecardAssignment, assessor: User) -> None:
    services.declare_conflict(assignment, reason=BINDS, actor=assessor)
    with pytest.raises(InvalidMove):
        services.declare_conflict(assignment, reason=BINDS, actor=assessor)
    assert ConflictDeclared.objects.count() == 1
