"""The pages of people, units, tokens, the table and oneself: who may, who may not, and what a form keeps."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiToken, Notification, Role, RoleConfirmation, RoleGrant, Unit, User
from accounts.notices import notify
from ledger import clock
from tests import factories
from tests.factories import SignIn

PAGES = ["/people/", "/units/", "/tokens/"]
# What factories.make_user sets when a test gives one.
PASSWORD = "a password for tests"


def text(response: Any) -> str:
    """The page's words."""
    return str(response.content.decode())


# Reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_of_people_open_for_those_who_keep_them(
    sign_in: SignIn, administrator: User, risk_officer: User, auditor: User, ceo: User, path: str
) -> None:
    for user in (administrator, risk_officer, auditor, ceo):
        assert sign_in(user).get(path).status_code == 200


@pytest.mark.parametrize(
    "path", [*PAGES, "/people/invite/", "/tokens/new/", "/units/add/", "/policy/", "/ledger/"]
)
def test_a_unit_lead_is_refused_with_a_reason(sign_in: SignIn, unit_lead: User, path: str) -> None:
    response = sign_in(unit_lead).get(path)
    assert response.status_code == 403
    assert " is for " in text(response)


@pytest.mark.parametrize("path", [*PAGES, "/policy/", "/profile/", "/ledger/", "/notifications/"])
def test_a_stranger_is_sent_to_sign_in(client: Client, db: None, path: str) -> None:
    assert db is None
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_the_list_of_people_costs_the_same_for_one_and_for_many(
    sign_in: SignIn, auditor: User, unit: Unit, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(auditor)
    for number in range(20):
        factories.make_person(f"Person {number}", Role.CONTRIBUTOR, unit)
    with django_assert_max_num_queries(12):
        page = client.get("/people/")
    assert text(page).count("contributor") >= 20


def test_people_of_another_branch_are_not_there(
    sign_in: SignIn, unit: Unit, unit_lead: User, other_unit_lead: User
) -> None:
    local = factories.make_person("Lokalia Admin", Role.ADMINISTRATOR, unit)
    client = sign_in(local)
    listed = text(client.get("/people/?show=all"))
    assert unit_lead.name in listed
    assert other_unit_lead.name not in listed
    assert client.get(f"/people/{unit_lead.pk}/").status_code == 200
    assert client.get(f"/people/{other_unit_lead.pk}/").status_code == 404


def test_the_table_is_shown_in_words_and_filtered(sign_in: SignIn, administrator: User) -> None:
    client = sign_in(administrator)
    page = text(client.get("/policy/?role=sponsor"))
    assert "Confirm as sponsor, with a published sentence" in page
    assert "They did not submit it." in page
    assert "Close a month" not in page
    assert "No action matches" in text(client.get("/policy/?words=unheardof"))


def test_the_profile_says_who_one_is(sign_in: SignIn, cfo: User, group: Unit) -> None:
    page = text(sign_in(cfo).get("/profile/"))
    assert f"CFO for {group} and all below it" in page
    assert "confirmed by Registrar" in page


def test_a_person_without_a_role_has_a_profile_too(sign_in: SignIn, outsider: User) -> None:
    assert "You hold no role" in text(sign_in(outsider).get("/profile/"))


# People --------------------------------------------------------------------------------------


def test_an_administrator_invites_and_grants(sign_in: SignIn, administrator: User, unit: Unit) -> None:
    client = sign_in(administrator)
    response = client.post(
        "/people/invite/", {"name": "Nora New", "email": "nora@example.com", "home_unit": unit.pk}
    )
    nora = User.objects.get(email="nora@example.com")
    assert (response.status_code, response["Location"]) == (302, f"/people/{nora.pk}/")
    response = client.post(f"/people/{nora.pk}/grant/", {"grant-role": "unit_lead", "grant-unit": unit.pk})
    assert response.status_code == 302
    assert nora.grants.get().granted_by == administrator
    assert "waits for a second person" in text(client.get(f"/people/{nora.pk}/"))


def test_a_refused_form_keeps_what_was_typed(sign_in: SignIn, administrator: User, unit: Unit) -> None:
    response = sign_in(administrator).post(
        "/people/invite/", {"name": "Nora New", "email": administrator.email, "home_unit": unit.pk}
    )
    assert response.status_code == 422
    assert "Somebody has this address already." in text(response)
    assert 'value="Nora New"' in text(response)


def test_an_old_sign_in_is_asked_for_the_password(sign_in: SignIn, group: Unit, unit: Unit) -> None:
    ada = factories.make_user("Ada Old", home_unit=group, password=PASSWORD)
    factories.grant(ada, Role.ADMINISTRATOR, group)
    client = sign_in(ada, fresh=False)
    typed = {"name": "Nora New", "email": "nora@example.com", "home_unit": unit.pk}
    assert client.post("/people/invite/", typed).status_code == 422
    wrong = client.post("/people/invite/", typed | {"password": "wrong"})
    assert wrong.status_code == 422
    assert not User.objects.filter(email="nora@example.com").exists()
    assert client.post("/people/invite/", typed | {"password": PASSWORD}).status_code == 302


def test_the_risk_officer_confirms_and_the_administrator_does_not(
    sign_in: SignIn, administrator: User, risk_officer: User, outsider: User, unit: Unit
) -> None:
    sign_in(administrator).post(
        f"/people/{outsider.pk}/grant/", {"grant-role": "finance", "grant-unit": unit.pk}
    )
    grant = outsider.grants.get()
    assert outsider.name in text(sign_in(risk_officer).get("/people/"))
    assert sign_in(administrator).post(f"/grants/{grant.pk}/confirm/").status_code == 403
    assert not RoleConfirmation.objects.filter(grant=grant).exists()
    assert sign_in(risk_officer).post(f"/grants/{grant.pk}/confirm/").status_code == 302
    assert RoleConfirmation.objects.get(grant=grant).confirmed_by == risk_officer
    assert sign_in(risk_officer).post(f"/grants/{grant.pk}/confirm/").status_code == 409


def test_a_pair_that_does_not_fit_is_refused_at_its_field(
    sign_in: SignIn, administrator: User, finance: User, group: Unit
) -> None:
    response = sign_in(administrator).post(
        f"/people/{finance.pk}/grant/", {"grant-role": "cfo", "grant-unit": group.pk}
    )
    assert response.status_code == 422
    assert "one proposes what the other confirms" in text(response).replace("&#x27;", "'")
    assert finance.grants.count() == 1


def test_a_role_ends_with_a_reason(sign_in: SignIn, administrator: User, unit_lead: User) -> None:
    grant = unit_lead.grants.get()
    client = sign_in(administrator)
    prefix = f"revoke-{grant.pk}-reason"
    assert client.post(f"/grants/{grant.pk}/revoke/", {prefix: ""}).status_code == 422
    assert client.post(f"/grants/{grant.pk}/revoke/", {prefix: "moved on"}).status_code == 302
    assert not RoleGrant.objects.active().filter(user=unit_lead).exists()
    assert client.post(f"/grants/{grant.pk}/revoke/", {prefix: "again"}).status_code == 409


def test_a_disabled_account_is_out_at_once(sign_in: SignIn, administrator: User, unit_lead: User) -> None:
    theirs = sign_in(unit_lead)
    assert theirs.get("/profile/").status_code == 200
    response = sign_in(administrator).post(f"/people/{unit_lead.pk}/disable/", {"disable-reason": "left"})
    assert response.status_code == 302
    assert theirs.get("/profile/").status_code == 302


def test_a_get_changes_nothing(
    sign_in: SignIn, administrator: User, unit_lead: User, integrator: User
) -> None:
    factories.make_token(integrator)
    client = sign_in(administrator)
    for path in (
        f"/people/{unit_lead.pk}/disable/",
        f"/people/{unit_lead.pk}/grant/",
        f"/people/{unit_lead.pk}/link/",
        f"/grants/{unit_lead.grants.get().pk}/revoke/",
        f"/tokens/{ApiToken.objects.get().pk}/revoke/",
        "/notifications/read/",
    ):
        assert client.get(path).status_code == 405, path


# The first password --------------------------------------------------------------------------


def test_a_link_leads_to_a_password_and_then_to_nothing(
    sign_in: SignIn, administrator: User, unit: Unit, client: Client
) -> None:
    sign_in(administrator).post(
        "/people/invite/", {"name": "Nora New", "email": "nora@example.com", "home_unit": unit.pk}
    )
    path = Notification.objects.get(recipient__email="nora@example.com").path
    assert "Welcome, Nora New" in text(client.get(path))
    weak = client.post(path, {"password1": "short", "password2": "short"})
    assert weak.status_code == 422
    typed = {"password1": "correct horse battery", "password2": "correct horse battery"}
    assert client.post(path, typed | {"password2": "something else"}).status_code == 422
    assert client.post(path, typed)["Location"] == "/accounts/login/"
    assert client.get(path).status_code == 410
    signed_in = client.post(
        "/accounts/login/", {"login": "nora@example.com", "password": "correct horse battery"}
    )
    assert signed_in.status_code == 302
    assert client.get("/profile/").status_code == 200


def test_a_service_account_can_not_sign_in(client: Client, integrator: User) -> None:
    integrator.set_password("correct horse battery")
    integrator.save()
    response = client.post(
        "/accounts/login/", {"login": integrator.email, "password": "correct horse battery"}
    )
    assert response.status_code == 200
    assert client.get("/profile/").status_code == 302


# Units ---------------------------------------------------------------------------------------


def test_units_are_added_and_moved(
    sign_in: SignIn, administrator: User, unit: Unit, other_unit: Unit, sub_unit: Unit
) -> None:
    client = sign_in(administrator)
    assert client.post("/units/add/", {"name": "Night shift", "parent": unit.pk}).status_code == 302
    assert client.post("/units/add/", {"name": "night shift", "parent": unit.pk}).status_code == 422
    assert client.get(f"/units/{unit.pk}/move/").status_code == 200
    cycle = client.post(f"/units/{unit.pk}/move/", {"parent": sub_unit.pk, "reason": "x"})
    assert cycle.status_code == 422
    moved = client.post(f"/units/{unit.pk}/move/", {"parent": other_unit.pk, "reason": "merged"})
    assert moved.status_code == 302
    sub_unit.refresh_from_db()
    assert sub_unit.path.startswith(other_unit.path)


def test_an_administrator_of_a_branch_stays_in_it(
    sign_in: SignIn, unit: Unit, other_unit: Unit, sub_unit: Unit
) -> None:
    client = sign_in(factories.make_person("Lokalia Admin", Role.ADMINISTRATOR, unit))
    assert client.post("/units/add/", {"name": "X", "parent": other_unit.pk}).status_code == 403
    assert client.get(f"/units/{other_unit.pk}/move/").status_code == 403
    response = client.post(f"/units/{sub_unit.pk}/move/", {"parent": other_unit.pk, "reason": "x"})
    assert response.status_code == 403


# Tokens --------------------------------------------------------------------------------------


def test_a_secret_is_shown_a_single_time(sign_in: SignIn, administrator: User, integrator: User) -> None:
    client = sign_in(administrator)
    response = client.post(
        "/tokens/new/",
        {
            "user": integrator.pk,
            "name": "ERP",
            "scopes": ["portfolio:read"],
            "expires_on": (clock.today() + timedelta(days=30)).isoformat(),
        },
    )
    token = ApiToken.objects.get()
    assert response["Location"] == f"/tokens/{token.pk}/created/"
    assert "keel_" in text(client.get(response["Location"]))
    again = text(client.get(response["Location"]))
    assert 'id="secret"' not in again
    assert "keel_" not in again
    assert client.post(f"/tokens/{token.pk}/revoke/").status_code == 302
    assert client.post(f"/tokens/{token.pk}/revoke/").status_code == 409


def test_a_token_that_lasts_too_long_is_refused_at_its_field(
    sign_in: SignIn, administrator: User, integrator: User
) -> None:
    response = sign_in(administrator).post(
        "/tokens/new/",
        {
            "user": integrator.pk,
            "name": "ERP",
            "scopes": ["portfolio:read"],
            "expires_on": (clock.today() + timedelta(days=400)).isoformat(),
        },
    )
    assert response.status_code == 422
    assert "Choose a day within a year" in text(response)
    assert 'value="ERP"' in text(response)
    assert not ApiToken.objects.exists()


# Messages ------------------------------------------------------------------------------------


def test_messages_are_read_one_by_one_or_all(sign_in: SignIn, cfo: User, ceo: User) -> None:
    first = notify(cfo, subject="One", sentence="Look.", path="/policy/")
    second = notify(cfo, subject="Two", sentence="Look.", path="https://elsewhere.example/")
    notify(cfo, subject="Three", sentence="Look.")
    foreign = notify(ceo, subject="Four", sentence="Not yours.")
    client = sign_in(cfo)
    page = text(client.get("/notifications/"))
    assert "3 of them are new" in page
    assert "Not yours" not in page
    assert client.post(f"/notifications/{first.pk}/read/")["Location"] == "/policy/"
    # A path that leads elsewhere is not followed.
    assert client.post(f"/notifications/{second.pk}/read/")["Location"] == "/notifications/"
    assert client.post(f"/notifications/{foreign.pk}/read/").status_code == 404
    client.post("/notifications/read/")
    assert not Notification.objects.filter(recipient=cfo, read_at=None).exists()
    assert Notification.objects.filter(recipient=ceo, read_at=None).count() == 1
