"""The story of an initiative in plain words."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from dashboards import story
from ledger.models import LedgerEntry
from portfolio.models import Initiative
from tests import factories

SignIn = Callable[..., Client]
ROOT = Path(__file__).parents[2]
ROOMS = ("portfolio", "scoring", "governance", "dashboards")
# An act whose subject is an initiative: `record("…", …, about=initiative` and its like, until the next colon.
ABOUT_ONE = re.compile(r'record\(\s*"([a-z_]+\.[a-z_]+)"[^:]*?about=(?:\w+\.)*initiative\b')


def acts_about_one() -> set[str]:
    """Every act of the product that is entered about an initiative."""
    sources = [path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return {act for source in sources for act in ABOUT_ONE.findall(source)}


def test_every_act_about_an_initiative_has_its_sentence() -> None:
    found = acts_about_one()
    assert len(found) > 25
    assert found <= set(story.TELLS)


@pytest.mark.parametrize("act", sorted(story.TELLS))
def test_a_sentence_stands_with_a_body_that_holds_nothing(act: str) -> None:
    told = story.sentence(act, {}, "Ada")
    assert told.startswith("Ada ")
    assert told.endswith(".")
    assert "{" not in told


def test_an_act_without_words_of_its_own_is_told_by_its_verb() -> None:
    assert story.sentence("lighthouse.painted", {}, "Ada") == "Ada: lighthouse painted."


def test_figures_are_written_for_people() -> None:
    body = {
        "vote": "for",
        "role": "cfo",
        "decision": 3,
        "verb": "go",
        "amount": "310000.5",
        "currency": "USD",
    }
    assert story.sentence("decision.signed", body, "Carla") == (
        "Carla voted for the proposed decision as CFO; with that it is decided: go, 310\u202f000.50 USD."
    )
    freed = story.sentence("initiative.stopped", {"freed": "49450", "outcome": "failed"}, "Clemens")
    assert freed == "Clemens stopped it as failed; 49\u202f450 that were not released are free again."


def test_the_page_tells_every_act_newest_first_and_leads_to_the_record(
    sign_in: SignIn, cfo: User, piloting: Initiative
) -> None:
    page = sign_in(cfo).get(f"{piloting.get_absolute_url()}?tab=activity").content.decode()
    entries = LedgerEntry.objects.filter(object_type="portfolio.Initiative", object_id=str(piloting.pk))
    newest, oldest = entries.order_by("-seq")[0], entries.order_by("seq")[0]
    assert page.index(f"/ledger/{newest.seq}/") < page.index(f"/ledger/{oldest.seq}/")
    assert "voted for the proposed decision" in page


def test_who_may_not_read_the_ledger_gets_no_link_to_it(
    sign_in: SignIn, unit_lead: User, piloting: Initiative
) -> None:
    page = sign_in(unit_lead).get(f"{piloting.get_absolute_url()}?tab=activity").content.decode()
    assert "voted for the proposed decision" in page
    assert "/ledger/" not in page


@pytest.fixture
def piloting(content: dict[str, object], cfo: User, unit_lead: User) -> Initiative:
    """A case that went the whole road to its pilot."""
    return factories.piloting(content)
