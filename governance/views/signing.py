"""Pages of signing rounds."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.acting import took
from accounts.errors import Changed, DomainError
from accounts.http import PortalRequest, acts, is_fresh
from accounts.verdict import deny
from governance import authority, commitments, drift, gates, selectors, services
from governance.forms.common import ReasonForm
from governance.forms.signing import ConfirmResolutionForm, ProposalForm, SignatureForm
from governance.models import BoardResolution, Envelope, SigningRound
from governance.permissions import (
    excluded_because,
    may_confirm_resolution,
    may_open_signing,
    may_record_resolution,
    may_sign,
    may_withdraw_signing,
    signing_seat,
    votes_open_to,
)
from portfolio.pages import initiative_of
from portfolio.selectors import people_by_id

ROUNDS_A_PAGE = 50


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
    seat = place, principal = signing_seat(user, signing)
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
        "may_sign": deny("You signed this already.") if signed else may_sign(user, signing, seat=seat),
        **_resolution(request, signing),
        "principal": principal,
        "is_concurrence": place is not None and place.seat is None,
        "is_body": place is not None and place.is_of_a_body,
        "conflict": excluded_because(user, signing.initiative) if place is not None else None,
        "may_withdraw": may_withdraw_signing(user, signing),
        "form": form
        or SignatureForm(initial=started, votes=votes_open_to(user, signing), is_fresh=is_fresh(request)),
        "withdraw_form": ReasonForm(prefix="withdraw"),
        "error": error,
    }
    status = error.status if error is not None else 422 if form is not None else 200
    return render(request, "governance/signing_round_detail.html", context, status=status)


def _resolution(request: PortalRequest, signing: SigningRound) -> dict[str, Any]:
    """The board's resolution that makes this decision, if one does, with the form to confirm it."""
    rows = BoardResolution.objects.filter(signing=signing)
    resolution = rows.select_related(
        "recorded_by", "attachment", "confirmation__confirmed_by", "signing"
    ).first()
    if resolution is None:
        return {}
    resolution.signing = signing
    return {
        "resolution": resolution,
        "may_confirm_resolution": may_confirm_resolution(request.user, resolution),
        "resolution_form": ConfirmResolutionForm(
            initial={"seen_hash": signing.content_hash}, is_fresh=is_fresh(request), auto_id="id_res_%s"
        ),
    }


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
    may_sign(request.user, signing, request.POST.get("vote", "")).or_deny()
    votes = votes_open_to(request.user, signing)
    form = SignatureForm(request.POST, votes=votes, is_fresh=is_fresh(request))
    try:
        done = took(form, lambda values: services.sign(signing, **values, actor=request.user), request)
    except Changed as error:
        return _pack_page(request, _signing(request, signing.pk), error=error)
    if not done:
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
    if took(form, lambda values: services.withdraw_signing(signing, **values, actor=request.user), request):
        messages.success(request, f"The signing round of {signing.initiative.reference} is withdrawn.")
    else:
        messages.error(request, "Give a reason for taking it back.")
    return redirect(signing)


@acts("signing.open")
@require_http_methods(["GET", "POST"])
def signing_open(request: PortalRequest, pk: int) -> HttpResponse:
    """Propose a decision for signature."""
    initiative = initiative_of(request, pk)
    may_open_signing(request.user, initiative).or_deny()
    reopening = drift.reopened(initiative)
    gate = services.gate_of(initiative, reopening)
    suggested = services.suggestion(initiative)
    form = ProposalForm(request.POST or None, verbs=services.verbs_at(gate, initiative), initial=suggested)

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
    if form.is_bound and took(form, act, request):
        messages.success(request, f"The decision on {initiative.reference} waits for signatures.")
        return redirect(opened[0])
    case = initiative.current_case
    tested = authority.tested_amount(initiative, case) if case is not None else None
    context = {
        "initiative": initiative,
        "gate": gate.label,
        "items": gates.check(initiative, gate),
        "form": form,
        "reopening": reopening,
        "case": case,
        "tested_amount": tested,
        "step": authority.route_of(initiative, case).step if case is not None else None,
        "currency": settings.BASE_CURRENCY,
        "may_record_resolution": may_record_resolution(request.user, initiative),
    }
    return render(
        request, "governance/signing_round_open.html", context, status=422 if form.is_bound else 200
    )
