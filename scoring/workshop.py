"""A version of the model while it is written: its document, its weights by swings, what is wrong, its curve.

Pure: no database. The document (`Content`) is plain data that JSON can hold, with every number as text or
integer, so that it has one hash:

    name, kappa, second_scorecard_from, third_scorecard_over, knock_outs, returns
    dimensions  a list of key, title, weight, order, swing
    criteria    a list of key, dimension, title, question, weight, order, swing, kind, levels, direction,
                knots
    hurdles     a list of measure, at_least, explore_at_least

`order` and `swing` are how a weight was found: which swing from 1 to 5 matters most, and how much each one
matters beside the largest, which is 100. They are no part of the published version.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import Any

from ledger import chain
from scoring import engine
from scoring.default_model import CORRECTED_RETURN, TIME_TO_BENEFIT
from scoring.finance import ReturnSettings

Content = dict[str, Any]
Row = dict[str, Any]
DIMENSIONS = "dimensions"
# What Keel can compute, and which way its rating must go.
COMPUTABLE = {
    CORRECTED_RETURN: engine.Direction.RISING,
    TIME_TO_BENEFIT: engine.Direction.FALLING,
}
# How a weight was found, which is left behind when the version is frozen.
_WORKING = ("order", "swing")
_RETURNS = ReturnSettings()


# The document --------------------------------------------------------------------------------


def content_of(model: engine.Model) -> Content:
    """A version as a document, to start a draft from or to take the hash of."""
    return {
        "name": model.title,
        "kappa": _text(model.kappa),
        "second_scorecard_from": _text(model.second_scorecard_from),
        "third_scorecard_over": _text(model.third_scorecard_over),
        "knock_outs": [str(knock_out) for knock_out in model.knock_outs],
        "returns": {name: _text(value) for name, value in vars(model.returns).items()},
        "dimensions": [
            {"key": each.key, "title": each.title, "weight": int(each.weight), "order": None, "swing": None}
            for each in model.dimensions
        ],
        "criteria": [
            {
                "key": each.key,
                "dimension": each.dimension,
                "title": each.title,
                "question": each.question,
                "weight": int(each.weight),
                "order": None,
                "swing": None,
                "kind": str(each.kind),
                "levels": list(each.levels),
                "direction": str(each.direction or ""),
                "knots": [[_text(value), _text(rating)] for value, rating in each.knots],
            }
            for each in model.criteria
        ],
        "hurdles": [
            {
                "measure": each.measure,
                "at_least": _text(each.at_least),
                "explore_at_least": _text(each.explore_at_least),
            }
            for each in model.hurdles
        ],
    }


def _text(value: float | Decimal) -> str:
    """The shortest digits of a number: 200 and not 200.0."""
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return f"{exact.normalize():f}"


def hash_of(content: Content) -> str:
    """The hash of what a version says: the same document gives the same hash on any database."""
    left = {key: value for key, value in content.items() if key not in {"dimensions", "criteria"}}
    for part in ("dimensions", "criteria"):
        left[part] = [
            {key: value for key, value in row.items() if key not in _WORKING} for row in content[part]
        ]
    return chain.digest(chain.canonical(left))


def model_from(content: Content, version: int) -> engine.Model:
    """The document as the engine reads it. Raises ValueError with the first thing that is wrong."""
    if errors := check(content):
        raise ValueError(next(iter(errors.values())))
    returns: dict[str, Any] = {
        name: type(getattr(_RETURNS, name))(Decimal(value)) for name, value in content["returns"].items()
    }
    return engine.Model(
        version=version,
        title=content["name"],
        dimensions=tuple(
            engine.Dimension(row["key"], row["title"], row["weight"]) for row in content["dimensions"]
        ),
        criteria=tuple(_criterion(row) for row in content["criteria"]),
        hurdles=tuple(
            engine.Hurdle(row["measure"], float(row["at_least"]), float(row["explore_at_least"]))
            for row in content["hurdles"]
        ),
        knock_outs=tuple(engine.KnockOut(knock_out) for knock_out in content["knock_outs"]),
        kappa=float(content["kappa"]),
        second_scorecard_from=Decimal(content["second_scorecard_from"]),
        third_scorecard_over=Decimal(content["third_scorecard_over"]),
        returns=ReturnSettings(**returns),
    )


def _criterion(row: Row) -> engine.Criterion:
    is_computed = row["kind"] == engine.Kind.COMPUTED
    first, second, third, fourth, fifth = row["levels"]
    return engine.Criterion(
        key=row["key"],
        dimension=row["dimension"],
        title=row["title"],
        question=row["question"],
        weight=row["weight"],
        levels=(first, second, third, fourth, fifth),
        kind=engine.Kind(row["kind"]),
        knots=tuple((float(value), float(rating)) for value, rating in row["knots"]) if is_computed else (),
        direction=engine.Direction(row["direction"]) if is_computed else None,
    )


# What is wrong -------------------------------------------------------------------------------


def check(content: Content) -> dict[str, str]:
    """What keeps the document from being proposed: the field of the form, and what to change there."""
    errors: dict[str, str] = {}
    if not content["name"].strip():
        errors["name"] = "Give the version a name."
    for group, title, rows in groups(content):
        errors |= _weight_errors(group, title, rows)
    for row in content["criteria"]:
        errors |= _criterion_errors(row)
    for row in content["hurdles"]:
        for name in ("at_least", "explore_at_least"):
            if not 0 <= Decimal(row[name]) <= 100:
                errors[f"hurdle-{row['measure']}-{name}"] = "A hurdle lies between 0 and 100."
    if not 1 <= Decimal(content["kappa"]) <= 100_000:
        errors["kappa"] = "Kappa lies between 1 and 100,000; Keel starts with 200."
    second, third = Decimal(content["second_scorecard_from"]), Decimal(content["third_scorecard_over"])
    if not 0 < second < third:
        errors["third_scorecard_over"] = "The third scorecard starts above the second, and both above zero."
    return errors


def groups(content: Content) -> list[tuple[str, str, list[Row]]]:
    """The rows whose weights sum to 100: the dimensions, and the criteria of each; key, title, rows."""
    return [
        (DIMENSIONS, "the dimensions", content["dimensions"]),
        *(
            (
                dimension["key"],
                f"the criteria of {dimension['title'].lower()}",
                [row for row in content["criteria"] if row["dimension"] == dimension["key"]],
            )
            for dimension in content["dimensions"]
        ),
    ]


def _weight_errors(group: str, title: str, rows: Sequence[Row]) -> dict[str, str]:
    if not rows:
        return {
            f"group-{group}": f"There is no criterion in {title.removeprefix('the criteria of ')}: add one."
        }
    total = sum(row["weight"] for row in rows)
    if any(not 1 <= row["weight"] <= 100 for row in rows):
        return {f"group-{group}": f"Each weight of {title} lies between 1 and 100 %."}
    if total != 100:
        over = f"{abs(total - 100)} too {'much' if total > 100 else 'little'}"
        return {f"group-{group}": f"The weights of {title} add up to {total} %, {over}: make it 100 %."}
    return {}


def _criterion_errors(row: Row) -> dict[str, str]:
    key, errors = row["key"], {}
    if not row["title"].strip():
        errors[f"{key}-title"] = "Give the criterion a title."
    if not row["question"].strip():
        errors[f"{key}-question"] = "Write the question that a rating answers."
    name = f"“{row['title'] or key}”"
    for number, level in enumerate(row["levels"], start=1):
        if not level.strip():
            errors[f"{key}-level_{number}"] = f"Say in words what {number} means for {name}."
    if row["kind"] == engine.Kind.COMPUTED and (sentence := _curve_error(row)):
        errors[f"{key}-knots"] = sentence
    return errors


def _curve_error(row: Row) -> str:
    name = f"“{row['title'] or row['key']}”"
    if row["key"] not in COMPUTABLE:
        return f"Keel computes the corrected return and the time to benefit; {name} must be judged."
    knots = [(float(value), float(rating)) for value, rating in row["knots"]]
    if len(knots) < 2:
        return f"The value function of {name} needs at least two points."
    if any(a[0] >= b[0] for a, b in pairwise(knots)):
        return f"Write the points of {name} with a rising value, each value once."
    if any(not 1 <= rating <= 5 for _, rating in knots):
        return f"A rating of {name} lies between 1 and 5."
    direction = COMPUTABLE[row["key"]]
    if row["direction"] != direction:
        return f"The value function of {name} must be {direction}."
    for (left, left_rating), (right, right_rating) in pairwise(knots):
        against = left_rating > right_rating if direction == "rising" else left_rating < right_rating
        if against:
            goes = "falls" if direction == "rising" else "rises"
            return (
                f"The value function of {name} must be {direction}, and between {left:g} and {right:g} it "
                f"{goes}: change the rating at {right:g}."
            )
    if not engine.is_monotone(knots, direction):
        return f"The value function of {name} is level everywhere; let it be {direction}."
    return ""


# Weights by swings ---------------------------------------------------------------------------


def weights_by_swings(swings: Sequence[int | Decimal]) -> list[int]:
    """Whole percents that sum to 100, in proportion to the swings, none under 1, by largest remainder.

    A larger swing never gets a smaller weight; of equal remainders the earlier one is rounded up. Raises
    ValueError for no swing, more than 100, or one that is not above zero.
    """
    if not 0 < len(swings) <= 100 or min(swings) <= 0:
        raise ValueError("rate each swing above 0; the largest is 100")
    # One percent each to start with, so that nothing counts for nothing; the rest in proportion.
    rest, total = 100 - len(swings), sum(Fraction(swing) for swing in swings)
    exact = [_share(Fraction(swing) / total, len(swings)) for swing in swings]
    scale = Fraction(rest) / (sum(exact) or 1)
    parts = [share * scale for share in exact]
    weights = [1 + math.floor(part) for part in parts]
    order = sorted(range(len(parts)), key=lambda k: (math.floor(parts[k]) - parts[k], k))
    for place in order[: 100 - sum(weights)]:
        weights[place] += 1
    return weights


def _share(share: Fraction, count: int) -> Fraction:
    """How much of a share lies above the one percent that each one gets; 0 where it doesn't reach it."""
    return max(share * 100 - 1, Fraction(0)) if count < 100 else Fraction(0)


def swing_errors(rows: Sequence[Row]) -> dict[str, str]:
    """Where order and swings don't fit together: the field, and what to change there."""
    errors: dict[str, str] = {}
    for row in rows:
        if row["swing"] is None or not 0 < row["swing"] <= 100:
            errors[f"{row['key']}-swing"] = "Rate this swing from 1 to 100."
    if errors:
        return errors
    if max(row["swing"] for row in rows) != 100:
        first = min(rows, key=lambda row: (-row["swing"], row["order"] or 0))
        errors[f"{first['key']}-swing"] = "The largest swing is 100; the others are rated against it."
    ordered = sorted((row for row in rows if row["order"]), key=lambda row: row["order"])
    for before, after in pairwise(ordered):
        if before["order"] < after["order"] and before["swing"] < after["swing"]:
            errors[f"{after['key']}-swing"] = (
                f"It comes after “{before['title']}” in the order, so its swing is at most {before['swing']}."
            )
    return errors


# Curves --------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 320, 180, 28, 12, 12, 24


@dataclass(frozen=True)
class Mark:
    """A place on the drawing, with what stands there."""

    x: float
    y: float
    value: float
    rating: float


@dataclass(frozen=True)
class Curve:
    """A value function as it is drawn: a viewBox of 320 by 180, ratings 1 to 5 from the bottom up."""

    low: float
    high: float
    line: str
    marks: tuple[Mark, ...]
    ratings: tuple[tuple[int, float], ...]


def curve_of(knots: Sequence[tuple[float, float]]) -> Curve:
    """Where the line and its knots lie, with a tenth of room at both ends, where it is level."""
    values = [value for value, _ in knots]
    room = ((max(values) - min(values)) or 1.0) / 10
    low, high = min(values) - room, max(values) + room
    marks = tuple(
        Mark(
            round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT), 2),
            _height(rating),
            value,
            rating,
        )
        for value, rating in knots
    )
    ends = [(LEFT, marks[0].y), *((mark.x, mark.y) for mark in marks), (WIDTH - RIGHT, marks[-1].y)]
    return Curve(
        low=low,
        high=high,
        line=" ".join(f"{x:g},{y:g}" for x, y in ends),
        marks=marks,
        ratings=tuple((rating, _height(rating)) for rating in range(1, 6)),
    )


def _height(rating: float) -> float:
    return round(HEIGHT - BOTTOM - (rating - 1) / 4 * (HEIGHT - TOP - BOTTOM), 2)


# What changed --------------------------------------------------------------------------------


def changes(before: Content, after: Content) -> list[dict[str, str]]:
    """What a version says otherwise than another one, in words: label, before, after."""
    found = [
        _change(label, before[key], after[key])
        for key, label in (
            ("name", "Name"),
            ("kappa", "Kappa"),
            ("second_scorecard_from", "Second scorecard from"),
            ("third_scorecard_over", "Third scorecard over"),
        )
        if before[key] != after[key]
    ]
    if before["knock_outs"] != after["knock_outs"]:
        found.append(_change("Knock-outs", _listed(before["knock_outs"]), _listed(after["knock_outs"])))
    for part, fields in (("dimensions", _DIMENSION_WORDS), ("criteria", _CRITERION_WORDS)):
        old, new = ({row["key"]: row for row in each[part]} for each in (before, after))
        for key in [*new, *(key for key in old if key not in new)]:
            found += _row_changes(old.get(key), new.get(key), fields)
    old_hurdles, new_hurdles = ({row["measure"]: row for row in each["hurdles"]} for each in (before, after))
    for measure, row in new_hurdles.items():
        was = old_hurdles.get(measure, {})
        for name, words in (("at_least", "Hurdle"), ("explore_at_least", "Hurdle in the explore bucket")):
            if was.get(name) != row[name]:
                found.append(_change(f"{words}, {measure}", was.get(name, "none"), row[name]))
    return found


_DIMENSION_WORDS = {"weight": "weight in percent"}
_CRITERION_WORDS = {
    "title": "title",
    "question": "question",
    "weight": "weight in its dimension, percent",
    "kind": "rated by",
    "levels": "levels",
    "knots": "value function",
}


def _row_changes(old: Row | None, new: Row | None, fields: Mapping[str, str]) -> list[dict[str, str]]:
    title = (new or old or {})["title"]
    if old is None or new is None:
        return [_change(title, "not there" if old is None else "there", "gone" if new is None else "new")]
    found = []
    for key, words in fields.items():
        if old[key] == new[key]:
            continue
        if key == "levels":
            found += [
                _change(f"{title}, level {number}", was, now)
                for number, (was, now) in enumerate(zip(old[key], new[key], strict=True), start=1)
                if was != now
            ]
        else:
            found.append(_change(f"{title}, {words}", _worded(old[key]), _worded(new[key])))
    return found


def _worded(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{point} → {rating}" for point, rating in value) or "none"
    return str(value)


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(key.replace("_", " ") for key in keys) or "none"


def _change(label: str, before: Any, after: Any) -> dict[str, str]:
    return {"label": label, "before": str(before), "after": str(after)}


def unchanged_judged(old: engine.Model, new: engine.Model) -> bool:
    """Whether every judged criterion of the new version stood in the old one with the same words."""
    words = {criterion.key: criterion.levels for criterion in old.judged()}
    return all(words.get(criterion.key) == criterion.levels for criterion in new.judged())


def number_in(text: str) -> str:
    """A typed number in its normal form: 1,000.50 gives 1000.5. Raises ValueError."""
    cleaned = text.replace(" ", "").replace("\u202f", "").replace("\u2212", "-").replace(",", "")
    try:
        exact = Decimal(cleaned)
    except InvalidOperation as error:
        raise ValueError(f"“{text}” is not a number.") from error
    if not exact.is_finite() or abs(exact) > 10**12 or len(cleaned) > 24:
        raise ValueError(f"“{text}” is not a number that can be used here.")
    return _text(exact)
