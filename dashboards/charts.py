"""From rows to figures, without Django: each chart is Plotly's own JSON, a finding and a table.

Figures are plain data in Plotly's format, so that a page needs no charting library on the server; a test
lets the library check each one. Colours are the palette of Okabe and Ito, which the page maps to its theme.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from textwrap import wrap
from typing import Any

from portfolio.wording import THIN, grouped

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#767676"
SURVEY = {"met": 28, "partly_met": 52, "failed": 20}
FEW = 20
STRONG = 50
WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of the table under a chart."""

    label: str
    figures: bool = False


@dataclass(frozen=True)
class Chart:
    """A finding with its drawing, source and table."""

    id: str
    finding: str
    figure: dict[str, Any]
    columns: list[Column]
    rows: list[list[str]]
    words: str = ""
    source: str = ""
    as_of: Any = None
    list_url: str = ""
    size: str = ""


def amount(value: Decimal) -> str:
    """An amount in a table: whole units, grouped by a narrow space, with a true minus."""
    return grouped(value, 0)


def in_words(number: int) -> str:
    """Small numbers as words, as a newspaper writes them."""
    return WORDS[number] if 0 <= number < len(WORDS) else str(number)


def _finding(part: int, whole: int, things: str, one: str, several: str, not_one: str) -> str:
    """'Nine of the twelve envelopes are full', 'The one envelope is not full'; `things` in the plural."""
    if whole == 1:
        return f"The one {things.replace('s', '', 1)} {one if part else not_one}"
    if part == whole:
        return f"All {in_words(whole)} {things} {several}"
    subject = in_words(part).capitalize() if part else "None"
    return f"{subject} of the {in_words(whole)} {things} {one if part == 1 else several}"


def _share_or_number(count: int, total: int) -> str:
    """Shares say something from twenty on; below, the number itself."""
    return f"{100 * count / total:.0f}{THIN}%" if total >= FEW else str(count)


def _figure_columns(first: str, labels: Sequence[str]) -> list[Column]:
    return [Column(first), *(Column(label, figures=True) for label in labels)]


def outcome_split(
    counts: Mapping[str, int], running: Mapping[str, int], *, as_of: Any, list_url: str
) -> Chart:
    """Outcomes that were set, and those that running work is on course to, beside the survey.

    `counts` and `running` hold numbers by outcome: met, partly_met, failed (stopped early is counted as
    failed beside the survey, which is said). Shares from 20 on, numbers below.
    """
    labels = {"met": "met", "partly_met": "partly met", "failed": "failed"}
    colours = {"met": GREEN, "partly_met": ORANGE, "failed": RED}
    total, ran = sum(counts.values()), sum(running.values())
    # From the bottom up, as a bar chart counts.
    bars: list[tuple[str, Mapping[str, int], int]] = [("Survey of leaders", SURVEY, 100)]
    bars += [("Running, on course to", running, ran)] if ran else []
    bars += [("Outcomes set", counts, total)] if total else []

    def said(name: str, number: int, whole: int) -> str:
        return f"{number}{THIN}%" if name.startswith("Survey") else _share_or_number(number, whole)

    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": [name for name, _, _ in bars],
            "x": [round(100 * numbers.get(key, 0) / whole, 2) for _, numbers, whole in bars],
            "customdata": [said(name, numbers.get(key, 0), whole) for name, numbers, whole in bars],
            "marker": {"color": colours[key]},
            "hovertemplate": "%{customdata}",
        }
        for key, label in labels.items()
    ]
    if total:
        met, things = counts.get("met", 0), "initiatives with an outcome"
        finding = _finding(met, total, things, "met its case", "met their case", "did not meet its case")
    elif ran:
        met, things, case = running.get("met", 0), "running initiatives", "on course to meet"
        finding = _finding(
            met, ran, things, f"is {case} its case", f"are {case} their case", f"is not {case} its case"
        )
    else:
        finding = "No initiative has an outcome yet"
    return Chart(
        id="outcomes",
        finding=finding,
        words=(
            "The survey is self-reported, and its 52 % is the remainder. "
            "What was stopped early counts as failed beside it."
        ),
        figure={
            "data": data,
            "layout": {
                "barmode": "stack",
                "xaxis": {"ticksuffix": " %", "range": [0, 100]},
                "showlegend": True,
            },
        },
        columns=_figure_columns("Outcome", ("set", "on course to", "survey")),
        rows=[
            [
                label,
                _share_or_number(counts.get(key, 0), total),
                _share_or_number(running.get(key, 0), ran),
                f"{SURVEY[key]}{THIN}%",
            ]
            for key, label in labels.items()
        ],
        source="outcomes in Keel; a survey of some 780 leaders of infrastructure and operations",
        as_of=as_of,
        list_url=list_url,
        size="short",
    )


def value_against_spend(
    years: Sequence[Mapping[str, Any]], currency: str, *, this_year: int, as_of: Any, list_url: str
) -> Chart:
    """Cost and benefit by fiscal year, planned and actual, added up. `years` is in order of fiscal_year.

    What was spent and attested ends with the present year; plans go on.
    """
    series = (
        ("planned cost", "planned_cost", GREY, "dash"),
        ("spent", "actual_cost", RED, "solid"),
        ("planned benefit", "planned_benefit", BLUE, "dash"),
        ("attested benefit", "attested_benefit", GREEN, "solid"),
    )
    names = [_year(row) for row in years]
    data: list[dict[str, Any]] = []
    sums: dict[str, list[Decimal]] = {}
    for label, key, colour, dash in series:
        is_actual = dash == "solid"
        running, added = Decimal(0), []
        for row in years:
            running += row[key]
            added.append(running)
        sums[key] = added
        shown = [
            None if is_actual and row["fiscal_year"] > this_year else float(value)
            for row, value in zip(years, added, strict=True)
        ]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label,
                "x": names,
                "y": shown,
                "line": {"color": colour, "dash": dash, "width": 2.5 if is_actual else 1.5},
                "marker": {"size": 6 if is_actual else 4},
                "hovertemplate": "%{y:,.0f}",
            }
        )
    attested, spent = (sums[key][-1] if years else Decimal(0) for key in ("attested_benefit", "actual_cost"))
    if not spent:
        finding = "Nothing is spent yet"
    elif attested >= spent:
        finding = f"Attested value is {attested / spent:.1f} times what was spent"
    else:
        finding = f"Of every 100 spent, {100 * attested / spent:.0f} came back as attested value so far"
    return Chart(
        id="value-against-spend",
        finding=finding,
        words=f"Added up over fiscal years, in {currency} at planning rates.",
        figure={"data": data, "layout": {"yaxis": {"rangemode": "tozero"}, "showlegend": True}},
        columns=_figure_columns("Up to", [label for label, *_ in series]),
        rows=[
            [name, *(amount(sums[key][place]) for _, key, _, _ in series)] for place, name in enumerate(names)
        ],
        source="frozen plans, postings and attestations",
        as_of=as_of,
        list_url=list_url,
    )


def matrix(points: Sequence[Mapping[str, Any]], currency: str, *, as_of: Any, list_url: str) -> Chart:
    """Feasibility against impact, area as whole-life cost. Of text only the reference is in the payload."""
    largest = max((float(point["cost"]) for point in points), default=0.0) or 1.0
    strong = [point for point in points if point["feasibility"] >= STRONG and point["impact"] >= STRONG]
    finding = "Nothing open is scored yet"
    if points:
        both = "strong on both sides"
        finding = _finding(
            len(strong), len(points), "initiatives scored", f"is {both}", f"are {both}", f"is not {both}"
        )
    line = {"type": "line", "line": {"color": GREY, "width": 1, "dash": "dot"}}
    return Chart(
        id="matrix",
        finding=finding,
        words=f"Each mark is an open initiative; its area is the whole-life cost in {currency}.",
        figure={
            "data": [
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [round(point["feasibility"], 1) for point in points],
                    "y": [round(point["impact"], 1) for point in points],
                    "customdata": [point["reference"] for point in points],
                    "marker": {
                        "color": BLUE,
                        "opacity": 0.55,
                        "sizemode": "area",
                        "sizemin": 4,
                        "sizeref": 2 * largest / 40**2,
                        "size": [float(point["cost"]) for point in points],
                    },
                    "hovertemplate": "%{customdata}: feasibility %{x:.0f}, impact %{y:.0f}<extra></extra>",
                }
            ],
            "layout": {
                "xaxis": {"title": {"text": "feasibility"}, "range": [0, 100]},
                "yaxis": {"title": {"text": "impact"}, "range": [0, 100]},
                "shapes": [
                    line | {"x0": STRONG, "x1": STRONG, "y0": 0, "y1": 100},
                    line | {"x0": 0, "x1": 100, "y0": STRONG, "y1": STRONG},
                ],
            },
        },
        columns=_figure_columns("Initiative", ("Feasibility", "Impact", f"Whole-life cost, {currency}")),
        rows=[
            [
                f"{point['reference']} {point['title']}",
                f"{point['feasibility']:.1f}",
                f"{point['impact']:.1f}",
                amount(point["cost"]),
            ]
            for point in sorted(points, key=lambda point: -float(point["cost"]))[:50]
        ],
        source="low end of closed scores"
        + ("; the table shows the 50 costliest" if len(points) > 50 else ""),
        as_of=as_of,
        list_url=list_url,
        size="tall",
    )


def _in_lines(name: str) -> str:
    """A name below a column, in lines short enough for a phone, where slanted names leave no room to bars."""
    return "<br>".join(wrap(name, 14))


def envelopes(
    rows: Sequence[Mapping[str, Any]], currency: str, year: int, *, as_of: Any, list_url: str
) -> Chart:
    """Appropriated, committed and released by envelope."""
    rows = [row for row in rows if row["appropriated"]]
    series = (("appropriated", GREY), ("committed", BLUE), ("released", GREEN))
    full = [row for row in rows if row["committed"] / row["appropriated"] >= Decimal("0.9")]
    if not rows:
        finding = f"No envelope is appropriated for FY{year}"
    elif full:
        share = "at least nine tenths committed"
        finding = _finding(len(full), len(rows), "envelopes", f"is {share}", f"are {share}", "")
    else:
        finding = "Every envelope has room for a tenth or more"
    return Chart(
        id="envelopes",
        finding=finding,
        words=f"FY{year}, in {currency}.",
        figure={
            "data": [
                {
                    "type": "bar",
                    "name": key,
                    "x": [_in_lines(str(row["unit"])) for row in rows],
                    "y": [float(row[key]) for row in rows],
                    "marker": {"color": colour},
                    "hovertemplate": "%{y:,.0f}",
                }
                for key, colour in series
            ],
            "layout": {
                "barmode": "group",
                "showlegend": True,
                "xaxis": {"tickangle": 0},
                "yaxis": {"rangemode": "tozero"},
            },
        },
        columns=_figure_columns("Envelope", (*(key for key, _ in series), "room")),
        rows=[
            [
                str(row["unit"]),
                *(amount(row[key]) for key, _ in series),
                amount(row["appropriated"] - row["committed"]),
            ]
            for row in rows
        ],
        source="confirmed appropriations, commitments and releases",
        as_of=as_of,
        list_url=list_url,
    )


def variance(
    years: Sequence[Mapping[str, Any]],
    planned: Decimal,
    actual: Decimal,
    currency: str,
    *,
    as_of: Any,
    list_url: str,
) -> Chart:
    """Planned and actual cost by fiscal year; `planned` and `actual` are sums over the same closed months."""
    if not planned:
        finding = "No cost was planned for the months that are closed"
    else:
        share = round(100 * (actual - planned) / planned)
        where = f"{abs(share)} % {'above' if share > 0 else 'below'} plan" if share else "on plan"
        finding = f"Spend of closed months is {where}"
    series = (("planned", "planned_cost", GREY), ("actual", "actual_cost", RED))
    return Chart(
        id="variance",
        finding=finding,
        words=f"Cost by fiscal year, in {currency} at planning rates.",
        figure={
            "data": [
                {
                    "type": "bar",
                    "name": label,
                    "x": [_year(row) for row in years],
                    "y": [float(row[key]) for row in years],
                    "marker": {"color": colour},
                    "hovertemplate": "%{y:,.0f}",
                }
                for label, key, colour in series
            ],
            "layout": {"barmode": "group", "showlegend": True, "yaxis": {"rangemode": "tozero"}},
        },
        columns=_figure_columns("Year", ("planned", "actual", "actual less planned")),
        rows=[
            [
                _year(row),
                *(amount(row[key]) for _, key, _ in series),
                amount(row["actual_cost"] - row["planned_cost"]),
            ]
            for row in years
        ],
        source="frozen plans and postings",
        as_of=as_of,
        list_url=list_url,
    )


def _year(row: Mapping[str, Any]) -> str:
    return f"FY{row['fiscal_year']}"
