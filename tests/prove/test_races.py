"""Sixty-four at once on one envelope, round after round: nothing is overrun, and nobody is told yes twice.

The control, which overruns without the guard, stands in tests/governance/test_race.py.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import OperationalError

from accounts.errors import EnvelopeExceeded, InvalidMove
from accounts.models import Role, Unit, User
from governance import services
from governance.balances import balance_from_facts
from governance.models import (
    Commitment,
    Decision,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    EnvelopeConfirmation,
    Signature,
    Tranche,
    TrancheRelease,
)
from ledger.selectors import verify
from tests import factories
from tests.governance.test_race import EACH, FITS, THREADS, at_once, make_envelope, ready_to_sign
from tests.prove.count import of, proof

ROUNDS = of(2, 50)


class Round:
    """One envelope of a unit of its own, with who proposes and who decides there."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.unit: Unit = factories.make_unit(f"Unit {number}")
        self.author = factories.make_person(f"Lead {number}", Role.UNIT_LEAD, self.unit)
        self.cfo = factories.make_person(f"Cfo {number}", Role.CFO, self.unit)
        self.envelope: Envelope = make_envelope(self.unit, EACH * FITS)

    def signs(self, place: int) -> Callable[[], object]:
        """A decision that waits for its last signature, and the act that signs it."""
        signing = ready_to_sign(self.unit, self.number * THREADS + place, self.author)
        # Each thread brings its own user, as each request does.
        return lambda: services.sign(
            signing,
            vote="for",
            reason="Worth it",
            seen_hash=signing.content_hash,
            actor=User.objects.get(pk=self.cfo.pk),
        )

    def releases(self, tranche: Tranche) -> Callable[[], object]:
        """The act that releases a tranche."""

        def release() -> None:
            fresh = Tranche.objects.select_related("initiative__unit", "decision").get(pk=tranche.pk)
            services.release_tranche(fresh, actor=User.objects.get(pk=self.cfo.pk))

        return release

    def check(self) -> EnvelopeBalance:
        """Nothing is overrun, by the facts and by the balance that is kept."""
        balance = EnvelopeBalance.objects.get(envelope=self.envelope)
        kept = {name: getattr(balance, name) for name in ("appropriated", "committed", "released")}
        from_facts = balance_from_facts(self.envelope)
        assert kept == {name: from_facts[name] for name in kept}
        assert Decimal(0) <= balance.released <= balance.committed <= balance.appropriated
        return balance


def patiently(act: Callable[[], object]) -> Callable[[], object]:
    """The act, done again when the database was so busy that it gave up waiting; nothing was done then."""

    def acts() -> object:
        for _ in range(30):
            with suppress(OperationalError):
                return act()
        return act()

    return acts


def race_decisions(of_round: Round) -> list[BaseException | None]:
    """All sign at once, each a decision of its own; the envelope has room for a part of them."""
    ended = at_once([patiently(of_round.signs(place)) for place in range(THREADS)])
    assert {type(error) for error in ended} == {type(None), EnvelopeExceeded}
    balance = of_round.check()
    commitments = Commitment.objects.filter(envelope=of_round.envelope)
    decided = Decision.objects.filter(initiative__unit=of_round.unit)
    signatures = Signature.objects.filter(signing__initiative__unit=of_round.unit)
    assert balance.committed == EACH * FITS
    assert ended.count(None) == FITS == commitments.count() == decided.count() == signatures.count()
    assert decided.values("initiative").distinct().count() == FITS
    return ended


def race_releases(of_round: Round) -> list[BaseException | None]:
    """All release at once, several of them the same tranche."""
    for place in range(FITS):
        of_round.signs(place)()
    tranches = list(Tranche.objects.filter(initiative__unit=of_round.unit).order_by("pk"))
    assert len(tranches) == FITS
    ended = at_once([patiently(of_round.releases(tranches[place % FITS])) for place in range(THREADS)])
    assert {type(error) for error in ended} == {type(None), InvalidMove}
    assert of_round.check().released == EACH * FITS
    released = TrancheRelease.objects.filter(tranche__in=tranches)
    assert ended.count(None) == FITS == released.count()
    assert released.values("tranche").distinct().count() == FITS
    return ended


def race_transfers(of_round: Round) -> list[BaseException | None]:
    """All move money out of one envelope at once; it holds enough for a part of them."""
    other = factories.make_unit(f"Neighbour {of_round.number}")
    receiver = Envelope.objects.create(unit=other, fiscal_year=of_round.envelope.fiscal_year)
    EnvelopeBalance.objects.create(envelope=receiver)
    finance = factories.make_person(f"Finance {of_round.number}", Role.FINANCE, of_round.unit)
    for person, role in ((finance, Role.FINANCE), (of_round.cfo, Role.CFO)):
        factories.grant(person, role, other)
    changes = [
        services.propose_envelope_change(
            of_round.unit,
            of_round.envelope.fiscal_year,
            kind="transfer",
            amount=EACH,
            into=receiver,
            reason="They need it sooner",
            actor=User.objects.get(pk=finance.pk),
        )
        for _ in range(THREADS)
    ]

    def confirms(change: EnvelopeChange) -> Callable[[], object]:
        return lambda: services.confirm_envelope_change(change, actor=User.objects.get(pk=of_round.cfo.pk))

    ended = at_once([patiently(confirms(change)) for change in changes])
    assert {type(error) for error in ended} == {type(None), InvalidMove}
    assert of_round.check().appropriated == 0
    assert EnvelopeBalance.objects.get(envelope=receiver).appropriated == EACH * FITS
    assert balance_from_facts(receiver)["appropriated"] == EACH * FITS
    confirmed = EnvelopeConfirmation.objects.filter(change__in=changes)
    assert ended.count(None) == FITS == confirmed.count()
    return ended


# One more race is one more function here: it takes a round, and returns how each of its threads ended.
RACES: list[Callable[[Round], list[BaseException | None]]] = [race_decisions, race_releases, race_transfers]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_no_race_overruns_an_envelope(race: Callable[[Round], list[BaseException | None]]) -> None:
    with proof(f"{race.__name__.replace('_', ' ')}, {THREADS} at once") as counts:
        for number in range(ROUNDS):
            ended = Counter(type(error).__name__ for error in race(Round(number)))
            counts["cases"] += THREADS
            counts["rounds"] += 1
            counts["done"] += ended.pop("NoneType")
            counts["refused"] += ended.total()
        assert verify(state=True) == []
        call_command("rebuild", check=True, verbosity=0)
