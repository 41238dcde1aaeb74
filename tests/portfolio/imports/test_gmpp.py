"""The UK Government Major Projects Portfolio of 2022 and 2023: totals, and each known trap."""

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from portfolio.imports.profiles import read_portfolio
from portfolio.imports.rows import FileRefused, StatedFigure
from tests.portfolio.imports.sources import GMPP_2022, GMPP_2023, reading, readings_of, row


def figures(path: Path, measure: str) -> list[StatedFigure]:
    return [
        figure for row in reading(path).rows for figure in row.stated_figures if figure.measure == measure
    ]


def stated(path: Path, measure: str) -> tuple[int, Decimal]:
    amounts = [figure.amount for figure in figures(path, measure) if figure.amount is not None]
    return len(amounts), sum(amounts, Decimal(0)) / 1_000_000


@pytest.mark.parametrize(
    ("path", "rows", "about"), [(GMPP_2022, 235, date(2022, 3, 31)), (GMPP_2023, 244, date(2023, 3, 31))]
)
def test_every_row_is_taken_and_the_file_says_which_march_it_is(path: Path, rows: int, about: date) -> None:
    assert len(reading(path).rows) == reading(path).count == rows
    assert reading(path).about_date == about
    assert {row.about_date for row in reading(path).rows} == {about}


@pytest.mark.parametrize(
    ("path", "ratings"),
    [
        (GMPP_2022, {"Green": 24, "Amber": 170, "Red": 27, "": 14}),
        (GMPP_2023, {"Green": 26, "Amber": 183, "Red": 23, "": 12}),
    ],
)
def test_one_of_ipa_and_sro_gives_the_rating(path: Path, ratings: dict[str, int]) -> None:
    given = [[a for a in row.assessments if a.rating] for row in reading(path).rows]
    assert max(map(len, given)) == 1
    assert Counter(found[0].rating if found else "" for found in given) == ratings


def test_who_gave_the_rating_is_kept() -> None:
    assert [(a.by, a.rating) for a in row(GMPP_2022, 1).assessments] == [("SRO", "Amber")]
    assert [(a.by, a.rating) for a in row(GMPP_2022, 2).assessments] == [("IPA", "Amber")]


@pytest.mark.parametrize(
    ("path", "measure", "cells", "millions"),
    [
        (GMPP_2022, "cost_year_baseline", 198, "43128.88"),
        (GMPP_2022, "cost_year_forecast", 200, "39554.02"),
        (GMPP_2023, "cost_year_baseline", 207, "47507.37"),
        (GMPP_2023, "cost_year_forecast", 207, "41507.93"),
    ],
)
def test_the_sums_are_those_of_the_source(path: Path, measure: str, cells: int, millions: str) -> None:
    assert stated(path, measure) == (cells, Decimal(millions))


def test_206_projects_are_in_both_years() -> None:
    ids = [{row.external_id for row in reading(path).rows} for path in (GMPP_2022, GMPP_2023)]
    assert len(ids[0] & ids[1]) == 206


def test_a_year_figure_is_one_of_that_financial_year() -> None:
    figure = row(GMPP_2022, 1).stated_figures[0]
    assert (figure.period, figure.period_start, figure.period_end) == (
        "2021-22",
        date(2021, 4, 1),
        date(2022, 3, 31),
    )
    assert (figure.amount, figure.currency) == (Decimal(33730000), "GBP")
    life = row(GMPP_2022, 1).stated_figures[2]
    assert (life.measure, life.period, life.period_start) == ("cost_whole_life_baseline", "whole life", None)


def test_whole_life_benefits_exist_since_2023() -> None:
    assert not figures(GMPP_2022, "benefit_whole_life_baseline")
    assert len(figures(GMPP_2023, "benefit_whole_life_baseline")) == 244
    negative = [
        f for f in figures(GMPP_2023, "benefit_whole_life_baseline") if f.amount is not None and f.amount < 0
    ]
    assert [figure.amount for figure in negative] == [Decimal(-30690000)]


def test_a_pound_sign_and_a_thousands_comma_are_read() -> None:
    life = row(GMPP_2022, 2).stated_figures[2]
    assert (
        row(GMPP_2022, 2).raw["TOTAL Baseline Whole Life Costs (£m) (including Non-Government Costs)"]
        == "£32,614"
    )
    assert life.amount == Decimal(32614000000)


def test_an_exemption_survives_as_the_reason_and_never_as_0() -> None:
    for path in (GMPP_2022, GMPP_2023):
        exempt = [
            f
            for f in figures(path, "cost_year_baseline")
            if f.reason_absent.startswith("Exempt under Section")
        ]
        assert len(exempt) == 26
        assert {figure.amount for figure in exempt} == {None}
    absent = [
        f for path in (GMPP_2022, GMPP_2023) for f in figures(path, "cost_year_baseline") if f.amount is None
    ]
    assert all(figure.reason_absent for figure in absent)
    zero = [
        f for path in (GMPP_2022, GMPP_2023) for f in figures(path, "cost_year_baseline") if f.amount == 0
    ]
    assert len(zero) == 1  # row 231 of 2023 states a zero; nothing else became one


def test_an_exemption_in_a_date_is_its_reason() -> None:
    taken = row(GMPP_2022, 119)
    assert taken.day("start") is None
    assert (
        taken.dates[0].reason_absent
        == "Exempt under Section 26 of the Freedom of Information Act 2000 (Defence)"
    )
    assert any(
        reading.startswith("no date: Exempt under Section 26") for reading in readings_of(GMPP_2022, 119)
    )


def test_an_exemption_in_the_rating_says_why_there_is_none() -> None:
    unrated = [row for row in reading(GMPP_2022).rows if not any(a.rating for a in row.assessments)]
    assert all(row.assessments[0].reason_absent for row in unrated)


def test_minus_17_percent_and_plain_numbers_are_the_same_kind_of_figure() -> None:
    percents = [row.stated_ratios[0] for path in (GMPP_2022, GMPP_2023) for row in reading(path).rows]
    assert sum(ratio.percent is not None for ratio in percents) == 198 + 206
    assert row(GMPP_2022, 2).stated_ratios[0].percent == -3
    assert row(GMPP_2023, 1).stated_ratios[0].percent == -47
    assert row(GMPP_2023, 231).stated_ratios[0].reason_absent == "Inf"


def test_headers_with_line_breaks_are_found_and_kept() -> None:
    assert "Project - Start Date \n(Latest Approved Start Date)" in row(GMPP_2022, 1).raw
    assert row(GMPP_2022, 1).day("start") == date(2013, 3, 29)
    assert [len(row(path, 1).raw) for path in (GMPP_2022, GMPP_2023)] == [17, 19]


def test_the_first_header_has_no_byte_order_mark() -> None:
    assert next(iter(row(GMPP_2022, 1).raw)) == "GMPP ID Number"


def test_the_source_says_no_stage() -> None:
    assert {row.stage for row in reading(GMPP_2022).rows} == {""}


def test_two_rows_with_one_id_keep_the_first() -> None:
    content = GMPP_2022.read_bytes().replace(b'"MOJ_0050_2021-Q1"', b'"MOD_0135_2122-Q1"', 1)
    result = read_portfolio(content, "uk-gmpp")
    assert [(r.row_number, r.reason) for r in result.rejections] == [(2, "Row 1 has the same id.")]
    assert len(result.rows) == 234


def test_a_file_that_does_not_say_its_march_is_refused_until_it_is_named() -> None:
    lines = GMPP_2022.read_text("utf-8-sig").splitlines(keepends=True)
    header = "".join(lines[:8])
    header = header[: header.index('"MOD_0135_2122-Q1"')]
    width = 17
    content = (header + ",".join(["an-id", "A project", "MOD"] + ["NA"] * (width - 3)) + "\n").encode()
    with pytest.raises(FileRefused, match="which March"):
        read_portfolio(content, "uk-gmpp")
    result = read_portfolio(content, "uk-gmpp", about=date(2022, 3, 31))
    assert [figure.reason_absent for figure in result.rows[0].stated_figures] == ["not stated"] * 3


def test_another_encoding_rejects_the_rows_it_touches() -> None:
    content = GMPP_2022.read_bytes().replace("£33.73".encode(), "£33.73".encode("cp1252"), 2)
    result = read_portfolio(content, "uk-gmpp")
    assert [(r.row_number, r.column, r.value) for r in result.rejections] == [(1, "column 12", "\\xa333.73")]
    assert result.rejections[0].reason == "The text is not in utf-8."
    assert len(result.rows) == 234
