"""Reading the record as it stood at an earlier point.

Inside `facts_through(point)` every query of this connection finds, under the name of each table of facts,
a temporary view of what was recorded up to the point, and the clock stands at the point's moment. So a page
as of then is today's code over the facts of then; what is computed or cached is laid beside them by the
rooms above. Rights are the exception: they are always today's. Nothing can be recorded meanwhile.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from ledger import clock
from ledger.facts import fact_models
from ledger.models import LedgerEntry, LedgerHead, SignedHead, Stale, Transaction
from ledger.services import last_seq, seq_at

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Point:
    """A point of the record: everything up to `seq`, read at the moment `at`."""

    seq: int
    at: datetime

    def __str__(self) -> str:
        return f"record {self.seq}"


_reading: ContextVar[Point | None] = ContextVar("reading", default=None)


def current() -> Point | None:
    """The earlier point that is being read; None for now."""
    return _reading.get()


def point_from(text: str) -> Point | None:
    """The point that `812` (a record) or `2026-03-31` (the end of a day) names; None if there is none."""
    if text.isdecimal() and len(text) < 19:
        at = Transaction.objects.filter(seq=int(text)).values_list("at", flat=True).first()
        return None if at is None else Point(int(text), at)
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
    return None if day is None else _end_of(day)


def _end_of(day: date) -> Point | None:
    now = clock.now()
    if day > timezone.localdate(now):
        return None
    last = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min)) - timedelta(
        microseconds=1
    )
    at = min(last, now)
    seq = seq_at(at) if at == last else last_seq()
    return Point(seq, at) if seq else None


@dataclass
class Shadow:
    """Temporary views and tables that stand before the real ones of their names, on this connection alone."""

    point: Point
    real: str
    made: list[str] = field(default_factory=list)

    def view(self, model: type[models.Model], condition: str) -> None:
        """Let a model's table show only the rows that fit a condition in SQL."""
        self._view(model, f"SELECT * FROM {self.of(model)} WHERE {condition}")  # noqa: S608  own names

    def of(self, model: type[models.Model]) -> str:
        """The real table of a model, by its whole name."""
        return f'{self.real}."{model._meta.db_table}"'

    def _view(self, model: type[models.Model], select: str) -> None:
        self._run(f'CREATE TEMPORARY VIEW "{model._meta.db_table}" AS {select}')
        self.made.append(f'VIEW temp."{model._meta.db_table}"')

    def table(self, model: type[models.Model]) -> None:
        """Put an empty table of the same columns and key before a model's own."""
        name = model._meta.db_table
        if connection.vendor == "postgresql":
            self._run(f'CREATE TEMPORARY TABLE "{name}" (LIKE {self.of(model)} INCLUDING ALL)')
            return
        self._run(f'CREATE TEMPORARY TABLE "{name}" AS SELECT * FROM {self.of(model)} WHERE false')  # noqa: S608
        self.made.append(f'TABLE temp."{name}"')
        for number, columns in enumerate([[str(model._meta.pk.column)], *_unique(model)]):
            listed = ", ".join(f'"{column}"' for column in columns)
            self._run(f'CREATE UNIQUE INDEX temp."{name}_{number}" ON "{name}" ({listed})')

    def _run(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    def drop(self) -> None:
        """Take them all away again."""
        for thing in reversed(self.made):
            self._run(f"DROP {thing}")


def _unique(model: type[models.Model]) -> list[list[str]]:
    columns = {field.name: str(field.column) for field in model._meta.concrete_fields}
    return [
        [columns[name] for name in constraint.fields]
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and not constraint.condition
    ]


@contextmanager
def facts_through(point: Point) -> Iterator[Shadow]:
    """Read all facts as of a point. The rooms above lay what follows from them into the `Shadow` they get."""
    with ExitStack() as stack:
        shadow = stack.enter_context(_shadow(point))
        through = f"seq <= {point.seq:d}"
        # A value, not a join: PostgreSQL would pull one join more for each table into the search for a plan.
        recorded_as = f"(SELECT act.seq FROM {shadow.of(Transaction)} act WHERE act.id = transaction_id)"  # noqa: S608
        shadow.view(Transaction, through)
        shadow.view(LedgerEntry, through)
        shadow.view(SignedHead, through)
        for model in fact_models():
            if not model.is_a_right:
                shadow.view(model, f"{recorded_as} <= {point.seq:d}")
        shadow._view(
            LedgerHead,
            f"SELECT 1 AS id, seq, hash FROM {shadow.of(LedgerEntry)} WHERE seq = {point.seq:d}",  # noqa: S608
        )
        # Everything is computed up to the point, so nothing is late.
        shadow.table(Stale)
        stack.enter_context(clock.standing_at(point.at))
        token = _reading.set(point)
        stack.callback(_reading.reset, token)
        yield shadow


@contextmanager
def _shadow(point: Point) -> Iterator[Shadow]:
    """On PostgreSQL a transaction that is rolled back takes all away; on SQLite it would lock out writers."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), _grouped_by_every_column():
            with connection.cursor() as cursor:
                cursor.execute("SELECT quote_ident(current_schema())")
                shadow = Shadow(point, cursor.fetchone()[0])
            yield shadow
            transaction.set_rollback(True)
        return
    shadow = Shadow(point, "main")
    try:
        yield shadow
    finally:
        shadow.drop()


@contextmanager
def _grouped_by_every_column() -> Iterator[None]:
    """A view has no primary key, so PostgreSQL can't tell that its other columns follow from one."""
    features: Any = connection.features
    features.allows_group_by_selected_pks = False
    try:
        yield
    finally:
        # The class says again what holds for tables.
        del features.allows_group_by_selected_pks
