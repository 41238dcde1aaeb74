"""A version of the authority as a document, without Django: presets, what is wrong by field, what differs.

`{"name", "valid_from", "tiers_up": [tier], "informed_body": id or "", "informed_over", "informed_currency",
"steps": [{"name", "limit": text or "", "currency", "tiers": [tier], "unit": id or "", "bucket", "valid_from",
"valid_to", "in_order", "seats": ["role:cfo", "person:7", "body:2"]}]}`; amounts and days are texts.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any, TypeAlias

from governance.routing import ANY, Scope
from ledger import chain
from portfolio import money
from portfolio.wording import grouped

Content: TypeAlias = dict[str, Any]
Row: TypeAlias = dict[str, Any]
Errors: TypeAlias = dict[str, str]

QUORUM = 3
MOST_STEPS = 40
MOST_SEATS = 12
LARGEST = Decimal(10) ** 14
BUCKETS = {ANY: "Explore and core", "explore": "Explore", "core": "Core"}
# Limits of the unit head with finance, of the board (None: no such step) and of the CFO, and over how much
# the board is informed (None: it is not).
_PRESETS: dict[str, tuple[str, int, int | None, int, int | None]] = {
    "default": ("Default", 50_000, 250_000, 1_000_000, None),
    "small": ("Small", 5_000, None, 50_000, None),
    "group": ("Group", 100_000, 500_000, 2_000_000, 10_000_000),
}
PRESETS = {key: row[0] for key, row in _PRESETS.items()}


def preset(key: str, board: int | None, currency: str = "USD") -> Content:
    """A ready authority; without a board, its steps are left out."""
    name, unit, middle, executive, informed = _PRESETS[key]
    steps = [empty_step("Unit head and finance", str(unit), ["role:unit_head", "role:finance"], currency)]
    if middle is not None and board is not None:
        steps.append(empty_step("Board", str(middle), [f"body:{board}"], currency))
    steps.append(empty_step("CFO", str(executive), ["role:cfo"], currency))
    steps.append(empty_step("CFO and CEO", "", ["role:cfo", "role:ceo"], currency))
    if middle is not None and board is not None:
        # A body decides where the CFO or the CEO may not, since they submitted, own, sponsor or scored.
        steps.append(empty_step("Board in place of an excluded executive", "", [f"body:{board}"], currency))
    is_informed = informed is not None and board is not None
    return {
        "name": name,
        "valid_from": "",
        "tiers_up": ["high"],
        "informed_body": board if is_informed else "",
        "informed_over": str(informed) if is_informed else "",
        "informed_currency": currency,
        "steps": steps,
    }


def empty_step(name: str = "", limit: str = "", seats: Iterable[str] = ("",), currency: str = "USD") -> Row:
    """A step for everything."""
    return {
        "name": name,
        "limit": limit,
        "currency": currency,
        "tiers": [],
        "unit": "",
        "bucket": ANY,
        "valid_from": "",
        "valid_to": "",
        "in_order": False,
        "seats": list(seats),
    }


def hash_of(content: Content) -> str:
    """What the approvers sign."""
    return chain.digest(chain.canonical(content))


def seat_of(key: str) -> tuple[str, str]:
    """'role' and 'cfo' of 'role:cfo'."""
    kind, _, value = key.partition(":")
    return kind, value


# Rows ----------------------------------------------------------------------------------------


def rearranged(content: Content, command: str) -> Content:
    """The document after one command: 'add-step', 'up-2', 'remove-2', 'add-seat-2', 'drop-seat-2-1'.

    A command that fits nothing changes nothing.
    """
    found = deepcopy(content)
    steps = found["steps"]
    verb, numbers = _command(command)
    if verb == "add-step" and len(steps) < MOST_STEPS:
        currency = steps[-1]["currency"] if steps else found["informed_currency"]
        steps.append(empty_step(currency=currency))
    if not numbers or numbers[0] >= len(steps):
        return found
    place = numbers[0]
    seats = steps[place]["seats"]
    if verb == "remove":
        del steps[place]
    elif verb == "up" and place:
        steps[place - 1], steps[place] = steps[place], steps[place - 1]
    elif verb == "down" and place + 1 < len(steps):
        steps[place], steps[place + 1] = steps[place + 1], steps[place]
    elif verb == "add-seat" and len(seats) < MOST_SEATS:
        seats.append("")
    elif verb == "drop-seat" and len(numbers) > 1 and numbers[1] < len(seats):
        del seats[numbers[1]]
    return found


def _command(command: str) -> tuple[str, list[int]]:
    parts = command.split("-")
    numbers = [int(part) for part in parts if part.isascii() and part.isdecimal() and len(part) < 4]
    return "-".join(part for part in parts if not part.isdecimal()), numbers


# What is wrong -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What a document may name: currencies with their rates, units with their paths, tiers, bodies, seats.

    `why_empty` says why nobody could take a seat of a step for a unit; '' if somebody can.
    """

    today: date
    rates: Mapping[str, Decimal]
    units: Mapping[int, str]
    tiers: frozenset[str]
    bodies: frozenset[int]
    why_empty: Callable[[str, str], str]


@dataclass
class _Check:
    content: Content
    known: Known
    errors: Errors = field(default_factory=dict)

    def say(self, place: str, words: str) -> None:
        self.errors.setdefault(place, words)


def check(content: Content, known: Known) -> Errors:
    """All that is wrong with a document, by its field; empty for one that can be proposed."""
    found = _Check(content, known)
    if not content["name"].strip():
        found.say("name", "Name this version.")
    day = _day(content["valid_from"])
    if day is None or day < known.today:
        found.say("valid_from", "Write the day from which it holds: today or later.")
    if unknown := set(content["tiers_up"]) - known.tiers:
        found.say("tiers_up", f"There is no tier {min(unknown)}.")
    _check_informed(found)
    if not content["steps"]:
        found.say("steps", "Add a step: without one nobody may decide.")
    for place, row in enumerate(content["steps"]):
        _check_step(found, f"steps-{place}", row)
    if not found.errors:
        _check_ladders(found)
    return found.errors


def _check_informed(found: _Check) -> None:
    body, over = found.content["informed_body"], found.content["informed_over"]
    if bool(body) != bool(over):
        found.say("informed_over", "Name the body that is informed and the amount over which, or neither.")
    elif body and body not in found.known.bodies:
        found.say("informed_body", "Choose a body that is confirmed.")
    elif over:
        _check_amount(found, "informed", over, found.content["informed_currency"], limit_key="informed_over")


def _check_step(found: _Check, place: str, row: Row) -> None:
    known = found.known
    if not row["name"].strip():
        found.say(f"{place}-name", "Name this step.")
    _check_amount(found, place, row["limit"], row["currency"], limit_key=f"{place}-limit")
    if row["unit"] and row["unit"] not in known.units:
        found.say(f"{place}-unit", "Choose a unit of the tree.")
    if row["bucket"] not in BUCKETS:
        found.say(f"{place}-bucket", "Choose explore, core or both.")
    if unknown := set(row["tiers"]) - known.tiers:
        found.say(f"{place}-tiers", f"There is no tier {min(unknown)}.")
    days = [_day(row[key]) for key in ("valid_from", "valid_to")]
    for key, day in zip(("valid_from", "valid_to"), days, strict=True):
        if row[key] and day is None:
            found.say(f"{place}-{key}", "Write a day as 2026-04-30.")
    if days[0] and days[1] and days[1] < days[0]:
        found.say(f"{place}-valid_to", "It ends before it begins.")
    seats = row["seats"]
    if not any(seats):
        found.say(f"{place}-seats-0", "Choose who signs.")
    for number, key in enumerate(seats):
        if not key:
            found.say(f"{place}-seats-{number}", "Choose who signs, or take this seat away.")
        elif seats.index(key) != number:
            found.say(f"{place}-seats-{number}", "This one sits here already.")
        elif words := known.why_empty(key, str(row["unit"])):
            found.say(f"{place}-seats-{number}", words)


def _check_amount(found: _Check, place: str, text: str, currency: str, *, limit_key: str) -> None:
    if currency not in found.known.rates:
        found.say(
            f"{place}_currency" if place == "informed" else f"{place}-currency",
            "Choose a currency with a planning rate.",
        )
        return
    if not text:
        return
    amount = amount_of(text)
    if amount is None or not 0 < amount < LARGEST:
        found.say(limit_key, "Write an amount above 0, or leave it empty for no limit.")
    elif not money.is_on_minor_unit(amount, currency):
        found.say(limit_key, f"{currency} has {money.minor_digits(currency)} digits after the point.")


def _check_ladders(found: _Check) -> None:
    """For every unit, tier and bucket that steps name, on each day on which one begins or ends."""
    content, known = found.content, found.known
    steps = content["steps"]
    scopes = [_scope(row, known) for row in steps]
    first = date.fromisoformat(content["valid_from"])
    days = {first}
    for scope in scopes:
        days |= {
            scope.valid_from or first,
            (scope.valid_to or first) + timedelta(days=1 if scope.valid_to else 0),
        }
    paths = {"", *(scope.unit_path for scope in scopes)}
    for path, tier, bucket, day in product(
        sorted(paths), ["", *sorted(known.tiers)], ["explore", "core"], sorted(days)
    ):
        if day >= first:
            ladder = [i for i, scope in enumerate(scopes) if scope.covers(path, tier, bucket, day)]
            _check_ladder(found, ladder, day)


def _check_ladder(found: _Check, ladder: list[int], day: date) -> None:
    steps = found.content["steps"]
    if not any(not steps[i]["limit"] for i in ladder):
        place = ladder[-1] if ladder else len(steps) - 1
        found.say(
            f"steps-{place}-limit",
            "Above this nobody could decide: leave the limit of the last step empty for every unit, tier and "
            f"bucket (from {day:%-d %b %Y}).",
        )
        return
    before: tuple[Decimal, str] | None = None
    is_past_top = False
    for i in ladder:
        limit = amount_of(steps[i]["limit"])
        if limit is None:
            is_past_top = True
        elif is_past_top:
            found.say(f"steps-{i}-limit", "No amount reaches it: a step before it has no limit.")
        else:
            in_base = limit * found.known.rates[steps[i]["currency"]]
            if before is not None and in_base <= before[0]:
                found.say(
                    f"steps-{i}-limit", f"It has to be above the limit of “{before[1]}”, the step before."
                )
            before = (in_base, steps[i]["name"])


def _scope(row: Row, known: Known) -> Scope:
    return Scope(
        unit_path=known.units[row["unit"]] if row["unit"] else "",
        tiers=frozenset(row["tiers"]),
        bucket=row["bucket"],
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
    )


def amount_of(text: str) -> Decimal | None:
    """The amount that was typed, thousands set apart or not; None for none, or for no amount."""
    try:
        amount = Decimal(text.replace(",", "").replace(" ", "").replace("\u202f", ""))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def names_person(content: Content, person: int) -> bool:
    """Whether a seat is given to this person by name."""
    return any(f"person:{person}" in row["seats"] for row in content["steps"])


# What differs --------------------------------------------------------------------------------


def differences(before: Content, after: Content, label: Callable[[str], str]) -> list[dict[str, str]]:
    """What differs, for people: what, before, after. Steps are compared by name, then by place.

    `label` gives the words for a seat ('role:cfo'), a body ('body:1') or a unit ('unit:3').
    """
    rows = []
    for key, title in _HEAD.items():
        old, new = (_head_in_words(content, key, label) for content in (before, after))
        if old != new:
            rows.append({"what": title, "before": old, "after": new})
    old_steps = {row["name"]: (i, row) for i, row in enumerate(before["steps"])}
    for place, row in enumerate(after["steps"]):
        found = old_steps.pop(row["name"], None)
        if found is None:
            rows.append(
                {
                    "what": f"Step “{row['name']}”",
                    "before": "no such step",
                    "after": step_in_words(row, label),
                }
            )
            continue
        texts = [step_in_words(old, label) for old in (found[1], row)]
        if texts[0] != texts[1]:
            rows.append({"what": f"Step “{row['name']}”", "before": texts[0], "after": texts[1]})
        elif found[0] != place and len(before["steps"]) == len(after["steps"]):
            rows.append(
                {
                    "what": f"Step “{row['name']}”",
                    "before": f"place {found[0] + 1}",
                    "after": f"place {place + 1}",
                }
            )
    for name, (_, row) in old_steps.items():
        rows.append({"what": f"Step “{name}”", "before": step_in_words(row, label), "after": "no such step"})
    return rows


_HEAD = {"tiers_up": "Tiers that go one step up", "informed": "Informed"}


def _head_in_words(content: Content, key: str, label: Callable[[str], str]) -> str:
    if key == "tiers_up":
        return ", ".join(content["tiers_up"]) or "none"
    if not content["informed_body"]:
        return "nobody"
    over = grouped(amount_of(content["informed_over"]) or Decimal(0))
    return f"{label('body:' + str(content['informed_body']))} over {over} {content['informed_currency']}"


def step_in_words(row: Row, label: Callable[[str], str]) -> str:
    """'up to 50,000.00 USD: CFO, then CEO; for Finance, high tier'."""
    limit = amount_of(row["limit"])
    head = "without a limit" if limit is None else f"up to {grouped(limit)} {row['currency']}"
    seats = (", then " if row["in_order"] else " and ").join(label(key) for key in row["seats"] if key)
    return "; ".join(part for part in (f"{head}: {seats}", scope_in_words(row, label)) if part)


def scope_in_words(row: Row, label: Callable[[str], str]) -> str:
    """What a step is for, in words; '' if it is for everything."""
    parts = []
    if row["unit"]:
        parts.append(f"for {label('unit:' + str(row['unit']))}")
    if row["tiers"]:
        parts.append(f"{' and '.join(row['tiers'])} tier")
    if row["bucket"] != ANY:
        parts.append(f"{row['bucket']} only")
    if row["valid_from"]:
        parts.append(f"from {row['valid_from']}")
    if row["valid_to"]:
        parts.append(f"to {row['valid_to']}")
    return ", ".join(parts)
