"""Pages of the gates' versions: in force, past, drafted, proposed."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.acting import took
from accounts.errors import Changed
from accounts.http import PortalRequest, acts, is_fresh
from governance import authority, gate_workshop, gates
from governance.forms.gate_sets import DraftSeenForm, GateProposeForm, GateVerdictForm, MaterialForm
from governance.models import Gate, GateItem, GateSet, GateSetDraft, GateSetProposal
from governance.permissions import may_draft_gates, may_put_in_force
from governance.services import gate_sets
from portfolio.models import RiskTier, Track


@acts("gates.view")
@require_GET
def gate_list(request: PortalRequest) -> HttpResponse:
    """What each gate asks, in force or in a past version, what changed, and who decides up to what."""
    sets = list(GateSet.objects.select_related("transaction", "verdict__by").order_by("-version"))
    in_force = sets[0].version if sets else 0
    asked = request.GET.get("version", "")
    shown = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else in_force
    chosen = next((item for item in sets if item.version == shown), None)
    if asked and chosen is None:
        raise Http404
    rows = list(GateItem.objects.filter(version=shown).order_by("gate", "position"))
    changes = (
        gate_workshop.changes(gate_workshop.content_of(shown - 1), gate_workshop.content_of(shown))
        if shown > 1
        else []
    )
    context = {
        "version": shown,
        "in_force": in_force,
        "gate_set": chosen,
        "sets": sets,
        "changes": changes,
        "material": _material(chosen.material if chosen else {}),
        "currency": settings.BASE_CURRENCY,
        "proposal": gate_sets.waiting_proposal(),
        "may_draft": may_draft_gates(request.user),
        "gates": [(gate.label, [row for row in rows if row.gate == gate]) for gate in Gate],
        "steps": authority.as_data(authority.steps_in_force()),
    }
    return render(request, "governance/gate_list.html", context)


def _material(values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(label, values.get(name, "")) for name, label in gate_workshop.MATERIAL.items()]


# The draft -----------------------------------------------------------------------------------


@acts("gates.draft")
@require_GET
def draft(request: PortalRequest) -> HttpResponse:
    """The draft as a whole: what it changes, what is to settle, and the form to propose it."""
    may_draft_gates(request.user).or_deny()
    return _draft_page(request)


def _draft_page(
    request: PortalRequest,
    *,
    propose: forms.Form | None = None,
    material: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    found = gate_sets.open_gate_draft()
    if found is None:
        return render(request, "governance/gate_draft_none.html", {"version": gates.version_in_force()})
    base = gate_workshop.content_of(found.based_on)
    wrong = gate_workshop.check(found.content, base)
    seen = {"version": found.version}
    context = {
        "draft": found,
        "proposal": gate_sets.waiting_proposal(),
        "changes": gate_workshop.changes(base, found.content),
        "wrong": _said(found, wrong),
        "gates": [
            (gate, len(gate_workshop.rows_at(found.content, gate)), _wrong_at(wrong, gate)) for gate in Gate
        ],
        "propose": propose or GateProposeForm(initial=seen),
        "material": material or MaterialForm(initial=found.content["material"] | seen),
        "discard": DraftSeenForm(initial=seen),
        "currency": settings.BASE_CURRENCY,
    }
    return render(request, "governance/gate_draft.html", context, status=status)


def _wrong_at(wrong: Mapping[str, str], gate: str) -> int:
    return sum(place.split(".")[0] == gate for place in wrong)


def _said(found: GateSetDraft, wrong: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What is to settle: gate, item, why."""
    texts = {f"{row['gate']}.{row['key']}": row["text"] for row in found.content["items"]}
    said = []
    for place, why in wrong.items():
        gate, _, rest = place.partition(".")
        key = rest.rpartition(".")[0]
        said.append((gate if gate in Gate.values else "", texts.get(f"{gate}.{key}", ""), why))
    return said


@acts("gates.draft")
@require_POST
def start(request: PortalRequest) -> HttpResponse:
    """Start the next version."""
    gate_sets.start_gate_draft(actor=request.user)
    messages.success(request, "The draft starts from the version in force. Nothing changes until it is too.")
    return redirect("gate-draft")


@acts("gates.draft")
@require_POST
def discard(request: PortalRequest) -> HttpResponse:
    """Throw the draft away."""
    may_draft_gates(request.user).or_deny()
    form = DraftSeenForm(request.POST)
    if not form.is_valid():
        return _draft_page(request, status=422)
    gate_sets.discard_gate_draft(**form.cleaned_data, actor=request.user)
    messages.success(request, "The draft is thrown away.")
    return redirect("gates")


@acts("gates.draft")
@require_POST
def material(request: PortalRequest) -> HttpResponse:
    """Save what counts as a material change."""
    may_draft_gates(request.user).or_deny()
    form = MaterialForm(request.POST)

    def act(values: Mapping[str, Any]) -> None:
        found = gate_sets.open_gate_draft()
        typed = {name: values[name].strip() for name in gate_workshop.MATERIAL}
        content = (found.content if found else {}) | {"material": typed}
        gate_sets.save_gate_draft(content=content, version=values["version"], actor=request.user)

    if not took(form, act, request):
        return _draft_page(request, material=form, status=422)
    messages.success(request, "Saved.")
    return redirect("gate-draft")


@acts("gates.draft")
@require_POST
def propose(request: PortalRequest) -> HttpResponse:
    """Freeze the draft and put it before CFO and risk officer."""
    may_draft_gates(request.user).or_deny()
    form = GateProposeForm(request.POST)
    if not took(form, lambda values: gate_sets.propose_gates(**values, actor=request.user), request):
        return _draft_page(request, propose=form, status=422)
    messages.success(request, "Proposed. CFO or risk officer puts it in force.")
    return redirect("gates")


@acts("gates.draft")
@require_http_methods(["GET", "POST"])
def draft_gate(request: PortalRequest, gate: str) -> HttpResponse:
    """The items of one gate in the draft: edit, add, remove, reorder."""
    may_draft_gates(request.user).or_deny()
    if gate not in Gate.values:
        raise Http404
    found = gate_sets.open_gate_draft()
    if found is None:
        return redirect("gate-draft") if request.method == "GET" else _draft_page(request)
    rows = gate_workshop.rows_at(found.content, gate)
    if request.method == "GET":
        return _gate_page(request, found, gate, rows)
    typed = gate_workshop.typed_rows(rows, request.POST, dict(request.POST.lists()))
    too_long = [row for row in typed if len(row["text"]) > gate_workshop.LONGEST_TEXT]
    seen = request.POST.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0
    do, _, key = request.POST.get("do", "save").partition(":")
    error = ""
    match do:
        case "add":
            try:
                new = gate_workshop.new_row(found.content, gate, request.POST.get("new", ""))
            except ValueError as refused:
                error = str(refused)
            else:
                typed = [*typed, new]
        case "remove":
            typed = [row for row in typed if row["key"] != key or gate_workshop.is_kept(row)]
        case "up" | "down":
            typed = gate_workshop.moved(typed, key, -1 if do == "up" else 1)
    if error or too_long:
        return _gate_page(request, found, gate, typed, error=error, status=422)
    content = gate_workshop.with_rows(found.content, gate, typed)
    try:
        gate_sets.save_gate_draft(content=content, version=version, actor=request.user)
    except Changed as changed:
        # What was typed stays on the page, over what somebody else saved.
        return _gate_page(request, found, gate, typed, error=changed.sentence, status=409)
    if do == "save":
        messages.success(request, "Saved.")
    return redirect("gate-draft-gate", gate)


def _gate_page(
    request: PortalRequest,
    found: GateSetDraft,
    gate: str,
    rows: list[gate_workshop.Row],
    *,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    base = gate_workshop.content_of(found.based_on)
    wrong = gate_workshop.check(gate_workshop.with_rows(found.content, gate, rows), base)
    prefix = f"{gate}."
    at_row: dict[str, dict[str, str]] = {}
    for place, why in wrong.items():
        if place.startswith(prefix):
            key, _, name = place.removeprefix(prefix).rpartition(".")
            at_row.setdefault(key, {})[name] = why
    context = {
        "draft": found,
        "gate": Gate(gate),
        "rows": [
            {
                "row": row,
                "kind": GateItem.Kind(row["kind"]).label,
                "is_kept": gate_workshop.is_kept(row),
                "measures": row["parameters"]["question"] in gate_workshop.MEASURES,
                "explores": row["parameters"]["question"] in gate_workshop.WITH_EXPLORE,
                "tracks": row["parameters"].get("tracks", Track.values),
                "tiers": row["parameters"].get("tiers", RiskTier.values),
                "wrong": at_row.get(row["key"], {}),
            }
            for row in rows
        ],
        "wrong_here": wrong.get(gate, ""),
        "choices": gate_workshop.choices_at(gate),
        "suppliers": gate_workshop.SUPPLIERS,
        "tracks": Track.choices,
        "tiers": RiskTier.choices,
        "is_frozen": gate_sets.waiting_proposal() is not None,
        "error": error,
        "gates": Gate,
    }
    return render(request, "governance/gate_draft_gate.html", context, status=status)


# The proposal --------------------------------------------------------------------------------


def _proposal(pk: int) -> GateSetProposal:
    rows = GateSetProposal.objects.select_related("by", "transaction", "verdict__by", "verdict__transaction")
    return get_object_or_404(rows, pk=pk)


@acts("gates.view")
@require_GET
def proposal(request: PortalRequest, pk: int) -> HttpResponse:
    """A proposed version, frozen: what it changes and all that it asks, with the form to answer it."""
    return _proposal_page(request, _proposal(pk))


def _proposal_page(
    request: PortalRequest, found: GateSetProposal, form: forms.Form | None = None
) -> HttpResponse:
    rows = found.content["items"]
    kinds = dict(GateItem.Kind.choices)
    shown = [row | {"get_kind_display": kinds[row["kind"]]} for row in rows]
    context = {
        "proposal": found,
        "verdict": getattr(found, "verdict", None),
        "changes": gate_workshop.changes(gate_workshop.content_of(found.based_on), found.content),
        "gates": [(gate.label, [row for row in shown if row["gate"] == gate]) for gate in Gate],
        "material": _material(found.content["material"]),
        "may_decide": may_put_in_force(request.user, found),
        "form": form
        or GateVerdictForm(initial={"seen_hash": found.content_hash}, is_fresh=is_fresh(request)),
    }
    return render(request, "governance/gate_proposal.html", context, status=422 if form else 200)


@acts("gates.decide")
@require_POST
def decide(request: PortalRequest, pk: int) -> HttpResponse:
    """Put it in force, or refuse it."""
    found = _proposal(pk)
    may_put_in_force(request.user, found).or_deny()
    form = GateVerdictForm(request.POST, is_fresh=is_fresh(request))
    if not took(form, lambda values: gate_sets.decide_gates(found, **values, actor=request.user), request):
        return _proposal_page(request, found, form)
    messages.success(
        request,
        "It is in force, and asks from the next gate of each initiative on."
        if form.cleaned_data["put_in_force"]
        else "The proposal is refused. Its draft goes on.",
    )
    return redirect("gate-proposal", pk)
