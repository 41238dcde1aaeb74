"""The sums of envelopes: locked, checked and written in the transaction of each change.

Locks come in the order envelopes (by id), initiative, ledger head. CHECK constraints of the table stand
behind each rule, so that code that forgets to ask is refused by the database.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from django.db import transaction
from django.db.models import Q, Sum

from accounts.errors import EnvelopeExceeded, InvalidMove
from governance.models import (
    Commitment,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    ReleaseLine,
    YearClosingConfirmation,
)
from portfolio.wording import grouped

NOTHING = Decimal(0)
Kind = EnvelopeChange.Kind
Kept: TypeAlias = Decimal | bool | None
Sums: TypeAlias = dict[str, Kept]


def lock(envelopes: Iterable[Envelope]) -> dict[int, EnvelopeBalance]:
    """The balances of these envelopes by envelope id, locked in order of id until the transaction ends."""
    ids = sorted({envelope.pk for envelope in envelopes})
    rows = EnvelopeBalance.objects.select_for_update(of=("self",)).filter(envelope__in=ids)
    return {
        balance.envelope_id: balance
        for balance in rows.select_related("envelope__unit").order_by("envelope_id")
    }


def appropriate(balance: EnvelopeBalance, amount: Decimal) -> None:
    """Raise what is appropriated, or lower it by a negative amount. The balance must be locked.

    Raises InvalidMove when it would fall below what is committed or set aside, or in a closed year.
    """
    _require_open(balance)
    if balance.appropriated + amount < balance.committed + balance.contingency:
        aside = f" and the {grouped(balance.contingency)} that are set aside" if balance.contingency else ""
        raise InvalidMove(
            f"{balance.envelope} can't fall below the {grouped(balance.committed)} that are committed{aside}."
        )
    _write(balance, appropriated=balance.appropriated + amount)


def set_aside(balance: EnvelopeBalance, amount: Decimal) -> None:
    """Set room aside as contingency, or draw on it by a negative amount. The balance must be locked.

    Raises EnvelopeExceeded for more than the room, InvalidMove for more than is set aside or a closed year.
    """
    _require_open(balance)
    if amount > balance.room:
        raise EnvelopeExceeded(
            f"{balance.envelope} has room for {grouped(balance.room)} {balance.envelope.currency}, "
            f"so {grouped(amount)} can't be set aside.",
            envelope=balance.envelope_id,
        )
    if balance.contingency + amount < 0:
        raise InvalidMove(f"{grouped(balance.contingency)} of {balance.envelope} are set aside, not more.")
    _write(balance, contingency=balance.contingency + amount)


def commit(balance: EnvelopeBalance, amount: Decimal, locked: Mapping[int, EnvelopeBalance]) -> None:
    """Commit an amount, or free it when negative. `locked` holds the balance and those of the units above.

    Raises EnvelopeExceeded over the room or over a cap, InvalidMove below what is released or in a closed
    year.
    """
    _require_open(balance)
    if amount > balance.room:
        raise EnvelopeExceeded(
            f"{balance.envelope} has room for {grouped(balance.room)} {balance.envelope.currency}, "
            f"and this needs {grouped(amount)}.",
            envelope=balance.envelope_id,
        )
    if balance.committed + amount < balance.released:
        raise InvalidMove(
            f"{grouped(balance.released)} of {balance.envelope} are released and can't be freed."
        )
    if amount > 0:
        for capped in caps_above(balance, locked.values()):
            under = committed_under(capped.envelope)
            if sentence := over_cap(capped, under, amount):
                raise EnvelopeExceeded(sentence, envelope=capped.envelope_id)
    _write(balance, committed=balance.committed + amount)


def release(balance: EnvelopeBalance, amount: Decimal) -> None:
    """Release a part of what is committed, or take back a released one by a negative amount.

    The balance must be locked. Raises EnvelopeExceeded, or InvalidMove in a closed year.
    """
    _require_open(balance)
    if amount > balance.committed - balance.released:
        raise EnvelopeExceeded(
            f"{balance.envelope} has {grouped(balance.committed - balance.released)} "
            f"{balance.envelope.currency} committed and not released, and this needs {grouped(amount)}.",
            envelope=balance.envelope_id,
        )
    if balance.released + amount < 0:
        raise InvalidMove(f"Only {grouped(balance.released)} of {balance.envelope} are released.")
    _write(balance, released=balance.released + amount)


def set_cap(balance: EnvelopeBalance, cap: Decimal | None) -> None:
    """Set the most that may be committed here and below. All balances of the year must be locked.

    Raises InvalidMove when more is committed already, or in a closed year.
    """
    _require_open(balance)
    if cap is not None and (under := committed_under(balance.envelope)) > cap:
        raise InvalidMove(
            f"{grouped(under)} are committed in {balance.envelope} and below already, so it can't be capped "
            f"at {grouped(cap)}."
        )
    _write(balance, cap=cap)


def close(balance: EnvelopeBalance) -> None:
    """Nothing changes this balance any more. The balance must be locked."""
    if not balance.is_closed:
        _write(balance, is_closed=True)


def caps_above(balance: EnvelopeBalance, candidates: Iterable[EnvelopeBalance]) -> list[EnvelopeBalance]:
    """Those with a cap that this balance counts under: its own, and those of the units above."""
    envelope = balance.envelope
    return [
        other
        for other in candidates
        if other.cap is not None
        and (other.envelope.fiscal_year, other.envelope.bucket) == (envelope.fiscal_year, envelope.bucket)
        and envelope.unit.path.startswith(other.envelope.unit.path)
    ]


def committed_under(envelope: Envelope) -> Decimal:
    """What is committed in the envelope and in those of the units below, of its year and bucket."""
    rows = EnvelopeBalance.objects.filter(
        envelope__unit__path__startswith=envelope.unit.path,
        envelope__fiscal_year=envelope.fiscal_year,
        envelope__bucket=envelope.bucket,
    )
    return rows.aggregate(total=Sum("committed"))["total"] or NOTHING


def over_cap(capped: EnvelopeBalance, under: Decimal, amount: Decimal) -> str | None:
    """The sentence that refuses an amount that exceeds a cap; None within it."""
    if capped.cap is None or under + amount <= capped.cap:
        return None
    left = max(capped.cap - under, NOTHING)
    return (
        f"{capped.envelope} caps what is committed here and below at {grouped(capped.cap)}: {grouped(left)} "
        f"are left, and this needs {grouped(amount)}."
    )


def _require_open(balance: EnvelopeBalance) -> None:
    if balance.is_closed:
        raise InvalidMove(f"FY{balance.envelope.fiscal_year} is closed: nothing of it changes any more.")


def _write(balance: EnvelopeBalance, **sums: Kept) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A balance changes only under its lock, inside a transaction.")
    for name, value in sums.items():
        setattr(balance, name, value)
    balance.save(update_fields=list(sums))


# What each kind of change does to the envelope that it is about: appropriated, contingency.
EFFECT: dict[str, tuple[int, int]] = {
    Kind.APPROPRIATION: (1, 0),
    Kind.SUPPLEMENT: (1, 0),
    Kind.REDUCTION: (-1, 0),
    Kind.TRANSFER: (-1, 0),
    Kind.CARRY_OVER: (-1, 0),
    Kind.SET_ASIDE: (0, 1),
    Kind.DRAW: (0, -1),
    Kind.CAP: (0, 0),
    Kind.UNCAP: (0, 0),
}


def balance_from_facts(envelope: Envelope, seq: int | None = None) -> Sums:
    """The sums of an envelope as its facts give them, as of a sequence number; cap and closing too."""
    changes = EnvelopeChange.objects.filter(Q(envelope=envelope) | Q(into=envelope)).exclude(
        confirmation=None
    )
    commitments = Commitment.objects.filter(envelope=envelope)
    releases = ReleaseLine.objects.filter(envelope=envelope)
    closings = YearClosingConfirmation.objects.filter(closing__fiscal_year=envelope.fiscal_year)
    if seq is not None:
        changes = changes.filter(confirmation__transaction__seq__lte=seq)
        commitments = commitments.filter(transaction__seq__lte=seq)
        releases = releases.filter(transaction__seq__lte=seq)
        closings = closings.filter(transaction__seq__lte=seq)
    appropriated = contingency = NOTHING
    cap: Decimal | None = None
    in_order = changes.order_by("confirmation__id").values_list("kind", "amount", "into")
    for kind, amount, into in in_order:
        if into == envelope.pk:
            appropriated += amount
            continue
        raised, aside = EFFECT[kind]
        appropriated += raised * amount
        contingency += aside * amount
        if kind in {Kind.CAP, Kind.UNCAP}:
            cap = amount if kind == Kind.CAP else None
    return {
        "appropriated": appropriated,
        "committed": commitments.aggregate(total=Sum("amount"))["total"] or NOTHING,
        "released": releases.aggregate(total=Sum("amount"))["total"] or NOTHING,
        "contingency": contingency,
        "cap": cap,
        "is_closed": closings.exists(),
    }


@transaction.atomic
def rebuild_balance(envelope: Envelope, *, write: bool = True) -> dict[str, tuple[Kept, Kept]]:
    """Compute the balance from the facts under its lock; returns the sums that differed: kept, computed."""
    EnvelopeBalance.objects.get_or_create(envelope=envelope)
    balance = lock([envelope])[envelope.pk]
    computed = balance_from_facts(envelope)
    differing = {
        name: (getattr(balance, name), value)
        for name, value in computed.items()
        if getattr(balance, name) != value
    }
    if differing and write:
        _write(balance, **computed)
    return differing
