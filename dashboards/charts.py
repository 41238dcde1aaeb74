"""From rows to figures, without Django: each chart is Plotly's own JSON, a finding and a table.

Figures are plain data in Plotly's format, so that a page needs no charting library on the server; a test
lets the library check each one. Colours are the palette of Okabe and Ito, which the page maps to its theme.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#767676"
SURVEY = {"met": 28, "partly_met": 52, "failed": 20}
FEW = 20
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
    rows: list[list[Any]]
    words: str = ""
    source: str = ""
    as_of: Any = None
    list_url: str = ""
    size: str = ""
    notes: list[str] = field(default_factory=list)


def in_words(number: int) -> str:
    """Small numbers as words, as a newspaper writes them."""
    return WORDS[number] if 0 <= number < len(WORDS) else str(number)


def _share_or_number(count: int, total: int) -> str:
    return f"{100 * count / total:.0f} %" if total >= FEW else str(count)


def outcome_split(counts: Mapping[str, int], evidenced: Mapping[str, int], *, as_of: Any, list_url: str) -> Chart:
    """Outcomes that were set, beside those that running work is on course to, beside the survey.

    `counts` and `evidenced` hold numbers by outcome: met, partly_met, failed (stopped early is counted as
    failed beside the survey, which is said). Shares from 20 on, numbers below.
    """
    classes = ("met", "partly_met", "failed")
    labels = {"met": "met", "partly_met": "partly met", "failed": "failed"}
    colours = {"met": GREEN, "partly_met": ORANGE, "failed": RED}
    total, running = sum(counts.values()), sum(evidenced.values())
    bars = [
        ("Survey of 780 leaders", {key: float(SURVEY[key]) for key in classes}),
        ("On course to", {key: 100 * evidenced.get(key, 0) / running if running else 0.0 for key in classes}),
        ("Outcomes set", {key: 100 * counts.get(key, 0) / total if total else 0.0 for key in classes}),
    ]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": labels[key],
            "y": [name for name, _ in bars],
            "x": [shares[key] for _, shares in bars],
            "marker": {"color": colours[key]},
            "hovertemplate": "%{x:.0f} %",
        }
        for key in classes
    ]
    if total:
        met = counts.get("met", 0)
        finding = f"{in_words(met).capitalize()} of the {in_words(total)} with an outcome met their case"
    else:
        finding = "No initiative has an outcome yet"
    rows = [
        [
            labels[key],
            _share_or_number(counts.get(key, 0), total),
            _share_or_number(evidenced.get(key, 0), running),
            f"{SURVEY[key]} %",
        ]
        for key in classes
    ]
    return Chart(
        id="outcomes",
        finding=finding,
        words="The survey is self-reported and its 52 % is the remainder. Stopped early counts as failed beside it.",
        figure={
            "data": data,
            "layout": {"barmode": "stack", "xaxis": {"ticksuffix": " %", "range": [0, 100]}, "showlegend": True},
        },
        columns=[Column("Outcome"), Column("set", True), Column("on course to", True), Column("survey", True)],
        rows=rows,
        source="outcomes in Keel; survey of some 780 infrastructure and operations leaders",
        as_of=as_of,
        list_url=list_url,
        size="short",
    )


def value_against_spend(years: Sequence[Mapping[str, Any]], currency: str, *, as_of: Any, list_url: str) -> Chart:
    """Cost and benefit by fiscal year, planned and actual, added up. `years` is in order of fiscal_year."""
    names = [f"FY{row['fiscal_year']}" for row in years]
    series = (
        ("planned cost", "planned_cost", GREY, "dash"),
        ("actual cost", "actual_cost", RED, "solid"),
        ("planned benefit", "planned_benefit", BLUE, "dash"),
        ("attested benefit", "attested_benefit", GREEN, "solid"),
    )
    data: list[dict[str, Any]] = []
    for label, key, colour, dash in series:
        running, sums = Decimal(0), []
        for row in years:
            running += row[key]
            sums.append(float(running))
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label,
                "x": names,
                "y": sums,
                "line": {"color": colour, "dash": dash},
                "hovertemplate": "%{y:,.0f}",
            }
        )
    attested = sum((row["attested_benefit"] for row in years), Decimal(0))
    spent = sum((row["actual_cost"] for row in years), Decimal(0))
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
        columns=[Column("Year"), *(Column(label, True) for label, *_ in series)],
        rows=[
            [name, *(row[key] for _, key, _, _ in series)] for name, row in zip(names, years, strict=True)
        ],
        source="postings and attestations",
        as_of=as_of,
        list_url=list_url,
    )


def matrix(points: Sequence[Mapping[str, Any]], currency: str, *, as_of: Any, list_url: str) -> Chart:
    """Feasibility against impact, area as whole-life cost. No text in the payload: hover shows the reference."""
    largest = max((float(point["cost"]) for point in points), default=0.0) or 1.0
    strong = [point for point in points if point["feasibility"] >= 50 and point["impact"] >= 50]
    finding = (
        f"{in_words(len(strong)).capitalize()} of {in_words(len(points))} scored initiatives are strong on both sides"
        if points
        else "Nothing open is scored yet"
    )
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
                    {"type": "line", "x0": 50, "x1": 50, "y0": 0, "y1": 100, "line": {"color": GREY, "width": 1}},
                    {"type": "line", "x0": 0, "x1": 100, "y0": 50, "y1": 50, "line": {"color": GREY, "width": 1}},
                ],
            },
        },
        columns=[Column("Initiative"), Column("Feasibility", True), Column("Impact", True), Column("Whole-life cost", True)],
        rows=[
            [f"{point['reference']} {point['title']}", f"{point['feasibility']:.1f}", f"{point['impact']:.1f}", point["cost"]]
            for point in sorted(points, key=lambda point: -float(point["cost"]))[:50]
        ],
        source="low end of closed scores",
        as_of=as_of,
        list_url=list_url,
        size="tall",
    )  # fmt: skip


def envelopes(rows: Sequence[Mapping[str, Any]], currency: str, year: int, *, as_of: Any, list_url: str) -> Chart:
    """Appropriated, committed and released by envelope."""
    rows = [row for row in rows if row["appropriated"]]
    names = [str(row["unit"]) for row in rows]
    series = (("appropriated", GREY), ("committed", BLUE), ("released", GREEN))
    full = [row for row in rows if row["appropriated"] and row["committed"] / row["appropriated"] >= Decimal("0.9")]
    if not rows:
        finding = f"No envelope is appropriated for FY{year}"
    elif full:
        finding = f"{in_words(len(full)).capitalize()} of {in_words(len(rows))} envelopes are at least nine tenths committed"
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
                    "x": names,
                    "y": [float(row[key]) for row in rows],
                    "marker": {"color": colour},
                    "hovertemplate": "%{y:,.0f}",
                }
                for key, colour in series
            ],
            "layout": {"barmode": "group", "showlegend": True, "yaxis": {"rangemode": "tozero"}},
        },
        columns=[Column("Envelope"), *(Column(key, True) for key, _ in series), Column("room", True)],
        rows=[
            [row["unit"], row["appropriated"], row["committed"], row["released"], row["appropriated"] - row["committed"]]
            for row in rows
        ],
        source="confirmed appropriations, commitments and releases",
        as_of=as_of,
        list_url=list_url,
    )  # fmt: skip


def variance(
    years: Sequence[Mapping[str, Any]],
    planned: Decimal,
    actual: Decimal,
    currency: str,
    *,
    as_of: Any,
    list_url: str,
) -> Chart:
    """Planned and actual cost by fiscal year; `planned` and `actual` are the sums up to now."""
    names = [f"FY{row['fiscal_year']}" for row in years]
    if not planned:
        finding = "No cost was planned up to now"
    else:
        share = 100 * (actual - planned) / planned
        finding = f"Spend is {abs(share):.0f} % {'above' if share > 0 else 'below'} the plan up to now"
    return Chart(
        id="variance",
        finding=finding,
        words=f"Cost by fiscal year, in {currency} at planning rates.",
        figure={
            "data": [
                {
                    "type": "bar", "name": label, "x": names, "y": [float(row[key]) for row in years],
                    "marker": {"color": colour}, "hovertemplate": "%{y:,.0f}",
                }
                for label, key, colour in (("planned", "planned_cost", GREY), ("actual", "actual_cost", RED))
            ],
            "layout": {"barmode": "group", "showlegend": True, "yaxis": {"rangemode": "tozero"}},
        },
        columns=[Column("Year"), Column("planned", True), Column("actual", True), Column("actual − planned", True)],
        rows=[
            [name, row["planned_cost"], row["actual_cost"], row["actual_cost"] - row["planned_cost"]]
            for name, row in zip(names, years, strict=True)
        ],
        source="plan lines and postings",
        as_of=as_of,
        list_url=list_url,
    )  # fmt: skip
