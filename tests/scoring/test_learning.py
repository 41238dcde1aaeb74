"""Own outcomes move the class ratios: what is observed, what follows, as of any point."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import StringIO
from itertools import count
from typing import Any

import numpy as np
import pytest
import time_machine
from django.core.management import call_command

from accounts.models import Unit, User
from governance.gates import write_outcome
from ledger import clock
from ledger.services import last_seq, record
from portfolio.case import add_months
from portfolio.models import Closing, Initiative
from scoring import experience, finance
from scoring.experience import Observed
from scoring.finance import REFERENCE_CLASSES, ReferenceClass
from scoring.models import ObservedOutcome, ReturnPosition
from scoring.positions import compute_returns, learning, rebuild, refresh_returns, stale
from scoring.return_selectors import explain
from tests.scoring.plans import START, PlanOf, a_plan, an_initiative, claim, fund, post, run

BOUGHT = ReferenceClass.BOUGHT


@pytest.fixture(autouse=True)
def day() -> Any:
    """A year after the plans begin."""
    with time_machine.travel("2025-03-10 12:00", tick=False):
        yield


@pytest.fixture
def make(unit: Unit, contributor: User) -> Callable[..., Initiative]:
    """`make(months, plan)` funds a plan and runs its first months, times a share of what was planned."""
    numbers = count(1)

    def make(months: int = 12, plan: PlanOf | None = None, **shares: Decimal) -> Initiative:
        initiative = an_initiative(unit, contributor, next(numbers))
        fund(initiative, plan or a_plan(), by=contributor)
        run(initiative, plan or a_plan(), months, by=contributor, **shares)
        return initiative

    return make


def end(initiative: Initiative, outcome: str = "met", *, by: User) -> None:
    """Set an outcome by the function that every gate uses."""
    with record("outcome.set", actor=by, about=initiative) as act:
        write_outcome(initiative, outcome, "Seen", act=act)


def observed(initiative: Initiative) -> Observed:
    """What its outcome showed."""
    found = {outcome.initiative: one for outcome, one in learning.observations(last_seq())}
    return found[initiative.pk]


def test_what_ran_on_plan_shows_ones(make: Callable[..., Initiative], contributor: User) -> None:
    initiative = make()
    end(initiative, by=contributor)
    assert observed(initiative) == Observed("bought", 1.0, 1.0, 1.0)


def test_dearer_and_less_useful_shows_by_how_much(make: Callable[..., Initiative], contributor: User) -> None:
    initiative = make(cost=Decimal("1.5"), benefit=Decimal("0.6"))
    end(initiative, "failed", by=contributor)
    assert observed(initiative) == Observed("bought", 1.5, 1.0, 0.6)


def test_what_came_two_months_late_is_compared_with_the_plan_two_months_later(
    unit: Unit, contributor: User
) -> None:
    initiative = an_initiative(unit, contributor, 1)
    plan = a_plan()
    fund(initiative, plan, by=contributor)
    saving, hours = plan.lines[2], plan.lines[3]
    with record("test.late", actor=contributor) as act:
        for number in range(12):
            # The same delivery over six months in place of four, then run cost.
            amount = 8_000 if number < 6 else 900
            post(act, initiative, _month(number), Decimal(amount), "USD")
            for line in (saving, hours):
                if number >= 2 and number - 2 < len(line.amounts) and line.amounts[number - 2]:
                    claim(
                        act, initiative, line, _month(number), Decimal(line.amounts[number - 2]), "USD",
                        by=contributor,
                    )  # fmt: skip
    end(initiative, "partly_met", by=contributor)
    assert observed(initiative) == Observed("bought", 1.0, 1.5, 1.0)


def _month(number: int) -> date:
    return add_months(START, number)


def test_what_was_stopped_before_its_benefit_teaches_cost_alone(
    make: Callable[..., Initiative], contributor: User
) -> None:
    with time_machine.travel("2024-06-10 12:00", tick=False):
        initiative = make(months=3, cost=Decimal(2))
        with record("test.stopped", actor=contributor) as act:
            act.add(Closing, initiative=initiative, kind="stopped", reason="it did not work")
        end(initiative, "stopped_early", by=contributor)
    assert observed(initiative) == Observed("bought", 2.0, None, None)


def test_benefit_that_was_due_and_never_came_counts_as_nothing(unit: Unit, contributor: User) -> None:
    initiative = an_initiative(unit, contributor, 1)
    fund(initiative, a_plan(), by=contributor)
    end(initiative, "failed", by=contributor)
    assert observed(initiative) == Observed("bought", 0.0, None, 0.0)


def test_without_a_baseline_an_outcome_shows_nothing(unit: Unit, contributor: User) -> None:
    initiative = an_initiative(unit, contributor, 1)
    end(initiative, "failed", by=contributor)
    assert observed(initiative) == Observed("", None, None, None)


def test_an_outcome_moves_p50_of_every_initiative_of_its_class_and_of_no_other(
    make: Callable[..., Initiative], contributor: User
) -> None:
    done, same = make(cost=Decimal(2)), make()
    other = make(plan=a_plan(reference_class="novel"))
    refresh_returns()
    before = {row.pk: row.pv_cost_p50 for row in ReturnPosition.objects.all()}
    end(done, by=contributor)
    assert set(stale.waiting(stale.RETURN).values_list("subject", flat=True)) == {done.pk, same.pk}
    refresh_returns()
    after = {row.pk: row.pv_cost_p50 for row in ReturnPosition.objects.all()}
    assert before[same.pk] is not None
    # (10 x 1.41 + 2) / 11, and time moved as well, so the cost is at least spread otherwise.
    assert (after[same.pk] or 0) > (before[same.pk] or 0)
    assert after[other.pk] == before[other.pk]


def test_the_ratio_is_what_product_says(make: Callable[..., Initiative], contributor: User) -> None:
    for cost in (2, 1):
        end(make(cost=Decimal(cost)), by=contributor)
    found = learning.rules(last_seq()).experience[BOUGHT].cost
    assert (found.number, found.mean) == (2, 1.5)
    assert found.result.p50 == pytest.approx((10 * 1.41 + 2 + 1) / 12, abs=1e-12)
    assert found.result.p80 == pytest.approx(found.result.p50 * 1.80 / 1.41, abs=1e-12)


def test_as_of_before_the_outcome_the_ratios_are_those_of_before(
    make: Callable[..., Initiative], contributor: User
) -> None:
    initiative = make(cost=Decimal(2))
    seq = last_seq()
    before = compute_returns(seq=seq, on=clock.today()).columns["npv_p50"]
    end(initiative, by=contributor)
    assert learning.rules(seq).experience == experience.NONE_YET
    assert (compute_returns(seq=seq, on=clock.today()).columns["npv_p50"] == before).all()
    assert (compute_returns(seq=last_seq(), on=clock.today()).columns["npv_p50"] != before).all()


def test_what_is_posted_after_the_outcome_moves_nothing(
    make: Callable[..., Initiative], contributor: User
) -> None:
    initiative = make()
    end(initiative, by=contributor)
    before = learning.rules(last_seq()).experience
    with record("test.late", actor=contributor) as act:
        post(act, initiative, _month(3), Decimal(90_000), "USD")
        act.marks("return", [initiative.pk])
    assert learning.rules(last_seq()).experience == before


def test_a_second_outcome_takes_the_place_of_the_first_and_too_early_teaches_nothing(
    make: Callable[..., Initiative], contributor: User
) -> None:
    initiative = make()
    end(initiative, "too_early", by=contributor)
    assert learning.rules(last_seq()).experience[BOUGHT].number == 0
    end(initiative, "met", by=contributor)
    end(initiative, "partly_met", by=contributor)
    assert learning.rules(last_seq()).experience[BOUGHT].number == 1


def test_keeping_what_was_observed_changes_no_figure_and_is_done_once(
    make: Callable[..., Initiative], contributor: User
) -> None:
    end(make(cost=Decimal("1.25")), by=contributor)
    before = learning.rules(last_seq())
    assert learning.keep_observations() == 1
    assert learning.keep_observations() == 0
    assert learning.rules(last_seq()) == before
    assert ObservedOutcome.objects.get().cost == 1.25


def test_rebuild_finds_an_observation_that_was_changed_and_restores_it(
    make: Callable[..., Initiative], contributor: User
) -> None:
    end(make(), by=contributor)
    make()
    refresh_returns()
    assert rebuild.check_observations().number == 1
    assert not rebuild.check_observations().differences + rebuild.check_returns().differences
    ObservedOutcome.objects.update(cost=3.0)
    assert "cost: stored 3.0, computed 1.0" in str(rebuild.check_observations().differences[0])
    # What rests on it is found as well.
    assert rebuild.check_returns().differences
    call_command("rebuild", stdout=StringIO())
    assert not rebuild.check_observations().differences + rebuild.check_returns().differences


def test_the_explanation_says_where_a_ratio_started_and_what_moved_it(
    make: Callable[..., Initiative], contributor: User
) -> None:
    initiative = make(cost=Decimal(2))
    end(initiative, by=contributor)
    refresh_returns()
    words = explain(initiative)["npv_p50"]["words"]
    assert "cost times 1.46 (from 1.41, moved by 1 observed with a mean of 2)" in words


# Pure ----------------------------------------------------------------------------------------


def test_without_outcomes_the_ratios_are_those_that_keel_ships() -> None:
    assert experience.ratios(experience.NONE_YET) == REFERENCE_CLASSES


def test_the_order_of_outcomes_changes_nothing() -> None:
    draw = np.random.default_rng(1)
    some = [Observed("built", *draw.uniform(0.2, 3, 3).tolist()) for _ in range(40)]
    assert experience.experience(some) == experience.experience(some[::-1])


def test_a_ratio_beyond_the_limits_counts_as_the_limit() -> None:
    found = experience.experience([Observed("novel", 90.0, None, 0.0)])[ReferenceClass.NOVEL]
    assert found.cost.mean == 5.0
    assert found.benefit.mean == 0.1
    assert found.time.number == 0
    assert found.time.result == REFERENCE_CLASSES[ReferenceClass.NOVEL].time


def test_a_unit_has_a_record_from_five_outcomes_on() -> None:
    some = [Observed("built", 1.5, 1.0, 0.5)] * 4
    assert experience.record_of(some) is None
    found = experience.record_of([*some, Observed("novel", None, None, None)])
    assert found is not None
    assert found.number == 5
    assert found.cost.result.p50 == pytest.approx((10 + 4 * 1.5) / 14)
    assert found.benefit.result.p50 == pytest.approx((10 + 4 * 0.5) / 14)


def test_a_plan_on_its_own_timetable_is_the_plan() -> None:
    one = np.ones(1)
    plan = finance.Plan(np.array([[3.0, 5.0]]), np.array([[0.0, 1.0]]), np.zeros((1, 2)), np.array([2]))
    assert (finance.corrected(plan, finance.Ratios(one, one, one)).delivery == plan.delivery).all()
