"""From facts to returns: one vectorised computation for one initiative and for all.

Everything is computed row by row with whole numbers, or with the functions of finance.py and forecast.py,
which give a row the same bits whatever stands beside it. So a rebuild of all equals what was computed for
each alone. Amounts are whole numbers of 10^-4 units of the base currency until a measure is made of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

import numpy as np
from django.conf import settings

from portfolio import case as case_document
from portfolio import money
from portfolio.models import ClosedKind, OutcomeClass, RiskFlag, Stage
from scoring import finance, forecast
from scoring.finance import BoolArray, FloatArray, IntArray, Plan, Ratios
from scoring.forecast import TextArray
from scoring.models import Status
from scoring.positions.facts import (
    BASE,
    CASH,
    CLASSES,
    CURRENCIES,
    DELIVERY,
    NO_DAY,
    NO_MONTH,
    OTHER,
    RUN,
    Columns,
    Facts,
    Rules,
    days_of,
    fiscal_years_of,
    month_of,
)

RatioTable: TypeAlias = Callable[[Sequence[str]], Ratios]

FORMULA = "return-1"
# Null of an amount that there may be none of.
NO_AMOUNT = -(2**63)
NO_CHOICE = -1
# Work at once: some hundred megabytes at most, whatever the size of the portfolio.
BLOCK = 10_000
DIGITS = money.minor_digits(settings.BASE_CURRENCY)
FUNDED = tuple(Stage.values.index(stage) for stage in (Stage.PILOT, Stage.SCALING, Stage.OPERATING))
BEFORE_OPERATION = FUNDED[:2]
DAYS_IN_A_MONTH = 365.25 / 12

YEAR_COLUMNS = (
    "planned_cost", "planned_benefit", "planned_cash_benefit",
    "baseline_cost", "baseline_benefit", "baseline_cash_benefit",
    "actual_cost", "claimed_benefit", "attested_benefit", "attested_cash_benefit",
    "forecast_cost", "forecast_benefit", "forecast_cash_benefit",
)  # fmt: skip


@dataclass(frozen=True)
class Flows:
    """The months that the figures of each row are made of, shape (initiatives, months), from `base` on.

    Amounts are whole numbers of 10^-4 units of the base currency, cut at the horizon.
    """

    base: IntArray
    go_live: IntArray
    classes: Sequence[str]
    baseline_go_live: IntArray  # of the first baseline, like its class
    baseline_classes: Sequence[str]
    planned: IntArray  # by line: delivery, run, cash, other
    baseline: IntArray
    actual: IntArray
    to_date: IntArray  # cost and benefit over months closed for both: on cash, then of all
    attested: IntArray  # cash, other
    forecast: IntArray  # cost, cash, other
    factors: FloatArray  # cost, cash, other
    cost_is_closed: BoolArray
    benefit_is_closed: BoolArray  # cash, other


@dataclass(frozen=True)
class Provenance:
    """What a computation was made of: through which `seq`, on which day, by which formula and model."""

    seq: int
    on: date
    model_version: int

    @property
    def formula(self) -> str:
        """As it stands in the position."""
        return f"{FORMULA} model-{self.model_version}"


@dataclass(frozen=True)
class Computed:
    """Returns of many initiatives: a column for each field of ReturnPosition, and rows for ReturnYear.

    Months are counted from January 1970, choices are places in their list, NaN, NO_AMOUNT, NO_MONTH and 0
    for a reference are null. `faults` says for which initiatives there is no return, and why.
    """

    provenance: Provenance
    ids: IntArray
    columns: dict[str, IntArray | FloatArray]
    years: Columns
    faults: dict[int, str] = field(default_factory=dict)
    flows: Flows | None = None

    def __len__(self) -> int:
        return len(self.ids)


def compute(facts: Facts, rules: Rules, on: date, *, keep_flows: bool = False) -> Computed:
    """The returns of the initiatives of `facts`, with closed months and delays as of the day `on`."""
    return _Block(facts, rules, on).computed(keep_flows=keep_flows)


def joined(parts: Sequence[Computed], provenance: Provenance) -> Computed:
    """Many blocks as one."""
    if len(parts) == 1:
        return parts[0]
    return Computed(
        provenance=provenance,
        ids=np.concatenate([part.ids for part in parts]) if parts else np.zeros(0, np.int64),
        columns={
            name: np.concatenate([part.columns[name] for part in parts])
            for name in (parts[0].columns if parts else ())
        },
        years={
            name: np.concatenate([part.years[name] for part in parts])
            for name in (parts[0].years if parts else ())
        },
        faults={key: text for part in parts for key, text in part.faults.items()},
    )


# A plan alone --------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlanMeasures:
    """What plans are worth on the cash line and including non-cash; NaN is "there is none"."""

    submitted: finance.Returns
    submitted_all: FloatArray
    p50: tuple[FloatArray, FloatArray, FloatArray]  # NPV on cash, NPV of all, PV of costs
    p80: tuple[FloatArray, FloatArray, FloatArray]


def measure_plans(
    planned: IntArray, go_live: IntArray, classes: Sequence[str], in_force: Rules
) -> PlanMeasures:
    """Measures of plans, submitted and corrected by the class ratios in force.

    `planned` has shape (lines, initiatives, months). A plan without a class is not corrected: its measures
    there are NaN.
    """
    rules = in_force.settings
    delivery, run, cash, other = _units(planned)
    cost = delivery + run
    known = np.array([name in CLASSES for name in classes], dtype=bool)

    def corrected(table: RatioTable) -> tuple[FloatArray, FloatArray, FloatArray]:
        cost, cash, other = corrected_flows(planned, go_live, classes, table, rules)
        found = (
            finance.npv(cash - cost, rules.annual_rate),
            finance.npv(cash + other - cost, rules.annual_rate),
            finance.present_value(cost, rules.annual_rate),
        )
        return (
            np.where(known, found[0], np.nan),
            np.where(known, found[1], np.nan),
            np.where(known, found[2], np.nan),
        )

    return PlanMeasures(
        submitted=finance.returns(cost, cash, rules),
        submitted_all=finance.npv(cash + other - cost, rules.annual_rate),
        p50=corrected(in_force.at_p50),
        p80=corrected(in_force.at_p80),
    )


def corrected_flows(
    planned: IntArray,
    go_live: IntArray,
    classes: Sequence[str],
    table: RatioTable,
    rules: finance.ReturnSettings,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cost, cash benefit and other benefit by month as the classes would have them turn out, to the horizon.

    Plans without a class are corrected as if of the first one: the caller leaves them out.
    """
    delivery, run, cash, other = _units(planned)
    named = [name if name in CLASSES else CLASSES[0] for name in classes]
    plan = finance.corrected(Plan(delivery, run, cash, go_live), table(named))
    cut = [
        finance.within_horizon(part, plan.go_live, rules.horizon_months)
        for part in (plan.delivery + plan.run, plan.benefit)
    ]
    beside = np.zeros_like(cut[1])
    # Few plans have benefits that are not cash.
    mixed = np.flatnonzero((other != 0).any(axis=1))
    if len(mixed):
        nothing = np.zeros_like(other[mixed])
        found = finance.corrected(
            Plan(nothing, nothing, other[mixed], go_live[mixed]), table([named[row] for row in mixed])
        )
        beside[mixed, : found.benefit.shape[1]] = finance.within_horizon(
            found.benefit, found.go_live, rules.horizon_months
        )
    return cut[0], cut[1], beside


@dataclass(frozen=True)
class PlanByMonth:
    """One plan in the base currency by line and month, shape (lines, 1, months), to its horizon."""

    planned: IntArray
    go_live: IntArray


def by_month(plan: case_document.Plan, rules: Rules) -> PlanByMonth:
    """A draft's plan as the computation reads it. Raises ValueError when it can't be computed, with why."""
    go_live = max(case_document.months_between(plan.start, plan.go_live), 0)
    horizon = rules.settings.horizon_months
    if go_live + horizon > finance.MOST_MONTHS:
        raise ValueError(_too_long(horizon))
    planned = np.zeros((4, 1, go_live + horizon), dtype=np.int64)
    currency = CURRENCIES.index(plan.currency)
    for line in plan.lines:
        stored = np.array([money.to_stored(amount) for amount in line.amounts], dtype=np.int64)
        months = month_of(line.first_month) + np.arange(len(stored))
        amounts, faults = in_base(stored, np.full(len(stored), currency), months, rules)
        if faults:
            raise ValueError(faults[0][1])
        slot = (
            (CASH if line.is_cash else OTHER)
            if line.side == "benefit"
            else (DELIVERY if line.phase == "delivery" else RUN)
        )
        shown = amounts[: planned.shape[2]]
        planned[slot, 0, : len(shown)] += shown
    return PlanByMonth(planned, np.array([go_live], dtype=np.int64))


def in_base(
    stored: IntArray, currency: IntArray, month: IntArray, rules: Rules
) -> tuple[IntArray, list[tuple[IntArray, str]]]:
    """Amounts in the base currency, each rounded half-even once at the planning rate of its fiscal year.

    Beside them the places of those that can't be converted, which stand as 0, with why.
    """
    foreign = np.flatnonzero(currency != BASE)
    if not len(foreign):
        return stored, []
    amounts, faults = stored.copy(), []
    years = fiscal_years_of(month[foreign])
    key = currency[foreign] * 10_000 + years
    for pair in np.unique(key).tolist():
        place, year = divmod(pair, 10_000)
        which = foreign[key == pair]
        name = CURRENCIES[place] if place >= 0 else ""
        rate = rules.rate(name, year) if name else None
        if rate is not None:
            amounts[which] = money.convert_stored(stored[which], rate, settings.BASE_CURRENCY)
            continue
        amounts[which] = 0
        if (missing := which[stored[which] != 0]).size:
            faults.append(
                (
                    missing,
                    f"There is no planning rate for {name} in FY{year}."
                    if name
                    else "It has an amount in a currency that Keel does not know.",
                )
            )
    return amounts, faults


def _too_long(horizon: int) -> str:
    most = (finance.MOST_MONTHS - horizon) // finance.MONTHS_IN_A_YEAR
    return f"Its plan goes live more than {most} years after its base month."


def _units(stored: IntArray) -> FloatArray:
    """Stored amounts in units of the currency."""
    return np.asarray(stored / money.ONE, dtype=np.float64)


# The block -----------------------------------------------------------------------------------


class _Block:
    """The work on one block of initiatives; each step leaves arrays that the next ones need."""

    def __init__(self, facts: Facts, rules: Rules, on: date) -> None:
        self.facts, self.rules, self.on = facts, rules, on
        self.on_month = month_of(on)
        self.horizon = rules.settings.horizon_months
        self.rows = len(facts.ids)
        self.faults: dict[int, str] = {}

    def computed(self, *, keep_flows: bool) -> Computed:
        self._choose_cases()
        self._lay_out_plans()
        self._lay_out_actuals()
        columns: dict[str, IntArray | FloatArray] = {
            "case": self._of_case(self.plan_case, self.cases["id"], 0),
            "baseline": self._of_case(self.first_case, self.cases["id"], 0),
            "base_month": self.base,
            "go_live_month": self._of_case(self.plan_case, self.cases["go_live"], NO_MONTH),
            **self.plan_totals,
            **self._plan_measures(),
            **self.actual_totals,
            **self._to_date(),
            **self._forecast(),
            **self._outcome(),
            **self._status(),
        }
        sound = ~np.isin(np.arange(self.rows), list(self.faults))
        years = self._years()
        in_years = sound[years["row"]]
        return Computed(
            provenance=Provenance(self.facts.seq, self.on, self.rules.version),
            ids=self.facts.ids[sound],
            columns={name: column[sound] for name, column in columns.items()},
            years={
                "initiative": self.facts.ids[years.pop("row")[in_years]],
                **{name: column[in_years] for name, column in years.items()},
            },
            faults={int(self.facts.ids[row]): text for row, text in self.faults.items()},
            flows=self._flows() if keep_flows else None,
        )

    # Which plan counts for what

    def _choose_cases(self) -> None:
        """The newest plan, the first and the newest baseline of each row, and the rows' base months."""
        self.cases = cases = self.facts.cases()
        has_plan = cases["start"] != NO_MONTH
        self.plan_case = self._last(cases["row"], np.arange(len(has_plan)), where=has_plan)
        baselines = self.facts.baselines()
        by_id = np.argsort(cases["id"], kind="stable")
        places = by_id[np.searchsorted(cases["id"][by_id], baselines["case"])] if len(by_id) else by_id[:0]
        self.last_case = self._last(baselines["row"], places)
        self.first_case = self._last(baselines["row"][::-1], places[::-1])
        self.has_baseline = self.first_case >= 0
        own_start = self._of_case(self.plan_case, cases["start"], NO_MONTH)
        fixed = self._last(baselines["row"][::-1], baselines["base"][::-1], none=NO_MONTH)
        self.base = np.where(self.has_baseline, fixed, own_start)
        self.has_plan = (self.plan_case >= 0) & (self.base != NO_MONTH)
        stages, closings, outcomes = self.facts.stages(), self.facts.closings(), self.facts.outcomes()
        self.stage = self._last(stages["row"], stages["stage"])
        self.closed_kind = self._last(closings["row"], closings["kind"])
        self.closed_month = self._last(closings["row"], closings["month"], none=NO_MONTH)
        self.outcome_set = self._last(outcomes["row"], outcomes["outcome"])

    def _last(
        self, rows: IntArray, values: IntArray, *, where: BoolArray | None = None, none: int = -1
    ) -> IntArray:
        """The last value of each row; `rows` may repeat, and the later one wins."""
        found = np.full(self.rows, none, dtype=np.int64)
        chosen = slice(None) if where is None else where
        found[rows[chosen]] = values[chosen]
        return found

    def _of_case(self, case: IntArray, values: IntArray, none: int) -> IntArray:
        """A case's value for each row, `none` for a row without that case."""
        if not len(values):
            return np.full(self.rows, none, dtype=np.int64)
        return np.where(case >= 0, values[np.maximum(case, 0)], none)

    # Plans by month

    def _lay_out_plans(self) -> None:
        """All plans in the base currency by line and month from the row's base month, cut at the horizon."""
        cases, facts = self.cases, self.facts
        count = len(cases["id"])
        base = self.base[cases["row"]]
        usable = (cases["start"] != NO_MONTH) & (base != NO_MONTH)
        go_live = np.where(cases["go_live"] == NO_MONTH, cases["start"], cases["go_live"]) - base
        go_live = np.where(usable, np.maximum(go_live, 0), 0)
        too_long = go_live + self.horizon > finance.MOST_MONTHS
        for row in np.unique(cases["row"][too_long]).tolist():
            self.faults[row] = _too_long(self.horizon)
        self.case_go_live = go_live = np.where(too_long, 0, go_live)
        self.width = width = int(go_live.max(initial=0)) + self.horizon
        lines, stored = facts.plan_lines()
        by_id = np.argsort(cases["id"], kind="stable")
        line_case = (
            by_id[np.searchsorted(cases["id"][by_id], lines["case"])]
            if count
            else np.zeros(0, dtype=np.int64)
        )
        line = np.repeat(np.arange(len(line_case)), lines["months"])
        ends = np.cumsum(lines["months"])
        month = lines["first"][line] + np.arange(len(line)) - (ends - lines["months"])[line]
        case, slot = line_case[line], lines["slot"][line]
        amount = self._in_base(stored, cases["currency"][case], month, cases["row"][case])
        self.values = {"case": case, "slot": slot, "month": month, "amount": amount}
        totals = np.zeros((4, count), dtype=np.int64)
        np.add.at(totals, (slot, case), amount)
        t = month - base[case]
        inside = (t >= 0) & (t < (go_live + self.horizon)[case]) & usable[case]
        self.by_case = np.zeros((4, count, width), dtype=np.int64)
        np.add.at(self.by_case, (slot[inside], case[inside], t[inside]), amount[inside])
        # How many benefit lines a month has: it is closed once each of them is attested.
        needed = inside & (slot >= CASH) & (amount != 0)
        self.lines_by_case = np.zeros((2, count, width), dtype=np.int64)
        np.add.at(self.lines_by_case, (slot[needed] - CASH, case[needed], t[needed]), 1)
        self.plan_totals: dict[str, IntArray] = {
            "planned_cost": self._of_case(self.plan_case, totals[DELIVERY] + totals[RUN], 0),
            "planned_benefit": self._of_case(self.plan_case, totals[CASH] + totals[OTHER], 0),
            "planned_cash_benefit": self._of_case(self.plan_case, totals[CASH], 0),
        }
        self.go_live = self._of_case(self.plan_case, go_live, 0)
        self.planned = self._at(self.by_case, self.plan_case)
        self.baseline = self._at(self.by_case, self.first_case)
        self.newest_baseline = self._at(self.by_case, self.last_case)
        self._lay_out_plans_then()

    def _at(self, by_case: IntArray, case: IntArray) -> IntArray:
        """Each row's own case out of (lines, cases, months); zeros where there is none."""
        if not by_case.shape[1]:
            return np.zeros((len(by_case), self.rows, self.width), dtype=np.int64)
        chosen: IntArray = by_case[:, np.maximum(case, 0)]
        chosen[:, case < 0] = 0
        return chosen

    def _lay_out_plans_then(self) -> None:
        """For each month the plan that was current when it began: from the first baseline's case on."""
        cases = self.cases
        row = cases["row"]
        first_version = self._of_case(self.first_case, cases["version"], 0)
        counts = self.has_baseline[row] & (cases["version"] >= first_version[row])
        counts &= cases["start"] != NO_MONTH
        eligible = np.flatnonzero(counts)
        rows = row[eligible]
        is_first = np.ones(len(rows), bool)
        is_first[1:] = rows[1:] != rows[:-1]
        start = cases["effective"][eligible] - self.base[rows]
        # A month that began before the first freezing is held against that plan, too.
        begins = np.where(is_first, 0, np.maximum(start, 0))
        ends = np.full(len(rows), self.width)
        ends[:-1] = np.where(is_first[1:], self.width, np.maximum(start[1:], 0))
        self.then = np.zeros((4, self.rows, self.width), dtype=np.int64)
        self.lines_then = np.zeros((2, self.rows, self.width), dtype=np.int64)
        months = np.arange(self.width)
        nth = np.arange(len(rows)) - np.maximum.accumulate(np.where(is_first, np.arange(len(rows)), 0))
        for turn in range(int(nth.max(initial=-1)) + 1):
            which = np.flatnonzero(nth == turn)
            is_current = (months >= begins[which, None]) & (months < ends[which, None])
            self.then[:, rows[which]] += self.by_case[:, eligible[which]] * is_current
            self.lines_then[:, rows[which]] += self.lines_by_case[:, eligible[which]] * is_current

    def _in_base(self, stored: IntArray, currency: IntArray, month: IntArray, row: IntArray) -> IntArray:
        """Amounts in the base currency; a missing rate is a fault of its row."""
        amounts, faults = in_base(stored, currency, month, self.rules)
        for places, sentence in faults:
            self.faults = dict.fromkeys(np.unique(row[places]).tolist(), sentence) | self.faults
        return amounts

    # Actuals by month

    def _lay_out_actuals(self) -> None:
        posted, claims = self.facts.postings(), self.facts.claims()
        posted["amount"] = self._in_base(posted["amount"], posted["currency"], posted["month"], posted["row"])
        for name in ("amount", "attested"):
            claims[name] = self._in_base(claims[name], claims["currency"], claims["month"], claims["row"])
        self.posted, self.claims = posted, claims
        self.actual = self._by_month(posted["row"], posted["month"], posted["amount"])
        is_attested, is_cash = claims["is_attested"] == 1, claims["is_cash"] == 1
        self.attested = np.zeros((2, self.rows, self.width), dtype=np.int64)
        self.lines_attested = np.zeros_like(self.attested)
        for line, on_line in enumerate((is_cash, ~is_cash)):
            which = is_attested & on_line
            rows, months = claims["row"][which], claims["month"][which]
            self.attested[line] = self._by_month(rows, months, claims["attested"][which])
            self.lines_attested[line] = self._by_month(rows, months, np.ones(len(rows), dtype=np.int64))
        before = self.has_baseline[posted["row"]] & (posted["month"] < self.base[posted["row"]])
        self.actual_totals = {
            "actual_cost": self._total(posted["row"], posted["amount"]),
            "sunk_cost": self._total(posted["row"][before], posted["amount"][before]),
            "claimed_benefit": self._total(claims["row"], claims["amount"]),
            "awaiting_attestation": self._total(claims["row"][~is_attested], claims["amount"][~is_attested]),
            "attested_benefit": self._total(claims["row"], claims["attested"]),
            "attested_cash_benefit": self._total(claims["row"][is_cash], claims["attested"][is_cash]),
        }
        months = self.base[:, None] + np.arange(self.width)
        self.cost_is_closed = self.has_baseline[:, None] & (months < self.on_month)
        has_every_line = self.lines_attested >= np.maximum(self.lines_then, 1)
        self.benefit_is_closed = self.has_baseline[:, None] & has_every_line

    def _by_month(self, rows: IntArray, months: IntArray, amounts: IntArray) -> IntArray:
        """Amounts by row and month from the base month to the horizon."""
        found = np.zeros((self.rows, self.width), dtype=np.int64)
        t = months - self.base[rows]
        inside = (t >= 0) & (t < (self.go_live + self.horizon)[rows]) & (self.base[rows] != NO_MONTH)
        np.add.at(found, (rows[inside], t[inside]), amounts[inside])
        return found

    def _total(self, rows: IntArray, amounts: IntArray) -> IntArray:
        found = np.zeros(self.rows, dtype=np.int64)
        np.add.at(found, rows, amounts)
        return found

    # Measures

    def _classes_of(self, case: IntArray) -> list[str]:
        """The reference class of each row's case, empty where it has none."""
        places = self._of_case(case, self.cases["reference_class"], -1)
        return [CLASSES[place] if place >= 0 else "" for place in places.tolist()]

    def _plan_measures(self) -> dict[str, FloatArray]:
        self.classes = self._classes_of(self.plan_case)
        found = measure_plans(self.planned, self.go_live, self.classes, self.rules)
        plan = found.submitted.rounded(DIGITS)
        columns = {
            "npv_submitted": plan.npv,
            "npv_submitted_all": _money(found.submitted_all),
            "pv_cost_submitted": plan.pv_costs,
            "roi_submitted": plan.roi,
            "roi_submitted_all": _roi(found.submitted_all, found.submitted.pv_costs),
            "roi_simple": plan.simple_roi,
            "irr_submitted": plan.irr,
            "mirr_submitted": plan.mirr,
            "payback_months": plan.payback,
            "discounted_payback_months": plan.discounted_payback,
            "months_to_benefit": finance.months_to_benefit(_units(self.planned[CASH] + self.planned[OTHER])),
        }
        for name, (npv, npv_all, pv_cost) in (("p50", found.p50), ("p80", found.p80)):
            columns |= {
                f"npv_{name}": _money(npv),
                f"npv_{name}_all": _money(npv_all),
                f"pv_cost_{name}": _money(pv_cost),
                f"roi_{name}": _roi(npv, pv_cost),
                f"roi_{name}_all": _roi(npv_all, pv_cost),
            }
        return {name: np.where(self.has_plan, value, np.nan) for name, value in columns.items()}

    def _to_date(self) -> dict[str, IntArray | FloatArray]:
        """Actual against planned over closed months, and the return over months closed on both sides."""
        annual_rate = self.rules.settings.annual_rate
        planned_cost = self.newest_baseline[DELIVERY] + self.newest_baseline[RUN]
        # A month without a planned benefit has nothing to wait for.
        settled = (self.lines_then == 0) | self.benefit_is_closed
        cost = np.where(self.cost_is_closed, self.actual, 0)
        self.to_date: dict[str, tuple[IntArray, IntArray]] = {}
        found: dict[str, IntArray | FloatArray] = {
            "actual_cost_closed": cost.sum(axis=1),
            "planned_cost_to_date": np.where(self.cost_is_closed, planned_cost, 0).sum(axis=1),
        }
        for name, months, benefit in (
            ("", settled[0], self.attested[0]),
            ("_all", settled[0] & settled[1], self.attested[0] + self.attested[1]),
        ):
            amounts = np.where(months, cost, 0), np.where(months & self.cost_is_closed, benefit, 0)
            self.to_date[name] = amounts
            cost_then, benefit_then = _units(amounts[0]), _units(amounts[1])
            npv = finance.npv(benefit_then - cost_then, annual_rate)
            pv_cost = finance.present_value(cost_then, annual_rate)
            found[f"npv_to_date{name}"] = self._if_baseline(_money(npv))
            found[f"roi_to_date{name}"] = self._if_baseline(_roi(npv, pv_cost))
            if not name:
                found["pv_cost_to_date"] = self._if_baseline(_money(pv_cost))
        return found

    def _forecast(self) -> dict[str, IntArray | FloatArray]:
        """Actuals of closed months, the rest of the plan times its factor; and the baseline beside it."""
        cost_plan = self.planned[DELIVERY] + self.planned[RUN]
        cost_then = self.then[DELIVERY] + self.then[RUN]
        lines = [
            (cost_plan, cost_then, self.actual, self.cost_is_closed),
            (self.planned[CASH], self.then[CASH], self.attested[0], self.benefit_is_closed[0]),
            (self.planned[OTHER], self.then[OTHER], self.attested[1], self.benefit_is_closed[1]),
        ]
        remaining = self._still_happens()
        self.lines = [
            forecast.Line(_units(np.where(remaining, plan, 0)), _units(then), _units(actual), closed)
            for plan, then, actual, closed in lines
        ]
        predicted = [forecast.forecast_line(line) for line in self.lines]
        self.factors = np.stack([line.factor for line in predicted])
        # A month is a converted amount like any other: rounded once, so that the years re-add to the whole.
        self.forecast = np.stack(
            [
                np.where(closed, actual, _stored(line.months))
                for line, (_, _, actual, closed) in zip(predicted, lines, strict=True)
            ]
        )
        cost, cash, other = self.forecast
        whole = self._comparison(cost, cash + other, self.lines[1:], [CASH, OTHER])
        on_cash = self._comparison(cost, cash, self.lines[1:2], [CASH])
        self.comparisons = on_cash, whole
        pv_cost = finance.present_value(_units(cost), self.rules.settings.annual_rate)
        floats = {
            "baseline_npv": _money(on_cash.baseline_npv),
            "baseline_npv_all": _money(whole.baseline_npv),
            "baseline_pv_cost": _money(on_cash.baseline_pv_costs),
            "forecast_npv": _money(on_cash.forecast_npv),
            "forecast_npv_all": _money(whole.forecast_npv),
            "forecast_pv_cost": _money(pv_cost),
            "forecast_roi": _roi(on_cash.forecast_npv, pv_cost),
            "forecast_roi_all": _roi(whole.forecast_npv, pv_cost),
        }
        amounts = {
            "forecast_cost": cost.sum(axis=1),
            "forecast_benefit": (cash + other).sum(axis=1),
            "forecast_cash_benefit": cash.sum(axis=1),
        }
        return {
            **{name: self._if_baseline(value) for name, value in floats.items()},
            **{name: np.where(self.has_baseline, value, NO_AMOUNT) for name, value in amounts.items()},
            "baseline_cost": (self.baseline[DELIVERY] + self.baseline[RUN]).sum(axis=1),
            "baseline_benefit": (self.baseline[CASH] + self.baseline[OTHER]).sum(axis=1),
            "baseline_cash_benefit": self.baseline[CASH].sum(axis=1),
        }

    def _still_happens(self) -> BoolArray:
        """Which months of the plan remain: none after a stop, none after the month of any other closing."""
        months = self.base[:, None] + np.arange(self.width)
        is_closed = self.closed_kind >= 0
        last = np.where(self.closed_kind == _kind(ClosedKind.RETIRED), self.closed_month, NO_MONTH)
        return ~is_closed[:, None] | (months <= last[:, None])

    def _comparison(
        self, cost: IntArray, benefit: IntArray, lines: Sequence[forecast.Line], slots: list[int]
    ) -> forecast.Comparison:
        annual_rate = self.rules.settings.annual_rate
        baseline_cost = _units(self.baseline[DELIVERY] + self.baseline[RUN])
        baseline_benefit = _units(self.baseline[slots].sum(axis=0))
        return forecast.Comparison(
            forecast_npv=finance.npv(_units(benefit) - _units(cost), annual_rate),
            baseline_npv=finance.npv(baseline_benefit - baseline_cost, annual_rate),
            baseline_pv_costs=finance.present_value(baseline_cost, annual_rate),
            forecast_benefit=finance.total(_units(benefit)),
            baseline_benefit=finance.total(baseline_benefit),
            benefit_months=forecast.closed_benefit_months(lines),
        )

    def _outcome(self) -> dict[str, IntArray]:
        on_cash, whole = self.comparisons
        is_set = self.outcome_set >= 0
        found = forecast.outcomes(
            # Whether a stop was within clock and first tranche is set with the stop, as a fact.
            stopped_early=np.zeros(self.rows, bool),
            stopped=self.closed_kind == _kind(ClosedKind.STOPPED),
            cash=on_cash,
            whole=whole,
        )
        places = _places(found.outcome, OutcomeClass.values)
        self.on_cash = found.on_cash | ~self.has_baseline
        return {
            "on_course_to": np.where(
                is_set, self.outcome_set, np.where(self.has_baseline, places, NO_CHOICE)
            ),
            "outcome_is_final": is_set.astype(np.int64),
            "outcome_on_cash": self.on_cash.astype(np.int64),
            "benefit_months_closed": np.where(self.on_cash, on_cash.benefit_months, whole.benefit_months),
        }

    def _status(self) -> dict[str, IntArray | FloatArray]:
        """Cost, time and benefit against the newest baseline, while it is funded and open."""
        runs = self.has_baseline & (self.closed_kind < 0) & np.isin(self.stage, FUNDED)
        cost_planned = self.newest_baseline[DELIVERY] + self.newest_baseline[RUN]
        closed = self.cost_is_closed
        spent, allowed = (
            _units(np.where(closed, amounts, 0).sum(axis=1)) for amounts in (self.actual, cost_planned)
        )
        allowed = np.where(allowed > 0, allowed, np.nan)
        baseline_months = self._of_case(self.last_case, self.case_go_live, 0).astype(np.float64)
        baseline_months = np.where(baseline_months > 0, baseline_months, np.nan)
        expected_months = np.maximum(self.go_live, baseline_months + self._months_overdue())
        expected_months = np.where(np.isnan(baseline_months), np.nan, expected_months)
        attested = np.where(self.on_cash[:, None], self.attested[0], self.attested[0] + self.attested[1])
        benefit_planned = np.where(
            self.on_cash[:, None],
            self.newest_baseline[CASH],
            self.newest_baseline[CASH] + self.newest_baseline[OTHER],
        )
        lines = np.where(
            self.on_cash[:, None], self.lines_attested[0], self.lines_attested[0] + self.lines_attested[1]
        )
        # Through the last attested month.
        reached = np.cumsum((lines > 0)[:, ::-1], axis=1)[:, ::-1] > 0
        expected_benefit = np.where(reached, benefit_planned, 0).sum(axis=1)
        gained = _units(np.where(reached, attested, 0).sum(axis=1))
        promised = np.where(expected_benefit > 0, _units(expected_benefit), np.nan)
        cost_colour = forecast.overrun_colour(spent, allowed)
        time_colour = forecast.overrun_colour(expected_months, baseline_months)
        benefit_colour = forecast.shortfall_colour(gained, promised)
        flags, risk_colour = self._risk()
        overall = forecast.status(
            cost=cost_colour, time=time_colour, benefit=benefit_colour, risk=risk_colour
        ).overall
        late = forecast.has_late_source(self._days_late()[:, None]) & runs
        shares = {
            "cost_overrun": spent / allowed - 1.0,
            "time_overrun": expected_months / baseline_months - 1.0,
            "benefit_shortfall": 1.0 - gained / promised,
        }
        return {
            "planned_benefit_to_date": expected_benefit,
            "status": np.where(runs, _places(overall, Status.values), NO_CHOICE),
            "is_late": late.astype(np.int64),
            "risk_flags": np.where(runs, flags, 0),
            **{name: np.where(runs, finance.round_ratio(share), np.nan) for name, share in shares.items()},
        }

    def _risk(self) -> tuple[IntArray, TextArray]:
        """What the rooms above flagged, as one bit for each kind, and the colour that it makes.

        Without a flag the risk part is not known: grey, so that it never makes a status green by itself.
        """
        found = self.facts.risk_flags()
        today = int((np.datetime64(self.on) - np.datetime64(0, "D")).astype(np.int64))
        stands = (found["is_raised"] == 1) & (found["from"] <= today)
        stands &= (found["until"] == NO_DAY) | (found["until"] >= today)
        flags = np.zeros(self.rows, np.int64)
        np.bitwise_or.at(flags, found["row"][stands], 1 << found["kind"][stands])

        def any_of(*kinds: RiskFlag.Kind) -> BoolArray:
            bits = sum(1 << RiskFlag.Kind.values.index(kind) for kind in kinds)
            raised: BoolArray = (flags & bits) > 0
            return raised

        kinds = RiskFlag.Kind
        colour = forecast.risk_colour(
            severe_incident=any_of(kinds.SEVERE_INCIDENT),
            blocked=any_of(kinds.BLOCK, kinds.VETO),
            condition_overdue=any_of(kinds.CONDITION_OVERDUE, kinds.REPORT_OVERDUE),
            control_expired=any_of(kinds.CONTROL_EXPIRED),
        )
        return flags, np.where(flags > 0, colour, str(forecast.Colour.GREY))

    def _months_overdue(self) -> FloatArray:
        """By how many months the most overdue milestone of the current plan is late, before operation."""
        milestones = self.facts.unreached_milestones()
        today = int((np.datetime64(self.on) - np.datetime64(0, "D")).astype(np.int64))
        overdue = np.zeros(self.rows)
        if len(milestones["case"]):
            by_id = np.argsort(self.cases["id"], kind="stable")
            case = by_id[np.searchsorted(self.cases["id"][by_id], milestones["case"])]
            row = self.cases["row"][case]
            is_current = (self.plan_case[row] == case) & (milestones["due"] != NO_DAY)
            is_current &= np.isin(self.stage[row], BEFORE_OPERATION)
            late = np.maximum(today - milestones["due"], 0) / DAYS_IN_A_MONTH
            np.maximum.at(overdue, row[is_current], late[is_current])
        return overdue

    def _days_late(self) -> FloatArray:
        """Days since the end of the first closed month with a planned cost and no posting in or after it."""
        last_posted = np.full(self.rows, NO_MONTH)
        np.maximum.at(last_posted, self.posted["row"], self.posted["month"])
        months = self.base[:, None] + np.arange(self.width)
        is_missing = self.cost_is_closed & (months > last_posted[:, None])
        is_missing &= (self.then[DELIVERY] + self.then[RUN]) > 0
        first = self.base + np.argmax(is_missing, axis=1)
        today = int((np.datetime64(self.on) - np.datetime64(0, "D")).astype(np.int64))
        days = today - days_of(first + 1)
        return np.where(is_missing.any(axis=1), days.astype(np.float64), np.nan)

    def _if_baseline(self, values: FloatArray) -> FloatArray:
        return np.where(self.has_baseline, values, np.nan)

    # By fiscal year

    def _years(self) -> Columns:
        """One line for each row and fiscal year that holds an amount."""
        t = np.arange(self.width)
        grid_rows = np.repeat(np.arange(self.rows), self.width)
        grid_months = (self.base[:, None] + t).ravel()
        values, posted, claims = self.values, self.posted, self.claims
        is_current = self.plan_case[self.cases["row"][values["case"]]] == values["case"]
        value_rows = self.cases["row"][values["case"]]
        is_cash = claims["is_cash"] == 1
        cost_forecast, cash_forecast, other_forecast = np.where(self.has_baseline[:, None], self.forecast, 0)
        sources: list[tuple[str, IntArray, IntArray, IntArray]] = []

        def add(
            name: str, rows: IntArray, months: IntArray, amounts: IntArray, where: BoolArray | None = None
        ) -> None:
            which = (amounts != 0) if where is None else where & (amounts != 0)
            sources.append((name, rows[which], fiscal_years_of(months[which]), amounts[which]))

        def add_grid(name: str, amounts: IntArray) -> None:
            add(name, grid_rows, grid_months, amounts.ravel())

        plan = (value_rows, values["month"], values["amount"])
        add("planned_cost", *plan, where=is_current & (values["slot"] <= RUN))
        add("planned_benefit", *plan, where=is_current & (values["slot"] >= CASH))
        add("planned_cash_benefit", *plan, where=is_current & (values["slot"] == CASH))
        add_grid("baseline_cost", self.baseline[DELIVERY] + self.baseline[RUN])
        add_grid("baseline_benefit", self.baseline[CASH] + self.baseline[OTHER])
        add_grid("baseline_cash_benefit", self.baseline[CASH])
        add("actual_cost", posted["row"], posted["month"], posted["amount"])
        add("claimed_benefit", claims["row"], claims["month"], claims["amount"])
        add("attested_benefit", claims["row"], claims["month"], claims["attested"])
        add("attested_cash_benefit", claims["row"], claims["month"], claims["attested"], where=is_cash)
        add_grid("forecast_cost", cost_forecast)
        add_grid("forecast_benefit", cash_forecast + other_forecast)
        add_grid("forecast_cash_benefit", cash_forecast)
        return _added_by_year(self.rows, sources)

    def _flows(self) -> Flows:
        return Flows(
            base=self.base,
            go_live=self.go_live,
            classes=self.classes,
            baseline_go_live=self._of_case(self.first_case, self.case_go_live, 0),
            baseline_classes=self._classes_of(self.first_case),
            planned=self.planned,
            baseline=self.baseline,
            actual=self.actual,
            to_date=np.stack([*self.to_date[""], *self.to_date["_all"]]),
            attested=self.attested,
            forecast=self.forecast,
            factors=self.factors,
            cost_is_closed=self.cost_is_closed,
            benefit_is_closed=self.benefit_is_closed,
        )


def _added_by_year(rows: int, sources: Sequence[tuple[str, IntArray, IntArray, IntArray]]) -> Columns:
    lasts = [int(years.max()) for _, _, years, _ in sources if len(years)]
    if not lasts:
        return {name: np.zeros(0, dtype=np.int64) for name in ("row", "fiscal_year", *YEAR_COLUMNS)}
    first = min(int(years.min()) for _, _, years, _ in sources if len(years))
    span = max(lasts) - first + 1
    table = np.zeros((len(YEAR_COLUMNS), rows * span), dtype=np.int64)
    is_used = np.zeros(rows * span, bool)
    for name, row, years, amounts in sources:
        place = row * span + (years - first)
        np.add.at(table[YEAR_COLUMNS.index(name)], place, amounts)
        is_used[place] = True
    used = np.flatnonzero(is_used)
    return {
        "row": used // span,
        "fiscal_year": first + used % span,
        **{name: table[place, used] for place, name in enumerate(YEAR_COLUMNS)},
    }


def _kind(kind: ClosedKind) -> int:
    return ClosedKind.values.index(kind)


def _places(texts: forecast.TextArray, values: Sequence[str]) -> IntArray:
    """The places of texts in a list, NO_CHOICE for others."""
    found = np.full(len(texts), NO_CHOICE, dtype=np.int64)
    for place, value in enumerate(values):
        found[texts == str(value)] = place
    return found


def _money(values: FloatArray) -> FloatArray:
    return finance.round_money(values, DIGITS)


def _roi(npv: FloatArray, pv_costs: FloatArray) -> FloatArray:
    return finance.round_ratio(finance.roi(npv, pv_costs))


def _stored(values: FloatArray) -> IntArray:
    """Measures in money as stored amounts on the minor unit."""
    return np.asarray(np.rint(_money(values) * money.ONE), dtype=np.int64)
