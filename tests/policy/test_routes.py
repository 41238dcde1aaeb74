"""Every route has an action, and answers with success only where the table grants it."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts import policy
from accounts.models import Role, Scope
from tests import factories, sample
from tests.factories import SignIn
from tests.gathering import Gathered, of_module
from tests.policy import second_reader, world
from tests.policy.routes import ONES_OWN, OPEN_TO_STRANGERS, Route, is_third_party, routes
from tests.policy.second_reader import Answer, Person, Table
from tests.policy.world import Object, World

REFUSED = {403, 404}
# These views know a rule that is not in the table's columns.
OWN_CONDITIONS = {
    # Assessors are blind to one another, and the desk is theirs until the scoring closes.
    "scorecard-detail",
    # The secret's page belongs to whoever made the token.
    "token-created",
    # A figure explains itself once it is computed, and a score is out once the scoring closes.
    "initiative-figure",
    "api:score-detail",
    "api:nothing-here",
    # There is a public key once a head was signed with it.
    "ledger-key",
    # There are minutes once the round is closed.
    "funding-round-minutes",
    # Who would have to sign is asked for an amount.
    "api:authority-route",
}
# These take no object and are of the whole organisation: a role for a part of it is not enough.
OF_THE_WHOLE = {
    "ledger",
    "ledger-verify",
    "ledger-export",
    "ledger-lines",
    "ledger-key",
    "ledger-verifier",
    "segregation-exceptions",
    "segregation-collisions",
    "attempts",
    "audit-pack",
    "access-review-open",
    "year-propose",
    "model-draft",
    "model-draft-start",
    "model-draft-save",
    "model-draft-discard",
    "model-propose",
    "model-moves",
    "model-comparison",
    "model-rescore",
    "model-rescore-start",
    "gate-draft",
    "gate-draft-start",
    "gate-draft-discard",
    "gate-draft-material",
    "gate-propose",
    "authority-draft",
    "authority-draft-start",
    "authority-draft-save",
    "authority-draft-discard",
    "authority-propose",
    "body-propose",
    "organisation-control-evidence",
    "organisation-control-check",
}
FIGURES = {"figure-explain": "planned_cost", "initiative-figure": "roi"}


# Each route has an action --------------------------------------------------------------------


def test_every_route_names_an_action() -> None:
    nameless = [route for route in routes() if route.action is None and not is_third_party(route)]
    assert nameless == []
    assert len(routes()) > 100


def test_every_action_that_is_named_stands_in_the_table() -> None:
    named = {route.action for route in routes() if route.action not in {None, "public"}}
    assert named <= set(policy.table())


def test_the_routes_that_strangers_may_open_are_few_and_known() -> None:
    assert {route.name for route in routes() if route.action == "public"} == {"welcome"}
    present = {route.name for route in routes() if is_third_party(route)}
    assert present - {""} == OPEN_TO_STRANGERS | ONES_OWN


def test_every_action_of_the_table_has_a_way_to_it() -> None:
    """An action that no page and no API route does is a promise that nobody keeps."""
    reached = {route.action for route in routes()}
    # These are done on pages of a wider action, which asks `may` for them.
    inside = {
        "domain.set",
        "track.set",
        "overlap.settle",
        "portfolio.import",
        "actuals.import",
        "rates.propose",
        "measurement.add",
    }
    assert set(policy.table()) - reached - inside == set()


@pytest.mark.usefixtures("group")
def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    for route in routes():
        if is_third_party(route) or route.action == "public" or route.name == "":
            continue
        kwargs = {"figure": "roi"} if ":figure>" in route.pattern else {}
        response = client.generic(route.method.upper(), route.path(1, **kwargs))
        if route.is_api:
            assert response.status_code == 401, route
        else:
            assert response.status_code == 302, route
            assert response["Location"].startswith(reverse("account_login")), route


# Success only where the table grants it ------------------------------------------------------


@pytest.fixture(scope="module")
def gathered(module_db: None) -> Gathered:
    """The same cases in two units, and the cast at home in the first; made once for all sweeps."""
    group = factories.make_unit("Northwind Group")
    units = [factories.make_unit(name, parent=group) for name in ("IT Service Desk", "Supply Chain")]
    return {"small_world": world.build(group, *units)}


small_world = of_module("small_world")


def targets(small_world: World, route: Route) -> list[Object]:
    """The objects that the address can mean; one without a place where it takes none."""
    if route.argument is None:
        return [Object(None, small_world.whole if route.name in OF_THE_WHOLE else None)]
    beginning, _, _ = route.pattern.partition("<")
    beginning = beginning.replace("(?P", "").replace("^", "")
    known = small_world.objects.get(beginning) or small_world.objects.get(beginning.removeprefix("api/v1/"))
    assert known, f"Say in tests/policy/world.py what {route.pattern} can mean."
    return known


def calls(small_world: World, *, api: bool, reading: bool) -> Iterator[tuple[Route, Object, str]]:
    """Every route of a kind with every object of its own."""
    for route in routes():
        if is_third_party(route) or route.action in {None, "public"} or route.is_api != api:
            continue
        if (route.method == "get") != reading:
            continue
        kwargs = {"figure": FIGURES[route.name]} if ":figure>" in route.pattern else {}
        for target in targets(small_world, route):
            yield route, target, route.path(target.value, **kwargs)


def send(client: Client, route: Route, path: str) -> tuple[int, str]:
    """The status and the words of the answer. Whatever was done is undone."""
    with transaction.atomic():
        kind = "application/json" if route.is_api else "application/octet-stream"
        body = "{}" if route.is_api and route.method != "get" else ""
        if route.method == "get":
            response: Any = client.get(path)
        elif route.is_api:
            response = client.generic(route.method.upper(), path, body, content_type=kind)
        else:
            response = client.post(path)
        words = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    return response.status_code, words.decode(errors="replace")


def wrong(table: Table, route: Route, person: Person, target: Object, status: int) -> str | None:
    """How an answer contradicts the table; None if it doesn't."""
    assert route.action is not None
    says = second_reader.answer(table, route.action, person, target.thing)
    if status >= 500:
        return "broke"
    if says is Answer.NO and status not in REFUSED | {405}:
        return "answered somebody whom the table refuses"
    if route.method != "get" and says is Answer.NOT_NOW and status < 400:
        return "was done at a stage at which the table refuses it"
    views = table[route.action]["stages"] == "*" and not table[route.action]["conditions"]
    theirs = target.thing is not None and target.thing.state == "theirs"
    if (
        route.method == "get"
        and says is Answer.YES
        and views
        and status not in {200, 405}
        and route.name not in OWN_CONDITIONS
        and not theirs
    ):
        return "was refused to somebody to whom the table grants it"
    return None


def leaks(small_world: World, table: Table, person: Person, words: str) -> list[str]:
    """The marked words of cases that the person may not open."""
    return [
        word
        for word, thing in small_world.canaries.items()
        if word in words and second_reader.answer(table, "initiative.view", person, thing) is Answer.NO
    ]


SHARES = 3


def sweep(
    small_world: World, sign_in: SignIn, *, api: bool, reading: bool, share: int | None = None
) -> tuple[int, list[str]]:
    """Everybody, or a share of the cast, calls everything: how many calls, and what was wrong."""
    table = second_reader.read()
    found: list[str] = []
    # Routes that said that they take no GET: one is enough to know.
    deaf: set[str] = set()
    count = 0
    logging.disable(logging.ERROR)
    for number, (words, (user, person)) in enumerate(small_world.people.items()):
        if share is not None and number % SHARES != share:
            continue
        client = sign_in(user)
        for route, target, path in calls(small_world, api=api, reading=reading):
            if route.name in deaf or not sample.is_in(words, route.method, route.pattern):
                continue
            status, answer = send(client, route, path)
            count += 1
            if reading and status == 405:
                deaf.add(route.name)
            if problem := wrong(table, route, person, target, status):
                found.append(f"{words}: {route.method} {path} ({route.action}) {problem}: {status}")
            found += [f"{words}: {path} shows {word}" for word in leaks(small_world, table, person, answer)]
    logging.disable(logging.NOTSET)
    return count, found


@pytest.mark.parametrize("share", range(SHARES))
def test_pages_answer_those_whom_the_table_lets_read(small_world: World, sign_in: SignIn, share: int) -> None:
    count, found = sweep(small_world, sign_in, api=False, reading=True, share=share)
    assert found == []
    assert count > sample.at_least(600)


@pytest.mark.parametrize("share", range(SHARES))
def test_acts_are_done_by_those_whom_the_table_lets_act(
    small_world: World, sign_in: SignIn, share: int
) -> None:
    count, found = sweep(small_world, sign_in, api=False, reading=False, share=share)
    assert found == []
    assert count > sample.at_least(600)


@pytest.mark.parametrize("reading", [True, False], ids=["reading", "acting"])
def test_the_api_answers_as_the_table_says(small_world: World, sign_in: SignIn, reading: bool) -> None:
    count, found = sweep(small_world, sign_in, api=True, reading=reading)
    assert found == []
    assert count > sample.at_least(200)


@pytest.mark.parametrize("scopes", [[], [Scope.READ], list(Scope.values)], ids=["none", "read", "all"])
def test_a_token_does_what_its_scopes_and_its_unit_allow(
    small_world: World, api: factories.AsToken, scopes: list[str]
) -> None:
    lead = small_world.people["unit_lead"][0]
    account = factories.make_person(
        "Interface", Role.INTEGRATOR, small_world.unit, is_service_account=True, answers_for_it=lead
    )
    client = api(factories.make_token(account, scopes))
    held = second_reader.Held("integrator", world.place(small_world.unit))
    person = Person(account.pk, (held,), is_program=True, token=frozenset(scopes))
    table = second_reader.read()
    found = []
    for reading in (True, False):
        for route, target, path in calls(small_world, api=True, reading=reading):
            status, words = send(client, route, path)
            if problem := wrong(table, route, person, target, status):
                found.append(f"{route.method} {path} ({route.action}) {problem}: {status}")
            found += [f"{path} shows {word}" for word in leaks(small_world, table, person, words)]
    assert found == []


# The controls --------------------------------------------------------------------------------


def test_one_flipped_cell_fails_the_sweep(small_world: World, sign_in: SignIn) -> None:
    """Take one cell away from the table that the answers are held against: the sweep must notice."""
    user, person = small_world.people["auditor of the group"]
    client = sign_in(user)
    unseen = []
    flipped = (
        "initiative.view",
        "dashboard.executive",
        "ledger.view",
        "envelope.view",
        "import.view",
        "gates.view",
    )
    for action in flipped:
        table = second_reader.read()
        del table[action]["roles"]["auditor"]
        problems = [
            path
            for route, target, path in calls(small_world, api=False, reading=True)
            if route.action == action and wrong(table, route, person, target, send(client, route, path)[0])
        ]
        if not problems:
            unseen.append(action)
    assert unseen == []


def test_a_cell_too_many_fails_the_sweep(small_world: World, sign_in: SignIn) -> None:
    """And the other way: the table grants what the product refuses."""
    user, person = small_world.people["contributor"]
    client = sign_in(user)
    table = second_reader.read()
    table["ledger.view"]["roles"]["contributor"] = "any"
    route = next(route for route in routes() if route.name == "ledger" and route.method == "get")
    status, _ = send(client, route, route.path())
    assert wrong(table, route, person, Object(None, None), status)


def test_a_word_that_leaks_fails_the_sweep(small_world: World) -> None:
    table = second_reader.read()
    _, nobody = small_world.people["nobody"]
    word = next(iter(small_world.canaries))
    assert leaks(small_world, table, nobody, f"something {word} something") == [word]
    _, auditor = small_world.people["auditor"]
    assert leaks(small_world, table, auditor, word) == []
