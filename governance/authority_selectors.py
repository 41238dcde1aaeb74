"""What the pages of the authority show: versions as documents, what differs, who could be named."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, Prefetch, QuerySet

from accounts import policy
from accounts.models import Role, RoleGrant, Unit, User
from governance import authority, authority_document
from governance.authority_document import Content, Known
from governance.models import (
    AuthorityApproval,
    AuthorityDraft,
    AuthorityStep,
    AuthorityVersion,
    Body,
    BodyMember,
    Seat,
)
from ledger import chain, clock
from portfolio.models import RiskTier
from portfolio.selectors import fiscal_year_of, rate_set_for

# Who must approve a version, and one person for each.
APPROVERS = (Role.CFO, Role.CEO)


def versions() -> QuerySet[AuthorityVersion]:
    """Every version with its steps, seats, votes and the day from which it holds, the newest first."""
    seats = Prefetch("seats", Seat.objects.select_related("body", "person").order_by("position"))
    steps = AuthorityStep.objects.select_related("unit").order_by("position").prefetch_related(seats)
    votes = AuthorityApproval.objects.select_related("by", "transaction").order_by("id")
    return (
        AuthorityVersion.objects.select_related("adoption", "informed", "proposed_by", "transaction")
        .prefetch_related(Prefetch("steps", steps), Prefetch("approvals", votes))
        .order_by("-number")
    )


def content_of(version: AuthorityVersion) -> Content:
    """A frozen version as a document."""
    return {
        "name": version.name,
        "valid_from": version.valid_from.isoformat(),
        "tiers_up": list(version.tiers_up),
        "informed_body": version.informed_id or "",
        "informed_over": _text(version.informed_over),
        "informed_currency": version.informed_currency,
        "steps": [
            {
                "name": step.name,
                "limit": _text(step.limit),
                "currency": step.currency,
                "tiers": list(step.tiers),
                "unit": step.unit_id or "",
                "bucket": step.bucket,
                "valid_from": step.valid_from.isoformat() if step.valid_from else "",
                "valid_to": step.valid_to.isoformat() if step.valid_to else "",
                "in_order": step.in_order,
                "seats": [key_of(seat) for seat in step.seats.all()],
            }
            for step in version.steps.all()
        ],
    }


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else chain.plain(amount)


def key_of(seat: Seat) -> str:
    """'role:cfo', 'person:7' or 'body:2'."""
    if seat.body_id is not None:
        return f"body:{seat.body_id}"
    return f"role:{seat.role}" if seat.role else f"person:{seat.person_id}"


@dataclass(frozen=True)
class VersionOnPage:
    """A version with its state: proposed, refused, in force, coming or past."""

    version: AuthorityVersion
    state: str
    differences: list[dict[str, str]]

    @property
    def steps(self) -> list[dict[str, object]]:
        """Its steps as plain values."""
        return authority.as_data(self.version.steps.all())


def versions_on_page(numbers: Iterable[int] | None = None) -> list[VersionOnPage]:
    """Versions, the newest first, each with what differs from the adopted one before it."""
    found = list(versions())
    in_force = authority.version_in_force()
    label = labels()
    contents = {version.pk: content_of(version) for version in found}
    wanted = None if numbers is None else set(numbers)
    shown = []
    for place, version in enumerate(found):
        if wanted is not None and version.number not in wanted:
            continue
        before = next((old for old in found[place + 1 :] if hasattr(old, "adoption")), None)
        differs = (
            []
            if before is None
            else authority_document.differences(contents[before.pk], contents[version.pk], label)
        )
        shown.append(VersionOnPage(version, state_of(version, in_force), differs))
    return shown


def state_of(version: AuthorityVersion, in_force: AuthorityVersion | None) -> str:
    """proposed, refused, in force, coming or past"""
    adoption = getattr(version, "adoption", None)
    if adoption is None:
        is_refused = any(vote.vote == AuthorityApproval.Vote.AGAINST for vote in version.approvals.all())
        return "refused" if is_refused else "proposed"
    if in_force is not None and version.pk == in_force.pk:
        return "in force"
    return "coming" if adoption.in_force_from > clock.today() else "past"


def labels() -> Callable[[str], str]:
    """The words for a seat, a body or a unit of a document."""
    bodies = dict(Body.objects.values_list("pk", "name"))
    units = dict(Unit.objects.values_list("pk", "name"))
    named = Seat.objects.exclude(person=None).values_list("person", flat=True)
    people = signers()
    people |= dict(User.objects.filter(pk__in=named).values_list("pk", "name"))
    tables = {"body": bodies, "unit": units, "person": people}

    def label(key: str) -> str:
        kind, value = authority_document.seat_of(key)
        if kind == "role":
            return policy.role_in_words(value)
        return tables.get(kind, {}).get(int(value), key) if value.isdecimal() else key

    return label


def signers() -> dict[int, str]:
    """Everybody who holds a confirmed role that may sign decisions, somewhere."""
    roles = policy.table()["decision.sign"].roles
    grants = RoleGrant.objects.active().confirmed().filter(role__in=roles)
    return dict(grants.order_by("user__name").values_list("user", "user__name"))


def open_draft() -> AuthorityDraft | None:
    """The draft of the next version, if there is one."""
    return AuthorityDraft.objects.select_related("updated_by", "proposed").first()


def board() -> int | None:
    """The body of the holders of the role board member."""
    found = Body.objects.confirmed().filter(role=Role.BOARD_MEMBER).order_by("pk").first()
    return found.pk if found is not None else None


def preset(key: str) -> Content:
    """A preset in the base currency."""
    return authority_document.preset(key, board(), settings.BASE_CURRENCY)


def known() -> Known:
    """What a document may name today."""
    rate_set = rate_set_for(fiscal_year_of(clock.today()))
    rates = {key: Decimal(value) for key, value in (rate_set.rates if rate_set else {}).items()}
    units = dict(Unit.objects.filter(closed_on=None).values_list("pk", "path"))
    bodies = Body.objects.confirmed().in_bulk()
    return Known(
        today=clock.today(),
        rates=rates | {settings.BASE_CURRENCY: Decimal(1)},
        units=units,
        tiers=frozenset(RiskTier.values),
        bodies=frozenset(bodies),
        why_empty=_who_is_there(units, bodies),
    )


def _who_is_there(units: dict[int, str], bodies: dict[int, Body]) -> Callable[[str, str], str]:
    """Says why nobody could take a seat today; a role may be held in a unit above or below the step's."""
    may_sign = policy.table()["decision.sign"].roles
    held: dict[str, list[tuple[int, str]]] = {}
    grants = RoleGrant.objects.active().confirmed().filter(role__in=may_sign)
    for role, user, path in grants.values_list("role", "user", "unit__path"):
        held.setdefault(role, []).append((user, path))
    members: dict[int, set[int]] = {}
    for body, user in BodyMember.objects.active().values_list("body", "user"):
        members.setdefault(body, set()).add(user)

    def people(role: str, path: str) -> set[int]:
        return {user for user, at in held.get(role, []) if path.startswith(at) or at.startswith(path)}

    def everybody(path: str) -> set[int]:
        return {user for role in may_sign for user in people(role, path)}

    def why_empty(key: str, unit: str) -> str:
        path = units.get(int(unit), "") if unit else ""
        kind, value = authority_document.seat_of(key)
        if kind == "role" and value in may_sign:
            words = policy.role_in_words(value)
            return (
                ""
                if people(value, path)
                else f"Nobody holds the role {words} today, confirmed by a second person."
            )
        if kind == "person" and value.isdecimal():
            is_there = int(value) in everybody(path)
            return "" if is_there else "This person holds no confirmed role there that may sign decisions."
        body = bodies.get(int(value)) if kind == "body" and value.isdecimal() else None
        if body is None:
            return "Choose a role that may sign, a person or a body that is confirmed."
        there = people(body.role, path) if body.role else members.get(body.pk, set()) & everybody(path)
        if len(there) >= body.quorum:
            return ""
        return f"{body} has {len(there)} members who may sign today; its quorum is {body.quorum}."

    return why_empty


# Bodies --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BodyOnPage:
    """A body with its members today, and what waits for a second person."""

    body: Body
    members: list[User]
    memberships: list[BodyMember]
    seats: int


def bodies_on_page() -> list[BodyOnPage]:
    """Every body, in a few queries."""
    rows = BodyMember.objects.unended().select_related("user", "proposed_by", "confirmation").order_by("id")
    bodies = Body.objects.select_related("confirmation", "proposed_by").prefetch_related(
        Prefetch("members", rows)
    )
    in_force = authority.version_in_force()
    used = dict(
        Seat.objects.filter(step__version=in_force)
        .exclude(body=None)
        .values_list("body")
        .annotate(number=Count("pk"))
    )
    holders: dict[str, dict[int, User]] = {}
    roles = {body.role for body in bodies if body.role}
    for grant in RoleGrant.objects.active().confirmed().filter(role__in=roles).select_related("user"):
        holders.setdefault(grant.role, {})[grant.user_id] = grant.user
    today = clock.today()
    shown = []
    for body in bodies:
        memberships = [row for row in body.members.all() if row.valid_to is None or row.valid_to >= today]
        if body.role:
            people = list(holders.get(body.role, {}).values())
        else:
            people = [
                row.user
                for row in memberships
                if hasattr(row, "confirmation") and row.valid_from <= today and row.user.is_active
            ]
        members = sorted({*people}, key=lambda person: (person.name, person.pk))
        shown.append(BodyOnPage(body, members, memberships, used.get(body.pk, 0)))
    return shown


# What waits ----------------------------------------------------------------------------------


def versions_to_vote_on(user: User) -> list[AuthorityVersion]:
    """The proposed version that waits for the vote of this executive."""
    draft = open_draft()
    version = draft.proposed if draft is not None else None
    if version is None or version.approvals.filter(by=user).exists():
        return []
    wrote = version.proposed_by_id == user.pk or user.pk in version.writers
    return [] if wrote or not policy.reach(user, "authority.approve").everywhere else [version]


def number_to_confirm(user: User) -> int:
    """How many bodies and members wait for this second person."""
    if not policy.reach(user, "body.confirm").everywhere:
        return 0
    members = BodyMember.objects.unended().filter(confirmation=None).exclude(user=user)
    bodies = Body.objects.filter(confirmation=None)
    return sum(rows.exclude(proposed_by=user).count() for rows in (members, bodies))
