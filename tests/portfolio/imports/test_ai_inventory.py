"""The US AI use case inventory: its totals, and each of its known traps by its row."""

from collections import Counter
from datetime import date

import pytest

from portfolio.imports.profiles import read_portfolio
from portfolio.imports.rows import FileRefused
from tests.portfolio.imports.sources import INVENTORY, reading, readings_of, row

ROWS = reading(INVENTORY).rows


def test_every_row_is_taken() -> None:
    assert len(ROWS) == reading(INVENTORY).count == 2133
    assert reading(INVENTORY).rejections == ()
    assert [row.row_number for row in ROWS] == list(range(1, 2134))


def test_the_agencies_are_those_of_the_source_with_one_spelling_each() -> None:
    agencies = Counter(row.unit_path[0] for row in ROWS)
    assert len(agencies) == 41
    by_code = Counter(row.unit_code for row in ROWS).most_common(10)
    assert by_code == [
        ("HHS", 271), ("DOJ", 240), ("VA", 229), ("DHS", 183), ("DOI", 180), ("USAID", 137), ("USDA", 89),
        ("DOE", 79), ("DOL", 70), ("DOT", 66),
    ]  # fmt: skip
    assert agencies["Department of Veterans Affairs"] == 229


def test_351_uses_are_rights_or_safety_impacting() -> None:
    assert Counter(row.risk_hint for row in ROWS) == {"high": 351, "not_high": 1722, "": 60}


def test_an_impact_with_a_trailing_newline_is_read_and_kept() -> None:
    trailing = [row for row in ROWS if row.risk_text == "Rights-Impacting\n"]
    assert len(trailing) == 131
    assert all(row.risk_hint == "high" for row in trailing)
    assert all(
        "read as “Rights-Impacting”, in one line" in readings_of(INVENTORY, row.row_number)
        for row in trailing
    )


def test_every_column_is_kept_though_nine_share_one_header() -> None:
    raw = row(INVENTORY, 1).raw
    assert len(raw) == 62
    names = [name for name in raw if name.startswith("If Other, please explain.")]
    assert names == [f"If Other, please explain. ({n})" for n in range(1, 10)]
    assert list(raw)[:3] == ["Use Case Name", "Agency", "Agency Abbreviation"]


def test_colliding_names_stay_apart() -> None:
    assert len({row.external_id for row in ROWS}) == 2133
    names = Counter((row.unit_path[0], row.title.casefold()) for row in ROWS)
    assert names["Department of Education", "generative ai usage"] == 51
    assert sum(count - 1 for count in names.values()) == 83


@pytest.mark.parametrize(("number", "first"), [(434, 418), (445, 441), (476, 474)])
def test_an_exact_duplicate_is_taken_and_says_of_which_row(number: int, first: int) -> None:
    same, other = row(INVENTORY, number), row(INVENTORY, first)
    assert (same.same_as_row, other.same_as_row) == (first, None)
    assert same.row_hash == other.row_hash
    assert same.external_id != other.external_id
    assert f"same as row {first}" in readings_of(INVENTORY, number)


def test_only_three_rows_are_duplicates() -> None:
    assert [row.row_number for row in ROWS if row.same_as_row] == [434, 445, 476]


def test_a_year_that_a_spreadsheet_took_for_a_day_of_1905_is_a_year_again() -> None:
    years = [stated for row in ROWS for stated in row.dates if stated.text.endswith("/1905")]
    assert len(years) == 134
    assert {stated.precision for stated in years} == {"year"}
    assert {stated.day for stated in years if stated.text == "7/16/1905"} == {date(2024, 1, 1)}
    assert {stated.day for stated in years if stated.text == "7/7/1905"} == {date(2015, 1, 1)}


def test_24_nov_is_november_2024() -> None:
    stated = row(INVENTORY, 1453).dates[0]
    assert (stated.text, stated.day, stated.precision) == ("24-Nov", date(2024, 11, 1), "month")


@pytest.mark.parametrize(
    ("number", "place", "text"),
    [(185, 0, "10/12023"), (607, 2, "TODO"), (217, 1, "2015-2022"), (227, 0, "Pre-2021")],
)
def test_what_is_no_date_is_not_guessed(number: int, place: int, text: str) -> None:
    stated = row(INVENTORY, number).dates[place]
    assert (stated.text, stated.day, stated.reason_absent) == (text, None, text)
    assert "not read: it is not one date" in readings_of(INVENTORY, number)


@pytest.mark.parametrize("number", [603, 604])
def test_a_federal_quarter_is_read_as_its_first_day(number: int) -> None:
    stated = row(INVENTORY, number).dates[0]
    assert (stated.text, stated.day, stated.precision) == ("Q4FY25", date(2025, 7, 1), "quarter")


def test_a_date_with_a_remark_behind_is_read_and_two_dates_are_not() -> None:
    first = row(INVENTORY, 237)
    assert first.day("start") == date(2022, 11, 16)
    assert first.day("acquisition") is None
    assert row(INVENTORY, 240).dates[0].precision == "month"


@pytest.mark.parametrize("number", [1717, 1718])
def test_a_space_behind_the_agency_makes_no_second_agency(number: int) -> None:
    assert row(INVENTORY, number).unit_path == ("Department of Veterans Affairs", "OIG")
    assert row(INVENTORY, number).raw["Agency"] == "Department of Veterans Affairs "
    assert "read as “Department of Veterans Affairs”, in one line" in readings_of(INVENTORY, number)


@pytest.mark.parametrize("number", [106, 1436, 1796, 1887, 1958])
def test_a_newline_in_a_name_becomes_a_space_and_stays_in_the_source_row(number: int) -> None:
    taken = row(INVENTORY, number)
    assert "\n" not in taken.title
    assert "\n" in taken.raw["Use Case Name"]
    assert taken.title == " ".join(taken.raw["Use Case Name"].split())


def test_a_long_text_is_kept_whole() -> None:
    assert len(row(INVENTORY, 1627).problem) == len(
        row(INVENTORY, 1627).raw["What is the intended purpose and expected benefits of the AI?"].strip()
    )
    assert max(len(cell) for cell in row(INVENTORY, 1627).raw.values()) == 4129


def test_a_cell_that_begins_with_a_minus_is_kept_as_it_is() -> None:
    numbers = {row.row_number for row in ROWS for cell in row.raw.values() if cell.startswith("-")}
    assert numbers == {1076, 1077, 1876, 1877, 1878, 1882, 1883, 1893, 1894, 2109}


def test_a_title_that_is_too_long_is_cut_with_a_remark() -> None:
    cut = [row for row in ROWS if len(row.raw["Use Case Name"].strip()) > 300]
    assert len(cut) == 3
    for taken in cut:
        assert len(taken.title) <= 300
        assert taken.title.endswith("…")
        assert any(remark.reading.startswith("the title is cut") for remark in taken.remarks)


def test_29_spellings_of_areas_become_the_ten_and_what_is_none_of_them() -> None:
    assert len({row.domain_text for row in ROWS} - {""}) == 29
    areas = Counter(row.domain for row in ROWS)
    assert areas["Mission-Enabling"] == 501 + 307 + 48 + 12 + 1 + 3
    assert areas["Government Services"] == 162
    assert areas["AI used in Transportation Operations"] == 42
    five = {
        text
        for row in ROWS
        if row.domain == "Mission-Enabling"
        for text in [row.domain_text]
        if ";" not in text
    }
    assert len(five) == 5


def test_the_stage_is_where_a_running_system_stands() -> None:
    assert Counter(row.stage for row in ROWS) == {
        "operating": 874 + 14 + 4,
        "pilot": 404,
        "submitted": 370 + 20 + 9,
        "scaling": 287,
        "retired": 142,
        "": 9,
    }


def test_the_source_states_no_money() -> None:
    assert not any(row.stated_figures for row in ROWS)


def test_text_of_windows_1252_is_read_as_such() -> None:
    assert reading(INVENTORY).encoding == "cp1252"
    assert "Describe the AI system\N{RIGHT SINGLE QUOTATION MARK}s outputs." in row(INVENTORY, 1).raw


def test_the_same_rows_give_the_same_identity_without_the_rest_of_the_file() -> None:
    lines = INVENTORY.read_bytes().split(b"\r\n")
    part = read_portfolio(b"\r\n".join(lines[:11]), "us-ai-inventory-2024")
    assert [row.external_id for row in part.rows] == [row.external_id for row in ROWS[:10]]


def test_a_file_that_lacks_a_column_is_refused_with_its_name() -> None:
    content = INVENTORY.read_bytes().replace(b"Stage of Development", b"Phase", 1)
    with pytest.raises(FileRefused, match="lacks the column “Stage of Development”"):
        read_portfolio(content, "us-ai-inventory-2024")


def test_a_row_without_a_name_is_rejected_alone() -> None:
    header, _ = INVENTORY.read_bytes().split(b"\r\n", 1)
    blank = b"," + b"An agency" + b"," * 60
    named = b"A name,An agency" + b"," * 60
    result = read_portfolio(b"\r\n".join([header, blank, named]), "us-ai-inventory-2024")
    assert [(r.row_number, r.column) for r in result.rejections] == [(1, "Use Case Name")]
    assert [row.title for row in result.rows] == ["A name"]
