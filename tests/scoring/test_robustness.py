"""robustness.py against a slow second reading of product.md, and its own promises."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import engine
from scoring.default_model import DEFAULT_MODEL
from scoring.finance import FloatArray
from scoring.robustness import Cases, Standing, draw_weights, robustness, standing

POINTS = DEFAULT_MODEL.points()
# Three draws of seed 1, in units of 2^-20.
DRAWN = [[512500.0, 309297.0, 226779.0], [503048.0, 333196.0, 212331.0], [514708.0, 311737.0, 222132.0]]
# Few values, so that many cases tie; none of them is rounded.
RATINGS = st.sampled_from([1.0, 2.0, 2.5, 3.0, 4.0, 5.0])


def weights(draws: int = 200, *, points: Sequence[float] = (50, 30, 20), seed: int = 1) -> FloatArray:
    return draw_weights(points, 200, seed=seed, draws=draws)


@st.composite
def some_cases(draw: st.DrawFn, criteria: int = 3) -> Cases:
    number = draw(st.integers(1, 12))
    ratings = draw(
        st.lists(st.lists(RATINGS, min_size=criteria, max_size=criteria), min_size=number, max_size=number)
    )
    return Cases(
        np.array(ratings),
        np.array(draw(st.lists(st.sampled_from([40.0, 60.0]), min_size=number, max_size=number))),
        draw(st.permutations([f"AI-{k:02}" for k in range(number)])),
        np.array(draw(st.lists(st.integers(0, 30), min_size=number, max_size=number))),
    )


def ranked_by_hand(drawn: FloatArray, cases: Cases) -> list[int]:
    """One draw with fractions: the best first."""
    scores = [
        sum(Fraction(w) * (Fraction(r) - 1) / 4 for w, r in zip(drawn, row, strict=True))
        for row in cases.ratings
    ]
    return sorted(range(len(scores)), key=lambda k: (-scores[k], -cases.feasibility[k], cases.references[k]))


def funded_by_hand(order: list[int], cases: Cases, room: int) -> list[int]:
    """Those above the line: in rank order while the next fits."""
    funded: list[int] = []
    for case in order:
        if sum(cases.asks[funded]) + cases.asks[case] > room:
            break
        funded.append(case)
    return funded


@settings(max_examples=60, deadline=None)
@given(cases=some_cases(), room=st.integers(0, 150))
def test_it_is_what_a_slow_hand_finds(cases: Cases, room: int) -> None:
    drawn = weights(25)
    found = robustness(drawn, cases, room)
    orders = [ranked_by_hand(row, cases) for row in drawn]
    for case in range(len(cases.asks)):
        above = sum(case in funded_by_hand(order, cases, room) for order in orders)
        assert found.share_above[case] == above / 25
        ranks = sorted(order.index(case) + 1 for order in orders)
        # 5 % of 25 draws is reached with the second, 95 % with the twenty-fourth.
        assert (found.rank_low[case], found.rank_high[case]) == (ranks[1], ranks[23])


@settings(max_examples=60, deadline=None)
@given(cases=some_cases(), room=st.integers(0, 150))
def test_leaving_out_the_ranks_changes_no_share(cases: Cases, room: int) -> None:
    whole = robustness(weights(), cases, room)
    shares = robustness(weights(), cases, room, with_ranks=False)
    assert shares.share_above.tolist() == whole.share_above.tolist()
    assert shares.deciding == whole.deciding
    assert not len(shares.rank_low)


def test_leaving_out_the_ranks_changes_no_share_of_many_cases() -> None:
    draw = np.random.default_rng(7)
    cases = Cases(
        1 + 4 * draw.random((700, len(POINTS))),
        100 * draw.random(700),
        [f"AI-{k:03}" for k in range(700)],
        draw.integers(1, 1000, 700),
    )
    drawn = draw_weights(POINTS, 200, seed=1, draws=1_000)
    whole, shares = (robustness(drawn, cases, 90_000, with_ranks=asked) for asked in (True, False))
    assert shares.share_above.tolist() == whole.share_above.tolist()
    assert {Standing.SAFE, Standing.CONTESTED, Standing.OUT} == set(whole.standings())


@settings(max_examples=40, deadline=None)
@given(cases=some_cases(), room=st.integers(0, 150), data=st.data())
def test_the_order_of_the_cases_changes_nothing(cases: Cases, room: int, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(cases.asks))))
    moved = Cases(
        cases.ratings[order],
        cases.feasibility[order],
        [cases.references[k] for k in order],
        cases.asks[order],
    )
    before, after = robustness(weights(), cases, room), robustness(weights(), moved, room)
    assert after.share_above.tolist() == before.share_above[order].tolist()
    assert after.rank_high.tolist() == before.rank_high[order].tolist()


def halves() -> engine.Model:
    """A model whose weights are whole halves of halves, so that no rounding touches them."""
    criteria = [
        dataclasses.replace(
            DEFAULT_MODEL.judged()[0], key=f"{dimension}_{half}", dimension=dimension, weight=50.0
        )
        for dimension in ("feasibility", "cost", "impact")
        for half in "ab"
    ]
    sides = zip(DEFAULT_MODEL.dimensions, (50.0, 25.0, 25.0), strict=True)
    return dataclasses.replace(
        DEFAULT_MODEL,
        dimensions=tuple(dataclasses.replace(side, weight=weight) for side, weight in sides),
        criteria=tuple(criteria),
    )


def test_a_draw_ranks_as_the_engine_does() -> None:
    model, draw = halves(), np.random.default_rng(3)
    ratings = draw.integers(1, 6, size=(60, 6)).astype(float)
    ratings[40:] = ratings[:20]
    references = [f"AI-{k:02}" for k in draw.permutation(60)]
    scores = engine.score_many(model, ratings, ratings)
    feasibility = scores.dimension_low[:, 0]
    order = engine.ranking(scores.low, feasibility, references)
    cases = Cases(ratings, feasibility, references, np.ones(60, dtype=np.int64))
    found = robustness(np.array([model.points()]) / 100, cases, 60)
    assert found.rank_low[order].tolist() == list(range(1, 61))


def test_the_same_seed_gives_the_same_draws_and_another_one_others() -> None:
    assert (weights(seed=4) == weights(seed=4)).all()
    assert (weights(seed=4) != weights(seed=5)).any()


def test_the_draws_are_those_written_down_here() -> None:
    # What another machine must find, too.
    assert (weights(3, seed=1) * 2**20).tolist() == DRAWN


def test_scaling_all_weights_changes_no_draw() -> None:
    for factor in (0.1, 1 / 3, 7, 1e6):
        scaled = weights(points=[50 * factor, 30 * factor, 20 * factor])
        assert (scaled == weights()).all()


def test_the_draws_lie_around_the_weights() -> None:
    drawn = weights(10_000)
    assert drawn.mean(axis=0) == pytest.approx([0.5, 0.3, 0.2], abs=0.002)
    # The variance of Dirichlet: w (1 - w) / (kappa + 1).
    assert drawn.var(axis=0) == pytest.approx([0.25 / 201, 0.21 / 201, 0.16 / 201], rel=0.05)


def test_with_room_for_all_everything_is_safe() -> None:
    cases = Cases(np.array([[1.0, 5.0], [5.0, 1.0]]), np.zeros(2), ["AI-1", "AI-2"], np.array([3, 4]))
    found = robustness(weights(points=[50, 50]), cases, 7)
    assert found.standings() == [Standing.SAFE, Standing.SAFE]
    assert found.deciding == ()


def test_the_first_that_does_not_fit_is_the_line_even_if_a_smaller_one_would() -> None:
    cases = Cases(np.array([[5.0], [4.0], [3.0]]), np.zeros(3), ["AI-1", "AI-2", "AI-3"], np.array([5, 9, 1]))
    assert robustness(weights(points=[1]), cases, 10).share_above.tolist() == [1.0, 0.0, 0.0]


def test_the_criterion_on_which_two_cases_differ_decides() -> None:
    # They differ in the first two, and are alike in the third.
    cases = Cases(
        np.array([[5.0, 1.0, 3.0], [1.0, 5.0, 3.0]]), np.zeros(2), ["AI-1", "AI-2"], np.array([1, 1])
    )
    found = robustness(weights(2_000, points=[40, 40, 20]), cases, 1)
    assert set(found.deciding) == {0, 1}
    assert found.standings() == [Standing.CONTESTED, Standing.CONTESTED]


def test_without_cases_there_is_nothing_to_say() -> None:
    found = robustness(weights(), Cases(np.zeros((0, 3)), np.zeros(0), [], np.zeros(0, np.int64)), 5)
    assert not len(found.share_above)


@pytest.mark.parametrize(
    ("share", "word"),
    [(1.0, "safe"), (0.8, "safe"), (0.7999, "contested"), (0.2, "contested"), (0.1999, "out"), (0.0, "out")],
)
def test_the_words_begin_where_product_says(share: float, word: str) -> None:
    assert standing(share) == word


@pytest.mark.parametrize("points", [[], [1, 0], [1, -1]])
def test_weights_must_be_above_nothing(points: list[int]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        draw_weights(points, 200, seed=1)


def test_what_does_not_fit_together_is_refused() -> None:
    one = np.array([1])
    with pytest.raises(ValueError, match="don't fit"):
        robustness(weights(), Cases(np.array([[3.0]]), np.zeros(1), ["AI-1"], one), 5)
    with pytest.raises(ValueError, match="between 1 and 5"):
        Cases(np.array([[0.5]]), np.zeros(1), ["AI-1"], one)
    with pytest.raises(ValueError, match="not be negative"):
        Cases(np.array([[3.0]]), np.zeros(1), ["AI-1"], -one)
    with pytest.raises(ValueError, match="every case"):
        Cases(np.array([[3.0]]), np.zeros(1), [], one)
