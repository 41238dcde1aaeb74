"""Charts: figures that the library accepts, findings that follow from numbers, nothing leaves the house."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import plotly
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from plotly import graph_objects

from dashboards import charts
from dashboards.charts import Chart

YEARS = [
    {
        "fiscal_year": year, "planned_cost": Decimal(cost), "actual_cost": Decimal(actual),
        "planned_benefit": Decimal(benefit), "attested_benefit": Decimal(attested),
    }
    for year, cost, actual, benefit, attested in (
        (2024, 100_000, 90_000, 0, 0), (2025, 50_000, 70_000, 120_000, 80_000), (2027, 10_000, 0, 200_000, 0),
    )
]  # fmt: skip
POINTS = [
    {"reference": "AI-1", "title": "A", "feasibility": 61.2, "impact": 70.4, "cost": Decimal(100)},
    {"reference": "AI-2", "title": "B", "feasibility": 40.0, "impact": 90.0, "cost": Decimal(0)},
]
ENVELOPES = [
    {"unit": "Desk", "appropriated": Decimal(100), "committed": Decimal(95), "released": Decimal(10)},
    {"unit": "Supply", "appropriated": Decimal(100), "committed": Decimal(5), "released": Decimal(0)},
    {"unit": "None", "appropriated": Decimal(0), "committed": Decimal(0), "released": Decimal(0)},
]
COMMON: dict[str, Any] = {"as_of": None, "list_url": "/"}
NONE = {"met": 0, "partly_met": 0, "failed": 0}


def every_chart() -> list[Chart]:
    """Each chart, full and empty."""
    value = charts.value_against_spend
    return [
        charts.outcome_split({"met": 9, "partly_met": 8, "failed": 4}, {"met": 3}, **COMMON),
        charts.outcome_split(NONE, NONE, **COMMON),
        value(YEARS, "USD", this_year=2025, **COMMON),
        value([], "USD", this_year=2025, **COMMON),
        charts.matrix(POINTS, "USD", **COMMON),
        charts.matrix([], "USD", **COMMON),
        charts.envelopes(ENVELOPES, "USD", 2026, **COMMON),
        charts.envelopes([], "USD", 2026, **COMMON),
        charts.variance(YEARS, Decimal(100), Decimal(120), "USD", **COMMON),
        charts.variance([], Decimal(0), Decimal(0), "USD", **COMMON),
    ]


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.id)
def test_every_figure_is_valid_and_has_a_table(chart: Chart) -> None:
    graph_objects.Figure(chart.figure)
    assert json.loads(json.dumps(chart.figure)) == chart.figure
    assert chart.finding
    for row in chart.rows:
        assert len(row) == len(chart.columns)
        assert all(isinstance(cell, str) for cell in row)


def test_a_wrong_figure_is_not_valid() -> None:
    """The control: the library does refuse."""
    with pytest.raises(ValueError, match="Invalid property"):
        graph_objects.Figure({"data": [{"type": "bar", "colour": "red"}]})


def test_the_drawing_library_has_the_version_of_the_one_that_checks() -> None:
    package = Path(settings.BASE_DIR, "node_modules", "plotly.js-cartesian-dist-min", "package.json")
    drawn = json.loads(package.read_text())["version"]
    checked = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    assert f"plotly.js v{drawn}" in checked.read_text(encoding="utf-8")[:400]
    lock = json.loads(Path(settings.BASE_DIR, "package-lock.json").read_text())
    assert lock["packages"]["node_modules/plotly.js-cartesian-dist-min"]["version"] == drawn


def test_nothing_is_sent_to_a_cloud() -> None:
    script = Path(settings.BASE_DIR, "static", "js", "charts.js").read_text()
    assert "showSendToCloud: false" in script
    assert 'plotlyServerURL: ""' in script
    assert "displayModeBar: false" in script


@pytest.mark.parametrize(
    ("counts", "running", "finding"),
    [
        ({"met": 9, "partly_met": 11}, {}, "Nine of the 20 initiatives with an outcome met their case"),
        ({"met": 1, "failed": 1}, {}, "One of the two initiatives with an outcome met its case"),
        ({"met": 1}, {}, "The one initiative with an outcome met its case"),
        ({"failed": 1}, {}, "The one initiative with an outcome did not meet its case"),
        ({"met": 3}, {}, "All three initiatives with an outcome met their case"),
        ({"failed": 3}, {}, "None of the three initiatives with an outcome met their case"),
        (
            NONE,
            {"met": 2, "failed": 2},
            "Two of the four running initiatives are on course to meet their case",
        ),
        (NONE, {}, "No initiative has an outcome yet"),
    ],
)
def test_the_title_is_the_finding(counts: dict[str, int], running: dict[str, int], finding: str) -> None:
    assert charts.outcome_split(counts, running, **COMMON).finding == finding


def test_shares_stand_from_twenty_on_and_numbers_below() -> None:
    few = charts.outcome_split({"met": 9, "failed": 10}, {}, **COMMON)
    many = charts.outcome_split({"met": 9, "failed": 11}, {}, **COMMON)
    assert [row[1] for row in few.rows] == ["9", "0", "10"]
    assert [row[1] for row in many.rows] == ["45\u202f%", "0\u202f%", "55\u202f%"]
    assert few.figure["data"][0]["customdata"] == ["28\u202f%", "9"]


def test_what_is_spent_ends_with_this_year_and_the_table_adds_up() -> None:
    chart = charts.value_against_spend(YEARS, "USD", this_year=2025, **COMMON)
    spent = next(line for line in chart.figure["data"] if line["name"] == "spent")
    assert spent["y"] == [90_000.0, 160_000.0, None]
    assert chart.rows[-1] == ["FY2027", "160\u202f000", "160\u202f000", "320\u202f000", "80\u202f000"]
    assert chart.finding == "Of every 100 spent, 50 came back as attested value so far"


@pytest.mark.parametrize(
    ("planned", "actual", "finding"),
    [
        ("100", "120", "Spend of closed months is 20 % above plan"),
        ("100", "80", "Spend of closed months is 20 % below plan"),
        ("100", "100.4", "Spend of closed months is on plan"),
        ("0", "50", "No cost was planned for the months that are closed"),
    ],
)
def test_the_variance_says_above_or_below(planned: str, actual: str, finding: str) -> None:
    chart = charts.variance(YEARS, Decimal(planned), Decimal(actual), "USD", **COMMON)
    assert chart.finding == finding


def test_full_envelopes_are_counted_and_empty_ones_left_out() -> None:
    chart = charts.envelopes(ENVELOPES, "USD", 2026, **COMMON)
    assert chart.finding == "One of the two envelopes is at least nine tenths committed"
    assert [row[0] for row in chart.rows] == ["Desk", "Supply"]
    assert charts.envelopes([], "USD", 2026, **COMMON).finding == "No envelope is appropriated for FY2026"


def test_the_matrix_carries_no_text_but_references() -> None:
    text = json.dumps(charts.matrix(POINTS, "USD", **COMMON).figure)
    assert "AI-1" in text
    assert '"A"' not in text
    many = charts.matrix(POINTS * 5_000, "USD", **COMMON)
    assert len(json.dumps(many.figure)) < 400_000
    assert len(many.rows) == 50


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_is_grouped_with_a_true_minus(value: Decimal) -> None:
    text = charts.amount(value)
    assert "-" not in text
    plain = text.replace("\u202f", "").replace("\N{MINUS SIGN}", "-")
    assert abs(Decimal(plain) - value) <= Decimal("0.5")
    assert plain != "-0"
