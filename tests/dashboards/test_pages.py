"""Every page of several rooms opens for whoever may open it, whole and empty, and is closed to the rest."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from portfolio.models import Initiative
from scoring.positions import refresh_returns
from tests.factories import SignIn, draft, in_decision, piloting

pytestmark = pytest.mark.django_db

EMPTY = ("home", "initiative-list", "executive", "finance", "report-list", "import-list", "claim-list")


@pytest.mark.parametrize("name", [*EMPTY, "posting-list", "rate-list"])
def test_a_page_says_what_to_do_while_there_is_nothing(sign_in: SignIn, finance: User, name: str) -> None:
    page = sign_in(finance).get(reverse(name))
    assert page.status_code == 200
    assert "Traceback" not in page.content.decode()


@pytest.mark.parametrize(
    "name", ["executive", "finance", "report-list", "import-list", "claim-list", "rate-list"]
)
def test_a_page_of_figures_is_closed_to_who_holds_no_role(sign_in: SignIn, outsider: User, name: str) -> None:
    assert sign_in(outsider).get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", ["home", "initiative-list"])
def test_home_and_register_are_open_to_all_who_sign_in(sign_in: SignIn, outsider: User, name: str) -> None:
    # Someone without any role has a part, or nothing; the register is open by the table.
    assert sign_in(outsider).get(reverse(name)).status_code == 200


@pytest.mark.parametrize("tab", ["case", "score", "money", "kpis", "risk", "decisions", "activity"])
def test_each_tab_of_a_pilot_opens_to_who_decides(
    sign_in: SignIn, content: dict[str, Any], cfo: User, tab: str
) -> None:
    initiative = piloting(content, released=True)
    page = sign_in(cfo).get(initiative.get_absolute_url(), {"tab": tab})
    assert page.status_code == 200
    assert initiative.title in page.content.decode()


def test_an_unknown_tab_is_not_found(sign_in: SignIn, content: dict[str, Any], unit_lead: User) -> None:
    assert sign_in(unit_lead).get(draft(content).get_absolute_url(), {"tab": "secrets"}).status_code == 404


def test_a_stranger_reads_the_public_fields_and_nothing_else(
    sign_in: SignIn, content: dict[str, Any], other_unit_lead: User
) -> None:
    content |= {"problem": "CANARY-problem", "supplier": "CANARY-supplier", "title": "Sort by meaning"}
    initiative = in_decision(content)
    page = sign_in(other_unit_lead).get(initiative.get_absolute_url()).content.decode()
    assert "Sort by meaning" in page
    assert initiative.reference in page
    assert "CANARY" not in page
    assert str(initiative.sponsor) not in page


def test_a_draft_does_not_exist_for_a_stranger(
    sign_in: SignIn, content: dict[str, Any], other_unit_lead: User
) -> None:
    assert sign_in(other_unit_lead).get(draft(content).get_absolute_url()).status_code == 404


def test_a_figure_opens_its_terms_as_a_page_and_in_the_drawer(
    sign_in: SignIn, content: dict[str, Any], cfo: User
) -> None:
    initiative = piloting(content)
    refresh_returns()
    browser = sign_in(cfo)
    for figure in ("roi_submitted", "npv_p50", "planned_cost"):
        url = reverse("initiative-figure", args=[initiative.pk, figure])
        assert browser.get(url).status_code == 200
        assert (
            browser.get(url, headers={"hx-request": "true"}).content.decode().lstrip().startswith("<header")
        )
    assert browser.get(reverse("initiative-figure", args=[initiative.pk, "nonsense"])).status_code == 404


def test_what_happens_next_follows_the_stage(
    sign_in: SignIn, content: dict[str, Any], portfolio_office: User
) -> None:
    initiative: Initiative = in_decision(content)
    page = sign_in(portfolio_office).get(initiative.get_absolute_url()).content.decode()
    assert "The portfolio office proposes a decision" in page
    assert reverse("signing-open", args=[initiative.pk]) in page
