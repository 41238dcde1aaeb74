"""Writing return positions, few by one statement, many by COPY into a side table; and reading them back."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, models, transaction

from portfolio import money
from portfolio.fields import MoneyField
from scoring.finance import FloatArray, IntArray
from scoring.models import ReturnPosition, ReturnYear
from scoring.positions import stale
from scoring.positions.facts import NO_MONTH, day_of, days_of
from scoring.positions.returns import NO_AMOUNT, YEAR_COLUMNS, Computed

# From this many positions on PostgreSQL takes them by COPY.
COPY_FROM = 500
_TABLE, _YEARS = ReturnPosition._meta.db_table, ReturnYear._meta.db_table
_GIVEN = ("initiative", "through_seq", "on", "formula", "currency")


@dataclass(frozen=True)
class _Column:
    """How one field of the position goes from the computation's numbers to the database and to Python."""

    name: str  # of the field
    column: str  # of the table
    # From the number in the side table to the value of the column, in SQL.
    sql: str
    value: Callable[[Any], Any]
    # From the number to the integer or float that the database holds.
    stored: Callable[[Any], Any]


def _column(field: models.Field[Any, Any]) -> _Column:
    name, column = field.name, str(field.column)
    side = f'side."{column}"'

    def made(sql: str, value: Callable[[Any], Any], stored: Callable[[Any], Any] | None = None) -> _Column:
        return _Column(name, column, sql, value, stored or value)

    if isinstance(field, MoneyField):
        return made(f"NULLIF({side}, {NO_AMOUNT})", _amount, lambda number: _unless(number, NO_AMOUNT))
    if isinstance(field, models.ForeignKey):
        return made(f"NULLIF({side}, 0)", lambda number: _unless(number, 0))
    if isinstance(field, models.FloatField):
        return made(f"NULLIF({side}, 'NaN')", lambda number: None if math.isnan(number) else float(number))
    if isinstance(field, models.DateField):
        return made(
            f"CASE WHEN {side} > {NO_MONTH} THEN DATE '1970-01-01' + {side}::int END",
            lambda number: None if number == NO_MONTH else day_of(number),
        )
    if isinstance(field, models.BooleanField):
        return made(f"{side} = 1", bool)
    if field.choices:
        values = [str(value) for value, _ in field.flatchoices]
        listed = ", ".join(f"'{value}'" for value in values)
        return made(
            f"COALESCE((ARRAY[{listed}])[{side} + 1], '')", lambda place: values[place] if place >= 0 else ""
        )
    return made(side, int)


def _unless(number: int, none: int) -> int | None:
    return None if number == none else int(number)


def _amount(number: int) -> Decimal | None:
    return None if number == NO_AMOUNT else money.from_stored(int(number))


COLUMNS = tuple(_column(field) for field in ReturnPosition._meta.concrete_fields if field.name not in _GIVEN)
_TARGETS = (
    "initiative_id",
    "through_seq",
    '"on"',
    "formula",
    "currency",
    *(f'"{column.column}"' for column in COLUMNS),
)


def write(computed: Computed, *, subjects: Sequence[int], anew: bool = False) -> int:
    """Write positions and years where they are newer, and say so in the stale marks, in one transaction.

    `subjects` are those that were looked at, whether there is anything to write or not. `anew` overwrites
    positions of the same `seq` and day, too: what a rebuild does. Returns how many were written.
    """
    with transaction.atomic():
        accepted = _upsert(computed, anew=anew) if len(computed) else np.zeros(0, np.int64)
        _replace_years(computed, accepted)
        stale.done(
            stale.RETURN, [pk for pk in subjects if pk not in computed.faults], computed.provenance.seq
        )
    return len(accepted)


def _upsert(computed: Computed, *, anew: bool) -> IntArray:
    provenance = computed.provenance
    given: list[Any] = [provenance.seq, provenance.on, provenance.formula, settings.BASE_CURRENCY]
    if connection.vendor != "postgresql" or len(computed) < COPY_FROM:
        rows = ((pk, *given, *values) for pk, *values in stored_rows(computed))
        return np.array(upsert(_TABLE, _TARGETS, rows, anew=anew), dtype=np.int64)
    listed = ", ".join(column.sql for column in COLUMNS)
    with connection.cursor() as cursor:
        _copy_into_side(cursor, _for_side(computed))
        cursor.execute(
            f"INSERT INTO {_TABLE} ({', '.join(_TARGETS)}) "  # noqa: S608  own names
            f"SELECT side.initiative_id, %s, %s, %s, %s, {listed} "
            f"FROM side ORDER BY side.initiative_id {_on_conflict(_TABLE, _TARGETS, anew=anew)}",
            given,
        )
        return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def upsert(
    table: str, targets: Sequence[str], rows: Iterable[Sequence[Any]], *, anew: bool = False
) -> list[int]:
    """Write position rows (the initiative first) where they are newer; returns the initiatives written."""
    row_form = f"({', '.join(['%s'] * len(targets))})"
    accepted: list[int] = []
    with connection.cursor() as cursor:
        for batch in _batched(rows, 200):
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(targets)}) "  # noqa: S608  own names
                f"VALUES {', '.join([row_form] * len(batch))} {_on_conflict(table, targets, anew=anew)}",
                [value for row in batch for value in row],
            )
            accepted.extend(row[0] for row in cursor.fetchall())
    return sorted(accepted)


def _on_conflict(table: str, targets: Sequence[str], *, anew: bool) -> str:
    """Rows of a later `seq`, or a later day, replace earlier ones; a late worker changes nothing."""
    settles = ", ".join(f"{target} = excluded.{target}" for target in targets[1:])
    newer = (
        f"{table}.through_seq <= excluded.through_seq"
        if anew
        else f'({table}.through_seq, {table}."on") < (excluded.through_seq, excluded."on")'
    )
    return f"ON CONFLICT (initiative_id) DO UPDATE SET {settles} WHERE {newer} RETURNING initiative_id"


def _for_side(computed: Computed) -> dict[str, IntArray | FloatArray]:
    months = {"base_month", "go_live_month"}
    return {"initiative_id": computed.ids} | {
        column.column: days_of(_whole(computed, column.name))
        if column.name in months
        else computed.columns[column.name]
        for column in COLUMNS
    }


def _whole(computed: Computed, name: str) -> IntArray:
    return computed.columns[name].astype(np.int64)


def _copy_into_side(cursor: Any, columns: Mapping[str, IntArray | FloatArray]) -> None:
    """One COPY of numbers into a table that goes with the transaction; binary rows of one length."""
    kinds = {name: "f8" if values.dtype == np.float64 else "i8" for name, values in columns.items()}
    declared = ", ".join(
        f'"{name}" {"double precision" if kind == "f8" else "bigint"}' for name, kind in kinds.items()
    )
    cursor.execute("DROP TABLE IF EXISTS side")
    cursor.execute(f"CREATE TEMPORARY TABLE side ({declared}) ON COMMIT DROP")
    layout = np.dtype(
        [("width", ">i2")]
        + [part for name, kind in kinds.items() for part in ((f"size {name}", ">i4"), (name, f">{kind}"))]
    )
    rows = np.empty(len(next(iter(columns.values()))), dtype=layout)
    rows["width"] = len(columns)
    for name, values in columns.items():
        rows[f"size {name}"] = 8
        rows[name] = values
    sent = BytesIO(b"PGCOPY\n\xff\r\n\x00" + bytes(8) + rows.tobytes() + b"\xff\xff")
    cursor.cursor.copy_expert("COPY side FROM STDIN (FORMAT binary)", sent)


def _replace_years(computed: Computed, accepted: IntArray) -> None:
    if not len(accepted):
        return
    chosen = np.isin(computed.years["initiative"], accepted)
    years = {name: column[chosen] for name, column in computed.years.items()}
    targets = ("initiative_id", "fiscal_year", *YEAR_COLUMNS)
    named = dict(
        zip(
            targets,
            (years["initiative"], years["fiscal_year"], *(years[n] for n in YEAR_COLUMNS)),
            strict=True,
        )
    )
    listed = ", ".join(targets)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and len(accepted) >= COPY_FROM:
            _copy_into_side(cursor, named)
            _merge_years(cursor, accepted)
            return
        for batch in _batched(accepted.tolist(), 500):
            cursor.execute(
                f"DELETE FROM {_YEARS} WHERE initiative_id IN ({', '.join(['%s'] * len(batch))})",  # noqa: S608
                batch,
            )
        row_form = f"({', '.join(['%s'] * len(targets))})"
        for rows in _batched(zip(*(column.tolist() for column in named.values()), strict=True), 500):
            cursor.execute(
                f"INSERT INTO {_YEARS} ({listed}) VALUES {', '.join([row_form] * len(rows))}",  # noqa: S608  own names
                [value for row in rows for value in row],
            )


def _merge_years(cursor: Any, accepted: IntArray) -> None:
    """Make the years of these initiatives those of the side table, touching only rows that differ."""
    names = ", ".join(YEAR_COLUMNS)
    settles = ", ".join(f"{name} = excluded.{name}" for name in YEAR_COLUMNS)
    old, new = (", ".join(f"{table}.{name}" for name in YEAR_COLUMNS) for table in (_YEARS, "excluded"))
    cursor.execute("CREATE INDEX ON side (initiative_id, fiscal_year)")
    cursor.execute("ANALYZE side")
    cursor.execute(
        f"DELETE FROM {_YEARS} y WHERE y.initiative_id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM side "  # noqa: S608
        "WHERE side.initiative_id = y.initiative_id AND side.fiscal_year = y.fiscal_year)",
        [accepted.tolist()],
    )
    cursor.execute(
        f"INSERT INTO {_YEARS} (initiative_id, fiscal_year, {names}) "  # noqa: S608  own names
        f"SELECT initiative_id, fiscal_year, {names} FROM side ORDER BY initiative_id, fiscal_year "
        f"ON CONFLICT (initiative_id, fiscal_year) DO UPDATE SET {settles} "
        f"WHERE ({old}) IS DISTINCT FROM ({new})"
    )


def stored_rows(computed: Computed) -> Iterable[tuple[Any, ...]]:
    """The initiative's id, then the columns' values as the database holds them."""
    return zip(computed.ids.tolist(), *_converted(computed, stored=True), strict=True)


def _converted(computed: Computed, *, stored: bool) -> list[list[Any]]:
    return [
        list(map(column.stored if stored else column.value, computed.columns[column.name].tolist()))
        for column in COLUMNS
    ]


def instances(computed: Computed) -> dict[int, ReturnPosition]:
    """Positions that are not in the database, by initiative: for pages that show an earlier point."""
    names = [field_name(column) for column in COLUMNS]
    return {
        pk: ReturnPosition(
            initiative_id=pk,
            through_seq=computed.provenance.seq,
            on=computed.provenance.on,
            formula=computed.provenance.formula,
            **dict(zip(names, values, strict=True)),
        )
        for pk, *values in zip(computed.ids.tolist(), *_converted(computed, stored=False), strict=True)
    }


def year_instances(computed: Computed) -> list[ReturnYear]:
    """Years that are not in the database, by initiative and year."""
    columns = [computed.years[name].tolist() for name in ("initiative", "fiscal_year", *YEAR_COLUMNS)]
    return [
        ReturnYear(
            initiative_id=pk,
            fiscal_year=year,
            **{name: money.from_stored(amount) for name, amount in zip(YEAR_COLUMNS, amounts, strict=True)},
        )
        for pk, year, *amounts in zip(*columns, strict=True)
    ]


def field_name(column: _Column) -> str:
    """The attribute of the model that holds the column's value."""
    return column.column if column.column.endswith("_id") else column.name


def _batched(rows: Iterable[Any], size: int) -> Iterable[list[Any]]:
    pending = iter(rows)
    while batch := list(islice(pending, size)):
        yield batch
