"""Who moves: ranks, hurdles and the funding line of many scores under another version of the model.

Pure: no database. The ratings of all cases lie in one array; a version is one pass of the engine over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring import engine
from scoring.finance import BoolArray, FloatArray, IntArray, round_ratio


@dataclass(frozen=True)
class Stored:
    """The ratings of the cases that one version scored, by criterion: low, high, value; shape (3, cases).

    `levels` are the words under which a judged criterion was rated.
    """

    places: IntArray
    levels: dict[str, tuple[str, ...]]
    by_key: dict[str, FloatArray]


def unpacked(model: engine.Model, places: IntArray, packed: Sequence[bytes]) -> Stored:
    """What positions keep packed, in the order of the model's criteria. Raises ValueError for other sizes."""
    values = np.frombuffer(b"".join(packed), dtype="<f8")
    shaped = values.reshape(len(places), 3, len(model.criteria))
    return Stored(
        places,
        {criterion.key: criterion.levels for criterion in model.judged()},
        {criterion.key: shaped[:, :, column].T for column, criterion in enumerate(model.criteria)},
    )


def ratings_under(model: engine.Model, stored: Sequence[Stored], cases: int) -> engine.Ratings:
    """The ratings that these cases have under a version.

    A judged criterion that is new, or whose words changed, is unknown: 1 at the low end, 5 at the high.
    """
    low = np.full((cases, len(model.criteria)), engine.LOWEST_RATING)
    high = np.full((cases, len(model.criteria)), engine.HIGHEST_RATING)
    for part in stored:
        for column, criterion in enumerate(model.criteria):
            known = part.by_key.get(criterion.key)
            if known is None:
                continue
            if criterion.kind == engine.Kind.COMPUTED:
                rating = engine.value_function(criterion.knots, known[2])
                low[part.places, column] = np.where(np.isnan(rating), engine.LOWEST_RATING, rating)
                high[part.places, column] = np.where(np.isnan(rating), engine.HIGHEST_RATING, rating)
            elif part.levels.get(criterion.key) == criterion.levels:
                low[part.places, column] = known[0]
                high[part.places, column] = known[1]
    return engine.Ratings(low, high, np.full(low.shape, np.nan))


def ranks(low: FloatArray, feasibility_low: FloatArray) -> IntArray:
    """The rank of each case from 1: by the low end, then feasibility, then its place in the list.

    The list comes in the order of references, so that ties end as the ranking says.
    """
    order = np.lexsort((np.arange(len(low)), -feasibility_low, -low))
    found = np.empty(len(low), dtype=np.int64)
    found[order] = np.arange(1, len(low) + 1)
    return found


@dataclass(frozen=True)
class Asked:
    """The cases that ask for money: their places, what each asks for, and the envelope of each, by number."""

    places: IntArray
    amounts: FloatArray
    envelopes: IntArray
    room: FloatArray


def above_line(rank: IntArray, asked: Asked) -> BoolArray:
    """Which cases are funded: in rank order from each envelope while the next one fits; the first ends it."""
    funded = np.zeros(len(rank), dtype=np.bool_)
    left, is_over = asked.room.copy(), np.zeros(len(asked.room), dtype=np.bool_)
    for k in np.argsort(rank[asked.places], kind="stable"):
        envelope = asked.envelopes[k]
        if is_over[envelope]:
            continue
        if asked.amounts[k] > left[envelope]:
            is_over[envelope] = True
            continue
        left[envelope] -= asked.amounts[k]
        funded[asked.places[k]] = True
    return funded


@dataclass(frozen=True)
class Side:
    """All cases under one version; `hurdles` says for each hurdle of the version who reaches it."""

    low: FloatArray
    high: FloatArray
    rank: IntArray
    funded: BoolArray
    hurdles: dict[str, BoolArray]


def side_of(model: engine.Model, scores: engine.Scores, asked: Asked) -> Side:
    """Ranks, the line and the hurdles of scores that the engine gave."""
    dimension = {each.key: place for place, each in enumerate(model.dimensions)}
    feasibility = scores.dimension_low[:, dimension[engine.FEASIBILITY]]
    rank = ranks(scores.low, feasibility)
    return Side(
        low=scores.low,
        high=scores.high,
        rank=rank,
        funded=above_line(rank, asked),
        hurdles={
            hurdle.measure: (
                scores.low
                if hurdle.measure == engine.SCORE
                else scores.dimension_low[:, dimension[hurdle.measure]]
            )
            >= hurdle.at_least
            for hurdle in model.hurdles
        },
    )


def hurdles_crossed(now: Side, then: Side) -> dict[str, IntArray]:
    """For each hurdle that both have: 1 who would reach it, -1 who would miss it, 0 who stays."""
    return {
        measure: reached.astype(np.int64) - now.hurdles[measure].astype(np.int64)
        for measure, reached in then.hurdles.items()
        if measure in now.hurdles
    }


# Comparison views ----------------------------------------------------------------------------


def rice(reach: FloatArray, impact: FloatArray, confidence: FloatArray, effort: FloatArray) -> FloatArray:
    """Reach times impact times confidence over effort; NaN where something is not stated.

    Source: McBride, RICE: Simple prioritization for product managers (2018).
    """
    return _over(reach * impact * confidence, effort)


def wsjf(value: FloatArray, urgency: FloatArray, risk: FloatArray, size: FloatArray) -> FloatArray:
    """Weighted shortest job first: cost of delay (value + urgency + risk reduction) over job size.

    Source: Reinertsen, The Principles of Product Development Flow (2009), as simplified by SAFe.
    """
    return _over(value + urgency + risk, size)


def _over(above: FloatArray, below: FloatArray) -> FloatArray:
    safe = np.where(below > 0, below, np.nan)
    return round_ratio(above / safe)
