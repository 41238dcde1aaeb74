"""Own outcomes: what each initiative with an outcome cost, took and gave against its plan, and what follows.

An observation is made of the facts up to the outcome itself, on its day, so nothing that comes later moves
it. It is kept, and can be thrown away: whoever reads the rules computes what is not kept yet. Another outcome
of the same initiative takes its place; one that is too early to say observes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from django.db.models import Subquery
from django.utils import timezone

from ledger.services import last_seq
from portfolio.models import Baseline, BusinessCase, Initiative, OutcomeClass, OutcomeSet
from scoring import finance
from scoring.experience import Observed, experience
from scoring.finance import FloatArray, Plan, Ratios
from scoring.models import ObservedOutcome
from scoring.positions import facts
from scoring.positions.facts import DELIVERY, RUN, Facts, Rules, month_of
from scoring.positions.returns import Flows, compute


@dataclass(frozen=True)
class Outcome:
    """An outcome that was set, with its place and day in the record."""

    pk: int
    initiative: int
    outcome: str
    seq: int
    on: date


def rules(seq: int) -> Rules:
    """What is in force as of a `seq`, with what the outcomes set by then teach."""
    plain = facts.rules(seq)
    return replace(plain, experience=experience((one for _, one in observations(seq)), plain.settings))


def observations(seq: int) -> list[tuple[Outcome, Observed]]:
    """What was observed in each initiative whose outcome was set by `seq`, in the order of the outcomes."""
    found = outcomes(seq)
    kept = {
        row.pk: Observed(row.reference_class, row.cost, row.time, row.benefit)
        for row in ObservedOutcome.objects.filter(seq__lte=seq)
    }
    return [(outcome, kept.get(outcome.pk) or observe(outcome)) for outcome in found]


def outcomes(seq: int) -> list[Outcome]:
    """The last outcome of each initiative by `seq`, but for those that are too early to say."""
    last = {outcome.initiative: outcome for outcome in all_outcomes(seq)}
    found = sorted(last.values(), key=lambda outcome: outcome.pk)
    return [outcome for outcome in found if outcome.outcome != OutcomeClass.TOO_EARLY]


def all_outcomes(seq: int) -> list[Outcome]:
    """Every outcome that was set by `seq`, in their order."""
    rows = (
        OutcomeSet.objects.filter(transaction__seq__lte=seq)
        .order_by("pk")
        .values_list("pk", "initiative", "outcome", "transaction__seq", "transaction__at")
    )
    return [
        Outcome(pk, initiative, outcome, at_seq, timezone.localdate(at))
        for pk, initiative, outcome, at_seq, at in rows
    ]


def keep_observations() -> int:
    """Compute and keep what is not kept yet; how many. Running it twice does it once."""
    known = set(ObservedOutcome.objects.values_list("pk", flat=True))
    missing = [outcome for outcome in outcomes(last_seq()) if outcome.pk not in known]
    ObservedOutcome.objects.bulk_create([instance(outcome) for outcome in missing], ignore_conflicts=True)
    return len(missing)


def instance(outcome: Outcome) -> ObservedOutcome:
    """The row of an outcome, computed from the facts."""
    found = observe(outcome)
    return ObservedOutcome(
        outcome_id=outcome.pk,
        initiative_id=outcome.initiative,
        seq=outcome.seq,
        on=outcome.on,
        reference_class=found.reference_class,
        cost=found.cost,
        time=found.time,
        benefit=found.benefit,
    )


def observe(outcome: Outcome) -> Observed:
    """Actual ÷ planned of one initiative, from the facts up to its outcome; nothing without a baseline."""
    computed = compute(
        Facts(np.array([outcome.initiative], dtype=np.int64), outcome.seq),
        facts.rules(outcome.seq),
        outcome.on,
        keep_flows=True,
    )
    if not len(computed) or computed.flows is None or not computed.columns["baseline"][0]:
        return Observed("", None, None, None)
    return _compared(computed.flows, month_of(outcome.on))


def _compared(flows: Flows, month: int) -> Observed:
    """The baseline laid on the time that it took, against what came; `month` is that of the outcome."""
    planned = flows.baseline[:, 0].astype(np.float64)
    promised = planned[2] + planned[3]
    attested = flows.attested[:, 0].sum(axis=0).astype(np.float64)
    go_live = int(flows.baseline_go_live[0])
    delay = _delay(promised, attested)
    time = None if delay is None or not go_live else (go_live + delay) / go_live
    return Observed(
        reference_class=flows.baseline_classes[0],
        cost=_cost(flows, planned, go_live, time or 1.0),
        time=None if time is None else float(finance.round_ratio(np.array(time))),
        benefit=_benefit(promised, attested, delay or 0, month - int(flows.base[0])),
    )


def _delay(promised: FloatArray, attested: FloatArray) -> int | None:
    """Months from the first benefit as planned to the first that was attested; None without both."""
    if not promised.any() or not attested.any():
        return None
    return int(np.flatnonzero(attested)[0] - np.flatnonzero(promised)[0])


def _cost(flows: Flows, planned: FloatArray, go_live: int, time: float) -> float | None:
    """Cost of closed months by what the plan has in them once it is stretched over the time it took."""
    one = np.ones(1)
    plan = finance.corrected(
        Plan(
            planned[DELIVERY][None], planned[RUN][None], np.zeros((1, planned.shape[1])), np.array([go_live])
        ),
        Ratios(one, one * time, one),
    )
    closed = flows.cost_is_closed[0]
    spent = finance.total(np.where(closed, flows.actual[0], 0)[None].astype(np.float64))
    allowed = finance.total(np.where(closed, (plan.delivery + plan.run)[0, : len(closed)], 0.0)[None])
    return _ratio(float(spent[0]), float(allowed[0]))


def _benefit(promised: FloatArray, attested: FloatArray, delay: int, months: int) -> float | None:
    """Attested benefit by the plan's, moved by the delay, through the last attested month.

    Where nothing was ever attested, through the month before the outcome: what was due by then is missing.
    """
    reached = np.flatnonzero(attested)
    through = int(reached[-1]) + 1 if len(reached) else max(months, 0)
    moved = np.zeros_like(promised)
    for month, amount in enumerate(promised):
        if 0 <= month + delay < len(moved):
            moved[month + delay] += amount
    came, due = (finance.total(flow[None, :through]) for flow in (attested, moved))
    return _ratio(float(came[0]), float(due[0]))


def _ratio(actual: float, planned: float) -> float | None:
    return float(finance.round_ratio(np.array(actual / planned))) if planned > 0 else None


# What an outcome moves -----------------------------------------------------------------------


def moved_by(initiative: Initiative) -> Callable[[], Iterable[int]]:
    """Finds the initiatives whose corrected return an outcome of this one moves: those of its class.

    To be asked at the end of the act, under the ledger's lock, so that no case is missed that was frozen
    meanwhile.
    """

    def find() -> Iterable[int]:
        own = (
            Baseline.objects.filter(initiative=initiative).order_by("pk").values("case__reference_class")[:1]
        )
        return (
            BusinessCase.objects.filter(reference_class=Subquery(own))
            .exclude(reference_class="")
            .order_by("initiative")
            .values_list("initiative", flat=True)
            .distinct()
        )

    return find
