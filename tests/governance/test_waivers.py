"""One item of a gate is let go for one initiative, for a while, by whoever decides there."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.errors import Changed, Incomplete, NotAllowed, Refused
from accounts.models import User
from governance import gates, services, standing, waivers
from governance.models import GateItem, GatePassage, Waiver
from ledger import clock
from ledger.models import LedgerEntry
from portfolio.models import Initiative
from portfolio.services import attach
from tests.factories import SignIn
from tests.governance.conftest import (
    Cast,
    appropriated,
    assessed,
    drafted,
    in_decision,
    in_pilot,
    opened,
    scored,
    signed,
    submitted,
)

WHY = "Measured by hand until the meter is in."


def item(gate: str, key: str) -> GateItem:
    """The item in force."""
    return GateItem.objects.get(version=1, gate=gate, key=key)


def soon(days: int = 30) -> date:
    """A day in the near future."""
    return clock.today() + timedelta(days)


@pytest.fixture
def weak(cast: Cast) -> Initiative:
    """Scored under the hurdle of G2."""
    return scored(cast, rating=2)


def test_the_cfo_waives_a_hurdle_and_it_shows(cast: Cast, sign_in: SignIn, weak: Initiative) -> None:
    with pytest.raises(Incomplete):
        gates.record_case(weak, actor=cast.portfolio_office)
    browser, url = sign_in(cast.cfo), reverse("item-waive", args=[weak.pk])
    for key in ("G2.score", "G2.feasibility"):
        answer = browser.post(url, {"item": key, "until": soon().isoformat(), "reason": WHY})
        assert answer.status_code == 302
    passage = gates.record_case(weak, actor=cast.portfolio_office)
    kept = {row["key"]: row for row in passage.items}
    assert kept["score"]["found"] == f"waived until {soon():%-d %b %Y}, by Carla Cfo"
    assert kept["score"]["waived_until"] == soon().isoformat()
    assert kept["plan"]["waived_until"] is None
    assert LedgerEntry.objects.filter(act="item.waived").count() == 2


def test_a_waiver_holds_through_its_last_day_and_the_newest_counts(cast: Cast, weak: Initiative) -> None:
    waivers.waive(weak, item("G2", "score"), reason=WHY, until=soon(5), actor=cast.cfo)

    def holds() -> bool:
        return next(row.holds for row in gates.check(weak, "G2") if row.key == "score")

    assert holds()
    with time_machine.travel(clock.now() + timedelta(days=5)):
        assert holds()
    with time_machine.travel(clock.now() + timedelta(days=6)):
        assert not holds()
    waivers.waive(weak, item("G2", "score"), reason="It is over.", until=clock.today(), actor=cast.cfo)
    with time_machine.travel(clock.now() + timedelta(days=1)):
        assert not holds()


def test_who_decides_at_the_gate_waives_and_nobody_else(cast: Cast, weak: Initiative) -> None:
    for user in (cast.risk_officer, cast.portfolio_office, cast.unit_lead, cast.finance, cast.ceo):
        with pytest.raises(NotAllowed):
            waivers.waive(weak, item("G2", "score"), reason=WHY, until=soon(), actor=user)
    controls = item("G2", "controls_planned")
    with pytest.raises(NotAllowed, match="waived by the"):
        waivers.waive(weak, controls, reason=WHY, until=soon(), actor=cast.cfo)
    waivers.waive(weak, controls, reason=WHY, until=soon(), actor=cast.risk_officer)


@pytest.mark.parametrize(
    ("gate", "key"),
    [
        ("G0", "problem"),
        ("G1", "sponsor_confirmed"),
        ("G1", "risk_tier"),
        ("G2", "no_knock_out"),
        ("G2", "scoring_closed"),
        ("G2", "plan"),
        ("G2", "kpi_baseline"),
        ("G3", "room"),
        ("G3", "sponsor_stands"),
        ("G5", "risk_officer_accepts"),
        ("G6", "attested_months"),
    ],
)
def test_what_is_never_waived(cast: Cast, gate: str, key: str) -> None:
    initiative = submitted(cast)
    for user in (cast.cfo, cast.risk_officer):
        with pytest.raises(NotAllowed, match="never waived"):
            waivers.waive(initiative, item(gate, key), reason=WHY, until=soon(), actor=user)


def test_nobody_waives_for_what_they_have_a_part_in(cast: Cast) -> None:
    cast.sponsor = cast.cfo
    initiative = assessed(cast)
    with pytest.raises(NotAllowed, match="You sponsor this initiative"):
        waivers.waive(initiative, item("G2", "score"), reason=WHY, until=soon(), actor=cast.cfo)


def test_a_waiver_needs_a_reason_and_a_near_day(cast: Cast, sign_in: SignIn, weak: Initiative) -> None:
    url = reverse("item-waive", args=[weak.pk])
    answer = sign_in(cast.cfo).post(url, {"item": "G2.score", "until": "2199-01-01", "reason": WHY})
    assert answer.status_code == 422
    assert "at most 365 days away" in answer.content.decode()
    with pytest.raises(Refused):
        waivers.waive(weak, item("G2", "score"), reason=" ", until=soon(), actor=cast.cfo)
    assert not Waiver.objects.exists()


def test_others_are_refused_and_step_up_is_asked(
    cast: Cast, sign_in: SignIn, weak: Initiative, other_unit_lead: User
) -> None:
    url = reverse("item-waive", args=[weak.pk])
    typed = {"item": "G2.score", "until": soon().isoformat(), "reason": WHY}
    assert sign_in(cast.unit_lead).post(url, typed).status_code == 403
    assert sign_in(other_unit_lead).post(url, typed).status_code == 403
    assert sign_in(cast.cfo, fresh=False).post(url, typed).status_code == 422
    assert not Waiver.objects.exists()


def test_a_round_whose_waiver_ran_out_is_not_signed(cast: Cast) -> None:
    initiative = in_decision(cast, cost_objects=[])
    appropriated(cast, 5_000_000)
    waivers.waive(initiative, item("G3", "cost_objects"), reason=WHY, until=soon(3), actor=cast.cfo)
    signing = opened(cast, initiative, 100_000)
    asked = {row["key"]: row["waived_until"] for row in signing.content["items"]}
    assert asked["cost_objects"] == soon(3).isoformat()
    with time_machine.travel(clock.now() + timedelta(days=4)), pytest.raises(Changed):
        signed(signing, cast.cfo)
    signed(signing, cast.cfo)
    assert GatePassage.objects.filter(initiative=initiative, gate="G3").exists()


# Evidence and the gate page ------------------------------------------------------------------


def test_expired_evidence_no_longer_holds(cast: Cast) -> None:
    initiative = in_pilot(cast)
    kept = attach(initiative, name="pilot.txt", content=b"81 % of the target.", actor=cast.owner)
    services.supply_evidence(
        initiative,
        item_key="pilot_evidence",
        text="81 % in March.",
        expires_on=soon(10),
        attachment=kept,
        actor=cast.owner,
    )

    def result() -> gates.ItemResult:
        return next(row for row in gates.check(initiative, "G4") if row.key == "pilot_evidence")

    assert result().holds
    with time_machine.travel(clock.now() + timedelta(days=11)):
        assert not result().holds
        assert result().found.startswith("expired on")
    with pytest.raises(Refused):
        services.supply_evidence(
            initiative,
            item_key="pilot_evidence",
            text="Old.",
            expires_on=clock.today() - timedelta(1),
            actor=cast.owner,
        )


def test_the_gate_page_leads_each_reader_to_their_act(cast: Cast, sign_in: SignIn, weak: Initiative) -> None:
    def acts(user: User) -> dict[str, Any]:
        (view,) = standing.gate_views(weak, user)
        assert (view.gate, view.version) == ("G2", 1)
        return {row.item.key: (row.state, row.act_label, bool(row.waive_url)) for row in view.rows}

    assert acts(cast.cfo)["score"] == ("missing", "", True)
    assert acts(cast.unit_lead)["score"] == ("missing", "", False)
    page = sign_in(cast.cfo).get(reverse("initiative-gates", args=[weak.pk])).content.decode()
    assert "Waive it" in page
    assert "G1 triage: go" in page


def test_the_gate_page_says_who_can_supply(cast: Cast) -> None:
    initiative = in_pilot(cast)
    rows = {row.item.key: row for row in standing.gate_views(initiative, cast.owner)[0].rows}
    assert rows["pilot_evidence"].act_label == "Supply it"
    assert rows["pilot_evidence"].act_url.endswith("?item=pilot_evidence")
    assert standing.gate_views(initiative, cast.cfo)[0].rows[1].act_url == ""


def test_waivers_are_listed_for_auditors_in_few_queries(
    cast: Cast, sign_in: SignIn, weak: Initiative, auditor: User, django_assert_max_num_queries: Any
) -> None:
    for key in ("score", "feasibility", "skills", "data", "integration", "adoption", "milestones"):
        waivers.waive(weak, item("G2", key), reason=WHY, until=soon(), actor=cast.cfo)
    browser = sign_in(auditor)
    with django_assert_max_num_queries(14):
        page = browser.get(reverse("waiver-list")).content.decode()
    assert page.count(WHY) == 7


def test_the_gates_of_a_draft_look_at_what_is_written_now(cast: Cast) -> None:
    initiative = drafted(cast, problem="")
    (view,) = standing.gate_views(initiative, cast.unit_lead)
    lacking = {row.item.key: row.act_label for row in view.rows if row.state == "missing"}
    assert (view.gate, lacking) == ("G0", {"problem": "Write it in the case"})


def test_a_should_is_not_waived(cast: Cast, weak: Initiative) -> None:
    pilot = item("G4", "pilot_evidence")
    with pytest.raises(NotAllowed, match="nothing waits for it"):
        waivers.waive(weak, pilot, reason=WHY, until=soon(), actor=cast.cfo)
