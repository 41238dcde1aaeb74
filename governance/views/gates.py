"""Pages of the gates: what each asks, and every act that passes one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.acting import took
from accounts.http import PortalRequest, acts, is_fresh
from governance import authority, drift, gates, services
from governance.forms.common import DecidingReasonForm, ReasonForm
from governance.forms.gates import EvidenceForm, OutcomeForm, RiskTierForm, SponsorshipForm, TriageForm
from governance.models import Gate
from governance.permissions import (
    may_accept_operation,
    may_call_in,
    may_recall,
    may_record_case,
    may_retire,
    may_return,
    may_set_outcome,
    may_stop,
    may_supply,
    may_triage,
    may_withdraw,
)
from governance.views.common import act_page
from portfolio.models import Classification, Initiative
from portfolio.pages import initiative_of
from portfolio.permissions import may_classify, may_confirm_sponsorship
from portfolio.services import classify, confirm_sponsorship


@acts("initiative.view")
@require_GET
def triage(request: PortalRequest, pk: int) -> HttpResponse:
    """What triage asks, with the forms of those who supply it."""
    return _triage_page(request, initiative_of(request, pk))


def _triage_page(
    request: PortalRequest,
    initiative: Initiative,
    *,
    form: forms.Form | None = None,
    tier_form: forms.Form | None = None,
) -> HttpResponse:
    user = request.user
    classes = initiative.classifications.select_related("by", "transaction").order_by("id")
    newest = {item.kind: item for item in classes}
    overlap = newest.get(Classification.Kind.OVERLAP)
    started = {
        "domain": initiative.domain,
        "overlap": overlap.value if overlap else "",
        "track": initiative.track,
    }
    refused = form is not None or tier_form is not None
    context = {
        "initiative": initiative,
        "items": gates.check(initiative, Gate.TRIAGE, track=initiative.track),
        "classes": list(newest.values()),
        "links": initiative.links.select_related("other__unit"),
        "limits": {
            "unit": authority.unit_limit(),
            "notify": gates.notify_limit(authority.unit_limit()),
            "currency": settings.BASE_CURRENCY,
        },
        "may_triage": may_triage(user, initiative),
        "may_set_tier": may_classify(user, initiative, "risk_tier"),
        "may_confirm": may_confirm_sponsorship(user, initiative),
        "form": form or TriageForm(initial=started),
        "tier_form": tier_form or RiskTierForm(initial={"tier": initiative.risk_tier}, prefix="tier"),
    }
    return render(request, "governance/initiative_triage.html", context, status=422 if refused else 200)


@acts("initiative.triage")
@require_POST
def triage_pass(request: PortalRequest, pk: int) -> HttpResponse:
    """Set domain and overlap and, when asked, pass G1; what was set stays when G1 does not hold."""
    initiative = initiative_of(request, pk)
    may_triage(request.user, initiative).or_deny()
    form = TriageForm(request.POST)

    def act(values: Mapping[str, Any]) -> None:
        _classify(initiative, "domain", values, initiative.domain, request)
        overlap = initiative.classifications.filter(kind=Classification.Kind.OVERLAP).order_by("id").last()
        _classify(initiative, "overlap", values, overlap.value if overlap else "", request)
        if "pass" in request.POST:
            gates.triage(initiative, track=values["track"], reason=values["reason"], actor=request.user)

    if not took(form, act, request):
        initiative.refresh_from_db()
        return _triage_page(request, initiative, form=form)
    if "pass" not in request.POST:
        messages.success(request, f"Domain and overlap of {initiative.reference} are set.")
        return redirect("initiative-triage", pk)
    messages.success(request, f"{initiative.reference} passed triage.")
    return redirect(initiative)


def _classify(
    initiative: Initiative, kind: str, values: Mapping[str, Any], before: str, request: PortalRequest
) -> None:
    if values[kind] and values[kind] != before:
        classify(initiative, kind, values[kind], reason=values["reason"], actor=request.user)


@acts("risk_tier.set")
@require_POST
def risk_tier(request: PortalRequest, pk: int) -> HttpResponse:
    """Set the risk tier."""
    initiative = initiative_of(request, pk)
    may_classify(request.user, initiative, "risk_tier").or_deny()
    form = RiskTierForm(request.POST, prefix="tier")

    def act(values: Mapping[str, Any]) -> None:
        classify(initiative, "risk_tier", values["tier"], reason=values["reason"], actor=request.user)
        # A tier that went up reopens what was decided under the lower one.
        drift.reopen(initiative_of(request, pk))

    if not took(form, act, request):
        return _triage_page(request, initiative, tier_form=form)
    messages.success(request, f"The risk tier of {initiative.reference} is set.")
    return redirect("initiative-triage", pk)


@acts("sponsorship.confirm")
@require_http_methods(["GET", "POST"])
def sponsorship(request: PortalRequest, pk: int) -> HttpResponse:
    """Confirm as sponsor."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_confirm_sponsorship(request.user, initiative),
        SponsorshipForm(request.POST or None),
        lambda values: confirm_sponsorship(initiative, **values, actor=request.user),
        title="Confirm that you stand behind it",
        button="Confirm as sponsor",
        done=f"You stand behind {initiative.reference}.",
        tab="case",
    )


@acts("evidence.supply")
@require_http_methods(["GET", "POST"])
def evidence(request: PortalRequest, pk: int) -> HttpResponse:
    """Supply what a gate asks for."""
    initiative = initiative_of(request, pk)
    items = [(item.key, f"{item.gate}: {item.text}") for item in gates.evidence_items(initiative)]
    started = {"item_key": request.GET.get("item")}
    return act_page(
        request,
        initiative,
        may_supply(request.user, initiative),
        EvidenceForm(request.POST or None, items=items, initiative=initiative, initial=started),
        lambda values: gates.supply_evidence(initiative, **values, actor=request.user),
        title="Supply what a gate asks for",
        button="Supply it",
        done="Supplied.",
        tab="risk",
    )


@acts("case.record")
@require_http_methods(["GET", "POST"])
def case_record(request: PortalRequest, pk: int) -> HttpResponse:
    """Record that G2 holds."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_record_case(request.user, initiative),
        forms.Form(request.POST or None),
        lambda values: gates.record_case(initiative, actor=request.user),
        title="Record that the case holds",
        button="Record it and move to decision",
        done=f"{initiative.reference} is ready for its decision.",
        gate=Gate.CASE,
    )


@acts("initiative.return")
@require_http_methods(["GET", "POST"])
def send_back(request: PortalRequest, pk: int) -> HttpResponse:
    """Send it back to draft."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_return(request.user, initiative),
        ReasonForm(request.POST or None),
        lambda values: gates.return_to_draft(initiative, **values, actor=request.user),
        title="Send it back for redesign",
        button="Send it back",
        done=f"{initiative.reference} is a draft again.",
    )


@acts("initiative.recall")
@require_http_methods(["GET", "POST"])
def recall(request: PortalRequest, pk: int) -> HttpResponse:
    """The unit takes the sent case back."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_recall(request.user, initiative),
        ReasonForm(request.POST or None),
        lambda values: gates.recall_case(initiative, **values, actor=request.user),
        title="Take the case back to draft",
        button="Take it back",
        done=f"{initiative.reference} is a draft again. Scorecards of this version stay as they are.",
    )


@acts("initiative.call_in")
@require_http_methods(["GET", "POST"])
def call_in(request: PortalRequest, pk: int) -> HttpResponse:
    """Call in what was only notified."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_call_in(request.user, initiative),
        ReasonForm(request.POST or None),
        lambda values: gates.call_in(initiative, **values, actor=request.user),
        title="Call it in",
        button="Triage it again",
        done=f"{initiative.reference} waits for triage again.",
    )


@acts("initiative.withdraw")
@require_http_methods(["GET", "POST"])
def withdraw(request: PortalRequest, pk: int) -> HttpResponse:
    """The unit takes it back."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_withdraw(request.user, initiative),
        ReasonForm(request.POST or None),
        lambda values: services.withdraw(initiative, **values, actor=request.user),
        title="Withdraw it",
        button="Withdraw it for good",
        done=f"{initiative.reference} is withdrawn.",
    )


@acts("initiative.stop")
@require_http_methods(["GET", "POST"])
def stop(request: PortalRequest, pk: int) -> HttpResponse:
    """The CEO stops it."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_stop(request.user, initiative),
        DecidingReasonForm(request.POST or None, is_fresh=is_fresh(request)),
        lambda values: services.stop(initiative, **values, actor=request.user),
        title="Stop it",
        button="Stop it and free what is not released",
        done=f"{initiative.reference} is stopped.",
    )


@acts("operation.accept")
@require_http_methods(["GET", "POST"])
def operation(request: PortalRequest, pk: int) -> HttpResponse:
    """Accept it into operations."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_accept_operation(request.user, initiative),
        DecidingReasonForm(request.POST or None, is_fresh=is_fresh(request)),
        lambda values: gates.accept_operation(initiative, **values, actor=request.user),
        title="Accept it into operations",
        button="Accept it",
        done=f"You accepted {initiative.reference} into operations.",
        gate=Gate.OPERATE,
    )


@acts("outcome.set")
@require_http_methods(["GET", "POST"])
def outcome(request: PortalRequest, pk: int) -> HttpResponse:
    """Set the outcome."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_set_outcome(request.user, initiative),
        OutcomeForm(request.POST or None, is_fresh=is_fresh(request)),
        lambda values: gates.set_outcome(initiative, **values, actor=request.user),
        title="Set the outcome",
        button="Set it",
        done=f"The outcome of {initiative.reference} is set.",
        gate=Gate.BENEFITS,
    )


@acts("initiative.retire")
@require_http_methods(["GET", "POST"])
def retire(request: PortalRequest, pk: int) -> HttpResponse:
    """Retire it."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_retire(request.user, initiative),
        ReasonForm(request.POST or None),
        lambda values: gates.retire(initiative, **values, actor=request.user),
        title="Retire it",
        button="Agree that it ends",
        done=f"You agreed that {initiative.reference} ends.",
        gate=Gate.RETIRE,
    )
