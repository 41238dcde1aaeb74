"""The scoring desk and the page of the model."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms.boundfield import BoundField, BoundWidget
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import PortalRequest, acts
from portfolio.models import Initiative
from portfolio.templatetags.figures import day
from scoring import model_selectors, selectors, services
from scoring.engine import KnockOut
from scoring.evidence import evidence_of
from scoring.finance import REFERENCE_CLASS_TITLES, REFERENCE_CLASSES
from scoring.forms import AssignForm, CloseForm, ScorecardForm
from scoring.models import (
    Criterion,
    Scorecard,
    ScorecardAssignment,
    ScorecardRating,
    ScoringModel,
    ScoringRound,
)
from scoring.permissions import (
    may_assign,
    may_close_scoring,
    may_complete_scorecard,
    may_draft_model,
    may_open_scoring,
    may_review_model,
    may_see_desk,
    may_write_scorecard,
)

ROUNDS_A_PAGE = 20
# What draft.js sends with a save while one types.
BY_ITSELF = "X-Keel-Draft"


# The desk ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RoundOnDesk:
    """A running round with the forms of the portfolio office."""

    round: ScoringRound
    assign: AssignForm
    close: CloseForm

    @property
    def has_enough(self) -> bool:
        """Whether the scoring may close."""
        return self.round.complete >= self.round.required


@acts("scoring.view")
@require_GET
def scorecard_list(request: PortalRequest) -> HttpResponse:
    """What waits for an assessor, and for the office the rounds to open, to staff and to close."""
    return _desk(request)


def _desk(request: PortalRequest, refused: dict[int, AssignForm | CloseForm] | None = None) -> HttpResponse:
    """The desk, with the form that was refused in the place of its round's own."""
    user = request.user
    may_see_desk(user).or_deny()
    refused = refused or {}
    page = Paginator(selectors.running_rounds(user), ROUNDS_A_PAGE).get_page(request.GET.get("page"))
    rounds = list(page.object_list)
    candidates = selectors.candidates(rounds)
    context = {
        "waiting": list(selectors.assignments_of(user)),
        "done": list(selectors.assignments_done(user)[:10]),
        "to_open": list(selectors.cases_to_open(user)[:ROUNDS_A_PAGE]),
        "page": page,
        "rounds": [
            RoundOnDesk(
                round_,
                assign=form
                if isinstance(form := refused.get(round_.pk), AssignForm)
                else AssignForm(candidates[round_.pk], prefix=f"round-{round_.pk}"),
                close=form if isinstance(form, CloseForm) else _close_form(round_),
            )
            for round_ in rounds
        ],
    }
    return render(request, "scoring/scorecard_list.html", context, status=422 if refused else 200)


def _close_form(round_: ScoringRound) -> CloseForm:
    """Starts from what the case itself says it rests on."""
    grade = round_.case.content.get("evidence_grade") or "E"
    return CloseForm(prefix=f"round-{round_.pk}", initial={"evidence_grade": grade})


@acts("scoring.assign")
@require_POST
def scoring_open(request: PortalRequest, pk: int) -> HttpResponse:
    """Open the scoring of a completed case."""
    user = request.user
    initiative = get_object_or_404(Initiative.objects.open_to(user), pk=pk)
    may_open_scoring(user, initiative).or_deny()
    round_ = services.open_scoring(initiative, actor=user)
    needs = "1 assessor" if round_.required == 1 else f"{round_.required} assessors"
    messages.success(request, f"The scoring of {initiative.reference} is open. It needs {needs}.")
    return redirect("scorecard-list")


@acts("scoring.assign")
@require_POST
def scoring_assign(request: PortalRequest, pk: int) -> HttpResponse:
    """Give a scorecard to an assessor."""
    user = request.user
    round_ = _round(request, pk)
    may_assign(user, round_).or_deny()
    form = AssignForm(selectors.candidates([round_])[round_.pk], request.POST, prefix=f"round-{round_.pk}")
    if not form.is_valid():
        return _desk(request, {round_.pk: form})
    assignment = services.assign(round_, form.person(), due_on=form.cleaned_data["due_on"], actor=user)
    messages.success(
        request,
        f"{assignment.assessor} scores {round_.initiative.reference} by {day(assignment.due_on)}.",
    )
    return redirect("scorecard-list")


@acts("scoring.close")
@require_POST
def scoring_close(request: PortalRequest, pk: int) -> HttpResponse:
    """Close a round that has its scorecards."""
    user = request.user
    round_ = _round(request, pk)
    may_close_scoring(user, round_).or_deny()
    form = CloseForm(request.POST, prefix=f"round-{round_.pk}")
    if not form.is_valid():
        return _desk(request, {round_.pk: form})
    services.close_scoring(round_, evidence_grade=form.cleaned_data["evidence_grade"], actor=user)
    messages.success(request, f"The scoring of {round_.initiative.reference} is closed; its score is out.")
    return redirect(f"{round_.initiative.get_absolute_url()}?tab=score")


def _round(request: PortalRequest, pk: int) -> ScoringRound:
    mine = Initiative.objects.open_to(request.user)
    rounds = ScoringRound.objects.select_related("initiative__unit", "case", "model", "closing")
    return get_object_or_404(rounds.filter(initiative__in=mine), pk=pk)


# One scorecard -------------------------------------------------------------------------------


@acts("initiative.view")
@require_GET
def scorecard_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """The evidence on one side, the scale in words on the other; a complete scorecard reads only."""
    assignment = _assignment(request, pk)
    if assignment.is_complete:
        return _read(request, assignment)
    draft = getattr(assignment, "draft", None)
    initial = (
        ScorecardForm.initial_of(draft.ratings, draft.comment, draft.version) if draft else {"version": 0}
    )
    return _write(request, assignment, ScorecardForm.of(assignment.round, initial=initial))


@acts("scorecard.write")
@require_POST
def scorecard_save(request: PortalRequest, pk: int) -> HttpResponse:
    """Keep an unfinished scorecard, by the button or while one types."""
    user = request.user
    assignment = _assignment(request, pk)
    may_write_scorecard(user, assignment).or_deny()
    form = ScorecardForm.of(assignment.round, request.POST)
    if not form.is_valid():
        return _write(request, assignment, form, 422)
    if changes := _changes(assignment, form):
        return _write(request, assignment, form, 409, changes)
    draft = services.save_scorecard_draft(
        assignment,
        ratings=form.ratings(),
        comment=form.cleaned_data["comment"],
        version=form.cleaned_data["version"],
        actor=user,
    )
    if BY_ITSELF in request.headers:
        response = render(request, "scoring/_progress.html", {"progress": _progress(form)})
        response["X-Keel-Version"] = str(draft.version)
        return response
    messages.success(request, "Saved. Nobody but you sees it until it is complete.")
    return redirect(assignment)


@acts("scorecard.complete")
@require_POST
def scorecard_complete(request: PortalRequest, pk: int) -> HttpResponse:
    """Hand in a scorecard, for good."""
    user = request.user
    assignment = _assignment(request, pk)
    may_complete_scorecard(user, assignment).or_deny()
    form = ScorecardForm.of(assignment.round, request.POST, is_final=True)
    if not form.is_valid():
        return _write(request, assignment, form, 422)
    if changes := _changes(assignment, form):
        return _write(request, assignment, form, 409, changes)
    services.complete_scorecard(
        assignment, ratings=form.ratings(), comment=form.cleaned_data["comment"], actor=user
    )
    messages.success(request, f"Your scorecard of {assignment.round.initiative.reference} is in.")
    return redirect("scorecard-list")


def _assignment(request: PortalRequest, pk: int) -> ScorecardAssignment:
    assignment = selectors.open_to_read(request.user, pk)
    if assignment is None:
        raise Http404
    return assignment


def _changes(assignment: ScorecardAssignment, form: ScorecardForm) -> list[dict[str, Any]]:
    version = form.cleaned_data["version"]
    return services.draft_changes(assignment, version=version, ratings=form.ratings())


UNKNOWN_IN_WORDS = "Unknown: the case does not say enough. It counts as a range from 1 to 5."


@dataclass(frozen=True)
class Knot:
    """One point of a value function."""

    value: float
    rating: float


@dataclass(frozen=True)
class Row:
    """One criterion on the page: its levels in words, its fields or the rating that was given."""

    criterion: Criterion
    fields: dict[str, BoundField] = field(default_factory=dict)
    rating: ScorecardRating | None = None

    @property
    def levels(self) -> list[tuple[int, str]]:
        """The five levels in words."""
        return list(enumerate(self.criterion.levels, start=1))

    @property
    def options(self) -> list[tuple[BoundWidget, str, str]]:
        """The radio buttons with their marks and their words."""
        marks = [*((str(level), words) for level, words in self.levels), ("?", UNKNOWN_IN_WORDS)]
        return [(option, *words) for option, words in zip(self.fields["rating"], marks, strict=True)]

    @property
    def knots(self) -> list[Knot]:
        """The value function of a computed criterion."""
        return [Knot(float(value), float(rating)) for value, rating in self.criterion.knots]

    @property
    def rated_as(self) -> str:
        """The words of the rating that was given."""
        if self.rating is None or self.rating.rating is None:
            return "Unknown."
        return str(self.criterion.levels[self.rating.rating - 1])


def _write(
    request: PortalRequest,
    assignment: ScorecardAssignment,
    form: ScorecardForm,
    status: int = 200,
    changes: list[dict[str, Any]] | None = None,
) -> HttpResponse:
    """The scorecard with what was typed; a refused save while one types gets its words alone."""
    user, draft = request.user, getattr(assignment, "draft", None)
    version = draft.version if draft else 0
    if changes:
        # The next save goes on from what is there now; what was typed stays.
        typed = request.POST.copy()
        typed["version"] = str(version)
        form = ScorecardForm.of(assignment.round, typed)
    context = {
        "form": form,
        "changes": changes or [],
        "may_write": may_write_scorecard(user, assignment),
        "progress": _progress(form),
    }
    if BY_ITSELF in request.headers:
        response = render(request, "scoring/_not_saved.html", context, status=status)
        response["X-Keel-Version"] = str(version)
        return response
    rows = {criterion.pk: Row(criterion, form.parts_of(criterion)) for criterion in form.criteria}
    return _show(request, assignment, rows, context, status)


def _read(request: PortalRequest, assignment: ScorecardAssignment) -> HttpResponse:
    card = assignment.scorecard
    ratings = card.ratings.select_related("criterion")
    rows = {rating.criterion_id: Row(rating.criterion, rating=rating) for rating in ratings}
    visible = selectors.visible_scorecards(request.user, assignment.round)
    others = [other for other in visible if other.pk != card.pk]
    return _show(request, assignment, rows, {"card": card, "others": others}, 200)


def _show(
    request: PortalRequest,
    assignment: ScorecardAssignment,
    rows: dict[int, Row],
    context: dict[str, Any],
    status: int,
) -> HttpResponse:
    round_ = assignment.round
    model = selectors.model_of(round_.model)
    criteria = list(round_.model.criteria.all())
    dimensions = [
        (dimension, [rows.get(c.pk) or Row(c) for c in criteria if c.dimension == dimension.key])
        for dimension in model.dimensions
    ]
    complete = Scorecard.objects.filter(assignment__round=round_).count()
    context |= {
        "assignment": assignment,
        "round": round_,
        "initiative": round_.initiative,
        "evidence": evidence_of(round_.case),
        "dimensions": dimensions,
        "complete": complete,
        "is_own": assignment.assessor_id == request.user.pk,
    }
    return render(request, "scoring/scorecard_detail.html", context, status=status)


@dataclass(frozen=True)
class Progress:
    """How far a scorecard is."""

    rated: int
    criteria: int


def _progress(form: ScorecardForm) -> Progress:
    rated = sum(bool(form[f"{criterion.key}-rating"].value()) for criterion in form.criteria)
    return Progress(rated, len(form.criteria))


KNOCK_OUTS = {
    KnockOut.PROHIBITED_USE: "a prohibited use",
    KnockOut.NO_SPONSOR: "no sponsor",
    KnockOut.NO_MEASURABLE_GOAL: "no measurable goal",
    KnockOut.RELIABILITY_VETO: "a reliability veto",
}


# The model -----------------------------------------------------------------------------------


@acts("model.view")
@require_GET
def scoring_model(request: PortalRequest) -> HttpResponse:
    """The model in force: dimensions, weights, scales in words, value functions, settings of the return."""
    return _show_model(request, get_object_or_404(_published()[:1]))


@acts("model.view")
@require_GET
def scoring_model_version(request: PortalRequest, version: int) -> HttpResponse:
    """An earlier published version, as it was."""
    return _show_model(request, get_object_or_404(_published(), version=version))


def _published() -> QuerySet[ScoringModel]:
    """The published versions, the newest first."""
    return (
        ScoringModel.objects.published()
        .order_by("-version")
        .select_related(
            "publication__by", "publication__co_signed_by", "publication__transaction", "proposal"
        )
        .prefetch_related("criteria")
    )


def _show_model(request: PortalRequest, model: ScoringModel) -> HttpResponse:
    versions = model_selectors.published_versions()
    may_review = bool(may_review_model(request.user))
    rules = selectors.model_of(model)
    points = dict(zip([criterion.key for criterion in rules.criteria], rules.points(), strict=True))
    context = {
        "model": model,
        "is_in_force": model.version == versions[0].version,
        "versions": versions,
        "may_review": may_review,
        "may_draft": bool(may_draft_model(request.user)),
        "draft": model_selectors.open_draft() if may_review else None,
        "proposals": list(model_selectors.proposals()) if may_review else [],
        "rules": rules,
        "dimensions": [
            (
                dimension,
                [
                    (Row(criterion), points[criterion.key])
                    for criterion in model.criteria.all()
                    if criterion.dimension == dimension.key
                ],
            )
            for dimension in rules.dimensions
        ],
        "knock_outs": [KNOCK_OUTS[knock_out] for knock_out in rules.knock_outs],
        "currency": settings.BASE_CURRENCY,
        "classes": [(REFERENCE_CLASS_TITLES[key], ratios) for key, ratios in REFERENCE_CLASSES.items()],
    }
    return render(request, "scoring/scoring_model.html", context)
