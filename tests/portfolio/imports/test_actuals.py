"""A file of monthly actuals: what is read, what is rejected and why, what is refused whole."""

import io
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.imports.actuals import Actuals, amount, read_actuals
from portfolio.imports.rows import FileRefused

COMMA = "reference,service_month,booked_month,kind,category,amount,currency,document,supplier,text\n"
GOOD = "AI-2026-0001,2026-03,2026-04,cost,cloud,1234.50,EUR,D1,Northwind,March\n"


def read(text: str, **options: Any) -> Actuals:
    return read_actuals(text.encode(), **options)


def with_cell(column: str, value: str) -> str:
    cells = dict(zip(COMMA.strip().split(","), GOOD.strip().split(","), strict=True)) | {column: value}
    return COMMA + ",".join(f'"{cell}"' for cell in cells.values()) + "\n"


def test_a_line_is_read() -> None:
    row = read(COMMA + GOOD).rows[0]
    assert (row.reference, row.cost_object, row.supplier, row.document) == (
        "AI-2026-0001",
        "",
        "Northwind",
        "D1",
    )
    assert (row.service_month, row.booked_month) == (date(2026, 3, 1), date(2026, 4, 1))
    assert (row.kind, row.category, row.amount, row.currency) == ("cost", "cloud", Decimal("1234.50"), "EUR")


def test_without_a_booked_month_it_is_the_service_month() -> None:
    assert read(with_cell("booked_month", "")).rows[0].booked_month == date(2026, 3, 1)


def test_a_cost_object_or_a_supplier_is_enough() -> None:
    text = "cost_object;supplier;service_month;kind;category;amount;currency\n"
    text += "K-4711;;2026-03;cost;people;10,00;EUR\n;Unknown AI Ltd;2026-03;cost;licence;10;EUR\n"
    result = read(text)
    assert [(row.cost_object, row.supplier) for row in result.rows] == [
        ("K-4711", ""),
        ("", "Unknown AI Ltd"),
    ]
    assert result.rejections == ()


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("amount", "twelve", "Not a number."),
        ("amount", "", "The amount is missing."),
        ("amount", "1,234", "Can be read in two ways"),
        ("amount", "1234,50", "Not a number."),
        ("amount", "(12.50)", "Not a number."),
        ("amount", "NaN", "Not a number."),
        ("amount", "1e3", "Not a number."),
        ("amount", "12.345", "Finer than the smallest coin, 0.01 EUR."),
        ("amount", "-12.50", "A cost is 0 or more."),
        ("currency", "EURO", "Not a currency that Keel knows."),
        ("currency", "XXX", "Not a currency that Keel knows."),
        ("currency", "", "The currency is missing."),
        ("service_month", "2026-13", "Not a month such as 2026-03."),
        ("service_month", "March 2026", "Not a month such as 2026-03."),
        ("service_month", "", "Not a month such as 2026-03."),
        ("booked_month", "soon", "Not a month such as 2026-03."),
        ("kind", "invoice", "Not one of: cost, credit_note."),
        ("category", "saving", "Not one of: people,"),
        ("category", "", "Not one of: people,"),
        ("text", "x" * 301, "The text is longer than 300 characters."),
    ],
)
def test_a_cell_that_can_not_be_read_rejects_its_line(column: str, value: str, reason: str) -> None:
    result = read(with_cell(column, value) + GOOD)
    assert len(result.rows) == 1
    rejection = result.rejections[0]
    assert (rejection.row_number, rejection.column, rejection.value) == (1, column, value)
    assert rejection.reason.startswith(reason)


def test_a_line_for_nobody_is_rejected() -> None:
    text = COMMA + GOOD.replace("AI-2026-0001", "").replace("Northwind", "")
    assert read(text).rejections[0].column == "reference"


def test_a_credit_note_is_0_or_less() -> None:
    assert read(with_cell("kind", "credit_note")).rejections[0].reason == "A credit note is 0 or less."
    text = with_cell("kind", "credit_note").replace("1234.50", "-1234.50")
    assert read(text).rows[0].amount == Decimal("-1234.50")


def test_the_smallest_coin_is_that_of_the_currency() -> None:
    yen = with_cell("currency", "JPY")
    assert read(yen).rejections[0].reason == "Finer than the smallest coin, 1 JPY."
    assert read(yen.replace("1234.50", "1234")).rows[0].amount == 1234
    assert read(with_cell("currency", "KWD").replace("1234.50", "1234.567")).rows[0].amount == Decimal(
        "1234.567"
    )


def test_only_the_given_currencies_are_known() -> None:
    assert read(COMMA + GOOD, currencies={"USD"}).rejections[0].column == "currency"


@pytest.mark.parametrize(
    ("text", "separator", "expected"),
    [
        ("1234.5", ",", "1234.5"),
        ("1,234.50", ",", "1234.50"),
        ("-5", ",", "-5"),
        ("5.00-", ",", "-5.00"),
        ("+5", ",", "5"),
        ("1.234", ",", "1.234"),
        ("1,234", ",", None),
        ("12,50", ",", None),
        ("1.234,50", ",", None),
        ("1234,5", ";", "1234.5"),
        ("1.234,50", ";", "1234.50"),
        ("1,234.50", ";", "1234.50"),
        ("1.234.567,89", ";", "1234567.89"),
        ("12.50", ";", "12.50"),
        ("1.234", ";", None),
        ("1,234", ";", None),
        ("12.34.56", ";", None),
        ("--5", ",", None),
        ("-5-", ",", None),
        ("", ",", None),
        ("٣", ",", None),
    ],
)
def test_an_amount_is_read_only_when_it_can_be_read_in_one_way(
    text: str, separator: str, expected: str | None
) -> None:
    assert amount(text, separator) == (None if expected is None else Decimal(expected))


@given(st.decimals(-(10**12), 10**12, places=2), st.sampled_from([",", ";"]))
@settings(deadline=None)
def test_every_plain_amount_comes_back(value: Decimal, separator: str) -> None:
    assert amount(f"{value:f}", separator) == value
    assert amount(f"{value:,f}", separator) == value
    if separator == ";":
        german = f"{value:,f}".translate(str.maketrans(",.", ".,"))
        assert amount(german, separator) == value


@pytest.mark.parametrize("total", ["2469.00", "2,469.00"])
def test_a_control_total_that_fits_is_kept(total: str) -> None:
    assert read(COMMA + GOOD + GOOD + f'control_total,"{total}"\n').control_total == Decimal("2469.00")
    assert read(COMMA + GOOD + GOOD, control_total=Decimal(2469)).control_total == Decimal(2469)


def test_a_wrong_control_total_refuses_the_file() -> None:
    sentence = "The control total is 2,469.01, but the lines add up to 2,469.00."
    with pytest.raises(FileRefused, match=sentence):
        read(COMMA + GOOD + GOOD + "control_total,2469.01\n")
    with pytest.raises(FileRefused, match=sentence):
        read(COMMA + GOOD + GOOD, control_total=Decimal("2469.01"))


def test_control_totals_by_currency() -> None:
    dollars = GOOD.replace("EUR", "USD").replace("1234.50", "10.00")
    lines = COMMA + GOOD + dollars
    assert len(read(lines + "control_total,1234.50,EUR\ncontrol_total,10.00,USD\n").rows) == 2
    with pytest.raises(FileRefused, match=r"The control total is 11\.00 USD, but the lines add up to 10\.00"):
        read(lines + "control_total,1234.50,EUR\ncontrol_total,11.00,USD\n")


@pytest.mark.parametrize(
    "trailer", ["control_total", "control_total,about a thousand", "control_total,1,EUR,x"]
)
def test_a_control_total_that_can_not_be_read_refuses_the_file(trailer: str) -> None:
    with pytest.raises(FileRefused, match="control total can't be read"):
        read(COMMA + GOOD + trailer + "\n")


def test_a_rejected_line_still_counts_in_the_control_total() -> None:
    bad_month = GOOD.replace("2026-03", "2026-33")
    result = read(COMMA + GOOD + bad_month + "control_total,2469.00\n")
    assert (len(result.rows), len(result.rejections)) == (1, 1)


def test_a_file_without_reference_or_cost_object_is_refused() -> None:
    with pytest.raises(FileRefused, match="lacks a column “reference” or “cost_object”"):
        read("service_month,kind,category,amount,currency\n2026-03,cost,cloud,1,EUR\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_usual_encodings_are_read(encoding: str) -> None:
    content = (COMMA + GOOD.replace("Northwind", "Müller & Söhne")).encode(encoding)
    assert read_actuals(content).rows[0].supplier == "Müller & Söhne"


def test_a_workbook_with_numbers_and_dates_is_read() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    page.write_row(0, 0, COMMA.strip().split(","))
    page.write_row(1, 0, ["AI-2026-0001", "", "2026-04", "cost", "cloud", 1234.5, "EUR", 77, "N", ""])
    page.write_datetime(1, 1, date(2026, 3, 1), book.add_format({"num_format": "yyyy-mm"}))
    page.write_row(2, 0, ["control_total", 1234.5])
    book.close()
    row = read_actuals(out.getvalue()).rows[0]
    assert (row.service_month, row.amount, row.document) == (date(2026, 3, 1), Decimal("1234.5"), "77")


def test_20000_lines_take_about_a_second() -> None:
    content = (COMMA + GOOD * 20_000 + "control_total,24690000.00\n").encode()
    started = time.perf_counter()
    result = read_actuals(content)
    assert time.perf_counter() - started < 5  # 0.7 s on two idle cores; the machine may be busy
    assert len(result.rows) == 20_000
