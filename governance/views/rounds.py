"""Pages of funding rounds: prepared by the office, read and decided by its members."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.acting import took
from accounts.errors import Changed, DomainError, Refused
from accounts.http import PortalRequest, acts, is_fresh, stepped_up, wants_partial
from governance import agenda, pack, round_documents, round_selectors, selectors, services
from governance.forms.common import ReasonForm
from governance.forms.rounds import (
    AddItemForm,
    AgendaProposalForm,
    CloseRoundForm,
    MoveItemForm,
    OpenRoundForm,
    SittingForm,
    proposal_of,
)
from governance.models import AgendaItem, FundingRound, RoundItem, RoundPack, Signature
from governance.permissions import (
    may_close_round,
    may_freeze_round,
    may_open_round,
    may_prepare_round,
    may_sign,
    may_sign_round,
)
from portfolio.selectors import people_by_id


def _round(request: PortalRequest, pk: int) -> FundingRound:
    return get_object_or_404(round_selectors.funding_rounds_for(request.user), pk=pk)


def _newest(funding_round: FundingRound) -> RoundPack | None:
    packs = list(funding_round.packs.all())
    if packs:
        packs[0].round = funding_round
    return packs[0] if packs else None


@acts("initiative.view")
@require_GET
def round_list(request: PortalRequest) -> HttpResponse:
    """Funding rounds, the next one first, and what waits for a signature outside of one."""
    waiting = selectors.open_signings_for(request.user)
    inside = {pk for found in round_selectors.waiting_in(waiting, request.user) for pk in found.signings}
    rounds = list(round_selectors.funding_rounds_for(request.user))
    context = {
        "open_rounds": sorted(
            (found for found in rounds if not found.is_closed), key=lambda found: found.meets_on
        ),
        "closed_rounds": [found for found in rounds if found.is_closed],
        "outside": [signing for signing in waiting if signing.pk not in inside],
        "may_open": may_open_round(request.user),
    }
    return render(request, "governance/round_list.html", context)


@acts("round.open")
@require_http_methods(["GET", "POST"])
def round_open(request: PortalRequest) -> HttpResponse:
    """Open a round over some envelopes."""
    form = OpenRoundForm(request.POST or None, user=request.user)
    opened: list[FundingRound] = []

    def act(values: Mapping[str, Any]) -> None:
        envelopes = list(values["envelopes"])
        opened.append(services.open_round(**(dict(values) | {"envelopes": envelopes}), actor=request.user))

    if form.is_bound and took(form, act, request):
        messages.success(request, f"{opened[0]} is open: settle its agenda, then freeze the pack.")
        return redirect(opened[0])
    return render(request, "governance/round_open.html", {"form": form}, status=422 if form.is_bound else 200)


# Preparing -----------------------------------------------------------------------------------


@acts("round.prepare")
@require_GET
def round_agenda(request: PortalRequest, pk: int) -> HttpResponse:
    """The agenda while the office prepares it: rank, line, proposals, departures."""
    return _agenda_page(request, _round(request, pk))


def _agenda_page(
    request: PortalRequest,
    funding_round: FundingRound,
    *,
    add_form: AddItemForm | None = None,
    error: Refused | None = None,
) -> HttpResponse:
    may_prepare_round(request.user, funding_round).or_deny()
    items = agenda.items_of(funding_round)
    groups = agenda.groups_of(items)
    shown = {row.item.pk for group in groups for row in group.rows}
    to_add = agenda.to_add(funding_round)
    context = {
        "round": funding_round,
        "groups": groups,
        "without_envelope": [item for item in items if item.pk not in shown],
        "to_add": to_add,
        "add_form": add_form or AddItemForm(choices=to_add),
        "newest": _newest(funding_round),
        "changes": funding_round.changes.select_related("initiative", "by").order_by("id"),
        "may_freeze": may_freeze_round(request.user, funding_round),
        "error": error,
    }
    status = 422 if error is not None or add_form is not None else 200
    return render(request, "governance/round_agenda.html", context, status=status)


@acts("round.prepare")
@require_POST
def round_add(request: PortalRequest, pk: int) -> HttpResponse:
    """Put an initiative on the agenda."""
    funding_round = _round(request, pk)
    may_prepare_round(request.user, funding_round).or_deny()
    form = AddItemForm(request.POST, choices=agenda.to_add(funding_round))
    if took(form, lambda values: services.add_item(funding_round, **values, actor=request.user), request):
        messages.success(request, "It is on the agenda. Settle what is proposed for it.")
        return redirect("funding-round-agenda", pk)
    return _agenda_page(request, funding_round, add_form=form)


@acts("round.prepare")
@require_POST
def round_by_rank(request: PortalRequest, pk: int) -> HttpResponse:
    """Start the proposals again by rank."""
    funding_round = _round(request, pk)
    services.propose_by_rank(funding_round, actor=request.user)
    messages.success(request, "What stands above the line is proposed to be funded, the rest to be held.")
    return redirect("funding-round-agenda", pk)


def _item(request: PortalRequest, pk: int) -> AgendaItem:
    rounds = FundingRound.objects.open_to(request.user)
    found = AgendaItem.objects.filter(round__in=rounds).select_related(
        "round__unit", "initiative__unit", "initiative__current_case", "merge_into"
    )
    return get_object_or_404(found, pk=pk)


@acts("round.prepare")
@require_http_methods(["GET", "POST"])
def agenda_item(request: PortalRequest, pk: int) -> HttpResponse:
    """What is proposed for one item."""
    item = _item(request, pk)
    may_prepare_round(request.user, item.round).or_deny()
    form = AgendaProposalForm(
        request.POST or None, verbs=services.verbs_of(item.initiative), initial=proposal_of(item)
    )

    def act(values: Mapping[str, Any]) -> None:
        proposed = dict(values) | {"conditions": form.conditions()}
        services.propose_item(item, values=proposed, actor=request.user)

    if form.is_bound and took(form, act, request):
        messages.success(request, f"The proposal for {item.initiative.reference} is kept.")
        return redirect("funding-round-agenda", item.round_id)
    return _item_page(request, item, form=form, status=422 if form.is_bound else 200)


def _item_page(
    request: PortalRequest,
    item: AgendaItem,
    *,
    form: AgendaProposalForm | None = None,
    move_form: MoveItemForm | None = None,
    remove_form: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "item": item,
        "round": item.round,
        "initiative": item.initiative,
        "form": form
        or AgendaProposalForm(verbs=services.verbs_of(item.initiative), initial=proposal_of(item)),
        "move_form": move_form or MoveItemForm(prefix="move"),
        "remove_form": remove_form or ReasonForm(prefix="remove"),
        "bound": next((known for known in (form, move_form, remove_form) if known and known.is_bound), None),
    }
    return render(request, "governance/round_agenda_item.html", context, status=status)


@acts("round.prepare")
@require_POST
def agenda_item_move(request: PortalRequest, pk: int) -> HttpResponse:
    """Take an item at another place."""
    item, form = _item(request, pk), MoveItemForm(request.POST, prefix="move")
    may_prepare_round(request.user, item.round).or_deny()
    if not took(form, lambda values: services.move_item(item, **values, actor=request.user), request):
        return _item_page(request, item, move_form=form, status=422)
    messages.success(request, f"The meeting takes {item.initiative.reference} at another place.")
    return redirect("funding-round-agenda", item.round_id)


@acts("round.prepare")
@require_POST
def agenda_item_remove(request: PortalRequest, pk: int) -> HttpResponse:
    """Take an item off the agenda."""
    item, form = _item(request, pk), ReasonForm(request.POST, prefix="remove")
    may_prepare_round(request.user, item.round).or_deny()
    if not took(form, lambda values: services.remove_item(item, **values, actor=request.user), request):
        return _item_page(request, item, remove_form=form, status=422)
    messages.success(request, f"{item.initiative.reference} is off the agenda.")
    return redirect("funding-round-agenda", item.round_id)


@acts("round.freeze")
@require_POST
def round_freeze(request: PortalRequest, pk: int) -> HttpResponse:
    """Freeze the pack."""
    funding_round = _round(request, pk)
    may_freeze_round(request.user, funding_round).or_deny()
    try:
        frozen = services.freeze_round(funding_round, actor=request.user)
    except Refused as error:
        return _agenda_page(request, funding_round, error=error)
    off = len(frozen.content["off"])
    words = f"Pack {frozen.version} is frozen with {frozen.items.count()} items."
    messages.success(request, f"{words} {off} can't be decided yet." if off else words)
    return redirect(funding_round)


# Reading and deciding ------------------------------------------------------------------------


@acts("round.view")
@require_GET
def round_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """The frozen pack with the form to sign it; before that, for the office, its agenda."""
    funding_round = _round(request, pk)
    if _newest(funding_round) is None and may_prepare_round(request.user, funding_round):
        return redirect("funding-round-agenda", pk)
    return _round_page(request, funding_round)


def _round_page(
    request: PortalRequest,
    funding_round: FundingRound,
    *,
    form: SittingForm | None = None,
    results: list[services.Signed] | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    user, frozen = request.user, _newest(funding_round)
    lines = round_selectors.lines_of(frozen, user) if frozen is not None else []
    started = {"seen_hash": frozen.content_hash} if frozen is not None else {}
    envelopes = round_selectors.by_envelope(frozen, lines) if frozen is not None else []
    context = {
        "round": funding_round,
        "pack": frozen,
        "content": frozen.content if frozen is not None else {},
        "envelopes": envelopes,
        "number": len(lines),
        "open_number": sum(line.is_open for line in lines),
        "mine": [line for line in lines if line.is_mine],
        "form": form or SittingForm(initial=started, is_fresh=is_fresh(request)),
        "typed": form.typed() if form is not None else {},
        "votes": Signature.Vote.choices,
        "results": results,
        "error": error,
        "may_prepare": may_prepare_round(user, funding_round),
        "may_close": may_close_round(user, funding_round),
        "close_form": CloseRoundForm(),
        "closing": getattr(funding_round, "closing", None),
    }
    status = 200
    if error is not None:
        status = error.status
    elif form is not None and form.errors:
        status = 422
    elif results and not any(result.is_signed for result in results):
        status = 409
    return render(request, "governance/round_detail.html", context, status=status)


@acts("round.sign")
@require_POST
def round_sign(request: PortalRequest, pk: int) -> HttpResponse:
    """Vote on all items of the pack that wait for the reader, in one act."""
    funding_round = _round(request, pk)
    may_sign_round(request.user, funding_round).or_deny()
    frozen = _newest(funding_round)
    if frozen is None:
        raise Http404
    return _sit(request, frozen, [item.pk for item in frozen.items.all()])


@acts("round.sign")
@require_POST
def item_sign(request: PortalRequest, pk: int) -> HttpResponse:
    """Vote on one item."""
    item = get_object_or_404(round_selectors.items_for(request.user), pk=pk)
    may_sign_round(request.user, item.pack.round).or_deny()
    may_sign(request.user, item.signing).or_deny()
    return _sit(request, item.pack, [item.pk])


def _sit(request: PortalRequest, frozen: RoundPack, items: list[int]) -> HttpResponse:
    form = SittingForm(request.POST, is_fresh=is_fresh(request))
    funding_round = _round(request, frozen.round_id)
    if form.is_valid():
        ballots = form.ballots(items)
        if form.is_valid() and stepped_up(request, form):
            try:
                results = services.sign_items(
                    frozen, ballots, seen_hash=form.cleaned_data["seen_hash"], actor=request.user
                )
            except Changed as error:
                return _round_page(request, funding_round, error=error)
            except Refused as error:
                for text in error.errors.values() or [error.sentence]:
                    form.add_error(None, text)
            else:
                return _round_page(request, _round(request, frozen.round_id), results=results)
    return _round_page(request, funding_round, form=form)


@acts("round.view")
@require_GET
def item_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One item in place: problem, figures, score, what the gate asks, conditions, and the vote."""
    item: RoundItem = get_object_or_404(round_selectors.items_for(request.user), pk=pk)
    if "away" in request.GET and wants_partial(request):
        return HttpResponse()
    user, signing, frozen = request.user, item.signing, item.pack
    row = frozen.content["items"][item.place]
    people = people_by_id([condition["owner_id"] for condition in signing.conditions])
    is_open = signing.is_open and not frozen.round.is_closed
    context = {
        "item": item,
        "round": frozen.round,
        "row": row,
        "signing": signing,
        "pack": signing.content,
        "conditions": [
            condition | {"owner": people.get(condition["owner_id"])} for condition in signing.conditions
        ],
        "signatures": signing.signatures.select_related("by").order_by("id"),
        "changes": pack.changes_since(signing, item.initiative) if is_open else [],
        "is_open": is_open,
        "may_sign": may_sign(user, signing) if is_open else None,
        "has_signed": signing.signatures.filter(by=user).exists(),
        "votes": Signature.Vote.choices,
        "form": SittingForm(initial={"seen_hash": frozen.content_hash}, is_fresh=is_fresh(request)),
    }
    template = (
        "governance/_round_item.html" if wants_partial(request) else "governance/round_item_detail.html"
    )
    return render(request, template, context | {"is_fragment": wants_partial(request)})


@acts("round.close")
@require_POST
def round_close(request: PortalRequest, pk: int) -> HttpResponse:
    """Close the round with its minutes."""
    funding_round = _round(request, pk)
    may_close_round(request.user, funding_round).or_deny()
    form = CloseRoundForm(request.POST)
    if took(form, lambda values: services.close_round(funding_round, **values, actor=request.user), request):
        messages.success(request, f"{funding_round} is closed, and its minutes are kept.")
    else:
        messages.error(request, "That note is too long for the minutes.")
    return redirect(funding_round)


# Paper ---------------------------------------------------------------------------------------


@acts("round.view")
@require_GET
def round_pack_pdf(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The frozen pack as PDF: the same bytes each time."""
    frozen = _newest(_round(request, pk))
    if frozen is None:
        raise Http404
    return _download(lambda: HttpResponse(round_documents.pack_pdf(frozen)), f"{frozen}.pdf")


@acts("round.view")
@require_GET
def round_minutes_pdf(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The minutes as they were kept when the round was closed."""
    closing = getattr(_round(request, pk), "closing", None)
    if closing is None:
        raise Http404
    return _download(lambda: FileResponse(closing.minutes.open("rb")), closing.name)


def _download(answer: Callable[[], HttpResponseBase], name: str) -> HttpResponseBase:
    response = answer()
    response["Content-Type"] = "application/pdf"
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in " .-_") else "-" for sign in name)
    response["Content-Disposition"] = f'attachment; filename="{plain}"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
