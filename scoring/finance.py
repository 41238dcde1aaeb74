"""What a plan is worth: present values, returns, correction by reference class, earned value.

Pure: numbers in, numbers out. Arrays have the shape (initiatives, months); column 0 is the base month
(t = 0, not discounted). "None" in product.md is NaN here.

Every function computes a row from that row alone, month by month, with operations that IEEE 754 rounds
the same way everywhere (+ - * / and the square root; never a vectorised power, logarithm or pairwise
sum). So one row and a hundred thousand rows, and a row with zeros added behind it, give the same bits.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MONTHS_IN_A_YEAR = 12
# Amounts are multiples of 1e-4 units; a float sum of them within half of that around zero is zero.
HALF_AN_AMOUNT = 5e-5
# Rows handled at once: their months stay in the processor's cache.
BLOCK = 4096
# 32 to this power still fits into a float with any amount as its factor.
MOST_MONTHS = 180


@dataclass(frozen=True)
class ReturnSettings:
    """The settings of a return; they belong to a version of the scoring model."""

    annual_rate: float = 0.08
    horizon_months: int = 36
    experience_weight: int = 10
    experience_lowest: float = 0.1
    experience_highest: float = 5.0
    outcomes_for_observed_p80: int = 30

    def __post_init__(self) -> None:
        if not self.annual_rate > -1:
            raise ValueError(f"the discount rate must be above -1, got {self.annual_rate}")
        if self.horizon_months < 1:
            raise ValueError(f"the horizon needs at least one month, got {self.horizon_months}")


DEFAULT_SETTINGS = ReturnSettings()


# Present values and ratios


def monthly_rate(annual_rate: float) -> float:
    """The monthly rate that compounds to `annual_rate`: (1 + r)^(1/12) - 1."""
    if not annual_rate > -1:
        raise ValueError(f"the discount rate must be above -1, got {annual_rate}")
    return float((1 + annual_rate) ** (1 / MONTHS_IN_A_YEAR) - 1)


def present_value(flows: FloatArray, annual_rate: float) -> FloatArray:
    """Present value of monthly flows, one per row, not rounded.

    `flows` has shape (initiatives, months) in one currency, column 0 being the base month, not
    discounted. `annual_rate` is a fraction per year, compounded to a month as (1 + r)^(1/12) - 1.
    Raises ValueError for no months or a rate at or below -1.

    Source: Brealey, Myers & Allen, Principles of Corporate Finance, chapter 2. A spreadsheet's NPV()
    differs: it discounts its first amount by one period as well.
    """
    if flows.ndim != 2 or flows.shape[1] == 0 or not annual_rate > -1:
        raise ValueError(
            f"present_value() needs months and a rate above -1, got {flows.shape}, {annual_rate}"
        )
    factor = float((1 + annual_rate) ** (-1 / MONTHS_IN_A_YEAR))
    value, discount = np.zeros(len(flows)), 1.0
    for month in flows.T:
        value += month * discount
        discount *= factor
    return value


def npv(flows: FloatArray, annual_rate: float) -> FloatArray:
    """Net present value: the present value of benefit minus cost, one per row, not rounded."""
    return present_value(flows, annual_rate)


def total(flows: FloatArray) -> FloatArray:
    """Sum of each row, added month by month from the left."""
    value = np.zeros(len(flows))
    for month in flows.T:
        value += month
    return value


def roi(npv_: FloatArray, pv_costs: FloatArray) -> FloatArray:
    """Headline ROI = NPV / PV(costs), a ratio; NaN ("no cost") where PV(costs) <= 0."""
    return _ratio(npv_, pv_costs)


def simple_roi(total_benefits: FloatArray, total_costs: FloatArray) -> FloatArray:
    """Simple ROI = (sum of benefits - sum of costs) / sum of costs, undiscounted; NaN without cost."""
    return _ratio(total_benefits - total_costs, total_costs)


def profitability_index(pv_benefits: FloatArray, pv_costs: FloatArray) -> FloatArray:
    """Profitability index = PV(benefits) / PV(costs); NaN without cost."""
    return _ratio(pv_benefits, pv_costs)


def portfolio_roi(npvs: FloatArray, pv_costs: FloatArray) -> float:
    """Sum of NPV / sum of PV(costs), each at its own base month; NaN where there is no cost.

    Exact sums (math.fsum), so the order of the initiatives doesn't matter.
    """
    costs = math.fsum(pv_costs.tolist())
    return math.fsum(npvs.tolist()) / costs if costs > 0 else math.nan


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """The quotient where the denominator is positive, else NaN."""
    known = denominator > 0
    return np.where(known, numerator / np.where(known, denominator, 1.0), np.nan)


# Payback


def payback(flows: FloatArray) -> FloatArray:
    """Months from the base month until the cumulative net flow is paid back for good; NaN is never.

    It is the last crossing of zero from below, interpolated inside its month. A row that ends below
    zero never pays back. One that is never below zero and ends above it needs no time: 0.
    """
    return _last_crossing(flows, 1.0)


def discounted_payback(flows: FloatArray, annual_rate: float) -> FloatArray:
    """Like payback(), over flows discounted to the base month."""
    monthly_rate(annual_rate)
    return _last_crossing(flows, float((1 + annual_rate) ** (-1 / MONTHS_IN_A_YEAR)))


def _last_crossing(flows: FloatArray, factor: float) -> FloatArray:
    rows = len(flows)
    sum_so_far, discount = np.zeros(rows), 1.0
    was_below, ever_below = np.zeros(rows, bool), np.zeros(rows, bool)
    crossed = np.full(rows, np.nan)
    for t, month in enumerate(flows.T):
        before = sum_so_far
        sum_so_far = before + month * discount
        is_below = sum_so_far < -HALF_AN_AMOUNT
        crossing = was_below & ~is_below
        rise = np.where(crossing, sum_so_far - before, 1.0)
        crossed = np.where(crossing, (t - 1) + np.minimum(-before / rise, 1.0), crossed)
        ever_below |= is_below
        was_below = is_below
        discount *= factor
    crossed = np.where(~ever_below & (sum_so_far > HALF_AN_AMOUNT), 0.0, crossed)
    return np.where(was_below, np.nan, crossed)


# Internal rate of return

# Monthly rates in (-.9, 1] are x = 1 / (1 + i) in [.5, 10).
_LOWEST_X, _HIGHEST_X = 0.5, 10.0
# One sign change has one root anywhere. Beyond 32 the annual rate is -1 to the last bit; under 1e-19 no
# two amounts lie.
_OUTER_LOWEST_X, _OUTER_HIGHEST_X = 1e-19, 32.0
# Rounding of Horner's scheme over 180 months stays under this share of the terms.
_ZERO_SHARE = 1e-13
_LAST_STEP = 1e-10
_NEWTON_ROUNDS = 60
_STAGES = (0, 6, 10, 140)
_LOG_2, _SQUARE_ROOT_OF_HALF = math.log(2), math.sqrt(0.5)


class InternalRate(NamedTuple):
    """Annual internal rates, one per row.

    `rate` is the IRR, or NaN where there is none. `modified` is the MIRR where the flows change sign
    more than once and have no single root, else NaN. `roots` counts the roots that the rule looked at.
    """

    rate: FloatArray
    modified: FloatArray
    roots: IntArray


def irr(flows: FloatArray, annual_rate: float) -> InternalRate:
    """Internal rate of return by a rule that names what to do with several roots.

    No sign change: none. One: that root. More: the roots of the monthly rate in (-.9, 1]; exactly one is
    the IRR, else there is none and the MIRR with both rates at `annual_rate` stands instead. Annual
    rates: (1 + i)^12 - 1. A double root counts once. Shape (initiatives, months); raises ValueError for
    more than 180 months or for amounts that are not finite.

    Roots are counted without a grid: dividing by x^k between two months k where the sign changes and
    differentiating removes exactly that sign change, so the derivative's roots, found the same way,
    cut the range into pieces where the flows have at most one root (Descartes and Rolle). Flows whose
    running sums change sign once need no such cutting (Norstrom).
    """
    rows, months = flows.shape
    if months > MOST_MONTHS:
        raise ValueError(f"irr() takes at most {MOST_MONTHS} months, got {months}")
    if not np.isfinite(flows).all():
        raise ValueError("irr() takes finite amounts only")
    changes, first_sign = _sign_changes(flows)
    solution, modified = np.full(rows, np.nan), np.full(rows, np.nan)
    roots = (changes == 1).astype(np.int64)
    one, more = np.flatnonzero(changes == 1), np.flatnonzero(changes > 1)
    ends = np.ones(len(one))
    solution[one] = _solve(flows[one], ends * _OUTER_LOWEST_X, ends * _OUTER_HIGHEST_X, ends, first_sign[one])
    for block in _blocks(len(more), 8 * BLOCK):
        chosen = more[block]
        solution[chosen], roots[chosen] = _only_root(flows[chosen])
        without = chosen[np.isnan(solution[chosen])]
        modified[without] = _mirr(flows[without], annual_rate)
    return InternalRate(_annual(1.0 / solution), modified, roots)


def _blocks(rows: int, size: int = BLOCK) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, rows, size))


def _annual(growth: FloatArray) -> FloatArray:
    """(1 + i)^12 - 1 by multiplication only, which rounds the same in every batch."""
    to_2 = growth * growth
    to_4 = to_2 * to_2
    return to_4 * to_4 * to_4 - 1.0


def _sign_changes(flows: FloatArray) -> tuple[IntArray, FloatArray]:
    """How often each row changes sign, zeros left out, and its first sign."""
    changes, first = np.zeros(len(flows), np.int64), np.zeros(len(flows), np.int8)
    for block in _blocks(len(flows)):
        last = np.zeros(len(first[block]), np.int8)
        for sign in np.ascontiguousarray(np.sign(flows[block]).astype(np.int8).T):
            changes[block] += sign * last < 0
            last = np.where(sign == 0, last, sign)
            first[block] = np.where(first[block] == 0, sign, first[block])
    return changes, first.astype(np.float64)


def _signed_terms(flows: FloatArray) -> FloatArray:
    """Inflows and outflows apart, both positive: shape (months, 2, rows)."""
    terms = np.empty((flows.shape[1], 2, len(flows)))
    np.maximum(flows.T, 0.0, out=terms[:, 0])
    np.maximum(-flows.T, 0.0, out=terms[:, 1])
    return terms


def _at_with_slope(terms: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The two sums at x and their derivatives by x."""
    value, slope = np.zeros(terms.shape[1:]), np.zeros(terms.shape[1:])
    for month in terms[::-1]:
        slope *= x
        slope += value
        value *= x
        value += month
    return value, slope


def _signs_at(flows: FloatArray, points: FloatArray) -> FloatArray:
    """Sign of each row's present value at its points x, 0 where it is nothing but rounding."""
    value = np.zeros((points.shape[1], 2, len(flows)))
    x = np.ascontiguousarray(points.T)[:, None, :]
    for month in _signed_terms(flows)[::-1]:
        value *= x
        value += month
    inflow, outflow = value[:, 0], value[:, 1]
    difference = inflow - outflow
    is_zero = np.abs(difference) <= _ZERO_SHARE * (inflow + outflow)
    return np.where(is_zero, 0.0, np.sign(difference)).T


def _solve(
    flows: FloatArray, low: FloatArray, high: FloatArray, start: FloatArray, left_sign: FloatArray
) -> FloatArray:
    """The root x in (low, high) of each row, which has `left_sign` left of it.

    Newton's method on ln(inflows / outflows) over ln x, which is nearly a straight line for money; a step
    that leaves the bracket is replaced by halving it. A row stops by its own step, so its neighbours
    can't change it. The few rows that need many rounds go on together.
    """
    x, low, high = start.copy(), low.copy(), high.copy()
    waiting = np.arange(len(x))
    for first_round, end_round in pairwise(_STAGES):
        still_open = []
        for block in _blocks(len(waiting)):
            rows = waiting[block]
            bracket = _Bracket(x[rows], low[rows], high[rows], left_sign[rows], np.ones(len(rows), bool))
            _narrow(_signed_terms(flows[rows]), bracket, first_round, end_round)
            x[rows], low[rows], high[rows] = bracket.x, bracket.low, bracket.high
            still_open.append(rows[bracket.is_open])
        waiting = np.concatenate(still_open) if still_open else waiting
    return x


@dataclass
class _Bracket:
    """Where each root is known to lie, and the present guess."""

    x: FloatArray
    low: FloatArray
    high: FloatArray
    left_sign: FloatArray
    is_open: BoolArray


def _narrow(terms: FloatArray, b: _Bracket, first_round: int, end_round: int) -> None:
    """Take the rounds of Newton's method, or of halving, on the rows that are still open."""
    with np.errstate(all="ignore"):
        for round_ in range(first_round, end_round):
            (inflow, outflow), (inflow_slope, outflow_slope) = _at_with_slope(terms, b.x)
            sign = np.sign(inflow - outflow)
            is_left = sign == b.left_sign
            b.low = np.where(b.is_open & is_left, b.x, b.low)
            b.high = np.where(b.is_open & ~is_left, b.x, b.high)
            step = -_log(inflow / outflow) / (b.x * (inflow_slope / inflow - outflow_slope / outflow))
            step = np.minimum(np.maximum(step, -1.0), 1.0)
            newton = b.x * (1.0 + step / 2.0) / (1.0 - step / 2.0)
            may_step = (newton > b.low) & (newton < b.high) & (round_ < _NEWTON_ROUNDS)
            # At the end of the bracket a tiny step may point just outside: the point itself is the root.
            stays = (sign == 0) | ((np.abs(step) <= _LAST_STEP) & ~may_step)
            following = np.where(may_step, newton, np.sqrt(b.low) * np.sqrt(b.high))
            b.x = np.where(b.is_open & ~stays, following, b.x)
            b.is_open &= ~(stays | (np.abs(step) <= _LAST_STEP) | (b.high <= b.low * (1.0 + 4e-16)))
            if not b.is_open.any():
                return


def _log(ratio: FloatArray) -> FloatArray:
    """The natural logarithm, roughly: exact to the third order near 1, else within 2 %, in any batch."""
    mantissa, exponent = np.frexp(ratio)
    small = mantissa < _SQUARE_ROOT_OF_HALF
    mantissa = np.where(small, mantissa * 2.0, mantissa)
    return (exponent - small) * _LOG_2 + 2.0 * (mantissa - 1.0) / (mantissa + 1.0)


def _isolate(flows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points of [.5, 10] between which each row has at most one root, and the signs there.

    Both have shape (rows, points); rows with fewer points repeat the upper end.
    """
    changes, _ = _sign_changes(flows)
    calm = _is_calm(flows)
    inner = np.where(calm, 1.0, np.nan)[:, None]
    wild = np.flatnonzero((changes > 1) & ~calm)
    if len(wild):
        found = _roots(_without_first_change(flows[wild]))
        inner = np.hstack([inner, np.full((len(flows), max(found.shape[1] - 1, 0)), np.nan)])
        inner[wild, : found.shape[1]] = found
    ends = np.ones((len(flows), 1))
    points = np.hstack([ends * _LOWEST_X, np.where(np.isnan(inner), _HIGHEST_X, inner), ends * _HIGHEST_X])
    return points, _signs_at(flows, points)


def _is_calm(flows: FloatArray) -> BoolArray:
    """Whether a row has at most one root on either side of x = 1, and none there.

    As many roots lie below 1 as the sums from the left change sign, or an even number fewer, because the
    sums are the coefficients of flows / (1 - x); for roots above 1 the sums from the right say the same.
    """
    months = flows.T
    noise = np.zeros(len(flows))
    for month in months:
        noise += np.abs(month)
    noise *= _ZERO_SHARE
    calm = np.ones(len(flows), bool)
    for ordered in (months, months[::-1]):
        running, last = np.zeros(len(flows)), np.zeros(len(flows))
        changes = np.zeros(len(flows), np.int64)
        for month in ordered:
            running += month
            sign = np.where(np.abs(running) <= noise, 0.0, np.sign(running))
            changes += sign * last < 0
            last = np.where(sign == 0, last, sign)
        calm &= (changes <= 1) & (np.abs(running) > noise)
    return calm


def _without_first_change(flows: FloatArray) -> FloatArray:
    """The derivative of flows / x^k, k lying between the months of the first sign change.

    Its months have the signs of the flows after the change and the opposite ones before: one change less.
    """
    first, k = np.zeros(len(flows)), np.full(len(flows), np.nan)
    for t, sign in enumerate(np.sign(np.ascontiguousarray(flows.T))):
        k = np.where(np.isnan(k) & (sign * first < 0), t - 0.5, k)
        first = np.where(first == 0, sign, first)
    # A power of two keeps the numbers in range over many derivatives and changes no bit.
    distance: FloatArray = (np.arange(flows.shape[1]) - k[:, None]) / 64.0
    return flows * distance


def _root_marks(signs: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Which points are roots themselves, and which intervals between points hold one."""
    zero = signs[:, :-1] == 0
    # Neighbouring points that are both zero are one root: the flows are monotone between them.
    zero[:, 1:] &= signs[:, :-2] != 0
    return zero, signs[:, :-1] * signs[:, 1:] < 0


def _solve_interval(flows: FloatArray, points: FloatArray, signs: FloatArray, which: IntArray) -> FloatArray:
    """The root of each row in its interval number `which`."""
    rows = np.arange(len(points))
    low, high = points[rows, which], points[rows, which + 1]
    # The root is likely near x = 1, a rate of nothing.
    start = np.where((low < 1.0) & (high > 1.0), 1.0, np.sqrt(low) * np.sqrt(high))
    return _solve(flows, low, high, start, signs[rows, which])


def _roots(flows: FloatArray) -> FloatArray:
    """All roots x in [.5, 10) of each row, ascending, NaN behind them: shape (rows, most roots)."""
    points, signs = _isolate(flows)
    at_point, between = _root_marks(signs)
    found = np.full((len(flows), 2 * between.shape[1]), np.nan)
    found[:, 0::2] = np.where(at_point, points[:, :-1], np.nan)
    rows, which = np.nonzero(between)
    found[rows, 2 * which + 1] = _solve_interval(flows[rows], points[rows], signs[rows], which)
    found.sort(axis=1)
    return found[:, : int((~np.isnan(found)).sum(axis=1).max(initial=0))]


def _only_root(flows: FloatArray) -> tuple[FloatArray, IntArray]:
    """The root x of the rows that have exactly one in [.5, 10), else NaN, and how many each has."""
    points, signs = _isolate(flows)
    at_point, between = _root_marks(signs)
    found = (at_point.sum(axis=1) + between.sum(axis=1)).astype(np.int64)
    single_point = (found == 1) & at_point.any(axis=1)
    x = np.where(single_point, points[np.arange(len(points)), at_point.argmax(axis=1)], np.nan)
    rows = np.flatnonzero((found == 1) & ~single_point)
    x[rows] = _solve_interval(flows[rows], points[rows], signs[rows], between[rows].argmax(axis=1))
    return x, found


def _mirr(flows: FloatArray, annual_rate: float) -> FloatArray:
    """Modified IRR, annual, financing and reinvestment both at `annual_rate`.

    Over the months up to the row's last flow, so that zeros behind it change nothing. The power is taken
    one number at a time: a vectorised one may round otherwise in another batch.
    """
    inflow = present_value(np.maximum(flows, 0.0), annual_rate)
    outflow = present_value(np.maximum(-flows, 0.0), annual_rate)
    months = (flows.shape[1] - 1) - np.argmax(flows[:, ::-1] != 0, axis=1)
    return np.array(
        [
            (1 + annual_rate) * math.pow(plus / minus, MONTHS_IN_A_YEAR / last) - 1
            for plus, minus, last in zip(inflow.tolist(), outflow.tolist(), months.tolist(), strict=True)
        ],
        dtype=np.float64,
    )


# Everything about a plan at once


@dataclass(frozen=True)
class Returns:
    """The measures of each row; every field has shape (initiatives,). NaN means there is none."""

    npv: FloatArray
    pv_costs: FloatArray
    pv_benefits: FloatArray
    total_costs: FloatArray
    total_benefits: FloatArray
    roi: FloatArray
    simple_roi: FloatArray
    profitability_index: FloatArray
    irr: FloatArray
    mirr: FloatArray
    irr_roots: IntArray
    payback: FloatArray
    discounted_payback: FloatArray

    def rounded(self, minor_digits: int | IntArray) -> Self:
        """The measures as they are stored: money to the minor unit, the others to 1e-9."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in values.items():
            if name in MONEY_MEASURES:
                values[name] = round_money(value, minor_digits)
            elif name != "irr_roots":
                values[name] = round_ratio(value)
        return type(self)(**values)


MONEY_MEASURES = frozenset({"npv", "pv_costs", "pv_benefits", "total_costs", "total_benefits"})


def returns(costs: FloatArray, benefits: FloatArray, settings: ReturnSettings = DEFAULT_SETTINGS) -> Returns:
    """All measures of monthly costs and benefits, shape (initiatives, months), not rounded."""
    if costs.shape != benefits.shape:
        raise ValueError(f"costs and benefits need one shape, got {costs.shape} and {benefits.shape}")
    rate = settings.annual_rate
    flows = benefits - costs
    value = npv(flows, rate)
    pv_costs, pv_benefits = present_value(costs, rate), present_value(benefits, rate)
    total_costs, total_benefits = total(costs), total(benefits)
    internal = irr(flows, rate)
    return Returns(
        npv=value,
        pv_costs=pv_costs,
        pv_benefits=pv_benefits,
        total_costs=total_costs,
        total_benefits=total_benefits,
        roi=roi(value, pv_costs),
        simple_roi=simple_roi(total_benefits, total_costs),
        profitability_index=profitability_index(pv_benefits, pv_costs),
        irr=internal.rate,
        mirr=internal.modified,
        irr_roots=internal.roots,
        payback=payback(flows),
        discounted_payback=discounted_payback(flows, rate),
    )


def within_horizon(flows: FloatArray, go_live: IntArray, horizon_months: int) -> FloatArray:
    """The flows with every month from `go_live` + horizon on set to zero; nothing stands for later value."""
    months = np.arange(flows.shape[1])
    return np.where(months < (go_live + horizon_months)[:, None], flows, 0.0)


def months_to_benefit(benefits: FloatArray) -> FloatArray:
    """Months from the base month to the first benefit; NaN where there is none."""
    return np.where((benefits > 0).any(axis=1), np.argmax(benefits > 0, axis=1).astype(np.float64), np.nan)


# Rounding for storage


def round_money(values: FloatArray, minor_digits: int | IntArray) -> FloatArray:
    """Measures in money on the currency's minor unit (2 digits for EUR, 0 for JPY), half to even."""
    scale = np.power(np.int64(10), minor_digits).astype(np.float64)
    # Adding zero turns -0.0 into 0.0, so that nobody reads "-0.00".
    return np.asarray(np.rint(values * scale) / scale + 0.0, dtype=np.float64)


def round_ratio(values: FloatArray) -> FloatArray:
    """Ratios, rates, months and points to 1e-9."""
    return np.asarray(np.rint(values * 1e9) / 1e9 + 0.0, dtype=np.float64)


# Correction by reference class


class ReferenceClass(StrEnum):
    """Kinds of initiative whose past plans and actuals are compared."""

    CONFIGURED = "configured"
    BOUGHT = "bought"
    BUILT = "built"
    NOVEL = "novel"


REFERENCE_CLASS_TITLES: Mapping[ReferenceClass, str] = MappingProxyType(
    {
        ReferenceClass.CONFIGURED: "Configured service",
        ReferenceClass.BOUGHT: "Bought and integrated",
        ReferenceClass.BUILT: "Built on own data",
        ReferenceClass.NOVEL: "Novel or agentic",
    }
)


class Quantile(NamedTuple):
    """A ratio actual / planned at P50 and P80. P80 is the careful one: more cost, less benefit."""

    p50: float
    p80: float


@dataclass(frozen=True)
class ClassRatios:
    """Ratios actual / planned of one reference class."""

    cost: Quantile
    time: Quantile
    benefit: Quantile


REFERENCE_CLASSES: Mapping[ReferenceClass, ClassRatios] = MappingProxyType(
    {
        ReferenceClass.CONFIGURED: ClassRatios(
            Quantile(1.15, 1.40), Quantile(1.20, 1.40), Quantile(0.75, 0.55)
        ),
        ReferenceClass.BOUGHT: ClassRatios(Quantile(1.41, 1.80), Quantile(1.30, 1.60), Quantile(0.60, 0.40)),
        ReferenceClass.BUILT: ClassRatios(Quantile(1.60, 2.20), Quantile(1.54, 2.00), Quantile(0.44, 0.25)),
        ReferenceClass.NOVEL: ClassRatios(Quantile(2.00, 3.00), Quantile(1.54, 2.20), Quantile(0.30, 0.15)),
    }
)


@dataclass(frozen=True)
class Ratios:
    """One ratio actual / planned per initiative; each field has shape (initiatives,)."""

    cost: FloatArray
    time: FloatArray
    benefit: FloatArray

    @classmethod
    def at_p50(
        cls, classes: Sequence[str], table: Mapping[ReferenceClass, ClassRatios] = REFERENCE_CLASSES
    ) -> Self:
        """The middle ratios of each initiative's class."""
        return cls._of(classes, table, 0)

    @classmethod
    def at_p80(
        cls, classes: Sequence[str], table: Mapping[ReferenceClass, ClassRatios] = REFERENCE_CLASSES
    ) -> Self:
        """The careful ratios of each initiative's class."""
        return cls._of(classes, table, 1)

    @classmethod
    def _of(cls, classes: Sequence[str], table: Mapping[ReferenceClass, ClassRatios], quantile: int) -> Self:
        known = {
            str(name): (r.cost[quantile], r.time[quantile], r.benefit[quantile]) for name, r in table.items()
        }
        columns = np.array([known[name] for name in classes], dtype=np.float64).reshape(-1, 3)
        return cls(*np.ascontiguousarray(columns.T))


class Plan(NamedTuple):
    """Planned money by month, shape (initiatives, months), and the column in which each goes live."""

    delivery: FloatArray
    run: FloatArray
    benefit: FloatArray
    go_live: IntArray


def corrected(plan: Plan, ratios: Ratios) -> Plan:
    """The plan as its reference class would have it turn out.

    Months to go-live are stretched by the time ratio and rounded up. Delivery cost as a whole takes the
    cost ratio and is spread over the stretched months in the proportions planned; what is planned for
    delivery after go-live shifts by the delay. Run cost takes the cost ratio and benefit the benefit
    ratio, and both shift by the delay. Ratios of 1 give the plan back, bit for bit. The result has as
    many more months as the longest delay.
    """
    _check_plan(plan)
    months = plan.delivery.shape[1]
    stretched = _stretched(plan.go_live, ratios.time)
    width = months + int(np.maximum(stretched - plan.go_live, 0).max(initial=0))
    delivery, run, benefit = (np.zeros((len(stretched), width)) for _ in range(3))
    pairs, group = np.unique(np.stack([plan.go_live, stretched], axis=1), axis=0, return_inverse=True)
    by_group = np.argsort(group.ravel(), kind="stable")
    ends = np.searchsorted(group.ravel()[by_group], np.arange(len(pairs)), side="right")
    start = 0
    for (before, after), end in zip(pairs.tolist(), ends.tolist(), strict=True):
        rows = by_group[start:end]
        start = end
        cost_ratio, benefit_ratio = ratios.cost[rows, None], ratios.benefit[rows, None]
        delivery[rows] = _stretch(plan.delivery[rows] * cost_ratio, before, after, width)
        run[rows] = _shift(plan.run[rows] * cost_ratio, after - before, width)
        benefit[rows] = _shift(plan.benefit[rows] * benefit_ratio, after - before, width)
    return Plan(delivery, run, benefit, stretched)


def plan_returns(plan: Plan, settings: ReturnSettings = DEFAULT_SETTINGS) -> Returns:
    """All measures of a plan, submitted or corrected, up to the horizon after its go-live."""
    _check_plan(plan)
    cut = (within_horizon(part, plan.go_live, settings.horizon_months) for part in plan[:3])
    delivery, run, benefit = cut
    return returns(delivery + run, benefit, settings)


def _check_plan(plan: Plan) -> None:
    if not plan.delivery.shape == plan.run.shape == plan.benefit.shape:
        raise ValueError("delivery, run and benefit need one shape")
    if plan.go_live.shape != (len(plan.delivery),) or (plan.go_live < 0).any():
        raise ValueError("every initiative needs a go-live month at or after the base month")


def _stretched(months: IntArray, ratio: FloatArray) -> IntArray:
    """Months times ratio, rounded up; what is whole but for float rounding (10 * 1.1) stays whole."""
    return np.ceil(months * ratio - 1e-9).astype(np.int64)


def _shift(flows: FloatArray, delay: int, width: int) -> FloatArray:
    """The flows `delay` months later; what a negative delay moves before the base month falls into it."""
    shifted = np.zeros((len(flows), width))
    for t, month in enumerate(flows.T):
        shifted[:, max(t + delay, 0)] += month
    return shifted


def _stretch(flows: FloatArray, before: int, after: int, width: int) -> FloatArray:
    """The flows of the first `before` months spread over `after` months; later flows shift."""
    months = flows.shape[1]
    spread = np.zeros((len(flows), width))
    for t in range(min(before, months)):
        month = flows[:, t]
        if after == 0:
            spread[:, 0] += month
            continue
        # Month t covers [t, t + 1) * after / before; the shares are exact whole numbers over `after`.
        for s in range(t * after // before, min(-(-(t + 1) * after // before), width)):
            overlap = min((s + 1) * before, (t + 1) * after) - max(s * before, t * after)
            spread[:, s] += month * (overlap / after)
    for t in range(before, months):
        spread[:, t + after - before] += flows[:, t]
    return spread


def learned(
    prior: Quantile,
    observed: Sequence[float] | FloatArray,
    *,
    more_is_worse: bool,
    settings: ReturnSettings = DEFAULT_SETTINGS,
) -> Quantile:
    """A class ratio after experience, from the ratios actual / planned observed in finished initiatives.

    P50 = (10 * prior + sum of observed) / (10 + n), observed clipped to [.1, 5]. P80 keeps its distance,
    P50 * prior P80 / prior P50, until 30 outcomes; from then on it is the observed one: the 80th
    percentile where more is worse (cost, time), the 20th where less is worse (benefit).
    """
    ratios = sorted(
        min(max(float(ratio), settings.experience_lowest), settings.experience_highest) for ratio in observed
    )
    weight = settings.experience_weight
    p50 = (weight * prior.p50 + math.fsum(ratios)) / (weight + len(ratios))
    if len(ratios) < settings.outcomes_for_observed_p80:
        return Quantile(p50, p50 * prior.p80 / prior.p50)
    return Quantile(p50, _percentile(ratios, 0.8 if more_is_worse else 0.2))


def _percentile(ascending: Sequence[float], share: float) -> float:
    """Percentile with linear interpolation between the two nearest values."""
    place = share * (len(ascending) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (place - below) * (ascending[above] - ascending[below])


# Earned value


@dataclass(frozen=True)
class EarnedValue:
    """Earned-value measures, one per row; NaN is "not stated", where a divisor is zero.

    `eac_at_cpi` = BAC / CPI (the rest goes as it went), `eac_at_plan` = AC + BAC - EV (the rest goes to
    plan), `eac_new` = AC + a new estimate of the rest. ETC = EAC - AC and VAC = BAC - EAC come for each.
    """

    cpi: FloatArray
    spi: FloatArray
    eac_at_cpi: FloatArray
    eac_at_plan: FloatArray
    eac_new: FloatArray
    etc_at_cpi: FloatArray
    etc_at_plan: FloatArray
    etc_new: FloatArray
    vac_at_cpi: FloatArray
    vac_at_plan: FloatArray
    vac_new: FloatArray
    tcpi: FloatArray


def earned_value(
    *,
    at_completion: FloatArray,
    planned: FloatArray,
    earned: FloatArray,
    actual: FloatArray,
    new_estimate: FloatArray | None = None,
) -> EarnedValue:
    """Earned value from BAC, planned value, earned value and actual cost of delivery to date.

    `new_estimate` is a new estimate of the remaining cost, NaN or left out where there is none.
    CPI = EV / AC, SPI = EV / PV, TCPI = (BAC - EV) / (BAC - AC).

    Source: PMI, The Standard for Earned Value Management (2019).
    """
    rest = np.full(len(actual), np.nan) if new_estimate is None else new_estimate
    cpi = _quotient(earned, actual)
    at_cpi = _quotient(at_completion, cpi)
    at_plan = actual + at_completion - earned
    new = actual + rest
    return EarnedValue(
        cpi=cpi,
        spi=_quotient(earned, planned),
        eac_at_cpi=at_cpi,
        eac_at_plan=at_plan,
        eac_new=new,
        etc_at_cpi=at_cpi - actual,
        etc_at_plan=at_plan - actual,
        etc_new=new - actual,
        vac_at_cpi=at_completion - at_cpi,
        vac_at_plan=at_completion - at_plan,
        vac_new=at_completion - new,
        tcpi=_quotient(at_completion - earned, at_completion - actual),
    )


def _quotient(numerator: FloatArray, divisor: FloatArray) -> FloatArray:
    """The quotient, NaN where the divisor is zero or not stated."""
    stated = (divisor != 0) & ~np.isnan(divisor)
    return np.where(stated, numerator / np.where(stated, divisor, 1.0), np.nan)
