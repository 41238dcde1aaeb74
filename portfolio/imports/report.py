"""What became of each row of an import, as a CSV that is safe to open in a spreadsheet. Without Django."""

import csv
import io
from collections.abc import Iterable

from msgspec import Struct

HEADER = ("row", "outcome", "external_id", "column", "value", "reason")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class ReportLine(Struct, frozen=True):
    """One line of the report: a rejection, a remark, or what was done with a row."""

    row_number: int
    outcome: str  # created, updated, unchanged, rejected, remark, unmatched or moved
    external_id: str = ""
    column: str = ""
    value: str = ""
    reason: str = ""


def safe(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def as_csv(lines: Iterable[ReportLine]) -> str:
    """The report with a header, in the order of the rows of the file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for line in sorted(lines, key=lambda line: line.row_number):
        texts = (line.outcome, line.external_id, line.column, line.value, line.reason)
        writer.writerow([line.row_number, *map(safe, texts)])
    return out.getvalue()
