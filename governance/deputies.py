"""Who stands in for whom: whose seats a deputy may take today, and up to which amount."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from accounts import policy, segregation
from accounts.models import Deputy, Role, RoleGrant, Unit, User
from accounts.permissions import clash
from accounts.verdict import ALLOW, Verdict, deny
from governance import authority
from governance.models import AuthorityStep, Signature, SigningRound
from ledger import clock

LONGEST_DAYS = 30


@dataclass(frozen=True)
class Standing:
    """One principal whose seats the user may take, with the roles that are lent for it."""

    principal: User
    limit: int | None
    grants: tuple[RoleGrant, ...]

    def roles_for(self, unit: Unit) -> frozenset[str]:
        """The lent roles that reach the unit."""
        return frozenset(grant.role for grant in self.grants if unit.path.startswith(grant.unit.path))

    def reaches(self, signing: SigningRound, votes: Iterable[Signature]) -> bool:
        """Whether the limit covers the round, and the principal's seat is not taken by them or for them."""
        if self.limit is not None and signing.tested_amount > Decimal(self.limit):
            return False
        return all(self.principal.pk not in {vote.by_id, vote.on_behalf_of_id} for vote in votes)


def standings(user: User) -> list[Standing]:
    """Those for whom the user is deputy today; no query for who is nobody's."""
    lent = policy.lent_to(user)
    if not lent:
        return []
    rows = Deputy.objects.in_force().filter(deputy=user).select_related("principal").order_by("pk")
    return [
        Standing(
            row.principal,
            row.limit,
            tuple(grant for grant in lent if grant.user_id == row.principal_id),
        )
        for row in rows
    ]


def signed_for(user: User, signing: SigningRound) -> User | None:
    """The deputy who signed this round on the user's behalf."""
    votes = [vote for vote in signing.signatures.all() if vote.on_behalf_of_id == user.pk]
    return votes[0].by if votes else None


# Naming, confirming, ending ------------------------------------------------------------------


def may_name_deputy(user: User, deputy: User | None = None) -> Verdict:
    """Whoever decides names a deputy for themselves: somebody who may decide, and no service account."""
    verdict = policy.may(user, "deputy.name")
    if not verdict or deputy is None:
        return verdict
    if deputy.pk == user.pk:
        return deny("Nobody deputises for themselves.")
    if deputy.is_service_account or not deputy.is_active:
        return deny(f"{deputy} is no active person.")
    held = list(RoleGrant.objects.active().filter(user=deputy).values_list("role", flat=True))
    mine = {grant.role for grant in policy.grants_of(user)} & set(policy.LENT_ROLES)
    for role in sorted(mine):
        # Whom administration or audit keeps from a role is kept from lending a hand in it too.
        if {Role.ADMINISTRATOR, Role.AUDITOR} & set(held) and (reason := clash(role, held, deputy)):
            return deny(reason)
    return ALLOW


def may_confirm_deputy(user: User, row: Deputy) -> Verdict:
    """A second person: neither the principal nor the deputy."""
    verdict = policy.may(user, "deputy.confirm", unit=row.principal.home_unit)
    oneself = ["oneself"] if user.pk in {row.principal_id, row.deputy_id} else []
    return segregation.judge(verdict, "deputy.confirm", oneself)


def may_end_deputy(user: User, row: Deputy) -> Verdict:
    """The principal and the deputy at any time; who ends roles may end this too."""
    verdict = policy.may(user, "deputy.end")
    mine = user.pk in {row.principal_id, row.deputy_id}
    if verdict and not mine and not policy.may(user, "role.revoke", unit=row.principal.home_unit):
        return deny("Principal or deputy end this, or the administrator or the risk officer.")
    return verdict


def limit_of(user: User) -> AuthorityStep | None:
    """The highest step of authority in force on which one of the user's own roles has a seat."""
    roles = {grant.role for grant in policy.grants_of(user) if hasattr(grant, "confirmation")}
    steps = [
        step for step in authority.steps_in_force() if any(seat.role in roles for seat in step.seats.all())
    ]
    return steps[-1] if steps else None


def listed_for(user: User) -> QuerySet[Deputy]:
    """One's own deputies and those one is; all of them for who keeps people and roles. The newest first."""
    rows = Deputy.objects.select_related(
        "principal", "deputy", "confirmation__confirmed_by", "revocation", "transaction"
    )
    if policy.may(user, "people.view") or policy.may(user, "deputy.confirm"):
        return rows.order_by("-pk")
    return rows.filter(Q(principal=user) | Q(deputy=user)).order_by("-pk")


def state_of(row: Deputy) -> str:
    """Where a deputy stands, in a word or two."""
    if hasattr(row, "revocation"):
        return "ended"
    if row.valid_to < clock.today():
        return "over"
    if not hasattr(row, "confirmation"):
        return "waits for a second person"
    return "in force" if row.valid_from <= clock.today() else "confirmed, not begun"
