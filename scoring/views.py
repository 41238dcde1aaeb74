"""The scoring desk and the page of the model."""

from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms.boundfield import BoundField, BoundWidget
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import policy
from accounts.acting import show_refusal
from accounts.errors import Refused
from accounts.http import PortalRequest, acts
from portfolio.models import Initiative
from portfolio.templatetags.figures import day
from scoring import model_selectors, reconciliation, selectors, services
from scoring.agreement_selectors import agreement_of
from scoring.engine import KnockOut
from scoring.evidence import evidence_of
from scoring.finance import REFERENCE_CLASS_TITLES, REFERENCE_CLASSES
from scoring.forms import AnswerForm, AssignForm, CloseForm, ConflictForm, ScorecardForm, StaffForm
from scoring.models import (
    Criterion,
    Revision,
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
    may_declare_conflict,
    may_draft_model,
    may_open_scoring,
    may_reconcile,
    may_review_model,
    may_see_desk,
    may_write_scorecard,
)
from scoring.reconciliation import Apart, Given
from scoring.selectors import Candidate

ROUNDS_A_PAGE = 20
# What draft.js sends with a save while one types.
BY_ITSELF = "X-Keel-Draft"


# The desk ------------------------------------------------------------------------------------


RoundForm = AssignForm | StaffForm | CloseForm


@dataclass(frozen=True)
class RoundOnDesk:
    """A running round with the forms of the portfolio office."""

    round: ScoringRound
    assign: AssignForm
    staff: StaffForm
    close: CloseForm
    # The criteria that assessors are asked to compare; the office learns which, and no rating.
    apart: list[Apart]

    @property
    def has_enough(self) -> bool:
        """Whether the scoring may close."""
        return self.round.complete >= self.round.required

    @property
    def missing(self) -> int:
        """How many assessors it still needs."""
        return max(0, self.round.required - self.round.assigned)


@acts("scoring.view")
@require_GET
def scorecard_list(request: PortalRequest) -> HttpResponse:
    """What waits for an assessor, and for the office the rounds to open, to staff and to close."""
    return _desk(request)


def _desk(request: PortalRequest, refused: dict[int, RoundForm] | None = None) -> HttpResponse:
    """The desk, with the form that was refused in the place of its round's own."""
    user = request.user
    may_see_desk(user).or_deny()
    refused = refused or {}
    page = Paginator(selectors.running_rounds(user), ROUNDS_A_PAGE).get_page(request.GET.get("page"))
    rounds = list(page.object_list)
    candidates, apart = selectors.candidates(rounds), reconciliation.lying_apart(rounds)
    is_office = bool(policy.may(user, "scoring.assign"))
    context = {
        "waiting": list(selectors.assignments_of(user)),
        "to_compare": reconciliation.to_compare(user),
        "done": list(selectors.assignments_done(user)[:10]),
        "to_open": list(selectors.cases_to_open(user)[:ROUNDS_A_PAGE]),
        "loads": selectors.loads(user) if is_office else [],
        "may_see_agreement": policy.may(user, "agreement.view"),
        "page": page,
        "rounds": [
            _on_desk(round_, candidates[round_.pk], apart[round_.pk], refused.get(round_.pk))
            for round_ in rounds
        ],
    }
    return render(request, "scoring/scorecard_list.html", context, status=422 if refused else 200)


def _on_desk(
    round_: ScoringRound, candidates: list[Candidate], apart: list[Apart], refused: RoundForm | None
) -> RoundOnDesk:
    prefix = f"round-{round_.pk}"
    return RoundOnDesk(
        round_,
        assign=refused if isinstance(refused, AssignForm) else AssignForm(candidates, prefix=prefix),
        staff=refused if isinstance(refused, StaffForm) else StaffForm(prefix=f"staff-{round_.pk}"),
        close=refused if isinstance(refused, CloseForm) else _close_form(round_, apart),
        apart=apart,
    )


def _close_form(round_: ScoringRound, apart: list[Apart], data: Any = None) -> CloseForm:
    """Starts from what the case itself says it rests on; asks why when ratings still lie apart."""
    grade = round_.case.content.get("evidence_grade") or "E"
    left_apart = not all(each.is_settled for each in apart)
    prefix, initial = f"round-{round_.pk}", {"evidence_grade": grade}
    return CloseForm(data, prefix=prefix, initial=initial, left_apart=left_apart)


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
    try:
        assignment = services.assign(
            round_,
            form.person(),
            due_on=form.cleaned_data["due_on"],
            exception=form.cleaned_data.get("exception", ""),
            actor=user,
        )
    except Refused as error:
        show_refusal(form, error)
        return _desk(request, {round_.pk: form})
    messages.success(
        request,
        f"{assignment.assessor} scores {round_.initiative.reference} by {day(assignment.due_on)}.",
    )
    return redirect("scorecard-list")


@acts("scoring.assign")
@require_POST
def scoring_staff(request: PortalRequest, pk: int) -> HttpResponse:
    """Give out the scorecards that a case still needs, by rule."""
    user = request.user
    round_ = _round(request, pk)
    may_assign(user, round_).or_deny()
    form = StaffForm(request.POST, prefix=f"staff-{round_.pk}")
    if not form.is_valid():
        return _desk(request, {round_.pk: form})
    given = services.staff(round_, due_on=form.cleaned_data["due_on"], actor=user)
    names = " and ".join(str(assignment.assessor) for assignment in given)
    score = "scores" if len(given) == 1 else "score"
    messages.success(request, f"{names} {score} {round_.initiative.reference} by {day(given[0].due_on)}.")
    return redirect("scorecard-list")


@acts("scoring.close")
@require_POST
def scoring_close(request: PortalRequest, pk: int) -> HttpResponse:
    """Close a round that has its scorecards."""
    user = request.user
    round_ = _round(request, pk)
    may_close_scoring(user, round_).or_deny()
    form = _close_form(round_, reconciliation.lying_apart([round_])[round_.pk], request.POST)
    if not form.is_valid():
        return _desk(request, {round_.pk: form})
    services.close_scoring(round_, **form.cleaned_data, actor=user)
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
    if assignment.has_conflict:
        return _declined(request, assignment, ConflictForm())
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


@acts("scorecard.decline")
@require_http_methods(["GET", "POST"])
def conflict_declare(request: PortalRequest, pk: int) -> HttpResponse:
    """Declare a conflict of interest: what that does, and the reason."""
    user = request.user
    assignment = _assignment(request, pk)
    may_declare_conflict(user, assignment).or_deny()
    if request.method == "GET":
        return _declined(request, assignment, ConflictForm())
    form = ConflictForm(request.POST)
    if not form.is_valid():
        return _declined(request, assignment, form, 422)
    services.declare_conflict(assignment, reason=form.cleaned_data["reason"], actor=user)
    messages.success(request, "Noted. The portfolio office asks another assessor.")
    return redirect("scorecard-list")


def _declined(
    request: PortalRequest, assignment: ScorecardAssignment, form: ConflictForm, status: int = 200
) -> HttpResponse:
    """The page of the conflict: to declare it, or that it was declared; nothing of the case shows."""
    context = {"assignment": assignment, "initiative": assignment.round.initiative, "form": form}
    return render(request, "scoring/conflict_declare.html", context, status=status)


@acts("scorecard.reconcile")
@require_http_methods(["GET", "POST"])
def scorecard_reconcile(request: PortalRequest, pk: int) -> HttpResponse:
    """Ratings that lie apart, side by side, and one's answer to each."""
    user = request.user
    assignment = _assignment(request, pk)
    may_reconcile(user, assignment).or_deny()
    if not assignment.is_complete:
        raise Http404
    if request.method == "GET":
        return _exchange(request, assignment)
    form = AnswerForm(request.POST, prefix=request.POST.get("asked") or None)
    if not form.is_valid():
        return _exchange(request, assignment, form)
    services.answer_reconciliation(assignment, **form.values(), actor=user)
    messages.success(request, "Your answer is in. You may change it until the scoring closes.")
    return redirect("scorecard-reconcile", assignment.pk)


@dataclass(frozen=True)
class Question:
    """One criterion on which ratings lie apart, as one of its assessors sees it."""

    apart: Apart
    own: Given
    form: AnswerForm

    @property
    def others(self) -> list[Given]:
        """What the colleagues gave."""
        return [each for each in self.apart.given if each != self.own]

    @property
    def options(self) -> list[tuple[BoundWidget, str]]:
        """The radio buttons with the words of their levels."""
        words = [*self.apart.criterion.levels, UNKNOWN_IN_WORDS]
        return list(zip(self.form["rating"], words, strict=True))


def _exchange(
    request: PortalRequest, assignment: ScorecardAssignment, refused: AnswerForm | None = None
) -> HttpResponse:
    """Each criterion with an own form; the one that was refused keeps what was typed."""
    questions = []
    for apart in reconciliation.exchange_of(assignment):
        own = apart.of(assignment.assessor)
        if own is not None:
            is_refused = refused is not None and refused.prefix == apart.criterion.key
            form = refused if refused is not None and is_refused else _answer_form(apart, own)
            questions.append(Question(apart, own, form))
    context = {
        "assignment": assignment,
        "round": assignment.round,
        "initiative": assignment.round.initiative,
        "questions": questions,
    }
    return render(request, "scoring/scorecard_reconcile.html", context, status=422 if refused else 200)


def _answer_form(apart: Apart, own: Given) -> AnswerForm:
    """Starts from the answer that was given, or from the first rating with no reason yet."""
    answer = own.answer
    initial = {
        "criterion": apart.criterion.key,
        "rating": services.UNKNOWN if own.counts is None else str(own.counts),
        "confidence": (answer or own.rating).confidence,
        "reason": answer.reason if answer else "",
    }
    return AnswerForm(prefix=apart.criterion.key, initial=initial)


def _assignment(request: PortalRequest, pk: int) -> ScorecardAssignment:
    assignment = selectors.open_to_read(request.user, pk)
    if assignment is None:
        raise Http404
    return assignment


def _changes(assignment: ScorecardAssignment, form: ScorecardForm) -> list[dict[str, Any]]:
    version = form.cleaned_data["version"]
    return services.draft_changes(assignment, version=version, ratings=form.ratings())


# For the list of keys: what scorecard.js listens to.
KEYS = (
    (("1", "2", "3", "4", "5"), "Rate the criterion"),
    (("u",), "Mark it unknown"),
    (("j",), "Next criterion"),
    (("k",), "Criterion before"),
    (("w",), "Write the reason"),
    (("Esc",), "From the reason back to the rating"),
)
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
    # What was answered in a reconciliation.
    answer: Revision | None = None
    # The fields of the case that bear on it, with their labels.
    bearing: list[tuple[str, str]] = field(default_factory=list)

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
    ratings = card.ratings.select_related("criterion", "revision", "revision_draft")
    rows = {
        rating.criterion_id: Row(rating.criterion, rating=rating, answer=reconciliation.answer_to(rating))
        for rating in ratings
    }
    visible = selectors.visible_scorecards(request.user, assignment.round)
    others = [other for other in visible if other.pk != card.pk]
    may_compare = bool(may_reconcile(request.user, assignment)) and not assignment.round.is_closed
    asked = reconciliation.exchange_of(assignment) if may_compare else []
    return _show(request, assignment, rows, {"card": card, "others": others, "asked": asked}, 200)


def _show(
    request: PortalRequest,
    assignment: ScorecardAssignment,
    rows: dict[int, Row],
    context: dict[str, Any],
    status: int,
) -> HttpResponse:
    round_ = assignment.round
    model = selectors.model_of(round_.model)
    criteria, evidence = list(round_.model.criteria.all()), evidence_of(round_.case)
    all_rows = [
        replace(rows.get(criterion.pk) or Row(criterion), bearing=evidence.bearing_on(criterion))
        for criterion in criteria
    ]
    dimensions = [
        (dimension, [row for row in all_rows if row.criterion.dimension == dimension.key])
        for dimension in model.dimensions
    ]
    complete = Scorecard.objects.filter(assignment__round=round_).count()
    context |= {
        "page_keys": KEYS if "form" in context else (),
        "assignment": assignment,
        "round": round_,
        "initiative": round_.initiative,
        "evidence": evidence,
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


# Agreement -----------------------------------------------------------------------------------


@acts("agreement.view")
@require_GET
def agreement(request: PortalRequest) -> HttpResponse:
    """How far assessors agree on each criterion of the model in force."""
    return render(request, "scoring/agreement.html", {"report": agreement_of(request.user)})


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
