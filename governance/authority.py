"""Delegated authority: its steps and seats as data, which step an amount needs, and who may take a seat."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Prefetch, Q

from accounts import policy
from accounts.errors import Refused
from accounts.models import Role, RoleGrant, Unit, User
from governance import authority_document as document
from governance import routing
from governance.models import (
    AuthorityAdoption,
    AuthorityStep,
    AuthorityVersion,
    Body,
    BodyConfirmation,
    BodyMember,
    Decision,
    FamilySeparation,
    Seat,
    Signature,
    SigningRound,
    Verb,
)
from governance.routing import Tally
from ledger import clock
from ledger.services import Act, record
from portfolio import money, overlap
from portfolio.models import BusinessCase, Initiative, Link, RiskTier
from portfolio.selectors import fiscal_year_of, rate

GRANTS_COUNT_FOR = timedelta(days=365)
# The first version holds for all history, so that a demo may tell years that are past.
ALWAYS = date(2000, 1, 1)
BOARD = "Board"


def install_authority() -> None:
    """Put the default in force as version 1; does nothing when there is one."""
    if AuthorityVersion.objects.exists():
        return
    with record("authority.installed", actor=None) as act:
        board = act.add(Body, name=BOARD, role=Role.BOARD_MEMBER, quorum=document.QUORUM)
        act.add(BodyConfirmation, body=board)
        version = write_version(
            document.preset("default", board.pk, settings.BASE_CURRENCY) | {"valid_from": ALWAYS.isoformat()},
            1,
            act=act,
        )
        act.add(AuthorityAdoption, version=version, in_force_from=ALWAYS)


def write_version(content: document.Content, number: int, *, act: Act, **values: Any) -> AuthorityVersion:
    """Freeze a document that was checked as a version, with its steps and seats."""
    body, over = content["informed_body"], content["informed_over"]
    version = act.add(
        AuthorityVersion,
        number=number,
        name=content["name"],
        valid_from=date.fromisoformat(content["valid_from"]),
        tiers_up=content["tiers_up"],
        informed_id=body or None,
        informed_over=Decimal(over) if over else None,
        informed_currency=content["informed_currency"],
        content_hash=document.hash_of(content),
        **values,
    )
    for position, row in enumerate(content["steps"], start=1):
        step = act.add(
            AuthorityStep,
            version=version,
            position=position,
            name=row["name"],
            limit=Decimal(row["limit"]) if row["limit"] else None,
            currency=row["currency"],
            tiers=row["tiers"],
            unit_id=row["unit"] or None,
            bucket=row["bucket"],
            valid_from=_day(row["valid_from"]),
            valid_to=_day(row["valid_to"]),
            in_order=row["in_order"],
        )
        for place, key in enumerate(row["seats"], start=1):
            kind, value = document.seat_of(key)
            named = {"role": value} if kind == "role" else {f"{kind}_id": int(value)}
            act.add(Seat, step=step, position=place, **named)
    return version


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


# Which step ----------------------------------------------------------------------------------

SEATS = Seat.objects.select_related("body", "person").order_by("position")
_WITH_SEATS = Prefetch("seats", SEATS)


def version_in_force(on: date | None = None) -> AuthorityVersion | None:
    """The adopted version whose day came last by then; of the same day the later number."""
    adopted = AuthorityVersion.objects.filter(adoption__in_force_from__lte=on or clock.today())
    return (
        adopted.select_related("informed", "adoption").order_by("-adoption__in_force_from", "-number").first()
    )


def steps_of(version: AuthorityVersion | None) -> list[AuthorityStep]:
    """The steps of a version, from the lowest, with their seats."""
    steps = AuthorityStep.objects.filter(version=version).select_related("unit", "version")
    return list(steps.order_by("position").prefetch_related(_WITH_SEATS))


def steps_in_force(at_hand: list[AuthorityStep] | None = None) -> list[AuthorityStep]:
    """The steps of the version that is in force today, from the lowest, with their seats.

    `at_hand` are the steps of some version: where it is this one, they are not read again.
    """
    version = version_in_force()
    if at_hand and version is not None and at_hand[0].version_id == version.pk:
        return at_hand
    return steps_of(version)


def bucket_of(case: BusinessCase | None) -> str:
    """Whether a case explores, or belongs to the core."""
    exploring = case is not None and case.content.get("bucket") == AuthorityStep.Bucket.EXPLORE
    return AuthorityStep.Bucket.EXPLORE if exploring else AuthorityStep.Bucket.CORE


def applying(
    steps: Iterable[AuthorityStep], unit: Unit | None, tier: str, bucket: str, on: date | None = None
) -> list[AuthorityStep]:
    """Those that are for this unit, tier and bucket on the day; without a unit, those that are for all."""
    path, day = unit.path if unit is not None else "", on or clock.today()
    return [step for step in steps if step.scope.covers(path, tier, bucket, day)]


@dataclass(frozen=True)
class Route:
    """The step that an amount needs, and all that could decide: that step and those above it."""

    ladder: list[AuthorityStep]

    @property
    def step(self) -> AuthorityStep:
        """The step itself."""
        return self.ladder[0]


def route(
    amount_in: Callable[[str], Decimal],
    *,
    tier: str,
    unit: Unit | None = None,
    bucket: str = AuthorityStep.Bucket.CORE,
    steps: list[AuthorityStep] | None = None,
) -> Route:
    """The lowest step whose limit covers the amount (a limit includes itself); one higher for a high tier.

    `amount_in` gives the tested amount in a currency, so that each limit is held against its own. Raises
    Refused without any step that covers it.
    """
    known = steps_in_force() if steps is None else steps
    if not known:
        raise Refused("No authority is in force yet.")
    ladder = applying(known, unit, tier, bucket)
    amounts = {step.currency: amount_in(step.currency) for step in ladder if step.limit is not None}
    up = 1 if tier in known[0].version.tiers_up else 0
    found = routing.index_for(ladder, amounts, steps_up=up)
    if found is None:
        raise Refused(
            "No step of the authority in force covers this amount.", {"amount": "No step covers it."}
        )
    return Route(ladder[found:])


def step_for(
    amount: Decimal, tier: str, *, unit: Unit | None = None, bucket: str = AuthorityStep.Bucket.CORE
) -> AuthorityStep:
    """The step for an amount in the base currency, as `route` finds it."""
    base = settings.BASE_CURRENCY
    return route(lambda into: converted(amount, base, into), tier=tier, unit=unit, bucket=bucket).step


def route_of(
    initiative: Initiative,
    case: BusinessCase,
    *,
    granted: list[Decision] | None = None,
    steps: list[AuthorityStep] | None = None,
) -> Route:
    """The step that decides on an initiative by this case, and those above it.

    `granted` and `steps` are what `granted_to_family` and `steps_in_force` return, where they are at hand.
    """
    family_got = granted_to_family(initiative) if granted is None else granted
    return route(
        lambda into: _tested(case, family_got, into),
        tier=initiative.risk_tier,
        unit=initiative.unit,
        bucket=bucket_of(case),
        steps=steps,
    )


def ladder_of(signing: SigningRound, steps: list[AuthorityStep] | None = None) -> list[AuthorityStep]:
    """The step of a round and those above it that are for the same, of the same version."""
    known = steps_of(signing.step.version) if steps is None else steps
    above = [step for step in known if step.position > signing.step.position]
    own = next(step for step in known if step.pk == signing.step_id)
    tier = signing.content["risk_tier"]
    return [own, *applying(above, signing.initiative.unit, tier, bucket_of(signing.case))]


def unit_limit() -> Decimal:
    """The limit of the lowest step in the base currency: up to it a unit's request may go the light way."""
    steps = [step for step in steps_in_force() if step.limit is not None]
    limits = [in_base(step.limit, step.currency) for step in steps if step.limit is not None]
    return min(limits, default=Decimal(0))


def converted(amount: Decimal, currency: str, into: str) -> Decimal:
    """The amount at today's planning rates, rounded once; untouched in its own currency.

    Raises Refused without a rate.
    """
    if currency == into:
        return amount
    year = fiscal_year_of(clock.today())
    with localcontext(prec=60):
        cross = rate(currency, year) / rate(into, year)
    return money.convert(amount, cross, into)


def in_base(amount: Decimal, currency: str) -> Decimal:
    """The amount in the base currency at today's planning rate."""
    return converted(amount, currency, settings.BASE_CURRENCY)


# The family ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Relative:
    """A member of the family: by 'is part of', or by looking alike, which the office may part."""

    initiative: Initiative
    similarity: float | None  # None: by 'is part of'
    granted: list[Decision]


def family_of(initiative: Initiative) -> set[int]:
    """All that hang together with it by 'is part of', in both directions; itself left out."""
    known, fresh = {initiative.pk}, {initiative.pk}
    while fresh:
        links = Link.objects.filter(Q(initiative__in=fresh) | Q(other__in=fresh), kind=Link.Kind.PART_OF)
        fresh = {pk for pair in links.values_list("initiative", "other") for pk in pair} - known
        known |= fresh
    return known - {initiative.pk}


def family(initiative: Initiative) -> list[Relative]:
    """Its family to whom something was granted within 365 days, or who look alike, in a few queries."""
    linked, alike = family_of(initiative), _alike(initiative)
    if not linked and not alike:
        return []
    decided = Decision.objects.filter(
        verb__in=[Verb.GO, Verb.GO_WITH_CONDITIONS], transaction__at__gte=clock.now() - GRANTS_COUNT_FOR
    )
    members = Initiative.objects.filter(pk__in={*linked, *alike}).select_related("unit").order_by("pk")
    found = {member.pk: member for member in members}
    granted: dict[int, list[Decision]] = {pk: [] for pk in found}
    for decision in decided.filter(initiative__in=found).order_by("pk"):
        granted[decision.initiative_id].append(decision)
    return [
        Relative(member, None if pk in linked else alike[pk], granted[pk]) for pk, member in found.items()
    ]


def _alike(initiative: Initiative) -> dict[int, float]:
    """Those of the same unit, sponsor and supplier whose texts are alike, and that were not parted."""
    case = initiative.current_case
    if case is None or initiative.sponsor_id is None:
        return {}
    near = Initiative.objects.filter(unit=initiative.unit_id, sponsor=initiative.sponsor_id)
    near = near.exclude(pk=initiative.pk).exclude(current_case=None)
    parted = {
        pk
        for pair in FamilySeparation.objects.filter(
            Q(initiative=initiative) | Q(other=initiative)
        ).values_list("initiative", "other")
        for pk in pair
    }
    own = overlap.words_of(case.content)
    found = {}
    for other in near.select_related("current_case"):
        theirs = other.current_case
        if theirs is None or other.pk in parted or _supplier(theirs) != _supplier(case):
            continue
        similarity = overlap.similarity(own, overlap.words_of(theirs.content))
        if similarity >= overlap.ALIKE:
            found[other.pk] = similarity
    return found


def _supplier(case: BusinessCase) -> str:
    return str(case.content.get("supplier") or "").strip().lower()


def granted_to_family(initiative: Initiative) -> list[Decision]:
    """What was granted to the rest of its family within 365 days."""
    return [decision for relative in family(initiative) for decision in relative.granted]


def _tested(case: BusinessCase, granted: Iterable[Decision], into: str) -> Decimal:
    """The tested amount in a currency: each line is converted once, or not at all in its own currency."""
    lines = [converted(case.whole_life_cost, case.currency, into)]
    for decision in granted:
        if decision.currency == into:
            lines.append(decision.amount)
        else:
            lines.append(converted(decision.amount_in_base, settings.BASE_CURRENCY, into))
    return money.total(lines)


def tested_amount(initiative: Initiative, case: BusinessCase) -> Decimal:
    """What authority is tested on, in the base currency.

    The whole life of this case at the planning rate, and what was granted to the rest of its family within
    365 days, so that splitting a request into parts lowers no authority.
    """
    return with_family(case, granted_to_family(initiative))


def with_family(case: BusinessCase, granted: Iterable[Decision]) -> Decimal:
    """The same, where what was granted to the family is at hand."""
    own = converted(case.whole_life_cost, case.currency, settings.BASE_CURRENCY)
    return money.total([own, *(decision.amount_in_base for decision in granted)])


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


def holders_of_the_whole(roles: Iterable[str]) -> list[User]:
    """The people who hold one of these roles, confirmed, for the whole organisation, by name."""
    grants = RoleGrant.objects.active().confirmed().filter(role__in=list(roles), unit__parent=None)
    return sorted(
        {grant.user for grant in grants.select_related("user")}, key=lambda user: (user.name, user.pk)
    )


def bodies_of(user: User) -> frozenset[int]:
    """The bodies of named members in which the user has a confirmed seat today."""
    return frozenset(BodyMember.objects.active().filter(user=user.person).values_list("body", flat=True))


class Seating:
    """Who could sit where for a unit; whatever is asked is read once."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._by_role: dict[str, list[User]] = {}
        self._signers: dict[int, User] | None = None
        self._members: dict[int, set[int]] | None = None

    def of_role(self, role: str) -> list[User]:
        """The holders of a role."""
        if role not in self._by_role:
            self._by_role[role] = holders(role, self.unit)
        return self._by_role[role]

    def signers(self) -> dict[int, User]:
        """Everybody who holds a role that may sign decisions at all."""
        if self._signers is None:
            roles = policy.table()["decision.sign"].roles
            self._signers = {person.pk: person for role in roles for person in self.of_role(role)}
        return self._signers

    def members(self, body: Body) -> list[User]:
        """The members of a body who may sign decisions for the unit."""
        if body.role:
            return self.of_role(body.role)
        if self._members is None:
            self._members = {}
            for pair in BodyMember.objects.active().values_list("body", "user"):
                self._members.setdefault(pair[0], set()).add(pair[1])
        ids = self._members.get(body.pk, set())
        people = [person for pk, person in self.signers().items() if pk in ids]
        return sorted(people, key=lambda person: (person.name, person.pk))

    def people(self, seat: Seat) -> list[User]:
        """Who could take a seat, by name."""
        if seat.body is not None:
            return self.members(seat.body)
        if seat.role:
            return self.of_role(seat.role)
        person = self.signers().get(seat.person_id or 0)
        return [person] if person is not None else []

    def everybody(self, step: AuthorityStep) -> dict[int, User]:
        """Who could take any seat of a step."""
        return {user.pk: user for seat in step.seats.all() for user in self.people(seat)}

    def fills(self, step: AuthorityStep, excluded: Collection[int]) -> bool:
        """Whether every seat has enough eligible holders, each person on one seat."""
        places = []
        for seat in step.seats.all():
            free = [user.pk for user in self.people(seat) if user.pk not in excluded]
            places += [free] * seat.votes
        return bool(places) and routing.can_be_seated(places)


@dataclass(frozen=True)
class Place:
    """Where somebody signs: a seat, or as the risk officer who concurs with a high tier."""

    seat: Seat | None
    role: str

    @property
    def is_of_a_body(self) -> bool:
        """Whether it is one vote of a body."""
        return self.seat is not None and self.seat.body_id is not None


VOTES = Signature.objects.select_related("seat__step", "seat__body", "by").order_by("id")


def votes_for(signing: SigningRound) -> list[Signature]:
    """The votes of a round so far: all of them, for, against and abstaining."""
    return list(VOTES.filter(signing=signing))


def tally(seat: Seat, votes: Iterable[Signature]) -> Tally:
    """The votes of a body on its seat; the conflicted are not counted."""
    cast = [vote.vote for vote in votes if vote.seat_id == seat.pk and not vote.is_conflicted]
    return Tally(
        *(cast.count(kind) for kind in (Signature.Vote.FOR, Signature.Vote.AGAINST, Signature.Vote.ABSTAIN))
    )


def _is_taken(seat: Seat, votes: Iterable[Signature]) -> bool:
    """Whether a seat has given its word: a person, or the quorum of a body."""
    if seat.body is not None:
        return tally(seat, votes).decided(seat.body.quorum)
    return any(vote.seat_id == seat.pk and vote.vote == Signature.Vote.FOR for vote in votes)


def sits(seat: Seat, roles: Collection[str], person: int, bodies: Collection[int]) -> bool:
    """Whether somebody with these roles and bodies may take the seat."""
    if seat.body is not None:
        return seat.body.role in roles if seat.body.role else seat.body.pk in bodies
    return seat.role in roles if seat.role else seat.person_id == person


def place_of(
    roles: Collection[str],
    signing: SigningRound,
    votes: Iterable[Signature],
    *,
    user: User,
    steps: list[AuthorityStep] | None = None,
) -> Place | None:
    """The place that the user can take with these roles: a seat of the step, or of a higher one; else none.

    A body decides at its own step only, by its votes; one person of a higher step decides alone. `steps` are
    those of the round's version, where they are at hand.
    """
    ladder = ladder_of(signing, steps)
    has_body = any(seat.body_id for seat in ladder[0].seats.all())
    bodies = bodies_of(user) if has_body else frozenset()
    return place_among(roles, ladder, votes, person=user.person.pk, bodies=bodies)


def place_among(
    roles: Collection[str],
    steps: list[AuthorityStep],
    votes: Iterable[Signature],
    *,
    person: int,
    bodies: Collection[int],
) -> Place | None:
    """The same for the round's step and those above it, which are at hand already."""
    given = list(votes)
    own, *higher = steps
    for seat in own.seats.all():
        if _is_taken(seat, given):
            continue
        if sits(seat, roles, person, bodies):
            return Place(seat, seat.body.role if seat.body is not None else seat.role)
        if own.in_order:
            break
    for step in higher:
        for seat in step.seats.all():
            if seat.body_id is None and sits(seat, roles, person, bodies):
                return Place(seat, seat.role)
    return None


def needs_concurrence(signing: SigningRound) -> bool:
    """Whether the risk officer has to concur: for a high tier, when money is granted."""
    granting = {Verb.GO, Verb.GO_WITH_CONDITIONS}
    return bool(signing.content["risk_tier"] == RiskTier.HIGH and signing.verb in granting)


class OpenPlace(NamedTuple):
    """A place that nobody took yet: the role of who could, how many votes are missing, and the seat."""

    role: str
    votes: int
    seat: Seat | None = None


def open_places(signing: SigningRound, votes: Iterable[Signature]) -> list[OpenPlace]:
    """What is still missing, in the order of the seats; empty when the round can be decided."""
    given = list(votes)
    missing: list[OpenPlace] = []
    if not any(vote.seat is not None and vote.seat.step_id != signing.step_id for vote in given):
        for seat in sorted(signing.step.seats.all(), key=lambda seat: seat.position):
            if seat.body is not None:
                lacking = seat.body.quorum - tally(seat, given).present
                if lacking > 0:
                    missing.append(OpenPlace(seat.body.role, lacking, seat))
            elif not _is_taken(seat, given):
                missing.append(OpenPlace(seat.role, 1, seat))
    if needs_concurrence(signing) and not any(vote.seat_id is None for vote in given):
        missing.append(OpenPlace(Role.RISK_OFFICER, 1))
    return missing


def in_words(places: Iterable[OpenPlace]) -> str:
    """'the unit head and finance', '3 votes of the board'."""
    named = [_place_in_words(place) for place in places]
    return " and ".join(named) if named else "nobody else"


def _place_in_words(place: OpenPlace) -> str:
    seat, role = place.seat, place.role
    if seat is not None and seat.body is not None:
        return f"{place.votes} {'vote' if place.votes == 1 else 'votes'} of {body_in_words(seat.body)}"
    if seat is not None and seat.person is not None:
        return seat.person.name
    return "finance" if role == Role.FINANCE else f"the {policy.role_in_words(role)}"


def body_in_words(body: Body) -> str:
    """'the board', 'the AI council'."""
    name = body.name
    return f"the {name if name[1:2].isupper() else name[:1].lower() + name[1:]}"


def seats_in_words(step: AuthorityStep) -> str:
    """The seats of a step: 'the CFO, then the CEO'."""
    places = [
        OpenPlace(seat.body.role if seat.body is not None else seat.role, seat.votes, seat)
        for seat in step.seats.all()
    ]
    return ", then ".join(map(_place_in_words, places)) if step.in_order else in_words(places)


def limit_of(roles: Collection[str], signing: SigningRound, *, user: User) -> AuthorityStep | None:
    """The highest step on which the user has a seat."""
    bodies, person = bodies_of(user), user.person.pk
    steps = steps_of(signing.step.version)
    mine = [step for step in steps if any(sits(seat, roles, person, bodies) for seat in step.seats.all())]
    return mine[-1] if mine else None


def as_data(steps: Iterable[AuthorityStep]) -> list[dict[str, Any]]:
    """Steps as plain values, for pages."""
    return [
        {
            "name": step.name,
            "limit": step.limit,
            "currency": step.currency,
            "seats": seats_in_words(step),
            "scope": scope_in_words(step),
        }
        for step in steps
    ]


def scope_in_words(step: AuthorityStep) -> str:
    """What a step is for, in words."""
    row = {
        "unit": step.unit_id or "",
        "tiers": step.tiers,
        "bucket": step.bucket,
        "valid_from": step.valid_from or "",
        "valid_to": step.valid_to or "",
    }
    words = document.scope_in_words(row, lambda _: step.unit.name if step.unit is not None else "")
    return words or "everything"
