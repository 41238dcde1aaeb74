"""engine.py against the weighted sum of an independent package, on a thousand random models."""

import dataclasses

import numpy as np
from pymcdm.methods import WSM

from scoring import engine
from scoring.default_model import DEFAULT_MODEL
from scoring.finance import FloatArray


def random_model(draw: np.random.Generator) -> engine.Model:
    """One to six criteria in each dimension, with weights that make 100 %."""
    judged = DEFAULT_MODEL.judged()[0]
    criteria = [
        dataclasses.replace(judged, key=f"{side.key}_{place}", dimension=side.key, weight=float(weight))
        for side in DEFAULT_MODEL.dimensions
        for place, weight in enumerate(percents(draw, int(draw.integers(1, 7))))
    ]
    sides = zip(DEFAULT_MODEL.dimensions, percents(draw, len(DEFAULT_MODEL.dimensions)), strict=True)
    return dataclasses.replace(
        DEFAULT_MODEL,
        dimensions=tuple(dataclasses.replace(side, weight=float(weight)) for side, weight in sides),
        criteria=tuple(criteria),
    )


def percents(draw: np.random.Generator, number: int) -> FloatArray:
    """Weights above nothing that make 100."""
    shares = draw.random(number) + 0.05
    return np.asarray(100 * shares / shares.sum(), dtype=np.float64)


def unchanged(values: FloatArray, cost: bool = False) -> FloatArray:
    """The package would normalise; values of ratings lie on one scale already."""
    return values


def test_a_score_is_the_weighted_sum_that_another_package_finds() -> None:
    draw = np.random.default_rng(11)
    weighted_sum = WSM(normalization_function=unchanged)
    for _ in range(1_000):
        model = random_model(draw)
        ratings = draw.integers(2, 11, size=(5, len(model.criteria))) / 2
        weights = np.array(model.points()) / 100
        theirs = weighted_sum((ratings - 1) / 4, weights, np.ones(len(weights)), validation=False)
        ours = engine.score_many(model, ratings, ratings).low
        assert np.abs(theirs - ours / 100).max() < 1e-9
