"""Who may change envelopes, close a year, share a commitment, plan, hold and claw back tranches."""

from accounts import policy, segregation
from accounts.models import Unit, User
from accounts.verdict import Verdict, deny
from governance.models import ClawBack, CoFunding, EnvelopeChange, Tranche, YearClosing
from governance.permissions import ties, uninvolved
from portfolio.involvement import is_behind
from portfolio.models import Initiative

WHOLE = "A year is closed for the whole organisation: your role has to be for all of it."


def may_propose_transfer(user: User, giver: Unit, receiver: Unit) -> Verdict:
    """Finance of both units proposes it."""
    verdict = policy.may(user, "envelope.propose", unit=giver)
    return policy.may(user, "envelope.propose", unit=receiver) if verdict else verdict


def may_refuse_change(user: User, change: EnvelopeChange) -> Verdict:
    """The CFO refuses a proposed change, or finance takes it back."""
    return policy.may(user, "envelope.refuse", unit=change.envelope.unit)


def may_propose_closing(user: User) -> Verdict:
    """Finance of the whole organisation proposes to close a year."""
    return _of_the_whole(user, "year.propose_closing")


def may_close_year(user: User, closing: YearClosing) -> Verdict:
    """The CFO closes what somebody else proposed to close."""
    return _not_of_ones_own(user, "year.close", closing.proposed_by_id, _of_the_whole(user, "year.close"))


def _not_of_ones_own(user: User, action: str, proposed_by: int | None, verdict: Verdict) -> Verdict:
    return segregation.judge(verdict, action, ["proposed"] if is_behind(user, proposed_by) else [])


def _of_the_whole(user: User, action: str) -> Verdict:
    verdict = policy.may(user, action)
    if verdict and not policy.reach(user, action).everywhere:
        return deny(WHOLE)
    return verdict


def may_propose_co_funding(user: User, initiative: Initiative) -> Verdict:
    """Finance of the initiative's unit asks another unit to bear a share."""
    return policy.may(user, "co_funding.propose", initiative)


def may_agree_co_funding(user: User, co_funding: CoFunding) -> Verdict:
    """Finance of the unit that is to bear it, or the CFO; never who proposed it."""
    verdict = policy.may(user, "co_funding.agree", unit=co_funding.unit)
    return _not_of_ones_own(user, "co_funding.agree", co_funding.proposed_by_id, verdict)


def may_plan_tranches(user: User, tranche: Tranche) -> Verdict:
    """Finance, with no part in it."""
    return uninvolved(user, "tranche.plan", tranche.initiative)


def may_hold_tranche(user: User, tranche: Tranche) -> Verdict:
    """Whoever watches over the money or the risk."""
    return policy.may(user, "tranche.hold", tranche.initiative)


def may_lift_tranche(user: User, tranche: Tranche) -> Verdict:
    """The same people, with no part in it."""
    return uninvolved(user, "tranche.lift", tranche.initiative)


def may_propose_claw_back(user: User, tranche: Tranche) -> Verdict:
    """Finance proposes to take back what is unspent."""
    return policy.may(user, "claw_back.propose", tranche.initiative)


def may_confirm_claw_back(user: User, claw_back: ClawBack) -> Verdict:
    """The CFO, with no part in it, and not who proposed it."""
    initiative = claw_back.release.tranche.initiative
    verdict = policy.may(user, "claw_back.confirm", initiative)
    if not verdict:
        return verdict
    proposed = ["proposed"] if is_behind(user, claw_back.proposed_by_id) else []
    return segregation.judge(verdict, "claw_back.confirm", [*proposed, *ties(user, initiative)])
