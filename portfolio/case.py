"""The case as a document, without Django: its fields, what is possible, what is missing, and its plan.

A draft's `content` is a plain JSON object with the keys below; amounts, numbers, months and dates are texts
(`"12000.00"`, `"2026-04"`, `"2026-04-30"`). The form, the API, the import and the gates all use this module.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from portfolio import money, stop_rules
from portfolio.wording import grouped

Content = dict[str, Any]
MAX_MONTHS = 120
MAX_LINES = 60
MAX_AMOUNT = Decimal("1e12")
COST_CATEGORIES = ("people", "licence", "cloud", "data", "change", "incident", "decommissioning")
BENEFIT_CATEGORIES = ("saving", "avoidance", "margin", "productivity", "risk_reduction")
NON_CASH_BY_NATURE = frozenset({"avoidance", "productivity", "risk_reduction"})

DEPTHS = {
    "edge": "At the edge: a tool beside the process",
    "local": "Local: it changes some steps of the process",
    "core": "Core: the process runs on it every day",
}
SOURCINGS = {"bought": "Bought", "built": "Built", "both": "Bought and built on"}
CLASSES = {
    "configured": "Configured service",
    "bought": "Bought and integrated",
    "built": "Built on own data",
    "novel": "Novel or agentic",
}
BUCKETS = {
    "core": "Core: it is meant to run",
    "explore": "Explore: to find out whether it could",
}
OBJECTIVES = {
    "cost": "Lower cost to serve",
    "growth": "Grow revenue",
    "customer": "Better customer experience",
    "resilience": "Resilience and security",
    "compliance": "Compliance and trust",
    "people": "A better place to work",
}
RELATIONS = {"join": "We join it", "differentiate": "Ours differs", "depend": "We depend on it"}
GRADES = {
    "A": "A: attested",
    "B": "B: measured in a pilot",
    "C": "C: comparable inside the firm",
    "D": "D: expert estimate",
    "E": "E: claim",
}
DIRECTIONS = {"up": "More is better", "down": "Less is better"}


@dataclass(frozen=True)
class CaseField:
    """One field: its key, how it is asked, which section it stands in, and the gate that needs it."""

    key: str
    label: str
    section: str
    kind: str  # text, long, choice, money, person, list
    help: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    gate: str = ""  # G0 or G2: the first gate that asks for it
    asks: str = ""  # the sentence when it is missing
    max_length: int = 4000


SECTIONS = {
    "problem": "Problem",
    "people": "People",
    "outcomes": "Outcomes",
    "money": "Money",
    "feasibility": "Feasibility",
    "risk": "Risk",
    "similar": "Similar",
}

FIELDS: tuple[CaseField, ...] = (
    CaseField("title", "Title", "problem", "text", "What it does, in under ten words.", gate="G0",
              asks="Give it a title.", max_length=300),
    CaseField("summary", "Summary", "problem", "long", "One sentence that everyone in the firm may read.",
              gate="G0", asks="Say in one sentence what it is.", max_length=500),
    CaseField("problem", "Problem", "problem", "long", "What goes wrong today, how often, and what it costs.",
              gate="G0", asks="Describe the problem that it solves."),
    CaseField("process", "Process it extends", "problem", "text",
              "The day-to-day process that it becomes a part of.",
              gate="G0", asks="Name the process that it extends.", max_length=300),
    CaseField("process_depth", "How deep it goes", "problem", "choice", "", DEPTHS, gate="G0",
              asks="Say how deep it goes into the process."),
    CaseField("objective", "Strategic objective", "problem", "choice",
              "The one objective that it serves most.",
              OBJECTIVES, gate="G0", asks="Choose the strategic objective that it serves."),
    CaseField("owner_id", "Owner", "people", "person", "Runs it, reports and answers for it.", gate="G0",
              asks="Name the owner."),
    CaseField("sponsor_id", "Sponsor", "people", "person",
              "Stands behind it in public. Not the person who submits.", gate="G0", asks="Name the sponsor."),
    CaseField("benefit_owner_id", "Benefit owner", "people", "person", "Takes the benefit into operations.",
              gate="G2", asks="Name the benefit owner."),
    CaseField("kpis", "KPIs", "outcomes", "list", "What gets better, from which baseline, to which target.",
              gate="G0", asks="Add one KPI with a target."),
    CaseField("milestones", "Milestones", "outcomes", "list", "Dated steps that anyone can see are done.",
              gate="G2",
              asks="Add at least one milestone with its date."),
    CaseField("sourcing", "Bought or built", "money", "choice", "", SOURCINGS, gate="G0",
              asks="Say whether it is bought or built."),
    CaseField("reference_class", "Kind of work", "money", "choice",
              "Decides by how much the plan is corrected by experience.", CLASSES, gate="G0",
              asks="Choose the kind of work."),
    CaseField("supplier", "Supplier", "money", "text", "Whoever sells or builds it, if known.",
              max_length=200),
    CaseField("bucket", "Bucket", "money", "choice",
              "Exploring has its own envelope, at group level, and its own hurdle. Empty means core.",
              BUCKETS),
    CaseField("currency", "Currency", "money", "text", "The currency of every amount in this case.",
              max_length=3),
    CaseField("cost_low", "Whole-life cost, low", "money", "money",
              "Delivery and run, up to 36 months after go-live.",
              gate="G0", asks="Give the lowest likely cost."),
    CaseField("cost_high", "Whole-life cost, high", "money", "money", "", gate="G0",
              asks="Give the highest likely cost."),
    CaseField("benefit_low", "Whole-life benefit, low", "money", "money", "", gate="G0",
              asks="Give the lowest likely benefit."),
    CaseField("benefit_high", "Whole-life benefit, high", "money", "money", "", gate="G0",
              asks="Give the highest likely benefit."),
    CaseField("plan", "Plan by month", "money", "list", "Costs and benefits by month, with a ramp.",
              gate="G2",
              asks="Plan costs and benefits by month."),
    CaseField("cost_objects", "Cost objects", "money", "list",
              "Codes that the ERP books its cost on, one a line.",
              gate="G3", asks="Name the cost objects that its postings will carry."),
    CaseField("readiness_data", "Data", "feasibility", "long",
              "Which data, who owns it, how complete, from when on.",
              gate="G2", asks="Describe the data that it needs and its state."),
    CaseField("readiness_skills", "Skills and sourcing", "feasibility", "long",
              "Who does the work, and who runs it later.",
              gate="G2", asks="Say who builds and who runs it."),
    CaseField("readiness_integration", "Integration", "feasibility", "long",
              "Which systems it reads and writes.",
              gate="G2", asks="Name the systems that it connects to."),
    CaseField("readiness_adoption", "Adoption", "feasibility", "long",
              "Who has to work differently, and how they get there.",
              gate="G2", asks="Say who has to work differently and how they get there."),
    CaseField("readiness_workforce", "Effect on the workforce", "feasibility", "long",
              "What it means for jobs, honestly.", gate="G2", asks="Describe the effect on the workforce."),
    CaseField("evidence_grade", "Evidence", "feasibility", "choice", "What the figures rest on.", GRADES,
              gate="G2",
              asks="Say what the figures rest on."),
    CaseField("risks", "Risks", "risk", "list", "What could go wrong, and what you do about it.", gate="G2",
              asks="Name at least one risk and the response to it."),
    CaseField("controls", "Controls planned", "risk", "long",
              "Oversight by people, tests, monitoring, fallback.", gate="G2",
              asks="Describe the controls that you plan."),
    CaseField("stop_when", "Stop rules that Keel watches", "risk", "list",
              "When would you stop it? They are signed at G3; when one fires, people decide."),
    CaseField("stop_rules", "Stop rules in words", "risk", "list",
              "What only a person can judge, one rule a line.", gate="G3",
              asks="Write down at least one rule for stopping."),
    CaseField("similar", "Similar initiatives", "similar", "list",
              "Join, differ from, or depend on each one that is alike.", gate="G0",
              asks="Answer how it stands to similar initiatives, or say that there are none."),
    CaseField("similar_none", "There are no similar initiatives", "similar", "flag"),
)  # fmt: skip
BY_KEY = {item.key: item for item in FIELDS}


# Months --------------------------------------------------------------------------------------


def parse_month(text: str) -> date:
    """The first day of a month written as 2026-04. Raises ValueError."""
    if not re.fullmatch(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", text):
        raise ValueError(f"{text!r} is not a month such as 2026-04.")
    return date(int(text[:4]), int(text[5:]), 1)


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months later (earlier when negative)."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    """Whole months from the first month to the last: 0 for the same month."""
    return (last.year - first.year) * 12 + last.month - first.month


# Cleaning ------------------------------------------------------------------------------------


def parse_amount(text: str, currency: str = "") -> Decimal:
    """An amount as people type it: '12000', '12,000.50', '12 000'. Raises ValueError with what to change.

    Without a currency only what no currency allows is refused; the act that knows it checks the rest.
    """
    plain = _plain(text)
    if plain is None:
        raise ValueError(f"“{text[:40]}” is not an amount: write digits such as 12000 or 12,000.50.")
    amount = Decimal(plain)
    if abs(amount) > MAX_AMOUNT:
        raise ValueError("That is more than Keel can take: at most 1,000,000,000,000.")
    if not currency:
        if amount != round(amount, 3):
            raise ValueError("No currency has more than three digits after the point.")
    elif not money.is_on_minor_unit(amount, currency):
        raise ValueError(f"{currency} has {money.minor_digits(currency)} digits after the point.")
    return amount


def _plain(text: str) -> str | None:
    """Digits, a point and a sign, without grouping; None for what is no number, or a very long one."""
    plain = re.sub(r"[\s\u2009\u202f\u00a0']", "", text).replace("\u2212", "-")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d*)?", plain):
        plain = plain.replace(",", "")
    return plain if len(plain) <= 40 and re.fullmatch(r"-?\d+(\.\d*)?|-?\.\d+", plain) else None


def _number(text: str) -> Decimal:
    plain = _plain(text)
    if plain is None:
        raise ValueError(f"“{text[:40]}” is not a number.")
    value = Decimal(plain)
    if abs(value) >= Decimal("1e15") or value != round(value, 4):
        raise ValueError("Write a number with at most four digits after the point.")
    return value


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"“{text[:40]}” is not a date such as 2026-04-30.") from error
    if not 1990 <= day.year < 2200:
        raise ValueError("Choose a day between 1990 and 2199.")
    return day


def _weight(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 100:
        raise ValueError("Write a weight from 1 to 100.")
    return int(text)


def _days(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 1000:
        raise ValueError("Write a number of days from 1 to 1000.")
    return int(text)


def _person(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError("Choose a person.")
    return int(text)


def _legible(raw: object) -> str:
    """A text that every database can keep: no zero bytes, no halves of characters."""
    return "" if raw is None else str(raw).replace("\x00", "").encode("utf-8", "ignore").decode()


class _Cleaner:
    """Collects clean values and the errors beside them; what was typed stays in the content."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def value(
        self, key: str, raw: object, parse: Callable[[str], object], show: Callable[[Any], str] = str
    ) -> str:
        text = _legible(raw).strip()
        if not text:
            return ""
        try:
            return show(parse(text))
        except ValueError as error:
            self.errors[key] = str(error)
            return text

    def text(self, key: str, raw: object, max_length: int) -> str:
        text = _legible(raw).strip()
        if len(text) > max_length:
            self.errors[key] = f"This has {len(text)} characters; at most {max_length} fit."
        return text

    def choice(self, key: str, raw: object, choices: Iterable[str]) -> str:
        text = _legible(raw)
        if text and text not in choices:
            self.errors[key] = f"“{text[:40]}” is not one of {', '.join(choices)}."
        return text


def clean(content: Mapping[str, Any]) -> tuple[Content, dict[str, str]]:
    """The content in its normal form, and what is impossible in it: path of the field -> what to change.

    Missing values are no errors here; `missing` says what a gate lacks. Unknown keys are errors.
    """
    cleaner = _Cleaner()
    result: Content = {}
    for key in content:
        if key not in BY_KEY:
            cleaner.errors[str(key)] = "Keel does not know this field."
    currency = _legible(content.get("currency") or "").strip().upper()
    if currency and currency not in money.CURRENCIES:
        cleaner.errors["currency"] = (
            f"“{currency[:10]}” is not a currency that Keel knows, such as EUR or USD."
        )
    known = currency if currency in money.CURRENCIES else "USD"

    def amount(key: str, raw: object) -> str:
        return cleaner.value(
            key, raw, lambda text: parse_amount(text, known), lambda value: format(value, "f")
        )

    for item in FIELDS:
        raw = content.get(item.key)
        if item.kind in {"text", "long"}:
            result[item.key] = cleaner.text(item.key, raw, item.max_length)
        elif item.kind == "choice":
            result[item.key] = cleaner.choice(item.key, raw, item.choices)
        elif item.kind == "money":
            result[item.key] = amount(item.key, raw)
            if result[item.key].startswith("-"):
                cleaner.errors.setdefault(item.key, "This can't be negative.")
        elif item.kind == "person":
            chosen = cleaner.value(item.key, raw, _person)
            result[item.key] = int(chosen) if chosen and item.key not in cleaner.errors else None
        elif item.kind == "flag":
            result[item.key] = raw in (True, "true", "on", "1", 1)
    result["currency"] = currency
    for low, high in (("cost_low", "cost_high"), ("benefit_low", "benefit_high")):
        if _above(result[low], result[high], cleaner.errors, low, high):
            cleaner.errors[high] = "The high end lies below the low end."
    result["kpis"] = [
        _clean_kpi(cleaner, i, row) for i, row in enumerate(_rows(cleaner, content, "kpis", 12))
    ]
    result["milestones"] = [
        {
            "key": _key(row, "m", i),
            "name": cleaner.text(f"milestones.{i}.name", row.get("name"), 200),
            "due_on": cleaner.value(f"milestones.{i}.due_on", row.get("due_on"), _day),
            "weight": _int_or_one(cleaner.value(f"milestones.{i}.weight", row.get("weight"), _weight)),
        }
        for i, row in enumerate(_rows(cleaner, content, "milestones", 24))
    ]
    result["risks"] = [
        {
            "text": cleaner.text(f"risks.{i}.text", row.get("text"), 1000),
            "response": cleaner.text(f"risks.{i}.response", row.get("response"), 1000),
        }
        for i, row in enumerate(_rows(cleaner, content, "risks", 24))
    ]
    result["similar"] = [
        {
            "reference": cleaner.text(f"similar.{i}.reference", row.get("reference"), 20).upper(),
            "relation": cleaner.choice(f"similar.{i}.relation", row.get("relation"), RELATIONS),
            "explanation": cleaner.text(f"similar.{i}.explanation", row.get("explanation"), 1000),
        }
        for i, row in enumerate(_rows(cleaner, content, "similar", 24))
    ]
    result["stop_when"] = _clean_rules(cleaner, content, result)
    for key in ("stop_rules", "cost_objects"):
        raw = content.get(key) or []
        texts = raw.splitlines() if isinstance(raw, str) else raw if isinstance(raw, list) else []
        result[key] = [text for entry in texts if (text := cleaner.text(key, entry, 300))][:24]
    result["plan"] = _clean_plan(cleaner, content.get("plan"), amount)
    return result, cleaner.errors


def _int_or_one(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 1


def _above(low: str, high: str, errors: Mapping[str, str], low_key: str, high_key: str) -> bool:
    return (
        bool(low and high)
        and low_key not in errors
        and high_key not in errors
        and Decimal(low) > Decimal(high)
    )


def _rows(cleaner: _Cleaner, content: Mapping[str, Any], key: str, most: int) -> list[Mapping[str, Any]]:
    raw = content.get(key) or []
    if not isinstance(raw, list) or not all(isinstance(row, Mapping) for row in raw):
        cleaner.errors[key] = "This must be a list of objects."
        return []
    if len(raw) > most:
        cleaner.errors[key] = f"At most {most} fit; this has {len(raw)}."
    return raw


def _key(row: Mapping[str, Any], prefix: str, index: int) -> str:
    text = re.sub(r"[^a-z0-9-]", "", str(row.get("key") or "").lower())[:40]
    return text or f"{prefix}{index + 1}"


def _clean_kpi(cleaner: _Cleaner, i: int, row: Mapping[str, Any]) -> Content:
    def number(name: str) -> str:
        return cleaner.value(f"kpis.{i}.{name}", row.get(name), _number, lambda value: format(value, "f"))

    return {
        "key": _key(row, "k", i),
        "name": cleaner.text(f"kpis.{i}.name", row.get("name"), 200),
        "unit_of_measure": cleaner.text(f"kpis.{i}.unit_of_measure", row.get("unit_of_measure"), 60),
        "direction": cleaner.choice(f"kpis.{i}.direction", row.get("direction"), DIRECTIONS) or "up",
        "baseline": number("baseline"),
        "baseline_on": cleaner.value(f"kpis.{i}.baseline_on", row.get("baseline_on"), _day),
        "target": number("target"),
        "target_on": cleaner.value(f"kpis.{i}.target_on", row.get("target_on"), _day),
        "method": cleaner.text(f"kpis.{i}.method", row.get("method"), 1000),
    }


def _clean_rules(cleaner: _Cleaner, content: Mapping[str, Any], result: Mapping[str, Any]) -> list[Content]:
    """Stop rules of a kind, each with its sentence, which names the KPI or milestone as the case does."""
    kpis = {kpi["key"]: kpi for kpi in result["kpis"]}
    milestones = {row["key"]: row for row in result["milestones"]}
    cleaned = []
    for i, row in enumerate(_rows(cleaner, content, "stop_when", 24)):
        path = f"stop_when.{i}"
        rule: Content = {
            "kind": cleaner.choice(f"{path}.kind", row.get("kind"), stop_rules.KINDS),
            "kpi": cleaner.choice(f"{path}.kpi", row.get("kpi"), kpis),
            "milestone": cleaner.choice(f"{path}.milestone", row.get("milestone"), milestones),
            "value": cleaner.value(
                f"{path}.value", row.get("value"), _number, lambda value: format(value, "f")
            ),
            "on": cleaner.value(f"{path}.on", row.get("on"), _day),
            "days": cleaner.value(f"{path}.days", row.get("days"), _days),
            "text": cleaner.text(f"{path}.text", row.get("text"), 300),
        }
        kind = stop_rules.KINDS.get(rule["kind"])
        typed = rule["value"] if f"{path}.value" not in cleaner.errors else ""
        if kind and kind.value_is_share and typed and not 0 < Decimal(typed) <= 1000:
            cleaner.errors[f"{path}.value"] = "Write a share above 0 and up to 1000 %."
        if kind and not any(error.startswith(f"{path}.") for error in cleaner.errors):
            rule["text"] = stop_rules.in_words(rule, kpis, milestones) or (
                rule["text"] if rule["kind"] == "words" else ""
            )
        cleaned.append(rule)
    return cleaned


def _clean_plan(cleaner: _Cleaner, raw: object, amount: Callable[[str, object], str]) -> Content:
    plan: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    if raw and not isinstance(raw, Mapping):
        cleaner.errors["plan"] = "The plan must be an object with start, go_live and lines."
    lines = _rows(cleaner, {"plan.lines": plan.get("lines")}, "plan.lines", MAX_LINES)
    result: Content = {
        "start": cleaner.value("plan.start", plan.get("start"), parse_month, lambda month: f"{month:%Y-%m}"),
        "go_live": cleaner.value(
            "plan.go_live", plan.get("go_live"), parse_month, lambda month: f"{month:%Y-%m}"
        ),
        "lines": [],
    }
    if result["start"] and result["go_live"] and not {"plan.start", "plan.go_live"} & set(cleaner.errors):
        gap = months_between(parse_month(result["start"]), parse_month(result["go_live"]))
        if not 0 <= gap < MAX_MONTHS:
            cleaner.errors["plan.go_live"] = "Go-live must lie in the plan, from its first month on."
    for i, line in enumerate(lines):
        path = f"plan.lines.{i}"
        side = cleaner.choice(f"{path}.side", line.get("side"), ("cost", "benefit")) or "cost"
        categories = COST_CATEGORIES if side == "cost" else BENEFIT_CATEGORIES
        category = cleaner.choice(f"{path}.category", line.get("category"), categories) or categories[0]
        if line.get("fill"):
            fill = line["fill"]
            problem = fill.get("problem") if isinstance(fill, Mapping) else ""
            cleaner.errors[f"{path}.fill"] = str(problem or "Give the amounts of the months instead.")
        amounts = line.get("amounts") or []
        if not isinstance(amounts, list) or len(amounts) > MAX_MONTHS:
            cleaner.errors[f"{path}.amounts"] = f"Give a list of at most {MAX_MONTHS} months."
            amounts = []
        cleaned = [amount(f"{path}.amounts.{m}", value) for m, value in enumerate(amounts)]
        while cleaned and not cleaned[-1]:
            cleaned.pop()
        result["lines"].append(
            {
                "key": _key(line, "l", i),
                "side": side,
                "category": category,
                "phase": cleaner.choice(f"{path}.phase", line.get("phase"), ("delivery", "run"))
                or "delivery",
                "is_capex": line.get("is_capex") in (True, "true", "on", "1"),
                "is_cash": line.get("is_cash", category not in NON_CASH_BY_NATURE)
                in (True, "true", "on", "1"),
                "label": cleaner.text(f"{path}.label", line.get("label"), 200),
                "amounts": cleaned,
            }
        )
    for i, line in enumerate(result["lines"]):
        for m, value in enumerate(line["amounts"]):
            if value.startswith("-") and f"plan.lines.{i}.amounts.{m}" not in cleaner.errors:
                cleaner.errors[f"plan.lines.{i}.amounts.{m}"] = "A planned amount can't be negative."
    keys = [line["key"] for line in result["lines"]]
    for i, key in enumerate(keys):
        if key in keys[:i]:
            cleaner.errors[f"plan.lines.{i}.key"] = f"Two lines have the key {key}."
    return result


# Completeness --------------------------------------------------------------------------------


def missing(content: Mapping[str, Any], gate: str) -> dict[str, str]:
    """What the case lacks for a gate: key of the field -> the sentence that says what to add.

    Each gate asks for its own fields and those of the gates before it.
    """
    found: dict[str, str] = {}
    for item in FIELDS:
        if item.gate and item.gate <= gate and not _has(content, item.key):
            found[item.key] = item.asks
    if gate >= "G2" and "kpis" not in found:
        for kpi in content["kpis"]:
            if not kpi.get("baseline") or not kpi.get("baseline_on"):
                found["kpis"] = f"KPI “{kpi.get('name', '')}”: give its baseline and the date of it."
                break
    if gate >= "G2" and "plan" not in found:
        found |= _plan_lacks(content["plan"])
    for i, rule in enumerate(content.get("stop_when") or (), start=1):
        if gate >= "G2" and (lacks := stop_rules.lacking(rule)):
            found["stop_when"] = f"Stop rule {i}: {', '.join(lacks)}."
            break
    return found


def _has(content: Mapping[str, Any], key: str) -> bool:
    value = content.get(key)
    if key == "kpis":
        return any(kpi.get("name") and kpi.get("target") for kpi in value or ())
    if key == "similar":
        answered = [row for row in value or () if row.get("reference") and row.get("relation")]
        return bool(content.get("similar_none")) or (bool(answered) and len(answered) == len(value or ()))
    if key == "plan":
        return bool(value and value.get("start") and value.get("go_live") and value.get("lines"))
    if key == "milestones":
        return any(row.get("name") and row.get("due_on") for row in value or ())
    if key == "risks":
        return any(row.get("text") and row.get("response") for row in value or ())
    if key == "stop_rules":
        return bool(value or content.get("stop_when"))
    return bool(value)


def _plan_lacks(plan: Mapping[str, Any]) -> dict[str, str]:
    costs = [
        line for line in plan["lines"] if line["side"] == "cost" and any(map(_positive, line["amounts"]))
    ]
    benefits = [
        line for line in plan["lines"] if line["side"] == "benefit" and any(map(_positive, line["amounts"]))
    ]
    if not costs:
        return {"plan": "The plan has no cost yet."}
    if not benefits:
        return {"plan": "The plan has no benefit yet."}
    return {}


def _positive(text: str) -> bool:
    return bool(text) and Decimal(text) > 0


# The plan ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlanRow:
    """One line of the plan with an amount for each month from `first_month` on."""

    key: str
    side: str
    category: str
    phase: str
    is_capex: bool
    is_cash: bool
    label: str
    first_month: date
    amounts: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        """The exact sum over all months."""
        return money.total(self.amounts)


@dataclass(frozen=True)
class Plan:
    """A plan by month in one currency."""

    currency: str
    start: date
    go_live: date
    lines: tuple[PlanRow, ...]

    def of(self, side: str) -> tuple[PlanRow, ...]:
        """The lines of one side."""
        return tuple(line for line in self.lines if line.side == side)

    @property
    def cost(self) -> Decimal:
        """Whole-life cost."""
        return money.total([line.total for line in self.of("cost")])

    @property
    def benefit(self) -> Decimal:
        """Whole-life benefit, cash or not."""
        return money.total([line.total for line in self.of("benefit")])

    @property
    def cash_benefit(self) -> Decimal:
        """Whole-life cash benefit."""
        return money.total([line.total for line in self.of("benefit") if line.is_cash])


def plan_of(content: Mapping[str, Any], currency: str) -> Plan | None:
    """The plan of a clean content; None while it has no start, go-live or line."""
    plan = content.get("plan") or {}
    if not (plan.get("start") and plan.get("go_live") and plan.get("lines")):
        return None
    start = parse_month(plan["start"])
    return Plan(
        currency=currency,
        start=start,
        go_live=parse_month(plan["go_live"]),
        lines=tuple(
            PlanRow(
                key=line["key"],
                side=line["side"],
                category=line["category"],
                phase=line["phase"],
                is_capex=line["is_capex"],
                is_cash=line["is_cash"],
                label=line["label"],
                first_month=start,
                amounts=tuple(Decimal(value or "0") for value in line["amounts"]),
            )
            for line in plan["lines"]
            if any(map(_positive, line["amounts"]))
        ),
    )


def whole_life_cost(content: Mapping[str, Any], currency: str) -> Decimal:
    """What the case costs over its life: the plan's sum, or the high end of the range before there is one."""
    plan = plan_of(content, currency)
    if plan is not None and plan.of("cost"):
        return plan.cost
    return Decimal(content.get("cost_high") or "0")


def own_part(seen: Mapping[str, Any], typed: Mapping[str, Any]) -> Content:
    """What somebody really changed: the typed fields that differ from the content that they had opened."""
    cleaned, errors = clean({**seen, **typed})
    wrong = {path.split(".")[0] for path in errors}
    return {key: typed[key] for key in typed if key in wrong or cleaned[key] != seen.get(key)}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields that differ between two contents: key, label, before, after."""
    return [
        {"key": item.key, "label": item.label, "before": old.get(item.key), "after": new.get(item.key)}
        for item in FIELDS
        if (old.get(item.key) or None) != (new.get(item.key) or None)
    ]


def by_row(change: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A change of a field, split into what differs in its rows, with labels for a reader; else itself.

    A row that came or went has its words on one side. The plan is told by the sums of its lines.
    """
    before, after = change["before"], change["after"]
    if change["key"] == "plan":
        before, after = _plan_in_rows(before or {}), _plan_in_rows(after or {})
    if not isinstance(before or [], list) or not isinstance(after or [], list):
        return [dict(change)]
    old, new = _by_key(before or []), _by_key(after or [])
    found = []
    for key in [*old, *(key for key in new if key not in old)]:
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        if was is None or now is None or not isinstance(was, Mapping) or not isinstance(now, Mapping):
            pairs = [("", _row_name(was), _row_name(now))]
        else:
            name = _row_name(was)
            # Where the name itself changed, both names say it all.
            pairs = [
                (
                    "" if was.get(part) == name else f", {name}: {part.replace('_', ' ')}",
                    was.get(part),
                    now.get(part),
                )
                for part in [*was, *(part for part in now if part not in was)]
                if part != "key" and (was.get(part) or None) != (now.get(part) or None)
            ]
        found += [
            {
                "key": f"{change['key']}.{key}",
                "label": f"{change['label']}{more}",
                "before": one,
                "after": other,
            }
            for more, one, other in pairs
        ]
    same = "the same sums in other months" if change["key"] == "plan" else "the same in another order"
    return found or [{**change, "before": "as it was", "after": same}]


def _plan_in_rows(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    span = {"key": "span", "name": "months", "start": plan.get("start"), "go_live": plan.get("go_live")}
    return [span] + [
        {**{part: value for part, value in line.items() if part not in {"amounts", "label"}},
         "name": line.get("label") or line.get("category"),
         "sum": grouped(sum((Decimal(value or "0") for value in line.get("amounts") or ()), Decimal(0)))}
        for line in plan.get("lines") or ()
    ]  # fmt: skip


def _by_key(rows: list[Any]) -> dict[Any, Any]:
    """Rows by their key, texts by themselves, others by their place."""
    return {
        str(row.get("key") or place) if isinstance(row, Mapping) else str(row): row
        for place, row in enumerate(rows)
    }


def _row_name(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    return next((row[part] for part in ("name", "text", "reference", "kind") if row.get(part)), "another row")
