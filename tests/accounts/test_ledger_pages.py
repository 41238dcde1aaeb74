"""The ledger's page: read in order, filter, verify, export; and whom it is for."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import connection

from accounts.models import Unit, User
from ledger import chain, facts
from ledger.models import LedgerEntry
from ledger.services import last_seq, record
from tests.factories import SignIn


@pytest.fixture
def acts(cfo: User, unit: Unit) -> int:
    """More entries than a page holds."""
    for number in range(60):
        with record("unit.noted", actor=cfo, about=unit, reason=f"note {number}") as act:
            act.note(amount=Decimal(number))
    return last_seq()


def text(response: Any) -> str:
    """The page's words, digits ungrouped."""
    return str(response.content.decode()).replace("\u202f", "")


def numbers(response: Any) -> list[int]:
    """The entries on the page, in its order."""
    return [row.entry.seq for row in response.context["rows"]]


def test_an_auditor_reads_every_act_in_order(sign_in: SignIn, auditor: User, acts: int) -> None:
    client = sign_in(auditor)
    read: list[int] = []
    path = "?order=oldest"
    while path:
        page = client.get(f"/ledger/{path}")
        read += numbers(page)
        path = page.context["next_url"]
    assert read == list(range(1, last_seq() + 1))
    assert last_seq() >= acts
    assert numbers(client.get("/ledger/")) == list(range(last_seq(), last_seq() - 50, -1))


@pytest.mark.usefixtures("acts")
def test_filters_stand_in_the_address(sign_in: SignIn, auditor: User, cfo: User, unit: Unit) -> None:
    client = sign_in(auditor)
    for query, expected in (
        ("act=unit.noted", 60),
        (f"act=unit.noted&object=Unit {unit.pk}", 60),
        ("act=unit.noted&object=Unit 999999", 0),
        ("act=unit.noted&object=unit", 60),
        ("act=unit.noted&object=AI-2026-0001", 0),
        ("act=unit.noted&person=carla", 60),
        ("act=unit.noted&person=nobody", 0),
        ("act=unit.noted&until=2001-01-01", 0),
        ("act=unit.noted&since=2001-01-01", 60),
    ):
        shown = LedgerEntry.objects.filter(act="unit.noted").count() if expected else 0
        rows = list(csv.reader(StringIO(_streamed(client.get(f"/ledger/export.csv?{query}")))))
        assert len(rows) - 1 == expected == shown, query
        assert len(numbers(client.get(f"/ledger/?{query}"))) == min(expected, 50), query
    page = text(client.get("/ledger/?act=unit.noted"))
    assert cfo.name in page
    assert unit.name in page


@pytest.mark.parametrize("beyond", ["x", "-1", "9" * 30, "²"])
def test_a_nonsensical_place_is_ignored(sign_in: SignIn, auditor: User, beyond: str) -> None:
    assert sign_in(auditor).get("/ledger/", {"beyond": beyond}).status_code == 200


def test_the_page_costs_the_same_for_one_and_for_many(
    sign_in: SignIn, auditor: User, acts: int, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(auditor)
    with django_assert_max_num_queries(12):
        assert client.get("/ledger/").status_code == 200
    assert acts


def _streamed(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


@pytest.mark.usefixtures("acts")
def test_the_export_verifies_without_the_product(sign_in: SignIn, auditor: User) -> None:
    rows = list(csv.DictReader(StringIO(_streamed(sign_in(auditor).get("/ledger/export.csv")))))
    links = [
        chain.Link(
            seq=int(row["seq"]),
            transaction=row["transaction"],
            at=datetime.fromisoformat(row["at"]).astimezone(UTC),
            actor_id=int(row["actor_id"]) if row["actor_id"] else None,
            on_behalf_of_id=int(row["on_behalf_of_id"]) if row["on_behalf_of_id"] else None,
            act=row["act"],
            object_type=row["object_type"],
            object_id=row["object_id"],
            body=row["body"],
            previous_hash=row["previous_hash"],
            hash=row["hash"],
        )
        for row in rows
    ]
    assert list(chain.faults(links, links[-1].seq, links[-1].hash)) == []


def test_an_entry_shows_all_that_its_hash_is_made_of(sign_in: SignIn, auditor: User, acts: int) -> None:
    page = text(sign_in(auditor).get(f"/ledger/{acts}/"))
    entry = LedgerEntry.objects.get(seq=acts)
    for words in (
        entry.hash,
        entry.previous_hash,
        "unit.noted",
        "note 59",
        "&quot;amount&quot;: &quot;59&quot;",
    ):
        assert words in page
    assert sign_in(auditor).get("/ledger/999999/").status_code == 404


@pytest.mark.usefixtures("acts")
def test_a_verification_is_an_act_that_shows_on_the_page(sign_in: SignIn, auditor: User) -> None:
    client = sign_in(auditor)
    assert "Not verified yet" in text(client.get("/ledger/"))
    before = last_seq()
    assert client.post("/ledger/verify/", {"state": "on"})["Location"] == "/ledger/"
    page = text(client.get("/ledger/"))
    assert "The ledger held when it was last verified" in page
    assert f"{before} entries" in page
    assert auditor.name in page
    assert LedgerEntry.objects.get(seq=before + 1).act == "ledger.verified"


@pytest.mark.usefixtures("acts")
def test_a_fault_is_found_and_said(sign_in: SignIn, auditor: User) -> None:
    facts.lift(connection)
    LedgerEntry.objects.filter(act="unit.noted", body__contains="note 7").update(act="unit.praised")
    facts.protect(connection)
    client = sign_in(auditor)
    assert client.post("/ledger/verify/").status_code == 302
    page = text(client.get("/ledger/"))
    assert "did not hold" in page
    assert "was changed: its content does not give its hash" in page


def test_the_ledger_is_for_those_who_watch(
    sign_in: SignIn, unit_lead: User, administrator: User, ceo: User, risk_officer: User
) -> None:
    for user in (unit_lead, administrator):
        for path in ("/ledger/", "/ledger/1/", "/ledger/export.csv"):
            assert sign_in(user).get(path).status_code == 403
        assert sign_in(user).post("/ledger/verify/").status_code == 403
    assert sign_in(ceo).get("/ledger/").status_code == 200
    assert sign_in(ceo).post("/ledger/verify/").status_code == 403
    assert sign_in(risk_officer).post("/ledger/verify/").status_code == 302
    assert sign_in(risk_officer).get("/ledger/verify/").status_code == 405
