"""What to ask about a running initiative, without Django: stop rules, warnings, the pilot's clock.

Everything is a function of what was seen of it and of a day. A finding proposes; a person decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from portfolio.wording import grouped, percent, trimmed

NOTHING = Decimal(0)
PILOT_MONTHS = 6
EXTENSION_MONTHS = 3
OVERSPENT = Decimal("1.15")
RUN_OVERSPENT = Decimal("1.20")
ADOPTED_BY = timedelta(days=90)
LEAST_ADOPTION = Decimal("0.25")
SPONSOR_DAYS = timedelta(days=30)
RENEWAL_MONTHS = 6
RENEWAL_MONTHS_WATCHED = 3
WATCHED_FROM = Decimal(1_000_000)
# A month is reported within so many days after its end.
REPORTED_BY = timedelta(days=15)
REVIEW_AFTER = timedelta(days=90)
HOLDS_IN_A_ROW = 2
CONTINUE, FIX, HOLD, STOP = "continue", "fix", "hold", "stop"
PROPOSALS = (STOP, HOLD, FIX, CONTINUE)


@dataclass(frozen=True)
class Rule:
    """A stop rule as it was signed."""

    id: int
    kind: str
    text: str
    parameters: Mapping[str, Any]
    signed_on: date


@dataclass(frozen=True)
class KpiSeen:
    """A KPI of the case with the newest value that was measured."""

    name: str
    unit: str
    is_down: bool
    baseline: Decimal | None
    baseline_on: date | None
    target: Decimal
    target_on: date | None
    value: Decimal | None = None
    measured_in: date | None = None

    @property
    def is_use(self) -> bool:
        """Whether it counts use, by its name or unit: users, adoption."""
        words = f"{self.name} {self.unit}".lower()
        return not self.is_down and any(word in words for word in ("user", "adoption", "adopted"))


@dataclass(frozen=True)
class Seen:
    """All that is known of one running initiative on a day; amounts in the base currency.

    `spent` and `planned` are the sums through the last and through the last but one closed month.
    `remaining` is the forecast NPV (P50) of the months that are not over, `remaining_planned` the baseline's.
    """

    stage: str
    currency: str
    pilot_since: date | None = None
    first_user_on: date | None = None
    expected_on: date | None = None  # go-live by the baseline: the clock starts then if nobody reports a user
    is_extended: bool = False
    rules: tuple[Rule, ...] = ()
    kpis: Mapping[str, KpiSeen] = field(default_factory=dict)
    milestones: Mapping[str, tuple[str, date]] = field(default_factory=dict)
    reached: Mapping[str, date] = field(default_factory=dict)
    spent: tuple[Decimal, Decimal] = (NOTHING, NOTHING)
    planned: tuple[Decimal, Decimal] = (NOTHING, NOTHING)
    run_spent: Decimal = NOTHING
    run_planned: Decimal = NOTHING
    remaining: Decimal | None = None
    remaining_planned: Decimal | None = None
    has_sponsor: bool = True
    sponsor_since: date | None = None  # appointed, or vacant since
    sponsor_confirmed_on: date | None = None
    whole_life_cost: Decimal = NOTHING
    is_red: bool = False
    benefit_planned_from: date | None = None  # the first month with a planned benefit
    benefit_months: frozenset[date] = frozenset()  # months that somebody reported: a claim or a KPI
    holds: int = 0  # since it last passed a gate with a 'go'
    severe_incidents: int = 0


@dataclass(frozen=True)
class Finding:
    """Something that fired: what, in a sentence with its figures, and what it proposes."""

    key: str
    sentence: str
    proposal: str
    is_rule: bool = False

    def as_data(self) -> dict[str, Any]:
        """As the position keeps it."""
        return {
            "key": self.key,
            "sentence": self.sentence,
            "proposal": self.proposal,
            "is_rule": self.is_rule,
        }


# Days ----------------------------------------------------------------------------------------


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


@dataclass(frozen=True)
class Clock:
    """The clock of a pilot: six months from the first user, three more if they were granted."""

    starts_on: date | None
    is_reported: bool
    ends_on: date | None
    is_extended: bool

    def days_left(self, on: date) -> int | None:
        """Days until its end, negative after it; None before it started."""
        if self.starts_on is None or self.ends_on is None or on < self.starts_on:
            return None
        return (self.ends_on - on).days

    def is_over(self, on: date) -> bool:
        """Whether its last day has passed."""
        return self.ends_on is not None and on > self.ends_on


def clock_of(first_user_on: date | None, expected_on: date | None, *, is_extended: bool) -> Clock:
    """The clock. Where nobody reported the first user it starts on the day that the plan expected one."""
    starts_on = first_user_on or expected_on
    months = PILOT_MONTHS + (EXTENSION_MONTHS if is_extended else 0)
    ends_on = months_later(starts_on, months) if starts_on else None
    return Clock(starts_on, first_user_on is not None, ends_on, is_extended)


def clock_seen(seen: Seen) -> Clock:
    """The clock of what was seen."""
    return clock_of(seen.first_user_on, seen.expected_on, is_extended=seen.is_extended)


def renewal_due(seen: Seen) -> date | None:
    """When the sponsor has to stand behind it again; None for a vacant seat.

    A new sponsor confirms within 30 days; then half-yearly, quarterly when it is red or costs over a million.
    """
    if not seen.has_sponsor:
        return None
    if seen.sponsor_confirmed_on is None:
        return seen.sponsor_since + SPONSOR_DAYS if seen.sponsor_since else None
    watched = seen.is_red or seen.whole_life_cost > WATCHED_FROM
    return months_later(seen.sponsor_confirmed_on, RENEWAL_MONTHS_WATCHED if watched else RENEWAL_MONTHS)


def planned_value(kpi: KpiSeen, starts_on: date | None, on: date) -> Decimal:
    """What a KPI should be on a day: on the straight way from its baseline to its target."""
    begin, baseline = starts_on or kpi.baseline_on, kpi.baseline or NOTHING
    if begin is None or kpi.target_on is None or on >= kpi.target_on or begin >= kpi.target_on:
        return kpi.target
    share = Decimal(max((on - begin).days, 0)) / Decimal((kpi.target_on - begin).days)
    return baseline + (kpi.target - baseline) * share


# Findings ------------------------------------------------------------------------------------


def findings(seen: Seen, on: date) -> list[Finding]:
    """Every stop rule and warning that fires on the day: signed rules first, then by what they propose."""
    rules = [found for rule in seen.rules if (found := _rule(rule, seen, on)) is not None]
    warned = sorted(warnings(seen, on), key=lambda item: PROPOSALS.index(item.proposal))
    return [*rules, *warned]


def proposal_of(found: list[Finding]) -> str:
    """The gravest of what is proposed; to continue where nothing fired."""
    return min((item.proposal for item in found), key=PROPOSALS.index, default=CONTINUE)


def _rule(rule: Rule, seen: Seen, on: date) -> Finding | None:
    why = _why_it_fires(rule, seen, on)
    # What a person has to judge is no reason to stop yet.
    proposal = FIX if rule.kind == "words" else STOP
    return Finding(f"rule-{rule.id}", f"{rule.text}: {why}", proposal, is_rule=True) if why else None


def _why_it_fires(rule: Rule, seen: Seen, on: date) -> str:
    """The figures that make a signed rule fire; empty where it doesn't."""
    with_values = rule.parameters
    match rule.kind:
        case "kpi" | "adoption":
            return _kpi_fires(rule, seen, on)
        case "spend":
            share = Decimal(with_values["value"]) / 100
            spent, planned = seen.spent[0], seen.planned[0]
            if planned > 0 and spent > planned * share:
                return f"{_beside_plan(seen, spent, planned)}."
        case "remaining":
            return _remaining(seen)
        case "milestone":
            day = date.fromisoformat(with_values["on"])
            if on > day and seen.reached.get(with_values["milestone"], on) > day:
                late = seen.reached.get(with_values["milestone"])
                return f"reached on {_day(late)}." if late else "it is not reported as reached."
        case "clock":
            clock = clock_seen(seen)
            if seen.stage == "pilot" and clock.ends_on and clock.is_over(on):
                return f"it ended on {_day(clock.ends_on)}, {(on - clock.ends_on).days} days ago."
        case _:
            # Old rules have no day: they are looked at once while it is a pilot; G4 looks at them anyway.
            stated = str(with_values.get("on") or "")
            day = date.fromisoformat(stated) if stated else rule.signed_on + REVIEW_AFTER
            if on >= day and (stated or seen.stage == "pilot"):
                return f"to be judged by a person since {_day(day)}."
    return ""


def _kpi_fires(rule: Rule, seen: Seen, on: date) -> str:
    with_values = rule.parameters
    kpi, starts_on = seen.kpis.get(with_values["kpi"]), clock_seen(seen).starts_on
    if with_values.get("on"):
        day = date.fromisoformat(with_values["on"])
    elif starts_on is not None:
        day = starts_on + timedelta(days=int(with_values["days"]))
    else:
        return ""
    if kpi is None or on < day:
        return ""
    if kpi.value is None or kpi.measured_in is None:
        return "nothing was measured yet."
    said = f"{_plain(kpi.value)} {kpi.unit}".strip()
    if rule.kind == "adoption":
        planned = planned_value(kpi, starts_on, _month_end(kpi.measured_in))
        if kpi.value < planned * Decimal(with_values["value"]) / 100:
            return f"{said} in {kpi.measured_in:%b %Y}, {_plain(round(planned, 1))} planned by then."
        return ""
    limit = Decimal(with_values["value"])
    if kpi.value > limit if kpi.is_down else kpi.value < limit:
        return f"{said} in {kpi.measured_in:%b %Y}."
    return ""


def _remaining(seen: Seen) -> str:
    """A tail that was planned to cost (decommissioning) is no reason to stop."""
    if seen.remaining is None or seen.remaining >= 0:
        return ""
    if seen.remaining_planned is not None and seen.remaining >= seen.remaining_planned:
        return ""
    return f"the forecast (P50) of what remains is {grouped(seen.remaining, 0)} {seen.currency}."


def warnings(seen: Seen, on: date) -> list[Finding]:
    """The warnings that hold for every initiative, whether it signed a rule or not."""
    found: list[Finding] = []

    def warn(key: str, sentence: str, proposal: str) -> None:
        found.append(Finding(key, sentence, proposal))

    if all(
        plan > 0 and spent > plan * OVERSPENT for spent, plan in zip(seen.spent, seen.planned, strict=True)
    ):
        spent, planned = seen.spent[0], seen.planned[0]
        over = _beside_plan(seen, spent, planned)
        warn("overspent", f"Spend is above 115 % of plan two months in a row: {over}.", FIX)
    clock = clock_seen(seen)
    if clock.starts_on is not None and on > clock.starts_on + ADOPTED_BY:
        for key, kpi in seen.kpis.items():
            if kpi.is_use and kpi.value is not None and kpi.measured_in is not None:
                planned = planned_value(kpi, clock.starts_on, _month_end(kpi.measured_in))
                if kpi.value < planned * LEAST_ADOPTION:
                    said = f"{kpi.name}: {_plain(kpi.value)}, {_plain(round(planned, 1))} planned by then"
                    warn(f"adoption-{key}", f"Use is below 25 % of plan after 90 days. {said}.", FIX)
    _warn_of_sponsor(seen, on, warn)
    if seen.stage == "pilot" and clock.ends_on and clock.is_over(on):
        days = (on - clock.ends_on).days
        warn(
            "clock",
            f"The pilot is over its clock, which ended on {_day(clock.ends_on)}, {days} days ago.",
            STOP,
        )
    if month := _unreported(seen, on):
        warn("no-benefit", f"No benefit or KPI is reported for {month:%b %Y} and the month before.", FIX)
    if seen.run_planned > 0 and seen.run_spent > seen.run_planned * RUN_OVERSPENT:
        over = _beside_plan(seen, seen.run_spent, seen.run_planned)
        warn("run-cost", f"Run cost is past its plan by 20 %: {over}.", FIX)
    if seen.severe_incidents:
        number = (
            "A severe incident is"
            if seen.severe_incidents == 1
            else f"{seen.severe_incidents} severe incidents are"
        )
        warn("incident", f"{number} open.", HOLD)
    if why := _remaining(seen):
        warn("remaining", f"Going on is forecast to lose money: {why}", STOP)
    if seen.holds >= HOLDS_IN_A_ROW:
        warn("holds", f"It was put on hold {seen.holds} times in a row.", STOP)
    return found


def _warn_of_sponsor(seen: Seen, on: date, warn: Any) -> None:
    if not seen.has_sponsor:
        if seen.sponsor_since is not None and on > seen.sponsor_since + SPONSOR_DAYS:
            warn("sponsor", f"It has had no sponsor since {_day(seen.sponsor_since)}.", HOLD)
        return
    due = renewal_due(seen)
    if due is None or on <= due:
        return
    if seen.sponsor_confirmed_on is None:
        warn("sponsor", f"Its sponsor has not confirmed; that was due on {_day(due)}.", HOLD)
    elif on > due + SPONSOR_DAYS:
        warn("sponsor", f"Its sponsor has not renewed since {_day(due)}.", HOLD)


def _unreported(seen: Seen, on: date) -> date | None:
    """The later of two months in a row that should be reported by now and are not."""
    if seen.benefit_planned_from is None:
        return None
    month = on.replace(day=1)
    while _month_end(month) + REPORTED_BY >= on:
        month = months_later(month, -1)
    before = months_later(month, -1)
    is_due = before >= seen.benefit_planned_from.replace(day=1)
    return month if is_due and not {month, before} & seen.benefit_months else None


def _month_end(month: date) -> date:
    return months_later(month.replace(day=1), 1) - timedelta(days=1)


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _beside_plan(seen: Seen, spent: Decimal, planned: Decimal) -> str:
    money = f"{grouped(spent, 0)} {seen.currency} spent of {grouped(planned, 0)} planned to date"
    return f"{money}, {percent(spent / planned)}"


def _plain(value: Decimal) -> str:
    return trimmed(grouped(value, max(-int(value.as_tuple().exponent), 0)))
