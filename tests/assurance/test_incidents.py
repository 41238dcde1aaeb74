"""Incidents stand in the status and in the return, are chased, and a veto stops gates and releases."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Notification, Role, Unit, User
from assurance import selectors, services
from assurance.models import Incident, IncidentStep
from assurance.selectors import IncidentQuery
from dashboards.initiative_risk import risk_context
from governance import gates
from governance import services as governance
from governance.models import Gate, Tranche
from ledger import clock
from portfolio.models import Initiative, Posting
from scoring.models import ReturnPosition
from scoring.positions import compute_returns, refresh_returns
from tests import factories
from tests.assurance.conftest import make_running, reported
from tests.factories import AsToken, SignIn

pytestmark = pytest.mark.django_db


def reasons(initiative: Initiative) -> list[str]:
    """What keeps its status from green."""
    refresh_returns()
    return ReturnPosition.objects.get(initiative=initiative).status_reasons


def test_a_severe_incident_is_red_until_it_is_closed(
    incident: Incident, running: Initiative, owner: User, risk_officer: User, cfo: User, sign_in: SignIn
) -> None:
    assert "an open severe incident" in reasons(running)
    assert ReturnPosition.objects.get(initiative=running).status == "red"
    warnings = sign_in(cfo).get("/portfolio/").content.decode().split("<h2>Warnings</h2>")[1]
    assert "an open severe incident" in warnings
    with pytest.raises(InvalidMove, match="not contained"):
        services.close_incident(incident, text="x", lessons="y", actor=risk_officer)
    services.contain(incident, text="Switched off", actor=owner)
    with pytest.raises(InvalidMove, match="authority"):
        services.close_incident(incident, text="x", lessons="y", actor=risk_officer)
    services.tell_authority(incident, text="No. 12", actor=owner)
    services.close_incident(incident, text="Over", lessons="Look twice", actor=risk_officer)
    assert reasons(running) == []


def test_another_severity_moves_the_status(
    incident: Incident, running: Initiative, risk_officer: User
) -> None:
    services.grade(incident, severity="serious", reason="Nobody was hurt", actor=risk_officer)
    assert "an open severe incident" not in reasons(running)
    services.grade(incident, severity="severe", reason="Somebody was", actor=risk_officer)
    assert "an open severe incident" in reasons(running)
    found = Incident.objects.with_standing().get(pk=incident.pk)
    assert getattr(found, "grade", "") == "severe"


def test_what_it_cost_stands_in_the_return(incident: Incident, running: Initiative, finance: User) -> None:
    refresh_returns()
    before = ReturnPosition.objects.get(initiative=running).actual_cost
    cost = services.book_cost(incident, amount=Decimal("1200.50"), service_month=clock.today(), actor=finance)
    assert cost.posting.category == "incident"
    assert cost.posting.by_hand == finance
    refresh_returns()
    assert ReturnPosition.objects.get(initiative=running).actual_cost == before + Decimal("1200.50")
    with pytest.raises(Refused):
        services.book_cost(incident, amount=Decimal(0), service_month=clock.today(), actor=finance)
    assert Posting.objects.filter(category="incident").count() == 1


@pytest.mark.parametrize(("duty", "days"), [("serious", 15), ("death", 10), ("infrastructure", 2)])
def test_an_authority_is_told_within_days_of_noticing(
    running: Initiative, owner: User, duty: str, days: int
) -> None:
    found = reported(running, owner, duty=duty)
    assert found.authority_due_on == found.noticed_on + timedelta(days=days)
    assert reported(running, owner, duty="none").authority_due_on is None


def test_it_is_chased_before_its_day_and_after_once_a_day(
    incident: Incident, running: Initiative, owner: User, unit_lead: User
) -> None:
    due = incident.authority_due_on
    assert due is not None
    chased = {back: services.chase(due - timedelta(days=back)) for back in range(15, -3, -1)}
    assert [back for back, number in chased.items() if number] == [7, 3, 1, 0, -1, -2]
    assert services.chase(due) == 0
    told = Notification.objects.filter(recipient=unit_lead, subject__startswith="Overdue").count()
    assert told == 2
    services.tell_authority(incident, text="No. 12", actor=owner)
    assert services.chase(due + timedelta(days=5)) == 0


def test_a_report_that_is_overdue_turns_the_status_amber(
    incident: Incident, running: Initiative, owner: User
) -> None:
    due = incident.authority_due_on
    assert due is not None

    def flags(on: Any) -> int:
        found = compute_returns([running.pk], seq=2**40, on=on)
        return int(found.columns["risk_flags"][0])

    before, after = flags(due), flags(due + timedelta(days=1))
    assert after > before
    services.tell_authority(incident, text="No. 12", actor=owner)
    assert flags(due + timedelta(days=1)) == before


def test_a_report_says_what_it_lacks(running: Initiative, owner: User, outsider: User) -> None:
    tomorrow = clock.today() + timedelta(days=1)
    with pytest.raises(Refused) as refused:
        reported(running, owner, title=" ", what="", severity="awful", happened_on=tomorrow)
    assert set(refused.value.errors) == {"title", "what", "severity", "happened_on", "noticed_on"}
    with pytest.raises(Refused) as refused:
        reported(running, owner, severity="minor")
    assert set(refused.value.errors) == {"duty"}
    with pytest.raises(NotAllowed):
        reported(running, outsider)


def test_a_block_and_a_veto_stop_releases_and_gates(
    content: dict[str, Any], risk_officer: User, benefit_owner: User, finance: User, sign_in: SignIn
) -> None:
    initiative = factories.piloting(content)
    tranche = Tranche.objects.filter(initiative=initiative).order_by("number")[0]
    until = clock.today() + timedelta(days=30)
    services.block(initiative, until=until, reason="Too many wrong results", actor=risk_officer)
    with pytest.raises(InvalidMove, match="is blocked by"):
        governance.release_tranche(tranche, actor=finance)
    page = sign_in(finance).get(f"{initiative.get_absolute_url()}?tab=risk").content.decode()
    assert "Too many wrong results" in page
    services.unblock(initiative, reason="Fixed", actor=risk_officer)
    services.veto(initiative, reason="It is wrong too often.", actor=benefit_owner)
    with pytest.raises(InvalidMove, match="reliability veto"):
        governance.release_tranche(tranche, actor=finance)
    knock_out = next(item for item in gates.check(initiative, Gate.CASE) if item.key == "no_knock_out")
    assert not knock_out.holds
    assert "a reliability veto stands" in knock_out.found
    services.lift_veto(initiative, reason="Tested", actor=benefit_owner)
    with pytest.raises(InvalidMove, match="lifted this veto already"):
        services.lift_veto(initiative, reason="Tested", actor=benefit_owner)
    assert selectors.why_stopped(initiative)
    services.lift_veto(initiative, reason="Seen", actor=risk_officer)
    assert selectors.why_stopped(initiative) == ""
    assert governance.release_tranche(tranche, actor=finance).by == finance


def test_one_person_is_not_both_holders_of_the_veto(
    running: Initiative, unit: Unit, benefit_owner: User, risk_officer: User
) -> None:
    factories.grant(benefit_owner, Role.RISK_OFFICER, unit)
    services.veto(running, reason="x", actor=risk_officer)
    services.lift_veto(running, reason="x", actor=benefit_owner)
    with pytest.raises(InvalidMove):
        services.lift_veto(running, reason="x", actor=benefit_owner)
    assert selectors.veto_in_force(running) is not None


def test_a_block_ends_on_its_day(running: Initiative, risk_officer: User) -> None:
    until = clock.today() + timedelta(days=3)
    services.block(running, until=until, reason="x", actor=risk_officer)
    found = [compute_returns([running.pk], seq=2**40, on=until + timedelta(days=d)) for d in (0, 1)]
    assert [bool(row.columns["risk_flags"][0]) for row in found] == [True, False]


def test_the_register_shows_what_the_reader_may_open(
    incident: Incident,
    owner: User,
    risk_officer: User,
    outsider: User,
    other_unit_lead: User,
    sign_in: SignIn,
) -> None:
    url = reverse("incident-list")
    assert incident.title in sign_in(risk_officer).get(url).content.decode()
    assert incident.title in sign_in(owner).get(url).content.decode()
    assert incident.title not in sign_in(other_unit_lead).get(url).content.decode()
    assert sign_in(other_unit_lead).get(incident.get_absolute_url()).status_code == 404
    for asked, number in (
        ({"severity": "severe"}, 1), ({"severity": "minor"}, 0), ({"state": "open"}, 1),
        ({"state": "closed"}, 0), ({"to_tell": True}, 1), ({"words": "acted"}, 1), ({"words": "zzz"}, 0),
    ):  # fmt: skip
        assert selectors.incidents_for(risk_officer, IncidentQuery(**asked)).count() == number, asked


def test_lists_take_as_many_queries_for_many_as_for_one(
    incident: Incident, running: Initiative, owner: User, unit_lead: User, risk_officer: User, sign_in: SignIn
) -> None:
    client = sign_in(risk_officer)
    pages = ("/incidents/", "/controls/", f"/initiatives/{running.pk}/?tab=risk", "/", "/api/v1/incidents/")

    def counts() -> list[int]:
        found = []
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            found.append(len(queries))
        return found

    services.supply_control_evidence(
        running, codes=["OVR-01"], text="x", dated=clock.today(), actor=unit_lead
    )
    counts()
    before = counts()
    for number in range(8):
        reported(running, owner, title=f"Another {number}", failed_controls=["MON-01"])
    owed = [row.control.code for row in selectors.controls_of(running) if row.due]
    services.supply_control_evidence(running, codes=owed, text="y", dated=clock.today(), actor=unit_lead)
    after = counts()
    assert after == before
    assert max(after) < 70


def test_the_tab_reads_a_constant_number_of_facts(
    unit: Unit, owner: User, sponsor: User, benefit_owner: User, risk_officer: User
) -> None:
    initiative = make_running(unit, owner, sponsor, benefit_owner)
    with CaptureQueriesContext(connection) as queries:
        context = risk_context(initiative, risk_officer)
    assert context["counts"]["all"] > 30
    assert len(queries) < 40


# API -----------------------------------------------------------------------------------------


def body(initiative: Initiative, **changes: Any) -> str:
    """A report as a program sends it."""
    values = {
        "initiative": initiative.pk,
        "title": "Wrong answers",
        "severity": "serious",
        "what": "The monitor saw it.",
        "happened_on": clock.today().isoformat(),
        "noticed_on": clock.today().isoformat(),
        "external_id": "MON-7",
    }
    return json.dumps(values | changes)


def test_a_program_reports_and_reads_incidents(running: Initiative, integrator: User, api: AsToken) -> None:
    client = api(factories.make_token(integrator))
    answer = client.post("/api/v1/incidents/", body(running), content_type="application/json")
    assert answer.status_code == 201, answer.content
    found = answer.json()
    assert (found["state"], found["severity"], found["external_id"]) == ("open", "serious", "MON-7")
    again = client.post("/api/v1/incidents/", body(running), content_type="application/json")
    assert again.status_code == 409
    listed = client.get("/api/v1/incidents/").json()
    assert [row["id"] for row in listed["results"]] == [found["id"]]
    assert client.get(f"/api/v1/incidents/{found['id']}/").json() == found
    wrong = client.post(
        "/api/v1/incidents/", body(running, severity="awful"), content_type="application/json"
    )
    assert wrong.status_code == 422
    assert Incident.objects.get().by == integrator


def test_a_token_needs_the_scope_and_the_unit(
    running: Initiative, integrator: User, other_unit: Unit, owner: User, api: AsToken
) -> None:
    reader = api(factories.make_token(integrator, ["portfolio:read"]))
    answer = reader.post("/api/v1/incidents/", body(running), content_type="application/json")
    assert answer.status_code == 403
    assert "incident:write" in answer.json()["title"] + answer.json().get("detail", "")
    elsewhere = factories.make_person(
        "Their interface", Role.INTEGRATOR, other_unit, is_service_account=True, answers_for_it=owner
    )
    stranger = api(factories.make_token(elsewhere))
    answer = stranger.post("/api/v1/incidents/", body(running), content_type="application/json")
    assert answer.status_code == 404
    assert not IncidentStep.objects.exists()
    assert not Incident.objects.exists()
