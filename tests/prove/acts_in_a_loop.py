"""A process that acts in a loop until it is killed; run by test_kill.py with the database of the test.

For each line on its input (a seed and a file) it forks a process that acts, prints its number, and waits for
its end. What it is about to do stands in the file before each act, with the number of the last record.
"""

import os
import sys
from decimal import Decimal
from random import Random

import django

django.setup()

from django.db import connection  # noqa: E402 the apps have to be loaded first

from accounts.models import Role, User  # noqa: E402
from governance import services  # noqa: E402
from governance.models import EnvelopeChange, SigningRound, Tranche  # noqa: E402
from ledger import clock  # noqa: E402
from ledger.services import last_seq  # noqa: E402
from portfolio import services as portfolio  # noqa: E402
from portfolio.models import Initiative  # noqa: E402
from portfolio.selectors import fiscal_year_of  # noqa: E402
from tests.factories import holder  # noqa: E402


def sign() -> None:
    """The last signature of a round: a decision, its commitment, its tranches, its stage."""
    signing = SigningRound.objects.filter(ending=None).order_by("pk")[0]
    actor = holder(Role.CFO, signing.initiative.unit)
    services.sign(signing, vote="for", reason="Worth it", seen_hash=signing.content_hash, actor=actor)


def release() -> None:
    """A tranche that was decided."""
    tranche = Tranche.objects.filter(release=None).order_by("pk")[0]
    services.release_tranche(tranche, actor=holder(Role.CFO, tranche.initiative.unit))


def post() -> None:
    """An actual, which marks the return stale."""
    initiative = Initiative.objects.filter(stage="scaling").order_by("pk")[0]
    by_hand = User.objects.get(name__startswith="Pia Proposer")
    portfolio.post(
        initiative,
        service_month=clock.today(),
        amount=Decimal(1),
        currency="USD",
        category="cloud",
        actor=by_hand,
    )


def propose() -> None:
    """More for the envelope, waiting to be confirmed."""
    unit = Initiative.objects.order_by("pk")[0].unit
    year = fiscal_year_of(clock.today())
    pia = User.objects.get(name__startswith="Pia Proposer")
    services.propose_envelope_change(
        unit, year, kind="supplement", amount=Decimal(1_000), reason="More", actor=pia
    )


def confirm() -> None:
    """The second yes to what was proposed."""
    change = EnvelopeChange.objects.filter(confirmation=None).order_by("pk")[0]
    services.confirm_envelope_change(change, actor=holder(Role.CFO, change.envelope.unit))


ACTS = (sign, release, post, propose, confirm)


def act(seed: int, path: str) -> None:
    """Act until killed."""
    random = Random(seed)
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    while True:
        chosen = random.choice(ACTS)
        os.write(file, f"{chosen.__name__} {last_seq()}\n".encode())
        try:
            chosen()
        except IndexError:
            os.write(file, b"nothing to do\n")
        else:
            os.write(file, b"done\n")


def main() -> None:
    """Fork one process for each line."""
    for line in sys.stdin:
        seed, path = line.split()
        connection.close()
        child = os.fork()
        if not child:
            act(int(seed), path)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
