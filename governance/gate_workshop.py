"""The next version of the gates as a document: what it holds, what is wrong with it, what it changes.

Items are looked at by questions that are code, so the office chooses among them and says the rest in words.
"""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from governance.gates import GRADES
from governance.models import Gate, GateItem, GateSet
from governance.permissions import ALWAYS_GIVEN, NEVER_WAIVED
from ledger import chain
from portfolio import case as case_document
from portfolio.models import RiskTier, Track
from portfolio.wording import grouped

Content = dict[str, Any]
Row = dict[str, Any]

SUPPLIERS = (
    "unit lead", "owner", "sponsor", "benefit owner", "assessors", "portfolio office", "risk officer",
    "finance",
)  # fmt: skip
# What a threshold may be held against.
MEASURES = {
    "score": "Score at the low end",
    "feasibility": "Feasibility at the low end",
    "grade": "Evidence grade, or better",
    "attested_months": "Months with an attested benefit",
}
WITH_EXPLORE = frozenset({"score", "feasibility"})
GIVEN = {
    "evidence": "Evidence that somebody supplies",
    "control": "A control, with its evidence",
    "confirmation": "Somebody's confirmation, in words",
}
MATERIAL = {
    "cost_up_percent": "Whole-life cost up by more than, percent",
    "cost_up_amount": "and by more than, in the base currency",
    "benefit_down_percent": "Cash benefit down by, percent",
}
LONGEST_TEXT = 300
MOST_ITEMS = 40


def content_of(version: int) -> Content:
    """A version as a document."""
    items = GateItem.objects.filter(version=version).order_by("gate", "position")
    found = GateSet.objects.filter(version=version).first()
    return {
        "items": [
            {
                "gate": item.gate,
                "key": item.key,
                "kind": item.kind,
                "is_must": item.is_must,
                "text": item.text,
                "supplied_by": item.supplied_by,
                "parameters": item.parameters,
            }
            for item in items
        ],
        "material": dict(found.material) if found else {},
    }


def hash_of(content: Content) -> str:
    """What is put in force is bound to this."""
    return chain.digest(chain.canonical(content))


def rows_at(content: Content, gate: str) -> list[Row]:
    """The items of one gate, in order."""
    return [row for row in content["items"] if row["gate"] == gate]


def with_rows(content: Content, gate: str, rows: Iterable[Row]) -> Content:
    """The document with other items at one gate, in the order of the gates."""
    others = [row for row in content["items"] if row["gate"] != gate]
    items = sorted([*others, *rows], key=lambda row: str(row["gate"]))
    return deepcopy(content) | {"items": items}


def is_kept(row: Mapping[str, Any]) -> bool:
    """Whether the product rests on the item, so that no version leaves it out or softens it."""
    parameters = row["parameters"]
    if ALWAYS_GIVEN & set(parameters.get("fields", ())):
        return True
    return parameters["question"] in NEVER_WAIVED - {"attested_months"}


def choices_at(gate: str) -> dict[str, str]:
    """What may be added at a gate: the value of a choice, and words."""
    found = {f"given:{kind}": words for kind, words in GIVEN.items()}
    found |= {f"measure:{key}": f"Threshold: {words}" for key, words in MEASURES.items()}
    return found | {
        f"field:{item.key}": f"Field of the case: {item.label}"
        for item in case_document.FIELDS
        if item.gate and item.gate <= gate
    }


def new_row(content: Content, gate: str, choice: str) -> Row:
    """A row to add. Raises ValueError for what can't be added there."""
    if choice not in choices_at(gate):
        raise ValueError("Choose what the gate is to ask.")
    what, _, name = choice.partition(":")
    row: Row = {"gate": gate, "is_must": True, "supplied_by": "unit lead"}
    if what == "field":
        label = case_document.BY_KEY[name].label
        row |= {"kind": "field", "text": label}
        row["parameters"] = {"question": "fields", "fields": [name], "up_to": gate}
    elif what == "measure":
        row |= {"kind": "threshold", "text": MEASURES[name], "supplied_by": "assessors"}
        row["parameters"] = {"question": name, "at_least": ""}
    else:
        row |= {"kind": name, "text": "", "supplied_by": "owner"}
        row["parameters"] = {"question": "evidence"}
    # Evidence and waivers are kept by the key of their item, so a key is never used for another one.
    taken = {item["key"] for item in content["items"]} | {*GateItem.objects.values_list("key", flat=True)}
    stem = name if what == "given" else f"{gate.lower()}_{name}"
    number = next(number for number in range(1, 1000) if f"{stem}_{number}" not in taken)
    return row | {"key": f"{stem}_{number}"}


# What is wrong -------------------------------------------------------------------------------


def check(content: Content, base: Content) -> dict[str, str]:
    """What keeps the document from being put in force: 'gate.key.field', 'gate' or a threshold -> why."""
    wrong: dict[str, str] = {}
    for gate in Gate.values:
        rows = rows_at(content, gate)
        if len(rows) > MOST_ITEMS:
            wrong[gate] = f"{gate} asks {len(rows)} things; at most {MOST_ITEMS} can be asked."
        kept = {row["key"]: row for row in rows_at(base, gate) if is_kept(row)}
        if lost := [row["text"] for key, row in kept.items() if key not in {row["key"] for row in rows}]:
            wrong[gate] = f"{gate} can't do without “{lost[0]}”."
        texts = [row["text"].strip().lower() for row in rows]
        for i, row in enumerate(rows):
            place = f"{gate}.{row['key']}"
            if not row["text"].strip():
                wrong[f"{place}.text"] = "Say what the gate asks."
            elif texts[i] in texts[:i]:
                wrong[f"{place}.text"] = "Another item of this gate says the same."
            wrong |= {f"{place}.{name}": why for name, why in _wrong_in(row).items()}
    return wrong | _wrong_material(content["material"])


def _wrong_in(row: Row) -> dict[str, str]:
    wrong: dict[str, str] = {}
    parameters = row["parameters"]
    if len(row["text"]) > LONGEST_TEXT:
        wrong["text"] = f"At most {LONGEST_TEXT} characters fit."
    if row["supplied_by"] not in {*SUPPLIERS}:
        wrong["supplied_by"] = "Choose who supplies it."
    if is_kept(row) and not row["is_must"]:
        wrong["is_must"] = "This stays a must: the product rests on it."
    if parameters.get("tracks") == []:
        wrong["tracks"] = "Choose at least one track."
    if parameters["question"] in MEASURES:
        for name in ("at_least", "explore"):
            if (name in parameters or name == "at_least") and (
                why := _wrong_value(parameters["question"], parameters.get(name, ""))
            ):
                wrong[name] = why
    return wrong


def _wrong_value(question: str, value: str) -> str:
    if question == "grade":
        return "" if value in {*GRADES} else "Choose a grade from A to E."
    most = 60 if question == "attested_months" else 100
    if not re.fullmatch(r"\d{1,3}(\.\d)?", value) or Decimal(value) > most:
        return f"Write a number from 0 to {most}."
    return ""


def _wrong_material(material: Mapping[str, str]) -> dict[str, str]:
    wrong = {}
    for name in MATERIAL:
        value, most = material.get(name, ""), 100 if name.endswith("percent") else 10**12
        if not re.fullmatch(r"\d{1,13}(\.\d{1,2})?", value) or not 0 < Decimal(value) <= most:
            wrong[name] = f"Write a number above 0, at most {grouped(most, 0)}."
    return wrong


# What it changes -----------------------------------------------------------------------------


def changes(old: Content, new: Content) -> list[dict[str, str]]:
    """What differs between two versions: gate, item, and in words what became of it."""
    found: list[dict[str, str]] = []
    for gate in Gate.values:
        before = {row["key"]: row for row in rows_at(old, gate)}
        after = {row["key"]: row for row in rows_at(new, gate)}
        for key, row in after.items():
            if key not in before:
                found.append(_said(gate, row["text"], f"is new, {_summary(row)}"))
            elif row != before[key]:
                found += [_said(gate, before[key]["text"], words) for words in _differs(before[key], row)]
        found += [
            _said(gate, row["text"], "is asked no more") for key, row in before.items() if key not in after
        ]
        shared = [key for key in before if key in after]
        if shared != [key for key in after if key in before]:
            found.append(_said(gate, "Order", "its items stand in another order"))
    for name, label in MATERIAL.items():
        then, now = old["material"].get(name, ""), new["material"].get(name, "")
        if then != now:
            found.append(_said("", f"Material change: {label.lower()}", f"{then} becomes {now}"))
    return found


def _said(gate: str, text: str, words: str) -> dict[str, str]:
    return {"gate": gate, "text": text or "an item without words", "words": words}


def _summary(row: Row) -> str:
    return f"a {'must' if row['is_must'] else 'should'}, supplied by {row['supplied_by']}"


def _differs(old: Row, new: Row) -> list[str]:
    words = []
    if old["text"] != new["text"]:
        words.append(f"reads “{new['text']}”")
    if old["is_must"] != new["is_must"]:
        words.append("becomes a must" if new["is_must"] else "becomes a should")
    if old["supplied_by"] != new["supplied_by"]:
        words.append(f"is supplied by {new['supplied_by']}, before by {old['supplied_by']}")
    for name, label in (
        ("at_least", "at least"),
        ("explore", "at least, for exploring"),
        ("tracks", "tracks"),
        ("tiers", "tiers"),
    ):
        before, after = old["parameters"].get(name), new["parameters"].get(name)
        if before != after:
            words.append(f"{label}: {_listed(before)} becomes {_listed(after)}")
    return words


def _listed(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "all" if value is None else str(value)


# What is typed -------------------------------------------------------------------------------


def typed_rows(rows: list[Row], typed: Mapping[str, Any], lists: Mapping[str, list[str]]) -> list[Row]:
    """The rows with what a page sent: 'key-text', 'key-is_must' and so on; `lists` holds what has many."""
    found = []
    for row in rows:
        key, parameters = row["key"], dict(row["parameters"])
        if f"{key}-text" not in typed:
            found.append(row)
            continue
        for name, known in (("tracks", Track.values), ("tiers", RiskTier.values)):
            chosen = [value for value in known if value in lists.get(f"{key}-{name}", [])]
            parameters.pop(name, None)
            if len(chosen) < len(known) and (chosen or name == "tracks"):
                parameters[name] = chosen
        if parameters["question"] in MEASURES:
            parameters["at_least"] = str(typed.get(f"{key}-at_least", "")).strip()
            if parameters["question"] in WITH_EXPLORE:
                explore = str(typed.get(f"{key}-explore", "")).strip()
                parameters = {name: value for name, value in parameters.items() if name != "explore"}
                parameters |= {"explore": explore} if explore else {}
        found.append(
            row
            | {
                "text": str(typed[f"{key}-text"]).strip()[: LONGEST_TEXT + 1],
                "is_must": f"{key}-is_must" in typed or is_kept(row),
                "supplied_by": str(typed.get(f"{key}-supplied_by", row["supplied_by"])),
                "parameters": parameters,
            }
        )
    return found


def moved(rows: list[Row], key: str, by: int) -> list[Row]:
    """The rows with one of them a place up (-1) or down (1)."""
    found = list(rows)
    at = next((i for i, row in enumerate(found) if row["key"] == key), None)
    if at is not None and 0 <= at + by < len(found):
        found[at], found[at + by] = found[at + by], found[at]
    return found
