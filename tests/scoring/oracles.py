"""Second opinions for the tests: slow, exact, and written without a look at the product's formulas."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

DIGITS = 60


def decimal_present_value(flows: Sequence[float], annual_rate: str) -> Decimal:
    """Present value with 60 digits; each month is discounted by a power of its own."""
    with localcontext() as context:
        context.prec = DIGITS
        growth = (1 + Decimal(annual_rate)) ** (Decimal(1) / 12)
        return sum((Decimal(flow) / growth**t for t, flow in enumerate(flows)), Decimal(0))


def decimal_value_at(flows: Sequence[float], monthly_growth: Decimal) -> Decimal:
    """Present value at a monthly growth factor 1 + i."""
    with localcontext() as context:
        context.prec = DIGITS
        return sum((Decimal(flow) / monthly_growth**t for t, flow in enumerate(flows)), Decimal(0))


def decimal_payback(flows: Sequence[float], annual_rate: str) -> Decimal | None:
    """The last crossing of zero from below, interpolated; None is never, 0 is never below."""
    with localcontext() as context:
        context.prec = DIGITS
        growth = (1 + Decimal(annual_rate)) ** (Decimal(1) / 12)
        sums = [Decimal(0)]
        for t, flow in enumerate(flows):
            sums.append(sums[-1] + Decimal(flow) / growth**t)
        if sums[-1] < 0:
            return None
        if min(sums) >= 0:
            return Decimal(0) if sums[-1] > 0 else None
        last_below = max(index for index, value in enumerate(sums) if value < 0)
        before, after = sums[last_below], sums[last_below + 1]
        # sums[k] stands at the end of flow k - 1, which is month k - 1.
        return (last_below - 1) + before / (before - after)


def count_rates(flows: Sequence[int]) -> int:
    """How many monthly rates in (-.9, 1] make these whole flows worth nothing, by Sturm's theorem.

    Exact: a chain of polynomials in x = 1 / (1 + i) over fractions, x in [1/2, 10).
    """
    polynomial = [Fraction(flow) for flow in flows]
    while polynomial and polynomial[0] == 0:
        polynomial = polynomial[1:]
    while polynomial and polynomial[-1] == 0:
        polynomial = polynomial[:-1]
    low, high = Fraction(1, 2), Fraction(10)
    at_low = 0
    for end in (low, high):
        while _value(polynomial, end) == 0:
            at_low |= end == low
            polynomial = _divide(polynomial, [-end, Fraction(1)])[0]
    chain = [polynomial, [k * c for k, c in enumerate(polynomial)][1:]]
    while any(chain[-1]):
        remainder = _divide(chain[-2], chain[-1])[1]
        chain.append([-c for c in remainder])
    return at_low + _variations(chain, low) - _variations(chain, high)


def _value(polynomial: Sequence[Fraction], x: Fraction) -> Fraction:
    value = Fraction(0)
    for coefficient in reversed(polynomial):
        value = value * x + coefficient
    return value


def _variations(chain: Sequence[Sequence[Fraction]], x: Fraction) -> int:
    signs = [value > 0 for polynomial in chain if (value := _value(polynomial, x)) != 0]
    return sum(a != b for a, b in pairwise(signs))


def _divide(a: Sequence[Fraction], b: Sequence[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    remainder, quotient = list(a), [Fraction(0)] * max(len(a) - len(b) + 1, 1)
    while remainder and remainder[-1] == 0:
        remainder.pop()
    while len(remainder) >= len(b):
        factor, shift = remainder[-1] / b[-1], len(remainder) - len(b)
        quotient[shift] = factor
        for k, coefficient in enumerate(b):
            remainder[shift + k] -= factor * coefficient
        while remainder and remainder[-1] == 0:
            remainder.pop()
    return quotient, remainder


def stretched_by_hand(
    flows: Sequence[float], go_live: int, new_go_live: int, ratio: float, width: int
) -> list[Fraction]:
    """Delivery cost moved by time: before go-live at a slower pace, after it just later.

    Each month's amount is a rectangle over [t, t + 1); its ends are mapped, and what falls into each new
    month is its share of the mapped rectangle.
    """

    def moved(moment: Fraction) -> Fraction:
        if moment <= go_live and go_live:
            return moment * new_go_live / go_live
        return moment + new_go_live - go_live

    months = [Fraction(0)] * width
    for t, flow in enumerate(flows):
        start, end = moved(Fraction(t)), moved(Fraction(t + 1))
        for s in range(width):
            inside = min(end, Fraction(s + 1)) - max(start, Fraction(s))
            if inside > 0:
                months[s] += Fraction(flow) * Fraction(ratio) * inside / (end - start)
    return months
