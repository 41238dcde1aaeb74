"""Which step of the authority an amount needs, without Django: a ladder of limits, and its seats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

ANY = "any"


class Rung(Protocol):
    """What routing reads of a step."""

    @property
    def limit(self) -> Decimal | None:
        """The most that it covers, itself included; None for no limit."""
        ...

    @property
    def currency(self) -> str:
        """The currency of the limit."""
        ...


@dataclass(frozen=True)
class Scope:
    """What a step is for: a subtree of units ('' for all), tiers (none for all), a bucket, some days."""

    unit_path: str = ""
    tiers: frozenset[str] = frozenset()
    bucket: str = ANY
    valid_from: date | None = None
    valid_to: date | None = None

    def covers(self, unit_path: str, tier: str, bucket: str, on: date) -> bool:
        """Whether a case of this unit, tier and bucket may be decided there on the day."""
        return (
            unit_path.startswith(self.unit_path)
            and (not self.tiers or tier in self.tiers)
            and self.bucket in {ANY, bucket}
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on <= self.valid_to)
        )


def top_of(ladder: Sequence[Rung]) -> int:
    """The index of the first step without a limit, or of the last one.

    The steps above it only stand in where nobody on it may decide.
    """
    return next((i for i, rung in enumerate(ladder) if rung.limit is None), len(ladder) - 1)


def index_for(ladder: Sequence[Rung], amounts: Mapping[str, Decimal], *, steps_up: int = 0) -> int | None:
    """The index of the lowest step that covers the amount, or `steps_up` above it, but never over the top.

    `ladder` is in rising order; `amounts` gives the tested amount in the currency of each limit. None when
    no step covers it. Raises KeyError for a limit in a currency that `amounts` lacks.
    """
    fitting = next(
        (i for i, rung in enumerate(ladder) if rung.limit is None or amounts[rung.currency] <= rung.limit),
        None,
    )
    return None if fitting is None else max(fitting, min(fitting + steps_up, top_of(ladder)))


def can_be_seated(places: Sequence[Sequence[int]]) -> bool:
    """Whether every place gets a person of its own, `places` being who could take each one."""
    sits: dict[int, int] = {}

    def seat(place: int, tried: set[int]) -> bool:
        for person in places[place]:
            if person in tried:
                continue
            tried.add(person)
            if person not in sits or seat(sits[person], tried):
                sits[person] = place
                return True
        return False

    return all(seat(place, set()) for place in range(len(places)))


@dataclass(frozen=True)
class Tally:
    """The votes of a body: in favour, against, and abstentions; the conflicted are not in it."""

    votes_for: int
    votes_against: int
    abstained: int

    @property
    def present(self) -> int:
        """How many count for the quorum."""
        return self.votes_for + self.votes_against + self.abstained

    @property
    def carries(self) -> bool:
        """Whether the majority of the votes cast is in favour; a tie fails."""
        return self.votes_for > self.votes_against

    def decided(self, quorum: int) -> bool:
        """Whether the quorum has voted."""
        return self.present >= quorum
