"""Who may pass a gate, sign, release, or change an envelope: the policy table first, then who is kept out."""

from datetime import datetime

from django.db.models import Max

from accounts import policy, segregation
from accounts.models import Role, Unit, User
from accounts.verdict import ALLOW, Verdict, deny
from governance import authority, deputies
from governance.authority import Place
from governance.models import (
    AuthorityStep,
    BoardResolution,
    Condition,
    EnvelopeChange,
    FundingRound,
    Gate,
    GateItem,
    GatePassage,
    GateSetProposal,
    Signature,
    SigningRound,
    Tranche,
)
from portfolio.involvement import accounts_of, answering_for, everybody_in, hands_in, is_behind
from portfolio.models import Initiative, Part, Posting
from portfolio.wording import grouped

# Who is kept out -----------------------------------------------------------------------------


def last_gate_at(initiative: Initiative) -> datetime | None:
    """When it last passed a gate."""
    passed: datetime | None = GatePassage.objects.filter(initiative=initiative).aggregate(
        at=Max("transaction__at")
    )["at"]
    return passed


def posted_by_hand(user: User, initiative: Initiative) -> bool:
    """Whether the user typed a posting of it since its last gate."""
    typed = Posting.objects.filter(initiative=initiative, by_hand__in=accounts_of(user))
    last = typed.aggregate(at=Max("transaction__at"))["at"]
    if last is None:
        return False
    since = last_gate_at(initiative)
    return since is None or last >= since


def ties(user: User, initiative: Initiative) -> list[str]:
    """All that the user has to do with it which a rule of segregation may hold against them."""
    by_hand = ["posted_by_hand"] if posted_by_hand(user, initiative) else []
    return [*hands_in(user, [initiative]).get(initiative.pk, []), *by_hand]


def excluded_because(user: User, initiative: Initiative) -> str | None:
    """Why the user may not decide on it; None when they may."""
    verdict = segregation.judge(ALLOW, "decision.sign", ties(user, initiative))
    return None if verdict else verdict.reason


def excluded_people(initiative: Initiative) -> set[int]:
    """Everybody who may not decide on it, as `excluded_because` would say of each, in a few queries."""
    forbidding = segregation.forbidding("decision.sign")
    hands = everybody_in(initiative)
    excluded = {pk for word, people in hands.items() if word in forbidding for pk in people}
    if "posted_by_hand" in forbidding:
        typed = Posting.objects.filter(initiative=initiative).exclude(by_hand=None)
        if since := last_gate_at(initiative):
            typed = typed.filter(transaction__at__gte=since)
        posted = set(typed.values_list("by_hand", flat=True))
        excluded |= posted | answering_for(posted)
    return excluded


def uninvolved(user: User, action: str, initiative: Initiative) -> Verdict:
    """The policy table first, then what the user has to do with the initiative."""
    verdict = policy.may(user, action, initiative)
    return segregation.judge(verdict, action, ties(user, initiative)) if verdict else verdict


# Gates ---------------------------------------------------------------------------------------


def may_submit(user: User, initiative: Initiative) -> Verdict:
    """Submit a draft (G0)."""
    return policy.may(user, "initiative.submit", initiative)


def may_complete_case(user: User, initiative: Initiative) -> Verdict:
    """Send the completed case."""
    return policy.may(user, "case.complete", initiative)


def may_triage(user: User, initiative: Initiative) -> Verdict:
    """Pass G1."""
    return policy.may(user, "initiative.triage", initiative)


def may_call_in(user: User, initiative: Initiative) -> Verdict:
    """Call in what was only notified."""
    return policy.may(user, "initiative.call_in", initiative)


def may_return(user: User, initiative: Initiative) -> Verdict:
    """Send it back to draft."""
    return policy.may(user, "initiative.return", initiative)


def may_recall(user: User, initiative: Initiative) -> Verdict:
    """The unit takes the sent case back while it is assessed."""
    return policy.may(user, "initiative.recall", initiative)


def may_record_case(user: User, initiative: Initiative) -> Verdict:
    """Record that G2 holds."""
    return policy.may(user, "case.record", initiative)


def may_withdraw(user: User, initiative: Initiative) -> Verdict:
    """The unit takes it back before G3."""
    return policy.may(user, "initiative.withdraw", initiative)


def may_supply(user: User, initiative: Initiative) -> Verdict:
    """Supply what a gate asks for as evidence."""
    return policy.may(user, "evidence.supply", initiative)


def accepting_part(user: User, initiative: Initiative) -> str | None:
    """As whom the user accepts operation: 'benefit_owner' first, then 'risk_officer'; None as nobody."""
    if initiative.benefit_owner_id == user.pk:
        return Part.BENEFIT_OWNER
    return Role.RISK_OFFICER if Role.RISK_OFFICER in authority.roles_for(user, initiative.unit) else None


def may_accept_operation(user: User, initiative: Initiative) -> Verdict:
    """The benefit owner, and a risk officer who has no part in it (G5)."""
    if accepting_part(user, initiative) == Role.RISK_OFFICER:
        return uninvolved(user, "operation.accept", initiative)
    return policy.may(user, "operation.accept", initiative)


def may_set_outcome(user: User, initiative: Initiative) -> Verdict:
    """The CFO, with no part in it (G6)."""
    return uninvolved(user, "outcome.set", initiative)


def may_retire(user: User, initiative: Initiative) -> Verdict:
    """The owner and the portfolio office (G7)."""
    return policy.may(user, "initiative.retire", initiative)


def may_stop(user: User, initiative: Initiative) -> Verdict:
    """The CEO may stop anything that they have no part in."""
    return uninvolved(user, "initiative.stop", initiative)


# Waivers -------------------------------------------------------------------------------------

# What nobody waives: knock-outs, room, whoever stands behind it, what class it is in, what was rated blind,
# and what somebody has to accept themselves.
NEVER_WAIVED = frozenset(
    {
        "no_knock_out", "not_prohibited", "room", "sponsor_confirmed", "sponsor_stands", "risk_tier", "track",
        "scoring_closed", "benefit_owner_accepts", "risk_officer_accepts", "owner_retires", "office_retires",
        "attested_months",
    }
)  # fmt: skip
# Without these nothing can be measured later.
ALWAYS_GIVEN = frozenset({"kpis", "plan"})
WAIVED_AT = (Gate.CASE, Gate.PILOT, Gate.SCALE, Gate.OPERATE)


def role_that_waives(item: GateItem) -> str | None:
    """Whose authority the item lies in: the risk officer's, the CFO's, or nobody's."""
    question = item.parameters["question"]
    is_kept = question in NEVER_WAIVED or ALWAYS_GIVEN & set(item.parameters.get("fields", ()))
    if item.gate not in WAIVED_AT or is_kept:
        return None
    of_the_officer = item.kind == GateItem.Kind.CONTROL or item.supplied_by == "risk officer"
    # The risk officer decides at G5; what costs money is the CFO's.
    if of_the_officer or (item.gate == Gate.OPERATE and item.supplied_by != "finance"):
        return Role.RISK_OFFICER
    return Role.CFO


def waiving_role(user: User, initiative: Initiative, item: GateItem) -> str | None:
    """The role in which the user may waive the item; None when they hold it not."""
    role = role_that_waives(item)
    return role if role in authority.roles_for(user, initiative.unit) else None


def may_waive(user: User, initiative: Initiative, item: GateItem | None = None) -> Verdict:
    """Whoever decides on the item's gate, with no part in the initiative (without an item: on any)."""
    verdict = uninvolved(user, "item.waive", initiative)
    if not verdict or item is None:
        return verdict
    if not item.is_must:
        return deny(f"“{item.text}” is a should: nothing waits for it.")
    role = role_that_waives(item)
    if role is None:
        return deny(f"“{item.text}” is never waived.")
    if waiving_role(user, initiative, item) is None:
        return deny(f"“{item.text}” is waived by the {policy.role_in_words(role)}.")
    return verdict


# Conditions ----------------------------------------------------------------------------------


def may_report_condition(user: User, condition: Condition) -> Verdict:
    """The owner of the condition says that it is fulfilled; for one who left, the initiative's owner."""
    initiative = condition.decision.initiative
    verdict = policy.may(user, "condition.report", initiative)
    owner = condition.owner_id if condition.owner.is_active else initiative.owner_id
    if verdict and user.person.pk != owner:
        return deny(f"{condition.owner} owns this condition and reports on it.")
    return verdict


def may_review_condition(user: User, condition: Condition) -> Verdict:
    """The portfolio office or finance accepts a report or sends it back: never one's own."""
    verdict = policy.may(user, "condition.review", condition.decision.initiative)
    if not verdict:
        return verdict
    own = ["owns_condition"] if is_behind(user, condition.owner_id) else []
    return segregation.judge(verdict, "condition.review", [*own, *ties(user, condition.decision.initiative)])


def may_change_case(user: User, initiative: Initiative) -> Verdict:
    """The unit sends a changed case of what runs."""
    return policy.may(user, "case.change", initiative)


# Gate sets -----------------------------------------------------------------------------------


def may_draft_gates(user: User) -> Verdict:
    """Write and propose the next version of the gates: the portfolio office of the whole organisation."""
    return _of_the_whole(user, "gates.draft")


def may_put_in_force(user: User, proposal: GateSetProposal) -> Verdict:
    """The CFO or the risk officer of the whole, who wrote nothing of it."""
    wrote = ["wrote"] if is_behind(user, *proposal.writers) else []
    return segregation.judge(_of_the_whole(user, "gates.decide"), "gates.decide", wrote)


def _of_the_whole(user: User, action: str) -> Verdict:
    verdict = policy.may(user, action)
    if verdict and not policy.reach(user, action).everywhere:
        return deny("There is one set of gates for the whole organisation; your role is for a part of it.")
    return verdict


# Signing -------------------------------------------------------------------------------------


def may_open_signing(user: User, initiative: Initiative) -> Verdict:
    """Propose a decision for signature."""
    return policy.may(user, "signing.open", initiative)


def may_withdraw_signing(user: User, signing: SigningRound) -> Verdict:
    """Take an open round back."""
    return policy.may(user, "signing.withdraw", signing.initiative)


def signing_place(user: User, signing: SigningRound) -> Place | None:
    """The seat that the user can take in this round, or the risk officer's concurrence."""
    return signing_seat(user, signing)[0]


def signing_seat(
    user: User,
    signing: SigningRound,
    *,
    votes: list[Signature] | None = None,
    steps: list[AuthorityStep] | None = None,
) -> tuple[Place | None, User | None]:
    """Where the user signs, and for whom: their own roles first, then those that are lent to them.

    `votes` of the round and `steps` of its version are for who has read them already.
    """
    unit = signing.initiative.unit
    cast = authority.votes_for(signing) if votes is None else votes
    place = _place_with(authority.roles_for(user, unit), user, user, signing, cast, steps)
    if place is not None:
        return place, None
    for standing in deputies.standings(user):
        if standing.reaches(signing, cast):
            roles = standing.roles_for(unit)
            place = _place_with(roles, user, standing.principal, signing, cast, steps)
            # A vote of a body is its member's own: nobody stands in for it.
            if place is not None and not place.is_of_a_body:
                return place, standing.principal
    return None, None


def _place_with(
    roles: frozenset[str],
    user: User,
    sitting: User,
    signing: SigningRound,
    votes: list[Signature],
    steps: list[AuthorityStep] | None,
) -> Place | None:
    """The place that the user can take with these roles, for the one whose seat it is."""
    if policy.has_role_for(user, "decision.sign", signing.initiative):
        place = authority.place_of(roles, signing, votes, user=sitting, steps=steps)
        if place is not None:
            return place
    concurred = any(vote.seat_id is None for vote in votes)
    if authority.needs_concurrence(signing) and not concurred and Role.RISK_OFFICER in roles:
        return Place(None, Role.RISK_OFFICER)
    return None


def votes_open_to(user: User, signing: SigningRound) -> list[str]:
    """How the user may vote: only bodies know abstention, and who has a part in it only abstains."""
    place = signing_place(user, signing)
    if place is None or not place.is_of_a_body:
        return [Signature.Vote.FOR, Signature.Vote.AGAINST]
    is_conflicted = excluded_because(user, signing.initiative) is not None
    return [Signature.Vote.ABSTAIN] if is_conflicted else list(Signature.Vote.values)


def may_sign(
    user: User,
    signing: SigningRound,
    vote: str = "",
    *,
    seat: tuple[Place | None, User | None] | None = None,
) -> Verdict:
    """The policy table first, then who is kept out, then a seat that is theirs and free.

    A member of a body who has a part in it may abstain, and nothing else. `seat` is `signing_seat`, for who
    has asked for it already.
    """
    initiative = signing.initiative
    place, principal = signing_seat(user, signing) if seat is None else seat
    action = "risk.concur" if place is not None and place.seat is None else "decision.sign"
    verdict = policy.may(user, action, initiative)
    if not verdict:
        return verdict
    if deputy := deputies.signed_for(user, signing):
        return deny(f"{deputy} signed on your behalf already.")
    verdict = segregation.judge(verdict, action, ties(user, initiative))
    if not verdict:
        if place is None or not place.is_of_a_body:
            return verdict
        if vote not in {"", Signature.Vote.ABSTAIN}:
            return deny(f"{verdict.reason} You may abstain, and say which conflict keeps you out.")
        verdict = ALLOW
    if place is None and not signing.is_open:
        return Verdict(False, "This signing round has ended.", is_about_state=True)
    if place is None:
        return deny(_no_seat(user, signing))
    if vote == Signature.Vote.ABSTAIN and not place.is_of_a_body:
        return deny("Only a member of a body may abstain: sign for or against.")
    if principal is not None:
        # Even a rule that bends for themselves keeps a principal out: they can't give the reason.
        theirs = segregation.ties_that_count(action, ties(principal, initiative))
        if theirs:
            return deny(f"You would sign for {principal}, who is kept out: they {theirs[0]}.")
    return verdict


def _no_seat(user: User, signing: SigningRound) -> str:
    missing = authority.open_places(signing, authority.votes_for(signing))
    roles = authority.roles_for(user, signing.initiative.unit)
    bodies, person = authority.bodies_of(user), user.person.pk
    later = [place.seat for place in missing[1:] if place.seat is not None]
    if signing.step.in_order and any(authority.sits(seat, roles, person, bodies) for seat in later):
        return f"This step is signed in order: {authority.in_words(missing[:1])} first, then you."
    needs = f"This needs {authority.in_words(missing)}"
    limit = authority.limit_of(roles, signing, user=user)
    if limit is None:
        return f"{needs}; you hold no seat of the authority."
    if limit.position >= signing.step.position:
        return f"{needs}; your seat is taken."
    if limit.limit is None:
        return f"{needs}; your step is “{limit.name}”, below it."
    return f"{needs}; your authority ends at {grouped(limit.limit)} {limit.currency}."


def may_record_resolution(user: User, initiative: Initiative) -> Verdict:
    """The portfolio office records what the board resolved where nobody may decide."""
    return policy.may(user, "resolution.record", initiative)


def may_confirm_resolution(user: User, resolution: BoardResolution) -> Verdict:
    """A second person, who did not record it, says that the document resolves this."""
    verdict = policy.may(user, "resolution.confirm", resolution.signing.initiative)
    recorded = ["proposed"] if is_behind(user, resolution.recorded_by_id) else []
    return segregation.judge(verdict, "resolution.confirm", recorded)


# Funding rounds ------------------------------------------------------------------------------


def may_open_round(user: User, unit: Unit | None = None) -> Verdict:
    """The portfolio office opens a funding round."""
    return policy.may(user, "round.open", unit=unit)


def may_prepare_round(user: User, funding_round: FundingRound) -> Verdict:
    """Settle the agenda and what is proposed for each item."""
    return policy.may(user, "round.prepare", unit=funding_round.unit)


def may_freeze_round(user: User, funding_round: FundingRound) -> Verdict:
    """Freeze the pack and open its signing rounds."""
    return policy.may(user, "round.freeze", unit=funding_round.unit)


def may_sign_round(user: User, funding_round: FundingRound) -> Verdict:
    """Sign items of a frozen pack in one sitting; each item asks `may_sign` besides."""
    return policy.may(user, "round.sign", unit=funding_round.unit)


def may_close_round(user: User, funding_round: FundingRound) -> Verdict:
    """Close the round with its minutes."""
    return policy.may(user, "round.close", unit=funding_round.unit)


# Money ---------------------------------------------------------------------------------------


def may_release(user: User, tranche: Tranche) -> Verdict:
    """Finance or the CFO, with no part in it and no posting by hand since its last gate."""
    return uninvolved(user, "tranche.release", tranche.initiative)


def may_request_tranche(user: User, tranche: Tranche) -> Verdict:
    """The unit lead or the owner asks for it."""
    return policy.may(user, "tranche.request", tranche.initiative)


def may_propose_envelope(user: User, unit: Unit | None = None) -> Verdict:
    """Finance proposes what is appropriated."""
    return policy.may(user, "envelope.propose", unit=unit)


def may_confirm_envelope(user: User, change: EnvelopeChange) -> Verdict:
    """The CFO confirms what somebody else proposed."""
    verdict = policy.may(user, "envelope.confirm", unit=change.envelope.unit)
    if verdict and change.into is not None:
        verdict = policy.may(user, "envelope.confirm", unit=change.into.unit)
    proposed = ["proposed"] if is_behind(user, change.proposed_by_id) else []
    return segregation.judge(verdict, "envelope.confirm", proposed)
