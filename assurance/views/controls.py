"""The control library, and the acts on controls of an initiative or of the organisation."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.acting import posted
from accounts.http import PortalRequest, acts, is_fresh
from assurance import permissions, selectors, services
from assurance.forms import CheckForm, EvidenceForm, ExceptionForm, LibraryFilter, PlanForm
from assurance.selectors import GATES
from assurance.views.common import act_page
from portfolio.pages import initiative_of


@acts("controls.view")
@require_GET
def library(request: PortalRequest) -> HttpResponse:
    """Every control with where it is written, and how those held once for all stand."""
    version = selectors.library_in_force()
    form = LibraryFilter(
        request.GET,
        themes=version.themes if version else {},
        frameworks=version.frameworks if version else {},
        gates=[gate for gate in GATES if gate not in {"G1", "G6"}],
    )
    every = selectors.controls_in_force()
    asked = form.cleaned_data if form.is_valid() else {}
    shown = selectors.matching(every, **asked)
    standing = {row.control.code: row for row in selectors.controls_of_the_organisation()}
    names = version.frameworks if version else {}
    context = {
        "library": version,
        "form": form,
        "rows": [
            {
                "control": control,
                "theme": version.themes.get(control.theme, control.theme) if version else "",
                "standing": standing.get(control.code),
                "crosswalk": [
                    (names.get(key, key), ", ".join(numbers)) for key, numbers in control.crosswalk.items()
                ],
            }
            for control in shown
        ],
        "in_all": len(every),
        "may_keep": permissions.may_keep(request.user),
        "may_check": permissions.may_check_for_all(request.user),
    }
    return render(request, "assurance/control_list.html", context)


@acts("control.plan")
@require_http_methods(["GET", "POST"])
def plan(request: PortalRequest, pk: int) -> HttpResponse:
    """Say who sees to controls."""
    initiative = initiative_of(request, pk)
    rows = [row for row in selectors.controls_of(initiative) if row.due]
    open_ones = [row.control.code for row in rows if not row.is_planned]
    return act_page(
        request,
        initiative,
        permissions.may_plan(request.user, initiative),
        PlanForm(posted(request), rows=rows, initial={"codes": open_ones, "owner": initiative.owner_id}),
        lambda values: services.plan_controls(initiative, **values, actor=request.user),
        title="Plan controls",
        button="Plan these controls",
        done="Planned.",
        words="One plan may cover many controls. Those that nobody sees to yet are ticked.",
    )


@acts("control.evidence")
@require_http_methods(["GET", "POST"])
def evidence(request: PortalRequest, pk: int) -> HttpResponse:
    """Show that controls hold."""
    initiative = initiative_of(request, pk)
    rows = [row for row in selectors.controls_of(initiative) if row.due]
    chosen = [code for code in request.GET.getlist("code") if code in {row.control.code for row in rows}]
    return act_page(
        request,
        initiative,
        permissions.may_evidence(request.user, initiative),
        EvidenceForm(posted(request), rows=rows, initiative=initiative, initial={"codes": chosen}),
        lambda values: services.supply_control_evidence(initiative, **values, actor=request.user),
        title="Show that controls hold",
        button="Supply this evidence",
        done="Supplied. A risk officer checks it.",
        words="One document may show that many controls hold. Each expires when its review is due.",
    )


@acts("control.check")
@require_http_methods(["GET", "POST"])
def check(request: PortalRequest, pk: int) -> HttpResponse:
    """Concur with evidence, or send it back."""
    initiative = initiative_of(request, pk)
    rows = [
        row for row in selectors.controls_of(initiative) if row.due and row.evidence and row.check is None
    ]
    return act_page(
        request,
        initiative,
        permissions.may_check(request.user, initiative),
        CheckForm(posted(request), rows=rows),
        lambda values: services.check_controls(initiative, **values, actor=request.user),
        title="Check evidence of controls",
        button="Record your word",
        done="Recorded.",
        nothing="" if rows else "No evidence waits for a check",
        words="" if rows else "It comes here once somebody supplied it.",
        shown=rows,
    )


@acts("control.except")
@require_http_methods(["GET", "POST"])
def exception(request: PortalRequest, pk: int) -> HttpResponse:
    """Let a control rest for a while."""
    initiative = initiative_of(request, pk)
    rows = [row for row in selectors.controls_of(initiative) if row.due]
    return act_page(
        request,
        initiative,
        permissions.may_except(request.user, initiative),
        ExceptionForm(posted(request), rows=rows, is_fresh=is_fresh(request)),
        lambda values: services.except_control(initiative, **values, actor=request.user),
        title="Grant an exception from a control",
        button="Let it rest until then",
        done="The exception stands.",
    )


@acts("organisation_control.evidence")
@require_http_methods(["GET", "POST"])
def keep(request: PortalRequest) -> HttpResponse:
    """Show that controls held once for all hold."""
    return act_page(
        request,
        None,
        permissions.may_keep(request.user),
        EvidenceForm(posted(request), rows=selectors.controls_of_the_organisation()),
        lambda values: services.supply_control_evidence(None, **values, actor=request.user),
        title="Show that controls of the organisation hold",
        button="Supply this evidence",
        done="Supplied. Every initiative inherits it.",
        back=reverse("control-list"),
    )


@acts("organisation_control.check")
@require_http_methods(["GET", "POST"])
def keep_check(request: PortalRequest) -> HttpResponse:
    """Check evidence of controls held once for all."""
    waiting = selectors.controls_of_the_organisation()
    rows = [row for row in waiting if row.evidence is not None and row.check is None]
    return act_page(
        request,
        None,
        permissions.may_check_for_all(request.user),
        CheckForm(posted(request), rows=rows),
        lambda values: services.check_controls(None, **values, actor=request.user),
        title="Check evidence of the organisation",
        button="Record your word",
        done="Recorded.",
        back=reverse("control-list"),
        nothing="" if rows else "No evidence waits for a check",
        words="" if rows else "It comes here once somebody supplied it.",
        shown=rows,
    )
