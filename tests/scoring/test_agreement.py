"""agreement.py against the PyPI package, by hand at its ends, and its own promises."""

import krippendorff
import numpy as np
import pytest

from scoring.agreement import alpha
from scoring.finance import FloatArray

UNKNOWN = np.nan


def drawn(seed: int) -> FloatArray:
    """Ratings of 1 to 5 by a few raters who see something of the same, some of them missing."""
    draw = np.random.default_rng(seed)
    units, raters = draw.integers(3, 20), draw.integers(2, 6)
    truth = draw.integers(1, 6, size=units)
    ratings = np.clip(truth[:, None] + draw.integers(-2, 3, size=(units, raters)), 1, 5).astype(float)
    ratings[draw.random(ratings.shape) < 0.25] = UNKNOWN
    return ratings


def test_it_agrees_with_another_implementation_on_a_thousand_tables():
    for seed in range(1_000):
        ratings = drawn(seed)
        ours = alpha(ratings)
        if np.isnan(ours):
            continue
        theirs = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement="ordinal")
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_full_agreement_is_one():
    assert alpha(np.array([[1.0, 1.0], [3.0, 3.0], [5.0, 5.0]])) == 1.0


def test_the_opposite_of_agreement_lies_below_nothing():
    assert alpha(np.array([[1.0, 5.0], [5.0, 1.0], [1.0, 5.0]])) < 0


def test_a_unit_with_one_rating_changes_nothing():
    pairs = np.array([[1.0, 2.0], [4.0, 4.0], [5.0, 3.0]])
    assert alpha(np.vstack([pairs, [2.0, UNKNOWN], [UNKNOWN, UNKNOWN]])) == alpha(pairs)


def test_the_order_of_raters_and_units_changes_nothing():
    for seed in range(50):
        ratings = drawn(seed)
        draw = np.random.default_rng(seed + 1)
        moved = draw.permutation(draw.permutation(ratings, axis=0), axis=1)
        assert alpha(moved) == pytest.approx(alpha(ratings), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    "ratings",
    [
        np.full((3, 2), UNKNOWN),
        np.array([[4.0, UNKNOWN], [UNKNOWN, 2.0]]),
        np.array([[3.0, 3.0], [3.0, 3.0]]),
        np.zeros((0, 3)),
        np.zeros((3, 0)),
    ],
)
def test_there_is_none_where_nothing_can_be_compared(ratings):
    assert np.isnan(alpha(ratings))


def test_another_shape_and_an_infinite_rating_are_refused():
    with pytest.raises(ValueError, match="shape"):
        alpha(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="finite"):
        alpha(np.array([[1.0, np.inf]]))
