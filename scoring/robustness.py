"""How firmly a case stands above the funding line when the weights of the criteria are drawn around.

Pure: numbers in, numbers out. Nobody knows weights to the percent, so the ranking is made 10,000 times with
weights drawn from Dirichlet(kappa * w), and each time cases are funded in rank order while the next one fits
into the room. The first that does not fit is the line.

Everything that decides an order is a whole number. Drawn weights are rounded to 2^-20, the values of ratings
to 2^-25, so that a score is an exact whole number below 2^46, whatever library, processor or order multiplied
and added. A weight that is random to one percent loses nothing by a rounding to a millionth; two cases tie
exactly when their rounded ratings score the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from scoring.finance import BoolArray, FloatArray, IntArray

DRAWS = 10_000
SAFE_FROM, OUT_BELOW = 0.80, 0.20
LOWEST_SHARE, HIGHEST_SHARE = 0.05, 0.95
# A table of ranks has the square of this many cells.
MOST_RANKED = 4_000
MOST_CASES = 100_000
DECIDING = 2

_WEIGHT_UNITS, _VALUE_UNITS = 2.0**20, 2.0**25
_PLACE_BITS = 17
_PLACE_MASK = (1 << _PLACE_BITS) - 1
# Sums of asks below this are exact in a float, too.
_MOST_ASKED = 2**53
# Cells that are worked on at once: they stay near the processor.
_CELLS, _LEAST_ROWS = 2**18, 16
_PILOT = 128


class Standing(StrEnum):
    """Where a case stands when the weights move."""

    SAFE = "safe"
    CONTESTED = "contested"
    OUT = "out"


@dataclass(frozen=True)
class Cases:
    """What is ranked, one row per case.

    `ratings` (1 to 5, the low end) has shape (cases, criteria); `feasibility` is the low end of that
    dimension; `asks` are whole numbers, in the unit of the room.
    """

    ratings: FloatArray
    feasibility: FloatArray
    references: Sequence[str]
    asks: IntArray

    def __post_init__(self) -> None:
        cases = len(self.references)
        if (
            self.ratings.ndim != 2
            or not len(self.ratings) == len(self.feasibility) == len(self.asks) == cases
        ):
            raise ValueError("every case has ratings, a feasibility, a reference and what it asks")
        if cases > MOST_CASES:
            raise ValueError(f"at most {MOST_CASES} cases can be compared, got {cases}")
        if not ((self.ratings >= 1) & (self.ratings <= 5)).all():
            raise ValueError("ratings lie between 1 and 5")
        if (self.asks < 0).any() or sum(self.asks.tolist()) >= _MOST_ASKED:
            raise ValueError("what the cases ask must not be negative, and together less than 2^53")


@dataclass(frozen=True)
class Robustness:
    """What the draws say about each case.

    `share_above` is the share of the draws in which it is above the line. `rank_low` and `rank_high` are the
    ranks reached by 5 % and by 95 % of the draws, 1 being the best; they are empty where they were not asked
    for. `deciding` names the columns of the two criteria that decide most flips, the stronger
    first; it is shorter where fewer criteria move anything.
    """

    share_above: FloatArray
    rank_low: IntArray
    rank_high: IntArray
    deciding: tuple[int, ...]

    def standings(self) -> list[Standing]:
        """Safe from 80 % of the draws, out below 20 %, contested between."""
        return [standing(share) for share in self.share_above.tolist()]


def standing(share_above: float) -> Standing:
    """The word for a share of the draws above the line."""
    if share_above >= SAFE_FROM:
        return Standing.SAFE
    return Standing.OUT if share_above < OUT_BELOW else Standing.CONTESTED


def draw_weights(points: Sequence[float], kappa: float, *, seed: int, draws: int = DRAWS) -> FloatArray:
    """Weights drawn from Dirichlet(kappa * w), shape (draws, criteria), w being the share of the points.

    The seed is the version of the model, so everyone who looks at one version sees the same draws, today and
    later. NumPy's Generator on PCG64 makes them; they are rounded to 2^-20, which hides a last bit that
    another processor's logarithm may give. Raises ValueError for a weight or a kappa that isn't above 0.
    """
    if not points or not all(point > 0 for point in points) or not kappa > 0:
        raise ValueError("weights and kappa must be above 0")
    # Rounded, so that points of 3 and 1 draw the same as points of 75 and 25.
    share = np.round(np.array(points, dtype=np.float64) / sum(points), 12)
    drawn = np.random.Generator(np.random.PCG64(seed)).dirichlet(kappa * share, size=draws)
    return np.asarray(np.rint(drawn * _WEIGHT_UNITS) / _WEIGHT_UNITS, dtype=np.float64)


def robustness(weights: FloatArray, cases: Cases, room: int, *, with_ranks: bool = True) -> Robustness:
    """What the draws say about each case, with `room` for what they ask.

    In each draw cases rank by their score at the low end; equal ones by feasibility at the published
    weights, then by reference, as `engine.ranking` does it. They are above the line while the sum of what
    they ask fits into the room; from the first that doesn't fit on all are below, even if a small one would
    still fit.

    A criterion decides flips as far as its drawn weight goes together with being above the line: the
    covariance of the two, divided by the weight's standard deviation, added over all cases without its sign.

    Raises ValueError for ratings and weights of different criteria, and for ranks of more than 4,000 cases.
    """
    number = len(cases.references)
    if cases.ratings.shape[1] != weights.shape[1] or not len(weights):
        raise ValueError(f"ratings {cases.ratings.shape} don't fit weights {weights.shape}")
    if with_ranks and number > MOST_RANKED:
        raise ValueError(f"ranks are counted for at most {MOST_RANKED} cases, got {number}")
    if not number:
        return Robustness(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64), ())
    found = _Draws(weights, cases, room)
    nothing = np.zeros(0, dtype=np.int64)
    low, high = nothing, nothing
    if with_ranks:
        low, high = _intervals(found.rank_table(), len(weights))
    else:
        found.count_shares()
    # Work was done in the order of ties; hand back in the order of the caller.
    back = np.empty(number, dtype=np.int64)
    back[found.order] = np.arange(number)
    share = found.above / len(weights)
    if with_ranks:
        low, high = low[back], high[back]
    return Robustness(share[back], low, high, found.deciding())


def _tie_order(cases: Cases) -> list[int]:
    """The order of cases whose scores are equal: by feasibility, then reference."""
    return sorted(range(len(cases.asks)), key=lambda case: (-cases.feasibility[case], cases.references[case]))


class _Draws:
    """The draws, worked through in blocks, and what they add up to. Columns stand in the order of ties."""

    def __init__(self, weights: FloatArray, cases: Cases, room: int) -> None:
        self.order = np.array(_tie_order(cases), dtype=np.int64)
        self.weights = np.rint(weights * _WEIGHT_UNITS)
        self.values = np.rint((cases.ratings[self.order].T - 1) / 4 * _VALUE_UNITS)
        self.asks = cases.asks[self.order].astype(np.int64)
        self.room = room
        self.number = len(self.order)
        self.above = np.zeros(self.number)
        # How much of each criterion's weight was there when a case was above the line.
        self.weight_above = np.zeros((weights.shape[1], self.number))

    def rank_table(self) -> IntArray:
        """How often each case had each rank, shape (cases, ranks); counts who is above on the way."""
        table = np.zeros(self.number * self.number, dtype=np.int64)
        for block in self._blocks():
            scores = self.weights[block] @ self.values
            ranked = _ranked(scores)
            self._count(block, self._above(ranked))
            ranked *= self.number
            ranked += np.arange(self.number)
            table += np.bincount(ranked.ravel(), minlength=len(table))
        return table.reshape(self.number, self.number)

    def count_shares(self) -> None:
        """Count who is above in each draw without a rank for all: only cases near the line are sorted."""
        fitting = int(self.asks.sum()) <= self.room
        guess = None if fitting else self._guess()
        for block in self._blocks():
            scores = self.weights[block] @ self.values
            if guess is None:
                self._count(block, np.ones(scores.shape))
                continue
            centre = self.weights[block] @ guess[0]
            is_above, is_sure = self._near_the_line(scores, centre[:, None], guess[1])
            if not is_sure.all():
                is_above[~is_sure] = self._above(_ranked(scores[~is_sure]))
            self._count(block, is_above)

    def deciding(self) -> tuple[int, ...]:
        """The columns of the criteria that decide most flips."""
        draws = len(self.weights)
        mean = self.weights.sum(axis=0) / draws
        spread = np.sqrt(((self.weights - mean) ** 2).sum(axis=0) / draws)
        together = self.weight_above / draws - np.outer(mean, self.above / draws)
        moved = np.abs(together).sum(axis=1) / np.where(spread > 0, spread, 1.0)
        strongest = sorted(range(len(moved)), key=lambda column: (-round(float(moved[column]), 9), column))
        return tuple(column for column in strongest[:DECIDING] if moved[column] > 1e-9)

    def _blocks(self) -> list[slice]:
        rows = max(_LEAST_ROWS, _CELLS // self.number)
        return [slice(start, start + rows) for start in range(0, len(self.weights), rows)]

    def _count(self, block: slice, is_above: FloatArray) -> None:
        self.above += is_above.sum(axis=0)
        self.weight_above += self.weights[block].T @ is_above

    def _above(self, ranked: IntArray) -> FloatArray:
        """1 where a case is above the line, from the cases of each draw in rank order."""
        fits = np.cumsum(self.asks[ranked], axis=1) <= self.room
        is_above = np.empty(ranked.shape)
        np.put_along_axis(is_above, ranked, fits.astype(np.float64), axis=1)
        return is_above

    def _guess(self) -> tuple[FloatArray, float]:
        """Where the line's score will be, as factors of the weights, and how far that may be off.

        From the first draws, ranked whole. A wrong guess costs time and changes nothing.
        """
        weights = self.weights[:_PILOT]
        scores = weights @ self.values
        ranked = _ranked(scores)
        first_out = (np.cumsum(self.asks[ranked], axis=1) <= self.room).sum(axis=1)
        line = np.take_along_axis(ranked, first_out[:, None], axis=1)
        at_line = np.take_along_axis(scores, line, axis=1)[:, 0]
        factors = np.linalg.lstsq(weights, at_line, rcond=None)[0]
        return factors, 1.5 * float(np.abs(at_line - weights @ factors).max()) + 1

    def _near_the_line(
        self, scores: FloatArray, centre: FloatArray, width: float
    ) -> tuple[FloatArray, BoolArray]:
        """Who is above, sorting only those around the guess; and in which draws the line lies there."""
        high = scores >= centre + width
        is_above = high.astype(np.float64)
        spent = is_above @ self.asks.astype(np.float64)
        near = np.flatnonzero((scores >= centre - width) ^ high)
        near = near[_by_draw_and_score(near // self.number, scores.ravel()[near])]
        row, column = near // self.number, near % self.number
        asked = self.asks[column]
        before = np.cumsum(asked) - asked
        begins = np.searchsorted(row, np.arange(len(scores)))
        nearby = np.bincount(row, weights=asked, minlength=len(scores))
        begun = before[np.minimum(begins, len(row) - 1)] if len(row) else np.zeros(len(scores))
        fits = (before - begun[row]) + asked + spent[row] <= self.room
        is_above[row[fits], column[fits]] = 1.0
        is_sure = (spent <= self.room) & (spent + nearby > self.room)
        return is_above, is_sure


def _ranked(scores: FloatArray) -> IntArray:
    """The columns of each draw, the best first; equal scores in the order of the columns."""
    keys = -scores.astype(np.int64)
    keys <<= _PLACE_BITS
    keys |= np.arange(scores.shape[1])
    keys.sort(axis=1)
    keys &= _PLACE_MASK
    return keys


def _by_draw_and_score(row: IntArray, scores: FloatArray) -> IntArray:
    """The order by draw, then by falling score; what is equal in both stays as it stands."""
    below = (scores.max(initial=0.0) - scores).astype(np.int64)
    span, places = int(below.max(initial=0)) + 1, len(scores)
    if (int(row.max(initial=0)) + 1) * span * places >= 2**62:
        return np.asarray(np.lexsort((below, row)), dtype=np.int64)
    # One number for all three: sorting numbers is much quicker than sorting places.
    keys = (row * span + below) * places + np.arange(places)
    keys.sort()
    return np.asarray(keys % max(places, 1), dtype=np.int64)


def _intervals(table: IntArray, draws: int) -> tuple[IntArray, IntArray]:
    """The first ranks by which 5 % and 95 % of the draws are reached."""
    reached = np.cumsum(table, axis=1)
    low, high = ((reached < share * draws).sum(axis=1) + 1 for share in (LOWEST_SHARE, HIGHEST_SHARE))
    return low.astype(np.int64), high.astype(np.int64)
