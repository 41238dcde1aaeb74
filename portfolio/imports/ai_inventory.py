"""The profile `us-ai-inventory-2024`: the consolidated AI use case inventory of US federal agencies.

The source gives no id. A row is known by its unit, its name, the hash of the whole row and its ordinal
among equal rows, so that exact duplicates are both taken and marked. It states no cost and no benefit in
money: an initiative without a case is accepted, and the import says so.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from portfolio.imports import cells
from portfolio.imports.readers import Column, Table, TableRow, words
from portfolio.imports.rows import Rejection, Remark, SourceRow, StatedDate, row_hash

SYSTEM = "us-ai-inventory-2024"
ENCODINGS = ("cp1252",)

NAME = "Use Case Name"
AGENCY = "Agency"
ABBREVIATION = "Agency Abbreviation"
BUREAU = "Bureau"
TOPIC = "Use Case Topic Area"
PURPOSE = "What is the intended purpose and expected benefits of the AI?"
STAGE = "Stage of Development"
IMPACT = "Is the AI use case rights-impacting, safety-impacting, both, or neither?"
DATES = {
    "start": "Date Initiated",
    "acquisition": "Date when Acquisition and/or Development began",
    "implemented": "Date Implemented",
    "end": "Date Retired",
}
COLUMNS = tuple(
    Column(name)
    for name in (NAME, AGENCY, ABBREVIATION, BUREAU, TOPIC, PURPOSE, STAGE, IMPACT, *DATES.values())
)

# The ten areas of the guidance; agencies write them with other spaces, capitals or an explanation behind.
AREAS = (
    "Government Services",
    "Diplomacy & Trade",
    "Education & Workforce",
    "Energy & the Environment",
    "Emergency Management",
    "Health & Medical",
    "Law & Justice",
    "Science & Space",
    "Transportation",
    "Mission-Enabling",
)
_AREA_OF = {area.casefold(): area for area in AREAS} | {
    "government services (includes benefits and service delivery)": "Government Services",
    "mission-enabling (internal agency support)": "Mission-Enabling",
}
# Keel's domains are functions of a firm, the areas are fields of policy: only one of them is the same thing.
_DOMAIN_CLASS = {"Government Services": "customer_service"}

# The inventory's stages are those of system development; a running system enters where it stands.
_STAGE_OF = {
    "planned": "submitted",
    "ideation": "submitted",
    "initiated": "submitted",
    "acquisition and/or development": "pilot",
    "implementation and assessment": "scaling",
    "operation and maintenance": "operating",
    "in production": "operating",
    "in mission": "operating",
    "retired": "retired",
}
_HIGH = frozenset({"both", "rights-impacting", "safety-impacting"})


def about_date(_: Table) -> date:
    """The inventory is that of the calendar year 2024."""
    return date(2024, 12, 31)


def rows(table: Table, about: date) -> Iterator[SourceRow | Rejection]:
    """One result for each row of the table, in order."""
    first_of: dict[str, int] = {}
    ordinals: Counter[str] = Counter()
    for row in table.rows:
        if isinstance(row, Rejection):
            yield row
            continue
        hashed = row_hash(table.columns, row.cells)
        ordinals[hashed] += 1
        first = first_of.setdefault(hashed, row.number)
        yield _row(table, row, about, hashed, ordinals[hashed], None if first == row.number else first)


def _row(
    table: Table, row: TableRow, about: date, hashed: str, ordinal: int, same_as: int | None
) -> SourceRow | Rejection:
    def cell(name: str) -> str:
        return table.cell(row, name)

    for name in (NAME, AGENCY):
        if not cell(name).strip():
            return Rejection(row.number, name, cell(name), "The cell is empty; a row needs it.")
    remarks = [] if same_as is None else [Remark("", "", f"same as row {same_as}")]
    remarks.extend(
        Remark(name, cell(name), f"read as “{words(cell(name))}”, in one line")
        for name in (NAME, AGENCY, BUREAU, IMPACT)
        if words(cell(name)) != cell(name)
    )
    domain, remark = _area(cell(TOPIC))
    if remark:
        remarks.append(Remark(TOPIC, cell(TOPIC), remark))
    stage = _STAGE_OF.get(words(cell(STAGE)).casefold(), "")
    if not stage:
        remarks.append(Remark(STAGE, cell(STAGE), "no stage of Keel: the row does not say where it stands"))
    dates: list[StatedDate] = []
    for kind, name in DATES.items():
        stated, remark = cells.us_date(kind, cell(name))
        dates.append(stated)
        if remark:
            remarks.append(Remark(name, cell(name), remark))
    code = words(cell(ABBREVIATION))
    return SourceRow(
        row_number=row.number,
        system=SYSTEM,
        external_id=f"{code or words(cell(AGENCY))}/{hashed[:24]}/{ordinal}",
        about_date=about,
        unit_path=tuple(filter(None, (words(cell(AGENCY)), words(cell(BUREAU))))),
        unit_code=code,
        title=words(cell(NAME)),
        problem=cell(PURPOSE).strip(),
        domain=domain,
        domain_text=cell(TOPIC),
        domain_class=_DOMAIN_CLASS.get(domain, "other" if domain else ""),
        stage=stage,
        stage_text=cell(STAGE),
        dates=tuple(dates),
        risk_hint=_risk(cell(IMPACT)),
        risk_text=cell(IMPACT),
        same_as_row=same_as,
        remarks=tuple(remarks),
        raw=table.raw(row),
        row_hash=hashed,
    )


def _area(text: str) -> tuple[str, str]:
    """The area of the guidance that the cell names, and what to say when it is not simply one of them."""
    plain = words(text)
    if not plain:
        return "", ""
    named = [_AREA_OF[part] for part in map(str.strip, plain.casefold().split(";")) if part in _AREA_OF]
    if ";" in plain and named:
        return named[0], f"taken as “{named[0]}”, the first area of the guidance that it names"
    if named:
        return named[0], ""
    return plain, "" if plain == "Other" else "kept as it is: not an area of the guidance"


def _risk(text: str) -> str:
    plain = words(text).casefold()
    if plain in _HIGH:
        return "high"
    return "not_high" if plain == "neither" else ""
