"""As of a recorded point, pages and exports equal what was shown then; what came later changes only later."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import unified_diff
from random import Random
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_script_prefix, reverse

from accounts import policy
from accounts import services as accounts
from accounts.models import Role, Unit, User
from dashboards.as_of import reading
from dashboards.reports import csv
from dashboards.selectors import Portfolio
from ledger import as_of
from ledger.models import LedgerEntry
from ledger.services import last_seq, record
from portfolio import services as portfolio
from portfolio.models import Appointment, Initiative, Part
from scoring.positions import advance_returns, refresh_returns, refresh_scores
from scoring.tasks import nightly_sweep
from tests import factories, sample
from tests.factories import SignIn
from tests.test_random_history import Company, people

__all__ = ["people"]

pytestmark = pytest.mark.django_db

PAGES = (
    "executive",
    "finance",
    "envelope-list",
    "funding-round-list",
    "gates",
    "ledger",
    "report-list",
    "scoring-model",
    "model-calibration",
)
STAGES = ("submitted", "assessment", "decision", "pilot", "scaling", "operating")
TABS = ("case", "score", "money", "kpis", "risk", "decisions", "activity")
POINTS, ACTS_BETWEEN = 5, 100


@pytest.fixture
def travel() -> Iterator[time_machine.Traveller]:
    """A clock that stands, so that a page and the record that it is as of have one moment."""
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def shown(client: Client, address: str) -> str:
    """The content of a page, its addresses without the point."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    page = answer.content.decode()
    content = page[page.index("<main") : page.index("</main>")]
    # Nobody acts in the past.
    content = re.sub(r'\s*<form method="post".*?</form>', "", content, flags=re.DOTALL)
    return " ".join(re.sub(r"/as-of/\d+/", "/", content).split())


def addresses() -> list[str]:
    """The pages that the test compares: all of them, every tab and figure of the first initiatives."""
    found = [reverse(name) for name in PAGES]
    # Drafts are no facts: they have no history, and the register of then leaves them out.
    found += [f"{reverse('initiative-list')}?state=all&sort=-score&stage={stage}" for stage in STAGES]
    for initiative in Initiative.objects.exclude(stage="draft").order_by("pk")[:3]:
        page = initiative.get_absolute_url()
        found += [f"{page}?tab={tab}" for tab in TABS]
    return [*found, reverse("figure-explain", args=["planned_cost"])]


def difference(then: str, now: str) -> list[str]:
    """The tags and words that differ, those of then with a minus."""
    old, new = (page.replace("<", "\n<").splitlines() for page in (then, now))
    return list(unified_diff(old, new, n=0, lineterm=""))[2:]


def is_whole(answer: Any) -> bool:
    """Whether it is the page of an initiative with its figures, not the five public fields."""
    return answer.status_code == 200 and "tabs" in answer.context


def csv_of(user: User) -> str:
    return "".join(csv.stream(Portfolio(User.objects.get(pk=user.pk), {})))


def test_pages_and_exports_as_of_any_point_equal_what_was_shown_then(
    travel: time_machine.Traveller,
    people: dict[str, User],
    unit: Unit,
    content: dict[str, Any],
    auditor: User,
    sign_in: SignIn,
) -> None:
    for number in range(3):
        factories.piloting(content | {"title": f"Pilot {number}"}, unit=unit, released=True)
    company, points = Company(Random(3), people, unit), []
    for _ in range(POINTS):
        for _ in range(ACTS_BETWEEN):
            company.act()
            travel.shift(timedelta(hours=9))
        # The record that the pages are as of is made now, and nothing is late.
        factories.make_unit(f"Unit {last_seq()}", parent=unit)
        nightly_sweep()
        advance_returns()
        refresh_returns()
        refresh_scores()
        client = sign_in(auditor)
        pages = {address: shown(client, address) for address in addresses() if sample.is_in(address)}
        points.append((last_seq(), pages, csv_of(auditor)))
    assert {"submit", "post", "claim", "attest", "hold", "confirm"} <= set(company.done), company.done
    travel.shift(timedelta(days=400))
    client = sign_in(auditor)
    compared = 0
    for seq, pages, exported in points:
        for address, then in pages.items():
            assert difference(then, shown(client, f"/as-of/{seq}{address}")) == [], (seq, address)
            compared += 1
        answer = client.post(f"/as-of/{seq}{reverse('report-list')}", {"format": "csv"})
        assert b"".join(answer.streaming_content).decode() == exported  # type: ignore[attr-defined]
        assert f"record-{seq}.csv" in answer.headers["Content-Disposition"]
    assert compared > sample.at_least(POINTS * len(PAGES))
    # What is read as of then is not what is shown now.
    address = next(iter(points[0][1]))
    assert points[0][1][address] != shown(client, address)
    assert as_of.current() is None
    assert get_script_prefix() == "/"


@pytest.fixture
def pilot(content: dict[str, Any], unit: Unit) -> Initiative:
    initiative = factories.piloting(content, unit=unit)
    refresh_returns()
    refresh_scores()
    return initiative


def test_every_address_of_a_page_keeps_the_point(pilot: Initiative, auditor: User, sign_in: SignIn) -> None:
    seq = last_seq()
    page = sign_in(auditor).get(f"/as-of/{seq}{reverse('executive')}").content.decode()
    assert f"record {seq}" in page
    assert "Nothing can be changed there." in page
    assert f'href="/as-of/{seq}/initiatives/' in page
    assert f'href="/as-of/{seq}/finance/"' in page
    assert f'<a href="{reverse("executive")}">Back to now</a>' in page
    # Rights are of now, and so are the places where people act.
    assert reverse("people") not in page
    assert reverse("home") in page


def test_a_day_stands_for_its_last_record(
    pilot: Initiative, auditor: User, sign_in: SignIn, travel: time_machine.Traveller
) -> None:
    factories.make_unit("A unit of 2 March")
    there = last_seq()
    travel.shift(timedelta(days=3))
    factories.make_unit("A unit of 5 March")
    answer = sign_in(auditor).get(f"/as-of/2026-03-03{reverse('executive')}")
    assert answer.context["frame"]["seq"] == there
    # The clock stands at the end of the day that was asked for.
    assert answer.context["frame"]["as_of"].date().isoformat() == "2026-03-03"


def test_nothing_can_be_done_in_the_past(pilot: Initiative, ceo: User, sign_in: SignIn) -> None:
    seq, entries = last_seq(), LedgerEntry.objects.count()
    client = sign_in(ceo)
    there = f"/as-of/{seq}{pilot.get_absolute_url()}"
    page = client.get(there).content.decode()
    assert "Stop it" not in page
    assert "Stop it" in client.get(pilot.get_absolute_url()).content.decode()
    refused = client.post(f"/as-of/{seq}{reverse('initiative-stop', args=[pilot.pk])}", {"reason": "x"})
    assert refused.status_code == 409
    assert "Go back to now" in refused.content.decode()
    assert client.post(f"/as-of/{seq}{reverse('saved-view-create')}", {"name": "x"}).status_code == 409
    assert LedgerEntry.objects.count() == entries


def test_pages_that_are_always_of_now_are_shown_as_of_now(
    pilot: Initiative, administrator: User, sign_in: SignIn
) -> None:
    answer = sign_in(administrator).get(f"/as-of/{last_seq()}{reverse('people')}?q=Ada")
    assert answer.headers["Location"] == f"{reverse('people')}?q=Ada"


@pytest.mark.parametrize("point", ["99999999", "2020-01-01", "2999-01-01", "2026-02-31", "12-12", "9" * 30])
def test_a_point_that_there_is_not_is_not_found(point: str, auditor: User, sign_in: SignIn) -> None:
    assert sign_in(auditor).get(f"/as-of/{point}{reverse('executive')}").status_code == 404


def test_a_stranger_signs_in_first_and_comes_back(pilot: Initiative, client: Client) -> None:
    there = f"/as-of/{last_seq()}{reverse('executive')}"
    answer = client.get(there)
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"?next={there}")


def test_rights_are_those_of_today(
    pilot: Initiative, unit: Unit, outsider: User, portfolio_office: User, sign_in: SignIn
) -> None:
    before = last_seq()
    there = f"/as-of/{before}{pilot.get_absolute_url()}?tab=money"
    # The five public fields, as for any stranger.
    assert not is_whole(sign_in(outsider).get(there))
    factories.grant(outsider, Role.FINANCE, unit)
    assert is_whole(sign_in(User.objects.get(pk=outsider.pk)).get(there))


def test_who_lost_a_part_in_it_does_not_read_it_as_of_then(
    pilot: Initiative, owner: User, portfolio_office: User, outsider: User, sign_in: SignIn
) -> None:
    before = last_seq()
    there = f"/as-of/{before}{pilot.get_absolute_url()}?tab=money"
    assert is_whole(sign_in(owner).get(there))
    with record("part.passed_on", actor=portfolio_office, about=pilot) as act:
        act.add(Appointment, initiative=pilot, part=Part.OWNER, person=outsider)
    Initiative.objects.filter(pk=pilot.pk).update(owner=outsider)
    assert not is_whole(sign_in(owner).get(there))


def test_a_unit_stands_where_it_stood_then(
    pilot: Initiative,
    unit: Unit,
    other_unit: Unit,
    auditor: User,
    administrator: User,
    finance: User,
    sign_in: SignIn,
) -> None:
    before = last_seq()
    accounts.move_unit(unit, parent=other_unit, reason="Reorganised", actor=administrator)
    client, filtered = sign_in(auditor), f"{reverse('executive')}?unit={other_unit.pk}"
    assert client.get(filtered).context["totals"].initiatives == 1
    assert client.get(f"/as-of/{before}{filtered}").context["totals"].initiatives == 0
    envelopes = client.get(f"/as-of/{before}{reverse('envelope-list')}")
    assert envelopes.status_code == 200


def test_the_last_line_of_a_page_leads_to_the_choice(
    pilot: Initiative, auditor: User, sign_in: SignIn
) -> None:
    client, seq = sign_in(auditor), last_seq()
    page = client.get(f"{reverse('initiative-list')}?stage=pilot")
    choice = re.search(r'<a href="(/as-of/\?next=[^"]+)"', page.content.decode())
    assert choice
    form = client.get(choice[1])
    assert form.status_code == 200
    there = client.get(f"{choice[1]}&record={seq}")
    assert there.headers["Location"] == f"/as-of/{seq}{reverse('initiative-list')}?stage=pilot"
    assert client.get(there.headers["Location"]).status_code == 200
    assert client.get(f"{choice[1]}&record={seq + 1}").status_code == 422
    assert client.get(f"{choice[1]}&record=x").status_code == 422
    assert client.get(f"{choice[1]}&record=1&day=2026-01-01").status_code == 422
    elsewhere = client.get(f"{reverse('as-of')}?next=//evil.example/&record={seq}")
    assert elsewhere.headers["Location"] == f"/as-of/{seq}{reverse('executive')}"


def test_reading_the_past_takes_as_many_queries_for_few_and_for_many(
    content: dict[str, Any], unit: Unit, auditor: User, sign_in: SignIn
) -> None:
    factories.submitted(content, unit=unit)
    counts = []
    for _ in range(2):
        refresh_returns()
        client = sign_in(auditor)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/as-of/{last_seq()}{reverse('initiative-list')}")
        counts.append(len(queries))
        for number in range(6):
            factories.submitted(content | {"title": f"Another idea {number}"}, unit=unit)
    assert counts[0] == counts[1]


def test_every_act_of_the_table_is_refused_while_the_past_is_read(pilot: Initiative, ceo: User) -> None:
    point = as_of.point_from(str(last_seq()))
    assert point is not None
    allowed_now = {action for action in policy.table() if policy.may(ceo, action)}
    with reading(point, ceo):
        allowed_then = {action for action in policy.table() if policy.may(ceo, action)}
    assert allowed_then == {action for action in allowed_now if policy.table()[action].as_of}
    assert {"decision.sign", "initiative.stop"} <= allowed_now - allowed_then
    assert {"initiative.view", "dashboard.finance"} <= allowed_then


def test_no_fact_is_recorded_while_the_past_is_read(pilot: Initiative, cfo: User, auditor: User) -> None:
    point = as_of.point_from(str(last_seq()))
    assert point is not None
    with reading(point, auditor), pytest.raises(RuntimeError):
        portfolio.comment(pilot, text="From the past", actor=cfo)
    assert portfolio.comment(pilot, text="From now", actor=cfo).pk
