"""The register: find any initiative in seconds, and see no figure that one may not open."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Sum, Value, When
from django.utils.functional import cached_property

from accounts.models import Unit, User
from dashboards.selectors import scores_of
from portfolio.models import ClosedKind, Domain, Initiative, OutcomeClass, RiskTier, Stage, Track
from portfolio.querysets import InitiativeQuerySet
from scoring.models import Score
from scoring.selectors import scores_out

PAGE_SIZE = 50
# Sorting or filtering by these shows something of the figure, so that only rows that one may open take part.
SORTS = {
    "reference": "pk",
    "title": "title",
    "unit": "unit__name",
    "stage": "stage_order",
    "status": "status_order",
    "cost": "whole_life_cost",
    "score": "score_low",
    "roi": "returnposition__roi_submitted",
    "corrected": "returnposition__roi_p50",
    "forecast": "returnposition__forecast_roi",
}
PUBLIC_SORTS = {"reference", "title", "unit", "stage"}
PUBLIC_FILTERS = {"q", "unit", "stage", "state", "sort"}
STATES = {"": "Open", "closed": "Closed", "all": "Open and closed"}
STATUSES = {"red": 1, "amber": 2, "green": 3}
COLUMNS = (
    "pk", "reference", "title", "summary", "unit__name", "stage", "closed_kind", "on_hold", "currency",
    "whole_life_cost", "returnposition__roi_submitted", "returnposition__roi_p50",
    "returnposition__forecast_roi", "returnposition__status",
)  # fmt: skip


def _choices(of: Any) -> list[tuple[str, str]]:
    return [("", "All"), *of.choices]


class RegisterFilter(forms.Form):
    """The filters of the register; they stand in the address."""

    q = forms.CharField(label="Search", required=False, max_length=200)
    unit = forms.ModelChoiceField(Unit.objects.order_by("path"), required=False, empty_label="All")
    stage = forms.ChoiceField(choices=_choices(Stage), required=False)
    state = forms.ChoiceField(label="Show", choices=list(STATES.items()), required=False)
    domain = forms.ChoiceField(choices=_choices(Domain), required=False)
    track = forms.ChoiceField(choices=_choices(Track), required=False)
    tier = forms.ChoiceField(label="Risk tier", choices=_choices(RiskTier), required=False)
    year = forms.IntegerField(label="Plan begins in", required=False, min_value=1990, max_value=2200)
    outcome = forms.ChoiceField(choices=_choices(OutcomeClass), required=False)
    status = forms.ChoiceField(
        choices=[("", "All"), ("red", "Red"), ("amber", "Amber"), ("green", "Green")], required=False
    )
    sort = forms.CharField(required=False, widget=forms.HiddenInput, max_length=20)


@dataclass(frozen=True)
class Row:
    """One line of the register; who may not open it gets its public fields only."""

    values: Mapping[str, Any]
    may_open: bool
    score: Score | None

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError as error:
            raise AttributeError(name) from error

    @property
    def stage_label(self) -> str:
        """The stage; for whom it is open, how it was closed."""
        closed = self.values["closed_kind"]
        if not closed:
            return Stage(self.values["stage"]).label
        return ClosedKind(closed).label if self.may_open else "Closed"


class Register:
    """What one reader sees under some filters."""

    def __init__(self, user: User, query: Mapping[str, str]) -> None:
        self.user = user
        self.form = RegisterFilter(query)
        self.is_valid = self.form.is_valid()
        self.filters: dict[str, Any] = {
            name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")
        }
        wanted = str(self.filters.get("sort", "-reference"))
        self.sort = wanted if wanted.removeprefix("-") in SORTS else "-reference"
        self.page_number = query.get("page", "1")

    @cached_property
    def shows_figures_only(self) -> bool:
        """Whether a filter or the order rests on what only those may know who may open the row."""
        return self.sort.removeprefix("-") not in PUBLIC_SORTS or bool(set(self.filters) - PUBLIC_FILTERS)

    @cached_property
    def openable(self) -> InitiativeQuerySet:
        """All that the reader may open whole."""
        return Initiative.objects.open_to(self.user)

    @cached_property
    def queryset(self) -> InitiativeQuerySet:
        """The rows under the filters, without order; none under a filter that is wrong."""
        rows = self.openable if self.shows_figures_only else Initiative.objects.listed_for(self.user)
        if not self.is_valid:
            return rows.none()
        state = self.filters.get("state", "")
        if state == "closed":
            rows = rows.exclude(closed_kind="")
        elif state != "all":
            rows = rows.filter(closed_kind="")
        if text := self.filters.get("q", "").strip():
            rows = rows.filter(self._holding(text))
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

    def _holding(self, text: str) -> Q:
        """The text in a public field; the name of a person in it counts only where one may open the case."""
        found = (
            Q(reference__istartswith=text)
            | Q(title__icontains=text)
            | Q(summary__icontains=text)
            | Q(unit__name__icontains=text)
        )
        people = User.objects.filter(name__icontains=text).values("pk")
        named = self.openable.filter(Q(owner__in=people) | Q(sponsor__in=people))
        return found | Q(pk__in=named.values("pk"))

    def _ordered(self) -> InitiativeQuerySet:
        rows, name = self.queryset, self.sort.removeprefix("-")
        if name == "stage":
            rows = rows.annotate(
                stage_order=_in_order("stage", {str(v): i for i, v in enumerate(Stage.values)})
            )
        elif name == "status":
            rows = rows.annotate(status_order=_in_order("returnposition__status", STATUSES))
        elif name == "score":
            score = scores_out().filter(initiative=OuterRef("pk"))
            rows = rows.annotate(score_low=Subquery(score.values("low")[:1]))
        column = F(SORTS[name])
        is_descending = self.sort.startswith("-")
        order = column.desc(nulls_last=True) if is_descending else column.asc(nulls_last=True)
        return rows.order_by(order, "-pk")

    @cached_property
    def page(self) -> Any:
        """The page of rows: a bare count, then the values of the slice, their scores, and which are open."""
        paginator = Paginator(self._ordered().values(*COLUMNS), PAGE_SIZE)
        paginator.count = self.queryset.count()
        page = paginator.get_page(self.page_number)
        found = list(page.object_list)
        ids = [row["pk"] for row in found]
        openable = set(self.openable.filter(pk__in=ids).values_list("pk", flat=True))
        scores = scores_of(openable)
        page.object_list = [Row(row, row["pk"] in openable, scores.get(row["pk"])) for row in found]
        return page

    @cached_property
    def totals(self) -> list[tuple[str, Decimal]]:
        """Whole-life cost of all rows that one may open, by currency."""
        rows = self.queryset
        if not self.shows_figures_only:
            rows = rows.filter(pk__in=self.openable.values("pk"))
        sums = rows.exclude(whole_life_cost=None).values_list("currency")
        return list(sums.annotate(total=Sum("whole_life_cost")).order_by("currency"))


def _in_order(column: str, order: Mapping[str, int]) -> Case:
    whens = [When(**{column: value}, then=Value(place)) for value, place in order.items()]
    return Case(*whens, default=None, output_field=IntegerField())
