"""The verifier against the real database, with the triggers lifted: whatever a hand changes, it sees."""

import random
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import Role, RoleGrant, Unit, User
from ledger import facts, selectors
from ledger.models import LedgerEntry, LedgerHead, Transaction
from ledger.services import record
from portfolio.models import Posting, RateSet
from tests import factories
from tests.ledger.statements import sql
from tests.prove.count import of

TAMPERINGS = of(50, 1000)


@pytest.fixture
def history(cfo: User, unit_lead: User, sub_unit: Unit) -> int:
    """Some acts with facts of several kinds, amounts, JSON and none at all."""
    for number in range(1, 7):
        with record("actuals.imported", actor=cfo, about=sub_unit, reason=f"file {number}") as act:
            act.add_many(
                Posting,
                [
                    Posting(
                        kind="cost",
                        service_month=date(2026, number, 1),
                        booked_month=date(2026, number, 1),
                        amount=Decimal(f"{number}{line}.50"),
                        currency="USD",
                        text=f"line {line}",
                        why_unmatched="no cost object",
                    )
                    for line in range(4)
                ],
            )
        with record("rates.proposed", actor=unit_lead, about=sub_unit) as act:
            act.add(RateSet, name=f"Plan {number}", fiscal_year=2026, base="USD", rates={"EUR": "1.10"})
        with record("page.noted", actor=None) as act:
            act.note(amount=Decimal("12.30"))
    return LedgerHead.objects.get().seq


@pytest.fixture
def lifted(history: int) -> Iterator[None]:
    """No triggers, until the test's transaction is rolled back."""
    assert history
    facts.lift(connection)
    yield
    facts.protect(connection)


@pytest.mark.usefixtures("history")
def test_an_untouched_record_holds() -> None:
    examination = selectors.examine(state=True)
    assert examination.faults == []
    assert examination.entries == LedgerEntry.objects.count() == Transaction.objects.count()
    assert examination.facts == sum(model._base_manager.count() for model in facts.fact_models())
    assert examination.facts > 30


def _other(draw: random.Random, value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | Decimal():
            return value + draw.choice([1, -1, 100])
        case datetime():
            return value + timedelta(microseconds=draw.choice([1, -1, 10**6]))
        case date():
            return value + timedelta(days=1)
        case uuid.UUID():
            return uuid.UUID(int=value.int ^ 1)
        case str() if value:
            data = bytearray(value.encode())
            position = draw.randrange(len(data))
            data[position] ^= 1 << draw.randrange(7)
            return data.decode("utf-8", "replace").replace("\0", "0")
    return draw.choice(["x", 7])


def _tamper(draw: random.Random, tables: list[str]) -> str | None:
    """Change, delete or copy one row behind the product's back; None when the database itself refuses."""
    table = draw.choice(tables)
    key = "seq" if table == LedgerEntry._meta.db_table else "id"
    with connection.cursor() as cursor:
        names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
        columns = ", ".join(names)
        cursor.execute(sql("SELECT", columns, "FROM", table))
        row = draw.choice(cursor.fetchall())
        identity = row[names.index(key)]
        way = draw.choice(["update", "update", "update", "delete", "copy"])
        if way == "delete":
            cursor.execute(sql("DELETE FROM", table, "WHERE", key, "= %s"), [identity])
            return f"{way} {table} {identity}"
        if way == "copy":
            if table in (LedgerEntry._meta.db_table, Transaction._meta.db_table):
                return None
            values = [100_000 if name == "id" else value for name, value in zip(names, row, strict=True)]
            cursor.execute(sql("INSERT INTO", table, "VALUES (", ", ".join(["%s"] * len(names)), ")"), values)
            return f"{way} {table} {identity}"
        column = draw.choice(names)
        before = row[names.index(column)]
        after = _other(draw, before)
        cursor.execute(sql("UPDATE", table, "SET", column, "= %s WHERE", key, "= %s"), [after, identity])
        cursor.execute(sql("SELECT", columns, "FROM", table, "WHERE", key, "= %s"), [identity])
        if cursor.fetchone() == row:
            return None
        return f"{way} {table}.{column} of {identity}: {before!r} to {after!r}"


@pytest.mark.usefixtures("lifted")
def test_random_tamperings_of_any_protected_table_are_all_found() -> None:
    tables = [
        table
        for table in facts.protected_tables()
        if table
        in {model._meta.db_table for model in (LedgerEntry, Transaction, RateSet, Posting, RoleGrant)}
    ]
    draw = random.Random(42)
    found = tried = 0
    missed = []
    while tried < TAMPERINGS:
        what = None
        try:
            with transaction.atomic():
                what = _tamper(draw, tables)
                if what is not None:
                    tried += 1
                    if selectors.examine(state=True).holds:
                        missed.append(what)
                    else:
                        found += 1
                transaction.set_rollback(True)
        except DatabaseError:
            # The database refused the change or can't even read it any more: not a tampering that stays.
            continue
    assert missed == []
    assert found == TAMPERINGS


@pytest.mark.usefixtures("lifted")
def test_a_cut_tail_is_found(history: int) -> None:
    last = LedgerEntry.objects.get(seq=history)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_ledgerentry WHERE seq = %s", [history])
        cursor.execute("DELETE FROM ledger_transaction WHERE seq = %s", [history])
    assert last.act == "page.noted"
    assert [fault.seq for fault in selectors.verify(state=False)] == [history]


@pytest.mark.usefixtures("lifted")
def test_an_edited_fact_is_found_only_with_state() -> None:
    """The chain alone says nothing of the business tables: that is what --state is for."""
    posting = Posting.objects.select_related("transaction").first()
    assert posting is not None
    Posting.objects.filter(pk=posting.pk).update(amount=Decimal("99999.99"))
    assert selectors.verify(state=False) == []
    assert [fault.seq for fault in selectors.verify(state=True)] == [posting.transaction.seq]


@pytest.mark.usefixtures("history")
def test_verification_reads_in_a_fixed_number_of_queries(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8 + 2 * len(facts.fact_models())):
        selectors.examine(state=True)


@pytest.mark.django_db(transaction=True)
def test_the_command_says_whether_the_record_holds() -> None:
    before = selectors.examine(state=True)
    user = factories.make_user("Vera Verifier")
    factories.grant(user, Role.AUDITOR, factories.make_unit("Group"))
    out, err = StringIO(), StringIO()
    call_command("verify_ledger", "--state", stdout=out, stderr=err)
    said = f"{before.entries + 3} entries, {before.facts + 3} facts, 0 faults."
    assert out.getvalue() == f"The ledger holds: {said}\n"

    facts.lift(connection)
    RoleGrant._base_manager.update(role=Role.CFO)
    facts.protect(connection)
    with pytest.raises(SystemExit) as stopped:
        call_command("verify_ledger", "--state", stdout=out, stderr=err)
    assert stopped.value.code == 1
    assert f"A fact of transaction {before.entries + 2} was changed" in err.getvalue()
    assert "1 faults" in out.getvalue()
