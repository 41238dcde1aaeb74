"""What the model workshop shows: versions, the draft, who moves, what is open, and why a score moved."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

import numpy as np
from django.db.models import F, Prefetch, QuerySet, Sum

from ledger import as_of, clock
from ledger.services import last_seq
from portfolio.models import Initiative, Stage
from portfolio.selectors import fiscal_year_of
from scoring import engine, moves, workshop
from scoring.finance import FloatArray, IntArray
from scoring.models import (
    Criterion,
    ModelApproval,
    ModelDraft,
    ModelProposal,
    ReturnPosition,
    ReturnYear,
    ScoringModel,
    ScoringRound,
)
from scoring.positions.scores import bases_of, score_bases
from scoring.selectors import model_of, score_of, scores_out

NOT_DECIDED = (Stage.ASSESSMENT, Stage.DECISION)


# Versions ------------------------------------------------------------------------------------


def published_versions() -> list[ScoringModel]:
    """Every version that was in force, the newest first."""
    return list(
        ScoringModel.objects.published()
        .select_related(
            "publication__by", "publication__co_signed_by", "publication__transaction", "proposal"
        )
        .order_by("-version")
    )


def open_draft() -> ModelDraft | None:
    """The draft of the next version, if there is one. Drafts have no history: none as of an earlier point."""
    if as_of.current():
        return None
    return ModelDraft.objects.select_related("based_on", "proposed", "started_by", "updated_by").first()


def proposals() -> QuerySet[ModelProposal]:
    """Every version that was ever proposed, with its votes, the newest first."""
    return (
        ModelProposal.objects.select_related(
            "model__publication__transaction", "based_on", "proposed_by", "transaction"
        )
        .prefetch_related("model__criteria", "model__approvals__by", "model__approvals__transaction")
        .order_by("-model__version")
    )


def is_open(proposal: ModelProposal) -> bool:
    """Whether it still waits for votes: it is not published, and nobody refused it."""
    votes = proposal.model.approvals.all()
    is_refused = any(vote.vote == ModelApproval.Vote.AGAINST for vote in votes)
    return not is_refused and not hasattr(proposal.model, "publication")


# What runs and what is open ------------------------------------------------------------------


def rounds_cut_off() -> list[ScoringRound]:
    """The rounds that run, by reference: a new version would change the rules under them."""
    return list(ScoringRound.objects.running().select_related("initiative").order_by("initiative__reference"))


def _open_rounds(model: ScoringModel, ids: Iterable[int] | None = None) -> list[ScoringRound]:
    """Closed scorings of cases that are not decided yet and stand under another version."""
    rounds = (
        ScoringRound.objects.newest()
        .filter(
            closing__isnull=False,
            case=F("initiative__current_case"),
            initiative__stage__in=NOT_DECIDED,
            initiative__closed_kind="",
        )
        .exclude(model=model)
        .exclude(rescores__model=model)
    )
    if ids is not None:
        rounds = rounds.filter(initiative__in=list(ids))
    return list(rounds.select_related("initiative", "model", "case").order_by("initiative"))


def _fits(model: ScoringModel, rounds: Iterable[ScoringRound]) -> dict[int, bool]:
    """For each older version among the rounds whether its scorecards can be read under this one."""
    new = model_of(model)
    older = ScoringModel.objects.prefetch_related("criteria").in_bulk({round_.model_id for round_ in rounds})
    return {pk: workshop.unchanged_judged(model_of(old), new) for pk, old in older.items()}


def to_rescore(model: ScoringModel, ids: Iterable[int] | None = None) -> list[ScoringRound]:
    """What the version can score again by the scorecards that are there, by initiative."""
    rounds = _open_rounds(model, ids)
    fits = _fits(model, rounds)
    return [round_ for round_ in rounds if fits[round_.model_id]]


def needs_new_scorecards(model: ScoringModel) -> list[ScoringRound]:
    """What it can't: a criterion that people rate is new, or says something else than they rated."""
    rounds = _open_rounds(model)
    fits = _fits(model, rounds)
    return [round_ for round_ in rounds if not fits[round_.model_id]]


# Who moves -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Live:
    """Every open initiative whose score is out, in the order of references, as arrays."""

    ids: IntArray
    stored: list[moves.Stored]
    asked: moves.Asked
    now: moves.Side
    impact_low: FloatArray
    grades: list[str]


@dataclass(frozen=True)
class Move:
    """One initiative now and under a draft; `words` say what it would cross."""

    initiative: int
    rank_now: int
    rank_then: int
    low_now: float
    low_then: float
    high_then: float
    words: tuple[str, ...]

    @property
    def places(self) -> int:
        """How many places it would gain; negative: lose."""
        return self.rank_now - self.rank_then

    @property
    def change(self) -> float:
        """The change of the score's low end."""
        return self.low_then - self.low_now


@dataclass(frozen=True)
class Moves:
    """Who moves, the most important first; the counts are over all."""

    moves: list[Move]
    moved: int
    crossing: int
    asking: int


def live_scores(rooms: Mapping[int, Decimal]) -> Live:
    """Read the portfolio once. `rooms` says what each unit's envelope of this year can still commit.

    Two reads for all scores, whatever their number, and one for what asks for money.
    """
    in_force = model_of(ScoringModel.objects.in_force())
    rows = list(
        scores_out()
        .filter(initiative__closed_kind="")
        .order_by("initiative__reference")
        .values_list(
            "initiative", "model", "initiative__stage", "initiative__unit__path", "packed",
            "evidence_grade", "low", "high", "feasibility_low", "cost_low", "impact_low",
        )
    )  # fmt: skip
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    figures = np.array([row[6:] for row in rows], dtype=np.float64).reshape(len(rows), 5)
    asked = _asked(
        {row[0]: (place, row[3]) for place, row in enumerate(rows) if row[2] == Stage.DECISION}, rooms
    )
    now = moves.side_of(
        in_force,
        engine.Scores(
            low=figures[:, 0],
            high=figures[:, 1],
            point=figures[:, 0],
            coverage=figures[:, 0],
            dimension_low=_by_dimension(in_force, figures[:, 2:]),
            dimension_high=figures[:, 2:],
            contribution_low=figures[:, :0],
            contribution_high=figures[:, :0],
        ),
        asked,
    )
    by_model: defaultdict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_model[row[1]].append(place)
    versions = ScoringModel.objects.prefetch_related(
        Prefetch("criteria", Criterion.objects.order_by("position"))
    ).in_bulk(by_model)
    stored = [
        moves.unpacked(
            model_of(versions[pk]),
            np.array(places, dtype=np.int64),
            [bytes(rows[place][4]) for place in places],
        )
        for pk, places in by_model.items()
    ]
    return Live(ids, stored, asked, now, figures[:, 4], [row[5] for row in rows])


def _by_dimension(model: engine.Model, columns: FloatArray) -> FloatArray:
    """Feasibility, cost and impact in the order of the model's dimensions."""
    order = {"feasibility": 0, "cost": 1, "impact": 2}
    return columns[:, [order[dimension.key] for dimension in model.dimensions]]


def _asked(waiting: Mapping[int, tuple[int, str]], rooms: Mapping[int, Decimal]) -> moves.Asked:
    """What the cases at stage decision ask of this year's envelopes: their planned cost until its end."""
    year = fiscal_year_of(clock.today())
    planned = (
        ReturnYear.objects.filter(initiative__in=list(waiting), fiscal_year__lte=year)
        .values("initiative")
        .annotate(total=Sum("planned_cost"))
        .values_list("initiative", "total")
    )
    units = sorted(rooms)
    number = {unit: place for place, unit in enumerate(units)}
    found: list[tuple[int, float, int]] = []
    for pk, total in planned.order_by("initiative"):
        place, path = waiting[pk]
        nearest = next((unit for unit in _upward(path) if unit in number), None)
        if nearest is not None:
            found.append((place, float(total), number[nearest]))
    return moves.Asked(
        places=np.array([row[0] for row in found], dtype=np.int64),
        amounts=np.array([row[1] for row in found], dtype=np.float64),
        envelopes=np.array([row[2] for row in found], dtype=np.int64),
        room=np.array([float(rooms[unit]) for unit in units], dtype=np.float64),
    )


def _upward(path: str) -> list[int]:
    return [int(part) for part in reversed(path.strip("/").split("/"))]


def who_moves(model: engine.Model, live: Live) -> Moves:
    """Every initiative now and under the version, who crosses a line first, then by places.

    Pure arithmetic on what was read: one pass of the engine over all ratings.
    """
    ratings = moves.ratings_under(model, live.stored, len(live.ids))
    then = moves.side_of(model, engine.score_many(model, ratings.low, ratings.high), live.asked)
    crossed = moves.hurdles_crossed(live.now, then)
    line = then.funded.astype(np.int64) - live.now.funded.astype(np.int64)
    is_crossing = line != 0
    for direction in crossed.values():
        is_crossing |= direction != 0
    places = np.abs(live.now.rank - then.rank)
    order = np.lexsort((then.rank, -places, ~is_crossing))
    return Moves(
        moves=[
            Move(
                initiative=int(live.ids[k]),
                rank_now=int(live.now.rank[k]),
                rank_then=int(then.rank[k]),
                low_now=float(live.now.low[k]),
                low_then=float(then.low[k]),
                high_then=float(then.high[k]),
                words=_crossings(int(line[k]), {name: int(way[k]) for name, way in crossed.items()})
                if is_crossing[k]
                else (),
            )
            for k in order.tolist()
        ],
        moved=int((places > 0).sum()),
        crossing=int(is_crossing.sum()),
        asking=len(live.asked.places),
    )


def _crossings(line: int, crossed: Mapping[str, int]) -> tuple[str, ...]:
    lines = {1: ("would be funded",), -1: ("would fall below the funding line",), 0: ()}[line]
    hurdles = (
        f"would {'reach' if way > 0 else 'miss'} the hurdle of {_measure(measure)}"
        for measure, way in crossed.items()
        if way
    )
    return tuple(chain(lines, hurdles))


def _measure(measure: str) -> str:
    return "the score" if measure == engine.SCORE else measure


# Comparison ----------------------------------------------------------------------------------

REACH, VALUE, URGENCY, RISK = (
    "scalability_reuse",
    "strategic_alignment",
    "time_to_benefit",
    "reliability_security",
)
# How sure a figure is by the evidence behind it, as RICE asks.
CONFIDENCE = {"A": 1.0, "B": 0.8, "C": 0.65, "D": 0.5, "E": 0.3}
# Effort and job size are counted in this many units of the base currency.
EFFORT_UNIT = 100_000


@dataclass(frozen=True)
class Compared:
    """One initiative by score, by RICE and by WSJF; None is not stated."""

    initiative: int
    low: float
    rank: int
    rice: float | None
    rice_rank: int | None
    wsjf: float | None
    wsjf_rank: int | None


def comparison(live: Live) -> list[Compared]:
    """The open portfolio in the order of the score, with the places that RICE and WSJF would give it."""
    costs = dict(ReturnPosition.objects.values_list("pk", "planned_cost"))
    ids = live.ids.tolist()
    effort = np.array([float(costs.get(pk, 0)) / EFFORT_UNIT for pk in ids])
    rating = {key: _lows(live, key) for key in (REACH, VALUE, URGENCY, RISK)}
    by_rice = moves.rice(
        rating[REACH],
        live.impact_low / 100,
        np.array([CONFIDENCE[grade] for grade in live.grades]),
        effort,
    )
    by_wsjf = moves.wsjf(rating[VALUE], rating[URGENCY], rating[RISK], effort)
    places = [_places(values) for values in (by_rice, by_wsjf)]
    return sorted(
        (
            Compared(
                initiative=pk,
                low=float(live.now.low[k]),
                rank=int(live.now.rank[k]),
                rice=None if np.isnan(by_rice[k]) else float(by_rice[k]),
                rice_rank=places[0][k],
                wsjf=None if np.isnan(by_wsjf[k]) else float(by_wsjf[k]),
                wsjf_rank=places[1][k],
            )
            for k, pk in enumerate(ids)
        ),
        key=lambda row: row.rank,
    )


def _lows(live: Live, key: str) -> FloatArray:
    """The low end of one criterion's rating, NaN where a version doesn't have it."""
    found = np.full(len(live.ids), np.nan)
    for part in live.stored:
        if key in part.by_key:
            found[part.places] = part.by_key[key][0]
    return found


def _places(values: FloatArray) -> list[int | None]:
    known = ~np.isnan(values)
    order = np.argsort(-np.where(known, values, -np.inf), kind="stable")
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(1, len(values) + 1)
    return [int(place) if is_known else None for place, is_known in zip(rank, known, strict=True)]


# Why a score moved ---------------------------------------------------------------------------


@dataclass(frozen=True)
class MovedTerm:
    """What one criterion gave under the older version and gives under the newer; None: not part of it."""

    title: str
    before: float | None
    after: float | None

    @property
    def change(self) -> float:
        """The difference at the low end."""
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(frozen=True)
class Moved:
    """A score that was redone: from which version to which, and what each criterion did."""

    before: ScoringModel
    after: ScoringModel
    low_before: float
    high_before: float
    low_after: float
    high_after: float
    terms: tuple[MovedTerm, ...]

    @property
    def change(self) -> float:
        """How far the low end moved; the terms add up to it."""
        return self.low_after - self.low_before


def why_it_moved(initiative: Initiative) -> Moved | None:
    """The last re-score of an initiative whose score is out, computed from facts under both versions."""
    score = score_of(initiative)
    if score is None or score.model_id == score.round.model_id:
        return None
    seq = last_seq()
    steps = bases_of([score.round.closing], seq)[0][-2:]
    older, newer = (score_bases([step], seq=seq)[0] for step in steps)
    titles = {row["key"]: row["title"] for found in (older, newer) for row in found.contributions}
    before, after = ({row["key"]: row["low"] for row in found.contributions} for found in (older, newer))
    versions = ScoringModel.objects.in_bulk([older.model, newer.model])
    terms = [MovedTerm(title, before.get(key), after.get(key)) for key, title in titles.items()]
    return Moved(
        before=versions[older.model],
        after=versions[newer.model],
        low_before=older.low,
        high_before=older.high,
        low_after=newer.low,
        high_after=newer.high,
        terms=tuple(sorted(terms, key=lambda term: -abs(term.change))),
    )
