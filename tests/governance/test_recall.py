"""Taking a case back while it is assessed: scorecards stay, and what is sent anew is scored anew."""

import json

import pytest
from django.urls import reverse

from accounts.errors import InvalidMove, Refused
from accounts.models import Notification, User
from governance import gates
from ledger.models import LedgerEntry
from portfolio.models import Initiative
from scoring import services as scoring
from scoring.models import Scorecard, ScoringRound
from scoring.selectors import assignments_of, rounds_of, visible_scorecards
from tests.factories import SignIn
from tests.governance.conftest import Cast, assessed, submitted
from tests.scoring import cases

WHY = {"reason": "The supplier withdrew its offer."}


@pytest.fixture
def initiative(cast: Cast) -> Initiative:
    return assessed(cast)


@pytest.fixture
def round_(cast: Cast, initiative: Initiative) -> ScoringRound:
    """One scorecard is in, another assessor has one to write."""
    opened = scoring.open_scoring(initiative, actor=cast.portfolio_office)
    cases.complete(cases.assign(opened, cast.assessor, cast.portfolio_office), 4)
    cases.assign(opened, cast.second_assessor, cast.portfolio_office)
    return opened


def url(initiative: Initiative) -> str:
    return reverse("initiative-recall", args=[initiative.pk])


def test_the_unit_takes_its_case_back_and_the_scorecards_stay(
    sign_in: SignIn, cast: Cast, initiative: Initiative, round_: ScoringRound
) -> None:
    assert sign_in(cast.unit_lead).post(url(initiative), WHY).status_code == 302
    initiative.refresh_from_db()
    assert initiative.stage == "draft"
    assert Scorecard.objects.get().assignment.round == round_
    assert not assignments_of(cast.second_assessor).exists()
    told = Notification.objects.filter(subject__endswith="needs no scorecard for now")
    assert [notice.recipient for notice in told] == [cast.second_assessor]
    entry = LedgerEntry.objects.get(act="case.recalled")
    assert json.loads(entry.body)["case_version"] == 2


def test_only_the_unit_takes_it_back(
    sign_in: SignIn, cast: Cast, initiative: Initiative, round_: ScoringRound
) -> None:
    for person in (cast.portfolio_office, cast.assessor, cast.cfo):
        assert sign_in(person).post(url(initiative), WHY).status_code == 403


def test_a_stranger_does_not_find_it(sign_in: SignIn, initiative: Initiative, other_unit_lead: User) -> None:
    assert sign_in(other_unit_lead).post(url(initiative), WHY).status_code == 404


def test_it_is_taken_back_in_assessment_only(sign_in: SignIn, cast: Cast) -> None:
    waiting = submitted(cast)
    assert sign_in(cast.unit_lead).post(url(waiting), WHY).status_code == 409
    with pytest.raises(InvalidMove):
        gates.recall_case(waiting, **WHY, actor=cast.unit_lead)


def test_a_reason_is_asked(sign_in: SignIn, cast: Cast, initiative: Initiative) -> None:
    assert sign_in(cast.unit_lead).post(url(initiative), {"reason": " "}).status_code == 422
    with pytest.raises(Refused):
        gates.recall_case(initiative, reason=" ", actor=cast.unit_lead)


def test_opening_the_page_moves_nothing(sign_in: SignIn, cast: Cast, initiative: Initiative) -> None:
    assert sign_in(cast.unit_lead).get(url(initiative)).status_code == 200
    assert sign_in(cast.unit_lead).put(url(initiative)).status_code == 405
    initiative.refresh_from_db()
    assert initiative.stage == "assessment"


def test_what_is_sent_anew_opens_a_new_round_and_the_first_stands_in_the_history(
    sign_in: SignIn, cast: Cast, initiative: Initiative, round_: ScoringRound
) -> None:
    gates.recall_case(initiative, **WHY, actor=cast.unit_lead)
    gates.submit(initiative, actor=cast.unit_lead)
    gates.complete_case(initiative, actor=cast.unit_lead)
    gates.triage(initiative, track="full", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    again = scoring.open_scoring(initiative, actor=cast.portfolio_office)
    assert again.case.version == 4
    history = rounds_of(cast.cfo, initiative)
    assert [(row.round, row.is_running, row.scorecards) for row in history] == [
        (again, True, ()),
        (round_, False, ()),
    ]
    page = sign_in(cast.cfo).get(f"{initiative.get_absolute_url()}?tab=score").content.decode()
    assert "Scorings so far" in page
    assert "without a score: the case was taken back or sent anew" in page
    # Its assessor still reads what they handed in.
    assert visible_scorecards(cast.assessor, round_).count() == 1
    assert not visible_scorecards(cast.cfo, round_).exists()
