"""The demo portfolio is built once, in demo mode, and never over anything that is there."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accounts.models import User
from portfolio.models import Initiative
from tests import factories


def ready() -> str:
    """Run the command and return what it said."""
    said = io.StringIO()
    call_command("demo_ready", stdout=said)
    return said.getvalue()


def test_what_is_there_is_left_as_it_is(content: dict[str, Any]) -> None:
    initiative = factories.draft(content)
    assert "left as it is" in ready()
    assert list(Initiative.objects.all()) == [initiative]


def test_people_without_an_initiative_are_no_place_for_a_demo(unit_lead: User) -> None:
    with pytest.raises(CommandError, match="an empty one"):
        ready()


def test_it_is_refused_outside_demo_mode(db: None, settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        ready()
    assert not User.objects.exists()


def test_accounts_follow_a_new_demo_password(content: dict[str, Any], settings: Settings) -> None:
    initiative = factories.draft(content)
    settings.DEMO_PASSWORD = "the first one"
    assert "have the password" in ready()
    assert "have the password" not in ready()
    settings.DEMO_PASSWORD = "another one"
    assert "have the password" in ready()
    assert User.objects.get(pk=initiative.created_by_id).check_password("another one")


def test_a_service_account_gets_no_password(content: dict[str, Any], integrator: User) -> None:
    factories.draft(content)
    ready()
    assert not User.objects.get(pk=integrator.pk).has_usable_password()
