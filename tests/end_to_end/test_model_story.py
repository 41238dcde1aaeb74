"""The second story: draft a version, see who moves, approve with two people, publish, re-score, read why.

It is told in real Chromium against a web and a worker process of their own, on SQLite and on PostgreSQL with
Redis.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.conftest import House
from tests.end_to_end.test_story import Story

pytestmark = pytest.mark.browser
WAITING = "Plan every route anew"


@pytest.fixture
def story(chromium: Browser, house: House, tmp_path: Path) -> Story:
    return Story(chromium, house, tmp_path)


def test_a_version_of_the_model_from_draft_to_the_reason_on_the_initiative(story: Story) -> None:
    before = the_score_is_read(story)
    the_office_drafts_by_swings_and_sees_who_moves(story)
    the_office_drags_a_curve_and_is_refused_at_its_place(story)
    the_office_proposes(story)
    one_executive_approves_and_nothing_changes_yet(story)
    the_other_one_publishes(story)
    the_office_scores_again_what_is_open(story)
    the_initiative_says_why_it_moved(story, before)
    assert story.problems == []
    rebuilt = story.house.manage("rebuild", "--check")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr


def score_page(page: Page, story: Story) -> None:
    """The score of the case that waits for its decision."""
    page.goto(f"/initiatives/{story.house.facts['large']}/?tab=score")
    expect(page.get_by_role("heading", name="Score", exact=True).first).to_be_visible()


def the_score_is_read(story: Story) -> str:
    with story.signed_in_as("Cora Cfo") as page:
        score_page(page, story)
        expect(page.locator("#content")).to_contain_text("version 1")
        expect(page.locator("#content")).not_to_contain_text("Why it moved")
        return page.locator(".score-panel").inner_text()


def the_office_drafts_by_swings_and_sees_who_moves(story: Story) -> None:
    with story.signed_in_as("Otto Office") as page:
        page.goto("/model/")
        page.get_by_role("button", name="Draft the next version").click()
        expect(page.get_by_role("heading", level=1, name="Draft of the next version")).to_be_visible()
        moves = page.locator("#moves")
        expect(moves).to_contain_text("would change place")
        expect(moves).to_contain_text(WAITING)
        for place, (key, swing) in enumerate((("impact", 100), ("feasibility", 50), ("cost", 25)), start=1):
            page.locator(f"#id_{key}-order").fill(str(place))
            page.locator(f"#id_{key}-swing").fill(str(swing))
        # The weights follow while one types; a weight that breaks the sum is said there and then.
        expect(page.locator("#id_impact-weight")).to_have_value("57")
        page.locator("#id_cost-weight").fill("40")
        page.locator("#id_cost-weight").blur()
        expect(page.locator("#group-dimensions")).to_contain_text("26 too much")
        expect(moves).to_contain_text("make it 100 %")
        page.get_by_role("button", name="Weigh the dimensions by their swings").click()
        expect(page.locator("#id_cost-weight")).to_have_value("14")
        expect(page.locator("#moves")).to_contain_text("Of 6 scores")
        expect(page.locator("aside, main").first).to_contain_text("Impact, weight in percent")


def the_office_drags_a_curve_and_is_refused_at_its_place(story: Story) -> None:
    with story.signed_in_as("Otto Office") as page:
        page.goto("/model/draft/")
        page.locator("#time_to_benefit > summary").click()
        knot = page.locator("#time_to_benefit circle").nth(2)
        knot.scroll_into_view_if_needed()
        box = knot.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y - 60, steps=4)
        page.mouse.up()
        rating = float(page.locator("#id_time_to_benefit-rating_3").input_value())
        assert rating > 4
        page.get_by_role("button", name="Save the draft", exact=True).last.click()
        expect(page.get_by_text("between 6 and 12 it rises").first).to_be_visible()
        # The table is the keyboard's twin of the drag.
        page.locator("#time_to_benefit > summary").click()
        page.locator("#id_time_to_benefit-rating_3").fill("3.5")
        page.get_by_role("button", name="Save the draft", exact=True).last.click()
        expect(page.get_by_text("between 6 and 12 it rises")).to_have_count(0)


def the_office_proposes(story: Story) -> None:
    with story.signed_in_as("Otto Office") as page:
        page.goto("/model/draft/")
        page.get_by_role("button", name="Freeze it and ask CFO and CEO").click()
        expect(page.get_by_text("This field is required").first).to_be_visible()
        page.locator("#id_reason").fill("What it brings must count for more than how easy it is.")
        page.get_by_role("button", name="Freeze it and ask CFO and CEO").click()
        expect(page.get_by_role("heading", level=1, name="Version 2, proposed")).to_be_visible()
        expect(page.get_by_role("button", name="Record your vote")).to_have_count(0)
        expect(page.locator("#moves")).to_contain_text("Of 6 scores")


def approve(page: Page) -> None:
    page.get_by_label("Approve", exact=True).check()
    page.get_by_role("button", name="Record your vote on version 2").click()


def one_executive_approves_and_nothing_changes_yet(story: Story) -> None:
    with story.signed_in_as("Cora Cfo") as page:
        page.goto("/model/proposals/2/")
        expect(page.locator("#content")).to_contain_text("What it brings must count for more")
        page.get_by_label("Refuse", exact=True).check()
        page.get_by_role("button", name="Record your vote on version 2").click()
        expect(page.get_by_text("Say what should change.").first).to_be_visible()
        approve(page)
        expect(page.get_by_text("Your approval of version 2 is recorded.")).to_be_visible()
        page.goto("/model/")
        expect(page.locator("#content")).to_contain_text("Version 1, in force since")


def the_other_one_publishes(story: Story) -> None:
    with story.signed_in_as("Cem Ceo") as page:
        page.goto("/model/proposals/2/")
        approve(page)
        expect(page.get_by_text("Version 2 is in force.")).to_be_visible()
        page.goto("/model/")
        expect(page.locator("#content")).to_contain_text("Version 2, in force since")
        expect(page.locator("#content")).to_contain_text("approved by Cora Cfo and Cem Ceo")
        # What was scored keeps its version until it is redone.
        score_page(page, story)
        expect(page.locator("#content")).not_to_contain_text("Why it moved")


def the_office_scores_again_what_is_open(story: Story) -> None:
    with story.signed_in_as("Otto Office") as page:
        page.goto("/model/rescore/")
        expect(page.locator("#content")).to_contain_text(WAITING)
        page.get_by_role("button", name=re.compile("Score 2 again under version 2")).click()
        expect(page.locator("#rescore")).to_contain_text("2 of 2", timeout=30_000)
        expect(page.locator("#rescore")).to_contain_text("done")
        page.reload()
        expect(page.locator("#content")).to_contain_text("Nothing to score again")


def the_initiative_says_why_it_moved(story: Story, before: str) -> None:
    with story.signed_in_as("Cora Cfo") as page:
        score_page(page, story)
        expect(
            page.get_by_role("heading", name=re.compile("Why it moved: .* from version 1 to 2"))
        ).to_be_visible()
        assert page.locator(".score-panel").inner_text() != before
        table = page.get_by_role("region", name="Points by criterion under both versions")
        expect(table).to_contain_text("Strategic alignment")
        expect(table).to_contain_text("Low end of the score")
