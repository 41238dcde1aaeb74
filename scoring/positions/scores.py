"""From scorecards to scores: the newest closed scoring of each initiative, by the pure engine.

A scoring that was redone under a later version counts under that version, with the inputs of that day.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Prefetch

from scoring import engine
from scoring.models import (
    Criterion,
    RatingRevision,
    Rescore,
    Score,
    ScorecardRating,
    ScoringClose,
    ScoringModel,
    ScoringRound,
)
from scoring.positions import stale, store
from scoring.selectors import model_of

FORMULA = "score-1"
DIMENSIONS = ("feasibility", "cost", "impact")
_TABLE = Score._meta.db_table
_KEYS = {"initiative", "round", "model"}


@dataclass(frozen=True)
class ComputedScore:
    """The score of one initiative; `contributions` re-add to it."""

    initiative: int
    round: int
    model: int
    low: float
    high: float
    point: float | None
    coverage: float
    feasibility_low: float
    feasibility_high: float
    cost_low: float
    cost_high: float
    impact_low: float
    impact_high: float
    evidence_grade: str
    contributions: list[dict[str, Any]]
    packed: bytes


@dataclass(frozen=True)
class Basis:
    """What a score stands on: the closed scoring, and the version and inputs that it counts under."""

    closing: ScoringClose
    model: int
    computed_inputs: dict[str, str | None]


def bases_of(closings: Iterable[ScoringClose], seq: int) -> list[list[Basis]]:
    """For each closed scoring what its scores stood on, one after the other, up to `seq`."""
    closed = list(closings)
    redone: defaultdict[int, list[Rescore]] = defaultdict(list)
    for rescore in Rescore.objects.filter(
        round__in=[closing.round_id for closing in closed], transaction__seq__lte=seq
    ).order_by("pk"):
        redone[rescore.round_id].append(rescore)
    return [
        [
            Basis(closing, closing.round.model_id, closing.computed_inputs),
            *(
                Basis(closing, rescore.model_id, rescore.computed_inputs)
                for rescore in redone[closing.round_id]
            ),
        ]
        for closing in closed
    ]


def compute_scores(ids: Iterable[int] | None = None, *, seq: int) -> list[ComputedScore]:
    """The scores of some initiatives, or of all, from the facts up to `seq`; one model version at a time.

    The newest scoring alone counts: while it is open there is no score, not even the one before.
    """
    closings = (
        ScoringClose.objects.filter(transaction__seq__lte=seq).select_related("round").order_by("round")
    )
    rounds = ScoringRound.objects.filter(transaction__seq__lte=seq).order_by("pk")
    if ids is not None:
        subjects = sorted(set(ids))
        closings = closings.filter(round__initiative__in=subjects)
        rounds = rounds.filter(initiative__in=subjects)
    last_round: dict[int, int] = dict(rounds.values_list("initiative", "pk"))
    newest = {
        closing.round.initiative_id: closing
        for closing in closings
        if last_round[closing.round.initiative_id] == closing.round_id
    }
    last = [steps[-1] for steps in bases_of(newest.values(), seq)]
    return sorted(score_bases(last, seq=seq), key=lambda score: score.initiative)


def score_bases(bases: Sequence[Basis], *, seq: int) -> list[ComputedScore]:
    """The scores that these bases give, one model version at a time."""
    by_model: defaultdict[int, list[Basis]] = defaultdict(list)
    for basis in bases:
        by_model[basis.model].append(basis)
    models = ScoringModel.objects.prefetch_related(
        Prefetch("criteria", Criterion.objects.order_by("position"))
    ).in_bulk(by_model)
    ratings = _ratings([basis.closing.round_id for basis in bases], seq)
    return [
        score
        for pk, of_model in by_model.items()
        for score in _scored(model_of(models[pk]), of_model, ratings)
    ]


_Cards = dict[int, dict[str, int | None]]


def _ratings(rounds: Sequence[int], seq: int) -> dict[int, _Cards]:
    """Round -> scorecard -> criterion -> rating; after a reconciliation the revised one."""
    revised: dict[int, int | None] = dict(
        RatingRevision.objects.filter(
            replaces__scorecard__assignment__round__in=rounds, transaction__seq__lte=seq
        ).values_list("replaces", "rating")
    )
    rows = (
        ScorecardRating.objects.filter(
            scorecard__assignment__round__in=rounds, scorecard__transaction__seq__lte=seq
        )
        .order_by("scorecard", "criterion")
        .values_list("pk", "scorecard__assignment__round", "scorecard", "criterion__key", "rating")
    )
    found: defaultdict[int, _Cards] = defaultdict(dict)
    for pk, round_, card, key, rating in rows.iterator(chunk_size=10_000):
        found[round_].setdefault(card, {})[key] = revised.get(pk, rating)
    return found


def _scored(model: engine.Model, bases: Sequence[Basis], by_round: dict[int, _Cards]) -> list[ComputedScore]:
    keys = [criterion.key for criterion in model.criteria]
    cards = [list(by_round.get(basis.closing.round_id, {}).values()) for basis in bases]
    given = np.full((len(bases), max(map(len, cards), default=0), len(keys)), np.nan)
    for case, of_case in enumerate(cards):
        for place, card in enumerate(of_case):
            given[case, place] = [_number(card.get(key)) for key in keys]
    inputs = {
        criterion.key: np.array([_number(basis.computed_inputs.get(criterion.key)) for basis in bases])
        for criterion in model.computed()
    }
    judged = engine.medians(given, [len(of_case) for of_case in cards])
    ratings = engine.with_computed(model, judged, inputs)
    scores = engine.score_many(model, ratings.low, ratings.high)
    values = np.stack([inputs.get(key, np.full(len(bases), np.nan)) for key in keys], axis=1)
    order = {dimension.key: place for place, dimension in enumerate(model.dimensions)}
    points = model.points()
    return [
        ComputedScore(
            initiative=basis.closing.round.initiative_id,
            round=basis.closing.round_id,
            model=basis.model,
            low=float(scores.low[case]),
            high=float(scores.high[case]),
            point=_or_none(scores.point[case]),
            coverage=float(scores.coverage[case]),
            **{
                f"{key}_{end}": float(ends[case, order[key]])
                for key in DIMENSIONS
                for end, ends in (("low", scores.dimension_low), ("high", scores.dimension_high))
            },
            evidence_grade=basis.closing.evidence_grade,
            contributions=[
                {
                    "key": criterion.key,
                    "title": criterion.title,
                    "dimension": criterion.dimension,
                    "rating_low": float(ratings.low[case, column]),
                    "rating_high": float(ratings.high[case, column]),
                    "low": float(scores.contribution_low[case, column]),
                    "high": float(scores.contribution_high[case, column]),
                    "weight": float(points[column]),
                    "spread": _or_none(ratings.spread[case, column]),
                }
                for column, criterion in enumerate(model.criteria)
            ],
            packed=np.stack([ratings.low[case], ratings.high[case], values[case]]).astype("<f8").tobytes(),
        )
        for case, basis in enumerate(bases)
    ]


def _number(value: int | str | None) -> float:
    return np.nan if value is None else float(value)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def write(
    scores: Sequence[ComputedScore], *, seq: int, on: date, subjects: Sequence[int], anew: bool = False
) -> int:
    """Write scores where they are newer, and say so in the stale marks, in one transaction.

    A subject that has no score any more loses the one it had.
    """
    rows = [asdict(score) | {"contributions": json.dumps(score.contributions)} for score in scores]
    fields = [name for name in ComputedScore.__dataclass_fields__ if name not in _KEYS]
    targets = ["initiative_id", "through_seq", '"on"', "formula", "round_id", "model_id", *fields]
    values = [
        (row["initiative"], seq, on, FORMULA, row["round"], row["model"], *(row[name] for name in fields))
        for row in rows
    ]
    older = {"through_seq__lte" if anew else "through_seq__lt": seq}
    gone = set(subjects) - {score.initiative for score in scores}
    with transaction.atomic():
        Score.objects.filter(initiative__in=gone, **older).delete()
        accepted = store.upsert(_TABLE, targets, values, anew=anew)
        stale.done(stale.SCORE, subjects, seq)
    return len(accepted)
