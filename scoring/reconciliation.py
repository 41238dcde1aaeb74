"""Reconciliation: the criteria on which the scorecards of a case lie apart, and what their assessors answer.

Once as many scorecards are in as the case needs, a spread of two rungs or more asks its assessors. They read
one another's ratings and reasons of that criterion and may change or stand by their own until the scoring
closes. The portfolio office learns which criteria lie apart and how many have answered, and no rating. To
everyone else nothing of it shows, not even that it was asked.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User
from scoring import engine
from scoring.models import Criterion, Revision, ScorecardAssignment, ScorecardRating, ScoringRound
from scoring.selectors import visible_scorecards


@dataclass(frozen=True)
class Given:
    """One assessor's rating of one criterion, with the answer if there is one."""

    rating: ScorecardRating
    answer: Revision | None

    @property
    def assessor(self) -> User:
        """Whose it is."""
        return self.rating.scorecard.assignment.assessor

    @property
    def counts(self) -> int | None:
        """The rating that counts: the answer's, or the first one; None is unknown."""
        return self.rating.rating if self.answer is None else self.answer.rating

    @property
    def is_changed(self) -> bool:
        """Whether the answer is another rating, and not standing by the first."""
        return self.answer is not None and self.answer.rating != self.rating.rating


@dataclass(frozen=True)
class Apart:
    """A criterion on which the scorecards lay apart when they came in."""

    criterion: Criterion
    given: tuple[Given, ...]

    @property
    def is_settled(self) -> bool:
        """Whether the answers brought the ratings together."""
        return not _lie_apart(each.counts for each in self.given)

    @property
    def answered(self) -> int:
        """How many assessors answered."""
        return sum(each.answer is not None for each in self.given)

    def of(self, assessor: User) -> Given | None:
        """What this assessor gave."""
        return next((each for each in self.given if each.assessor.pk == assessor.pk), None)


def _lie_apart(ratings: Iterable[int | None]) -> bool:
    known = [rating for rating in ratings if rating is not None]
    return bool(known) and max(known) - min(known) >= engine.SPREAD_TO_RECONCILE


def lying_apart(rounds: Iterable[ScoringRound]) -> dict[int, list[Apart]]:
    """For each round the criteria that its assessors are asked about, in the model's order.

    Empty until as many scorecards are in as the case needs: before, nobody is asked anything.
    """
    needed = {round_.pk: round_.required for round_ in rounds}
    rows = (
        ScorecardRating.objects.filter(scorecard__assignment__round__in=needed)
        .select_related("criterion", "scorecard__assignment__assessor", "revision", "revision_draft")
        .order_by("criterion__position", "scorecard")
    )
    by_round: defaultdict[int, defaultdict[int, list[ScorecardRating]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        by_round[row.scorecard.assignment.round_id][row.criterion_id].append(row)
    return {
        pk: [
            Apart(ratings[0].criterion, tuple(Given(rating, answer_to(rating)) for rating in ratings))
            for ratings in by_round[pk].values()
            if len(ratings) >= required and _lie_apart(rating.rating for rating in ratings)
        ]
        for pk, required in needed.items()
    }


def answer_to(rating: ScorecardRating) -> Revision | None:
    """The answer that counts instead of a rating: the fact, or before the closing its draft."""
    return getattr(rating, "revision", None) or getattr(rating, "revision_draft", None)


def exchange_of(assignment: ScorecardAssignment) -> list[Apart]:
    """What the assessor of a complete scorecard reads and answers; empty while they are to stay blind."""
    assessor, round_ = assignment.assessor, assignment.round
    visible = {card.assignment_id for card in visible_scorecards(assessor, round_)}
    if assignment.pk not in visible or len(visible) < round_.required:
        return []
    return lying_apart([round_])[round_.pk]


def to_compare(user: User) -> list[ScorecardAssignment]:
    """The user's complete scorecards of running scorings with a criterion to compare and no answer yet."""
    mine = list(
        ScorecardAssignment.objects.filter(
            assessor=user,
            scorecard__isnull=False,
            round__in=ScoringRound.objects.running(),
        )
        .select_related("round__initiative__unit", "round__case")
        .order_by("due_on", "pk")
    )
    asked = lying_apart([assignment.round for assignment in mine])
    return [
        assignment
        for assignment in mine
        if any(
            (own := apart.of(user)) is not None and own.answer is None for apart in asked[assignment.round_id]
        )
    ]
