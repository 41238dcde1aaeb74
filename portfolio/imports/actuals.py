"""Monthly actuals from finance, as a CSV or XLSX file. Without Django.

The file has a header and one line for each posting. The separator is `,` or `;`, the text UTF-8 (with or
without a BOM) or Windows-1252. Columns in any order, others are ignored:

    reference      the initiative, such as AI-2026-0042 \\ at least one of the three;
    cost_object    or what the ERP books on             } what fits no initiative goes to the
    supplier       or whom it pays                     /  unmatched postings
    service_month  when the work was done: 2026-03; required
    booked_month   when it was booked; without it the service month
    kind           cost (0 or more) or credit_note (0 or less); required
    category       people, licence, cloud, data, change, incident or decommissioning; required
    amount         1234.50 or 1,234.50; in a file with semicolons 1234,50 or 1.234,50 as well; required.
                   A minus may stand before or behind. A thousands mark needs its decimals, because
                   1,234 means different things to different people.
    currency       ISO 4217; required. The amount lies on its smallest coin.
    document       the ERP's number of the document
    text           what it was for

The last line may be a control total: `control_total;AMOUNT`, the sum of the amounts of all lines as they
stand, whatever their currency; or one such line for each currency, `control_total;AMOUNT;EUR`. A total that
doesn't fit refuses the file.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct

from portfolio import money
from portfolio.imports import cells
from portfolio.imports.readers import Column, Table, TableRow, read_table, words
from portfolio.imports.rows import FileRefused, Rejection, row_hash

TRAILER = "control_total"
ENCODINGS = ("cp1252",)
KINDS = ("cost", "credit_note")
CATEGORIES = ("people", "licence", "cloud", "data", "change", "incident", "decommissioning")
LONGEST = {"reference": 60, "cost_object": 60, "document": 60, "supplier": 200, "text": 300}
COLUMNS = (
    *(Column(name) for name in ("service_month", "kind", "category", "amount", "currency")),
    *(Column(name, required=False) for name in ("booked_month", *LONGEST)),
)
_POINT = re.compile(r"[+-]?(?:\d{1,15}|\d{1,3}(?:,\d{3})+(?=\.))(?:\.\d{1,6})?-?", re.ASCII)
_COMMA = re.compile(r"[+-]?(?:\d{1,15}|\d{1,3}(?:\.\d{3})+(?=,))(?:,\d{1,6})?-?", re.ASCII)
_EITHER_WAY = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+-?", re.ASCII)


class ActualRow(Struct, frozen=True):
    """One posting as finance sent it. Months are their first day."""

    row_number: int
    reference: str
    cost_object: str
    service_month: date
    booked_month: date
    kind: str
    category: str
    amount: Decimal
    currency: str
    document: str
    supplier: str
    text: str
    row_hash: str


class Actuals(Struct, frozen=True):
    """A file of actuals: each line is in exactly one of `rows` and `rejections`."""

    rows: tuple[ActualRow, ...]
    rejections: tuple[Rejection, ...]
    control_total: Decimal | None
    file_hash: str

    @property
    def count(self) -> int:
        """The number of lines below the header, the control total left out."""
        return len(self.rows) + len(self.rejections)


def read_actuals(
    content: bytes, *, control_total: Decimal | None = None, currencies: Collection[str] = money.CURRENCIES
) -> Actuals:
    """Read a file of actuals as the module's docstring describes it.

    `control_total` comes from beside the file and is checked like one inside. Raises FileRefused for a file
    that is no such table and for a control total that the lines don't add up to.
    """
    table = read_table(content, COLUMNS, encodings=ENCODINGS, trailer=TRAILER)
    if not {"reference", "cost_object", "supplier"} & table.at.keys():
        raise FileRefused("The file lacks a column “reference” or “cost_object”.")
    results = [row if isinstance(row, Rejection) else _row(table, row, currencies) for row in table.rows]
    stated = _control_totals(table)
    if control_total is not None:
        _check_total(_sum(table), control_total, "")
    for currency, total in stated.items():
        _check_total(_sum(table, currency), total, currency)
    return Actuals(
        rows=tuple(result for result in results if isinstance(result, ActualRow)),
        rejections=tuple(result for result in results if isinstance(result, Rejection)),
        control_total=stated.get("", control_total),
        file_hash=table.file_hash,
    )


def amount(text: str, separator: str) -> Decimal | None:
    """The amount of a cell in a file with this separator, or None when it is none or can be read two ways."""
    plain = text.strip()
    if _EITHER_WAY.fullmatch(plain) and (separator == ";" or "," in plain):
        return None
    comma_is_the_point = separator == ";" and plain.rfind(",") > plain.rfind(".")
    pattern, thousands, point = (_COMMA, ".", ",") if comma_is_the_point else (_POINT, ",", ".")
    if not pattern.fullmatch(plain) or (plain.endswith("-") and plain[0] in "+-"):
        return None
    digits = plain.replace(thousands, "").replace(point, ".")
    return -Decimal(digits[:-1]) if digits.endswith("-") else Decimal(digits)


def _row(table: Table, row: TableRow, currencies: Collection[str]) -> ActualRow | Rejection:
    def cell(name: str) -> str:
        return table.cell(row, name).strip()

    def reject(column: str, reason: str) -> Rejection:
        return Rejection(row.number, column, table.cell(row, column), reason)

    texts = {name: words(table.cell(row, name)) for name in LONGEST}
    for name, longest in LONGEST.items():
        if len(texts[name]) > longest:
            return reject(name, f"The text is longer than {longest} characters.")
    if not (texts["reference"] or texts["cost_object"] or texts["supplier"]):
        return reject("reference", "Name the initiative, the cost object or at least the supplier.")
    service_month = cells.month(cell("service_month"))
    if service_month is None:
        return reject("service_month", "Not a month such as 2026-03.")
    booked_month = cells.month(cell("booked_month")) if cell("booked_month") else service_month
    if booked_month is None:
        return reject("booked_month", "Not a month such as 2026-03.")
    kind = cell("kind").casefold()
    if kind not in KINDS:
        return reject("kind", f"Not one of: {', '.join(KINDS)}.")
    category = cell("category").casefold()
    if category not in CATEGORIES:
        return reject("category", f"Not one of: {', '.join(CATEGORIES)}.")
    currency = cell("currency").upper()
    if currency not in currencies:
        return reject(
            "currency", "Not a currency that Keel knows." if currency else "The currency is missing."
        )
    value = amount(cell("amount"), table.separator)
    if value is None:
        return reject("amount", _why_no_amount(cell("amount")))
    if not money.is_on_minor_unit(value, currency):
        return reject("amount", f"Finer than the smallest coin, {money.minor_unit(currency)} {currency}.")
    if (value < 0) if kind == "cost" else (value > 0):
        return reject("amount", "A cost is 0 or more." if kind == "cost" else "A credit note is 0 or less.")
    return ActualRow(
        row_number=row.number,
        service_month=service_month,
        booked_month=booked_month,
        kind=kind,
        category=category,
        amount=value,
        currency=currency,
        row_hash=row_hash(table.columns, row.cells),
        **texts,
    )


def _why_no_amount(text: str) -> str:
    if not text:
        return "The amount is missing."
    if _EITHER_WAY.fullmatch(text):
        return "Can be read in two ways: write it without a thousands mark, or with its decimals."
    return "Not a number."


def _sum(table: Table, currency: str = "") -> Decimal | None:
    """The sum of the amounts as they stand, or None when one can't be read and so no total can be checked."""
    found = []
    for row in table.rows:
        if isinstance(row, Rejection):
            return None
        if currency and table.cell(row, "currency").strip().upper() != currency:
            continue
        value = amount(table.cell(row, "amount"), table.separator)
        if value is None:
            return None
        found.append(value)
    return money.total(found)


def _control_totals(table: Table) -> Mapping[str, Decimal]:
    """The control totals in the file by currency; under the empty text the one over all."""
    totals: dict[str, Decimal] = {}
    for trailer in table.trailers:
        said = [cell.strip() for cell in trailer[1:] if cell.strip()]
        total = amount(said[0], table.separator) if said else None
        if total is None or len(said) > 2:
            raise FileRefused("The control total can't be read. Write: control_total;AMOUNT")
        currency = said[1].upper() if len(said) == 2 else ""
        if currency in totals:
            raise FileRefused("The file states the same control total twice.")
        totals[currency] = total
    return totals


def _check_total(added: Decimal | None, stated: Decimal, currency: str) -> None:
    """Refuse the file when its lines add up to something else.

    A line whose amount can't be read is rejected by itself, and a file with a rejected line books nothing.
    """
    if added is not None and added != stated:
        raise FileRefused(
            f"The control total is {stated:,f} {currency}".rstrip() + f", but the lines add up to {added:,f}."
        )
