"""What runs gets a changed case; what moved too far from what was decided is decided anew."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Notification, User
from governance import commitments, drift, obstacles, pack, services, standing
from governance.models import Commitment, Decision, DecisionReopening, Signature, SigningRound, Tranche
from ledger import clock
from ledger.models import LedgerEntry
from portfolio.models import Baseline, BusinessCase, Initiative
from portfolio.services import classify, confirm_sponsorship, save_draft, version_of
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import Cast, first_tranche, in_pilot, opened, signed

WHY = "The supplier raised its price."


def written(cast: Cast, initiative: Initiative, **changes: Any) -> None:
    """The draft, with other figures."""
    content = factories.proposal_content(
        owner=cast.owner, sponsor=cast.sponsor, benefit_owner=cast.benefit_owner, **changes
    )
    save_draft(initiative, content=content, version=version_of(initiative), actor=cast.unit_lead)


def changed(cast: Cast, initiative: Initiative, **changes: Any) -> BusinessCase:
    """A changed case, sent."""
    written(cast, initiative, **changes)
    case = services.change_case(initiative, reason=WHY, actor=cast.unit_lead)
    initiative.refresh_from_db()
    return case


@pytest.fixture
def running(cast: Cast) -> Initiative:
    """In its pilot: 240,000 of cost and 960,000 of benefit were decided."""
    return in_pilot(cast)


def test_a_changed_case_keeps_stage_and_baseline(cast: Cast, running: Initiative) -> None:
    case = changed(cast, running, cost=250_000)
    assert (running.stage, running.current_case, case.version) == ("pilot", case, 3)
    assert Baseline.objects.filter(initiative=running).count() == 1
    assert drift.reopened(running) is None
    assert obstacles.obstacles_of(running) == []
    # What the decision on the case before granted still counts.
    assert commitments.granted(case) == 100_000
    assert LedgerEntry.objects.order_by("-seq")[0].act == "case.changed"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"cost": 264_000}, None),  # 10 % and not more
        ({"cost": Decimal("264000.02")}, None),  # more than 10 %, but not 25 k
        ({"cost": 265_000}, None),  # 25 k and not more
        ({"cost": Decimal("265000.02")}, "whole_life_cost"),
        ({"benefit": 721_000}, None),
        ({"benefit": 720_000}, "cash_benefit"),
    ],
)
def test_what_is_a_material_change(
    cast: Cast, running: Initiative, changes: dict[str, Any], key: str | None
) -> None:
    written(cast, running, **changes)
    now = BusinessCase(
        currency="USD",
        whole_life_cost=Decimal(changes.get("cost", 240_000)),
        cash_benefit=Decimal(changes.get("benefit", 960_000)),
    )
    decided = Decision.objects.get(initiative=running).case
    assert decided is not None
    found = drift.material_changes(decided, now, Decimal(1), drift.thresholds(1))
    assert [change.key for change in found] == ([key] if key else [])


def test_small_changes_add_up(cast: Cast, running: Initiative) -> None:
    changed(cast, running, cost=260_000)
    assert drift.reopened(running) is None
    changed(cast, running, cost=280_000)
    reopening = drift.reopened(running)
    assert reopening is not None
    assert "17\u202f% and 40\u202f000.00 USD up" in reopening.reason


def test_a_reopened_decision_is_told_and_holds_money_back_until_it_is_taken_anew(
    cast: Cast, running: Initiative
) -> None:
    services.release_tranche(first_tranche(running), actor=cast.finance)
    changed(cast, running, cost=300_000)
    told = Notification.objects.filter(subject__contains="decided anew").values_list("recipient", flat=True)
    assert {cast.cfo.pk, cast.portfolio_office.pk, cast.finance.pk, cast.owner.pk} <= set(told)
    second = Tranche.objects.get(initiative=running, number=2)
    with pytest.raises(InvalidMove, match="decided anew"):
        services.release_tranche(second, actor=cast.finance)
    with pytest.raises(Refused):
        # Going on to the next gate waits as well: it is G3 that is decided on.
        opened(cast, running, 300_000, first_tranche=Decimal(300_000))
    signing = opened(cast, running, 0)
    assert (signing.gate, signing.content["case"]["whole_life_cost"]) == ("G3", "300000")
    signed(signing, cast.cfo)
    running.refresh_from_db()
    assert running.stage == "pilot"
    assert drift.reopened(running) is None
    assert obstacles.obstacles_of(running) == []
    # Only a decision replaces the baseline; the first one stays.
    assert Baseline.objects.filter(initiative=running).count() == 2
    assert sum(Commitment.objects.values_list("amount", flat=True)) == 100_000
    services.request_tranche(second, evidence="Half of the tickets are sorted.", actor=cast.unit_lead)
    services.release_tranche(second, actor=cast.finance)


def test_the_authority_for_the_new_total_decides(cast: Cast, running: Initiative) -> None:
    before = SigningRound.objects.get(initiative=running).step
    changed(cast, running, cost=1_200_000)
    signing = opened(cast, running, 50_000, first_tranche=Decimal(5_000))
    assert signing.step.position > before.position
    with pytest.raises(NotAllowed):
        signed(signing, cast.unit_head)
    signed(signing, cast.cfo, cast.ceo)
    assert Decision.objects.filter(initiative=running, gate="G3").count() == 2
    assert sum(Commitment.objects.values_list("amount", flat=True)) == 150_000


def test_more_than_the_changed_case_costs_is_not_granted(cast: Cast, running: Initiative) -> None:
    changed(cast, running, cost=300_000)
    with pytest.raises(Refused) as caught:
        opened(cast, running, 200_001, first_tranche=Decimal(1_000))
    assert "up to 200\u202f000.00" in caught.value.errors["amount"]


def test_a_higher_tier_reopens_by_the_daily_job(cast: Cast, running: Initiative) -> None:
    classify(running, "risk_tier", "high", reason="It sorts people.", actor=cast.risk_officer)
    assert drift.reopen_changed() == 1
    assert drift.reopen_changed() == 0
    reopening = DecisionReopening.objects.get(initiative=running)
    assert [change["key"] for change in reopening.changes] == ["risk_tier"]


def test_a_new_sponsor_confirms_within_thirty_days(cast: Cast, running: Initiative) -> None:
    new = factories.make_user("Nora Newsponsor", home_unit=cast.unit)
    cast.sponsor = new
    changed(cast, running)
    assert Notification.objects.filter(recipient=new, subject__contains="sponsorship").exists()
    assert obstacles.obstacles_of(running) == []
    with time_machine.travel(clock.now() + timedelta(days=31)):
        with pytest.raises(InvalidMove, match="Nora Newsponsor has not confirmed"):
            services.release_tranche(first_tranche(running), actor=cast.finance)
        confirm_sponsorship(running, sentence="I stand behind it now.", actor=new)
        running.refresh_from_db()
        assert obstacles.obstacles_of(running) == []


# The act, case by case -----------------------------------------------------------------------


def test_the_unit_sends_a_changed_case(cast: Cast, sign_in: SignIn, running: Initiative) -> None:
    written(cast, running, cost=250_000)
    browser, url = sign_in(cast.unit_lead), reverse("case-change", args=[running.pk])
    page = browser.get(url).content.decode()
    assert "240\u202f000.00 becomes 250\u202f000.00" in page
    assert browser.post(url, {"reason": " "}).status_code == 422
    assert browser.post(url, {"reason": WHY}).status_code == 302
    assert browser.post(url, {"reason": WHY}).status_code == 409


def test_others_do_not_send_it(
    cast: Cast, sign_in: SignIn, running: Initiative, outsider: User, other_unit_lead: User
) -> None:
    url = reverse("case-change", args=[running.pk])
    for user in (cast.owner, cast.cfo, cast.portfolio_office):
        assert sign_in(user).post(url, {"reason": WHY}).status_code == 403
    assert sign_in(outsider).post(url, {"reason": WHY}).status_code == 403
    assert sign_in(other_unit_lead).post(url, {"reason": WHY}).status_code == 404


def test_a_changed_case_waits_for_an_open_round_and_keeps_its_currency(
    cast: Cast, running: Initiative
) -> None:
    changed(cast, running, cost=300_000)
    opened(cast, running, 0)
    written(cast, running, cost=310_000)
    with pytest.raises(InvalidMove, match="signing round is open"):
        services.change_case(running, reason=WHY, actor=cast.unit_lead)


# The page ------------------------------------------------------------------------------------


def test_a_decision_stands_beside_what_is_now(cast: Cast, sign_in: SignIn, running: Initiative) -> None:
    decision = Decision.objects.get(initiative=running)
    changed(cast, running, cost=300_000, problem="It got worse.")
    beside = standing.beside(standing.decisions_open_to(cast.cfo).get(pk=decision.pk))
    marked = {row.label for row in [*beside.figures, *beside.lines, *beside.fields] if row.is_changed}
    assert {"Whole-life cost", "Case version", "Problem", "Cost: people", "Cost: licence"} <= marked
    assert not {"Cash benefit", "Title", "Risk tier", "Score, low end"} & marked
    assert beside.hash_holds
    assert beside.case_hash_holds
    assert [(row.by, same) for row, same in beside.signatures] == [(cast.cfo, True)]
    page = sign_in(cast.cfo).get(reverse("decision-detail", args=[decision.pk])).content.decode()
    assert "Material changes" in page
    assert "Reopened:" in page


def test_a_pack_that_was_tampered_with_is_said_to_be(cast: Cast, running: Initiative) -> None:
    decision = standing.decisions_open_to(cast.cfo).get(initiative=running)
    assert decision.signing is not None
    decision.signing.content["amount"] = "1"
    assert pack.hash_of(decision.signing.content) != decision.content_hash
    assert not standing.beside(decision).hash_holds


def test_strangers_find_no_decision(sign_in: SignIn, running: Initiative, outsider: User) -> None:
    decision = Decision.objects.get(initiative=running)
    assert sign_in(outsider).get(reverse("decision-detail", args=[decision.pk])).status_code == 404
    assert Signature.objects.exists()


def test_the_initiative_says_that_it_is_reopened_and_who_acts(
    cast: Cast, sign_in: SignIn, running: Initiative
) -> None:
    changed(cast, running, cost=300_000)
    page = sign_in(cast.portfolio_office).get(running.get_absolute_url()).content.decode()
    assert "Its decision at G3 is reopened" in page
    form = sign_in(cast.portfolio_office).get(reverse("signing-open", args=[running.pk])).content.decode()
    assert "confirms it without more money" in form


def test_a_higher_tier_reopens_at_once_where_it_is_set(
    cast: Cast, sign_in: SignIn, running: Initiative
) -> None:
    typed = {"tier-tier": "high", "tier-reason": "It sorts people."}
    answer = sign_in(cast.risk_officer).post(reverse("risk-tier-set", args=[running.pk]), typed)
    assert answer.status_code == 302
    assert DecisionReopening.objects.filter(initiative=running).exists()
