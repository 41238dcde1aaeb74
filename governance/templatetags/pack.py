"""A frozen pack keeps amounts, ratios and days as texts; pages show them as what they are."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import template

from accounts.models import User
from portfolio import case
from portfolio.templatetags import figures

register = template.Library()

# Fields that hold the number of a person.
PARTS = frozenset({"owner_id", "sponsor_id", "benefit_owner_id", "owner", "sponsor"})


@register.filter
def amount(text: str | None) -> Decimal | None:
    """The amount of a text."""
    return Decimal(text) if text else None


@register.filter
def number(text: str | None) -> float | None:
    """The number of a text."""
    return float(text) if text else None


@register.filter
def iso_day(text: str | None) -> str:
    """The day of a text, as people write it."""
    return figures.day(date.fromisoformat(text) if text else None)


@register.simple_tag
def score_words(score: Mapping[str, str], dimension: str) -> str:
    """'60.0', or '60.0 to 70.0' while something is unknown."""
    low, high = score[f"{dimension}_low"], score[f"{dimension}_high"]
    return low if low == high else f"{low} to {high}"


@register.filter
def by_row(changes: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """What changed, row by row, with the names of people in place of their numbers; one query at most."""
    rows = [row for change in changes or () for row in case.by_row(change)]
    people = [row for row in rows if row["key"] in PARTS]
    if people:
        ids = {row[side] for row in people for side in ("before", "after") if row[side]}
        names = dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))
        for row in people:
            row["before"], row["after"] = names.get(row["before"]), names.get(row["after"])
    return rows


@register.filter
def in_words(value: Any) -> str:
    """A value of a pack or a case in a few words."""
    match value:
        case None | "":
            return "not stated"
        case Mapping():
            version = value.get("version")
            return str(
                value.get("name") or (f"version {version}" if version else value.get("low") or "other values")
            )
        case list():
            return "1 entry" if len(value) == 1 else f"{len(value)} entries"
    text = str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
