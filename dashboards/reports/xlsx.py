"""The portfolio as a workbook: a sheet of rows, one of totals by live formulas, one that says what it is."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from dashboards.reports.portfolio import COLUMNS, SUMMED, rows, total_name
from dashboards.selectors import Portfolio, cents


def write(portfolio: Portfolio, path: Path, *, by: str, at: datetime, seq: int) -> None:
    """Write the workbook to a path, row by row, in constant memory.

    The totals are formulas over the rows, each given with the value that Keel computed, so that a reader
    without recalculation sees the same figure. Texts never become formulas or links.
    """
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        formats = {
            "money": book.add_format({"num_format": "#,##0.00"}),
            "measure": book.add_format({"num_format": "#,##0.00"}),
            "ratio": book.add_format({"num_format": "0.00"}),
            "points": book.add_format({"num_format": "0.0"}),
            "text": None,
        }
        sheet = book.add_worksheet("Portfolio")
        sheet.freeze_panes(1, 2)
        sheet.set_column(0, 0, 14)
        sheet.set_column(1, 2, 34)
        sheet.set_column(3, len(COLUMNS) - 1, 16)
        for place, column in enumerate(COLUMNS):
            sheet.write_string(0, place, column.heading, head)
        last = 0
        for last, row in enumerate(rows(portfolio), start=1):
            for place, (value, column) in enumerate(zip(row, COLUMNS, strict=True)):
                if value is None or value == "":
                    continue
                if column.kind == "text":
                    sheet.write_string(last, place, str(value))
                else:
                    sheet.write_number(last, place, _number(value, column.kind), formats[column.kind])
        _totals(book, portfolio, last, head, formats["money"])
        _about(book, portfolio, by=by, at=at, seq=seq)


def _number(value: Any, kind: str) -> float:
    if kind == "money":
        return float(Decimal(value))
    return float(cents(value)) if kind == "measure" else round(float(value), 9)


def _totals(book: Any, portfolio: Portfolio, last: int, head: Any, money: Any) -> None:
    sheet = book.add_worksheet("Totals")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 20)
    sheet.write_string(0, 0, "Total", head)
    sheet.write_string(0, 1, "Amount", head)
    known = portfolio.totals.as_dict()
    for line, column in enumerate(SUMMED, start=1):
        letter = _letter(COLUMNS.index(column))
        sheet.write_string(line, 0, column.heading)
        formula = f"=SUM(Portfolio!{letter}2:{letter}{max(last, 1) + 1})"
        sheet.write_formula(line, 1, formula, money, float(known[total_name(column)]))


def _about(book: Any, portfolio: Portfolio, *, by: str, at: datetime, seq: int) -> None:
    sheet = book.add_worksheet("About")
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 60)
    filters = "; ".join(f"{name}: {value}" for name, value in portfolio.filters.items()) or "none"
    lines = (
        ("Exported by", by),
        ("At", f"{at:%d %b %Y %H:%M} UTC"),
        ("Through record", str(seq)),
        ("Filters", filters),
        ("Currency", "amounts in the base currency at planning rates"),
        ("ROI", "NPV divided by the present value of cost; a portfolio's is the ratio of the sums"),
    )
    for line, (label, text) in enumerate(lines):
        sheet.write_string(line, 0, label)
        sheet.write_string(line, 1, text)


def _letter(index: int) -> str:
    return chr(65 + index) if index < 26 else "A" + chr(65 + index - 26)
