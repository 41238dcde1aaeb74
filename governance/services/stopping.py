"""Withdrawing and stopping, and what stopping means for the outcome."""

from accounts import segregation
from accounts.models import User
from governance import balances, commitments, gates
from governance.gates import GRANTING
from governance.models import Decision, EnvelopeBalance, TrancheRelease
from governance.permissions import may_stop, may_withdraw
from governance.seen import pilot_clock
from governance.services.common import end_open_rounds, require_reason, tell_the_unit
from ledger import clock
from ledger.services import Act, last_seq, record
from portfolio import lifecycle
from portfolio.models import ClosedKind, Initiative, OutcomeClass, Stage
from scoring.models import ReturnPosition
from scoring.positions import compute_returns


def withdraw(initiative: Initiative, *, reason: str, actor: User) -> None:
    """The unit takes it back before G3; an open signing round ends with it."""
    reason = require_reason(reason)
    with record("initiative.withdrawn", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_withdraw(actor, initiative).or_deny()
        end_open_rounds(initiative, reason, act=act)
        lifecycle.close(initiative, ClosedKind.WITHDRAWN, act=act, reason=reason)


def stop(initiative: Initiative, *, reason: str, actor: User) -> None:
    """The CEO stops a running initiative: what is committed and not released is freed."""
    reason = require_reason(reason)
    with record("initiative.stopped", actor=actor, about=initiative, reason=reason) as act:
        locked = balances.lock(commitments.envelopes_of(initiative))
        initiative = lifecycle.lock(initiative)
        verdict = may_stop(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        end_open_rounds(initiative, reason, act=act)
        close_for_good(initiative, locked, reason, act=act)
        tell_the_unit(initiative, "is stopped", f"{actor}: {reason}")


def close_for_good(
    initiative: Initiative, locked: dict[int, EnvelopeBalance], reason: str, *, act: Act
) -> None:
    """Close as rejected when it was never funded, else as stopped, with its outcome and the money freed."""
    if not Decision.objects.filter(initiative=initiative, verb__in=GRANTING).exists():
        lifecycle.close(initiative, ClosedKind.REJECTED, act=act, reason=reason)
        return
    outcome = outcome_of_stopping(initiative)
    commitments.free(initiative, locked, act=act)
    lifecycle.close(initiative, ClosedKind.STOPPED, act=act, reason=reason)
    gates.write_outcome(initiative, outcome, reason, act=act)


def outcome_of_stopping(initiative: Initiative) -> str:
    """What stopping it now means for its outcome, by the facts up to now.

    Within the pilot's clock and first tranche it is 'stopped early', a good outcome; later, with a negative
    return, it failed; else it is what it was on course to.
    """
    later = TrancheRelease.objects.filter(tranche__initiative=initiative).exclude(tranche__earned_by="")
    in_pilot = initiative.stage == Stage.PILOT
    if in_pilot and not later.exists() and not pilot_clock(initiative).is_over(clock.today()):
        return OutcomeClass.STOPPED_EARLY
    computed = compute_returns([initiative.pk], seq=last_seq(), on=clock.today())
    to_date = {name: int(computed.columns[name].sum()) for name in ("attested_benefit", "actual_cost")}
    if to_date["attested_benefit"] < to_date["actual_cost"]:
        return OutcomeClass.FAILED
    position = ReturnPosition.objects.filter(initiative=initiative).first()
    return (position.on_course_to if position is not None else "") or OutcomeClass.TOO_EARLY
