"""Amounts: stored as integers, rounded once, split to the last coin."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio import money

amounts = st.decimals(min_value=-(10**13), max_value=10**13, places=4, allow_nan=False, allow_infinity=False)


@given(amounts)
def test_storing_and_reading_gives_the_same_amount(amount: Decimal) -> None:
    assert money.from_stored(money.to_stored(amount)) == amount


@pytest.mark.parametrize("amount", ["0.00001", "NaN", "Infinity"])
def test_what_is_finer_than_the_store_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"amount|digits"):
        money.to_stored(Decimal(amount))


@given(
    st.decimals(min_value=0, max_value=10**10, places=2),
    st.lists(st.integers(0, 1000).map(Decimal), min_size=1, max_size=12).filter(any),
    st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_the_parts_of_a_split_sum_to_the_whole(
    amount: Decimal, weights: list[Decimal], currency: str
) -> None:
    amount = money.to_minor(amount, currency)
    parts = money.split(amount, weights, currency)
    assert sum(parts) == amount
    unit = money.minor_unit(currency)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / sum(weights)) < unit + unit / 1000
        assert money.is_on_minor_unit(part, currency)


def test_a_converted_amount_is_rounded_half_to_even() -> None:
    assert money.convert(Decimal("0.05"), Decimal("0.1"), "USD") == Decimal("0.00")
    assert money.convert(Decimal("0.15"), Decimal("0.1"), "USD") == Decimal("0.02")


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="XXQ"):
        money.minor_digits("XXQ")
