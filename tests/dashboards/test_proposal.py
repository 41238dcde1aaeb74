"""The proposal: started, left, found again, written by two, submitted, completed and frozen."""

import copy
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Unit, User
from ledger.models import LedgerEntry
from portfolio import services
from portfolio.models import BusinessCase, CaseDraft, CostObject, Initiative, PlanLine
from tests.factories import SignIn, draft, in_decision, month, submitted

pytestmark = pytest.mark.django_db


def form_of(content: dict[str, Any], **more: Any) -> dict[str, str]:
    """The names and values that a browser sends for a content."""
    found: dict[str, str] = {}

    def add(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, part in value.items():
                add(f"{path}.{key}" if path else key, part)
        elif isinstance(value, list) and path in {"stop_rules", "cost_objects"}:
            found[path] = "\n".join(value)
        elif isinstance(value, list):
            for place, part in enumerate(value):
                add(f"{path}.{place}", part)
        elif value is True:
            found[path] = "on"
        else:
            found[path] = "" if value in (None, False) else str(value)

    add("", content | more)
    return found


class Fields(HTMLParser):
    """What a browser would send of the draft's form, read from the page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._in_form = False
        self._area, self._select, self._option = "", "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open the form, and keep what an input or an option holds."""
        values = dict(attrs)
        name = values.get("name") or ""
        match tag:
            case "form":
                self._in_form = "data-draft" in values
            case "input" if (self._in_form or values.get("form")) and name and "disabled" not in values:
                if values.get("type") not in {"checkbox", "radio"} or "checked" in values:
                    self.found[name] = values.get("value") or ("on" if "checked" in values else "")
            case "textarea" if self._in_form:
                self._area = name
                self.found[name] = ""
            case "select" if self._in_form:
                self._select = name
            case "option" if self._select and ("selected" in values or self._select not in self.found):
                self.found[self._select] = values.get("value") or ""
                self._option = self._select if "value" not in values else ""

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        match tag:
            case "form":
                self._in_form = False
            case "textarea":
                self._area = ""
            case "select":
                self._select = ""

    def handle_data(self, data: str) -> None:
        """The text of an area; the first line break is no part of it."""
        if self._area:
            self.found[self._area] += data.removeprefix("\n")
        elif self._option:
            # An option without a value sends its text.
            self.found[self._option], self._option = data.strip(), ""


def started(browser: Client, unit: Unit) -> Initiative:
    answer = browser.post(reverse("initiative-create"), {"title": "Sort tickets", "unit": unit.pk})
    assert answer.status_code == 302, answer.content.decode()
    return Initiative.objects.get()


def address(initiative: Initiative) -> str:
    return reverse("proposal", args=[initiative.pk])


# Start ---------------------------------------------------------------------------------------


def test_a_proposal_is_started_for_a_unit_of_ones_own(
    sign_in: SignIn, unit_lead: User, auditor: User, unit: Unit, other_unit: Unit
) -> None:
    browser, url = sign_in(unit_lead), reverse("initiative-create")
    assert "IT Service Desk" in browser.get(url).content.decode()
    assert sign_in(auditor).post(url, {"title": "x", "unit": unit.pk}).status_code == 403
    answer = browser.post(url, {"title": "Sort tickets", "unit": other_unit.pk})
    assert answer.status_code == 422
    assert 'value="Sort tickets"' in answer.content.decode()
    assert browser.post(url, {"title": "  ", "unit": unit.pk}).status_code == 422
    assert browser.post(url, {}).status_code == 422
    assert browser.post(url, {"title": "x" * 301, "unit": unit.pk}).status_code == 422
    assert started(browser, unit).unit == unit


# Saving --------------------------------------------------------------------------------------


def test_a_draft_is_saved_and_found_again(sign_in: SignIn, unit: Unit, unit_lead: User) -> None:
    browser = sign_in(unit_lead)
    initiative = started(browser, unit)
    answer = browser.post(address(initiative), {"version": "1", "problem": "It takes a day."}, follow=True)
    assert answer.status_code == 200
    assert "You can leave and come back" in answer.content.decode()
    again = sign_in(unit_lead).get(address(initiative)).content.decode()
    assert "It takes a day." in again
    assert 'name="version" value="2"' in again
    home = sign_in(unit_lead).get("/").content.decode()
    assert address(initiative) in home


def test_what_g0_lacks_is_named_beside_the_form(sign_in: SignIn, unit: Unit, unit_lead: User) -> None:
    browser = sign_in(unit_lead)
    page = browser.get(address(started(browser, unit))).content.decode()
    for sentence in ("Name the sponsor.", "Add one KPI with a target.", "Give the highest likely cost."):
        assert sentence in page
    assert "Describe the data that it needs" not in page


def test_submitting_names_what_is_missing_at_its_field(sign_in: SignIn, unit: Unit, unit_lead: User) -> None:
    browser = sign_in(unit_lead)
    initiative = started(browser, unit)
    answer = browser.post(
        reverse("initiative-submit", args=[initiative.pk]), {"version": "1", "problem": "Slow"}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert page.count("Name the sponsor.") >= 2
    assert "Slow" in page
    initiative.refresh_from_db()
    assert initiative.stage == "draft"


def test_what_can_not_be_read_is_named_at_its_field_and_kept(
    sign_in: SignIn, unit: Unit, unit_lead: User
) -> None:
    browser = sign_in(unit_lead)
    initiative = started(browser, unit)
    typed = {
        "version": "1",
        "cost_low": "lots",
        "problem": "Slow",
        "kpis.0.name": "Fix",
        "kpis.0.target": "x",
    }
    answer = browser.post(address(initiative), typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“lots” is not an amount" in page
    assert 'value="lots"' in page
    assert "Slow" in page
    assert "“x” is not a number" in page
    assert CaseDraft.objects.get().version == 1


def test_saving_while_typing_answers_with_the_side_panel_and_the_version(
    sign_in: SignIn, unit: Unit, unit_lead: User
) -> None:
    browser = sign_in(unit_lead)
    initiative = started(browser, unit)
    headers = {"HX-Request": "true", "X-Keel-Draft": "save"}
    answer = browser.post(address(initiative), {"version": "1", "problem": "Slow"}, headers=headers)
    assert answer.status_code == 200
    assert answer["X-Keel-Version"] == "2"
    assert answer.content.decode().lstrip().startswith('<div id="proposal-side">')
    wrong = browser.post(address(initiative), {"version": "2", "cost_low": "lots"}, headers=headers)
    assert wrong.status_code == 422
    assert "“lots” is not an amount" in wrong.content.decode()
    assert "<form" not in wrong.content.decode()


def test_the_same_again_is_not_a_new_version(sign_in: SignIn, unit: Unit, unit_lead: User) -> None:
    browser = sign_in(unit_lead)
    initiative = started(browser, unit)
    for _ in range(2):
        browser.post(address(initiative), {"version": "2", "problem": "Slow"})
        browser.post(address(initiative), {"version": "1", "problem": "Slow"})
    assert CaseDraft.objects.get().version == 2


# Two people ----------------------------------------------------------------------------------


def test_the_second_to_save_sees_what_changed_and_both_are_kept(
    sign_in: SignIn, unit: Unit, unit_lead: User, contributor: User
) -> None:
    mine, theirs = sign_in(unit_lead), sign_in(contributor)
    initiative = started(mine, unit)
    theirs.post(address(initiative), {"version": "1", "problem": "Their problem", "process": "Intake"})
    # The whole form is sent, with the old text where nothing was typed.
    typed = {"version": "1", "problem": "My problem", "process": "", "supplier": "Example Ltd"}
    answer = mine.post(address(initiative), typed)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Cora Contributor saved this draft after you opened it." in page
    assert "Their problem" in page
    assert "My problem" in page
    assert CaseDraft.objects.get().content["problem"] == "Their problem"
    # Saving the same once more is refused again: nothing is overwritten by accident.
    assert mine.post(address(initiative), typed).status_code == 409
    assert mine.post(address(initiative), typed | {"merge": "2"}).status_code == 302
    saved = CaseDraft.objects.get().content
    assert (saved["problem"], saved["process"], saved["supplier"]) == ("My problem", "Intake", "Example Ltd")


def test_merging_over_a_version_that_is_old_by_now_is_refused(
    sign_in: SignIn, unit: Unit, unit_lead: User, contributor: User
) -> None:
    mine, theirs = sign_in(unit_lead), sign_in(contributor)
    initiative = started(mine, unit)
    theirs.post(address(initiative), {"version": "1", "problem": "First"})
    theirs.post(address(initiative), {"version": "2", "problem": "Second"})
    answer = mine.post(address(initiative), {"version": "1", "merge": "2", "process": "Mine"})
    assert answer.status_code == 409
    assert "Second" in answer.content.decode()
    answer = mine.post(address(initiative), {"version": "1", "merge": "3", "process": "Mine"})
    assert answer.status_code == 302
    assert CaseDraft.objects.get().content["problem"] == "Second"


def test_a_conflict_while_typing_offers_to_save_both(
    sign_in: SignIn, unit: Unit, unit_lead: User, contributor: User
) -> None:
    mine, theirs = sign_in(unit_lead), sign_in(contributor)
    initiative = started(mine, unit)
    theirs.post(address(initiative), {"version": "1", "problem": "Theirs"})
    headers = {"HX-Request": "true", "X-Keel-Draft": "save"}
    answer = mine.post(address(initiative), {"version": "1", "problem": "Mine"}, headers=headers)
    assert answer.status_code == 409
    assert answer["X-Keel-Version"] == "1"
    assert 'name="merge" value="2"' in answer.content.decode()


# Who -----------------------------------------------------------------------------------------


def test_who_may_not_write_is_refused(
    sign_in: SignIn,
    content: dict[str, Any],
    auditor: User,
    other_unit_lead: User,
    contributor: User,
    unit_lead: User,
) -> None:
    initiative = draft(content)
    for method in ("get", "post"):
        assert getattr(sign_in(auditor), method)(address(initiative)).status_code == 403
        assert getattr(sign_in(other_unit_lead), method)(address(initiative)).status_code == 404
    page = sign_in(contributor).get(address(initiative)).content.decode()
    assert "Submit to the portfolio office" not in page
    assert "is for unit lead" in page.lower()
    send = reverse("initiative-submit", args=[initiative.pk])
    answer = sign_in(contributor).post(send, {"version": "2", "problem": "Not saved either"})
    assert answer.status_code == 403
    assert CaseDraft.objects.get().content["problem"] != "Not saved either"
    for name in ("initiative-submit", "case-complete"):
        url = reverse(name, args=[initiative.pk])
        assert sign_in(auditor).post(url).status_code == 403
        assert sign_in(other_unit_lead).post(url).status_code == 404
        assert sign_in(unit_lead).get(url).status_code == 405


# Submitting and completing -------------------------------------------------------------------


def test_a_whole_form_is_submitted_frozen_and_dated(
    sign_in: SignIn, content: dict[str, Any], unit: Unit, unit_lead: User
) -> None:
    browser = sign_in(unit_lead)
    initiative = started(browser, unit)
    url = reverse("initiative-submit", args=[initiative.pk])
    answer = browser.post(f"{url}?part=whole", form_of(content, version="1"), follow=True)
    assert answer.status_code == 200, answer.content.decode()
    assert "Triage is promised by" in answer.content.decode()
    initiative.refresh_from_db()
    assert initiative.stage == "submitted"
    assert initiative.whole_life_cost == Decimal(240_000)
    assert LedgerEntry.objects.filter(act="initiative.submitted").count() == 1
    assert CostObject.objects.get().valid_from == BusinessCase.objects.get().start_month
    assert browser.post(url, {"version": "2"}).status_code == 409


def test_the_submitter_can_not_be_the_sponsor(
    sign_in: SignIn, content: dict[str, Any], unit: Unit, unit_lead: User
) -> None:
    browser = sign_in(unit_lead)
    initiative = started(browser, unit)
    form = form_of(content, version="1", sponsor_id=unit_lead.pk)
    answer = browser.post(reverse("initiative-submit", args=[initiative.pk]), form)
    assert answer.status_code == 422
    assert "name somebody else as its sponsor" in answer.content.decode()


def test_a_similar_draft_of_another_unit_stays_hidden(
    sign_in: SignIn, content: dict[str, Any], unit: Unit, other_unit: Unit, unit_lead: User
) -> None:
    hidden = draft(content | {"title": "Plan routes"}, unit=other_unit)
    mine = draft(
        content | {"similar_none": False, "similar": [{"reference": hidden.reference, "relation": "join"}]},
        unit=unit,
    )
    answer = sign_in(unit_lead).post(reverse("initiative-submit", args=[mine.pk]), {"version": "2"})
    assert answer.status_code == 422
    assert f"There is no other initiative {hidden.reference}" in answer.content.decode()


def test_the_completed_case_is_a_new_frozen_version_and_later_drafts_change_nothing(
    sign_in: SignIn, content: dict[str, Any], unit_lead: User
) -> None:
    initiative, browser = submitted(content), sign_in(unit_lead)
    page = browser.get(address(initiative)).content.decode()
    assert "If it goes to plan" in page
    answer = browser.post(
        reverse("case-complete", args=[initiative.pk]), {"version": "2", "controls": "Weekly sample."}
    )
    assert answer.status_code == 302, answer.content.decode()
    before = list(BusinessCase.objects.order_by("version").values("version", "content", "content_hash"))
    lines = list(PlanLine.objects.order_by("id").values("case", "key", "amounts", "total"))
    assert [row["version"] for row in before] == [1, 2]
    assert before[1]["content"]["controls"] == "Weekly sample."
    browser.post(address(initiative), {"version": "3", "controls": "Another control", "cost_low": "1"})
    assert CaseDraft.objects.get().content["controls"] == "Another control"
    assert (
        list(BusinessCase.objects.order_by("version").values("version", "content", "content_hash")) == before
    )
    assert list(PlanLine.objects.order_by("id").values("case", "key", "amounts", "total")) == lines


def test_saving_the_page_as_it_stands_changes_nothing(
    sign_in: SignIn, content: dict[str, Any], unit_lead: User, unit: Unit, other_unit: Unit
) -> None:
    # One of everything that a row can hold, so that a field that the page lacks shows as a loss.
    content = copy.deepcopy(content)
    content["plan"]["lines"][0] |= {"is_capex": True, "is_cash": False}
    other = submitted(content | {"title": "Read contracts"})
    content |= {
        "similar_none": False,
        "similar": [{"reference": other.reference, "relation": "depend", "explanation": "Uses its index"}],
        "stop_when": [
            {"kind": "kpi", "kpi": "misrouted", "value": "12", "days": "90"},
            {"kind": "milestone", "milestone": "pilot", "on": content["milestones"][0]["due_on"]},
            {
                "kind": "words",
                "text": "Stop when nobody asks for it",
                "on": content["milestones"][1]["due_on"],
            },
        ],
    }
    initiative, browser = submitted(content), sign_in(unit_lead)
    before = CaseDraft.objects.get(initiative=initiative)
    fields = Fields()
    fields.feed(browser.get(address(initiative)).content.decode())
    assert fields.found["kpis.0.method"] == content["kpis"][0]["method"]
    answer = browser.post(address(initiative), fields.found)
    assert answer.status_code == 302, answer.content.decode()
    after = CaseDraft.objects.get(initiative=initiative)
    assert (after.content, after.version) == (before.content, before.version)


def test_what_g2_lacks_is_named_when_the_case_is_sent(
    sign_in: SignIn, content: dict[str, Any], unit_lead: User
) -> None:
    initiative = submitted(content | {"readiness_data": "", "milestones": []})
    answer = sign_in(unit_lead).post(reverse("case-complete", args=[initiative.pk]), {"version": "2"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Describe the data that it needs and its state." in page
    assert "Add at least one milestone" in page


def test_a_completed_case_is_not_sent_after_the_assessment(
    sign_in: SignIn, content: dict[str, Any], unit_lead: User
) -> None:
    initiative = in_decision(content)
    answer = sign_in(unit_lead).post(reverse("case-complete", args=[initiative.pk]), {"version": "2"})
    assert answer.status_code == 409
    assert "Send completed case" not in sign_in(unit_lead).get(address(initiative)).content.decode()


def test_months_are_filled_with_a_ramp_by_the_server(sign_in: SignIn, unit: Unit, unit_lead: User) -> None:
    browser = sign_in(unit_lead)
    initiative = started(browser, unit)
    typed = {
        "version": "1", "plan.start": month(), "plan.go_live": month(2), "plan.lines.0.side": "benefit",
        "plan.lines.0.category": "saving", "plan.lines.0.label": "Fewer hours",
        "plan.lines.0.fill.amount": "300", "plan.lines.0.fill.from": month(1),
        "plan.lines.0.fill.to": month(4), "plan.lines.0.fill.ramp": "3",
    }  # fmt: skip
    assert browser.post(address(initiative), typed).status_code == 302
    line = CaseDraft.objects.get().content["plan"]["lines"][0]
    assert line["amounts"] == ["", "100.00", "200.00", "300.00", "300.00"]
    typed |= {"version": "2", "plan.lines.0.fill.amount": "much"}
    wrong = browser.post(f"{address(initiative)}?part=whole", typed)
    assert wrong.status_code == 422
    assert "“much” is not an amount" in wrong.content.decode()
    assert 'value="much"' in wrong.content.decode()


def test_an_imported_initiative_gets_its_draft_when_it_is_first_written(
    sign_in: SignIn, unit: Unit, unit_lead: User
) -> None:
    known = Initiative.objects.create(
        reference="AI-2024-0001", unit=unit, created_by=unit_lead, title="Imported", stage="operating"
    )
    browser = sign_in(unit_lead)
    page = browser.get(address(known)).content.decode()
    assert "Nobody wrote this case yet." in page
    assert not CaseDraft.objects.exists()
    assert browser.post(address(known), {"version": "0", "problem": "Slow"}).status_code == 302
    saved = CaseDraft.objects.get()
    assert (saved.version, saved.content["title"], saved.content["problem"]) == (1, "Imported", "Slow")
    assert browser.post(address(known), {"version": "0", "problem": "Other"}).status_code == 409


def test_similar_initiatives_show_beside_the_form(
    sign_in: SignIn, content: dict[str, Any], unit: Unit, other_unit: Unit, unit_lead: User
) -> None:
    submitted(content | {"title": "Classify incoming tickets automatically"}, unit=other_unit)
    initiative = services.start_proposal(unit, title="Sort incoming tickets quickly", actor=unit_lead)
    page = sign_in(unit_lead).get(address(initiative)).content.decode()
    assert "Classify incoming tickets automatically" in page
