"""Who may change people, units, roles and tokens: the table first, then segregation of duties."""

from functools import cache

from accounts import policy, segregation
from accounts.models import Role, RoleGrant, Unit, User
from accounts.policy import Reader
from accounts.verdict import ALLOW, Verdict, deny

_POSTING = ("actuals.import", "posting.add", "posting.assign")
_SCORING = ("scorecard.write", "scorecard.complete")


def may_invite(user: Reader, unit: Unit | None = None) -> Verdict:
    """Add a person or a service account whose home lies in a unit that the administrator covers."""
    return policy.may(user, "user.invite", unit=unit)


def may_disable(user: Reader, person: User) -> Verdict:
    """Close an account: not one's own, and not the last administrator's."""
    verdict = policy.may(user, "user.disable", unit=_home(person))
    if not verdict:
        return verdict
    if person.pk == user.pk:
        return deny("You can't disable your own account: another administrator or the risk officer can.")
    if _is_last_administrator(person):
        return deny("This is the last administrator: grant the role to another person first.")
    return ALLOW


def may_grant(user: Reader, unit: Unit | None = None, person: User | None = None, role: str = "") -> Verdict:
    """Grant a role: not to oneself, and only one that fits those which the person holds."""
    verdict = policy.may(user, "role.grant", unit=unit)
    if not verdict:
        return verdict
    if person is None:
        return ALLOW
    if person.pk == user.pk or (person.is_service_account and person.person.pk == user.pk):
        return segregation.judge(ALLOW, "role.grant", ["oneself"])
    if not person.is_active:
        return deny(f"{person} is disabled.")
    if not role:
        return ALLOW
    held = RoleGrant.objects.active().filter(user=person).values_list("role", flat=True)
    return _together("role.grant", role, list(held), person)


def may_confirm_grant(user: Reader, grant: RoleGrant) -> Verdict:
    """Confirm a grant: a second person, who neither gave nor holds it, and whose own role is confirmed."""
    verdict = policy.may(user, "role.confirm", unit=grant.unit)
    if not verdict or not isinstance(user, User):
        return verdict
    if user.pk in {grant.user_id, grant.user.person.pk}:
        return segregation.judge(ALLOW, "role.confirm", ["oneself"])
    if grant.granted_by_id == user.pk:
        return segregation.judge(ALLOW, "role.confirm", ["granted"])
    if not _may_be_second_person(user):
        return deny("Your own role is not confirmed yet, and another risk officer's is: they confirm grants.")
    others = RoleGrant.objects.active().filter(user=grant.user).exclude(pk=grant.pk)
    return _together("role.confirm", grant.role, [other.role for other in others], grant.user)


def _together(action: str, role: str, held: list[str], person: User) -> Verdict:
    """Whether a role fits to those held; where rules of segregation bend, with those that have to."""
    found = clashes(role, held, person)
    forbidding = segregation.forbidding(action) if found else frozenset()
    for fact, reason in found:
        if fact is None or fact in forbidding:
            return deny(reason)
    return segregation.judge(ALLOW, action, dict.fromkeys(fact for fact, _ in found if fact))


def may_revoke(user: Reader, grant: RoleGrant) -> Verdict:
    """End a grant: not the last administrator's."""
    verdict = policy.may(user, "role.revoke", unit=grant.unit)
    if not verdict:
        return verdict
    if grant.role == Role.ADMINISTRATOR and _is_last_administrator(grant.user, grant):
        return deny("This is the last administrator: grant the role to another person first.")
    return ALLOW


def may_read_ledger(user: Reader) -> Verdict:
    """Read the ledger: it is of the whole organisation, so a role for a part of it is not enough."""
    return _for_the_whole(user, "ledger.view")


def may_verify_ledger(user: Reader) -> Verdict:
    """Verify the ledger, which is of the whole organisation."""
    return _for_the_whole(user, "ledger.verify")


def may_read_duties(user: Reader) -> Verdict:
    """See exceptions and collisions of the whole organisation."""
    return _for_the_whole(user, "duties.view", "This")


def may_read_attempts(user: Reader) -> Verdict:
    """See refused attempts of the whole organisation."""
    return _for_the_whole(user, "attempts.view", "This list")


def _for_the_whole(user: Reader, action: str, what: str = "The ledger") -> Verdict:
    verdict = policy.may(user, action)
    if verdict and not policy.reach(user, action).everywhere:
        return deny(f"{what} is of the whole organisation; your role is for a part of it.")
    return verdict


def may_add_unit(user: Reader, parent: Unit | None = None) -> Verdict:
    """Add a unit below one that the administrator covers."""
    return policy.may(user, "unit.add", unit=parent)


def may_move_unit(user: Reader, unit: Unit, parent: Unit | None = None) -> Verdict:
    """Move a unit: the administrator covers both the unit and its new place."""
    verdict = policy.may(user, "unit.move", unit=unit)
    if verdict and parent is not None:
        verdict = policy.may(user, "unit.move", unit=parent)
    return verdict


def may_create_token(user: Reader, account: User | None = None) -> Verdict:
    """Make a token: only for a service account."""
    verdict = policy.may(user, "token.create", unit=_home(account) if account else None)
    if verdict and account is not None and not account.is_service_account:
        return deny("Tokens belong to service accounts: a person signs in.")
    return verdict


def may_revoke_token(user: Reader, account: User) -> Verdict:
    """End a token."""
    return policy.may(user, "token.revoke", unit=_home(account))


# Roles that don't fit together ---------------------------------------------------------------


@cache
def deciding_roles() -> frozenset[str]:
    """The roles that decide, score or post, as the table has them."""
    rules = policy.table()
    rows = [rule for rule in rules.values() if rule.decides]
    rows += [rules[action] for action in (*_POSTING, *_SCORING)]
    return frozenset(role for rule in rows for role in rule.roles if role in Role.values)


def clash(role: str, held: list[str], person: User) -> str | None:
    """Why a role doesn't fit to those that the person holds; None if it does."""
    return next((reason for _, reason in clashes(role, held, person)), None)


def clashes(role: str, held: list[str], person: User) -> list[tuple[str | None, str]]:
    """What keeps a role from who holds the others: the fact of segregation (None: no rule), a sentence."""
    if (role == Role.INTEGRATOR) != person.is_service_account:
        return [
            (
                None,
                f"{person} is a service account: it takes the role of integrator only."
                if person.is_service_account
                else "Integrator is for service accounts.",
            )
        ]
    found: list[tuple[str | None, str]] = []
    for other in held:
        pair = {role, other}
        if Role.ADMINISTRATOR in pair and pair & deciding_roles():
            both = f"{_words(role)} and {_words(other)}"
            words = f"{person} can't be {both}: administrators don't decide, score or post."
            found.append(("administrator_decides", words))
        if pair == {Role.FINANCE, Role.CFO}:
            words = f"{person} can't be finance and CFO: one proposes what the other confirms."
            found.append(("finance_and_cfo", words))
        if Role.AUDITOR in pair and len(pair) > 1:
            both = f"{_words(role)} and {_words(other)}"
            found.append(("auditor_writes", f"{person} can't be {both}: an auditor changes nothing."))
    return found


def why_not_together(person: User, role: str) -> str | None:
    """The same against the person's active grants."""
    held = RoleGrant.objects.active().filter(user=person).values_list("role", flat=True)
    return clash(role, list(held), person)


def _words(role: str) -> str:
    return policy.role_in_words(role)


def _home(person: User) -> Unit | None:
    """Where the person belongs; who has no home belongs to the whole organisation."""
    return person.home_unit or Unit.objects.filter(parent=None).first()


def _is_last_administrator(person: User, grant: RoleGrant | None = None) -> bool:
    """Whether no administrator would be left without this person, or without this grant of theirs."""
    administrators = RoleGrant.objects.active().filter(role=Role.ADMINISTRATOR)
    held = administrators.filter(user=person)
    if not held.exists():
        return False
    left = administrators.exclude(user=person) if grant is None else administrators.exclude(pk=grant.pk)
    return not left.exists()


def _may_be_second_person(user: User) -> bool:
    """A confirmed role counts; before any risk officer is confirmed, the first one counts unconfirmed."""
    roles = policy.table()["role.confirm"].roles
    if any(grant.role in roles and hasattr(grant, "confirmation") for grant in policy.grants_of(user)):
        return True
    return not RoleGrant.objects.active().confirmed().filter(role=Role.RISK_OFFICER).exists()
