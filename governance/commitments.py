"""Where the money of a decision is charged, by fiscal year and envelope; taking up and freeing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q, Sum

from accounts.errors import EnvelopeExceeded, InvalidMove
from accounts.models import Unit
from governance import balances
from governance.models import (
    Bucket,
    CoFunding,
    Commitment,
    Decision,
    Envelope,
    EnvelopeBalance,
    ReleaseLine,
    Verb,
)
from ledger import clock
from ledger.services import Act
from portfolio import money
from portfolio.case import add_months
from portfolio.models import BusinessCase, Initiative, PlanLine, Stage, Track
from portfolio.selectors import fiscal_year_of
from portfolio.wording import grouped

NOTHING = Decimal(0)
# The explore bucket: at most so much of the year's appropriation, and one item at most so much of it.
EXPLORE_SHARE = Decimal("0.15")
EXPLORE_ITEM = Decimal("0.2")


@dataclass(frozen=True)
class Charge:
    """A part of a decision's money: one fiscal year, in the base currency, on an envelope or forward.

    `bearer` is the unit whose nearest envelope of the bucket bears it, or is to bear it.
    """

    fiscal_year: int
    amount: Decimal
    envelope: Envelope | None
    bearer: Unit
    bucket: str = Bucket.CORE


@dataclass(frozen=True)
class Bearer:
    """Who bears how much of an initiative's money, in per mille."""

    unit: Unit
    bucket: str
    per_mille: int


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
    years, bearers = sorted(weights), bearers_of(initiative, case)
    parts = money.split(amount_in_base, [weights[year] for year in years], settings.BASE_CURRENCY)
    nearest = [nearest_envelopes(bearer.unit, years, bearer.bucket) for bearer in bearers]
    shares = [Decimal(bearer.per_mille) for bearer in bearers]
    return [
        Charge(year, share, near.get(year), bearer.unit, bearer.bucket)
        for year, part in zip(years, parts, strict=True)
        for bearer, near, share in zip(
            bearers, nearest, money.split(part, shares, settings.BASE_CURRENCY), strict=True
        )
        if share
    ]


# Who bears it --------------------------------------------------------------------------------


def bucket_of(case: BusinessCase | None) -> str:
    """The bucket that the case asks money of."""
    content = case.content if case is not None else {}
    return Bucket.EXPLORE if content.get("bucket") == Bucket.EXPLORE else Bucket.CORE


def bearers_of(initiative: Initiative, case: BusinessCase | None) -> list[Bearer]:
    """The initiative's own unit first, or the root for exploring; then the units that agreed to a share."""
    agreed = CoFunding.objects.filter(initiative=initiative).exclude(agreement=None)
    others = [
        Bearer(row.unit, Bucket.CORE, row.per_mille) for row in agreed.select_related("unit").order_by("id")
    ]
    rest = 1000 - sum(other.per_mille for other in others)
    if bucket_of(case) == Bucket.EXPLORE:
        root = Unit.objects.get(pk=units_upward(initiative.unit)[-1])
        return [Bearer(root, Bucket.EXPLORE, rest), *others]
    return [Bearer(initiative.unit, Bucket.CORE, rest), *others]


def why_no_room(initiative: Initiative, parts: Sequence[Charge]) -> str | None:
    """What the envelopes, their caps or the limit of exploring say against these charges; None if nothing."""
    asked: dict[int, Decimal] = {}
    envelopes: dict[int, Envelope] = {}
    for part in parts:
        if part.envelope is not None:
            envelopes[part.envelope.pk] = part.envelope
            asked[part.envelope.pk] = asked.get(part.envelope.pk, NOTHING) + part.amount
    above = EnvelopeBalance.objects.filter(
        cap__isnull=False, envelope__in=with_those_above(envelopes.values())
    ).select_related("envelope__unit")
    for pk, amount in asked.items():
        envelope = envelopes[pk]
        if amount > envelope.balance.room:
            return (
                f"{envelope} has room for {grouped(envelope.balance.room)}, and this needs {grouped(amount)}"
            )
        for capped in balances.caps_above(envelope.balance, above):
            asked_under = sum(
                (
                    other
                    for key, other in asked.items()
                    if envelopes[key].unit.path.startswith(capped.envelope.unit.path)
                ),
                NOTHING,
            )
            if sentence := balances.over_cap(capped, balances.committed_under(capped.envelope), asked_under):
                return sentence.rstrip(".")
        if sentence := over_item_limit(envelope.balance, initiative, amount):
            return sentence.rstrip(".")
    return None


def over_item_limit(balance: EnvelopeBalance, initiative: Initiative, amount: Decimal) -> str | None:
    """The sentence that refuses more than a fifth of the explore envelope to one initiative."""
    envelope = balance.envelope
    if envelope.bucket != Bucket.EXPLORE:
        return None
    rows = Commitment.objects.filter(envelope=envelope, initiative=initiative)
    before = rows.aggregate(total=Sum("amount"))["total"] or NOTHING
    most = money.to_minor(balance.appropriated * EXPLORE_ITEM, envelope.currency)
    if before + amount <= most:
        return None
    return (
        f"One item gets at most a fifth of the explore envelope, {grouped(most)} of {envelope}; this would "
        f"be {grouped(before + amount)}."
    )


# Envelopes -----------------------------------------------------------------------------------


def units_upward(unit: Unit) -> list[int]:
    """The unit's id, then its parent's, up to the root."""
    return [int(part) for part in reversed(unit.path.strip("/").split("/"))]


def envelopes_for(initiative: Initiative) -> list[Envelope]:
    """Every envelope that money of it might be charged to from this year on, appropriated or not, any bucket.

    Nothing is charged to a year that is over.
    """
    upward, this_year = _units_bearing(initiative), fiscal_year_of(clock.today())
    return list(Envelope.objects.filter(unit__in=upward, fiscal_year__gte=this_year))


def _units_bearing(initiative: Initiative) -> set[int]:
    """Its own unit, those that agreed to bear a share, those of forward money, and all above them."""
    forward = Commitment.objects.filter(initiative=initiative).exclude(bearer=None)
    sharing = CoFunding.objects.filter(initiative=initiative)
    paths = {
        initiative.unit.path,
        *forward.values_list("bearer__path", flat=True),
        *sharing.values_list("unit__path", flat=True),
    }
    return {int(part) for path in paths for part in path.strip("/").split("/")}


def with_those_above(envelopes: Iterable[Envelope]) -> list[Envelope]:
    """The envelopes and those of the same years and buckets in the units above them."""
    above = Q(pk__in=[])
    for envelope in envelopes:
        above |= Q(
            unit__in=units_upward(envelope.unit),
            fiscal_year=envelope.fiscal_year,
            bucket=envelope.bucket,
        )
    return list(Envelope.objects.filter(above).select_related("unit"))


def nearest_envelopes(unit: Unit, years: Sequence[int], bucket: str = Bucket.CORE) -> dict[int, Envelope]:
    """For each year the nearest envelope upward of the bucket that has an appropriation."""
    upward = units_upward(unit)
    found = (
        Envelope.objects.filter(
            unit__in=upward, fiscal_year__in=years, bucket=bucket, balance__appropriated__gt=0
        )
        .select_related("unit", "balance")
        .order_by("pk")
    )
    for envelope in found:
        # One row in memory, so that it reads its name without asking again.
        envelope.balance.envelope = envelope
    by_distance = sorted(found, key=lambda envelope: upward.index(envelope.unit_id), reverse=True)
    return {envelope.fiscal_year: envelope for envelope in by_distance}


def has_envelope(parts: Sequence[Charge]) -> bool:
    """Whether there is money at all: an envelope for the first year that is charged, or for this one.

    Later years may be forward; a unit without any envelope is promised nothing.
    """
    if not parts or parts[0].envelope is not None:
        return True
    return bool(nearest_envelopes(parts[0].bearer, [fiscal_year_of(clock.today())], parts[0].bucket))


def in_want(parts: Sequence[Charge]) -> str:
    """Who lacks an envelope, in words."""
    exploring = " for exploring" if parts[0].bucket == Bucket.EXPLORE else ""
    return f"{parts[0].bearer}{exploring}"


# Writing -------------------------------------------------------------------------------------


def commit(
    decision: Decision, parts: Sequence[Charge], locked: Mapping[int, EnvelopeBalance], *, act: Act
) -> list[Commitment]:
    """Write the commitments of a decision and keep the balances. Raises EnvelopeExceeded."""
    written: list[Commitment] = []
    for part in parts:
        if part.envelope is not None:
            if part.envelope.pk not in locked:
                raise InvalidMove("Who bears this changed just now: open it again.")
            balance = locked[part.envelope.pk]
            if sentence := over_item_limit(balance, decision.initiative, part.amount):
                raise EnvelopeExceeded(sentence, envelope=part.envelope.pk)
            balances.commit(balance, part.amount, locked)
        written.append(
            Commitment(
                decision=decision,
                initiative=decision.initiative,
                envelope=part.envelope,
                fiscal_year=part.fiscal_year,
                amount=part.amount,
                bearer=None if part.envelope is not None else part.bearer,
                bucket=part.bucket,
            )
        )
    return act.add_many(Commitment, written)


def envelopes_of(initiative: Initiative) -> list[Envelope]:
    """The envelopes that bear commitments of the initiative, or might take up its forward ones.

    An act on its commitments locks all of them, and so never meets a confirmation that takes them up.
    """
    years = Commitment.objects.filter(initiative=initiative).values("fiscal_year")
    bearing = Q(commitments__initiative=initiative)
    upward = Q(unit__in=_units_bearing(initiative), fiscal_year__in=years)
    return list(Envelope.objects.filter(bearing | upward).distinct())


class Place(NamedTuple):
    """Where money of an initiative is promised: in an envelope, or forward for a bearer."""

    decision: int
    envelope: int | None
    fiscal_year: int
    bearer: int | None
    bucket: str


def open_amounts(initiative: Initiative) -> dict[Place, Decimal]:
    """What is committed and not released, by place, the earliest fiscal year first."""
    sums: dict[Place, Decimal] = {}
    rows = Commitment.objects.filter(initiative=initiative).values_list(
        "decision", "envelope", "fiscal_year", "bearer", "bucket", "amount"
    )
    for decision, envelope, year, bearer, bucket, amount in rows:
        place = Place(decision, envelope, year, bearer, bucket)
        sums[place] = sums.get(place, NOTHING) + amount
    lines = ReleaseLine.objects.filter(release__tranche__initiative=initiative).values_list(
        "release__tranche__decision", "envelope", "envelope__fiscal_year", "envelope__bucket", "amount"
    )
    for decision, envelope, year, bucket, amount in lines:
        sums[Place(decision, envelope, year, None, bucket)] -= amount
    return {place: amount for place, amount in sorted(sums.items(), key=_by_year) if amount}


def _by_year(item: tuple[Place, Decimal]) -> tuple[int, int, int, int, str]:
    place, _ = item
    return place.fiscal_year, place.decision, place.envelope or 0, place.bearer or 0, place.bucket


def add_at(initiative: Initiative, place: Place, amount: Decimal, *, act: Act, **names: Any) -> Commitment:
    """One row more at a place; `names` says what it follows from. The balance is the caller's to keep."""
    return act.add(
        Commitment,
        decision_id=place.decision,
        initiative=initiative,
        envelope_id=place.envelope,
        fiscal_year=place.fiscal_year,
        amount=amount,
        bearer_id=place.bearer,
        bucket=place.bucket,
        **names,
    )


def free(initiative: Initiative, locked: Mapping[int, EnvelopeBalance], *, act: Act) -> Decimal:
    """Free all that is committed and not released; returns how much. The balances must be locked."""
    freed = NOTHING
    for place, amount in open_amounts(initiative).items():
        if place.envelope is not None:
            balances.commit(locked[place.envelope], -amount, locked)
        add_at(initiative, place, -amount, act=act)
        freed += amount
    if freed:
        act.note(freed=freed)
    return freed


def take_up(envelope: Envelope, locked: Mapping[int, EnvelopeBalance], *, act: Act) -> Decimal:
    """Move forward commitments of its year into an envelope, in their order, until it is full.

    Only those whose nearest envelope it is, and no further than a cap and the limit of exploring go. The
    balances of the units above must be locked too. Returns how much it took up.
    """
    balance = locked[envelope.pk]
    outstanding: dict[tuple[int, int], Decimal] = {}
    first: dict[tuple[int, int], Commitment] = {}
    rows = (
        Commitment.objects.filter(
            envelope=None,
            fiscal_year=envelope.fiscal_year,
            bucket=envelope.bucket,
            bearer__path__startswith=envelope.unit.path,
        )
        .select_related("initiative", "bearer")
        .order_by("id")
    )
    for row in rows:
        key = (row.decision_id, row.bearer_id or 0)
        outstanding[key] = outstanding.get(key, NOTHING) + row.amount
        first.setdefault(key, row)
    taken = NOTHING
    nearer = _nearest_of({row.bearer for row in first.values() if row.bearer is not None}, envelope)
    for key, amount in outstanding.items():
        forward = first[key]
        if amount <= 0 or forward.bearer_id not in nearer:
            continue
        part = min(amount, _space(balance, forward.initiative, locked))
        if part <= 0:
            continue
        balances.commit(balance, part, locked)
        without = Place(forward.decision_id, None, envelope.fiscal_year, forward.bearer_id, envelope.bucket)
        within = Place(forward.decision_id, envelope.pk, envelope.fiscal_year, None, envelope.bucket)
        add_at(forward.initiative, without, -part, act=act, takes_up=forward)
        add_at(forward.initiative, within, part, act=act, takes_up=forward)
        taken += part
    return taken


def _nearest_of(bearers: Iterable[Unit], envelope: Envelope) -> set[int]:
    """The units of these whose nearest envelope it is, by one query for all of them."""
    there = Envelope.objects.filter(
        fiscal_year=envelope.fiscal_year,
        bucket=envelope.bucket,
        balance__appropriated__gt=0,
        unit__path__startswith=envelope.unit.path,
    )
    units = set(there.values_list("unit", flat=True))
    return {
        unit.pk
        for unit in bearers
        if next((step for step in units_upward(unit) if step in units), None) == envelope.unit_id
    }


def _space(
    balance: EnvelopeBalance, initiative: Initiative, locked: Mapping[int, EnvelopeBalance]
) -> Decimal:
    """How much more of one initiative the envelope can take up."""
    space = balance.room
    for capped in balances.caps_above(balance, locked.values()):
        if capped.cap is not None:
            space = min(space, capped.cap - balances.committed_under(capped.envelope))
    if balance.envelope.bucket == Bucket.EXPLORE:
        rows = Commitment.objects.filter(envelope=balance.envelope, initiative=initiative)
        before = rows.aggregate(total=Sum("amount"))["total"] or NOTHING
        most = money.to_minor(balance.appropriated * EXPLORE_ITEM, balance.envelope.currency)
        space = min(space, most - before)
    return space


def allocate(initiative: Initiative, decision: Decision, amount: Decimal) -> list[tuple[int, Decimal]]:
    """The envelopes that bear a release of this amount, the earliest fiscal year first.

    Within a year each bears in proportion to what of it is committed and not released, by largest remainder.
    Raises EnvelopeExceeded when less than that is committed in envelopes.
    """
    by_year: dict[int, dict[int, Decimal]] = {}
    for place, left in open_amounts(initiative).items():
        if place.decision == decision.pk and place.envelope is not None and left > 0:
            of_year = by_year.setdefault(place.fiscal_year, {})
            of_year[place.envelope] = of_year.get(place.envelope, NOTHING) + left
    rest, lines = amount, []
    for _, of_year in sorted(by_year.items()):
        part = min(rest, sum(of_year.values(), NOTHING))
        if part > 0:
            shares = money.split(part, list(of_year.values()), settings.BASE_CURRENCY)
            lines += [(envelope, share) for envelope, share in zip(of_year, shares, strict=True) if share]
            rest -= part
    if rest:
        raise EnvelopeExceeded(
            f"Only {grouped(amount - rest)} of {grouped(amount)} are committed in envelopes; the rest waits "
            "for an appropriation of its fiscal year."
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
