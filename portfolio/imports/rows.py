"""What a profile makes of a row, without Django: the row of a source in Keel's words, or a rejection.

Every data row of a file gives exactly one of both. A row may be taken with remarks for cells that could
not be read or were read in a way worth saying; `raw` keeps every cell as it stood.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct


class FileRefused(Exception):
    """The file as a whole can't be taken; the sentence says what to change."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Remark(Struct, frozen=True):
    """A cell that was read in a way worth saying: the column, what stands there, what was made of it."""

    column: str
    value: str
    reading: str


class Rejection(Struct, frozen=True):
    """A row that was not taken, and why. Row 1 is the first row below the header."""

    row_number: int
    column: str
    value: str
    reason: str


class StatedDate(Struct, frozen=True):
    """A date as its source states it: the first day of what was said, and how precise that is."""

    kind: str
    text: str
    day: date | None = None
    precision: str = ""  # day, month, quarter or year
    reason_absent: str = ""


class StatedFigure(Struct, frozen=True):
    """An amount that a source states for a period. It is never spread over months nor added to postings."""

    measure: str
    period: str
    period_start: date | None
    period_end: date | None
    amount: Decimal | None
    currency: str
    reason_absent: str = ""


class StatedRatio(Struct, frozen=True):
    """A fraction or percentage that a source states: kept as it was said, never computed with."""

    measure: str
    percent: Decimal | None
    reason_absent: str = ""


class Assessment(Struct, frozen=True):
    """What somebody outside says about delivery, and who said it."""

    by: str
    rating: str
    reason_absent: str = ""


class SourceRow(Struct, frozen=True, kw_only=True):
    """One row of a source in Keel's words, beside the row itself."""

    row_number: int
    system: str
    external_id: str
    about_date: date
    unit_path: tuple[str, ...]
    unit_code: str = ""
    tags: tuple[str, ...] = ()
    title: str
    problem: str = ""
    expected_benefit: str = ""
    domain: str = ""
    domain_text: str = ""
    domain_class: str = ""
    stage: str = ""
    stage_text: str = ""
    dates: tuple[StatedDate, ...] = ()
    risk_hint: str = ""  # high, not_high, or nothing when the source does not say
    risk_text: str = ""
    stated_figures: tuple[StatedFigure, ...] = ()
    stated_ratios: tuple[StatedRatio, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    same_as_row: int | None = None
    remarks: tuple[Remark, ...] = ()
    raw: dict[str, str]
    row_hash: str

    def day(self, kind: str) -> date | None:
        """The first day of the stated date of a kind, if it could be read."""
        return next((stated.day for stated in self.dates if stated.kind == kind), None)


def row_hash(columns: Sequence[str], cells: Sequence[str]) -> str:
    """SHA-256 over every column name and cell of a row, in the order of the source."""
    text = json.dumps([columns, cells], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
