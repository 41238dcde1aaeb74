"""Who would have to sign this: the step, its seats with the people who could, and where it passes to."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Max

from accounts.errors import Refused
from accounts.models import Role, Unit, User
from governance import authority
from governance.models import AuthorityStep, GatePassage, Seat
from portfolio import case as case_document
from portfolio.involvement import answering_for, involved_in
from portfolio.models import Initiative, Posting, RiskTier


@dataclass(frozen=True)
class SeatInWords:
    """One seat: who it is of, how many must vote, and who could."""

    words: str
    votes: int
    is_body: bool
    people: list[User]

    @property
    def is_filled(self) -> bool:
        """Whether enough people could take it."""
        return len(self.people) >= self.votes


@dataclass(frozen=True)
class Passed:
    """A step that nobody may decide on, and why."""

    step: AuthorityStep
    why: str


@dataclass(frozen=True)
class DryRun:
    """The step that would decide; `refusal` says why none could."""

    step: AuthorityStep | None
    seats: list[SeatInWords] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    # Who concurs with a high tier; None where nobody has to.
    concurring: list[User] | None = None
    refusal: str = ""


def who_would_sign(
    amount_in: Callable[[str], Decimal],
    *,
    unit: Unit,
    tier: str = "",
    bucket: str = AuthorityStep.Bucket.CORE,
    excluded: Collection[int] = (),
) -> DryRun:
    """The lowest step that covers the amount and whose seats all have somebody who may decide."""
    try:
        route = authority.route(amount_in, tier=tier, unit=unit, bucket=bucket)
    except Refused as error:
        return DryRun(None, refusal=error.sentence)
    seating = authority.Seating(unit)
    passed: list[Passed] = []
    for step in route.ladder:
        seats = [_in_words(seat, seating, excluded) for seat in step.seats.all()]
        if seating.fills(step, excluded):
            concurring = None
            if tier == RiskTier.HIGH:
                officers = seating.of_role(Role.RISK_OFFICER)
                concurring = [user for user in officers if user.pk not in excluded]
            return DryRun(step, seats, passed, concurring)
        passed.append(Passed(step, _why_passed(seats)))
    return DryRun(
        None,
        passed=passed,
        refusal="On every step that covers it the holders of a seat are missing or have a part in it: a body "
        "above has to be named, or the board has to resolve it.",
    )


def of_values(*, amount: Decimal, currency: str, unit: Unit, tier: str, bucket: str) -> DryRun:
    """Who would sign a request of this amount, of which nothing else is known."""
    return who_would_sign(partial(authority.converted, amount, currency), unit=unit, tier=tier, bucket=bucket)


def _in_words(seat: Seat, seating: authority.Seating, excluded: Collection[int]) -> SeatInWords:
    free = [user for user in seating.people(seat) if user.pk not in excluded]
    role = seat.body.role if seat.body is not None else seat.role
    words = authority.in_words([authority.OpenPlace(role, seat.votes, seat)])
    return SeatInWords(words, seat.votes, seat.body is not None, free)


def _why_passed(seats: list[SeatInWords]) -> str:
    empty = [seat for seat in seats if not seat.is_filled]
    if not empty:
        return "the same people would sit on several seats"
    named = [
        f"{seat.words}: only {len(seat.people)} may vote"
        if seat.is_body and seat.people
        else f"{seat.words}: nobody may"
        for seat in empty
    ]
    return "; ".join(named)


def excluded_from(initiative: Initiative) -> set[int]:
    """Everybody who may not decide on it: who has a hand in it, or posted by hand since its last gate."""
    typed = Posting.objects.filter(initiative=initiative).exclude(by_hand=None)
    passed = GatePassage.objects.filter(initiative=initiative).aggregate(at=Max("transaction__at"))["at"]
    if passed is not None:
        typed = typed.filter(transaction__at__gte=passed)
    hands = set(typed.values_list("by_hand_id", flat=True))
    return involved_in(initiative) | hands | answering_for(hands)


def of_proposal(initiative: Initiative, content: Mapping[str, Any], writer: User) -> DryRun | None:
    """Who would sign a case as it is being written; None while no cost is known."""
    currency = str(content.get("currency") or "")
    try:
        amount = case_document.whole_life_cost(content, currency)
        granted = [decision.amount_in_base for decision in authority.granted_to_family(initiative)]
        base = authority.in_base(amount, currency) + sum(granted, Decimal(0))
    except (Refused, ValueError, InvalidOperation):
        return None
    if not amount:
        return None
    named = {content.get("owner_id"), content.get("sponsor_id"), writer.person.pk}
    excluded = excluded_from(initiative) | {pk for pk in named if isinstance(pk, int)}

    def amount_in(into: str) -> Decimal:
        if into == currency and not granted:
            return amount
        return authority.converted(base, settings.BASE_CURRENCY, into)

    bucket = str(content.get("bucket") or AuthorityStep.Bucket.CORE)
    return who_would_sign(
        amount_in, unit=initiative.unit, tier=initiative.risk_tier, bucket=bucket, excluded=excluded
    )
