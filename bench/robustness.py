"""Who stays above the line over 10,000 draws of the weights; and the scores of all after a change of weights.

The cases are made up here, with a fixed seed: the databases of the benchmark hold no scorecards. Robustness
is promised in time of the processor, so that is what is measured; re-scoring by the clock.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from django.db import connection, transaction

from bench.harness import Line, timed
from scoring import engine
from scoring.default_model import DEFAULT_MODEL
from scoring.finance import FloatArray
from scoring.positions import store
from scoring.robustness import DRAWS, Cases, draw_weights, robustness

# quality.md and issue 3, in milliseconds.
PROMISES = {1_000: 1_000.0, 10_000: 1_000.0, 100_000: 5_000.0}
PROMISES_OF_RESCORING = {100_000: 1_000.0}
RANKED = 1_000
CRITERIA = len(DEFAULT_MODEL.criteria)


def lines(size: int) -> list[Line]:
    """Robustness with rank intervals up to a thousand cases, shares above; and re-scoring."""
    ratings = _ratings(size)
    scores = engine.score_many(DEFAULT_MODEL, ratings, ratings)
    asks = np.random.default_rng(2).integers(10_000, 3_000_000, size=size) * 10_000
    cases = Cases(ratings, scores.dimension_low[:, 0], [f"AI-{k:06}" for k in range(size)], asks)
    room = int(asks.sum() * 0.3)
    with_ranks = size <= RANKED

    def who_is_above() -> None:
        weights = draw_weights(DEFAULT_MODEL.points(), DEFAULT_MODEL.kappa, seed=DEFAULT_MODEL.version)
        robustness(weights, cases, room, with_ranks=with_ranks)

    times = 1 if size > 10_000 else 3
    return [
        Line(
            "robustness, 10,000 draws, with ranks" if with_ranks else "robustness, 10,000 draws, shares",
            size,
            _processor_time(who_is_above, times),
            _processor_time(lambda: _floor(ratings), times),
            PROMISES.get(size),
        ),
        Line(
            "re-score after a change of weights, computing",
            size,
            timed(lambda: engine.score_many(DEFAULT_MODEL, ratings, ratings), times=times, warm_up=0),
            timed(lambda: _weighted_sum(ratings), times=times, warm_up=0),
        ),
        Line(
            "re-score after a change of weights, into a side table",
            size,
            timed(lambda: _into_a_side_table(ratings), times=times, warm_up=0),
            timed(lambda: _floor_of_rescoring(ratings), times=times, warm_up=0),
            PROMISES_OF_RESCORING.get(size),
        ),
    ]


def _processor_time(work: Callable[[], object], times: int) -> float:
    """The median of some runs, in seconds of the processor."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return median(taken)


def _ratings(size: int) -> FloatArray:
    """Ratings in halves, as medians are."""
    return np.random.default_rng(1).integers(2, 11, size=(size, CRITERIA)) / 2


def _weighted_sum(ratings: FloatArray) -> FloatArray:
    return np.asarray((ratings - 1) / 4 @ np.array(DEFAULT_MODEL.points()), dtype=np.float64)


def _floor(ratings: FloatArray) -> FloatArray:
    """Scores of all draws by one product after the other, and those above the middle score counted."""
    weights = np.random.default_rng(3).dirichlet(
        np.array(DEFAULT_MODEL.points()) / 100 * DEFAULT_MODEL.kappa, DRAWS
    )
    values = ((ratings - 1) / 4).T
    above = np.zeros(len(ratings))
    step = max(16, 2**18 // len(ratings))
    for start in range(0, DRAWS, step):
        scores = weights[start : start + step] @ values
        above += (scores > 0.5).sum(axis=0)
    return above


def _into_a_side_table(ratings: FloatArray) -> None:
    scores = engine.score_many(DEFAULT_MODEL, ratings, ratings)
    columns = {
        "initiative_id": np.arange(len(ratings), dtype=np.float64),
        "low": scores.low,
        "high": scores.high,
    }
    columns |= {
        f"{dimension.key}_{end}": values[:, place]
        for place, dimension in enumerate(DEFAULT_MODEL.dimensions)
        for end, values in (("low", scores.dimension_low), ("high", scores.dimension_high))
    }
    _write(columns)


def _floor_of_rescoring(ratings: FloatArray) -> None:
    _write({"initiative_id": np.arange(len(ratings), dtype=np.float64), "low": _weighted_sum(ratings)})


def _write(columns: dict[str, FloatArray]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            store._copy_into_side(cursor, columns)
            return
        cursor.execute("DROP TABLE IF EXISTS side")
        cursor.execute(f"CREATE TEMPORARY TABLE side ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns)).replace("?", "%s")
        rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))
        cursor.executemany(f"INSERT INTO side VALUES ({marks})", rows)  # noqa: S608  names of this file
