"""What the watch sees of running initiatives: a constant number of queries for any number of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone

from governance.gates import GRANTING
from governance.models import (
    ClockExtension,
    Commitment,
    FirstUser,
    GatePassage,
    RecommendationAnswer,
    ReleaseLine,
    StopRule,
)
from governance.watch import NOTHING, Clock, KpiSeen, Rule, Seen, clock_of
from portfolio import money
from portfolio.models import (
    Appointment,
    Baseline,
    BenefitClaim,
    Hold,
    Initiative,
    Kpi,
    Measurement,
    Milestone,
    MilestoneReached,
    Part,
    RiskFlag,
    Stage,
    StageChange,
)
from scoring import finance
from scoring.models import Status
from scoring.positions import compute_returns
from scoring.positions.facts import CASH, DELIVERY, NO_MONTH, OTHER, RUN, day_of, month_of
from scoring.positions.learning import rules
from scoring.positions.returns import BLOCK, Flows

RED = Status.values.index(Status.RED)
# At most as many at once as one computation of returns takes in one block, and as a statement has places.
CHUNK = min(BLOCK, 2_000)
Ids = Sequence[int]


@dataclass(frozen=True)
class Looked:
    """One initiative as the watch sees it, and what stopping it would free."""

    initiative: Initiative
    seen: Seen
    would_free: Decimal
    unspent: Decimal


def look_at(ids: Ids, *, seq: int, on: date) -> dict[int, Looked]:
    """What is known of these initiatives, at most CHUNK of them, on a day."""
    initiatives = Initiative.objects.select_related("unit", "owner", "sponsor").in_bulk(ids)
    cases = {row.current_case_id for row in initiatives.values() if row.current_case_id}
    about = {"initiative__in": ids}
    kpis, milestones = _kpis(cases), _milestones(cases)
    values = _newest_values(ids)
    reached: defaultdict[int, dict[str, date]] = defaultdict(dict)
    for pk, key, day in MilestoneReached.objects.filter(**about).values_list("initiative", "key", "on"):
        reached[pk][key] = day
    piloted = dict(
        StageChange.objects.filter(**about, to_stage=Stage.PILOT)
        .order_by("id")
        .values_list("initiative", "transaction__at")
    )
    first = dict(FirstUser.objects.filter(**about).order_by("id").values_list("initiative", "on"))
    extended = set(
        ClockExtension.objects.filter(request__initiative__in=ids).values_list(
            "request__initiative", flat=True
        )
    )
    expected = dict(
        Baseline.objects.filter(**about).order_by("id").values_list("initiative", "case__go_live_month")
    )
    signed, months, holds, severe = _rules(ids), _reported_months(ids), _holds(ids), _severe_incidents(ids)
    sponsors = {
        pk: (appointed, left)
        for pk, appointed, left in Appointment.objects.filter(**about, part=Part.SPONSOR)
        .order_by("id")
        .values_list("initiative", "transaction__at", "step_down__transaction__at")
    }
    committed = _sums(Commitment.objects.filter(**about), "initiative")
    released = _sums(
        ReleaseLine.objects.filter(release__tranche__initiative__in=ids), "release__tranche__initiative"
    )
    figures = _figures(ids, seq=seq, on=on, first=first)
    found: dict[int, Looked] = {}
    for pk in ids:
        initiative, known = initiatives[pk], figures.get(pk, {})
        appointed, left = sponsors.get(pk, (None, None))
        vacant_since = left or initiative.submitted_at or initiative.created_at
        since = appointed if initiative.sponsor_id else vacant_since
        confirmed, pilot = initiative.sponsor_confirmed_at, piloted.get(pk)
        case = initiative.current_case_id or 0
        spent: Decimal = known.pop("all_spent", NOTHING)
        seen = Seen(
            stage=initiative.stage,
            currency=settings.BASE_CURRENCY,
            pilot_since=_day(pilot),
            first_user_on=first.get(pk),
            expected_on=expected.get(pk) or _day(pilot),
            is_extended=pk in extended,
            rules=tuple(signed[pk]),
            kpis={key: _with_value(kpi, values.get((pk, key))) for key, kpi in kpis[case].items()},
            milestones=milestones[case],
            reached=reached[pk],
            has_sponsor=initiative.sponsor_id is not None,
            sponsor_since=_day(since),
            sponsor_confirmed_on=_day(confirmed),
            benefit_months=frozenset(months[pk]),
            holds=holds.get(pk, 0),
            severe_incidents=severe[pk],
            **known,
        )
        out = released.get(pk, NOTHING)
        would_free = committed.get(pk, NOTHING) - out
        found[pk] = Looked(initiative, seen, would_free, max(out - spent, NOTHING))
    return found


def _severe_incidents(ids: Ids) -> Counter[int]:
    """How many severe incidents are open, by initiative: the newest flag of an incident holds."""
    flags = RiskFlag.objects.filter(initiative__in=ids, kind=RiskFlag.Kind.SEVERE_INCIDENT).order_by("id")
    newest = {
        (pk, subject): up for pk, subject, up in flags.values_list("initiative", "subject", "is_raised")
    }
    return Counter(pk for (pk, _), is_raised in newest.items() if is_raised)


def pilot_clock(initiative: Initiative) -> Clock:
    """The clock of one pilot by the facts of now."""
    first = FirstUser.objects.filter(initiative=initiative).order_by("id").last()
    baseline = Baseline.objects.filter(initiative=initiative).select_related("case").order_by("id").last()
    piloted = StageChange.objects.filter(initiative=initiative, to_stage=Stage.PILOT).order_by("id").last()
    expected = baseline.case.go_live_month if baseline else None
    return clock_of(
        first.on if first else None,
        expected or _day(piloted.transaction.at if piloted else None),
        is_extended=ClockExtension.objects.filter(request__initiative=initiative).exists(),
    )


def silenced(ids: Ids, on: date) -> dict[tuple[int, str], date]:
    """Until when a person's answer silences a finding, by initiative and key; only those still in force."""
    found: dict[tuple[int, str], date] = {}
    rows = RecommendationAnswer.objects.filter(initiative__in=ids).order_by("id")
    for pk, findings, until in rows.values_list("initiative", "findings", "until"):
        for item in findings:
            found[pk, item["key"]] = until
    return {key: until for key, until in found.items() if until >= on}


def _day(moment: Any) -> date | None:
    return None if moment is None else timezone.localdate(moment)


def _with_value(kpi: KpiSeen, value: tuple[Decimal, date] | None) -> KpiSeen:
    if value is None:
        return kpi
    return KpiSeen(**{**vars(kpi), "value": value[0], "measured_in": value[1]})


def _kpis(cases: Iterable[int]) -> defaultdict[int, dict[str, KpiSeen]]:
    found: defaultdict[int, dict[str, KpiSeen]] = defaultdict(dict)
    for kpi in Kpi.objects.filter(case__in=cases).order_by("id"):
        found[kpi.case_id][kpi.key] = KpiSeen(
            name=kpi.name,
            unit=kpi.unit_of_measure,
            is_down=kpi.direction == Kpi.Direction.DOWN,
            baseline=kpi.baseline,
            baseline_on=kpi.baseline_on,
            target=kpi.target,
            target_on=kpi.target_on,
        )
    return found


def _milestones(cases: Iterable[int]) -> defaultdict[int, dict[str, tuple[str, date]]]:
    found: defaultdict[int, dict[str, tuple[str, date]]] = defaultdict(dict)
    for case, key, name, due_on in Milestone.objects.filter(case__in=cases).values_list(
        "case", "key", "name", "due_on"
    ):
        found[case][key] = (name, due_on)
    return found


def _newest_values(ids: Ids) -> dict[tuple[int, str], tuple[Decimal, date]]:
    rows = Measurement.objects.filter(initiative__in=ids, replaced_by=None).order_by("month", "id")
    return {
        (pk, key): (value, month)
        for pk, key, value, month in rows.values_list("initiative", "kpi_key", "value", "month")
    }


def _reported_months(ids: Ids) -> defaultdict[int, set[date]]:
    """The months about which a claim or a measurement was recorded."""
    found: defaultdict[int, set[date]] = defaultdict(set)
    for rows in (BenefitClaim.objects.all(), Measurement.objects.all()):
        for pk, month in rows.filter(initiative__in=ids).values_list("initiative", "month").distinct():
            found[pk].add(month)
    return found


def _rules(ids: Ids) -> defaultdict[int, list[Rule]]:
    """The stop rules of each one's newest decision that signed some."""
    found: defaultdict[int, list[Rule]] = defaultdict(list)
    newest: dict[int, int] = {}
    rows = StopRule.objects.filter(initiative__in=ids).select_related("transaction").order_by("id")
    for rule in rows:
        if newest.get(rule.initiative_id) != rule.decision_id:
            newest[rule.initiative_id] = rule.decision_id
            found[rule.initiative_id] = []
        signed_on = timezone.localdate(rule.transaction.at)
        found[rule.initiative_id].append(Rule(rule.pk, rule.kind, rule.text, rule.parameters, signed_on))
    return found


def _holds(ids: Ids) -> dict[int, int]:
    """How many holds each had since it last passed a gate with a 'go'."""
    went = dict(
        GatePassage.objects.filter(initiative__in=ids, verb__in=GRANTING)
        .values_list("initiative")
        .annotate(seq=Max("transaction__seq"))
    )
    found: defaultdict[int, int] = defaultdict(int)
    for pk, seq in Hold.objects.filter(initiative__in=ids).values_list("initiative", "transaction__seq"):
        found[pk] += seq > went.get(pk, 0)
    return found


def _sums(rows: Any, key: str) -> dict[int, Decimal]:
    return dict(rows.order_by().values_list(key).annotate(total=Sum("amount")))


# Figures ---------------------------------------------------------------------------------------


def _figures(ids: Ids, *, seq: int, on: date, first: Mapping[int, date]) -> dict[int, dict[str, Any]]:
    """Spend, plan and forecast as the return computes them."""
    computed = compute_returns(ids, seq=seq, on=on, keep_flows=True)
    flows, columns = computed.flows, computed.columns
    if flows is None or not len(computed):
        return {}
    # Flows stand by the facts' rows; what could not be computed is left out of `ids` but not of them.
    if len(flows.base) != len(computed.ids):
        keep = np.flatnonzero(np.isin(np.sort(np.array(ids)), computed.ids))
    else:
        keep = np.arange(len(computed.ids))
    rate = rules(seq).settings.annual_rate
    on_cash = columns["outcome_on_cash"].astype(bool)
    remaining = _remaining(flows, keep, on_cash, on, rate)
    return {
        int(pk): {
            "whole_life_cost": _amount(columns["planned_cost"][place]),
            "is_red": int(columns["status"][place]) == RED,
            "all_spent": _amount(columns["actual_cost"][place]),
            **_spend(flows, int(row), first.get(int(pk))),
            **(
                {"remaining": remaining[0][place], "remaining_planned": remaining[1][place]}
                if columns["baseline"][place]
                else {}
            ),
        }
        for place, (pk, row) in enumerate(zip(computed.ids.tolist(), keep.tolist(), strict=True))
    }


def _amount(stored: Any) -> Decimal:
    return money.from_stored(int(stored))


def _spend(flows: Flows, row: int, first_user_on: date | None) -> dict[str, Any]:
    """Spend and plan through the last two closed months, run cost, and when benefit should begin."""
    base, plan = int(flows.base[row]), flows.baseline[:, row]
    if base == NO_MONTH:
        return {}
    width = min(plan.shape[1], flows.actual.shape[1], flows.cost_is_closed.shape[1])
    cost = plan[DELIVERY, :width] + plan[RUN, :width]
    actual = flows.actual[row, :width]
    closed = np.flatnonzero(flows.cost_is_closed[row, :width])
    ends = [int(month) + 1 for month in closed[-1:-3:-1]]
    # What a late delivery still costs is no run cost: that begins after the month of the first user.
    live = month_of(first_user_on) - base if first_user_on else -1
    runs = [month for month in closed if month > live and plan[DELIVERY, month] == 0 and plan[RUN, month] > 0]
    benefits = np.flatnonzero(plan[CASH] + plan[OTHER])
    sums = [(_amount(actual[:end].sum()), _amount(cost[:end].sum())) for end in ends]
    sums += [(NOTHING, NOTHING)] * (2 - len(sums))
    return {
        "spent": (sums[0][0], sums[1][0]),
        "planned": (sums[0][1], sums[1][1]),
        "run_spent": _amount(actual[runs].sum()),
        "run_planned": _amount(plan[RUN][runs].sum()),
        "benefit_planned_from": day_of(base + int(benefits[0])) if len(benefits) else None,
    }


def _remaining(
    flows: Flows, keep: Any, on_cash: Any, on: date, rate: float
) -> tuple[list[Decimal], list[Decimal]]:
    """NPV of the months that are not over, at the base month: of the forecast and of the baseline."""
    found = []
    delivery, run, cash, other = (flows.baseline[line][keep] for line in (DELIVERY, RUN, CASH, OTHER))
    forecast = [part[keep] for part in flows.forecast]
    begun = month_of(on) - flows.base[keep]
    for cost, on_line, beside in (tuple(forecast), (delivery + run, cash, other)):
        net = on_line + np.where(on_cash[:, None], 0, beside) - cost
        is_ahead = np.arange(net.shape[1])[None, :] >= begun[:, None]
        values = finance.npv(np.where(is_ahead, net, 0) / money.ONE, rate)
        found.append([round(Decimal(repr(float(value))), 2) for value in values])
    return found[0], found[1]
