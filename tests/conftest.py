"""The cast, the units, signing in, and one database with the base data for every test."""

import gc
import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from accounts.models import Role, Unit, User
from ledger import facts
from tests import factories
from tests.factories import AsToken, SignIn

# A suite makes millions of short-lived objects; looking for circles among them less often saves a twelfth.
gc.set_threshold(100_000, 50, 100)

# Random in a person's hands, the same cases each time in CI.
hypothesis_settings.register_profile("keel", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis_settings.load_profile("keel")

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Honest runs ---------------------------------------------------------------------------------


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests of the other database, and those that one run is enough for; that is no skip."""
    on_postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")
    others = {"sqlite", "once"} if on_postgresql else {"postgres"}

    def is_of_the_other(item: pytest.Item) -> bool:
        return any(mark.name in others for mark in item.iter_markers())

    left_out = [item for item in items if is_of_the_other(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not is_of_the_other(item)]
    for item in items:
        if "installed" in getattr(item, "fixturenames", ()):
            # So that the database that is copied is made, even where no other test asks for it.
            item.add_marker(pytest.mark.django_db)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test proves nothing: it fails."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and nothing may be skipped: {report.longrepr}"
    return report


# Database ------------------------------------------------------------------------------------


def _empty_and_refill(test_case: TransactionTestCase) -> None:
    """What Django does after a test with real transactions (it empties every table), for append-only tables.

    The triggers are lifted for the length of the flush, and the base data is installed again.
    """
    facts.lift(connection)
    _django_fixture_teardown(test_case)
    facts.protect(connection)
    factories.install_base_data()


# TestCase has a method of its own, so this reaches only tests that commit.
_django_fixture_teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
TransactionTestCase._fixture_teardown = _empty_and_refill  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def installed(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A copy of the database of a fresh install: SQLite's file, or the name of a template of PostgreSQL.

    For tests that start processes on a database of their own and would migrate only to have one.
    """
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            file = tmp_path_factory.mktemp("installed") / "keel.sqlite3"
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(file)])
            yield str(file)
            return
    template = _template()
    yield template
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{template}"')


def _template() -> str:
    return f"{connection.settings_dict['NAME']}_installed"


def _make_template() -> None:
    """Copy the database while nobody else is connected to it: threads of later tests may stay so."""
    own = connection.settings_dict["NAME"]
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{_template()}"')
        cursor.execute(f'CREATE DATABASE "{_template()}" TEMPLATE "{own}"')


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The migrated database with the default model, gates and authority: what a fresh install has."""
    with django_db_blocker.unblock():
        factories.install_base_data()
        is_wanted = any("installed" in getattr(item, "fixturenames", ()) for item in request.session.items)
        if connection.vendor == "postgresql" and is_wanted:
            _make_template()
    yield
    if connection.vendor == "postgresql":
        # Threads leave their sessions behind, and a database in use can't be dropped.
        with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [connection.settings_dict["NAME"]],
            )


@pytest.fixture(scope="module")
def module_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction around the tests of a module: what is made in it once, each test finds as it was made."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _a_clean_cache() -> None:
    """Rate limits and caches of one test are none of the next one's business."""
    cache.clear()


# Units ---------------------------------------------------------------------------------------


@pytest.fixture
def group(db: None) -> Unit:
    """The root of the tree."""
    return factories.make_unit("Northwind Group")


@pytest.fixture
def unit(group: Unit) -> Unit:
    """The unit that most tests happen in."""
    return factories.make_unit("IT Service Desk", parent=group)


@pytest.fixture
def sub_unit(unit: Unit) -> Unit:
    """A unit below `unit`, which roles for `unit` reach."""
    return factories.make_unit("Field Support", parent=unit)


@pytest.fixture
def other_unit(group: Unit) -> Unit:
    """A unit beside `unit`, which roles for `unit` do not reach."""
    return factories.make_unit("Supply Chain", parent=group)


@pytest.fixture
def third_unit(group: Unit) -> Unit:
    """Another one, the home of the second assessor."""
    return factories.make_unit("Human Resources", parent=group)


# The cast ------------------------------------------------------------------------------------


@pytest.fixture
def contributor(unit: Unit) -> User:
    """Drafts for `unit`."""
    return factories.make_person("Cora Contributor", Role.CONTRIBUTOR, unit)


@pytest.fixture
def unit_lead(unit: Unit) -> User:
    """Submits for `unit`."""
    return factories.make_person("Lena Lead", Role.UNIT_LEAD, unit)


@pytest.fixture
def other_unit_lead(other_unit: Unit) -> User:
    """Submits for `other_unit`, and is a stranger in `unit`."""
    return factories.make_person("Otto Otherlead", Role.UNIT_LEAD, other_unit)


@pytest.fixture
def unit_head(unit: Unit) -> User:
    """Decides on small requests of `unit` together with finance."""
    return factories.make_person("Hanna Head", Role.UNIT_HEAD, unit)


@pytest.fixture
def sponsor(unit: Unit) -> User:
    """Holds no role: sponsor is a part in one initiative."""
    return factories.make_user("Sven Sponsor", home_unit=unit)


@pytest.fixture
def owner(unit: Unit) -> User:
    """Holds no role: owner is a part in one initiative."""
    return factories.make_user("Olga Owner", home_unit=unit)


@pytest.fixture
def benefit_owner(unit: Unit) -> User:
    """Holds no role: benefit owner is a part in one initiative."""
    return factories.make_user("Bela Benefit", home_unit=unit)


@pytest.fixture
def assessor(group: Unit, other_unit: Unit) -> User:
    """Scores for the whole group, at home in `other_unit`."""
    return factories.make_person("Asta Assessor", Role.ASSESSOR, group, home_unit=other_unit)


@pytest.fixture
def second_assessor(group: Unit, third_unit: Unit) -> User:
    """Scores for the whole group, at home in `third_unit`."""
    return factories.make_person("Anton Assessor", Role.ASSESSOR, group, home_unit=third_unit)


@pytest.fixture
def portfolio_office(group: Unit) -> User:
    """Triages and runs the rounds."""
    return factories.make_person("Petra Portfolio", Role.PORTFOLIO_OFFICE, group)


@pytest.fixture
def risk_officer(group: Unit) -> User:
    """Sets tiers and confirms grants."""
    return factories.make_person("Rita Risk", Role.RISK_OFFICER, group)


@pytest.fixture
def finance(group: Unit) -> User:
    """Imports actuals, releases and attests."""
    return factories.make_person("Fritz Finance", Role.FINANCE, group)


@pytest.fixture
def cfo(group: Unit) -> User:
    """Decides up to a million."""
    return factories.make_person("Carla Cfo", Role.CFO, group)


@pytest.fixture
def ceo(group: Unit) -> User:
    """Co-signs above the CFO, and may stop anything."""
    return factories.make_person("Clemens Ceo", Role.CEO, group)


@pytest.fixture
def board_member(group: Unit) -> User:
    """One of the board."""
    return factories.make_person("Berta Board", Role.BOARD_MEMBER, group)


@pytest.fixture
def second_board_member(group: Unit) -> User:
    """Another one of the board."""
    return factories.make_person("Bruno Board", Role.BOARD_MEMBER, group)


@pytest.fixture
def auditor(group: Unit) -> User:
    """Reads everything and changes nothing."""
    return factories.make_person("Arno Auditor", Role.AUDITOR, group)


@pytest.fixture
def administrator(group: Unit) -> User:
    """Users, units and roles."""
    return factories.make_person("Ada Administrator", Role.ADMINISTRATOR, group)


@pytest.fixture
def integrator(unit: Unit) -> User:
    """A service account for `unit`, for which a person answers."""
    person = factories.make_user("Ivo Interface", home_unit=unit)
    return factories.make_person(
        "ERP interface", Role.INTEGRATOR, unit, is_service_account=True, answers_for_it=person
    )


@pytest.fixture
def outsider(other_unit: Unit) -> User:
    """May sign in, holds no role and no part."""
    return factories.make_user("Udo Outsider", home_unit=other_unit)


# Ways in -------------------------------------------------------------------------------------


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """`sign_in(user)` gives a browser; with `fresh=False` its sign-in is too old for a deciding act."""

    def sign_in(user: User, *, fresh: bool = True) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.session
        at = time.time() if fresh else time.time() - 3600
        # What allauth notes at a sign-in by password; step-up reads it.
        session["account_authentication_methods"] = [{"method": "password", "at": at, "email": user.email}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
        return client

    return sign_in


@pytest.fixture
def api(db: None) -> AsToken:
    """`api(secret)` gives a client of the API that sends the token; `factories.make_token` makes one."""

    def api(secret: str) -> Client:
        return Client(headers={"authorization": f"Bearer {secret}"})

    return api


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Real Chromium. A machine without it fails these tests; it does not skip them."""
    if not Path(CHROMIUM).is_file():
        pytest.fail(f"There is no Chromium at {CHROMIUM}: install it, or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def content(unit: Unit, owner: User, sponsor: User, benefit_owner: User) -> dict[str, Any]:
    """A complete case of `unit`: it holds every field item of G0 and G2."""
    return factories.proposal_content(owner=owner, sponsor=sponsor, benefit_owner=benefit_owner)
