"""A second reading of the policy table, which takes nothing from the product but the file itself.

It is written from the file's own description and from product.md: who knows only those two arrives here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "accounts" / "policy.json"
Row = dict[str, Any]
Table = dict[str, Row]


class Answer(Enum):
    """What the table says to somebody who wants to act."""

    YES = "yes"
    # The right person at the wrong moment: a page answers 409, not 403.
    NOT_NOW = "not at this stage"
    NO = "no"


@dataclass(frozen=True)
class Held:
    """A role for a place; a place is the chain of units from the root down to it."""

    role: str
    place: tuple[int, ...]
    confirmed: bool = True


@dataclass(frozen=True)
class Person:
    """Somebody of the cast, by number."""

    number: int
    holds: tuple[Held, ...] = ()
    is_program: bool = False
    # The scopes of the token in use; None for somebody in a browser.
    token: frozenset[str] | None = None


@dataclass(frozen=True)
class Thing:
    """What the act is about: its place, its stage or 'closed', and who has which part in it."""

    place: tuple[int, ...]
    state: str
    parts: Mapping[int, frozenset[str]] = field(default_factory=dict)


def read() -> Table:
    """The rows of the file by action."""
    return {row["action"]: row for row in json.loads(FILE.read_text())["actions"]}


# The part that a person has in an initiative is a role of the table too; only this one must also be granted.
GRANTED_AND_ASSIGNED = {"assessor"}


def answer(table: Table, action: str, person: Person, thing: Thing | None = None) -> Answer:
    """May this person do this, to this?"""
    row = table[action]
    if person.token is not None:
        scope = row["token_scope"]
        free_to_read = action == "api.describe"
        if not free_to_read and (scope is None or scope not in person.token):
            return Answer.NO
    if not any(_way_in(row, role, reach, person, thing) for role, reach in row["roles"].items()):
        return Answer.NO
    if thing is not None and row["stages"] != "*" and thing.state not in row["stages"]:
        return Answer.NOT_NOW
    return Answer.YES


def _way_in(row: Row, role: str, reach: str, person: Person, thing: Thing | None) -> bool:
    if role == "everyone":
        return not person.is_program
    grants = [held for held in person.holds if held.role == role and (held.confirmed or not row["decides"])]
    if reach == "any":
        return bool(grants)
    if reach == "unit":
        if thing is None:
            return bool(grants)
        return any(thing.place[: len(held.place)] == held.place for held in grants)
    if reach == "part":
        is_granted_too = role in GRANTED_AND_ASSIGNED
        if thing is None:
            return bool(grants) if is_granted_too else True
        has_part = role in thing.parts.get(person.number, frozenset())
        return has_part and (bool(grants) or not is_granted_too)
    raise ValueError(f"The table has a reach that nobody described: {reach}")
