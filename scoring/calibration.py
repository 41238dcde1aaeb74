"""Did the score tell how it would end? Scores of finished initiatives against their outcomes.

Pure: numbers in, numbers out. An outcome is met, partly met or failed, in this order. What was stopped
early is left out: nobody saw how it would have ended, and stopping early is a good outcome for its unit.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scoring.finance import FloatArray

# Fewer finished initiatives than this say nothing about the model.
ENOUGH = 30
MET, PARTLY_MET, FAILED = "met", "partly_met", "failed"
RANK_OF = {FAILED: 0.0, PARTLY_MET: 1.0, MET: 2.0}
# Score bands: from one of these to below the next, the last one to 100 and with it.
BAND_EDGES = (0.0, 50.0, 60.0, 65.0, 70.0, 80.0, 100.0)
# The 97.5th percentile of the normal distribution: intervals cover 95 %.
_Z = 1.959963984540054
_FEWEST_FOR_AN_INTERVAL = 4


@dataclass(frozen=True)
class Result:
    """One finished initiative: what its score promised at the low end, and how it ended.

    `ratings` has the ratings that were known, by the key of the criterion.
    """

    score: float
    dimensions: Mapping[str, float]
    ratings: Mapping[str, float]
    outcome: str
    domain: str
    reference_class: str


@dataclass(frozen=True)
class Correlation:
    """A rank correlation with its 95 % interval; None where there is none."""

    number: int
    value: float | None
    low: float | None
    high: float | None

    @property
    def is_enough(self) -> bool:
        """Whether there are enough outcomes to show it."""
        return self.number >= ENOUGH

    @property
    def told_something(self) -> bool:
        """Whether the whole interval lies above nothing: who was rated better ended better."""
        return self.low is not None and self.low > 0

    @property
    def misled(self) -> bool:
        """Whether the whole interval lies below nothing: who was rated better ended worse."""
        return self.high is not None and self.high < 0


@dataclass(frozen=True)
class Share:
    """A share of a number, with its 95 % interval; None of none."""

    count: int
    number: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Band:
    """One score band and how its initiatives ended."""

    low: float
    high: float
    outcomes: Mapping[str, int]
    met: Share


@dataclass(frozen=True)
class Brier:
    """How far off "points are percent" was for met, and how far off one chance for all would have been."""

    score: float
    always_the_same: float

    @property
    def is_better(self) -> bool:
        """Whether the score beats saying the same chance of every case."""
        return self.score < self.always_the_same


@dataclass(frozen=True)
class Group:
    """One group of finished initiatives: the rank correlation of score and outcome, and the share met."""

    key: str
    correlation: Correlation
    met: Share


def spearman(left: Sequence[float], right: Sequence[float]) -> Correlation:
    """Spearman's rank correlation, ties sharing their mean rank, with a 95 % interval.

    The interval is Fisher's, tanh(atanh(r) +- 1.96 * sqrt((1 + r^2 / 2) / (n - 3))). There is none under four
    pairs, for a full correlation, or where one side is the same everywhere: then r doesn't exist either.

    Source of the standard error: Bonett & Wright, Sample size requirements for estimating Pearson, Kendall
    and Spearman correlations, Psychometrika 65 (2000). Many ties make the interval a little too narrow.
    """
    if len(left) != len(right):
        raise ValueError(f"pairs are needed, got {len(left)} and {len(right)}")
    number = len(left)
    ranks = [_ranks(np.array(side, dtype=np.float64)) for side in (left, right)]
    apart = [side - side.mean() for side in ranks] if number else []
    norm = math.sqrt(float((apart[0] ** 2).sum()) * float((apart[1] ** 2).sum())) if number else 0.0
    if not norm:
        return Correlation(number, None, None, None)
    value = max(-1.0, min(1.0, float((apart[0] * apart[1]).sum()) / norm))
    if number < _FEWEST_FOR_AN_INTERVAL or abs(value) == 1:
        return Correlation(number, value, None, None)
    half = _Z * math.sqrt((1 + value**2 / 2) / (number - 3))
    return Correlation(
        number, value, math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half)
    )


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1 on; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place], dtype=np.float64)


def share(count: int, number: int) -> Share:
    """A share with Wilson's 95 % interval.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, Journal of the
    American Statistical Association 22 (1927).
    """
    if not number:
        return Share(count, number, None, None, None)
    value, z2 = count / number, _Z**2
    middle = (value + z2 / (2 * number)) / (1 + z2 / number)
    half = _Z * math.sqrt(value * (1 - value) / number + z2 / (4 * number**2)) / (1 + z2 / number)
    return Share(count, number, value, max(0.0, middle - half), min(1.0, middle + half))


def bands(results: Sequence[Result]) -> list[Band]:
    """How each score band ended; bands at either end that hold nothing are left out."""
    found = []
    for low, high in pairwise(BAND_EDGES):
        inside = [r for r in results if low <= r.score and (r.score < high or high == BAND_EDGES[-1])]
        outcomes = {
            outcome: sum(r.outcome == outcome for r in inside) for outcome in (MET, PARTLY_MET, FAILED)
        }
        found.append(Band(low, high, outcomes, share(outcomes[MET], len(inside))))
    held = [place for place, band in enumerate(found) if band.met.number]
    return found[held[0] : held[-1] + 1] if held else []


def brier(results: Sequence[Result]) -> Brier | None:
    """The Brier score of "so many points, so many percent" for met; None without results.

    The mean of (score / 100 - 1)^2 over those that met and of (score / 100)^2 over the others: 0 is right
    every time, 0.25 is what a coin gets. Beside it what one chance for all would get, the share that met.

    Source: Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78
    (1950), for two classes and on the scale of 0 to 1.
    """
    if not results:
        return None
    ended = [float(r.outcome == MET) for r in results]
    rate = math.fsum(ended) / len(ended)
    off = math.fsum((r.score / 100 - met) ** 2 for r, met in zip(results, ended, strict=True))
    return Brier(score=off / len(ended), always_the_same=rate * (1 - rate))


def group(key: str, results: Sequence[Result]) -> Group:
    """A group of results under a name."""
    met = sum(r.outcome == MET for r in results)
    return Group(
        key,
        spearman([r.score for r in results], [RANK_OF[r.outcome] for r in results]),
        share(met, len(results)),
    )


def groups(results: Sequence[Result], key: Callable[[Result], str]) -> list[Group]:
    """The results apart by a key, the largest group first."""
    apart: dict[str, list[Result]] = {}
    for result in results:
        apart.setdefault(key(result), []).append(result)
    return sorted(
        (group(name, members) for name, members in apart.items()), key=lambda g: (-g.met.number, g.key)
    )


def of_dimensions(results: Sequence[Result]) -> dict[str, Correlation]:
    """The rank correlation of each dimension's low end with the outcome."""
    ended = [RANK_OF[r.outcome] for r in results]
    keys = {key: None for r in results for key in r.dimensions}
    return {key: spearman([r.dimensions[key] for r in results], ended) for key in keys}


def of_criteria(results: Sequence[Result]) -> dict[str, Correlation]:
    """The rank correlation of each criterion's rating with the outcome, over the cases that know it."""
    keys = {key: None for r in results for key in r.ratings}
    found = {}
    for key in keys:
        known = [r for r in results if key in r.ratings]
        found[key] = spearman([r.ratings[key] for r in known], [RANK_OF[r.outcome] for r in known])
    return found
