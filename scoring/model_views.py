"""The model workshop: versions, the draft, proposals with their votes, and scoring again what is open."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms.boundfield import BoundField
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import PortalRequest, acts, is_fresh, stepped_up, wants_partial
from ledger import as_of
from scoring import model_selectors, model_services, workshop
from scoring.engine import Kind
from scoring.model_forms import MEASURES, ModelDraftForm, ProposeForm, VoteForm
from scoring.models import ModelDraft, ModelProposal, RescoreJob, ScoringModel
from scoring.permissions import (
    may_approve_model,
    may_draft_model,
    may_propose_model,
    may_rescore,
    may_review_model,
)
from scoring.selectors import model_of
from scoring.workshop import Content

# Buttons of the draft's form: the act, then what it is about.
WEIGH, ADD, REMOVE = "weigh", "add", "remove"


# The draft -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class CriterionOnPage:
    """One criterion of the draft with its fields."""

    key: str
    title: str
    is_computable: bool
    is_computed: bool
    direction: str
    fields: dict[str, BoundField]
    levels: list[BoundField]
    knots: list[tuple[BoundField, BoundField]]
    curve: workshop.Curve | None
    knots_error: str
    is_wrong: bool


@dataclass(frozen=True)
class GroupOnPage:
    """Weights that sum to 100, with their fields."""

    key: str
    title: str
    rows: list[tuple[str, dict[str, BoundField]]]
    total: int
    error: str


@acts("model.review")
@require_GET
def model_draft(request: PortalRequest) -> HttpResponse:
    """The draft as a form for the office, to read for CFO, CEO and auditors; or how to start one."""
    may_review_model(request.user).or_deny()
    draft = model_selectors.open_draft()
    if draft is None:
        context = {
            "model": ScoringModel.objects.in_force(),
            "may_draft": may_draft_model(request.user),
        }
        return render(request, "scoring/model_draft_none.html", context)
    return _show_draft(request, draft, ModelDraftForm(draft.content, initial={"version": draft.version}))


@acts("model.draft")
@require_POST
def model_draft_start(request: PortalRequest) -> HttpResponse:
    """Start a draft from the version in force."""
    model_services.start_model_draft(actor=request.user)
    messages.success(request, "The draft is open. Nothing changes until CFO and CEO approve it.")
    return redirect("model-draft")


@acts("model.draft")
@require_POST
def model_draft_save(request: PortalRequest) -> HttpResponse:
    """Save the draft; some buttons also weigh by swings, add a criterion or take one out."""
    may_draft_model(request.user).or_deny()
    draft = model_services.draft_to_write()
    form = ModelDraftForm(draft.content, request.POST)
    if not form.is_valid():
        return _show_draft(request, draft, form, 422)
    act, _, about = request.POST.get("do", "").partition(":")
    content = form.content()
    if draft.version != form.cleaned_data["version"]:
        return _show_changed(request, draft, content)
    if act == WEIGH:
        form.put(_weigh(content, about))
        if form.errors:
            return _show_draft(request, draft, form, 422)
    elif act in {ADD, REMOVE}:
        content = _with(content, about) if act == ADD else _without(content, about)
    model_services.save_model_draft(content=content, version=form.cleaned_data["version"], actor=request.user)
    messages.success(request, "Saved. Nothing changes until CFO and CEO approve it.")
    return redirect("model-moves" if act == "moves" else "model-draft")


def _weigh(content: Content, group: str) -> dict[str, str]:
    """Put the weights of a group's swings into the document, or say what is wrong with the swings."""
    rows = next((rows for key, _, rows in workshop.groups(content) if key == group), [])
    if not rows:
        return {f"group-{group}": "There is nothing to weigh."}
    if errors := workshop.swing_errors(rows):
        return errors
    for row, weight in zip(rows, workshop.weights_by_swings([row["swing"] for row in rows]), strict=True):
        row["weight"] = weight
    return {}


def _with(content: Content, dimension: str) -> Content:
    """The document with an empty criterion more, if there is such a dimension."""
    found = deepcopy(content)
    if dimension not in {row["key"] for row in found["dimensions"]}:
        return found
    used = {row["key"] for row in found["criteria"]}
    key = next(f"criterion_{number}" for number in range(1, 1000) if f"criterion_{number}" not in used)
    found["criteria"].append(
        {
            "key": key,
            "dimension": dimension,
            "title": "",
            "question": "",
            "weight": 1,
            "order": None,
            "swing": None,
            "kind": str(Kind.JUDGED),
            "levels": [""] * 5,
            "direction": "",
            "knots": [],
        }
    )
    return found


def _without(content: Content, key: str) -> Content:
    """The document without one criterion."""
    return content | {"criteria": [row for row in content["criteria"] if row["key"] != key]}


@acts("model.draft")
@require_POST
def model_draft_discard(request: PortalRequest) -> HttpResponse:
    """Throw the draft away, if it is the one that was on the screen."""
    version = request.POST.get("version", "")
    model_services.discard_model_draft(
        version=int(version) if version.isdecimal() and len(version) < 10 else -1, actor=request.user
    )
    messages.success(request, "The draft is gone. The version in force stays as it is.")
    return redirect("scoring-model")


@acts("model.propose")
@require_POST
def model_propose(request: PortalRequest) -> HttpResponse:
    """Freeze the draft and put it before CFO and CEO."""
    may_propose_model(request.user).or_deny()
    draft = model_services.draft_to_write()
    form = ProposeForm(request.POST)
    if not form.is_valid():
        return _show_draft(request, draft, None, 422, form)
    if draft.version != form.cleaned_data["version"]:
        return _show_changed(request, draft, draft.content, form)
    if problems := workshop.check(draft.content):
        shown = ModelDraftForm(draft.content, initial_data(draft))
        shown.is_valid()
        shown.put(problems)
        form.add_error(None, "The draft is not whole yet: see what is marked above.")
        return _show_draft(request, draft, shown, 422, form)
    if not form.cleaned_data["rounds_may_finish"] and (running := model_selectors.rounds_cut_off()):
        form.add_error("rounds_may_finish", model_services.cut_off(running))
        return _show_draft(request, draft, None, 422, form)
    proposal = model_services.propose_model(**form.cleaned_data, actor=request.user)
    messages.success(request, f"Version {proposal.model.version} is frozen and waits for CFO and CEO.")
    return redirect("model-proposal", proposal.model.version)


def initial_data(draft: ModelDraft) -> dict[str, Any]:
    """The draft as a browser would send it."""
    blank = ModelDraftForm(draft.content, initial={"version": draft.version})
    values = {name: blank[name].value() for name in blank.fields}
    return {name: value for name, value in values.items() if value is not None}


def _show_changed(
    request: PortalRequest, draft: ModelDraft, content: Content, propose: ProposeForm | None = None
) -> HttpResponse:
    """Somebody saved first: what differs, with what was typed; the next save goes on from what is there."""
    changes = workshop.changes(content, draft.content)
    typed = ModelDraft(content=content, version=draft.version)
    same_shape = {row["key"] for row in content["criteria"]} == {
        row["key"] for row in draft.content["criteria"]
    }
    shown = typed if same_shape else draft
    form = ModelDraftForm(shown.content, initial={"version": draft.version})
    if propose is not None:
        propose = ProposeForm(propose.cleaned_data | {"version": draft.version})
    return _show_draft(request, draft, form, 409, propose, changes)


def _show_draft(
    request: PortalRequest,
    draft: ModelDraft,
    form: ModelDraftForm | None = None,
    status: int = 200,
    propose: ProposeForm | None = None,
    changes: list[dict[str, str]] | None = None,
) -> HttpResponse:
    form = form or ModelDraftForm(draft.content, initial={"version": draft.version})
    before = workshop.content_of(model_of(draft.based_on))
    context = {
        "draft": draft,
        "form": form,
        "groups": [_group(form, *group) for group in workshop.groups(form.draft)],
        "dimensions": [
            (
                dimension,
                [
                    _criterion(form, row)
                    for row in form.draft["criteria"]
                    if row["dimension"] == dimension["key"]
                ],
            )
            for dimension in form.draft["dimensions"]
        ],
        "hurdles": [
            (title, form[f"hurdle-{measure}-at_least"], form[f"hurdle-{measure}-explore_at_least"])
            for measure, title in MEASURES.items()
        ],
        "problems": list(workshop.check(draft.content).values()),
        "differences": workshop.changes(before, draft.content),
        "changes": changes or [],
        "running": model_selectors.rounds_cut_off(),
        "propose": propose or ProposeForm(initial={"version": draft.version}),
        "may_draft": may_draft_model(request.user),
        "may_write": bool(may_draft_model(request.user)) and draft.proposed is None,
        "currency": settings.BASE_CURRENCY,
    }
    return render(request, "scoring/model_draft.html", context, status=status)


def _group(form: ModelDraftForm, key: str, title: str, rows: list[workshop.Row]) -> GroupOnPage:
    fields = [(row["title"] or "New criterion", form.weights(row["key"])) for row in rows]
    typed = [str(weights["weight"].value() or "") for _, weights in fields]
    return GroupOnPage(
        key=key,
        title=title,
        rows=fields,
        total=sum(int(text) for text in typed if text.isdecimal() and len(text) < 4),
        error=form.at_place.get(f"group-{key}", ""),
    )


def _criterion(form: ModelDraftForm, row: workshop.Row) -> CriterionOnPage:
    key = row["key"]
    own = [name for name in form.errors if name.startswith(f"{key}-")]
    return CriterionOnPage(
        key=key,
        title=row["title"] or "New criterion",
        is_computable=key in workshop.COMPUTABLE,
        is_computed=row["kind"] == Kind.COMPUTED,
        direction=str(workshop.COMPUTABLE.get(key, "")),
        fields={part: form[f"{key}-{part}"] for part in ("title", "question")}
        | ({"kind": form[f"{key}-kind"]} if key in workshop.COMPUTABLE else {}),
        levels=form.levels(key),
        knots=form.knots(row),
        curve=form.drawn(row) if key in workshop.COMPUTABLE else None,
        knots_error=form.at_place.get(f"{key}-knots", ""),
        is_wrong=bool(own) or f"{key}-knots" in form.at_place or not row["title"],
    )


# Proposals -----------------------------------------------------------------------------------


@acts("model.review")
@require_GET
def model_proposal(request: PortalRequest, version: int) -> HttpResponse:
    """A proposed version: why, what it changes, who moves, the votes, and the form of who may vote."""
    may_review_model(request.user).or_deny()
    proposal = _proposal(version)
    form = VoteForm(is_fresh=is_fresh(request), initial={"seen_hash": proposal.content_hash})
    return _show_proposal(request, proposal, form)


@acts("model.approve")
@require_POST
def model_vote(request: PortalRequest, version: int) -> HttpResponse:
    """Approve or refuse a proposed version."""
    proposal = _proposal(version)
    may_approve_model(request.user, proposal).or_deny()
    form = VoteForm(request.POST, is_fresh=is_fresh(request))
    if not form.is_valid() or not stepped_up(request, form):
        return _show_proposal(request, proposal, form, 422)
    values = {name: value for name, value in form.cleaned_data.items() if name != "password"}
    model_services.approve_model(proposal, **values, actor=request.user)
    messages.success(request, _done(ScoringModel.objects.get(pk=proposal.model_id), values["vote"]))
    return redirect("model-proposal", version)


def _done(model: ScoringModel, vote: str) -> str:
    if hasattr(model, "publication"):
        return f"Version {model.version} is in force."
    if vote == "against":
        return f"Version {model.version} is refused; the portfolio office goes on with its draft."
    return f"Your approval of version {model.version} is recorded."


def _proposal(version: int) -> ModelProposal:
    return get_object_or_404(model_selectors.proposals(), model__version=version)


def _show_proposal(
    request: PortalRequest, proposal: ModelProposal, form: VoteForm, status: int = 200
) -> HttpResponse:
    before, after = (model_of(model) for model in (proposal.based_on, proposal.model))
    is_open = model_selectors.is_open(proposal)
    context = {
        "proposal": proposal,
        "model": proposal.model,
        "approvals": list(proposal.model.approvals.all()),
        "differences": workshop.changes(workshop.content_of(before), workshop.content_of(after)),
        "is_open": is_open,
        "running": model_selectors.rounds_cut_off() if is_open else [],
        "form": form,
        "may_vote": may_approve_model(request.user, proposal),
    }
    return render(request, "scoring/model_proposal.html", context, status=status)


# Scoring again -------------------------------------------------------------------------------


@dataclass(frozen=True)
class JobOnPage:
    """A re-score as `_components/progress.html` shows it."""

    id: str
    title: str
    url: str
    share: float | None
    is_done: bool
    error: str


@acts("model.review")
@require_GET
def model_rescore(request: PortalRequest) -> HttpResponse:
    """What is open under another version, what can't be scored again, and how far a job is."""
    may_review_model(request.user).or_deny()
    # A job is no fact either: as of an earlier point there is none.
    job = None if as_of.current() else RescoreJob.objects.select_related("model").order_by("-pk").first()
    shown = _job(request, job) if job else None
    if wants_partial(request) and shown is not None:
        return render(request, "_components/progress.html", {"job": shown})
    model = ScoringModel.objects.in_force()
    context = {
        "model": model,
        "job": shown,
        "waiting": model_selectors.to_rescore(model),
        "left_out": model_selectors.needs_new_scorecards(model),
        "may_rescore": may_rescore(request.user),
        "is_running": job is not None and job.state in {RescoreJob.State.WAITING, RescoreJob.State.RUNNING},
    }
    return render(request, "scoring/model_rescore.html", context)


def _job(request: PortalRequest, job: RescoreJob) -> JobOnPage:
    return JobOnPage(
        id="rescore",
        title=f"Re-score under version {job.model.version}: {job.done} of {job.total}",
        url=request.path,
        share=job.done / job.total if job.total else None,
        is_done=job.state == RescoreJob.State.DONE,
        error=job.sentence if job.state == RescoreJob.State.REFUSED else "",
    )


@acts("model.rescore")
@require_POST
def model_rescore_start(request: PortalRequest) -> HttpResponse:
    """Ask for everything open to be scored again; a worker does it."""
    job = model_services.ask_for_rescore(actor=request.user)
    scores = "1 score is" if job.total == 1 else f"{job.total} scores are"
    messages.success(request, f"{scores} being redone under version {job.model.version}.")
    return redirect("model-rescore")
