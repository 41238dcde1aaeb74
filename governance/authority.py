"""Delegated authority: its steps and seats as data, which step an amount needs, and who may take a seat."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, Sum

from accounts import policy
from accounts.errors import Refused
from accounts.models import Role, RoleGrant, Unit, User
from governance.models import AuthorityStep, Decision, Seat, Signature, SigningRound, Verb
from ledger import clock
from ledger.services import record
from portfolio import money
from portfolio.models import BusinessCase, Initiative, Link, RiskTier
from portfolio.selectors import fiscal_year_of, rate

# The default steps in the base currency. The first one is the unit limit. The last one stands above all
# limits: a body decides where the CFO or the CEO may not, since they submitted, own, sponsor or scored.
QUORUM = 3
DEFAULT_STEPS: tuple[tuple[str, Decimal | None, tuple[tuple[Role, int], ...]], ...] = (
    ("Unit head and finance", Decimal(50_000), ((Role.UNIT_HEAD, 1), (Role.FINANCE, 1))),
    ("Board", Decimal(250_000), ((Role.BOARD_MEMBER, QUORUM),)),
    ("CFO", Decimal(1_000_000), ((Role.CFO, 1),)),
    ("CFO and CEO", None, ((Role.CFO, 1), (Role.CEO, 1))),
    ("Board in place of an excluded executive", None, ((Role.BOARD_MEMBER, QUORUM),)),
)
GRANTS_COUNT_FOR = timedelta(days=365)
# The first version holds for all history, so that a demo may tell years that are past.
ALWAYS = date(2000, 1, 1)


def install_authority() -> None:
    """Put version 1 of the authority in force; does nothing when there is one."""
    if AuthorityStep.objects.exists():
        return
    with record("authority.installed", actor=None) as act:
        for position, (name, limit, seats) in enumerate(DEFAULT_STEPS, start=1):
            step = act.add(
                AuthorityStep,
                version=1,
                position=position,
                name=name,
                limit=limit,
                currency=settings.BASE_CURRENCY,
                valid_from=ALWAYS,
            )
            for place, (role, votes) in enumerate(seats, start=1):
                act.add(Seat, step=step, position=place, role=role, votes=votes)


# Which step ----------------------------------------------------------------------------------


def steps_in_force() -> list[AuthorityStep]:
    """The steps of the newest version that is valid today, from the lowest, with their seats."""
    valid = AuthorityStep.objects.filter(valid_from__lte=clock.today())
    newest = valid.order_by("-version").values_list("version", flat=True).first() or 0
    seats = Prefetch("seats", Seat.objects.order_by("position"))
    return list(valid.filter(version=newest).order_by("position").prefetch_related(seats))


def step_for(amount: Decimal, tier: str) -> AuthorityStep:
    """The lowest step whose limit covers the amount (a limit includes itself); one higher for a high tier.

    The steps above the first one without a limit only stand in for it. Raises Refused without any step.
    """
    steps = steps_in_force()
    if not steps:
        raise Refused("No authority is in force yet.")
    top = next((i for i, step in enumerate(steps) if step.limit is None), len(steps) - 1)
    fitting = next((i for i, step in enumerate(steps) if step.limit is None or amount <= step.limit), top)
    return steps[min(fitting + (tier == RiskTier.HIGH), top)]


def steps_from(step: AuthorityStep) -> list[AuthorityStep]:
    """The step and those above it, of the same version."""
    above = AuthorityStep.objects.filter(version=step.version, position__gte=step.position)
    return list(above.order_by("position").prefetch_related("seats"))


def unit_limit() -> Decimal:
    """The limit of the lowest step: up to it a unit's request may go the light way."""
    limits = [step.limit for step in steps_in_force() if step.limit is not None]
    return min(limits, default=Decimal(0))


def in_base(amount: Decimal, currency: str) -> Decimal:
    """The amount in the base currency at today's planning rate."""
    return money.convert(amount, rate(currency, fiscal_year_of(clock.today())), settings.BASE_CURRENCY)


def family_of(initiative: Initiative) -> set[int]:
    """All that hang together with it by 'is part of', in both directions; itself left out."""
    known, fresh = {initiative.pk}, {initiative.pk}
    while fresh:
        links = Link.objects.filter(Q(initiative__in=fresh) | Q(other__in=fresh), kind=Link.Kind.PART_OF)
        fresh = {pk for pair in links.values_list("initiative", "other") for pk in pair} - known
        known |= fresh
    return known - {initiative.pk}


def tested_amount(initiative: Initiative, case: BusinessCase) -> Decimal:
    """What authority is tested on, in the base currency.

    The whole life of this case at the planning rate, and what was granted to the rest of its family within
    365 days, so that splitting a request into parts lowers no authority.
    """
    decided = Decision.objects.filter(
        initiative__in=family_of(initiative),
        verb__in=[Verb.GO, Verb.GO_WITH_CONDITIONS],
        transaction__at__gte=clock.now() - GRANTS_COUNT_FOR,
    )
    granted = decided.aggregate(total=Sum("amount_in_base"))["total"] or Decimal(0)
    return in_base(case.whole_life_cost, case.currency) + granted


# Who sits ------------------------------------------------------------------------------------


def roles_for(user: User, unit: Unit) -> frozenset[str]:
    """The confirmed roles that the user holds for the unit."""
    return frozenset(
        grant.role
        for grant in policy.grants_of(user)
        if getattr(grant, "confirmation", None) and unit.path.startswith(grant.unit.path)
    )


def holders(role: str, unit: Unit) -> list[User]:
    """The people who hold a confirmed role for the unit, by name."""
    grants = RoleGrant.objects.active().confirmed().filter(role=role).select_related("unit", "user")
    people = {grant.user for grant in grants if unit.path.startswith(grant.unit.path)}
    return sorted(people, key=lambda person: (person.name, person.pk))


def is_filled(step: AuthorityStep, excluded: Collection[int], unit: Unit) -> bool:
    """Whether every seat of the step has enough eligible holders, each person on one seat."""
    taken: set[int] = set()
    for seat in step.seats.all():
        people = [user.pk for user in holders(seat.role, unit) if user.pk not in {*excluded, *taken}]
        if len(people) < seat.votes:
            return False
        if len(people) == seat.votes:
            taken.update(people)
    return True


@dataclass(frozen=True)
class Place:
    """Where somebody signs: a seat, or as the risk officer who concurs with a high tier."""

    seat: Seat | None
    role: str


def votes_for(signing: SigningRound) -> list[Signature]:
    """The signatures in favour so far."""
    signatures = signing.signatures.filter(vote=Signature.Vote.FOR)
    return list(signatures.select_related("seat__step", "by").order_by("id"))


def place_of(roles: Collection[str], signing: SigningRound, votes: Iterable[Signature]) -> Place | None:
    """The place that holders of these roles can take: a seat of the step, or of a higher one; else none.

    A body decides at its own step only, by its votes; one person of a higher step decides alone.
    """
    return place_among(roles, steps_from(signing.step), votes)


def place_among(
    roles: Collection[str], steps: list[AuthorityStep], votes: Iterable[Signature]
) -> Place | None:
    """The same for the round's step and those above it, which are at hand already."""
    given = list(votes)
    own, *higher = steps
    for seat in own.seats.all():
        taken = sum(vote.seat_id == seat.pk for vote in given)
        if seat.role in roles and taken < seat.votes:
            return Place(seat, seat.role)
    for step in higher:
        for seat in step.seats.all():
            if seat.role in roles and seat.votes == 1:
                return Place(seat, seat.role)
    return None


def needs_concurrence(signing: SigningRound) -> bool:
    """Whether the risk officer has to concur: for a high tier, when money is granted."""
    granting = {Verb.GO, Verb.GO_WITH_CONDITIONS}
    return bool(signing.content["risk_tier"] == RiskTier.HIGH and signing.verb in granting)


def open_places(signing: SigningRound, votes: Iterable[Signature]) -> list[tuple[str, int]]:
    """What is still missing: role and number of votes; empty when the round can be decided."""
    given = list(votes)
    missing: list[tuple[str, int]] = []
    if not any(vote.seat is not None and vote.seat.step_id != signing.step_id for vote in given):
        for seat in signing.step.seats.all():
            lacking = seat.votes - sum(vote.seat_id == seat.pk for vote in given)
            if lacking > 0:
                missing.append((seat.role, lacking))
    if needs_concurrence(signing) and not any(vote.seat_id is None for vote in given):
        missing.append((Role.RISK_OFFICER, 1))
    return missing


def in_words(places: Iterable[tuple[str, int]]) -> str:
    """'the unit head and finance', '3 votes of the board'."""
    named = [_place_in_words(role, votes) for role, votes in places]
    return " and ".join(named) if named else "nobody else"


def _place_in_words(role: str, votes: int) -> str:
    if role == Role.BOARD_MEMBER:
        return f"{votes} {'vote' if votes == 1 else 'votes'} of the board"
    return "finance" if role == Role.FINANCE else f"the {policy.role_in_words(role)}"


def limit_of(roles: Collection[str], signing: SigningRound) -> AuthorityStep | None:
    """The highest step on which one of these roles has a seat."""
    steps = AuthorityStep.objects.filter(version=signing.step.version, seats__role__in=roles)
    return steps.order_by("position").last()


def as_data(steps: Iterable[AuthorityStep]) -> list[dict[str, Any]]:
    """Steps as plain values, for pages."""
    return [
        {
            "name": step.name,
            "limit": step.limit,
            "currency": step.currency,
            "seats": in_words((seat.role, seat.votes) for seat in step.seats.all()),
        }
        for step in steps
    ]
