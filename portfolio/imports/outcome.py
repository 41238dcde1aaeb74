"""What became of a file: the counts, the report line by line, and the batch that the database keeps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from ledger.services import Act
from portfolio.imports.report import ReportLine
from portfolio.imports.rows import Rejection
from portfolio.models import ImportBatch, ImportRemark, ReferenceCounter

LONGEST_COLUMN = 300


@dataclass(frozen=True)
class Outcome:
    """The result of one import; `rows` is the sum of the other four counts.

    `batch` is what the database keeps of it: for a file that was taken before, the batch of then; None for a
    dry run. `refusal` is the sentence that says why a file that could be read was not taken.
    """

    about_date: date
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    lines: tuple[ReportLine, ...] = field(repr=False)
    batch: ImportBatch | None = None
    refusal: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """The counts by name, for people and programs."""
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }


def one_import_at_a_time() -> None:
    """Wait until no other import runs, so that none takes a row that another one is taking."""
    ReferenceCounter.objects.get_or_create(year=0)
    ReferenceCounter.objects.select_for_update().get(year=0)


def rejection_lines(rejections: Iterable[Rejection]) -> Iterator[ReportLine]:
    """The report's lines for rows that were not taken."""
    for rejection in rejections:
        yield ReportLine(
            rejection.row_number,
            "rejected",
            column=rejection.column,
            value=rejection.value,
            reason=rejection.reason,
        )


def keep_remarks(act: Act, batch: ImportBatch, lines: Sequence[ReportLine]) -> None:
    """Add the lines that say why or how as facts of the batch; the other ones say no more than its rows."""
    act.add_many(
        ImportRemark,
        [
            ImportRemark(
                batch=batch,
                row_number=line.row_number,
                is_rejection=line.outcome == "rejected",
                column=line.column[:LONGEST_COLUMN],
                value=line.value,
                reason=line.reason,
            )
            for line in lines
            if line.reason
        ],
    )
