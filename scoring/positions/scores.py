"""From scorecards to scores: the newest closed scoring of each initiative, by the pure engine."""

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


@dataclass(frozen=True)
class ComputedScore:
    """The score of one initiative; `contributions` re-add to it."""

    initiative: int
    round: int
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
    by_model: defaultdict[int, list[ScoringClose]] = defaultdict(list)
    for closing in newest.values():
        by_model[closing.round.model_id].append(closing)
    models = ScoringModel.objects.prefetch_related(
        Prefetch("criteria", Criterion.objects.order_by("position"))
    ).in_bulk(by_model)
    ratings = _ratings([closing.round_id for closing in newest.values()], seq)
    found = [
        score
        for pk, of_model in by_model.items()
        for score in _scored(model_of(models[pk]), of_model, ratings)
    ]
    return sorted(found, key=lambda score: score.initiative)


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


def _scored(
    model: engine.Model, closings: Sequence[ScoringClose], by_round: dict[int, _Cards]
) -> list[ComputedScore]:
    keys = [criterion.key for criterion in model.criteria]
    cards = [list(by_round.get(closing.round_id, {}).values()) for closing in closings]
    given = np.full((len(closings), max(map(len, cards), default=0), len(keys)), np.nan)
    for case, of_case in enumerate(cards):
        for place, card in enumerate(of_case):
            given[case, place] = [_number(card.get(key)) for key in keys]
    inputs = {
        criterion.key: np.array([_number(closing.computed_inputs.get(criterion.key)) for closing in closings])
        for criterion in model.computed()
    }
    judged = engine.medians(given, [len(of_case) for of_case in cards])
    ratings = engine.with_computed(model, judged, inputs)
    scores = engine.score_many(model, ratings.low, ratings.high)
    order = {dimension.key: place for place, dimension in enumerate(model.dimensions)}
    points = model.points()
    return [
        ComputedScore(
            initiative=closing.round.initiative_id,
            round=closing.round_id,
            low=float(scores.low[case]),
            high=float(scores.high[case]),
            point=_or_none(scores.point[case]),
            coverage=float(scores.coverage[case]),
            **{
                f"{key}_{end}": float(values[case, order[key]])
                for key in DIMENSIONS
                for end, values in (("low", scores.dimension_low), ("high", scores.dimension_high))
            },
            evidence_grade=closing.evidence_grade,
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
        )
        for case, closing in enumerate(closings)
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
    fields = [name for name in ComputedScore.__dataclass_fields__ if name not in {"initiative", "round"}]
    targets = ["initiative_id", "through_seq", '"on"', "formula", "round_id", *fields]
    values = [
        (row["initiative"], seq, on, FORMULA, row["round"], *(row[name] for name in fields)) for row in rows
    ]
    older = {"through_seq__lte" if anew else "through_seq__lt": seq}
    gone = set(subjects) - {score.initiative for score in scores}
    with transaction.atomic():
        Score.objects.filter(initiative__in=gone, **older).delete()
        accepted = store.upsert(_TABLE, targets, values, anew=anew)
        stale.done(stale.SCORE, subjects, seq)
    return len(accepted)
