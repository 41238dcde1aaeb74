"""How firmly scored cases stand, from their positions: what `robustness` needs, read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np

from portfolio import money
from scoring import engine
from scoring.finance import FloatArray
from scoring.models import Score, ScoringModel
from scoring.robustness import MOST_RANKED, Cases, Standing, draw_weights, robustness
from scoring.selectors import model_of


@dataclass(frozen=True)
class Stand:
    """Where one case stands: its rank, whether it fits, and how firmly.

    `fits` is at the published weights. The rank interval is None for very long lists.
    """

    score: Score
    asks: Decimal
    rank: int
    cumulative: Decimal
    fits: bool
    share_above: float
    standing: Standing
    rank_low: int | None
    rank_high: int | None


@dataclass(frozen=True)
class Ranking:
    """Cases in rank order against a room, and the criteria that decide most flips, by title."""

    stands: Sequence[Stand]
    deciding: Sequence[str]


def in_force() -> tuple[ScoringModel, engine.Model] | None:
    """The model in force; None before the set-up."""
    model = ScoringModel.objects.published().order_by("-version").prefetch_related("criteria").first()
    return None if model is None else (model, model_of(model))


def ranked(model: engine.Model, asked: Sequence[tuple[Score, Decimal]], room: Decimal) -> Ranking:
    """Cases that were scored under this model in rank order, with what the draws say of each."""
    scores = [score for score, _ in asked]
    references = [score.initiative.reference for score in scores]
    feasibility = np.array([score.feasibility_low for score in scores])
    low = np.array([score.low for score in scores])
    cases = Cases(
        ratings=np.array([_ratings(model, score) for score in scores]).reshape(-1, len(model.criteria)),
        feasibility=feasibility,
        references=references,
        asks=np.array([money.to_stored(amount) for _, amount in asked], dtype=np.int64),
    )
    with_ranks = len(scores) <= MOST_RANKED
    drawn = _drawn(model.points(), model.kappa, model.version)
    found = robustness(drawn, cases, money.to_stored(room), with_ranks=with_ranks)
    standings = found.standings()
    stands, cumulative, still_fits = [], Decimal(0), True
    for rank, place in enumerate(engine.ranking(low, feasibility, references), start=1):
        cumulative += asked[place][1]
        still_fits = still_fits and cumulative <= room
        stands.append(
            Stand(
                score=scores[place],
                asks=asked[place][1],
                rank=rank,
                cumulative=cumulative,
                fits=still_fits,
                share_above=float(found.share_above[place]),
                standing=standings[place],
                rank_low=int(found.rank_low[place]) if with_ranks else None,
                rank_high=int(found.rank_high[place]) if with_ranks else None,
            )
        )
    return Ranking(stands, [model.criteria[column].title for column in found.deciding])


def _ratings(model: engine.Model, score: Score) -> list[float]:
    low = {part["key"]: part["rating_low"] for part in score.contributions}
    return [low[criterion.key] for criterion in model.criteria]


@lru_cache(maxsize=4)
def _drawn(points: tuple[float, ...], kappa: float, version: int) -> FloatArray:
    """The draws of a model version: a version never changes, so neither do they."""
    return draw_weights(points, kappa, seed=version)
