"""Who is kept out of an act by what they have to do with it: one table (`segregation.json`), one reader.

The rooms above find out what somebody has to do with an object; what follows from it stands here alone.
Rules that always hold never bend. The others forbid in strict mode; in recorded mode they ask for a reason,
and the act is marked by a fact of its own.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.errors import Refused
from accounts.models import SegregationException, Unit, User
from accounts.verdict import Verdict, deny
from ledger.services import Act

# From so many people on, in more than one unit, a firm can keep duties apart and so has to.
LARGE_FIRM = 50


@dataclass(frozen=True)
class SegregationRule:
    """One row of the table: who is what the fact says may not do these acts."""

    key: str
    acts: tuple[str, ...]
    fact: str
    always: bool
    sentence: str


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((Path(__file__).parent / "segregation.json").read_text())
    return data


@cache
def rules() -> tuple[SegregationRule, ...]:
    """All rules, in the order of the file."""
    return tuple(SegregationRule(**row | {"acts": tuple(row["acts"])}) for row in _data()["rules"])


@cache
def facts_in_words() -> dict[str, str]:
    """What forbids, in words that follow 'who'."""
    words: dict[str, str] = _data()["facts"]
    return words


@cache
def by_act() -> dict[str, dict[str, SegregationRule]]:
    """The rules of each act by the fact that forbids."""
    found: dict[str, dict[str, SegregationRule]] = {}
    for rule in rules():
        for act in rule.acts:
            found.setdefault(act, {})[rule.fact] = rule
    return found


def ties_that_count(action: str, facts: Iterable[str]) -> list[str]:
    """Those of the facts that a rule of the act names, in words that follow 'who'."""
    table = by_act().get(action, {})
    return [facts_in_words()[fact] for fact in facts if fact in table]


def why_strict() -> str:
    """Why the rules that may bend don't; empty when the setting lets them."""
    if settings.SEGREGATION != "recorded":
        return "Strict: every rule forbids."
    people = User.objects.filter(is_active=True, is_service_account=False).count()
    units = Unit.objects.filter(closed_on=None).count()
    if people >= LARGE_FIRM and units > 1:
        return (
            f"The setting says recorded, but {people} people in {units} units can keep duties apart: "
            "every rule forbids."
        )
    return ""


def forbidding(action: str) -> frozenset[str]:
    """What forbids an act as things stand: all that its rules name, or only what always does."""
    strict = bool(why_strict())
    return frozenset(fact for fact, rule in by_act().get(action, {}).items() if strict or rule.always)


def bends(action: str, fact: str) -> bool:
    """Whether the rule that this fact breaks asks for a reason instead of forbidding the act."""
    return fact not in forbidding(action)


def judge(verdict: Verdict, action: str, facts: Iterable[str]) -> Verdict:
    """A yes, held against the rules of the act: no, or yes with the rules that have to bend for it.

    `facts` are what the person has to do with the object; the first one that forbids gives the sentence.
    """
    table = by_act().get(action, {})
    broken = [table[fact] for fact in facts if fact in table]
    if not verdict or not broken:
        return verdict
    forbidding = broken if why_strict() else [rule for rule in broken if rule.always]
    if forbidding:
        return deny(forbidding[0].sentence)
    return Verdict(True, exceptions=tuple(rule.key for rule in broken))


def mark(act: Act, verdict: Verdict, *, reason: str, by: User, field: str = "reason") -> None:
    """Keep that rules bent for this act, and why. Raises Refused without a reason."""
    if not verdict.exceptions:
        return
    if not reason.strip():
        sentences = " ".join(rule.sentence for rule in rules() if rule.key in verdict.exceptions)
        raise Refused(
            "This breaks a rule that keeps duties apart, so it needs a reason.",
            {field: f"Write why you do it all the same. {sentences}"},
        )
    for key in verdict.exceptions:
        act.add(
            SegregationException,
            rule=key,
            by=by,
            act=act.name,
            object_type=act.object_type,
            object_id=act.object_id,
            reason=reason.strip(),
        )
    act.note(segregation=list(verdict.exceptions))
