"""Returns from facts: what runs on plan, one and many, as of, late workers, failures."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Unit, User
from ledger import clock
from ledger.models import Stale
from ledger.services import last_seq, record
from portfolio import case as case_document
from portfolio import money
from portfolio.case import add_months
from portfolio.models import Closing, Initiative, Milestone, OutcomeClass, OutcomeSet
from portfolio.services import confirm_rates, propose_rates, reach_milestone
from scoring import positions
from scoring.models import ReturnPosition, ReturnYear
from scoring.positions import Computed, compute_returns, facts, refresh_returns, returns, stale, store
from scoring.positions.returns import YEAR_COLUMNS
from scoring.return_selectors import explain, preview, returns_as_of, set_aside
from tests import factories
from tests.scoring.plans import (
    START,
    LineOf,
    PlanOf,
    a_plan,
    an_initiative,
    claim,
    freeze,
    fund,
    post,
    rates,
    run,
)

END = date(2025, 3, 10)
MONTHS = 12


@pytest.fixture
def make(unit: Unit, contributor: User) -> Callable[..., Initiative]:
    """`make(plan, months)` funds a plan and runs its first months exactly as planned."""
    numbers = count(1)

    def make(plan: PlanOf | None = None, months: int = MONTHS, **run_as: Decimal) -> Initiative:
        initiative = an_initiative(unit, contributor, next(numbers))
        fund(initiative, plan or a_plan(), by=contributor)
        run(initiative, plan or a_plan(), months, by=contributor, **run_as)
        return initiative

    return make


def position(initiative: Initiative) -> ReturnPosition:
    """The stored position."""
    return ReturnPosition.objects.get(initiative=initiative)


def same(one: Computed, other: Computed) -> bool:
    """Whether two computations agree in every bit, for the initiatives that both hold."""
    rows = np.searchsorted(other.ids, one.ids)
    years = np.isin(other.years["initiative"], one.ids)
    return all(
        column.tobytes() == other.columns[name][rows].tobytes() for name, column in one.columns.items()
    ) and all(column.tobytes() == other.years[name][years].tobytes() for name, column in one.years.items())


# What runs on plan ---------------------------------------------------------------------------


@pytest.mark.parametrize("reference_class", facts.CLASSES)
@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_what_runs_on_plan_forecasts_its_plan_and_ends_met(
    make: Callable[..., Initiative], contributor: User, reference_class: str, currency: str
) -> None:
    rates(2024, contributor, EUR="1.0835")
    rates(2025, contributor, EUR="1.1207")
    initiative = make(a_plan(currency, reference_class=reference_class))
    refresh_returns(on=END)
    found = position(initiative)
    assert found.on_course_to == "met"
    assert found.status == "green"
    assert (found.forecast_cost, found.forecast_benefit) == (found.baseline_cost, found.baseline_benefit)
    assert (found.forecast_npv, found.forecast_npv_all) == (found.baseline_npv, found.baseline_npv_all)
    assert found.forecast_npv == found.npv_submitted
    assert found.cost_overrun == found.time_overrun == found.benefit_shortfall == 0
    assert not found.is_late


@st.composite
def plans(draw: st.DrawFn) -> PlanOf:
    """Any plan: some months of delivery, some lines on each side, either currency, any class."""
    go_live = draw(st.integers(0, 14))
    amount = st.integers(0, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))

    def line(key: str, side: str, **values: Any) -> LineOf:
        return LineOf(key, draw(st.lists(amount, min_size=1, max_size=go_live + 20)), side=side, **values)

    lines = [line("build", "cost"), line("run", "cost", phase="run")]
    lines += [line("saving", "benefit"), line("hours", "benefit", is_cash=False)]
    chosen = draw(st.sets(st.integers(0, 3), min_size=1))
    return PlanOf(
        lines=[lines[place] for place in sorted(chosen)],
        go_live=go_live,
        currency=draw(st.sampled_from(["USD", "EUR", "JPY"])),
        reference_class=draw(st.sampled_from(facts.CLASSES)),
    )


@pytest.mark.django_db
@hypothesis_settings(max_examples=25)
@given(st.lists(plans(), min_size=1, max_size=4), st.integers(0, 30))
def test_any_plan_that_runs_exactly_forecasts_itself(written: list[PlanOf], months: int) -> None:
    """In minor units of its currency: JPY has none after the point, so its amounts are rounded first."""
    with _Undone():
        unit, by = Unit.objects.create(name="U", path="/1/"), User.objects.create_user("a@keel.test", "A")
        for year in (2024, 2026):
            rates(year, by, EUR="1.0835", JPY="0.006412")
        on = add_months(START, months)
        initiatives = []
        for number, plan in enumerate(map(_payable, written)):
            initiatives.append(an_initiative(unit, by, number))
            fund(initiatives[-1], plan, by=by)
            run(initiatives[-1], plan, months, by=by)
        computed = compute_returns([i.pk for i in initiatives], seq=last_seq(), on=on)
        assert not computed.faults
        for name in ("cost", "benefit", "cash_benefit"):
            assert (
                computed.columns[f"forecast_{name}"].tolist() == computed.columns[f"baseline_{name}"].tolist()
            )
        for line in ("", "_all"):
            forecast, baseline = (computed.columns[f"{k}_npv{line}"] for k in ("forecast", "baseline"))
            assert (
                forecast.tobytes() == baseline.tobytes() == computed.columns[f"npv_submitted{line}"].tobytes()
            )
        outcomes = {OutcomeClass.values[place] for place in computed.columns["on_course_to"]}
        assert outcomes <= {"met", "too_early"}
        for initiative in initiatives:
            assert same(compute_returns([initiative.pk], seq=last_seq(), on=on), computed)


def _payable(plan: PlanOf) -> PlanOf:
    lines = [
        LineOf(
            line.key,
            [money.to_minor(Decimal(amount), plan.currency) for amount in line.amounts],
            line.side,
            line.phase,
            line.is_cash,
        )
        for line in plan.lines
    ]
    return PlanOf(lines, plan.start, plan.go_live, plan.currency, plan.reference_class, plan.stages)


class _Undone:
    """A savepoint that is always rolled back: what one example of hypothesis leaves is gone for the next."""

    def __enter__(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def __exit__(self, *error: object) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)


# The figures ---------------------------------------------------------------------------------


def test_the_figures_of_a_plan_are_those_of_a_hand_calculation(make: Callable[..., Initiative]) -> None:
    plan = PlanOf(
        lines=[LineOf("build", [1000]), LineOf("gain", [0] * 12 + [1620], side="benefit")], go_live=1
    )
    initiative = make(plan, months=1)
    refresh_returns(on=date(2024, 4, 2))
    found = position(initiative)
    # 1620 a year later at 8 % is 1500.
    assert found.npv_submitted == 500.0
    assert found.roi_submitted == 0.5
    assert found.roi_simple == 0.62
    assert found.irr_submitted == pytest.approx(0.62, abs=1e-9)
    assert found.months_to_benefit == 12
    # Bought: cost times 1.41, benefit times .6, one month late (1 times 1.3, rounded up, is 2).
    assert found.npv_p50 == pytest.approx(
        1620 * 0.6 / 1.08 ** (13 / 12) - 1410 * (1 + 1.08 ** (-1 / 12)) / 2, abs=0.01
    )
    assert found.on_course_to == "too_early"


def test_a_plan_over_cost_without_benefit_fails_and_is_red(make: Callable[..., Initiative]) -> None:
    initiative = make(cost=Decimal("1.3"), benefit=Decimal("0.3"))
    refresh_returns(on=END)
    found = position(initiative)
    assert found.on_course_to == "failed"
    assert found.status == "red"
    assert found.cost_overrun == pytest.approx(0.3)
    assert found.benefit_shortfall == pytest.approx(0.7)
    # Twelve closed months of cost: a factor of (6 + 12 * 1.3) / 18 on what remains, 4 months at 900.
    assert found.forecast_cost == found.actual_cost_closed + round(Decimal(4 * 900) * Decimal("21.6") / 18, 2)
    assert found.status_reasons == [
        "cost 30\u202f% over the baseline",
        "attested benefit 70\u202f% short of the baseline",
    ]


def test_a_month_waits_until_each_of_its_lines_is_attested(
    make: Callable[..., Initiative], contributor: User
) -> None:
    plan = a_plan()
    initiative = make(plan, months=8)
    saving = plan.lines[2]
    month = add_months(START, 8)
    with record("test.claimed", actor=contributor) as act:
        claim(act, initiative, saving, month, Decimal(9_999), "USD", by=contributor, attested=False)
        act.marks("return", [initiative.pk])
    refresh_returns(on=END)
    waiting = position(initiative)
    assert waiting.benefit_months_closed == 4
    assert waiting.awaiting_attestation == Decimal(9_999)
    assert waiting.forecast_cash_benefit == waiting.baseline_cash_benefit


def test_a_corrected_claim_counts_once(make: Callable[..., Initiative], contributor: User) -> None:
    plan = a_plan()
    initiative = make(plan, months=4)
    month, saving = add_months(START, 4), plan.lines[2]
    with record("test.claimed", actor=contributor) as act:
        first = claim(act, initiative, saving, month, Decimal(1), "USD", by=contributor, attested=False)
        claim(act, initiative, saving, month, Decimal(7), "USD", by=contributor, replaces=first)
        act.marks("return", [initiative.pk])
    refresh_returns(on=END)
    assert position(initiative).claimed_benefit == position(initiative).attested_benefit == 7


def test_credit_notes_count_unmatched_postings_do_not_and_earlier_cost_is_sunk(
    make: Callable[..., Initiative], contributor: User
) -> None:
    initiative = make(months=1)
    with record("test.posted", actor=contributor) as act:
        post(act, initiative, START, Decimal("-2000.50"), "USD")
        post(act, initiative, add_months(START, -2), 333, "USD")
        post(act, None, START, 5_000, "USD")
        act.marks("return", [initiative.pk])
    refresh_returns(on=END)
    found = position(initiative)
    assert found.actual_cost == Decimal(12000) - Decimal("2000.50") + 333
    assert found.sunk_cost == 333
    assert found.actual_cost_closed == Decimal("9999.50")


def test_each_amount_is_converted_once_at_the_rate_of_its_fiscal_year(
    make: Callable[..., Initiative], contributor: User
) -> None:
    rates(2024, contributor, EUR="1.005")
    rates(2025, contributor, EUR="2")
    plan = PlanOf(
        [LineOf("build", [Decimal("0.50")] * 12), LineOf("gain", [1] * 12, side="benefit")], currency="EUR"
    )
    initiative = make(plan, months=0)
    refresh_returns(on=END)
    # .50 at 1.005 is .5025, half-even .50, ten times; then two months at 2.
    assert position(initiative).planned_cost == Decimal("7.00")
    years = {year.fiscal_year: year.planned_cost for year in ReturnYear.objects.filter(initiative=initiative)}
    assert years == {2024: Decimal("5.00"), 2025: Decimal("2.00")}


def test_a_new_plan_counts_from_the_month_after_it_was_frozen(
    make: Callable[..., Initiative], contributor: User, time_machine: Any
) -> None:
    time_machine.move_to("2024-02-20 12:00")
    initiative = make(months=0)
    time_machine.move_to("2024-06-15 12:00")
    dearer = a_plan(scale=2)
    with record("test.frozen", actor=contributor) as act:
        freeze(initiative, dearer, by=contributor, act=act)
    time_machine.move_to(END)
    run(initiative, a_plan(), 4, by=contributor)  # March to June on the first plan
    refresh_returns(on=date(2024, 7, 5))
    found = position(initiative)
    # On the plan that was current when each month began, so the factor on the new plan is 1.
    assert found.forecast_cost == 48_000 + 12 * 1_800
    assert found.planned_cost == 2 * (48_000 + 12 * 900)
    assert found.baseline_cost == 48_000 + 12 * 900


def test_a_stopped_one_forecasts_what_it_spent(make: Callable[..., Initiative], contributor: User) -> None:
    initiative = make(months=6)
    with record("test.stopped", actor=contributor) as act:
        act.add(Closing, initiative=initiative, kind="stopped", reason="it did not work")
        act.marks("return", [initiative.pk])
    refresh_returns(on=END)
    found = position(initiative)
    assert found.forecast_cost == found.actual_cost_closed
    assert found.forecast_benefit == found.attested_benefit
    assert found.on_course_to == "failed"
    assert found.status == ""


def test_the_outcome_that_was_set_stands(make: Callable[..., Initiative], contributor: User) -> None:
    initiative = make(months=6)
    with record("test.set", actor=contributor) as act:
        act.add(OutcomeSet, initiative=initiative, outcome="partly_met")
        act.marks("return", [initiative.pk])
    refresh_returns(on=END)
    assert position(initiative).on_course_to == "partly_met"
    assert position(initiative).outcome_is_final


def test_no_postings_for_a_planned_month_turn_it_grey_after_fifteen_days(
    make: Callable[..., Initiative],
) -> None:
    initiative = make(months=3)  # March to May
    refresh_returns(on=date(2024, 7, 15))
    assert not position(initiative).is_late
    refresh_returns([initiative.pk], on=date(2024, 7, 16))
    assert position(initiative).is_late


def test_an_overdue_milestone_makes_time_amber_then_red(
    make: Callable[..., Initiative], contributor: User
) -> None:
    initiative = make(months=0)
    with record("test.milestone", actor=contributor) as act:
        act.add(
            Milestone, case=initiative.cases.get(), key="live", name="Live", due_on=date(2024, 7, 1), weight=1
        )
        act.marks("return", [initiative.pk])
    seq = last_seq()
    colours = [
        returns_as_of(seq, [initiative.pk], on=day).positions[initiative.pk]
        for day in (date(2024, 7, 5), date(2024, 7, 16), date(2024, 8, 5))
    ]
    assert [round(found.time_overrun or 0, 1) for found in colours] == [0.0, 0.1, 0.3]


def test_an_initiative_without_a_plan_has_no_measures(unit: Unit, contributor: User) -> None:
    initiative = an_initiative(unit, contributor, 1)
    with record("test.posted", actor=contributor) as act:
        post(act, initiative, START, 10, "USD")
        act.marks("return", [initiative.pk])
    refresh_returns(on=END)
    found = position(initiative)
    assert found.actual_cost == 10
    assert {found.case_id, found.base_month, found.npv_submitted, found.forecast_cost} == {None}
    assert found.on_course_to == found.status == ""


def test_years_re_add_to_the_position(make: Callable[..., Initiative]) -> None:
    initiative = make(cost=Decimal("1.07"), benefit=Decimal("0.83"))
    refresh_returns(on=END)
    found = position(initiative)
    years = list(ReturnYear.objects.filter(initiative=initiative))
    for name in YEAR_COLUMNS:
        assert sum(getattr(year, name) for year in years) == getattr(found, name), name


# One and many --------------------------------------------------------------------------------


@pytest.fixture
def many(make: Callable[..., Initiative], contributor: User) -> list[Initiative]:
    """A dozen that differ in plan, currency, class, months and how they went."""
    rates(2024, contributor, EUR="1.0835")
    return [
        make(
            a_plan(
                "EUR" if number % 3 == 0 else "USD",
                scale=number + 1,
                reference_class=facts.CLASSES[number % 4],
                go_live=number,
            ),
            months=number + 3,
            cost=Decimal(80 + 7 * number) / 100,
            benefit=Decimal(120 - 9 * number) / 100,
        )
        for number in range(12)
    ]


def test_one_and_many_give_the_same_bits(many: list[Initiative], monkeypatch: pytest.MonkeyPatch) -> None:
    seq = last_seq()
    whole = compute_returns(None, seq=seq, on=END)
    for initiative in many:
        assert same(compute_returns([initiative.pk], seq=seq, on=END), whole)
    # The road of the many: blocks, and COPY on PostgreSQL.
    monkeypatch.setattr(positions, "BLOCK", 5)
    monkeypatch.setattr(facts, "COPY_FROM", 1)
    assert same(compute_returns(None, seq=seq, on=END), whole)


def test_few_and_many_are_written_alike(many: list[Initiative], monkeypatch: pytest.MonkeyPatch) -> None:
    refresh_returns(on=END)
    few = [list(ReturnPosition.objects.order_by("pk").values()), _years()]
    ReturnPosition.objects.all().delete()
    ReturnYear.objects.all().delete()
    monkeypatch.setattr(store, "COPY_FROM", 1)
    assert refresh_returns([initiative.pk for initiative in many], on=END) == len(many)
    assert few == [list(ReturnPosition.objects.order_by("pk").values()), _years()]


def _years() -> list[dict[str, Any]]:
    rows = ReturnYear.objects.order_by("initiative", "fiscal_year").values()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def test_the_number_of_queries_does_not_grow(many: list[Initiative]) -> None:
    seq = last_seq()
    with CaptureQueriesContext(connection) as one:
        compute_returns([many[0].pk], seq=seq, on=END)
    with CaptureQueriesContext(connection) as all_:
        compute_returns([initiative.pk for initiative in many], seq=seq, on=END)
    assert len(one) == len(all_)
    assert len(one) <= 16
    with CaptureQueriesContext(connection) as one:
        refresh_returns([many[0].pk], on=END)
    with CaptureQueriesContext(connection) as all_:
        refresh_returns([initiative.pk for initiative in many], on=END)
    assert len(one) == len(all_)


# As of ---------------------------------------------------------------------------------------


def test_as_of_a_record_the_figures_are_what_was_shown_then(
    make: Callable[..., Initiative], contributor: User
) -> None:
    plan = a_plan()
    initiative = make(plan, months=8)
    refresh_returns(on=END)
    shown = ReturnPosition.objects.values().get(initiative=initiative)
    seq = last_seq()
    years = _years()
    run(initiative, plan, 3, by=contributor)
    with record("test.changed", actor=contributor) as act:
        freeze(initiative, a_plan(scale=3), by=contributor, act=act)
        act.add(Closing, initiative=initiative, kind="stopped", reason="enough")
    rates(2024, contributor, EUR="1.5")
    refresh_returns(on=END)
    assert ReturnPosition.objects.values().get(initiative=initiative) != shown
    then = returns_as_of(seq, [initiative.pk], on=END)
    found = then.positions[initiative.pk]
    assert {name: getattr(found, name) for name in shown} == shown
    assert [
        {
            name: getattr(year, name)
            for name in ("initiative_id", "fiscal_year", "actual_cost", "forecast_cost")
        }
        for year in then.years
    ] == [
        {name: year[name] for name in ("initiative_id", "fiscal_year", "actual_cost", "forecast_cost")}
        for year in years
    ]


# Writing -------------------------------------------------------------------------------------


def test_a_late_worker_overwrites_nothing(make: Callable[..., Initiative], contributor: User) -> None:
    plan = a_plan()
    initiative = make(plan, months=4)
    seq = last_seq()
    late = compute_returns([initiative.pk], seq=seq, on=END)
    run(initiative, plan, 5, by=contributor)
    refresh_returns(on=END)
    newer = ReturnPosition.objects.values().get(initiative=initiative)
    assert store.write(late, subjects=[initiative.pk]) == 0
    assert ReturnPosition.objects.values().get(initiative=initiative) == newer
    assert not stale.waiting(stale.RETURN).exists()


def test_a_fact_that_comes_while_a_worker_computes_stays_stale(
    make: Callable[..., Initiative], contributor: User
) -> None:
    plan = a_plan()
    initiative = make(plan, months=4)
    seq = last_seq()
    computed = compute_returns([initiative.pk], seq=seq, on=END)
    run(initiative, plan, 5, by=contributor)
    assert store.write(computed, subjects=[initiative.pk]) == 1
    assert [mark.subject for mark in stale.waiting(stale.RETURN)] == [initiative.pk]


def test_computing_again_changes_nothing(many: list[Initiative]) -> None:
    refresh_returns(on=END)
    before = list(ReturnPosition.objects.order_by("pk").values())
    assert refresh_returns(on=END) == 0
    assert refresh_returns([initiative.pk for initiative in many], on=END) == 0
    assert list(ReturnPosition.objects.order_by("pk").values()) == before


def test_a_claimed_subject_is_left_to_its_worker(make: Callable[..., Initiative]) -> None:
    initiative = make()
    assert stale.claim(stale.RETURN, 10) == [initiative.pk]
    assert stale.claim(stale.RETURN, 10) == []
    assert refresh_returns(on=END) == 0
    # The worker died: its lease ends, and the next one takes over.
    Stale.objects.update(lease_until="2020-01-01T00:00:00Z")
    assert refresh_returns(on=END) == 1


def test_a_missing_rate_sets_one_aside_and_not_the_others(
    make: Callable[..., Initiative], contributor: User
) -> None:
    foreign, own = make(a_plan("EUR")), make()
    for _ in range(stale.PATIENCE + 2):
        refresh_returns(on=END)
    assert list(ReturnPosition.objects.values_list("pk", flat=True)) == [own.pk]
    (mark, initiative) = set_aside()[0]
    assert initiative == foreign
    assert mark.failures == stale.PATIENCE
    assert mark.failure == "There is no planning rate for EUR in FY2024."
    # The rate arrives, with it a mark, and the count starts again.
    rates(2024, contributor, EUR="1.1")
    assert refresh_returns(on=END) == 2
    assert not set_aside()


def test_what_fails_is_found_by_halving(many: list[Initiative], monkeypatch: pytest.MonkeyPatch) -> None:
    bad = many[7].pk
    honest = returns.compute

    def failing(known: facts.Facts, *rest: Any, **named: Any) -> Computed:
        if bad in known.ids:
            raise ValueError("a plan like no other")
        return honest(known, *rest, **named)

    monkeypatch.setattr(positions, "compute", failing)
    assert refresh_returns(on=END) == len(many) - 1
    mark = Stale.objects.get(kind="return", subject=bad)
    assert mark.failure == "ValueError: a plan like no other"
    assert mark.through_seq < mark.last_seq


def test_new_rates_mark_whoever_has_a_foreign_amount(
    make: Callable[..., Initiative], contributor: User, finance: User, cfo: User
) -> None:
    foreign, posted, own = make(a_plan("EUR")), make(), make()
    with record("test.posted", actor=contributor) as act:
        post(act, posted, START, 70, "EUR")
        act.marks("return", [posted.pk])
    refresh_returns(on=END)
    proposed = propose_rates(
        name="Planning", fiscal_year=2024, rates={"EUR": "1.1"}, source="the bank", actor=finance
    )
    confirm_rates(proposed, actor=cfo)
    assert {mark.subject for mark in stale.waiting(stale.RETURN)} == {foreign.pk, posted.pk}
    refresh_returns(on=END)
    assert position(posted).actual_cost == position(own).actual_cost + 77


def test_a_reached_milestone_marks_its_return(content: dict[str, Any], unit: Unit) -> None:
    initiative = factories.piloting(content, unit=unit)
    refresh_returns()
    reach_milestone(initiative, key="pilot", on=clock.today(), actor=factories.holder("unit_lead", unit))
    assert stale.waiting(stale.RETURN, [initiative.pk]).exists()


# Pages ---------------------------------------------------------------------------------------


def test_the_terms_of_a_figure_re_add_to_it(many: list[Initiative]) -> None:
    refresh_returns(on=END)
    for initiative in many[:6]:
        found = explain(initiative)
        stored = position(initiative)
        assert len(found) > 25
        for name, figure in found.items():
            assert figure["through_seq"] == stored.through_seq
            if figure["adds_up"]:
                assert sum(term["amount"] for term in figure["terms"]) == figure["amount"], name
                assert figure["amount"] == Decimal(str(getattr(stored, name))), name


def test_what_rounding_leaves_is_a_few_cents(many: list[Initiative]) -> None:
    refresh_returns(on=END)
    for initiative in many[:6]:
        for figure in explain(initiative).values():
            for term in figure["terms"]:
                if term["label"] == "Rounding of the years":
                    assert abs(term["amount"]) <= Decimal("0.05")


def test_a_draft_previews_what_freezing_it_gives(
    make: Callable[..., Initiative], content: dict[str, Any], unit: Unit, contributor: User
) -> None:
    clean, _ = case_document.clean(content)
    shown = preview(clean, "USD")
    assert shown is not None
    plan = case_document.plan_of(clean, "USD")
    assert plan is not None
    initiative = an_initiative(unit, contributor, 99)
    with record("test.frozen", actor=contributor) as act:
        freeze(
            initiative,
            PlanOf(
                [LineOf(row.key, row.amounts, row.side, row.phase, row.is_cash) for row in plan.lines],
                start=plan.start,
                go_live=case_document.months_between(plan.start, plan.go_live),
            ),
            by=contributor,
            act=act,
        )
    refresh_returns(on=END)
    frozen = position(initiative)
    assert (shown.submitted.npv, shown.submitted.roi) == (frozen.npv_submitted, frozen.roi_submitted)
    assert (shown.p50.npv, shown.p50.roi, shown.p80.roi) == (frozen.npv_p50, frozen.roi_p50, frozen.roi_p80)
    assert shown.submitted.payback == frozen.payback_months
    assert shown.p50.payback is None or shown.p50.payback > (frozen.payback_months or 0)


def test_a_draft_without_a_plan_or_a_rate_previews_nothing(content: dict[str, Any]) -> None:
    clean, _ = case_document.clean(content)
    assert preview(clean | {"plan": {}}, "USD") is None
    assert preview(clean, "EUR") is None
