"""The story that must work: propose, score, fund, track, report, told in real Chromium with all its sign-ins.

It runs against a web process and a worker process of their own, on SQLite and again on PostgreSQL with Redis.
It is the test that may never break.
"""

import csv
import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from python_calamine import CalamineWorkbook

from ledger import clock
from tests.end_to_end.conftest import House
from tests.factories import month

pytestmark = pytest.mark.browser
TITLE = "Sort incoming tickets by meaning"


class Story:
    """One browser, many people."""

    def __init__(self, browser: Browser, house: House, downloads: Path) -> None:
        self.browser = browser
        self.house = house
        self.downloads = downloads
        self.problems: list[str] = []

    @contextmanager
    def signed_in_as(self, name: str) -> Iterator[Page]:
        """A page of a person who signs in by e-mail address, as everyone does."""
        context = self.browser.new_context(base_url=self.house.address, accept_downloads=True)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"{name} at {page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                self.problems.append(f"{name} at {page.url}: {message.text}")
                if message.type == "error" and "Content Security Policy" in message.text
                else None
            ),
        )
        page.goto("/")
        page.get_by_label("E-mail address").fill(f"{name.lower().replace(' ', '.')}@keel.test")
        page.get_by_label("Password").fill(self.house.facts["password"])
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
        try:
            yield page
        except BaseException:
            page.screenshot(path=self.downloads / "failed.png", full_page=True)
            raise
        finally:
            context.close()

    def api(
        self, method: str, path: str, body: Any = None, token: str = "", **headers: str
    ) -> tuple[int, Any, Any]:
        """One call as the integrator: status, body, headers."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.house.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token or self.house.facts['token']}",
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return answer.status, json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), error.headers


@pytest.fixture
def story(chromium: Browser, house: House, tmp_path: Path) -> Story:
    return Story(chromium, house, tmp_path)


def test_the_main_job_from_proposal_to_report(story: Story) -> None:
    pk = the_unit_lead_proposes(story)
    the_sponsor_confirms_and_the_office_triages(story, pk)
    the_unit_lead_completes_the_case(story, pk)
    two_assessors_score_blind(story, pk)
    the_cfo_decides(story, pk)
    the_ceo_co_signs_over_the_limit_of_the_cfo(story)
    whoever_is_involved_is_refused(story, pk)
    finance_imports_actuals_and_figures_follow(story, pk)
    totals = finance_exports_what_the_dashboard_shows(story)
    an_integrator_reads_the_same_and_proposes(story, totals)
    an_auditor_reads_every_act_and_verifies(story, pk)
    assert story.problems == []
    rebuilt = story.house.manage("rebuild", "--check")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr


def the_unit_lead_proposes(story: Story) -> int:
    with story.signed_in_as("Uma Lead") as page:
        page.get_by_role("link", name="Register", exact=True).first.click()
        expect(page.get_by_role("link", name="Match invoices to orders")).to_be_visible()
        page.get_by_role("link", name="Start a proposal").click()
        page.get_by_label("Title").fill(TITLE)
        page.get_by_role("button", name="Start the proposal").click()
        page.locator("#id_problem").fill("A fifth of all tickets is sent to the wrong group first.")
        page.get_by_role("button", name="Save draft").click()
        expect(page.get_by_text("Saved. You can leave")).to_be_visible()
        address = page.url
        # She leaves, and comes back to the draft from Home.
        page.goto("/")
        page.get_by_role("link", name=re.compile(TITLE)).first.click()
        assert page.url == address
        expect(page.locator("#id_problem")).to_have_value(
            "A fifth of all tickets is sent to the wrong group first."
        )
        expect(page.locator("#proposal-side")).to_contain_text("Name the sponsor.")
        page.get_by_role("button", name="Submit to the portfolio office").click()
        expect(page.locator("#proposal-side")).to_contain_text("Name the sponsor.")
        page.locator("#id_summary").fill("New tickets reach the right group at once.")
        page.locator("#id_process").fill("Incident intake at the service desk")
        page.locator("#id_process_depth").select_option("core")
        page.locator("#id_objective").select_option("customer")
        page.locator("#id_owner_id").select_option(str(story.house.facts["owner"]))
        page.locator("#id_sponsor_id").select_option(str(story.house.facts["sponsor"]))
        page.locator("[name='kpis.0.name']").fill("Tickets sent to the wrong group")
        page.locator("[name='kpis.0.unit_of_measure']").fill("percent")
        page.locator("[name='kpis.0.direction']").select_option("down")
        page.locator("[name='kpis.0.target']").fill("8")
        page.locator("#id_sourcing").select_option("bought")
        page.locator("#id_reference_class").select_option("bought")
        for key, value in (
            ("cost_low", "400 000"),
            ("cost_high", "many"),
            ("benefit_low", "900000"),
            ("benefit_high", "2,100,000"),
        ):
            page.locator(f"#id_{key}").fill(value)
        page.locator("#id_similar_none").check()
        page.get_by_role("button", name="Submit to the portfolio office").click()
        # What can't be read is said at its field, and nothing typed is lost.
        expect(page.locator("main")).to_contain_text("“many” is not an amount")
        expect(page.locator("#id_benefit_high")).to_have_value("2,100,000")
        page.locator("#id_cost_high").fill("600,000")
        page.get_by_role("button", name="Submit to the portfolio office").click()
        expect(page.get_by_text("Triage is promised by")).to_be_visible()
        return int(page.url.rstrip("/").rsplit("/", 1)[-1].split("?")[0])


def the_sponsor_confirms_and_the_office_triages(story: Story, pk: int) -> None:
    with story.signed_in_as("Sven Sponsor") as page:
        page.get_by_role("link", name=re.compile(TITLE)).first.click()
        page.locator("#id_sentence").fill("This takes the longest wait out of every user's day.")
        page.get_by_role("button", name=re.compile("behind it|Confirm")).click()
        expect(page.locator("main")).to_contain_text("longest wait")
    with story.signed_in_as("Rita Risk") as page:
        page.get_by_role("link", name=re.compile(TITLE)).first.click()
        page.locator("#id_tier-tier").select_option("limited")
        page.locator("#id_tier-reason").fill("It proposes; people decide.")
        page.get_by_role("button", name="Set the risk tier").click()
        page.goto(f"/initiatives/{pk}/?tab=risk")
        expect(page.locator("#tab")).to_contain_text("Limited")
    with story.signed_in_as("Otto Office") as page:
        page.get_by_role("link", name=re.compile(TITLE)).first.click()
        expect(page.locator("main")).to_contain_text("Limited", ignore_case=True)
        page.locator("#id_domain").select_option("it_service")
        page.locator("#id_overlap").select_option("none")
        page.locator("#id_track").select_option("full")
        page.get_by_role("button", name="Pass triage").click()
        expect(page.get_by_text("passed triage")).to_be_visible()


def the_unit_lead_completes_the_case(story: Story, pk: int) -> None:
    with story.signed_in_as("Uma Lead") as page:
        page.goto(f"/initiatives/{pk}/proposal/")
        page.locator("#id_benefit_owner_id").select_option(str(story.house.facts["owner"]))
        page.locator("[name='kpis.0.baseline']").fill("20")
        page.locator("[name='kpis.0.baseline_on']").fill(f"{month(-1)}-15")
        page.locator("[name='milestones.0.name']").fill("First group uses it")
        page.locator("[name='milestones.0.due_on']").fill(f"{month(3)}-20")
        for key in ("data", "skills", "integration", "adoption", "workforce"):
            page.locator(f"#id_readiness_{key}").fill(f"The {key} side is described here in full.")
        page.locator("#id_evidence_grade").select_option("C")
        page.locator("[name='risks.0.text']").fill("Severe incidents are routed wrongly")
        page.locator("[name='risks.0.response']").fill("Severe ones stay with a person")
        page.locator("#id_controls").fill("A weekly sample of two hundred routings.")
        page.locator("#id_stop_rules").fill("Stop when routing is right in under 70 % of cases")
        page.locator("#id_cost_objects").fill("CO-STORY")
        page.locator("[name='plan.start']").fill(month(0))
        page.locator("[name='plan.go_live']").fill(month(4))
        page.get_by_role("button", name="Save draft").click()
        lines = (
            ("cost", "people", "delivery", "Delivery team", "60000", month(0), month(3), "1"),
            ("cost", "licence", "run", "Licence", "8000", month(4), month(39), "1"),
            ("benefit", "saving", "run", "Fewer contractors", "60000", month(4), month(39), "6"),
        )
        for n, (side, category, phase, label, amount, first, last, ramp) in enumerate(lines):
            start = f"plan.lines.{n}"
            page.locator(f"[name='{start}.side']").select_option(side)
            page.locator(f"[name='{start}.category']").select_option(category)
            page.locator(f"[name='{start}.phase']").select_option(phase)
            page.locator(f"[name='{start}.label']").fill(label)
            for key, value in (("from", first), ("to", last), ("ramp", ramp), ("amount", amount)):
                page.locator(f"[name='{start}.fill.{key}']").fill(value)
            page.get_by_role("button", name="Save draft").click()
            expect(page.locator(f"[name='{start}.label']")).to_have_value(label)
        # The return as submitted and as corrected stands beside the form.
        expect(page.locator("#proposal-side")).to_contain_text("If it goes to plan")
        expect(page.locator("#proposal-side")).to_contain_text("corrected")
        page.get_by_role("button", name="Send completed case").click()
        expect(page.get_by_text("sent and frozen")).to_be_visible()
        expect(page.locator("#tab")).to_contain_text("version 2")


def two_assessors_score_blind(story: Story, pk: int) -> None:
    with story.signed_in_as("Otto Office") as page:
        page.goto("/scoring/")
        page.get_by_role("button", name=re.compile("Open the scoring of .*")).click()
        for name in ("Ada Assessor", "Ben Assessor"):
            page.goto("/scoring/")
            article = page.locator("article.round").filter(has_text=TITLE)
            form = article.locator("form[action$='/assign/']")
            if not form.locator("select").first.is_visible():
                article.locator("summary").first.click()
            form.locator("select").first.select_option(label=name)
            form.locator("input[type=date]").fill((clock.today() + timedelta(days=7)).isoformat())
            form.get_by_role("button", name="Assign").click()
            expect(page.locator(".round-people").last).to_contain_text(name)
    for name in ("Ada Assessor", "Ben Assessor"):
        with story.signed_in_as(name) as page:
            page.get_by_role("link", name=re.compile(TITLE)).first.click()
            expect(page.locator("main")).to_contain_text("wrong group")
            if name == "Ben Assessor":
                assert "Ada saw this" not in page.content()
            for criterion in page.locator("fieldset.criterion").all():
                criterion.locator("label.level").nth(3).click()
                criterion.locator("textarea").fill(
                    "Ada saw this" if name == "Ada Assessor" else "Ben saw that"
                )
            page.get_by_role("button", name=re.compile("^Hand ")).click()
            expect(page.locator("form[data-scorecard]")).to_have_count(0)
    with story.signed_in_as("Otto Office") as page:
        page.goto(f"/initiatives/{pk}/?tab=score")
        assert "Ada saw this" not in page.content()
        page.goto("/scoring/")
        article = page.locator("article.round").filter(has_text=TITLE)
        article.locator("form[action$='/close/'] select").select_option("C")
        article.get_by_role("button", name=re.compile("Close the scoring")).click()
        page.goto(f"/initiatives/{pk}/?tab=score")
        for words in ("Feasibility", "Cost", "Impact", "Data readiness"):
            expect(page.locator("#tab")).to_contain_text(words)
        page.goto(f"/initiatives/{pk}/record/")
        page.locator("main form").get_by_role("button").first.click()
        page.goto(f"/initiatives/{pk}/")
        expect(page.locator(".stepper [aria-current]")).to_contain_text("Decision")


def propose_a_decision(page: Page, pk: int, amount: str, first: str) -> None:
    page.goto(f"/initiatives/{pk}/decision/")
    page.locator("#id_verb").select_option("go")
    page.locator("#id_amount").fill(amount)
    page.locator("#id_first_tranche").fill(first)
    page.locator("#id_reason").fill("It leads the agenda, and its return holds after correction.")
    page.get_by_role("button", name="Open the signing round").click()
    expect(page.get_by_role("heading", name="Signatures")).to_be_visible()


def sign(page: Page, vote: str = "for") -> None:
    page.locator(f"input[name=vote][value={vote}]").check()
    page.locator("#signing #id_reason, #signing textarea[name=reason]").first.fill(
        "The case holds, and there is room for it."
    )
    page.locator("#signing").get_by_role("button", name=re.compile("^Sign")).click()


def the_cfo_decides(story: Story, pk: int) -> None:
    with story.signed_in_as("Otto Office") as page:
        propose_a_decision(page, pk, "240000", "60000")
    with story.signed_in_as("Cora Cfo") as page:
        expect(page.locator(".work-list")).to_contain_text("Decide")
        page.goto("/portfolio/")
        expect(page.locator("main")).to_contain_text(TITLE)
        page.goto("/")
        page.get_by_role("link", name=re.compile(TITLE)).first.click()
        for words in ("submitted", "corrected", "Score", "room"):
            expect(page.locator("main")).to_contain_text(re.compile(words, re.IGNORECASE))
        sign(page)
        expect(page.locator("main")).to_contain_text("decided")
        page.goto(f"/initiatives/{pk}/")
        expect(page.locator(".stepper [aria-current]")).to_contain_text("Pilot")
        page.goto(f"/initiatives/{pk}/?tab=money")
        expect(page.locator("#tab")).to_contain_text("Tranche 1")


def the_ceo_co_signs_over_the_limit_of_the_cfo(story: Story) -> None:
    large = story.house.facts["large"]
    with story.signed_in_as("Otto Office") as page:
        propose_a_decision(page, large, "700000", "100000")
    with story.signed_in_as("Cora Cfo") as page:
        page.get_by_role("link", name=re.compile("Plan every route")).first.click()
        sign(page)
        expect(page.locator("#signing")).to_contain_text("Still needed")
        page.goto(f"/initiatives/{large}/")
        expect(page.locator(".stepper [aria-current]")).to_contain_text("Decision")
    with story.signed_in_as("Cem Ceo") as page:
        expect(page.locator(".work-list")).to_contain_text("Co-sign")
        page.get_by_role("link", name=re.compile("Plan every route")).first.click()
        sign(page)
        page.goto(f"/initiatives/{large}/")
        expect(page.locator(".stepper [aria-current]")).to_contain_text("Pilot")


def whoever_is_involved_is_refused(story: Story, pk: int) -> None:
    conflicted = story.house.facts["conflicted"]
    with story.signed_in_as("Otto Office") as page:
        propose_a_decision(page, conflicted, "250000", "70000")
        address = page.url
    with story.signed_in_as("Cem Ceo") as page:
        page.goto(address)
        expect(page.locator("#signing .refusal")).to_contain_text("sponsor")
        number = address.rstrip("/").rsplit("/", 1)[-1]
        answer = page.evaluate(
            """async ([number, hash]) => {
                const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
                const answer = await fetch(`/api/v1/signing-rounds/${number}/sign/`, {
                    method: "POST",
                    headers: {"Content-Type": "application/json", "X-CSRFToken": token},
                    body: JSON.stringify({vote: "for", reason: "I like it", seen_hash: hash}),
                });
                return [answer.status, await answer.text()];
            }""",
            [number, "0" * 64],
        )
        assert answer[0] == 403, answer
        assert "sponsor" in answer[1]
    status, problem, _ = story.api("POST", f"/api/v1/signing-rounds/{number}/sign/", {"vote": "for"})
    assert (status, "browser-only" in json.dumps(problem)) == (403, True), problem
    assert pk


def finance_imports_actuals_and_figures_follow(story: Story, pk: int) -> None:
    references = story.house.facts["running"]
    this_month = month(0)
    lines = ["reference,service_month,kind,category,amount,currency,document,supplier,text"]
    lines += [
        f"{reference},{this_month},cost,people,{10_000 + 1_000.25 * i:.2f},USD,DOC-{i},Example Ltd,Team"
        for i, reference in enumerate(references)
    ]
    lines += [f",{this_month},cost,cloud,77.10,USD,DOC-X,Unknown Ltd,Nobody knows"]
    body = "\n".join(lines) + "\n"
    with story.signed_in_as("Fay Finance") as page:
        page.goto(f"/initiatives/{pk}/?tab=money")
        page.goto("/imports/")
        page.locator("select[name=kind]").select_option("actuals")
        broken = body.replace("10000.00", "ten thousand")
        upload(page, "broken.csv", broken)
        expect(page.locator("#import-work")).to_contain_text(re.compile("refused|not booked"), timeout=30_000)
        expect(page.locator("#import-work")).to_contain_text("ten thousand")
        page.goto("/imports/")
        page.locator("select[name=kind]").select_option("actuals")
        upload(page, "actuals.csv", body)
        # No reload: the page follows the worker until the returns are up to date.
        expect(page.locator("#import-work .job-head")).to_contain_text("done", timeout=60_000)
        expect(page.locator("#import-work")).to_contain_text("Returns are up to date")
        page.goto("/finance/")
        expect(page.locator("#finance-totals")).to_contain_text("46 001")
        expect(page.locator("main")).to_contain_text("77.10")
        page.goto("/postings/?matched=no")
        expect(page.locator("main")).to_contain_text("Unknown Ltd")


def upload(page: Page, name: str, text: str) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Import the file").click()


def finance_exports_what_the_dashboard_shows(story: Story) -> dict[str, Decimal]:
    with story.signed_in_as("Fay Finance") as page:
        page.goto("/reports/")
        shown = {
            name.strip(): Decimal(re.sub(r"[^\d.-]", "", value.replace("\u2212", "-")))
            for name, value in zip(
                page.locator("main .facts dt").all_inner_texts(),
                page.locator("main .facts dd").all_inner_texts(),
                strict=True,
            )
        }
        with page.expect_download() as saving:
            page.get_by_role("button", name="Save as CSV").click()
        saving.value.save_as(story.downloads / "portfolio.csv")
        with page.expect_download() as saving:
            page.get_by_role("button", name="Save as workbook").click()
        saving.value.save_as(story.downloads / "portfolio.xlsx")
    text = (story.downloads / "portfolio.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    book = CalamineWorkbook.from_path(story.downloads / "portfolio.xlsx")
    totals = {row[0]: row[1] for row in book.get_sheet_by_name("Totals").to_python()[1:]}
    assert len(rows) >= 7
    for name, value in shown.items():
        assert sum(Decimal(row[name] or 0) for row in rows) == value, name
        assert round(Decimal(repr(totals[name])), 2) == value, name
    assert shown["Actual cost"] == Decimal("46001.50")
    return shown


def an_integrator_reads_the_same_and_proposes(story: Story, shown: dict[str, Decimal]) -> None:
    status, figures, _ = story.api("GET", "/api/v1/figures/")
    assert status == 200, figures
    for name, value in shown.items():
        assert Decimal(figures["totals"][name.lower().replace(" ", "_")]) == value, name
    status, problem, _ = story.api(
        "POST", "/api/v1/initiatives/", {"unit": 1, "title": "x"}, token=story.house.facts["reader"]
    )
    assert (status, "proposal:write" in json.dumps(problem)) == (403, True), problem
    status, made, _ = story.api(
        "POST", "/api/v1/initiatives/", {"unit": story.house.facts["desk"], "title": "Close stale tickets"}
    )
    assert status == 201, made
    status, draft, headers = story.api("GET", f"/api/v1/initiatives/{made['id']}/draft/")
    assert status == 200, draft
    status, problem, _ = story.api("POST", f"/api/v1/initiatives/{made['id']}/submit/")
    assert status == 422, problem
    assert "sponsor" in json.dumps(problem["missing"])
    content = {
        "summary": "Old tickets close themselves.",
        "problem": "Ten thousand tickets nobody needs any more.",
        "process": "Ticket hygiene",
        "process_depth": "local",
        "objective": "cost",
        "owner_id": story.house.facts["owner"],
        "sponsor_id": story.house.facts["sponsor"],
        "sourcing": "built",
        "reference_class": "configured",
        "cost_low": "10000",
        "cost_high": "20000",
        "benefit_low": "30000",
        "benefit_high": "60000",
        "similar_none": True,
        "kpis": [
            {"name": "Stale tickets", "unit_of_measure": "tickets", "direction": "down", "target": "500"}
        ],
    }
    assert story.api("PATCH", f"/api/v1/initiatives/{made['id']}/draft/", {"content": content})[0] == 428
    status, draft, _ = story.api(
        "PATCH", f"/api/v1/initiatives/{made['id']}/draft/", {"content": content}, If_Match=headers["ETag"]
    )
    assert status == 200, draft
    status, submitted, _ = story.api("POST", f"/api/v1/initiatives/{made['id']}/submit/")
    assert (status, submitted["stage"]) == (200, "submitted"), submitted


def an_auditor_reads_every_act_and_verifies(story: Story, pk: int) -> None:
    with story.signed_in_as("Alma Auditor") as page:
        page.get_by_role("link", name="Ledger", exact=True).first.click()
        page.get_by_role("button", name="Verify the chain").click()
        expect(page.locator("main")).to_contain_text("The ledger held")
        page.goto(f"/initiatives/{pk}/?tab=activity")
        acts = page.locator("#tab").inner_text().lower()
        for act in ("submitted it", "confirmed as sponsor", "set the risk tier", "voted for"):
            assert act in acts, acts
    verified = story.house.manage("verify_ledger", "--state")
    assert verified.returncode == 0, verified.stdout + verified.stderr
