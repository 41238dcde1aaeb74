"""The US federal IT Dashboard: totals, and each known trap."""

from datetime import date
from decimal import Decimal

import pytest

from portfolio.imports.profiles import read_portfolio
from tests.portfolio.imports.sources import IT_DASHBOARD, reading, readings_of, row

ROWS = reading(IT_DASHBOARD).rows
MILLION = 1_000_000
WITHOUT_COST = (555, 637, 638, 639, 672, 673, 674, 1437, 1438, 1439, 1440, 1441, 1442, 1443, 1444, 2394, 2395)


def amounts(measure: str) -> list[Decimal | None]:
    return [figure.amount for row in ROWS for figure in row.stated_figures if figure.measure == measure]


def test_every_row_is_taken() -> None:
    assert len(ROWS) == reading(IT_DASHBOARD).count == 2468
    assert reading(IT_DASHBOARD).about_date == date(2012, 8, 31)


def test_the_sums_are_those_of_the_source() -> None:
    planned = [amount for amount in amounts("cost_planned") if amount is not None]
    actual = [amount for amount in amounts("cost_projected_or_actual") if amount is not None]
    assert len(planned) == len(actual) == 2451
    assert round(sum(planned) / MILLION, 3) == Decimal("50301.822")
    assert round(sum(actual) / MILLION, 3) == Decimal("51898.206")


def test_180_projects_overran_by_more_than_10_percent() -> None:
    pairs = zip(amounts("cost_planned"), amounts("cost_projected_or_actual"), strict=True)
    stated = [(planned, actual) for planned, actual in pairs if planned is not None and actual is not None]
    assert sum(actual > planned * Decimal("1.1") for planned, actual in stated) == 180


def test_the_published_variance_is_planned_minus_actual_on_every_row() -> None:
    assert not [remark for row in ROWS for remark in row.remarks if remark.column == "Cost Variance ($ M)"]


def test_another_variance_is_remarked_on() -> None:
    content = IT_DASHBOARD.read_bytes().replace(b",2.576,41.22,6.25,3.674,", b",2.577,41.22,6.25,3.6745,", 1)
    taken = read_portfolio(content, "us-itdashboard").rows[0]
    assert [remark.reading for remark in taken.remarks] == ["planned minus actual is 2.5755"]


def test_17_rows_state_no_cost_and_say_so() -> None:
    absent = [row.row_number for row in ROWS if row.stated_figures[0].amount is None]
    assert tuple(absent) == WITHOUT_COST
    for number in WITHOUT_COST:
        assert {figure.reason_absent for figure in row(IT_DASHBOARD, number).stated_figures} == {"not stated"}
        assert row(IT_DASHBOARD, number).stage == ""


def test_50_ids_lose_their_thousands_comma_and_all_stay_apart() -> None:
    commas = [row for row in ROWS if "," in row.raw["Project ID"]]
    assert len(commas) == 50
    assert all(f"read as {row.external_id}" in readings_of(IT_DASHBOARD, row.row_number) for row in commas)
    assert len({row.external_id for row in ROWS}) == 2468
    assert "1944" in {row.external_id for row in commas}


def test_the_column_named_unique_is_not() -> None:
    assert len({row.raw["Unique Project ID"] for row in ROWS}) == 1798


def test_tiny_and_huge_amounts_are_exact() -> None:
    tiny = next(row for row in ROWS if row.raw["Planned Cost ($ M)"] == "2.0E-6")
    assert tiny.stated_figures[0].amount == 2
    assert max(amount for amount in amounts("cost_planned") if amount is not None) == 6119 * MILLION
    stored = [
        amount * 10_000
        for measure in ("cost_planned", "cost_lifecycle")
        for amount in amounts(measure)
        if amount
    ]
    assert all(amount == int(amount) for amount in stored)


def test_the_investment_is_a_programme_tag() -> None:
    assert row(IT_DASHBOARD, 1).tags == ("CBP - Infrastructure",)
    assert row(IT_DASHBOARD, 1).unit_path == ("Department of Homeland Security",)


@pytest.mark.parametrize(("number", "stage"), [(1, "scaling"), (4, "operating")])
def test_the_stage_comes_from_the_dates_and_says_so(number: int, stage: str) -> None:
    assert row(IT_DASHBOARD, number).stage == stage
    assert row(IT_DASHBOARD, number).stage_text.startswith("by its dates, ")


def test_a_text_in_a_number_cell_is_remarked_on_with_column_and_value() -> None:
    content = IT_DASHBOARD.read_bytes().replace(b",6.25,3.674,", b",six,3.674,", 1)
    result = read_portfolio(content, "us-itdashboard")
    assert result.rejections == ()
    figure = result.rows[0].stated_figures[0]
    assert (figure.amount, figure.reason_absent) == (None, "six")
    remark = result.rows[0].remarks[0]
    assert (remark.column, remark.value, remark.reading) == ("Planned Cost ($ M)", "six", "not a number")


def test_an_amount_finer_than_keel_stores_is_kept_as_text() -> None:
    content = IT_DASHBOARD.read_bytes().replace(b",6.25,3.674,", b",6.25000000001,3.674,", 1)
    taken = read_portfolio(content, "us-itdashboard").rows[0]
    assert (taken.stated_figures[0].amount, taken.stated_figures[0].reason_absent) == (None, "6.25000000001")
    assert "finer or larger than Keel stores" in taken.remarks[0].reading


@pytest.mark.parametrize("bad", ["", "abc", "1.5", "-2", "0", "1,9"])
def test_a_row_without_a_whole_id_is_rejected(bad: str) -> None:
    header, first, *_ = IT_DASHBOARD.read_bytes().split(b"\n")
    changed = first.replace(b",2,172538,", f',"{bad}",172538,'.encode(), 1)
    result = read_portfolio(header + b"\n" + changed, "us-itdashboard", about=date(2012, 8, 31))
    assert [(r.row_number, r.column, r.value) for r in result.rejections] == [(1, "Project ID", bad)]


def test_the_same_id_twice_keeps_the_first() -> None:
    header, first, *_ = IT_DASHBOARD.read_bytes().split(b"\n")
    result = read_portfolio(b"\n".join([header, first, first.replace(b",2,", b',"2",', 1)]), "us-itdashboard")
    assert len(result.rows) == 1
    assert result.rejections[0].reason == "Row 1 has the same id."
