"""A running initiative of a high tier, made of its facts alone, so that each test starts in no time."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Unit, User
from assurance import services
from assurance.models import Incident
from ledger import clock
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Appointment, Classification, Initiative, Part
from tests.scoring.plans import a_plan, an_initiative, fund

CODE = "OVR-01"  # due at G3 before people are affected, for a high tier only


def make_running(
    unit: Unit, owner: User, sponsor: User, benefit_owner: User, *, tier: str = "high", number: int = 1
) -> Initiative:
    """In pilot or further, with owner, sponsor, benefit owner and tier."""
    initiative = an_initiative(unit, owner, number)
    fund(initiative, a_plan(), by=owner)
    with record("test.appointed", actor=owner, about=initiative) as act:
        for part, person in (
            (Part.OWNER, owner),
            (Part.SPONSOR, sponsor),
            (Part.BENEFIT_OWNER, benefit_owner),
        ):
            act.add(Appointment, initiative=initiative, part=part, person=person)
        kind = Classification.Kind.RISK_TIER
        act.add(Classification, initiative=initiative, kind=kind, value=tier, by=owner, reason="a test")
    lifecycle.refresh(initiative)
    return Initiative.objects.select_related("unit", "current_case").get(pk=initiative.pk)


@pytest.fixture
def running(unit: Unit, owner: User, sponsor: User, benefit_owner: User) -> Initiative:
    """A high tier in use."""
    return make_running(unit, owner, sponsor, benefit_owner)


def reported(initiative: Initiative, actor: User, **changes: Any) -> Incident:
    """A severe incident that an authority has to be told of."""
    values: dict[str, Any] = {
        "title": "A wrong result was acted on",
        "severity": "severe",
        "what": "A user noticed it the day after.",
        "happened_on": clock.today() - timedelta(days=1),
        "noticed_on": clock.today(),
        "duty": "serious",
    }
    return services.report(initiative, **values | changes, actor=actor)


@pytest.fixture
def incident(running: Initiative, owner: User) -> Incident:
    """A severe incident, reported today."""
    return reported(running, owner)


@pytest.fixture
def evidenced(running: Initiative, unit_lead: User) -> Initiative:
    """With evidence of one control that nobody checked yet."""
    services.supply_control_evidence(
        running, codes=[CODE], text="Two people are named.", dated=clock.today(), actor=unit_lead
    )
    return running
