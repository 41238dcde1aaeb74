"""Small helpers of the proposal form: rows with a blank one, errors at their place, lists as lines."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
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
def field_words(path: str) -> str:
    """The words for the path of an error, such as 'KPIs, row 1, target'."""
    first, *rest = path.split(".")
    label = case.BY_KEY[first].label if first in case.BY_KEY else words(first)
    return ", ".join([label, *(f"no. {int(part) + 1}" if part.isdigit() else words(part) for part in rest)])


@register.filter
def months(value: float | None) -> str:
    """A payback in months, or 'never'."""
    return "never" if value is None or value != value else f"{value:.0f} months"  # noqa: PLR0124


@register.simple_tag
def error_at(errors: Mapping[str, str], *parts: object) -> str:
    """The error at the path that the parts make."""
    return errors.get(".".join(str(part) for part in parts), "")


@register.simple_tag
def errors_under(errors: Mapping[str, str], *parts: object) -> list[str]:
    """All errors below a path, each with its place."""
    start = ".".join(str(part) for part in parts) + "."
    return [f"{field_words(path)}: {text}" for path, text in errors.items() if path.startswith(start)]
