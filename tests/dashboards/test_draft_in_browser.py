"""The proposal in real Chromium: it saves as one types, and two writers lose nothing to one another."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Role, User
from portfolio import services
from portfolio.models import CaseDraft, Initiative
from tests.factories import SignIn, make_person, make_unit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def problems() -> list[str]:
    """What the browser complained about."""
    return []


def opened(
    chromium: Browser, live_server: LiveServer, sign_in: SignIn, person: User, problems: list[str]
) -> BrowserContext:
    """A browser in which the person is signed in."""
    context = chromium.new_context(base_url=live_server.url)
    session = sign_in(person).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on(
        "console",
        lambda message: problems.append(message.text) if "Content Security" in message.text else None,
    )
    return context


def test_two_people_write_one_draft_and_nothing_is_lost(
    chromium: Browser, live_server: LiveServer, sign_in: SignIn, problems: list[str]
) -> None:
    desk = make_unit("IT Service Desk", parent=make_unit("Northwind Group"))
    lena = make_person("Lena Lead", Role.UNIT_LEAD, desk)
    cora = make_person("Cora Contributor", Role.CONTRIBUTOR, desk)
    initiative = services.start_proposal(desk, title="Sort tickets", actor=lena)
    address = reverse("proposal", args=[initiative.pk])
    mine = opened(chromium, live_server, sign_in, lena, problems).new_page()
    mine.goto(address)
    # It saves as she types, without a button.
    mine.locator("#id_problem").fill("It takes a day.")
    expect(mine.locator("[data-draft-status]")).to_contain_text("Saved", timeout=10_000)
    expect(mine.locator("[name=version]")).to_have_value("2")
    assert _content(initiative)["problem"] == "It takes a day."
    # What can't be read is said, kept, and not saved.
    mine.locator("#id_cost_low").fill("lots")
    expect(mine.locator("[data-draft-message]")).to_contain_text("“lots” is not an amount", timeout=10_000)
    mine.locator("#id_cost_low").fill("1000")
    expect(mine.locator("[data-draft-message]")).to_be_empty(timeout=10_000)
    expect(mine.locator("[name=version]")).to_have_value("3")
    # Somebody else opens it, and both write.
    theirs = opened(chromium, live_server, sign_in, cora, problems).new_page()
    theirs.goto(address)
    theirs.locator("#id_process").fill("Intake")
    expect(theirs.locator("[name=version]")).to_have_value("4", timeout=10_000)
    mine.locator("#id_summary").fill("Tickets reach the right group.")
    message = mine.locator("[data-draft-message]")
    expect(message).to_contain_text("Cora Contributor saved this draft", timeout=10_000)
    expect(message).to_contain_text("Intake")
    assert _content(initiative)["summary"] == ""
    mine.get_by_role("button", name="Save both together").click()
    expect(mine.get_by_text(re.compile("You can leave and come back"))).to_be_visible()
    saved = _content(initiative)
    assert (saved["process"], saved["summary"], saved["cost_low"]) == (
        "Intake", "Tickets reach the right group.", "1000",
    )  # fmt: skip
    expect(mine.locator("#id_process")).to_have_value("Intake")
    assert problems == []


def _content(initiative: Initiative) -> dict[str, str]:
    content: dict[str, str] = CaseDraft.objects.get(initiative=initiative).content
    return content
