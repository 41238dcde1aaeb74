"""Exports of what one sees, and the explanation of every total."""

import tempfile
from contextlib import nullcontext
from pathlib import Path

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts import policy
from accounts.http import PortalRequest, acts, wants_partial
from dashboards.as_of import reading
from dashboards.reports import csv, xlsx
from dashboards.selectors import Portfolio
from ledger import clock
from ledger.as_of import Point
from ledger.services import last_seq, record

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {"csv", "xlsx"}
COST, NPV = "Present value of cost", "NPV"
# Each total: its name, its formula in words, the columns that it is made of, with their words.
EXPLAINED: dict[str, tuple[str, str, dict[str, str]]] = {
    "planned_cost": (
        "Planned cost, whole life",
        "The sum of the planned cost of each initiative, from its newest frozen plan.",
        {"planned_cost": "Planned cost"},
    ),
    "actual_cost": (
        "Spent",
        "The sum of all postings of each initiative, credit notes taken off.",
        {"actual_cost": "Spent"},
    ),
    "attested_benefit": (
        "Attested benefit",
        "The sum of what finance attested, cash and not.",
        {"attested_benefit": "Attested"},
    ),
    "claimed_benefit": (
        "Claimed benefit",
        "The sum of what units claimed.",
        {"claimed_benefit": "Claimed"},
    ),
    "forecast_npv": (
        "Forecast NPV",
        "The sum of the forecast NPV of each initiative that was funded.",
        {"forecast_npv": "Forecast NPV"},
    ),
    "npv_submitted": (
        "NPV, submitted",
        "The sum of the NPV of each plan as it was sent.",
        {"npv_submitted": NPV},
    ),
    "roi_submitted": (
        "Return, submitted",
        "The sum of NPV divided by the sum of the present value of cost, each at its own base month.",
        {"npv_submitted": NPV, "pv_cost_submitted": COST},
    ),
    "roi_p50": (
        "Return, corrected",
        "The sum of NPV divided by the sum of the present value of cost, both corrected by reference class.",
        {"npv_p50": NPV, "pv_cost_p50": COST},
    ),
    "forecast_roi": (
        "Forecast return",
        "The sum of forecast NPV divided by the sum of the present value of forecast cost.",
        {"forecast_npv": NPV, "forecast_pv_cost": COST},
    ),
    "committed": (
        "Committed",
        "The sum of all commitments, what was freed taken off.",
        {"committed": "Committed"},
    ),
    "released": ("Released", "The sum of all released tranches.", {"released": "Released"}),
}


@acts("report.export")
@require_http_methods(["GET", "POST"])
def reports(request: PortalRequest) -> HttpResponseBase:
    """Choose filters and a format. A POST writes the file, and the ledger keeps that it was taken out."""
    is_post = request.method == "POST"
    portfolio = Portfolio(request.user, (request.POST if is_post else request.GET).dict())
    kind = request.POST.get("format", "")
    if is_post and portfolio.is_valid and kind in FORMATS:
        return _file(request, portfolio, kind)
    context = {
        "form": portfolio.form,
        "totals": portfolio.totals,
        "portfolio": portfolio,
        "may_take_pack": policy.may(request.user, "audit.export"),
        "problem": "Choose workbook or CSV." if is_post and kind not in FORMATS else "",
    }
    status = 422 if is_post or not portfolio.is_valid else 200
    return render(request, "dashboards/report_list.html", context, status=status)


def _file(request: PortalRequest, portfolio: Portfolio, kind: str) -> HttpResponseBase:
    point: Point | None = getattr(request, "as_of", None)
    with reading(point, request.user) if point else nullcontext():
        rows = Portfolio(request.user, request.POST.dict()).totals.initiatives
    with record("report.exported", actor=request.user) as act:
        act.note(
            report="portfolio",
            format=kind,
            rows=rows,
            filters={name: str(value) for name, value in portfolio.filters.items()},
            as_of=point.seq if point else None,
        )
    if point is None:
        return _written(request, portfolio, kind, Point(act.seq, clock.now()))
    with reading(point, request.user):
        response = _written(request, Portfolio(request.user, request.POST.dict()), kind, point)
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            # Read to its end while the point stands.
            response.streaming_content = list(response)
    return response


def _written(request: PortalRequest, portfolio: Portfolio, kind: str, point: Point) -> HttpResponseBase:
    """The file as an answer: named after the day and the record that it is as of."""
    name = f"keel-portfolio-{timezone.localdate(point.at):%Y-%m-%d}-record-{point.seq}.{kind}"
    response: HttpResponseBase
    if kind == "csv":
        response = StreamingHttpResponse(csv.stream(portfolio), content_type="text/csv; charset=utf-8")
    else:
        # The file has no name any more when it is read, so that nothing stays behind.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            xlsx.write(portfolio, path, by=request.user.name, at=point.at, seq=point.seq)
            response = FileResponse(path.open("rb"), content_type=XLSX)
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
    terms = portfolio.terms(list(columns))
    context = {
        "title": title,
        "formula": formula,
        "columns": list(columns.values()),
        "terms": terms,
        "sums": [sum(term["values"][place] for term in terms) for place in range(len(columns))],
        "result": getattr(portfolio.totals, figure),
        "is_ratio": len(columns) == 2,
        "currency": portfolio.currency,
        "filters": [
            f"{field.label}: {portfolio.filters[field.name]}"
            for field in portfolio.form
            if field.name in portfolio.filters
        ],
        "through_seq": last_seq(),
        "computed_at": clock.now(),
        "list_url": f"{reverse('initiative-list')}?{portfolio.query(state='all')}",
    }
    template = "dashboards/_figure.html" if wants_partial(request) else "dashboards/figure.html"
    return render(request, template, context, status=200 if portfolio.is_valid else 422)
