"""Figures, dates and marks as Keel writes them: one way everywhere.

Digits are grouped by a narrow space that does not break, a negative number has a true minus, and
what is not known reads "not stated", never 0 and never a dash. The filters only format; rounding
here is for the eye, and the exact figure stays reachable in a title or a table.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import isnan

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger import clock
from portfolio import wording
from portfolio.wording import MINUS, THIN

register = template.Library()

NOT_STATED = "not stated"

Number = Decimal | int | float

# Written out, so that the month does not depend on the locale of the server.
MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)

# From the largest, so that the first that fits is the one to use.
STEPS = ((Decimal("1e9"), "bn"), (Decimal("1e6"), "M"), (Decimal("1e3"), "k"))

# Outcome and status in any spelling that the models use, and the shape that stands beside the word.
SHAPES = {
    "met": "disc",
    "green": "disc",
    "partly_met": "half",
    "partly": "half",
    "amber": "half",
    "failed": "ring",
    "red": "ring",
    "stopped_early": "square",
}
TONES = {
    "disc": "met",
    "half": "partly",
    "ring": "failed",
    "square": "stopped",
    "dash": "unknown",
}
WORDS = {
    "met": "met",
    "partly_met": "partly met",
    "partly": "partly met",
    "failed": "failed",
    "stopped_early": "stopped early",
    "too_early": "too early to say",
    "too_early_to_say": "too early to say",
    "green": "green",
    "amber": "amber",
    "red": "red",
    "grey": "not reported",
}


def _decimal(value: Number) -> Decimal:
    # repr keeps the shortest digits of a float, so 0.1 stays 0.1.
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float | Decimal) and isnan(value))


@register.filter
def money(value: Number | None, digits: int = 2) -> str:
    """Write an amount exactly, without its currency: 1 234 567.00."""
    if value is None or _missing(value):
        return NOT_STATED
    return wording.grouped(_decimal(value), digits)


@register.filter
def typed(text: str) -> str:
    """What stands in a field of an amount: plain digits grouped, anything else as it was typed."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", str(text)):
        return str(text)
    whole, point, rest = str(text).partition(".")
    return f"{wording.grouped(Decimal(whole), 0)}{point}{rest}"


@register.filter
def count(value: Number | None) -> str:
    """Write a whole number, grouped: 12 480."""
    return money(value, 0)


@register.filter
def compact(value: Number | None) -> str:
    """Write an amount for a card, with three digits that count: 1.24 M, 310 k, 950."""
    if value is None or _missing(value):
        return NOT_STATED
    exact = _decimal(value)
    for size, unit in STEPS:
        # 999 950 reads 1 M, not 1000 k: a unit begins where rounding to three digits reaches it.
        if abs(exact) >= size * Decimal("0.9995"):
            shown = exact / size
            digits = 2 if abs(shown) < Decimal("9.995") else 1 if abs(shown) < Decimal("99.95") else 0
            return f"{wording.trimmed(wording.grouped(shown, digits))}{THIN}{unit}"
    return wording.grouped(exact, 0 if exact == exact.to_integral_value() else 2)


@register.filter
def signed(value: Number | None, digits: int = 0) -> str:
    """Write a difference with its sign: +1 234 or a true minus; nothing before zero."""
    if value is None or _missing(value):
        return NOT_STATED
    text = wording.grouped(_decimal(value), digits)
    is_zero = not any(digit in text for digit in "123456789")
    return text if is_zero or text.startswith(MINUS) else f"+{text}"


@register.filter
def ratio(value: Number | None, digits: int = 2) -> str:
    """Write a ratio such as an ROI with two decimals: 0.28."""
    return money(value, digits)


@register.simple_tag
def with_non_cash(cash: Number | None, everything: Number | None) -> str:
    """The return that counts non-cash benefits too, where it differs from the headline; else nothing."""
    if cash is None or everything is None or everything == cash:
        return ""
    return f"{ratio(everything)} including non-cash"


@register.filter
def percent(value: Number | None, digits: int = 0) -> str:
    """Write a fraction as a percentage: 0.283 is 28 %."""
    if value is None or _missing(value):
        return NOT_STATED
    return wording.percent(_decimal(value), digits)


@register.filter
def share(per_mille: int) -> str:
    """Write a share in thousandths as a percentage: 250 is 25 %, 125 is 12.5 %."""
    return wording.share(per_mille)


@register.filter
def points(value: Number | None, digits: int = 1) -> str:
    """Write a score or its part out of 100, with one decimal at most: 78, 61.5."""
    if value is None or _missing(value):
        return NOT_STATED
    return wording.trimmed(wording.grouped(_decimal(value), digits))


@register.filter
def plain(value: Number | None) -> str:
    """Write a number for an attribute that a machine reads: 1234.5, empty when not known."""
    if value is None or _missing(value):
        return ""
    return f"{_decimal(value).normalize():f}"


@register.filter
def known(value: object) -> object:
    """Say "not stated" for what is missing; zero is a statement and stays."""
    return NOT_STATED if _missing(value) else value


def _local(when: date) -> date:
    return timezone.localtime(when) if isinstance(when, datetime) and timezone.is_aware(when) else when


@register.filter
def month(when: date | None) -> str:
    """Write a month: Mar 2026."""
    if when is None or _missing(when):
        return NOT_STATED
    local = _local(when)
    return f"{MONTHS[local.month - 1]} {local.year}"


@register.filter
def day(when: date | None) -> str:
    """Write a day: 12 Mar 2026; a moment by the reader's time zone."""
    if when is None or _missing(when):
        return NOT_STATED
    return f"{_local(when).day} {month(when)}"


@register.filter
def moment(when: datetime | None) -> str:
    """Write a moment to the minute: 21 Nov 2026 14:05."""
    if when is None or _missing(when):
        return NOT_STATED
    return f"{day(when)} {_local(when):%H:%M}"


def _in_words(days: int) -> str:
    """Say a number of days in the largest unit that still counts at least two."""
    for size, unit in ((365, "years"), (30, "months"), (7, "weeks")):
        if days >= 2 * size:
            return f"{days // size} {unit}"
    return "1 day" if days == 1 else f"{days} days"


def _as_date(when: date) -> date:
    local = _local(when)
    return local.date() if isinstance(local, datetime) else local


def _dated(when: date, words: str, css: str = "") -> SafeString:
    title = moment(when) if isinstance(when, datetime) else day(when)
    if css:
        return format_html(
            '<time class="{}" datetime="{}" title="{}">{}</time>',
            css,
            when.isoformat(),
            title,
            words,
        )
    return format_html('<time datetime="{}" title="{}">{}</time>', when.isoformat(), title, words)


@register.filter
def ago(when: date | None, on: date | None = None) -> str:
    """Say how long ago (or how far ahead) in words, with the date behind it.

    `on` is the day to count from; without it the present. Within a day a moment is told in hours
    and minutes, a date as today.
    """
    if when is None or _missing(when):
        return NOT_STATED
    if isinstance(when, datetime) and on is None:
        elapsed = clock.now() - (when if timezone.is_aware(when) else timezone.make_aware(when))
        if timedelta(0) <= elapsed < timedelta(days=1):
            return _dated(when, _hours_ago(elapsed))
    days = (_as_date(on if on is not None else clock.now()) - _as_date(when)).days
    if days == 0:
        return _dated(when, "today")
    return _dated(when, f"{_in_words(days)} ago" if days > 0 else f"in {_in_words(-days)}")


def _hours_ago(elapsed: timedelta) -> str:
    minutes = int(elapsed.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return "1 minute ago" if minutes == 1 else f"{minutes} minutes ago"
    return "1 hour ago" if minutes < 120 else f"{minutes // 60} hours ago"


@register.filter
def due(when: date | None, on: date | None = None) -> str:
    """Say when something is due: in 2 days, today, overdue 1 day; with the date behind it."""
    if when is None or _missing(when):
        return NOT_STATED
    days = (_as_date(when) - _as_date(on if on is not None else clock.now())).days
    if days < 0:
        return _dated(when, f"overdue {_in_words(-days)}", "overdue")
    return _dated(
        when,
        "today" if days == 0 else f"in {_in_words(days)}",
        "due-soon" if days <= 2 else "due",
    )


@register.filter
def age(days: int | timedelta | None) -> str:
    """Say an age in words: 6 days, 3 months."""
    if days is None or _missing(days):
        return NOT_STATED
    return _in_words(days.days if isinstance(days, timedelta) else days)


@register.filter
def fiscal_year(year: int | None) -> str:
    """Write a fiscal year: FY2026."""
    return NOT_STATED if year is None or _missing(year) else f"FY{year}"


def _key(value: object) -> str:
    return str(value).strip().lower().replace("-", "_").replace(" ", "_").removeprefix("on_course_to_")


@register.filter
def shape(value: object) -> str:
    """Name the shape of an outcome or a status: disc, half, ring, square or dash."""
    return SHAPES.get(_key(value), "dash")


@register.filter
def tone(value: object) -> str:
    """Name the colour of an outcome or a status: met, partly, failed, stopped or unknown."""
    return TONES[shape(value)]


@register.filter
def mark_word(value: object) -> str:
    """Say an outcome or a status in words; what is missing is "not known"."""
    return "not known" if _missing(value) else WORDS.get(_key(value), str(value).replace("_", " "))


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, label: str = "") -> SafeString:
    """Draw one icon of the sprite; without a label it is decoration and hidden from screen readers."""
    address = f"{static('img/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>',
            label,
            address,
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', address)


@register.filter
def paired(cells: Sequence[object], columns: Sequence[object]) -> list[tuple[object, object]]:
    """Put each cell of a table's row beside its column."""
    return list(zip(cells, columns, strict=True))


@register.simple_tag(takes_context=True)
def with_query(context: Context, name: str, value: object) -> str:
    """Write the present address with one parameter changed; a new order or filter starts at page one."""
    query = context["request"].GET.copy()
    if name != "page":
        query.pop("page", None)
    query[name] = str(value)
    return f"?{query.urlencode()}"
