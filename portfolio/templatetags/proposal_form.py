"""Small helpers of the proposal form: rows with a blank one, errors at their place, lists as lines."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import isnan
from typing import Any

from django import template

from portfolio import case

register = template.Library()


@register.filter
def with_blank(rows: Sequence[Any] | None, count: int = 1) -> list[Any]:
    """The rows, then `count` empty ones to type into."""
    return [*(rows or ()), *({} for _ in range(count))]


@register.filter
def at(values: Sequence[Any] | None, index: int) -> Any:
    """The value at an index, or an empty text past the end."""
    return values[index] if values and index < len(values) else ""


@register.filter
def lines(values: Sequence[str] | None) -> str:
    """One text a line."""
    return "\n".join(values or ())


@register.filter
def words(text: str) -> str:
    """A key as words."""
    return text.replace("_", " ")


@register.filter
def sum_of(amounts: Sequence[str]) -> Decimal | None:
    """The sum of typed amounts; None while one of them can't be read."""
    try:
        return sum((Decimal(str(amount).replace(",", "") or "0") for amount in amounts), Decimal(0))
    except InvalidOperation:
        return None


@register.filter
def in_short(value: object) -> str:
    """A value of a case in a line: a text as it is, rows by their names, a plan by its lines."""
    if isinstance(value, Mapping):
        return ", ".join(str(line.get("label") or line.get("category")) for line in value.get("lines") or ())
    if isinstance(value, Sequence) and not isinstance(value, str):
        named = ("name", "text", "reference")
        return "; ".join(
            str(next((row[key] for key in named if row.get(key)), ""))
            if isinstance(row, Mapping)
            else str(row)
            for row in value
        )
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not stated" if value in (None, "") else str(value)


@register.filter
def field_words(path: str) -> str:
    """The words for the path of an error, such as 'KPIs, row 1, target'."""
    first, *rest = path.split(".")
    label = case.BY_KEY[first].label if first in case.BY_KEY else words(first)
    return ", ".join([label, *(f"no. {int(part) + 1}" if part.isdigit() else words(part) for part in rest)])


@register.filter
def field_anchor(path: str) -> str:
    """The id of the control for the path of an error: a month's own, else the field's."""
    parts = path.split(".")
    return f"id_{path}" if len(parts) > 1 and not parts[-1].isdigit() else f"id_{parts[0]}"


@register.filter
def months(value: float | None) -> str:
    """A payback in months, or 'never'."""
    if value is None or isnan(value):
        return "never"
    return "1 month" if round(value) == 1 else f"{value:.0f} months"


@register.simple_tag
def cell_name(whole: object, path: object, n: object, name: object) -> str:
    """The name of a control in a row, such as 'kpis.0.target'; or the whole name, if given."""
    return str(whole) if whole else f"{path}.{n}.{name}"


@register.simple_tag
def error_at(errors: Mapping[str, str], *parts: object) -> str:
    """The error at the path that the parts make."""
    return errors.get(".".join(str(part) for part in parts), "")


@register.simple_tag
def errors_under(errors: Mapping[str, str], *parts: object) -> list[str]:
    """All errors below a path, each with its place."""
    start = ".".join(str(part) for part in parts) + "."
    return [f"{field_words(path)}: {text}" for path, text in errors.items() if path.startswith(start)]
