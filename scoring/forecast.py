"""Where an initiative is heading: forecast, outcome and status, from plan and actuals.

Pure: numbers in, numbers out. Arrays have the shape (initiatives, months), column 0 being the base month,
all in one currency and cut at the horizon. Rows are computed each by itself, as in finance.py. What runs
exactly on plan forecasts its plan bit for bit, since its factor is exactly 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scoring.finance import HALF_AN_AMOUNT, BoolArray, FloatArray, IntArray, present_value, total

TextArray = npt.NDArray[np.str_]


class Outcome(StrEnum):
    """How it ended, or what it is on course to."""

    MET = "met"
    PARTLY_MET = "partly_met"
    FAILED = "failed"
    STOPPED_EARLY = "stopped_early"
    TOO_EARLY = "too_early"


class Colour(StrEnum):
    """A status. Grey is "not known" for a part, and never wins over a colour."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    GREY = "grey"


@dataclass(frozen=True)
class ForecastSettings:
    """The settings of forecast, outcome and status."""

    prior_months: int = 6
    benefit_months_needed: int = 6
    met_within: float = 0.05
    failed_under: float = 0.5
    amber_over: float = 0.10
    red_over: float = 0.25
    amber_short: float = 0.10
    red_short: float = 0.50
    late_after_days: int = 15


DEFAULT_SETTINGS = ForecastSettings()


# Forecast


class Line(NamedTuple):
    """One side (cost or benefit) on one money line (cash or non-cash), all of shape (initiatives, months).

    `plan` is the current plan; `plan_then` the one that was current when each month began; `actual` what
    was posted, or attested; `closed` the months that are closed, for a benefit those that are attested.
    What stands in the other months of `plan_then` and `actual` doesn't matter.
    """

    plan: FloatArray
    plan_then: FloatArray
    actual: FloatArray
    closed: BoolArray


class LineForecast(NamedTuple):
    """The forecast of a line by month, and the terms it comes from, one per row.

    `observed` = actual / planned over the closed months, NaN where nothing was planned;
    `closed_months` = how many closed months had a plan above zero.
    """

    months: FloatArray
    factor: FloatArray
    observed: FloatArray
    closed_months: IntArray
    actual_to_date: FloatArray
    planned_to_date: FloatArray


def forecast_line(line: Line, settings: ForecastSettings = DEFAULT_SETTINGS) -> LineForecast:
    """Actuals of closed months, and for every other month the current plan times a factor.

    factor = (6 * 1 + n * observed) / (6 + n), n being the closed months with a plan above zero. Where
    nothing was planned yet the factor is 1. A month that is late to close keeps plan * factor.
    Raises ValueError if the shapes differ.
    """
    if not line.plan.shape == line.plan_then.shape == line.actual.shape == line.closed.shape:
        raise ValueError("plan, plan_then, actual and closed need one shape")
    actual = total(np.where(line.closed, line.actual, 0.0))
    planned = total(np.where(line.closed, line.plan_then, 0.0))
    count = (line.closed & (line.plan_then > 0)).sum(axis=1).astype(np.int64)
    has_plan = (planned > 0) & (count > 0)
    observed = np.where(has_plan, actual / np.where(has_plan, planned, 1.0), np.nan)
    learned = (settings.prior_months + count * observed) / (settings.prior_months + count)
    factor = np.where(has_plan, learned, 1.0)
    months = np.where(line.closed, line.actual, line.plan * factor[:, None])
    return LineForecast(months, factor, observed, count, actual, planned)


class Lines(NamedTuple):
    """The four lines of each initiative."""

    cost_cash: Line
    cost_other: Line
    benefit_cash: Line
    benefit_other: Line


class Forecast(NamedTuple):
    """The forecasts of the four lines."""

    cost_cash: LineForecast
    cost_other: LineForecast
    benefit_cash: LineForecast
    benefit_other: LineForecast

    @property
    def cost(self) -> FloatArray:
        """Forecast cost by month, cash and non-cash."""
        return self.cost_cash.months + self.cost_other.months

    @property
    def benefit(self) -> FloatArray:
        """Forecast benefit by month, cash and non-cash."""
        return self.benefit_cash.months + self.benefit_other.months


def forecast(lines: Lines, settings: ForecastSettings = DEFAULT_SETTINGS) -> Forecast:
    """The four lines forecast, each by its own factor."""
    return Forecast(*(forecast_line(line, settings) for line in lines))


def closed_benefit_months(lines: Sequence[Line]) -> IntArray:
    """How many months with a planned benefit are closed on every line that planned one for them."""
    planned = np.zeros(lines[0].plan_then.shape, bool)
    waiting = np.zeros(lines[0].plan_then.shape, bool)
    for line in lines:
        planned |= line.plan_then > 0
        waiting |= (line.plan_then > 0) & ~line.closed
    return np.asarray((planned & ~waiting).sum(axis=1), dtype=np.int64)


# Outcome


class Baseline(NamedTuple):
    """The plan frozen at G3 by month, aligned with the lines of the forecast."""

    cost_cash: FloatArray
    cost_other: FloatArray
    benefit_cash: FloatArray
    benefit_other: FloatArray


@dataclass(frozen=True)
class Comparison:
    """Forecast against baseline on one of the two named lines, one value per row.

    NaN in the baseline's fields says that there is no baseline.
    """

    forecast_npv: FloatArray
    baseline_npv: FloatArray
    baseline_pv_costs: FloatArray
    forecast_benefit: FloatArray
    baseline_benefit: FloatArray
    benefit_months: IntArray


def compare(
    lines: Lines, predicted: Forecast, baseline: Baseline, annual_rate: float
) -> tuple[Comparison, Comparison]:
    """The comparison on cash alone and the one including non-cash."""
    cash = _comparison(
        (predicted.cost_cash.months, predicted.benefit_cash.months),
        (baseline.cost_cash, baseline.benefit_cash),
        closed_benefit_months([lines.benefit_cash]),
        annual_rate,
    )
    whole = _comparison(
        (predicted.cost, predicted.benefit),
        (baseline.cost_cash + baseline.cost_other, baseline.benefit_cash + baseline.benefit_other),
        closed_benefit_months([lines.benefit_cash, lines.benefit_other]),
        annual_rate,
    )
    return cash, whole


def _comparison(
    predicted: tuple[FloatArray, FloatArray],
    planned: tuple[FloatArray, FloatArray],
    benefit_months: IntArray,
    annual_rate: float,
) -> Comparison:
    (cost, benefit), (baseline_cost, baseline_benefit) = predicted, planned
    return Comparison(
        forecast_npv=present_value(benefit - cost, annual_rate),
        baseline_npv=present_value(baseline_benefit - baseline_cost, annual_rate),
        baseline_pv_costs=present_value(baseline_cost, annual_rate),
        forecast_benefit=total(benefit),
        baseline_benefit=total(baseline_benefit),
        benefit_months=benefit_months,
    )


class Outcomes(NamedTuple):
    """The outcome of each row as the text of an `Outcome`, and whether it stands on cash alone."""

    outcome: TextArray
    on_cash: BoolArray


def outcomes(
    *,
    stopped_early: BoolArray,
    stopped: BoolArray,
    cash: Comparison,
    whole: Comparison,
    settings: ForecastSettings = DEFAULT_SETTINGS,
) -> Outcomes:
    """The outcome of each row, the first that matches; for a running one, what it is on course to.

    Stopped early; failed if stopped later with a negative return; too early until six benefit months are
    closed; met if the forecast NPV reaches the baseline NPV less 5 % of PV(baseline costs); failed if the
    benefits are under half of the baseline; else partly met. It is taken on cash where the baseline has
    cash benefits, else including non-cash. `stopped` are those stopped outside their pilot clock or first
    tranche; their forecast holds nothing that will no longer happen. Without a baseline it is too early.
    """
    on_cash = cash.baseline_benefit > 0

    def chosen(name: str) -> FloatArray:
        value: FloatArray = np.where(on_cash, getattr(cash, name), getattr(whole, name))
        return value

    npv, baseline_npv = chosen("forecast_npv"), chosen("baseline_npv")
    allowance = settings.met_within * np.maximum(chosen("baseline_pv_costs"), 0.0)
    enough = settings.failed_under * chosen("baseline_benefit")
    too_early = (chosen("benefit_months") < settings.benefit_months_needed) | np.isnan(baseline_npv)
    outcome = _first_match(
        (stopped_early, Outcome.STOPPED_EARLY),
        (stopped & (npv < 0), Outcome.FAILED),
        (too_early, Outcome.TOO_EARLY),
        (npv >= baseline_npv - allowance - HALF_AN_AMOUNT, Outcome.MET),
        (chosen("forecast_benefit") < enough - HALF_AN_AMOUNT, Outcome.FAILED),
        otherwise=Outcome.PARTLY_MET,
    )
    return Outcomes(outcome, on_cash)


def _first_match(*cases: tuple[BoolArray, StrEnum], otherwise: StrEnum) -> TextArray:
    texts = [np.array(str(text)) for _, text in cases]
    return np.select([condition for condition, _ in cases], texts, default=np.array(str(otherwise)))


# Status


class Status(NamedTuple):
    """The status of each row and its parts, as the text of a `Colour`."""

    overall: TextArray
    cost: TextArray
    time: TextArray
    benefit: TextArray
    risk: TextArray


def overrun_colour(
    expected: FloatArray, baseline: FloatArray, settings: ForecastSettings = DEFAULT_SETTINGS
) -> TextArray:
    """Cost or time against the baseline: amber from 10 % over, red from 25 %; grey where one is NaN."""
    over = expected - baseline
    return _by_share(over, baseline, settings.amber_over, settings.red_over)


def shortfall_colour(
    attested: FloatArray, baseline: FloatArray, settings: ForecastSettings = DEFAULT_SETTINGS
) -> TextArray:
    """Benefit through the last attested month: amber from 10 % short, red from 50 %; grey where NaN."""
    return _by_share(baseline - attested, baseline, settings.amber_short, settings.red_short)


def _by_share(worse: FloatArray, baseline: FloatArray, amber: float, red: float) -> TextArray:
    is_worse = worse > HALF_AN_AMOUNT
    return _first_match(
        (np.isnan(worse), Colour.GREY),
        (is_worse & (worse >= red * baseline - HALF_AN_AMOUNT), Colour.RED),
        (is_worse & (worse >= amber * baseline - HALF_AN_AMOUNT), Colour.AMBER),
        otherwise=Colour.GREEN,
    )


def risk_colour(
    *,
    severe_incident: BoolArray,
    blocked: BoolArray,
    condition_overdue: BoolArray,
    control_expired: BoolArray,
) -> TextArray:
    """Red: an open severe incident or a block. Amber: an overdue condition or an expired control."""
    return _first_match(
        (severe_incident | blocked, Colour.RED),
        (condition_overdue | control_expired, Colour.AMBER),
        otherwise=Colour.GREEN,
    )


def status(*, cost: TextArray, time: TextArray, benefit: TextArray, risk: TextArray) -> Status:
    """The worst colour of what is known; grey only where nothing is."""
    parts = (cost, time, benefit, risk)

    def any_is(colour: Colour) -> BoolArray:
        found: BoolArray = np.logical_or.reduce([part == str(colour) for part in parts])
        return found

    overall = _first_match(
        *((any_is(colour), colour) for colour in (Colour.RED, Colour.AMBER, Colour.GREEN)),
        otherwise=Colour.GREY,
    )
    return Status(overall, cost, time, benefit, risk)


def has_late_source(days_late: FloatArray, settings: ForecastSettings = DEFAULT_SETTINGS) -> BoolArray:
    """Whether a source missed its own reporting date by 15 days: the grey mark beside the status.

    `days_late` has shape (initiatives, sources); NaN is a source that isn't due.
    """
    return np.asarray((days_late >= settings.late_after_days).any(axis=1), dtype=np.bool_)
