"""Proposing what changes in envelopes, and the second person's answer."""

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings
from django.db.models import Q, Sum
from django.urls import reverse

from accounts.errors import EnvelopeExceeded, InvalidMove, Refused
from accounts.models import Role, Unit, User
from governance import authority, balances, carrying, commitments
from governance.messages import tell
from governance.models import (
    Bucket,
    Commitment,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    EnvelopeConfirmation,
    EnvelopeRefusal,
    YearClosingConfirmation,
)
from governance.money_permissions import may_propose_transfer, may_refuse_change
from governance.permissions import may_confirm_envelope, may_propose_envelope
from governance.services.common import require_reason
from ledger import clock
from ledger.services import Act, record
from portfolio import money
from portfolio.selectors import fiscal_year_of
from portfolio.wording import grouped

Kind = EnvelopeChange.Kind
NOTHING = Decimal(0)
# Their amount follows from the facts, so nobody types one.
COMPUTED = frozenset({Kind.CARRY_OVER, Kind.UNCAP})


def is_closed_year(fiscal_year: int) -> bool:
    """Whether a fiscal year is closed."""
    return YearClosingConfirmation.objects.filter(closing__fiscal_year=fiscal_year).exists()


def propose_envelope_change(
    unit: Unit,
    fiscal_year: int,
    *,
    kind: str,
    amount: Decimal | None = None,
    reason: str,
    into: Envelope | None = None,
    bucket: str = Bucket.CORE,
    actor: User,
) -> EnvelopeChange:
    """Finance proposes a change of an envelope; it counts once a second person confirms it.

    A transfer names the envelope that receives it; a carry-over goes to the unit's envelope of the next year,
    and its amount is what is unspent. Raises NotAllowed, or Refused with what to change at each field.
    """
    errors = _why_not_typed(unit, fiscal_year, kind, amount, reason, into, bucket)
    if errors:
        raise Refused("This change can't be proposed so.", errors)
    with record("envelope.proposed", actor=actor, reason=reason) as act:
        may_propose_envelope(actor, unit).or_deny()
        if into is not None:
            may_propose_transfer(actor, unit, into.unit).or_deny()
        envelope = _opened(unit, fiscal_year, bucket)
        if kind == Kind.CARRY_OVER:
            into = _opened(unit, fiscal_year + 1, bucket)
            amount = sum((carried.total for carried in carrying.unspent_of(envelope)), NOTHING)
        if kind == Kind.UNCAP:
            amount = EnvelopeBalance.objects.get(envelope=envelope).cap
        errors = _why_not_now(envelope, kind, amount or NOTHING, into)
        if errors:
            raise Refused("This change can't be proposed so.", errors)
        act.about(envelope)
        act.note(kind=kind, amount=amount, into=into.pk if into is not None else None)
        change = act.add(
            EnvelopeChange,
            envelope=envelope,
            into=into,
            kind=kind,
            amount=amount,
            reason=reason.strip(),
            proposed_by=actor,
        )
        where = f" into {into}" if into is not None else ""
        tell(
            [user for user in authority.holders(Role.CFO, unit) if user != actor],
            subject=f"{envelope}: a change waits for your confirmation",
            sentence=f"{actor} proposes: {change.get_kind_display().lower()} of {grouped(change.amount)} "
            f"{envelope.currency}{where}.",
            path=reverse("envelope-list"),
        )
        return change


def _opened(unit: Unit, fiscal_year: int, bucket: str) -> Envelope:
    envelope, _ = Envelope.objects.get_or_create(
        unit=unit, fiscal_year=fiscal_year, bucket=bucket, defaults={"currency": settings.BASE_CURRENCY}
    )
    EnvelopeBalance.objects.get_or_create(envelope=envelope)
    return envelope


def _why_not_typed(
    unit: Unit,
    fiscal_year: int,
    kind: str,
    amount: Decimal | None,
    reason: str,
    into: Envelope | None,
    bucket: str,
) -> dict[str, str]:
    """What is wrong with what was typed, before anything is looked at."""
    errors = {}
    if kind not in Kind.values:
        errors["kind"] = "Choose what is to change."
    elif kind not in COMPUTED and (
        amount is None or amount <= 0 or not money.is_on_minor_unit(amount, settings.BASE_CURRENCY)
    ):
        errors["amount"] = f"Write an amount above 0 in {settings.BASE_CURRENCY}."
    if not 2000 <= fiscal_year <= 2100:
        errors["fiscal_year"] = "Choose a fiscal year such as 2026."
    elif is_closed_year(fiscal_year):
        errors["fiscal_year"] = f"FY{fiscal_year} is closed: nothing of it changes any more."
    elif kind == Kind.CARRY_OVER and fiscal_year >= fiscal_year_of(clock.today()):
        errors["fiscal_year"] = f"FY{fiscal_year} is not over: carry over once it is."
    if bucket not in Bucket.values:
        errors["bucket"] = "Choose core or explore."
    elif bucket == Bucket.EXPLORE and unit.parent_id is not None:
        root = Unit.objects.get(pk=commitments.units_upward(unit)[-1])
        errors["unit"] = f"The explore bucket is held at group level: choose {root}."
    if kind == Kind.TRANSFER and into is None:
        errors["into"] = "Choose the envelope that receives it."
    elif kind != Kind.TRANSFER and into is not None:
        errors["into"] = "Only a transfer names a second envelope."
    elif into is not None and (into.unit_id, into.fiscal_year, into.bucket) == (unit.pk, fiscal_year, bucket):
        errors["into"] = "An envelope gives nothing to itself: choose another one."
    elif into is not None and into.fiscal_year != fiscal_year:
        errors["into"] = "Money moves within one fiscal year; the next one gets it by a carry-over."
    if not reason.strip():
        errors["reason"] = "Write why."
    return errors


def _why_not_now(envelope: Envelope, kind: str, amount: Decimal, into: Envelope | None) -> dict[str, str]:
    """What the balances of now say against it; they are asked again when it is confirmed."""
    balance = EnvelopeBalance.objects.get(envelope=envelope)
    if into is not None and into.currency != envelope.currency:
        return {"into": f"{into} is kept in {into.currency}, not in {envelope.currency}."}
    if kind == Kind.CARRY_OVER and not amount:
        return {"kind": f"Nothing of {envelope} is committed and unspent."}
    if kind == Kind.CARRY_OVER and into is not None and is_closed_year(into.fiscal_year):
        return {"kind": f"FY{into.fiscal_year} is closed: nothing is carried into it."}
    if kind == Kind.UNCAP and not amount:
        return {"kind": f"{envelope} has no cap."}
    if kind in {Kind.TRANSFER, Kind.SET_ASIDE} and amount > balance.room:
        return {"amount": f"{envelope} has room for {grouped(balance.room)}; write no more than that."}
    if kind == Kind.DRAW and amount > balance.contingency:
        return {"amount": f"{grouped(balance.contingency)} are set aside; write no more than that."}
    return {}


def refuse_envelope_change(change: EnvelopeChange, *, reason: str, actor: User) -> EnvelopeRefusal:
    """The CFO says no, or finance takes it back: the change never counts."""
    reason = require_reason(reason)
    with record("envelope.refused", actor=actor, about=change.envelope, reason=reason) as act:
        balances.lock([change.envelope])
        may_refuse_change(actor, change).or_deny()
        _require_waiting(change)
        act.note(kind=change.kind, amount=change.amount)
        refusal = act.add(EnvelopeRefusal, change=change, by=actor, reason=reason)
        tell(
            [user for user in (change.proposed_by,) if user != actor],
            subject=f"{change.envelope}: your change was refused",
            sentence=f"{actor}: {reason}",
            path=change.envelope.get_absolute_url(),
        )
        return refusal


def _require_waiting(change: EnvelopeChange) -> None:
    if EnvelopeConfirmation.objects.filter(change=change).exists():
        raise InvalidMove("This change is confirmed already.")
    if EnvelopeRefusal.objects.filter(change=change).exists():
        raise InvalidMove("This change was refused.")


def confirm_envelope_change(change: EnvelopeChange, *, actor: User) -> EnvelopeConfirmation:
    """The second person's yes: the change counts, and forward commitments move in until it is full.

    Every balance of its year is locked, so limits over several envelopes hold whatever happens at once.
    Raises NotAllowed, InvalidMove when it was answered already, would fall below what is committed or is of a
    closed year, EnvelopeExceeded over the room or a limit, Changed when less is to be carried over by now.
    """
    with record("envelope.confirmed", actor=actor, about=change.envelope) as act:
        years = {side.fiscal_year for side in (change.envelope, change.into) if side is not None}
        locked = balances.lock(Envelope.objects.filter(fiscal_year__in=years))
        may_confirm_envelope(actor, change).or_deny()
        _require_waiting(change)
        confirmation = act.add(EnvelopeConfirmation, change=change, by=actor)
        _apply(change, locked, act=act)
        taken = sum(
            (
                commitments.take_up(side, locked, act=act)
                for side in (change.envelope, change.into)
                if side is not None and not locked[side.pk].is_closed
            ),
            NOTHING,
        )
        act.note(
            kind=change.kind,
            amount=change.amount,
            taken_up=taken,
            into=change.into_id,
        )
        return confirmation


def _apply(change: EnvelopeChange, locked: dict[int, EnvelopeBalance], *, act: Act) -> None:
    """Keep the balances of one confirmed change."""
    balance, amount = locked[change.envelope_id], change.amount
    match change.kind:
        case Kind.APPROPRIATION | Kind.SUPPLEMENT:
            balances.appropriate(balance, amount)
        case Kind.REDUCTION:
            balances.appropriate(balance, -amount)
        case Kind.TRANSFER if change.into_id is not None:
            balances.appropriate(balance, -amount)
            balances.appropriate(locked[change.into_id], amount)
        case Kind.SET_ASIDE:
            balances.set_aside(balance, amount)
        case Kind.DRAW:
            balances.set_aside(balance, -amount)
        case Kind.CAP:
            balances.set_cap(balance, amount)
        case Kind.UNCAP:
            balances.set_cap(balance, None)
        case Kind.CARRY_OVER:
            carrying.carry_over(change, locked, act=act)
    if change.kind in {Kind.APPROPRIATION, Kind.SUPPLEMENT, Kind.REDUCTION, Kind.TRANSFER}:
        _require_explore_limits(
            [row for row in locked.values() if row.envelope.fiscal_year == change.envelope.fiscal_year]
        )


def _require_explore_limits(of_year: Iterable[EnvelopeBalance]) -> None:
    """Exploring gets at most 15 % of the year, one item at most a fifth of that. All must be locked."""
    rows = list(of_year)
    exploring = [row for row in rows if row.envelope.bucket == Bucket.EXPLORE]
    explored = sum((row.appropriated for row in exploring), NOTHING)
    if not explored:
        return
    whole = sum((row.appropriated for row in rows), NOTHING)
    most = money.to_minor(whole * commitments.EXPLORE_SHARE, settings.BASE_CURRENCY)
    if explored > most:
        raise EnvelopeExceeded(
            f"Exploring gets at most 15 % of the year's appropriation, {grouped(most)} of {grouped(whole)}; "
            f"this would make it {grouped(explored)}."
        )
    largest = (
        Commitment.objects.filter(envelope__in=[row.envelope_id for row in exploring])
        .values_list("envelope", "initiative__reference")
        .annotate(total=Sum("amount"))
    )
    by_envelope = {row.envelope_id: row for row in exploring}
    for pk, reference, total in largest.order_by("envelope", "initiative__reference"):
        item = money.to_minor(by_envelope[pk].appropriated * commitments.EXPLORE_ITEM, settings.BASE_CURRENCY)
        if total > item:
            raise EnvelopeExceeded(
                f"One item gets at most a fifth of the explore envelope: {reference} holds {grouped(total)}, "
                f"and a fifth would be {grouped(item)}."
            )


def waiting_changes(fiscal_year: int) -> list[EnvelopeChange]:
    """The proposed changes of a year that nobody answered yet."""
    rows = EnvelopeChange.objects.filter(
        Q(envelope__fiscal_year=fiscal_year) | Q(into__fiscal_year=fiscal_year),
        confirmation=None,
        refusal=None,
    )
    return list(rows.select_related("envelope__unit", "into__unit").order_by("id"))
