"""The register: find any initiative in seconds, and see no figure that one may not open."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import F, Q, Sum
from django.utils.functional import cached_property

from accounts.models import Unit, User
from portfolio.models import ClosedKind, Domain, Initiative, OutcomeClass, RiskTier, Stage, Track
from portfolio.querysets import InitiativeQuerySet

PAGE_SIZE = 50
# Sorting or filtering by these shows something of the figure, so that only rows that one may open take part.
SORTS = {
    "reference": "reference",
    "title": "title",
    "unit": "unit__name",
    "stage": "stage_since",
    "cost": "whole_life_cost",
    "score": "score__low",
    "roi": "returnposition__roi_submitted",
    "corrected": "returnposition__roi_p50",
    "forecast": "returnposition__forecast_roi",
}
PUBLIC_SORTS = {"reference", "title", "unit", "stage"}
PUBLIC_FILTERS = {"q", "unit", "stage", "state", "sort", "page"}
STATES = {"": "Open", "closed": "Closed", "all": "All"}
COLUMNS = (
    "pk", "reference", "title", "summary", "unit_id", "unit__name", "stage", "closed_kind", "on_hold", "currency",
    "whole_life_cost", "risk_tier", "domain", "score__low", "score__high", "score__point",
    "returnposition__roi_submitted", "returnposition__roi_p50", "returnposition__forecast_roi",
    "returnposition__status", "returnposition__on_course_to", "outcome", "sponsor__name",
)  # fmt: skip


def _choices(of: Any) -> list[tuple[str, str]]:
    return [("", "All"), *of.choices]


class RegisterFilter(forms.Form):
    """The filters of the register; they stand in the address."""

    q = forms.CharField(label="Search", required=False, max_length=200)
    unit = forms.ModelChoiceField(Unit.objects.all(), required=False, empty_label="All")
    stage = forms.ChoiceField(choices=_choices(Stage), required=False)
    domain = forms.ChoiceField(choices=_choices(Domain), required=False)
    track = forms.ChoiceField(choices=_choices(Track), required=False)
    tier = forms.ChoiceField(label="Risk tier", choices=_choices(RiskTier), required=False)
    year = forms.IntegerField(label="Fiscal year", required=False, min_value=1990, max_value=2200)
    outcome = forms.ChoiceField(choices=_choices(OutcomeClass), required=False)
    status = forms.ChoiceField(
        choices=[("", "All"), ("red", "Red"), ("amber", "Amber"), ("green", "Green")], required=False
    )
    state = forms.ChoiceField(choices=list(STATES.items()), required=False)
    sort = forms.CharField(required=False, widget=forms.HiddenInput, max_length=20)


@dataclass(frozen=True)
class Row:
    """One line of the register; figures are None where the reader may not open it."""

    values: Mapping[str, Any]
    may_open: bool

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError as error:
            raise AttributeError(name) from error

    @property
    def stage_label(self) -> str:
        """The stage, or how it was closed."""
        closed = self.values["closed_kind"]
        return ClosedKind(closed).label if closed else Stage(self.values["stage"]).label


class Register:
    """What one reader sees under some filters."""

    def __init__(self, user: User, query: Mapping[str, str]) -> None:
        self.user = user
        self.form = RegisterFilter(query)
        self.form.is_valid()
        self.filters: dict[str, Any] = {
            name: value for name, value in getattr(self.form, "cleaned_data", {}).items() if value not in (None, "")
        }
        wanted = str(self.filters.get("sort", "-reference"))
        self.sort = wanted if wanted.removeprefix("-") in SORTS else "-reference"
        self.page_number = query.get("page", "1")

    @cached_property
    def shows_figures_only(self) -> bool:
        """Whether a filter or the order rests on what only those may know who may open the row."""
        return self.sort.removeprefix("-") not in PUBLIC_SORTS or bool(set(self.filters) - PUBLIC_FILTERS)

    @cached_property
    def queryset(self) -> InitiativeQuerySet:
        """The rows under the filters, without order."""
        rows = Initiative.objects.open_to(self.user) if self.shows_figures_only else Initiative.objects.listed_for(self.user)
        state = self.filters.get("state", "")
        if state == "closed":
            rows = rows.exclude(closed_kind="")
        elif state != "all":
            rows = rows.filter(closed_kind="")
        if text := self.filters.get("q", "").strip():
            rows = rows.filter(
                Q(reference__istartswith=text) | Q(title__icontains=text) | Q(summary__icontains=text)
                | Q(unit__name__icontains=text)
            )  # fmt: skip
        if unit := self.filters.get("unit"):
            rows = rows.filter(unit__path__startswith=unit.path)
        for name, column in (
            ("stage", "stage"), ("domain", "domain"), ("track", "track"), ("tier", "risk_tier"),
            ("year", "fiscal_year"), ("status", "returnposition__status"),
        ):  # fmt: skip
            if value := self.filters.get(name):
                rows = rows.filter(**{column: value})
        if outcome := self.filters.get("outcome"):
            rows = rows.filter(Q(outcome=outcome) | Q(outcome="", returnposition__on_course_to=outcome))
        return rows

    @cached_property
    def page(self) -> Any:
        """The page of rows: bare count, then the values of the slice."""
        descending = self.sort.startswith("-")
        column = F(SORTS[self.sort.removeprefix("-")])
        order = column.desc(nulls_last=True) if descending else column.asc(nulls_last=True)
        page = Paginator(self.queryset.order_by(order, "-pk").values(*COLUMNS), PAGE_SIZE).get_page(self.page_number)
        found = list(page.object_list)
        if self.shows_figures_only:
            openable = {row["pk"] for row in found}
        else:
            ids = [row["pk"] for row in found]
            openable = set(Initiative.objects.open_to(self.user).filter(pk__in=ids).values_list("pk", flat=True))
        page.object_list = [Row(row, row["pk"] in openable) for row in found]
        return page

    @cached_property
    def totals(self) -> list[tuple[str, Decimal]]:
        """Whole-life cost of all rows that one may open, by currency."""
        rows = self.queryset if self.shows_figures_only else self.queryset.filter(
            pk__in=Initiative.objects.open_to(self.user).values("pk")
        )
        sums = rows.exclude(whole_life_cost=None).values("currency").annotate(total=Sum("whole_life_cost"))
        return [(row["currency"], row["total"]) for row in sums.order_by("currency")]
