"""Where the money of a decision is charged, by fiscal year and envelope; taking up and freeing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Q, Sum

from accounts.errors import EnvelopeExceeded
from accounts.models import Unit
from governance import balances
from governance.models import Commitment, Decision, Envelope, EnvelopeBalance, ReleaseLine, Verb
from ledger import clock
from ledger.services import Act
from portfolio import money
from portfolio.case import add_months
from portfolio.models import BusinessCase, Initiative, PlanLine, Stage, Track
from portfolio.selectors import fiscal_year_of

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Charge:
    """A part of a decision's money: one fiscal year, in the base currency, on an envelope or forward."""

    fiscal_year: int
    amount: Decimal
    envelope: Envelope | None


# By year -------------------------------------------------------------------------------------


def cost_by_month(case: BusinessCase) -> list[tuple[date, Decimal]]:
    """The planned cost of each month in the case's currency, in order."""
    months: dict[date, Decimal] = {}
    for line in PlanLine.objects.filter(case=case, side=PlanLine.Side.COST):
        for offset, stored in enumerate(line.amounts):
            month = add_months(line.first_month, offset)
            months[month] = months.get(month, NOTHING) + money.from_stored(stored)
    return sorted(months.items())


def granted(case: BusinessCase) -> Decimal:
    """What decisions on this case, and on those that it changed while running, granted so far."""
    decided = Decision.objects.filter(case__in=line_of(case), verb__in=[Verb.GO, Verb.GO_WITH_CONDITIONS])
    return decided.aggregate(total=Sum("amount"))["total"] or NOTHING


def line_of(case: BusinessCase) -> list[int]:
    """The case and those before it from which it follows without a redesign: it changed while running."""
    earlier = BusinessCase.objects.filter(initiative=case.initiative_id, version__lte=case.version)
    line = []
    for pk, purpose in earlier.order_by("-version").values_list("pk", "purpose"):
        line.append(pk)
        if purpose != BusinessCase.Purpose.CHANGED:
            break
    return line


def weights_by_year(
    costs: Sequence[tuple[date, Decimal]], *, before: Decimal, amount: Decimal, on: date
) -> dict[int, Decimal]:
    """How much each fiscal year bears of an amount that follows on what was granted before.

    Money is spent in the order of the plan: `before` covers the first months, `amount` the next ones. Years
    that are over count as this one, and what exceeds the plan falls to the last year of it.
    """
    this_year = fiscal_year_of(on)
    weights: dict[int, Decimal] = {}
    year, skip, rest = this_year, before, amount
    for month, cost in costs:
        year = max(fiscal_year_of(month), this_year)
        skipped = min(skip, cost)
        skip -= skipped
        taken = min(rest, cost - skipped)
        rest -= taken
        if taken:
            weights[year] = weights.get(year, NOTHING) + taken
    if rest:
        weights[year] = weights.get(year, NOTHING) + rest
    return weights


def charges(
    initiative: Initiative, case: BusinessCase, amount: Decimal, amount_in_base: Decimal
) -> list[Charge]:
    """The decision's money by fiscal year, each part on the nearest envelope upward or forward."""
    if not amount:
        return []
    weights = weights_by_year(cost_by_month(case), before=granted(case), amount=amount, on=clock.today())
    years = sorted(weights)
    parts = money.split(amount_in_base, [weights[year] for year in years], settings.BASE_CURRENCY)
    nearest = nearest_envelopes(initiative.unit, years)
    return [Charge(year, part, nearest.get(year)) for year, part in zip(years, parts, strict=True) if part]


# Envelopes -----------------------------------------------------------------------------------


def units_upward(unit: Unit) -> list[int]:
    """The unit's id, then its parent's, up to the root."""
    return [int(part) for part in reversed(unit.path.strip("/").split("/"))]


def envelopes_upward(unit: Unit, years: Sequence[int]) -> list[Envelope]:
    """Every envelope that money of the unit might be charged to in these years, appropriated or not."""
    return list(Envelope.objects.filter(unit__in=units_upward(unit), fiscal_year__in=years))


def nearest_envelopes(unit: Unit, years: Sequence[int]) -> dict[int, Envelope]:
    """For each year the nearest envelope upward that has an appropriation."""
    upward = units_upward(unit)
    found = (
        Envelope.objects.filter(unit__in=upward, fiscal_year__in=years, balance__appropriated__gt=0)
        .select_related("unit", "balance")
        .order_by("pk")
    )
    by_distance = sorted(found, key=lambda envelope: upward.index(envelope.unit_id), reverse=True)
    return {envelope.fiscal_year: envelope for envelope in by_distance}


def has_envelope(unit: Unit, parts: Sequence[Charge]) -> bool:
    """Whether there is money at all: an envelope for the first year that is charged, or for this one.

    Later years may be forward; a unit without any envelope is promised nothing.
    """
    if not parts or parts[0].envelope is not None:
        return True
    return bool(nearest_envelopes(unit, [fiscal_year_of(clock.today())]))


# Writing -------------------------------------------------------------------------------------


def commit(
    decision: Decision, parts: Sequence[Charge], locked: dict[int, EnvelopeBalance], *, act: Act
) -> list[Commitment]:
    """Write the commitments of a decision and keep the balances. Raises EnvelopeExceeded."""
    written = []
    for part in parts:
        if part.envelope is not None:
            balances.commit(locked[part.envelope.pk], part.amount)
        written.append(
            act.add(
                Commitment,
                decision=decision,
                initiative=decision.initiative,
                envelope=part.envelope,
                fiscal_year=part.fiscal_year,
                amount=part.amount,
            )
        )
    return written


def envelopes_of(initiative: Initiative) -> list[Envelope]:
    """The envelopes that bear commitments of the initiative, or might take up its forward ones.

    An act on its commitments locks all of them, and so never meets a confirmation that takes them up.
    """
    years = Commitment.objects.filter(initiative=initiative).values("fiscal_year")
    bearing = Q(commitments__initiative=initiative)
    upward = Q(unit__in=units_upward(initiative.unit), fiscal_year__in=years)
    return list(Envelope.objects.filter(bearing | upward).distinct())


def open_amounts(initiative: Initiative) -> dict[tuple[int, int | None, int], Decimal]:
    """What is committed and not released, by decision, envelope (None: forward) and fiscal year."""
    sums: dict[tuple[int, int | None, int], Decimal] = {}
    rows = Commitment.objects.filter(initiative=initiative).values_list(
        "decision", "envelope", "fiscal_year", "amount"
    )
    for decision, envelope, year, amount in rows:
        key = (decision, envelope, year)
        sums[key] = sums.get(key, NOTHING) + amount
    lines = ReleaseLine.objects.filter(release__tranche__initiative=initiative).values_list(
        "release__tranche__decision", "envelope", "envelope__fiscal_year", "amount"
    )
    for decision, envelope, year, amount in lines:
        sums[(decision, envelope, year)] -= amount
    return {key: amount for key, amount in sorted(sums.items(), key=_by_year) if amount}


def _by_year(item: tuple[tuple[int, int | None, int], Decimal]) -> tuple[int, int, int]:
    (decision, envelope, year), _ = item
    return year, decision, envelope or 0


def free(initiative: Initiative, locked: dict[int, EnvelopeBalance], *, act: Act) -> Decimal:
    """Free all that is committed and not released; returns how much. The balances must be locked."""
    freed = NOTHING
    for (decision, envelope, year), amount in open_amounts(initiative).items():
        if envelope is not None:
            balances.commit(locked[envelope], -amount)
        act.add(
            Commitment,
            decision_id=decision,
            initiative=initiative,
            envelope_id=envelope,
            fiscal_year=year,
            amount=-amount,
        )
        freed += amount
    if freed:
        act.note(freed=freed)
    return freed


def take_up(envelope: Envelope, locked: EnvelopeBalance, *, act: Act) -> Decimal:
    """Move forward commitments of its year into an envelope, in their order, until it is full.

    Only those whose nearest envelope it is. Returns how much it took up.
    """
    outstanding: dict[int, Decimal] = {}
    first: dict[int, Commitment] = {}
    rows = (
        Commitment.objects.filter(
            envelope=None,
            fiscal_year=envelope.fiscal_year,
            initiative__unit__path__startswith=envelope.unit.path,
        )
        .select_related("initiative__unit")
        .order_by("id")
    )
    for row in rows:
        outstanding[row.decision_id] = outstanding.get(row.decision_id, NOTHING) + row.amount
        first.setdefault(row.decision_id, row)
    taken = NOTHING
    for decision, amount in outstanding.items():
        forward = first[decision]
        space = locked.room
        if amount <= 0 or space <= 0:
            continue
        nearest = nearest_envelopes(forward.initiative.unit, [envelope.fiscal_year])
        if nearest.get(envelope.fiscal_year) != envelope:
            continue
        part = min(amount, space)
        balances.commit(locked, part)
        for place, value in ((None, -part), (envelope, part)):
            act.add(
                Commitment,
                decision=forward.decision,
                initiative=forward.initiative,
                envelope=place,
                fiscal_year=envelope.fiscal_year,
                amount=value,
                takes_up=forward,
            )
        taken += part
    return taken


def allocate(initiative: Initiative, decision: Decision, amount: Decimal) -> list[tuple[int, Decimal]]:
    """The envelopes that bear a release of this amount, the earliest fiscal year first.

    Raises EnvelopeExceeded when less than that is committed in envelopes.
    """
    rest, lines = amount, []
    for (owner, envelope, _), left in open_amounts(initiative).items():
        part = min(rest, left)
        if owner == decision.pk and envelope is not None and part > 0:
            lines.append((envelope, part))
            rest -= part
    if rest:
        raise EnvelopeExceeded(
            f"Only {amount - rest:,.2f} of {amount:,.2f} are committed in envelopes; the rest waits for an "
            "appropriation of its fiscal year."
        )
    return lines


def suggested_amount(initiative: Initiative) -> Decimal:
    """What the next decision would grant by the plan: the pilot, later the rest; on the light track all."""
    case = initiative.current_case
    if case is None:
        return NOTHING
    return suggested(initiative, case, cost_by_month(case), granted(case))


def suggested(
    initiative: Initiative, case: BusinessCase, costs: Sequence[tuple[date, Decimal]], before: Decimal
) -> Decimal:
    """The same from the plan's months and what was granted before, for who has read them for many."""
    rest = case.whole_life_cost - before
    if initiative.track == Track.LIGHT or initiative.stage in {Stage.PILOT, Stage.SCALING}:
        return rest
    return min(_pilot(case, costs), rest)


def suggested_pilot(case: BusinessCase) -> Decimal:
    """What the pilot costs by the plan: all months up to six after go-live; all of it without a plan."""
    return _pilot(case, cost_by_month(case))


def _pilot(case: BusinessCase, costs: Sequence[tuple[date, Decimal]]) -> Decimal:
    if not costs or case.go_live_month is None:
        return case.whole_life_cost
    end = add_months(case.go_live_month, 6)
    return money.total([cost for month, cost in costs if month < end]) or case.whole_life_cost
