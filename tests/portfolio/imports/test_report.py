"""The report of an import: whole, in order, and harmless in a spreadsheet."""

import csv
import io

import pytest

from portfolio.imports.report import HEADER, ReportLine, as_csv, safe


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(start: str) -> None:
    assert safe(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["", "plain", " =1", "a=b", "1-2"])
def test_other_texts_stay(text: str) -> None:
    assert safe(text) == text


def test_the_report_lists_every_line_in_the_order_of_the_file() -> None:
    lines = [
        ReportLine(2, "rejected", column="amount", value="=cmd()", reason="Not a number."),
        ReportLine(1, "created", external_id="-7\n8"),
    ]
    read = list(csv.reader(io.StringIO(as_csv(lines), newline="")))
    assert read == [
        list(HEADER),
        ["1", "created", "'-7\n8", "", "", ""],
        ["2", "rejected", "", "amount", "'=cmd()", "Not a number."],
    ]
