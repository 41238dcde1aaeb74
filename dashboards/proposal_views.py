"""The proposal: start, write, save as one types, submit, send the completed case."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import policy
from accounts.errors import Changed, DomainError, Incomplete, Refused
from accounts.http import PortalRequest, acts
from accounts.models import Unit, User
from accounts.verdict import Verdict
from dashboards import proposal as page
from governance import dry_run, gates
from governance.permissions import may_change_case, may_complete_case, may_submit
from portfolio import case, services, stop_rules
from portfolio.forms import StartForm, content_from_post
from portfolio.models import CaseDraft, Initiative
from portfolio.permissions import may_edit_draft
from portfolio.templatetags.figures import day
from scoring.return_selectors import preview


def units_for(user: User) -> QuerySet[Unit]:
    """The units that the user may propose for, in the order of the tree."""
    under = Q(pk__in=[])
    for path in policy.reach(user, "initiative.create").paths:
        under |= Q(path__startswith=path)
    return Unit.objects.filter(under, closed_on=None).order_by("path")


@acts("initiative.create")
@require_http_methods(["GET", "POST"])
def start(request: PortalRequest) -> HttpResponse:
    """Two answers, then the draft exists and can be left at any time."""
    posted = request.POST if request.method == "POST" else None
    form = StartForm(posted, units=units_for(request.user), initial={"unit": request.user.home_unit})
    if form.is_valid():
        try:
            initiative = services.start_proposal(
                form.cleaned_data["unit"], title=form.cleaned_data["title"], actor=request.user
            )
        except Refused as error:
            form.add_error("title", error.sentence)
        else:
            return redirect("proposal", initiative.pk)
    status = 422 if form.is_bound else 200
    return render(request, "dashboards/proposal_start.html", {"form": form}, status=status)


@acts("draft.edit")
@require_http_methods(["GET", "POST"])
def proposal(request: PortalRequest, pk: int) -> HttpResponse:
    """The guided form. A POST saves: while one types it answers with the side panel, else it redirects."""
    initiative = _open(request, pk)
    may_edit_draft(request.user, initiative).or_deny()
    draft = page.draft_of(initiative)
    if request.method == "GET":
        return _show(request, initiative, draft, draft.content)
    typed = content_from_post(request.POST)
    try:
        draft = _save(request, initiative, typed)
    except (Refused, Changed) as error:
        return _show(request, initiative, draft, draft.content | typed, error)
    if is_typing(request):
        return _show(request, initiative, draft, draft.content)
    messages.success(request, "Saved. You can leave and come back at any time.")
    return redirect(f"{request.path}?part=whole" if _wants_whole(request) else request.path)


@acts("initiative.submit")
@require_POST
def submit(request: PortalRequest, pk: int) -> HttpResponse:
    """Save what was typed and submit it (G0); what is missing is said at its field."""
    initiative = _open(request, pk)

    def done() -> str:
        triage, decision = page.promised(initiative)
        return f"Submitted. Triage is promised by {day(triage)}, a decision by {day(decision)}."

    return _send(request, initiative, may_submit(request.user, initiative), gates.submit, done)


@acts("case.complete")
@require_POST
def complete(request: PortalRequest, pk: int) -> HttpResponse:
    """Save what was typed and send the completed case for G2."""
    initiative = _open(request, pk)

    def done() -> str:
        return "The completed case is sent and frozen. It can be scored now."

    verdict = may_complete_case(request.user, initiative)
    return _send(request, initiative, verdict, gates.complete_case, done)


def _send(
    request: PortalRequest,
    initiative: Initiative,
    verdict: Verdict,
    act: Callable[..., object],
    done: Callable[[], str],
) -> HttpResponse:
    verdict.or_deny()
    draft = page.draft_of(initiative)
    typed = content_from_post(request.POST)
    try:
        if typed:
            draft = _save(request, initiative, typed)
        act(initiative, actor=request.user)
    except (Refused, Changed, Incomplete) as error:
        return _show(request, initiative, draft, draft.content | typed, error)
    messages.success(request, done())
    return redirect("initiative-detail", initiative.pk)


def _open(request: PortalRequest, pk: int) -> Initiative:
    return get_object_or_404(Initiative.objects.open_to(request.user).select_related("unit"), pk=pk)


def _save(request: PortalRequest, initiative: Initiative, typed: dict[str, Any]) -> CaseDraft:
    """Save over the version that was opened; or, when asked to, put what was typed over a newer one.

    Then only the fields count that the writer really changed, so that nobody's work is lost.
    """
    seen, newer = _number(request, "version"), _number(request, "merge")
    if newer > seen:
        typed = services.own_part_of(initiative, content=typed, version=seen)
    return services.save_draft(initiative, content=typed, version=max(seen, newer), actor=request.user)


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _wants_whole(request: HttpRequest) -> bool:
    return request.GET.get("part") == "whole"


def is_typing(request: HttpRequest) -> bool:
    """Whether the page saves while one types (draft.js says so)."""
    return request.headers.get("X-Keel-Draft") == "save"


def _show(
    request: PortalRequest,
    initiative: Initiative,
    draft: CaseDraft,
    content: dict[str, Any],
    error: DomainError | None = None,
) -> HttpResponse:
    errors: dict[str, str] = {}
    if isinstance(error, Refused):
        errors = error.errors
    elif isinstance(error, Incomplete):
        errors = error.missing
    whole = initiative.stage != "draft" or _wants_whole(request)
    clean, gate = case.clean(content)[0], page.next_gate(initiative)
    triage, decision = page.promised(initiative)
    may_send = may_submit if gate == "G0" else may_complete_case
    conflict = error if isinstance(error, Changed) else None
    context = {
        "initiative": initiative,
        "draft": draft,
        "content": content,
        "error": error,
        "errors": errors,
        "conflict": conflict,
        "merge": conflict.details.get("version") if conflict else None,
        "whole": whole,
        "gate": gate,
        "lacks": case.missing(clean, gate),
        "sections": page.form_sections(initiative, content, errors, whole=whole),
        "months": page.plan_months(content),
        "people": page.people(),
        "currencies": page.currencies(),
        "cost_categories": case.COST_CATEGORIES,
        "benefit_categories": case.BENEFIT_CATEGORIES,
        "preview": preview(clean, clean["currency"]),
        "relations": case.RELATIONS,
        "run": dry_run.of_proposal(initiative, clean, request.user),
        "stop_kinds": stop_rules.KINDS,
        "similar": page.similar_to(request.user, initiative, clean),
        "triage_by": triage,
        "decision_by": decision,
        "may_send": may_send(request.user, initiative),
        "may_change": may_change_case(request.user, initiative),
        # After a conflict the page still stands on the version that was opened.
        "version": _number(request, "version") if conflict else draft.version,
    }
    template, status = "dashboards/proposal.html", error.status if error else 200
    if is_typing(request):
        template = "dashboards/_proposal_refused.html" if error else "dashboards/_proposal_side.html"
    response = render(request, template, context, status=status)
    response["X-Keel-Version"] = str(context["version"])
    return response
