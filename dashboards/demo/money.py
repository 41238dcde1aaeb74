"""What finance does with envelopes: carry over and close, transfer, set aside, explore, share."""

from datetime import timedelta
from decimal import Decimal

from accounts.models import Unit
from dashboards.demo.history import Life
from dashboards.demo.road import moment_of
from dashboards.demo.world import World
from governance.carrying import unspent_of
from governance.commitments import nearest_envelopes, open_amounts
from governance.models import Bucket, Envelope, EnvelopeBalance, EnvelopeChange
from governance.services import (
    agree_co_funding,
    close_year,
    confirm_envelope_change,
    obstacles,
    propose_closing,
    propose_co_funding,
    propose_envelope_change,
)
from ledger import clock
from portfolio.case import add_months
from portfolio.selectors import fiscal_year_months, fiscal_year_of

Kind = EnvelopeChange.Kind
SHARED_PER_MILLE = 250


def end_of_year(world: World) -> Life:
    """The first year is carried over and closed in the next spring, as soon as nothing waits on it."""
    yield world.now
    year = fiscal_year_of(world.now.date())
    spring = add_months(fiscal_year_months(year + 1)[0], 2)
    yield moment_of(spring, world.now) + timedelta(days=23, hours=10)
    finance, cfo = world.cast.finance[0], world.cast.cfo
    while any("signing round" in sentence for sentence in obstacles(year)):
        yield world.now + timedelta(days=10)
    envelopes = Envelope.objects.filter(fiscal_year=year, balance__committed__gt=0).select_related("unit")
    for envelope in envelopes.order_by("pk"):
        if not unspent_of(envelope):
            continue
        change = propose_envelope_change(
            envelope.unit,
            year,
            kind=Kind.CARRY_OVER,
            reason="What was decided goes on in the new year",
            actor=finance,
        )
        confirm_envelope_change(change, actor=cfo)
    closing = propose_closing(year, reason="The books of the year are audited", actor=finance)
    close_year(closing, actor=cfo)


def this_year(world: World) -> Life:
    """Some weeks ago: the explore envelope, a contingency, a transfer, a commitment that two units bear."""
    yield world.ago(43)
    year = fiscal_year_of(clock.today())
    of_year = EnvelopeBalance.objects.filter(envelope__fiscal_year=year, envelope__bucket=Bucket.CORE)
    whole = sum((balance.appropriated for balance in of_year), Decimal(0))
    _change(
        world, world.cast.root, Kind.APPROPRIATION, _part(whole, 20), "A try costs little", Bucket.EXPLORE
    )
    by_room = sorted(
        of_year.select_related("envelope__unit"), key=lambda balance: (-balance.room, balance.pk)
    )
    largest, second = by_room[0], by_room[1]
    if part := _part(second.room, 4):
        _change(world, second.envelope.unit, Kind.SET_ASIDE, part, "For the price of tokens")
    yield world.ago(36)
    largest.refresh_from_db()
    if part := _part(largest.room, 5):
        _change(
            world,
            largest.envelope.unit,
            Kind.TRANSFER,
            part,
            "More is asked there than was planned",
            into=by_room[-1].envelope,
        )
    yield world.ago(29)
    _share(world, largest.envelope.unit, year)


def _part(room: Decimal, of: int) -> Decimal:
    """A round part of the room; nothing where there is little."""
    return room // of // 1000 * 1000


def _change(
    world: World,
    unit: Unit,
    kind: str,
    amount: Decimal,
    reason: str,
    bucket: str = Bucket.CORE,
    into: Envelope | None = None,
) -> None:
    change = propose_envelope_change(
        unit,
        fiscal_year_of(clock.today()),
        kind=kind,
        amount=amount,
        reason=reason,
        bucket=bucket,
        into=into,
        actor=world.cast.finance[0],
    )
    confirm_envelope_change(change, actor=world.cast.cfo)


def _share(world: World, unit: Unit, year: int) -> None:
    """The first running initiative of another unit with money to release that this one has room to share."""
    near = nearest_envelopes(unit, [year]).get(year)
    if near is None:
        return
    for road in world.roads.values():
        if not road.is_running or road.initiative.unit.is_under(unit):
            continue
        left = open_amounts(road.initiative)
        of_year = sum((amount for place, amount in left.items() if place.fiscal_year == year), Decimal(0))
        if 0 < of_year < near.balance.room and max(place.fiscal_year for place in left) == year:
            co_funding = propose_co_funding(
                road.initiative,
                unit=unit,
                per_mille=SHARED_PER_MILLE,
                reason="A quarter of its users work there",
                actor=world.cast.finance[0],
            )
            agree_co_funding(co_funding, actor=world.cast.cfo)
            return
