"""What of a year is unspent, and how it is carried over into the next one."""

from dataclasses import dataclass
from decimal import Decimal

from accounts.errors import Changed
from governance import balances, spending
from governance.commitments import Place, add_at
from governance.models import (
    Commitment,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    ReleaseLine,
    TrancheRelease,
)
from ledger.services import Act
from portfolio.models import Initiative
from portfolio.wording import grouped

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Unspent:
    """What one decision on an initiative holds unspent in an envelope, and of which releases."""

    initiative: Initiative
    decision: int
    unreleased: Decimal
    released: tuple[tuple[TrancheRelease, Decimal], ...]

    @property
    def of_released(self) -> Decimal:
        """The released part."""
        return sum((amount for _, amount in self.released), NOTHING)

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.unreleased + self.of_released


def unspent_of(envelope: Envelope) -> list[Unspent]:
    """What is committed in an envelope and not spent, by decision; the last released is unspent first."""
    committed: dict[tuple[int, int], Decimal] = {}
    initiatives: dict[int, Initiative] = {}
    rows = Commitment.objects.filter(envelope=envelope).select_related("initiative__unit").order_by("id")
    for row in rows:
        key = (row.initiative_id, row.decision_id)
        committed[key] = committed.get(key, NOTHING) + row.amount
        initiatives[row.initiative_id] = row.initiative
    given: dict[tuple[int, int], dict[TrancheRelease, Decimal]] = {}
    lines = ReleaseLine.objects.filter(envelope=envelope).select_related("release__tranche").order_by("id")
    for line in lines:
        key = (line.release.tranche.initiative_id, line.release.tranche.decision_id)
        of_decision = given.setdefault(key, {})
        of_decision[line.release] = of_decision.get(line.release, NOTHING) + line.amount
    spent = spending.spent_of(envelope)
    left = {
        pk: sum((sum(of.values(), NOTHING) for key, of in given.items() if key[0] == pk), NOTHING)
        - max(spent.get(pk, NOTHING), NOTHING)
        for pk in initiatives
    }
    found = []
    for key in sorted(committed, reverse=True):
        initiative, decision = key
        of_decision = given.get(key, {})
        parts = []
        for release in sorted(of_decision, key=lambda release: release.pk, reverse=True):
            part = min(of_decision[release], left[initiative])
            if part > 0:
                parts.append((release, part))
                left[initiative] -= part
        unreleased = committed[key] - sum(of_decision.values(), NOTHING)
        carried = Unspent(initiatives[initiative], decision, unreleased, tuple(parts))
        if carried.total:
            found.append(carried)
    return found


def carry_over(change: EnvelopeChange, locked: dict[int, EnvelopeBalance], *, act: Act) -> None:
    """Move what is unspent into the next year's envelope: appropriated, committed and released together.

    Both balances and those of the units above must be locked. Raises Changed when it is another amount by
    now, EnvelopeExceeded over a cap of the next year.
    """
    envelope, into = change.envelope, change.into
    if into is None:
        raise ValueError("A carry-over has two sides.")
    old, new = locked[envelope.pk], locked[into.pk]
    parts = unspent_of(envelope)
    total = sum((part.total for part in parts), NOTHING)
    if total != change.amount:
        raise Changed(
            f"{grouped(total)} of {envelope} are unspent by now, not {grouped(change.amount)}: propose it "
            "again.",
            changes=[{"field": "amount", "before": f"{change.amount:.2f}", "after": f"{total:.2f}"}],
        )
    for part in parts:
        for release, amount in part.released:
            for side, value in ((envelope, -amount), (into, amount)):
                act.add(ReleaseLine, release=release, envelope=side, amount=value, carried_by=change)
        for side, value in ((envelope, -part.total), (into, part.total)):
            place = Place(part.decision, side.pk, side.fiscal_year, None, side.bucket)
            add_at(part.initiative, place, value, act=act, carried_by=change)
    released = sum((part.of_released for part in parts), NOTHING)
    balances.release(old, -released)
    balances.commit(old, -total, locked)
    balances.appropriate(old, -total)
    balances.appropriate(new, total)
    balances.commit(new, total, locked)
    balances.release(new, released)
    act.marks("return", sorted({part.initiative.pk for part in parts}))
