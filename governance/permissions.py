"""Who may pass a gate, sign, release, or change an envelope: the policy table first, then who is kept out."""

from datetime import datetime

from django.db.models import Max

from accounts import policy
from accounts.models import Role, Unit, User
from accounts.verdict import ALLOW, Verdict, deny
from governance import authority
from governance.authority import Place
from governance.models import EnvelopeChange, GatePassage, SigningRound, Tranche
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
    if verdict and change.into is not None:
        verdict = policy.may(user, "envelope.confirm", unit=change.into.unit)
    if verdict and change.proposed_by_id in acting_for(user.person.pk):
        return deny("You proposed this change, so somebody else has to confirm it.")
    return verdict
