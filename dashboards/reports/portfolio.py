"""The portfolio as rows: one line an initiative, the same figures as on the dashboards."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Sum

from dashboards.selectors import Portfolio
from governance.models import Commitment, ReleaseLine
from scoring.selectors import scores_out

NOTHING = Decimal(0)


class ReportColumn(NamedTuple):
    """A column of the export: its heading, where its value comes from, and what kind it is."""

    heading: str
    source: str
    kind: str  # text, money, measure, ratio, points


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
    ReportColumn("Score, low", "+score_low", "points"),
    ReportColumn("Score, high", "+score_high", "points"),
    ReportColumn("Planned cost", "returnposition__planned_cost", "money"),
    ReportColumn("Planned benefit", "returnposition__planned_benefit", "money"),
    ReportColumn("Committed", "+committed", "money"),
    ReportColumn("Released", "+released", "money"),
    ReportColumn("Actual cost", "returnposition__actual_cost", "money"),
    ReportColumn("Actual cost, closed months", "returnposition__actual_cost_closed", "money"),
    ReportColumn("Planned cost, closed months", "returnposition__planned_cost_to_date", "money"),
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


def total_name(column: ReportColumn) -> str:
    """The name of the column's sum among the totals."""
    return column.source.removeprefix("returnposition__").removeprefix("+")


def rows(portfolio: Portfolio) -> Iterator[tuple[Any, ...]]:
    """The rows, the oldest initiative first, read in chunks; four queries whatever their number."""
    ids = portfolio.queryset.values("pk")
    scores = {
        pk: (low, high)
        for pk, low, high in scores_out().filter(initiative__in=ids).values_list("initiative", "low", "high")
    }
    committed = dict(
        Commitment.objects.filter(initiative__in=ids).values_list("initiative").annotate(total=Sum("amount"))
    )
    released = dict(
        ReleaseLine.objects.filter(release__tranche__initiative__in=ids)
        .values_list("release__tranche__initiative")
        .annotate(total=Sum("amount"))
    )
    stored = [column.source for column in COLUMNS if not column.source.startswith("+")]
    query = portfolio.queryset.order_by("pk").values("pk", *stored)
    for values in query.iterator(chunk_size=2000):
        pk = values["pk"]
        low, high = scores.get(pk, (None, None))
        values |= {
            "+score_low": low,
            "+score_high": high,
            "+committed": committed.get(pk, NOTHING),
            "+released": released.get(pk, NOTHING),
        }
        yield tuple(values[column.source] for column in COLUMNS)
