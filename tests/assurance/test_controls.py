"""Which controls apply, who inherits them, when they run out, and what gates make of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Role, Unit, User
from assurance import selectors, services
from assurance.default_questionnaire import NO, QUESTIONS, YES
from assurance.models import Control, ControlLibrary
from assurance.selectors import controls_of, due_by
from assurance.services.controls import LONGEST_EXCEPTION
from assurance.standing import Done, State, expires_from, state_of
from governance import gates
from governance.models import Gate
from ledger import clock
from portfolio.models import Initiative, RiskFlag
from portfolio.services import classify
from scoring.models import ReturnPosition
from scoring.positions import advance_returns, refresh_returns
from tests import factories
from tests.assurance.conftest import CODE, make_running
from tests.factories import SignIn

pytestmark = pytest.mark.django_db

ANSWERS = {question.key: NO for question in QUESTIONS} | {"employment": YES, "pilot_people": YES}


def standing(initiative: Initiative, code: str = CODE) -> selectors.Standing:
    """How one control stands."""
    return next(row for row in controls_of(initiative) if row.control.code == code)


def test_the_library_is_whole_and_its_gates_are_ours() -> None:
    library = ControlLibrary.objects.get()
    controls = list(library.controls.all())
    assert len(controls) == 70
    assert len({control.code for control in controls}) == 70
    assert {control.due for control in controls} == {"", "G0", "G2", "G3", "G4", "G5", "G7"}
    for control in controls:
        assert set(control.crosswalk) <= set(library.frameworks)
        assert control.theme in library.themes
        # Whatever is asked before deployment is due earlier where people are affected.
        assert (control.due_before_people == "G3") == (control.due == "G4")
        assert control.review_days > 0
        assert control.evidence


@pytest.mark.parametrize(
    ("done", "state"),
    [
        (Done(), State.MISSING),
        (Done(is_planned=True), State.PLANNED),
        (Done(evidence_until=datetime(2026, 3, 1, tzinfo=UTC).date()), State.EVIDENCED),
        (Done(evidence_until=datetime(2026, 3, 1, tzinfo=UTC).date(), concurs=True), State.CHECKED),
        (Done(evidence_until=datetime(2026, 3, 1, tzinfo=UTC).date(), concurs=False), State.SENT_BACK),
        (Done(evidence_until=datetime(2026, 2, 28, tzinfo=UTC).date(), concurs=True), State.EXPIRED),
        (Done(is_planned=True, exception_until=datetime(2026, 3, 1, tzinfo=UTC).date()), State.EXCEPTION),
        (Done(is_planned=True, exception_until=datetime(2026, 2, 28, tzinfo=UTC).date()), State.EXPIRED),
    ],
)
def test_a_state_follows_from_what_was_done(done: Done, state: State) -> None:
    today = datetime(2026, 3, 1, tzinfo=UTC).date()
    assert state_of(done, today) is state
    if (day := expires_from(done)) is not None:
        assert state_of(done, day) is State.EXPIRED
        assert state_of(done, day - timedelta(days=1)) is not State.EXPIRED


def test_a_high_tier_owes_more_and_earlier(
    unit: Unit, owner: User, sponsor: User, benefit_owner: User
) -> None:
    high = make_running(unit, owner, sponsor, benefit_owner)
    minimal = make_running(unit, owner, sponsor, benefit_owner, tier="minimal", number=2)
    codes = {row.control.code for row in controls_of(high)}
    fewer = {row.control.code for row in controls_of(minimal)}
    assert fewer < codes
    assert CODE in codes - fewer
    assert standing(high).due == "G3"
    assert standing(minimal, "DEV-11").due == "G4"


def test_the_profile_moves_what_applies(running: Initiative, risk_officer: User) -> None:
    assert "IMP-04" not in {row.control.code for row in controls_of(running)}
    services.set_tier(
        running,
        tier="high",
        reason="People are judged",
        areas=[4],
        internal_tier=3,
        uses_personal_data=True,
        uses_third_party=True,
        pilot_touches_people=False,
        actor=risk_officer,
    )
    rows = {row.control.code: row for row in controls_of(running)}
    assert {"IMP-04", "TPR-01"} <= set(rows)
    # No real people in the pilot: what is asked before deployment is due when it is rolled out.
    assert rows[CODE].due == "G4"


def test_answers_that_change_after_the_tier_was_set_are_seen(
    running: Initiative, unit_lead: User, risk_officer: User, sign_in: SignIn
) -> None:
    services.answer(running, answers=ANSWERS, actor=unit_lead)
    proposed = services.suggested(running)
    assert proposed["tier"] == "high"
    areas = [int(area) for area in proposed.pop("areas")]
    services.set_tier(running, **proposed, areas=areas, reason="As answered", actor=risk_officer)
    assert not selectors.tier_picture(running).answers_changed
    services.answer(running, answers=ANSWERS | {"employment": NO}, actor=unit_lead)
    picture = selectors.tier_picture(running)
    assert picture.answers_changed
    assert picture.differs
    page = sign_in(unit_lead).get(f"/initiatives/{running.pk}/?tab=risk").content.decode()
    assert "changed since the tier was set" in page


def test_a_tier_is_not_set_by_halves(running: Initiative, risk_officer: User, unit_lead: User) -> None:
    with pytest.raises(Refused) as refused:
        services.set_tier(
            running, tier="high", reason="x", areas=[9], is_high_impact=True, internal_tier=4,
            actor=risk_officer,
        )  # fmt: skip
    assert set(refused.value.errors) == {"areas", "internal_tier", "high_impact_reason"}
    with pytest.raises(NotAllowed):
        services.set_tier(running, tier="high", reason="x", internal_tier=3, actor=unit_lead)


def test_nobody_checks_what_they_supplied(group: Unit, risk_officer: User) -> None:
    code = "GOV-01"
    services.supply_control_evidence(
        None, codes=[code], text="Approved", dated=clock.today(), actor=risk_officer
    )
    with pytest.raises(NotAllowed, match="another risk officer"):
        services.check_controls(None, codes=[code], concurs=True, actor=risk_officer)
    second = factories.make_person("Rolf Risk", Role.RISK_OFFICER, group)
    services.check_controls(None, codes=[code], concurs=True, actor=second)
    with pytest.raises(InvalidMove):
        services.check_controls(None, codes=[code], concurs=True, actor=second)


def test_what_is_held_for_all_is_inherited(
    running: Initiative, portfolio_office: User, unit_lead: User
) -> None:
    row = standing(running, "GOV-01")
    assert row.is_inherited
    assert not row.holds
    services.supply_control_evidence(
        None, codes=["GOV-01"], text="Approved by the board", dated=clock.today(), actor=portfolio_office
    )
    assert standing(running, "GOV-01").holds
    with pytest.raises(Refused):
        services.supply_control_evidence(
            running, codes=["GOV-01"], text="Ours", dated=clock.today(), actor=unit_lead
        )


def test_evidence_that_was_sent_back_does_not_hold_and_new_evidence_does(
    evidenced: Initiative, risk_officer: User, unit_lead: User
) -> None:
    services.check_controls(evidenced, codes=[CODE], concurs=False, reason="No names", actor=risk_officer)
    assert standing(evidenced).state is State.SENT_BACK
    services.supply_control_evidence(
        evidenced, codes=[CODE], text="Names are added.", dated=clock.today(), actor=unit_lead
    )
    assert standing(evidenced).state is State.EVIDENCED


def test_old_evidence_is_refused_and_a_file_of_another_initiative(
    running: Initiative, unit: Unit, owner: User, sponsor: User, benefit_owner: User, unit_lead: User
) -> None:
    old = clock.today() - timedelta(days=400)
    with pytest.raises(Refused) as refused:
        services.supply_control_evidence(running, codes=[CODE], text="x", dated=old, actor=unit_lead)
    assert set(refused.value.errors) == {"dated"}
    last = clock.today() + timedelta(days=LONGEST_EXCEPTION + 1)
    with pytest.raises(Refused):
        services.except_control(running, code=CODE, reason="x", expires_on=last, actor=unit_lead)


def test_expired_evidence_turns_the_status_amber_and_holds_no_more(
    evidenced: Initiative, unit_lead: User
) -> None:
    refresh_returns()
    assert ReturnPosition.objects.get(initiative=evidenced).status_reasons == []
    ends = standing(evidenced).evidence
    assert ends is not None
    later = datetime(ends.expires_on.year, ends.expires_on.month, ends.expires_on.day, 12, tzinfo=UTC)
    with time_machine.travel(later + timedelta(days=1), tick=False):
        assert standing(evidenced).state is State.EXPIRED
        advance_returns()
        position = ReturnPosition.objects.get(initiative=evidenced)
        assert "a control whose evidence expired" in position.status_reasons
        assert position.status in {"amber", "red"}
        services.supply_control_evidence(
            evidenced, codes=[CODE], text="Reviewed again", dated=clock.today(), actor=unit_lead
        )
        refresh_returns()
        assert "a control whose evidence expired" not in (
            ReturnPosition.objects.get(initiative=evidenced).status_reasons
        )
    kinds = RiskFlag.objects.filter(initiative=evidenced).values_list("kind", flat=True)
    assert set(kinds) == {"control_expired"}


def test_a_high_tier_passes_no_gate_without_its_controls(content: dict[str, Any]) -> None:
    initiative = factories.in_assessment(content, tier="high")
    planned = next(item for item in gates.check(initiative, Gate.CASE) if item.key == "controls_planned")
    assert not planned.holds
    assert planned.found.startswith("not planned: ")
    owed = due_by(controls_of(initiative), "G3")
    lead = factories.holder(Role.UNIT_LEAD, initiative.unit)
    services.plan_controls(
        initiative,
        codes=[row.control.code for row in owed],
        owner=lead,
        due_on=clock.today(),
        text="Tested",
        actor=lead,
    )
    planned = next(item for item in gates.check(initiative, Gate.CASE) if item.key == "controls_planned")
    assert planned.holds
    shown = next(item for item in gates.check(initiative, Gate.PILOT) if item.key == "controls_evidenced")
    assert not shown.holds
    factories.show_controls(initiative)
    shown = next(item for item in gates.check(initiative, Gate.PILOT) if item.key == "controls_evidenced")
    assert shown.holds
    assert {"controls_deployed", "controls_operating"} <= {
        item.key for gate in (Gate.SCALE, Gate.OPERATE) for item in gates.check(initiative, gate)
    }


def test_a_lower_tier_only_says_in_words_what_it_plans(content: dict[str, Any]) -> None:
    initiative = factories.in_assessment(content)
    planned = next(item for item in gates.check(initiative, Gate.CASE) if item.key == "controls_planned")
    assert planned.holds
    assert not [item for item in gates.check(initiative, Gate.PILOT) if item.kind == "control"]


def test_the_library_is_found_by_words_theme_text_and_gate(
    running: Initiative, sign_in: SignIn, auditor: User
) -> None:
    controls = selectors.controls_in_force()
    assert {row.code for row in selectors.matching(controls, words="override stop")} >= {CODE}
    assert [row.code for row in selectors.matching(controls, words="art 86", due="G5")] == ["OVR-05"]
    assert all(
        "omb_m_25_21" in row.crosswalk for row in selectors.matching(controls, framework="omb_m_25_21")
    )
    assert selectors.matching(controls, due="all") == [row for row in controls if row.is_of_the_organisation]
    page = sign_in(auditor).get("/controls/?theme=OVR&framework=eu_ai_act").content.decode()
    assert CODE in page
    assert "GOV-01" not in page
    assert Control.objects.count() == 70


def test_a_classification_alone_keeps_what_is_usual(
    running: Initiative, risk_officer: User, unit: Unit
) -> None:
    services.set_tier(running, tier="high", reason="x", internal_tier=3, actor=risk_officer)
    classify(running, "risk_tier", "minimal", reason="Narrow", actor=risk_officer)
    running.refresh_from_db()
    facts = selectors.facts_of(running, selectors.tier_picture(running).profile)
    assert (facts["eu_tier"], facts["internal_tier"]) == ("minimal", 0)
