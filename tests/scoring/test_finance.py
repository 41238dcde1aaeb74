"""finance.py against two libraries, an exact implementation, worked examples and its own promises."""

import math
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy_financial as npf
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import finance
from scoring.finance import (
    REFERENCE_CLASSES,
    FloatArray,
    IntArray,
    Plan,
    Quantile,
    Ratios,
    ReferenceClass,
    Returns,
    ReturnSettings,
)
from tests.scoring import oracles

pytestmark = pytest.mark.once

RATE = 0.08
MONTHLY = 1.08 ** (1 / 12) - 1
A_TENTH_A_MONTH = 1.1**12 - 1
FEW_ULPS = 1e-12


def rows(*flows: list[float]) -> FloatArray:
    width = max(len(flow) for flow in flows)
    return np.array([flow + [0.0] * (width - len(flow)) for flow in flows], dtype=np.float64)


def cents(rng: np.random.Generator, low: int, high: int, shape: tuple[int, ...]) -> FloatArray:
    return rng.integers(low, high, shape) / 100.0


def investments(rng: np.random.Generator, count: int, months: int) -> FloatArray:
    """Money out first and in later, one change of sign, some profitable and some not."""
    change = rng.integers(1, months - 1, count)[:, None]
    out = -cents(rng, 1, 5_000_000, (count, months))
    back = cents(rng, 1, 3_000_000, (count, months))
    return np.where(np.arange(months) < change, out, back)


def relative_error(got: FloatArray, wanted: FloatArray, scale: FloatArray) -> float:
    assert len(got) == len(wanted) > 0
    return float((np.abs(got - wanted) / scale).max())


# Against two libraries and exact arithmetic


def test_npv_agrees_with_two_libraries_on_10_000_flows() -> None:
    flows = cents(np.random.default_rng(1), -5_000_000, 5_000_000, (10_000, 48))
    got = finance.npv(flows, RATE)
    scale = finance.npv(np.abs(flows), RATE)
    theirs = np.array([pyxirr.npv(MONTHLY, row) for row in flows.tolist()])
    others = np.array([npf.npv(MONTHLY, row) for row in flows])
    assert relative_error(got, theirs, scale) < 1e-12
    assert relative_error(got, others, scale) < 1e-12
    assert relative_error(got, theirs, np.maximum(np.abs(theirs), 1000.0)) < 1e-9


def test_npv_agrees_with_exact_arithmetic() -> None:
    flows = cents(np.random.default_rng(2), -5_000_000, 5_000_000, (1_000, 60))
    got = finance.npv(flows, RATE)
    exact = np.array([float(oracles.decimal_present_value(row, "0.08")) for row in flows.tolist()])
    assert relative_error(got, exact, finance.npv(np.abs(flows), RATE)) < 1e-13


def test_irr_agrees_with_two_libraries_on_10_000_investments() -> None:
    flows = investments(np.random.default_rng(3), 10_000, 24)
    got = finance.irr(flows, RATE)
    assert (got.roots == 1).all()
    assert np.isnan(got.modified).all()
    theirs = np.array([pyxirr.irr(row) for row in flows.tolist()], dtype=np.float64)
    others = np.array([npf.irr(row) for row in flows[:1_000]])
    # Both libraries give up on some flows that lose nearly everything; those are few.
    for monthly, ours, least in ((theirs, got.rate, 9_500), (others, got.rate[:1_000], 950)):
        found = np.isfinite(monthly)
        assert found.sum() >= least
        annual = (1 + monthly[found]) ** 12
        # A library's own root is at times only good to 1e-10 a month.
        assert relative_error(ours[found] + 1, annual, annual) < 1e-8
        assert (np.abs(ours[found] + 1 - annual) <= 1e-9 * annual).mean() > 0.99


def test_irr_by_substitution_makes_every_investment_worth_nothing() -> None:
    flows = investments(np.random.default_rng(4), 2_000, 60)
    rates = finance.irr(flows, RATE).rate
    checked = 0
    for row, rate in zip(flows.tolist(), rates.tolist(), strict=True):
        # Near -1 a year, 1 + rate has too few digits left for the test to go back to a month.
        if rate < -0.999999:
            assert oracles.decimal_value_at(row, Decimal("0.32")) < 0
            continue
        growth = (1 + Decimal(rate)) ** (Decimal(1) / 12)
        below, above = (growth * (1 + Decimal(side) / 10**9) for side in (-1, 1))
        assert oracles.decimal_value_at(row, below) >= 0 >= oracles.decimal_value_at(row, above)
        checked += 1
    assert checked > 1_900


def whole_flows(rng: np.random.Generator, count: int) -> list[list[int]]:
    return [rng.integers(-6, 7, rng.integers(2, 10)).tolist() for _ in range(count)]


def changes_of_sign(flows: list[int]) -> int:
    signs = [flow > 0 for flow in flows if flow]
    return sum(a != b for a, b in pairwise(signs))


def test_irr_counts_the_roots_of_3_000_wild_flows_as_sturm_does() -> None:
    cases = whole_flows(np.random.default_rng(5), 3_000)
    # Products of (a - bx) have as many rates as factors, double ones among them.
    for a, b, c, d in np.random.default_rng(6).integers(1, 9, (600, 4)).tolist():
        cases.append(np.polymul([-b, a], [-d, c])[::-1].tolist())
    got = finance.irr(rows(*[[float(flow) for flow in case] for case in cases]), RATE)
    seen: dict[int, int] = {}
    for case, rate, modified, roots in zip(cases, got.rate, got.modified, got.roots, strict=True):
        changes = changes_of_sign(case)
        wanted = min(changes, 1) if changes < 2 else oracles.count_rates(case)
        assert roots == wanted, case
        assert math.isnan(rate) == (wanted != 1), case
        assert math.isnan(modified) == (changes < 2 or wanted == 1), case
        seen[wanted] = seen.get(wanted, 0) + 1
    assert all(seen.get(wanted, 0) > 50 for wanted in (0, 1, 2)), seen


def test_the_only_root_of_wild_flows_solves_them() -> None:
    rng = np.random.default_rng(7)
    flows = cents(rng, -2_000_000, 2_000_000, (2_000, 48))
    got = finance.irr(flows, RATE)
    checked = 0
    for row, rate, roots in zip(flows.tolist(), got.rate.tolist(), got.roots.tolist(), strict=True):
        if roots != 1 or rate < -0.999999:
            continue
        growth = (1 + Decimal(rate)) ** (Decimal(1) / 12)
        around = [oracles.decimal_value_at(row, growth * (1 + Decimal(side) / 10**8)) for side in (-1, 1)]
        assert around[0] * around[1] < 0
        checked += 1
    assert checked > 500


def test_mirr_agrees_with_two_libraries() -> None:
    flows = cents(np.random.default_rng(8), -2_000_000, 2_000_000, (3_000, 36))
    got = finance.irr(flows, RATE).modified
    without = np.flatnonzero(~np.isnan(got))
    assert len(without) > 500
    theirs = np.array([pyxirr.mirr(flows[k].tolist(), MONTHLY, MONTHLY) for k in without], dtype=np.float64)
    others = np.array([npf.mirr(flows[k], MONTHLY, MONTHLY) for k in without])
    for monthly in (theirs, others):
        annual = (1 + monthly) ** 12
        assert relative_error(got[without] + 1, annual, annual) < 1e-9


@pytest.mark.parametrize("annual_rate", ["0", "0.08"])
def test_payback_agrees_with_exact_arithmetic(annual_rate: str) -> None:
    rng = np.random.default_rng(9)
    flows = np.vstack([investments(rng, 1_000, 36), cents(rng, -900_000, 1_000_000, (1_000, 36))])
    got = finance.discounted_payback(flows, float(annual_rate))
    if annual_rate == "0":
        assert finance.payback(flows).tobytes() == got.tobytes()
    never = 0
    for row, months in zip(flows.tolist(), got.tolist(), strict=True):
        wanted = oracles.decimal_payback(row, annual_rate)
        if wanted is None:
            assert math.isnan(months)
            never += 1
        else:
            assert months == pytest.approx(float(wanted), rel=1e-9)
    assert 100 < never < 1_900


# Worked examples


def test_the_npv_example_of_microsofts_manual() -> None:
    """Microsoft Support, "NPV function": 10 % a period, first amount a period from now: 1,188.44."""
    flows = rows([0, -10_000, 3_000, 4_200, 6_800])
    assert finance.npv(flows, A_TENTH_A_MONTH)[0] == pytest.approx(1_188.44, abs=0.005)


def test_the_irr_examples_of_microsofts_manual() -> None:
    """Microsoft Support, "IRR function": after four periods -2.1 %, after five 8.7 %."""
    flows = rows([-70_000, 12_000, 15_000, 18_000, 21_000], [-70_000, 12_000, 15_000, 18_000, 21_000, 26_000])
    a_period = (finance.irr(flows, RATE).rate + 1) ** (1 / 12) - 1
    assert a_period.tolist() == pytest.approx([-0.021, 0.087], abs=0.0005)


def test_a_rate_outside_the_range_does_not_count() -> None:
    """Lorie & Savage (1955), the oil pump: -1,600, 10,000, -10,000 has 25 % and 400 %."""
    got = finance.irr(rows([-1_600, 10_000, -10_000]), RATE)
    assert got.roots[0] == 1
    assert got.rate[0] == pytest.approx(1.25**12 - 1, rel=1e-12)


def test_two_rates_are_none_and_the_modified_rate_stands_instead() -> None:
    got = finance.irr(rows([-100, 230, -132]), RATE)
    assert got.roots[0] == 2, "10 % and 20 %"
    assert math.isnan(got.rate[0])
    month = 1.08 ** (1 / 12)
    by_hand = (230 * month / (100 + 132 / month**2)) ** 6 - 1
    assert got.modified[0] == pytest.approx(by_hand, rel=1e-12)


def test_a_double_rate_is_one_rate() -> None:
    got = finance.irr(rows([-121, 220, -100]), RATE)
    assert got.roots[0] == 1
    # Next to a double root the value is flat, so that a float knows the rate only to half its digits.
    assert got.rate[0] == pytest.approx((100 / 110) ** 12 - 1, abs=1e-6)


def test_two_rates_that_nearly_meet_are_two() -> None:
    got = finance.irr(rows(np.convolve([-1.0, 1.0], [1.001, -1.0]).tolist()), RATE)
    assert got.roots[0] == 2


def test_the_ends_of_the_range() -> None:
    at_the_top = np.convolve([-1.0, 2.0], [1.0, -4.0])
    at_the_bottom = np.convolve([-10.0, 1.0], [1.0, -40.0])
    just_inside = np.convolve([-9.9, 1.0], [1.0, -40.0])
    got = finance.irr(rows(at_the_top.tolist(), at_the_bottom.tolist(), just_inside.tolist()), RATE)
    assert got.roots.tolist() == [1, 0, 1], "100 % a month is in, -90 % is out"
    assert got.rate[0] == 2.0**12 - 1


def test_no_change_of_sign_has_neither_rate() -> None:
    got = finance.irr(rows([1, 2, 3], [-1, 0, -1], [0, 0, 0]), RATE)
    assert np.isnan(got.rate).all()
    assert np.isnan(got.modified).all()
    assert got.roots.tolist() == [0, 0, 0]


def test_one_change_counts_however_far_its_rate_lies() -> None:
    got = finance.irr(rows([-1, 1_000_000], [-1_000_000, 0.01], [-100, 50, 50], [100, -100.5]), RATE)
    assert got.rate[0] == pytest.approx(1e6**12 - 1, rel=1e-9)
    assert got.rate[1] == -1.0
    assert got.rate[2] == 0.0
    assert got.rate[3] == pytest.approx(1.005**12 - 1, rel=1e-12)


def test_payback_by_hand() -> None:
    months = finance.payback(
        rows(
            [-100, 50, 50],
            [-100, 40, 40, 40],
            [-100, 150, -80, 60],
            [-100, 150, -80],
            [5, -5, 1],
            [5, 5],
            [0, 0],
            [-0.1, -0.2, 0.3],
        )
    )
    assert months[:4].tolist() == pytest.approx([2.0, 2.5, 2.5, math.nan], nan_ok=True)
    assert months[4:6].tolist() == [0.0, 0.0]
    assert math.isnan(months[6])
    assert months[7] == pytest.approx(2.0)


def test_ratios_by_hand_and_none_without_cost() -> None:
    got = finance.returns(rows([100, 0], [0, 0], [-10, 0]), rows([0, 150], [0, 5], [0, 5]))
    later = 150 / 1.08 ** (1 / 12)
    assert got.roi[0] == pytest.approx((later - 100) / 100, rel=1e-12)
    assert got.simple_roi[0] == 0.5
    assert got.profitability_index[0] == pytest.approx(later / 100, rel=1e-12)
    for ratio in (got.roi, got.simple_roi, got.profitability_index):
        assert np.isnan(ratio[1:]).all()


def test_a_portfolio_divides_the_sums_in_any_order() -> None:
    rng = np.random.default_rng(10)
    values, costs = (cents(rng, -9_000_000, 9_000_000, (500,)), cents(rng, 1, 9_000_000, (500,)))
    order = rng.permutation(500)
    assert finance.portfolio_roi(values, costs) == finance.portfolio_roi(values[order], costs[order])
    assert finance.portfolio_roi(values, costs) == pytest.approx(values.sum() / costs.sum(), rel=1e-9)
    assert math.isnan(finance.portfolio_roi(values[:0], costs[:0]))


# One and many


amounts = st.integers(-10_000_000, 10_000_000).map(lambda n: n / 100)
some_flows = st.lists(st.lists(amounts, min_size=1, max_size=30), min_size=2, max_size=9)


def bits(measures: Returns, row: int) -> list[bytes]:
    return [values[row].tobytes() for values in vars(measures).values()]


@settings(deadline=None)
@given(costs=some_flows, benefits=some_flows)
def test_one_row_and_many_give_the_same_bits(costs: list[list[float]], benefits: list[list[float]]) -> None:
    count = min(len(costs), len(benefits))
    own = [max(len(c), len(b)) for c, b in zip(costs[:count], benefits[:count], strict=True)]
    width = max(own) + 3
    cost, benefit = (
        rows(*costs[:count], [0.0] * width)[:count],
        rows(*benefits[:count], [0.0] * width)[:count],
    )
    together = finance.returns(cost, benefit)
    for row, months in enumerate(own):
        alone = finance.returns(cost[row : row + 1, :months], benefit[row : row + 1, :months])
        assert bits(alone, 0) == bits(together, row)


def test_a_row_among_ten_thousand_gives_the_same_bits() -> None:
    rng = np.random.default_rng(11)
    flows = np.vstack([investments(rng, 6_000, 40), cents(rng, -500_000, 900_000, (4_000, 40))])
    costs, benefits = np.maximum(-flows, 0), np.maximum(flows, 0)
    together = finance.returns(costs, benefits)
    backwards = finance.returns(np.asfortranarray(costs[::-1]), np.asfortranarray(benefits[::-1]))
    assert bits(backwards, slice(None, None, -1)) == bits(together, slice(None))  # type: ignore[arg-type]
    for row in rng.choice(10_000, 150, replace=False).tolist():
        alone = finance.returns(costs[row : row + 1], benefits[row : row + 1])
        assert bits(alone, 0) == bits(together, row)


def a_plan(rng: np.random.Generator, count: int, months: int) -> Plan:
    go_live = rng.integers(0, months // 2, count)
    delivery, run, benefit = cents(rng, 0, 5_000_000, (3, count, months))
    return Plan(delivery, run, benefit, go_live)


def any_class(rng: np.random.Generator, count: int) -> list[str]:
    return [str(name) for name in rng.choice(list(ReferenceClass), count)]


def test_a_plan_corrected_alone_and_among_others_gives_the_same_bits() -> None:
    rng = np.random.default_rng(12)
    plan = a_plan(rng, 400, 30)
    ratios = Ratios.at_p80(any_class(rng, 400))
    together = finance.corrected(plan, ratios)
    measures = finance.plan_returns(together)
    for row in range(0, 400, 7):
        one = slice(row, row + 1)
        mine = Ratios(ratios.cost[one], ratios.time[one], ratios.benefit[one])
        alone = finance.corrected(
            Plan(plan.delivery[one], plan.run[one], plan.benefit[one], plan.go_live[one]), mine
        )
        width = alone.run.shape[1]
        for got, among in zip(alone[:3], together[:3], strict=True):
            assert got.tobytes() == among[one, :width].tobytes()
            assert not among[one, width:].any()
        assert bits(finance.plan_returns(alone), 0) == bits(measures, row)


# Correction


def test_ratios_of_one_give_the_plan_back_bit_for_bit() -> None:
    plan = a_plan(np.random.default_rng(13), 200, 36)
    ones = np.ones(200)
    got = finance.corrected(plan, Ratios(ones, ones, ones))
    assert [part.tobytes() for part in got] == [part.tobytes() for part in plan]


def test_a_correction_by_hand() -> None:
    """Bought and integrated: 10 months become 13, cost times 1.41, benefit times .6."""
    delivery = rows([1_000.0] * 10 + [0.0] * 10)
    run, benefit = rows([0.0] * 10 + [50.0] * 10), rows([0.0] * 12 + [300.0] * 8)
    got = finance.corrected(Plan(delivery, run, benefit, np.array([10])), Ratios.at_p50(["bought"]))
    assert got.go_live.tolist() == [13]
    assert got.delivery[0].tolist() == pytest.approx([14_100 / 13] * 13 + [0.0] * 10)
    assert got.run[0].tolist() == pytest.approx([0.0] * 13 + [70.5] * 10)
    assert got.benefit[0].tolist() == pytest.approx([0.0] * 15 + [180.0] * 8)


def test_stretching_follows_exact_arithmetic() -> None:
    rng = np.random.default_rng(14)
    plan = a_plan(rng, 120, 20)
    plan = plan._replace(go_live=rng.integers(0, 24, 120))
    ratios = Ratios(rng.uniform(0.2, 3, 120), rng.uniform(0.3, 2.5, 120), rng.uniform(0.1, 1.5, 120))
    got = finance.corrected(plan, ratios)
    width = got.run.shape[1]
    faster = 0
    for row in range(120):
        before = int(plan.go_live[row])
        after = math.ceil(Fraction(before) * Fraction(float(ratios.time[row])))
        assert got.go_live[row] == after
        faster += after < before
        cost = float(ratios.cost[row])
        wanted = oracles.stretched_by_hand(plan.delivery[row].tolist(), before, after, cost, width)
        assert got.delivery[row].tolist() == pytest.approx([float(value) for value in wanted], abs=1e-6)
        for now, planned, ratio in (
            (got.run[row], plan.run[row], cost),
            (got.benefit[row], plan.benefit[row], float(ratios.benefit[row])),
        ):
            moved = [0.0] * width
            for t, value in enumerate(planned.tolist()):
                moved[max(t + after - before, 0)] += value * ratio
            assert now.tolist() == pytest.approx(moved)
    assert faster > 10


def test_months_to_go_live_round_up_but_not_for_float_noise() -> None:
    assert 25 * 2.2 > 55
    ones, flows = np.ones(2), np.ones((2, 30))
    plan = Plan(flows, flows, flows, np.array([25, 25]))
    assert finance.corrected(plan, Ratios(ones, np.array([2.2, 2.21]), ones)).go_live.tolist() == [55, 56]


def test_the_careful_correction_is_never_the_better_one() -> None:
    rng = np.random.default_rng(15)
    plan = a_plan(rng, 500, 36)
    classes = any_class(rng, 500)
    planned = finance.plan_returns(plan).npv
    middle = finance.plan_returns(finance.corrected(plan, Ratios.at_p50(classes))).npv
    careful = finance.plan_returns(finance.corrected(plan, Ratios.at_p80(classes))).npv
    assert (careful < middle).mean() > 0.95
    assert (middle < planned).mean() > 0.95


def test_the_reference_classes_are_those_of_the_product() -> None:
    table = {
        name: tuple(ratios.cost + ratios.time + ratios.benefit) for name, ratios in REFERENCE_CLASSES.items()
    }
    assert table == {
        "configured": (1.15, 1.40, 1.20, 1.40, 0.75, 0.55),
        "bought": (1.41, 1.80, 1.30, 1.60, 0.60, 0.40),
        "built": (1.60, 2.20, 1.54, 2.00, 0.44, 0.25),
        "novel": (2.00, 3.00, 1.54, 2.20, 0.30, 0.15),
    }
    assert set(finance.REFERENCE_CLASS_TITLES) == set(ReferenceClass)


def test_nothing_after_the_horizon_counts() -> None:
    months = 50
    plan = Plan(np.zeros((1, months)), np.zeros((1, months)), np.ones((1, months)), np.array([5]))
    assert finance.plan_returns(plan).total_benefits[0] == 5 + 36
    assert finance.plan_returns(plan, ReturnSettings(horizon_months=12)).total_benefits[0] == 5 + 12


def test_the_first_benefit_is_found() -> None:
    assert finance.months_to_benefit(rows([0, 0, 3], [1, 0, 0])).tolist() == [2.0, 0.0]
    assert math.isnan(finance.months_to_benefit(rows([0, 0]))[0])


# Experience


def test_experience_moves_the_middle_and_keeps_the_distance() -> None:
    prior = Quantile(1.6, 2.2)
    assert finance.learned(prior, [], more_is_worse=True) == pytest.approx(prior)
    got = finance.learned(prior, [1.0, 2.0, 99.0, 0.0], more_is_worse=True)
    assert got.p50 == pytest.approx((16 + 1 + 2 + 5 + 0.1) / 14)
    assert got.p80 == pytest.approx(got.p50 * 2.2 / 1.6)


@pytest.mark.parametrize("more_is_worse", [True, False])
def test_from_thirty_outcomes_on_the_careful_ratio_is_observed(more_is_worse: bool) -> None:
    observed = [0.5 + k / 30 for k in range(30)]
    early = finance.learned(Quantile(1.0, 1.5), observed[:29], more_is_worse=more_is_worse)
    assert early.p80 == pytest.approx(early.p50 * 1.5)
    late = finance.learned(Quantile(1.0, 1.5), observed[::-1], more_is_worse=more_is_worse)
    assert late.p80 == pytest.approx(float(np.percentile(observed, 80 if more_is_worse else 20)))


@given(st.lists(st.floats(0, 10), max_size=50))
def test_learned_ratios_stay_between_the_prior_and_what_was_seen(observed: list[float]) -> None:
    clipped = [min(max(ratio, 0.1), 5.0) for ratio in observed]
    got = finance.learned(Quantile(0.44, 0.25), observed, more_is_worse=False)
    assert min([0.44, *clipped]) - FEW_ULPS <= got.p50 <= max([0.44, *clipped]) + FEW_ULPS


# Earned value


def test_earned_value_by_hand() -> None:
    """Of 120 planned in all, 60 should be done, 50 is done, and it cost 55."""
    got = finance.earned_value(
        at_completion=np.array([120.0]),
        planned=np.array([60.0]),
        earned=np.array([50.0]),
        actual=np.array([55.0]),
        new_estimate=np.array([90.0]),
    )
    stated = {name: round(float(values[0]), 6) for name, values in vars(got).items()}
    assert stated == {
        "cpi": 0.909091,
        "spi": 0.833333,
        "eac_at_cpi": 132.0,
        "eac_at_plan": 125.0,
        "eac_new": 145.0,
        "etc_at_cpi": 77.0,
        "etc_at_plan": 70.0,
        "etc_new": 90.0,
        "vac_at_cpi": -12.0,
        "vac_at_plan": -5.0,
        "vac_new": -25.0,
        "tcpi": 1.076923,
    }


def test_a_zero_divisor_is_not_stated() -> None:
    zero, ten = np.array([0.0]), np.array([10.0])
    got = finance.earned_value(at_completion=ten, planned=zero, earned=zero, actual=zero)
    for values in (
        got.cpi,
        got.spi,
        got.eac_at_cpi,
        got.etc_at_cpi,
        got.vac_at_cpi,
        got.eac_new,
        got.etc_new,
    ):
        assert math.isnan(values[0])
    assert (got.eac_at_plan[0], got.tcpi[0]) == (10.0, 1.0)
    assert math.isnan(finance.earned_value(at_completion=ten, planned=ten, earned=ten, actual=ten).tcpi[0])
    assert math.isnan(
        finance.earned_value(at_completion=ten, planned=ten, earned=zero, actual=ten).eac_at_cpi[0]
    )


# Rounding and refusals


def test_money_rounds_to_the_minor_unit_and_the_rest_to_nine_places() -> None:
    assert finance.round_money(np.array([2.345001, -0.001, 1e9 + 0.126]), 2).tolist() == [
        2.35,
        0.0,
        1e9 + 0.13,
    ]
    assert math.copysign(1, finance.round_money(np.array([-0.001]), 2)[0]) == 1
    by_row: IntArray = np.array([0, 2, 3])
    assert finance.round_money(np.array([1.2346, 1.2346, 1.2346]), by_row).tolist() == [1.0, 1.23, 1.235]
    assert finance.round_money(np.array([0.5, 1.5, 2.5]), 0).tolist() == [0.0, 2.0, 2.0]
    assert finance.round_ratio(np.array([1 / 3]))[0] == 0.333333333
    assert math.isnan(finance.round_ratio(np.array([math.nan]))[0])


def test_measures_are_rounded_as_they_are_stored() -> None:
    flows = investments(np.random.default_rng(16), 50, 30)
    exact = finance.returns(np.maximum(-flows, 0), np.maximum(flows, 0))
    stored = exact.rounded(2)
    assert stored.npv.tolist() == [round(value, 2) for value in exact.npv.tolist()]
    assert stored.irr.tolist() == pytest.approx(exact.irr.tolist(), abs=6e-10, rel=1e-12, nan_ok=True)
    assert stored.irr_roots.tolist() == exact.irr_roots.tolist()
    assert stored.rounded(2).payback.tobytes() == stored.payback.tobytes()


def test_what_can_not_be_computed_is_refused() -> None:
    flows = rows([-1, 2])
    with pytest.raises(ValueError, match="months"):
        finance.npv(flows[:, :0], RATE)
    for rate in (-1.0, -2.0, math.nan):
        with pytest.raises(ValueError, match="above -1"):
            finance.npv(flows, rate)
        with pytest.raises(ValueError, match="above -1"):
            finance.monthly_rate(rate)
        with pytest.raises(ValueError, match="above -1"):
            ReturnSettings(annual_rate=rate)
    with pytest.raises(ValueError, match="horizon"):
        ReturnSettings(horizon_months=0)
    with pytest.raises(ValueError, match="finite"):
        finance.irr(rows([-1, math.nan]), RATE)
    with pytest.raises(ValueError, match="180"):
        finance.irr(np.zeros((1, 181)), RATE)
    with pytest.raises(ValueError, match="shape"):
        finance.returns(flows, flows[:, :1])
    plan = Plan(flows, flows, flows, np.array([0]))
    for wrong in (plan._replace(run=flows[:, :1]), plan._replace(go_live=np.array([-1]))):
        with pytest.raises(ValueError, match="need"):
            finance.plan_returns(wrong)


def test_nothing_in_gives_nothing_out() -> None:
    assert finance.returns(np.zeros((0, 12)), np.zeros((0, 12))).irr.shape == (0,)
    no_flows = np.zeros((0, 12))
    empty = Plan(no_flows, no_flows, no_flows, np.zeros(0, np.int64))
    assert finance.corrected(empty, Ratios.at_p50([])).run.shape == (0, 12)
    assert finance.monthly_rate(RATE) == pytest.approx(MONTHLY)
