"""The line, departures from rank and their price, as properties of pure functions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.departures import (
    Asked,
    DepartureKind,
    best_swap,
    departures,
    expected_value,
    line_of,
)

pytestmark = pytest.mark.once

amounts = st.integers(1, 1_000_000).map(Decimal)
values = st.integers(-500_000, 2_000_000).map(Decimal)


@st.composite
def agendas(draw: st.DrawFn) -> tuple[list[Asked], Decimal]:
    """Items in rank order with any proposal, and a room."""
    rows = draw(st.lists(st.tuples(amounts, st.booleans(), values), max_size=12))
    items = [Asked(key, asks, funded, value) for key, (asks, funded, value) in enumerate(rows)]
    return items, draw(st.integers(0, 4_000_000).map(Decimal))


def by_rank(items: list[Asked], room: Decimal) -> set[int]:
    return {item.key for item in items[: line_of([item.asks for item in items], room)]}


@given(agendas())
def test_what_stands_above_the_line_fits_and_the_next_one_does_not(
    agenda: tuple[list[Asked], Decimal],
) -> None:
    items, room = agenda
    asks = [item.asks for item in items]
    line = line_of(asks, room)
    assert sum(asks[:line]) <= room
    assert line == len(asks) or sum(asks[: line + 1]) > room


@given(agendas())
def test_funding_by_rank_departs_from_nothing(agenda: tuple[list[Asked], Decimal]) -> None:
    items, room = agenda
    chosen = by_rank(items, room)
    proposed = [Asked(item.key, item.asks, item.key in chosen, item.value) for item in items]
    assert departures(proposed, room) == []


@given(agendas())
def test_a_departure_skips_somebody_above_or_funds_past_somebody(agenda: tuple[list[Asked], Decimal]) -> None:
    items, room = agenda
    line = line_of([item.asks for item in items], room)
    found = {parting.key: parting for parting in departures(items, room)}
    for place, item in enumerate(items):
        skipped = any(not other.is_funded for other in items[:place])
        departs = (place < line and not item.is_funded) or (place >= line and item.is_funded and skipped)
        assert (item.key in found) == departs
        if departs:
            below = found[item.key].kind == DepartureKind.FUNDED_BELOW
            assert below == item.is_funded


@given(agendas())
def test_the_prices_add_up_to_what_the_proposal_is_worth_beside_the_rank_order(
    agenda: tuple[list[Asked], Decimal],
) -> None:
    items, room = agenda
    proposed = {item.key for item in items if item.is_funded}
    found = departures(items, room)
    ranked = by_rank(items, room)
    # What is funded below the line with nothing above it skipped exceeds the room; it departs from nothing.
    plain = proposed - ranked - {parting.key for parting in found}
    prices = sum((parting.price or Decimal(0) for parting in found), Decimal(0))
    assert prices == expected_value(items, proposed - plain) - expected_value(items, ranked)


@given(agendas())
def test_the_best_exchange_fits_and_gains(agenda: tuple[list[Asked], Decimal]) -> None:
    items, room = agenda
    swap = best_swap(items, room)
    if swap is None:
        return
    chosen = (by_rank(items, room) - {swap.instead_of}) | {swap.fund}
    assert sum(item.asks for item in items if item.key in chosen) <= room
    assert expected_value(items, chosen) - expected_value(items, by_rank(items, room)) == swap.gain > 0


def test_a_departure_without_a_return_has_no_price() -> None:
    items = [Asked(1, Decimal(10), False, None), Asked(2, Decimal(10), True, None)]
    assert [parting.price for parting in departures(items, Decimal(10))] == [None, None]
