"""What the demo does with envelopes, on a small house: its year is closed, each kind of change is there."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import time_machine

from dashboards.demo import money
from dashboards.demo.world import World
from governance.models import CoFunding, Envelope, EnvelopeChange
from governance.services import is_closed_year
from tests.governance.test_envelopes import Treasury, all_hold, house, of

__all__ = ["house"]

pytestmark = pytest.mark.django_db


def test_the_demo_closes_its_first_year_and_shows_each_kind_of_change(house: Treasury) -> None:
    roads: dict[str, Any] = {}
    world = cast(
        World,
        SimpleNamespace(
            cast=SimpleNamespace(finance=[house.finance], cfo=house.cfo, root=house.group),
            roads=roads,
            now=datetime(2026, 2, 2, 9, tzinfo=UTC),
            present=datetime(2027, 6, 1, 9, tzinfo=UTC),
        ),
    )
    cast(Any, world).ago = lambda days: world.present - timedelta(days=days)
    with time_machine.travel(world.now) as traveller:
        for unit in (house.one, house.two):
            house.change(unit, "appropriation", 900_000)
        old = house.fund(house.one, 40_000)
        lives = [money.end_of_year(world), money.this_year(world)]
        assert next(lives[0]) == world.now
        spring = next(lives[0])
        traveller.move_to(spring)
        assert (spring.year, spring.month) == (2027, 3)
        assert list(lives[0]) == []
        assert is_closed_year(2026)
        assert of(Envelope.objects.get(unit=house.one, fiscal_year=2027)).committed == 40_000
        for unit in (house.one, house.two):
            house.change(unit, "appropriation", 900_000)
        initiatives = [old, house.fund(house.two, 30_000), house.fund(house.one, 20_000)]
        for initiative in initiatives:
            roads[initiative.reference] = SimpleNamespace(is_running=True, initiative=initiative)
        for moment in lives[1]:
            traveller.move_to(moment)
    kinds = set(EnvelopeChange.objects.exclude(confirmation=None).values_list("kind", flat=True))
    assert kinds == {"appropriation", "carry_over", "set_aside", "transfer"}
    assert Envelope.objects.get(bucket="explore").unit == house.group
    assert CoFunding.objects.exclude(agreement=None).count() == 1
    assert all_hold()
