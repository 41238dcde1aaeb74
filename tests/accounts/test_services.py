"""People, roles, units and tokens: what the services do, and what they refuse, with the reason."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts import links, policy, services
from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import (
    ApiToken,
    Notification,
    Role,
    RoleConfirmation,
    RoleGrant,
    Scope,
    Unit,
    UnitPlacement,
    User,
)
from accounts.permissions import clash, why_not_together
from ledger import clock
from ledger.models import LedgerEntry
from tests import factories


def fresh(user: User) -> User:
    """The user as the next request sees them."""
    return User.objects.get(pk=user.pk)


# People --------------------------------------------------------------------------------------


def test_an_invited_person_gets_a_link_and_the_ledger_no_name(administrator: User, unit: Unit) -> None:
    user = services.invite_user(
        email="New.Person@Example.com", name="Nora New", home_unit=unit, actor=administrator
    )
    assert user.email == "new.person@example.com"
    assert not user.has_usable_password()
    message = Notification.objects.get(recipient=user)
    assert message.path.startswith("/welcome/")
    assert len(message.path) <= 200
    entry = LedgerEntry.objects.get(act="user.invited", object_id=str(user.pk))
    assert entry.actor_id == administrator.pk
    assert "nora" not in entry.body.lower()
    assert "example.com" not in entry.body


@pytest.mark.parametrize("email", ["arno.auditor@keel.test", "ARNO.Auditor@Keel.Test", "nobody", ""])
def test_an_address_that_is_taken_or_none_is_refused(
    administrator: User, auditor: User, unit: Unit, email: str
) -> None:
    assert auditor.email == "arno.auditor@keel.test"
    with pytest.raises(Refused):
        services.invite_user(email=email, name="X", home_unit=unit, actor=administrator)


def test_only_an_administrator_of_that_place_invites(unit: Unit, other_unit: Unit, unit_lead: User) -> None:
    local = factories.make_person("Lokalia Admin", Role.ADMINISTRATOR, unit)
    with pytest.raises(NotAllowed):
        services.invite_user(email="a@b.example", name="A", home_unit=other_unit, actor=local)
    with pytest.raises(NotAllowed):
        services.invite_user(email="a@b.example", name="A", home_unit=unit, actor=unit_lead)


def test_a_link_sets_the_password_once(administrator: User, unit: Unit) -> None:
    user = services.invite_user(email="n@example.com", name="N", home_unit=unit, actor=administrator)
    token = Notification.objects.get(recipient=user).path.split("/")[2]
    assert links.user_of(token) == user
    services.set_first_password(user, "a long enough password", token=token)
    assert links.user_of(token) is None
    assert Notification.objects.get(recipient=user).path == ""
    assert fresh(user).check_password("a long enough password")
    with pytest.raises(Exception, match="used already"):
        services.set_first_password(user, "another long password", token=token)
    assert fresh(user).check_password("a long enough password")


def test_a_link_ends_and_can_not_be_forged(administrator: User, unit: Unit, time_machine: object) -> None:
    user = services.invite_user(email="n@example.com", name="N", home_unit=unit, actor=administrator)
    token = Notification.objects.get(recipient=user).path.split("/")[2]
    assert links.user_of(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert links.user_of("nonsense") is None
    time_machine.move_to(clock.now() + timedelta(days=8))  # type: ignore[attr-defined]
    assert links.user_of(token) is None


def test_a_disabled_person_is_nobody_from_the_next_request_on(
    administrator: User, unit_lead: User, unit: Unit
) -> None:
    services.disable_user(unit_lead, reason="left the firm", actor=administrator)
    assert not policy.may(fresh(unit_lead), "initiative.create", unit=unit)
    assert not RoleGrant.objects.active().filter(user=unit_lead).exists()
    with pytest.raises(InvalidMove):
        services.disable_user(fresh(unit_lead), reason="again", actor=administrator)


def test_the_last_administrator_stays(administrator: User, risk_officer: User) -> None:
    with pytest.raises(NotAllowed, match="last administrator"):
        services.disable_user(administrator, reason="x", actor=risk_officer)
    with pytest.raises(NotAllowed, match="last administrator"):
        services.revoke_grant(administrator.grants.get(), reason="x", actor=risk_officer)


def test_a_service_account_has_no_password_and_a_person(
    administrator: User, unit: Unit, unit_lead: User
) -> None:
    account = services.add_service_account(
        name="ERP interface", home_unit=unit, answers_for_it=unit_lead, actor=administrator
    )
    account.set_password("something long enough")
    account.save()
    assert not fresh(account).check_password("something long enough")
    assert not fresh(account).has_usable_password()
    assert account.person == unit_lead
    with pytest.raises(Refused):
        services.add_service_account(name="Y", home_unit=unit, answers_for_it=account, actor=administrator)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("x@service.invalid", "X", is_service_account=True)


# Roles ---------------------------------------------------------------------------------------


def test_a_grant_holds_at_once_and_decides_after_a_second_person(
    administrator: User, risk_officer: User, outsider: User, unit: Unit
) -> None:
    grant = services.grant_role(outsider, role=Role.FINANCE, unit=unit, actor=administrator)
    assert policy.may(fresh(outsider), "dashboard.finance", unit=unit)
    assert not policy.may(fresh(outsider), "benefit.attest", unit=unit)
    assert Notification.objects.filter(recipient=risk_officer).exists()

    services.confirm_grant(grant, actor=risk_officer)
    assert policy.may(fresh(outsider), "benefit.attest", unit=unit)
    acts = list(
        LedgerEntry.objects.filter(object_id=str(outsider.pk)).order_by("seq").values_list("act", flat=True)
    )
    assert acts[-2:] == ["role.granted", "role.confirmed"]
    with pytest.raises(InvalidMove):
        services.confirm_grant(grant, actor=risk_officer)

    services.revoke_grant(grant, reason="moved on", actor=administrator)
    assert not policy.may(fresh(outsider), "benefit.attest", unit=unit)
    with pytest.raises(InvalidMove):
        services.revoke_grant(grant, reason="again", actor=administrator)


def test_nobody_grants_or_confirms_a_role_of_their_own(
    administrator: User, risk_officer: User, group: Unit
) -> None:
    with pytest.raises(NotAllowed, match="Nobody grants themselves"):
        services.grant_role(administrator, role=Role.CONTRIBUTOR, unit=group, actor=administrator)
    grant = services.grant_role(risk_officer, role=Role.PORTFOLIO_OFFICE, unit=group, actor=administrator)
    with pytest.raises(NotAllowed, match="Nobody confirms a role of their own"):
        services.confirm_grant(grant, actor=risk_officer)
    # The database itself refuses the first.
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant(
            transaction_id=grant.transaction_id,
            user=administrator,
            granted_by=administrator,
            role="ceo",
            unit=group,
        ).save()


def test_who_granted_does_not_confirm(administrator: User, ceo: User, outsider: User, group: Unit) -> None:
    factories.grant(ceo, Role.CONTRIBUTOR, group)
    grant = services.grant_role(outsider, role=Role.CFO, unit=group, actor=administrator)
    with pytest.raises(NotAllowed):
        services.confirm_grant(grant, actor=administrator)
    services.confirm_grant(grant, actor=ceo)
    assert RoleConfirmation.objects.filter(grant=grant, confirmed_by=ceo).exists()


def test_a_role_for_another_place_is_not_theirs_to_give(unit: Unit, other_unit: Unit, outsider: User) -> None:
    local = factories.make_person("Lokalia Admin", Role.ADMINISTRATOR, unit)
    with pytest.raises(NotAllowed):
        services.grant_role(outsider, role=Role.UNIT_LEAD, unit=other_unit, actor=local)


@pytest.mark.parametrize(
    ("held", "role"),
    [
        (Role.ADMINISTRATOR, Role.CFO),
        (Role.ADMINISTRATOR, Role.CEO),
        (Role.ADMINISTRATOR, Role.UNIT_HEAD),
        (Role.ADMINISTRATOR, Role.BOARD_MEMBER),
        (Role.ADMINISTRATOR, Role.RISK_OFFICER),
        (Role.ADMINISTRATOR, Role.FINANCE),
        (Role.ADMINISTRATOR, Role.ASSESSOR),
        (Role.FINANCE, Role.CFO),
        (Role.AUDITOR, Role.CONTRIBUTOR),
        (Role.AUDITOR, Role.ADMINISTRATOR),
        (Role.AUDITOR, Role.CEO),
    ],
)
def test_roles_that_do_not_fit_are_refused_in_either_order(
    outsider: User, group: Unit, held: str, role: str
) -> None:
    for first, second in ((held, role), (role, held)):
        person = factories.make_user(f"P {first} {second}", home_unit=group)
        factories.grant(person, first, group)
        giver = factories.make_person(f"Giver {first} {second}", Role.ADMINISTRATOR, group)
        with pytest.raises(NotAllowed, match="can't be"):
            services.grant_role(person, role=second, unit=group, actor=giver)
    assert outsider.pk


@pytest.mark.parametrize(
    ("held", "role"),
    [
        (Role.ADMINISTRATOR, Role.CONTRIBUTOR),
        (Role.UNIT_LEAD, Role.CONTRIBUTOR),
        (Role.ASSESSOR, Role.UNIT_LEAD),
        (Role.FINANCE, Role.ASSESSOR),
        (Role.CFO, Role.BOARD_MEMBER),
    ],
)
def test_roles_that_fit_are_granted(
    administrator: User, outsider: User, group: Unit, held: str, role: str
) -> None:
    factories.grant(outsider, held, group)
    assert why_not_together(outsider, role) is None
    services.grant_role(outsider, role=role, unit=group, actor=administrator)
    assert policy.roles_of(fresh(outsider)) == {held, role}


def test_integrator_is_for_service_accounts_and_nothing_else_is(
    administrator: User, outsider: User, integrator: User, unit: Unit
) -> None:
    with pytest.raises(NotAllowed, match="service accounts"):
        services.grant_role(outsider, role=Role.INTEGRATOR, unit=unit, actor=administrator)
    with pytest.raises(NotAllowed, match="integrator only"):
        services.grant_role(integrator, role=Role.UNIT_LEAD, unit=unit, actor=administrator)
    assert clash(Role.INTEGRATOR, [], integrator) is None


def test_a_clash_is_seen_again_at_the_confirmation(
    administrator: User, risk_officer: User, outsider: User, group: Unit
) -> None:
    """Two grants that each fit alone, the second made behind the service's back."""
    grant = services.grant_role(outsider, role=Role.FINANCE, unit=group, actor=administrator)
    factories.grant(outsider, Role.CFO, group)
    with pytest.raises(NotAllowed, match="finance and CFO"):
        services.confirm_grant(grant, actor=risk_officer)


def test_a_role_that_is_held_is_not_granted_twice(administrator: User, unit_lead: User, unit: Unit) -> None:
    with pytest.raises(InvalidMove):
        services.grant_role(unit_lead, role=Role.UNIT_LEAD, unit=unit, actor=administrator)
    with pytest.raises(Refused):
        services.grant_role(unit_lead, role="emperor", unit=unit, actor=administrator)


def test_a_reason_is_needed_to_end_a_role(administrator: User, unit_lead: User) -> None:
    with pytest.raises(Refused):
        services.revoke_grant(unit_lead.grants.get(), reason="  ", actor=administrator)


# The first administrator ---------------------------------------------------------------------


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("create_first_administrator", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_first_administrator_comes_by_a_link_and_only_once(settings: object) -> None:
    said = _run("--email", "Ada@Example.com", "--name", "Ada", "--organisation", "Acme")
    token = said.strip().rsplit("/", 2)[1]
    user = User.objects.get(email="ada@example.com")
    assert links.user_of(token) == user
    assert said.splitlines()[1].startswith(f"{settings.BASE_URL}/welcome/")  # type: ignore[attr-defined]
    root = Unit.objects.get()
    assert (root.name, root.path) == ("Acme", f"/{root.pk}/")
    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.granted_by, hasattr(grant, "confirmation")) == (
        user,
        Role.ADMINISTRATOR,
        None,
        False,
    )
    with pytest.raises(CommandError, match="already"):
        _run("--email", "b@example.com", "--name", "B")


@pytest.mark.django_db
def test_from_the_command_line_to_a_confirmed_organisation() -> None:
    """The risk officer is the first second person; the CEO, once confirmed, is the risk officer's."""
    _run("--email", "ada@example.com", "--name", "Ada")
    ada, root = User.objects.get(), Unit.objects.get()
    risk = services.invite_user(email="r@example.com", name="Rita", home_unit=root, actor=ada)
    ceo = services.invite_user(email="c@example.com", name="Carla", home_unit=root, actor=ada)
    of_risk = services.grant_role(risk, role=Role.RISK_OFFICER, unit=root, actor=ada)
    of_ceo = services.grant_role(ceo, role=Role.CEO, unit=root, actor=ada)
    with pytest.raises(NotAllowed):
        services.confirm_grant(of_risk, actor=fresh(ada))
    with pytest.raises(NotAllowed):
        services.confirm_grant(of_risk, actor=fresh(risk))
    services.confirm_grant(ada.grants.get(), actor=fresh(risk))
    services.confirm_grant(of_ceo, actor=fresh(risk))
    services.confirm_grant(of_risk, actor=fresh(ceo))
    assert not RoleGrant.objects.filter(confirmation=None).exists()

    # From here on an unconfirmed risk officer confirms nothing.
    second = services.invite_user(email="s@example.com", name="Sam", home_unit=root, actor=fresh(ada))
    services.grant_role(second, role=Role.RISK_OFFICER, unit=root, actor=fresh(ada))
    other = services.grant_role(
        services.invite_user(email="f@example.com", name="Fay", home_unit=root, actor=fresh(ada)),
        role=Role.FINANCE,
        unit=root,
        actor=fresh(ada),
    )
    with pytest.raises(NotAllowed, match="not confirmed yet"):
        services.confirm_grant(other, actor=fresh(second))


# Units ---------------------------------------------------------------------------------------


def test_a_moved_unit_takes_what_is_below_it_along(
    administrator: User, unit: Unit, sub_unit: Unit, other_unit: Unit, unit_lead: User, other_unit_lead: User
) -> None:
    services.move_unit(unit, parent=other_unit, reason="merged", actor=administrator)
    unit.refresh_from_db()
    sub_unit.refresh_from_db()
    assert unit.path == f"{other_unit.path}{unit.pk}/"
    assert sub_unit.path == f"{unit.path}{sub_unit.pk}/"
    assert UnitPlacement.objects.filter(unit=unit, parent=other_unit).count() == 1
    assert policy.may(fresh(other_unit_lead), "initiative.create", unit=sub_unit)
    assert policy.may(fresh(unit_lead), "initiative.create", unit=sub_unit)


def test_no_unit_stands_below_itself(administrator: User, group: Unit, unit: Unit, sub_unit: Unit) -> None:
    for where in (unit, sub_unit):
        with pytest.raises(Refused, match="below itself"):
            services.move_unit(unit, parent=where, reason="x", actor=administrator)
    with pytest.raises(InvalidMove):
        services.move_unit(unit, parent=group, reason="x", actor=administrator)


def test_a_unit_is_added_below_another(administrator: User, unit: Unit, unit_lead: User) -> None:
    added = services.add_unit(name="Night shift", parent=unit, external_id="CC-7", actor=administrator)
    assert added.path == f"{unit.path}{added.pk}/"
    assert added.placements.get().parent == unit
    with pytest.raises(Refused):
        services.add_unit(name="night shift", parent=unit, actor=administrator)
    with pytest.raises(NotAllowed):
        services.add_unit(name="Mine", parent=unit, actor=unit_lead)


# Tokens --------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_a_hash(administrator: User, integrator: User) -> None:
    until = clock.today() + timedelta(days=30)
    made = services.create_token(
        integrator, name="ERP", scopes=[Scope.READ], expires_on=until, actor=administrator
    )
    assert made.secret.startswith("keel_")
    assert len(made.secret) == len("keel_") + 43
    token = ApiToken.objects.get()
    assert token.secret_hash == ApiToken.hash_of(made.secret)
    assert made.secret not in repr(token.__dict__)
    assert token.is_live
    entry = LedgerEntry.objects.get(act="token.created")
    assert made.secret[:12] not in entry.body
    services.revoke_token(token, actor=administrator)
    assert not ApiToken.objects.get().is_live
    with pytest.raises(InvalidMove):
        services.revoke_token(token, actor=administrator)


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_a_token_ends_within_a_year(administrator: User, integrator: User, days: int) -> None:
    with pytest.raises(Refused):
        services.create_token(
            integrator,
            name="x",
            scopes=[Scope.READ],
            expires_on=clock.today() + timedelta(days=days),
            actor=administrator,
        )


def test_a_token_needs_a_scope_and_a_service_account(
    administrator: User, integrator: User, unit_lead: User
) -> None:
    until = clock.today() + timedelta(days=30)
    for scopes in ([], ["everything"]):
        with pytest.raises(Refused):
            services.create_token(integrator, name="x", scopes=scopes, expires_on=until, actor=administrator)
    with pytest.raises(NotAllowed, match="service accounts"):
        services.create_token(unit_lead, name="x", scopes=[Scope.READ], expires_on=until, actor=administrator)
    with pytest.raises(NotAllowed):
        services.create_token(integrator, name="x", scopes=[Scope.READ], expires_on=until, actor=unit_lead)
