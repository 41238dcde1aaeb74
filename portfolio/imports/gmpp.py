"""The profile `uk-gmpp`: the UK Government Major Projects Portfolio, one file for each March.

The GMPP ID stays the same over the years. Amounts are in £m, some with a pound sign. Where a cell says that
the figure is exempt from disclosure, that sentence is kept as the reason; it never becomes 0. Figures of a
financial year or of the whole life stay figures of that period.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from portfolio.imports import cells
from portfolio.imports.readers import Column, Table, TableRow, words
from portfolio.imports.rows import (
    Assessment,
    FileRefused,
    Rejection,
    Remark,
    SourceRow,
    StatedFigure,
    StatedRatio,
    row_hash,
)

SYSTEM = "uk-gmpp"
ENCODINGS = ("utf-8",)
MILLION = 6

ID = "GMPP ID Number"
NAME = "Project Name"
DEPARTMENT = "Department"
CATEGORY = "Annual Report Category"
AIMS = "Description / Aims"
COMMENTARY = "Departmental commentary on actions planned or taken"
ASSESSMENTS = {"IPA": "IPA Delivery Confidence Assessment", "SRO": "SRO Delivery Confidence Assessment"}
START = "Project - Start Date"
END = "Project - End Date"
VARIANCE = "Financial Year Variance (%)"
YEAR_FIGURES = {
    "cost_year_baseline": "Financial Year Baseline (£m)",
    "cost_year_forecast": "Financial Year Forecast (£m)",
}
LIFE_COST = "TOTAL Baseline Whole Life Costs (£m)"
LIFE_BENEFIT = "TOTAL Baseline Benefits (£m)"
LIFE_FIGURES = {"cost_whole_life_baseline": LIFE_COST, "benefit_whole_life_baseline": LIFE_BENEFIT}

# The headers go on with explanations and line breaks that change from year to year.
COLUMNS = (
    *(Column(name) for name in (ID, NAME, DEPARTMENT, CATEGORY, AIMS, VARIANCE)),
    *(
        Column(name, prefix=True)
        for name in (*ASSESSMENTS.values(), START, END, *YEAR_FIGURES.values(), LIFE_COST)
    ),
    Column(COMMENTARY, prefix=True, required=False),
    Column(LIFE_BENEFIT, prefix=True, required=False),
)
_RATINGS = {"red": "Red", "amber": "Amber", "green": "Green"}
_REASONS = ("exempt", "early planning", "the project is not in a position")
_ID_YEAR = re.compile(r"_\d{2}(\d{2})-Q[1-4]$", re.ASCII)
_COMMENTARY_YEAR = re.compile(r"\bat \d{2}/(\d{2})-Q4\b", re.ASCII)


def about_date(table: Table) -> date:
    """31 March of the newest financial year that the file names, in its ids and its commentary.

    Column headers don't say it: those of 2023 still speak of 2021/22. Raises FileRefused if no row says it,
    or if the file has the benefits that are published since 2023 and speaks of no year after 2022.
    """
    years = set()
    for row in table.rows:
        if isinstance(row, TableRow):
            if found := _ID_YEAR.search(words(table.cell(row, ID))):
                years.add(2000 + int(found[1]))
            years.update(2000 + int(year) for year in _COMMENTARY_YEAR.findall(table.cell(row, COMMENTARY)))
    if not years or (LIFE_BENEFIT in table.at and max(years) < 2023):
        raise FileRefused("The file does not say which March it is about: name the date.")
    return cells.last_day_of_march(max(years))


def rows(table: Table, about: date) -> Iterator[SourceRow | Rejection]:
    """One result for each row of the table, in order."""
    row_of: dict[str, int] = {}
    for row in table.rows:
        if isinstance(row, Rejection):
            yield row
            continue
        gmpp_id = words(table.cell(row, ID))
        if gmpp_id in row_of:
            yield Rejection(row.number, ID, gmpp_id, f"Row {row_of[gmpp_id]} has the same id.")
            continue
        result = _row(table, row, about, gmpp_id)
        if isinstance(result, SourceRow):
            row_of[gmpp_id] = row.number
        yield result


def _row(table: Table, row: TableRow, about: date, gmpp_id: str) -> SourceRow | Rejection:
    def cell(name: str) -> str:
        return table.cell(row, name)

    for name in (ID, NAME, DEPARTMENT):
        if not cell(name).strip():
            return Rejection(row.number, name, cell(name), "The cell is empty; a row needs it.")
    remarks = []
    if words(cell(NAME)) != cell(NAME):
        remarks.append(Remark(NAME, cell(NAME), f"read as “{words(cell(NAME))}”, in one line"))
    year = f"{about.year - 1}-{about.year % 100:02d}"
    year_start = date(about.year - 1, 4, 1)
    figures: list[StatedFigure] = []
    for measure, name in YEAR_FIGURES.items():
        figure, remark = _figure(measure, name, cell(name), year, year_start, about)
        figures.append(figure)
        remarks += remark
    for measure, name in LIFE_FIGURES.items():
        if name in table.at:
            figure, remark = _figure(measure, name, cell(name), "whole life", None, None)
            figures.append(figure)
            remarks += remark
    dates = (cells.iso_date("start", cell(START)), cells.iso_date("end", cell(END)))
    for stated, name in zip(dates, (START, END), strict=True):
        if stated.day is None:
            remarks.append(Remark(name, cell(name), f"no date: {stated.reason_absent}"))
    assessments = tuple(_assessments(cell))
    if not any(assessment.rating for assessment in assessments):
        reason = next(iter(assessments)).reason_absent if assessments else "not stated"
        remarks.append(Remark(ASSESSMENTS["IPA"], cell(ASSESSMENTS["IPA"]), f"no rating: {reason}"))
    category = words(cell(CATEGORY))
    return SourceRow(
        row_number=row.number,
        system=SYSTEM,
        external_id=gmpp_id,
        about_date=about,
        unit_path=(words(cell(DEPARTMENT)),),
        unit_code=words(cell(DEPARTMENT)),
        title=words(cell(NAME)),
        problem="" if cells.is_not_stated(cell(AIMS)) else cell(AIMS).strip(),
        domain=category,
        domain_text=cell(CATEGORY),
        domain_class=("it_service" if category == "ICT" else "other") if category else "",
        dates=dates,
        stated_figures=tuple(figures),
        stated_ratios=(_ratio(cell(VARIANCE)),),
        assessments=assessments,
        remarks=tuple(remarks),
        raw=table.raw(row),
        row_hash=row_hash(table.columns, row.cells),
    )


def _figure(
    measure: str, column: str, text: str, period: str, start: date | None, end: date | None
) -> tuple[StatedFigure, list[Remark]]:
    """The figure in pounds, or why there is none; and a remark when the cell is not a known reason."""
    value = cells.number(text, symbol="£")
    amount: Decimal | None = None if value is None else cells.scaled(value, MILLION)
    if amount is not None and cells.fits(amount):
        return StatedFigure(measure, period, start, end, amount, "GBP"), []
    reason = "not stated" if cells.is_not_stated(text) else words(text)
    figure = StatedFigure(measure, period, start, end, None, "GBP", reason)
    if amount is not None:
        return figure, [Remark(column, text, "kept as text: finer or larger than Keel stores")]
    if reason == "not stated":
        return figure, []
    return figure, [
        Remark(column, text, "no figure: " + ("the cell says why" if _is_reason(text) else "not a number"))
    ]


def _ratio(text: str) -> StatedRatio:
    value = cells.percent(text)
    if value is not None:
        return StatedRatio("cost_year_variance", value)
    return StatedRatio("cost_year_variance", None, "not stated" if cells.is_not_stated(text) else words(text))


def _is_reason(text: str) -> bool:
    return words(text).casefold().startswith(_REASONS)


def _assessments(cell: Callable[[str], str]) -> Iterator[Assessment]:
    """The rating of whoever gave one. Only one of the two assesses; an exemption stands in both cells."""
    for by, name in ASSESSMENTS.items():
        rating = _RATINGS.get(words(cell(name)).casefold(), "")
        if rating:
            yield Assessment(by, rating)
        elif not cells.is_not_stated(cell(name)):
            yield Assessment(by, "", words(cell(name)))
