"""engine.py against a second reading of product.md over fractions, and its own promises."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import engine
from scoring.default_model import CORRECTED_RETURN, DEFAULT_MODEL, TIME_TO_BENEFIT
from scoring.engine import CaseScore, Criterion, Dimension, Kind, KnockOut, Model
from scoring.finance import FloatArray

KEYS = [criterion.key for criterion in DEFAULT_MODEL.criteria]
JUDGED = [criterion.key for criterion in DEFAULT_MODEL.judged()]
NO_KNOCK_OUT: dict[str, bool | None] = dict.fromkeys(map(str, KnockOut), False)

Card = Mapping[str, int | None]
Computed = Mapping[str, float | None]

# A second statement of the default model's numbers, typed from product.md: key -> (dimension, percent).
WEIGHTS = {
    "data_readiness": ("feasibility", 20),
    "technical_readiness": ("feasibility", 20),
    "skills_sourcing": ("feasibility", 15),
    "workflow_fit": ("feasibility", 15),
    "domain_maturity": ("feasibility", 15),
    "adoption_sponsorship": ("feasibility", 15),
    "total_cost": ("cost", 40),
    "run_cost_growth": ("cost", 30),
    "cost_certainty": ("cost", 30),
    "corrected_return": ("impact", 25),
    "strategic_alignment": ("impact", 20),
    "kpi_improvement": ("impact", 20),
    "time_to_benefit": ("impact", 10),
    "scalability_reuse": ("impact", 10),
    "reliability_security": ("impact", 15),
}
DIMENSION_WEIGHTS = {"feasibility": 35, "cost": 20, "impact": 45}
LINES = {
    "corrected_return": {
        Fraction(-1, 2): 1,
        Fraction(0): 2,
        Fraction(1, 2): 3,
        Fraction(1): 4,
        Fraction(2): 5,
    },
    "time_to_benefit": {Fraction(3): 5, Fraction(6): 4, Fraction(12): 3, Fraction(18): 2, Fraction(24): 1},
}


def by_hand(cards: Sequence[Card], computed: Computed) -> dict[str, tuple[Fraction, Fraction]]:
    """Low and high of the score and of each dimension, with exact fractions."""
    ends: dict[str, list[Fraction]] = {name: [] for name in ("score", *DIMENSION_WEIGHTS)}
    for unknown in (1, 5):
        value = {key: (rating(key, cards, computed, unknown) - 1) / 4 for key in WEIGHTS}
        sums = {
            name: sum((Fraction(w) * value[key] for key, (d, w) in WEIGHTS.items() if d == name), Fraction(0))
            for name in DIMENSION_WEIGHTS
        }
        for name, points in sums.items():
            ends[name].append(points)
        ends["score"].append(
            sum((points * DIMENSION_WEIGHTS[name] / 100 for name, points in sums.items()), Fraction(0))
        )
    return {name: (low, high) for name, (low, high) in ends.items()}


def rating(key: str, cards: Sequence[Card], computed: Computed, unknown: int) -> Fraction:
    if key not in LINES:
        given_ = [card.get(key) for card in cards] or [None]
        return Fraction(median([Fraction(unknown if r is None else r) for r in given_]))
    value = computed.get(key)
    if value is None:
        return Fraction(unknown)
    x, line = Fraction(value), sorted(LINES[key].items())
    if x <= line[0][0]:
        return Fraction(line[0][1])
    for (left, a), (right, b) in pairwise(line):
        if x <= right:
            return a + (b - a) * (x - left) / (right - left)
    return Fraction(line[-1][1])


some_cards = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(JUDGED, st.sampled_from([1, 2, 3, 4, 5, None]))),
    max_size=5,
)
full_cards = st.lists(st.fixed_dictionaries(dict.fromkeys(JUDGED, st.integers(1, 5))), min_size=1, max_size=4)
some_inputs = st.fixed_dictionaries(
    {},
    optional={
        CORRECTED_RETURN: st.none() | st.floats(-3, 4),
        TIME_TO_BENEFIT: st.none() | st.integers(0, 40).map(float),
    },
)
full_inputs = st.fixed_dictionaries(
    {CORRECTED_RETURN: st.floats(-3, 4), TIME_TO_BENEFIT: st.integers(0, 40).map(float)}
)


def same_for_all(rating_: int | None, ret: float | None = None, months: float | None = None) -> CaseScore:
    return engine.score_case(
        DEFAULT_MODEL,
        [dict.fromkeys(JUDGED, rating_)],
        {CORRECTED_RETURN: ret, TIME_TO_BENEFIT: months},
        knock_outs=NO_KNOCK_OUT,
    )


# Against the second reading


@settings(deadline=None, max_examples=300)
@given(cards=some_cards, computed=some_inputs)
def test_a_score_is_what_a_second_reading_of_the_rules_gives(cards: list[Card], computed: Computed) -> None:
    got = engine.score_case(DEFAULT_MODEL, cards, computed)
    wanted = by_hand(cards, computed)
    assert [got.low, got.high] == pytest.approx([float(end) for end in wanted["score"]], abs=2e-8)
    for dimension in got.dimensions:
        ends = [float(end) for end in wanted[dimension.key]]
        assert [dimension.low, dimension.high] == pytest.approx(ends, abs=2e-7)
    unknown = {key for key in KEYS if rating(key, cards, computed, 1) != rating(key, cards, computed, 5)}
    known = sum(w * DIMENSION_WEIGHTS[d] for key, (d, w) in WEIGHTS.items() if key not in unknown) / 10_000
    assert got.coverage == pytest.approx(known, abs=1e-9)
    assert (got.point is None) == bool(unknown)
    assert got.point in (None, got.low)


@settings(deadline=None)
@given(cards=some_cards, computed=some_inputs)
def test_the_terms_of_a_score_add_up_to_it(cards: list[Card], computed: Computed) -> None:
    got = engine.score_case(DEFAULT_MODEL, cards, computed)
    for end in ("low", "high"):
        terms = sum((Decimal(repr(getattr(term, end))) for term in got.contributions), Decimal(0))
        assert terms == Decimal(repr(getattr(got, end))).normalize()
    assert all(term.low <= term.high <= term.points + 1e-9 for term in got.contributions)


@settings(deadline=None)
@given(cards=full_cards, computed=full_inputs, key=st.sampled_from(JUDGED))
def test_a_better_rating_never_lowers_a_score(cards: list[Card], computed: Computed, key: str) -> None:
    before = engine.score_case(DEFAULT_MODEL, cards, computed)
    raised = [{**card, key: min((card[key] or 0) + 1, 5)} for card in cards]
    after = engine.score_case(DEFAULT_MODEL, raised, computed)
    assert after.low >= before.low
    assert before.point is not None


@settings(deadline=None)
@given(cards=full_cards, computed=full_inputs, gone=st.sets(st.sampled_from(JUDGED)), truth=st.data())
def test_the_range_holds_whatever_the_unknown_turns_out_to_be(
    cards: list[Card], computed: Computed, gone: set[str], truth: st.DataObject
) -> None:
    hidden = truth.draw(st.integers(0, len(cards) - 1))
    veiled = [
        {key: None if k == hidden and key in gone else value for key, value in card.items()}
        for k, card in enumerate(cards)
    ]
    got = engine.score_case(DEFAULT_MODEL, veiled, computed)
    real = engine.score_case(DEFAULT_MODEL, cards, computed)
    assert got.low <= real.low <= real.high <= got.high


# By hand


@pytest.mark.parametrize(("stars", "points"), [(1, 0.0), (2, 25.0), (3, 50.0), (4, 75.0), (5, 100.0)])
def test_the_same_rating_everywhere_gives_its_share_of_a_hundred(stars: int, points: float) -> None:
    ret, months = {1: (-0.5, 24.0), 2: (0.0, 18.0), 3: (0.5, 12.0), 4: (1.0, 6.0), 5: (2.0, 3.0)}[stars]
    got = same_for_all(stars, ret, months)
    assert (got.low, got.high, got.point, got.coverage) == (points, points, points, 1.0)
    assert [dimension.low for dimension in got.dimensions] == [points] * 3
    assert got.is_eligible(DEFAULT_MODEL) == (stars >= 3), "exactly 50 is enough"


def test_all_unknown_is_the_whole_range() -> None:
    got = engine.score_case(DEFAULT_MODEL, [], {})
    assert (got.low, got.high, got.point, got.coverage) == (0.0, 100.0, None, 0.0)
    assert all(term.spread is None and not term.is_known for term in got.contributions)


def test_a_median_with_an_unknown_is_taken_at_both_ends() -> None:
    cards: list[dict[str, int | None]] = [dict.fromkeys(JUDGED, 3) for _ in range(3)]
    changes: list[int | None] = [2, 4, None]
    for card, value in zip(cards, changes, strict=True):
        card.update(data_readiness=value, skills_sourcing=5 if value else None)
    got = engine.score_case(DEFAULT_MODEL, cards, {CORRECTED_RETURN: 0.5, TIME_TO_BENEFIT: 12})
    terms = {term.key: term for term in got.contributions}
    assert (terms["data_readiness"].rating_low, terms["data_readiness"].rating_high) == (2, 4)
    assert (terms["data_readiness"].low, terms["data_readiness"].high) == (1.75, 5.25)
    # Two fives settle the median whatever the third would have said.
    assert (terms["skills_sourcing"].rating_low, terms["skills_sourcing"].is_known) == (5, True)
    assert got.coverage == 0.93
    assert (got.low, got.high) == (50 + 2.625 - 1.75, 50 + 2.625 + 1.75)
    assert (terms["data_readiness"].spread, terms["skills_sourcing"].spread) == (2.0, 0.0)
    assert [term.key for term in got.contributions if term.asks_reconciliation] == ["data_readiness"]


def test_two_scorecards_meet_in_the_middle() -> None:
    cards = [dict.fromkeys(JUDGED, 2), dict.fromkeys(JUDGED, 3)]
    got = engine.score_case(DEFAULT_MODEL, cards, {CORRECTED_RETURN: 0.25, TIME_TO_BENEFIT: 15.0})
    assert {term.rating_low for term in got.contributions} == {2.5}
    assert got.point == 37.5


@pytest.mark.parametrize(
    ("value", "wanted"), [(-9, 1), (-0.5, 1), (-0.25, 1.5), (0, 2), (0.75, 3.5), (1.5, 4.5), (2, 5), (99, 5)]
)
def test_the_value_function_of_the_corrected_return(value: float, wanted: float) -> None:
    knots = next(c.knots for c in DEFAULT_MODEL.criteria if c.key == CORRECTED_RETURN)
    assert engine.value_function(knots, np.array([value]))[0] == wanted


@pytest.mark.parametrize(("months", "wanted"), [(0, 5), (3, 5), (9, 3.5), (15, 2.5), (24, 1), (60, 1)])
def test_the_value_function_of_time_to_benefit(months: float, wanted: float) -> None:
    knots = next(c.knots for c in DEFAULT_MODEL.criteria if c.key == TIME_TO_BENEFIT)
    assert engine.value_function(knots, np.array([months]))[0] == wanted


@settings(deadline=None)
@given(cards=some_cards, computed=some_inputs)
def test_the_next_rung_adds_the_points_that_it_says(cards: list[Card], computed: Computed) -> None:
    case = engine.score_case(DEFAULT_MODEL, cards, computed)
    low = [term.rating_low for term in case.contributions]
    high = [term.rating_high for term in case.contributions]
    rungs = engine.next_rungs(DEFAULT_MODEL, low, high)
    assert [rung.gain for rung in rungs] == sorted((rung.gain for rung in rungs), reverse=True)
    assert {rung.key for rung in rungs} == {t.key for t in case.contributions if t.rating_low < 5}
    for rung in rungs:
        raised = [rung.rating if key == rung.key else old for key, old in zip(KEYS, low, strict=True)]
        ends = np.array([raised], dtype=np.float64), np.array([np.maximum(raised, high)])
        after = engine.score_many(DEFAULT_MODEL, *ends).low[0]
        assert after - case.low == pytest.approx(rung.gain, abs=1e-7)
        if rung.value is not None:
            knots = DEFAULT_MODEL.criteria[KEYS.index(rung.key)].knots
            assert engine.value_function(knots, np.array([rung.value]))[0] == pytest.approx(rung.rating)


def test_hurdles_read_the_low_end() -> None:
    got = engine.score_case(
        DEFAULT_MODEL,
        [
            {
                **dict.fromkeys(JUDGED, 4),
                "data_readiness": None,
                "technical_readiness": None,
                "workflow_fit": 1,
            }
        ],
        {CORRECTED_RETURN: 2.0, TIME_TO_BENEFIT: 3.0},
        knock_outs=NO_KNOCK_OUT,
    )
    assert got.low > 50
    assert got.dimension("feasibility").low == 33.75
    assert got.dimension("feasibility").high > 50
    assert [hurdle.is_met for hurdle in got.hurdles(DEFAULT_MODEL)] == [True, False]
    assert not got.is_eligible(DEFAULT_MODEL)
    assert [hurdle.at_least for hurdle in got.hurdles(DEFAULT_MODEL, explore=True)] == [35, 35]
    assert not got.is_eligible(DEFAULT_MODEL, explore=True)


def test_a_knock_out_stops_a_case_and_so_does_one_that_nobody_answered() -> None:
    full = [dict.fromkeys(JUDGED, 5)]
    computed = {CORRECTED_RETURN: 2.0, TIME_TO_BENEFIT: 3.0}
    for knock_out in KnockOut:
        hit = engine.score_case(DEFAULT_MODEL, full, computed, knock_outs={**NO_KNOCK_OUT, knock_out: True})
        assert (hit.point, hit.knocked_out, hit.unanswered) == (100.0, (knock_out,), ())
        assert not hit.is_eligible(DEFAULT_MODEL)
        unsaid = engine.score_case(
            DEFAULT_MODEL, full, computed, knock_outs={**NO_KNOCK_OUT, knock_out: None}
        )
        assert (unsaid.knocked_out, unsaid.unanswered) == ((), (knock_out,))
        assert not unsaid.is_eligible(DEFAULT_MODEL)
    assert engine.score_case(DEFAULT_MODEL, full, computed).unanswered == tuple(KnockOut)


def test_the_evidence_grade_stands_beside_the_score() -> None:
    graded = [engine.score_case(DEFAULT_MODEL, [], {}, evidence_grade=grade) for grade in "ABCDE"]
    assert [score.evidence_grade for score in graded] == list("ABCDE")
    assert {dataclasses.replace(score, evidence_grade="E") for score in graded} == {graded[-1]}


def test_ties_go_by_the_low_end_then_feasibility_then_reference() -> None:
    low, feasibility = np.array([60.0, 70, 60, 60]), np.array([50.0, 10, 55, 50])
    assert engine.ranking(low, feasibility, ["AI-4", "AI-1", "AI-3", "AI-2"]) == [1, 2, 3, 0]


@pytest.mark.parametrize(
    ("cost", "is_high_tier", "needed"),
    [
        ("249999.99", False, 1),
        ("250000", False, 2),
        ("1000000", False, 2),
        ("1000000.01", False, 3),
        ("1", True, 3),
    ],
)
def test_money_and_risk_ask_for_more_scorecards(cost: str, is_high_tier: bool, needed: int) -> None:
    assert engine.scorecards_needed(DEFAULT_MODEL, Decimal(cost), is_high_tier=is_high_tier) == needed


# One and many


def random_cards(rng: np.random.Generator, cases: int) -> tuple[FloatArray, list[int]]:
    ratings = rng.integers(1, 6, (cases, 3, len(KEYS))).astype(np.float64)
    ratings[rng.random(ratings.shape) < 0.05] = np.nan
    return ratings, rng.integers(0, 4, cases).tolist()


def test_one_case_and_many_give_the_same_bits_and_so_does_a_change_of_weights() -> None:
    rng = np.random.default_rng(1)
    cases = 400
    ratings, counts = random_cards(rng, cases)
    inputs = {
        CORRECTED_RETURN: np.where(rng.random(cases) < 0.1, np.nan, rng.normal(0.6, 1, cases)),
        TIME_TO_BENEFIT: rng.integers(0, 30, cases).astype(np.float64),
    }
    for model in (DEFAULT_MODEL, reweighted(3.7, 11.1)):
        many_ratings = engine.with_computed(model, engine.medians(ratings, counts), inputs)
        many = engine.score_many(model, many_ratings.low, many_ratings.high)
        for case in range(cases):
            cards = [
                {
                    key: None if math.isnan(value) else int(value)
                    for key, value in zip(KEYS, card, strict=True)
                    if key in JUDGED
                }
                for card in ratings[case, : counts[case]].tolist()
            ]
            computed = {key: None if math.isnan(v[case]) else float(v[case]) for key, v in inputs.items()}
            one = engine.score_case(model, cards, computed)
            assert (one.low, one.high, one.coverage) == (many.low[case], many.high[case], many.coverage[case])
            assert one.point == (None if math.isnan(many.point[case]) else many.point[case])
            assert [d.low for d in one.dimensions] == many.dimension_low[case].tolist()
            assert [d.high for d in one.dimensions] == many.dimension_high[case].tolist()
            assert [c.low for c in one.contributions] == many.contribution_low[case].tolist()
            assert [c.high for c in one.contributions] == many.contribution_high[case].tolist()
            spreads = [math.nan if c.spread is None else c.spread for c in one.contributions]
            assert spreads == pytest.approx(many_ratings.spread[case].tolist(), nan_ok=True)


def reweighted(shift: float, within: float) -> Model:
    dimensions = tuple(
        dataclasses.replace(d, weight=d.weight + {"feasibility": shift, "cost": 0, "impact": -shift}[d.key])
        for d in DEFAULT_MODEL.dimensions
    )
    change = {"data_readiness": within, "technical_readiness": -within}
    criteria = tuple(
        dataclasses.replace(c, weight=c.weight + change.get(c.key, 0)) for c in DEFAULT_MODEL.criteria
    )
    return dataclasses.replace(DEFAULT_MODEL, version=2, dimensions=dimensions, criteria=criteria)


def test_uneven_weights_still_give_whole_marks() -> None:
    model = reweighted(1 / 3, 1 / 7)
    middle = engine.score_many(model, np.full((1, 15), 3.0), np.full((1, 15), 3.0))
    most = engine.score_many(model, np.full((1, 15), 5.0), np.full((1, 15), 5.0))
    assert middle.low[0] == pytest.approx(50, abs=2e-8)
    assert most.low[0] == pytest.approx(100, abs=2e-8)
    assert most.coverage[0] == 1.0


# The default model


def test_the_default_model_has_the_weights_of_the_product() -> None:
    assert {c.key: (c.dimension, c.weight) for c in DEFAULT_MODEL.criteria} == WEIGHTS
    assert {d.key: d.weight for d in DEFAULT_MODEL.dimensions} == DIMENSION_WEIGHTS
    assert sum(DEFAULT_MODEL.points()) == 100
    assert {c.key: {Fraction(x): y for x, y in c.knots} for c in DEFAULT_MODEL.computed()} == LINES
    assert [(h.measure, h.at_least, h.explore_at_least) for h in DEFAULT_MODEL.hurdles] == [
        ("score", 50, 35),
        ("feasibility", 50, 35),
    ]
    assert (DEFAULT_MODEL.version, DEFAULT_MODEL.kappa) == (1, 200)
    assert (DEFAULT_MODEL.returns.annual_rate, DEFAULT_MODEL.returns.horizon_months) == (0.08, 36)


def test_every_level_of_the_default_model_says_something_of_its_own() -> None:
    levels = [level for criterion in DEFAULT_MODEL.criteria for level in criterion.levels]
    assert len(set(levels)) == 75
    assert all(level[0].isupper() and level.endswith(".") and 20 <= len(level) <= 110 for level in levels)
    assert all(criterion.question.endswith("?") for criterion in DEFAULT_MODEL.criteria)
    assert all(criterion.title.strip() for criterion in DEFAULT_MODEL.criteria)


def test_a_model_comes_back_from_what_was_stored() -> None:
    stored = json.loads(json.dumps(DEFAULT_MODEL.settings()))
    again = engine.model_from(DEFAULT_MODEL.version, DEFAULT_MODEL.title, stored, DEFAULT_MODEL.criteria)
    assert again == DEFAULT_MODEL


# Refusals


LEVELS = ("One.", "Two.", "Three.", "Four.", "Five.")


def criterion(**changes: object) -> Criterion:
    fields = {
        "key": "k",
        "dimension": "cost",
        "title": "K",
        "question": "K?",
        "weight": 100.0,
        "levels": LEVELS,
    }
    return Criterion(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"weight": 0.0},
        {"levels": LEVELS[:4]},
        {"levels": (*LEVELS[:4], " ")},
        {"kind": Kind.COMPUTED},
        {"knots": ((0.0, 1.0), (1.0, 5.0))},
        {"kind": Kind.COMPUTED, "knots": ((0.0, 1.0),)},
        {"kind": Kind.COMPUTED, "knots": ((1.0, 1.0), (0.0, 5.0))},
        {"kind": Kind.COMPUTED, "knots": ((0.0, 0.0), (1.0, 5.0))},
    ],
)
def test_a_criterion_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    assert criterion().weight == 100
    with pytest.raises(ValueError, match="criterion k"):
        criterion(**changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dimensions": DEFAULT_MODEL.dimensions[:2]}, "100 %"),
        ({"dimensions": (*DEFAULT_MODEL.dimensions[:2], Dimension("cost", "Cost", 45))}, "differ"),
        ({"dimensions": (Dimension("cost", "Cost", 100),)}, "feasibility"),
        ({"criteria": DEFAULT_MODEL.criteria[1:]}, "100 %"),
        ({"criteria": (*DEFAULT_MODEL.criteria, DEFAULT_MODEL.criteria[0])}, "differ"),
        ({"criteria": (*DEFAULT_MODEL.criteria, criterion(dimension="style"))}, "no such dimension: style"),
        ({"hurdles": (engine.Hurdle("style", 50, 35),)}, "no such measure"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(DEFAULT_MODEL, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cards", "computed", "knock_outs", "grade"),
    [
        ([{"data_readiness": 0}], {}, {}, "E"),
        ([{"data_readiness": 6}], {}, {}, "E"),
        ([{"charm": 3}], {}, {}, "E"),
        ([{CORRECTED_RETURN: 3}], {}, {}, "E"),
        ([], {"data_readiness": 3.0}, {}, "E"),
        ([], {}, {"bad_weather": True}, "E"),
        ([], {}, {}, "F"),
        ([], {}, {}, ""),
    ],
)
def test_what_can_not_be_scored_is_refused(
    cards: list[Card], computed: Computed, knock_outs: dict[str, bool | None], grade: str
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        engine.score_case(DEFAULT_MODEL, cards, computed, knock_outs=knock_outs, evidence_grade=grade)


def test_ratings_outside_the_scale_are_refused() -> None:
    three = np.full((2, 15), 3.0)
    for low, high in ((three - 3, three), (three, three + 3), (three, three - 1), (three * np.nan, three)):
        with pytest.raises(ValueError, match="between 1 and 5"):
            engine.score_many(DEFAULT_MODEL, low, high)
    with pytest.raises(ValueError, match="per case and criterion"):
        engine.score_many(DEFAULT_MODEL, three[:, :14], three[:, :14])
