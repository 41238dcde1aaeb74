"""Who may do what: one table as data (`policy.json`), and the one function that reads it.

Every act's `may_x` asks `may` first and then its own named conditions. The table is also shown to the
administrator as a page, and read a second time, independently, by the tests.
"""

import json
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import Deputy, Role, RoleGrant, Unit, User
from accounts.verdict import ALLOW, Verdict, deny
from ledger import as_of

Reader: TypeAlias = User | AnonymousUser
ReachOfRole = Literal["unit", "part", "any"]
# What a deputy does for the principal, and with which of the principal's roles.
LENT_ACTS = frozenset({"initiative.view", "decision.sign", "risk.concur"})
LENT_ROLES = frozenset({Role.UNIT_HEAD, Role.FINANCE, Role.CFO, Role.CEO, Role.RISK_OFFICER})
# A name in the table for every person who signs in, with or without a role.
EVERYONE = "everyone"
# The beginning of every unit's path.
ANYWHERE = "/"


class Governed(Protocol):
    """What the table needs to know of an object."""

    @property
    def unit(self) -> Unit:
        """The unit that it belongs to."""
        ...

    @property
    def policy_state(self) -> str:
        """Its stage, or 'closed'."""
        ...

    def parts_of(self, user: User) -> frozenset[str]:
        """The parts that the user has in it: owner, sponsor, benefit_owner, submitter, assessor."""
        ...


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    action: str
    title: str
    roles: dict[str, ReachOfRole]
    stages: frozenset[str] | None
    conditions: tuple[str, ...]
    channels: frozenset[str]
    token_scope: str | None
    step_up: bool
    decides: bool
    # It only reads, so it may also be done as of an earlier point of the record.
    as_of: bool = False


@dataclass(frozen=True)
class Reach:
    """Where a user may do an action: everywhere, in the subtrees of `paths`, or where they have a part."""

    paths: tuple[str, ...]
    parts: frozenset[str]

    @property
    def everywhere(self) -> bool:
        """Whether no unit lies outside: a grant stands at the root of the tree, or the place is no matter."""
        return any(path.count("/") <= 2 for path in self.paths)

    def covers(self, unit: Unit) -> bool:
        """Whether the unit lies in one of the subtrees."""
        return any(unit.path.startswith(path) for path in self.paths)


@cache
def table() -> dict[str, Rule]:
    """All rules by action, in the order of the file."""
    data = json.loads((Path(__file__).parent / "policy.json").read_text())
    return {
        row["action"]: Rule(
            action=row["action"],
            title=row["title"],
            roles=row["roles"],
            stages=None if row["stages"] == "*" else frozenset(row["stages"]),
            conditions=tuple(row["conditions"]),
            channels=frozenset(row["channels"]),
            token_scope=row["token_scope"],
            step_up=row["step_up"],
            decides=row["decides"],
            as_of=row.get("as_of", False),
        )
        for row in data["actions"]
    }


# Acts that change rights or money without deciding alone.
_WATCHED_TOO = ("signing.open", "role.grant", "role.revoke", "envelope.propose", "rates.propose")


@cache
def watched() -> frozenset[str]:
    """The actions of which even a refused attempt is kept."""
    deciding = {rule.action for rule in table().values() if rule.decides or rule.step_up}
    return frozenset(deciding.union(_WATCHED_TOO))


@cache
def conditions() -> dict[str, str]:
    """The named conditions in words."""
    named: dict[str, str] = json.loads((Path(__file__).parent / "policy.json").read_text())["conditions"]
    return named


def grants_of(user: Reader) -> list[RoleGrant]:
    """The user's active grants, read once per request (the user object lives as long as the request)."""
    if not isinstance(user, User) or not user.is_active:
        return []
    cached: list[RoleGrant] | None = getattr(user, "_active_grants", None)
    if cached is None:
        principals = Deputy.objects.in_force().filter(deputy=user).values("principal")
        held = RoleGrant.objects.active().filter(Q(user=user) | Q(user__in=principals))
        grants = list(held.select_related("unit", "confirmation"))
        cached = [grant for grant in grants if grant.user_id == user.pk]
        user._active_grants = cached  # type: ignore[attr-defined]
        user._lent_grants = [  # type: ignore[attr-defined]
            grant
            for grant in grants
            if grant.user_id != user.pk and grant.role in LENT_ROLES and hasattr(grant, "confirmation")
        ]
    return cached


def lent_to(user: Reader) -> list[RoleGrant]:
    """The confirmed grants of the people for whom the user is deputy today; never what those were lent."""
    grants_of(user)
    lent: list[RoleGrant] = getattr(user, "_lent_grants", [])
    return lent


def keep_rights(user: User) -> None:
    """Let the rights of today stand over the units as of the point that is read from now on."""
    grants = grants_of(user)
    units = Unit.objects.in_bulk([grant.unit_id for grant in grants])
    kept = [copy(grant) for grant in grants if grant.unit_id in units]
    for grant in kept:
        grant.unit = units[grant.unit_id]
    user._active_grants = kept  # type: ignore[attr-defined]


def roles_of(user: Reader) -> frozenset[str]:
    """The roles that the user holds anywhere."""
    return frozenset(grant.role for grant in grants_of(user))


def _in_force(user: Reader, rule: Rule) -> list[RoleGrant]:
    """The grants that count for a rule: deciding ones only once a second person confirmed them."""
    own = [
        grant
        for grant in grants_of(user)
        if grant.role in rule.roles and (not rule.decides or getattr(grant, "confirmation", None))
    ]
    if rule.action not in LENT_ACTS:
        return own
    return own + [grant for grant in lent_to(user) if rule.roles.get(grant.role) == "unit"]


def reach(user: Reader, action: str) -> Reach:
    """Where the user may do the action, for filtering lists."""
    rule = table()[action]
    grants = _in_force(user, rule)
    paths = tuple(grant.unit.path for grant in grants if rule.roles[grant.role] == "unit")
    if _is_for_everyone(user, rule) or any(rule.roles[grant.role] == "any" for grant in grants):
        paths = (ANYWHERE,)
    granted_parts = {grant.role for grant in grants if rule.roles[grant.role] == "part"}
    own_parts = {name for name, scope in rule.roles.items() if scope == "part" and name not in Role.values}
    return Reach(paths=paths, parts=frozenset(granted_parts | own_parts))


def may(user: Reader, action: str, subject: Governed | None = None, unit: Unit | None = None) -> Verdict:
    """The table's answer: role, unit or part, stage, channel. Without a subject or unit: anywhere at all."""
    rule = table()[action]
    if not isinstance(user, User) or not user.is_active:
        return deny("Sign in first.")
    if (token := token_verdict(user, rule)) is not None:
        return token
    if subject is not None and rule.stages is not None and subject.policy_state not in rule.stages:
        where = in_words(sorted(rule.stages))
        state = (
            f"This is {'closed' if subject.policy_state == 'closed' else 'in stage ' + subject.policy_state}"
        )
        allowed_state = Verdict(
            False, f"{state}; “{rule.title}” is possible in {where}.", is_about_state=True
        )
    else:
        allowed_state = ALLOW
    if not _role_covers(user, rule, subject, unit or (subject.unit if subject is not None else None)):
        return _not_the_role(action)
    if not rule.as_of and (point := as_of.current()):
        return deny(f"You read the portfolio as of {point}. Go back to now for “{rule.title}”.")
    return allowed_state


@cache
def _not_the_role(action: str) -> Verdict:
    rule = table()[action]
    return deny(f"“{rule.title}” is for {in_words([role_in_words(role) for role in rule.roles])}.")


def has_role_for(user: Reader, action: str, subject: Governed) -> bool:
    """Whether role and unit or part allow the action, whatever the stage."""
    return _role_covers(user, table()[action], subject, subject.unit)


def token_verdict(user: User, rule: Rule) -> Verdict | None:
    """The refusal for a token that lacks the rule's scope; None when no token is used or it fits."""
    token = user.token
    if token is None:
        return None
    if rule.token_scope is None and rule.action != "api.describe":
        return deny(f"browser-only: “{rule.title}” is done by a signed-in person, never by a token.")
    if rule.token_scope is not None and rule.token_scope not in token.scopes:
        return deny(f"The token lacks the scope {rule.token_scope}.")
    return None


def _is_for_everyone(user: Reader, rule: Rule) -> bool:
    return EVERYONE in rule.roles and isinstance(user, User) and not user.is_service_account


def _role_covers(user: Reader, rule: Rule, subject: Governed | None, unit: Unit | None) -> bool:
    if _is_for_everyone(user, rule):
        return True
    grants = _in_force(user, rule)
    if any(rule.roles[grant.role] == "any" for grant in grants):
        return True
    if subject is None and unit is None:
        if grants:
            return True
        return any(scope == "part" and name not in Role.values for name, scope in rule.roles.items())
    if unit is not None and any(
        rule.roles[grant.role] == "unit" and unit.path.startswith(grant.unit.path) for grant in grants
    ):
        return True
    if subject is None or not isinstance(user, User):
        return False
    parts = subject.parts_of(user)
    held = {grant.role for grant in grants}
    return any(
        scope == "part" and name in parts and (name not in Role.values or name in held)
        for name, scope in rule.roles.items()
    )


@cache
def role_in_words(role: str) -> str:
    """The role's name as people say it."""
    if role == EVERYONE:
        return "everyone who signs in"
    return Role(role).label if role in Role.values else role.replace("_", " ")


def in_words(names: Iterable[str]) -> str:
    """'a, b or c'."""
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} or {listed[-1]}"
