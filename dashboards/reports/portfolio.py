"""The portfolio as rows: one line an initiative, the same figures as on the dashboards."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from dashboards.selectors import Portfolio
from governance.models import Commitment, ReleaseLine
from portfolio.fields import MoneyField


class ReportColumn(NamedTuple):
    """A column of the export: its heading, where its value comes from, and what kind it is."""

    heading: str
    source: str
    kind: str  # text, money, ratio, points, date


COLUMNS = (
    ReportColumn("Reference", "reference", "text"),
    ReportColumn("Title", "title", "text"),
    ReportColumn("Unit", "unit__name", "text"),
    ReportColumn("Stage", "stage", "text"),
    ReportColumn("Closed", "closed_kind", "text"),
    ReportColumn("Track", "track", "text"),
    ReportColumn("Domain", "domain", "text"),
    ReportColumn("Risk tier", "risk_tier", "text"),
    ReportColumn("Reference class", "reference_class", "text"),
    ReportColumn("Sponsor", "sponsor__name", "text"),
    ReportColumn("Score, low", "score__low", "points"),
    ReportColumn("Score, high", "score__high", "points"),
    ReportColumn("Planned cost", "returnposition__planned_cost", "money"),
    ReportColumn("Planned benefit", "returnposition__planned_benefit", "money"),
    ReportColumn("Committed", "committed", "money"),
    ReportColumn("Released", "released", "money"),
    ReportColumn("Actual cost", "returnposition__actual_cost", "money"),
    ReportColumn("Planned cost to date", "returnposition__planned_cost_to_date", "money"),
    ReportColumn("Claimed benefit", "returnposition__claimed_benefit", "money"),
    ReportColumn("Attested benefit", "returnposition__attested_benefit", "money"),
    ReportColumn("NPV submitted", "returnposition__npv_submitted", "measure"),
    ReportColumn("ROI submitted", "returnposition__roi_submitted", "ratio"),
    ReportColumn("NPV corrected P50", "returnposition__npv_p50", "measure"),
    ReportColumn("ROI corrected P50", "returnposition__roi_p50", "ratio"),
    ReportColumn("Forecast NPV", "returnposition__forecast_npv", "measure"),
    ReportColumn("Forecast ROI", "returnposition__forecast_roi", "ratio"),
    ReportColumn("Status", "returnposition__status", "text"),
    ReportColumn("On course to", "returnposition__on_course_to", "text"),
    ReportColumn("Outcome", "outcome", "text"),
)
SUMMED = tuple(column for column in COLUMNS if column.kind in {"money", "measure"})


def rows(portfolio: Portfolio) -> Iterator[tuple[Any, ...]]:
    """The portfolio's rows in order of reference, read in chunks."""
    committed = (
        Commitment.objects.filter(initiative=OuterRef("pk"))
        .order_by()
        .values("initiative")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    released = (
        ReleaseLine.objects.filter(release__tranche__initiative=OuterRef("pk"))
        .order_by()
        .values("release__tranche__initiative")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    money = MoneyField()
    query = (
        portfolio.queryset.annotate(
            committed=Coalesce(Subquery(committed, output_field=money), Decimal(0), output_field=money),
            released=Coalesce(Subquery(released, output_field=money), Decimal(0), output_field=money),
            order=F("reference"),
        )
        .order_by("order")
        .values_list(*(column.source for column in COLUMNS))
    )
    yield from query.iterator(chunk_size=2000)
