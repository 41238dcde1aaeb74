"""Who may pass a gate, sign, release, or change an envelope: the policy table first, then who is kept out."""

from datetime import datetime

from django.db.models import Max

from accounts import policy, segregation
from accounts.models import Role, Unit, User
from accounts.verdict import ALLOW, Verdict, deny
from governance import authority, deputies
from governance.authority import Place
from governance.models import BoardResolution, EnvelopeChange, GatePassage, Signature, SigningRound, Tranche
from portfolio.involvement import acting_for, hands_in
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


def ties(user: User, initiative: Initiative) -> list[str]:
    """All that the user has to do with it which a rule of segregation may hold against them."""
    by_hand = ["posted_by_hand"] if posted_by_hand(user, initiative) else []
    return [*hands_in(user, [initiative]).get(initiative.pk, []), *by_hand]


def excluded_because(user: User, initiative: Initiative) -> str | None:
    """Why the user may not decide on it; None when they may."""
    verdict = segregation.judge(ALLOW, "decision.sign", ties(user, initiative))
    return None if verdict else verdict.reason


def _uninvolved(user: User, action: str, initiative: Initiative) -> Verdict:
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
        return _uninvolved(user, "operation.accept", initiative)
    return policy.may(user, "operation.accept", initiative)


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
    return _standing(user, signing)[0]


def signing_principal(user: User, signing: SigningRound) -> User | None:
    """For whom the user takes that seat as a deputy; None for themselves."""
    return _standing(user, signing)[1]


def _standing(user: User, signing: SigningRound) -> tuple[Place | None, User | None]:
    """Where the user signs, and for whom: their own roles first, then those that are lent to them."""
    votes = authority.votes_for(signing)
    place = _place_with(authority.roles_for(user, signing.initiative.unit), user, signing, votes)
    if place is not None:
        return place, None
    for standing in deputies.standings(user):
        if standing.reaches(signing, list(signing.signatures.all())):
            place = _place_with(standing.roles_for(signing.initiative.unit), user, signing, votes)
            if place is not None:
                return place, standing.principal
    return None, None


def _place_with(
    roles: frozenset[str], user: User, signing: SigningRound, votes: list[Signature]
) -> Place | None:
    """The place that these roles can take."""
    initiative = signing.initiative
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
    place, principal = _standing(user, signing)
    action = "risk.concur" if place is not None and place.seat is None else "decision.sign"
    verdict = policy.may(user, action, initiative)
    if not verdict:
        return verdict
    if deputy := deputies.signed_for(user, signing):
        return deny(f"{deputy} signed on your behalf already.")
    verdict = segregation.judge(verdict, action, ties(user, initiative))
    if verdict and place is None:
        return deny(_no_seat(user, signing))
    if verdict and principal is not None:
        # Even a rule that bends for themselves keeps a principal out: they can't give the reason.
        theirs = segregation.ties_that_count(action, ties(principal, initiative))
        if theirs:
            return deny(f"You would sign for {principal}, who is kept out: they {theirs[0]}.")
    return verdict


def _no_seat(user: User, signing: SigningRound) -> str:
    missing = authority.open_places(signing, authority.votes_for(signing))
    needs = f"This needs {authority.in_words(missing)}"
    limit = authority.limit_of(authority.roles_for(user, signing.initiative.unit), signing)
    if limit is None or limit.position >= signing.step.position:
        return f"{needs}; your seat is taken."
    return f"{needs}; your authority ends at {limit.limit:,.2f} {limit.currency}."


def may_record_resolution(user: User, initiative: Initiative) -> Verdict:
    """The portfolio office records what the board resolved where nobody may decide."""
    return policy.may(user, "resolution.record", initiative)


def may_confirm_resolution(user: User, resolution: BoardResolution) -> Verdict:
    """A second person, who did not record it, says that the document resolves this."""
    verdict = policy.may(user, "resolution.confirm", resolution.signing.initiative)
    recorded = resolution.recorded_by_id in acting_for(user.person.pk)
    return segregation.judge(verdict, "resolution.confirm", ["proposed"] if recorded else [])


# Money ---------------------------------------------------------------------------------------


def may_release(user: User, tranche: Tranche) -> Verdict:
    """Finance or the CFO, with no part in it and no posting by hand since its last gate."""
    return _uninvolved(user, "tranche.release", tranche.initiative)


def may_request_tranche(user: User, tranche: Tranche) -> Verdict:
    """The unit lead or the owner asks for it."""
    return policy.may(user, "tranche.request", tranche.initiative)


def may_propose_envelope(user: User, unit: Unit | None = None) -> Verdict:
    """Finance proposes what is appropriated."""
    return policy.may(user, "envelope.propose", unit=unit)


def may_confirm_envelope(user: User, change: EnvelopeChange) -> Verdict:
    """The CFO confirms what somebody else proposed."""
    verdict = policy.may(user, "envelope.confirm", unit=change.envelope.unit)
    proposed = change.proposed_by_id in acting_for(user.person.pk)
    return segregation.judge(verdict, "envelope.confirm", ["proposed"] if proposed else [])
