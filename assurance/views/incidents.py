"""The register of incidents, one incident, and the acts on it."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.acting import posted
from accounts.http import PortalRequest, acts
from accounts.verdict import Verdict
from assurance import permissions, selectors, services
from assurance.forms import CloseForm, CostForm, GradeForm, IncidentFilter, IncidentForm, StepForm
from assurance.models import Incident
from assurance.views.common import act_page
from portfolio.pages import initiative_of

A_PAGE = 50


@acts("incident.view")
@require_GET
def incident_list(request: PortalRequest) -> HttpResponse:
    """Incidents of the initiatives that the reader may open, the newest first."""
    form = IncidentFilter(request.GET)
    rows = selectors.incidents_for(request.user, form.asked())
    context = {"form": form, "page": Paginator(rows, A_PAGE).get_page(request.GET.get("page"))}
    return render(request, "assurance/incident_list.html", context)


def _incident(request: PortalRequest, pk: int) -> Incident:
    return get_object_or_404(
        selectors.incidents_for(request.user).select_related(
            "initiative__benefit_owner", "initiative__owner"
        ),
        pk=pk,
    )


@acts("incident.view")
@require_GET
def incident_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One incident: what happened, what was done, what it cost, and what may be done now."""
    incident = _incident(request, pk)
    titles = {control.code: control.title for control in selectors.controls_in_force()}
    user = request.user
    context = {
        "incident": incident,
        "initiative": incident.initiative,
        "steps": incident.steps.select_related("by", "transaction").order_by("id"),
        "costs": incident.costs.select_related("posting", "by", "transaction").order_by("id"),
        "failed": [(row.code, titles.get(row.code, "")) for row in incident.failed_controls.order_by("id")],
        "vetoes": incident.vetoes.select_related("by", "transaction").order_by("id"),
        "may_follow": permissions.may_follow(user, incident),
        "may_grade": permissions.may_grade(user, incident),
        "may_close": permissions.may_close(user, incident),
        "may_book": permissions.may_book(user, incident),
        "may_veto": selectors.veto_in_force(incident.initiative) is None
        and permissions.may_veto(user, incident.initiative),
    }
    return render(request, "assurance/incident_detail.html", context)


@acts("incident.report")
@require_http_methods(["GET", "POST"])
def incident_report(request: PortalRequest, pk: int) -> HttpResponse:
    """Report that something went wrong."""
    initiative = initiative_of(request, pk)
    form = IncidentForm(posted(request), controls=selectors.controls_in_force(), currency=initiative.currency)
    return act_page(
        request,
        initiative,
        permissions.may_report(request.user, initiative),
        form,
        lambda values: services.report(initiative, **values, actor=request.user),
        title="Report an incident",
        button="Report it",
        done="Reported. Owner, sponsor and risk officer are told.",
        words="Report early: what is not known yet can follow.",
    )


def _act(
    request: PortalRequest,
    incident: Incident,
    verdict: Verdict,
    form: forms.Form,
    act: Callable[[Mapping[str, Any]], Any],
    *,
    title: str,
    button: str,
    done: str,
) -> HttpResponse:
    return act_page(
        request,
        incident.initiative,
        verdict,
        form,
        act,
        title=title,
        button=button,
        done=done,
        back=incident.get_absolute_url(),
        words=incident.title,
    )


@acts("incident.follow")
@require_http_methods(["GET", "POST"])
def incident_contain(request: PortalRequest, pk: int) -> HttpResponse:
    """Say that it does no more harm."""
    incident = _incident(request, pk)
    return _act(
        request,
        incident,
        permissions.may_follow(request.user, incident),
        StepForm(posted(request)),
        lambda values: services.contain(incident, **values, actor=request.user),
        title="The incident is contained",
        button="Record that it is contained",
        done="It is contained.",
    )


@acts("incident.follow")
@require_http_methods(["GET", "POST"])
def incident_tell(request: PortalRequest, pk: int) -> HttpResponse:
    """Say that the authority was told."""
    incident = _incident(request, pk)
    form = StepForm(posted(request))
    form.fields["text"].label = "Which authority was told, when, under which number"
    return _act(
        request,
        incident,
        permissions.may_follow(request.user, incident),
        form,
        lambda values: services.tell_authority(incident, **values, actor=request.user),
        title="The authority was told",
        button="Record that it was told",
        done="Recorded.",
    )


@acts("incident.grade")
@require_http_methods(["GET", "POST"])
def incident_grade(request: PortalRequest, pk: int) -> HttpResponse:
    """Change how bad it was."""
    incident = _incident(request, pk)
    return _act(
        request,
        incident,
        permissions.may_grade(request.user, incident),
        GradeForm(posted(request)),
        lambda values: services.grade(incident, **values, actor=request.user),
        title="Change the severity",
        button="Change the severity",
        done="The severity is changed.",
    )


@acts("incident.close")
@require_http_methods(["GET", "POST"])
def incident_close(request: PortalRequest, pk: int) -> HttpResponse:
    """Close it with its lessons."""
    incident = _incident(request, pk)
    return _act(
        request,
        incident,
        permissions.may_close(request.user, incident),
        CloseForm(posted(request)),
        lambda values: services.close_incident(incident, **values, actor=request.user),
        title="Close the incident",
        button="Close the incident",
        done="It is closed.",
    )


@acts("incident.book_cost")
@require_http_methods(["GET", "POST"])
def incident_cost(request: PortalRequest, pk: int) -> HttpResponse:
    """Book what it cost."""
    incident = _incident(request, pk)
    initial = {"amount": incident.stated_cost, "service_month": incident.happened_on}
    return _act(
        request,
        incident,
        permissions.may_book(request.user, incident),
        CostForm(posted(request), currency=incident.currency, initial=initial),
        lambda values: services.book_cost(incident, **values, actor=request.user),
        title="Book what the incident cost",
        button="Book it as a posting",
        done="Booked: the return of the initiative follows.",
    )
