"""Taking portfolios in: the totals stand in the database, twice is once, and nothing is overwritten."""

import threading
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Count, Sum
from django.test.utils import CaptureQueriesContext

from accounts.errors import NotAllowed, Refused
from accounts.models import Unit, UnitPlacement, User
from ledger import chain
from ledger.models import LedgerEntry, LedgerHead
from ledger.selectors import links
from portfolio import lifecycle, services
from portfolio.imports.apply import OPERATOR_EMAIL, import_portfolio
from portfolio.imports.outcome import Outcome
from portfolio.models import (
    Classification,
    ExternalId,
    ImportBatch,
    ImportRemark,
    Initiative,
    SourceRecord,
    StageChange,
    StatedFigure,
)
from tests import factories
from tests.portfolio.imports.sources import GMPP_2022, GMPP_2023, INVENTORY, IT_DASHBOARD, PROFILE_OF, part_of

pytestmark = pytest.mark.django_db
ALL = (INVENTORY, GMPP_2022, GMPP_2023, IT_DASHBOARD)


def take(
    path: Path, content: bytes | None = None, *, actor: User | None = None, dry_run: bool = False
) -> Outcome:
    return import_portfolio(
        content or path.read_bytes(),
        profile=PROFILE_OF[path],
        file_name=path.name,
        dry_run=dry_run,
        actor=actor,
    )


def row_counts() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def millions(measure: str, about: date) -> tuple[int, Decimal]:
    figures = StatedFigure.objects.filter(measure=measure, record__about_date=about).exclude(amount=None)
    found = figures.aggregate(count=Count("id"), total=Sum("amount"))
    return found["count"], found["total"] / 1_000_000


def test_all_portfolios_are_taken_once_and_a_second_run_changes_nothing(
    group: Unit, portfolio_office: User
) -> None:
    first = [take(path, actor=portfolio_office).counts for path in ALL]
    assert first == [
        {"rows": 2133, "created": 2133, "updated": 0, "unchanged": 0, "rejected": 0},
        {"rows": 235, "created": 235, "updated": 0, "unchanged": 0, "rejected": 0},
        {"rows": 244, "created": 38, "updated": 206, "unchanged": 0, "rejected": 0},
        {"rows": 2468, "created": 2468, "updated": 0, "unchanged": 0, "rejected": 0},
    ]
    assert Initiative.objects.count() == 2133 + 273 + 2468
    assert SourceRecord.objects.count() == 2133 + 235 + 244 + 2468
    assert Initiative.objects.filter(source="us-ai-inventory-2024", risk_tier="high").count() == 351
    assert millions("cost_year_baseline", date(2022, 3, 31)) == (198, Decimal("43128.88"))
    assert millions("cost_year_forecast", date(2022, 3, 31)) == (200, Decimal("39554.02"))
    assert millions("cost_year_baseline", date(2023, 3, 31)) == (207, Decimal("47507.37"))
    assert millions("cost_year_forecast", date(2023, 3, 31)) == (207, Decimal("41507.93"))
    assert millions("cost_planned", date(2012, 8, 31)) == (2451, Decimal("50301.821979"))
    assert millions("cost_projected_or_actual", date(2012, 8, 31)) == (2451, Decimal("51898.206344"))
    agencies = Unit.objects.filter(
        parent=group, initiatives__source="us-ai-inventory-2024"
    ) | Unit.objects.filter(parent=group, children__initiatives__source="us-ai-inventory-2024")
    assert agencies.distinct().count() == 41
    assert LedgerEntry.objects.filter(act="portfolio.imported").count() == 4
    before, head = row_counts(), LedgerHead.objects.get().hash
    second = [take(path, actor=portfolio_office).counts for path in ALL]
    assert [(counts["unchanged"], counts["created"] + counts["updated"]) for counts in second] == [
        (2133, 0), (235, 0), (244, 0), (2468, 0),
    ]  # fmt: skip
    assert (row_counts(), LedgerHead.objects.get().hash) == (before, head)


def test_a_row_is_kept_whole_and_in_order(group: Unit) -> None:
    take(INVENTORY)
    record = SourceRecord.objects.get(system="us-ai-inventory-2024", row_number=1718)
    assert len(record.raw) == 62
    assert record.raw[0] == ["Use Case Name", "Chatbot within ESMS"]
    assert record.raw[1] == ["Agency", "Department of Veterans Affairs "]
    assert str(record.initiative.unit) == "OIG"
    assert record.initiative.unit.parent is not None
    assert record.initiative.unit.parent.name == "Department of Veterans Affairs"


def test_a_duplicate_is_an_initiative_of_its_own_that_says_so(group: Unit) -> None:
    take(INVENTORY, part_of(INVENTORY, 450))
    remarks = ImportRemark.objects.filter(row_number=434).values_list("reason", flat=True)
    assert "same as row 418" in remarks
    both = SourceRecord.objects.filter(row_number__in=[418, 434]).order_by("row_number")
    assert both[0].row_hash == both[1].row_hash
    assert both[0].initiative_id != both[1].initiative_id


def test_an_initiative_without_a_case_is_accepted_and_the_report_says_so(group: Unit) -> None:
    outcome = take(INVENTORY, part_of(INVENTORY, 100))
    said = "taken without a business case: the source states no cost and no benefit"
    assert sum(line.reason == said for line in outcome.lines) == 100


def test_what_is_cached_is_what_the_facts_say(group: Unit) -> None:
    take(INVENTORY, part_of(INVENTORY, 120))
    take(GMPP_2022)
    take(GMPP_2023)
    differ = [
        changed for initiative in Initiative.objects.all() if (changed := lifecycle.refresh(initiative))
    ]
    assert Initiative.objects.count() == 120 + 273
    assert differ == []


def test_the_ledger_holds_one_entry_for_the_batch_and_its_chain_holds(portfolio_office: User) -> None:
    outcome = take(GMPP_2022, actor=portfolio_office)
    entry = LedgerEntry.objects.get(act="portfolio.imported")
    assert (entry.object_type, entry.object_id) == (
        "portfolio.ImportBatch",
        str(outcome.batch and outcome.batch.pk),
    )
    assert entry.actor_id == portfolio_office.pk
    assert '"created":235' in entry.body
    head = LedgerHead.objects.get()
    assert list(chain.faults(links(), head.seq, head.hash)) == []


def test_a_dry_run_says_the_same_and_writes_nothing(portfolio_office: User) -> None:
    take(GMPP_2022, actor=portfolio_office)
    before = row_counts()
    would = take(GMPP_2023, actor=portfolio_office, dry_run=True)
    assert row_counts() == before
    assert would.batch is None
    assert would.counts == take(GMPP_2023, actor=portfolio_office).counts


def test_a_project_that_changed_department_moves_and_the_batch_says_from_where(group: Unit) -> None:
    take(GMPP_2022)
    take(GMPP_2023)
    moved = ImportRemark.objects.filter(reason="moved from the unit BEIS to DESNZ")
    assert moved.count() > 10
    number = moved.values_list("row_number", flat=True)[0]
    record = SourceRecord.objects.get(about_date=date(2023, 3, 31), row_number=number)
    assert record.initiative.unit.name == "DESNZ"


def test_an_older_file_is_kept_as_history_and_overwrites_nothing(group: Unit) -> None:
    take(GMPP_2023)
    before = dict(Initiative.objects.values_list("pk", "title"))
    outcome = take(GMPP_2022)
    assert outcome.counts == {"rows": 235, "created": 29, "updated": 206, "unchanged": 0, "rejected": 0}
    assert before.items() <= dict(Initiative.objects.values_list("pk", "title")).items()
    history = [
        line for line in outcome.lines if line.reason.startswith("older than what is known of 2023-03-31")
    ]
    assert len(history) == 206


def test_one_changed_cell_updates_one_initiative(group: Unit) -> None:
    take(GMPP_2022)
    changed = GMPP_2022.read_bytes().replace(
        b'"Submarine Dismantling Project"', b'"Submarine Recycling Project"', 1
    )
    assert take(GMPP_2022, changed).counts == {
        "rows": 235, "created": 0, "updated": 1, "unchanged": 234, "rejected": 0,
    }  # fmt: skip
    assert Initiative.objects.filter(title="Submarine Recycling Project").count() == 1
    assert not Initiative.objects.filter(title="Submarine Dismantling Project").exists()
    again = take(GMPP_2022)
    assert (again.updated, again.batch) == (0, ImportBatch.objects.order_by("id").first())
    said = "this row was taken before, and another one for the same date after it, which holds"
    assert [line.row_number for line in again.lines if line.reason == said] == [1]


def test_the_stage_follows_the_source_until_keel_moves_the_initiative(
    group: Unit, risk_officer: User
) -> None:
    content = part_of(IT_DASHBOARD, 20)
    take(IT_DASHBOARD, content)
    later = content.replace(b"2012-09-29T00:00:00Z,19,", b"2012-06-29T00:00:00Z,19,", 1)
    assert take(IT_DASHBOARD, later).updated == 1
    first = ExternalId.objects.get(system="us-itdashboard", value="2").initiative
    assert first.stage == "operating"
    assert list(first.stage_changes.order_by("id").values_list("from_stage", "to_stage")) == [
        ("", "scaling"), ("scaling", "operating"),
    ]  # fmt: skip
    second = ExternalId.objects.get(system="us-itdashboard", value="3").initiative
    Initiative.objects.filter(pk=second.pk).update(stage="retired")
    moved = content.replace(b"2012-10-21T00:00:00Z,177.7,", b"2012-06-21T00:00:00Z,177.7,", 1)
    assert take(IT_DASHBOARD, moved).updated == 1
    second.refresh_from_db()
    assert second.stage == "retired"


def test_a_risk_tier_that_the_officer_set_stays(group: Unit, risk_officer: User) -> None:
    content = part_of(INVENTORY, 300)
    take(INVENTORY, content)
    high = Initiative.objects.filter(risk_tier="high", stage="pilot").first()
    assert high is not None
    services.classify(high, "risk_tier", "limited", reason="Looked at it.", actor=risk_officer)
    take(INVENTORY, content)
    high.refresh_from_db()
    assert high.risk_tier == "limited"
    assert Classification.objects.filter(initiative=high).count() == 2


def test_the_command_line_acts_as_somebody_whom_nobody_can_sign_in_as(db: None) -> None:
    outcome = take(GMPP_2022)
    operator = User.objects.get(email=OPERATOR_EMAIL)
    assert outcome.batch is not None
    assert outcome.batch.by == operator
    assert (operator.is_active, operator.has_usable_password()) == (False, False)
    assert set(Unit.objects.filter(parent=None).values_list("name", flat=True)) == {"Organisation"}
    assert UnitPlacement.objects.count() == Unit.objects.count() == 19


def test_units_that_are_there_are_used_whatever_their_case(group: Unit) -> None:
    there = factories.make_unit("mod", parent=group)
    take(GMPP_2022)
    assert there.initiatives.count() == 52


def test_only_the_portfolio_office_imports(finance: User, portfolio_office: User) -> None:
    with pytest.raises(NotAllowed, match="portfolio office"):
        take(GMPP_2022, actor=finance)
    assert take(GMPP_2022, actor=portfolio_office).created == 235


def test_an_office_of_one_unit_imports_into_that_unit_and_touches_no_other(
    group: Unit, unit: Unit, portfolio_office: User
) -> None:
    take(GMPP_2022, actor=portfolio_office)
    theirs = factories.make_person("Paula Part", "portfolio_office", unit)
    outcome = take(GMPP_2023, actor=theirs)
    assert outcome.counts == {"rows": 244, "created": 38, "updated": 0, "unchanged": 0, "rejected": 206}
    assert all(place.is_under(unit) for place in Unit.objects.filter(initiatives__created_by=theirs))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "empty"), (b"a,b\n1,2\n", "not a table of this kind"), (b"\x89PNG\r\n\x1a\n\0", "NUL")],
)
def test_a_file_that_is_no_table_is_refused_whole(content: bytes, sentence: str) -> None:
    before = row_counts()
    with pytest.raises(Refused, match=sentence):
        import_portfolio(content, profile="uk-gmpp", file_name="x.csv", actor=None)
    assert row_counts() == before


def test_an_unknown_profile_is_refused(db: None) -> None:
    with pytest.raises(Refused, match="There is no profile “mine”"):
        import_portfolio(b"a,b\n1,2\n", profile="mine", file_name="x.csv", actor=None)


def test_rejected_rows_stand_in_the_batch_with_their_reason(group: Unit) -> None:
    content = part_of(IT_DASHBOARD, 50).replace(b",3,175755,", b",three,175755,", 1)
    outcome = take(IT_DASHBOARD, content)
    assert (outcome.created, outcome.rejected) == (49, 1)
    remark = ImportRemark.objects.get(is_rejection=True)
    assert (remark.row_number, remark.column, remark.value) == (2, "Project ID", "three")
    assert remark.reason == "The id is not a whole number."


def test_the_file_name_is_kept_without_its_folders(db: None) -> None:
    import_portfolio(GMPP_2022.read_bytes(), profile="uk-gmpp", file_name="../../etc/gmpp.csv", actor=None)
    assert ImportBatch.objects.get().file_name == "gmpp.csv"


def test_the_number_of_reads_does_not_grow_with_the_rows(group: Unit) -> None:
    take(IT_DASHBOARD, part_of(IT_DASHBOARD, 5))
    reads = []
    for rows in (20, 200):
        take(IT_DASHBOARD, part_of(IT_DASHBOARD, rows))
        changed = part_of(IT_DASHBOARD, rows).replace(b"Department of", b"Ministry of")
        with CaptureQueriesContext(connection) as queries:
            take(IT_DASHBOARD, changed)
        reads.append(sum(query["sql"].startswith("SELECT") for query in queries))
    assert reads[0] == reads[1] < 40


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_take_it_once() -> None:
    factories.make_unit("Northwind Group")
    barrier = threading.Barrier(2)
    counts: list[dict[str, int]] = []

    def run() -> None:
        barrier.wait()
        try:
            counts.append(take(GMPP_2022).counts)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found["created"] for found in counts) == [0, 235]
    assert Initiative.objects.count() == StageChange.objects.count() == 235
