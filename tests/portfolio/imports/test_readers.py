"""From bytes to a table: what is read, what is refused, and that nothing else can happen."""

import csv
import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portfolio.imports.actuals import Actuals, read_actuals
from portfolio.imports.profiles import PROFILES, Reading, read_portfolio
from portfolio.imports.readers import Column, Table, TableRow, read_table
from portfolio.imports.rows import FileRefused, Rejection
from tests.portfolio.imports.sources import INVENTORY, IT_DASHBOARD

pytestmark = pytest.mark.once

COLUMNS = (Column("id"), Column("name"), Column("note", required=False))


def table_of(content: bytes, **options: Any) -> Table:
    return read_table(content, COLUMNS, **options)


def cells_of(content: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in table_of(content).rows if isinstance(row, TableRow)]


def first_row(table: Table) -> TableRow:
    row = table.rows[0]
    assert isinstance(row, TableRow)
    return row


def workbook(
    rows: Sequence[Sequence[object]],
    *,
    sheet: str = "Sheet1",
    before: Sequence[tuple[str, Sequence[Sequence[object]]]] = (),
) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    for name, lines in (*before, (sheet, rows)):
        page = book.add_worksheet(name)
        for place, line in enumerate(lines):
            page.write_row(place, 0, line)
    book.close()
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_under_which_the_header_shows(separator: str) -> None:
    content = separator.join(["id", "name"]) + "\n" + separator.join(["1", "a.b"])
    assert cells_of(content.encode()) == [("1", "a.b")]
    assert table_of(content.encode()).separator == separator


def test_line_breaks_inside_quotes_stay_as_they_are() -> None:
    assert cells_of(b'id,name\r\n1,"a\nb\r\nc"\r\n2,d') == [("1", "a\nb\r\nc"), ("2", "d")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_of_the_three_ways(end: str) -> None:
    assert cells_of(end.join(["id,name", "1,a", "2,b", ""]).encode()) == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize(
    ("content", "encodings", "encoding"),
    [
        ("id,name\n1,ä €".encode(), ("utf-8",), "utf-8"),
        ("\ufeffid,name\n1,ä €".encode(), ("utf-8",), "utf-8"),
        ("id,name\n1,ä €".encode("cp1252"), ("cp1252",), "cp1252"),
        ("id,name\n1,ä €".encode(), ("cp1252",), "utf-8"),
    ],
)
def test_utf_8_is_told_from_windows_1252(content: bytes, encodings: Sequence[str], encoding: str) -> None:
    table = table_of(content, encodings=encodings)
    assert (table.encoding, table.columns[0], first_row(table).cells[1]) == (encoding, "id", "ä €")


def test_a_row_in_another_encoding_is_rejected_alone() -> None:
    content = b"id,name\n1,fine\n2," + "schön".encode("cp1252") + b"\n3,fine"
    rows = table_of(content).rows
    assert rows[1] == Rejection(2, "column 2", "sch\\xf6n", "The text is not in utf-8.")
    assert isinstance(rows[0], TableRow)
    assert isinstance(rows[2], TableRow)


def test_rows_with_too_many_or_too_few_cells_are_rejected_alone() -> None:
    rows = table_of(b"id,name\n1,a,b\n2\n3,c").rows
    assert rows[0] == Rejection(1, "", "1,a,b", "The row has 3 cells and the header 2.")
    assert rows[1] == Rejection(2, "", "2", "The row has 1 cells and the header 2.")
    assert rows[2] == TableRow(3, ("3", "c"))


def test_an_empty_row_inside_is_rejected_and_empty_rows_at_the_end_are_none() -> None:
    assert table_of(b"id,name\n1,a\n,\n2,b\n,\n,\n").rows[1] == Rejection(2, "", "", "The row is empty.")
    assert len(table_of(b"id,name\n1,a\n,\n2,b\n,\n,\n").rows) == 3


def test_a_title_above_the_header_is_looked_past() -> None:
    assert cells_of(b"Report of March\n\nid,name\n1,a\n") == [("1", "a")]


def test_columns_may_stand_in_any_order_and_case_with_line_breaks() -> None:
    table = table_of(b'"NAME\n",other,ID\na,b,1')
    assert (table.cell(first_row(table), "id"), table.cell(first_row(table), "name")) == ("1", "a")
    assert table.cell(first_row(table), "note") == ""


def test_headers_that_stand_twice_or_nowhere_get_names_of_their_own() -> None:
    table = table_of(b"id,name,x,x,,x (1)\n1,a,b,c,d,e")
    assert table.columns == ("id", "name", "x (2)", "x (3)", "column 5", "x (1)")
    assert list(table.raw(first_row(table)).values()) == ["1", "a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \r\n\t", "The file is empty."),
        (b"\xef\xbb\xbf", "no rows"),
        (b"id,name\n1,a\0b", "NUL"),
        ("id,name\n1,a".encode("utf-16"), "UTF-16"),
        (b"id,name\n", "a header and no rows"),
        (b"id,id,name\n1,1,a", "“id” stands 2 times"),
        (b"id,title\n1,a", "lacks the column “name”"),
        (b"<html><body>Not found</body></html>", "not a table of this kind"),
        (b'id,name\n1,"a', "not a table: near line"),
        (b'id,name\n1,"a"b', "not a table: near line"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "not a table of this kind"),
        (b"PK\x03\x04 and nothing else", "damaged ZIP"),
        ("id,na\u00efme\n1,a".encode("cp1252"), "not a table|lacks"),
        (b"id,name,\xff\n1,a,b", "header can't be read"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_whole(content: bytes, sentence: str) -> None:
    with pytest.raises(FileRefused, match=sentence):
        table_of(content)


def test_a_cell_that_a_spreadsheet_would_not_hold_is_refused() -> None:
    with pytest.raises(FileRefused, match="field larger than field limit"):
        table_of(b"id,name\n1," + b"a" * 200_000)


def test_a_workbook_reads_like_a_csv() -> None:
    content = workbook([["id", "name", "note"], [1, 2.5, True], ["2", "", "x"], ["", "", ""]])
    assert cells_of(content) == [("1", "2.5", "TRUE"), ("2", "", "x")]
    assert table_of(content).encoding == "xlsx"


def test_the_sheet_with_the_header_is_found() -> None:
    content = workbook([["a title"], ["id", "name"], [1, "x"]], sheet="data", before=[("cover", [["hello"]])])
    assert cells_of(content) == [("1", "x")]


def test_a_workbook_without_the_columns_is_refused() -> None:
    with pytest.raises(FileRefused, match="lacks the column “name”"):
        table_of(workbook([["id", "title"], [1, "x"]]))


def test_a_merged_header_is_refused_for_the_column_it_hides() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    page.merge_range(0, 0, 0, 1, "id")
    page.write_row(1, 0, [1, "x"])
    book.close()
    with pytest.raises(FileRefused, match="lacks the column “name”"):
        table_of(out.getvalue())


@pytest.mark.parametrize("corner", [(1_048_575, 16_383), (1_048_575, 2), (300, 16_383)])
def test_a_cell_far_outside_the_table_is_refused_before_it_takes_all_memory(corner: tuple[int, int]) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    page.write_row(0, 0, ["id", "name"])
    page.write(*corner, "x")
    book.close()
    with pytest.raises(FileRefused, match="spans too many cells"):
        table_of(out.getvalue())


def test_a_zip_file_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("id,name.csv", "id,name\n1,a")
    with pytest.raises(FileRefused, match="not an XLSX workbook"):
        table_of(out.getvalue())


def test_trailers_are_set_apart_and_must_come_last() -> None:
    table = table_of(b"id,name\n1,a\nTotal,5\n", trailer="total")
    assert (len(table.rows), table.trailers) == (1, (("Total", "5"),))
    with pytest.raises(FileRefused, match="must be the last line"):
        table_of(b"id,name\nTotal,5\n1,a\n", trailer="total")


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12))
@example([["", "\r", "\n"]])
@settings(deadline=None)
def test_what_a_csv_writer_writes_comes_back_cell_by_cell(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["id", "name", "note"], *rows])
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        with pytest.raises(FileRefused):
            table_of(out.getvalue().encode())
        return
    read = table_of(out.getvalue().encode()).rows
    expected = [
        TableRow(n, tuple(row))
        if any(cell.strip() for cell in row)
        else Rejection(n, "", "", "The row is empty.")
        for n, row in enumerate(rows, start=1)
    ]
    assert list(read) == expected


def read_by_each(content: bytes) -> None:
    """Read the bytes in every way that there is; each row of the file must be in the result once."""
    for profile in PROFILES:
        with suppress(FileRefused):
            holds_each_row_once(read_portfolio(content, profile))
    with suppress(FileRefused):
        holds_each_row_once(read_actuals(content))
    with suppress(FileRefused):
        table_of(content)


def holds_each_row_once(result: Reading | Actuals) -> None:
    numbers = [row.row_number for row in (*result.rows, *result.rejections)]
    assert sorted(numbers) == list(range(1, result.count + 1))


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise_anything_but_a_refusal(content: bytes) -> None:
    read_by_each(content)


HEADS = [
    b"service_month,kind,category,amount,currency,reference\n",
    b"service_month;kind;category;amount;currency;reference;supplier;booked_month\n",
    b"id,name,note\n",
    INVENTORY.read_bytes().split(b"\r\n")[0] + b"\r\n",
    IT_DASHBOARD.read_bytes().split(b"\n")[0] + b"\n",
    workbook([["id", "name"], [1, "x"]]),
]


@given(st.sampled_from(HEADS), st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_below_a_good_header_raise_anything_but_a_refusal(head: bytes, body: bytes) -> None:
    read_by_each(head + body)


SAMPLE = b"\n".join(IT_DASHBOARD.read_bytes().split(b"\n")[:12]) + b"\n"


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_damage_to_a_real_file_loses_no_row_in_silence(changes: list[tuple[int, int]]) -> None:
    content = bytearray(SAMPLE)
    for place, byte in changes:
        content[place] = byte
    read_by_each(bytes(content))


WORKBOOK = workbook([["service_month", "kind", "category", "amount", "currency", "reference"],
                     ["2026-03", "cost", "cloud", 12.5, "EUR", "AI-2026-0001"]])  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_damage_to_a_workbook_is_refused_or_read(changes: list[tuple[int, int]]) -> None:
    content = bytearray(WORKBOOK)
    for place, byte in changes:
        content[place] = byte
    read_by_each(bytes(content))
