"""Who may pass a gate, sign, release, or change an envelope: the policy table first, then who is kept out."""

from datetime import datetime

from django.db.models import Max

from accounts import policy
from accounts.models import Role, Unit, User
from accounts.verdict import ALLOW, Verdict, deny
from governance import authority
from governance.authority import Place
from governance.models import (
    Condition,
    EnvelopeChange,
    Gate,
    GateItem,
    GatePassage,
    GateSetProposal,
    SigningRound,
    Tranche,
)
from portfolio.involvement import acting_for, involvement
from portfolio.models import Initiative, Part, Posting

# Who is kept out -----------------------------------------------------------------------------


def last_gate_at(initiative: Initiative) -> datetime | None:
    """When it last passed a gate."""
    passed: datetime | None = GatePassage.objects.filter(initiative=initiative).aggregate(
        at=Max("transaction__at")
    )["at"]
    return passed


def posted_by_hand(user: User, initiative: Initiative) -> bool:
    """Whether the user typed a posting of it since its last gate."""
    typed = Posting.objects.filter(initiative=initiative, by_hand__in=acting_for(user.person.pk))
    since = last_gate_at(initiative)
    return typed.exists() if since is None else typed.filter(transaction__at__gte=since).exists()


def excluded_because(user: User, initiative: Initiative) -> str | None:
    """Why the user may neither decide on it nor release its money; None when they may."""
    if part := involvement(user, initiative):
        return f"You {part} this initiative, so you may not decide on it."
    if posted_by_hand(user, initiative):
        return (
            "You posted actuals of this initiative by hand since its last gate, so you may not decide on it."
        )
    return None


def _uninvolved(user: User, action: str, initiative: Initiative) -> Verdict:
    verdict = policy.may(user, action, initiative)
    if verdict and (reason := excluded_because(user, initiative)):
        return deny(reason)
    return verdict


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
    verdict = policy.may(user, "operation.accept", initiative)
    as_officer = accepting_part(user, initiative) == Role.RISK_OFFICER
    if verdict and as_officer and (reason := excluded_because(user, initiative)):
        return deny(reason)
    return verdict


def may_set_outcome(user: User, initiative: Initiative) -> Verdict:
    """The CFO, with no part in it (G6)."""
    return _uninvolved(user, "outcome.set", initiative)


def may_retire(user: User, initiative: Initiative) -> Verdict:
    """The owner and the portfolio office (G7)."""
    return policy.may(user, "initiative.retire", initiative)


def may_stop(user: User, initiative: Initiative) -> Verdict:
    """The CEO may stop anything that they have no part in."""
    return _uninvolved(user, "initiative.stop", initiative)


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
    verdict = _uninvolved(user, "item.waive", initiative)
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
    if verdict and condition.owner_id in acting_for(user.person.pk):
        return deny("You own this condition, so somebody else has to accept your report.")
    if verdict and (part := involvement(user, condition.decision.initiative)):
        return deny(f"You {part} this initiative, so somebody else has to accept the report.")
    return verdict


def may_change_case(user: User, initiative: Initiative) -> Verdict:
    """The unit sends a changed case of what runs."""
    return policy.may(user, "case.change", initiative)


# Gate sets -----------------------------------------------------------------------------------


def may_draft_gates(user: User) -> Verdict:
    """Write and propose the next version of the gates: the portfolio office of the whole organisation."""
    return _of_the_whole(user, "gates.draft")


def may_put_in_force(user: User, proposal: GateSetProposal) -> Verdict:
    """The CFO or the risk officer of the whole, who wrote nothing of it."""
    verdict = _of_the_whole(user, "gates.decide")
    if verdict and not set(proposal.writers).isdisjoint({user.pk, user.person.pk}):
        return deny("You wrote on this version, so somebody else has to put it in force.")
    return verdict


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
    initiative, votes = signing.initiative, authority.votes_for(signing)
    roles = authority.roles_for(user, initiative.unit)
    if policy.has_role_for(user, "decision.sign", initiative):
        place = authority.place_of(roles, signing, votes)
        if place is not None:
            return place
    concurred = any(vote.seat_id is None for vote in votes)
    if authority.needs_concurrence(signing) and not concurred and Role.RISK_OFFICER in roles:
        return Place(None, Role.RISK_OFFICER)
    return None


def may_sign(user: User, signing: SigningRound) -> Verdict:
    """The policy table first, then who is kept out, then a seat that is theirs and free."""
    initiative = signing.initiative
    place = signing_place(user, signing)
    action = "risk.concur" if place is not None and place.seat is None else "decision.sign"
    verdict = policy.may(user, action, initiative)
    if not verdict:
        return verdict
    if reason := excluded_because(user, initiative):
        return deny(reason)
    if place is None:
        return deny(_no_seat(user, signing))
    return ALLOW


def _no_seat(user: User, signing: SigningRound) -> str:
    missing = authority.open_places(signing, authority.votes_for(signing))
    needs = f"This needs {authority.in_words(missing)}"
    limit = authority.limit_of(authority.roles_for(user, signing.initiative.unit), signing)
    if limit is None or limit.position >= signing.step.position:
        return f"{needs}; your seat is taken."
    return f"{needs}; your authority ends at {limit.limit:,.2f} {limit.currency}."


# Money ---------------------------------------------------------------------------------------


def may_release(user: User, tranche: Tranche) -> Verdict:
    """Finance or the CFO, with no part in it and no posting by hand since its last gate."""
    verdict = policy.may(user, "tranche.release", tranche.initiative)
    if verdict and posted_by_hand(user, tranche.initiative):
        return deny(
            "You posted actuals of this initiative by hand since its last gate, "
            "so you may not release its money."
        )
    if verdict and (part := involvement(user, tranche.initiative)):
        return deny(f"You {part} this initiative, so you may not release its money.")
    return verdict


def may_request_tranche(user: User, tranche: Tranche) -> Verdict:
    """The unit lead or the owner asks for it."""
    return policy.may(user, "tranche.request", tranche.initiative)


def may_propose_envelope(user: User, unit: Unit | None = None) -> Verdict:
    """Finance proposes what is appropriated."""
    return policy.may(user, "envelope.propose", unit=unit)


def may_confirm_envelope(user: User, change: EnvelopeChange) -> Verdict:
    """The CFO confirms what somebody else proposed."""
    verdict = policy.may(user, "envelope.confirm", unit=change.envelope.unit)
    if verdict and change.proposed_by_id in acting_for(user.person.pk):
        return deny("You proposed this change, so somebody else has to confirm it.")
    return verdict
