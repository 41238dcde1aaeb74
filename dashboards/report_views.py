"""Exports of what one sees, and the explanation of every total."""

import tempfile
from pathlib import Path
from typing import Any

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.http import PortalRequest, acts, wants_partial
from dashboards.reports import csv, xlsx
from dashboards.selectors import Portfolio
from ledger import clock
from ledger.services import last_seq, record
from scoring.models import ReturnPosition

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Each total: its name, its formula in words, the columns that it is made of.
EXPLAINED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "planned_cost": ("Planned cost, whole life", "The sum of the planned cost of each initiative.", ("planned_cost",)),
    "actual_cost": ("Spent", "The sum of all postings of each initiative, credit notes taken off.", ("actual_cost",)),
    "attested_benefit": ("Attested benefit", "The sum of what finance attested.", ("attested_benefit",)),
    "claimed_benefit": ("Claimed benefit", "The sum of what units claimed.", ("claimed_benefit",)),
    "forecast_npv": ("Forecast NPV", "The sum of the forecast NPV of each initiative.", ("forecast_npv",)),
    "npv_submitted": ("NPV submitted", "The sum of the NPV of each plan as it was sent.", ("npv_submitted",)),
    "roi_submitted": ("Return, submitted", "ΣNPV ÷ ΣPV(costs), each at its own base month.", ("npv_submitted", "pv_cost_submitted")),
    "roi_p50": ("Return, corrected", "ΣNPV ÷ ΣPV(costs) after correction by reference class, P50.", ("npv_p50", "pv_cost_p50")),
    "forecast_roi": ("Forecast return", "ΣNPV ÷ ΣPV(costs) of the forecasts.", ("forecast_npv", "forecast_pv_cost")),
    "committed": ("Committed", "The sum of all commitments, what was freed taken off.", ()),
    "released": ("Released", "The sum of all released tranches.", ()),
}  # fmt: skip


@acts("report.export")
@require_http_methods(["GET", "POST"])
def reports(request: PortalRequest) -> HttpResponseBase:
    """Choose filters and a format. A POST writes the file, and the ledger keeps that it was taken out."""
    portfolio = Portfolio(request.user, request.POST.dict() if request.method == "POST" else request.GET.dict())
    if request.method == "GET":
        context = {"form": portfolio.form, "totals": portfolio.totals, "portfolio": portfolio}
        return render(request, "dashboards/report_list.html", context)
    kind = request.POST.get("format", "")
    if kind not in {"csv", "xlsx"}:
        raise Http404
    with record("report.exported", actor=request.user) as act:
        act.note(
            report="portfolio",
            format=kind,
            rows=portfolio.totals.initiatives,
            filters={name: str(value) for name, value in portfolio.filters.items()},
        )
    name = f"keel-portfolio-{clock.today():%Y-%m-%d}-record-{act.seq}.{kind}"
    if kind == "csv":
        response: HttpResponseBase = StreamingHttpResponse(csv.stream(portfolio), content_type="text/csv; charset=utf-8")
    else:
        path = Path(tempfile.mkdtemp()) / name
        xlsx.write(portfolio, path, by=request.user.name, at=clock.now(), seq=act.seq)
        file = path.open("rb")
        path.unlink()
        path.parent.rmdir()
        response = FileResponse(file, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@acts("dashboard.executive")
@require_GET
def explain(request: PortalRequest, figure: str) -> HttpResponse:
    """What a total is made of: the formula, its largest terms and the rest, which add up to it."""
    if figure not in EXPLAINED:
        raise Http404
    portfolio = Portfolio(request.user, request.GET.dict())
    title, formula, columns = EXPLAINED[figure]
    value = getattr(portfolio.totals, figure)
    context = {
        "title": title,
        "formula": formula,
        "terms": _terms(portfolio, columns),
        "result": value,
        "is_ratio": len(columns) == 2,
        "columns": columns,
        "through_seq": last_seq(),
        "computed_at": clock.now(),
        "list_url": f"{reverse('initiative-list')}?state=all",
    }
    template = "dashboards/_figure.html" if wants_partial(request) else "dashboards/figure.html"
    return render(request, template, context)


def _terms(portfolio: Portfolio, columns: tuple[str, ...], most: int = 12) -> list[dict[str, Any]]:
    if not columns:
        return []
    rows = (
        ReturnPosition.objects.filter(initiative__in=portfolio.queryset)
        .exclude(**{columns[0]: None})
        .select_related("initiative")
        .order_by(f"-{columns[0]}", "initiative_id")
    )
    shown = list(rows[:most])
    terms = [
        {
            "label": f"{row.initiative.reference} {row.initiative.title}",
            "url": f"{row.initiative.get_absolute_url()}?tab=money",
            "values": [getattr(row, column) for column in columns],
        }
        for row in shown
    ]
    others = portfolio.sums_of(columns, without=[row.pk for row in shown])
    if others["n"]:
        terms.append({"label": f"{others['n']} others", "url": "", "values": [others[column] or 0 for column in columns]})
    return terms
