"""An act is one transaction with one entry: all of it or nothing, numbered without gaps."""

import threading
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection

from accounts.models import Unit, UnitPlacement, User
from ledger.facts import FactIsFinal
from ledger.models import LedgerEntry, LedgerHead, Stale, Transaction
from ledger.services import last_seq, mark_stale, record, seq_at
from tests import factories


def test_an_act_enters_its_facts_once(cfo: User, unit: Unit) -> None:
    before = last_seq()
    with record("unit.moved", actor=cfo, about=unit, reason="reorganised") as act:
        placed = act.add(UnitPlacement, unit=unit, parent=None, valid_from=unit.opened_on)
        act.note(amount=Decimal("10.50"))
        act.marks("return", [3, 1])
    entry = LedgerEntry.objects.get(seq=before + 1)
    assert (entry.act, entry.object_type, entry.object_id) == ("unit.moved", "accounts.Unit", str(unit.pk))
    assert entry.actor_id == cfo.pk
    assert '"amount":"10.5"' in entry.body
    assert '"facts":1' in entry.body
    assert placed.transaction_id == entry.transaction_id == act.id
    assert last_seq() == seq_at(act.at) == before + 1
    assert list(Stale.objects.order_by("subject").values_list("kind", "subject", "last_seq")) == [
        ("return", 1, before + 1),
        ("return", 3, before + 1),
    ]


def test_an_exception_undoes_everything(cfo: User, unit: Unit) -> None:
    head = LedgerHead.objects.get()
    counts = [model._base_manager.count() for model in (LedgerEntry, Transaction, UnitPlacement, Stale)]

    def move() -> None:
        with record("unit.moved", actor=cfo, about=unit) as act:
            act.add(UnitPlacement, unit=unit, parent=None, valid_from=unit.opened_on)
            act.marks("return", [1])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        move()
    after = LedgerHead.objects.get()
    assert (after.seq, after.hash) == (head.seq, head.hash)
    assert counts == [
        model._base_manager.count() for model in (LedgerEntry, Transaction, UnitPlacement, Stale)
    ]


def test_a_float_in_the_entry_is_refused_and_undoes_the_act(cfo: User, unit: Unit) -> None:
    before = last_seq()
    with pytest.raises(TypeError), record("unit.moved", actor=cfo, about=unit) as act:
        act.note(amount=1.5)
    assert last_seq() == before


def test_a_fact_is_final(unit: Unit) -> None:
    placement = unit.placements.get()
    with pytest.raises(FactIsFinal):
        placement.save()
    with pytest.raises(FactIsFinal):
        placement.delete()


@pytest.mark.django_db
def test_a_stale_mark_never_falls() -> None:
    mark_stale("return", [1, 2], 10)
    mark_stale("return", [2, 3], 4)
    mark_stale("return", [], 20)
    assert list(Stale.objects.order_by("subject").values_list("subject", "last_seq")) == [
        (1, 10),
        (2, 10),
        (3, 4),
    ]
    Stale.objects.filter(subject=1).update(through_seq=10)
    mark_stale("return", [1], 12)
    assert Stale.objects.filter(subject=1).values_list("last_seq", "through_seq").get() == (12, 10)


@pytest.mark.django_db
def test_marking_many_subjects_is_one_statement(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        mark_stale("score", range(5000), 3)
    assert Stale.objects.filter(kind="score", last_seq=3).count() == 5000


@pytest.mark.django_db(transaction=True)
def test_sixteen_threads_leave_no_gap_in_the_numbers() -> None:
    unit = factories.make_unit("Group")
    before = last_seq()
    errors: list[Exception] = []
    start = threading.Barrier(16)

    def work(number: int) -> None:
        try:
            start.wait()
            for turn in range(6):
                try:
                    with record("unit.moved", actor=None, about=unit) as act:
                        act.add(UnitPlacement, unit=unit, parent=None, valid_from=unit.opened_on)
                        act.marks("return", [number, 99])
                        if turn % 3 == 2:
                            raise InterruptedError
                except InterruptedError:
                    continue
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    seqs = list(Transaction.objects.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, before + 16 * 4 + 1))
    assert Stale.objects.get(subject=99).last_seq == seqs[-1]
    assert UnitPlacement._base_manager.count() == 1 + 16 * 4
