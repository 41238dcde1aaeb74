"""Fills the database of the story: people, envelopes, and a few initiatives that run already.

Run in a process of its own, against the database that the servers of the story use. Prints what the story
needs to know, as one line of JSON.
"""

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402

from accounts.models import Role, Scope, Unit, User  # noqa: E402
from ledger import clock  # noqa: E402
from portfolio.selectors import fiscal_year_of  # noqa: E402
from tests import factories  # noqa: E402

PASSWORD = "a long enough password of the story"
RUNNING = (
    "Match invoices to orders",
    "Forecast demand by week",
    "Answer routine questions",
    "Watch server logs",
)


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
    colleague = person("Carl Contributor", Role.CONTRIBUTOR, desk)
    owner = person("Olga Owner", Role.CONTRIBUTOR, desk)
    sponsor = person("Sven Sponsor", Role.UNIT_HEAD, desk)
    person("Ada Assessor", Role.ASSESSOR, home=supply)
    person("Ben Assessor", Role.ASSESSOR, home=people)
    person("Cleo Assessor", Role.ASSESSOR, home=supply)
    person("Otto Office", Role.PORTFOLIO_OFFICE)
    person("Rita Risk", Role.RISK_OFFICER)
    person("Fay Finance", Role.FINANCE)
    person("Finn Finance", Role.FINANCE)
    person("Cora Cfo", Role.CFO)
    ceo = person("Cem Ceo", Role.CEO)
    person("Alma Auditor", Role.AUDITOR)
    admin = person("Adi Admin", Role.ADMINISTRATOR)
    robot = factories.make_user(
        "Desk Robot", home_unit=desk, is_service_account=True, answers_for_it=colleague
    )
    factories.grant(robot, Role.INTEGRATOR, desk)
    token = factories.make_token(robot, (Scope.READ, Scope.PROPOSE), created_by=admin)
    reader = factories.make_token(robot, (Scope.READ,), created_by=admin)
    year = fiscal_year_of(clock.today())
    for offset in range(5):
        factories.appropriate(desk, 4_000_000, fiscal_year=year + offset)

    def content(
        title: str, cost_object: str, *, by: User = sponsor, cost: int, benefit: int = 960_000
    ) -> dict[str, Any]:
        written = factories.proposal_content(
            owner=owner, sponsor=by, benefit_owner=owner, title=title, cost=cost, benefit=benefit
        )
        return written | {"cost_objects": [cost_object]}

    running = [
        factories.piloting(content(title, f"CO-{i}", cost=200_000 + 10_000 * i)).reference
        for i, title in enumerate(RUNNING)
    ]
    large = factories.in_decision(content("Plan every route anew", "CO-L", cost=1_400_000, benefit=6_000_000))
    conflicted = factories.in_decision(
        content("Read contracts faster", "CO-C", by=ceo, cost=600_000, benefit=2_500_000)
    )
    return {
        "password": PASSWORD,
        "token": token,
        "reader": reader,
        "running": running,
        "large": large.pk,
        "conflicted": conflicted.pk,
        "desk": desk.pk,
        "owner": owner.pk,
        "sponsor": sponsor.pk,
    }


if __name__ == "__main__":
    with transaction.atomic():
        found = fill()
    sys.stdout.write(json.dumps(found) + "\n")
