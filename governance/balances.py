"""The sums of envelopes: locked, checked and written in the transaction of each change.

Locks come in the order envelopes (by id), initiative, ledger head. CHECK constraints of the table stand
behind each rule, so that code that forgets to ask is refused by the database.
"""

from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from accounts.errors import EnvelopeExceeded, InvalidMove
from governance.models import Commitment, Envelope, EnvelopeBalance, EnvelopeChange, ReleaseLine

NOTHING = Decimal(0)


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

    Raises InvalidMove when it would fall below what is committed.
    """
    if balance.appropriated + amount < balance.committed:
        raise InvalidMove(
            f"{balance.envelope} can't fall below the {balance.committed:,.2f} that are committed."
        )
    _write(balance, appropriated=balance.appropriated + amount)


def commit(balance: EnvelopeBalance, amount: Decimal) -> None:
    """Commit an amount, or free it when negative. The balance must be locked. Raises EnvelopeExceeded."""
    if amount > balance.room:
        raise EnvelopeExceeded(
            f"{balance.envelope} has room for {balance.room:,.2f} {balance.envelope.currency}, "
            f"and this needs {amount:,.2f}.",
            envelope=balance.envelope_id,
        )
    if balance.committed + amount < balance.released:
        raise InvalidMove(f"{balance.released:,.2f} of {balance.envelope} are released and can't be freed.")
    _write(balance, committed=balance.committed + amount)


def release(balance: EnvelopeBalance, amount: Decimal) -> None:
    """Release a part of what is committed. The balance must be locked. Raises EnvelopeExceeded."""
    if amount > balance.committed - balance.released:
        raise EnvelopeExceeded(
            f"{balance.envelope} has {balance.committed - balance.released:,.2f} {balance.envelope.currency} "
            f"committed and not released, and this needs {amount:,.2f}.",
            envelope=balance.envelope_id,
        )
    _write(balance, released=balance.released + amount)


def _write(balance: EnvelopeBalance, **sums: Decimal) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A balance changes only under its lock, inside a transaction.")
    for name, value in sums.items():
        setattr(balance, name, value)
    balance.save(update_fields=list(sums))


def balance_from_facts(envelope: Envelope, seq: int | None = None) -> dict[str, Decimal]:
    """The three sums of an envelope as its facts give them, as of a sequence number."""
    changes = EnvelopeChange.objects.filter(envelope=envelope).exclude(confirmation=None)
    commitments = Commitment.objects.filter(envelope=envelope)
    releases = ReleaseLine.objects.filter(envelope=envelope)
    if seq is not None:
        changes = changes.filter(confirmation__transaction__seq__lte=seq)
        commitments = commitments.filter(transaction__seq__lte=seq)
        releases = releases.filter(transaction__seq__lte=seq)
    lowered = changes.filter(kind=EnvelopeChange.Kind.REDUCTION)
    raised = changes.exclude(kind=EnvelopeChange.Kind.REDUCTION)
    sums = {
        "raised": raised.aggregate(total=Sum("amount"))["total"] or NOTHING,
        "lowered": lowered.aggregate(total=Sum("amount"))["total"] or NOTHING,
        "committed": commitments.aggregate(total=Sum("amount"))["total"] or NOTHING,
        "released": releases.aggregate(total=Sum("amount"))["total"] or NOTHING,
    }
    return {
        "appropriated": sums["raised"] - sums["lowered"],
        "committed": sums["committed"],
        "released": sums["released"],
    }


@transaction.atomic
def rebuild_balance(envelope: Envelope, *, write: bool = True) -> dict[str, tuple[Decimal, Decimal]]:
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
