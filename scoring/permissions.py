"""Who may open, assign, write and close a scoring: the policy table first, then each act's own conditions."""

from accounts import policy, segregation
from accounts.models import Role, RoleGrant, Unit, User
from accounts.verdict import ALLOW, Verdict, deny
from portfolio.models import Appointment, BusinessCase, CaseEditor, Initiative, Part
from scoring.models import (
    ConflictDeclared,
    ModelApproval,
    ModelProposal,
    ScorecardAssignment,
    ScoringRound,
)

PAST_TENSE: dict[str, str] = {Part.OWNER: "owned", Part.SPONSOR: "sponsored"}


def may_see_desk(user: User) -> Verdict:
    """Open the scoring desk: assessors see what waits for them, the portfolio office what runs."""
    return policy.may(user, "scoring.view")


def may_see_calibration(user: User) -> Verdict:
    """See scores against outcomes within one's reach, and how units forecast."""
    return policy.may(user, "calibration.view")


def may_open_scoring(user: User, initiative: Initiative) -> Verdict:
    """The portfolio office, while the initiative is in assessment."""
    return policy.may(user, "scoring.assign", initiative)


def may_assign(user: User, round_: ScoringRound, assessor: User | None = None) -> Verdict:
    """The portfolio office gives a scorecard to an assessor who fits; without one: to anyone at all."""
    verdict = policy.may(user, "scoring.assign", round_.initiative)
    if not verdict or assessor is None:
        return verdict
    fits = fits_as_assessor(assessor, round_.initiative)
    at_home = assessor.home_unit is not None and in_one_line(assessor.home_unit, round_.initiative.unit)
    return segregation.judge(fits, "scoring.assign", ["home_unit"] if at_home else [])


def may_write_scorecard(user: User, assignment: ScorecardAssignment) -> Verdict:
    """The assessor whom it is assigned to, as long as they still fit."""
    return _may_score(user, "scorecard.write", assignment)


def may_complete_scorecard(user: User, assignment: ScorecardAssignment) -> Verdict:
    """As for writing it: who moved to the case's unit meanwhile is out."""
    return _may_score(user, "scorecard.complete", assignment)


def may_declare_conflict(user: User, assignment: ScorecardAssignment) -> Verdict:
    """The assessor whom it is assigned to; who does not fit any more may say so too."""
    initiative = assignment.round.initiative
    verdict = policy.may(user, "scorecard.decline", initiative)
    if not verdict and not verdict.is_about_state:
        return verdict
    if assignment.assessor_id != user.pk:
        return deny(f"This scorecard is {assignment.assessor}'s; nobody else declines it.")
    return verdict


def may_reconcile(user: User, assignment: ScorecardAssignment) -> Verdict:
    """The assessor of the scorecard; that all are in and ratings lie apart is the act's own condition."""
    return _may_score(user, "scorecard.reconcile", assignment)


def may_close_scoring(user: User, round_: ScoringRound) -> Verdict:
    """The portfolio office; that enough scorecards are in is the act's own condition."""
    return policy.may(user, "scoring.close", round_.initiative)


def _may_score(user: User, action: str, assignment: ScorecardAssignment) -> Verdict:
    initiative = assignment.round.initiative
    verdict = policy.may(user, action, initiative)
    if not verdict and not verdict.is_about_state:
        return verdict
    if assignment.assessor_id != user.pk:
        return deny(f"This scorecard is {assignment.assessor}'s; nobody else writes it.")
    unfit = why_unfit(user, initiative.unit, parts_by_person(initiative).get(user.pk))
    return deny(f"You may not score it: {unfit}.") if unfit else verdict


def fits_as_assessor(person: User, initiative: Initiative) -> Verdict:
    """Whether the person may score the case: an assessor of another unit who has no part in it."""
    grants = RoleGrant.objects.active().filter(user=person, role=Role.ASSESSOR).select_related("unit")
    if not any(initiative.unit.is_under(grant.unit) for grant in grants):
        return deny(f"{person} is not an assessor for {initiative.unit}.")
    unfit = why_unfit(person, initiative.unit, parts_by_person(initiative).get(person.pk))
    return deny(f"{person} may not score it: {unfit}.") if unfit else ALLOW


def in_one_line(home: Unit, unit: Unit) -> bool:
    """Whether one of the two is the other, or above it."""
    return unit.is_under(home) or home.is_under(unit)


def why_unfit(person: User, unit: Unit, part: str | None, *, strict: bool | None = None) -> str:
    """Why an assessor may not score a case of this unit, as half a sentence; empty if they may.

    `strict` says whether the home unit forbids; who asks about many people finds that out once.
    """
    home = person.home_unit
    if home is None:
        return "an assessor needs a home unit, and none is set"
    if in_one_line(home, unit) and (home_forbids() if strict is None else strict):
        if home.pk == unit.pk:
            return f"{home} is both the home unit and the unit of the case"
        where = "above" if unit.is_under(home) else "below"
        return f"the home unit {home} lies {where} {unit}, the unit of the case"
    return f"an assessor must not have {part} the initiative" if part else ""


def home_forbids() -> bool:
    """Whether scoring a case of one's home unit is forbidden, and not only marked."""
    return not segregation.bends("scoring.assign", "home_unit")


def parts_by_person(initiative: Initiative) -> dict[int, str]:
    """Who ever submitted, started, owned, sponsored or edited it, by number, as 'submitted' and so on.

    Earlier holders count: whoever sponsored it last month still has an interest. A service account's acts
    count as those of the person who answers for it.
    """
    return parts_by_initiative([initiative])[initiative.pk]


def parts_by_initiative(initiatives: list[Initiative]) -> dict[int, dict[int, str]]:
    """The same for many, by five queries.

    Who declared a conflict of interest in it once does not score it later.
    """
    found = [(initiative.pk, initiative.created_by_id, "started") for initiative in initiatives]
    edits = CaseEditor.objects.filter(case__initiative__in=initiatives)
    found += [(pk, user, "edited") for pk, user in edits.values_list("case__initiative", "user")]
    held = Appointment.objects.filter(initiative__in=initiatives, part__in=PAST_TENSE)
    found += [
        (pk, user, PAST_TENSE[part]) for pk, user, part in held.values_list("initiative", "person", "part")
    ]
    sent = BusinessCase.objects.filter(initiative__in=initiatives)
    found += [(pk, user, "submitted") for pk, user in sent.values_list("initiative", "submitted_by")]
    conflicts = ConflictDeclared.objects.filter(assignment__round__initiative__in=initiatives)
    found += [
        (pk, user, "declared a conflict of interest in")
        for pk, user in conflicts.values_list("assignment__round__initiative", "assignment__assessor")
    ]
    answers: dict[int, int | None] = dict(
        User.objects.filter(pk__in={user for _, user, _ in found}).values_list("pk", "answers_for_it")
    )
    parts: dict[int, dict[int, str]] = {initiative.pk: {} for initiative in initiatives}
    for pk, user, part in found:
        parts[pk] |= {user: part, answers[user] or user: part}
    return parts


# The model: one for the whole organisation ---------------------------------------------------

# Who must approve a version, and one person for each.
APPROVERS = (Role.CFO, Role.CEO)


def may_review_model(user: User) -> Verdict:
    """See the draft or a proposed version, and who would move."""
    return _for_the_whole(user, "model.review")


def may_draft_model(user: User) -> Verdict:
    """The portfolio office of the whole organisation."""
    return _for_the_whole(user, "model.draft")


def may_propose_model(user: User) -> Verdict:
    """The portfolio office of the whole organisation; that the draft is whole is the act's own condition."""
    return _for_the_whole(user, "model.propose")


def may_rescore(user: User) -> Verdict:
    """The portfolio office of the whole organisation."""
    return _for_the_whole(user, "model.rescore")


def may_approve_model(user: User, proposal: ModelProposal) -> Verdict:
    """CFO and CEO, one vote each: never who wrote a word of it, or who voted on it already."""
    verdict = _for_the_whole(user, "model.approve")
    if not verdict:
        return verdict
    if not {user.pk, user.person.pk}.isdisjoint(proposal.writers):
        return segregation.judge(verdict, "model.approve", ["wrote"])
    votes = list(ModelApproval.objects.filter(model=proposal.model_id))
    if any(vote.by_id == user.pk for vote in votes):
        return Verdict(False, "You voted on this version already.", is_about_state=True)
    if seat_of(user, proposal) is None:
        return Verdict(False, "Your seat voted on this version already.", is_about_state=True)
    return ALLOW


def seat_of(user: User, proposal: ModelProposal) -> str | None:
    """The seat that the user may take: their first role that has not voted yet."""
    taken = set(ModelApproval.objects.filter(model=proposal.model_id).values_list("role", flat=True))
    held = {grant.role for grant in policy.grants_of(user) if getattr(grant, "confirmation", None)}
    return next((role for role in APPROVERS if role in held and role not in taken), None)


def _for_the_whole(user: User, action: str) -> Verdict:
    verdict = policy.may(user, action)
    if verdict and not policy.reach(user, action).everywhere:
        return deny("There is one model for the whole organisation; your role is for a part of it.")
    return verdict
