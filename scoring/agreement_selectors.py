"""How far assessors agree, criterion by criterion: over the closed scorings of the model in force."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

import numpy as np

from accounts.models import User
from scoring.agreement import alpha
from scoring.models import Criterion, ScorecardRating, ScoringClose, ScoringModel
from scoring.selectors import within_reach

# Below this many cases that two people rated, alpha is noise.
ENOUGH = 10


@dataclass(frozen=True)
class CriterionAgreement:
    """One judged criterion: its median, and alpha over the cases that two or more assessors rated."""

    criterion: Criterion
    cases: int
    ratings: int
    median: float | None
    alpha: float | None

    @property
    def is_enough(self) -> bool:
        """Whether enough cases were rated twice to say anything."""
        return self.cases >= ENOUGH

    @property
    def in_words(self) -> str:
        """What the figure means, by Krippendorff's own customary limits."""
        if self.alpha is None:
            return "all alike"
        if self.alpha >= 0.8:
            return "reliable"
        return "tentative" if self.alpha >= 0.667 else "unreliable"


@dataclass(frozen=True)
class AgreementReport:
    """All judged criteria of a model version, and how many closed scorings stand behind them."""

    model: ScoringModel
    closed: int
    rows: list[CriterionAgreement]
    enough: int = ENOUGH


def agreement_of(user: User) -> AgreementReport:
    """The agreement over the closed scorings of the model in force, in the units of the reader's role.

    It takes the first ratings: what a reconciliation brings together says nothing about how alike assessors
    read the scale.
    """
    model = ScoringModel.objects.in_force()
    closed = ScoringClose.objects.filter(
        within_reach(user, "agreement.view", "round__initiative__unit__path"), round__model=model
    )
    rows = (
        ScorecardRating.objects.filter(scorecard__assignment__round__in=closed.values("round"))
        .order_by("criterion", "scorecard__assignment__round", "scorecard")
        .values_list("criterion", "scorecard__assignment__round", "rating")
    )
    by_criterion: defaultdict[int, defaultdict[int, list[int | None]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for criterion, round_, rating in rows.iterator(chunk_size=10_000):
        by_criterion[criterion][round_].append(rating)
    judged = [each for each in model.criteria.all() if each.kind == Criterion.Kind.JUDGED]
    return AgreementReport(
        model,
        closed.count(),
        [_of(criterion, list(by_criterion[criterion.pk].values())) for criterion in judged],
    )


def _of(criterion: Criterion, cases: list[list[int | None]]) -> CriterionAgreement:
    known = [[rating for rating in case if rating is not None] for case in cases]
    twice = [case for case in known if len(case) >= 2]
    everything = [rating for case in known for rating in case]
    table = np.full((len(twice), max(map(len, twice), default=0)), np.nan)
    for place, case in enumerate(twice):
        table[place, : len(case)] = case
    found = alpha(table) if len(twice) >= ENOUGH else float("nan")
    return CriterionAgreement(
        criterion=criterion,
        cases=len(twice),
        ratings=len(everything),
        median=float(median(everything)) if everything else None,
        alpha=None if np.isnan(found) else float(found),
    )
