"""Where the funding line falls, and which proposals depart from the rank order.

Pure: numbers in, numbers out. Items come in rank order, the best first. Going down that order each is funded
while the next one fits into the room; the first that doesn't fit is the line. A proposal departs from that in
two ways: it funds an item below the line while one that ranks higher gets nothing, or it doesn't fund one
above the line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

NOTHING = Decimal(0)


class DepartureKind(StrEnum):
    """How a proposal departs from the rank order."""

    FUNDED_BELOW = "funded_below"
    NOT_FUNDED_ABOVE = "not_funded_above"


@dataclass(frozen=True)
class Asked:
    """One item: what it asks of the envelope, whether it is funded, and what that is worth.

    `value` is its corrected P50 NPV; None where there is no return.
    """

    key: int
    asks: Decimal
    is_funded: bool
    value: Decimal | None


@dataclass(frozen=True)
class Parting:
    """One departure. `price` is the expected value gained, lost when negative; None where it isn't known."""

    key: int
    kind: DepartureKind
    price: Decimal | None


@dataclass(frozen=True)
class Swap:
    """Funding one item below the line instead of one above it, and what that would gain."""

    instead_of: int
    fund: int
    gain: Decimal


def line_of(asks: Sequence[Decimal], room: Decimal) -> int:
    """How many items, from the best one on, are funded before the first that doesn't fit."""
    spent = NOTHING
    for number, amount in enumerate(asks):
        spent += amount
        if spent > room:
            return number
    return len(asks)


def departures(items: Sequence[Asked], room: Decimal) -> list[Parting]:
    """Each departure from the rank order with its price, in rank order."""
    line = line_of([item.asks for item in items], room)
    found, one_was_skipped = [], False
    for place, item in enumerate(items):
        if place < line and not item.is_funded:
            price = None if item.value is None else -item.value
            found.append(Parting(item.key, DepartureKind.NOT_FUNDED_ABOVE, price))
        elif place >= line and item.is_funded and one_was_skipped:
            found.append(Parting(item.key, DepartureKind.FUNDED_BELOW, item.value))
        one_was_skipped = one_was_skipped or not item.is_funded
    return found


def expected_value(items: Sequence[Asked], chosen: set[int]) -> Decimal:
    """The sum of what the chosen ones are worth, as far as it is known."""
    return sum((item.value for item in items if item.key in chosen and item.value is not None), NOTHING)


def best_swap(items: Sequence[Asked], room: Decimal) -> Swap | None:
    """The one exchange across the line that fits and gains most; None when no exchange gains anything."""
    line = line_of([item.asks for item in items], room)
    spent = sum((item.asks for item in items[:line]), NOTHING)
    best: Swap | None = None
    for out in items[:line]:
        for other in items[line:]:
            if out.value is None or other.value is None or spent - out.asks + other.asks > room:
                continue
            gain = other.value - out.value
            if gain > (best.gain if best is not None else NOTHING):
                best = Swap(out.key, other.key, gain)
    return best
