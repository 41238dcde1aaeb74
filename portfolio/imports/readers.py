"""From bytes to a table, without Django.

A file that is no table is refused whole. A row that can't be read alone (other encoding, too many or too
few cells) becomes a rejection, so that the rest of the file is not lost with it.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from portfolio.imports.rows import FileRefused, Rejection
from portfolio.imports.workbooks import sheets

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 500_000
HEADER_WITHIN = 20  # rows above the header, such as a title, that a reader looks past
SEPARATORS = (",", ";", "\t", "|")
UTF8_BOM = b"\xef\xbb\xbf"


class Column(Struct, frozen=True):
    """A column that a profile reads. With `prefix`, headers that go on after the name count too."""

    name: str
    prefix: bool = False
    required: bool = True


class TableRow(Struct, frozen=True):
    """One row below the header; row 1 is the first."""

    number: int
    cells: tuple[str, ...]


class Table(Struct, frozen=True):
    """A file as a table: unique column names in order, and for each row its cells or why it has none."""

    columns: tuple[str, ...]
    at: dict[str, int]  # the name a profile uses -> place of the column
    rows: tuple[TableRow | Rejection, ...]
    trailers: tuple[tuple[str, ...], ...]
    separator: str
    encoding: str
    file_hash: str

    def raw(self, row: TableRow) -> dict[str, str]:
        """The whole row, column by column, in the order of the source."""
        return dict(zip(self.columns, row.cells, strict=True))

    def cell(self, row: TableRow, name: str) -> str:
        """The cell of a column by the name that the profile uses; nothing if the file lacks the column."""
        place = self.at.get(name)
        return "" if place is None else row.cells[place]


def words(text: str) -> str:
    """The text in one line: white space of any kind becomes one space, none at the ends."""
    return " ".join(text.split())


def read_table(
    content: bytes, columns: Sequence[Column], *, encodings: Sequence[str] = ("utf-8",), trailer: str = ""
) -> Table:
    """Read a CSV or XLSX file that has these columns.

    `encodings` are tried in order; bytes that fit none reject their row. Rows whose first cell is `trailer`
    are set apart as the file's trailers. Raises FileRefused for anything that is no such table.
    """
    if len(content) > MAX_BYTES:
        raise FileRefused(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
    if not content.strip():
        raise FileRefused("The file is empty.")
    if content.startswith(b"PK\x03\x04"):
        records, separator, encoding = _workbook_records(content, columns), "", "xlsx"
    else:
        text, encoding = _decode(content, encodings)
        separator = _separator(text, columns)
        records = list(_records(text, separator))
    place = _header_place(records, columns)
    if place is None:
        raise _not_this_table(records, columns)
    header = records[place]
    if any(_undecoded(cell) for cell in header):
        raise FileRefused(f"The header can't be read as {' or '.join(encodings)}: save the file as UTF-8.")
    body = records[place + 1 :]
    while body and not any(cell.strip() for cell in body[-1]):
        body.pop()
    if len(body) > MAX_ROWS:
        raise FileRefused(f"The file has more than {MAX_ROWS} rows.")
    rows, trailers = _rows(body, len(header), encoding, separator, trailer)
    if not rows:
        raise FileRefused("The file has a header and no rows.")
    return Table(
        columns=_unique(header),
        at=_places(header, columns),
        rows=rows,
        trailers=trailers,
        separator=separator,
        encoding=encoding,
        file_hash=hashlib.sha256(content).hexdigest(),
    )


def _decode(content: bytes, encodings: Sequence[str]) -> tuple[str, str]:
    """The text, and the encoding that it was read by. Bytes that do not fit stay as lone surrogates."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused("The file is in UTF-16: save it as UTF-8.")
    if b"\0" in content:
        raise FileRefused("The file holds a NUL byte, so it is not a text table.")
    if content.startswith(UTF8_BOM):
        return content[len(UTF8_BOM) :].decode("utf-8", "surrogateescape"), "utf-8"
    # Text of another encoding is next to never valid UTF-8, so UTF-8 is tried first whatever is declared.
    for encoding in ("utf-8", *encodings):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return content.decode(encodings[-1], "surrogateescape"), encodings[-1]


def _undecoded(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _records(text: str, separator: str) -> Iterator[list[str]]:
    """The records of a CSV text. Line breaks inside quotes stay; lines with nothing at all are no records."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for record in reader:
            if record:
                yield record
    except csv.Error as error:
        raise FileRefused(f"The file is not a table: near line {reader.line_num}, {error}.") from error


def _separator(text: str, columns: Sequence[Column]) -> str:
    """The separator under which the header shows; otherwise the one that gives the most columns."""
    widths: dict[str, int] = {}
    for separator in SEPARATORS:
        head: list[list[str]] = []
        try:
            for record in _records(text, separator):
                head.append(record)
                if len(head) == HEADER_WITHIN:
                    break
        except FileRefused:
            widths[separator] = 0
        if _header_place(head, columns) is not None:
            return separator
        widths.setdefault(separator, max((len(record) for record in head), default=0))
    return max(SEPARATORS, key=lambda separator: widths[separator])


def _workbook_records(content: bytes, columns: Sequence[Column]) -> list[list[str]]:
    """The rows of the first sheet that has the header; if none has, of the longest sheet."""
    found = sheets(content)
    for records in found:
        if _header_place(records, columns) is not None:
            return records
    return max(found, key=len, default=[])


def _matches(header_cell: str, column: Column) -> bool:
    cell, name = words(header_cell).casefold(), words(column.name).casefold()
    return cell == name or (column.prefix and cell.startswith(name))


def _header_place(records: Sequence[Sequence[str]], columns: Sequence[Column]) -> int | None:
    """Which of the first rows holds all the required columns."""
    required = [column for column in columns if column.required]
    for place, record in enumerate(records[:HEADER_WITHIN]):
        if all(any(_matches(cell, column) for cell in record) for column in required):
            return place
    return None


def _not_this_table(records: Sequence[Sequence[str]], columns: Sequence[Column]) -> FileRefused:
    """The sentence that says what the file lacks, against the row that looks most like the header."""
    required = [column for column in columns if column.required]

    def missing(record: Sequence[str]) -> list[str]:
        return [column.name for column in required if not any(_matches(cell, column) for cell in record)]

    if not records:
        return FileRefused("The file holds no rows.")
    lacks = min((missing(record) for record in records[:HEADER_WITHIN]), key=len)
    if len(lacks) == len(required):
        return FileRefused(f"The file is not a table of this kind: no row has the columns {_listed(lacks)}.")
    return FileRefused(f"The file lacks the column{'s' if len(lacks) > 1 else ''} {_listed(lacks)}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _places(header: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """Where each column of the profile stands. Raises FileRefused when one stands twice."""
    places: dict[str, int] = {}
    for column in columns:
        found = [place for place, cell in enumerate(header) if _matches(cell, column)]
        if len(found) > 1:
            raise FileRefused(f"The column “{column.name}” stands {len(found)} times in the header.")
        if found:
            places[column.name] = found[0]
    return places


def _unique(header: Sequence[str]) -> tuple[str, ...]:
    """The header, with a number behind each name that stands there more than once."""
    names = [name if name.strip() else f"column {place}" for place, name in enumerate(header, start=1)]
    counts = Counter(names)
    taken = {name for name in names if counts[name] == 1}
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        numbered = name
        while counts[name] > 1 and (numbered == name or numbered in taken):
            seen[name] += 1
            numbered = f"{name} ({seen[name]})"
        taken.add(numbered)
        unique.append(numbered)
    return tuple(unique)


def _rows(
    body: Sequence[Sequence[str]], width: int, encoding: str, separator: str, trailer: str
) -> tuple[tuple[TableRow | Rejection, ...], tuple[tuple[str, ...], ...]]:
    rows: list[TableRow | Rejection] = []
    trailers: list[tuple[str, ...]] = []
    for record in body:
        if trailer and record and words(record[0]).casefold() == trailer:
            trailers.append(tuple(record))
            continue
        if trailers:
            raise FileRefused(f"“{trailer}” must be the last line; rows follow it.")
        rows.append(_row(record, len(rows) + 1, width, encoding, separator))
    return tuple(rows), tuple(trailers)


def _row(
    record: Sequence[str], number: int, width: int, encoding: str, separator: str
) -> TableRow | Rejection:
    for place, cell in enumerate(record, start=1):
        if not cell.isascii() and _undecoded(cell):
            value = cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            return Rejection(number, f"column {place}", value, f"The text is not in {encoding}.")
    if len(record) != width:
        value = (separator or ",").join(record)
        return Rejection(number, "", value, f"The row has {len(record)} cells and the header {width}.")
    if not any(cell.strip() for cell in record):
        return Rejection(number, "", "", "The row is empty.")
    return TableRow(number, tuple(record))
