"""The profile `us-itdashboard`: projects of the US federal IT Dashboard with planned and actual cost.

`Project ID` is unique once its thousands comma is gone (1,944 is 1944); `Unique Project ID` is not, whatever
its name says. Amounts are in millions of dollars. Costs can be trusted, dates and schedule cannot: the stage
comes from the dates, and its text says so. The published variance is planned minus actual to a thousandth.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from portfolio.imports import cells
from portfolio.imports.readers import Column, Table, TableRow, words
from portfolio.imports.rows import (
    FileRefused,
    Rejection,
    Remark,
    SourceRow,
    StatedDate,
    StatedFigure,
    row_hash,
)

SYSTEM = "us-itdashboard"
ENCODINGS = ("utf-8",)
MILLION = 6

ID = "Project ID"
NAME = "Project Name"
AGENCY = "Agency Name"
INVESTMENT = "Investment Title"
DESCRIPTION = "Project Description"
UPDATED = "Updated Date"
DATES = {
    "start": "Start Date",
    "end": "Completion Date (B1)",
    "planned_end": "Planned Project Completion Date (B2)",
    "projected_end": "Projected/Actual Project Completion Date (B2)",
}
VARIANCE = "Cost Variance ($ M)"
FIGURES = {
    "cost_planned": "Planned Cost ($ M)",
    "cost_projected_or_actual": "Projected/Actual Cost ($ M)",
    "cost_lifecycle": "Lifecycle Cost($M)",
}
COLUMNS = tuple(
    Column(name)
    for name in (
        ID,
        NAME,
        AGENCY,
        INVESTMENT,
        DESCRIPTION,
        UPDATED,
        VARIANCE,
        *DATES.values(),
        *FIGURES.values(),
    )
)
_VARIANCE_STEP = Decimal("0.001")


def about_date(table: Table) -> date:
    """The newest day on which a project of the file was updated. Raises FileRefused if no row has one."""
    days = [
        stated.day
        for row in table.rows
        if isinstance(row, TableRow) and (stated := cells.iso_date("updated", table.cell(row, UPDATED))).day
    ]
    if not days:
        raise FileRefused("No row says when it was updated: name the date that the file is about.")
    return max(days)


def rows(table: Table, about: date) -> Iterator[SourceRow | Rejection]:
    """One result for each row of the table, in order."""
    row_of: dict[str, int] = {}
    for row in table.rows:
        if isinstance(row, Rejection):
            yield row
            continue
        result = _row(table, row, about)
        if isinstance(result, SourceRow):
            if result.external_id in row_of:
                same = row_of[result.external_id]
                result = Rejection(row.number, ID, table.cell(row, ID), f"Row {same} has the same id.")
            else:
                row_of[result.external_id] = row.number
        yield result


def _row(table: Table, row: TableRow, about: date) -> SourceRow | Rejection:
    def cell(name: str) -> str:
        return table.cell(row, name)

    for name in (ID, NAME, AGENCY):
        if not cell(name).strip():
            return Rejection(row.number, name, cell(name), "The cell is empty; a row needs it.")
    project_id = cells.number(cell(ID))
    if project_id is None or project_id != project_id.to_integral_value() or not 0 < project_id < 10**12:
        return Rejection(row.number, ID, cell(ID), "The id is not a whole number.")
    remarks = []
    external_id = str(int(project_id))
    if external_id != cell(ID):
        remarks.append(Remark(ID, cell(ID), f"read as {external_id}"))
    if words(cell(NAME)) != cell(NAME):
        remarks.append(Remark(NAME, cell(NAME), f"read as “{words(cell(NAME))}”, in one line"))
    figures = []
    for measure, name in FIGURES.items():
        figure, remark = _figure(measure, name, cell(name))
        figures.append(figure)
        remarks += remark
    remarks += _variance_remark(cell(VARIANCE), figures[0].amount, figures[1].amount)
    dates = tuple(cells.iso_date(kind, cell(name)) for kind, name in DATES.items())
    for stated, name in zip(dates, DATES.values(), strict=True):
        if stated.day is None and stated.reason_absent != "not stated":
            remarks.append(Remark(name, cell(name), "not read: it is not one date"))
    stage, basis = _stage({stated.kind: stated for stated in dates}, about)
    return SourceRow(
        row_number=row.number,
        system=SYSTEM,
        external_id=external_id,
        about_date=about,
        unit_path=(words(cell(AGENCY)),),
        tags=tuple(filter(None, (words(cell(INVESTMENT)),))),
        title=words(cell(NAME)),
        problem=cell(DESCRIPTION).strip(),
        stage=stage,
        stage_text=basis,
        dates=dates,
        stated_figures=tuple(figures),
        remarks=tuple(remarks),
        raw=table.raw(row),
        row_hash=row_hash(table.columns, row.cells),
    )


def _figure(measure: str, column: str, text: str) -> tuple[StatedFigure, list[Remark]]:
    """The figure in dollars, or why there is none."""
    value = cells.number(text)
    amount = None if value is None else cells.scaled(value, MILLION)
    period = "whole project"
    if amount is not None and cells.fits(amount):
        return StatedFigure(measure, period, None, None, amount, "USD"), []
    if cells.is_not_stated(text):
        return StatedFigure(measure, period, None, None, None, "USD", "not stated"), []
    reading = "not a number" if amount is None else "kept as text: finer or larger than Keel stores"
    return StatedFigure(measure, period, None, None, None, "USD", words(text)), [
        Remark(column, text, reading)
    ]


def _variance_remark(text: str, planned: Decimal | None, actual: Decimal | None) -> list[Remark]:
    """A remark when the published variance is not planned minus actual."""
    if cells.is_not_stated(text) or planned is None or actual is None:
        return []
    stated = cells.number(text)
    ours = cells.scaled(planned - actual, -MILLION)
    if stated is not None and abs(stated - ours) < _VARIANCE_STEP:
        return []
    return [Remark(VARIANCE, text, f"planned minus actual is {ours.normalize():f}")]


def _stage(dates: dict[str, StatedDate], about: date) -> tuple[str, str]:
    """Where the project stood on the day, by its dates, and in words which dates those are."""
    start = dates["start"].day
    end = dates["projected_end"].day or dates["planned_end"].day or dates["end"].day
    if start is None or end is None:
        return "", "no dates"
    basis = f"by its dates, {start} to {end}"
    if start > about:
        return "submitted", basis
    return ("operating" if end <= about else "scaling"), basis
