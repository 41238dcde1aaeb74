"""Figures of a portfolio: what pages, exports and the API all read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Count, F, Q, Sum
from django.utils.functional import cached_property

from accounts.models import Unit, User
from governance.models import Commitment, ReleaseLine, SigningRound, Tranche
from ledger import clock
from portfolio.models import Domain, Initiative, Posting
from portfolio.querysets import InitiativeQuerySet
from portfolio.selectors import fiscal_year_of
from scoring.models import ReturnPosition, ReturnYear
from scoring.selectors import scores_out

ZERO = Decimal(0)


class PortfolioFilter(forms.Form):
    """The filters of both dashboards, the exports and the API: unit, domain, year."""

    unit = forms.ModelChoiceField(Unit.objects.all(), required=False, empty_label="All")
    domain = forms.ChoiceField(choices=[("", "All"), *Domain.choices], required=False)
    year = forms.IntegerField(label="Fiscal year", required=False, min_value=1990, max_value=2200)


@dataclass(frozen=True)
class Totals:
    """The sums of a portfolio, in the base currency; ratios of sums, never sums of ratios."""

    initiatives: int
    planned_cost: Decimal
    planned_benefit: Decimal
    planned_cost_to_date: Decimal
    actual_cost: Decimal
    claimed_benefit: Decimal
    attested_benefit: Decimal
    npv_submitted: Decimal
    npv_p50: Decimal
    forecast_npv: Decimal
    roi_submitted: float | None
    roi_p50: float | None
    forecast_roi: float | None
    committed: Decimal
    released: Decimal

    def as_dict(self) -> dict[str, Any]:
        """By name, for exports and the API."""
        return dict(self.__dict__)


class Portfolio:
    """What one reader sees under some filters. Every figure of the dashboards comes from here."""

    def __init__(self, user: User, query: Mapping[str, str]) -> None:
        self.user = user
        self.form = PortfolioFilter(query)
        self.form.is_valid()
        self.filters: dict[str, Any] = {
            name: value for name, value in getattr(self.form, "cleaned_data", {}).items() if value not in (None, "")
        }

    @cached_property
    def queryset(self) -> InitiativeQuerySet:
        """The initiatives that the reader may open, drafts left out."""
        rows = Initiative.objects.open_to(self.user).exclude(stage="draft")
        if unit := self.filters.get("unit"):
            rows = rows.filter(unit__path__startswith=unit.path)
        if domain := self.filters.get("domain"):
            rows = rows.filter(domain=domain)
        if year := self.filters.get("year"):
            rows = rows.filter(fiscal_year=year)
        return rows

    @property
    def currency(self) -> str:
        """The currency of every figure: the base currency."""
        return settings.BASE_CURRENCY

    @property
    def fiscal_year(self) -> int:
        """The year of the envelopes: the one chosen, or the present one."""
        return int(self.filters.get("year") or fiscal_year_of(clock.today()))

    @cached_property
    def totals(self) -> Totals:
        """All sums in three queries, whatever the number of initiatives."""
        positions = ReturnPosition.objects.filter(initiative__in=self.queryset)
        money = ("planned_cost", "planned_benefit", "planned_cost_to_date", "actual_cost", "claimed_benefit",
                 "attested_benefit")  # fmt: skip
        measures = ("npv_submitted", "npv_p50", "forecast_npv", "pv_cost_submitted", "pv_cost_p50", "forecast_pv_cost")
        sums = positions.aggregate(**{name: Sum(name) for name in (*money, *measures)})
        committed = Commitment.objects.filter(initiative__in=self.queryset).aggregate(total=Sum("amount"))["total"]
        released = ReleaseLine.objects.filter(release__tranche__initiative__in=self.queryset).aggregate(
            total=Sum("amount")
        )["total"]
        return Totals(
            initiatives=self.queryset.count(),
            **{name: sums[name] or ZERO for name in money},
            **{name: cents(sums[name]) for name in measures[:3]},
            roi_submitted=_ratio(sums["npv_submitted"], sums["pv_cost_submitted"]),
            roi_p50=_ratio(sums["npv_p50"], sums["pv_cost_p50"]),
            forecast_roi=_ratio(sums["forecast_npv"], sums["forecast_pv_cost"]),
            committed=committed or ZERO,
            released=released or ZERO,
        )

    @cached_property
    def years(self) -> list[dict[str, Any]]:
        """Cost and benefit by fiscal year."""
        rows = (
            ReturnYear.objects.filter(initiative__in=self.queryset)
            .values("fiscal_year")
            .annotate(
                planned_cost=Sum("planned_cost"),
                planned_benefit=Sum("planned_benefit"),
                actual_cost=Sum("actual_cost"),
                attested_benefit=Sum("attested_benefit"),
            )
            .order_by("fiscal_year")
        )
        return list(rows)

    @cached_property
    def outcomes(self) -> tuple[dict[str, int], dict[str, int]]:
        """Outcomes set, and what running work is on course to; stopped early stands as failed."""
        final = _counted(self.queryset.exclude(outcome="").values_list("outcome").annotate(n=Count("pk")))
        running = _counted(
            self.queryset.filter(outcome="", closed_kind="", stage__in=("pilot", "scaling", "operating"))
            .values_list("returnposition__on_course_to")
            .annotate(n=Count("pk"))
        )
        return final, running

    @cached_property
    def stages(self) -> list[tuple[str, int]]:
        """How many open initiatives stand in each stage."""
        rows = self.queryset.filter(closed_kind="").values_list("stage").annotate(n=Count("pk"))
        return [(stage, count) for stage, count in rows]

    def points(self, most: int = 10_000) -> list[dict[str, Any]]:
        """Scored open initiatives for the matrix, the costliest first."""
        rows = (
            scores_out()
            .filter(initiative__in=self.queryset.filter(closed_kind=""))
            .annotate(
                reference=F("initiative__reference"),
                title=F("initiative__title"),
                cost=F("initiative__returnposition__planned_cost"),
            )
            .values("reference", "title", "cost", feasibility=F("feasibility_low"), impact=F("impact_low"))
            .order_by(F("cost").desc(nulls_last=True), "reference")[:most]
        )
        return [row | {"cost": row["cost"] or ZERO} for row in rows]

    def warnings(self, most: int = 10) -> list[dict[str, Any]]:
        """Running initiatives whose status is red, then amber, the costliest first, with the reasons."""
        rows = (
            ReturnPosition.objects.filter(
                initiative__in=self.queryset.filter(closed_kind="", stage__in=("pilot", "scaling", "operating")),
                status__in=("red", "amber"),
            )
            .annotate(pk_=F("initiative_id"), reference=F("initiative__reference"), title=F("initiative__title"),
                      unit=F("initiative__unit__name"))  # fmt: skip
            .values("pk_", "reference", "title", "unit", "status", "status_reasons", "actual_cost",
                    "planned_cost_to_date", "forecast_roi", "on_course_to")  # fmt: skip
            .order_by("-status", "-planned_cost", "reference")[:most]
        )
        return list(rows)

    def variances(self, most: int = 20) -> list[dict[str, Any]]:
        """Where actual cost lies furthest from the plan up to now."""
        rows = (
            ReturnPosition.objects.filter(initiative__in=self.queryset, planned_cost_to_date__gt=0)
            .annotate(
                pk_=F("initiative_id"), reference=F("initiative__reference"), title=F("initiative__title"),
                unit=F("initiative__unit__name"), difference=F("actual_cost") - F("planned_cost_to_date"),
            )
            .values("pk_", "reference", "title", "unit", "actual_cost", "planned_cost_to_date", "difference",
                    "forecast_cost", "planned_cost")
            .order_by("-difference", "reference")[:most]
        )  # fmt: skip
        return list(rows)

    def sums_of(self, columns: Sequence[str], *, without: Sequence[int]) -> dict[str, Any]:
        """Sums of columns of the returns but for some initiatives, and how many these are (`n`)."""
        rows = ReturnPosition.objects.filter(initiative__in=self.queryset).exclude(pk__in=without)
        return rows.exclude(**{columns[0]: None}).aggregate(
            n=Count("pk"), **{column: Sum(column) for column in columns}
        )

    @property
    def signings(self) -> Any:
        """Decisions that wait for signatures."""
        return (
            SigningRound.objects.filter(initiative__in=self.queryset, ending=None)
            .select_related("initiative__unit", "step")
            .order_by("due_on", "id")
        )

    def tranches(self, most: int = 12) -> list[Tranche]:
        """Tranches that are not released yet, the next due first."""
        return list(
            Tranche.objects.filter(initiative__in=self.queryset.filter(closed_kind=""), release=None)
            .select_related("initiative__unit")
            .order_by("due_on", "id")[:most]
        )

    @cached_property
    def unmatched(self) -> list[tuple[str, int, Decimal]]:
        """Postings that fit nothing, by currency: number and sum."""
        rows = (
            Posting.objects.filter(initiative=None, assigned_as=None)
            .values("currency")
            .annotate(n=Count("pk"), total=Sum("amount"))
            .order_by("currency")
        )
        return [(row["currency"], row["n"], row["total"]) for row in rows]

    def overlaps(self, most: int = 5) -> list[Any]:
        """Initiatives that say that they join or depend on another."""
        return list(
            self.queryset.filter(closed_kind="")
            .filter(Q(links__kind="joined_with") | Q(links__kind="depends_on"))
            .annotate(other_reference=F("links__other__reference"), other_title=F("links__other__title"))
            .values("pk", "reference", "title", "other_reference", "other_title")
            .distinct()
            .order_by("reference")[:most]
        )

    def sentence(self) -> str:
        """The plain answer: is the money working?"""
        totals = self.totals
        if not totals.initiatives:
            return "No initiative is on the register yet."
        if not totals.actual_cost:
            return f"{totals.initiatives} initiatives are on the register; nothing is spent yet."
        back = 100 * totals.attested_benefit / totals.actual_cost
        final, running = self.outcomes
        on_course = running.get("met", 0)
        ran = sum(running.values())
        forecast = "" if totals.forecast_roi is None else f" The forecast return is {totals.forecast_roi:.2f}."
        return (
            f"Of every 100 spent, {back:.0f} came back as attested value so far; "
            f"{on_course} of {ran} running initiatives are on course to meet their case.{forecast}"
            if ran
            else f"Of every 100 spent, {back:.0f} came back as attested value so far.{forecast}"
        )


def cents(measure: float | None) -> Decimal:
    """A sum of measures to the cent."""
    return ZERO if measure is None else Decimal(repr(float(measure))).quantize(Decimal("0.01"))


def _ratio(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base or base <= 0 else round(value / base, 9)


def _counted(rows: Any) -> dict[str, int]:
    counts = {"met": 0, "partly_met": 0, "failed": 0}
    for outcome, number in rows:
        name = "failed" if outcome == "stopped_early" else outcome
        if name in counts:
            counts[name] += number
    return counts

