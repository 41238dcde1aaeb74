"""How far assessors agree on what they rate: Krippendorff's alpha for ratings in order.

Pure: numbers in, a number out. Ratings are rungs of a scale: 4 is more than 3, but nobody says by how much,
so the distance of two rungs is how many ratings lie between them.
"""

import numpy as np

from scoring.finance import FloatArray


def alpha(ratings: FloatArray) -> float:
    """Krippendorff's alpha for ordinal ratings: 1 is full agreement, 0 is no better than chance.

    `ratings` has shape (units, raters) and NaN where a rater gave none. A unit with a single rating compares
    with nothing and is left out. Below 0 raters differ more than chance would have them. The order of the
    raters, and of the units, changes nothing. Returns NaN when it can't be computed: no unit was rated twice,
    or all that can be compared are the same rung, which shows no agreement because it leaves nothing to
    disagree about. Raises ValueError for another shape, or for an infinite rating.

    Source: Krippendorff, Content Analysis: An Introduction to Its Methodology, chapter on reliability; the
    ordinal difference of two values is the square of (the sum of the frequencies from one to the other, less
    half of those of the two).
    """
    if ratings.ndim != 2 or np.isinf(ratings).any():
        raise ValueError(f"ratings have the shape (units, raters) and are finite or NaN, got {ratings.shape}")
    raters = (~np.isnan(ratings)).sum(axis=1)
    pairable = ratings[raters >= 2]
    rungs = np.unique(pairable[~np.isnan(pairable)])
    if len(rungs) < 2:
        return float("nan")
    # How often each unit was given each rung, shape (units, rungs).
    counts = (pairable[:, :, None] == rungs).sum(axis=1).astype(np.float64)
    frequency = counts.sum(axis=0)
    difference = _ordinal_difference(frequency)
    # Each unit counts its pairs as much as it has ratings.
    pairs = counts[:, :, None] * counts[:, None, :]
    weight = 1.0 / (raters[raters >= 2] - 1)
    observed = float((pairs * difference).sum(axis=(1, 2)) @ weight)
    # The difference of a rung from itself is 0, so pairs of a rating with itself add nothing.
    expected = float((np.outer(frequency, frequency) * difference).sum()) / (frequency.sum() - 1)
    return 1.0 - observed / expected


def _ordinal_difference(frequency: FloatArray) -> FloatArray:
    """The squared distances of rungs, shape (rungs, rungs), from how often each was given."""
    reached = np.cumsum(frequency) - frequency / 2
    return np.asarray((reached[:, None] - reached[None, :]) ** 2, dtype=np.float64)
