"""Nothing that is made of a colleague's rating is seen before its time: pages, API, counts, ledger."""

import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.models import Notification, User
from dashboards.reports import csv, xlsx
from dashboards.selectors import Portfolio
from ledger import clock
from ledger.models import LedgerEntry
from ledger.services import last_seq
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
from tests import factories, sample
from tests.policy.routes import is_third_party, routes
from tests.scoring import cases

SignIn = Callable[[User], Client]
# Words that stand in a scorecard of the first assessor and nowhere else.
CANARY = "Heron-flies-at-dusk"
COMMENT = "Kingfisher-at-dawn"
TABS = ("case", "score", "money", "kpis", "risk", "decisions", "activity")


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
    cases.close(round_, portfolio_office)
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
    cases.close(round_, portfolio_office)
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
    cases.close(round_, portfolio_office)
    (score,) = reading.get(path).json()["results"]
    assert score["reference"] == round_.initiative.reference
    assert len(score["contributions"]) == 15
    refused = api(factories.make_token(integrator, ["kpi:write"])).get(path)
    assert refused.status_code == 403
    assert "portfolio:read" in refused.content.decode()


# Reconciliation ------------------------------------------------------------------------------

# The reason of an answer: it stands nowhere else.
ANSWER = "Stork-stands-on-one-leg"


@pytest.fixture
def answered(first: ScorecardAssignment, second: ScorecardAssignment) -> ScoringRound:
    """Both are in, lie apart everywhere, and the first assessor answered once."""
    cases.complete(second, 3)
    services.answer_reconciliation(
        first, criterion="data_readiness", rating=4, reason=ANSWER, actor=first.assessor
    )
    return first.round


def test_what_a_reconciliation_says_is_read_by_its_assessors_alone(
    sign_in: SignIn,
    everyone: list[User],
    answered: ScoringRound,
    first: ScorecardAssignment,
    second: ScorecardAssignment,
    portfolio_office: User,
) -> None:
    pages = [reverse("scorecard-reconcile", args=[each.pk]) for each in (first, second)]
    for user in everyone:
        may_know = user == second.assessor
        client = sign_in(user)
        for address in [*_addresses(answered, first, second), *pages, reverse("home"), reverse("ledger")]:
            page = client.get(address).content.decode()
            assert may_know or ANSWER not in page, (user, address)
            assert may_know or CANARY not in page, (user, address)
            # That it was asked says that ratings lie apart: the office alone learns that besides them.
            if user not in {second.assessor, portfolio_office}:
                assert "econciliation" not in page, (user, address)
                assert "Compare" not in page, (user, address)
    told = Notification.objects.filter(subject__startswith="Compare").values_list("recipient", flat=True)
    assert set(told) == {first.assessor_id, second.assessor_id}
    assert ANSWER in sign_in(second.assessor).get(pages[1]).content.decode()
    for notice in Notification.objects.all():
        assert ANSWER not in notice.sentence + notice.subject
        assert CANARY not in notice.sentence + notice.subject
    for body in LedgerEntry.objects.values_list("body", flat=True):
        assert ANSWER not in body


def test_a_third_assessor_reads_nothing_of_a_reconciliation(
    sign_in: SignIn,
    answered: ScoringRound,
    first: ScorecardAssignment,
    portfolio_office: User,
    group: Any,
    other_unit: Any,
) -> None:
    third = factories.make_person("Toni Third", "assessor", group, home_unit=other_unit)
    assignment = cases.assign(answered, third, portfolio_office)
    client = sign_in(third)
    for address in [*_addresses(answered, assignment), reverse("home")]:
        page = client.get(address).content.decode()
        assert ANSWER not in page
        assert "Compare" not in page
    assert client.get(reverse("scorecard-reconcile", args=[first.pk])).status_code == 404
    assert client.get(reverse("scorecard-reconcile", args=[assignment.pk])).status_code == 404


def test_a_scoring_that_ended_unclosed_keeps_its_ratings_to_its_assessors(
    sign_in: SignIn,
    answered: ScoringRound,
    first: ScorecardAssignment,
    unit_lead: User,
    cfo: User,
    portfolio_office: User,
) -> None:
    cases.send_again(answered.initiative, unit_lead)
    services.open_scoring(answered.initiative, actor=portfolio_office)
    for user in (cfo, portfolio_office, unit_lead):
        client = sign_in(user)
        page = client.get(f"{answered.initiative.get_absolute_url()}?tab=score").content.decode()
        assert "without a score: the case was taken back or sent anew" in page
        assert CANARY not in page
        assert ANSWER not in page
        assert client.get(first.get_absolute_url()).status_code == 404


# Two worlds ----------------------------------------------------------------------------------


def _shown(client: Client, address: str) -> str:
    """An answer without what is drawn anew each time: tokens, and hashes, which tell nothing of a rating."""
    response: Any = client.get(address)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    words = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body.decode(errors="replace"))
    words = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}", "…", words)
    # A number that was drawn stays drawn on PostgreSQL, though the message that had it is undone.
    return re.sub(r'(class="hash"|X-CSRFToken)[^<}]+|(?<=notifications/)[0-9]+', "…", words)


def _everywhere(round_: ScoringRound, assignments: list[ScorecardAssignment]) -> list[str]:
    """Every page and API route that can be read, of the round and its initiative where one is asked for."""
    values: dict[str, list[Any]] = {
        "initiatives/": [round_.initiative_id],
        "api/v1/initiatives/": [round_.initiative_id],
        "scorings/": [round_.pk],
        "scorecards/": [assignment.pk for assignment in assignments],
        "api/v1/scores/": [round_.initiative_id],
        "ledger/": list(range(round_.transaction.seq, last_seq() + 1)),
    }
    found = [f"{round_.initiative.get_absolute_url()}?tab={tab}" for tab in TABS]
    found += [f"{reverse('initiative-list')}?sort=-score", "/api/v1/initiatives/?ordering=-score"]
    # The past is computed anew for each reader: it must be as blind as now.
    then = f"/as-of/{last_seq()}"
    found += [f"{then}{round_.initiative.get_absolute_url()}?tab=score", f"{then}{reverse('executive')}"]
    for route in routes():
        if route.method != "get" or is_third_party(route) or route.action in {None, "public"}:
            continue
        beginning = route.pattern.partition("<")[0].replace("(?P", "").replace("^", "")
        more = {"figure": "roi"} if ":figure>" in route.pattern else {}
        for value in values.get(beginning, []) if route.argument else [None]:
            found.append(route.path(value, **more))
    return found


def _cells(portfolio: Portfolio) -> str:
    """Every cell of the workbook."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portfolio.xlsx"
        xlsx.write(portfolio, path, by="anyone", at=clock.now(), seq=1)
        workbook = CalamineWorkbook.from_path(path)
        return str([workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names])


def _world(
    sign_in: SignIn,
    readers: list[User],
    round_: ScoringRound,
    assignments: list[ScorecardAssignment],
    happens: Callable[[], Any],
) -> dict[tuple[str, str], str]:
    """What each reader sees everywhere after something happened; then it has not happened."""
    with transaction.atomic():
        happens()
        found = {
            (reader.name, address): _shown(client, address)
            for reader in readers
            for client in [sign_in(reader)]
            for address in _everywhere(round_, assignments)
            if address == reverse("scorecard-list") or sample.is_in(reader.name, address)
        }
        for reader in readers:
            told = Notification.objects.filter(recipient=reader).order_by("pk")
            found[reader.name, "mail"] = str(list(told.values_list("subject", "sentence", "path")))
        found["anyone", "export"] = "".join(csv.stream(Portfolio(readers[0], {})))
        found["anyone", "workbook"] = _cells(Portfolio(readers[0], {}))
        transaction.set_rollback(True)
    return found


def _different(here: dict[tuple[str, str], str], there: dict[tuple[str, str], str]) -> list[Any]:
    assert here.keys() == there.keys()
    assert len(here) > sample.at_least(100)
    return [key for key in here if here[key] != there[key]]


@pytest.fixture
def standing() -> Iterator[None]:
    """A clock that stands: only what happens makes a difference."""
    with time_machine.travel(datetime.now(tz=UTC) + timedelta(seconds=1), tick=False):
        yield


@pytest.fixture
def readers(unit_lead: User, sponsor: User, cfo: User, auditor: User) -> list[User]:
    """The unit, a part, who decides, and who reads the ledger: they may not know."""
    return [unit_lead, sponsor, cfo, auditor]


@pytest.fixture
def two_to_score(
    standing: None, round_: ScoringRound, assessor: User, second_assessor: User, portfolio_office: User
) -> list[ScorecardAssignment]:
    """Nobody has begun."""
    return [cases.assign(round_, person, portfolio_office) for person in (assessor, second_assessor)]


def test_a_first_scorecard_shows_nowhere_but_as_one_more_that_is_in(
    sign_in: SignIn,
    readers: list[User],
    round_: ScoringRound,
    two_to_score: list[ScorecardAssignment],
    portfolio_office: User,
) -> None:
    """The second assessor and all others see the same pages whatever the first one rated."""
    mine, other = two_to_score
    people = [*readers, portfolio_office, other.assessor]
    worlds = [
        _world(sign_in, people, round_, two_to_score, partial(cases.complete, mine, rating))
        for rating in (2, 4)
    ]
    assert _different(*worlds) == []


def test_ratings_that_lie_apart_show_to_nobody_but_assessors_and_office(
    sign_in: SignIn,
    readers: list[User],
    round_: ScoringRound,
    two_to_score: list[ScorecardAssignment],
    portfolio_office: User,
) -> None:
    """One world in which all agree, and one with a reconciliation and an answer: the same pages."""
    mine, other = two_to_score

    def agree() -> None:
        cases.complete(mine, 3)
        cases.complete(other, 3)

    def lie_apart() -> None:
        cases.complete(mine, 3)
        cases.complete(other, 3, data_readiness=5)
        services.answer_reconciliation(
            mine, criterion="data_readiness", rating=4, reason=ANSWER, actor=mine.assessor
        )

    worlds = [_world(sign_in, readers, round_, two_to_score, world) for world in (agree, lie_apart)]
    assert _different(*worlds) == []
    # The control: who may know sees the difference.
    of_the_office = [
        _world(sign_in, [portfolio_office], round_, two_to_score, world) for world in (agree, lie_apart)
    ]
    assert (portfolio_office.name, reverse("scorecard-list")) in _different(*of_the_office)


def test_the_office_learns_which_criteria_lie_apart_and_no_rating(
    sign_in: SignIn,
    round_: ScoringRound,
    two_to_score: list[ScorecardAssignment],
    portfolio_office: User,
) -> None:
    mine, other = two_to_score

    def rated(high: int, answer: int) -> None:
        cases.complete(mine, 3, data_readiness=2)
        cases.complete(other, 3, data_readiness=high)
        services.answer_reconciliation(
            other, criterion="data_readiness", rating=answer, reason=ANSWER, actor=other.assessor
        )

    worlds = [
        _world(sign_in, [portfolio_office], round_, two_to_score, partial(rated, *given))
        for given in ((4, 4), (5, 5))
    ]
    assert _different(*worlds) == []
