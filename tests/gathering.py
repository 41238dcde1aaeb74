"""The cast and their units made once for a module, for tests that all begin from the same costly state."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from accounts.models import Role, Unit, User
from tests import factories

Gathered = dict[str, Any]
# As the fixtures of the same names in conftest.py make them: name, role, the unit of the role, the home.
CAST: dict[str, tuple[str, str | None, str, str | None]] = {
    "unit_lead": ("Lena Lead", Role.UNIT_LEAD, "unit", None),
    "unit_head": ("Hanna Head", Role.UNIT_HEAD, "unit", None),
    "owner": ("Olga Owner", None, "unit", "unit"),
    "sponsor": ("Sven Sponsor", None, "unit", "unit"),
    "benefit_owner": ("Bela Benefit", None, "unit", "unit"),
    "assessor": ("Asta Assessor", Role.ASSESSOR, "group", "other_unit"),
    "second_assessor": ("Anton Assessor", Role.ASSESSOR, "group", "third_unit"),
    "portfolio_office": ("Petra Portfolio", Role.PORTFOLIO_OFFICE, "group", None),
    "risk_officer": ("Rita Risk", Role.RISK_OFFICER, "group", None),
    "finance": ("Fritz Finance", Role.FINANCE, "group", None),
    "cfo": ("Carla Cfo", Role.CFO, "group", None),
    "ceo": ("Clemens Ceo", Role.CEO, "group", None),
    "auditor": ("Arno Auditor", Role.AUDITOR, "group", None),
}
UNITS = ("group", "unit", "other_unit", "third_unit")


def gather() -> Gathered:
    """The units and the people, by the names of their fixtures."""
    group = factories.make_unit("Northwind Group")
    found: Gathered = {
        "group": group,
        "unit": factories.make_unit("IT Service Desk", parent=group),
        "other_unit": factories.make_unit("Supply Chain", parent=group),
        "third_unit": factories.make_unit("Human Resources", parent=group),
    }
    for key, (name, role, where, home) in CAST.items():
        unit: Unit = found[where]
        lives = found[home] if home else None
        found[key] = (
            factories.make_user(name, home_unit=lives)
            if role is None
            else factories.make_person(name, role, unit, home_unit=lives)
        )
    return found


def of_module(name: str) -> Callable[..., Any]:
    """A fixture that gives a copy of what the module's fixture `gathered` holds under its name."""

    @pytest.fixture(name=name)
    def found(gathered: Gathered, db: None) -> Unit | User:
        copy: Unit | User = deepcopy(gathered[name])
        return copy

    return found
