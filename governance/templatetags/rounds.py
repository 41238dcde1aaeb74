"""Rows of a frozen pack on a page: what was typed at one, and words for codes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template

from governance.models import Departure, Signature, Verb
from portfolio.templatetags import figures

register = template.Library()


@register.simple_tag
def vote_at(typed: Mapping[str, Any], item: int, left_to: str = "") -> str:
    """The vote that was chosen for an item; before that in favour, or none on what is left to a body."""
    return str(typed.get(f"vote_{item}", "" if left_to else Signature.Vote.FOR.value))


@register.simple_tag
def reason_at(typed: Mapping[str, Any], item: int) -> str:
    """The reason that was typed for an item."""
    return str(typed.get(f"reason_{item}", ""))


@register.filter
def verb_words(verb: str) -> str:
    """'Go with conditions'."""
    return Verb(verb).label


@register.filter
def departure_words(kind: str) -> str:
    """How a proposal departs from the rank order."""
    return Departure.Kind(kind).label


@register.filter
def price_words(price: str | Decimal | None) -> str:
    """'gains 140 000' or 'loses 90 000'."""
    if price in {None, ""}:
        return "expected value not stated"
    amount = Decimal(str(price))
    return f"{'gains' if amount >= 0 else 'loses'} {figures.money(abs(amount), 0)}"
