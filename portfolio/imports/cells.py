"""Reading one cell: numbers, money and dates as people and spreadsheets write them. Without Django.

Nothing is guessed: a text that can be read in two ways is not read, and the caller says so.
"""

import re
from datetime import date, timedelta
from decimal import Decimal, localcontext

from portfolio.imports.readers import words
from portfolio.imports.rows import StatedDate

_NUMBER = re.compile(r"[+-]?(\d{1,18}|\d{1,3}(,\d{3}){1,5})(\.\d{1,12})?([eE][+-]?\d{1,2})?", re.ASCII)
_NOT_STATED = frozenset({"", "na", "n/a", "n.a.", "none", "not applicable", "not stated", "tbd", "-"})
_STORED_LIMIT = Decimal(2**63 - 1).scaleb(-4)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_SERIAL_DAY_ZERO = date(1899, 12, 30)
_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_YEAR_MONTH_NAME = re.compile(r"(\d{2})-([A-Za-z]{3})", re.ASCII)
_FISCAL_QUARTER = re.compile(r"Q([1-4]) ?FY ?(\d{2})", re.ASCII | re.IGNORECASE)
_ISO_THEN_TEXT = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?: (?P<rest>.*))?", re.ASCII)


def is_not_stated(text: str) -> bool:
    """Whether the cell is empty or says in a word that there is nothing to state."""
    return words(text).casefold() in _NOT_STATED


def number(text: str, symbol: str = "") -> Decimal | None:
    """The number of a cell such as `12,717`, `-0.5` or `2.0E-6`, or None. Commas only between thousands."""
    plain = text.strip()
    if symbol:
        plain = plain.replace(symbol, "", 1).strip()
    return Decimal(plain.replace(",", "")) if _NUMBER.fullmatch(plain) else None


def percent(text: str) -> Decimal | None:
    """The number of a cell such as `-17%` or `-17`, or None."""
    return number(text.strip().removesuffix("%"))


def scaled(value: Decimal, places: int) -> Decimal:
    """The value times 10^places, exactly."""
    with localcontext(prec=60):
        return value.scaleb(places)


def fits(amount: Decimal) -> bool:
    """Whether Keel stores the amount exactly: four digits after the point, within 64 bits."""
    with localcontext(prec=60):
        units = amount.scaleb(4)
        return units == units.to_integral_value() and abs(amount) <= _STORED_LIMIT


def iso_date(kind: str, text: str) -> StatedDate:
    """The date of a cell such as `2024-03-31` or `2024-03-31T00:00:00Z`; else its text as the reason."""
    plain = words(text)
    day = _day(plain.removesuffix("T00:00:00Z"))
    if day is not None:
        return StatedDate(kind, text, day, "day")
    return StatedDate(kind, text, reason_absent="not stated" if is_not_stated(text) else plain)


def us_date(kind: str, text: str) -> tuple[StatedDate, str]:
    """The date of a cell as US agencies write it, and in words what was made of it if that is worth saying.

    Reads month/day/year; a year that a spreadsheet took for a day of 1905; `24-Nov` as November 2024;
    `Q4FY25` as the federal quarter; one ISO date or month with a remark behind it. Nothing else is guessed.
    """
    plain = words(text)
    if is_not_stated(text) or plain.casefold().startswith(("n/a ", "n/a-")):
        return StatedDate(kind, text, reason_absent=plain or "not stated"), ""
    if found := _US_DATE.fullmatch(plain):
        month, day, year = map(int, found.groups())
        stated = _real_day(year, month, day)
        if stated is not None:
            serial = (stated - _SERIAL_DAY_ZERO).days
            if 1990 <= serial <= 2100:
                return (
                    StatedDate(kind, text, date(serial, 1, 1), "year"),
                    f"the year {serial}, which a spreadsheet took for a day of {year}",
                )
            return StatedDate(kind, text, stated, "day"), ""
    elif found := _YEAR_MONTH_NAME.fullmatch(plain):
        month_number = _MONTHS.get(found[2].casefold())
        if month_number is not None:
            stated = date(2000 + int(found[1]), month_number, 1)
            return StatedDate(kind, text, stated, "month"), f"{stated:%Y-%m}"
    elif found := _FISCAL_QUARTER.fullmatch(plain):
        # The federal fiscal year begins in October of the year before.
        quarter, year = int(found[1]), 2000 + int(found[2])
        stated = date(year - 1, 10, 1) if quarter == 1 else date(year, 3 * quarter - 5, 1)
        return StatedDate(kind, text, stated, "quarter"), f"the quarter from {stated}"
    elif (found := _ISO_THEN_TEXT.fullmatch(plain)) and not re.search(r"\d{4}-\d{2}", found["rest"] or ""):
        stated = _real_day(int(found[1]), int(found[2]), int(found[3] or 1))
        if stated is not None:
            precision = "day" if found[3] else "month"
            return StatedDate(kind, text, stated, precision), f"{stated}, to the {precision}"
    return StatedDate(kind, text, reason_absent=plain), "not read: it is not one date"


def month(text: str) -> date | None:
    """The first day of a month such as `2024-03`; a spreadsheet's `2024-03-01` counts as well."""
    plain = text.strip()
    if re.fullmatch(r"\d{4}-\d{2}(-01)?", plain, re.ASCII):
        day = _day(plain[:7] + "-01")
        if day is not None and 1990 <= day.year <= 2100:
            return day
    return None


def last_day_of_march(year: int) -> date:
    """The end of a UK financial year."""
    return date(year, 4, 1) - timedelta(days=1)


def _day(text: str) -> date | None:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return _real_day(int(text[:4]), int(text[5:7]), int(text[8:]))
    return None


def _real_day(year: int, month_number: int, day: int) -> date | None:
    try:
        return date(year, month_number, day)
    except ValueError:
        return None
