"""Initiatives made of bare facts, for tests of what is computed from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from accounts.models import Unit, User
from ledger.services import Act, record
from portfolio import money
from portfolio.case import add_months
from portfolio.models import (
    Attestation,
    Baseline,
    BenefitClaim,
    BusinessCase,
    Initiative,
    PlanLine,
    Posting,
    RateSet,
    RateSetConfirmation,
    StageChange,
)

START = date(2024, 3, 1)


@dataclass(frozen=True)
class LineOf:
    """One plan line by month from the plan's start on."""

    key: str
    amounts: Sequence[Decimal | int]
    side: str = "cost"
    phase: str = "delivery"
    is_cash: bool = True


@dataclass(frozen=True)
class PlanOf:
    """A plan that a test freezes."""

    lines: Sequence[LineOf]
    start: date = START
    go_live: int = 4
    currency: str = "USD"
    reference_class: str = "bought"
    stages: Sequence[str] = field(default=("submitted", "assessment", "decision", "pilot"))


def a_plan(currency: str = "USD", scale: int = 1, **changes: object) -> PlanOf:
    """Four months of delivery, a year of use, cash and other benefits with a ramp."""
    lines = (
        LineOf("build", [12_000 * scale] * 4),
        LineOf("run", [0] * 4 + [900 * scale] * 12, phase="run"),
        LineOf("saving", [0] * 4 + [3_000 * scale, 6_000 * scale, *[9_000 * scale] * 10], side="benefit"),
        LineOf("hours", [0] * 5 + [500 * scale] * 11, side="benefit", is_cash=False),
    )
    return PlanOf(**{"lines": lines, "currency": currency} | changes)  # type: ignore[arg-type]


def an_initiative(unit: Unit, by: User, number: int) -> Initiative:
    """An initiative without any fact."""
    return Initiative.objects.create(reference=f"AI-2024-{number:04d}", unit=unit, created_by=by)


def freeze(initiative: Initiative, plan: PlanOf, *, by: User, act: Act) -> BusinessCase:
    """The next version of the case, with its plan lines."""
    costs = [line for line in plan.lines if line.side == "cost"]
    cash = [line for line in plan.lines if line.side == "benefit" and line.is_cash]
    version = BusinessCase.objects.filter(initiative=initiative).count() + 1
    case = act.add(
        BusinessCase,
        initiative=initiative,
        version=version,
        purpose="completed",
        submitted_by=by,
        content={},
        content_hash="0" * 64,
        title="A test",
        reference_class=plan.reference_class,
        currency=plan.currency,
        whole_life_cost=_sum(costs),
        cash_benefit=_sum(cash),
        start_month=plan.start,
        go_live_month=add_months(plan.start, plan.go_live),
    )
    for line in plan.lines:
        act.add(
            PlanLine,
            case=case,
            key=line.key,
            side=line.side,
            category="people" if line.side == "cost" else "saving",
            phase=line.phase,
            is_cash=line.is_cash,
            first_month=plan.start,
            amounts=[money.to_stored(Decimal(amount)) for amount in line.amounts],
            total=_sum([line]),
        )
    act.marks("return", [initiative.pk])
    return case


def _sum(lines: Sequence[LineOf]) -> Decimal:
    return sum((Decimal(amount) for line in lines for amount in line.amounts), Decimal(0))


def fund(initiative: Initiative, plan: PlanOf, *, by: User) -> BusinessCase:
    """A frozen case that passed G3."""
    with record("test.funded", actor=by, about=initiative) as act:
        case = freeze(initiative, plan, by=by, act=act)
        act.add(Baseline, initiative=initiative, case=case, base_month=plan.start)
        before = ""
        for stage in plan.stages:
            act.add(StageChange, initiative=initiative, from_stage=before, to_stage=stage)
            before = stage
    return case


def run(
    initiative: Initiative,
    plan: PlanOf,
    months: int,
    *,
    by: User,
    cost: Decimal = Decimal(1),
    benefit: Decimal = Decimal(1),
) -> None:
    """Post and attest the first months of a plan, times a share of what was planned."""
    with record("test.run", actor=by, about=initiative) as act:
        for line in plan.lines:
            for number, planned in enumerate(line.amounts[:months]):
                month = add_months(plan.start, number)
                if line.side == "cost":
                    amount = money.to_minor(Decimal(planned) * cost, plan.currency)
                    post(act, initiative, month, amount, plan.currency)
                elif planned:
                    amount = money.to_minor(Decimal(planned) * benefit, plan.currency)
                    claim(act, initiative, line, month, amount, plan.currency, by=by)
        act.marks("return", [initiative.pk])


def post(
    act: Act, initiative: Initiative | None, month: date, amount: Decimal | int, currency: str
) -> Posting:
    """One posting; a negative amount is a credit note."""
    return act.add(
        Posting,
        initiative=initiative,
        kind="cost" if amount >= 0 else "credit_note",
        service_month=month,
        booked_month=month,
        amount=Decimal(amount),
        currency=currency,
        why_unmatched="" if initiative else "no such cost object",
    )


def claim(
    act: Act,
    initiative: Initiative,
    line: LineOf,
    month: date,
    amount: Decimal,
    currency: str,
    *,
    by: User,
    attested: bool = True,
    replaces: BenefitClaim | None = None,
) -> BenefitClaim:
    """A claim, attested in full unless said otherwise."""
    claimed = act.add(
        BenefitClaim,
        initiative=initiative,
        line_key=line.key,
        month=month,
        amount=amount,
        currency=currency,
        is_cash=line.is_cash,
        by=by,
        replaces=replaces,
    )
    if attested:
        act.add(Attestation, claim=claimed, amount=amount, where_it_shows="cost centre 4711", by=by)
    return claimed


def rates(fiscal_year: int, by: User, **units: str) -> None:
    """Planning rates in force: EUR="1.0835"."""
    with record("test.rates", actor=by) as act:
        rate_set = act.add(
            RateSet, name="Planning", fiscal_year=fiscal_year, base="USD", rates=units, proposed_by=by
        )
        act.add(RateSetConfirmation, rate_set=rate_set, by=by)
        act.marks("return", Initiative.objects.values_list("pk", flat=True))
