"""Tranches: asking, releasing, planning anew, holding back, and taking back what is unspent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse

from accounts import segregation
from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from governance import authority, balances, commitments, obstacles, spending
from governance.messages import tell
from governance.models import (
    ClawBack,
    ClawBackConfirmation,
    ReleaseLine,
    Tranche,
    TrancheDrop,
    TrancheHold,
    TrancheHoldLift,
    TranchePlan,
    TrancheRelease,
    TrancheRequest,
)
from governance.money_permissions import (
    may_confirm_claw_back,
    may_hold_tranche,
    may_lift_tranche,
    may_plan_tranches,
    may_propose_claw_back,
)
from governance.permissions import may_release, may_request_tranche
from governance.services.common import require_reason
from ledger import clock
from ledger.services import record
from portfolio import lifecycle, money
from portfolio.models import Stage
from portfolio.wording import grouped

NOTHING = Decimal(0)
# Where a tranche that is earned has to be asked for; once it operates, G5 has shown it.
EARNED_IN = frozenset({Stage.PILOT, Stage.SCALING})


def request_tranche(tranche: Tranche, *, evidence: str, actor: User) -> TrancheRequest:
    """The unit asks for a tranche with what earned it."""
    if not evidence.strip():
        raise Refused(
            "Say what earned it.", {"evidence": "Write what was reached, and where it can be seen."}
        )
    with record("tranche.requested", actor=actor, about=tranche.initiative, reason=evidence) as act:
        tranche.initiative = lifecycle.lock(tranche.initiative)
        may_request_tranche(actor, tranche).or_deny()
        if TrancheRelease.objects.filter(tranche=tranche).exists():
            raise InvalidMove("This tranche is released already.")
        request = act.add(TrancheRequest, tranche=tranche, evidence=evidence.strip(), by=actor)
        act.note(tranche=tranche.pk, amount=tranche.amount)
        initiative = tranche.initiative
        tell(
            authority.holders(Role.FINANCE, initiative.unit),
            subject=f"{initiative.reference} asks for tranche {tranche.number}",
            sentence=f"{actor}: {evidence.strip()}",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
        return request


def why_not_release(tranche: Tranche) -> str | None:
    """What stands in the way of a release but rights and room, in a sentence; None if nothing.

    Whatever else may block a release is asked here.
    """
    initiative = tranche.initiative
    if hold := lifecycle.holding(initiative):
        return f"{initiative.reference} is on hold until {hold.until:%-d %b %Y}: {hold.reason}"
    if TrancheRelease.objects.filter(tranche=tranche).exists():
        return "This tranche is released already."
    if TrancheDrop.objects.filter(tranche=tranche).exists():
        return "A new schedule stands in for this tranche."
    if kept := holding(tranche):
        return f"This tranche is held, to be looked at by {kept.until:%-d %b %Y}: {kept.reason}"
    earlier = Tranche.objects.filter(decision=tranche.decision_id, number__lt=tranche.number, release=None)
    if earlier.exists():
        return "An earlier tranche is not released yet."
    if found := obstacles.obstacles_of(initiative):
        return " ".join(found)
    if tranche.earned_by and initiative.stage in EARNED_IN and not _was_asked_for(tranche):
        return (
            f"It is earned by: {tranche.earned_by}. The unit lead or the owner asks for it with the evidence "
            "first."
        )
    return None


def holding(tranche: Tranche) -> TrancheHold | None:
    """The hold that nobody lifted, if any."""
    return TrancheHold.objects.filter(tranche=tranche, lift=None).order_by("id").last()


def _was_asked_for(tranche: Tranche) -> bool:
    return TrancheRequest.objects.filter(tranche=tranche).exists()


def release_tranche(tranche: Tranche, *, reason: str = "", actor: User) -> TrancheRelease:
    """Release a tranche, in order, against the commitments of its decision, the earliest fiscal year first.

    Raises NotAllowed, InvalidMove on hold or out of order, EnvelopeExceeded when less is committed.
    """
    with record("tranche.released", actor=actor, about=tranche.initiative, reason=reason) as act:
        locked = balances.lock(commitments.envelopes_of(tranche.initiative))
        initiative = tranche.initiative = lifecycle.lock(tranche.initiative)
        verdict = may_release(actor, tranche)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        if sentence := why_not_release(tranche):
            raise InvalidMove(sentence)
        lines = commitments.allocate(initiative, tranche.decision, tranche.amount)
        release = act.add(TrancheRelease, tranche=tranche, by=actor, reason=reason.strip())
        for envelope, amount in lines:
            balances.release(locked[envelope], amount)
            act.add(ReleaseLine, release=release, envelope_id=envelope, amount=amount)
        act.note(tranche=tranche.pk, number=tranche.number, amount=tranche.amount)
        act.marks("return", [initiative.pk])
        tell(
            [initiative.owner, initiative.submitter],
            subject=f"Tranche {tranche.number} of {initiative.reference} is released",
            sentence=f"{actor} released {grouped(tranche.amount)} {settings.BASE_CURRENCY} "
            f"for “{initiative.title}”.",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
        return release


# Planning anew -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planned:
    """One tranche of a new schedule; without `earned_by` it is free."""

    amount: Decimal
    due_on: date
    earned_by: str = ""


def plan_tranches(tranche: Tranche, *, rows: Sequence[Planned], reason: str, actor: User) -> TranchePlan:
    """Finance plans the tranches of a decision anew that are not released: days, amounts, what earns them.

    The sum stays, and no more is free than was. Raises NotAllowed, Refused with what to change, InvalidMove
    when all are released.
    """
    with record("tranches.planned", actor=actor, about=tranche.initiative, reason=reason) as act:
        tranche.initiative = lifecycle.lock(tranche.initiative)
        verdict = may_plan_tranches(actor, tranche)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        standing = list(Tranche.objects.filter(decision=tranche.decision_id).order_by("number"))
        waiting = [row for row in standing if not TrancheRelease.objects.filter(tranche=row).exists()]
        if not waiting:
            raise InvalidMove("Every tranche of this decision is released already.")
        if errors := _why_not_plan(waiting, rows, reason):
            raise Refused("These tranches can't be planned so.", errors)
        if any(holding(row) for row in waiting):
            raise InvalidMove("One of these tranches is held: lift the hold before it is planned anew.")
        plan = act.add(TranchePlan, decision=tranche.decision, reason=reason.strip(), by=actor)
        for row in waiting:
            act.add(TrancheDrop, tranche=row, plan=plan)
        revision = max(row.revision for row in standing) + 1
        for number, planned in enumerate(rows, start=waiting[0].number):
            act.add(
                Tranche,
                decision=tranche.decision,
                initiative=tranche.initiative,
                number=number,
                amount=planned.amount,
                due_on=planned.due_on,
                earned_by=planned.earned_by.strip(),
                revision=revision,
            )
        act.note(decision=tranche.decision_id, revision=revision, tranches=len(rows))
        tell(
            [tranche.initiative.owner, tranche.initiative.submitter],
            subject=f"The tranches of {tranche.initiative.reference} are planned anew",
            sentence=f"{actor}: {reason.strip()}",
            path=f"{tranche.initiative.get_absolute_url()}?tab=money",
        )
        return plan


def _why_not_plan(waiting: Sequence[Tranche], rows: Sequence[Planned], reason: str) -> dict[str, str]:
    errors = {}
    currency = settings.BASE_CURRENCY
    total = sum((row.amount for row in waiting), NOTHING)
    planned = sum((row.amount for row in rows), NOTHING)
    if not rows:
        errors["rows"] = "Plan at least one tranche."
    elif any(row.amount <= 0 or not money.is_on_minor_unit(row.amount, currency) for row in rows):
        errors["rows"] = f"Write amounts above 0 in {currency}."
    elif planned != total:
        errors["rows"] = f"They have to add up to {grouped(total)}; these make {grouped(planned)}."
    elif any(later.due_on < sooner.due_on for sooner, later in pairwise(rows)):
        errors["rows"] = "Put them in the order of their days."
    elif rows[0].due_on < clock.today():
        errors["rows"] = "Plan from today on."
    else:
        free = sum((row.amount for row in waiting if not row.earned_by), NOTHING)
        asked = sum((row.amount for row in rows if not row.earned_by.strip()), NOTHING)
        if asked > free:
            errors["rows"] = f"{grouped(free)} are free with the decision; say of the others what earns them."
    if not reason.strip():
        errors["reason"] = "Write why."
    return errors


# Holding back --------------------------------------------------------------------------------


def hold_tranche(tranche: Tranche, *, until: date, reason: str, actor: User) -> TrancheHold:
    """Hold a tranche back until somebody lifts the hold; it is to be looked at by a day."""
    errors = {}
    if until <= clock.today():
        errors["until"] = "Choose a day in the future."
    if not reason.strip():
        errors["reason"] = "Write why."
    if errors:
        raise Refused("This tranche can't be held so.", errors)
    with record("tranche.held", actor=actor, about=tranche.initiative, reason=reason) as act:
        initiative = tranche.initiative = lifecycle.lock(tranche.initiative)
        may_hold_tranche(actor, tranche).or_deny()
        if TrancheRelease.objects.filter(tranche=tranche).exists():
            raise InvalidMove("This tranche is released already.")
        if TrancheDrop.objects.filter(tranche=tranche).exists():
            raise InvalidMove("A new schedule stands in for this tranche.")
        if holding(tranche):
            raise InvalidMove("This tranche is held already.")
        act.note(tranche=tranche.pk, until=until.isoformat())
        hold = act.add(TrancheHold, tranche=tranche, until=until, reason=reason.strip(), by=actor)
        tell(
            [initiative.owner, initiative.submitter],
            subject=f"Tranche {tranche.number} of {initiative.reference} is held",
            sentence=f"{actor}: {reason.strip()}",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
        return hold


def lift_tranche(tranche: Tranche, *, reason: str, actor: User) -> TrancheHoldLift:
    """Lift the hold of a tranche."""
    reason = require_reason(reason)
    with record("tranche.lifted", actor=actor, about=tranche.initiative, reason=reason) as act:
        tranche.initiative = lifecycle.lock(tranche.initiative)
        verdict = may_lift_tranche(actor, tranche)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        hold = holding(tranche)
        if hold is None:
            raise InvalidMove("This tranche is not held.")
        act.note(tranche=tranche.pk, hold=hold.pk)
        return act.add(TrancheHoldLift, hold=hold, reason=reason, by=actor)


# Taking back ---------------------------------------------------------------------------------


def reclaimable(tranche: Tranche) -> Decimal:
    """What of a released tranche is unspent and still there: the least of its release and what is left."""
    lines = ReleaseLine.objects.filter(release__tranche=tranche)
    given = lines.aggregate(total=Sum("amount"))["total"] or NOTHING
    return max(min(given, spending.unspent(tranche.initiative)), NOTHING)


def propose_claw_back(tranche: Tranche, *, amount: Decimal, reason: str, actor: User) -> ClawBack:
    """Finance proposes to take back what is unspent of a released tranche."""
    errors = {}
    if amount <= 0 or not money.is_on_minor_unit(amount, settings.BASE_CURRENCY):
        errors["amount"] = f"Write an amount above 0 in {settings.BASE_CURRENCY}."
    if not reason.strip():
        errors["reason"] = "Write why."
    if errors:
        raise Refused("This can't be taken back so.", errors)
    with record("claw_back.proposed", actor=actor, about=tranche.initiative, reason=reason) as act:
        tranche.initiative = lifecycle.lock(tranche.initiative)
        may_propose_claw_back(actor, tranche).or_deny()
        release = TrancheRelease.objects.filter(tranche=tranche).first()
        if release is None:
            raise InvalidMove("This tranche is not released: nothing of it can be taken back.")
        if amount > (left := reclaimable(tranche)):
            raise Refused(
                "This can't be taken back so.",
                {"amount": f"{grouped(left)} of it are unspent; write no more than that."},
            )
        act.note(tranche=tranche.pk, amount=amount)
        claw_back = act.add(
            ClawBack, release=release, amount=amount, reason=reason.strip(), proposed_by=actor
        )
        initiative = tranche.initiative
        tell(
            [user for user in authority.holders(Role.CFO, initiative.unit) if user != actor],
            subject=f"{initiative.reference}: {grouped(amount)} are to be taken back",
            sentence=f"{actor}: {reason.strip()}",
            path=reverse("tranche-detail", args=[tranche.pk]),
        )
        return claw_back


def confirm_claw_back(claw_back: ClawBack, *, reason: str = "", actor: User) -> ClawBackConfirmation:
    """The CFO takes it back: released and committed go down, and the money is in the room again.

    Raises NotAllowed, InvalidMove when it was confirmed already, was spent since, or its year is closed,
    Refused without a reason for a rule that bends.
    """
    tranche = claw_back.release.tranche
    with record("claw_back.confirmed", actor=actor, about=tranche.initiative, reason=claw_back.reason) as act:
        locked = balances.lock(commitments.envelopes_of(tranche.initiative))
        initiative = tranche.initiative = lifecycle.lock(tranche.initiative)
        verdict = may_confirm_claw_back(actor, claw_back)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        if ClawBackConfirmation.objects.filter(claw_back=claw_back).exists():
            raise InvalidMove("This is taken back already.")
        if claw_back.amount > (left := reclaimable(tranche)):
            raise InvalidMove(f"Only {grouped(left)} of it are unspent by now: propose it again.")
        confirmation = act.add(ClawBackConfirmation, claw_back=claw_back, by=actor)
        for pk, amount in _taken_from(claw_back):
            envelope = locked[pk].envelope
            balances.release(locked[pk], -amount)
            balances.commit(locked[pk], -amount, locked)
            act.add(
                ReleaseLine,
                release=claw_back.release,
                envelope=envelope,
                amount=-amount,
                clawed_back_by=claw_back,
            )
            place = commitments.Place(tranche.decision_id, pk, envelope.fiscal_year, None, envelope.bucket)
            commitments.add_at(initiative, place, -amount, act=act, clawed_back_by=claw_back)
        act.note(tranche=tranche.pk, amount=claw_back.amount)
        act.marks("return", [initiative.pk])
        tell(
            [initiative.owner, initiative.submitter, claw_back.proposed_by],
            subject=f"{grouped(claw_back.amount)} of {initiative.reference} are taken back",
            sentence=f"{actor} confirmed it: {claw_back.reason}",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
        return confirmation


def _taken_from(claw_back: ClawBack) -> list[tuple[int, Decimal]]:
    """The envelopes that get it back: the latest year first, within a year by what each bears of it."""
    by_year: dict[int, dict[int, Decimal]] = {}
    lines = ReleaseLine.objects.filter(release=claw_back.release).values_list(
        "envelope__fiscal_year", "envelope", "amount"
    )
    for year, envelope, amount in lines.order_by("-envelope__fiscal_year", "envelope", "id"):
        of_year = by_year.setdefault(year, {})
        of_year[envelope] = of_year.get(envelope, NOTHING) + amount
    rest, found = claw_back.amount, []
    for of_year in by_year.values():
        held = {envelope: amount for envelope, amount in of_year.items() if amount > 0}
        part = min(rest, sum(held.values(), NOTHING))
        if part > 0:
            shares = money.split(part, list(held.values()), settings.BASE_CURRENCY)
            found += [(envelope, share) for envelope, share in zip(held, shares, strict=True) if share]
            rest -= part
    return found
