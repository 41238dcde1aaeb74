"""Figures of a portfolio: what pages, exports and the API all read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.db.models import Count, ExpressionWrapper, F, Model, QuerySet, Sum
from django.utils.functional import cached_property

from accounts import policy
from accounts.models import Unit, User
from governance.models import ClawBack, Commitment, ReleaseLine, SigningRound, Tranche
from ledger import clock
from portfolio.fields import MoneyField
from portfolio.models import Domain, Initiative, Link, Posting
from portfolio.querysets import InitiativeQuerySet
from portfolio.selectors import fiscal_year_of
from scoring.models import ReturnPosition, ReturnYear, Score
from scoring.selectors import scores_out

ZERO = Decimal(0)
RUNNING = ("pilot", "scaling", "operating")
MONEY = (
    "planned_cost", "planned_benefit", "actual_cost", "actual_cost_closed", "planned_cost_to_date",
    "claimed_benefit", "attested_benefit",
)  # fmt: skip
MEASURES = ("npv_submitted", "npv_p50", "forecast_npv")
PRESENT_COSTS = ("pv_cost_submitted", "pv_cost_p50", "forecast_pv_cost")


class PortfolioFilter(forms.Form):
    """The filters of both dashboards, the exports and the API: unit, domain, year."""

    unit = forms.ModelChoiceField(Unit.objects.order_by("path"), required=False, empty_label="All")
    domain = forms.ChoiceField(choices=[("", "All"), *Domain.choices], required=False)
    year = forms.IntegerField(
        label="Plan begins in", required=False, min_value=1990, max_value=2200,
        widget=forms.NumberInput(attrs={"placeholder": "any year"}),
    )  # fmt: skip


@dataclass(frozen=True)
class Totals:
    """The sums of a portfolio, in the base currency; ratios of sums, never sums of ratios."""

    initiatives: int
    planned_cost: Decimal
    planned_benefit: Decimal
    actual_cost: Decimal
    actual_cost_closed: Decimal
    planned_cost_to_date: Decimal
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
        self.form = PortfolioFilter({name: query.get(name, "") for name in PortfolioFilter.base_fields})
        self.is_valid = self.form.is_valid()
        self.filters: dict[str, Any] = {
            name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")
        }

    @cached_property
    def queryset(self) -> InitiativeQuerySet:
        """The initiatives that the reader may open, drafts left out; none under a filter that is wrong."""
        rows = Initiative.objects.open_to(self.user).exclude(stage="draft")
        if not self.is_valid:
            return rows.none()
        if unit := self.filters.get("unit"):
            rows = rows.filter(unit__path__startswith=unit.path)
        if domain := self.filters.get("domain"):
            rows = rows.filter(domain=domain)
        if year := self.filters.get("year"):
            rows = rows.filter(fiscal_year=year)
        return rows

    @cached_property
    def running(self) -> InitiativeQuerySet:
        """Those of them that are in pilot, scaling or operation."""
        return self.queryset.filter(closed_kind="", stage__in=RUNNING)

    def query(self, **more: str) -> str:
        """The filters as they stand in an address, and more of it."""
        filters = {name: str(self.form.data[name]) for name in self.form.fields if self.form.data.get(name)}
        return urlencode(filters | more)

    @property
    def currency(self) -> str:
        """The currency of every figure: the base currency."""
        return settings.BASE_CURRENCY

    @property
    def fiscal_year(self) -> int:
        """The year of the envelopes: the one chosen, or the present one."""
        return int(self.filters.get("year") or fiscal_year_of(clock.today()))

    def _of(self, rows: QuerySet[Any], initiatives: InitiativeQuerySet | None = None) -> QuerySet[Any]:
        """Rows of other tables that belong to these initiatives; no filter at all where all of them count."""
        return rows.filter(
            initiative__in=(self.queryset if initiatives is None else initiatives).values("pk")
        )

    @cached_property
    def totals(self) -> Totals:
        """All sums in four queries, whatever the number of initiatives."""
        sums = self._of(ReturnPosition.objects.all()).aggregate(
            **{name: Sum(name) for name in (*MONEY, *MEASURES, *PRESENT_COSTS)}
        )
        released = ReleaseLine.objects.filter(release__tranche__initiative__in=self.queryset.values("pk"))
        return Totals(
            initiatives=self.queryset.count(),
            **{name: sums[name] or ZERO for name in MONEY},
            **{name: cents(sums[name]) for name in MEASURES},
            roi_submitted=_ratio(sums["npv_submitted"], sums["pv_cost_submitted"]),
            roi_p50=_ratio(sums["npv_p50"], sums["pv_cost_p50"]),
            forecast_roi=_ratio(sums["forecast_npv"], sums["forecast_pv_cost"]),
            committed=self._of(Commitment.objects.all()).aggregate(total=Sum("amount"))["total"] or ZERO,
            released=released.aggregate(total=Sum("amount"))["total"] or ZERO,
        )

    @cached_property
    def years(self) -> list[dict[str, Any]]:
        """Cost and benefit by fiscal year."""
        names = ("planned_cost", "planned_benefit", "actual_cost", "attested_benefit")
        rows = self._of(ReturnYear.objects.all()).values("fiscal_year")
        return list(rows.annotate(**{name: Sum(name) for name in names}).order_by("fiscal_year"))

    @cached_property
    def outcomes(self) -> tuple[dict[str, int], dict[str, int]]:
        """Outcomes set, and what running work is on course to; stopped early stands as failed."""
        final = _counted(self.queryset.exclude(outcome="").values_list("outcome").annotate(n=Count("pk")))
        running = _counted(
            self.running.filter(outcome="")
            .values_list("returnposition__on_course_to")
            .annotate(n=Count("pk"))
        )
        return final, running

    @cached_property
    def stages(self) -> dict[str, int]:
        """How many open initiatives stand in each stage."""
        rows = self.queryset.filter(closed_kind="").values_list("stage").annotate(n=Count("pk"))
        return dict(rows.order_by("stage"))

    def points(self, most: int = 10_000) -> list[dict[str, Any]]:
        """Scored open initiatives for the matrix, the costliest first."""
        rows = (
            self._of(scores_out(), self.queryset.filter(closed_kind=""))
            .values(
                reference=F("initiative__reference"),
                title=F("initiative__title"),
                cost=F("initiative__returnposition__planned_cost"),
                feasibility=F("feasibility_low"),
                impact=F("impact_low"),
            )
            .order_by(F("cost").desc(nulls_last=True), "initiative")[:most]
        )
        return [row | {"cost": row["cost"] or ZERO} for row in rows]

    def warnings(self, most: int = 10) -> list[ReturnPosition]:
        """Running initiatives whose status is red, then amber, the costliest first."""
        running = self.queryset.filter(closed_kind="", stage__in=("pilot", "scaling", "operating"))
        return list(
            ReturnPosition.objects.filter(initiative__in=running, status__in=("red", "amber"))
            .select_related("initiative__unit")
            .order_by("-status", "-planned_cost", "initiative_id")[:most]
        )

    def variances(self, most: int = 20) -> list[dict[str, Any]]:
        """Where actual cost of closed months lies furthest above the baseline of the same months."""
        rows = (
            self._of(ReturnPosition.objects.filter(planned_cost_to_date__gt=0))
            .annotate(
                pk_=F("initiative_id"),
                reference=F("initiative__reference"),
                title=F("initiative__title"),
                unit=F("initiative__unit__name"),
                difference=ExpressionWrapper(
                    F("actual_cost_closed") - F("planned_cost_to_date"), output_field=MoneyField()
                ),
            )
            .values(
                "pk_", "reference", "title", "unit", "actual_cost_closed", "planned_cost_to_date",
                "difference", "forecast_cost", "planned_cost",
            )
            .order_by("-difference", "pk_")[:most]
        )  # fmt: skip
        return list(rows)

    def terms(self, columns: Sequence[str], most: int = 12) -> list[dict[str, Any]]:
        """What a total is made of: its largest initiatives, all others in one line; they re-add to it."""
        if columns[0] in {"committed", "released"}:
            return self._money_terms(columns[0], most)
        rows = self._of(ReturnPosition.objects.exclude(**{columns[0]: None}))
        found = [
            (row.initiative, [getattr(row, column) for column in columns])
            for row in rows.select_related("initiative").order_by(f"-{columns[0]}", "initiative")[:most]
        ]
        others = rows.exclude(pk__in=[initiative.pk for initiative, _ in found]).aggregate(
            n=Count("pk"), **{column: Sum(column) for column in columns}
        )
        return _with_others(found, others["n"], [others[column] for column in columns])

    def _money_terms(self, name: str, most: int) -> list[dict[str, Any]]:
        """The same for what stands in facts of governance."""
        if name == "committed":
            rows, key = self._of(Commitment.objects.all()), "initiative"
        else:
            key = "release__tranche__initiative"
            rows = ReleaseLine.objects.filter(**{f"{key}__in": self.queryset.values("pk")})
        sums = list(rows.values_list(key).annotate(total=Sum("amount")).order_by("-total", key))
        initiatives = Initiative.objects.in_bulk([pk for pk, _ in sums[:most]])
        found = [(initiatives[pk], [total]) for pk, total in sums[:most]]
        return _with_others(found, len(sums[most:]), [sum((total for _, total in sums[most:]), ZERO)])

    @property
    def signings(self) -> QuerySet[SigningRound]:
        """Decisions that wait for signatures, those due first on top."""
        return (
            self._of(SigningRound.objects.filter(ending=None))
            .select_related("initiative__unit", "step")
            .order_by("due_on", "id")
        )

    def tranches(self, most: int = 12) -> list[Tranche]:
        """Tranches that are not released yet, the next due first."""
        rows = self._of(Tranche.objects.filter(release=None), self.queryset.filter(closed_kind=""))
        found = rows.select_related("initiative__unit").prefetch_related("holds__lift")
        return list(found.order_by("due_on", "id")[:most])

    def claw_backs(self, most: int = 6) -> list[ClawBack]:
        """What is to be taken back of released tranches, and what was, the newest on top."""
        rows = ClawBack.objects.filter(release__tranche__initiative__in=self.queryset)
        found = rows.select_related("release__tranche__initiative__unit", "confirmation__transaction")
        return list(found.order_by("-id")[:most])

    def forward(self, most: int = 12) -> list[dict[str, Any]]:
        """What is promised for fiscal years that have no envelope yet, the nearest year first."""
        rows = self._of(Commitment.objects.filter(envelope=None)).values(
            "fiscal_year",
            pk_=F("initiative"),
            reference=F("initiative__reference"),
            title=F("initiative__title"),
        )
        sums = rows.annotate(total=Sum("amount")).exclude(total=0)
        return list(sums.order_by("fiscal_year", "pk_")[:most])

    @cached_property
    def unmatched(self) -> list[tuple[str, int, Decimal]]:
        """Postings that fit nothing, by currency: number and sum. They are the group's, not a unit's."""
        if not policy.reach(self.user, "dashboard.finance").everywhere:
            return []
        rows = Posting.objects.filter(initiative=None, assigned_as=None).values_list("currency")
        return list(rows.annotate(n=Count("pk"), total=Sum("amount")).order_by("currency"))

    def overlaps(self, most: int = 5) -> list[Link]:
        """Initiatives that say that they join or depend on another one that the reader may open."""
        kinds = (Link.Kind.JOINED_WITH, Link.Kind.DEPENDS_ON)
        rows = self._of(Link.objects.filter(kind__in=kinds), self.queryset.filter(closed_kind=""))
        listed = rows.filter(other__in=Initiative.objects.listed_for(self.user).values("pk"))
        return list(listed.select_related("initiative", "other").order_by("-initiative", "id")[:most])

    def sentence(self) -> str:
        """The plain answer: is the money working?"""
        totals = self.totals
        if not totals.initiatives:
            return "No initiative is on the register yet."
        if not totals.actual_cost:
            return f"{_initiatives(totals.initiatives)} on the register; nothing is spent yet."
        back = 100 * totals.attested_benefit / totals.actual_cost
        said = f"Of every 100 spent, {back:.0f} came back as attested value so far"
        _, running = self.outcomes
        if ran := sum(running.values()):
            said += f"; {running['met']} of {ran} running initiatives are on course to meet their case"
        if totals.forecast_roi is not None:
            said += f". The forecast return is {_figure(totals.forecast_roi)}"
        return f"{said}."


def scores_of(initiatives: Iterable[int] | QuerySet[Any]) -> dict[int, Score]:
    """The scores that are out, by initiative."""
    return {score.initiative_id: score for score in scores_out().filter(initiative__in=initiatives)}


def _with_others(
    found: Sequence[tuple[Model, list[Any]]], others: int, sums: Sequence[Any]
) -> list[dict[str, Any]]:
    terms = [
        {"initiative": initiative, "label": str(initiative), "values": values} for initiative, values in found
    ]
    if others:
        label = "1 other" if others == 1 else f"{others} others"
        terms.append({"initiative": None, "label": label, "values": [value or ZERO for value in sums]})
    return terms


def cents(measure: float | None) -> Decimal:
    """A sum of measures to the cent."""
    return ZERO if measure is None else Decimal(repr(float(measure))).quantize(Decimal("0.01"))


def _ratio(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base or base <= 0 else round(value / base, 9)


def _figure(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")


def _initiatives(number: int) -> str:
    return "1 initiative is" if number == 1 else f"{number} initiatives are"


def _counted(rows: Any) -> dict[str, int]:
    counts = {"met": 0, "partly_met": 0, "failed": 0}
    for outcome, number in rows:
        name = "failed" if outcome == "stopped_early" else outcome
        if name in counts:
            counts[name] += number
    return counts
