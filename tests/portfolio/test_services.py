"""The acts of the portfolio: works, wrong role, wrong state, wrong input."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from accounts.errors import Changed, InvalidMove, NotAllowed, Refused
from accounts.models import Unit, User
from config.constraints import DONE_ALREADY, sentence_of
from ledger import clock
from ledger.models import LedgerEntry, Stale
from ledger.services import record
from portfolio import services
from portfolio.models import CaseDraftEdit, Initiative, PeriodClose, Posting, RateSetConfirmation
from portfolio.selectors import open_month
from tests.factories import draft, month, piloting

pytestmark = pytest.mark.django_db


def test_a_proposal_starts_with_a_reference_of_its_year(unit: Unit, unit_lead: User) -> None:
    first = services.start_proposal(unit, title="Sort tickets", actor=unit_lead)
    second = services.start_proposal(unit, title="Match invoices", actor=unit_lead)
    year = clock.today().year
    assert (first.reference, second.reference) == (f"AI-{year}-0001", f"AI-{year}-0002")
    assert first.draft.content["title"] == "Sort tickets"


def test_nobody_starts_a_proposal_for_another_unit(other_unit: Unit, unit_lead: User) -> None:
    with pytest.raises(NotAllowed, match="Start a proposal"):
        services.start_proposal(other_unit, title="Sort tickets", actor=unit_lead)


def test_a_proposal_needs_a_title(unit: Unit, unit_lead: User) -> None:
    with pytest.raises(Refused):
        services.start_proposal(unit, title="  ", actor=unit_lead)


def test_the_second_of_two_people_to_save_sees_what_changed(
    unit: Unit, unit_lead: User, contributor: User
) -> None:
    initiative = services.start_proposal(unit, title="Sort tickets", actor=unit_lead)
    services.save_draft(initiative, content={"problem": "Theirs"}, version=1, actor=contributor)
    with pytest.raises(Changed) as refusal:
        services.save_draft(initiative, content={"problem": "Mine"}, version=1, actor=unit_lead)
    assert [(change["key"], change["after"]) for change in refusal.value.details["changes"]] == [
        ("problem", "Theirs")
    ]
    saved = services.save_draft(
        initiative, content={"problem": "Mine"}, version=refusal.value.details["version"], actor=unit_lead
    )
    assert saved.content["problem"] == "Mine"
    assert [edit.content["problem"] for edit in CaseDraftEdit.objects.order_by("version")] == [
        "",
        "Theirs",
        "Mine",
    ]


def test_an_impossible_value_is_not_saved(unit: Unit, unit_lead: User) -> None:
    initiative = services.start_proposal(unit, title="Sort tickets", actor=unit_lead)
    with pytest.raises(Refused) as refusal:
        services.save_draft(initiative, content={"cost_low": "lots"}, version=1, actor=unit_lead)
    assert list(refusal.value.errors) == ["cost_low"]
    initiative.draft.refresh_from_db()
    assert initiative.draft.version == 1


def test_a_stranger_may_not_write_a_draft(unit: Unit, unit_lead: User, outsider: User) -> None:
    initiative = services.start_proposal(unit, title="Sort tickets", actor=unit_lead)
    with pytest.raises(NotAllowed):
        services.save_draft(initiative, content={"problem": "x"}, version=1, actor=outsider)


def test_a_typed_posting_is_in_the_ledger_and_marks_the_return(
    content: dict[str, Any], finance: User
) -> None:
    initiative = piloting(content)
    before = Stale.objects.get(kind="return", subject=initiative.pk).last_seq
    posting = services.post(
        initiative,
        service_month=clock.today(),
        amount=Decimal("125.50"),
        currency="USD",
        category="cloud",
        actor=finance,
    )
    assert posting.by_hand == finance
    assert posting.service_month.day == 1
    assert LedgerEntry.objects.filter(act="posting.added", object_id=str(initiative.pk)).count() == 1
    assert Stale.objects.get(kind="return", subject=initiative.pk).last_seq > before


def test_a_posting_in_a_currency_without_rate_is_refused(content: dict[str, Any], finance: User) -> None:
    initiative = piloting(content)
    with pytest.raises(Refused, match="CHF"):
        services.post(
            initiative,
            service_month=clock.today(),
            amount=Decimal(1),
            currency="CHF",
            category="cloud",
            actor=finance,
        )
    assert not Posting.objects.exists()


def test_a_late_posting_is_booked_in_the_open_month(finance: User, content: dict[str, Any]) -> None:
    initiative = piloting(content)
    last = clock.today().replace(day=1) - timedelta(days=1)
    services.close_period(last, actor=finance)
    posting = services.post(
        initiative, service_month=last, amount=Decimal(1), currency="USD", category="cloud", actor=finance
    )
    assert posting.service_month == last.replace(day=1)
    assert posting.booked_month == clock.today().replace(day=1)


def test_a_month_is_closed_once(finance: User) -> None:
    last = clock.today().replace(day=1) - timedelta(days=1)
    services.close_period(last, actor=finance)
    with pytest.raises(InvalidMove):
        services.close_period(last, actor=finance)
    assert PeriodClose.objects.count() == 1


def test_the_running_month_can_not_be_closed(finance: User) -> None:
    with pytest.raises(Refused):
        services.close_period(clock.today(), actor=finance)


def test_the_open_month_follows_the_last_close_over_a_year(finance: User) -> None:
    services.close_period(date(2025, 12, 1), actor=finance)
    assert open_month(date(2025, 3, 9)) == date(2026, 1, 1)
    assert open_month(date(2026, 3, 9)) == date(2026, 3, 1)


def test_a_claim_is_attested_by_somebody_else_for_at_most_its_amount(
    content: dict[str, Any], unit_lead: User, finance: User
) -> None:
    initiative = piloting(content)
    claim = services.claim_benefit(
        initiative,
        line_key="saving",
        month=clock.today(),
        amount=Decimal(500),
        evidence="Hours",
        actor=unit_lead,
    )
    with pytest.raises(Refused):
        services.attest(claim, amount=Decimal("500.01"), where_it_shows="CC 4711", actor=finance)
    with pytest.raises(NotAllowed):
        services.attest(claim, amount=Decimal(500), where_it_shows="CC 4711", actor=unit_lead)
    attestation = services.attest(claim, amount=Decimal(400), where_it_shows="CC 4711", actor=finance)
    assert attestation.amount == Decimal(400)
    with pytest.raises(InvalidMove):
        services.attest(claim, amount=Decimal(400), where_it_shows="CC 4711", actor=finance)


def test_a_second_claim_for_a_month_corrects_the_first(content: dict[str, Any], unit_lead: User) -> None:
    initiative = piloting(content)
    values: dict[str, Any] = {
        "line_key": "saving",
        "month": clock.today(),
        "evidence": "Hours",
        "actor": unit_lead,
    }
    first = services.claim_benefit(initiative, amount=Decimal(500), **values)
    second = services.claim_benefit(initiative, amount=Decimal(300), **values)
    assert second.replaces == first


def test_a_hold_is_placed_once_and_lifted(content: dict[str, Any], portfolio_office: User) -> None:
    initiative = piloting(content)
    until = clock.today() + timedelta(days=30)
    services.place_hold(initiative, until=until, reason="Supplier is late", actor=portfolio_office)
    with pytest.raises(InvalidMove):
        services.place_hold(initiative, until=until, reason="Supplier is late", actor=portfolio_office)
    services.lift_hold(initiative, reason="Supplier delivered", actor=portfolio_office)
    initiative.refresh_from_db()
    assert initiative.on_hold is False


def test_a_service_account_acts_as_its_person(content: dict[str, Any], integrator: User) -> None:
    initiative = draft(content)
    assert initiative.reference
    assert Initiative.objects.open_to(integrator).filter(pk=initiative.pk).exists()
    assert month()


def test_of_two_who_confirm_at_once_the_second_reads_a_sentence(finance: User, cfo: User) -> None:
    rates = services.propose_rates(
        name="Planning rates", fiscal_year=2026, rates={"EUR": "1.08"}, source="", actor=finance
    )
    services.confirm_rates(rates, actor=cfo)
    # What the slower one of the two comes to: past the check, refused by the database.
    with pytest.raises(IntegrityError) as refused, record("rates.confirmed", actor=cfo) as act:
        act.add(RateSetConfirmation, rate_set=rates, by=cfo)
    assert sentence_of(refused.value) == DONE_ALREADY


def test_rates_need_a_second_person(finance: User, cfo: User) -> None:
    rates = services.propose_rates(
        name="Planning rates", fiscal_year=clock.today().year, rates={"EUR": "1.08"}, source="", actor=finance
    )
    with pytest.raises(NotAllowed):
        services.confirm_rates(rates, actor=finance)
    services.confirm_rates(rates, actor=cfo)
    with pytest.raises(Refused):
        services.propose_rates(name="x", fiscal_year=2026, rates={"EUR": "-1"}, source="", actor=finance)
