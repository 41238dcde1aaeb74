"""How a figure travels: from facts to positions, for one initiative and for all, as of any `seq`."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import date

import numpy as np
from django.db import connection

from ledger import clock
from ledger.services import last_seq
from portfolio.models import Initiative
from scoring.finance import IntArray
from scoring.models import ReturnPosition
from scoring.positions import scores, stale, store
from scoring.positions.facts import Facts
from scoring.positions.learning import keep_observations, rules
from scoring.positions.returns import BLOCK, Computed, Provenance, compute, joined
from scoring.positions.scores import compute_scores

__all__ = [
    "Computed",
    "advance_returns",
    "compute_returns",
    "compute_scores",
    "refresh_returns",
    "refresh_scores",
]

logger = logging.getLogger(__name__)
# How many stale subjects a worker takes at once: what it holds back from others stays short.
BATCH = 5_000


def compute_returns(
    ids: Iterable[int] | None = None, *, seq: int, on: date, keep_flows: bool = False
) -> Computed:
    """The returns of some initiatives, or of all, from the facts up to `seq`, on the day `on`.

    One function for one and for all: a constant number of reads for each block, everything else in
    arrays, and the same bits whatever stands in the same block. Writes nothing.
    """
    in_force = rules(seq)
    known = _existing(ids)
    blocks = [known[start : start + BLOCK] for start in range(0, len(known), BLOCK)]
    return joined(
        [compute(Facts(block, seq), in_force, on, keep_flows=keep_flows) for block in blocks],
        Provenance(seq, on, in_force.version),
    )


def _existing(ids: Iterable[int] | None) -> IntArray:
    if ids is None:
        found = Initiative.objects.order_by("pk").values_list("pk", flat=True)
        return np.fromiter(found.iterator(chunk_size=10_000), dtype=np.int64)
    wanted = np.unique(np.fromiter(ids, dtype=np.int64))
    if not len(wanted):
        return wanted
    among = "id = ANY(%s)" if connection.vendor == "postgresql" else "id IN (SELECT value FROM json_each(%s))"
    listed = wanted.tolist() if connection.vendor == "postgresql" else str(wanted.tolist())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM portfolio_initiative WHERE {among} ORDER BY id", [listed])  # noqa: S608
        return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def refresh_returns(ids: Iterable[int] | None = None, *, on: date | None = None) -> int:
    """Bring the returns of these initiatives, or of all stale ones, up to now; how many were written.

    Safe to run twice, twice at once, and late: a position is only ever replaced by a newer one.
    """
    day = on or clock.today()
    keep_observations()

    def work(subjects: Sequence[int]) -> int:
        seq = last_seq()
        computed = compute_returns(subjects, seq=seq, on=day)
        written = store.write(computed, subjects=subjects)
        for subject, sentence in computed.faults.items():
            stale.failed(stale.RETURN, subject, seq, sentence)
        return written

    return _bring_up(stale.RETURN, ids, work)


def refresh_scores(ids: Iterable[int] | None = None, *, on: date | None = None) -> int:
    """Bring the scores of these initiatives, or of all stale ones, up to now; how many were written."""
    day = on or clock.today()

    def work(subjects: Sequence[int]) -> int:
        seq = last_seq()
        return scores.write(compute_scores(subjects, seq=seq), seq=seq, on=day, subjects=subjects)

    return _bring_up(stale.SCORE, ids, work)


def advance_returns(on: date | None = None) -> int:
    """Bring the returns of earlier days to this one: months close, milestones and sources grow late."""
    day = on or clock.today()
    behind = ReturnPosition.objects.filter(on__lt=day).order_by("pk").values_list("pk", flat=True)
    return refresh_returns(list(behind), on=day)


def _bring_up(kind: str, ids: Iterable[int] | None, work: Callable[[Sequence[int]], int]) -> int:
    batches: Iterable[Sequence[int]]
    if ids is not None:
        wanted = sorted(set(ids))
        batches = (wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH))
    else:
        batches = iter(lambda: stale.claim(kind, BATCH), [])
    return sum(_attempt(kind, subjects, work) for subjects in batches)


def _attempt(kind: str, subjects: Sequence[int], work: Callable[[Sequence[int]], int]) -> int:
    """Do the work; if it fails, halve until the subject that fails stands alone, and count that."""
    try:
        return work(subjects)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        if len(subjects) > 1:
            middle = len(subjects) // 2
            return _attempt(kind, subjects[:middle], work) + _attempt(kind, subjects[middle:], work)
        logger.exception("no %s could be computed for %s", kind, subjects[0])
        stale.failed(kind, subjects[0], last_seq(), f"{type(error).__name__}: {error}")
        return 0
