"""Notify, light and full: who may go which way, and what each way never does."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.errors import Incomplete, InvalidMove, NotAllowed, Refused
from governance import drift, gates, services
from ledger import clock
from ledger.services import record
from portfolio.models import Initiative, Link
from portfolio.services import classify, post, save_draft, version_of
from scoring import positions
from scoring.models import ReturnPosition
from tests import factories
from tests.governance.conftest import (
    Cast,
    appropriated,
    in_pilot,
    light_in_decision,
    opened,
    signed,
    submitted,
)


def notified(cast: Cast, **changes: Any) -> Initiative:
    """Registered and in use, without a decision."""
    values: dict[str, Any] = {"tier": "minimal", "cost": 8_000, "benefit": 30_000} | changes
    initiative = submitted(cast, **values)
    gates.triage(initiative, track="notify", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    return initiative


def linked(initiative: Initiative, other: Initiative) -> None:
    """It depends on the other one."""
    with record("link.added", actor=None) as act:
        act.add(
            Link,
            initiative=initiative,
            other=other,
            kind=Link.Kind.DEPENDS_ON,
            explanation="Another use of it.",
        )


@pytest.mark.parametrize(
    ("unit_limit", "most"), [(50_000, 10_000), (5_000, 1_000), (100_000, 10_000), (0, 0)]
)
def test_what_is_notified_is_never_over_a_fifth_of_the_unit_limit(unit_limit: int, most: int) -> None:
    assert gates.notify_limit(Decimal(unit_limit)) == most


def test_another_use_of_an_approved_product_is_notified_up_to_the_unit_limit(cast: Cast) -> None:
    product = in_pilot(cast, title="The product")
    other = submitted(cast, cost=50_000, title="Another use")
    linked(other, product)
    assert gates.why_not_track(other, "notify")  # it is not in operation yet
    Initiative.objects.filter(pk=product.pk).update(stage="operating")
    assert gates.why_not_track(other, "notify") == ""
    classify(other, "risk_tier", "high", actor=cast.risk_officer)
    other.refresh_from_db()
    assert "high tier" in gates.why_not_track(other, "notify")
    Initiative.objects.filter(pk=product.pk).update(track="notify")
    classify(other, "risk_tier", "limited", actor=cast.risk_officer)
    other.refresh_from_db()
    # Nobody approved what was only notified.
    assert "minimal risk" in gates.why_not_track(other, "notify")


def test_what_is_notified_has_no_decision_no_outcome_and_no_overrun(cast: Cast) -> None:
    initiative = notified(cast)
    appropriated(cast, 100_000)
    with pytest.raises(InvalidMove, match="in operation"):
        opened(cast, initiative, 8_000)
    with pytest.raises(InvalidMove, match="no outcome"):
        services.set_outcome(initiative, outcome="met", reason="It works.", actor=cast.cfo)
    post(
        initiative,
        service_month=clock.today().replace(day=1),
        amount=Decimal(90_000),
        currency="USD",
        category="licence",
        actor=cast.finance,
    )
    positions.refresh_returns()
    assert ReturnPosition.objects.get(initiative=initiative).status == ""
    assert drift.reopen_changed() == 0


def test_it_is_called_in_later_only_when_the_track_no_longer_fits(cast: Cast) -> None:
    initiative = notified(cast)
    with time_machine.travel(clock.now() + timedelta(days=11)):
        with pytest.raises(InvalidMove, match="10 days"):
            services.call_in(initiative, reason="Too late", actor=cast.portfolio_office)
        content = factories.proposal_content(
            owner=cast.owner, sponsor=cast.sponsor, benefit_owner=cast.benefit_owner, cost=20_000
        )
        save_draft(initiative, content=content, version=version_of(initiative), actor=cast.unit_lead)
        services.change_case(initiative, reason="More users.", actor=cast.unit_lead)
        initiative.refresh_from_db()
        services.call_in(initiative, reason="It grew.", actor=cast.portfolio_office)
        initiative.refresh_from_db()
        assert initiative.stage == "submitted"
        with pytest.raises(Incomplete):
            gates.triage(initiative, track="notify", actor=cast.portfolio_office)
        gates.triage(initiative, track="light", actor=cast.portfolio_office)


def test_a_tier_that_went_up_before_the_decision_takes_the_full_track(cast: Cast) -> None:
    initiative = light_in_decision(cast)
    appropriated(cast, 1_000_000)
    classify(initiative, "risk_tier", "high", actor=cast.risk_officer)
    initiative.refresh_from_db()
    with pytest.raises(Refused) as caught:
        opened(cast, initiative, 40_000, first_tranche=Decimal(40_000))
    assert "send it back for redesign" in caught.value.errors["verb"]
    opened(cast, initiative, 0, verb="redesign", first_tranche=Decimal(0))


def test_what_outgrows_the_light_track_while_it_runs_is_decided_by_the_authority_for_it(cast: Cast) -> None:
    initiative = light_in_decision(cast)
    appropriated(cast, 1_000_000)
    signed(opened(cast, initiative, 40_000, first_tranche=Decimal(40_000)), cast.unit_head, cast.finance)
    initiative.refresh_from_db()
    assert gates.review_due(initiative) == initiative.stage_since.date() + timedelta(days=183)
    content = factories.proposal_content(
        owner=cast.owner, sponsor=cast.sponsor, benefit_owner=cast.benefit_owner, cost=300_000
    )
    save_draft(initiative, content=content, version=version_of(initiative), actor=cast.unit_lead)
    services.change_case(initiative, reason="It is for all.", actor=cast.unit_lead)
    initiative.refresh_from_db()
    signing = opened(cast, initiative, 100_000, first_tranche=Decimal(100_000))
    assert signing.gate == "G3"
    with pytest.raises(NotAllowed):
        signed(signing, cast.unit_head)
    signed(signing, cast.cfo)
    initiative.refresh_from_db()
    assert initiative.stage == "scaling"
    assert drift.reopened(initiative) is None
