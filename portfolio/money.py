"""Amounts, without Django: minor units, rounding, splitting, converting. Only this module rounds money.

An amount is a Decimal in units of its currency; the database keeps integers of 10^-4 units.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import numpy as np
import numpy.typing as npt

STORED_PLACES = 4
ONE = 10**STORED_PLACES
# Digits after the point by ISO 4217, where they are not two.
_MINOR_DIGITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
CURRENCIES = frozenset({
    "AED", "AUD", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR",
    "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JOD", "JPY", "KRW", "KWD", "MAD", "MXN", "MYR",
    "NGN", "NOK", "NZD", "OMR", "PEN", "PHP", "PLN", "QAR", "RON", "RSD", "SAR", "SEK", "SGD", "THB",
    "TND", "TRY", "TWD", "UAH", "USD", "UYU", "VND", "ZAR",
})  # fmt: skip


def minor_digits(currency: str) -> int:
    """Digits after the point of the currency's smallest coin. Raises ValueError for an unknown currency."""
    if currency not in CURRENCIES:
        raise ValueError(f"{currency!r} is not a currency that Keel knows.")
    return _MINOR_DIGITS.get(currency, 2)


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for USD, 1 for JPY."""
    return Decimal(1).scaleb(-minor_digits(currency))


def to_minor(amount: Decimal, currency: str) -> Decimal:
    """The amount, rounded half-even to the currency's minor unit."""
    with localcontext(prec=60):
        return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_EVEN)


def is_on_minor_unit(amount: Decimal, currency: str) -> bool:
    """Whether the amount can be paid in coins of the currency."""
    return to_minor(amount, currency) == amount


def to_stored(amount: Decimal) -> int:
    """The integer of 10^-4 units. Raises ValueError for an amount that is finer than that or not finite."""
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount.")
    with localcontext(prec=60):
        scaled = amount.scaleb(STORED_PLACES)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} has more than {STORED_PLACES} digits after the point.")
        return int(scaled)


def from_stored(stored: int) -> Decimal:
    """The Decimal of a stored integer, always with four digits after the point."""
    with localcontext(prec=60):
        return Decimal(stored).scaleb(-STORED_PLACES)


def convert(amount: Decimal, rate: Decimal, into: str) -> Decimal:
    """The amount times the rate (units of `into` for one unit), rounded half-even once."""
    with localcontext(prec=60):
        return to_minor(amount * rate, into)


def split(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Parts in proportion to the weights that sum to the amount exactly, by largest remainder.

    Ties go to the earlier part. Raises ValueError for no weights, a negative one or a zero sum.
    """
    if not weights or min(weights) < 0 or not sum(weights):
        raise ValueError("split() needs weights that are not negative and not all zero.")
    unit = minor_unit(currency)
    sign = -1 if amount < 0 else 1
    coins = int(abs(amount) / unit)
    with localcontext(prec=60):
        exact = [coins * weight / sum(weights) for weight in weights]
    whole = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[: coins - sum(whole)]:
        whole[i] += 1
    return [sign * part * unit for part in whole]


def total(amounts: Mapping[str, Decimal] | Sequence[Decimal]) -> Decimal:
    """The exact sum."""
    values = amounts.values() if isinstance(amounts, Mapping) else amounts
    with localcontext(prec=60):
        return sum(values, Decimal(0))


def convert_stored(stored: npt.NDArray[np.int64], rate: Decimal, into: str) -> npt.NDArray[np.int64]:
    """Many stored amounts converted at one rate, each as `convert` would: half-even, once, to the minor unit.

    Whole numbers all the way, so nothing is rounded twice. Raises OverflowError for what does not fit.
    """
    minor = 10 ** (STORED_PLACES - minor_digits(into))
    exact = Fraction(rate) / minor
    most = int(np.abs(stored).max(initial=0))
    whole, rest = np.divmod(stored, exact.denominator)
    # whole * numerator and rest * numerator are the only products; both must fit into 63 bits.
    if max(most // exact.denominator + 1, 2 * exact.denominator) * exact.numerator * minor >= 2**63:
        texts = [to_stored(convert(from_stored(int(amount)), rate, into)) for amount in stored]
        return np.array(texts, dtype=np.int64).reshape(stored.shape)
    coins, remainder = np.divmod(rest * exact.numerator, exact.denominator)
    coins += whole * exact.numerator
    twice = 2 * remainder
    coins += (twice > exact.denominator) | ((twice == exact.denominator) & (coins % 2 == 1))
    return np.asarray(coins * minor, dtype=np.int64)
