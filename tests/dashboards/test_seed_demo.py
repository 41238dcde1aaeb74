"""The demo portfolio: the same for a seed and a day, marked as made up, true to the rules of the product."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.management.color import no_style
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from dashboards.demo.stories import STORIES
from dashboards.demo.story import Fate
from dashboards.demo.tell import choose
from ledger import facts
from ledger.models import LedgerEntry
from portfolio import case as case_document
from portfolio.models import BenefitClaim, ClosedKind, Initiative, OutcomeClass, OutcomeSet, Posting
from scoring.models import ReturnPosition
from scoring.positions import compute_returns

PRESENT = datetime(2027, 3, 17, 14, 30, tzinfo=UTC)
PASSWORD = "long enough for a demo"
Empty: TypeAlias = Callable[[], None]


@pytest.fixture
def empty(db: None, settings: Settings) -> Empty:
    """Empties the database, base data too; the end of the test brings all of it back."""
    settings.DEMO, settings.DEMO_PASSWORD = True, PASSWORD

    def empty() -> None:
        connection.check_constraints()
        facts.lift(connection)
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        statements = connection.ops.sql_flush(no_style(), tables, reset_sequences=True, allow_cascade=False)
        connection.ops.execute_sql_flush(statements)
        facts.protect(connection)

    empty()
    return empty


def told(**options: Any) -> None:
    """Seed at a fixed moment."""
    with time_machine.travel(PRESENT, tick=False):
        call_command("seed_demo", **options)


def everything() -> list[Any]:
    """What two runs must have in common: all but the random ids of transactions and the hashes over them."""
    return [
        list(LedgerEntry.objects.values_list("seq", "at", "act", "object_type", "object_id", "actor_id")),
        list(
            Initiative.objects.order_by("pk").values_list(
                "reference", "title", "stage", "closed_kind", "outcome"
            )
        ),
        list(
            ReturnPosition.objects.order_by("pk").values_list(
                "roi_p50", "forecast_npv", "actual_cost", "status"
            )
        ),
        list(
            Posting.objects.order_by("pk").values_list(
                "initiative", "service_month", "amount", "why_unmatched"
            )
        ),
        list(BenefitClaim.objects.order_by("pk").values_list("initiative", "month", "amount")),
    ]


def test_the_same_seed_on_the_same_day_tells_the_same_and_only_once(empty: Empty) -> None:
    told(seed=3, initiatives=8)
    first = everything()
    with pytest.raises(CommandError, match="needs an empty database"):
        told(seed=3, initiatives=8)
    assert everything() == first
    empty()
    told(seed=3, initiatives=8)
    assert everything() == first
    empty()
    told(seed=4, initiatives=8)
    assert everything() != first


def test_the_demo_is_marked_true_to_its_facts_and_open_to_its_people(empty: Empty) -> None:
    told(seed=7, initiatives=14)
    entries = list(LedgerEntry.objects.order_by("seq"))
    assert entries[0].act == "demo.seeded"
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert entries[0].at.year < 2025
    assert entries[-1].at <= PRESENT
    call_command("verify_ledger", state=True)
    call_command("rebuild", check=True)
    assert User.objects.get(email="cfo@merrowdale.example").check_password(PASSWORD)
    assert not User.objects.get(email="integrator@merrowdale.example").has_usable_password()
    assert Initiative.objects.count() == 14
    assert {"pilot", "operating"} <= set(Initiative.objects.values_list("stage", flat=True))
    no_outcome_is_set_that_keel_does_not_compute()


def no_outcome_is_set_that_keel_does_not_compute() -> None:
    found = OutcomeSet.objects.exclude(initiative__closed_kind=ClosedKind.STOPPED).select_related(
        "transaction"
    )
    assert found
    for fact in found:
        before, day = fact.transaction.seq - 1, fact.transaction.at.date()
        computed = compute_returns([fact.initiative_id], seq=before, on=day)
        assert OutcomeClass.values[int(computed.columns["on_course_to"][0])] == fact.outcome


def test_made_up_data_stays_out_of_a_real_installation(db: None, settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="demo mode"):
        call_command("seed_demo")
    assert not Initiative.objects.exists()


def test_a_database_with_base_data_is_not_empty(db: None, settings: Settings) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match="needs an empty database"):
        call_command("seed_demo")


@pytest.mark.parametrize(
    "wrong", [{"initiatives": 0}, {"bulk": True}, {"bulk": True, "initiatives": 5, "months": 0}]
)
def test_impossible_numbers_are_refused(db: None, settings: Settings, wrong: dict[str, Any]) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match="Write how many"):
        call_command("seed_demo", **wrong)


def test_each_story_is_its_own() -> None:
    assert len(STORIES) == 150
    for name in ("key", "title", "summary", "problem"):
        assert len({getattr(story, name) for story in STORIES}) == len(STORIES)
    assert len({story.goal for story in STORIES}) == len(STORIES)


def test_each_story_can_be_told() -> None:
    keys = {story.key for story in STORIES}
    for story in STORIES:
        assert Decimal(story.goal.baseline) != Decimal(story.goal.target)
        assert (Decimal(story.goal.target) > Decimal(story.goal.baseline)) == (story.goal.direction == "up")
        assert story.benefit[0] in case_document.BENEFIT_CATEGORIES
        assert story.depth in case_document.DEPTHS
        assert story.objective in case_document.OBJECTIVES
        assert story.work in case_document.CLASSES
        assert {kin.key for kin in story.kin} <= keys - {story.key}
        assert {kin.relation for kin in story.kin} <= set(case_document.RELATIONS)
        ends = {Fate.WITHDRAWN, Fate.REJECTED, Fate.REFUSED, Fate.MERGED, Fate.STOPPED, Fate.STOPPED_EARLY}
        assert bool(story.why) or story.fate not in ends | {Fate.REDESIGN, Fate.HOLD, Fate.RETIRED}
        assert bool(story.kin) or story.fate != Fate.MERGED


def test_a_part_of_the_stories_comes_from_all_units() -> None:
    chosen = choose(20)
    assert len(chosen) == len({story.key for story in chosen}) == 20
    assert len({story.place for story in chosen}) == 10
