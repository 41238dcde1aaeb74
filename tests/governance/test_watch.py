"""The pure half of the watch: the clock, the rules and the warnings, and that a plan kept fires nothing."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.watch import (
    KpiSeen,
    Rule,
    Seen,
    clock_of,
    findings,
    months_later,
    planned_value,
    renewal_due,
)

START = date(2026, 3, 1)
KPI = KpiSeen("Active users", "people", False, Decimal(0), START, Decimal(1000), date(2027, 9, 1))

LOW = replace(KPI, value=Decimal(10), measured_in=date(2026, 6, 1))


def seen(**values: object) -> Seen:
    """A pilot that nobody has to ask about."""
    quiet = Seen(
        stage="pilot",
        currency="USD",
        first_user_on=START,
        expected_on=START,
        sponsor_since=START,
        sponsor_confirmed_on=START,
        kpis={"users": KPI},
        milestones={"pilot": ("First group", date(2026, 5, 1))},
    )
    return replace(quiet, **values)  # type: ignore[arg-type]


def rule(kind: str, **parameters: str) -> Rule:
    """A signed rule."""
    return Rule(7, kind, "Stop if so", parameters, START)


def keys(found: Seen, on: date) -> list[str]:
    """What fires."""
    return [item.key for item in findings(found, on)]


def test_the_clock_runs_six_months_from_the_first_user_and_three_more() -> None:
    clock = clock_of(date(2026, 8, 31), None, is_extended=False)
    assert clock.ends_on == date(2027, 2, 28)
    assert clock.days_left(date(2027, 2, 27)) == 1
    assert not clock.is_over(date(2027, 2, 28))
    assert clock.is_over(date(2027, 3, 1))
    assert clock_of(date(2026, 8, 31), None, is_extended=True).ends_on == date(2027, 5, 31)


def test_the_clock_starts_by_the_plan_where_nobody_reports_a_user() -> None:
    clock = clock_of(None, START, is_extended=False)
    assert (clock.starts_on, clock.is_reported) == (START, False)
    assert clock_of(None, None, is_extended=False).days_left(START) is None


@pytest.mark.parametrize(
    ("signed", "known", "on", "said"),
    [
        (
            rule("kpi", kpi="users", value="500", on="2026-09-01"),
            {},
            date(2026, 9, 1),
            "nothing was measured",
        ),
        (rule("kpi", kpi="users", value="500", on="2026-09-01"), {"value": "499"}, date(2026, 9, 1), "499"),
        (rule("kpi", kpi="users", value="500", days="90"), {"value": "10"}, date(2026, 5, 30), "10 people"),
        (rule("adoption", kpi="users", value="50", days="90"), {"value": "60"}, date(2026, 7, 1), "planned"),
        (rule("milestone", milestone="pilot", on="2026-05-01"), {}, date(2026, 5, 2), "not reported"),
        (rule("clock"), {}, date(2026, 9, 2), "ended on 1 Sep 2026"),
        (rule("words", on="2026-05-01", text="x"), {}, date(2026, 5, 1), "judged by a person"),
        (rule("words"), {}, START + timedelta(days=90), "judged by a person"),
    ],
)
def test_each_kind_of_rule_fires_with_its_figures_and_not_the_day_before(
    signed: Rule, known: dict[str, str], on: date, said: str
) -> None:
    kpi = replace(KPI, value=Decimal(known["value"]), measured_in=date(2026, 6, 1)) if known else KPI
    pilot = seen(rules=(signed,), kpis={"users": kpi})
    fired = [item for item in findings(pilot, on) if item.is_rule]
    assert [item.proposal for item in fired] == ["fix" if signed.kind == "words" else "stop"]
    assert said in fired[0].sentence
    if signed.kind != "adoption":
        assert not [item for item in findings(pilot, on - timedelta(days=1)) if item.is_rule]


def test_a_rule_about_spend_and_one_about_what_remains() -> None:
    over = (Decimal(130), Decimal(50))
    assert "rule-7" in keys(
        seen(rules=(rule("spend", value="120"),), spent=over, planned=(Decimal(100),) * 2), START
    )
    assert "rule-7" not in keys(
        seen(rules=(rule("spend", value="130"),), spent=over, planned=(Decimal(100),) * 2), START
    )
    losing = seen(rules=(rule("remaining"),), remaining=Decimal(-5), remaining_planned=Decimal(9))
    assert {"rule-7", "remaining"} <= set(keys(losing, START))
    planned_tail = replace(losing, remaining_planned=Decimal(-5))
    assert keys(planned_tail, START) == []


@pytest.mark.parametrize(
    ("values", "on", "key", "proposal"),
    [
        ({"spent": (Decimal(116),) * 2, "planned": (Decimal(100),) * 2}, START, "overspent", "fix"),
        ({"kpis": {"users": LOW}}, date(2026, 6, 1), "adoption-users", "fix"),
        ({"has_sponsor": False, "sponsor_since": START}, START + timedelta(days=31), "sponsor", "hold"),
        ({"sponsor_confirmed_on": None}, START + timedelta(days=31), "sponsor", "hold"),
        ({}, date(2026, 10, 2), "sponsor", "hold"),
        ({}, date(2026, 9, 2), "clock", "stop"),
        ({"benefit_planned_from": START}, date(2026, 5, 16), "no-benefit", "fix"),
        ({"run_spent": Decimal(121), "run_planned": Decimal(100)}, START, "run-cost", "fix"),
        ({"severe_incidents": 1}, START, "incident", "hold"),
        ({"holds": 2}, START, "holds", "stop"),
    ],
)  # fmt: skip
def test_each_warning_proposes_something(
    values: dict[str, object], on: date, key: str, proposal: str
) -> None:
    found = {item.key: item.proposal for item in findings(seen(**values), on)}
    assert found[key] == proposal


@pytest.mark.parametrize(
    ("values", "on"),
    [
        ({"spent": (Decimal(115), Decimal(115)), "planned": (Decimal(100), Decimal(100))}, START),
        ({"spent": (Decimal(116), Decimal(114)), "planned": (Decimal(100), Decimal(100))}, START),
        ({"has_sponsor": False, "sponsor_since": START}, START + timedelta(days=30)),
        ({}, date(2026, 9, 1)),
        ({"benefit_planned_from": START}, date(2026, 5, 15)),
        ({"run_spent": Decimal(120), "run_planned": Decimal(100)}, START),
        ({"holds": 1}, START),
    ],
)
def test_at_its_limit_nothing_fires(values: dict[str, object], on: date) -> None:
    assert keys(seen(**values), on) == []


def test_a_sponsor_renews_half_yearly_and_quarterly_when_red_or_large() -> None:
    assert renewal_due(seen()) == date(2026, 9, 1)
    assert renewal_due(seen(is_red=True)) == date(2026, 6, 1)
    assert renewal_due(seen(whole_life_cost=Decimal(1_000_001))) == date(2026, 6, 1)
    assert renewal_due(seen(sponsor_confirmed_on=None)) == date(2026, 3, 31)
    assert renewal_due(seen(has_sponsor=False)) is None


@given(
    day=st.integers(0, 900),
    cost=st.integers(0, 10_000_000),
    baseline=st.integers(0, 1000),
    target=st.integers(0, 1000),
    remaining=st.integers(-1_000_000, 1_000_000),
    stage=st.sampled_from(["pilot", "scaling", "operating"]),
)
def test_what_runs_exactly_on_plan_never_fires(
    day: int, cost: int, baseline: int, target: int, remaining: int, stage: str
) -> None:
    """It spends as planned, measures what is planned, reports each month and leaves the pilot in time."""
    on = START + timedelta(days=day)
    clock = clock_of(START, START, is_extended=False)
    if stage == "pilot" and clock.is_over(on):
        stage = "scaling"
    kpi = replace(KPI, baseline=Decimal(baseline), target=Decimal(target), is_down=target < baseline)
    month = on.replace(day=1)
    months = frozenset(months_later(START, i) for i in range(40) if months_later(START, i) <= month)
    last_day = months_later(month, 1) - timedelta(days=1)
    value = planned_value(kpi, START, last_day)
    kpi = replace(kpi, value=value, measured_in=month)
    limit = planned_value(kpi, START, START + timedelta(days=120))
    plan = (Decimal(cost), Decimal(cost))
    confirmed = months_later(START, 3 * (day // 90))
    on_plan = Seen(
        stage=stage,
        currency="USD",
        first_user_on=START,
        expected_on=START,
        rules=(
            rule("kpi", kpi="users", value=str(limit), days="120"),
            rule("adoption", kpi="users", value="100", days="90"),
            rule("spend", value="100"),
            rule("remaining"),
            rule("milestone", milestone="pilot", on="2026-05-01"),
            rule("clock"),
        ),
        kpis={"users": kpi},
        milestones={"pilot": ("First group", date(2026, 5, 1))},
        reached={"pilot": date(2026, 5, 1)},
        spent=plan,
        planned=plan,
        run_spent=Decimal(cost),
        run_planned=Decimal(cost),
        remaining=Decimal(remaining),
        remaining_planned=Decimal(remaining),
        sponsor_since=START,
        sponsor_confirmed_on=min(confirmed, on),
        whole_life_cost=Decimal(cost),
        benefit_planned_from=START,
        benefit_months=months,
    )
    assert findings(on_plan, on) == []
