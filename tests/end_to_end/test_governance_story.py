"""The third story: configure who decides, hold a funding round, follow the money, stop, and see it back.

It is told in real Chromium against a web and a worker process of their own, on SQLite and on PostgreSQL with
Redis. Its house is its own too, since it changes who decides.
"""

import re
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger import clock
from tests.end_to_end.conftest import House
from tests.end_to_end.test_story import Story
from tests.factories import month

pytestmark = pytest.mark.browser
ROUND = "Round of the story"
AUTHORITY = "Seven steps"
# The worker looks at what runs once a minute.
WATCHED_WITHIN = 90
COMMITTEE = ("Bea Board", "Bill Board", "Bora Board")
# Name, limit, signatures; the first three stand in the preset and stay as they are.
STEPS = (
    ("CFO and CEO", "10,000,000", ("CFO", "CEO")),
    ("CFO, then the board", "40,000,000", ("CFO", "Board")),
    ("CEO and board", "80,000,000", ("CEO", "Board")),
    ("CFO, CEO and board", "", ("CFO", "CEO", "Board")),
)
# Who signs for the whole life, at a limit and one cent above it.
ROUTES = (
    ("500,000", "Board"),
    ("500,000.01", "CFO"),
    ("2,000,000.01", "CFO and CEO"),
    ("80,000,000", "CEO and board"),
    ("80,000,000.01", "CFO, CEO and board"),
)


@pytest.fixture
def story(chromium: Browser, governed_house: House, tmp_path: Path) -> Story:
    return Story(chromium, governed_house, tmp_path)


def test_from_who_decides_to_the_money_back_in_the_envelope(story: Story) -> None:
    the_office_configures_seven_steps(story)
    cfo_and_ceo_put_it_in_force(story)
    anyone_reads_who_would_have_to_sign(story)
    address = the_office_opens_a_round_and_freezes_its_pack(story)
    the_cfo_signs_in_one_act(story, address)
    the_ceo_signs(story, address)
    the_sponsor_is_refused(story, address)
    the_committee_decides(story, address)
    the_office_closes_with_minutes(story, address)
    the_owner_reports_what_ends_a_pilot(story)
    a_condition_is_fulfilled(story)
    a_tranche_is_released_on_evidence(story)
    the_ceo_stops_and_the_money_is_back(story)
    assert story.problems == []
    for command in (["rebuild", "--check"], ["verify_ledger", "--state"]):
        done = story.house.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr


# Who decides ---------------------------------------------------------------------------------


def save(page: Page) -> None:
    page.get_by_role("button", name="Save the draft", exact=True).click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()


def the_office_configures_seven_steps(story: Story) -> None:
    with story.signed_in_as("Otto Office") as page:
        page.goto("/authority/draft/")
        page.get_by_label("Start from").select_option(label="Group")
        page.get_by_role("button", name="Start a draft").click()
        expect(page.get_by_text("A draft of the next version is open.")).to_be_visible()
        page.get_by_label("Name", exact=True).first.fill(AUTHORITY)
        for _ in range(2):
            page.get_by_role("button", name="Add a step").click()
        expect(page.locator("li.authority-step")).to_have_count(7)
        for place, (name, limit, seats) in enumerate(STEPS, start=3):
            step = f"#id_steps-{place}"
            page.locator(f"{step}-name").fill(name)
            page.locator(f"{step}-limit").fill(limit)
            for number, words in enumerate(seats):
                if not page.locator(f"{step}-seats-{number}").count():
                    page.get_by_role(
                        "button", name=re.compile(f"Add a signature to step {place + 1}")
                    ).click()
                page.locator(f"{step}-seats-{number}").select_option(label=words)
        page.locator("[name=steps-4-in_order]").check()
        # A limit that doesn't rise is named at its place, and can't be proposed.
        page.locator("#id_steps-5-limit").fill("20,000,000")
        save(page)
        expect(page.locator(".readiness")).to_contain_text("above the limit of “CFO, then the board”")
        page.locator("#id_steps-5-limit").fill("80,000,000")
        save(page)
        expect(page.locator("main")).not_to_contain_text("Before it can be proposed")
        page.locator("#id_reason").fill("The group grew: large amounts need the board as well.")
        page.get_by_role("button", name="Propose this version").click()
        expect(page.get_by_role("heading", level=1, name=f"Version 2, {AUTHORITY}: proposed")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Record your vote"))).to_have_count(0)


def cfo_and_ceo_put_it_in_force(story: Story) -> None:
    for name, words in (("Cora Cfo", "proposed"), ("Cem Ceo", "in force")):
        with story.signed_in_as(name) as page:
            page.goto("/authority/versions/2/")
            expect(page.locator("main")).to_contain_text("The group grew")
            page.get_by_label("Approve", exact=True).check()
            page.get_by_role("button", name="Record your vote on version 2").click()
            expect(page.get_by_text("Your vote on version 2 is recorded.")).to_be_visible()
            expect(page.get_by_role("heading", level=1)).to_contain_text(words)


def anyone_reads_who_would_have_to_sign(story: Story) -> None:
    with story.signed_in_as("Uma Lead") as page:
        for amount, name in ROUTES:
            page.goto("/authority/")
            expect(page.get_by_role("link", name=f"Version 2, {AUTHORITY}")).to_be_visible()
            page.locator("#id_amount").fill(amount)
            page.get_by_role("button", name="Show who signs").click()
            expect(page.locator("#route [role=status] strong")).to_have_text(name)
        expect(page.locator("#route [role=status]")).to_contain_text("Bea Board")
        expect(page.locator("#route [role=status]")).to_contain_text("Cem Ceo")


# The round -----------------------------------------------------------------------------------


def the_office_opens_a_round_and_freezes_its_pack(story: Story) -> str:
    facts = story.house.facts
    waiting, this_year = facts["waiting"], str(facts["envelopes"][str(facts["year"])])
    with story.signed_in_as("Otto Office") as page:
        page.goto("/rounds/")
        page.get_by_role("link", name="Open a round").first.click()
        page.locator("#id_name").fill(ROUND)
        page.locator("#id_meets_on").fill((clock.today() + timedelta(days=7)).isoformat())
        page.locator(f"input[name=envelopes][value='{this_year}']").check()
        page.get_by_role("button", name="Open the round").click()
        expect(page.get_by_role("heading", level=1, name=f"Agenda of {ROUND}")).to_be_visible()
        agenda = page.url
        for initiative in waiting.values():
            expect(page.get_by_role("link", name=initiative["title"])).to_be_visible()
        page.get_by_role("link", name=waiting["by_cfo"]["title"]).click()
        page.locator("#id_verb").select_option("go_with_conditions")
        page.locator("#id_amount").fill("300,000")
        page.locator("#id_first_tranche").fill("50,000")
        page.get_by_text("Conditions, hold or merger").click()
        page.locator("#id_condition_1_text").fill("Every letter of a severe case is read by a person")
        page.locator("#id_condition_1_owner").select_option(str(facts["owner"]))
        page.locator("#id_condition_1_due").fill((clock.today() + timedelta(days=30)).isoformat())
        page.get_by_role("button", name="Keep the proposal").click()
        page.get_by_role("link", name=waiting["by_board"]["title"]).click()
        page.locator("#id_amount").fill("200000")
        page.locator("#id_first_tranche").fill("30000")
        page.get_by_role("button", name="Keep the proposal").click()
        # Not to fund what stands above the line departs from rank: the pack asks why.
        page.get_by_role("link", name=waiting["held"]["title"]).click()
        page.locator("#id_verb").select_option("hold")
        page.locator("#id_amount").fill("")
        page.locator("#id_first_tranche").fill("")
        page.get_by_role("button", name="Keep the proposal").click()
        expect(page.locator("main")).to_contain_text("Departs from rank")
        page.get_by_role("button", name="Freeze the pack").click()
        expect(page.locator(".problem-list")).to_contain_text("departure from the rank order")
        page.goto(agenda)
        page.get_by_role("link", name=waiting["held"]["title"]).click()
        page.locator("form.sheet #id_reason").first.fill("The works council is asked first.")
        page.get_by_role("button", name="Keep the proposal").click()
        page.get_by_role("button", name="Freeze the pack").click()
        expect(page.get_by_text("Pack 1 is frozen with 4 items.")).to_be_visible()
        return page.url


def vote_on(page: Page, reference: str, words: str, reason: str = "") -> None:
    page.get_by_label(f"Your vote on {reference}").select_option(label=words)
    if reason:
        page.get_by_label(f"Your reason on {reference}").fill(reason)


def sign_all(page: Page) -> None:
    page.locator("#sign").get_by_role("button", name=re.compile(r"^Sign \d+ item")).click()


def the_cfo_signs_in_one_act(story: Story, address: str) -> None:
    waiting = story.house.facts["waiting"]
    with story.signed_in_as("Cora Cfo") as page:
        page.locator(".work-list").get_by_role("link", name=re.compile(ROUND)).first.click()
        assert page.url == address
        vote_on(page, waiting["by_cfo"]["reference"], "for")
        vote_on(page, waiting["by_both"]["reference"], "for")
        vote_on(page, waiting["held"]["reference"], "for")
        # She could decide what the board decides, and leaves it to the board.
        vote_on(page, waiting["by_board"]["reference"], "leave it")
        sign_all(page)
        # The departure needs a reason of her own, and until she gives it nothing is signed.
        expect(page.locator(".problem-list")).to_contain_text(waiting["held"]["reference"])
        vote_on(page, waiting["held"]["reference"], "for", "Agreed: the council first.")
        sign_all(page)
        results = page.locator(".results")
        expect(results).to_contain_text("Decided: go with conditions, 300\u202f000.00 USD.")
        expect(results).to_contain_text("Decided: hold.")
        expect(results).to_contain_text("Signed; it waits for the CEO.")
        assert waiting["by_board"]["reference"] not in results.inner_text()


def the_ceo_signs(story: Story, address: str) -> None:
    both = story.house.facts["waiting"]["by_both"]
    with story.signed_in_as("Cem Ceo") as page:
        page.goto(address)
        vote_on(page, both["reference"], "for")
        vote_on(page, story.house.facts["waiting"]["by_board"]["reference"], "leave it")
        sign_all(page)
        expect(page.locator(".results")).to_contain_text("Decided: go")
        page.goto(f"/initiatives/{both['pk']}/")
        expect(page.locator(".stepper [aria-current]")).to_contain_text("Pilot")


def the_sponsor_is_refused(story: Story, address: str) -> None:
    """She sits on the board and sponsors the case: she may abstain, and nothing else, however she asks."""
    case = story.house.facts["waiting"]["by_board"]
    with story.signed_in_as("Dora Director") as page:
        page.goto(address)
        page.get_by_role("link", name=case["title"]).click()
        page.get_by_role("link", name="The whole frozen pack of this item").click()
        number = int(page.url.rstrip("/").rsplit("/", 1)[-1])
        before = written(story, number)
        status, text = page.evaluate(
            """async ([number, hash]) => {
                const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
                const answer = await fetch(`/signings/${number}/sign/`, {
                    method: "POST",
                    headers: {"X-CSRFToken": token},
                    body: new URLSearchParams({vote: "for", reason: "It is mine", seen_hash: hash}),
                });
                return [answer.status, await answer.text()];
            }""",
            [number, page.locator("#signing input[name=seen_hash]").input_value()],
        )
        assert status == 403, text
        assert "sponsor" in text
        assert "You may abstain" in text
    assert written(story, number) == before


def written(story: Story, number: int) -> str:
    """How many signatures and acts there are: a refusal adds none."""
    asked = (
        "from governance.models import Signature; from ledger.models import LedgerEntry; "
        f"print(Signature.objects.filter(signing={number}).count(), "
        "LedgerEntry.objects.filter(act='decision.signed').count())"
    )
    done = story.house.manage("shell", "--verbosity", "0", "-c", asked)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def the_committee_decides(story: Story, address: str) -> None:
    case = story.house.facts["waiting"]["by_board"]
    votes = (("for", ""), ("against", "I would wait for the audit."), ("for", ""))
    for number, (name, (vote, reason)) in enumerate(zip(COMMITTEE, votes, strict=True), start=1):
        with story.signed_in_as(name) as page:
            is_last = number == len(COMMITTEE)
            if is_last:
                page.set_viewport_size({"width": 390, "height": 844})
            page.goto(address)
            vote_on(page, case["reference"], vote, reason)
            if is_last:
                assert page.evaluate("document.documentElement.scrollWidth") <= 390
                page.screenshot(path=story.downloads / "phone.png", full_page=True)
            sign_all(page)
            left = len(COMMITTEE) - number
            said = f"it waits for {left} vote" if left else "Decided: go, 200\u202f000.00 USD."
            expect(page.locator(".results")).to_contain_text(said)


def the_office_closes_with_minutes(story: Story, address: str) -> None:
    with story.signed_in_as("Otto Office") as page:
        page.goto(address)
        page.locator(".round-close textarea").fill("The board asked for the audit's report in spring.")
        page.get_by_role("button", name="Close the round and write its minutes").click()
        expect(page.locator("main")).to_contain_text("4 of 4 items were decided.")
        with page.expect_download() as saving:
            page.get_by_role("link", name="Minutes PDF").click()
        saving.value.save_as(story.downloads / "minutes.pdf")
    minutes = (story.downloads / "minutes.pdf").read_bytes()
    assert minutes.startswith(b"%PDF")
    assert len(minutes) > 5_000


# What follows --------------------------------------------------------------------------------


def the_owner_reports_what_ends_a_pilot(story: Story) -> None:
    watched = story.house.facts["watched"]
    with story.signed_in_as("Olga Owner") as page:
        page.goto(f"/initiatives/{watched['pk']}/measure/")
        page.locator("#id_month").fill(month(0))
        page.locator("#id_value").fill("19.5")
        page.locator("#id_note").fill("Weekly sample of two hundred")
        page.get_by_role("button", name="Report it").click()
        expect(page.get_by_text("Reported.")).to_be_visible()


def a_condition_is_fulfilled(story: Story) -> None:
    with story.signed_in_as("Olga Owner") as page:
        page.locator(".work-list a[href^='/conditions/']").first.click()
        expect(page.locator("main")).to_contain_text("read by a person")
        page.locator("#id_evidence").fill("The rule is live since today; see the log of the desk.")
        page.get_by_role("button", name="Report it as fulfilled").click()
        expect(page.locator("main")).to_contain_text("The portfolio office or finance looks at it.")
    with story.signed_in_as("Otto Office") as page:
        page.locator(".work-list a[href^='/conditions/']").first.click()
        page.get_by_label("It is fulfilled").check()
        page.get_by_role("button", name="Answer the report").click()
        expect(page.locator("main")).to_contain_text("fulfilled")
        expect(page.get_by_role("button", name="Answer the report")).to_have_count(0)


def open_tranche(page: Page, pk: int, number: int) -> None:
    page.goto(f"/initiatives/{pk}/?tab=money")
    page.locator("#tab").get_by_role("link", name=re.compile(rf"Tranche {number}\b")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Tranche {number} of")


def release(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Release ")).click()
    expect(page.locator(".notice-success").first).to_be_visible()


def a_tranche_is_released_on_evidence(story: Story) -> None:
    pk = story.house.facts["waiting"]["by_cfo"]["pk"]
    with story.signed_in_as("Fay Finance") as page:
        open_tranche(page, pk, 1)
        release(page)
        # The next one is earned, and nobody has shown by what.
        open_tranche(page, pk, 2)
        expect(page.locator(".refusal").first).to_contain_text("asks for it with the evidence first")
        expect(page.get_by_role("button", name=re.compile("^Release "))).to_have_count(0)
    with story.signed_in_as("Olga Owner") as page:
        open_tranche(page, pk, 2)
        page.locator("#id_evidence").fill("The first group answers nine of ten letters in a day.")
        page.get_by_role("button", name=re.compile("^Ask for ")).click()
        expect(page.get_by_text("Finance was asked for tranche 2")).to_be_visible()
    with story.signed_in_as("Fay Finance") as page:
        open_tranche(page, pk, 2)
        expect(page.locator("main")).to_contain_text("nine of ten letters")
        release(page)


def figures_of(page: Page, envelope: int) -> dict[str, Decimal]:
    """Every number of an envelope, to the cent."""
    page.goto(f"/envelopes/{envelope}/")
    cards = page.locator(".figure-card")
    names = cards.locator(".label").all_inner_texts()
    exact = [
        amount_in(item.get_attribute("data-exact") or "") for item in cards.locator("[data-exact]").all()
    ]
    return dict(zip([name.strip().lower() for name in names], exact, strict=True))


def amount_in(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.-]", "", text.replace("\u2212", "-")))


def the_ceo_stops_and_the_money_is_back(story: Story) -> None:
    facts = story.house.facts
    watched, envelopes = facts["watched"], facts["envelopes"]
    with story.signed_in_as("Cem Ceo") as page:
        link = page.locator(".work-list").get_by_role("link", name=re.compile(watched["title"]))
        until = time.monotonic() + WATCHED_WITHIN
        while not link.count() and time.monotonic() < until:
            time.sleep(2)
            page.goto("/")
        expect(page.locator(".work-list")).to_contain_text("Answer: stop it?")
        before = {year: figures_of(page, envelope) for year, envelope in envelopes.items()}
        page.goto("/")
        link.first.click()
        expect(page.locator("main")).to_contain_text("19.5 percent of new tickets")
        expect(page.locator("main")).to_contain_text("stop rule, signed at G3")
        freed = {
            name.strip()[-4:]: amount_in(amount)
            for name, amount in zip(
                page.locator("aside dl.facts dt").all_inner_texts(),
                page.locator("aside dl.facts dd").all_inner_texts(),
                strict=True,
            )
        }
        assert sum(freed.values()) == Decimal("123456.80") - Decimal("18518.52")
        page.locator("input[name=answer][value=stop]").check()
        page.locator("#id_reason").fill("It got worse, as the rule foresaw; the desk agrees.")
        page.get_by_role("button", name="Record this decision").click()
        expect(page.get_by_text(f"Your decision on {watched['reference']} is recorded.")).to_be_visible()
        page.goto("/")
        expect(link).to_have_count(0)
        for year, envelope in envelopes.items():
            back, old, now = freed.get(year, Decimal(0)), before[year], figures_of(page, envelope)
            assert now["committed"] == old["committed"] - back, year
            assert now["available"] == old["available"] + back, year
            assert now["released"] == old["released"], year
        page.goto(f"/envelopes/{envelopes[str(facts['year'])]}/?figure=committed")
        expect(page.locator("#facts")).to_contain_text(watched["reference"])
