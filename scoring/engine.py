"""The score of a case: from scorecards and computed inputs to points, range and terms.

Pure: no database. One function, `score_many`, makes every score; a single case is a batch of one, so a
re-score of everything gives the same bits as the scoring of one. Ratings are floats from 1 to 5 and NaN is
unknown; an unknown stays a range (at 1, at 5), and whatever decides reads its low end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np

from scoring.finance import BoolArray, FloatArray, ReturnSettings, round_ratio

LOWEST_RATING, HIGHEST_RATING = 1.0, 5.0
# A spread of this many rungs asks the assessors for reconciliation.
SPREAD_TO_RECONCILE = 2.0
SCORE = "score"
FEASIBILITY = "feasibility"
EVIDENCE_GRADES = "ABCDE"


class Kind(StrEnum):
    """Where a criterion's rating comes from."""

    JUDGED = "judged"
    COMPUTED = "computed"


class Direction(StrEnum):
    """Which way a computed criterion's rating must go as its value grows."""

    RISING = "rising"
    FALLING = "falling"


class KnockOut(StrEnum):
    """What keeps a case from being funded whatever its score."""

    PROHIBITED_USE = "prohibited_use"
    NO_SPONSOR = "no_sponsor"
    NO_MEASURABLE_GOAL = "no_measurable_goal"
    RELIABILITY_VETO = "reliability_veto"


@dataclass(frozen=True)
class Dimension:
    """One side of the score; `weight` is percent of the whole."""

    key: str
    title: str
    weight: float


@dataclass(frozen=True)
class Criterion:
    """One criterion; `weight` is percent of its dimension, `levels` say 1 to 5 in words.

    `knots` are the pairs (value, rating) of a computed criterion's piecewise-linear value function, by
    rising value; `direction` says which way it must go, None leaves it free.
    """

    key: str
    dimension: str
    title: str
    question: str
    weight: float
    levels: tuple[str, str, str, str, str]
    kind: Kind = Kind.JUDGED
    knots: tuple[tuple[float, float], ...] = ()
    direction: Direction | None = None

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ValueError(f"criterion {self.key} needs a weight above 0")
        if [bool(level.strip()) for level in self.levels] != [True] * 5:
            raise ValueError(f"criterion {self.key} needs five levels in words")
        if (self.kind == Kind.COMPUTED) != bool(self.knots):
            raise ValueError(
                f"criterion {self.key}: a computed criterion has a value function, a judged one none"
            )
        if self.knots:
            if len(self.knots) < 2 or any(a[0] >= b[0] for a, b in pairwise(self.knots)):
                raise ValueError(f"criterion {self.key} needs two or more knots of rising value")
            if any(not LOWEST_RATING <= rating <= HIGHEST_RATING for _, rating in self.knots):
                raise ValueError(f"criterion {self.key}: a value function stays between 1 and 5")
            if self.direction and not is_monotone(self.knots, self.direction):
                raise ValueError(f"criterion {self.key}: its value function must be {self.direction}")


def is_monotone(knots: Sequence[tuple[float, float]], direction: Direction) -> bool:
    """Whether no rating goes against the direction from one knot to the next, and the ends differ."""
    sign = 1 if direction == Direction.RISING else -1
    ratings = [sign * rating for _, rating in knots]
    return all(a <= b for a, b in pairwise(ratings)) and ratings[0] < ratings[-1]


@dataclass(frozen=True)
class Hurdle:
    """The least that the low end of the score, or of a dimension, must reach; lower for explore."""

    measure: str
    at_least: float
    explore_at_least: float


@dataclass(frozen=True)
class Model:
    """One version of the shared scoring model. Raises ValueError if weights or keys don't fit together."""

    version: int
    title: str
    dimensions: tuple[Dimension, ...]
    criteria: tuple[Criterion, ...]
    hurdles: tuple[Hurdle, ...]
    knock_outs: tuple[KnockOut, ...]
    # Concentration of the Dirichlet draws around the weights.
    kappa: float
    # Whole-life cost above which a second and a third scorecard is needed.
    second_scorecard_from: Decimal
    third_scorecard_over: Decimal
    returns: ReturnSettings

    def __post_init__(self) -> None:
        keys = [dimension.key for dimension in self.dimensions]
        if len(set(keys)) != len(keys) or FEASIBILITY not in keys:
            raise ValueError("dimensions need keys that differ, feasibility among them")
        if len({criterion.key for criterion in self.criteria}) != len(self.criteria):
            raise ValueError("criteria need keys that differ")
        _check_hundred("the dimensions", [dimension.weight for dimension in self.dimensions])
        for key in keys:
            weights = [criterion.weight for criterion in self.criteria if criterion.dimension == key]
            _check_hundred(f"the criteria of {key}", weights)
        if unknown := {criterion.dimension for criterion in self.criteria} - set(keys):
            raise ValueError(f"no such dimension: {', '.join(sorted(unknown))}")
        if unknown := {hurdle.measure for hurdle in self.hurdles} - {SCORE, *keys}:
            raise ValueError(f"no such measure for a hurdle: {', '.join(sorted(unknown))}")

    def points(self) -> tuple[float, ...]:
        """What each criterion adds to the score at a rating of 5, in the order of the criteria."""
        whole = {dimension.key: dimension.weight for dimension in self.dimensions}
        return tuple(whole[criterion.dimension] * criterion.weight / 100 for criterion in self.criteria)

    def judged(self) -> tuple[Criterion, ...]:
        """The criteria that assessors rate."""
        return tuple(criterion for criterion in self.criteria if criterion.kind == Kind.JUDGED)

    def computed(self) -> tuple[Criterion, ...]:
        """The criteria that a value function rates."""
        return tuple(criterion for criterion in self.criteria if criterion.kind == Kind.COMPUTED)

    def settings(self) -> dict[str, Any]:
        """Everything but the criteria, version and title, as values that JSON can hold."""
        return {
            "dimensions": [asdict(dimension) for dimension in self.dimensions],
            "hurdles": [asdict(hurdle) for hurdle in self.hurdles],
            "knock_outs": [str(knock_out) for knock_out in self.knock_outs],
            "kappa": self.kappa,
            "second_scorecard_from": str(self.second_scorecard_from),
            "third_scorecard_over": str(self.third_scorecard_over),
            "returns": asdict(self.returns),
        }


def model_from(version: int, title: str, settings: Mapping[str, Any], criteria: Sequence[Criterion]) -> Model:
    """The model whose `settings()` were stored beside its criteria."""
    return Model(
        version=version,
        title=title,
        dimensions=tuple(Dimension(**dimension) for dimension in settings["dimensions"]),
        criteria=tuple(criteria),
        hurdles=tuple(Hurdle(**hurdle) for hurdle in settings["hurdles"]),
        knock_outs=tuple(KnockOut(knock_out) for knock_out in settings["knock_outs"]),
        kappa=float(settings["kappa"]),
        second_scorecard_from=Decimal(settings["second_scorecard_from"]),
        third_scorecard_over=Decimal(settings["third_scorecard_over"]),
        returns=ReturnSettings(**settings["returns"]),
    )


def _check_hundred(what: str, weights: Sequence[float]) -> None:
    if any(not weight > 0 for weight in weights) or abs(sum(weights) - 100) > 1e-9:
        raise ValueError(f"the weights of {what} must be positive and make 100 %, got {list(weights)}")


def scorecards_needed(model: Model, whole_life_cost: Decimal, *, is_high_tier: bool) -> int:
    """How many assessors score a case: 1 under 250 k, 2 from there, 3 over 1 M or at a high tier."""
    if is_high_tier or whole_life_cost > model.third_scorecard_over:
        return 3
    return 2 if whole_life_cost >= model.second_scorecard_from else 1


# Ratings


@dataclass(frozen=True)
class Ratings:
    """The rating of each case on each criterion, shape (cases, criteria).

    `low` and `high` are the medians with every unknown at 1 and at 5; `spread` is the distance between
    the highest and the lowest rating given, NaN where nobody gave one or the criterion is computed.
    """

    low: FloatArray
    high: FloatArray
    spread: FloatArray


def medians(ratings: FloatArray, counts: Sequence[int] | FloatArray) -> Ratings:
    """Medians over scorecards. `ratings` has shape (cases, scorecards, criteria), NaN is unknown.

    `counts` says how many scorecards each case has; they come first, the rest is padding. A case without
    any is all unknown.
    """
    cases, cards, criteria = ratings.shape
    count = np.asarray(counts, dtype=np.int64)
    is_card = np.arange(cards) < count[:, None]
    given = is_card[:, :, None] & ~np.isnan(ratings)
    highest = np.where(given, ratings, -np.inf).max(axis=1, initial=-np.inf)
    lowest = np.where(given, ratings, np.inf).min(axis=1, initial=np.inf)
    spread = np.where(highest >= lowest, highest - np.where(highest >= lowest, lowest, 0.0), np.nan)
    ends = []
    for unknown in (LOWEST_RATING, HIGHEST_RATING):
        filled = np.where(np.isnan(ratings), unknown, ratings)
        # Padding sorts behind every rating.
        ordered = np.sort(np.where(is_card[:, :, None], filled, np.inf), axis=1)
        median = np.full((cases, criteria), unknown)
        rated = np.flatnonzero(count > 0)
        middle = count[rated]
        median[rated] = (ordered[rated, (middle - 1) // 2] + ordered[rated, middle // 2]) / 2
        ends.append(median)
    return Ratings(ends[0], ends[1], spread)


def value_function(knots: Sequence[tuple[float, float]], values: FloatArray) -> FloatArray:
    """Ratings of computed values by straight lines between knots, level beyond the ends; NaN stays NaN."""
    rating = np.full(values.shape, knots[0][1], dtype=np.float64)
    for (left, left_rating), (right, right_rating) in pairwise(knots):
        inside = left_rating + (right_rating - left_rating) * ((values - left) / (right - left))
        rating = np.where(values > left, inside, rating)
        rating = np.where(values >= right, right_rating, rating)
    return np.where(np.isnan(values), np.nan, rating)


def with_computed(model: Model, judged: Ratings, computed: Mapping[str, FloatArray]) -> Ratings:
    """The ratings with those of computed criteria filled in; a value that is NaN or missing is unknown."""
    low, high, spread = judged.low.copy(), judged.high.copy(), judged.spread.copy()
    for column, criterion in enumerate(model.criteria):
        if criterion.kind == Kind.COMPUTED:
            values = computed.get(criterion.key, np.full(len(low), np.nan))
            rating = value_function(criterion.knots, values)
            low[:, column] = np.where(np.isnan(rating), LOWEST_RATING, rating)
            high[:, column] = np.where(np.isnan(rating), HIGHEST_RATING, rating)
            spread[:, column] = np.nan
    return Ratings(low, high, spread)


# Scores


@dataclass(frozen=True)
class Scores:
    """Scores of many cases, rounded to 1e-9 as they are stored.

    `low`, `high`, `point` (NaN short of full coverage) and `coverage` (share of the weight that is known,
    0 to 1) have shape (cases,); dimensions (cases, dimensions); contributions in points (cases, criteria).
    The contributions of a case add up to its score.
    """

    low: FloatArray
    high: FloatArray
    point: FloatArray
    coverage: FloatArray
    dimension_low: FloatArray
    dimension_high: FloatArray
    contribution_low: FloatArray
    contribution_high: FloatArray


def score_many(model: Model, low: FloatArray, high: FloatArray) -> Scores:
    """Scores from ratings at the low and high end, shape (cases, criteria) in the model's order.

    v = (rating - 1) / 4 and score = 100 * sum of w * v; a dimension divides by its own weights. Added
    criterion by criterion, so that one case and many give the same bits. Raises ValueError for ratings
    outside 1 to 5 or the wrong way round.
    """
    if low.shape != high.shape or low.ndim != 2 or low.shape[1] != len(model.criteria):
        raise ValueError(f"one low and one high rating per case and criterion, got {low.shape}, {high.shape}")
    if not ((low >= LOWEST_RATING) & (low <= high) & (high <= HIGHEST_RATING)).all():
        raise ValueError("ratings lie between 1 and 5, the low end not above the high end")
    points = model.points()
    known = low == high
    contribution_low, contribution_high = (_contributions(points, ratings) for ratings in (low, high))
    known_points = np.zeros(len(low))
    for column, most in enumerate(points):
        known_points += np.where(known[:, column], most, 0.0)
    whole = range(len(points))
    low_end, high_end = _added(contribution_low, whole), _added(contribution_high, whole)
    dimension_low, dimension_high = (np.zeros((len(low), len(model.dimensions))) for _ in range(2))
    for position, dimension in enumerate(model.dimensions):
        columns = [column for column in whole if model.criteria[column].dimension == dimension.key]
        most = sum(points[column] for column in columns)
        dimension_low[:, position] = round_ratio(100 * _added(contribution_low, columns) / most)
        dimension_high[:, position] = round_ratio(100 * _added(contribution_high, columns) / most)
    return Scores(
        low=low_end,
        high=high_end,
        point=np.where(_all(known), low_end, np.nan),
        coverage=round_ratio(known_points / sum(points)),
        dimension_low=dimension_low,
        dimension_high=dimension_high,
        contribution_low=contribution_low,
        contribution_high=contribution_high,
    )


def _contributions(points: Sequence[float], ratings: FloatArray) -> FloatArray:
    contributions = np.empty(ratings.shape)
    for column, most in enumerate(points):
        contributions[:, column] = round_ratio(most * ((ratings[:, column] - LOWEST_RATING) / 4))
    return contributions


def _added(contributions: FloatArray, columns: Sequence[int]) -> FloatArray:
    value = np.zeros(len(contributions))
    for column in columns:
        value += contributions[:, column]
    return round_ratio(value)


def _all(known: BoolArray) -> BoolArray:
    return np.asarray(known.all(axis=1), dtype=np.bool_)


def ranking(low: FloatArray, feasibility_low: FloatArray, references: Sequence[str]) -> list[int]:
    """Positions of the cases, best first: by the low end, then feasibility's low end, then reference."""
    return sorted(range(len(references)), key=lambda k: (-low[k], -feasibility_low[k], references[k]))


# One case


@dataclass(frozen=True)
class Contribution:
    """What one criterion adds to a score, in points; `points` is the most it could add.

    `spread` is None where nobody rated it. `asks_reconciliation` is for its assessors only.
    """

    key: str
    title: str
    dimension: str
    kind: Kind
    points: float
    rating_low: float
    rating_high: float
    low: float
    high: float
    spread: float | None

    @property
    def is_known(self) -> bool:
        """Whether the rating is a point and no range."""
        return self.rating_low == self.rating_high

    @property
    def asks_reconciliation(self) -> bool:
        """Whether the scorecards lie two rungs or more apart."""
        return self.spread is not None and self.spread >= SPREAD_TO_RECONCILE


@dataclass(frozen=True)
class DimensionScore:
    """The score of one dimension, 0 to 100 by its own weights."""

    key: str
    title: str
    low: float
    high: float


@dataclass(frozen=True)
class HurdleResult:
    """One hurdle and the low end that was held against it."""

    measure: str
    at_least: float
    low: float

    @property
    def is_met(self) -> bool:
        """Whether the low end reaches it."""
        return self.low >= self.at_least


@dataclass(frozen=True)
class CaseScore:
    """The score of one case and the terms it is made of.

    `point` is there at full coverage only. `knocked_out` names the knock-outs that hold, `unanswered` those
    that nobody has answered: at the low end they hold too. The evidence grade stands beside the score and
    never changes it.
    """

    low: float
    high: float
    point: float | None
    coverage: float
    dimensions: tuple[DimensionScore, ...]
    contributions: tuple[Contribution, ...]
    knocked_out: tuple[KnockOut, ...]
    unanswered: tuple[KnockOut, ...]
    evidence_grade: str

    def low_end(self, measure: str) -> float:
        """The low end of the score or of a dimension."""
        return self.low if measure == SCORE else self.dimension(measure).low

    def dimension(self, key: str) -> DimensionScore:
        """The dimension of this key. Raises KeyError."""
        return {dimension.key: dimension for dimension in self.dimensions}[key]

    def hurdles(self, model: Model, *, explore: bool = False) -> tuple[HurdleResult, ...]:
        """Each hurdle of the model held against the low end; the explore bucket has its own."""
        return tuple(
            HurdleResult(
                hurdle.measure,
                hurdle.explore_at_least if explore else hurdle.at_least,
                self.low_end(hurdle.measure),
            )
            for hurdle in model.hurdles
        )

    def is_eligible(self, model: Model, *, explore: bool = False) -> bool:
        """Whether every hurdle is met and no knock-out holds or is unanswered, all at the low end."""
        is_clear = not self.knocked_out and not self.unanswered
        return is_clear and all(hurdle.is_met for hurdle in self.hurdles(model, explore=explore))


def score_case(
    model: Model,
    scorecards: Sequence[Mapping[str, int | None]],
    computed: Mapping[str, float | None],
    *,
    knock_outs: Mapping[str, bool | None] | None = None,
    evidence_grade: str = "E",
) -> CaseScore:
    """The score of one case from complete scorecards and computed inputs.

    A scorecard maps criterion keys to a rating of 1 to 5, or None for unknown; a key left out is unknown.
    `computed` maps the keys of computed criteria to their values in the same way, `knock_outs` the model's
    knock-outs to whether they hold. Raises ValueError for a key, rating or grade that isn't there.
    """
    answers = dict(knock_outs or {})
    _check_inputs(model, scorecards, computed, answers, evidence_grade)
    columns = [criterion.key for criterion in model.criteria]
    given = [[_number(card.get(key)) for key in columns] for card in scorecards]
    cards = np.array(given, dtype=np.float64).reshape(1, len(scorecards), len(columns))
    inputs = {key: np.array([_number(value)]) for key, value in computed.items()}
    ratings = with_computed(model, medians(cards, [len(scorecards)]), inputs)
    scores = score_many(model, ratings.low, ratings.high)
    return CaseScore(
        low=float(scores.low[0]),
        high=float(scores.high[0]),
        point=_or_none(scores.point[0]),
        coverage=float(scores.coverage[0]),
        dimensions=tuple(
            DimensionScore(dimension.key, dimension.title, float(low), float(high))
            for dimension, low, high in zip(
                model.dimensions, scores.dimension_low[0], scores.dimension_high[0], strict=True
            )
        ),
        contributions=tuple(
            Contribution(
                key=criterion.key,
                title=criterion.title,
                dimension=criterion.dimension,
                kind=criterion.kind,
                points=most,
                rating_low=float(ratings.low[0, column]),
                rating_high=float(ratings.high[0, column]),
                low=float(scores.contribution_low[0, column]),
                high=float(scores.contribution_high[0, column]),
                spread=_or_none(ratings.spread[0, column]),
            )
            for column, (criterion, most) in enumerate(zip(model.criteria, model.points(), strict=True))
        ),
        knocked_out=tuple(knock_out for knock_out in model.knock_outs if answers.get(knock_out)),
        unanswered=tuple(knock_out for knock_out in model.knock_outs if answers.get(knock_out) is None),
        evidence_grade=evidence_grade,
    )


@dataclass(frozen=True)
class NextRung:
    """The next whole rating on one criterion, and how many points it adds to the low end.

    For an unknown it is the answer that is missing: `rating` is then 5 and `gain` the most that it can add.
    `value` is what a computed criterion needs for it; `words` is the level of a judged one.
    """

    key: str
    title: str
    is_unknown: bool
    rating_now: float
    rating: int
    gain: float
    value: float | None
    words: str


def next_rungs(model: Model, low: Sequence[float], high: Sequence[float]) -> tuple[NextRung, ...]:
    """What would raise a score, most first, then in the model's order; nothing for a criterion at 5.

    `low` and `high` are the ratings of one case in the model's order.
    """
    found = []
    for criterion, most, at_low, at_high in zip(model.criteria, model.points(), low, high, strict=True):
        if at_low >= HIGHEST_RATING:
            continue
        is_unknown = at_low == LOWEST_RATING and at_high == HIGHEST_RATING
        rating = int(HIGHEST_RATING) if is_unknown else int(at_low) + 1
        found.append(
            NextRung(
                key=criterion.key,
                title=criterion.title,
                is_unknown=is_unknown,
                rating_now=at_low,
                rating=rating,
                gain=most * (rating - at_low) / 4,
                value=value_for(criterion.knots, float(rating)) if criterion.knots else None,
                words=criterion.levels[rating - 1],
            )
        )
    return tuple(sorted(found, key=lambda rung: -rung.gain))


def value_for(knots: Sequence[tuple[float, float]], rating: float) -> float | None:
    """Where a value function first reaches a rating, from its worse end; None if it never does."""
    rising = knots[0][1] <= knots[-1][1]
    ordered = list(knots) if rising else list(reversed(knots))
    for (left, left_rating), (right, right_rating) in pairwise(ordered):
        if left_rating <= rating <= right_rating and left_rating < right_rating:
            return left + (right - left) * (rating - left_rating) / (right_rating - left_rating)
    return None


def _check_inputs(
    model: Model,
    scorecards: Sequence[Mapping[str, int | None]],
    computed: Mapping[str, float | None],
    answers: Mapping[str, bool | None],
    evidence_grade: str,
) -> None:
    judged = {criterion.key for criterion in model.judged()}
    for card in scorecards:
        if strange := set(card) - judged:
            raise ValueError(f"a scorecard can't rate {', '.join(sorted(strange))}")
        if wrong := [key for key, rating in card.items() if rating not in (None, 1, 2, 3, 4, 5)]:
            raise ValueError(f"a rating is 1 to 5 or unknown: {', '.join(wrong)}")
    if strange := set(computed) - {criterion.key for criterion in model.computed()}:
        raise ValueError(f"not computed: {', '.join(sorted(strange))}")
    if strange := set(answers) - set(model.knock_outs):
        raise ValueError(f"no knock-out of this model: {', '.join(sorted(strange))}")
    if len(evidence_grade) != 1 or evidence_grade not in EVIDENCE_GRADES:
        raise ValueError(f"an evidence grade is A to E, got {evidence_grade!r}")


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
