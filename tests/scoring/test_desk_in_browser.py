"""The scoring desk in real Chromium, by the keyboard alone: from the queue to the scorecard that is in."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from scoring import services
from scoring.models import ScorecardAssignment, ScorecardDraft, ScorecardRating
from tests.factories import SignIn
from tests.scoring import cases

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
SIZES = [DESK, PHONE]


@pytest.fixture
def assigned(
    unit_lead: User, assessor: User, second_assessor: User, portfolio_office: User, content: dict[str, Any]
) -> list[ScorecardAssignment]:
    """A case of 300 k that two assessors have to score."""
    content["plan"]["lines"][0]["amounts"][0] = "200000.00"
    round_ = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
    return [cases.assign(round_, person, portfolio_office) for person in (assessor, second_assessor)]


def opened(
    chromium: Browser, live_server: LiveServer, sign_in: SignIn, person: User, size: ViewportSize
) -> Page:
    """A page in which the person is signed in, and which has to fit its width."""
    context = chromium.new_context(base_url=live_server.url, viewport=size)
    session = sign_in(person).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return context.new_page()


def must_be_sound(page: Page) -> None:
    """Nothing that axe-core finds, and nothing that scrolls sideways."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_a_case_is_scored_by_the_keyboard_alone(
    chromium: Browser,
    live_server: LiveServer,
    sign_in: SignIn,
    assigned: list[ScorecardAssignment],
    assessor: User,
    size: ViewportSize,
) -> None:
    page = opened(chromium, live_server, sign_in, assessor, size)
    page.goto(reverse("scorecard-list"))
    must_be_sound(page)
    page.get_by_role("link", name=assigned[0].round.initiative.title).focus()
    press(page, "Enter")
    expect(page.locator("form[data-scorecard]")).to_be_visible()
    must_be_sound(page)
    press(page, "?")
    expect(page.locator("dialog#keys")).to_contain_text("Write the reason")
    press(page, "Escape")
    # A 5 with its reason, an unknown, and 4 for all others.
    press(page, "j", "5", "w")
    page.keyboard.type("The owner shows it daily; 1 gap, jotted down.")
    press(page, "Escape")
    expect(page.locator("[name=data_readiness-rating]:focus")).to_have_value("5")
    expect(page.locator("#case-readiness_data.bears")).to_have_count(1)
    press(page, "j", "u")
    for _ in range(11):
        press(page, "j", "4")
    expect(page.locator("#scorecard-progress")).to_contain_text("13 of 13 rated", timeout=10_000)
    expect(page.locator("[data-draft-status]")).to_contain_text("Saved", timeout=10_000)
    draft = ScorecardDraft.objects.get(assignment=assigned[0])
    assert draft.ratings["data_readiness"]["reason"] == "The owner shows it daily; 1 gap, jotted down."
    press(page, "k", "3")
    expect(page.locator("[name=scalability_reuse-rating]:checked")).to_have_value("3")
    page.get_by_role("button", name="Hand it in").focus()
    press(page, "Enter")
    expect(page.locator(".notices")).to_contain_text("is in")
    given = dict(ScorecardRating.objects.values_list("criterion__key", "rating"))
    assert (given["data_readiness"], given["technical_readiness"]) == (5, None)
    assert sorted(value for value in given.values() if value) == [3, *[4] * 10, 5]


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_ratings_are_compared_by_the_keyboard_alone(
    chromium: Browser,
    live_server: LiveServer,
    sign_in: SignIn,
    assigned: list[ScorecardAssignment],
    assessor: User,
    portfolio_office: User,
    size: ViewportSize,
) -> None:
    cases.complete(assigned[0], 3, data_readiness=1)
    cases.complete(assigned[1], 3, data_readiness=5)
    page = opened(chromium, live_server, sign_in, assessor, size)
    page.goto(reverse("scorecard-list"))
    expect(page.get_by_text("Yours to compare")).to_be_visible()
    must_be_sound(page)
    page.get_by_role("link", name=assigned[0].round.initiative.title).first.focus()
    press(page, "Enter")
    expect(page.locator(".given").nth(1)).to_contain_text("Seen in data_readiness")
    must_be_sound(page)
    page.locator("[name=data_readiness-rating]:checked").focus()
    press(page, "ArrowDown", "ArrowDown", "ArrowDown", "Tab")
    page.keyboard.type("My colleague saw it run.")
    press(page, "Tab", "Tab", "Enter")
    expect(page.locator(".notices")).to_contain_text("Your answer is in")
    expect(page.locator(".question")).to_contain_text("no longer apart")
    # The office reads how far it is, and closes.
    office = opened(chromium, live_server, sign_in, portfolio_office, size)
    office.goto(reverse("scorecard-list"))
    expect(office.locator(".round-apart")).to_contain_text("1 of 2 answered, no longer apart")
    must_be_sound(office)
    office.goto(reverse("scoring-agreement"))
    must_be_sound(office)


def test_a_conflict_is_declared_without_script(
    chromium: Browser,
    live_server: LiveServer,
    sign_in: SignIn,
    assigned: list[ScorecardAssignment],
    assessor: User,
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    session = sign_in(assessor).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(assigned[0].get_absolute_url())
    page.get_by_role("link", name="Data", exact=True).first.click()
    assert page.url.endswith("#case-readiness_data")
    page.get_by_role("link", name="Declare a conflict of interest").click()
    page.get_by_label("What binds you").fill("My sister leads the unit.")
    page.get_by_role("button", name="Declare it and hand the case back").click()
    expect(page.get_by_text("The portfolio office asks another assessor")).to_be_visible()
