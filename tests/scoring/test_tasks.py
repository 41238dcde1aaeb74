"""Jobs: what is stale is computed, once in effect, however often and by however many."""

from collections.abc import Callable
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from accounts.models import Unit, User
from config.celery import app
from ledger import clock
from ledger.models import Stale
from ledger.services import record
from portfolio.models import Hold, Initiative
from scoring import positions
from scoring.models import ReturnPosition, ReturnYear, Score
from scoring.positions import refresh_returns, stale
from scoring.tasks import nightly_sweep, refresh_stale
from tests import factories
from tests.scoring.plans import a_plan, an_initiative, fund, run


@pytest.fixture
def stale_ones(unit: Unit, contributor: User) -> list[Initiative]:
    """Five that nobody computed yet."""
    made = []
    for number in range(5):
        made.append(an_initiative(unit, contributor, number))
        fund(made[-1], a_plan(scale=number + 1), by=contributor)
        run(made[-1], a_plan(scale=number + 1), number, by=contributor)
    return made


def test_the_timetable_names_the_tasks() -> None:
    assert {"scoring.tasks.refresh_stale", "scoring.tasks.nightly_sweep"} <= set(app.tasks)


def test_returns_and_scores_are_drained(content: dict[str, Any], unit: Unit) -> None:
    factories.appropriate(unit, 1_000_000)
    initiative = factories.piloting(content, unit=unit)
    refresh_stale()
    assert ReturnPosition.objects.get().initiative == initiative
    assert Score.objects.get().initiative == initiative
    assert not stale.waiting(stale.RETURN).exists()
    assert not stale.waiting(stale.SCORE).exists()


def test_a_doubled_delivery_changes_nothing(stale_ones: list[Initiative]) -> None:
    assert refresh_stale() == len(stale_ones)
    before = list(ReturnPosition.objects.order_by("pk").values())
    assert refresh_stale() == 0
    assert list(ReturnPosition.objects.order_by("pk").values()) == before


def test_batches_follow_one_another_until_nothing_is_stale(
    stale_ones: list[Initiative], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "BATCH", 2)
    assert refresh_stale() == len(stale_ones)
    assert not stale.waiting(stale.RETURN).exists()


def test_the_night_brings_positions_to_the_day_and_ends_holds(
    stale_ones: list[Initiative], contributor: User
) -> None:
    refresh_returns(on=date(2024, 5, 2))
    with record("test.held", actor=contributor) as act:
        act.add(Hold, initiative=stale_ones[0], reason="late", until=clock.today() - timedelta(days=1))
    Initiative.objects.filter(pk=stale_ones[0].pk).update(on_hold=True)
    assert nightly_sweep() == len(stale_ones)
    assert set(ReturnPosition.objects.values_list("on", flat=True)) == {clock.today()}
    assert not Initiative.objects.filter(on_hold=True).exists()
    assert nightly_sweep() == 0


def _at_once(work: Callable[[], None], number: int) -> list[BaseException]:
    """Run the same work in threads that begin together; what they raised."""
    barrier, raised = Barrier(number), []

    def begin() -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  a thread must hand its error over
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=begin) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_and_acts_between_end_with_the_newest(unit: Unit, contributor: User) -> None:
    made = [an_initiative(unit, contributor, number) for number in range(6)]
    for initiative in made:
        fund(initiative, a_plan(), by=contributor)

    def work() -> None:
        for initiative in made:
            run(initiative, a_plan(), 3, by=contributor)
            # Without the claims, so that all compute the same ones.
            refresh_returns([other.pk for other in made])

    assert _at_once(work, 4) == []
    refresh_stale()
    seq = max(Stale.objects.values_list("last_seq", flat=True))
    computed = positions.compute_returns([i.pk for i in made], seq=seq, on=clock.today())
    for initiative, cost in zip(made, computed.columns["actual_cost"].tolist(), strict=True):
        assert ReturnPosition.objects.get(initiative=initiative).actual_cost * 10_000 == cost
        assert cost == 4 * 3 * 12_000 * 10_000
    assert (
        ReturnYear.objects.values("initiative", "fiscal_year").distinct().count()
        == ReturnYear.objects.count()
    )
