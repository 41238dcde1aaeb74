"""Deciding with the ledger on: propose, sign. The floor: the same rows and locks by plain SQL."""

import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from bench.harness import Line
from governance import services
from governance.models import SigningRound
from ledger.models import LedgerHead
from portfolio.models import Initiative
from tests import factories

DECISIONS = 20
# 1,000 a minute.
PROMISE = 60.0
AMOUNT = Decimal(100_000)


def lines(size: int) -> list[Line]:
    """Proposed by the office, then signed by the CFO, which decides it; each in a transaction of its own.

    What was decided is undone, so that the database keeps its size; what it takes to commit is measured on
    the ledger's head, and added to each.
    """
    commit = _commit()
    with transaction.atomic():
        cases, office, cfo = _ready()
        propose, sign = partial(_propose, office=office), partial(_sign, cfo=cfo)
        floors = [_floor(propose, cases[0]), _floor(sign, propose(cases[1]))]
        with CaptureQueriesContext(connection) as queries:
            signing = propose(cases[0])
        counts = [len(queries)]
        with CaptureQueriesContext(connection) as queries:
            sign(signing)
        counts.append(len(queries))
        taken = [0.0, 0.0]
        # One after the other, as they come: what is granted may lead what follows to another step.
        for case in cases[2:]:
            began = time.perf_counter()
            signing = propose(case)
            proposed = time.perf_counter()
            sign(signing)
            taken[0] += proposed - began
            taken[1] += time.perf_counter() - proposed
        transaction.set_rollback(True)
    each = [seconds / len(cases[2:]) + commit for seconds in taken]
    floors = [floor + commit for floor in floors]
    return [
        Line("a decision is proposed", size, each[0], floors[0], None, counts[0]),
        Line("a decision is signed and made", size, each[1], floors[1], PROMISE, counts[1], allowed=1.0),
    ]


def _ready() -> tuple[list[Initiative], User, User]:
    """Cases that wait for their decision, with who proposes and who signs."""
    root = factories.make_unit("Bench of decisions")
    unit = factories.make_unit("Bench of proposals", parent=root)
    owner, benefit_owner = (
        factories.make_user(f"Bench {part}", home_unit=unit) for part in ("owner", "benefit owner")
    )
    office = factories.make_person("Bench proposer", Role.PORTFOLIO_OFFICE, root)
    cfo = factories.make_person("Bench decider", Role.CFO, root)
    factories.appropriate(root, AMOUNT * DECISIONS * 2)
    cases = [
        factories.in_decision(
            factories.proposal_content(
                owner=owner,
                # Each has its own, so that they are no family whose grants add up.
                sponsor=factories.make_user(f"Bench sponsor {number}", home_unit=unit),
                benefit_owner=benefit_owner,
                title=f"Decide {number}",
            ),
            unit=unit,
        )
        for number in range(DECISIONS)
    ]
    return cases, office, cfo


def _propose(initiative: Initiative, office: User) -> SigningRound:
    # A request reads its own user, and with it their grants.
    return services.open_signing(
        initiative,
        verb="go",
        amount=AMOUNT,
        first_tranche=AMOUNT * 15 / 100,
        reason="Best of the round",
        actor=User.objects.get(pk=office.pk),
    )


def _sign(signing: SigningRound, cfo: User) -> None:
    cfo = User.objects.get(pk=cfo.pk)
    services.sign(signing, vote="for", reason="Worth it", seen_hash=signing.content_hash, actor=cfo)
    if not hasattr(type(signing).objects.get(pk=signing.pk), "decision"):
        raise RuntimeError("One signature was to make the decision.")


def _floor(act: Callable[[Any], Any], subject: Any) -> float:
    """Do it, undo it, and write its rows once more without any of the reading and thinking."""
    written: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")) or "FOR UPDATE" in sql:
            written.append((sql, params))
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(keep):
            act(subject)
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
