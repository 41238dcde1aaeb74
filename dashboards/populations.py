"""Populations for an auditor: complete lists of what was recorded, each with its count and its gaps."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Count, Max, Min, QuerySet

from ledger.facts import Fact, fact_models
from ledger.models import LedgerEntry
from portfolio.imports.report import safe

# What an auditor asks for first, in groups. Every other fact of the two rooms where rights and decisions are
# made follows by itself, so that a new kind of fact is in the pack on the day on which it exists. Ratings are
# left out: they are blind until a scoring closes.
GROUPS: dict[str, tuple[str, ...]] = {
    "Initiatives": (
        "portfolio.Initiative",
        "portfolio.StageChange",
        "portfolio.Appointment",
        "portfolio.Classification",
        "portfolio.Hold",
        "portfolio.OutcomeSet",
    ),
    "Decisions": (
        "governance.SigningRound",
        "governance.SigningRoundEnd",
        "governance.Signature",
        "governance.Decision",
        "governance.Condition",
        "governance.StopRule",
        "governance.GatePassage",
        "governance.BoardResolution",
        "governance.Waiver",
    ),
    "Money": (
        "governance.Envelope",
        "governance.EnvelopeChange",
        "governance.EnvelopeConfirmation",
        "governance.Commitment",
        "governance.Tranche",
        "governance.TrancheRequest",
        "governance.TrancheRelease",
        "governance.ReleaseLine",
        "portfolio.BenefitClaim",
        "portfolio.Attestation",
        "portfolio.PeriodClose",
        "portfolio.ImportBatch",
    ),
    "Rights": (
        "accounts.User",
        "accounts.RoleGrant",
        "accounts.RoleConfirmation",
        "accounts.RoleRevocation",
        "accounts.SegregationException",
        "accounts.Attempt",
    ),
    "Configuration": (
        "governance.GateItem",
        "governance.AuthorityStep",
        "governance.Seat",
        "scoring.ScoringModel",
        "scoring.Criterion",
        "scoring.ModelProposal",
        "scoring.ModelApproval",
        "portfolio.RateSet",
        "portfolio.RateSetConfirmation",
        "accounts.UnitPlacement",
    ),
    "Ledger": ("ledger.LedgerEntry", "ledger.SignedHead"),
}
WHOLE_ROOMS = ("accounts", "governance")
# What is no business of an auditor's file.
LEFT_OUT = {"accounts.User": {"password", "last_login", "email"}}
SHOWN_GAPS = 100


@dataclass(frozen=True)
class Population:
    """One complete list: a table of the record, all its columns, in the order of its numbers."""

    key: str
    title: str
    group: str
    model: type[models.Model]

    @property
    def number(self) -> str:
        """The column that numbers its rows."""
        return self.model._meta.pk.name

    def rows(self, seq: int) -> QuerySet[Any]:
        """Its rows up to a record, by number."""
        found: QuerySet[Any] = self.model._default_manager.order_by(self.number)
        if issubclass(self.model, Fact):
            return found.filter(transaction__seq__lte=seq)
        return found.filter(seq__lte=seq) if self.group == "Ledger" else found

    def columns(self) -> list[str]:
        """What each row holds: its own columns, then the record, the moment and the person of a fact."""
        left_out = LEFT_OUT.get(self.model._meta.label, set()) | {"transaction_id"}
        fields = [field.attname for field in self.model._meta.concrete_fields]
        own = [name for name in fields if name not in left_out]
        is_fact = issubclass(self.model, Fact)
        return [*own, *(("transaction__seq", "transaction__at", "transaction__actor_id") if is_fact else ())]


@cache
def populations() -> tuple[Population, ...]:
    """Every list of the pack, in order."""
    facts = {model._meta.label: model for model in fact_models()}
    known = {model._meta.label: model for model in apps.get_models()}
    named = [(group, label) for group, labels in GROUPS.items() for label in labels if label in known]
    listed = {label for _, label in named}
    others = [
        ("Other facts", label)
        for label, model in facts.items()
        if model._meta.app_label in WHOLE_ROOMS and label not in listed
    ]
    return tuple(
        Population(label.replace(".", "-").lower(), _title(known[label]), group, known[label])
        for group, label in [*named, *others]
    )


def _title(model: type[models.Model]) -> str:
    words = _plural(str(model._meta.verbose_name))
    return words[:1].upper() + words[1:]


def _plural(words: str) -> str:
    """Django's own plural only adds an s."""
    if words == "kpi":
        return "KPIs"
    if words.endswith("y") and words[-2] not in "aeiou":
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith(("s", "ch", "sh", "x", "veto")) else f"{words}s"


def population(key: str) -> Population | None:
    """The list of a name."""
    return next((each for each in populations() if each.key == key), None)


@dataclass(frozen=True)
class Extent:
    """How many rows a list has, between which numbers, and how many numbers between them are missing."""

    count: int
    first: int | None
    last: int | None

    @property
    def gaps(self) -> int:
        """How many numbers are missing from 1 to the last one."""
        return 0 if self.last is None else self.last - self.count


def extent(each: Population, seq: int) -> Extent:
    """Counted by the database, in one query."""
    found = (
        each.rows(seq).order_by().aggregate(count=Count("pk"), first=Min(each.number), last=Max(each.number))
    )
    return Extent(found["count"], found["first"], found["last"])


def missing(each: Population, seq: int) -> list[int]:
    """The first of the numbers that are missing."""
    found: list[int] = []
    expected = 1
    for number in each.rows(seq).values_list(each.number, flat=True).iterator(chunk_size=5000):
        while expected < number and len(found) < SHOWN_GAPS:
            found.append(expected)
            expected += 1
        expected = number + 1
        if len(found) >= SHOWN_GAPS:
            break
    return found


WHY_GAPS = {
    True: "The ledger's numbers have no gap: one is missing.",
    False: "A number is drawn before an act is kept; those of acts that were undone stay unused.",
}


def why_gaps(each: Population, found: Extent) -> str:
    """What a gap in the numbers means; empty without one."""
    return WHY_GAPS[each.model is LedgerEntry] if found.gaps else ""


@dataclass
class Written:
    """What was written of a list, as the manifest says it."""

    population: Population
    extent: Extent
    missing: list[int]
    why: str
    sha256: str = ""

    def as_row(self) -> dict[str, Any]:
        """The line of the manifest."""
        return {
            "file": f"{self.population.key}.csv",
            "list": self.population.title,
            "group": self.population.group,
            "count": self.extent.count,
            "first": self.extent.first,
            "last": self.extent.last,
            "gaps": self.extent.gaps,
            "missing": " ".join(map(str, self.missing)),
            "why": self.why,
            "sha256": self.sha256,
        }


class _Line:
    """Gives each written line back, so that rows stream instead of gathering."""

    def write(self, text: str) -> str:
        return text


def lines(each: Population, seq: int) -> Iterator[bytes]:
    """The list as CSV, row by row, beginning with a byte order mark for spreadsheets."""
    writer, columns = csv.writer(_Line()), each.columns()
    yield ("\ufeff" + writer.writerow([name.removeprefix("transaction__") for name in columns])).encode()
    for row in each.rows(seq).values_list(*columns).iterator(chunk_size=2000):
        yield writer.writerow([cell(value) for value in row]).encode()


def cell(value: Any) -> str:
    """One value as text; unknown is an empty cell, and nothing becomes a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return str(value) if isinstance(value, int) else safe(str(value))


def examine(each: Population, seq: int) -> Written:
    """Its extent and gaps, before it is written."""
    found = extent(each, seq)
    return Written(each, found, missing(each, seq) if found.gaps else [], why_gaps(each, found))


def written(each: Population, seq: int, out: Any) -> Written:
    """Write a list to an open file; what was written, with the hash of its bytes."""
    digest, found = hashlib.sha256(), examine(each, seq)
    for line in lines(each, seq):
        digest.update(line)
        out.write(line)
    found.sha256 = digest.hexdigest()
    return found


def reconciled(seq: int) -> dict[str, int]:
    """How many facts the entries of the ledger speak of, and how many rows the tables of facts hold."""
    bodies = LedgerEntry.objects.filter(seq__lte=seq).values_list("body", flat=True)
    spoken = sum(int(json.loads(body).get("facts", 0)) for body in bodies.iterator(chunk_size=5000))
    held = sum(model._default_manager.filter(transaction__seq__lte=seq).count() for model in fact_models())
    return {"facts_in_the_ledger": spoken, "facts_in_the_tables": held}
