"""Rebuilding: what is stored is what the facts give, and any other figure is found."""

from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from accounts.models import Unit
from governance.models import EnvelopeBalance
from ledger import clock
from ledger.models import Stale
from ledger.services import last_seq, record
from portfolio.models import Initiative
from scoring.models import ReturnPosition, ReturnYear, Score
from scoring.positions import advance_returns, refresh_returns, refresh_scores
from tests import factories
from tests.scoring.plans import a_plan, freeze, run


@pytest.fixture
def running(content: dict[str, Any], unit: Unit) -> Initiative:
    """A pilot that was scored, decided and spends, with its positions computed."""
    factories.appropriate(unit, 1_000_000)
    initiative = factories.piloting(content, unit=unit)
    run(initiative, a_plan(start=clock.today().replace(day=1)), 2, by=factories.make_user("Ina Interface"))
    refresh_returns()
    refresh_scores()
    return initiative


def rebuilt(**options: Any) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("rebuild", stdout=out, **options)
    return out.getvalue()


def test_nothing_differs_after_the_road_to_a_pilot(running: Initiative) -> None:
    printed = rebuilt(check=True)
    assert (
        "Checked 1 returns, 1 scores, 0 observed outcomes, 1 envelope balances, 1 initiatives, "
        "0 recommendations: 0 differences." in printed
    )
    assert "0 positions wait for a worker, 0 are set aside." in printed


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (ReturnPosition, "npv_p50", 1.25),
        (ReturnPosition, "actual_cost", 1),
        (ReturnPosition, "on_course_to", "met"),
        (ReturnPosition, "base_month", date(2001, 1, 1)),
        (ReturnPosition, "formula", "another"),
        (ReturnYear, "planned_cost", 7),
        (Score, "low", 99.5),
        (Score, "contributions", []),
        (EnvelopeBalance, "committed", 3),
        (Initiative, "stage", "operating"),
    ],
)
def test_a_changed_figure_is_found_and_restored(
    running: Initiative, model: Any, field: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(model.objects.order_by("pk").values())
    model.objects.update(**{field: value})
    with pytest.raises(SystemExit) as ended:
        call_command("rebuild", check=True)
    assert ended.value.code == 1
    assert f", {field}: stored" in capsys.readouterr().out
    rebuilt()
    rebuilt(check=True)
    assert _without_ids(model.objects.order_by("pk").values()) == _without_ids(before)


def _without_ids(rows: Any) -> list[dict[str, Any]]:
    """A rebuild names the record that it read through, and years get new numbers."""
    return [{name: value for name, value in row.items() if name not in {"id", "through_seq"}} for row in rows]


@pytest.mark.parametrize("model", [ReturnPosition, ReturnYear, Score])
def test_a_missing_position_is_found_and_restored(running: Initiative, model: Any) -> None:
    before = model.objects.count()
    model.objects.all().delete()
    with pytest.raises(SystemExit):
        rebuilt(check=True)
    rebuilt()
    assert model.objects.count() == before
    rebuilt(check=True)


def test_a_position_that_waits_for_a_worker_agrees_with_what_it_was_made_of(running: Initiative) -> None:
    run(running, a_plan(start=clock.today().replace(day=1)), 1, by=running.created_by)
    assert "1 positions wait for a worker" in rebuilt(check=True)
    Stale.objects.update(through_seq=F("last_seq"))
    # Now it says that it is up to date, and is not: as if an act had forgotten its mark.
    with pytest.raises(SystemExit):
        rebuilt(check=True)


def test_positions_of_earlier_days_are_computed_on_their_day(running: Initiative) -> None:
    ReturnPosition.objects.all().delete()
    refresh_returns([running.pk], on=date(2024, 1, 5))
    rebuilt(check=True)
    rebuilt()
    assert ReturnPosition.objects.get().on == date(2024, 1, 5)
    assert advance_returns() == 1
    assert ReturnPosition.objects.get().on == clock.today()
    rebuilt(check=True)


def test_as_of_a_record_prints_the_same_whatever_comes_later(running: Initiative) -> None:
    seq = last_seq()
    before = rebuilt(as_of=seq)
    run(running, a_plan(start=clock.today().replace(day=1)), 2, by=running.created_by)
    with record("test.frozen", actor=running.created_by) as act:
        freeze(running, a_plan(scale=5), by=running.created_by, act=act)
    refresh_returns()
    assert rebuilt(as_of=seq) == before
    assert rebuilt(as_of=last_seq()) != before


def test_a_record_that_is_not_there_is_refused(running: Initiative) -> None:
    with pytest.raises(CommandError):
        rebuilt(as_of=last_seq() + 1)
