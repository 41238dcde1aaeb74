"""The risk officer's block, and the reliability veto of risk officer and benefit owner."""

from datetime import date

from accounts import segregation
from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from accounts.verdict import deny
from assurance import selectors
from assurance.models import Holder, Incident, ReliabilityVeto, RiskBlock, RiskBlockLift, VetoLift
from assurance.permissions import holder_of, may_block, may_lift_veto, may_unblock, may_veto
from assurance.services.common import lower_flag, raise_flag, require_reason, tell
from ledger import clock
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Initiative, RiskFlag


def block(initiative: Initiative, *, until: date, reason: str, actor: User) -> RiskBlock:
    """Stop gates and releases until a day. Raises NotAllowed, InvalidMove or Refused."""
    reason = require_reason(reason)
    if until <= clock.today():
        raise Refused("A block ends on a day to come.", {"until": "Choose a day in the future."})
    with record("risk.blocked", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        verdict = may_block(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        lifecycle.require_open(initiative)
        if selectors.block_in_force(initiative):
            raise InvalidMove(f"{initiative.reference} is blocked already.")
        found = act.add(RiskBlock, initiative=initiative, reason=reason, until=until, by=actor)
        raise_flag(act, initiative, RiskFlag.Kind.BLOCK, until=until)
        act.note(until=until)
        _tell_all(
            initiative, "is blocked", f"{actor} stops gates and releases until {until:%-d %b %Y}: {reason}"
        )
        return found


def unblock(initiative: Initiative, *, reason: str, actor: User) -> RiskBlockLift:
    """End the block before its day. Raises NotAllowed, InvalidMove or Refused."""
    reason = require_reason(reason)
    with record("risk.unblocked", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        verdict = may_unblock(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        standing = selectors.block_in_force(initiative)
        if standing is None:
            raise InvalidMove(f"{initiative.reference} is not blocked.")
        found = act.add(RiskBlockLift, block=standing, reason=reason, by=actor)
        lower_flag(act, initiative, RiskFlag.Kind.BLOCK)
        _tell_all(initiative, "is free again", f"{actor} lifted the block: {reason}")
        return found


def veto(
    initiative: Initiative, *, reason: str, incident: Incident | None = None, actor: User
) -> ReliabilityVeto:
    """Say that it is not reliable enough: a knock-out until both holders lift it.

    Raises NotAllowed, InvalidMove or Refused.
    """
    reason = require_reason(reason)
    if incident is not None and incident.initiative_id != initiative.pk:
        raise Refused("That incident is of another initiative.", {"incident": "Choose one of its incidents."})
    with record("veto.placed", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        verdict = may_veto(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        lifecycle.require_open(initiative)
        if selectors.veto_in_force(initiative):
            raise InvalidMove(f"A veto stands against {initiative.reference} already.")
        held_as = _held_as(actor, initiative)
        found = act.add(
            ReliabilityVeto,
            initiative=initiative,
            incident=incident,
            reason=reason,
            held_as=held_as,
            by=actor,
        )
        raise_flag(act, initiative, RiskFlag.Kind.VETO)
        act.note(held_as=held_as, incident=incident.pk if incident is not None else None)
        _tell_all(initiative, "is under a reliability veto", f"{actor}: {reason}")
        return found


def lift_veto(initiative: Initiative, *, reason: str, actor: User) -> VetoLift:
    """Lift the veto as one of its two holders; it ends with the second one.

    Raises NotAllowed, InvalidMove or Refused.
    """
    reason = require_reason(reason)
    with record("veto.lifted", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        verdict = may_lift_veto(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        standing = selectors.veto_in_force(initiative)
        if standing is None:
            raise InvalidMove(f"No veto stands against {initiative.reference}.")
        held_as = _held_as(actor, initiative)
        lifts = list(standing.lifts.all())
        if any(row.held_as == held_as or row.by_id == actor.pk for row in lifts):
            raise InvalidMove("You lifted this veto already; it waits for the other one.")
        found = act.add(VetoLift, veto=standing, held_as=held_as, reason=reason, by=actor)
        act.note(held_as=held_as)
        if lifts:
            lower_flag(act, initiative, RiskFlag.Kind.VETO)
            _tell_all(initiative, "is free of the veto", f"{actor} lifted the reliability veto: {reason}")
        else:
            _tell_all(
                initiative,
                "waits for the second one",
                f"{actor} lifted the reliability veto as {Holder(held_as).label}; the other one has to, too.",
            )
        return found


def _held_as(actor: User, initiative: Initiative) -> str:
    held_as = holder_of(actor, initiative)
    if held_as is None:
        deny("Risk officer and benefit owner hold the veto.").or_deny()
    return str(held_as)


def _tell_all(initiative: Initiative, what: str, sentence: str) -> None:
    people = [initiative.owner, initiative.sponsor, initiative.benefit_owner]
    tell(
        [
            *people,
            *selectors.holders(Role.UNIT_LEAD, initiative.unit),
            *selectors.holders(Role.RISK_OFFICER, initiative.unit),
            *selectors.holders(Role.PORTFOLIO_OFFICE, initiative.unit),
        ],
        subject=f"{initiative.reference} {what}",
        sentence=sentence,
        path=f"{initiative.get_absolute_url()}?tab=risk",
    )
