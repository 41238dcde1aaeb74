"""The append-only base of every fact, and the triggers that make both databases refuse a change."""

import json
from decimal import Decimal
from typing import Any, ClassVar, NoReturn, Self, TypeVar, cast

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from ledger import chain
from ledger.models import LedgerEntry, SignedHead, Transaction

# SQLite keeps a decimal as a double; money is kept as integers and has no such limit.
SQLITE_DIGITS = 15


class FactIsFinal(TypeError):
    """Code tried to change or delete a fact; a correction is a new fact."""


F = TypeVar("F", bound="Fact")


class FactManager(models.Manager[F]):
    """Reads facts. `create` and `bulk_create` belong to `ledger.services.Act` alone."""


class Fact(models.Model):
    """Something that somebody asserted. Rows are only added; a correction names what it replaces."""

    # Who reads the record as of an earlier point does so with the rights of today.
    is_a_right: ClassVar[bool] = False

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the fact. Raises FactIsFinal for one that is in the database already."""
        if not self._state.adding:
            raise FactIsFinal(f"{self._meta.label} {self.pk} is a fact: add a correction instead.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: facts stay."""
        raise FactIsFinal(f"{self._meta.label} {self.pk} is a fact: it stays.")

    def canonical_row(self) -> str:
        """The row as the ledger's digest sees it: every column, the transaction left out.

        It is the same text before the row is written and after either database gives it back.
        Raises ValueError for a decimal with more digits than its column holds: the databases would round.
        """
        values: dict[str, Any] = {
            field.attname: _as_stored(field, field.value_from_object(self))
            for field in self._meta.concrete_fields
            if field.attname != "transaction_id"
        }
        return chain.canonical({"table": self._meta.db_table} | values)


def _as_stored(field: models.Field[Any, Any], value: Any) -> Any:
    """The value of one column as it comes back from both databases."""
    if value is None:
        return None
    if isinstance(field, models.JSONField):
        # A round trip makes tuples lists and keys texts, as storing does.
        return _without_floats(json.loads(json.dumps(value, cls=field.encoder), cls=field.decoder))
    stored = field.get_prep_value(value)
    if isinstance(field, models.DecimalField) and stored is not None:
        digits: str = chain.plain(stored)
        places, exact = field.decimal_places or 0, len(digits.strip("-").replace(".", "").strip("0"))
        if len(digits.partition(".")[2]) > places or exact > SQLITE_DIGITS:
            raise ValueError(
                f"{field.name} holds {places} decimal places and {SQLITE_DIGITS} digits, not {value}."
            )
        return digits
    return _without_floats(stored)


def _without_floats(value: Any) -> Any:
    """The canonical form has no floats: whole ones stand as integers, others as the text of their digits.

    PostgreSQL gives 1e16 of a JSON column back as an integer and minus zero as zero.
    """
    if isinstance(value, float):
        exact = Decimal(repr(value))
        return int(exact) if exact == exact.to_integral_value() else repr(value)
    if isinstance(value, dict):
        return {key: _without_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_floats(item) for item in value]
    return value


def fact_models() -> list[type[Fact]]:
    """Every concrete fact model of the project, by table."""
    return sorted(
        (model for model in apps.get_models() if issubclass(model, Fact)),
        key=lambda model: model._meta.db_table,
    )


def protected_tables() -> list[str]:
    """The tables that only grow: facts, transactions, the ledger, its signed heads, and what says so."""
    logs = [model for model in apps.get_models() if getattr(model, "only_grows", False)]
    models_that_grow: list[type[models.Model]] = [
        Transaction,
        LedgerEntry,
        SignedHead,
        *fact_models(),
        *logs,
    ]
    return [model._meta.db_table for model in models_that_grow]


def protect(connection: BaseDatabaseWrapper) -> list[str]:
    """(Re)create the triggers on every protected table that exists; returns their names.

    SQLite remakes a table in some migrations and drops its triggers without a word, so `migrate`
    calls this each time.
    """
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        tables = [table for table in protected_tables() if table in existing]
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE OR REPLACE FUNCTION keel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME "
                "USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
        for table in tables:
            for statement in _create(connection.vendor, table):
                cursor.execute(statement)
    return [name for table in tables for name in trigger_names(connection.vendor, table)]


def lift(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers: only for tests that empty their database, and for a restore into an empty one."""
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        for table in protected_tables():
            if table in existing:
                for name in trigger_names(connection.vendor, table):
                    on = f' ON "{table}"' if connection.vendor == "postgresql" else ""
                    cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}')


def trigger_names(vendor: str, table: str) -> list[str]:
    """The names of a table's triggers: one on PostgreSQL, one for each verb on SQLite."""
    if vendor == "postgresql":
        return [f"{table}_only_grows"]
    return [f"{table}_no_update", f"{table}_no_delete"]


def _create(vendor: str, table: str) -> list[str]:
    names = trigger_names(vendor, table)
    if vendor == "postgresql":
        return [
            (
                f'CREATE OR REPLACE TRIGGER "{names[0]}" BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}" '
                "FOR EACH STATEMENT EXECUTE FUNCTION keel_refuse_change()"
            )
        ]
    return [
        f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE {verb} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, 'append-only: {verb} on {table} is refused'); END"
        for name, verb in zip(names, ("UPDATE", "DELETE"), strict=True)
    ]


class Correctable(Fact):
    """A fact that may name the one that it replaces."""

    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")

    class Meta:
        abstract = True

    @property
    def original(self) -> Self:
        """The first fact of this chain of corrections."""
        fact = self
        while fact.replaces is not None:
            fact = cast(Self, fact.replaces)
        return fact
