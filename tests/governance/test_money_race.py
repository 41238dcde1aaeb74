"""Transfers and commitments at once on the same two envelopes, and any sequence of acts on them."""

import contextlib
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.errors import DomainError, EnvelopeExceeded, InvalidMove
from accounts.models import Unit, User
from governance import services
from governance.models import (
    EnvelopeBalance,
    EnvelopeChange,
    EnvelopeConfirmation,
    SigningRound,
    Tranche,
)
from portfolio.models import Initiative
from tests.governance.test_envelopes import Treasury, all_hold, house, of, shared
from tests.governance.test_race import EACH, at_once

__all__ = ["house"]

TRANSFERS, SIGNATURES = 24, 40


@pytest.mark.django_db(transaction=True)
def test_64_transfers_and_commitments_at_once_overrun_nothing_and_lose_nothing(house: Treasury) -> None:
    one = house.change(house.one, "appropriation", EACH * 15)
    two = house.change(house.two, "appropriation", EACH * 15)
    house.change(house.group, "cap", EACH * 25)
    pairs = [(house.one, two), (house.two, one)]
    changes = [
        house.propose(unit, "transfer", EACH * 3, into=into) for unit, into in pairs * (TRANSFERS // 2)
    ]
    rounds = [house.ready(pairs[number % 2][0], EACH) for number in range(SIGNATURES)]

    def me() -> User:
        # Each thread brings its own user, as each request does.
        return User.objects.get(pk=house.cfo.pk)

    def confirms(change: EnvelopeChange) -> Callable[[], object]:
        return lambda: services.confirm_envelope_change(change, actor=me())

    def signs(signing: SigningRound) -> Callable[[], object]:
        return lambda: services.sign(
            signing, vote="for", reason="Worth it", seen_hash=signing.content_hash, actor=me()
        )

    ended = at_once([*map(confirms, changes), *map(signs, rounds)])

    raised = [error for error in ended if not (is_sqlite() and "locked" in str(error))]
    assert {type(error) for error in raised} <= {type(None), EnvelopeExceeded, InvalidMove}
    assert EnvelopeConfirmation.objects.filter(change__in=changes).count() == ended[:TRANSFERS].count(None)
    assert Initiative.objects.filter(stage="scaling").count() == ended[TRANSFERS:].count(None)
    left, right = of(one), of(two)
    assert left.appropriated + right.appropriated == EACH * 30
    assert left.committed + right.committed == EACH * ended[TRANSFERS:].count(None) <= EACH * 25
    for balance in (left, right):
        assert 0 <= balance.committed <= balance.appropriated
    assert all_hold()


def is_sqlite() -> bool:
    """Whether writers queue for the whole file; on a slow machine the last of 64 may wait too long."""
    return connection.vendor == "sqlite"


ACTS = (
    "appropriation", "supplement", "reduction", "transfer", "set_aside", "draw", "cap", "uncap",
    "fund", "release", "bill", "share", "claw_back", "stop",
)  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 900)), min_size=4, max_size=14))
def test_after_any_sequence_of_acts_the_facts_add_up_to_the_balances(
    house: Treasury, acts: list[tuple[str, int]]
) -> None:
    with transaction.atomic():
        house.change(house.one, "appropriation", 1_000)
        house.change(house.two, "appropriation", 1_000)
        for act, size in acts:
            whole = appropriated()
            with contextlib.suppress(DomainError):
                do(house, act, Decimal(size))
            if act not in {"appropriation", "supplement", "reduction"}:
                assert appropriated() == whole
            for row in EnvelopeBalance.objects.all():
                assert 0 <= row.released <= row.committed <= row.appropriated - row.contingency
            assert all_hold()
        transaction.set_rollback(True)


def appropriated() -> Decimal:
    """All that is appropriated."""
    return sum((row.appropriated for row in EnvelopeBalance.objects.all()), Decimal(0))


def do(house: Treasury, act: str, amount: Decimal) -> None:
    """One act, by an amount that may be too large, on whichever the amount points at."""
    unit = (house.one, house.two)[int(amount) % 2]
    other = of_unit(house, house.two if unit == house.one else house.one)
    running = list(Initiative.objects.filter(stage="scaling", closed_kind="").order_by("pk"))
    if act == "transfer":
        house.change(unit, act, amount, into=other.envelope)
    elif act == "cap":
        house.change(house.group, act, amount * 2)
    elif act == "uncap":
        house.change(house.group, act)
    elif act == "fund":
        house.fund(unit, amount)
    elif act not in {"release", "bill", "share", "claw_back", "stop"}:
        house.change(unit, act, amount)
    elif running:
        on_initiative(house, act, amount, running[int(amount) % len(running)])


def on_initiative(house: Treasury, act: str, amount: Decimal, initiative: Initiative) -> None:
    """One act on an initiative that runs."""
    released = Tranche.objects.filter(initiative=initiative).exclude(release=None).order_by("id").first()
    if act == "bill":
        house.bill(initiative, amount)
    elif act == "share":
        shared(house, initiative, int(amount), house.two if initiative.unit == house.one else house.one)
    elif act == "release" and released is None:
        house.release(initiative)
    elif act == "claw_back" and released is not None:
        claw_back = services.propose_claw_back(released, amount=amount, reason="x", actor=house.finance)
        services.confirm_claw_back(claw_back, actor=house.cfo)
    elif act == "stop":
        services.stop(initiative, reason="Too slow", actor=house.ceo)


def of_unit(house: Treasury, unit: Unit) -> EnvelopeBalance:
    """The balance of a unit's envelope of now."""
    return EnvelopeBalance.objects.select_related("envelope__unit").get(envelope__unit=unit)
