"""Stop rules that a machine can evaluate, without Django: their kinds, what each needs, in plain words.

A rule is a plain object `{kind, kpi, milestone, value, on, days, text}` of texts. It is written in the case
and signed with it at G3; `governance.watch` evaluates it. A rule in words is judged by a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of rule: how it is offered and what it needs."""

    key: str
    label: str
    needs: tuple[str, ...] = ()
    # Either a day, or a number of days after the first user.
    needs_time: bool = False
    value_is_share: bool = False


KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("kpi", "A KPI is worse than a value", ("kpi", "value"), needs_time=True),
        Kind("adoption", "Use is below a share of its plan (%)", ("kpi", "value"), True, True),
        Kind("spend", "Spend is above a share of the plan to date (%)", ("value",), False, True),
        Kind("remaining", "What remains is forecast to lose money"),
        Kind("milestone", "A milestone is not reached by a day", ("milestone", "on")),
        Kind("clock", "The pilot's clock is over"),
        Kind("words", "In words; a person looks on a day", ("text", "on")),
    )
}
LACKS = {
    "kpi": "choose the KPI",
    "milestone": "choose the milestone",
    "value": "write the value",
    "on": "choose the day",
    "text": "write the rule",
}


def lacking(row: Row) -> list[str]:
    """What the rule lacks to be evaluated, as 'write the value'; empty for a whole rule."""
    kind = KINDS.get(str(row.get("kind") or ""))
    if kind is None:
        return ["choose the kind of rule"]
    found = [LACKS[name] for name in kind.needs if not row.get(name)]
    if kind.needs_time and not (row.get("on") or row.get("days")):
        found.append("choose a day, or a number of days after the first user")
    return found


def in_words(row: Row, kpis: Mapping[str, Row], milestones: Mapping[str, Row]) -> str:
    """The rule as a sentence, with the case's KPIs and milestones by key; empty while it lacks something."""
    if lacking(row):
        return ""
    kpi, milestone = kpis.get(row.get("kpi") or "", {}), milestones.get(row.get("milestone") or "", {})
    name = f"“{kpi['name']}”" if kpi.get("name") else "the KPI"
    unit = f" {kpi['unit_of_measure']}" if kpi.get("unit_of_measure") else ""
    match row["kind"]:
        case "kpi":
            side = "above" if kpi.get("direction") == "down" else "below"
            return f"Stop if {name} is {side} {row['value']}{unit}{_when(row)}"
        case "adoption":
            return f"Stop if {name} is below {row['value']} % of its plan{_when(row)}"
        case "spend":
            return f"Stop if spend is above {row['value']} % of the plan to date"
        case "remaining":
            return "Stop if what remains is forecast to cost more than it brings"
        case "milestone":
            reached = milestone.get("name") or "the milestone"
            return f"Stop if “{reached}” is not reached on {_day(row['on'])}"
        case "clock":
            return "Stop if the pilot's clock is over"
    return str(row["text"])


def _when(row: Row) -> str:
    if row.get("on"):
        return f" on {_day(row['on'])}"
    return f", {row['days']} days after the first user"


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%-d %b %Y}"


def all_in_words(content: Row) -> list[str]:
    """Every stop rule of a case as a sentence: those that Keel watches first, then those in words."""
    watched = [str(rule["text"]) for rule in content.get("stop_when") or () if rule.get("text")]
    return [*watched, *(content.get("stop_rules") or ())]
