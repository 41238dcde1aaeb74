"""The number of queries of a page is pinned, and the same for a few rows and for many."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Unit, User
from dashboards.demo.bulk import bulk_portfolio
from governance import services as governance
from ledger import clock
from portfolio import services
from portfolio.models import Initiative
from tests.factories import AsToken, SignIn, appropriate, in_decision, make_token, piloting, submitted

pytestmark = pytest.mark.django_db


def counted(browser: Client, url: str, **query: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        answer = browser.get(url, query)
    assert answer.status_code == 200
    return len(seen)


# page -> the most queries that it may take, with those of session, user, grants and frame.
PAGES = {
    "initiative-list": 12,
    "home": 40,
    "executive": 21,
    "finance": 25,
    "report-list": 10,
    "posting-list": 8,
    "claim-list": 14,
    "import-list": 8,
    "rate-list": 8,
}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_takes_as_many_queries_for_one_initiative_as_for_thirty(
    sign_in: SignIn, finance: User, other_unit: Unit, name: str
) -> None:
    browser, url = sign_in(finance), reverse(name)
    bulk_portfolio(initiatives=1, months=12, seed=1)
    few = counted(browser, url)
    bulk_portfolio(initiatives=29, months=12, seed=2)
    assert Initiative.objects.count() == 30
    many = counted(browser, url)
    assert few == many
    assert many <= PAGES[name]


@pytest.mark.parametrize(
    "query", [{"sort": "-score"}, {"q": "Finance"}, {"status": "green"}, {"state": "all"}]
)
def test_the_register_takes_as_many_under_every_filter(
    sign_in: SignIn, unit_lead: User, other_unit: Unit, query: dict[str, str]
) -> None:
    browser, url = sign_in(unit_lead), reverse("initiative-list")
    bulk_portfolio(initiatives=12, months=12, seed=1)
    few = counted(browser, url, **query)
    bulk_portfolio(initiatives=30, months=12, seed=2)
    assert counted(browser, url, **query) == few <= 12


@pytest.mark.parametrize(
    ("name", "most"), [("api:initiative-list", 6), ("api:figures", 10), ("api:unit-list", 5)]
)
def test_the_api_takes_as_many_queries_for_one_initiative_as_for_thirty(
    api: AsToken, integrator: User, name: str, most: int
) -> None:
    client, url = api(make_token(integrator)), reverse(name)
    client.get(url)  # notes the first use of the token
    bulk_portfolio(initiatives=1, months=3, seed=1)
    few = counted(client, url)
    bulk_portfolio(initiatives=29, months=3, seed=2)
    many = counted(client, url)
    assert few == many
    assert many <= most


def many_waiting(content: dict[str, Any], number: int) -> None:
    """Work for everyone: to triage, to decide, to attest, to release, to confirm."""
    for place in range(number):
        submitted(content | {"title": f"To triage {place}"})
        pilot = piloting(content | {"title": f"To run {place}"})
        Initiative.objects.filter(pk=submitted(content).pk).update(risk_tier="", sponsor_confirmed_at=None)
        waiting = in_decision(content | {"title": f"To decide {place}"})
        governance.open_signing(
            waiting, verb="go", amount=Decimal(100_000), first_tranche=Decimal(15_000), reason="Best",
            actor=User.objects.get(grants__role="portfolio_office"),
        )  # fmt: skip
        lead = waiting.created_by
        claim(pilot, lead)
        tranche = pilot.tranches.order_by("number")[0]
        governance.request_tranche(tranche, evidence="The first group uses it", actor=lead)


def claim(pilot: Initiative, lead: User) -> None:
    services.claim_benefit(
        pilot, line_key="saving", month=clock.today(), amount=Decimal(10), evidence="x", actor=lead
    )


def test_home_takes_as_many_queries_for_one_of_each_as_for_three(
    sign_in: SignIn,
    content: dict[str, Any],
    unit: Unit,
    unit_lead: User,
    portfolio_office: User,
    risk_officer: User,
    finance: User,
    cfo: User,
    ceo: User,
    sponsor: User,
    assessor: User,
    second_assessor: User,
) -> None:
    appropriate(unit, 50_000_000)
    many_waiting(content, 1)
    people = (unit_lead, portfolio_office, risk_officer, finance, cfo, ceo, sponsor, assessor)
    few = {person.name: counted(sign_in(person), "/") for person in people}
    assert "Decide" in sign_in(cfo).get("/").content.decode()
    many_waiting(content, 2)
    assert {person.name: counted(sign_in(person), "/") for person in people} == few
    assert max(few.values()) <= PAGES["home"]
    finances = sign_in(finance).get("/").content.decode()
    for words in ("Attest benefits", "3 claims", "Release tranche 1"):
        assert words in finances
    assert sign_in(portfolio_office).get("/").content.decode().count("Triage") >= 3
    # The lists behind them too.
    for name, person in (("claim-list", finance), ("executive", cfo), ("finance", cfo)):
        assert counted(sign_in(person), reverse(name)) <= PAGES[name]


def test_a_list_of_claims_takes_as_many_queries_for_one_as_for_ten(
    sign_in: SignIn, content: dict[str, Any], unit_lead: User, finance: User
) -> None:
    pilot = piloting(content)
    claim(pilot, unit_lead)
    few = counted(sign_in(finance), reverse("claim-list"))
    for back in range(1, 10):
        services.claim_benefit(
            pilot, line_key="saving", month=(clock.today().replace(day=1) - timedelta(days=28 * back)),
            amount=Decimal(10), evidence="x", actor=unit_lead,
        )  # fmt: skip
    assert counted(sign_in(finance), reverse("claim-list")) == few <= PAGES["claim-list"]


@pytest.mark.parametrize("tab", ["case", "score", "money", "kpis", "risk", "decisions", "activity"])
def test_each_tab_takes_as_many_queries_with_little_history_as_with_much(
    sign_in: SignIn, content: dict[str, Any], unit_lead: User, finance: User, cfo: User, tab: str
) -> None:
    pilot = piloting(content)

    def history(number: int) -> None:
        for _ in range(number):
            services.comment(pilot, text="Noted", actor=unit_lead)
            services.post(
                pilot, service_month=clock.today(), amount=Decimal(1), currency="USD", category="cloud",
                actor=finance,
            )  # fmt: skip
            services.measure(
                pilot, kpi_key="misrouted", month=clock.today(), value=Decimal(9), actor=unit_lead
            )

    history(1)
    browser = sign_in(cfo)
    few = counted(browser, pilot.get_absolute_url(), tab=tab)
    history(4)
    assert counted(browser, pilot.get_absolute_url(), tab=tab) == few <= 54


def test_the_proposal_takes_as_many_queries_for_one_colleague_as_for_ten(
    sign_in: SignIn, content: dict[str, Any], unit: Unit, unit_lead: User
) -> None:
    initiative = submitted(content)
    # One that is alike, so that it has a family from the start.
    submitted(content | {"title": "Sort incoming tickets by meaning, part 10"})
    url, browser = reverse("proposal", args=[initiative.pk]), sign_in(unit_lead)
    few = counted(browser, url)
    for number in range(10):
        User.objects.create_user(f"p{number}@keel.test", f"Person {number}", home_unit=unit)
        submitted(content | {"title": f"Sort incoming tickets by meaning, part {number}"})
    assert counted(browser, url) == few <= 32
