"""What the pages of people, units, tokens and the ledger show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch, Q, QuerySet

from accounts import policy
from accounts.models import ApiToken, Notification, Role, RoleGrant, Unit, UnitPlacement, User
from accounts.policy import Rule
from ledger import clock

SCOPES_IN_WORDS = {
    "unit": "in the unit of the grant and below",
    "part": "where they have this part",
    "any": "everywhere",
}


def people(viewer: User, *, words: str = "", everyone: bool = False) -> QuerySet[User]:
    """The users that the viewer covers, with their home unit and their grants."""
    reach = policy.reach(viewer, "people.view")
    found = User.objects.select_related("home_unit", "answers_for_it").prefetch_related(
        Prefetch("grants", queryset=_with_state(RoleGrant.objects.active()), to_attr="active_grants")
    )
    if not reach.everywhere:
        covered = Q(pk__in=[])
        for path in reach.paths:
            covered |= Q(home_unit__path__startswith=path)
        found = found.filter(covered)
    if not everyone:
        found = found.filter(is_active=True)
    for word in words.split():
        found = found.filter(
            Q(name__icontains=word) | Q(email__icontains=word) | Q(home_unit__name__icontains=word)
        )
    return found.order_by("name", "pk")


def _with_state(grants: QuerySet[RoleGrant]) -> QuerySet[RoleGrant]:
    return grants.select_related(
        "unit",
        "user__answers_for_it",
        "granted_by",
        "confirmation__confirmed_by",
        "confirmation__transaction",
        "revocation__revoked_by",
        "revocation__transaction",
        "transaction",
    ).order_by("-pk")


def grants_of_person(person: User) -> QuerySet[RoleGrant]:
    """All grants of a person, ended ones too, newest first."""
    return _with_state(RoleGrant.objects.filter(user=person))


def waiting_grants(viewer: User) -> QuerySet[RoleGrant]:
    """Grants without a second person's yes, where the viewer may give it: oldest first."""
    reach = policy.reach(viewer, "role.confirm")
    covered = Q(pk__in=[])
    for path in reach.paths:
        covered |= Q(unit__path__startswith=path)
    return (
        _with_state(RoleGrant.objects.active().filter(covered, confirmation=None))
        .exclude(user=viewer)
        .exclude(granted_by=viewer)
        .order_by("pk")
    )


def places_from_facts() -> dict[int, tuple[int | None, str]]:
    """Each unit's parent and path as the newest placements give them."""
    parents = dict(UnitPlacement.objects.order_by("pk").values_list("unit", "parent"))

    def path_of(unit: int) -> str:
        parent = parents[unit]
        return f"{'/' if parent is None else path_of(parent)}{unit}/"

    return {unit: (parent, path_of(unit)) for unit, parent in parents.items()}


@dataclass(frozen=True)
class Branch:
    """A unit in its place, with how many people are at home there."""

    unit: Unit
    depth: int
    people: int

    @property
    def shown_depth(self) -> int:
        """How far in the page sets it: not beyond the fourth level."""
        return min(self.depth, 4)


def unit_tree() -> list[Branch]:
    """All units in the order of the tree: each above those below it, by name."""
    units = list(Unit.objects.all())
    heads: dict[int, int] = {}
    for home in User.objects.filter(is_active=True).values_list("home_unit_id", flat=True):
        if home is not None:
            heads[home] = heads.get(home, 0) + 1
    below: dict[int | None, list[Unit]] = {}
    for unit in sorted(units, key=lambda unit: unit.name.casefold()):
        below.setdefault(unit.parent_id, []).append(unit)

    def branches(parent: int | None, depth: int) -> Iterable[Branch]:
        for unit in below.get(parent, []):
            yield Branch(unit, depth, heads.get(unit.pk, 0))
            yield from branches(unit.pk, depth + 1)

    return list(branches(None, 0))


def tokens(viewer: User) -> QuerySet[ApiToken]:
    """The tokens of the service accounts that the viewer covers, newest first."""
    return (
        ApiToken.objects.filter(user__in=people(viewer, everyone=True).order_by())
        .select_related("user__answers_for_it", "user__home_unit", "created_by", "use")
        .order_by("-created_at", "-pk")
    )


def notifications(user: User) -> QuerySet[Notification]:
    """The messages to a person, newest first."""
    return Notification.objects.filter(recipient=user).order_by("-created_at", "-pk")


# The policy in words -------------------------------------------------------------------------


@dataclass(frozen=True)
class RuleInWords:
    """One row of the table as the page shows it."""

    rule: Rule
    roles: list[tuple[str, str]]
    stages: str
    conditions: list[str]
    marks: list[str]


def policy_in_words(*, role: str = "", words: str = "") -> list[RuleInWords]:
    """The table's rows, those of one role or with some words in them."""
    sentences = policy.conditions()
    return [
        row
        for rule in policy.table().values()
        if (not role or role in rule.roles) and _holds(row := _in_words(rule, sentences), words)
    ]


def _in_words(rule: Rule, sentences: dict[str, str]) -> RuleInWords:
    marks = []
    if rule.decides:
        marks.append("decides: the grant must be confirmed")
    if rule.step_up:
        marks.append("asks who it is again")
    if rule.token_scope:
        marks.append(f"tokens with {rule.token_scope}")
    elif "api" in rule.channels:
        marks.append("no tokens")
    if rule.channels == {"page"}:
        marks.append("in the browser only")
    return RuleInWords(
        rule=rule,
        roles=[
            (
                ", ".join(policy.role_in_words(role) for role, held in rule.roles.items() if held == scope),
                words,
            )
            for scope, words in SCOPES_IN_WORDS.items()
            if scope in rule.roles.values()
        ],
        stages="any stage" if rule.stages is None else policy.in_words(_in_order(rule.stages)),
        conditions=[sentences[name] for name in rule.conditions],
        marks=marks,
    )


_STAGES = (
    "draft",
    "submitted",
    "assessment",
    "decision",
    "pilot",
    "scaling",
    "operating",
    "retired",
    "closed",
)


def _in_order(stages: Iterable[str]) -> list[str]:
    return sorted(stages, key=_STAGES.index)


def _holds(row: RuleInWords, words: str) -> bool:
    text = " ".join([row.rule.action, row.rule.title, row.stages, *row.conditions]).casefold()
    return all(word in text for word in words.casefold().split())


def roles_in_policy() -> list[tuple[str, str]]:
    """Every role and part that the table names, with its words."""
    named = {role for rule in policy.table().values() for role in rule.roles}
    order = [*Role.values, *sorted(named - set(Role.values))]
    return [(role, policy.role_in_words(role)) for role in order if role in named]


def ends_on(token_days: int) -> date:
    """The day that lies some days ahead."""
    return date.fromordinal(clock.today().toordinal() + token_days)
