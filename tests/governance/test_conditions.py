"""Conditions: their owner reports, the office or finance accepts, and until then money waits."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Notification, User
from dashboards.home import waiting_for
from governance import obstacles, services, standing
from governance.models import Condition, ConditionReview, Tranche
from ledger import clock
from ledger.models import LedgerEntry
from portfolio.models import Initiative
from scoring import positions
from scoring.models import ReturnPosition
from tests.factories import SignIn
from tests.governance.conftest import (
    Cast,
    appropriated,
    first_tranche,
    light_in_decision,
    opened,
    signed,
)

REPORT: dict[str, Any] = {"evidence": "The sample of March is kept in the wiki."}


def granted(cast: Cast, *texts: str, days: int = 20) -> Initiative:
    """On the light track, decided to go with these conditions of the owner."""
    initiative = light_in_decision(cast)
    appropriated(cast, 1_000_000)
    due = clock.today() + timedelta(days)
    conditions = [
        {"text": text, "owner_id": cast.owner.pk, "due": due} for text in texts or ("Show a monthly sample.",)
    ]
    signing = opened(
        cast,
        initiative,
        40_000,
        verb="go_with_conditions",
        first_tranche=Decimal(40_000),
        conditions=conditions,
    )
    signed(signing, cast.unit_head, cast.finance)
    initiative.refresh_from_db()
    return initiative


@pytest.fixture
def condition(cast: Cast) -> Condition:
    """One of the owner's, due in twenty days."""
    return Condition.objects.get(decision__initiative=granted(cast))


def url(act: str, condition: Condition) -> str:
    """The address of an act on it."""
    return reverse(f"condition-{act}", args=[condition.pk])


def test_its_owner_reports_and_the_office_accepts(cast: Cast, sign_in: SignIn, condition: Condition) -> None:
    sign_in(cast.owner).post(url("report", condition), REPORT)
    answer = sign_in(cast.portfolio_office).post(url("review", condition), {"accept": "1"})
    assert answer.status_code == 302
    assert standing.conditions_of(condition.decision.initiative)[0].state == "fulfilled"
    acts = list(LedgerEntry.objects.order_by("-seq").values_list("act", flat=True)[:2])
    assert acts == ["condition.accepted", "condition.reported"]


def test_what_is_sent_back_says_why_and_is_reported_again(cast: Cast, condition: Condition) -> None:
    services.report_condition(condition, **REPORT, actor=cast.owner)
    with pytest.raises(Refused):
        services.review_condition(condition, accept=False, actor=cast.finance)
    services.review_condition(condition, accept=False, reason="March is missing.", actor=cast.finance)
    assert standing.conditions_of(condition.decision.initiative)[0].state == "sent back"
    assert Notification.objects.filter(recipient=cast.owner, sentence__contains="March is missing.").exists()
    services.report_condition(condition, **REPORT, actor=cast.owner)
    services.review_condition(condition, accept=True, actor=cast.finance)
    assert ConditionReview.objects.count() == 2


def test_nobody_else_reports_and_nobody_accepts_their_own(
    cast: Cast, sign_in: SignIn, condition: Condition
) -> None:
    refused = sign_in(cast.unit_lead).post(url("report", condition), REPORT)
    assert refused.status_code == 403
    assert "Olga Owner owns this condition" in refused.content.decode()
    services.report_condition(condition, **REPORT, actor=cast.owner)
    for user in (cast.owner, cast.cfo, cast.unit_lead):
        with pytest.raises(NotAllowed):
            services.review_condition(condition, accept=True, actor=user)
    assert sign_in(cast.owner).post(url("review", condition), {"accept": "1"}).status_code == 403


def test_strangers_find_no_condition(sign_in: SignIn, condition: Condition, outsider: User) -> None:
    browser = sign_in(outsider)
    assert browser.get(url("detail", condition)).status_code == 404
    assert browser.post(url("report", condition), REPORT).status_code in {403, 404}


def test_nothing_is_reported_or_accepted_twice(cast: Cast, sign_in: SignIn, condition: Condition) -> None:
    assert sign_in(cast.finance).post(url("review", condition), {"accept": "1"}).status_code == 409
    services.report_condition(condition, **REPORT, actor=cast.owner)
    assert sign_in(cast.owner).post(url("report", condition), REPORT).status_code == 409
    services.review_condition(condition, accept=True, actor=cast.finance)
    with pytest.raises(InvalidMove, match="fulfilled already"):
        services.report_condition(condition, **REPORT, actor=cast.owner)


def test_wrong_input_stays_on_the_page(cast: Cast, sign_in: SignIn, condition: Condition) -> None:
    answer = sign_in(cast.owner).post(url("report", condition), {"evidence": " "})
    assert answer.status_code == 422
    services.report_condition(condition, **REPORT, actor=cast.owner)
    answer = sign_in(cast.finance).post(url("review", condition), {"accept": "0", "reason": ""})
    assert answer.status_code == 422
    assert "Write what is missing." in answer.content.decode()


def test_get_does_nothing(cast: Cast, sign_in: SignIn, condition: Condition) -> None:
    browser = sign_in(cast.owner)
    assert browser.get(url("report", condition)).status_code == 405
    assert sign_in(cast.finance).get(url("review", condition)).status_code == 405
    assert browser.get(url("detail", condition)).status_code == 200


def test_a_condition_belongs_to_somebody_who_may_open_the_initiative(cast: Cast, outsider: User) -> None:
    initiative = light_in_decision(cast)
    appropriated(cast, 1_000_000)
    row = {"text": "Show it.", "owner_id": outsider.pk, "due": clock.today() + timedelta(9)}
    with pytest.raises(Refused) as caught:
        opened(
            cast,
            initiative,
            40_000,
            verb="go_with_conditions",
            first_tranche=Decimal(40_000),
            conditions=[row],
        )
    assert "may not open this initiative" in caught.value.errors["conditions"]


def test_an_overdue_condition_holds_money_back_and_turns_the_status_amber(
    cast: Cast, condition: Condition
) -> None:
    initiative = condition.decision.initiative
    tranche = first_tranche(initiative)
    positions.refresh_returns()
    assert ReturnPosition.objects.get(initiative=initiative).status != "amber"
    with time_machine.travel(clock.now() + timedelta(days=21)):
        with pytest.raises(InvalidMove, match="Olga Owner reports"):
            services.release_tranche(tranche, actor=cast.finance)
        positions.advance_returns()
        position = ReturnPosition.objects.get(initiative=initiative)
        assert position.status == "amber"
        assert "an overdue condition" in position.status_reasons
        services.report_condition(condition, **REPORT, actor=cast.owner)
        assert obstacles.obstacles_of(initiative)
        services.review_condition(condition, accept=True, actor=cast.finance)
        positions.refresh_returns()
        assert ReturnPosition.objects.get(initiative=initiative).status != "amber"
        services.release_tranche(tranche, actor=cast.cfo)
    assert Tranche.objects.get(pk=tranche.pk).release is not None


def test_a_condition_is_chased_before_and_after_its_day_once_each(cast: Cast, condition: Condition) -> None:
    told: list[int] = []
    start = clock.now()
    for days in (0, 13, 14, 20, 21, 21, 35, 60):
        with time_machine.travel(start + timedelta(days=days)):
            told.append(services.chase_conditions())
    assert told == [0, 1, 0, 1, 1, 0, 1, 0]
    overdue = Notification.objects.filter(subject__contains="overdue")
    assert cast.portfolio_office.pk in overdue.values_list("recipient", flat=True)


def test_home_says_what_waits_for_me(cast: Cast, condition: Condition) -> None:
    def waits(user: User) -> list[str]:
        return [item.what for item in waiting_for(user) if "condition" in item.what]

    assert waits(cast.owner) == ["Fulfil a condition"]
    assert waits(cast.finance) == []
    services.report_condition(condition, **REPORT, actor=cast.owner)
    assert waits(cast.owner) == []
    assert waits(cast.finance) == waits(cast.portfolio_office) == ["Look at a reported condition"]


def test_the_gate_page_asks_as_often_for_many_conditions_as_for_one(
    cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    initiative = granted(cast, *(f"Condition {number}." for number in range(1, 13)))
    rows = standing.conditions_of(initiative)
    with django_assert_max_num_queries(3):
        assert len(standing.conditions_of(initiative)) == len(rows) == 12
    browser = sign_in(cast.owner)
    with django_assert_max_num_queries(45):
        page = browser.get(reverse("initiative-gates", args=[initiative.pk]))
    assert page.content.decode().count("Condition 1") >= 1


def test_for_an_owner_who_left_the_owner_of_the_initiative_reports(cast: Cast, condition: Condition) -> None:
    User.objects.filter(pk=condition.owner_id).update(is_active=False)
    Initiative.objects.filter(pk=condition.decision.initiative_id).update(owner=cast.benefit_owner)
    condition = Condition.objects.get(pk=condition.pk)
    services.report_condition(condition, **REPORT, actor=cast.benefit_owner)
    assert standing.conditions_of(condition.decision.initiative)[0].state == "reported"
