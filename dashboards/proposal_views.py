"""The proposal: start, write, save as one types, submit, send the completed case."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import policy
from accounts.errors import Changed, DomainError, Incomplete, Refused
from accounts.http import PortalRequest, acts, wants_partial
from accounts.models import Unit, User
from dashboards import proposal as page
from governance import gates
from portfolio import case, services
from portfolio.forms import StartForm, content_from_post
from portfolio.models import CaseDraft, Initiative
from portfolio.permissions import may_edit_draft
from scoring.return_selectors import preview


def units_for(user: User) -> Any:
    """The units that the user may propose for."""
    paths = policy.reach(user, "initiative.create").paths
    return Unit.objects.filter(closed_on=None, pk__in=[unit.pk for path in paths for unit in _under(path)])


def _under(path: str) -> list[Unit]:
    return list(Unit.objects.filter(path__startswith=path))


@acts("initiative.create")
@require_http_methods(["GET", "POST"])
def start(request: PortalRequest) -> HttpResponse:
    """Two answers, then the draft exists and can be left at any time."""
    form = StartForm(request.POST or None, units=units_for(request.user), initial={"unit": request.user.home_unit})
    if form.is_valid():
        initiative = services.start_proposal(
            form.cleaned_data["unit"], title=form.cleaned_data["title"], actor=request.user
        )
        return redirect("proposal", initiative.pk)
    return render(request, "dashboards/proposal_start.html", {"form": form}, status=422 if form.is_bound else 200)


@acts("draft.edit")
@require_http_methods(["GET", "POST"])
def proposal(request: PortalRequest, pk: int) -> HttpResponse:
    """The guided form. A POST saves the draft: htmx gets the side panel, a browser the page again."""
    initiative = get_object_or_404(Initiative.objects.open_to(request.user).select_related("unit"), pk=pk)
    may_edit_draft(request.user, initiative).or_deny()
    draft = get_object_or_404(CaseDraft.objects.select_related("updated_by"), initiative=initiative)
    if request.method == "GET":
        return _show(request, initiative, draft, draft.content)
    typed = content_from_post(request.POST)
    try:
        draft = services.save_draft(
            initiative, content=typed, version=_version(request), over_own_edits=True, actor=request.user
        )
    except (Refused, Changed) as error:
        return _show(request, initiative, draft, draft.content | typed, error)
    if wants_partial(request):
        return _show(request, initiative, draft, draft.content)
    messages.success(request, "Saved. You can leave and come back at any time.")
    return redirect(f"{request.path}?part=whole" if "whole" in request.GET.get("part", "") else request.path)


@acts("initiative.submit")
@require_POST
def submit(request: PortalRequest, pk: int) -> HttpResponse:
    """Save what was typed and submit it (G0); what is missing is said at its field."""
    return _send(request, pk, "submitted")


@acts("case.complete")
@require_POST
def complete(request: PortalRequest, pk: int) -> HttpResponse:
    """Save what was typed and send the completed case for G2."""
    return _send(request, pk, "completed")


def _send(request: PortalRequest, pk: int, what: str) -> HttpResponse:
    initiative = get_object_or_404(Initiative.objects.open_to(request.user).select_related("unit"), pk=pk)
    draft = get_object_or_404(CaseDraft.objects.select_related("updated_by"), initiative=initiative)
    typed = content_from_post(request.POST)
    try:
        if typed:
            draft = services.save_draft(
                initiative, content=typed, version=_version(request), over_own_edits=True, actor=request.user
            )
        act = gates.submit if what == "submitted" else gates.complete_case
        act(initiative, actor=request.user)
    except (Refused, Changed, Incomplete) as error:
        return _show(request, initiative, draft, draft.content | typed, error)
    triage, decision = page.promised(initiative)
    if what == "submitted":
        messages.success(request, f"Submitted. Triage is promised by {triage:%d %b %Y}, a decision by {decision:%d %b %Y}.")
    else:
        messages.success(request, "The completed case is sent and frozen. Scoring can begin.")
    return redirect("initiative-detail", pk)


def _version(request: PortalRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdigit() else 0


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
        errors = {key: text for key, text in error.missing.items() if key in case.BY_KEY}
    whole = initiative.stage != "draft" or request.GET.get("part") == "whole" or request.POST.get("part") == "whole"
    clean = case.clean(content)[0]
    gate = page.next_gate(initiative)
    sections = page.form_sections(initiative, content, errors, whole=whole)
    triage, decision = page.promised(initiative)
    context = {
        "initiative": initiative,
        "draft": draft,
        "content": content,
        "error": error,
        "errors": errors,
        "whole": whole,
        "gate": gate,
        "lacks": case.missing(clean, gate),
        "fields": case.BY_KEY,
        "sections": sections,
        "months": page.plan_months(content),
        "people": page.people(),
        "currencies": page.currencies(),
        "cost_categories": case.COST_CATEGORIES,
        "benefit_categories": case.BENEFIT_CATEGORIES,
        "preview": preview(clean, clean["currency"]),
        "relations": case.RELATIONS,
        "similar": page.similar_to(request.user, initiative, clean),
        "triage_by": triage,
        "decision_by": decision,
        "version": error.details.get("version", draft.version) if isinstance(error, Changed) else draft.version,
    }
    template = "dashboards/_proposal_side.html" if wants_partial(request) else "dashboards/proposal.html"
    return render(request, template, context, status=error.status if error else 200)
