"""Each act of this room: works, wrong role, stranger, wrong state, wrong input, GET where there is none."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.urls import reverse

from accounts.models import Role, Unit, User
from assurance import services
from assurance.default_questionnaire import NO, QUESTIONS
from assurance.models import (
    ControlCheck,
    ControlEvidence,
    ControlException,
    ControlPlan,
    Incident,
    IncidentCost,
    IncidentStep,
    ReliabilityVeto,
    RiskBlock,
    RiskBlockLift,
    RiskProfile,
    TierAnswers,
    VetoLift,
)
from ledger import clock
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Initiative
from tests import factories
from tests.assurance.conftest import CODE, reported
from tests.factories import SignIn

pytestmark = pytest.mark.django_db

TODAY, SOON = "today", "soon"
ANSWERS = {question.key: NO for question in QUESTIONS}


@dataclass(frozen=True)
class Case:
    """One act: who does it, with what, what makes it wrong, and what it leaves behind."""

    route: str
    who: str
    makes: type[Model]
    good: dict[str, Any]
    bad: dict[str, Any]
    wrong_role: str = "finance"
    about: str = "initiative"  # or incident
    before: tuple[str, ...] = ()  # what has to be there first
    state: str = "closed"  # what makes the state wrong: closed, or twice, or none of what was before
    only_post: bool = False
    lands: str = field(default="")


CASES = (
    Case("tier-answer", "unit_lead", TierAnswers, ANSWERS, {"talks": ""}, only_post=True),
    Case(
        "tier-set", "risk_officer", RiskProfile,
        {"set-tier": "high", "set-areas": ["4"], "set-internal_tier": "3", "set-reason": "People are judged"},
        {"set-reason": ""}, wrong_role="unit_lead", only_post=True,
    ),
    Case(
        "control-plan", "unit_lead", ControlPlan,
        {"codes": [CODE, "DAT-01"], "owner": "owner", "due_on": SOON, "text": "Tested with the team"},
        {"codes": ["GOV-01"]},
    ),
    Case(
        "control-evidence", "unit_lead", ControlEvidence,
        {"codes": [CODE], "text": "Two people are named", "link": "https://example.com/file", "dated": TODAY},
        {"dated": SOON},
    ),
    Case(
        "control-check", "risk_officer", ControlCheck, {"codes": [CODE], "concurs": "yes"},
        {"concurs": "no", "reason": ""}, wrong_role="unit_lead", before=("evidence",),
    ),
    Case(
        "control-except", "risk_officer", ControlException,
        {"code": CODE, "expires_on": SOON, "reason": "A second person reads along"},
        {"expires_on": TODAY}, wrong_role="unit_lead",
    ),
    Case(
        "risk-block", "risk_officer", RiskBlock, {"until": SOON, "reason": "Too many wrong results"},
        {"until": TODAY}, wrong_role="cfo", state="twice",
    ),
    Case(
        "risk-unblock", "risk_officer", RiskBlockLift, {"reason": "Fixed"}, {"reason": " "},
        wrong_role="cfo", before=("block",), state="twice",
    ),
    Case(
        "veto-place", "benefit_owner", ReliabilityVeto, {"reason": "It is wrong too often"}, {"reason": ""},
        wrong_role="unit_lead", state="twice",
    ),
    Case(
        "veto-lift", "benefit_owner", VetoLift, {"reason": "Tested again"}, {"reason": ""},
        wrong_role="unit_lead", before=("veto",), state="twice",
    ),
    Case(
        "incident-report", "owner", Incident,
        {"title": "Wrong", "severity": "serious", "what": "It was wrong.", "happened_on": TODAY,
         "noticed_on": TODAY, "duty": "none", "stated_cost": "1200"},
        {"happened_on": SOON}, wrong_role="cfo", state="draft",
    ),
    Case("incident-contain", "owner", IncidentStep, {"text": "Switched off"}, {"text": ""}, about="incident",
         state="twice"),
    Case("incident-tell", "owner", IncidentStep, {"text": "The market authority, no. 12"}, {"text": ""},
         about="incident", state="twice"),
    Case("incident-grade", "risk_officer", IncidentStep, {"severity": "serious", "reason": "Nobody was hurt"},
         {"severity": ""}, about="incident", wrong_role="unit_lead", state="twice"),
    Case("incident-close", "risk_officer", IncidentStep, {"text": "Over", "lessons": "Test more"},
         {"lessons": ""}, about="incident", wrong_role="unit_lead", before=("contained", "told"),
         state="twice"),
    Case("incident-cost", "finance", IncidentCost, {"amount": "1200", "service_month": "month"},
         {"amount": "-5"}, about="incident", wrong_role="unit_lead", state="draft"),
)  # fmt: skip
IDS = [case.route for case in CASES]


@pytest.fixture
def people(request: pytest.FixtureRequest) -> Any:
    """`people(name)`: one of the cast."""
    return request.getfixturevalue


def prepared(case: Case, running: Initiative, people: Any) -> Any:
    """What the act is about, with what has to be there first."""
    if "evidence" in case.before:
        services.supply_control_evidence(
            running, codes=[CODE], text="Named", dated=clock.today(), actor=people("unit_lead")
        )
    if "block" in case.before:
        services.block(running, until=_days(9), reason="x", actor=people("risk_officer"))
    if "veto" in case.before:
        services.veto(running, reason="x", actor=people("risk_officer"))
    if case.about == "initiative":
        return running
    incident = reported(running, people("owner"))
    if "contained" in case.before:
        services.contain(incident, text="x", actor=people("owner"))
    if "told" in case.before:
        services.tell_authority(incident, text="x", actor=people("owner"))
    return incident


def _days(number: int) -> Any:
    return clock.today() + timedelta(days=number)


def values(given: dict[str, Any], people: Any) -> dict[str, Any]:
    """The body of the form, with days and people put in."""
    today = clock.today()
    words = {TODAY: today.isoformat(), SOON: _days(30).isoformat(), "month": f"{today:%Y-%m}"}
    return {
        name: people(value).pk if name == "owner" else words.get(str(value), value)
        for name, value in given.items()
    }


def close(initiative: Initiative, state: str) -> None:
    """Bring it into a state in which the act is not done."""
    if state == "draft":
        Initiative.objects.filter(pk=initiative.pk).update(stage="draft")
        return
    with record("test.closed", actor=None) as act:
        lifecycle.close(Initiative.objects.get(pk=initiative.pk), "stopped", act=act, reason="over")


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_it_works_and_leaves_its_fact(case: Case, running: Initiative, people: Any, sign_in: SignIn) -> None:
    subject = prepared(case, running, people)
    before = case.makes._default_manager.count()
    url = reverse(case.route, args=[subject.pk])
    client = sign_in(people(case.who))
    if not case.only_post:
        assert client.get(url).status_code == 200
    answer = client.post(url, values(case.good, people))
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert case.makes._default_manager.count() > before
    assert client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_wrong_person_and_a_stranger_are_refused(
    case: Case, running: Initiative, people: Any, sign_in: SignIn, outsider: User
) -> None:
    subject = prepared(case, running, people)
    before = case.makes._default_manager.count()
    url = reverse(case.route, args=[subject.pk])
    body = values(case.good, people)
    refused = sign_in(people(case.wrong_role)).post(url, body)
    assert refused.status_code == 403
    assert "is for" in refused.content.decode()
    # A stranger who may do it elsewhere sees nothing of it.
    elsewhere = factories.make_person(
        "Somebody Elsewhere", Role.RISK_OFFICER, factories.make_unit("Far away")
    )
    assert sign_in(elsewhere).post(url, body).status_code in {403, 404}
    assert sign_in(outsider).post(url, body).status_code in {403, 404}
    assert case.makes._default_manager.count() == before


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_wrong_state_is_said(case: Case, running: Initiative, people: Any, sign_in: SignIn) -> None:
    subject = prepared(case, running, people)
    url = reverse(case.route, args=[subject.pk])
    client, body = sign_in(people(case.who)), values(case.good, people)
    if case.state == "twice":
        assert client.post(url, body).status_code == 302
    else:
        close(running, case.state)
    before = case.makes._default_manager.count()
    assert client.post(url, body).status_code == 409
    assert case.makes._default_manager.count() == before


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_wrong_values_are_said_at_their_field(
    case: Case, running: Initiative, people: Any, sign_in: SignIn
) -> None:
    subject = prepared(case, running, people)
    before = case.makes._default_manager.count()
    url = reverse(case.route, args=[subject.pk])
    answer = sign_in(people(case.who)).post(url, values(case.good | case.bad, people))
    assert answer.status_code == 422
    assert "problem-list" in answer.content.decode()
    assert case.makes._default_manager.count() == before


@pytest.mark.parametrize("case", [case for case in CASES if case.only_post], ids=lambda case: case.route)
def test_some_take_no_get(case: Case, running: Initiative, people: Any, sign_in: SignIn) -> None:
    url = reverse(case.route, args=[running.pk])
    assert sign_in(people(case.who)).get(url).status_code == 405


DECIDING = ("control-except", "risk-block", "risk-unblock", "veto-place", "veto-lift")


@pytest.mark.parametrize("case", [row for row in CASES if row.route in DECIDING], ids=DECIDING)
def test_whoever_decides_is_asked_again(
    case: Case, running: Initiative, people: Any, sign_in: SignIn
) -> None:
    subject = prepared(case, running, people)
    before = case.makes._default_manager.count()
    stale = sign_in(people(case.who), fresh=False)
    assert stale.post(reverse(case.route, args=[subject.pk]), values(case.good, people)).status_code == 422
    assert case.makes._default_manager.count() == before


def test_nobody_judges_what_they_have_a_part_in(
    running: Initiative, unit: Unit, owner: User, sign_in: SignIn
) -> None:
    factories.grant(owner, Role.RISK_OFFICER, unit)
    for route in ("control-check", "control-except", "risk-block"):
        answer = sign_in(owner).get(reverse(route, args=[running.pk]))
        assert answer.status_code == 403
        assert "another risk officer" in answer.content.decode()
