"""Pages of the acts on one initiative, of postings and of imports."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import Refused
from accounts.http import PortalRequest, acts, is_fresh, step_up, wants_partial
from accounts.verdict import Verdict
from ledger.models import Stale
from portfolio import permissions, services
from portfolio.act_forms import (
    AttestForm,
    ClaimForm,
    HoldForm,
    ImportForm,
    MeasurementForm,
    PeriodForm,
    PostingForm,
    RatesForm,
    kinds_for,
)
from portfolio.imports.report import safe
from portfolio.models import BenefitClaim, ImportBatch, ImportJob, Initiative, PeriodClose, Posting, RateSet
from portfolio.selectors import unattested_claims


def _open(request: PortalRequest, pk: int) -> Initiative:
    return get_object_or_404(Initiative.objects.open_to(request.user).select_related("unit"), pk=pk)


def _act_page(
    request: PortalRequest,
    initiative: Initiative,
    verdict: Verdict,
    form: forms.Form,
    act: Callable[[Mapping[str, Any]], Any],
    *,
    title: str,
    button: str,
    tab: str,
) -> HttpResponse:
    """One form, one act: fetch was done; verdict, values, act, redirect. What was typed stays on 422."""
    verdict.or_deny()
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except Refused as error:
            for name, text in (error.errors or {"": error.sentence}).items():
                form.add_error(name if name in form.fields else None, text)
        else:
            messages.success(request, f"{title}: done.")
            return redirect(f"{initiative.get_absolute_url()}?tab={tab}")
    context = {"initiative": initiative, "form": form, "heading": title, "button": button, "tab": tab}
    return render(request, "portfolio/act.html", context, status=422 if form.is_bound else 200)


@acts("comment.write")
@require_POST
def comment(request: PortalRequest, pk: int) -> HttpResponse:
    """Say something about it."""
    services.comment(_open(request, pk), text=request.POST.get("text", ""), actor=request.user)
    return redirect(f"{reverse('initiative-detail', args=[pk])}?tab=activity")


@acts("posting.add")
@require_http_methods(["GET", "POST"])
def post(request: PortalRequest, pk: int) -> HttpResponse:
    """Type a posting."""
    initiative = _open(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_post(request.user, initiative),
        PostingForm(request.POST or None, initiative=initiative),
        lambda data: services.post(initiative, **data, actor=request.user),
        title="Type a posting",
        button="Post it",
        tab="money",
    )


@acts("measurement.add")
@require_http_methods(["GET", "POST"])
def measure(request: PortalRequest, pk: int) -> HttpResponse:
    """Report a KPI."""
    initiative = _open(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_measure(request.user, initiative),
        MeasurementForm(
            request.POST or None, initiative=initiative, initial={"kpi_key": request.GET.get("kpi")}
        ),
        lambda data: services.measure(initiative, **data, actor=request.user),
        title="Report a KPI",
        button="Report it",
        tab="kpis",
    )


@acts("benefit.claim")
@require_http_methods(["GET", "POST"])
def claim(request: PortalRequest, pk: int) -> HttpResponse:
    """Claim a benefit."""
    initiative = _open(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_claim(request.user, initiative),
        ClaimForm(request.POST or None, initiative=initiative),
        lambda data: services.claim_benefit(initiative, **data, actor=request.user),
        title="Claim a benefit",
        button="Claim it",
        tab="money",
    )


@acts("hold.place")
@require_http_methods(["GET", "POST"])
def hold(request: PortalRequest, pk: int) -> HttpResponse:
    """Place a hold."""
    initiative = _open(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_place_hold(request.user, initiative),
        HoldForm(request.POST or None),
        lambda data: services.place_hold(initiative, **data, actor=request.user),
        title="Place a hold",
        button="Hold it",
        tab="case",
    )


@acts("hold.lift")
@require_POST
def lift(request: PortalRequest, pk: int) -> HttpResponse:
    """Lift the hold."""
    initiative = _open(request, pk)
    services.lift_hold(initiative, reason=request.POST.get("reason", ""), actor=request.user)
    return redirect(initiative)


@acts("benefit.attest")
@require_GET
def claims(request: PortalRequest) -> HttpResponse:
    """What waits for attestation, the oldest month first, each with its form or the reason against it."""
    waiting = unattested_claims().filter(initiative__in=Initiative.objects.open_to(request.user))
    page = Paginator(waiting, 25).get_page(request.GET.get("page"))
    rows = [
        (
            row,
            permissions.may_attest(request.user, row),
            AttestForm(initial={"amount": f"{row.amount:.2f}"}, auto_id=f"id_{row.pk}_%s"),
        )
        for row in page
    ]
    return render(
        request, "portfolio/claim_list.html", {"page": page, "rows": rows, "is_fresh": is_fresh(request)}
    )


@acts("benefit.attest")
@require_POST
def attest(request: PortalRequest, pk: int) -> HttpResponse:
    """Attest one claim; needs a fresh confirmation of who is signed in."""
    found = get_object_or_404(
        BenefitClaim.objects.filter(initiative__in=Initiative.objects.open_to(request.user)).select_related(
            "initiative__unit"
        ),
        pk=pk,
    )
    verdict = permissions.may_attest(request.user, found)
    verdict.or_deny()
    form = AttestForm(request.POST)
    if form.is_valid():
        step_up(request, form.cleaned_data.pop("password"))
        try:
            services.attest(found, **form.cleaned_data, actor=request.user)
        except Refused as error:
            for name, text in error.errors.items():
                form.add_error(name if name in form.fields else None, text)
        else:
            messages.success(
                request, f"Attested {form.cleaned_data['amount']} for {found.initiative.reference}."
            )
            return redirect("claim-list")
    rows = [(found, verdict, form)]
    return render(
        request, "portfolio/claim_list.html", {"rows": rows, "is_fresh": is_fresh(request)}, status=422
    )


@acts("initiative.view")
@require_GET
def postings(request: PortalRequest) -> HttpResponse:
    """The lines behind a figure: by initiative, month, batch; or those that match nothing."""
    rows = Posting.objects.select_related("initiative", "batch", "by_hand").order_by("-service_month", "-id")
    matched = request.GET.get("matched") != "no"
    if matched:
        rows = rows.filter(initiative__in=Initiative.objects.open_to(request.user))
    else:
        permissions.may_import_actuals(request.user).or_deny()
        rows = rows.filter(initiative=None, assigned_as=None)
    for name, column in (("initiative", "initiative_id"), ("batch", "batch_id")):
        if request.GET.get(name, "").isdigit():
            rows = rows.filter(**{column: int(request.GET[name])})
    if len(month := request.GET.get("month", "")) == 7 and month.replace("-", "").isdigit():
        rows = rows.filter(service_month__year=int(month[:4]), service_month__month=int(month[5:]))
    page = Paginator(rows, 100).get_page(request.GET.get("page"))
    context = {"page": page, "matched": matched, "may_assign": permissions.may_import_actuals(request.user)}
    return render(request, "portfolio/posting_list.html", context)


@acts("posting.assign")
@require_POST
def assign_posting(request: PortalRequest, pk: int) -> HttpResponse:
    """Give an unmatched posting to an initiative by its reference."""
    posting = get_object_or_404(Posting.objects.filter(initiative=None), pk=pk)
    reference = request.POST.get("reference", "").strip().upper()
    initiative = Initiative.objects.open_to(request.user).filter(reference=reference).first()
    if initiative is None:
        messages.error(request, f"There is no initiative {reference}: nothing was changed.")
    else:
        services.assign_posting(posting, initiative, actor=request.user)
        messages.success(request, f"Assigned to {initiative}.")
    return redirect(f"{reverse('posting-list')}?matched=no")


@acts("import.view")
@require_http_methods(["GET", "POST"])
def imports(request: PortalRequest) -> HttpResponse:
    """Start an import, and find those that ran."""
    kinds = kinds_for(
        actuals=bool(permissions.may_import_actuals(request.user)),
        portfolios=bool(permissions.may_import_portfolio(request.user)),
    )
    if request.method == "POST":
        if not kinds:
            permissions.may_import_actuals(request.user).or_deny()
        form = ImportForm(request.POST, request.FILES, kinds=kinds)
        if form.is_valid():
            file = form.cleaned_data["file"]
            job = ImportJob.objects.create(
                kind=form.cleaned_data["kind"],
                file_name=file.name[:255],
                content=file.read(),
                by=request.user,
            )
            return redirect(job)
    else:
        form = ImportForm(kinds=kinds)
    context = {
        "form": form,
        "kinds": kinds,
        "jobs": ImportJob.objects.defer("content").select_related("by", "batch")[:20],
        "closed": PeriodClose.objects.order_by("-month").first(),
        "may_close": permissions.may_close_period(request.user),
    }
    return render(request, "portfolio/import_list.html", context, status=422 if form.errors else 200)


@acts("import.view")
@require_GET
def import_job(request: PortalRequest, pk: int) -> HttpResponse:
    """Progress of an import, then its report; htmx asks again every second until figures are up to date."""
    job = get_object_or_404(ImportJob.objects.defer("content").select_related("by", "batch"), pk=pk)
    is_over = job.state in {ImportJob.State.DONE, ImportJob.State.REFUSED}
    behind = (
        Stale.objects.filter(kind="return", through_seq__lt=F("last_seq"), failures__lt=5).count()
        if is_over
        else 0
    )
    steps = [
        {"label": "Read and checked", "state": "done" if is_over else "current"},
        {"label": job.sentence or "Booked", "state": "done" if is_over else "todo"},
        {
            "label": f"Returns brought up to date, {behind} to go" if behind else "Returns are up to date",
            "state": "current" if behind else "done" if is_over else "todo",
        },
    ]
    context = {
        "job": job,
        "work": {
            "id": "import-progress",
            "title": job.file_name,
            "url": job.get_absolute_url(),
            "share": None,
            "is_done": is_over and not behind,
            "error": job.sentence if job.state == ImportJob.State.REFUSED else "",
            "steps": steps,
        },
        "remarks": job.batch.remarks.order_by("-is_rejection", "row_number")[:200] if job.batch else [],
    }
    template = "portfolio/_import_progress.html" if wants_partial(request) else "portfolio/import_detail.html"
    return render(request, template, context)


@acts("import.view")
@require_GET
def import_report(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The whole report of a batch as CSV; no cell of it becomes a formula."""
    batch = get_object_or_404(ImportBatch, pk=pk)

    def lines() -> Any:
        yield "row,kind,column,value,reason\r\n"
        for remark in batch.remarks.order_by("row_number", "id").iterator(chunk_size=1000):
            cells = (remark.column, remark.value, remark.reason)
            quoted = ",".join('"' + safe(cell).replace('"', '""') + '"' for cell in cells)
            yield f"{remark.row_number},{'rejected' if remark.is_rejection else 'remark'},{quoted}\r\n"

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{batch.pk}-report.csv"'
    return response


@acts("period.close")
@require_POST
def close_period(request: PortalRequest) -> HttpResponse:
    """Close a month."""
    form = PeriodForm(request.POST)
    if form.is_valid():
        month = form.cleaned_data["month"]
        services.close_period(month, actor=request.user)
        messages.success(
            request, f"{month:%b %Y} is closed. Later postings for it are booked in the open month."
        )
    else:
        messages.error(request, "Choose a month such as 2026-04.")
    return redirect("import-list")


@acts("envelope.view")
@require_http_methods(["GET", "POST"])
def rates(request: PortalRequest) -> HttpResponse:
    """Planning rates: those in force, those proposed, and a form for new ones."""
    may = permissions.may_propose_rates(request.user)
    form = RatesForm(request.POST or None)
    if request.method == "POST":
        may.or_deny()
        if form.is_valid():
            try:
                services.propose_rates(**form.cleaned_data, actor=request.user)
            except Refused as error:
                form.add_error("rates", error.sentence)
            else:
                messages.success(request, "Proposed. The CFO puts them in force.")
                return redirect("rate-list")
    sets = RateSet.objects.select_related("proposed_by", "confirmation__by").order_by("-fiscal_year", "-id")
    context = {
        "form": form,
        "may_propose": may,
        "sets": sets,
        "may_confirm": permissions.may_confirm_rates(request.user),
    }
    return render(request, "portfolio/rate_list.html", context, status=422 if form.errors else 200)


@acts("rates.confirm")
@require_POST
def confirm_rates(request: PortalRequest, pk: int) -> HttpResponse:
    """Put planning rates in force."""
    rate_set = get_object_or_404(RateSet, pk=pk)
    step_up(request, request.POST.get("password", ""))
    services.confirm_rates(rate_set, actor=request.user)
    messages.success(request, f"{rate_set} is in force.")
    return redirect("rate-list")
