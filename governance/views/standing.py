"""Pages of gates, waivers, conditions, changed cases and decisions of one initiative."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.acting import took
from accounts.errors import InvalidMove
from accounts.http import PortalRequest, acts, is_fresh
from governance import drift, gates, obstacles, services, standing, waivers
from governance.forms.common import ReasonForm
from governance.forms.conditions import ConditionReportForm, ConditionReviewForm, WaiverForm
from governance.models import Condition
from governance.permissions import may_change_case, may_report_condition, may_review_condition, may_waive
from portfolio import case as case_document
from portfolio import money
from portfolio.models import CaseDraft
from portfolio.pages import initiative_of

WAIVERS_A_PAGE = 50


@acts("initiative.view")
@require_GET
def gate_page(request: PortalRequest, pk: int) -> HttpResponse:
    """The gates that ask an initiative now, item by item; its conditions; the gates behind it."""
    initiative = initiative_of(request, pk)
    reopening = drift.reopened(initiative)
    found = obstacles.obstacles_of if reopening is None else obstacles.others_of
    context = {
        "initiative": initiative,
        "gates": standing.gate_views(initiative, request.user),
        "conditions": standing.conditions_of(initiative),
        "passages": standing.passages_of(initiative),
        "reopening": reopening,
        "review_due": gates.review_due(initiative),
        "obstacles": found(initiative) if initiative.stage in drift.RUNNING else [],
        "waivers": standing.waivers_open_to(request.user).filter(initiative=initiative),
    }
    return render(request, "governance/initiative_gates.html", context)


@acts("item.waive")
@require_http_methods(["GET", "POST"])
def item_waive(request: PortalRequest, pk: int) -> HttpResponse:
    """Waive one item for one initiative."""
    initiative = initiative_of(request, pk)
    may_waive(request.user, initiative).or_deny()
    items = standing.waivable(initiative, request.user)
    if not items:
        raise InvalidMove("Nothing is missing that you may waive.")
    form = WaiverForm(
        request.POST or None,
        items=items,
        initial={"item": request.GET.get("item")},
        is_fresh=is_fresh(request),
    )

    def act(values: Mapping[str, Any]) -> None:
        gate, _, key = values["item"].partition(".")
        item = waivers.item_of(initiative, gate, key, gates.version_for(initiative, gate))
        waivers.waive(initiative, item, reason=values["reason"], until=values["until"], actor=request.user)

    if form.is_bound and took(form, act, request):
        messages.success(request, "The item is waived. It is listed for auditors.")
        return redirect("initiative-gates", pk)
    context = {
        "initiative": initiative,
        "form": form,
        "heading": "Waive an item",
        "button": "Waive it until that day",
        "tab": "decisions",
    }
    return render(request, "governance/act.html", context, status=422 if form.is_bound else 200)


@acts("gates.view")
@require_GET
def waiver_list(request: PortalRequest) -> HttpResponse:
    """Every waiver of what the reader may open."""
    page = Paginator(standing.waivers_open_to(request.user), WAIVERS_A_PAGE)
    return render(request, "governance/waiver_list.html", {"page": page.get_page(request.GET.get("page"))})


# Conditions ----------------------------------------------------------------------------------


def _condition(request: PortalRequest, pk: int) -> Condition:
    rows = standing.conditions_open_to(request.user).select_related(
        "owner", "decision__initiative__unit", "decision__initiative__current_case"
    )
    return get_object_or_404(rows, pk=pk)


@acts("initiative.view")
@require_GET
def condition_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One condition, with what its owner reported and the form of whoever acts next."""
    return _condition_page(request, _condition(request, pk))


def _condition_page(
    request: PortalRequest,
    condition: Condition,
    *,
    report_form: forms.Form | None = None,
    review_form: forms.Form | None = None,
) -> HttpResponse:
    initiative = condition.decision.initiative
    row = standing.with_reports(Condition.objects.filter(pk=condition.pk))[0]
    refused = report_form is not None or review_form is not None
    context = {
        "row": row,
        "condition": condition,
        "initiative": initiative,
        "reports": row.condition.reports.all(),
        "may_report": may_report_condition(request.user, condition),
        "may_review": may_review_condition(request.user, condition),
        "report_form": report_form or ConditionReportForm(initiative=initiative),
        "review_form": review_form or ConditionReviewForm(),
    }
    return render(request, "governance/condition_detail.html", context, status=422 if refused else 200)


@acts("condition.report")
@require_POST
def condition_report(request: PortalRequest, pk: int) -> HttpResponse:
    """Its owner reports that it is fulfilled."""
    condition = _condition(request, pk)
    may_report_condition(request.user, condition).or_deny()
    form = ConditionReportForm(request.POST, initiative=condition.decision.initiative)
    if not took(
        form, lambda values: services.report_condition(condition, **values, actor=request.user), request
    ):
        return _condition_page(request, condition, report_form=form)
    messages.success(request, "Reported. The portfolio office or finance looks at it.")
    return redirect("condition-detail", pk)


@acts("condition.review")
@require_POST
def condition_review(request: PortalRequest, pk: int) -> HttpResponse:
    """Accept the report or send it back."""
    condition = _condition(request, pk)
    may_review_condition(request.user, condition).or_deny()
    form = ConditionReviewForm(request.POST)
    if not took(
        form, lambda values: services.review_condition(condition, **values, actor=request.user), request
    ):
        return _condition_page(request, condition, review_form=form)
    accepted = form.cleaned_data["accept"]
    messages.success(request, "The condition is fulfilled." if accepted else "The report is sent back.")
    return redirect("condition-detail", pk)


# Changed cases and decisions -----------------------------------------------------------------


@acts("case.change")
@require_http_methods(["GET", "POST"])
def case_change(request: PortalRequest, pk: int) -> HttpResponse:
    """Send the changed case of what runs: what differs from the frozen one, and what follows from it."""
    initiative = initiative_of(request, pk)
    may_change_case(request.user, initiative).or_deny()
    form = ReasonForm(request.POST or None)
    if form.is_bound and took(
        form, lambda values: services.change_case(initiative, **values, actor=request.user), request
    ):
        if drift.reopened(initiative_of(request, pk)) is not None:
            messages.warning(request, "The changed case is in. Its decision is reopened: it is decided anew.")
        else:
            messages.success(request, "The changed case is in and frozen. The baseline stays.")
        return redirect("initiative-gates", pk)
    case = initiative.current_case
    draft = CaseDraft.objects.filter(initiative=initiative).first()
    now, then = draft.content if draft else {}, case.content if case else {}
    context = {
        "initiative": initiative,
        "case": case,
        "changes": case_document.changes(then, now) if draft else [],
        "cost": case_document.whole_life_cost(now, case.currency) if draft and case else money.total([]),
        "form": form,
    }
    return render(request, "governance/case_change.html", context, status=422 if form.is_bound else 200)


@acts("initiative.view")
@require_GET
def decision_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """What was decided beside what stands now, with signatures and hashes."""
    decision = get_object_or_404(standing.decisions_open_to(request.user), pk=pk)
    context = {
        "decision": decision,
        "initiative": decision.initiative,
        "beside": standing.beside(decision),
        "conditions": standing.with_reports(Condition.objects.filter(decision=decision).order_by("due_on")),
        "reopening": getattr(decision, "reopening", None),
    }
    return render(request, "governance/decision_detail.html", context)
