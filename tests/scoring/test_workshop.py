"""The document of a version: weights by swings, what is wrong, its hash, its curve, what changed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import engine, workshop
from scoring.default_model import DEFAULT_MODEL
from tests.scoring import cases

swings = st.lists(st.integers(1, 100), min_size=1, max_size=100)


@given(swings)
def test_weights_by_any_swings_sum_to_100_and_nothing_counts_for_nothing(rated: list[int]) -> None:
    weights = workshop.weights_by_swings(rated)
    assert sum(weights) == 100
    assert min(weights) >= 1


@given(swings)
def test_a_larger_swing_never_gets_a_smaller_weight(rated: list[int]) -> None:
    weights = workshop.weights_by_swings(rated)
    pairs = sorted(zip(rated, weights, strict=True))
    assert all(before[1] <= after[1] or before[0] == after[0] for before, after in pairwise(pairs))


@pytest.mark.parametrize(
    ("rated", "weights"),
    [
        ([100], [100]),
        ([100, 50, 50], [50, 25, 25]),
        ([100, 100, 100], [34, 33, 33]),
        ([100, 60, 40], [50, 30, 20]),
        ([100, 1], [99, 1]),
    ],
)
def test_weights_follow_the_worked_examples(rated: list[int], weights: list[int]) -> None:
    """Proportion by largest remainder, as in Edwards and Barron, SMARTS and SMARTER (1994)."""
    assert workshop.weights_by_swings(rated) == weights


@pytest.mark.parametrize("rated", [[], [0, 100], [50] * 101])
def test_swings_that_cannot_be_weights_are_refused(rated: list[int]) -> None:
    with pytest.raises(ValueError, match="rate each swing"):
        workshop.weights_by_swings(rated)


def test_a_version_goes_into_a_document_and_back() -> None:
    content = workshop.content_of(DEFAULT_MODEL)
    assert workshop.check(content) == {}
    assert workshop.model_from(content, 1) == DEFAULT_MODEL


def test_the_hash_follows_what_a_version_says_and_not_how_its_weights_were_found() -> None:
    content = workshop.content_of(DEFAULT_MODEL)
    first = workshop.hash_of(content)
    content["criteria"][0] |= {"swing": 100, "order": 1}
    assert workshop.hash_of(content) == first
    content["criteria"][0]["levels"][0] += " "
    assert workshop.hash_of(content) != first


def test_what_changed_is_named_and_only_that() -> None:
    content = workshop.content_of(DEFAULT_MODEL)
    assert workshop.changes(content, content) == []
    other = cases.weighed(content, feasibility=30)
    other["criteria"][1]["levels"][4] = "Runs."
    del other["criteria"][-1]
    found = workshop.changes(content, other)
    assert [row["label"] for row in found] == [
        "Feasibility, weight in percent",
        "Technical readiness and integration, level 5",
        "Reliability and security effect",
    ]


def test_a_curve_passes_through_its_knots_and_is_level_beyond_them() -> None:
    curve = workshop.curve_of([(0.0, 1.0), (1.0, 5.0)])
    assert [mark.y for mark in curve.marks] == [156.0, 12.0]
    first, *_, last = curve.line.split()
    assert first.endswith(",156")
    assert last.endswith(",12")


@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(10, 50)), min_size=2, max_size=6, unique_by=lambda k: k[0]
    )
)
def test_the_engine_takes_what_the_workshop_lets_through(knots: list[tuple[int, int]]) -> None:
    content = workshop.content_of(DEFAULT_MODEL)
    for row in content["criteria"]:
        if row["key"] == "corrected_return":
            row["knots"] = [[str(value), str(rating / 10)] for value, rating in knots]
    if workshop.check(content):
        with pytest.raises(ValueError):  # noqa: PT011 each of many sentences
            workshop.model_from(content, 2)
    else:
        rules = workshop.model_from(content, 2)
        assert rules.computed()[0].direction == engine.Direction.RISING


@pytest.mark.parametrize(
    ("typed", "number"), [("1,000.50", "1000.5"), ("\u22123", "-3"), ("200.0", "200"), (" 7 ", "7")]
)
def test_a_number_is_read_as_people_write_it(typed: str, number: str) -> None:
    assert workshop.number_in(typed) == number


@pytest.mark.parametrize("typed", ["many", "1e99", "nan", "inf", "--1"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        workshop.number_in(typed)
