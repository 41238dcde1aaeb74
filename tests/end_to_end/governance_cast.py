"""Fills the database of the story of governance: who decides, and what waits for them.

Run in a process of its own, as the other cast is. Prints what the story needs to know, as one line of JSON.
"""

import json
import os
import sys
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402

from accounts.models import Role, Unit, User  # noqa: E402
from ledger import clock  # noqa: E402
from portfolio.models import Initiative  # noqa: E402
from portfolio.selectors import fiscal_year_of  # noqa: E402
from portfolio.services import measure  # noqa: E402
from scoring.positions import refresh_returns, refresh_scores  # noqa: E402
from tests import factories  # noqa: E402

PASSWORD = "a long enough password of the story"
# Misrouting above this share of new tickets ends the pilot; it was better when it was measured last.
WORST, MEASURED = "15", Decimal(10)
# At decision, by who decides on its whole life under the authority that the story configures.
AT_DECISION = {
    "by_cfo": ("Answer letters in one day", 900_000),
    "by_board": ("Check invoices for doubles", 400_000),
    "by_both": ("Plan every route anew", 3_000_000),
    "held": ("Write minutes of meetings", 700_000),
}


def fill() -> dict[str, object]:
    """Everything that stands before the story begins."""
    factories.install_base_data()
    group = factories.make_unit("Harbour Group")
    desk = factories.make_unit("IT Service Desk", parent=group)
    supply = factories.make_unit("Supply Chain", parent=group)
    people = factories.make_unit("People", parent=group)

    def person(name: str, role: str, unit: Unit = group, home: Unit | None = None) -> User:
        return factories.make_person(name, role, unit, home_unit=home, password=PASSWORD)

    person("Uma Lead", Role.UNIT_LEAD, desk)
    owner = person("Olga Owner", Role.CONTRIBUTOR, desk)
    sponsor = person("Sven Sponsor", Role.UNIT_HEAD, desk)
    for name, home in (("Ada Assessor", supply), ("Ben Assessor", people), ("Cleo Assessor", supply)):
        person(name, Role.ASSESSOR, home=home)
    person("Otto Office", Role.PORTFOLIO_OFFICE)
    person("Rita Risk", Role.RISK_OFFICER)
    person("Fay Finance", Role.FINANCE)
    person("Cora Cfo", Role.CFO)
    person("Cem Ceo", Role.CEO)
    for name in ("Bea Board", "Bill Board", "Bora Board"):
        person(name, Role.BOARD_MEMBER)
    involved = person("Dora Director", Role.BOARD_MEMBER)
    this_year = fiscal_year_of(clock.today())
    envelopes = {
        year: factories.appropriate(desk, 10_000_000, fiscal_year=year).pk
        for year in range(this_year, this_year + 5)
    }

    def content(title: str, cost: int, *, by: User = sponsor, **changes: Any) -> dict[str, Any]:
        """A case of its own supplier, so that what one was granted doesn't count for another."""
        written = factories.proposal_content(
            owner=owner, sponsor=by, benefit_owner=owner, title=title, cost=cost, benefit=4 * cost
        )
        own = {"supplier": f"Supplier of {title}", "cost_objects": [f"CO-{cost}"]}
        return written | own | changes

    rule = {"kind": "kpi", "kpi": "misrouted", "value": WORST, "on": clock.today().isoformat()}
    watched = factories.piloting(
        content("Sort incoming tickets", 240_000, stop_when=[rule], stop_rules=[]),
        amount=Decimal("123456.80"),
        released=True,
    )
    measure(
        watched, kpi_key="misrouted", month=_last_month(), value=MEASURED, note="Weekly sample", actor=owner
    )
    waiting = {
        key: factories.in_decision(content(title, cost, by=involved if key == "by_board" else sponsor))
        for key, (title, cost) in AT_DECISION.items()
    }
    refresh_scores()
    refresh_returns()
    return {
        "password": PASSWORD,
        "envelopes": envelopes,
        "year": this_year,
        "owner": owner.pk,
        "watched": _known(watched),
        "waiting": {key: _known(initiative) for key, initiative in waiting.items()},
    }


def _last_month() -> date:
    return (clock.today().replace(day=1) - timedelta(days=1)).replace(day=1)


def _known(initiative: Initiative) -> dict[str, object]:
    return {"pk": initiative.pk, "reference": initiative.reference, "title": initiative.title}


if __name__ == "__main__":
    with transaction.atomic():
        found = fill()
    sys.stdout.write(json.dumps(found) + "\n")
