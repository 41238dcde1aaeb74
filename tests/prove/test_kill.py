"""A process killed at any moment of an act leaves the whole act or none of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import Role
from governance.models import (
    Commitment,
    Decision,
    GatePassage,
    ReleaseLine,
    Signature,
    SigningRoundEnd,
    Tranche,
    TrancheRelease,
)
from ledger.models import LedgerEntry, LedgerHead, Stale, Transaction
from ledger.selectors import verify
from portfolio.models import Posting
from tests import factories
from tests.config.environments import ROOT
from tests.governance.test_race import EACH, make_envelope, ready_to_sign
from tests.prove.count import SEED, of, proof

KILLS = of(10, 200)
# Nobody lives longer than this; most acts take a few hundredths of a second.
LONGEST = 0.25


def address() -> str:
    """The database of this test, for another process."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user, host = quote(settings["USER"] or "postgres"), settings["HOST"] or "127.0.0.1"
    password = f":{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else ""
    return f"postgres://{user}{password}@{host}:{settings['PORT'] or 5432}/{settings['NAME']}"


@contextmanager
def acting() -> Iterator[subprocess.Popen[str]]:
    """The process that starts processes that act."""
    environment = os.environ | {
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEMO": "1",
        "LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(ROOT),
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.prove.acts_in_a_loop"],
        cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield running
    finally:
        assert running.stdin is not None
        running.stdin.close()
        running.wait(timeout=30)


def wait_for_acts(file: Path, number: int) -> None:
    """Wait until the process has begun, and has done so many acts: a slow machine must get somewhere, too."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        said = file.read_text() if file.exists() else ""
        if said and said.count("done") >= number:
            return
        time.sleep(0.001)
    pytest.fail(f"The process did not act within a minute: {file}")


def backends() -> set[int]:
    """The processes of PostgreSQL that serve others in this database; none on SQLite."""
    if connection.vendor != "postgresql":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}


def wait_for_the_backend(others: set[int]) -> None:
    """PostgreSQL notices after a moment that nobody is there any more; until then it may still write.

    `others` served somebody else before, such as threads of an earlier test.
    """
    until = time.monotonic() + 30
    while backends() - others and time.monotonic() < until:
        time.sleep(0.01)


def halves() -> list[str]:
    """What is there of an act without the rest of it; the chain and the digests are verified apart."""
    marks = dict(Stale.objects.filter(kind="return").values_list("subject", "last_seq"))
    signed = set(Signature.objects.values_list("signing", flat=True))
    decided = Decision.objects.select_related("transaction")
    found = []
    if signed != set(SigningRoundEnd.objects.values_list("signing", flat=True)):
        found.append("a signature without its end")
    if signed != {decision.signing_id for decision in decided}:
        found.append("a signature without its decision")
    for model in (Commitment, GatePassage, Tranche):
        rows = model._default_manager.values_list("initiative", flat=True)
        if {decision.initiative_id for decision in decided} != set(rows):
            found.append(f"a decision without its {model._meta.verbose_name}")
    if any(marks.get(row.initiative_id, 0) < row.transaction.seq for row in decided):
        found.append("a decision without its stale mark")
    posted = Posting.objects.select_related("transaction")
    if any(marks.get(row.initiative_id or 0, 0) < row.transaction.seq for row in posted):
        found.append("a posting without its stale mark")
    released = set(TrancheRelease.objects.values_list("pk", flat=True))
    if released != set(ReleaseLine.objects.values_list("release", flat=True)):
        found.append("a release without its line")
    head = LedgerHead.objects.get()
    if not head.seq == Transaction.objects.count() == LedgerEntry.objects.count():
        found.append("a transaction without its entry")
    return found


@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_leaves_an_act_whole_or_undone(tmp_path: Path) -> None:
    unit = factories.make_unit("Northwind Group")
    author = factories.make_person("Lena Lead", Role.UNIT_LEAD, unit)
    factories.make_person("Carla Cfo", Role.CFO, unit)
    make_envelope(unit, EACH * KILLS * 20)
    random, made, others = Random(SEED), 0, backends()
    with proof("acts killed by SIGKILL") as counts, acting() as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for number in range(KILLS):
            # Enough that waits to be signed.
            while made < 5 or made - Signature.objects.count() < 5:
                ready_to_sign(unit, made, author)
                made += 1
            connection.close()
            file = tmp_path / str(number)
            running.stdin.write(f"{random.randrange(2**32)} {file}\n")
            running.stdin.flush()
            child = int(running.stdout.readline())
            wait_for_acts(file, random.randrange(3))
            time.sleep(random.uniform(0, LONGEST))
            os.kill(child, signal.SIGKILL)
            assert running.stdout.readline() == "ended\n"
            wait_for_the_backend(others)
            lines = file.read_text().splitlines()
            counts["cases"] += 1
            counts["acts before"] += lines.count("done")
            if lines[-1] not in {"done", "nothing to do"}:
                name, seq = lines[-1].split()
                after = LedgerHead.objects.get().seq
                assert after in {int(seq), int(seq) + 1}, (lines, after)
                counts["killed inside an act"] += 1
                counts["of these whole" if after > int(seq) else "of these undone"] += 1
                counts[f"in {name}"] += 1
            assert halves() == [], lines
            assert verify(state=True) == [], lines
        assert counts["killed inside an act"] > KILLS // 4
        assert counts["acts before"]
        call_command("verify_ledger", state=True)
        call_command("rebuild", check=True)
