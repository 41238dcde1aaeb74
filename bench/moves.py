"""Who moves under a draft, over all scores that are out. The floor reads the same bytes and adds up once."""

from collections.abc import Iterator

import numpy as np
from django.db import transaction

from accounts.models import User
from bench.harness import OFFICE, Line, page, reader, rows, timed
from dashboards.model_views import rooms
from ledger import clock
from ledger.services import last_seq, record
from portfolio.models import Initiative, Stage
from portfolio.selectors import fiscal_year_of
from scoring import engine, model_selectors, workshop
from scoring.models import ModelDraft, Score, ScoringClose, ScoringModel, ScoringRound
from scoring.selectors import model_of

# The issue of the workshop: interactive, under half a second for 10,000.
PROMISES = {1_000: 500.0, 10_000: 500.0}
BATCH = 5_000
# One of so many waits for its decision, so that there is a funding line to draw.
WAITING = 10


def lines(size: int) -> list[Line]:
    """The whole act on the server, and its page as htmx asks for it."""
    client = reader()
    _score_all()
    content = _draft().content
    year = fiscal_year_of(clock.today())

    def move() -> None:
        live = model_selectors.live_scores(rooms(year))
        model_selectors.who_moves(workshop.model_from(content, 0), live)

    with transaction.atomic():
        few = Initiative.objects.order_by("pk").values_list("pk", flat=True)[::WAITING]
        for batch in _batches(list(few)):
            Initiative.objects.filter(pk__in=batch).update(stage=Stage.DECISION)
        taken, floor = timed(move), timed(_floor)
        shown, queries = page(client, "/model/moves/")
        transaction.set_rollback(True)
    promise = PROMISES.get(size)
    return [
        Line("who moves under a draft", size, taken, floor, promise, allowed=1.0),
        Line("who moves, its page", size, shown, floor, promise, queries, allowed=1.0),
    ]


def _floor() -> None:
    """Read the packed ratings by plain SQL, weigh them all, and sort."""
    found = rows("SELECT packed FROM scoring_score ORDER BY initiative_id")
    columns = len(model_of(ScoringModel.objects.in_force()).criteria)
    ratings = np.frombuffer(b"".join(bytes(row[0]) for row in found), dtype="<f8").reshape(-1, 3, columns)
    np.argsort(-((ratings[:, 0] - 1) / 4 @ np.ones(columns)), kind="stable")


def _draft() -> ModelDraft:
    """A draft with other weights."""
    draft = ModelDraft.objects.first()
    if draft is not None:
        return draft
    model = ScoringModel.objects.in_force()
    content = workshop.content_of(model_of(model))
    for row, weight in zip(content["dimensions"], (25, 20, 55), strict=True):
        row["weight"] = weight
    return ModelDraft.objects.create(
        based_on=model, content=content, started_by=_office(), updated_by=_office()
    )


def _office() -> User:
    return User.objects.get(email=OFFICE)


def _batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _score_all() -> None:
    """Closed scorings with random ratings for whatever has no score; the positions alone are measured."""
    scored = set(Score.objects.values_list("pk", flat=True))
    missing = [
        row
        for row in Initiative.objects.order_by("pk").values_list("pk", "current_case")
        if row[0] not in scored
    ]
    model, random = ScoringModel.objects.in_force(), np.random.default_rng(7)
    rules = model_of(model)
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        ratings = random.integers(1, 6, (len(batch), len(rules.criteria))).astype(np.float64)
        scores = engine.score_many(rules, ratings, ratings)
        values = np.full_like(ratings, np.nan)
        for column, criterion in enumerate(rules.criteria):
            if criterion.kind == engine.Kind.COMPUTED:
                values[:, column] = random.uniform(criterion.knots[0][0], criterion.knots[-1][0], len(batch))
        with record("scoring.closed", actor=_office()) as act:
            opened = act.add_many(
                ScoringRound,
                [
                    ScoringRound(initiative_id=pk, case_id=case, model=model, required=1, opened_by=_office())
                    for pk, case in batch
                ],
            )
            act.add_many(
                ScoringClose,
                [ScoringClose(round=round_, closed_by=_office(), computed_inputs={}) for round_ in opened],
            )
        packed = np.stack([ratings, ratings, values], axis=1).astype("<f8")
        sides = {
            f"{dimension.key}_{end}": column
            for place, dimension in enumerate(rules.dimensions)
            for end, column in (
                ("low", scores.dimension_low[:, place]),
                ("high", scores.dimension_high[:, place]),
            )
        }
        Score.objects.bulk_create(
            [
                Score(
                    initiative_id=pk,
                    through_seq=last_seq(),
                    on=clock.today(),
                    formula="bench",
                    round=round_,
                    model=model,
                    low=scores.low[case],
                    high=scores.high[case],
                    point=scores.point[case],
                    coverage=1.0,
                    evidence_grade="C",
                    contributions=[],
                    packed=packed[case].tobytes(),
                    **{name: column[case] for name, column in sides.items()},
                )
                for case, ((pk, _), round_) in enumerate(zip(batch, opened, strict=True))
            ],
            batch_size=1000,
        )
