"""Inserting very many rows: ids taken in advance, one COPY for each table, the digest of each fact kept.

Only the bulk demo uses it. A fact written here is the same, byte for byte, as one that `Act.add` writes: the
ledger's digest is made of the same canonical text, and a test reads every row back and compares.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from io import StringIO
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection, models

from ledger import chain
from ledger.facts import Fact
from ledger.services import Act
from portfolio.fields import MoneyField

# What stands in a column: one value for all rows, or one for each. JSON columns take canonical texts.
Column = Any
IntArray = npt.NDArray[np.int64]

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def insert(act: Act, model: type[models.Model], count: int, columns: Mapping[str, Column]) -> IntArray:
    """Insert `count` rows and return their ids. What isn't given has the field's default.

    Amounts are given as stored integers. Facts join the act's transaction and its digest. Ids that were
    reserved before are given as the column `id`.
    """
    given: dict[str, Column] = {"id": columns["id"] if "id" in columns else reserve(model, count), **columns}
    ids: IntArray = given["id"]
    if issubclass(model, Fact):
        given["transaction_id"] = act.id
    written = [
        _Written(field, given.pop(str(field.attname), _DEFAULT), count)
        for field in model._meta.concrete_fields
    ]
    if given:
        raise ValueError(f"{model._meta.label} has no column {', '.join(given)}")
    if issubclass(model, Fact):
        act.rows.extend(_canonical_rows(model, written, count))
    if connection.vendor == "postgresql":
        _copy(model, written, count)
    else:
        _insert(model, written, count)
    return ids


_DEFAULT = object()


class _Written:
    """One column in the three spellings: canonical JSON, COPY text, and the value that SQLite takes."""

    def __init__(self, field: models.Field[Any, Any], column: Column, count: int) -> None:
        self.name = str(field.attname)
        self.column = str(field.column)
        self.is_transaction = self.name == "transaction_id"
        if column is _DEFAULT:
            column = field.get_default()
        is_many = isinstance(column, np.ndarray | list)
        if is_many and len(column) != count:
            raise ValueError(f"{self.name} has {len(column)} values for {count} rows")
        values: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
        spell = _spelling(field)
        # One text for all rows, or a list with one for each.
        self.json: Any
        self.copy: Any
        self.value: Any
        if not is_many:
            self.json, self.copy, self.value = _one(spell, column)
        elif isinstance(column, np.ndarray) and column.dtype == np.int64 and not _is_boolean(field):
            if len(column) and np.abs(column).max() > chain.LARGEST_INTEGER:
                raise ValueError(f"{self.name} holds a number that JSON can't.")
            texts = list(map(str, values))
            self.json, self.copy, self.value = texts, texts, values
        else:
            known = {value: _one(spell, value) for value in set(values)}
            self.json = [known[value][0] for value in values]
            self.copy = [known[value][1] for value in values]
            self.value = [known[value][2] for value in values]
        self.is_many = is_many


Spelled = tuple[str, str, Any]


def _one(spell: Callable[[Any], Spelled], value: Any) -> Spelled:
    return ("null", "\\N", None) if value is None else spell(value)


def _is_boolean(field: models.Field[Any, Any]) -> bool:
    return isinstance(field, models.BooleanField)


def _spelling(field: models.Field[Any, Any]) -> Callable[[Any], Spelled]:
    """How one value of a field is spelled."""
    if isinstance(field, models.JSONField):
        return lambda text: (text, text.translate(_ESCAPES), text)
    if _is_boolean(field):
        return lambda value: ("true", "t", 1) if value else ("false", "f", 0)

    def spell(value: Any) -> Spelled:
        match value:
            case UUID():
                return chain.canonical(value), str(value), value.hex
            case datetime():
                stored = field.get_db_prep_value(value, connection)
                return chain.canonical(value), value.isoformat(), stored
            case date():
                return f'"{value.isoformat()}"', value.isoformat(), value.isoformat()
            case int() if not isinstance(value, bool):
                return str(value), str(value), value
            case str():
                return json.dumps(value, ensure_ascii=False), value.translate(_ESCAPES), value
        if isinstance(field, MoneyField):
            stored = field.get_prep_value(value)
            return str(stored), str(stored), stored
        raise TypeError(f"{field} can't hold {value!r}")

    return spell


def _template(parts: Sequence[tuple[str, bool]], between: str) -> str:
    """A text for `%`: what is the same in all rows stands in it, the rest is filled in."""
    return between.join(text if is_filled else text.replace("%", "%%") for text, is_filled in parts)


def _filled(template: str, columns: Sequence[Sequence[str]], count: int) -> list[str]:
    if not columns:
        return [template % ()] * count
    return [template % row for row in zip(*columns, strict=True)]


def _canonical_rows(model: type[models.Model], written: Sequence[_Written], count: int) -> list[str]:
    named = {column.name: column for column in written if not column.is_transaction}
    parts = []
    for name in sorted([*named, "table"]):
        if name == "table":
            parts.append((f'"table":"{model._meta.db_table}"', False))
        elif named[name].is_many:
            parts.append((f'"{name}":%s', True))
        else:
            parts.append((f'"{name}":{named[name].json}', False))
    template = "{" + _template(parts, ",") + "}"
    return _filled(template, [named[name].json for name in sorted(named) if named[name].is_many], count)


def _copy(model: type[models.Model], written: Sequence[_Written], count: int) -> None:
    template = _template(
        [("%s", True) if column.is_many else (column.copy, False) for column in written], "\t"
    )
    rows = _filled(template + "\n", [column.copy for column in written if column.is_many], count)
    names = ", ".join(f'"{column.column}"' for column in written)
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(
            f'COPY "{model._meta.db_table}" ({names}) FROM STDIN', StringIO("".join(rows))
        )


def _insert(model: type[models.Model], written: Sequence[_Written], count: int) -> None:
    names = ", ".join(f'"{column.column}"' for column in written)
    places = ", ".join(["%s"] * len(written))
    columns = [column.value if column.is_many else [column.value] * count for column in written]
    statement = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({places})'  # noqa: S608  own names
    rows = zip(*columns, strict=True)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, 20_000)):
            cursor.executemany(statement, batch)


def reserve(model: type[models.Model], count: int) -> IntArray:
    """The next ids of a table, which nobody else can take any more."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [f'"{table}"'])
            first = cursor.fetchone()[0]
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [f'"{table}"', first + count - 1]
            )
        else:
            # Inserting an id above the last one moves the counter of SQLite along.
            cursor.execute("SELECT COALESCE(MAX(seq), 0) + 1 FROM sqlite_sequence WHERE name = %s", [table])
            first = cursor.fetchone()[0]
    return np.arange(first, first + count, dtype=np.int64)
