"""calibration.py against scipy and by hand; the page on an empty and on a finished portfolio."""

from datetime import timedelta
from itertools import cycle

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from accounts.models import Unit, User
from dashboards.demo.bulk import bulk_portfolio
from governance.gates import write_outcome
from ledger import clock
from ledger.services import record
from portfolio.models import Initiative
from scoring import calibration
from scoring.calibration import Result, bands, brier, share, spearman
from scoring.calibration_selectors import calibrated, forecasting_records
from scoring.models import Scorecard, ScorecardAssignment, ScorecardRating, ScoringClose, ScoringRound
from scoring.positions import learning, refresh_scores
from scoring.selectors import scores_out
from scoring.services import install_default_model
from tests.factories import SignIn

OUTCOMES = ("met", "partly_met", "failed")


def result(score: float = 60, outcome: str = "met", **ratings: float) -> Result:
    return Result(score, {"impact": score}, ratings, outcome, "finance", "bought")


def end(initiatives: list[Initiative], *outcomes: str, by: User) -> None:
    """Set the outcomes one after the other, by the function that every gate uses."""
    for initiative, outcome in zip(initiatives, cycle(outcomes), strict=False):
        with record("outcome.set", actor=by, about=initiative) as act:
            write_outcome(initiative, outcome, "Seen", act=act)


def finished(number: int, by: User, *outcomes: str) -> list[Initiative]:
    """So many initiatives more that were scored, with these outcomes in turn."""
    before = set(Initiative.objects.values_list("pk", flat=True))
    bulk_portfolio(initiatives=number, months=12, seed=len(before) + 1)
    found = list(Initiative.objects.exclude(pk__in=before).select_related("current_case").order_by("pk"))
    _score(found, by)
    end(found, *(outcomes or OUTCOMES), by=by)
    return found


def _score(initiatives: list[Initiative], by: User) -> None:
    """One complete scorecard each, whose ratings differ from case to case, and the closing."""
    model = install_default_model()
    judged = list(model.criteria.filter(kind="judged"))
    with record("test.scored", actor=by) as act:
        for number, initiative in enumerate(initiatives):
            round_ = act.add(
                ScoringRound, initiative=initiative, case=initiative.current_case, model=model, required=1,
                opened_by=by,
            )  # fmt: skip
            assignment = act.add(
                ScorecardAssignment, round=round_, assessor=by, due_on=clock.today(), assigned_by=by
            )
            card = act.add(Scorecard, assignment=assignment)
            act.add_many(
                ScorecardRating,
                [
                    ScorecardRating(
                        scorecard=card,
                        criterion=criterion,
                        rating=1 + (number * 7 + place * 3) % 5,
                        reason="x",
                    )
                    for place, criterion in enumerate(judged)
                ],
            )
            act.add(ScoringClose, round=round_, closed_by=by, computed_inputs={})
        act.marks("score", [initiative.pk for initiative in initiatives])
    refresh_scores()


# Pure ----------------------------------------------------------------------------------------


@given(pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=4, max_size=60))
def test_the_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    left, right = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found = spearman(left, right)
    if len(set(left)) == 1 or len(set(right)) == 1:
        assert found.value is None
    else:
        assert found.value == pytest.approx(stats.spearmanr(left, right).statistic, abs=1e-12)


def test_the_interval_of_a_correlation_is_fishers_by_hand() -> None:
    # Ranks 1 to 5 against 2, 1, 4, 3, 5: 1 - 6 * 4 / (5 * 24) = 0.8; atanh 1.0986, half width
    # 1.96 * sqrt(1.32 / 2) = 1.5923.
    found = spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    assert found.value == pytest.approx(0.8)
    assert [found.low, found.high] == pytest.approx([-0.4571, 0.9908], abs=1e-4)


@pytest.mark.parametrize(
    ("left", "right", "value"),
    [([], [], None), ([1.0], [2.0], None), ([1.0, 2.0], [3.0, 3.0], None), ([1.0, 2.0], [2.0, 3.0], 1.0)],
)
def test_there_is_no_interval_of_too_few_or_of_what_is_all_alike(
    left: list[float], right: list[float], value: float | None
) -> None:
    found = spearman(left, right)
    assert (found.value, found.low) == (value, None)


@given(number=st.integers(1, 300), data=st.data())
def test_the_interval_of_a_share_is_scipys(number: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, number))
    theirs = stats.binomtest(count, number).proportion_ci(0.95, method="wilson")
    ours = share(count, number)
    assert [ours.low, ours.high] == pytest.approx([theirs.low, theirs.high], abs=1e-9)


def test_the_brier_score_by_hand() -> None:
    found = brier([result(80, "met"), result(60, "failed"), result(50, "partly_met"), result(100, "met")])
    assert found is not None
    # 0.2^2 + 0.6^2 + 0.5^2 + 0 = 0.65, by four; half of them met.
    assert found.score == pytest.approx(0.1625)
    assert found.always_the_same == pytest.approx(0.25)
    assert found.is_better


def test_every_result_lies_in_one_band() -> None:
    results = [result(score, OUTCOMES[n % 3]) for n, score in enumerate([0, 49.9, 50, 59.99, 80, 100, 100])]
    found = bands(results)
    assert sum(band.met.number for band in found) == len(results)
    assert (found[0].low, found[-1].high) == (0, 100)
    assert found[-1].met.number == 3


def test_a_rating_that_orders_the_outcomes_told_something_and_one_that_inverts_them_misled() -> None:
    ranks = {"failed": 1.0, "partly_met": 3.0, "met": 5.0}
    found = calibration.of_criteria(
        [
            result(60, outcome, good=ranks[outcome] - k % 2 * 0.5, bad=6 - ranks[outcome] + k % 2 * 0.5)
            for k in range(12)
            for outcome in OUTCOMES
        ]
    )
    assert found["good"].told_something
    assert found["bad"].misled


def test_a_rating_that_was_unknown_is_left_out_of_its_criterion_alone() -> None:
    found = calibration.of_criteria([result(60, "met", a=5), result(50, "failed", a=1, b=2)])
    assert (found["a"].number, found["b"].number) == (2, 1)


# The page ------------------------------------------------------------------------------------


def page_of(sign_in: SignIn, user: User) -> str:
    answer = sign_in(user).get(reverse("model-calibration"))
    assert answer.status_code == 200, answer.content.decode()[:1000]
    return " ".join(answer.content.decode().split())


def test_an_empty_portfolio_says_what_is_missing(sign_in: SignIn, cfo: User) -> None:
    page = page_of(sign_in, cfo)
    assert "Not enough outcomes (0 of 30)" in page
    assert "No outcome to show yet" in page
    assert "as it ships; none seen" in page


def test_one_outcome_short_of_thirty_shows_no_figure(sign_in: SignIn, cfo: User) -> None:
    finished(29, cfo)
    page = page_of(sign_in, cfo)
    assert "Not enough outcomes (29 of 30)" in page
    assert "Brier score for met" not in page


def test_with_thirty_outcomes_the_page_shows_what_the_pure_functions_say(sign_in: SignIn, cfo: User) -> None:
    ended = finished(30, cfo)
    scores = dict(scores_out().values_list("initiative", "low"))
    ranks = {"failed": 0.0, "partly_met": 1.0, "met": 2.0}
    expected = stats.spearmanr(
        [scores[initiative.pk] for initiative in ended],
        [ranks[initiative.outcome] for initiative in ended],
    ).statistic
    found = calibrated(User.objects.get(pk=cfo.pk))
    assert found.whole.correlation.value == pytest.approx(expected, abs=1e-12)
    assert found.whole.met.count == 10
    page = page_of(sign_in, cfo)
    assert "Brier score for met" in page
    assert "too few: " in page  # of a domain, say


def test_what_was_stopped_early_is_left_out_and_said(sign_in: SignIn, cfo: User) -> None:
    finished(3, cfo, "stopped_early")
    found = calibrated(User.objects.get(pk=cfo.pk))
    assert (found.number, found.stopped_early) == (0, 3)
    assert "3 stopped early are left out" in page_of(sign_in, cfo)


def test_a_reader_of_one_unit_sees_no_outcome_of_another(
    sign_in: SignIn, cfo: User, unit_lead: User, other_unit: Unit
) -> None:
    ended = finished(12, cfo)
    mine = [initiative for initiative in ended if initiative.unit.is_under(unit_lead.grants.get().unit)]
    assert calibrated(unit_lead).number == len(mine) < 12


@pytest.mark.parametrize("role", ["contributor", "assessor", "administrator", "outsider"])
def test_others_may_not_open_it(sign_in: SignIn, request: pytest.FixtureRequest, role: str) -> None:
    answer = sign_in(request.getfixturevalue(role)).get(reverse("model-calibration"))
    assert answer.status_code == 403


def test_a_post_is_refused(sign_in: SignIn, cfo: User) -> None:
    assert sign_in(cfo).post(reverse("model-calibration")).status_code == 405


def test_it_takes_as_many_queries_for_two_outcomes_as_for_forty(sign_in: SignIn, cfo: User) -> None:
    browser, numbers = sign_in(cfo), []
    for number in (2, 38):
        finished(number, cfo)
        learning.keep_observations()
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("model-calibration")).status_code == 200
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] <= 18


# Records of units ----------------------------------------------------------------------------


def test_a_unit_sees_its_record_thirty_days_before_others(cfo: User, unit: Unit, unit_lead: User) -> None:
    ended = finished(20, cfo)
    by_unit = {unit_.pk: unit_ for unit_ in Unit.objects.all()}
    Initiative.objects.filter(pk__in=[initiative.pk for initiative in ended]).update(unit=by_unit[unit.pk])
    own = forecasting_records(User.objects.get(pk=unit_lead.pk))
    assert [(row.number, row.is_own) for row in own] == [(20, True)]
    assert own[0].record is not None
    assert forecasting_records(User.objects.get(pk=cfo.pk)) == []
    with time_machine.travel(clock.now() + timedelta(days=30)):
        assert [row.number for row in forecasting_records(User.objects.get(pk=cfo.pk))] == [20]


def test_four_outcomes_are_no_record(cfo: User, unit: Unit, unit_lead: User) -> None:
    ended = finished(4, cfo)
    Initiative.objects.filter(pk__in=[initiative.pk for initiative in ended]).update(unit=unit)
    assert [(row.number, row.record) for row in forecasting_records(unit_lead)] == [(4, None)]
