"""445 amounts around the thresholds of an authority of seven bodies, each routed to the right one."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from functools import partial

import pytest
from django.conf import settings

from accounts.models import Unit
from governance import authority
from portfolio import money
from tests.governance import seven_steps
from tests.governance.seven_steps import BODIES, CURRENCY, LIMITS, RATES, Keepers

LOWEST, HIGHEST = Decimal(865), Decimal(371_000_000)
CASES = 445


def exact_rate(currency: str) -> Fraction:
    """Units of the base currency for one unit."""
    return Fraction(1) if currency == settings.BASE_CURRENCY else Fraction(RATES[currency])


def oracle(amount: Decimal, currency: str) -> str:
    """The body by whole cents of the limits' currency, half-even, without the product's own arithmetic."""
    exact = Fraction(amount) * exact_rate(currency) / exact_rate(CURRENCY) * 100
    cents = round(exact) if currency != CURRENCY else int(Fraction(amount) * 100)
    return BODIES[sum(cents > int(limit * 100) for limit in LIMITS)]


def around(limit: Decimal, currency: str) -> list[Decimal]:
    """The limit in a currency: just below, at, and one of its coins above."""
    coin = money.minor_unit(currency)
    exact = Fraction(limit) * exact_rate(CURRENCY) / exact_rate(currency)
    at = int(exact / Fraction(coin)) * coin
    return [at - coin, at, at + coin]


def cases() -> list[tuple[Decimal, str]]:
    """Around every threshold in every currency; the rest spread over the whole range, by a fixed rule."""
    currencies = [CURRENCY, settings.BASE_CURRENCY, "GBP", "CHF", "JPY", "KWD"]
    found = [
        (amount, currency)
        for limit in LIMITS
        for currency in currencies
        for amount in around(limit, currency)
    ]
    steps = CASES - len(found)
    ratio = (float(HIGHEST) / float(LOWEST)) ** (1 / (steps - 1))
    for number in range(steps):
        currency = currencies[number % len(currencies)]
        wanted = min(max(Fraction(float(LOWEST) * ratio**number), Fraction(LOWEST)), Fraction(HIGHEST))
        in_currency = wanted * exact_rate(CURRENCY) / exact_rate(currency)
        coin = money.minor_unit(currency)
        found.append((int(in_currency / Fraction(coin)) * coin, currency))
    return found


@pytest.mark.django_db
def test_445_amounts_come_before_the_right_body_in_every_currency(group: Unit) -> None:
    keepers = Keepers(group)
    seven_steps.planning_rates(keepers)
    bodies = [seven_steps.committee(name, keepers, group, seven_steps.QUORUM)[0] for name in BODIES]
    seven_steps.adopted(seven_steps.seven_steps(bodies), keepers)
    steps = authority.steps_in_force()
    amounts = cases()
    wrong = []
    for amount, currency in amounts:
        amount_in = partial(authority.converted, amount, currency)
        step = authority.route(amount_in, tier="limited", unit=group, steps=steps).step
        if step.name != oracle(amount, currency):
            wrong.append((amount, currency, step.name))
    assert wrong == []
    assert len(set(amounts)) == CASES
    reached = Counter(oracle(*case) for case in amounts)
    assert set(reached) == set(BODIES)


def test_the_oracle_sends_a_limit_to_its_own_step_and_a_cent_more_to_the_next() -> None:
    for place, limit in enumerate(LIMITS):
        assert oracle(limit, CURRENCY) == BODIES[place]
        assert oracle(limit + Decimal("0.01"), CURRENCY) == BODIES[place + 1]
