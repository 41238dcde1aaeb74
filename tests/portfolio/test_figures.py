"""Figures, dates and marks are written one way everywhere."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portfolio.templatetags import figures
from portfolio.wording import MINUS, THIN

NOW = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)


def plain(text: str) -> str:
    """The text as it reads, with ordinary spaces and an ordinary minus."""
    return text.replace(THIN, " ").replace(MINUS, "-")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal(1234567), "1 234 567.00"),
        (Decimal("-1234.5"), "-1 234.50"),
        (Decimal(0), "0.00"),
        (Decimal("-0.001"), "0.00"),
        (Decimal("0.125"), "0.12"),
        (Decimal("0.135"), "0.14"),
        (Decimal("999999999999999.99"), "999 999 999 999 999.99"),
        (12, "12.00"),
        (0.1, "0.10"),
        (None, "not stated"),
        (float("nan"), "not stated"),
    ],
)
def test_money_is_written_exactly(value: Any, written: str) -> None:
    assert plain(figures.money(value)) == written


def test_a_negative_amount_has_a_true_minus_and_a_space_that_does_not_break() -> None:
    assert figures.money(Decimal(-1234), 0) == "\u22121\u202f234"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal(1240000), "1.24 M"),
        (Decimal(310000), "310 k"),
        (Decimal(950), "950"),
        (Decimal("12.5"), "12.50"),
        (Decimal(1000), "1 k"),
        (Decimal(12450), "12.4 k"),
        (Decimal(99949), "99.9 k"),
        (Decimal(99950), "100 k"),
        (Decimal(999499), "999 k"),
        (Decimal(999950), "1 M"),
        (Decimal(4100000), "4.1 M"),
        (Decimal(-61204500), "-61.2 M"),
        (Decimal(7300000000), "7.3 bn"),
        (0, "0"),
        (None, "not stated"),
    ],
)
def test_compact_keeps_three_digits_that_count(value: Any, written: str) -> None:
    assert plain(figures.compact(value)) == written


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_a_compact_figure_is_never_off_by_more_than_half_a_percent(value: Decimal) -> None:
    written = plain(figures.compact(value)).replace(" ", "")
    number = written.rstrip("kMbn")
    shown = Decimal(number) * {"": 1, "k": 10**3, "M": 10**6, "bn": 10**9}[written.removeprefix(number)]
    assert abs(shown - value) <= abs(value) * Decimal("0.0051")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_reads_back_as_itself(value: Decimal) -> None:
    assert Decimal(plain(figures.money(value)).replace(" ", "")) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [(1234, "+1 234"), (-5, "-5"), (0, "0"), (Decimal("-0.2"), "0"), (None, "not stated")],
)
def test_a_difference_has_its_sign(value: Any, written: str) -> None:
    assert plain(figures.signed(value)) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.28, "0.28"), (2, "2.00"), (-0.314, "-0.31"), (None, "not stated")]
)
def test_a_ratio_has_two_decimals(value: Any, written: str) -> None:
    assert plain(figures.ratio(value)) == written


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [(0.283, 0, "28 %"), (Decimal("0.285"), 1, "28.5 %"), (-0.05, 0, "-5 %"), (None, 0, "not stated")],
)
def test_a_fraction_is_written_as_a_percentage(value: Any, digits: int, written: str) -> None:
    assert plain(figures.percent(value, digits)) == written


@pytest.mark.parametrize(("value", "written"), [(78, "78"), (61.46, "61.5"), (0, "0"), (None, "not stated")])
def test_a_score_has_one_decimal_at_most(value: Any, written: str) -> None:
    assert figures.points(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(Decimal("1234.50"), "1234.5"), (1e6, "1000000"), (Decimal("1E+3"), "1000"), (0, "0"), (None, "")],
)
def test_a_number_for_a_machine_is_plain(value: Any, written: str) -> None:
    assert figures.plain(value) == written


def test_a_whole_number_is_grouped() -> None:
    assert plain(figures.count(12480)) == "12 480"


@pytest.mark.parametrize(("value", "written"), [(None, "not stated"), ("", "not stated"), (0, 0), ("x", "x")])
def test_only_what_is_missing_is_not_stated(value: Any, written: str) -> None:
    assert figures.known(value) == written


@pytest.mark.parametrize(
    ("text", "shown"),
    [("250000", "250 000"), ("12000.5", "12 000.5"), ("12,000", "12,000"), ("", ""), ("x", "x")],
)
def test_a_typed_amount_is_grouped_where_it_is_plain_digits(text: str, shown: str) -> None:
    assert plain(figures.typed(text)) == shown


def test_dates_are_written_in_words() -> None:
    assert figures.day(date(2026, 3, 12)) == "12 Mar 2026"
    assert figures.month(date(2026, 3, 12)) == "Mar 2026"
    assert figures.fiscal_year(2026) == "FY2026"


def test_a_moment_is_told_in_the_time_zone_of_the_reader() -> None:
    with timezone.override("Europe/Berlin"):
        assert figures.moment(NOW) == "21 Nov 2026 14:05"
        assert figures.day(datetime(2026, 11, 21, 23, 30, tzinfo=UTC)) == "22 Nov 2026"


@pytest.mark.parametrize(
    "write",
    [
        figures.money,
        figures.count,
        figures.compact,
        figures.signed,
        figures.ratio,
        figures.percent,
        figures.points,
        figures.month,
        figures.day,
        figures.moment,
        figures.ago,
        figures.due,
        figures.age,
        figures.fiscal_year,
    ],
)
def test_what_is_not_known_is_not_stated(write: Callable[[None], str]) -> None:
    assert write(None) == "not stated"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(minutes=61), "1 hour ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=13), "13 days ago"),
        (timedelta(days=14), "2 weeks ago"),
        (timedelta(days=60), "2 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(days=-2), "in 2 days"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_an_age_is_told_in_words_with_the_moment_behind_it(before: timedelta, words: str) -> None:
    told = figures.ago(NOW - before)
    assert f">{words}</time>" in told
    assert f'title="{figures.moment(NOW - before)}"' in told


def test_an_age_can_be_counted_from_another_day() -> None:
    assert ">5 days ago</time>" in figures.ago(date(2026, 3, 7), date(2026, 3, 12))
    assert ">today</time>" in figures.ago(date(2026, 3, 12), date(2026, 3, 12))


@pytest.mark.parametrize(
    ("when", "words", "css"),
    [
        (date(2026, 11, 20), "overdue 1 day", "overdue"),
        (date(2026, 11, 21), "today", "due-soon"),
        (date(2026, 11, 23), "in 2 days", "due-soon"),
        (date(2026, 11, 30), "in 9 days", "due"),
    ],
)
def test_a_due_date_says_how_urgent_it_is(when: date, words: str, css: str) -> None:
    told = figures.due(when, date(2026, 11, 21))
    assert f">{words}</time>" in told
    assert f'class="{css}"' in told


def test_an_age_in_days_is_told_in_words() -> None:
    assert figures.age(6) == "6 days"
    assert figures.age(timedelta(days=95)) == "3 months"


@pytest.mark.parametrize(
    ("outcome", "shape", "tone", "word"),
    [
        ("met", "disc", "met", "met"),
        ("PARTLY_MET", "half", "partly", "partly met"),
        ("partly met", "half", "partly", "partly met"),
        ("failed", "ring", "failed", "failed"),
        ("stopped-early", "square", "stopped", "stopped early"),
        ("too_early", "dash", "unknown", "too early to say"),
        ("green", "disc", "met", "green"),
        ("red", "ring", "failed", "red"),
        (None, "dash", "unknown", "not known"),
        ("on course to be met", "dash", "unknown", "on course to be met"),
    ],
)
def test_an_outcome_is_a_word_and_a_shape_and_a_colour(
    outcome: str | None, shape: str, tone: str, word: str
) -> None:
    assert (figures.shape(outcome), figures.tone(outcome), figures.mark_word(outcome)) == (shape, tone, word)


def test_an_icon_without_a_label_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in figures.icon("home")
    assert 'aria-label="Close &lt;it&gt;"' in figures.icon("close", "Close <it>")


def test_cells_stand_beside_their_columns() -> None:
    assert figures.paired([1, 2], ["a", "b"]) == [(1, "a"), (2, "b")]
    with pytest.raises(ValueError, match="zip"):
        figures.paired([1], ["a", "b"])


def test_a_new_order_keeps_the_filters_and_starts_at_page_one(rf: RequestFactory) -> None:
    request = rf.get("/initiatives/", {"unit": "7", "page": "3", "q": "a&b"})
    link = figures.with_query(Context({"request": request}), "sort", "-cost")
    assert dict(QueryDict(link[1:]).items()) == {"unit": "7", "q": "a&b", "sort": "-cost"}


def test_another_page_keeps_everything_else(rf: RequestFactory) -> None:
    request = rf.get("/initiatives/", {"unit": "7", "page": "3"})
    link = figures.with_query(Context({"request": request}), "page", 4)
    assert dict(QueryDict(link[1:]).items()) == {"unit": "7", "page": "4"}


def test_the_filters_work_in_a_template() -> None:
    written = Template("{% load figures %}{{ cost|money:0 }} {{ none|known }} {{ cost|compact }}").render(
        Context({"cost": Decimal(1450000), "none": None})
    )
    assert plain(written) == "1 450 000 not stated 1.45 M"


def test_a_return_that_counts_non_cash_benefits_stands_beside_the_headline_where_it_differs() -> None:
    assert figures.with_non_cash(-1.0, 2.475) == "2.48 including non-cash"
    assert figures.with_non_cash(1.5, 1.5) == ""
    assert figures.with_non_cash(None, 1.0) == ""
