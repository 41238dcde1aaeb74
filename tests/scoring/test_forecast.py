"""forecast.py: what runs on plan forecasts its plan, and the rest follows product.md read twice."""

import math
from dataclasses import fields, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import finance, forecast
from scoring.finance import BoolArray, FloatArray, Plan, Ratios, ReferenceClass
from scoring.forecast import Baseline, Colour, Comparison, Forecast, Line, Lines, Outcome

RATE = 0.08
MONTHS = 30


def row(*values: float) -> FloatArray:
    return np.array([values], dtype=np.float64)


def until(month: int, months: int = MONTHS, count: int = 1) -> BoolArray:
    return np.broadcast_to(np.arange(months) < month, (count, months))


def line(plan: FloatArray, closed: BoolArray, actual: FloatArray | None = None) -> Line:
    return Line(plan, plan, plan if actual is None else actual, closed)


# On plan


class Case(NamedTuple):
    """A made-up portfolio: the plan of each row on the four lines, and the months that are closed."""

    baseline: Baseline
    closed: int


@st.composite
def cases(draw: st.DrawFn, reference_class: ReferenceClass, minor_digits: int) -> Case:
    """Plans with and without cash benefits, on the currency's minor unit or, corrected, on no unit at all."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, 6))
    go_live = rng.integers(1, 10, count)
    live = np.arange(MONTHS) >= go_live[:, None]
    scale = 10.0**minor_digits
    amounts = rng.integers(1, 90_000_000, (5, count, MONTHS)) / scale
    has_cash, has_other = rng.random((2, count, 1)) < 0.7
    cost_other = np.where(rng.random((count, 1)) < 0.5, amounts[0], 0.0)
    benefit_other = np.where(live & (has_other | ~has_cash), amounts[1], 0.0)
    delivery, run = np.where(live, 0.0, amounts[2]), np.where(live, amounts[3], 0.0) / 8
    benefit = np.where(live & has_cash, amounts[4], 0.0)
    plan = Plan(delivery, finance.round_money(run, minor_digits), benefit, go_live)
    if draw(st.booleans()):
        plan = finance.corrected(plan, Ratios.at_p50([reference_class] * count))
    width = plan.run.shape[1]
    others = [np.pad(part, ((0, 0), (0, width - MONTHS))) for part in (cost_other, benefit_other)]
    return Case(
        Baseline(plan.delivery + plan.run, others[0], plan.benefit, others[1]), draw(st.integers(0, width))
    )


@pytest.mark.parametrize("minor_digits", [0, 2, 3])
@pytest.mark.parametrize("reference_class", list(ReferenceClass))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_what_runs_exactly_on_plan_forecasts_its_plan_and_ends_met(
    reference_class: ReferenceClass, minor_digits: int, data: st.DataObject
) -> None:
    case = data.draw(cases(reference_class, minor_digits))
    count, width = case.baseline.cost_cash.shape
    closed = until(case.closed, width, count)
    lines = Lines(*(line(plan, closed, np.where(closed, plan, math.nan)) for plan in case.baseline))
    predicted = forecast.forecast(lines)
    for part, plan in zip(predicted, case.baseline, strict=True):
        assert part.months.tobytes() == plan.tobytes()
        assert (part.factor == 1.0).all()
    cash, whole = forecast.compare(lines, predicted, case.baseline, RATE)
    for comparison in (cash, whole):
        assert comparison.forecast_npv.tobytes() == comparison.baseline_npv.tobytes()
    no = np.zeros(count, bool)
    got = forecast.outcomes(stopped_early=no, stopped=no, cash=cash, whole=whole)
    assert got.on_cash.tolist() == (case.baseline.benefit_cash > 0).any(axis=1).tolist()
    months = np.where(got.on_cash, cash.benefit_months, whole.benefit_months)
    wanted = [Outcome.MET if n >= 6 else Outcome.TOO_EARLY for n in months.tolist()]
    assert got.outcome.tolist() == wanted
    if case.closed == width:
        assert set(wanted) == {Outcome.MET}
    green = forecast.overrun_colour(finance.total(predicted.cost), finance.total(sum_of(case, "cost")))
    assert set(green.tolist()) == {Colour.GREEN}


def sum_of(case: Case, side: str) -> FloatArray:
    cash, other = getattr(case.baseline, f"{side}_cash"), getattr(case.baseline, f"{side}_other")
    value: FloatArray = cash + other
    return value


def test_one_that_is_off_plan_does_not_forecast_its_plan() -> None:
    """The control of the test above: a single cent moves factor and forecast."""
    plan = np.full((1, MONTHS), 100.0)
    actual = plan.copy()
    actual[0, 3] += 0.01
    got = forecast.forecast_line(line(plan, until(10), actual))
    assert got.factor[0] > 1
    assert (got.months[0, 10:] > 100).all()


# By hand


def test_a_forecast_by_hand() -> None:
    """Three of five months closed, planned 100 each, spent 120 each: factor (6 + 3 * 1.2) / 9."""
    plan = row(100, 100, 100, 100, 100)
    got = forecast.forecast_line(line(plan, until(3, 5), row(120, 120, 120, math.nan, math.nan)))
    factor = 9.6 / 9
    assert got.factor[0] == pytest.approx(factor, rel=1e-15)
    assert got.observed[0] == pytest.approx(1.2, rel=1e-15)
    assert got.months[0].tolist() == pytest.approx([120, 120, 120, 100 * factor, 100 * factor])
    assert (got.closed_months[0], got.actual_to_date[0], got.planned_to_date[0]) == (3, 360, 300)


def test_the_factor_learns_from_the_plan_of_its_time_and_acts_on_the_present_one() -> None:
    then, now = row(100, 100, 100, 100), row(50, 50, 400, 400)
    got = forecast.forecast_line(Line(now, then, row(50, 50, 0, 0), until(2, 4)))
    factor = (6 + 2 * 0.5) / 8
    assert got.months[0].tolist() == pytest.approx([50, 50, 400 * factor, 400 * factor])


def test_a_month_that_is_not_attested_keeps_plan_times_factor() -> None:
    closed = np.array([[True, True, False, True, False]])
    got = forecast.forecast_line(line(row(10, 10, 10, 10, 10), closed, row(5, 5, 0, 5, 0)))
    factor = (6 + 3 * 0.5) / 9
    assert got.months[0].tolist() == pytest.approx([5, 5, 10 * factor, 5, 10 * factor])


def test_months_without_a_plan_count_their_money_and_not_themselves() -> None:
    got = forecast.forecast_line(line(row(0, 100, 0, 100), until(3, 4), row(30, 80, 10, 0)))
    assert got.closed_months[0] == 1
    assert got.observed[0] == pytest.approx(1.2)
    assert got.months[0, 3] == pytest.approx(100 * (6 + 1.2) / 7)


def test_with_nothing_planned_yet_the_plan_stands() -> None:
    got = forecast.forecast_line(line(row(0, 0, 70, 70), until(2, 4), row(9, 0, 0, 0)))
    assert (got.factor[0], got.closed_months[0]) == (1.0, 0)
    assert math.isnan(got.observed[0])
    assert got.months[0].tolist() == [9, 0, 70, 70]


def test_cost_and_benefit_cash_and_other_each_have_their_factor() -> None:
    plan, closed = row(100, 100), until(1, 2)
    spent = [60.0, 90.0, 130.0, 200.0]
    got = forecast.forecast(Lines(*(line(plan, closed, row(value, 0)) for value in spent)))
    assert [part.factor[0] for part in got] == pytest.approx([(6 + value / 100) / 7 for value in spent])
    assert got.cost[0].tolist() == pytest.approx([150, 100 * (12 + 1.5) / 7])
    assert got.benefit[0].tolist() == pytest.approx([330, 100 * (12 + 3.3) / 7])


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="one shape"):
        forecast.forecast_line(Line(row(1, 2), row(1), row(1, 2), until(1, 2)))


# One and many


def test_one_and_many_and_wider_give_the_same_bits() -> None:
    rng = np.random.default_rng(3)
    plan, then, actual = rng.uniform(0, 9e5, (3, 300, 24))
    closed = rng.random((300, 24)) < 0.5
    together = forecast.forecast_line(Line(plan, then, actual, closed))
    pad = ((0, 0), (0, 7))
    wider = forecast.forecast_line(Line(*(np.pad(part, pad) for part in (plan, then, actual, closed))))
    for field in range(1, 6):
        assert wider[field].tobytes() == together[field].tobytes()
    assert wider.months[:, :24].tobytes() == together.months.tobytes()
    for k in range(0, 300, 11):
        one = slice(k, k + 1)
        alone = forecast.forecast_line(Line(plan[one], then[one], actual[one], closed[one]))
        assert [part.tobytes() for part in alone] == [part[one].tobytes() for part in together]


@settings(deadline=None)
@given(data=st.lists(st.tuples(*[st.integers(0, 10**9)] * 3, st.booleans()), min_size=1, max_size=20))
def test_a_forecast_is_what_a_second_reading_of_the_rule_gives(
    data: list[tuple[int, int, int, bool]],
) -> None:
    plan, then, actual = (row(*(entry[k] / 100 for entry in data)) for k in range(3))
    closed = np.array([[entry[3] for entry in data]])
    got = forecast.forecast_line(Line(plan, then, actual, closed))
    done = [entry for entry in data if entry[3]]
    n = sum(entry[1] > 0 for entry in done)
    factor = Fraction(1)
    if n:
        observed = Fraction(sum(entry[2] for entry in done), sum(entry[1] for entry in done))
        factor = (6 + n * observed) / (6 + n)
    wanted = [Fraction(entry[2] if entry[3] else entry[0] * factor) / 100 for entry in data]
    assert got.months[0].tolist() == pytest.approx([float(value) for value in wanted], rel=1e-12)


# Outcome


def comparison(**values: float) -> Comparison:
    """One row that met its baseline: cost 1,000, benefit 1,500, with twelve closed benefit months."""
    usual = {
        "forecast_npv": 500.0,
        "baseline_npv": 500.0,
        "baseline_pv_costs": 1_000.0,
        "forecast_benefit": 1_500.0,
        "baseline_benefit": 1_500.0,
        "benefit_months": 12,
    }
    return Comparison(**{name: np.array([value]) for name, value in {**usual, **values}.items()})


def outcome_of(
    cash: Comparison, whole: Comparison | None = None, *, stopped_early: bool = False, stopped: bool = False
) -> str:
    got = forecast.outcomes(
        stopped_early=np.array([stopped_early]),
        stopped=np.array([stopped]),
        cash=cash,
        whole=whole or comparison(),
    )
    return str(got.outcome[0])


@pytest.mark.parametrize(
    ("values", "stop", "wanted"),
    [
        ({}, "", Outcome.MET),
        ({}, "early", Outcome.STOPPED_EARLY),
        ({"forecast_npv": -0.01}, "late", Outcome.FAILED),
        ({"forecast_npv": -0.01, "benefit_months": 2}, "late", Outcome.FAILED),
        ({"forecast_npv": 0.0, "benefit_months": 2}, "late", Outcome.TOO_EARLY),
        ({"benefit_months": 5}, "", Outcome.TOO_EARLY),
        ({"benefit_months": 6}, "", Outcome.MET),
        ({"forecast_npv": 450.0}, "", Outcome.MET),
        ({"forecast_npv": 449.99}, "", Outcome.PARTLY_MET),
        ({"forecast_npv": 449.99, "forecast_benefit": 750.0}, "", Outcome.PARTLY_MET),
        ({"forecast_npv": 449.99, "forecast_benefit": 749.99}, "", Outcome.FAILED),
        ({"forecast_npv": -900.0, "forecast_benefit": 800.0}, "", Outcome.PARTLY_MET),
        ({"forecast_npv": 700.0, "forecast_benefit": 10.0}, "", Outcome.MET),
        ({"baseline_npv": math.nan}, "", Outcome.TOO_EARLY),
    ],
)
def test_the_first_outcome_that_matches(values: dict[str, float], stop: str, wanted: str) -> None:
    got = outcome_of(comparison(**values), stopped=bool(stop), stopped_early=stop == "early")
    assert got == wanted


def test_the_outcome_stands_on_cash_where_the_baseline_has_cash_benefits() -> None:
    poor = comparison(forecast_npv=-900, forecast_benefit=100)
    assert outcome_of(poor, comparison()) == Outcome.FAILED
    assert outcome_of(replace(poor, baseline_benefit=np.array([0.0])), comparison()) == Outcome.MET


def test_cash_and_the_whole_compare_the_same_classes() -> None:
    months = 12
    plan = Baseline(*(np.full((1, months), value) for value in (100.0, 20.0, 150.0, 60.0)))
    closed = until(8, months)
    late = until(5, months)
    lines = Lines(
        line(plan.cost_cash, closed),
        line(plan.cost_other, closed),
        line(plan.benefit_cash, closed),
        line(plan.benefit_other, late),
    )
    cash, whole = forecast.compare(lines, forecast.forecast(lines), plan, RATE)
    pv = finance.present_value(np.ones((1, months)), RATE)[0]
    assert cash.baseline_npv[0] == pytest.approx(50 * pv)
    assert whole.baseline_npv[0] == pytest.approx(90 * pv)
    assert (cash.baseline_pv_costs[0], whole.baseline_pv_costs[0]) == pytest.approx((100 * pv, 120 * pv))
    assert (cash.baseline_benefit[0], whole.baseline_benefit[0]) == (1_800, 2_520)
    assert (cash.benefit_months[0], whole.benefit_months[0]) == (8, 5)


@settings(deadline=None)
@given(data=st.data())
def test_outcomes_of_many_are_those_of_each(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 12))
    money = st.floats(-2_000, 2_000, allow_nan=False)

    def some() -> Comparison:
        columns = {
            field.name: np.array(data.draw(st.lists(money, min_size=count, max_size=count)))
            for field in fields(Comparison)
        }
        months = data.draw(st.lists(st.integers(0, 12), min_size=count, max_size=count))
        return Comparison(**{**columns, "benefit_months": np.array(months)})

    cash, whole = some(), some()
    early, stopped = (
        np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count))) for _ in range(2)
    )
    together = forecast.outcomes(stopped_early=early, stopped=stopped, cash=cash, whole=whole)
    for k in range(count):
        mine, all_mine = (
            Comparison(**{field.name: getattr(side, field.name)[k : k + 1] for field in fields(side)})
            for side in (cash, whole)
        )
        alone = outcome_of(mine, all_mine, stopped_early=bool(early[k]), stopped=bool(stopped[k]))
        assert alone == together.outcome[k]
        assert alone == by_rule(all_mine if mine.baseline_benefit[0] <= 0 else mine, early[k], stopped[k])


def by_rule(on: Comparison, stopped_early: bool, stopped: bool) -> str:
    """The rule of product.md once more, for one row."""
    if stopped_early:
        return "stopped_early"
    if stopped and on.forecast_npv[0] < 0:
        return "failed"
    if on.benefit_months[0] < 6:
        return "too_early"
    if on.forecast_npv[0] >= on.baseline_npv[0] - 0.05 * max(on.baseline_pv_costs[0], 0) - 5e-5:
        return "met"
    return "failed" if on.forecast_benefit[0] < 0.5 * on.baseline_benefit[0] - 5e-5 else "partly_met"


# Status


def colours(expected: list[float], baseline: list[float]) -> list[str]:
    got: list[str] = forecast.overrun_colour(np.array(expected), np.array(baseline)).tolist()
    return got


def test_cost_and_time_turn_amber_at_10_and_red_at_25_percent() -> None:
    assert colours([90, 100, 109.99, 110, 124.99, 125], [100] * 6) == [
        Colour.GREEN,
        Colour.GREEN,
        Colour.GREEN,
        Colour.AMBER,
        Colour.AMBER,
        Colour.RED,
    ]
    assert colours([3.3, 0.33], [3, 0.3]) == [Colour.AMBER, Colour.AMBER], "also where floats round down"
    assert colours([0, 1], [0, 0]) == [Colour.GREEN, Colour.RED]
    assert colours([math.nan, 1], [1, math.nan]) == [Colour.GREY, Colour.GREY]


def test_benefit_turns_amber_at_10_and_red_at_50_percent_short() -> None:
    attested = np.array([120.0, 100, 90.01, 90, 50.01, 50, 0, math.nan, 0])
    due = np.array([100.0, 100, 100, 100, 100, 100, 100, 100, 0])
    assert forecast.shortfall_colour(attested, due).tolist() == [
        Colour.GREEN,
        Colour.GREEN,
        Colour.GREEN,
        Colour.AMBER,
        Colour.AMBER,
        Colour.RED,
        Colour.RED,
        Colour.GREY,
        Colour.GREEN,
    ]


def test_risk_is_red_for_incident_or_block_and_amber_for_what_is_overdue() -> None:
    flags = np.array([[k >> bit & 1 == 1 for k in range(16)] for bit in range(4)])
    got = forecast.risk_colour(
        severe_incident=flags[0], blocked=flags[1], condition_overdue=flags[2], control_expired=flags[3]
    )
    wanted = [Colour.RED if k & 3 else Colour.AMBER if k else Colour.GREEN for k in range(16)]
    assert got.tolist() == wanted


def test_a_status_is_the_worst_colour_of_what_is_known() -> None:
    order = [Colour.GREY, Colour.GREEN, Colour.AMBER, Colour.RED]
    every = [(a, b, c, d) for a in order for b in order for c in order for d in order]
    columns = [np.array([str(parts[k]) for parts in every]) for k in range(4)]
    got = forecast.status(cost=columns[0], time=columns[1], benefit=columns[2], risk=columns[3])
    assert got.overall.tolist() == [max(parts, key=order.index) for parts in every]
    assert got.benefit.tolist() == columns[2].tolist()


def test_a_source_is_late_after_15_days() -> None:
    days = np.array([[14.0, math.nan], [15.0, 0.0], [-3.0, 40.0], [math.nan, math.nan]])
    assert forecast.has_late_source(days).tolist() == [False, True, True, False]


def test_a_forecast_names_its_four_lines() -> None:
    assert Forecast._fields == Lines._fields == Baseline._fields
