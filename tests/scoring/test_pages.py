"""The scoring desk, the scorecard and the model, as a browser sees them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, Unit, User
from ledger import clock
from portfolio.models import Initiative
from scoring import services
from scoring.default_model import DEFAULT_MODEL
from scoring.models import Scorecard, ScorecardAssignment, ScorecardDraft, ScoringClose, ScoringRound
from scoring.positions import refresh_scores
from tests import factories
from tests.scoring import cases

SignIn = Callable[[User], Client]
DESK = "/scoring/"


@pytest.fixture(autouse=True)
def _default_model(db: None) -> None:
    services.install_default_model()


@pytest.fixture
def initiative(unit_lead: User, content: dict[str, Any]) -> Initiative:
    return cases.in_assessment(unit_lead, content)


@pytest.fixture
def round_(initiative: Initiative, portfolio_office: User) -> ScoringRound:
    return services.open_scoring(initiative, actor=portfolio_office)


@pytest.fixture
def assignment(round_: ScoringRound, assessor: User, portfolio_office: User) -> ScorecardAssignment:
    return cases.assign(round_, assessor, portfolio_office)


def _text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


# The desk ------------------------------------------------------------------------------------


def test_the_office_opens_assigns_and_closes_from_the_desk(
    sign_in: SignIn, portfolio_office: User, assessor: User, initiative: Initiative
) -> None:
    office = sign_in(portfolio_office)
    assert "Open the scoring" in _text(office, DESK)
    assert office.post(reverse("scoring-open", args=[initiative.pk])).status_code == 302
    round_ = ScoringRound.objects.get()
    assert "0 of 1 in" in _text(office, DESK)
    prefix = f"round-{round_.pk}"
    due_on = (clock.today() + timedelta(days=5)).isoformat()
    sent = {f"{prefix}-assessor": assessor.pk, f"{prefix}-due_on": due_on}
    assert office.post(reverse("scoring-assign", args=[round_.pk]), sent).status_code == 302
    assignment = ScorecardAssignment.objects.get()
    cases.complete(assignment)
    page = _text(office, DESK)
    assert "1 of 1 in" in page
    assert "Close the scoring" in page
    closed = office.post(reverse("scoring-close", args=[round_.pk]), {f"{prefix}-evidence_grade": "D"})
    assert (closed.status_code, closed.headers["Location"]) == (
        302,
        f"{initiative.get_absolute_url()}?tab=score",
    )
    assert ScoringClose.objects.get().evidence_grade == "D"


def test_a_round_that_lacks_scorecards_has_no_close_button(
    sign_in: SignIn, portfolio_office: User, assignment: ScorecardAssignment
) -> None:
    assert "Close the scoring" not in _text(sign_in(portfolio_office), DESK)
    sent = {f"round-{assignment.round_id}-evidence_grade": "D"}
    path = reverse("scoring-close", args=[assignment.round_id])
    assert sign_in(portfolio_office).post(path, sent).status_code == 409


def test_an_assignment_without_a_person_is_refused_with_the_form(
    sign_in: SignIn, portfolio_office: User, round_: ScoringRound, assessor: User
) -> None:
    path = reverse("scoring-assign", args=[round_.pk])
    response = sign_in(portfolio_office).post(path, {f"round-{round_.pk}-due_on": "2099-02-03"})
    assert response.status_code == 422
    assert "2099-02-03" in response.content.decode()


def test_who_does_not_fit_is_named_with_the_reason_and_refused(
    sign_in: SignIn, portfolio_office: User, round_: ScoringRound, group: Unit, unit: Unit
) -> None:
    neighbour = factories.make_person("Nora Near", Role.ASSESSOR, group, home_unit=unit)
    office = sign_in(portfolio_office)
    page = _text(office, DESK)
    assert "Nora Near: IT Service Desk is both the home unit" in page
    assert f'<option value="{neighbour.pk}"' not in page
    prefix = f"round-{round_.pk}"
    sent = {f"{prefix}-assessor": neighbour.pk, f"{prefix}-due_on": "2099-02-03"}
    refused = office.post(reverse("scoring-assign", args=[round_.pk]), sent)
    assert refused.status_code == 403
    assert "home unit" in refused.content.decode()


def test_the_desk_is_for_assessors_and_the_office(
    sign_in: SignIn, assessor: User, portfolio_office: User, unit_lead: User, cfo: User, outsider: User
) -> None:
    for user, status in (
        (assessor, 200),
        (portfolio_office, 200),
        (unit_lead, 403),
        (cfo, 403),
        (outsider, 403),
    ):
        assert sign_in(user).get(DESK).status_code == status


def test_an_assessor_finds_what_waits_by_day(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User, second_assessor: User
) -> None:
    mine = _text(sign_in(assessor), DESK)
    assert "Yours to score" in mine
    assert reverse("scorecard-detail", args=[assignment.pk]) in mine
    assert "Nothing to score" in _text(sign_in(second_assessor), DESK)


@pytest.mark.parametrize("name", ["scoring-open", "scoring-assign", "scoring-close"])
def test_acts_of_the_office_are_not_for_others(
    sign_in: SignIn,
    assignment: ScorecardAssignment,
    unit_lead: User,
    assessor: User,
    other_unit: Unit,
    name: str,
) -> None:
    pk = assignment.round.initiative_id if name == "scoring-open" else assignment.round_id
    path = reverse(name, args=[pk])
    for user in (unit_lead, assessor):
        assert sign_in(user).post(path).status_code == 403
    elsewhere = factories.make_person("Paul Portfolio", Role.PORTFOLIO_OFFICE, other_unit)
    assert sign_in(elsewhere).post(path).status_code == 404
    assert sign_in(elsewhere).get(path).status_code == 405


def test_the_desk_asks_the_same_number_of_questions_for_many_rounds(
    sign_in: SignIn, portfolio_office: User, assessor: User, unit_lead: User, content: dict[str, Any]
) -> None:
    def queries(rounds: int) -> int:
        while ScoringRound.objects.count() < rounds:
            opened = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
            cases.assign(opened, assessor, portfolio_office)
            cases.in_assessment(unit_lead, content)
        client = sign_in(portfolio_office)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            _text(client, DESK)
        return len(captured)

    few = queries(1)
    assert queries(6) == few <= 25


# One scorecard -------------------------------------------------------------------------------


def test_the_scorecard_shows_the_evidence_and_the_scale_in_words(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User, content: dict[str, Any]
) -> None:
    page = _text(sign_in(assessor), assignment.get_absolute_url())
    assert content["readiness_data"] in page
    assert "Tickets sent to the wrong group" in page
    for criterion in DEFAULT_MODEL.criteria:
        assert criterion.title in page
    for criterion in DEFAULT_MODEL.judged():
        assert all(level.replace("'", "&#x27;") in page for level in criterion.levels)
        assert f'name="{criterion.key}-rating"' in page
    assert 'name="corrected_return-rating"' not in page
    assert "240\u202f000.00" in page


def test_a_draft_is_saved_by_the_button_and_comes_back(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User
) -> None:
    client, path = sign_in(assessor), reverse("scorecard-save", args=[assignment.pk])
    sent = {"version": "0", "data_readiness-rating": "4", "data_readiness-reason": "The owner is named"}
    assert client.post(path, sent).status_code == 302
    page = _text(client, assignment.get_absolute_url())
    assert "The owner is named" in page
    assert "1 of 13 rated" in page
    assert "Go on scoring" in _text(client, DESK)


def test_a_draft_is_saved_while_one_types(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User
) -> None:
    path = reverse("scorecard-save", args=[assignment.pk])
    headers = {"X-Keel-Draft": "save", "HX-Request": "true"}
    sent = {"version": "0", "data_readiness-rating": "4"}
    client = sign_in(assessor)
    saved = client.post(path, sent, headers=headers)
    assert (saved.status_code, saved.headers["X-Keel-Version"]) == (200, "1")
    assert 'id="scorecard-progress"' in saved.content.decode()
    other = client.post(path, sent | {"data_readiness-rating": "2"}, headers=headers)
    assert (other.status_code, other.headers["X-Keel-Version"]) == (409, "1")
    words = other.content.decode()
    assert "Data readiness: 4 there, 2 here" in words
    assert "<html" not in words
    assert ScorecardDraft.objects.get().ratings["data_readiness"]["rating"] == 4


def test_a_second_window_loses_nothing(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User
) -> None:
    client, path = sign_in(assessor), reverse("scorecard-save", args=[assignment.pk])
    client.post(path, {"version": "0", "data_readiness-rating": "4"})
    mine = {"version": "0", "data_readiness-rating": "2", "data_readiness-reason": "Nobody answers for it"}
    refused = client.post(path, mine)
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Data readiness: 4 there, 2 here" in page
    assert "Nobody answers for it" in page
    assert 'name="version" value="1"' in page
    assert client.post(path, mine | {"version": "1"}).status_code == 302
    assert ScorecardDraft.objects.get().ratings["data_readiness"]["rating"] == 2


def test_an_impossible_rating_is_refused_and_what_was_typed_stays(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User
) -> None:
    path = reverse("scorecard-save", args=[assignment.pk])
    sent = {"version": "0", "data_readiness-rating": "9", "workflow_fit-reason": "Tried by the dispatchers"}
    refused = sign_in(assessor).post(path, sent)
    assert refused.status_code == 422
    assert "Tried by the dispatchers" in refused.content.decode()
    assert not ScorecardDraft.objects.exists()


def test_a_scorecard_is_handed_in_and_then_only_reads(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User
) -> None:
    client = sign_in(assessor)
    sent = cases.typed(cases.ratings(assignment.round, 4, data_readiness=5), comment="Worth a pilot")
    path = reverse("scorecard-complete", args=[assignment.pk])
    assert client.post(path, sent).status_code == 302
    assert Scorecard.objects.get().comment == "Worth a pilot"
    page = _text(client, assignment.get_absolute_url())
    assert "Seen in data_readiness" in page
    assert "Worth a pilot" in page
    assert "Hand it in" not in page
    assert client.post(path, sent).status_code == 409


def test_what_a_scorecard_lacks_stands_at_its_criterion(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User
) -> None:
    sent = cases.typed(cases.ratings(assignment.round, 4))
    del sent["workflow_fit-rating"]
    sent |= {"data_readiness-rating": "5", "data_readiness-reason": " "}
    refused = sign_in(assessor).post(reverse("scorecard-complete", args=[assignment.pk]), sent)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Rate it from 1 to 5, or mark it unknown." in page
    assert "A rating of 5 needs a reason" in page
    assert not Scorecard.objects.exists()


@pytest.mark.parametrize("name", ["scorecard-detail", "scorecard-save", "scorecard-complete"])
def test_a_scorecard_is_hidden_from_all_but_its_assessor(
    sign_in: SignIn,
    assignment: ScorecardAssignment,
    second_assessor: User,
    portfolio_office: User,
    unit_lead: User,
    cfo: User,
    auditor: User,
    name: str,
) -> None:
    cases.assign(assignment.round, second_assessor, portfolio_office)
    path = reverse(name, args=[assignment.pk])
    for user in (second_assessor, portfolio_office, unit_lead, cfo, auditor):
        client = sign_in(user)
        answer = client.get(path) if name == "scorecard-detail" else client.post(path, {"version": "0"})
        assert answer.status_code in {403, 404}
    assert sign_in(second_assessor).get(reverse("scorecard-detail", args=[assignment.pk])).status_code == 404


@pytest.mark.parametrize("name", ["scorecard-save", "scorecard-complete"])
def test_acts_of_an_assessor_are_posts(
    sign_in: SignIn, assignment: ScorecardAssignment, assessor: User, name: str
) -> None:
    assert sign_in(assessor).get(reverse(name, args=[assignment.pk])).status_code == 405


# The model -----------------------------------------------------------------------------------


def test_the_model_is_open_to_read(sign_in: SignIn, contributor: User) -> None:
    page = _text(sign_in(contributor), reverse("scoring-model"))
    for criterion in DEFAULT_MODEL.criteria:
        assert criterion.title in page
        assert all(level.replace("'", "&#x27;") in page for level in criterion.levels)
    for words in ("8.0\u202f% a year", "36 months after go-live", "1.41", "assessors", "computed"):
        assert words in page


def test_a_score_says_where_it_stands_in_unit_domain_and_portfolio(
    content: dict[str, Any], unit: Unit, other_unit: Unit, auditor: User, sign_in: SignIn
) -> None:
    best = factories.in_decision(content | {"title": "The best"}, unit=unit, rating=5)
    second = factories.in_decision(content | {"title": "The second"}, unit=unit, rating=4)
    equal = factories.in_decision(content | {"title": "Its equal"}, unit=other_unit, rating=4)
    factories.in_decision(content | {"title": "The last"}, unit=other_unit, rating=3)
    refresh_scores()

    def places(initiative: Initiative) -> list[tuple[str, int, int]]:
        page = sign_in(auditor).get(f"{initiative.get_absolute_url()}?tab=score")
        return [(rank.among, rank.place, rank.number) for rank in page.context["panel"].ranks]

    domain = f"its domain, {best.get_domain_display()}"
    here, there = f"its unit, {unit}", f"its unit, {other_unit}"
    assert places(best) == [(here, 1, 2), (domain, 1, 4), ("the portfolio", 1, 4)]
    # A tie goes to the smaller reference.
    assert places(second) == [(here, 2, 2), (domain, 2, 4), ("the portfolio", 2, 4)]
    assert places(equal) == [(there, 1, 2), (domain, 3, 4), ("the portfolio", 3, 4)]
