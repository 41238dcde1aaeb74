"""Pages of the acts on one initiative, of postings and of imports."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import policy
from accounts.acting import Doing, act_page, posted, took
from accounts.http import PortalRequest, acts, is_fresh, stepped_up, wants_partial
from accounts.models import User
from accounts.verdict import Verdict
from ledger.models import Stale
from portfolio import permissions, services
from portfolio.act_forms import (
    AssignForm,
    AttachmentForm,
    AttestForm,
    ClaimForm,
    CommentForm,
    HoldForm,
    ImportForm,
    LiftForm,
    MeasurementForm,
    MilestoneForm,
    PeriodForm,
    PostingFilter,
    PostingForm,
    RateConfirmForm,
    RatesForm,
    kinds_for,
)
from portfolio.imports.report import safe
from portfolio.involvement import accounts_of
from portfolio.models import (
    Attachment,
    BenefitClaim,
    ImportBatch,
    ImportJob,
    Initiative,
    PeriodClose,
    PlanLine,
    Posting,
    RateSet,
)
from portfolio.pages import initiative_of
from portfolio.selectors import unattested_claims
from portfolio.wording import grouped

CLAIMS_A_PAGE = 25
POSTINGS_A_PAGE = 100
REMARKS_SHOWN = 200


def _act_page(
    request: PortalRequest,
    initiative: Initiative,
    verdict: Verdict,
    form: forms.Form,
    act: Doing,
    *,
    title: str,
    button: str,
    done: str,
    tab: str,
) -> HttpResponse:
    """One form, one act on one initiative."""
    return act_page(
        request,
        verdict,
        form,
        act,
        template="portfolio/act.html",
        back=f"{initiative.get_absolute_url()}?tab={tab}",
        done=done,
        context={"initiative": initiative, "heading": title, "button": button, "tab": tab},
    )


# Acts on one initiative ----------------------------------------------------------------------


@acts("comment.write")
@require_POST
def comment(request: PortalRequest, pk: int) -> HttpResponse:
    """Say something about it."""
    initiative = initiative_of(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_comment(request.user, initiative),
        CommentForm(request.POST),
        lambda data: services.comment(initiative, **data, actor=request.user),
        title="Comment",
        button="Comment",
        done="Your comment is added.",
        tab="activity",
    )


@acts("attachment.add")
@require_POST
def attach(request: PortalRequest, pk: int) -> HttpResponse:
    """Keep a file with it."""
    initiative = initiative_of(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_attach(request.user, initiative),
        AttachmentForm(request.POST, request.FILES),
        lambda data: services.attach(
            initiative, name=data["file"].name, content=data["file"].read(), actor=request.user
        ),
        title="Add a file",
        button="Add it",
        done="The file is kept with the initiative.",
        tab="case",
    )


@acts("initiative.view")
@require_GET
def attachment(request: PortalRequest, pk: int) -> HttpResponseBase:
    """A file to save, never to show: it came from somebody's machine."""
    mine = Initiative.objects.open_to(request.user)
    kept = get_object_or_404(Attachment.objects.filter(initiative__in=mine), pk=pk)
    response = FileResponse(kept.file.open("rb"), as_attachment=True, filename=kept.name)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@acts("posting.add")
@require_http_methods(["GET", "POST"])
def post(request: PortalRequest, pk: int) -> HttpResponse:
    """Type a posting."""
    initiative = initiative_of(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_post(request.user, initiative),
        PostingForm(posted(request), initiative=initiative),
        lambda data: services.post(initiative, **data, actor=request.user),
        title="Type a posting",
        button="Post it",
        done="Posted, and marked as typed by hand.",
        tab="money",
    )


@acts("measurement.add")
@require_http_methods(["GET", "POST"])
def measure(request: PortalRequest, pk: int) -> HttpResponse:
    """Report a KPI."""
    initiative = initiative_of(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_measure(request.user, initiative),
        MeasurementForm(
            posted(request), initiative=initiative, initial={"kpi_key": request.GET.get("kpi", "")}
        ),
        lambda data: services.measure(initiative, **data, actor=request.user),
        title="Report a KPI",
        button="Report it",
        done="Reported.",
        tab="kpis",
    )


@acts("milestone.reach")
@require_http_methods(["GET", "POST"])
def milestone(request: PortalRequest, pk: int) -> HttpResponse:
    """Report that a milestone is reached."""
    initiative = initiative_of(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_reach_milestone(request.user, initiative),
        MilestoneForm(
            posted(request), initiative=initiative, initial={"key": request.GET.get("milestone", "")}
        ),
        lambda data: services.reach_milestone(initiative, **data, actor=request.user),
        title="Report a milestone",
        button="Report it",
        done="Reported.",
        tab="kpis",
    )


@acts("benefit.claim")
@require_http_methods(["GET", "POST"])
def claim(request: PortalRequest, pk: int) -> HttpResponse:
    """Claim a benefit."""
    initiative = initiative_of(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_claim(request.user, initiative),
        ClaimForm(posted(request), initiative=initiative),
        lambda data: services.claim_benefit(initiative, **data, actor=request.user),
        title="Claim a benefit",
        button="Claim it",
        done="Claimed. Finance attests it.",
        tab="money",
    )


@acts("hold.place")
@require_http_methods(["GET", "POST"])
def hold(request: PortalRequest, pk: int) -> HttpResponse:
    """Place a hold."""
    initiative = initiative_of(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_place_hold(request.user, initiative),
        HoldForm(posted(request)),
        lambda data: services.place_hold(initiative, **data, actor=request.user),
        title="Place a hold",
        button="Hold it",
        done="It is on hold.",
        tab="activity",
    )


@acts("hold.lift")
@require_http_methods(["GET", "POST"])
def lift(request: PortalRequest, pk: int) -> HttpResponse:
    """Lift the hold."""
    initiative = initiative_of(request, pk)
    return _act_page(
        request,
        initiative,
        permissions.may_lift_hold(request.user, initiative),
        LiftForm(posted(request)),
        lambda data: services.lift_hold(initiative, **data, actor=request.user),
        title="Lift the hold",
        button="Lift the hold",
        done="The hold is lifted.",
        tab="activity",
    )


# Benefits ------------------------------------------------------------------------------------


@acts("benefit.attest")
@require_GET
def claims(request: PortalRequest) -> HttpResponse:
    """What waits for attestation, the oldest month first, each with its form or the reason against it."""
    return _claims(request)


@acts("benefit.attest")
@require_POST
def attest(request: PortalRequest, pk: int) -> HttpResponse:
    """Attest one claim; needs a fresh confirmation of who is signed in."""
    claims_open = BenefitClaim.objects.filter(initiative__in=Initiative.objects.open_to(request.user))
    found = get_object_or_404(claims_open.select_related("initiative__unit"), pk=pk)
    permissions.may_attest(request.user, found).or_deny()
    form = AttestForm(request.POST, auto_id=f"id_{pk}_%s")
    if form.is_valid() and stepped_up(request, form):
        done = took(form, lambda data: services.attest(found, **data, actor=request.user), request)
        if done:
            messages.success(
                request, f"Attested {grouped(form.cleaned_data['amount'])} for {found.initiative.reference}."
            )
            return redirect("claim-list")
    return _claims(request, typed={pk: form})


def _claims(request: PortalRequest, typed: Mapping[int, forms.Form] | None = None) -> HttpResponse:
    waiting = unattested_claims().filter(initiative__in=Initiative.objects.open_to(request.user))
    page = Paginator(waiting, CLAIMS_A_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    shown = [*waiting.filter(pk__in=set(typed or {}) - {row.pk for row in shown}), *shown]
    verdicts = permissions.may_attest_each(request.user, shown)
    lines = PlanLine.objects.filter(case__in={row.initiative.current_case_id for row in shown})
    names = {(line.case_id, line.key): line.label or line.get_category_display() for line in lines}
    rows = [
        {
            "claim": row,
            "line": names.get((row.initiative.current_case_id or 0, row.line_key), row.line_key),
            "verdict": verdicts[row.pk],
            "form": (typed or {}).get(row.pk)
            or AttestForm(initial={"amount": row.amount}, auto_id=f"id_{row.pk}_%s"),
        }
        for row in shown
    ]
    context = {"page": page, "rows": rows, "is_fresh": is_fresh(request)}
    return render(request, "portfolio/claim_list.html", context, status=422 if typed else 200)


# Postings ------------------------------------------------------------------------------------


@acts("initiative.view")
@require_GET
def postings(request: PortalRequest) -> HttpResponse:
    """The lines behind a figure: by initiative, month, batch; or those that match nothing."""
    return _postings(request)


def _postings(request: PortalRequest, problem: Mapping[str, Any] | None = None) -> HttpResponse:
    form = PostingFilter(request.GET if problem is None else {"matched": "no"})
    filters = form.cleaned_data if form.is_valid() else {}
    matched = filters.get("matched") != "no"
    rows = Posting.objects.select_related("initiative", "batch", "by_hand").order_by("-service_month", "-id")
    if matched:
        rows = rows.filter(initiative__in=Initiative.objects.open_to(request.user))
    else:
        permissions.may_import_actuals(request.user).or_deny()
        rows = rows.filter(initiative=None, assigned_as=None)
    if form.errors:
        rows = rows.none()
    for name, column in (("initiative", "initiative_id"), ("batch", "batch_id"), ("month", "service_month")):
        if value := filters.get(name):
            rows = rows.filter(**{column: value})
    page = Paginator(rows, POSTINGS_A_PAGE).get_page(request.GET.get("page"))
    may_assign = policy.may(request.user, "posting.assign")
    if not may_assign:
        form.fields["matched"].widget = forms.HiddenInput()
    subject = next((row.initiative for row in page), None) if filters.get("initiative") else None
    context = {
        "page": page,
        "form": form,
        "matched": matched,
        "subject": subject,
        "may_assign": may_assign,
        "problem": problem,
    }
    status = 422 if problem or form.errors else 200
    return render(request, "portfolio/posting_list.html", context, status=status)


@acts("posting.assign")
@require_POST
def assign_posting(request: PortalRequest, pk: int) -> HttpResponse:
    """Give an unmatched posting to an initiative by its reference."""
    posting = get_object_or_404(Posting.objects.filter(initiative=None), pk=pk)
    policy.may(request.user, "posting.assign").or_deny()
    form = AssignForm(request.POST)
    reference = form.cleaned_data["reference"].upper() if form.is_valid() else ""
    initiative = Initiative.objects.open_to(request.user).filter(reference=reference).first()
    if initiative is None:
        typed = request.POST.get("reference", "")[:20]
        sentence = f"There is no initiative {typed} that you may open." if typed else "Write its reference."
        return _postings(request, problem={"posting": pk, "typed": typed, "sentence": sentence})
    services.assign_posting(posting, initiative, actor=request.user)
    messages.success(request, f"Assigned to {initiative}.")
    return redirect(f"{reverse('posting-list')}?matched=no")


# Imports -------------------------------------------------------------------------------------


def _seen_by(user: User) -> Q:
    """Imports are the group's: whose reach is a part of it sees their own only."""
    return Q() if policy.reach(user, "import.view").everywhere else Q(by__in=accounts_of(user))


def _jobs(user: User) -> QuerySet[ImportJob]:
    return ImportJob.objects.defer("content").filter(_seen_by(user)).select_related("by", "batch")


@acts("import.view")
@require_http_methods(["GET", "POST"])
def imports(request: PortalRequest) -> HttpResponse:
    """Start an import, and find those that ran."""
    kinds = _kinds(request.user)
    if request.method == "GET":
        return _imports(request, form=ImportForm(kinds=kinds))
    if not kinds:
        permissions.may_import_actuals(request.user).or_deny()
    form = ImportForm(request.POST, request.FILES, kinds=kinds)
    if not form.is_valid():
        return _imports(request, form=form, status=422)
    file = form.cleaned_data["file"]
    job = ImportJob.objects.create(
        kind=form.cleaned_data["kind"], file_name=file.name[:255], content=file.read(), by=request.user
    )
    return redirect(job)


def _kinds(user: User) -> list[tuple[str, str]]:
    return kinds_for(
        actuals=bool(permissions.may_import_actuals(user)),
        portfolios=bool(permissions.may_import_portfolio(user)),
    )


def _imports(
    request: PortalRequest, *, form: ImportForm, period_form: PeriodForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "period_form": period_form or PeriodForm(auto_id="id_close_%s"),
        "kinds": _kinds(request.user),
        "jobs": _jobs(request.user)[:20],
        "closed": PeriodClose.objects.order_by("-month").first(),
        "may_close": permissions.may_close_period(request.user),
    }
    return render(request, "portfolio/import_list.html", context, status=status)


@acts("import.view")
@require_GET
def import_job(request: PortalRequest, pk: int) -> HttpResponse:
    """Progress of an import, then its report; htmx asks again every second until figures are up to date."""
    job = get_object_or_404(_jobs(request.user), pk=pk)
    is_over = job.state in {ImportJob.State.DONE, ImportJob.State.REFUSED}
    is_refused = job.state == ImportJob.State.REFUSED
    waiting = Stale.objects.filter(kind="return", through_seq__lt=F("last_seq"), failures__lt=5)
    behind = waiting.count() if is_over and not is_refused else 0
    context = {
        "job": job,
        "steps": _steps(job, is_over=is_over, behind=behind),
        "is_over": is_over,
        "is_refused": is_refused,
        "is_done": is_over and not behind,
        "remarks": job.batch.remarks.order_by("-is_rejection", "row_number", "id")[:REMARKS_SHOWN]
        if job.batch
        else [],
        "remarks_in_all": job.batch.remarks.count() if job.batch else 0,
    }
    template = "portfolio/_import_progress.html" if wants_partial(request) else "portfolio/import_detail.html"
    return render(request, template, context)


def _steps(job: ImportJob, *, is_over: bool, behind: int) -> list[dict[str, str]]:
    if job.state == ImportJob.State.REFUSED:
        return [{"label": "Read and refused: nothing was booked", "state": "done"}]
    after = "current" if behind else "done" if is_over else "todo"
    return [
        {
            "label": "Waits for a worker",
            "state": "current" if job.state == ImportJob.State.WAITING else "done",
        },
        {
            "label": "Read, checked and booked",
            "state": "done" if is_over else "current" if job.state == ImportJob.State.RUNNING else "todo",
        },
        {
            "label": f"Returns follow, {behind} to go" if behind else "Returns are up to date",
            "state": after,
        },
    ]


@acts("import.view")
@require_GET
def import_report(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The whole report of a batch as CSV; no cell of it becomes a formula."""
    batch = get_object_or_404(ImportBatch.objects.filter(_seen_by(request.user)), pk=pk)

    def lines() -> Iterator[str]:
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
    permissions.may_close_period(request.user).or_deny()
    form = PeriodForm(request.POST, auto_id="id_close_%s")
    if not took(form, lambda data: services.close_period(data["month"], actor=request.user), request):
        return _imports(request, form=ImportForm(kinds=_kinds(request.user)), period_form=form, status=422)
    month = form.cleaned_data["month"]
    messages.success(request, f"{month:%b %Y} is closed. Later postings for it are booked in the open month.")
    return redirect("import-list")


# Rates ---------------------------------------------------------------------------------------


@acts("envelope.view")
@require_http_methods(["GET", "POST"])
def rates(request: PortalRequest) -> HttpResponse:
    """Planning rates: those in force, those proposed, and a form for new ones."""
    form = RatesForm(posted(request))
    if form.is_bound:
        permissions.may_propose_rates(request.user).or_deny()
        if took(form, lambda data: services.propose_rates(**data, actor=request.user), request):
            messages.success(request, "Proposed. The CFO puts them in force.")
            return redirect("rate-list")
    return _rates(request, form, status=422 if form.is_bound else 200)


def _rates(
    request: PortalRequest,
    form: RatesForm,
    *,
    confirming: Mapping[int, forms.Form] | None = None,
    status: int,
) -> HttpResponse:
    sets = RateSet.objects.select_related("proposed_by", "confirmation__by").order_by("-fiscal_year", "-id")
    may_confirm, acting = permissions.may_confirm_rates(request.user), accounts_of(request.user)
    rows = [
        {
            "set": found,
            "confirmation": getattr(found, "confirmation", None),
            "may_confirm": bool(may_confirm) and found.proposed_by_id not in acting,
            "form": (confirming or {}).get(found.pk) or RateConfirmForm(auto_id=f"id_{found.pk}_%s"),
        }
        for found in sets[:50]
    ]
    context = {
        "form": form,
        "may_propose": permissions.may_propose_rates(request.user),
        "rows": rows,
        "is_fresh": is_fresh(request),
    }
    return render(request, "portfolio/rate_list.html", context, status=status)


@acts("rates.confirm")
@require_POST
def confirm_rates(request: PortalRequest, pk: int) -> HttpResponse:
    """Put planning rates in force; needs a fresh confirmation of who is signed in."""
    rate_set = get_object_or_404(RateSet, pk=pk)
    permissions.may_confirm_rates(request.user).or_deny()
    form = RateConfirmForm(request.POST, auto_id=f"id_{pk}_%s")
    if not form.is_valid() or not stepped_up(request, form):
        return _rates(request, RatesForm(), confirming={pk: form}, status=422)
    services.confirm_rates(rate_set, actor=request.user)
    messages.success(request, f"{rate_set} is in force.")
    return redirect("rate-list")
