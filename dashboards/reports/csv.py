"""The portfolio as CSV: texts can't become formulas, amounts are plain decimals."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from dashboards.reports.portfolio import COLUMNS, ReportColumn, rows
from dashboards.selectors import Portfolio, cents
from portfolio.imports.report import safe


class _Line:
    """Gives each written line back, so that rows stream instead of gathering."""

    def write(self, text: str) -> str:
        return text


def stream(portfolio: Portfolio) -> Iterator[str]:
    """The file line by line, beginning with a byte order mark for spreadsheets."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow([column.heading for column in COLUMNS])
    for row in rows(portfolio):
        yield writer.writerow([cell(value, column) for value, column in zip(row, COLUMNS, strict=True)])


def cell(value: Any, column: ReportColumn) -> str:
    """One value as text; unknown is an empty cell."""
    if value is None or value == "":
        return ""
    if column.kind == "money":
        return format(Decimal(value), ".2f")
    if column.kind == "measure":
        return format(cents(value), ".2f")
    if column.kind == "text":
        return safe(str(value))
    return repr(round(float(value), 6))
