"""Booking monthly actuals: whole files only, each line matched or unmatched, closed months, never twice."""

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from accounts.errors import NotAllowed, Refused
from accounts.models import Role, Unit, User
from ledger.models import LedgerEntry, Stale
from ledger.services import record
from portfolio import services
from portfolio.imports.outcome import Outcome
from portfolio.imports.postings import import_actuals
from portfolio.models import CostObject, ImportBatch, ImportRemark, Initiative, Posting
from tests import factories

pytestmark = pytest.mark.django_db
HEADER = "reference,cost_object,supplier,service_month,booked_month,kind,category,amount,currency,document\n"


def line(
    reference: str = "",
    *,
    cost_object: str = "",
    supplier: str = "",
    month: str = "2026-03",
    booked: str = "",
    kind: str = "cost",
    amount: str = "100.00",
    currency: str = "USD",
) -> str:
    return f"{reference},{cost_object},{supplier},{month},{booked},{kind},cloud,{amount},{currency},D-1\n"


def book(*lines: str, actor: User, **options: Any) -> Outcome:
    content = (HEADER + "".join(lines)).encode()
    return import_actuals(content, file_name="actuals.csv", actor=actor, **options)


def own(initiative: Initiative, code: str, share: int = 100, since: date = date(2026, 1, 1)) -> None:
    with record("cost_object.named", actor=None, about=initiative) as act:
        act.add(CostObject, initiative=initiative, code=code, share=share, valid_from=since)


@pytest.fixture
def initiative(unit: Unit, unit_lead: User) -> Initiative:
    return services.start_proposal(unit, title="Sort incoming tickets", actor=unit_lead)


@pytest.fixture
def other(unit: Unit, unit_lead: User) -> Initiative:
    return services.start_proposal(unit, title="Answer routine questions", actor=unit_lead)


def test_a_line_is_booked_on_the_initiative_that_it_names(initiative: Initiative, finance: User) -> None:
    outcome = book(line(initiative.reference, supplier="Example Ltd", amount="1234.50"), actor=finance)
    assert outcome.counts == {"rows": 1, "created": 1, "updated": 0, "unchanged": 0, "rejected": 0}
    posting = Posting.objects.get()
    assert (posting.initiative, posting.amount, posting.currency) == (initiative, Decimal("1234.5"), "USD")
    assert (posting.service_month, posting.booked_month) == (date(2026, 3, 1), date(2026, 3, 1))
    assert (posting.kind, posting.category, posting.supplier) == ("cost", "cloud", "Example Ltd")
    assert (posting.batch, posting.row_number, posting.by_hand) == (outcome.batch, 1, None)


def test_many_initiatives_get_theirs_and_their_returns_become_stale(
    initiative: Initiative, other: Initiative, finance: User
) -> None:
    Stale.objects.all().delete()
    book(
        line(initiative.reference),
        line(other.reference, amount="7.00"),
        line(initiative.reference),
        actor=finance,
    )
    assert initiative.postings.aggregate(total=Sum("amount"))["total"] == 200
    assert other.postings.aggregate(total=Sum("amount"))["total"] == 7
    marks = Stale.objects.filter(kind="return")
    assert set(marks.values_list("subject", flat=True)) == {initiative.pk, other.pk}
    assert set(marks.values_list("last_seq", flat=True)) == {
        LedgerEntry.objects.get(act="actuals.imported").seq
    }


def test_one_ledger_entry_holds_counts_and_control_total(initiative: Initiative, finance: User) -> None:
    book(line(initiative.reference), "control_total,100.00\n", actor=finance)
    entry = LedgerEntry.objects.get(act="actuals.imported")
    assert '"control_total":"100"' in entry.body
    assert '"created":1' in entry.body
    assert ImportBatch.objects.get().control_total == 100


def test_a_cost_object_leads_to_its_initiative(initiative: Initiative, finance: User) -> None:
    own(initiative, "K-1")
    book(line(cost_object="K-1"), actor=finance)
    assert Posting.objects.get().initiative == initiative


def test_a_cost_object_is_split_by_shares_to_the_cent_and_the_rest_is_unmatched(
    initiative: Initiative, other: Initiative, finance: User
) -> None:
    own(initiative, "K-1", 33)
    own(other, "K-1", 33)
    outcome = book(line(cost_object="K-1", amount="100.01"), actor=finance)
    parts = dict(Posting.objects.values_list("initiative__reference", "amount"))
    assert parts == {
        initiative.reference: Decimal("33.00"),
        other.reference: Decimal("33.00"),
        None: Decimal("34.01"),
    }
    assert outcome.counts["created"] == 1
    assert Posting.objects.get(initiative=None).why_unmatched == "34 % of K-1 belongs to no initiative."


def test_the_newest_share_counts_from_its_day_on(
    initiative: Initiative, other: Initiative, finance: User
) -> None:
    own(initiative, "K-1", 100, date(2026, 1, 1))
    own(initiative, "K-1", 50, date(2026, 3, 1))
    own(other, "K-1", 50, date(2026, 3, 1))
    book(line(cost_object="K-1", month="2026-02"), line(cost_object="K-1", month="2026-03"), actor=finance)
    found = Posting.objects.order_by("id").values_list("initiative__reference", "amount")
    assert [(whose, int(amount)) for whose, amount in found] == [
        (initiative.reference, 100),
        (initiative.reference, 50),
        (other.reference, 50),
    ]


def test_shares_over_100_percent_are_booked_on_nobody(
    initiative: Initiative, other: Initiative, finance: User
) -> None:
    own(initiative, "K-1", 80)
    own(other, "K-1", 80)
    book(line(cost_object="K-1"), actor=finance)
    assert Posting.objects.get().why_unmatched == "The shares of K-1 add up to 160 %."


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ({"reference": "AI-1999-0001"}, "No initiative AI-1999-0001 in your units."),
        ({"cost_object": "K-9"}, "K-9 belonged to no initiative in 2026-03."),
        ({"supplier": "Unheard-of AI Ltd"}, "Only a supplier is named."),
    ],
)
def test_what_fits_nothing_goes_to_the_unmatched(names: dict[str, str], why: str, finance: User) -> None:
    outcome = book(line(**names), actor=finance)
    posting = Posting.objects.get()
    assert posting.initiative is None
    assert (posting.amount, posting.why_unmatched) == (Decimal(100), why)
    assert [(found.outcome, found.reason) for found in outcome.lines] == [("unmatched", why)]
    assert ImportRemark.objects.get().reason == why


def test_a_line_for_a_closed_month_is_booked_in_the_open_one_and_listed(
    initiative: Initiative, finance: User
) -> None:
    services.close_period(date(2026, 4, 1), actor=finance)
    outcome = book(
        line(initiative.reference, month="2026-03", booked="2026-04"),
        line(initiative.reference, month="2026-03", booked="2026-06"),
        actor=finance,
    )
    months = Posting.objects.order_by("id").values_list("service_month", "booked_month")
    assert list(months) == [
        (date(2026, 3, 1), date(2026, 5, 1)),
        (date(2026, 3, 1), date(2026, 6, 1)),
    ]
    moved = [found for found in outcome.lines if found.outcome == "moved"]
    assert [(found.row_number, found.reason) for found in moved] == [
        (1, "2026-04 is closed: booked in 2026-05")
    ]


def test_a_credit_note_lowers_what_was_spent(initiative: Initiative, finance: User) -> None:
    own(initiative, "K-1", 50)
    book(line(cost_object="K-1", kind="credit_note", amount="-0.03"), actor=finance)
    assert Posting.objects.aggregate(total=Sum("amount"))["total"] == Decimal("-0.03")


def test_a_wrong_control_total_refuses_the_file(initiative: Initiative, finance: User) -> None:
    with pytest.raises(Refused, match=r"control total is 100\.01, but the lines add up to 100\.00"):
        book(line(initiative.reference), "control_total,100.01\n", actor=finance)
    with pytest.raises(Refused, match="control total"):
        book(line(initiative.reference), control_total=Decimal(99), actor=finance)
    assert not Posting.objects.exists()
    assert not ImportBatch.objects.exists()


def test_a_line_that_can_not_be_read_keeps_the_whole_file_out(initiative: Initiative, finance: User) -> None:
    outcome = book(line(initiative.reference), line(initiative.reference, amount="ten"), actor=finance)
    assert outcome.counts == {"rows": 2, "created": 0, "updated": 0, "unchanged": 1, "rejected": 1}
    assert outcome.refusal.startswith("Nothing was booked: 1 line can't be read.")
    assert not Posting.objects.exists()
    remark = ImportRemark.objects.get()
    assert (remark.row_number, remark.column, remark.value, remark.reason) == (
        2,
        "amount",
        "ten",
        "Not a number.",
    )
    assert LedgerEntry.objects.filter(act="actuals.refused").count() == 1
    corrected = book(line(initiative.reference), line(initiative.reference, amount="10"), actor=finance)
    assert corrected.created == 2


def test_a_currency_without_a_planning_rate_is_not_known(initiative: Initiative, finance: User) -> None:
    outcome = book(line(initiative.reference, currency="CHF"), actor=finance)
    assert outcome.rejected == 1
    assert outcome.lines[0].column == "currency"


def test_the_same_file_is_booked_once(initiative: Initiative, finance: User) -> None:
    first = book(line(initiative.reference), actor=finance)
    entries = LedgerEntry.objects.count()
    again = book(line(initiative.reference), actor=finance)
    assert again.counts == {"rows": 1, "created": 0, "updated": 0, "unchanged": 1, "rejected": 0}
    assert (again.refusal, again.batch) == ("", first.batch)
    assert (
        again.lines[0].reason == "The same file was booked before, as actuals.csv; nothing is booked twice."
    )
    assert (Posting.objects.count(), LedgerEntry.objects.count()) == (1, entries)


def test_a_dry_run_books_nothing(initiative: Initiative, finance: User) -> None:
    outcome = book(line(initiative.reference), line("AI-1999-0001"), actor=finance, dry_run=True)
    assert (outcome.created, outcome.batch) == (2, None)
    assert [found.outcome for found in outcome.lines] == ["created", "unmatched"]
    assert not Posting.objects.exists()
    assert not ImportBatch.objects.exists()


def test_only_finance_and_its_interface_import(
    initiative: Initiative, unit_lead: User, integrator: User
) -> None:
    with pytest.raises(NotAllowed, match="finance"):
        book(line(initiative.reference), actor=unit_lead)
    assert book(line(initiative.reference), actor=integrator).created == 1


def test_finance_of_one_unit_books_on_no_other_unit(initiative: Initiative, other_unit: Unit) -> None:
    theirs = factories.make_person("Frida Far", Role.FINANCE, other_unit)
    own(initiative, "K-1")
    book(line(initiative.reference), line(cost_object="K-1"), actor=theirs)
    assert list(Posting.objects.values_list("initiative", flat=True)) == [None, None]


def test_the_number_of_reads_does_not_grow_with_the_lines(initiative: Initiative, finance: User) -> None:
    own(initiative, "K-1")
    book(line(initiative.reference), actor=finance)
    reads = []
    for count in (2, 400):
        lines = [line(initiative.reference), line(cost_object="K-1")] * count
        with CaptureQueriesContext(connection) as queries:
            book(*lines, actor=finance)
        reads.append(sum(query["sql"].startswith("SELECT") for query in queries))
    assert reads[0] == reads[1] < 25


def test_20000_lines_are_booked_to_the_last_one(initiative: Initiative, finance: User) -> None:
    outcome = book(*[line(initiative.reference)] * 20_000, "control_total,2000000.00\n", actor=finance)
    assert outcome.created == 20_000
    assert Posting.objects.filter(initiative=initiative).count() == 20_000


@pytest.mark.django_db(transaction=True)
def test_two_uploads_of_one_file_at_once_book_it_once() -> None:
    group = factories.make_unit("Northwind Group")
    finance = factories.make_person("Fiona Finance", Role.FINANCE, group)
    barrier = threading.Barrier(2)
    booked: list[int] = []

    def run() -> None:
        barrier.wait()
        try:
            booked.append(book(line(supplier="Example Ltd"), actor=finance).created)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(booked) == [0, 1]
    assert Posting.objects.count() == 1
