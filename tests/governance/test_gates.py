"""What the gates ask, who passes them, and what follows."""

from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from django.urls import reverse

from accounts.errors import Incomplete, InvalidMove, NotAllowed, Refused
from accounts.models import Notification, Unit, User
from governance import balances, default_gates, gates, services
from governance.models import Commitment, Envelope, EnvelopeBalance, Gate, GateItem, GatePassage, Verb
from ledger import clock
from portfolio import case as case_document
from portfolio import lifecycle
from portfolio.models import BenefitClaim, Initiative, Stage, Track
from portfolio.services import (
    attest,
    claim_benefit,
    classify,
    confirm_sponsorship,
    measure,
    save_draft,
    start_proposal,
)
from tests.factories import SignIn
from tests.governance.conftest import (
    Cast,
    appropriated,
    assessed,
    drafted,
    first_tranche,
    in_decision,
    in_pilot,
    light_in_decision,
    opened,
    scored,
    signed,
    submitted,
)


def test_the_items_of_g0_and_g2_cover_every_field_that_the_case_asks() -> None:
    for gate in ("G0", "G2"):
        asked = {
            key
            for item in default_gates.ITEMS
            for key in item.parameters.get("fields", ())
            if item.gate in {"G0", gate}
        }
        assert asked >= set(case_document.missing(case_document.clean({})[0], gate))


def test_every_question_of_an_item_has_its_answer() -> None:
    assert {item.parameters["question"] for item in default_gates.ITEMS} == set(gates.QUESTIONS)


def test_every_stage_that_a_gate_leads_to_is_reached_by_a_move() -> None:
    from_stage = {
        Gate.REGISTER: Stage.DRAFT,
        Gate.TRIAGE: Stage.SUBMITTED,
        Gate.CASE: Stage.ASSESSMENT,
        Gate.PILOT: Stage.DECISION,
        Gate.SCALE: Stage.PILOT,
        Gate.OPERATE: Stage.SCALING,
        Gate.BENEFITS: Stage.SCALING,
        Gate.RETIRE: Stage.OPERATING,
    }
    for (gate, _verb, _track), stage in gates.STAGE_AFTER.items():
        assert stage in lifecycle.MOVES[from_stage[Gate(gate)]], (gate, stage)


@pytest.mark.django_db
def test_installing_twice_changes_nothing() -> None:
    before = GateItem.objects.count()
    gates.install_gates()
    assert GateItem.objects.count() == before == len(default_gates.ITEMS)


# G0 ------------------------------------------------------------------------------------------


def test_a_proposal_is_submitted_and_frozen(cast: Cast) -> None:
    initiative = drafted(cast)
    passage = gates.submit(initiative, actor=cast.unit_lead)
    initiative.refresh_from_db()
    assert initiative.stage == "submitted"
    assert initiative.current_case == passage.case
    assert (initiative.owner, initiative.sponsor, initiative.submitter) == (
        cast.owner,
        cast.sponsor,
        cast.unit_lead,
    )
    told = set(Notification.objects.values_list("recipient", flat=True))
    assert told == {cast.sponsor.pk, cast.portfolio_office.pk, cast.risk_officer.pk}


def test_an_incomplete_proposal_says_what_is_missing_by_field(cast: Cast) -> None:
    initiative = drafted(cast, problem="", kpis=[])
    with pytest.raises(Incomplete) as caught:
        gates.submit(initiative, actor=cast.unit_lead)
    assert caught.value.missing == {
        "problem": "Describe the problem that it solves.",
        "kpis": "Add one KPI with a target.",
    }
    assert not GatePassage.objects.exists()


def test_the_submitter_is_not_the_sponsor(cast: Cast) -> None:
    cast.sponsor = cast.unit_lead
    with pytest.raises(Refused) as caught:
        gates.submit(drafted(cast), actor=cast.unit_lead)
    assert list(caught.value.errors) == ["sponsor_id"]


def test_a_contributor_does_not_submit_and_nobody_submits_twice(cast: Cast, contributor: User) -> None:
    initiative = drafted(cast)
    with pytest.raises(NotAllowed):
        gates.submit(initiative, actor=contributor)
    gates.submit(initiative, actor=cast.unit_lead)
    initiative.refresh_from_db()
    with pytest.raises(InvalidMove):
        gates.submit(initiative, actor=cast.unit_lead)


# G1 ------------------------------------------------------------------------------------------


def test_triage_says_who_has_to_supply_what(cast: Cast) -> None:
    initiative = drafted(cast)
    gates.submit(initiative, actor=cast.unit_lead)
    with pytest.raises(Incomplete) as caught:
        gates.triage(initiative, track="full", actor=cast.portfolio_office)
    assert set(caught.value.missing) == {"sponsor_confirmed", "risk_tier", "domain", "overlap"}
    assert "(risk officer)" in caught.value.missing["risk_tier"]


@pytest.mark.parametrize(
    ("cost", "tier", "track", "stage"),
    [
        ("240000", "limited", "full", "assessment"),
        ("50000", "limited", "light", "decision"),
        ("50000.01", "limited", "light", None),
        ("50000", "high", "light", None),
        ("50000", "high", "full", "assessment"),
        ("10000", "minimal", "notify", "operating"),
        ("10000.01", "minimal", "notify", None),
        ("10000", "limited", "notify", None),
        ("10000", "prohibited", "full", None),
    ],
)
def test_the_track_fits_tier_and_whole_life_cost(
    cast: Cast, cost: str, tier: str, track: str, stage: str | None
) -> None:
    initiative = submitted(cast, cost=Decimal(cost), tier=tier)
    if stage is None:
        with pytest.raises(Incomplete):
            gates.triage(initiative, track=track, actor=cast.portfolio_office)
        return
    gates.triage(initiative, track=track, actor=cast.portfolio_office)
    initiative.refresh_from_db()
    assert (initiative.stage, initiative.track) == (stage, track)
    assert lifecycle.refresh(initiative) == []


def test_what_was_notified_is_called_in_within_ten_days(cast: Cast, time_machine: Any) -> None:
    initiative = submitted(cast, cost=9_000, tier="minimal")
    gates.triage(initiative, track="notify", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    time_machine.move_to(clock.now() + timedelta(days=11))
    with pytest.raises(InvalidMove, match="over"):
        gates.call_in(initiative, reason="Many use it", actor=cast.portfolio_office)
    time_machine.move_to(clock.now() - timedelta(days=2))
    gates.call_in(initiative, reason="Many use it", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    assert initiative.stage == "submitted"
    gates.triage(initiative, track="light", actor=cast.portfolio_office)


# G2 ------------------------------------------------------------------------------------------


def test_the_case_is_recorded_once_it_is_scored_above_the_hurdles(cast: Cast) -> None:
    initiative = in_decision(cast)
    assert initiative.stage == "decision"


def test_a_case_below_the_hurdles_is_not_recorded(cast: Cast) -> None:
    initiative = scored(cast, rating=2)
    with pytest.raises(Incomplete) as caught:
        gates.record_case(initiative, actor=cast.portfolio_office)
    assert set(caught.value.missing) == {"score", "feasibility"}


def test_an_unscored_case_is_not_recorded(cast: Cast) -> None:
    initiative = assessed(cast)
    with pytest.raises(Incomplete) as caught:
        gates.record_case(initiative, actor=cast.portfolio_office)
    assert set(caught.value.missing) == {"scoring_closed", "score", "feasibility"}


def test_a_new_case_has_to_be_scored_anew(cast: Cast) -> None:
    initiative = scored(cast)
    gates.complete_case(initiative, actor=cast.unit_lead)
    initiative.refresh_from_db()
    with pytest.raises(Incomplete) as caught:
        gates.record_case(initiative, actor=cast.portfolio_office)
    assert "scoring_closed" in caught.value.missing


def test_a_case_comes_back_as_a_draft_with_its_history(cast: Cast) -> None:
    initiative = assessed(cast)
    gates.return_to_draft(initiative, reason="The plan has no ramp", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    assert (initiative.stage, initiative.cases.count()) == ("draft", 2)
    gates.submit(initiative, actor=cast.unit_lead)


# G3 ------------------------------------------------------------------------------------------


def test_without_an_envelope_nothing_is_proposed(cast: Cast) -> None:
    initiative = in_decision(cast)
    with pytest.raises(Incomplete) as caught:
        opened(cast, initiative, 100_000)
    assert set(caught.value.missing) == {"room"}


def test_a_plan_that_starts_in_the_past_has_to_be_shifted(cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    past = clock.today().replace(day=1) - timedelta(days=1)
    initiative = in_decision(cast, start=past)
    with pytest.raises(Incomplete) as caught:
        opened(cast, initiative, 100_000)
    assert set(caught.value.missing) == {"plan_ahead"}
    gates.return_to_draft(initiative, reason="Shift the plan", actor=cast.portfolio_office)


def test_the_light_track_is_released_whole_and_reviewed_once(cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    for year in range(1, 5):
        appropriated(cast, 100_000, fiscal_year=clock.today().year + year)
    initiative = light_in_decision(cast)
    with pytest.raises(Refused):
        opened(cast, initiative, 40_000, first_tranche=Decimal(12_000))
    signed(opened(cast, initiative, 40_000, first_tranche=Decimal(40_000)), cast.unit_head)
    initiative.refresh_from_db()
    assert initiative.stage == "decision"
    signed(initiative.signing_rounds.get(), cast.finance)
    initiative.refresh_from_db()
    assert initiative.stage == "scaling"
    for tranche in initiative.tranches.order_by("number"):
        services.release_tranche(tranche, actor=cast.cfo)
    assert sum(row.released for row in EnvelopeBalance.objects.all()) == Decimal(40_000)


# G4 to G7 ------------------------------------------------------------------------------------


def in_operation(cast: Cast, **changes: Any) -> Initiative:
    """Through G4 and G5."""
    initiative = in_pilot(cast, **changes)
    services.release_tranche(first_tranche(initiative), actor=cast.finance)
    measure(
        initiative,
        kpi_key="misrouted",
        month=clock.today(),
        value=Decimal(12),
        note="Counted",
        actor=cast.unit_lead,
    )
    initiative.refresh_from_db()
    rest = Decimal(140_000)
    signed(opened(cast, initiative, rest, first_tranche=rest), cast.cfo)
    initiative.refresh_from_db()
    assert initiative.stage == "scaling"
    evidence = {"monitoring": "Weekly sample", "fallback": "A switch", "incident_plan": "On call"}
    assert gates.accept_operation(initiative, evidence=evidence, actor=cast.benefit_owner) is None
    assert gates.accept_operation(initiative, actor=cast.risk_officer) is not None
    initiative.refresh_from_db()
    assert initiative.stage == "operating"
    return initiative


def test_scaling_needs_a_measured_pilot(cast: Cast) -> None:
    initiative = in_pilot(cast)
    with pytest.raises(Incomplete) as caught:
        opened(cast, initiative, 50_000)
    assert set(caught.value.missing) == {"grade"}


def test_operation_needs_monitoring_fallback_and_incident_plan(cast: Cast) -> None:
    initiative = in_pilot(cast)
    services.release_tranche(first_tranche(initiative), actor=cast.finance)
    measure(
        initiative, kpi_key="misrouted", month=clock.today(), value=Decimal(12), note="", actor=cast.unit_lead
    )
    initiative.refresh_from_db()
    signed(opened(cast, initiative, 140_000), cast.cfo)
    initiative.refresh_from_db()
    with pytest.raises(Incomplete) as caught:
        gates.accept_operation(initiative, actor=cast.benefit_owner)
    assert set(caught.value.missing) == {"monitoring", "fallback", "incident_plan"}


def test_the_outcome_needs_six_attested_months(cast: Cast) -> None:
    initiative = in_operation(cast)
    with pytest.raises(Incomplete):
        gates.set_outcome(initiative, outcome="met", reason="As planned", actor=cast.cfo)


def test_the_cfo_sets_the_outcome_after_six_attested_months(cast: Cast, time_machine: Any) -> None:
    initiative = in_operation(cast)
    time_machine.move_to(clock.now() + timedelta(days=300))
    month = clock.today().replace(day=1)
    for number in range(6):
        month = (month - timedelta(days=1)).replace(day=1)
        claim: BenefitClaim = claim_benefit(
            initiative,
            line_key="saving",
            month=month,
            amount=Decimal(1_000 + number),
            evidence="Invoices",
            actor=cast.unit_lead,
        )
        attest(claim, amount=claim.amount, where_it_shows="Cost centre 4711", actor=cast.finance)
    gates.set_outcome(initiative, outcome="met", reason="As planned", lessons="Start small", actor=cast.cfo)
    initiative.refresh_from_db()
    assert (initiative.outcome, initiative.stage) == ("met", "operating")


def test_owner_and_office_retire_it_together_and_free_the_rest(cast: Cast) -> None:
    initiative = in_operation(cast)
    done = {"decommissioning": "Off", "data_kept": "Deleted", "contracts": "Ended"}
    assert gates.retire(initiative, reason="Replaced", evidence=done, actor=cast.owner) is None
    gates.retire(initiative, reason="Replaced", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    assert (initiative.stage, initiative.closed_kind) == ("retired", "retired")
    assert sum(row.amount for row in Commitment.objects.all()) == Decimal(30_000)
    assert all(not balances.rebuild_balance(row) for row in Envelope.objects.all())


# The pages -----------------------------------------------------------------------------------


def test_the_triage_page_passes_triage(sign_in: SignIn, cast: Cast) -> None:
    initiative = drafted(cast)
    gates.submit(initiative, actor=cast.unit_lead)
    office, officer = sign_in(cast.portfolio_office), sign_in(cast.risk_officer)
    page = reverse("initiative-triage", args=[initiative.pk])
    values = {"domain": "it_service", "overlap": "none", "track": "full", "reason": "Clear", "pass": "1"}
    answer = office.post(reverse("initiative-triage-pass", args=[initiative.pk]), values)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert b"The risk tier is set" in answer.content
    initiative.refresh_from_db()
    assert (initiative.stage, initiative.domain) == ("submitted", "it_service")
    answer = officer.post(
        reverse("risk-tier-set", args=[initiative.pk]), {"tier-tier": "limited", "tier-reason": "No people"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    sentence = {"sentence": "This saves every user a day."}
    answer = sign_in(cast.sponsor).post(reverse("sponsorship-confirm", args=[initiative.pk]), sentence)
    assert answer.status_code == HTTPStatus.FOUND
    answer = office.post(reverse("initiative-triage-pass", args=[initiative.pk]), values)
    assert answer.status_code == HTTPStatus.FOUND
    initiative.refresh_from_db()
    assert (initiative.stage, initiative.track) == ("assessment", Track.FULL)
    for client in (office, officer, sign_in(cast.unit_lead)):
        assert client.get(page).status_code == HTTPStatus.OK


def test_strangers_and_wrong_roles_are_kept_out_of_triage(
    sign_in: SignIn, cast: Cast, other_unit_lead: User
) -> None:
    initiative = submitted(cast)
    address = reverse("initiative-triage-pass", args=[initiative.pk])
    assert sign_in(cast.unit_lead).post(address).status_code == HTTPStatus.FORBIDDEN
    page = reverse("initiative-triage", args=[initiative.pk])
    assert sign_in(other_unit_lead).get(page).status_code == HTTPStatus.NOT_FOUND
    assert sign_in(cast.portfolio_office).get(address).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_a_unit_that_has_no_sponsor_yet_names_one(cast: Cast, unit: Unit) -> None:
    initiative = start_proposal(unit, title="Half a thought", actor=cast.unit_lead)
    draft = save_draft(initiative, content={"problem": "It is slow"}, version=1, actor=cast.unit_lead)
    results = {item.key: item for item in gates.check(initiative, "G0", draft.content)}
    assert not results["sponsor"].holds
    assert results["problem"].holds
    assert results["sponsor"].supplied_by == "unit lead"


def test_going_is_one_verb_for_the_next_stage() -> None:
    assert gates.stage_after("G3", Verb.GO_WITH_CONDITIONS, "full") == "pilot"
    assert gates.stage_after("G3", Verb.HOLD, "full") is None
    assert gates.stage_after("G3", Verb.REDESIGN, "full") == "draft"


def test_a_sponsor_who_is_new_confirms_anew(cast: Cast) -> None:
    initiative = submitted(cast)
    confirm_sponsorship(initiative, sentence="Still behind it, all of us.", actor=cast.sponsor)
    classify(initiative, "risk_tier", "minimal", actor=cast.risk_officer)
    assert gates.check(initiative, "G1")[0].holds
