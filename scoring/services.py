"""The acts of scoring: publish the default model, open a round, assign, write, complete, close."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts import segregation
from accounts.errors import Changed, Incomplete, InvalidMove, Refused
from accounts.models import User
from accounts.notices import notify
from ledger import clock
from ledger.services import Act, last_seq, record
from portfolio import lifecycle, money
from portfolio.models import BusinessCase, Initiative, Part, RiskTier
from portfolio.selectors import fiscal_year_of, rate
from portfolio.services import appoint
from scoring import engine, positions, reconciliation
from scoring.default_model import CORRECTED_RETURN, DEFAULT_MODEL, TIME_TO_BENEFIT
from scoring.models import (
    ConflictDeclared,
    Criterion,
    EvidenceGrade,
    ModelPublication,
    RatingRevision,
    RevisionDraft,
    Scorecard,
    ScorecardAssignment,
    ScorecardDraft,
    ScorecardRating,
    ScorecardReminder,
    ScoringClose,
    ScoringModel,
    ScoringRound,
)
from scoring.permissions import (
    may_assign,
    may_close_scoring,
    may_complete_scorecard,
    may_declare_conflict,
    may_open_scoring,
    may_reconcile,
    may_write_scorecard,
)
from scoring.selectors import due_day, in_turn, model_of, reminders_due

UNKNOWN = "unknown"
# Criterion key -> {rating: 1 to 5, "unknown" or None, confidence, reason}
Ratings = Mapping[str, Mapping[str, Any]]
CleanRatings = dict[str, dict[str, Any]]
LONGEST_REASON = 2000


# The model -----------------------------------------------------------------------------------


def install_default_model() -> ScoringModel:
    """Publish the default model, by the system; a second call finds it and changes nothing."""
    found = ScoringModel.objects.filter(version=DEFAULT_MODEL.version).first()
    if found is not None:
        return found
    with record("model.published", actor=None) as act:
        model = act.add(
            ScoringModel,
            version=DEFAULT_MODEL.version,
            name=DEFAULT_MODEL.title,
            settings=DEFAULT_MODEL.settings(),
            drafted_by=None,
        )
        act.add_many(
            Criterion,
            [
                Criterion(
                    model=model,
                    position=position,
                    key=criterion.key,
                    dimension=criterion.dimension,
                    title=criterion.title,
                    question=criterion.question,
                    weight=criterion.weight,
                    kind=criterion.kind,
                    levels=list(criterion.levels),
                    knots=[[str(value), str(rating)] for value, rating in criterion.knots],
                    direction=criterion.direction or "",
                )
                for position, criterion in enumerate(DEFAULT_MODEL.criteria, start=1)
            ],
        )
        act.add(ModelPublication, model=model, by=None, co_signed_by=None)
        act.about(model)
        act.note(version=model.version)
    return model


# Opening and assigning -----------------------------------------------------------------------


def open_scoring(initiative: Initiative, *, actor: User) -> ScoringRound:
    """Open the scoring of the completed case under the model in force.

    Raises NotAllowed, or InvalidMove outside assessment, before the completed case is in, or when it is
    open already.
    """
    with record("scoring.opened", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_open_scoring(actor, initiative).or_deny()
        case = initiative.current_case
        if case is None or case.purpose != BusinessCase.Purpose.COMPLETED:
            raise InvalidMove(
                f"{initiative.reference}: {initiative.unit} has not sent the completed case yet."
            )
        model = ScoringModel.objects.in_force()
        if ScoringRound.objects.filter(case=case, model=model).exists():
            raise InvalidMove(f"Version {case.version} of {initiative.reference} is in scoring already.")
        needed = engine.scorecards_needed(
            model_of(model), cost_in_base_currency(case), is_high_tier=initiative.risk_tier == RiskTier.HIGH
        )
        act.note(case_version=case.version, model_version=model.version, required=needed)
        round_ = act.add(
            ScoringRound, initiative=initiative, case=case, model=model, required=needed, opened_by=actor
        )
        act.marks("score", [initiative.pk])
    # An earlier score would lead the assessors; it goes at once and not when a worker comes by.
    positions.refresh_scores([initiative.pk])
    return round_


def cost_in_base_currency(case: BusinessCase) -> Decimal:
    """The whole-life cost at this year's planning rate. Raises Refused without a rate."""
    rate_today = rate(case.currency, fiscal_year_of(clock.today()))
    return money.convert(case.whole_life_cost, rate_today, settings.BASE_CURRENCY)


def assign(
    round_: ScoringRound, assessor: User, *, due_on: date, exception: str = "", actor: User
) -> ScorecardAssignment:
    """Give a scorecard to an assessor of another unit, who may open the case from now on.

    Raises NotAllowed with the reason why this person doesn't fit, InvalidMove when the round doesn't run or
    they have one already, Refused for a day that is over.
    """
    if due_on < clock.today():
        raise Refused("That day is over.", {"due_on": "Choose today or a day to come."})
    with record("scorecard.assigned", actor=actor, about=round_.initiative) as act:
        initiative = lifecycle.lock(round_.initiative)
        round_ = _locked(round_, initiative)
        verdict = may_assign(actor, round_, assessor)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=exception, by=actor, field="exception")
        _require_running(round_)
        if ScorecardAssignment.objects.filter(round=round_, assessor=assessor).exists():
            raise InvalidMove(f"{assessor} scores {initiative.reference} already.")
        act.note(assessor=assessor.pk, due_on=due_on)
        return _give(round_, assessor, due_on=due_on, act=act, actor=actor)


def staff(round_: ScoringRound, *, due_on: date | None = None, actor: User) -> list[ScorecardAssignment]:
    """Give out the scorecards that the case still needs, to those who fit, by whose turn it is.

    Without a day they are due in five working days. Raises NotAllowed, Refused for a day that is over, or
    InvalidMove when the round doesn't run, needs nobody, or fewer people fit than it needs.
    """
    due_on = due_on or due_day()
    if due_on < clock.today():
        raise Refused("That day is over.", {"due_on": "Choose today or a day to come."})
    with record("scoring.staffed", actor=actor, about=round_.initiative) as act:
        initiative = lifecycle.lock(round_.initiative)
        round_ = _locked(round_, initiative)
        may_assign(actor, round_).or_deny()
        _require_running(round_)
        given = ScorecardAssignment.objects.filter(round=round_, conflict=None).count()
        missing = round_.required - given
        if missing <= 0:
            raise InvalidMove(f"{initiative.reference} has its {round_.required} assessors already.")
        people = in_turn(round_)
        if len(people) < missing:
            raise InvalidMove(
                f"{initiative.reference} needs {missing} more assessors and {len(people)} fit: the "
                "administrator grants the role to people of other units."
            )
        act.note(assessors=[person.pk for person in people[:missing]], due_on=due_on)
        return [_give(round_, person, due_on=due_on, act=act, actor=actor) for person in people[:missing]]


def _give(
    round_: ScoringRound, assessor: User, *, due_on: date, act: Act, actor: User
) -> ScorecardAssignment:
    """The assignment, the part that opens the case to the assessor, and the message."""
    initiative = round_.initiative
    assignment = act.add(
        ScorecardAssignment, round=round_, assessor=assessor, due_on=due_on, assigned_by=actor
    )
    appoint(initiative, Part.ASSESSOR, assessor, act=act)
    notify(
        assessor,
        subject=f"Score {initiative.reference} by {due_on:%-d %b %Y}",
        sentence=f"{actor} asks you to score “{initiative.title}”, {initiative.unit}. "
        "You score it blind: what others rate stays hidden until all scorecards are in.",
        path=assignment.get_absolute_url(),
    )
    return assignment


def declare_conflict(assignment: ScorecardAssignment, *, reason: str, actor: User) -> ConflictDeclared:
    """Say that one is not free to judge the case: the assignment ends without a scorecard, for good.

    Raises NotAllowed, Refused without a reason, or InvalidMove when the round doesn't run or the scorecard is
    in.
    """
    reason = reason.strip()
    if not reason:
        raise Refused("Say what the conflict is.", {"reason": "Write in one sentence what binds you."})
    with record("conflict.declared", actor=actor, about=assignment.round.initiative, reason=reason) as act:
        initiative = lifecycle.lock(assignment.round.initiative)
        round_ = assignment.round = _locked(assignment.round, initiative)
        may_declare_conflict(actor, assignment).or_deny()
        _require_running(round_)
        _require_incomplete(assignment)
        conflict = act.add(ConflictDeclared, assignment=assignment, reason=reason)
        act.note(assignment=assignment.pk)
        ScorecardDraft.objects.filter(assignment=assignment).delete()
        notify(
            round_.opened_by,
            subject=f"{initiative.reference} needs another assessor",
            sentence=f"{actor} declared a conflict of interest in “{initiative.title}”: {reason}",
            path=reverse("scorecard-list"),
        )
        return conflict


def remind_overdue(on: date) -> int:
    """Remind the assessors whose scorecards are overdue, once for each due day; returns how many."""
    count = 0
    for assignment in reminders_due(on):
        with transaction.atomic():
            _, is_new = ScorecardReminder.objects.get_or_create(assignment=assignment)
            if is_new:
                initiative = assignment.round.initiative
                notify(
                    assignment.assessor,
                    subject=f"Your scorecard of {initiative.reference} is overdue",
                    sentence=f"The scorecard of “{initiative.title}” was due on "
                    f"{assignment.due_on:%-d %b %Y}. The case waits for it.",
                    path=assignment.get_absolute_url(),
                )
                count += 1
    return count


def _locked(round_: ScoringRound, initiative: Initiative) -> ScoringRound:
    """The round as it is now, under the lock of its initiative."""
    round_ = ScoringRound.objects.select_related("case", "model", "closing").get(pk=round_.pk)
    round_.initiative = initiative
    return round_


def _require_running(round_: ScoringRound) -> None:
    """Raise InvalidMove with the reason why nothing can be added to this round."""
    if round_.is_closed:
        raise InvalidMove(f"The scoring of {round_.initiative.reference} is closed.")
    if not ScoringRound.objects.running().filter(pk=round_.pk).exists():
        raise InvalidMove(
            f"Version {round_.case.version} of {round_.initiative.reference} is scored no more: "
            "a newer case was sent, or it left assessment."
        )


# Scorecards ----------------------------------------------------------------------------------


def judged(model: ScoringModel) -> list[Criterion]:
    """The criteria that assessors rate, in the model's order."""
    return [criterion for criterion in model.criteria.all() if criterion.kind == Criterion.Kind.JUDGED]


def clean_ratings(criteria: Iterable[Criterion], ratings: Ratings) -> CleanRatings:
    """The ratings in their normal form, one for each criterion. Raises Refused for impossible ones."""
    criteria = list(criteria)
    errors = {str(key): "This is no criterion that assessors rate." for key in ratings}
    cleaned: CleanRatings = {}
    for criterion in criteria:
        errors.pop(criterion.key, None)
        given = ratings.get(criterion.key) or {}
        rating, confidence = given.get("rating"), given.get("confidence") or ScorecardRating.Confidence.MEDIUM
        reason = str(given.get("reason") or "").replace("\x00", "").strip()
        if rating not in {None, UNKNOWN, 1, 2, 3, 4, 5} or isinstance(rating, bool):
            errors[criterion.key] = "Choose 1 to 5, or unknown."
        elif confidence not in ScorecardRating.Confidence.values:
            errors[criterion.key] = "Choose low, medium or high confidence."
        elif len(reason) > LONGEST_REASON:
            errors[criterion.key] = f"At most {LONGEST_REASON} characters fit."
        cleaned[criterion.key] = {"rating": rating, "confidence": str(confidence), "reason": reason}
    if errors:
        raise Refused("Some ratings can't be taken.", errors)
    return cleaned


def missing_in(criteria: Iterable[Criterion], ratings: Ratings) -> dict[str, str]:
    """What keeps a scorecard from being complete: criterion key -> the sentence that says what to add."""
    missing: dict[str, str] = {}
    for criterion in criteria:
        given = ratings.get(criterion.key) or {}
        if given.get("rating") is None:
            missing[criterion.key] = "Rate it from 1 to 5, or mark it unknown."
        elif given["rating"] in {1, 5} and not given.get("reason"):
            missing[criterion.key] = f"A rating of {given['rating']} needs a reason."
    return missing


def draft_changes(assignment: ScorecardAssignment, *, version: int, ratings: Ratings) -> list[dict[str, Any]]:
    """What a draft saved elsewhere since `version` holds instead of `ratings`: label, before, after.

    Empty when nothing was saved since, or when both are the same.
    """
    draft = ScorecardDraft.objects.filter(assignment=assignment).first()
    if draft is None or draft.version == version:
        return []
    return [
        {
            "key": criterion.key,
            "label": criterion.title,
            "before": ratings.get(criterion.key),
            "after": draft.ratings.get(criterion.key),
        }
        for criterion in judged(assignment.round.model)
        if ratings.get(criterion.key) != draft.ratings.get(criterion.key)
    ]


@transaction.atomic
def save_scorecard_draft(
    assignment: ScorecardAssignment, *, ratings: Ratings, comment: str = "", version: int, actor: User
) -> ScorecardDraft:
    """Save one's unfinished scorecard, opened at `version` (0 when there was none yet).

    Raises NotAllowed, InvalidMove, Refused (impossible ratings, by criterion), or Changed when it was saved
    from another window meanwhile, with what differs.
    """
    may_write_scorecard(actor, assignment).or_deny()
    _require_running(assignment.round)
    _require_incomplete(assignment)
    cleaned = clean_ratings(judged(assignment.round.model), ratings)
    ScorecardDraft.objects.get_or_create(assignment=assignment)
    draft = ScorecardDraft.objects.select_for_update().get(assignment=assignment)
    if (draft.ratings, draft.comment) == (cleaned, comment.strip()):
        return draft
    if draft.version != version:
        raise Changed(
            "You saved this scorecard from another window after you opened it here.",
            changes=draft_changes(assignment, version=version, ratings=cleaned),
            version=draft.version,
        )
    draft.ratings, draft.comment = cleaned, comment.strip()
    draft.version, draft.updated_at = draft.version + 1, clock.now()
    draft.save(update_fields=["ratings", "comment", "version", "updated_at"])
    return draft


def _require_incomplete(assignment: ScorecardAssignment) -> None:
    if Scorecard.objects.filter(assignment=assignment).exists():
        raise InvalidMove("This scorecard is complete; it can't be changed any more.")
    if ConflictDeclared.objects.filter(assignment=assignment).exists():
        raise InvalidMove("You declared a conflict of interest; another assessor scores this case.")


def complete_scorecard(
    assignment: ScorecardAssignment, *, ratings: Ratings, comment: str = "", actor: User
) -> Scorecard:
    """Hand in a scorecard: every judged criterion rated or unknown, with a reason at 1 and at 5; for good.

    Raises NotAllowed, InvalidMove, Refused, or Incomplete with what is missing by criterion.
    """
    with record("scorecard.completed", actor=actor, about=assignment.round.initiative) as act:
        initiative = lifecycle.lock(assignment.round.initiative)
        round_ = assignment.round = _locked(assignment.round, initiative)
        may_complete_scorecard(actor, assignment).or_deny()
        _require_running(round_)
        _require_incomplete(assignment)
        criteria = judged(round_.model)
        cleaned = clean_ratings(criteria, ratings)
        if missing := missing_in(criteria, cleaned):
            raise Incomplete("This scorecard is not complete yet.", missing)
        card = act.add(Scorecard, assignment=assignment, comment=comment.strip())
        act.add_many(
            ScorecardRating,
            [
                ScorecardRating(
                    scorecard=card,
                    criterion=criterion,
                    rating=None if given["rating"] == UNKNOWN else given["rating"],
                    confidence=given["confidence"],
                    reason=given["reason"],
                )
                for criterion in criteria
                for given in (cleaned[criterion.key],)
            ],
        )
        # The entry says that it is in, and nothing of what it says: auditors read it before the closing.
        act.note(assignment=assignment.pk)
        ScorecardDraft.objects.filter(assignment=assignment).delete()
        _tell_what_is_in(round_)
        return card


def _tell_what_is_in(round_: ScoringRound) -> None:
    """Tell the office when all are in, and the assessors alone when their ratings lie apart."""
    initiative = round_.initiative
    cards = Scorecard.objects.filter(assignment__round=round_).select_related("assignment__assessor")
    complete = cards.order_by("pk")
    if len(complete) == round_.required:
        notify(
            round_.opened_by,
            subject=f"All scorecards of {initiative.reference} are in",
            sentence=f"“{initiative.title}” has its {len(complete)} of {round_.required}. See on the "
            "desk what is left to do before its scoring closes.",
            path=reverse("scorecard-list"),
        )
    asked = reconciliation.lying_apart([round_])[round_.pk]
    if not asked:
        return
    titles = ", ".join(apart.criterion.title.lower() for apart in asked)
    for card in complete:
        notify(
            card.assignment.assessor,
            subject=f"Compare your ratings of {initiative.reference}",
            sentence=f"The scorecards of “{initiative.title}” are in and lie apart on {titles}. Read your "
            "colleagues' reasons, then change your rating or stand by it.",
            path=reverse("scorecard-reconcile", args=[card.assignment_id]),
        )


# Reconciliation ------------------------------------------------------------------------------


@transaction.atomic
def answer_reconciliation(
    assignment: ScorecardAssignment,
    *,
    criterion: str,
    rating: int | str,
    confidence: str = ScorecardRating.Confidence.MEDIUM,
    reason: str,
    actor: User,
) -> RevisionDraft:
    """Change one's rating of a criterion on which scorecards lie apart, or stand by it; with a reason.

    The answer may be written anew until the scoring closes, which makes it a fact. The ledger, which others
    read before, learns of it then.
    Raises NotAllowed, Refused (impossible values, by field), or InvalidMove when the round doesn't run, a
    scorecard is missing, or nothing is asked about this criterion.
    """
    initiative = lifecycle.lock(assignment.round.initiative)
    assignment.round = _locked(assignment.round, initiative)
    may_reconcile(actor, assignment).or_deny()
    _require_running(assignment.round)
    asked = {apart.criterion.key: apart for apart in reconciliation.exchange_of(assignment)}
    apart = asked.get(criterion)
    own = apart.of(actor) if apart else None
    if apart is None or own is None:
        raise InvalidMove("You are not asked to compare ratings of this criterion.")
    cleaned = clean_ratings(
        [apart.criterion], {criterion: {"rating": rating, "confidence": confidence, "reason": reason}}
    )[criterion]
    if cleaned["rating"] is None:
        raise Refused("Choose a rating.", {"rating": "Choose 1 to 5, or unknown."})
    if not cleaned["reason"]:
        raise Refused("Say why.", {"reason": "Write why you change your rating or stand by it."})
    answer, _ = RevisionDraft.objects.update_or_create(
        replaces=own.rating,
        defaults={
            "rating": None if cleaned["rating"] == UNKNOWN else cleaned["rating"],
            "confidence": cleaned["confidence"],
            "reason": cleaned["reason"],
            "written_at": clock.now(),
        },
    )
    return answer


# Closing -------------------------------------------------------------------------------------


def close_scoring(
    round_: ScoringRound, *, evidence_grade: str, reason: str = "", actor: User
) -> ScoringClose:
    """Close a round that has its scorecards: answers and computed inputs freeze and the score comes out.

    Ratings that still lie apart need a reason why it closes all the same. Raises NotAllowed, Refused for an
    unknown grade or without that reason, InvalidMove when it doesn't run or cards are missing.
    """
    if evidence_grade not in EvidenceGrade.values:
        raise Refused("Choose an evidence grade.", {"evidence_grade": "Choose one of A to E."})
    with record("scoring.closed", actor=actor, about=round_.initiative) as act:
        initiative = lifecycle.lock(round_.initiative)
        round_ = _locked(round_, initiative)
        may_close_scoring(actor, round_).or_deny()
        _require_running(round_)
        complete = Scorecard.objects.filter(assignment__round=round_).count()
        if complete < round_.required:
            raise InvalidMove(f"{complete} of {round_.required} scorecards are in; wait for the others.")
        asked = reconciliation.lying_apart([round_])[round_.pk]
        left = [apart.criterion.key for apart in asked if not apart.is_settled]
        reason = reason.strip() if left else ""
        if left and not reason:
            raise Refused(
                "Ratings still lie apart.", {"reason": "Write why it closes although ratings lie apart."}
            )
        inputs = computed_inputs(round_)
        revised = _freeze_answers(round_, act=act)
        closing = act.add(
            ScoringClose,
            round=round_,
            closed_by=actor,
            computed_inputs=inputs,
            evidence_grade=evidence_grade,
            reason=reason,
        )
        act.note(scorecards=complete, evidence_grade=evidence_grade, computed_inputs=inputs)
        act.note(answers=revised, left_apart=left, why=reason)
        act.marks("score", [initiative.pk])
        _tell_that_it_is_closed(round_)
    positions.refresh_scores([initiative.pk])
    return closing


def _freeze_answers(round_: ScoringRound, *, act: Act) -> int:
    """Make the answers of a reconciliation facts; returns how many there were."""
    drafts = RevisionDraft.objects.filter(replaces__scorecard__assignment__round=round_).order_by("pk")
    facts = [
        RatingRevision(
            replaces=draft.replaces,
            rating=draft.rating,
            confidence=draft.confidence,
            reason=draft.reason,
            written_at=draft.written_at,
        )
        for draft in drafts.select_related("replaces")
    ]
    act.add_many(RatingRevision, facts)
    drafts.delete()
    return len(facts)


def _tell_that_it_is_closed(round_: ScoringRound) -> None:
    """Tell the unit and the assessors: from now on they read the score and all scorecards."""
    initiative = round_.initiative
    scored = Scorecard.objects.filter(assignment__round=round_).select_related("assignment__assessor")
    assessors = [card.assignment.assessor for card in scored.order_by("pk")]
    people = [person for person in (initiative.submitter, initiative.owner, *assessors) if person]
    for person in {person.pk: person for person in people}.values():
        notify(
            person,
            subject=f"{initiative.reference} is scored",
            sentence=f"The scoring of “{initiative.title}” is closed. See what its score is made of.",
            path=f"{initiative.get_absolute_url()}?tab=score",
        )


def computed_inputs(round_: ScoringRound) -> dict[str, str | None]:
    """What the computed criteria of a round are rated by today. Raises InvalidMove without a return."""
    return computed_inputs_of(round_.model, [round_.initiative_id])[round_.initiative_id]


def computed_inputs_of(model: ScoringModel, initiatives: Sequence[int]) -> dict[int, dict[str, str | None]]:
    """What the computed criteria of a version are rated by, as text, from the facts of now; None: nothing.

    The corrected return stands on cash where the plan has cash benefits, else it includes the others. Raises
    InvalidMove when a return can't be computed.
    """
    computed = positions.compute_returns(initiatives, seq=last_seq(), on=clock.today())
    for sentence in computed.faults.values():
        raise InvalidMove(f"Its return can't be computed: {sentence}")
    column = {name: values.tolist() for name, values in computed.columns.items()}
    keys = [criterion.key for criterion in model.criteria.all() if criterion.kind == Criterion.Kind.COMPUTED]
    found: dict[int, dict[str, str | None]] = {}
    for place, pk in enumerate(computed.ids.tolist()):
        has_cash = column["planned_cash_benefit"][place] > 0
        values = {
            CORRECTED_RETURN: column["roi_p50" if has_cash else "roi_p50_all"][place],
            TIME_TO_BENEFIT: column["months_to_benefit"][place],
        }
        found[pk] = {key: _as_text(float(values.get(key, math.nan))) for key in keys}
    return found


def _as_text(value: float) -> str | None:
    return None if math.isnan(value) else f"{Decimal(repr(value)).normalize():f}"
