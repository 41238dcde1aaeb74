"""The frame around every page: places by role, what waits, and at most three queries."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import resolve

from accounts.models import Role, Unit, User
from accounts.notices import notify
from config.context import PLACES, frame
from ledger.services import last_seq
from tests import factories
from tests.factories import SignIn

EVERYBODY = {"Home", "Register"}
WITH_A_ROLE = EVERYBODY | {"Model", "Gates", "Incidents", "Controls"}
SEEN_BY = {
    "contributor": WITH_A_ROLE | {"Reports"},
    "unit_lead": WITH_A_ROLE | {"Portfolio", "Reports"},
    "assessor": WITH_A_ROLE | {"Scoring"},
    "portfolio_office": WITH_A_ROLE | {"Scoring", "Rounds", "Portfolio", "Finance", "Imports", "Reports"},
    "risk_officer": WITH_A_ROLE | {"Rounds", "Portfolio", "Reports", "Ledger", "People", "Policy"},
    "finance": WITH_A_ROLE | {"Rounds", "Portfolio", "Finance", "Imports", "Reports"},
    "cfo": WITH_A_ROLE | {"Rounds", "Portfolio", "Finance", "Imports", "Reports", "Ledger", "Policy"},
    "auditor": WITH_A_ROLE
    | {"Rounds", "Portfolio", "Finance", "Imports", "Reports", "Ledger", "People", "Policy"},
    "administrator": EVERYBODY | {"Model", "Gates"} | {"People", "Policy"},
    "outsider": EVERYBODY,
}


def shown(user: User, path: str = "/") -> Any:
    """The frame as a page reads it."""
    request = RequestFactory().get(path)
    request.user = User.objects.get(pk=user.pk)
    request.resolver_match = resolve(path)
    return frame(request)["frame"]


@pytest.mark.parametrize("who", SEEN_BY)
def test_the_rail_shows_what_the_role_may_use(
    request: pytest.FixtureRequest, sign_in: SignIn, who: str
) -> None:
    user = request.getfixturevalue(who)
    places = shown(user)["nav"]
    assert {place["label"] for place in places} == SEEN_BY[who]
    # No entry leads to a refusal.
    client = sign_in(user)
    for place in places:
        assert client.get(place["url"]).status_code == 200, place


def test_the_frame_reads_at_most_three_times(
    cfo: User, assessor: User, risk_officer: User, outsider: User, django_assert_max_num_queries: Any
) -> None:
    for user in (cfo, assessor, risk_officer, outsider):
        request = RequestFactory().get("/")
        request.user = User.objects.get(pk=user.pk)
        request.resolver_match = resolve("/")
        with django_assert_max_num_queries(2):
            assert frame(request)["frame"]["nav"]  # type: ignore[index]


def test_a_fragment_that_has_no_frame_reads_nothing(cfo: User, django_assert_num_queries: Any) -> None:
    request = RequestFactory().get("/")
    request.user = cfo
    request.resolver_match = resolve("/")
    with django_assert_num_queries(0):
        frame(request)


def test_the_frame_says_as_of_when_and_what_waits(risk_officer: User, outsider: User, unit: Unit) -> None:
    notify(risk_officer, subject="x", sentence="y")
    factories.grant(outsider, Role.CONTRIBUTOR, unit, confirmed=False)
    seen = shown(risk_officer, "/people/")
    assert seen["seq"] == last_seq()
    assert seen["unread"] == 1
    assert seen["user_roles"] == ["risk officer"]
    assert seen["currency"] == "USD"
    assert seen["demo_company"] == "Northwind Group"
    people = next(place for place in seen["nav"] if place["label"] == "People")
    assert (people["count"], people["active"]) == (1, True)
    assert [place["label"] for place in seen["nav"] if place["active"]] == ["People"]


@pytest.mark.django_db
def test_a_stranger_sees_no_places() -> None:
    request = RequestFactory().get("/accounts/login/")
    request.user = AnonymousUser()
    request.resolver_match = resolve("/accounts/login/")
    assert "nav" not in frame(request)["frame"]  # type: ignore[operator]


def test_every_place_has_an_address_and_an_action() -> None:
    assert len({place.label for place in PLACES}) == len(PLACES) == 15
