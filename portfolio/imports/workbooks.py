"""From the bytes of an XLSX workbook to the texts of its cells, without Django.

The reader below lays a sheet out as a full rectangle, so that one cell in the last corner of a sheet would
take all memory and end the process. The size is therefore measured in the XML before a sheet is read.
"""

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime

from python_calamine import CalamineError, CalamineSheet, load_workbook

from portfolio.imports.rows import FileRefused

# What zipfile and its decompressors raise on damaged input; they have no parent in common.
DAMAGE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError,
    RuntimeError, ValueError, OSError, EOFError, struct.error,
)  # fmt: skip
MAX_UNPACKED_BYTES = 300 * 1024 * 1024
MAX_CELLS = 3_000_000
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,4})(\d{1,9})""")
_TAG = re.compile(rb"<(?:\w+:)?(row|c)\b")


def sheets(content: bytes) -> list[list[list[str]]]:
    """The rows of each sheet as texts. Raises FileRefused for anything but a readable workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check(archive)
    except DAMAGE as error:
        raise FileRefused("The file is a damaged ZIP or XLSX file.") from error
    try:
        workbook = load_workbook(io.BytesIO(content))
        return [list(_records(workbook.get_sheet_by_name(name))) for name in workbook.sheet_names]
    except (CalamineError, ValueError, OSError) as error:
        raise FileRefused("The file is not a readable XLSX workbook.") from error


def _check(archive: zipfile.ZipFile) -> None:
    names = {entry.filename.casefold() for entry in archive.infolist()}
    if "xl/workbook.xml" not in names or names & {"xl/workbook.bin", "content.xml"}:
        raise FileRefused("The file is a ZIP file, but not an XLSX workbook.")
    if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
        raise FileRefused(f"The workbook unpacks to more than {MAX_UNPACKED_BYTES // 1024 // 1024} MB.")
    for entry in archive.infolist():
        # A workbook may name any part as a sheet, so that the name of the part says nothing.
        part = archive.read(entry)
        if b"sheetData" in part or part.startswith((b"\xff\xfe", b"\xfe\xff")):
            _check_size(part)


def _check_size(xml: bytes) -> None:
    """Refuse a sheet that spans more cells than a table of a portfolio ever has."""
    if b"\0" in xml:
        raise FileRefused("The workbook holds a sheet that is not in UTF-8.")
    height = width = in_row = rows = 0
    for found in _TAG.finditer(xml):
        if found[1] == b"row":
            rows, in_row = rows + 1, 0
        else:
            in_row += 1
            width = max(width, in_row)
    for letters, digits in _PLACE.findall(xml):
        height = max(height, int(digits))
        width = max(width, _column_number(letters))
    if max(height, rows) * width > MAX_CELLS:
        raise FileRefused(
            "A sheet of the workbook spans too many cells: delete what stands far from the table."
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _records(sheet: CalamineSheet) -> Iterator[list[str]]:
    for row in sheet.to_python(skip_empty_area=False):
        record = [_text(cell) for cell in row]
        if any("\0" in cell for cell in record):
            raise FileRefused("The workbook holds a NUL character.")
        yield record


def _text(cell: object) -> str:
    """A cell of a workbook as the text that a person would have typed."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        midnight = not (cell.hour or cell.minute or cell.second)
        return cell.date().isoformat() if midnight else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
