"""Deciding with the ledger on: open a round, sign it. The floor: the same rows and locks by plain SQL."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from bench.harness import Line
from governance import services
from ledger.models import LedgerHead
from tests import factories

DECISIONS = 20
# 1,000 a minute.
PROMISE = 60.0
AMOUNT = Decimal(100_000)


def lines(size: int) -> list[Line]:
    """One decision: opened by the office, signed by the CFO, each in a transaction of its own.

    What was decided is undone, so that the database keeps its size; what it takes to commit is measured on
    the ledger's head, and added for each of the two transactions.
    """
    with transaction.atomic():
        ready = _ready()
        with CaptureQueriesContext(connection) as queries:
            _decide(*ready.pop())
        floor = _floor(*ready.pop())
        began = time.perf_counter()
        for initiative, office, cfo in ready:
            _decide(initiative, office, cfo)
        taken = (time.perf_counter() - began) / len(ready)
        transaction.set_rollback(True)
    commits = 2 * _commit()
    return [Line("a decision", size, taken + commits, floor + commits, PROMISE, len(queries))]


def _ready() -> list[tuple[Any, User, User]]:
    """Cases that wait for their decision, with who proposes and who signs."""
    root = factories.make_unit("Bench of decisions")
    unit = factories.make_unit("Bench of proposals", parent=root)
    owner, sponsor, benefit_owner = (
        factories.make_user(f"Bench {part}", home_unit=unit) for part in ("owner", "sponsor", "benefit owner")
    )
    office = factories.make_person("Bench proposer", Role.PORTFOLIO_OFFICE, root)
    cfo = factories.make_person("Bench decider", Role.CFO, root)
    factories.appropriate(root, AMOUNT * DECISIONS * 2)
    cases = [
        factories.in_decision(
            factories.proposal_content(
                owner=owner, sponsor=sponsor, benefit_owner=benefit_owner, title=f"Decide {number}"
            ),
            unit=unit,
        )
        for number in range(DECISIONS)
    ]
    return [(initiative, office, cfo) for initiative in cases]


def _decide(initiative: Any, office: User, cfo: User) -> None:
    # A request reads its own user, and with it their grants.
    office, cfo = User.objects.get(pk=office.pk), User.objects.get(pk=cfo.pk)
    signing = services.open_signing(
        initiative,
        verb="go",
        amount=AMOUNT,
        first_tranche=AMOUNT * 15 / 100,
        reason="Best of the round",
        actor=office,
    )
    services.sign(signing, vote="for", reason="Worth it", seen_hash=signing.content_hash, actor=cfo)
    if not hasattr(type(signing).objects.get(pk=signing.pk), "decision"):
        raise RuntimeError("One signature was to make the decision.")


def _floor(*case: Any) -> float:
    """Make a decision, undo it, and write its rows once more without any of the reading and thinking."""
    written: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")) or "FOR UPDATE" in sql:
            written.append((sql, params))
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(keep):
            _decide(*case)
        transaction.set_rollback(True)
    with transaction.atomic(), connection.cursor() as cursor:
        began = time.perf_counter()
        for sql, params in written:
            cursor.execute(sql, params)
        taken = time.perf_counter() - began
        transaction.set_rollback(True)
    return taken


def _commit() -> float:
    """What one commit takes."""
    times = 20
    began = time.perf_counter()
    for _ in range(times):
        with transaction.atomic():
            LedgerHead.objects.filter(pk=1).update(seq=LedgerHead.objects.get(pk=1).seq)
    return (time.perf_counter() - began) / times
