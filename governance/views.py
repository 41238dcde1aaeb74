"""Pages of gates, signing rounds, tranches and envelopes. Each fetches, validates, acts and redirects."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import policy
from accounts.errors import Changed, DomainError, Incomplete, Refused
from accounts.http import PortalRequest, acts, is_fresh, stepped_up
from accounts.models import Unit
from accounts.verdict import Verdict, deny
from governance import authority, commitments, gates, selectors, services
from governance.forms import (
    DecidingForm,
    DecidingReasonForm,
    EnvelopeForm,
    EvidenceForm,
    OutcomeForm,
    ProposalForm,
    ReasonForm,
    ReleaseForm,
    RiskTierForm,
    SignatureForm,
    SponsorshipForm,
    TrancheRequestForm,
    TriageForm,
    YearForm,
)
from governance.models import Envelope, EnvelopeChange, Gate, GateItem, SigningRound, Tranche
from governance.permissions import (
    may_accept_operation,
    may_call_in,
    may_confirm_envelope,
    may_open_signing,
    may_propose_envelope,
    may_recall,
    may_record_case,
    may_release,
    may_request_tranche,
    may_retire,
    may_return,
    may_set_outcome,
    may_sign,
    may_stop,
    may_supply,
    may_triage,
    may_withdraw,
    may_withdraw_signing,
    signing_place,
)
from ledger import clock
from portfolio.models import Classification, Initiative, Stage
from portfolio.permissions import may_classify, may_confirm_sponsorship
from portfolio.selectors import fiscal_year_of, people_by_id
from portfolio.services import classify, confirm_sponsorship

ROUNDS_A_PAGE = 50


def _initiative(request: PortalRequest, pk: int) -> Initiative:
    found = Initiative.objects.open_to(request.user).select_related(
        "unit", "current_case", "sponsor", "owner"
    )
    return get_object_or_404(found, pk=pk)


def _took(form: forms.Form, act: Callable[[Mapping[str, Any]], Any], request: PortalRequest) -> bool:
    """Run the act with the form's values; what it refuses stands at its fields."""
    if not form.is_valid() or (isinstance(form, DecidingForm) and not stepped_up(request, form)):
        return False
    values = {name: value for name, value in form.cleaned_data.items() if name != "password"}
    try:
        act(values)
    except (Refused, Incomplete) as error:
        found = error.errors if isinstance(error, Refused) else error.missing
        for name, text in (found or {"": error.sentence}).items():
            form.add_error(name if name in form.fields else None, text)
        return False
    return True


def _act_page(
    request: PortalRequest,
    initiative: Initiative,
    verdict: Verdict,
    form: forms.Form,
    act: Callable[[Mapping[str, Any]], Any],
    *,
    title: str,
    button: str,
    done: str,
    tab: str = "decisions",
    gate: str = "",
) -> HttpResponse:
    """One form, one act on one initiative, with what the gate asks beside it."""
    verdict.or_deny()
    if form.is_bound and _took(form, act, request):
        messages.success(request, done)
        return redirect(f"{initiative.get_absolute_url()}?tab={tab}")
    context = {
        "initiative": initiative,
        "form": form,
        "heading": title,
        "button": button,
        "tab": tab,
        "gate": Gate(gate).label if gate else "",
        "items": gates.check(initiative, gate) if gate else [],
    }
    return render(request, "governance/act.html", context, status=422 if form.is_bound else 200)


# Gates ---------------------------------------------------------------------------------------


@acts("gates.view")
@require_GET
def gate_list(request: PortalRequest) -> HttpResponse:
    """What each gate asks, and who decides up to which amount."""
    rows = list(GateItem.objects.filter(version=gates.version_in_force()).order_by("gate", "position"))
    context = {
        "version": gates.version_in_force(),
        "gates": [(gate.label, [row for row in rows if row.gate == gate]) for gate in Gate],
        "steps": authority.as_data(authority.steps_in_force()),
    }
    return render(request, "governance/gate_list.html", context)


@acts("initiative.view")
@require_GET
def triage(request: PortalRequest, pk: int) -> HttpResponse:
    """What triage asks, with the forms of those who supply it."""
    return _triage_page(request, _initiative(request, pk))


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
            "notify": gates.NOTIFY_LIMIT,
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
    initiative = _initiative(request, pk)
    may_triage(request.user, initiative).or_deny()
    form = TriageForm(request.POST)

    def act(values: Mapping[str, Any]) -> None:
        _classify(initiative, "domain", values, initiative.domain, request)
        overlap = initiative.classifications.filter(kind=Classification.Kind.OVERLAP).order_by("id").last()
        _classify(initiative, "overlap", values, overlap.value if overlap else "", request)
        if "pass" in request.POST:
            gates.triage(initiative, track=values["track"], reason=values["reason"], actor=request.user)

    if not _took(form, act, request):
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
    initiative = _initiative(request, pk)
    may_classify(request.user, initiative, "risk_tier").or_deny()
    form = RiskTierForm(request.POST, prefix="tier")

    def act(values: Mapping[str, Any]) -> None:
        classify(initiative, "risk_tier", values["tier"], reason=values["reason"], actor=request.user)

    if not _took(form, act, request):
        return _triage_page(request, initiative, tier_form=form)
    messages.success(request, f"The risk tier of {initiative.reference} is set.")
    return redirect("initiative-triage", pk)


@acts("sponsorship.confirm")
@require_http_methods(["GET", "POST"])
def sponsorship(request: PortalRequest, pk: int) -> HttpResponse:
    """Confirm as sponsor."""
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    asked = GateItem.objects.filter(version=gates.version_in_force(), parameters__question="evidence")
    items = [(item.key, f"{item.gate}: {item.text}") for item in asked.order_by("gate", "position")]
    return _act_page(
        request,
        initiative,
        may_supply(request.user, initiative),
        EvidenceForm(request.POST or None, items=items, initial={"item_key": request.GET.get("item")}),
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
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    return _act_page(
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
    initiative = _initiative(request, pk)
    return _act_page(
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


# Signing rounds ------------------------------------------------------------------------------


def _signing(request: PortalRequest, pk: int) -> SigningRound:
    return get_object_or_404(selectors.rounds_for(request.user), pk=pk)


@acts("initiative.view")
@require_GET
def signing_list(request: PortalRequest) -> HttpResponse:
    """What waits for the reader's signature, what waits for others, and what has ended."""
    waiting = selectors.open_signings_for(request.user)
    mine = {signing.pk for signing in waiting}
    rounds = selectors.rounds_for(request.user)
    ended = rounds.exclude(ending=None).order_by("-ending__id")
    context = {
        "waiting": waiting,
        "others": [signing for signing in rounds.unended()[:200] if signing.pk not in mine],
        "page": Paginator(ended, ROUNDS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "governance/signing_round_list.html", context)


@acts("initiative.view")
@require_GET
def signing_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """The frozen pack on one page, with the form to sign it or the reason why not."""
    return _pack_page(request, _signing(request, pk))


def _pack_page(
    request: PortalRequest,
    signing: SigningRound,
    *,
    form: SignatureForm | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    user, pack = request.user, signing.content
    votes = authority.votes_for(signing)
    signed = next((vote for vote in signing.signatures.all() if vote.by_id == user.pk), None)
    place = signing_place(user, signing)
    started = {"seen_hash": signing.content_hash}
    named = [pack["owner"], pack["sponsor"], *(row["owner_id"] for row in signing.conditions)]
    people = people_by_id(named)
    context = {
        "signing": signing,
        "pack": pack,
        "initiative": signing.initiative,
        "owner": people.get(pack["owner"]),
        "sponsor": people.get(pack["sponsor"]),
        "conditions": [row | {"owner": people.get(row["owner_id"])} for row in signing.conditions],
        "room_now": _room_now(pack),
        "signatures": signing.signatures.all(),
        "signed": signed,
        "open_places": authority.in_words(authority.open_places(signing, votes)) if signing.is_open else "",
        "may_sign": deny("You signed this already.") if signed else may_sign(user, signing),
        "is_concurrence": place is not None and place.seat is None,
        "may_withdraw": may_withdraw_signing(user, signing),
        "form": form or SignatureForm(initial=started, is_fresh=is_fresh(request)),
        "withdraw_form": ReasonForm(prefix="withdraw"),
        "error": error,
    }
    status = error.status if error is not None else 422 if form is not None else 200
    return render(request, "governance/signing_round_detail.html", context, status=status)


def _room_now(pack: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pack's rows of room with what the envelopes have today beside them."""
    ids = [row["envelope"] for row in pack["room"] if row["envelope"]]
    envelopes = Envelope.objects.select_related("balance").in_bulk(ids)
    return [
        dict(row) | {"now": envelopes[row["envelope"]].balance.room if row["envelope"] in envelopes else None}
        for row in pack["room"]
    ]


@acts("decision.sign")
@require_POST
def signing_sign(request: PortalRequest, pk: int) -> HttpResponse:
    """Sign from a seat."""
    return _sign(request, _signing(request, pk))


@acts("risk.concur")
@require_POST
def signing_concur(request: PortalRequest, pk: int) -> HttpResponse:
    """Concur with a decision on a high tier, or block it."""
    return _sign(request, _signing(request, pk))


def _sign(request: PortalRequest, signing: SigningRound) -> HttpResponse:
    form = SignatureForm(request.POST, is_fresh=is_fresh(request))
    may_sign(request.user, signing).or_deny()
    try:
        took = _took(form, lambda values: services.sign(signing, **values, actor=request.user), request)
    except Changed as error:
        return _pack_page(request, _signing(request, signing.pk), error=error)
    if not took:
        return _pack_page(request, signing, form=form)
    messages.success(request, f"You signed on {signing.initiative.reference}.")
    return redirect(signing)


@acts("signing.withdraw")
@require_POST
def signing_withdraw(request: PortalRequest, pk: int) -> HttpResponse:
    """Take an open round back."""
    signing = _signing(request, pk)
    may_withdraw_signing(request.user, signing).or_deny()
    form = ReasonForm(request.POST, prefix="withdraw")
    if _took(form, lambda values: services.withdraw_signing(signing, **values, actor=request.user), request):
        messages.success(request, f"The signing round of {signing.initiative.reference} is withdrawn.")
    else:
        messages.error(request, "Give a reason for taking it back.")
    return redirect(signing)


@acts("signing.open")
@require_http_methods(["GET", "POST"])
def signing_open(request: PortalRequest, pk: int) -> HttpResponse:
    """Propose a decision for signature."""
    initiative = _initiative(request, pk)
    may_open_signing(request.user, initiative).or_deny()
    gate = services.GATE_OF_STAGE[Stage(initiative.stage)]
    suggested = services.suggestion(initiative)
    form = ProposalForm(request.POST or None, verbs=services.VERBS_AT[gate], initial=suggested)

    def act(values: Mapping[str, Any]) -> None:
        opened.append(
            services.open_signing(
                initiative,
                verb=values["verb"],
                amount=values["amount"] or commitments.NOTHING,
                first_tranche=values["first_tranche"] or commitments.NOTHING,
                reason=values["reason"],
                conditions=form.conditions(),
                hold_until=values["hold_until"],
                merge_into=values["merge_into"],
                actor=request.user,
            )
        )

    opened: list[SigningRound] = []
    if form.is_bound and _took(form, act, request):
        messages.success(request, f"The decision on {initiative.reference} waits for signatures.")
        return redirect(opened[0])
    case = initiative.current_case
    tested = authority.tested_amount(initiative, case) if case is not None else None
    context = {
        "initiative": initiative,
        "gate": gate.label,
        "items": gates.check(initiative, gate),
        "form": form,
        "case": case,
        "tested_amount": tested,
        "step": authority.step_for(tested, initiative.risk_tier) if tested is not None else None,
        "currency": settings.BASE_CURRENCY,
    }
    return render(
        request, "governance/signing_round_open.html", context, status=422 if form.is_bound else 200
    )


# Tranches ------------------------------------------------------------------------------------


def _tranche(request: PortalRequest, pk: int) -> Tranche:
    mine = Initiative.objects.open_to(request.user)
    rows = Tranche.objects.select_related(
        "initiative__unit", "decision", "release__by", "release__transaction"
    )
    return get_object_or_404(rows.filter(initiative__in=mine), pk=pk)


@acts("initiative.view")
@require_GET
def tranche_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One tranche, with the form to ask for it or to release it."""
    return _tranche_page(request, _tranche(request, pk))


def _tranche_page(
    request: PortalRequest,
    tranche: Tranche,
    *,
    release_form: forms.Form | None = None,
    request_form: forms.Form | None = None,
) -> HttpResponse:
    refused = release_form is not None or request_form is not None
    context = {
        "tranche": tranche,
        "initiative": tranche.initiative,
        "tranches": selectors.tranches_of(tranche.initiative),
        "requests": tranche.requests.select_related("by", "transaction").order_by("id"),
        "currency": settings.BASE_CURRENCY,
        "may_release": may_release(request.user, tranche),
        "may_request": may_request_tranche(request.user, tranche),
        "release_form": release_form or ReleaseForm(is_fresh=is_fresh(request)),
        "request_form": request_form or TrancheRequestForm(),
    }
    return render(request, "governance/tranche_detail.html", context, status=422 if refused else 200)


@acts("tranche.release")
@require_http_methods(["GET", "POST"])
def tranche_release(request: PortalRequest, pk: int) -> HttpResponse:
    """Release a tranche."""
    tranche = _tranche(request, pk)
    if request.method != "POST":
        return _tranche_page(request, tranche)
    may_release(request.user, tranche).or_deny()
    form = ReleaseForm(request.POST, is_fresh=is_fresh(request))
    if not _took(
        form, lambda values: services.release_tranche(tranche, **values, actor=request.user), request
    ):
        return _tranche_page(request, tranche, release_form=form)
    messages.success(request, f"Tranche {tranche.number} of {tranche.initiative.reference} is released.")
    return redirect("tranche-detail", pk)


@acts("tranche.request")
@require_POST
def tranche_request(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask for a tranche."""
    tranche = _tranche(request, pk)
    may_request_tranche(request.user, tranche).or_deny()
    form = TrancheRequestForm(request.POST)
    if not _took(
        form, lambda values: services.request_tranche(tranche, **values, actor=request.user), request
    ):
        return _tranche_page(request, tranche, request_form=form)
    messages.success(
        request, f"Finance was asked for tranche {tranche.number} of {tranche.initiative.reference}."
    )
    return redirect("tranche-detail", pk)


# Envelopes -----------------------------------------------------------------------------------


@acts("envelope.view")
@require_GET
def envelope_list(request: PortalRequest) -> HttpResponse:
    """Where the envelopes of a year stand, and what waits for a second person."""
    return _envelopes_page(request)


def _envelopes_page(request: PortalRequest, form: EnvelopeForm | None = None) -> HttpResponse:
    user = request.user
    mine = Envelope.objects.open_to(user)
    this_year = fiscal_year_of(clock.today())
    years = sorted({this_year, *mine.values_list("fiscal_year", flat=True)}, reverse=True)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdigit() and int(asked) in years else this_year
    may_propose = may_propose_envelope(user)
    reach = policy.reach(user, "envelope.view")
    context = {
        "year": year,
        "year_form": YearForm(years=years, initial={"year": year}),
        "rows": selectors.positions_of(mine.filter(fiscal_year=year)),
        "forward": [row for row in selectors.forward_commitments() if reach.covers(Unit(path=row.unit_path))],
        "changes": [
            (
                change,
                may_confirm_envelope(user, change),
                DecidingForm(is_fresh=is_fresh(request), auto_id=f"id_{change.pk}_%s"),
            )
            for change in selectors.changes_to_confirm(user)
        ],
        "currency": settings.BASE_CURRENCY,
        "may_propose": may_propose,
        "form": form or EnvelopeForm(units=_units_to_propose(request)),
    }
    return render(request, "governance/envelope_list.html", context, status=422 if form is not None else 200)


def _units_to_propose(request: PortalRequest) -> list[Unit]:
    reach = policy.reach(request.user, "envelope.propose")
    return [unit for unit in Unit.objects.filter(closed_on=None) if reach.covers(unit)]


@acts("envelope.propose")
@require_POST
def envelope_propose(request: PortalRequest) -> HttpResponse:
    """Propose a change of an envelope."""
    may_propose_envelope(request.user).or_deny()
    form = EnvelopeForm(request.POST, units=_units_to_propose(request))
    if not _took(
        form, lambda values: services.propose_envelope_change(**values, actor=request.user), request
    ):
        return _envelopes_page(request, form)
    messages.success(request, "Proposed. It counts once the CFO confirms it.")
    return redirect("envelope-list")


@acts("envelope.confirm")
@require_POST
def envelope_confirm(request: PortalRequest, pk: int) -> HttpResponse:
    """Confirm a change that somebody else proposed."""
    changes = EnvelopeChange.objects.filter(envelope__in=Envelope.objects.open_to(request.user))
    change = get_object_or_404(changes.select_related("envelope__unit"), pk=pk)
    may_confirm_envelope(request.user, change).or_deny()
    form = DecidingForm(request.POST, is_fresh=is_fresh(request))
    if _took(form, lambda _: services.confirm_envelope_change(change, actor=request.user), request):
        messages.success(request, f"{change.envelope}: confirmed.")
        return redirect("envelope-list")
    for errors in form.errors.values():
        messages.error(request, " ".join(str(error) for error in errors))
    return redirect("envelope-list")
