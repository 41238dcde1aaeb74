"""Facts are only added, and their canonical row is the same before and after the database."""

import string
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Unit, User
from ledger import facts
from ledger.facts import Fact
from ledger.models import LedgerEntry, Transaction
from ledger.services import record
from portfolio.models import Initiative, Measurement, Posting, RateSet, SourceRecord
from tests.ledger.statements import sql

PROTECTED: list[type[models.Model]] = [Transaction, LedgerEntry, *facts.fact_models()]
# The database's own checks ask for these values in a smallest row.
FITTING: dict[str, dict[str, Any]] = {
    "accounts_rolegrant": {"granted_by_id": None},
    "accounts_breakglass": {"minutes": 30},
    "assurance_controlevidence": {"expires_on": date(2027, 1, 1)},
    "assurance_riskprofile": {"internal_tier": 1},
    "governance_authorityversion": {"informed_over": None, "informed_id": None},
    "governance_commitment": {"bearer_id": 1},
    "scoring_scorecardrating": {"rating": 3},
    "scoring_ratingrevision": {"rating": 3},
    "portfolio_posting": {"kind": "cost", "why_unmatched": "no cost object"},
}


def _smallest(model: type[models.Model]) -> models.Model:
    """A row that the table takes; the people and cases that it names need not exist until the commit."""
    values: dict[str, Any] = {}
    for number, field in enumerate(model._meta.concrete_fields, start=900_001):
        match field:
            case models.BigAutoField():
                continue
            case models.ForeignKey() if field.target_field.get_internal_type() == "UUIDField":
                value: Any = uuid.uuid4()
            case models.ForeignKey():
                value = None if field.null else number
            case models.UUIDField():
                value = uuid.uuid4()
            case models.JSONField():
                value = {}
            case models.DateTimeField():
                value = datetime(2026, 1, 1, tzinfo=UTC)
            case models.DateField():
                value = date(2026, 1, 1)
            case models.BooleanField():
                value = False
            case models.FloatField():
                value = 0.5
            case models.CharField() if field.choices:
                value = next(iter(field.choices))[0]
            case models.CharField() | models.TextField() | models.FileField():
                value = "x"
            case _:
                value = number if field.unique else 97
        values[field.attname] = value
    return model(**values | FITTING.get(model._meta.db_table, {}))


def _triggers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
            if connection.vendor == "postgresql"
            else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        )
        return {row[0] for row in cursor.fetchall()}


def _refused(statement: str) -> None:
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("model", PROTECTED, ids=lambda model: model._meta.label)
def test_the_database_refuses_every_change_of_a_protected_table(model: type[models.Model]) -> None:
    table, key = model._meta.db_table, str(model._meta.pk.column)
    with transaction.atomic():
        if connection.vendor == "postgresql":
            _refused(f'TRUNCATE "{table}" CASCADE')
        _smallest(model).save(force_insert=True)
        _refused(sql("UPDATE", table, "SET", key, "=", key))
        _refused(sql("DELETE FROM", table))
        transaction.set_rollback(True)


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_refuses_to_replace_an_entry_by_inserting_over_it() -> None:
    entry = LedgerEntry.objects.order_by("-seq")[0]
    columns = [str(field.column) for field in LedgerEntry._meta.concrete_fields]
    source = ["'{}'" if column == "body" else column for column in columns]
    into = sql("INSERT OR REPLACE INTO ledger_ledgerentry", f"({', '.join(columns)})")
    statement = sql(into, "SELECT", ", ".join(source), "FROM ledger_ledgerentry WHERE seq = %s")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement, [entry.seq])
    assert LedgerEntry.objects.get(pk=entry.pk).body == entry.body


@pytest.mark.django_db
def test_every_fact_model_has_its_triggers_after_migrate() -> None:
    wanted = {
        name for model in PROTECTED for name in facts.trigger_names(connection.vendor, model._meta.db_table)
    }
    assert len(PROTECTED) > 40
    assert wanted <= _triggers()


@pytest.mark.django_db(transaction=True)
def test_the_triggers_stand_after_a_migration_that_remakes_a_table() -> None:
    table = RateSet._meta.db_table
    names = set(facts.trigger_names(connection.vendor, table))
    field = RateSet._meta.get_field("source")
    wider = models.CharField(max_length=250, blank=True)
    wider.set_attributes_from_name("source")
    with connection.schema_editor() as editor:
        editor.alter_field(RateSet, field, wider)
    lost = names - _triggers()
    with connection.schema_editor() as editor:
        editor.alter_field(RateSet, wider, field)
    # The control: SQLite drops them without a word, PostgreSQL keeps them.
    assert lost == (names if connection.vendor == "sqlite" else set())

    call_command("migrate", verbosity=0)
    assert names <= _triggers()
    with record("rates.proposed", actor=None) as act:
        act.add(RateSet, name="Plan", fiscal_year=2026, base="USD", rates={})
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(sql("DELETE FROM", table))


def test_no_manager_of_a_fact_changes_it_either(cfo: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        cfo.grants.update(role="ceo")
    with pytest.raises(IntegrityError), transaction.atomic():
        cfo.grants.all().delete()


# The canonical row ---------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers = st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(words | st.integers(0, 9) | st.booleans(), inner, max_size=3)
    ),
    max_leaves=8,
)
amounts = st.integers(0, 10**15).map(lambda stored: Decimal(stored).scaleb(-4))
few_places = st.decimals(
    min_value=-(10**10), max_value=10**10, places=4, allow_nan=False, allow_infinity=False
)
days = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1))
EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _same_after_reading_back(fact: Fact, many: Fact) -> None:
    """Inserted alone and by bulk: the row that was digested is the row that is there."""
    model = type(fact)
    with record("test.done", actor=None) as act:
        fact.transaction_id = act.id
        fact.save(force_insert=True)
        act.rows.append(fact.canonical_row())
        act.add_many(model, [many])
        written = list(act.rows)
    read = model._base_manager.filter(transaction=act.id).order_by("pk")
    assert [row.canonical_row() for row in read] == written


@pytest.mark.django_db
@EXAMPLES
@given(documents.filter(lambda document: document is not None))
def test_json_reads_back_as_it_was_digested(document: object) -> None:
    _same_after_reading_back(*(RateSet(name="p", fiscal_year=1, base="USD", rates=document) for _ in "12"))


@pytest.mark.django_db
@EXAMPLES
@given(
    amounts, days | days.map(str), words, st.sampled_from(["USD", "EUR"]), st.none() | st.integers(0, 10**6)
)
def test_money_days_and_texts_read_back(
    amount: Decimal, day: date | str, text: str, currency: str, row: int | None
) -> None:
    _same_after_reading_back(
        *(
            Posting(
                kind=Posting.Kind.COST,
                service_month=day,
                booked_month=day,
                amount=given_as,
                currency=currency,
                text=text,
                row_number=row,
                why_unmatched="no cost object",
            )
            for given_as in (amount, str(amount))
        )
    )


@pytest.mark.django_db
@EXAMPLES
@given(few_places | st.sampled_from([Decimal("-0"), Decimal(3), Decimal("1E+3"), Decimal("0.10")]))
def test_decimals_read_back(value: Decimal) -> None:
    user, _ = User.objects.get_or_create(email="m@keel.test", name="M")
    unit, _ = Unit.objects.get_or_create(name="U", path="/1/")
    initiative, _ = Initiative.objects.get_or_create(reference="AI-1", unit=unit, created_by=user)
    _same_after_reading_back(
        *(
            Measurement(initiative=initiative, kpi_key="k", month=date(2026, 1, 1), value=value, by=user)
            for _ in "12"
        )
    )


@given(documents, words, days)
def test_the_canonical_row_has_no_float_and_one_text(document: object, text: str, day: date) -> None:
    row = SourceRecord(raw=document, title=text, about_date=day).canonical_row()
    again = SourceRecord(raw=document, title=text, about_date=day.isoformat()).canonical_row()
    assert row == again
    assert set(row[:1] + row[-1:]) == set("{}")
    assert any(letter in string.printable for letter in row)


def test_a_decimal_finer_than_its_column_is_refused() -> None:
    """SQLite and PostgreSQL would each round it in their own way, after it was digested."""
    for value in (Decimal("1.00001"), Decimal("100000000000.0001")):
        with pytest.raises(ValueError, match="4 decimal places"):
            Measurement(value=value).canonical_row()
