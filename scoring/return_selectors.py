"""Returns for pages: what a draft would give, what a figure is made of, how it stood at an earlier point."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from ledger import clock
from ledger.models import Stale, Transaction
from ledger.services import last_seq
from portfolio import case as case_document
from portfolio import money
from portfolio.models import Initiative
from portfolio.templatetags import figures as written
from scoring import finance
from scoring.experience import Learned
from scoring.finance import FloatArray
from scoring.models import ReturnPosition, ReturnYear
from scoring.positions import Computed, compute_returns, stale, store
from scoring.positions.facts import CASH, CLASSES, DELIVERY, OTHER, RUN, Rules, day_of, fiscal_years_of
from scoring.positions.learning import rules
from scoring.positions.returns import (
    DIGITS,
    Flows,
    RatioTable,
    by_month,
    corrected_flows,
    measure_plans,
)

# What a draft would give ----------------------------------------------------------------------


@dataclass(frozen=True)
class Measures:
    """What one reading of a plan gives, in the base currency, on cash and including other benefits."""

    npv: float | None = None
    roi: float | None = None
    npv_all: float | None = None
    roi_all: float | None = None
    pv_cost: float | None = None
    payback: float | None = None


@dataclass(frozen=True)
class Preview:
    """The return of a plan that is still being written: as submitted, and corrected by its class."""

    currency: str
    submitted: Measures
    p50: Measures
    p80: Measures
    reference_class: str
    has_cash_benefit: bool


def preview(content: Mapping[str, Any], currency: str) -> Preview | None:
    """The return that a clean draft would give at today's rates; None while it can't be computed.

    The same functions as for a frozen case, so that freezing changes no figure.
    """
    plan = case_document.plan_of(content, currency or settings.BASE_CURRENCY)
    if plan is None or not plan.of("cost"):
        return None
    in_force = rules(last_seq())
    try:
        found = by_month(plan, in_force)
    except ValueError:
        # The form says at the field what is impossible; here there is only nothing to show.
        return None
    classes = [str(content.get("reference_class") or "")]
    measured = measure_plans(found.planned, found.go_live, classes, in_force)
    submitted = measured.submitted

    def corrected(table: RatioTable, values: Sequence[FloatArray]) -> Measures:
        if classes[0] not in CLASSES:
            return Measures()
        cost, cash, _ = corrected_flows(found.planned, found.go_live, classes, table, in_force.settings)
        return _measures(*values, payback=finance.payback(cash - cost))

    return Preview(
        currency=settings.BASE_CURRENCY,
        submitted=_measures(
            submitted.npv, measured.submitted_all, submitted.pv_costs, payback=submitted.payback
        ),
        p50=corrected(in_force.at_p50, measured.p50),
        p80=corrected(in_force.at_p80, measured.p80),
        reference_class=classes[0],
        has_cash_benefit=bool(found.planned[CASH].any()),
    )


def _measures(npv: FloatArray, npv_all: FloatArray, pv_cost: FloatArray, *, payback: FloatArray) -> Measures:
    return Measures(
        npv=_or_none(finance.round_money(npv, DIGITS)),
        roi=_or_none(finance.round_ratio(finance.roi(npv, pv_cost))),
        npv_all=_or_none(finance.round_money(npv_all, DIGITS)),
        roi_all=_or_none(finance.round_ratio(finance.roi(npv_all, pv_cost))),
        pv_cost=_or_none(finance.round_money(pv_cost, DIGITS)),
        payback=_or_none(finance.round_ratio(payback)),
    )


def _or_none(values: FloatArray) -> float | None:
    return None if math.isnan(values[0]) else float(values[0])


# As of an earlier point ----------------------------------------------------------------------


@dataclass(frozen=True)
class ReturnsAsOf:
    """Returns at an earlier point: rows like those in the database, and what had none, and why."""

    seq: int
    on: date
    positions: Mapping[int, ReturnPosition]
    years: Sequence[ReturnYear]
    faults: Mapping[int, str]


def returns_as_of(seq: int, ids: Iterable[int] | None = None, *, on: date | None = None) -> ReturnsAsOf:
    """The returns from the facts up to `seq`, on the day of that record unless another day is given."""
    day = on or day_of_record(seq)
    computed = compute_returns(ids, seq=seq, on=day)
    return ReturnsAsOf(
        seq=seq,
        on=day,
        positions=store.instances(computed),
        years=store.year_instances(computed),
        faults=computed.faults,
    )


def day_of_record(seq: int) -> date:
    """The local day of the newest record up to a `seq`; today for an empty ledger."""
    moment = _moment_of(seq)
    return timezone.localdate(moment) if moment else clock.today()


def _moment_of(seq: int) -> datetime | None:
    return Transaction.objects.filter(seq__lte=seq).order_by("-seq").values_list("at", flat=True).first()


def is_late(position: ReturnPosition) -> bool:
    """Whether something was recorded that the position does not hold yet."""
    return stale.waiting(stale.RETURN, [position.pk]).exists()


def known_through(position: ReturnPosition) -> int:
    """The record through which the position holds all facts: the last one of all, unless it is late."""
    return position.through_seq if is_late(position) else last_seq()


def set_aside() -> list[tuple[Stale, Initiative | None]]:
    """The returns and scores that can't be computed, with the reason and their initiative."""
    marks = list(stale.set_aside())
    initiatives = Initiative.objects.in_bulk([mark.subject for mark in marks])
    return [(mark, initiatives.get(mark.subject)) for mark in marks]


# What a figure is made of --------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """One part of a figure, with its value as written."""

    label: str
    value: str
    note: str = ""
    url: str | None = None
    # The same in numbers, so that a test can add the terms up.
    amount: Decimal | None = None


@dataclass(frozen=True)
class Explanation:
    """A figure with its formula in words and the terms that it is made of.

    `adds_up` says that the terms' amounts sum to the figure.
    """

    title: str
    formula: str
    result: str
    terms: list[Term] = field(default_factory=list)
    words: str = ""
    amount: Decimal | None = None
    adds_up: bool = False
    model_version: int = 0
    through_seq: int = 0
    computed_at: datetime | None = None
    on: date | None = None
    is_late: bool = False


CORRECTION = "The ratios start from general IT work, as Keel's design gives them, and move with own outcomes."
# figure -> (title, formula); each is the sum of its fiscal years.
_BY_YEAR = {
    "planned_cost": ("Planned cost", "Sum of the cost lines of the newest frozen plan, by fiscal year"),
    "planned_benefit": ("Planned benefit", "Sum of the benefit lines of the newest frozen plan"),
    "planned_cash_benefit": ("Planned cash benefit", "Sum of its cash benefit lines"),
    "baseline_cost": ("Baseline cost", "Cost of the plan frozen at G3, up to the horizon"),
    "baseline_benefit": ("Baseline benefit", "Benefit of the plan frozen at G3, up to the horizon"),
    "actual_cost": ("Actual cost", "Sum of its postings, credit notes and reversals taken off"),
    "claimed_benefit": ("Claimed benefit", "Sum of its claims, each in its last correction"),
    "attested_benefit": ("Attested benefit", "Sum of what finance attested, cash and not"),
    "attested_cash_benefit": ("Attested cash benefit", "Sum of what finance attested as cash"),
    "forecast_cost": ("Forecast cost", "Actuals of closed months + the rest of the plan times its factor"),
    "forecast_benefit": ("Forecast benefit", "Attested months + the rest of the plan times its factor"),
    "forecast_cash_benefit": ("Forecast cash benefit", "The same on the cash line alone"),
}  # fmt: skip
# figure -> (title, NPV, PV of costs); each is a quotient.
_QUOTIENTS = {
    "roi_submitted": ("ROI as submitted", "npv_submitted", "pv_cost_submitted"),
    "roi_submitted_all": ("ROI as submitted, with non-cash", "npv_submitted_all", "pv_cost_submitted"),
    "roi_p50": ("ROI corrected, P50", "npv_p50", "pv_cost_p50"),
    "roi_p50_all": ("ROI corrected, P50, with non-cash", "npv_p50_all", "pv_cost_p50"),
    "roi_p80": ("ROI corrected, P80", "npv_p80", "pv_cost_p80"),
    "roi_to_date": ("ROI to date", "npv_to_date", "pv_cost_to_date"),
    "forecast_roi": ("ROI forecast", "forecast_npv", "forecast_pv_cost"),
    "forecast_roi_all": ("ROI forecast, with non-cash", "forecast_npv_all", "forecast_pv_cost"),
}
_PRESENT_VALUES = {
    "npv_submitted": "NPV as submitted",
    "npv_submitted_all": "NPV as submitted, with non-cash",
    "pv_cost_submitted": "Present value of planned cost",
    "npv_p50": "NPV corrected, P50",
    "npv_p50_all": "NPV corrected, P50, with non-cash",
    "pv_cost_p50": "Present value of corrected cost, P50",
    "npv_p80": "NPV corrected, P80",
    "pv_cost_p80": "Present value of corrected cost, P80",
    "baseline_npv": "NPV of the baseline",
    "forecast_npv": "NPV forecast",
    "forecast_npv_all": "NPV forecast, with non-cash",
    "forecast_pv_cost": "Present value of forecast cost",
    "npv_to_date": "NPV to date",
    "pv_cost_to_date": "Present value of cost to date",
}


def explain(initiative: Initiative) -> dict[str, dict[str, Any]]:
    """Each figure of the initiative's return: its formula in words, its terms, and what it was made of.

    Computed again from the facts as of the position, so the terms add up to what the page shows.
    """
    position = ReturnPosition.objects.filter(initiative=initiative).first()
    if position is None:
        return {}
    computed = compute_returns([initiative.pk], seq=position.through_seq, on=position.on, keep_flows=True)
    if not len(computed) or computed.flows is None:
        return {}
    in_force = rules(position.through_seq)
    through = known_through(position)
    common = {
        "model_version": in_force.version,
        "through_seq": through,
        "computed_at": _moment_of(through),
        "on": position.on,
        "is_late": is_late(position),
    }
    found = (
        _sums(computed)
        | _discounted(computed, in_force)
        | _quotients(initiative, computed, in_force)
        | _times(computed)
    )
    return {name: asdict(explanation) | common for name, explanation in found.items()}


def _value(computed: Computed, name: str) -> float | None:
    value = float(computed.columns[name][0])
    return None if math.isnan(value) else value


def _sums(computed: Computed) -> dict[str, Explanation]:
    found = {}
    for name, (title, formula) in _BY_YEAR.items():
        terms = [
            _term(written.fiscal_year(year), money.from_stored(amount))
            for year, amount in zip(
                computed.years["fiscal_year"].tolist(), computed.years[name].tolist(), strict=True
            )
            if amount
        ]
        total = money.total([term.amount for term in terms if term.amount is not None])
        words = ""
        if name == "forecast_cost":
            words = _factors(computed, 0, "cost")
        elif name.startswith("forecast"):
            words = _factors(computed, 1, "cash benefit")
        elif name == "actual_cost":
            words = "Postings that fit no initiative are left out; they stand under unmatched."
        found[name] = Explanation(
            title, formula, written.money(total), terms, words=words, amount=total, adds_up=True
        )
    return found


def _factors(computed: Computed, line: int, name: str) -> str:
    if computed.flows is None or not computed.columns["baseline"][0]:
        return ""
    factor = float(computed.flows.factors[line, 0])
    closed = (computed.flows.cost_is_closed, *computed.flows.benefit_is_closed)[line]
    return (
        f"The factor on the remaining {name} is {factor:.3f}, from {int(closed[0].sum())} closed months: "
        "6 times 1 and n times actual by planned, added and divided by 6 + n."
    )


def _term(label: str, amount: Decimal, note: str = "", url: str | None = None) -> Term:
    return Term(label, written.money(amount), note, url, amount)


def _discounted(computed: Computed, in_force: Rules) -> dict[str, Explanation]:
    """Present values by fiscal year. What rounding each year leaves is a term of its own."""
    flows = _flows(computed)
    settings_ = in_force.settings
    base = int(flows.base[0])
    found = {}
    for name, (cost, benefit) in _by_figure(flows, in_force).items():
        value = _value(computed, name)
        if value is None:
            continue
        is_cost = "pv_cost" in name
        amount = money.to_minor(Decimal(repr(value)), settings.BASE_CURRENCY)
        terms = _discounted_years(cost if is_cost else benefit - cost, base, settings_.annual_rate)
        if rest := amount - money.total([term.amount for term in terms if term.amount is not None]):
            terms.append(_term("Rounding of the years", rest))
        found[name] = Explanation(
            _PRESENT_VALUES[name],
            f"{'Cost' if is_cost else 'Benefit less cost'} of each month, discounted at "
            f"{written.percent(settings_.annual_rate)} a year, from {day_of(base):%b %Y} "
            f"to {settings_.horizon_months} months after go-live",
            written.money(amount),
            terms,
            words=_ratios_in_words(name, flows.classes[0], in_force),
            amount=amount,
            adds_up=True,
        )
    return found


def _flows(computed: Computed) -> Flows:
    if computed.flows is None:
        raise ValueError("compute with keep_flows=True to explain.")
    return computed.flows


def _by_figure(flows: Flows, in_force: Rules) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Cost and benefit by month of each present value, in units, for the first row."""
    settings_ = in_force.settings
    planned, baseline, predicted = (
        part / money.ONE for part in (flows.planned, flows.baseline, flows.forecast)
    )
    to_date = flows.to_date / money.ONE
    found = {
        "submitted": (planned[DELIVERY] + planned[RUN], planned[CASH], planned[OTHER]),
        "forecast": (predicted[0], predicted[1], predicted[2]),
    }
    for name, table in (("p50", in_force.at_p50), ("p80", in_force.at_p80)):
        found[name] = corrected_flows(flows.planned, flows.go_live, flows.classes, table, settings_)
    pairs: dict[str, tuple[FloatArray, FloatArray]] = {
        "baseline_npv": (baseline[DELIVERY] + baseline[RUN], baseline[CASH]),
        "npv_to_date": (to_date[0], to_date[1]),
        "pv_cost_to_date": (to_date[0], to_date[1]),
    }
    for name, (cost, cash, other) in found.items():
        is_forecast = name == "forecast"
        npv = "forecast_npv" if is_forecast else f"npv_{name}"
        pairs[npv] = (cost, cash)
        pairs[f"{npv}_all"] = (cost, cash + other)
        pairs["forecast_pv_cost" if is_forecast else f"pv_cost_{name}"] = (cost, cash)
    return {name: (cost[0], benefit[0]) for name, (cost, benefit) in pairs.items() if name in _PRESENT_VALUES}


def _discounted_years(flows: FloatArray, base: int, annual_rate: float) -> list[Term]:
    """The present value of each fiscal year, on the minor unit."""
    months = np.arange(len(flows))
    years = fiscal_years_of(base + months)
    terms = []
    for year in np.unique(years[flows != 0]).tolist():
        only = np.where(years == year, flows, 0.0)[None]
        value = finance.round_money(finance.present_value(only, annual_rate), DIGITS)[0]
        terms.append(
            _term(
                written.fiscal_year(year),
                money.to_minor(Decimal(repr(float(value))), settings.BASE_CURRENCY),
                note="discounted",
            )
        )
    return terms


def _ratios_in_words(name: str, reference_class: str, in_force: Rules) -> str:
    """The class ratios behind a corrected figure, and what they rest on."""
    quantile = next((q for q in ("p50", "p80") if q in name), None)
    if quantile is None or reference_class not in CLASSES:
        return ""
    key = finance.ReferenceClass(reference_class)
    found = in_force.experience[key]
    cost, time, benefit = (
        _learned_in_words(term, quantile) for term in (found.cost, found.time, found.benefit)
    )
    return (
        f"{finance.REFERENCE_CLASS_TITLES[key]}: cost times {cost}, months to go-live times {time}, "
        f"benefit times {benefit}. {CORRECTION}"
    )


def _learned_in_words(term: Learned, quantile: str) -> str:
    """One ratio, with where it started if own outcomes moved it."""
    now, before = getattr(term.result, quantile), getattr(term.prior, quantile)
    if not term.number:
        return f"{now:g}"
    return f"{now:.3g} (from {before:g}, moved by {term.number} observed with a mean of {term.mean:.3g})"


def _quotients(initiative: Initiative, computed: Computed, in_force: Rules) -> dict[str, Explanation]:
    flows = _flows(computed)
    found = {}
    for name, (title, npv, pv_cost) in _QUOTIENTS.items():
        parts = [
            Term(
                _PRESENT_VALUES.get(part, part),
                written.money(value),
                url=reverse("initiative-figure", args=[initiative.pk, part])
                if part in _PRESENT_VALUES
                else None,
                amount=None if value is None else Decimal(repr(value)),
            )
            for part in (npv, pv_cost)
            for value in (_value(computed, part),)
        ]
        words = _ratios_in_words(name, flows.classes[0], in_force)
        if name == "roi_to_date":
            words = (
                "Over the months that are closed for cost and benefit; what awaits attestation is left out."
            )
        found[name] = Explanation(
            title,
            "NPV divided by the present value of cost",
            written.ratio(_value(computed, name)),
            parts,
            words=words,
        )
    found["roi_simple"] = Explanation(
        "Simple ROI",
        "Cash benefit less cost, divided by cost, not discounted, up to the horizon",
        written.ratio(_value(computed, "roi_simple")),
    )
    return found


def _times(computed: Computed) -> dict[str, Explanation]:
    words = {
        "irr_submitted": (
            "IRR as submitted",
            "The yearly rate at which the plan's NPV is nothing; none where several rates do that",
            written.percent,
        ),
        "payback_months": (
            "Payback",
            "Months until benefit less cost stays above nothing, interpolated in its month",
            written.plain,
        ),
        "discounted_payback_months": (
            "Discounted payback",
            "The same over discounted months",
            written.plain,
        ),
        "months_to_benefit": (
            "Time to benefit",
            "Months from the base month to the first benefit",
            written.plain,
        ),
    }
    return {
        name: Explanation(title, formula, str(write(_value(computed, name))))
        for name, (title, formula, write) in words.items()
    }
