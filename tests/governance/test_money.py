"""Where the money of a decision goes: years, envelopes, forward, released, freed."""

from datetime import date
from decimal import Decimal
from http import HTTPStatus

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.errors import EnvelopeExceeded, InvalidMove, NotAllowed, Refused
from accounts.models import Role, Unit, User
from governance import balances, commitments, selectors, services
from governance.models import Commitment, Envelope, EnvelopeBalance, EnvelopeChange, Tranche
from ledger import clock
from portfolio.case import add_months
from portfolio.models import Initiative, OutcomeSet
from portfolio.services import place_hold, post
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import (
    Cast,
    appropriated,
    first_tranche,
    in_decision,
    in_pilot,
    opened,
    proposed_change,
    signed,
)

THIS_YEAR = clock.today().year


def year_sums(initiative: Initiative) -> dict[tuple[int, bool], Decimal]:
    """What is committed by fiscal year, in envelopes and forward."""
    sums: dict[tuple[int, bool], Decimal] = {}
    for row in Commitment.objects.filter(initiative=initiative):
        key = (row.fiscal_year, row.envelope_id is not None)
        sums[key] = sums.get(key, Decimal(0)) + row.amount
    return {key: amount for key, amount in sums.items() if amount}


def all_balances_hold() -> bool:
    """Whether every balance is what its facts say."""
    return all(not balances.rebuild_balance(envelope) for envelope in Envelope.objects.all())


# By year -------------------------------------------------------------------------------------


@given(
    costs=st.lists(st.integers(0, 10**9), min_size=1, max_size=48),
    before=st.integers(0, 10**9),
    amount=st.integers(1, 10**10),
)
def test_the_years_of_an_amount_add_up_to_it(costs: list[int], before: int, amount: int) -> None:
    months = [(add_months(date(2026, 4, 1), n), Decimal(cost)) for n, cost in enumerate(costs)]
    weights = commitments.weights_by_year(
        months, before=Decimal(before), amount=Decimal(amount), on=date(2026, 11, 22)
    )
    assert sum(weights.values()) == amount
    assert min(weights) >= 2026
    assert all(weight > 0 for weight in weights.values())


def test_the_first_money_covers_the_first_months() -> None:
    months = [
        (date(2026, 11, 1), Decimal(10)),
        (date(2026, 12, 1), Decimal(10)),
        (date(2027, 1, 1), Decimal(10)),
    ]
    on = date(2026, 11, 22)
    first = commitments.weights_by_year(months, before=Decimal(0), amount=Decimal(15), on=on)
    assert first == {2026: Decimal(15)}
    then = commitments.weights_by_year(months, before=Decimal(15), amount=Decimal(15), on=on)
    assert then == {2026: Decimal(5), 2027: Decimal(10)}


# Envelopes -----------------------------------------------------------------------------------


def test_the_nearest_envelope_upward_is_charged(cast: Cast, group: Unit) -> None:
    above = appropriated(cast, 500_000, unit=group)
    near = appropriated(cast, 500_000)
    signed(opened(cast, in_decision(cast), 100_000), cast.cfo)
    assert EnvelopeBalance.objects.get(envelope=above).committed == 0
    assert EnvelopeBalance.objects.get(envelope=near).committed > 0


def test_a_year_without_an_envelope_is_forward_and_taken_up_in_order(cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    one = in_decision(cast, title="One")
    two = in_decision(cast, title="Two")
    for initiative in (one, two):
        signed(opened(cast, initiative, 240_000, first_tranche=Decimal(72_000)), cast.cfo)
    forward = {
        row.fiscal_year: row.amount
        for row in selectors.forward_commitments()
        if row.reference == one.reference
    }
    due = forward[THIS_YEAR + 1]
    envelope = appropriated(cast, due + 1, fiscal_year=THIS_YEAR + 1)
    assert year_sums(one)[THIS_YEAR + 1, True] == due
    assert (THIS_YEAR + 1, False) not in year_sums(one)
    assert year_sums(two)[THIS_YEAR + 1, True] == 1
    assert year_sums(two)[THIS_YEAR + 1, False] == due - 1
    assert EnvelopeBalance.objects.get(envelope=envelope).committed == due + 1
    more = proposed_change(cast, 5, fiscal_year=THIS_YEAR + 1, kind="supplement")
    services.confirm_envelope_change(more, actor=cast.cfo)
    assert year_sums(two)[THIS_YEAR + 1, True] == 6
    for initiative in (one, two):
        rows = Commitment.objects.filter(initiative=initiative)
        assert sum(row.amount for row in rows) == Decimal(240_000)
    assert all_balances_hold()


def test_an_envelope_counts_once_a_second_person_confirmed_it(cast: Cast) -> None:
    change = proposed_change(cast, 1_000)
    assert EnvelopeBalance.objects.get(envelope=change.envelope).appropriated == 0
    with pytest.raises(NotAllowed):
        services.confirm_envelope_change(change, actor=cast.finance)
    services.confirm_envelope_change(change, actor=cast.cfo)
    assert EnvelopeBalance.objects.get(envelope=change.envelope).appropriated == 1_000
    with pytest.raises(InvalidMove, match="confirmed already"):
        services.confirm_envelope_change(change, actor=cast.cfo)


def test_the_proposer_does_not_confirm(cast: Cast) -> None:
    factories.grant(cast.cfo, Role.FINANCE, cast.unit)
    cast.finance = cast.cfo
    change = proposed_change(cast, 1_000)
    with pytest.raises(NotAllowed, match="You proposed this change"):
        services.confirm_envelope_change(change, actor=cast.cfo)


def test_an_envelope_never_falls_below_what_is_committed(cast: Cast) -> None:
    in_pilot(cast)
    committed = EnvelopeBalance.objects.get().committed
    change = proposed_change(cast, Decimal(5_000_000) - committed + Decimal("0.01"), kind="reduction")
    with pytest.raises(InvalidMove, match="can't fall below"):
        services.confirm_envelope_change(change, actor=cast.cfo)
    change = proposed_change(cast, Decimal(5_000_000) - committed, kind="reduction")
    services.confirm_envelope_change(change, actor=cast.cfo)
    assert EnvelopeBalance.objects.get().room == 0


@pytest.mark.parametrize(
    ("amount", "field"), [(Decimal(0), "amount"), (Decimal("0.001"), "amount"), (Decimal(-5), "amount")]
)
def test_an_impossible_appropriation_is_refused(cast: Cast, amount: Decimal, field: str) -> None:
    with pytest.raises(Refused) as caught:
        proposed_change(cast, amount)
    assert list(caught.value.errors) == [field]


def test_a_child_and_its_parent_show_own_sums_and_sums_together(cast: Cast, group: Unit) -> None:
    appropriated(cast, 300, unit=group)
    appropriated(cast, 200)
    rows = {row["unit_id"]: row for row in selectors.envelope_positions(THIS_YEAR)}
    assert rows[group.pk]["appropriated"] == 300
    assert rows[group.pk]["appropriated_with_children"] == 500
    assert rows[cast.unit.pk]["room"] == 200
    assert [row["unit_id"] for row in selectors.envelope_positions(THIS_YEAR, cast.unit)] == [cast.unit.pk]


# Tranches ------------------------------------------------------------------------------------


def test_tranches_are_released_in_order_and_once(cast: Cast) -> None:
    initiative = in_pilot(cast)
    one, two = Tranche.objects.filter(initiative=initiative).order_by("number")[:2]
    with pytest.raises(InvalidMove, match="earlier tranche"):
        services.release_tranche(two, actor=cast.finance)
    services.release_tranche(one, actor=cast.finance)
    with pytest.raises(InvalidMove, match="released already"):
        services.release_tranche(one, actor=cast.cfo)
    assert EnvelopeBalance.objects.get().released == one.amount
    assert all_balances_hold()


def test_a_forward_tranche_waits_for_its_envelope(cast: Cast) -> None:
    initiative = in_pilot(cast)
    for tranche in Tranche.objects.filter(initiative=initiative).order_by("number"):
        year = tranche.due_on.year
        services.request_tranche(tranche, evidence="The first group uses it", actor=cast.unit_lead)
        if year > THIS_YEAR and not Envelope.objects.filter(fiscal_year=year).exists():
            with pytest.raises(EnvelopeExceeded):
                services.release_tranche(tranche, actor=cast.finance)
            appropriated(cast, 1_000_000, fiscal_year=year)
        services.release_tranche(tranche, actor=cast.finance)
    assert sum(row.released for row in EnvelopeBalance.objects.all()) == Decimal(100_000)
    assert all_balances_hold()


def test_whoever_posted_by_hand_does_not_release(cast: Cast) -> None:
    initiative = in_pilot(cast)
    post(
        initiative,
        service_month=clock.today(),
        amount=Decimal(5),
        currency="USD",
        category="people",
        actor=cast.finance,
    )
    with pytest.raises(NotAllowed, match="by hand"):
        services.release_tranche(first_tranche(initiative), actor=cast.finance)
    services.release_tranche(first_tranche(initiative), actor=cast.cfo)


def test_nothing_is_released_on_hold(cast: Cast) -> None:
    initiative = in_pilot(cast)
    until = clock.today().replace(year=THIS_YEAR + 1)
    place_hold(initiative, until=until, reason="A supplier failed", actor=cast.portfolio_office)
    with pytest.raises(InvalidMove, match="on hold"):
        services.release_tranche(first_tranche(initiative), actor=cast.finance)


def test_a_unit_lead_asks_and_finance_releases_on_the_page(sign_in: SignIn, cast: Cast) -> None:
    initiative = in_pilot(cast)
    tranche = first_tranche(initiative)
    asking = sign_in(cast.unit_lead)
    assert asking.get(reverse("tranche-detail", args=[tranche.pk])).status_code == HTTPStatus.OK
    answer = asking.post(
        reverse("tranche-request", args=[tranche.pk]), {"evidence": "The first group uses it"}
    )
    assert answer.status_code == HTTPStatus.FOUND
    assert asking.post(reverse("tranche-release", args=[tranche.pk])).status_code == HTTPStatus.FORBIDDEN
    releasing = sign_in(cast.finance)
    assert b"The first group uses it" in releasing.get(reverse("tranche-release", args=[tranche.pk])).content
    assert releasing.post(reverse("tranche-release", args=[tranche.pk]), {}).status_code == HTTPStatus.FOUND
    assert (
        releasing.post(reverse("tranche-release", args=[tranche.pk]), {}).status_code == HTTPStatus.CONFLICT
    )


# Stopping ------------------------------------------------------------------------------------


def test_stopping_frees_what_is_not_released(cast: Cast) -> None:
    initiative = in_pilot(cast)
    services.release_tranche(first_tranche(initiative), actor=cast.finance)
    with pytest.raises(NotAllowed):
        services.stop(initiative, reason="Too slow", actor=cast.cfo)
    services.stop(initiative, reason="Too slow", actor=cast.ceo)
    initiative.refresh_from_db()
    assert (initiative.closed_kind, initiative.outcome) == ("stopped", "stopped_early")
    released = first_tranche(initiative).amount
    assert sum(row.amount for row in Commitment.objects.all()) == released
    balance = EnvelopeBalance.objects.get()
    assert balance.committed == balance.released == released
    assert selectors.forward_commitments() == []
    assert OutcomeSet.objects.count() == 1
    assert all_balances_hold()


def test_a_decision_to_stop_before_any_money_rejects_it(cast: Cast) -> None:
    initiative = in_decision(cast)
    signing = services.open_signing(
        initiative, verb="stop", reason="Others do it better", actor=cast.portfolio_office
    )
    signed(signing, cast.cfo)
    initiative.refresh_from_db()
    assert (initiative.closed_kind, initiative.outcome) == ("rejected", "")


def test_a_redesign_frees_the_money_and_goes_back_to_draft(cast: Cast) -> None:
    initiative = in_pilot(cast)
    signing = services.open_signing(
        initiative, verb="redesign", reason="Wrong users", actor=cast.portfolio_office
    )
    signed(signing, cast.cfo)
    initiative.refresh_from_db()
    assert (initiative.stage, initiative.closed_kind) == ("draft", "")
    assert sum(row.amount for row in Commitment.objects.all()) == 0
    assert all_balances_hold()


def test_a_hold_is_decided_with_its_day(cast: Cast) -> None:
    initiative = in_decision(cast)
    until = clock.today().replace(year=THIS_YEAR + 1)
    signing = services.open_signing(
        initiative, verb="hold", reason="Wait for the supplier", hold_until=until, actor=cast.portfolio_office
    )
    signed(signing, cast.cfo)
    initiative.refresh_from_db()
    assert initiative.on_hold
    assert initiative.holds.get().until == until


def test_a_merger_closes_it_and_links_it(cast: Cast) -> None:
    initiative, other = in_decision(cast), in_decision(cast, title="The larger one")
    signing = services.open_signing(
        initiative, verb="merge", reason="The same users", merge_into=other, actor=cast.portfolio_office
    )
    signed(signing, cast.cfo)
    initiative.refresh_from_db()
    assert initiative.closed_kind == "merged"
    assert initiative.links.get().other == other


def test_conditions_are_kept_with_their_owner_and_day(cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    initiative = in_decision(cast)
    day = clock.today().replace(year=THIS_YEAR + 1)
    condition = {"text": "Show the first group", "owner_id": cast.owner.pk, "due": day}
    with pytest.raises(Refused):
        opened(cast, initiative, 100_000, verb="go_with_conditions")
    signed(opened(cast, initiative, 100_000, verb="go_with_conditions", conditions=[condition]), cast.cfo)
    kept = initiative.decisions.get().conditions.get()
    assert (kept.text, kept.owner, kept.due_on) == ("Show the first group", cast.owner, day)


def test_the_unit_withdraws_before_the_money(cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    initiative = in_decision(cast)
    signing = opened(cast, initiative, 100_000)
    services.withdraw(initiative, reason="We found a product", actor=cast.unit_lead)
    initiative.refresh_from_db()
    signing.refresh_from_db()
    assert initiative.closed_kind == "withdrawn"
    assert not signing.is_open


# The pages -----------------------------------------------------------------------------------


def test_finance_proposes_and_the_cfo_confirms_on_the_page(
    sign_in: SignIn, cast: Cast, auditor: User
) -> None:
    values = {
        "unit": cast.unit.pk,
        "fiscal_year": THIS_YEAR,
        "kind": "appropriation",
        "amount": "1,000",
        "reason": "Plan",
    }
    asking = sign_in(cast.finance)
    assert asking.post(reverse("envelope-propose"), values | {"amount": "x"}).status_code == 422
    assert asking.post(reverse("envelope-propose"), values).status_code == HTTPStatus.FOUND
    change = EnvelopeChange.objects.get()
    address = reverse("envelope-confirm", args=[change.pk])
    assert asking.post(address).status_code == HTTPStatus.FORBIDDEN
    assert sign_in(cast.cfo).post(address).status_code == HTTPStatus.FOUND
    assert EnvelopeBalance.objects.get().appropriated == 1_000
    for person in (cast.cfo, cast.finance, auditor):
        assert sign_in(person).get(reverse("envelope-list")).status_code == HTTPStatus.OK
    assert sign_in(cast.unit_lead).get(reverse("envelope-list")).status_code == HTTPStatus.FORBIDDEN
    shown = sign_in(cast.cfo).get("/api/v1/envelopes/").json()["results"]
    assert [(row["appropriated"], row["room"]) for row in shown] == [("1000.00", "1000.00")]


def test_the_office_proposes_a_decision_on_the_page(sign_in: SignIn, cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    initiative = in_decision(cast)
    address = reverse("signing-open", args=[initiative.pk])
    office = sign_in(cast.portfolio_office)
    assert b"CFO" in office.get(address).content or b"Board" in office.get(address).content
    bad = {"verb": "go", "amount": "100,000", "first_tranche": "90,000", "reason": "Best of the round"}
    answer = office.post(address, bad)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert b"90,000" in answer.content
    answer = office.post(address, bad | {"first_tranche": "30,000"})
    assert answer.status_code == HTTPStatus.FOUND
    for person in (cast.cfo, cast.portfolio_office, cast.unit_lead, cast.risk_officer):
        assert sign_in(person).get(answer.headers["Location"]).status_code == HTTPStatus.OK
        assert sign_in(person).get(reverse("signing-round-list")).status_code == HTTPStatus.OK
    assert sign_in(cast.unit_lead).get(reverse("gates")).status_code == HTTPStatus.OK
