"""The acts on people, units, roles and tokens. Each is one transaction with one ledger entry.

The ledger knows people by number: no entry holds a name or an address.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.urls import reverse

from accounts import links, policy, segregation
from accounts.errors import Changed, InvalidMove, Refused
from accounts.models import (
    ApiToken,
    Notification,
    Role,
    RoleConfirmation,
    RoleGrant,
    RoleRevocation,
    Scope,
    Unit,
    UnitPlacement,
    User,
)
from accounts.notices import notify
from accounts.permissions import (
    may_add_unit,
    may_confirm_grant,
    may_create_token,
    may_disable,
    may_grant,
    may_invite,
    may_move_unit,
    may_revoke,
    may_revoke_token,
    may_verify_ledger,
)
from ledger import clock, selectors
from ledger.models import LedgerEntry
from ledger.selectors import Examination
from ledger.services import last_seq, record

LONGEST_TOKEN = timedelta(days=365)
FAULTS_IN_ENTRY = 20


# People --------------------------------------------------------------------------------------


def invite_user(*, email: str, name: str, home_unit: Unit, actor: User) -> User:
    """Add a person and send them a one-time link to set a password.

    Raises NotAllowed, or Refused for an address that is taken or none.
    """
    may_invite(actor, home_unit).or_deny()
    with record("user.invited", actor=actor) as act:
        user = User.objects.create_user(_free_address(email), _name(name), home_unit=home_unit)
        act.about(user)
        _send_link(user)
    return user


def send_link_again(user: User, *, actor: User) -> None:
    """Send a fresh link to a person who has not set a password yet. Raises NotAllowed or InvalidMove."""
    may_invite(actor, user.home_unit).or_deny()
    if user.is_service_account or user.has_usable_password() or not user.is_active:
        raise InvalidMove(f"{user} needs no link: only a person without a password does.")
    with record("user.invited", actor=actor, about=user):
        _send_link(user)


def _send_link(user: User) -> None:
    notify(
        user,
        subject="Your account",
        sentence="An account was made for you. Set your password within seven days to sign in.",
        path=links.welcome_path(user, links.INVITATION),
    )


def add_service_account(*, name: str, home_unit: Unit, answers_for_it: User, actor: User) -> User:
    """An account for a program, for which a person answers. Raises NotAllowed or Refused."""
    may_invite(actor, home_unit).or_deny()
    if answers_for_it.is_service_account or not answers_for_it.is_active:
        raise Refused("Name a person with an account.", {"answers_for_it": "Name a person with an account."})
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "service"
    with record("service_account.added", actor=actor) as act:
        user = User.objects.create_user(
            _free_address(f"{slug}-{secrets.token_hex(4)}@service.invalid"),
            _name(name),
            home_unit=home_unit,
            is_service_account=True,
            answers_for_it=answers_for_it,
        )
        act.about(user)
        act.note(answers_for_it=answers_for_it.pk)
    return user


def set_first_password(user: User, password: str, *, token: str) -> None:
    """Use a one-time link. Raises Changed when it was used in the meantime."""
    with record("password.set", actor=user, about=user):
        locked = User.objects.select_for_update().get(pk=user.pk)
        if links.user_of(token) != locked:
            raise Changed("This link was used already.")
        locked.set_password(password)
        locked.save(update_fields=["password"])
        # The message that brought the link leads nowhere any more.
        Notification.objects.filter(recipient=user, path__startswith="/welcome/").update(
            path="", read_at=clock.now()
        )


def disable_user(person: User, *, reason: str, actor: User) -> None:
    """Close an account from the next request on; its grants stay. Raises NotAllowed or InvalidMove."""
    with record("user.disabled", actor=actor, about=person, reason=_reason(reason)):
        lock_administration()
        may_disable(actor, person).or_deny()
        if not User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            raise InvalidMove(f"{person} is disabled already.")
    person.is_active = False


def _free_address(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Refused("This is no e-mail address.", {"email": "Type an e-mail address."}) from error
    if User.objects.filter(email__iexact=address).exists():
        raise Refused("Somebody has this address.", {"email": "Somebody has this address already."})
    return address


def _name(name: str) -> str:
    if not name.strip():
        raise Refused("A name is missing.", {"name": "Type the name."})
    return name.strip()


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused("Say why.", {"reason": "Type a reason; it stands in the ledger."})
    return reason.strip()


# Roles ---------------------------------------------------------------------------------------


def grant_role(
    person: User,
    *,
    role: str,
    unit: Unit,
    actor: User,
    valid_from: date | None = None,
    valid_to: date | None = None,
    exception: str = "",
) -> RoleGrant:
    """Give a role for a unit and all below it. It holds at once; deciding with it waits for a second person.

    Raises NotAllowed, also for roles that don't fit together, or Refused. `exception` says why they are
    held together where rules of segregation bend.
    """
    if role not in Role.values:
        raise Refused("There is no such role.", {"role": "Choose a role of the list."})
    begins = valid_from or clock.today()
    if valid_to is not None and valid_to < begins:
        raise Refused("The end lies before the beginning.", {"valid_to": "Choose a later day."})
    with record("role.granted", actor=actor, about=person) as act:
        lock_administration()
        verdict = may_grant(actor, unit, person, role)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=exception, by=actor, field="exception")
        if RoleGrant.objects.active().filter(user=person, role=role, unit=unit).exists():
            raise InvalidMove(f"{person} is {policy.role_in_words(role)} for {unit} already.")
        grant = act.add(
            RoleGrant,
            user=person,
            role=role,
            unit=unit,
            granted_by=actor,
            valid_from=begins,
            valid_to=valid_to,
        )
        act.note(grant=grant.pk, role=role, unit=unit.pk)
        for officer in User.objects.filter(
            grants__in=RoleGrant.objects.active().filter(role=Role.RISK_OFFICER), is_active=True
        ).distinct():
            if officer.pk not in {person.pk, actor.pk}:
                notify(
                    officer,
                    subject="A grant waits for a second person",
                    sentence=f"{actor} granted {person} the role of {policy.role_in_words(role)} for {unit}.",
                    path=reverse("person-detail", args=[person.pk]),
                )
    return grant


def confirm_grant(grant: RoleGrant, *, actor: User) -> RoleConfirmation:
    """The second person's yes. Raises NotAllowed or InvalidMove."""
    with record("role.confirmed", actor=actor, about=grant.user) as act:
        lock_administration()
        may_confirm_grant(actor, grant).or_deny()
        if not RoleGrant.objects.active().filter(pk=grant.pk).exists():
            raise InvalidMove("This grant holds no longer.")
        if RoleConfirmation.objects.filter(grant=grant).exists():
            raise InvalidMove("This grant is confirmed already.")
        confirmation = act.add(RoleConfirmation, grant=grant, confirmed_by=actor)
        act.note(grant=grant.pk, role=grant.role, unit=grant.unit_id)
        notify(
            grant.user,
            subject="Your role is confirmed",
            sentence=f"You are {grant.get_role_display()} for {grant.unit}.",
            path=reverse("profile"),
        )
    return confirmation


def revoke_grant(grant: RoleGrant, *, reason: str, actor: User) -> RoleRevocation:
    """End a grant from the next request on. Raises NotAllowed, InvalidMove or Refused."""
    with record("role.revoked", actor=actor, about=grant.user, reason=_reason(reason)) as act:
        lock_administration()
        may_revoke(actor, grant).or_deny()
        if RoleRevocation.objects.filter(grant=grant).exists():
            raise InvalidMove("This grant is revoked already.")
        revocation = act.add(RoleRevocation, grant=grant, revoked_by=actor, reason=reason.strip())
        act.note(grant=grant.pk, role=grant.role, unit=grant.unit_id)
        notify(
            grant.user,
            subject="A role of yours ended",
            sentence=f"You are no longer {grant.get_role_display()} for {grant.unit}: {reason.strip()}",
            path=reverse("profile"),
        )
    return revocation


def lock_administration() -> None:
    """One change of roles at a time: two at once could make a pair that no single one makes."""
    Unit.objects.select_for_update().filter(parent=None).order_by("pk").first()


# Units ---------------------------------------------------------------------------------------


def add_unit(*, name: str, parent: Unit, actor: User, external_id: str = "") -> Unit:
    """A new unit below another. Raises NotAllowed or Refused."""
    may_add_unit(actor, parent).or_deny()
    if Unit.objects.filter(parent=parent, name__iexact=_name(name)).exists():
        raise Refused(
            "There is a unit of this name here.", {"name": "There is a unit of this name here already."}
        )
    with record("unit.added", actor=actor) as act:
        lock_administration()
        unit = Unit.objects.create(name=_name(name), parent=parent, external_id=external_id.strip())
        above = Unit.objects.values_list("path", flat=True).get(pk=parent.pk)
        unit.path = f"{above}{unit.pk}/"
        unit.save(update_fields=["path"])
        act.add(UnitPlacement, unit=unit, parent=parent, valid_from=unit.opened_on)
        act.about(unit)
    return unit


def move_unit(unit: Unit, *, parent: Unit, reason: str, actor: User) -> Unit:
    """Put a unit, with all below it, under another. Raises NotAllowed, InvalidMove or Refused."""
    with record("unit.moved", actor=actor, about=unit, reason=_reason(reason)) as act:
        lock_administration()
        unit, parent = Unit.objects.get(pk=unit.pk), Unit.objects.get(pk=parent.pk)
        may_move_unit(actor, unit, parent).or_deny()
        if parent.is_under(unit):
            raise Refused("A unit can't stand below itself.", {"parent": f"{parent} is {unit} or below it."})
        if unit.parent_id == parent.pk:
            raise InvalidMove(f"{unit} stands under {parent} already.")
        before, after = unit.path, f"{parent.path}{unit.pk}/"
        Unit.objects.filter(pk=unit.pk).update(parent=parent)
        Unit.objects.filter(path__startswith=before).update(
            path=Concat(Value(after), Substr(F("path"), len(before) + 1))
        )
        act.add(UnitPlacement, unit=unit, parent=parent, valid_from=clock.today())
        act.note(parent=parent.pk)
    unit.refresh_from_db()
    return unit


# Tokens --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewToken:
    """A token and its secret, which is nowhere else and never shown again."""

    token: ApiToken
    secret: str


def create_token(
    account: User, *, name: str, scopes: Sequence[str], expires_on: date, actor: User
) -> NewToken:
    """Make a token for a service account. Raises NotAllowed or Refused."""
    may_create_token(actor, account).or_deny()
    if not scopes or not set(scopes) <= set(Scope.values):
        raise Refused("Choose what the token may do.", {"scopes": "Choose one or more scopes of the list."})
    if not clock.today() < expires_on <= clock.today() + LONGEST_TOKEN:
        raise Refused(
            "A token lasts up to a year.", {"expires_on": "Choose a day within a year from tomorrow on."}
        )
    if not account.is_active:
        raise InvalidMove(f"{account} is disabled.")
    secret = f"keel_{secrets.token_urlsafe(32)}"
    with record("token.created", actor=actor, about=account) as act:
        token = ApiToken.objects.create(
            user=account,
            name=_name(name),
            prefix=secret[:12],
            secret_hash=ApiToken.hash_of(secret),
            scopes=sorted(scopes),
            created_by=actor,
            expires_at=clock.now() + (expires_on - clock.today()),
        )
        act.note(token=token.pk, scopes=sorted(scopes), expires_on=expires_on)
    return NewToken(token, secret)


def revoke_token(token: ApiToken, *, actor: User) -> None:
    """End a token from the next request on. Raises NotAllowed or InvalidMove."""
    may_revoke_token(actor, token.user).or_deny()
    with record("token.revoked", actor=actor, about=token.user) as act:
        if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now()):
            raise InvalidMove("This token is revoked already.")
        act.note(token=token.pk)


# The first administrator ---------------------------------------------------------------------


@transaction.atomic
def create_first_administrator(*, email: str, name: str, organisation: str) -> tuple[User, str]:
    """The first person of a fresh install, with the path of a one-time link that sets the password.

    The path is empty for somebody who has a password already.
    Makes the root unit if there is none. The grant stands and is unconfirmed: a second person confirms it.
    Raises InvalidMove when there is an administrator.
    """
    if RoleGrant.objects.active().filter(role=Role.ADMINISTRATOR).exists():
        raise InvalidMove("There is an administrator already: they invite people.")
    root = Unit.objects.filter(parent=None).first() or _add_root(organisation)
    address = email.strip().lower()
    user = User.objects.filter(email__iexact=address, is_service_account=False).first()
    with record("user.invited", actor=None) as act:
        user = user or User.objects.create_user(_free_address(address), _name(name), home_unit=root)
        act.about(user)
    with record("role.granted", actor=None, about=user) as act:
        grant = act.add(RoleGrant, user=user, role=Role.ADMINISTRATOR, unit=root, granted_by=None)
        act.note(grant=grant.pk, role=grant.role, unit=root.pk)
    return user, "" if user.has_usable_password() else links.welcome_path(user, links.FIRST_ADMINISTRATOR)


def _add_root(name: str) -> Unit:
    with record("unit.added", actor=None) as act:
        unit = Unit.objects.create(name=_name(name))
        unit.path = f"/{unit.pk}/"
        unit.save(update_fields=["path"])
        act.add(UnitPlacement, unit=unit, parent=None, valid_from=unit.opened_on)
        act.about(unit)
    return unit


# The ledger ----------------------------------------------------------------------------------


def verify_ledger(*, state: bool, actor: User) -> Examination:
    """Verify the ledger and enter that, with what was found.

    Raises NotAllowed, or InvalidMove when the ledger is so damaged that nothing can be entered any more.
    """
    may_verify_ledger(actor).or_deny()
    examination = selectors.examine(state=state)
    if LedgerEntry.objects.filter(seq__gt=last_seq()).exists():
        sentences = " ".join(fault.sentence for fault in examination.faults[:FAULTS_IN_ENTRY])
        raise InvalidMove(f"The ledger goes on after its head, so nothing can be entered: {sentences}")
    with record("ledger.verified", actor=actor) as act:
        act.note(
            entries=examination.entries,
            facts_read=examination.facts if state else None,
            faults=len(examination.faults),
            found=[fault.sentence for fault in examination.faults[:FAULTS_IN_ENTRY]],
        )
    return examination
