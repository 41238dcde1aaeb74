"""What changes in envelopes: transfers, contingency, caps, exploring, sharing, carrying over, closing."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from pytest_django.fixtures import Settings

from accounts.errors import Changed, EnvelopeExceeded, InvalidMove, NotAllowed, Refused
from accounts.models import Role, Unit, User
from governance import balances, commitments, services, spending
from governance.models import (
    Commitment,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    ReleaseLine,
    SigningRound,
    Tranche,
)
from governance.services.envelopes import waiting_changes
from ledger import clock
from ledger.services import record
from portfolio.models import Initiative
from portfolio.selectors import fiscal_year_of
from portfolio.services import post
from tests import factories
from tests.governance.test_race import ready_to_sign

pytestmark = pytest.mark.django_db


class Treasury:
    """A group of two units with finance and CFO for all of it, and initiatives that are cheap to fund."""

    def __init__(self) -> None:
        self.group = factories.make_unit("Northwind Group")
        self.one = factories.make_unit("Sales", parent=self.group)
        self.two = factories.make_unit("Service", parent=self.group)
        self.lead = factories.make_person("Lena Lead", Role.UNIT_LEAD, self.group)
        self.finance = factories.make_person("Fritz Finance", Role.FINANCE, self.group)
        self.cfo = factories.make_person("Carla Cfo", Role.CFO, self.group)
        self.ceo = factories.make_person("Cem Ceo", Role.CEO, self.group)
        factories.make_person("Posting Paula", Role.FINANCE, self.group)
        self.number = 0

    def propose(self, unit: Unit, kind: str, amount: Any = None, **values: Any) -> EnvelopeChange:
        year = values.pop("year", None) or fiscal_year_of(clock.today())
        return services.propose_envelope_change(
            unit,
            year,
            kind=kind,
            amount=None if amount is None else Decimal(amount),
            reason="As agreed",
            actor=self.finance,
            **values,
        )

    def change(self, unit: Unit, kind: str, amount: Any = None, **values: Any) -> Envelope:
        change = self.propose(unit, kind, amount, **values)
        services.confirm_envelope_change(change, actor=self.cfo)
        return change.into if kind == "carry_over" and change.into else change.envelope

    def ready(self, unit: Unit, amount: Any, **values: Any) -> SigningRound:
        self.number += 1
        return ready_to_sign(unit, self.number, self.lead, amount=Decimal(amount), **values)

    def fund(self, unit: Unit, amount: Any, **values: Any) -> Initiative:
        signing = self.ready(unit, amount, **values)
        self.sign(signing)
        return Initiative.objects.get(pk=signing.initiative_id)

    def sign(self, signing: SigningRound) -> None:
        services.sign(signing, vote="for", reason="Worth it", seen_hash=signing.content_hash, actor=self.cfo)

    def release(self, initiative: Initiative) -> Tranche:
        tranche = Tranche.objects.filter(initiative=initiative, release=None).order_by("number")[0]
        services.release_tranche(tranche, actor=self.finance)
        return tranche

    def bill(self, initiative: Initiative, amount: Any, month: date | None = None) -> None:
        post(
            initiative,
            service_month=(month or clock.today()).replace(day=1),
            amount=Decimal(amount),
            currency="USD",
            category="cloud",
            actor=self.poster,
        )

    @property
    def poster(self) -> User:
        """Somebody else, so that finance may still release."""
        return User.objects.get(name="Posting Paula")


@pytest.fixture
def house() -> Treasury:
    # Long before any day that a test travels to.
    with time_machine.travel(datetime(2025, 12, 1, 9, tzinfo=UTC)):
        return Treasury()


def of(envelope: Envelope) -> Any:
    """Its balance as it stands."""
    return EnvelopeBalance.objects.select_related("envelope__unit").get(envelope=envelope)


def all_hold() -> bool:
    """Every balance is what its facts say."""
    return all(not balances.rebuild_balance(envelope) for envelope in Envelope.objects.all())


# Transfers -----------------------------------------------------------------------------------


def test_a_transfer_moves_money_between_two_envelopes_by_one_fact(house: Treasury) -> None:
    giver = house.change(house.one, "appropriation", 1_000)
    receiver = house.change(house.two, "appropriation", 500)
    change = house.propose(house.one, "transfer", 300, into=receiver)
    assert (of(giver).appropriated, of(receiver).appropriated) == (1_000, 500)
    services.confirm_envelope_change(change, actor=house.cfo)
    assert (of(giver).appropriated, of(receiver).appropriated) == (700, 800)
    assert list(giver.changes.filter(kind="transfer")) == list(receiver.incoming.all()) == [change]
    assert all_hold()


def test_a_transfer_needs_a_second_person_who_covers_both_sides(house: Treasury) -> None:
    house.change(house.one, "appropriation", 1_000)
    receiver = house.change(house.two, "appropriation", 500)
    change = house.propose(house.one, "transfer", 300, into=receiver)
    half = factories.make_person("Half Cfo", Role.CFO, house.one)
    for person in (house.finance, half):
        with pytest.raises(NotAllowed):
            services.confirm_envelope_change(change, actor=person)
    of_one = factories.make_person("Half Finance", Role.FINANCE, house.one)
    with pytest.raises(NotAllowed):
        services.propose_envelope_change(
            house.one, change.envelope.fiscal_year, kind="transfer", amount=Decimal(1), reason="x",
            into=receiver, actor=of_one,
        )  # fmt: skip


def test_a_transfer_never_takes_what_is_committed_by_then(house: Treasury) -> None:
    giver = house.change(house.one, "appropriation", 1_000)
    receiver = house.change(house.two, "appropriation", 500)
    change = house.propose(house.one, "transfer", 300, into=receiver)
    house.fund(house.one, 800)
    with pytest.raises(InvalidMove, match="can't fall below"):
        services.confirm_envelope_change(change, actor=house.cfo)
    assert (of(giver).appropriated, of(receiver).appropriated) == (1_000, 500)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"amount": 1_001}, "amount"),
        ({"into": None}, "into"),
        ({"into": "itself"}, "into"),
        ({"into": "next year"}, "into"),
        ({"into": "foreign"}, "into"),
        ({"kind": "reduction"}, "into"),
        ({"kind": "gift"}, "kind"),
        ({"year": 1066}, "fiscal_year"),
    ],
)
def test_an_impossible_transfer_is_refused_at_its_field(
    house: Treasury, values: dict[str, Any], field: str
) -> None:
    giver = house.change(house.one, "appropriation", 1_000)
    others = {
        "itself": giver,
        "next year": Envelope.objects.create(unit=house.two, fiscal_year=giver.fiscal_year + 1),
        "foreign": Envelope.objects.create(unit=house.group, fiscal_year=giver.fiscal_year, currency="EUR"),
        None: None,
    }
    receiver = house.change(house.two, "appropriation", 500)
    into = others[values["into"]] if "into" in values else receiver
    kind = values.get("kind", "transfer")
    with pytest.raises(Refused) as caught:
        house.propose(house.one, kind, values.get("amount", 100), into=into, year=values.get("year"))
    assert field in caught.value.errors


def test_a_refused_change_never_counts(house: Treasury) -> None:
    change = house.propose(house.one, "appropriation", 1_000)
    with pytest.raises(NotAllowed):
        services.refuse_envelope_change(change, reason="Too much", actor=house.lead)
    with pytest.raises(Refused):
        services.refuse_envelope_change(change, reason=" ", actor=house.cfo)
    services.refuse_envelope_change(change, reason="Too much", actor=house.cfo)
    with pytest.raises(InvalidMove, match="was refused"):
        services.confirm_envelope_change(change, actor=house.cfo)
    assert waiting_changes(change.envelope.fiscal_year) == []
    assert of(change.envelope).appropriated == 0


def test_what_is_transferred_takes_up_what_is_forward(house: Treasury) -> None:
    house.change(house.one, "appropriation", 1_000)
    year = fiscal_year_of(clock.today())
    signing = house.ready(house.two, 400)
    house.change(house.group, "appropriation", 1)
    with pytest.raises(EnvelopeExceeded):
        house.sign(signing)
    receiver = house.change(house.two, "appropriation", 400)
    house.sign(signing)
    later = year + 1
    place = commitments.Place(signing.decision.pk, None, later, house.two.pk, "core")
    giver = house.change(house.one, "appropriation", 1_000, year=later)
    receiver = Envelope.objects.create(unit=house.two, fiscal_year=later)
    EnvelopeBalance.objects.create(envelope=receiver)
    with record("funds.committed", actor=house.cfo) as act:
        commitments.add_at(signing.initiative, place, Decimal(250), act=act)
    house.change(house.one, "transfer", 200, into=receiver, year=later)
    assert (of(giver).appropriated, of(receiver).committed, of(receiver).room) == (800, 200, 0)
    house.change(house.two, "supplement", 100, year=later)
    assert (of(receiver).committed, of(receiver).room) == (250, 50)
    assert all_hold()


# Contingency ---------------------------------------------------------------------------------


def test_what_is_set_aside_is_no_room_until_it_is_drawn(house: Treasury) -> None:
    envelope = house.change(house.one, "appropriation", 1_000)
    house.change(house.one, "set_aside", 400)
    assert (of(envelope).contingency, of(envelope).room) == (400, 600)
    signing = house.ready(house.one, 700)
    with pytest.raises(EnvelopeExceeded, match="room for 600"):
        house.sign(signing)
    house.change(house.one, "draw", 100)
    house.sign(signing)
    assert (of(envelope).contingency, of(envelope).committed, of(envelope).room) == (300, 700, 0)
    with pytest.raises(Refused, match="can't be proposed"):
        house.propose(house.one, "draw", 301)
    with pytest.raises(Refused):
        house.propose(house.one, "set_aside", 1)
    reduction = house.propose(house.one, "reduction", 1)
    with pytest.raises(InvalidMove, match="set aside"):
        services.confirm_envelope_change(reduction, actor=house.cfo)
    assert all_hold()


# Caps ----------------------------------------------------------------------------------------


def test_a_cap_holds_for_all_that_lies_below_it_and_only_where_one_is_set(house: Treasury) -> None:
    house.change(house.one, "appropriation", 1_000)
    house.change(house.two, "appropriation", 1_000)
    house.fund(house.one, 900)
    house.change(house.group, "cap", 1_500)
    house.fund(house.two, 600)
    signing = house.ready(house.one, 1)
    with pytest.raises(EnvelopeExceeded, match="caps what is committed"):
        house.sign(signing)
    with pytest.raises(InvalidMove, match="can't be capped"):
        house.change(house.group, "cap", 1_499)
    house.change(house.group, "uncap")
    house.sign(signing)
    assert of(Envelope.objects.get(unit=house.group)).cap is None
    with pytest.raises(Refused):
        house.propose(house.group, "uncap")
    assert all_hold()


# Exploring -----------------------------------------------------------------------------------


def test_exploring_is_held_by_the_group_within_fifteen_per_cent(house: Treasury) -> None:
    with pytest.raises(Refused) as caught:
        house.propose(house.one, "appropriation", 10, bucket="explore")
    assert "Northwind Group" in caught.value.errors["unit"]
    house.change(house.one, "appropriation", 850)
    over = house.propose(house.group, "appropriation", "150.01", bucket="explore")
    with pytest.raises(EnvelopeExceeded, match="15 %"):
        services.confirm_envelope_change(over, actor=house.cfo)
    explore = house.change(house.group, "appropriation", 150, bucket="explore")
    assert of(explore).appropriated == 150
    reduction = house.propose(house.one, "reduction", 1)
    with pytest.raises(EnvelopeExceeded, match="15 %"):
        services.confirm_envelope_change(reduction, actor=house.cfo)


def test_an_exploring_case_charges_the_explore_envelope_and_takes_a_fifth_at_most(house: Treasury) -> None:
    core = house.change(house.one, "appropriation", 10_000)
    explore = house.change(house.group, "appropriation", 1_000, bucket="explore")
    over = house.ready(house.one, "200.01", bucket="explore")
    parts = commitments.charges(over.initiative, over.case, over.amount, over.amount)
    assert "at most a fifth" in (commitments.why_no_room(over.initiative, parts) or "")
    with pytest.raises(EnvelopeExceeded, match="at most a fifth"):
        house.sign(over)
    house.fund(house.one, 200, bucket="explore")
    assert (of(core).committed, of(explore).committed) == (0, 200)
    reduction = house.propose(house.group, "reduction", 1, bucket="explore")
    with pytest.raises(EnvelopeExceeded, match="at most a fifth"):
        services.confirm_envelope_change(reduction, actor=house.cfo)
    assert all_hold()


# Sharing -------------------------------------------------------------------------------------


def shared(house: Treasury, initiative: Initiative, per_mille: int, unit: Unit | None = None) -> None:
    co_funding = services.propose_co_funding(
        initiative, unit=unit or house.two, per_mille=per_mille, reason="Both use it", actor=house.finance
    )
    services.agree_co_funding(co_funding, actor=house.cfo)


def test_another_unit_bears_its_share_of_commitment_and_release_to_the_cent(house: Treasury) -> None:
    own = house.change(house.one, "appropriation", 2_000)
    other = house.change(house.two, "appropriation", 2_000)
    initiative = house.fund(house.one, "1000.01")
    shared(house, initiative, 333)
    assert (of(own).committed, of(other).committed) == (Decimal("667.01"), Decimal("333.00"))
    house.release(initiative)
    assert (of(own).released, of(other).released) == (Decimal("667.01"), Decimal("333.00"))
    house.bill(initiative, 100)
    assert spending.spent_of(own) == {initiative.pk: Decimal("66.70")}
    assert spending.spent_of(other) == {initiative.pk: Decimal("33.30")}
    assert all_hold()


def test_a_share_counts_for_what_is_decided_later_and_forward(house: Treasury) -> None:
    own = house.change(house.one, "appropriation", 2_000)
    signing = house.ready(house.one, 1_000)
    shared(house, signing.initiative, 400)
    house.sign(signing)
    assert of(own).committed == 600
    forward = Commitment.objects.get(envelope=None)
    assert forward.bearer == house.two
    assert forward.amount == 400
    other = house.change(house.two, "appropriation", 300)
    assert of(other).committed == 300
    assert sum(row.amount for row in Commitment.objects.all()) == 1_000
    assert all_hold()


def test_three_units_bear_what_each_agreed_to(house: Treasury) -> None:
    three = factories.make_unit("Supply", parent=house.group)
    envelopes = [house.change(unit, "appropriation", 1_000) for unit in (house.one, house.two, three)]
    initiative = house.fund(house.one, 1_000)
    shared(house, initiative, 250)
    shared(house, initiative, 500, three)
    assert [of(envelope).committed for envelope in envelopes] == [250, 250, 500]
    with pytest.raises(Refused, match="can't be proposed"):
        shared(house, initiative, 250, house.group)
    assert all_hold()


def test_who_proposed_a_share_does_not_agree_to_it(house: Treasury) -> None:
    house.change(house.one, "appropriation", 1_000)
    initiative = house.fund(house.one, 100)
    co_funding = services.propose_co_funding(
        initiative, unit=house.two, per_mille=500, reason="Both use it", actor=house.finance
    )
    for person in (house.finance, house.lead, factories.make_person("Far", Role.FINANCE, house.one)):
        with pytest.raises(NotAllowed):
            services.agree_co_funding(co_funding, actor=person)
    near = factories.make_person("Near", Role.FINANCE, house.two)
    services.agree_co_funding(co_funding, actor=near)
    with pytest.raises(InvalidMove, match="agreed already"):
        services.agree_co_funding(co_funding, actor=house.cfo)


@pytest.mark.parametrize(
    ("per_mille", "own", "reason", "field"),
    [
        (0, False, "x", "per_mille"),
        (1000, False, "x", "per_mille"),
        (1, True, "x", "unit"),
        (1, False, " ", "reason"),
    ],
)
def test_an_impossible_share_is_refused(
    house: Treasury, per_mille: int, own: bool, reason: str, field: str
) -> None:
    house.change(house.one, "appropriation", 1_000)
    initiative = house.fund(house.one, 100)
    with pytest.raises(Refused) as caught:
        services.propose_co_funding(
            initiative,
            unit=house.one if own else house.two,
            per_mille=per_mille,
            reason=reason,
            actor=house.finance,
        )
    assert field in caught.value.errors


# The end of the year -------------------------------------------------------------------------


def test_what_is_unspent_is_carried_over_and_the_year_closed(house: Treasury) -> None:
    with time_machine.travel(datetime(2026, 11, 3, 9, tzinfo=UTC)) as traveller:
        house.change(house.group, "appropriation", 1)
        old = house.change(house.one, "appropriation", 2_000)
        spent, kept = house.fund(house.one, 600), house.fund(house.one, 400)
        house.release(spent)
        house.bill(spent, 350)
        with pytest.raises(Refused, match="can't be proposed"):
            house.propose(house.one, "carry_over", year=2026)
        waiting = house.ready(house.one, 10)
        traveller.move_to(datetime(2027, 1, 12, 9, tzinfo=UTC))
        change = house.propose(house.one, "carry_over", year=2026)
        assert change.amount == 650
        house.bill(spent, 50, date(2026, 12, 1))
        with pytest.raises(Changed, match=r"600\.00 .* unspent by now"):
            services.confirm_envelope_change(change, actor=house.cfo)
        services.refuse_envelope_change(change, reason="A bill came", actor=house.finance)
        with pytest.raises(InvalidMove, match="carry it over first"):
            closed(house, 2026)
        new = house.change(house.one, "carry_over", year=2026)
        assert new.fiscal_year == 2027
        assert (of(old).appropriated, of(old).committed, of(old).released) == (1_400, 400, 400)
        assert (of(new).appropriated, of(new).committed, of(new).released) == (600, 600, 200)
        assert ReleaseLine.objects.filter(envelope=new).get().amount == 200
        closed(house, 2026)
        assert of(old).is_closed
        late = services.propose_envelope_change
        for kind in ("supplement", "reduction"):
            with pytest.raises(Refused, match="can't be proposed"):
                late(house.one, 2026, kind=kind, amount=Decimal(1), reason="x", actor=house.finance)
        with pytest.raises(Refused, match="can't be closed"):
            closed(house, 2026)
        # A late bill is recorded all the same.
        house.bill(spent, 70, date(2026, 12, 1))
        assert spending.spent_of(old)[spent.pk] == 470
        house.release(kept)
        assert of(new).released == 600
        # What was to be decided then is charged to the year of now.
        with pytest.raises(EnvelopeExceeded):
            house.sign(waiting)
        house.change(house.one, "supplement", 10)
        house.sign(waiting)
        assert of(new).committed == 610
        assert all_hold()


def closed(house: Treasury, year: int) -> None:
    closing = services.propose_closing(year, reason="The books are done", actor=house.finance)
    services.close_year(closing, actor=house.cfo)


def test_a_year_with_an_open_signing_round_is_not_closed(house: Treasury) -> None:
    with time_machine.travel(datetime(2026, 11, 3, 9, tzinfo=UTC)) as traveller:
        house.change(house.one, "appropriation", 2_000)
        signing = house.ready(house.one, 10)
        content = signing.content | {"room": [{"fiscal_year": 2026, "takes": "10", "envelope": None}]}
        traveller.move_to(datetime(2027, 1, 12, 9, tzinfo=UTC))
        assert services.obstacles(2026) == []
        SigningRound.content.field.value_from_object(signing)
        with record("signing.opened", actor=house.lead) as act:
            values = {
                field.attname: field.value_from_object(signing)
                for field in SigningRound._meta.concrete_fields
                if field.attname not in {"id", "transaction_id"}
            }
            act.add(SigningRound, **values | {"content": content})
        house.propose(house.one, "supplement", 5, year=2026)
        found = services.obstacles(2026)
        assert len(found) == 2
        assert signing.initiative.reference in found[0]
        with pytest.raises(InvalidMove, match="signing round"):
            closed(house, 2026)


def test_only_finance_and_the_cfo_of_the_whole_close_a_year(house: Treasury) -> None:
    year = fiscal_year_of(clock.today())
    near = factories.make_person("Near", Role.FINANCE, house.one)
    for person in (near, house.cfo, house.lead):
        with pytest.raises(NotAllowed):
            services.propose_closing(year - 1, reason="x", actor=person)
    for asked, reason, field in (
        (year, "x", "fiscal_year"),
        (year - 1, " ", "reason"),
        (9, "x", "fiscal_year"),
    ):
        with pytest.raises(Refused) as caught:
            services.propose_closing(asked, reason=reason, actor=house.finance)
        assert field in caught.value.errors
    closing = services.propose_closing(year - 1, reason="x", actor=house.finance)
    for person in (house.finance, factories.make_person("Half Cfo", Role.CFO, house.one)):
        with pytest.raises(NotAllowed):
            services.close_year(closing, actor=person)


def test_forward_money_of_a_closed_year_moves_on_and_is_taken_up(house: Treasury) -> None:
    with time_machine.travel(datetime(2026, 11, 3, 9, tzinfo=UTC)) as traveller:
        house.change(house.one, "appropriation", 1_000)
        signing = house.ready(house.one, 1_000)
        shared(house, signing.initiative, 400)
        house.sign(signing)
        tranche = signing.decision.tranches.get()
        plan = [services.tranches.Planned(Decimal(amount), clock.today()) for amount in (600, 400)]
        services.plan_tranches(tranche, rows=plan, reason="As it comes", actor=house.finance)
        house.release(signing.initiative)
        traveller.move_to(datetime(2027, 1, 12, 9, tzinfo=UTC))
        new = house.change(house.two, "appropriation", 300, year=2027)
        house.bill(signing.initiative, 600, date(2026, 11, 1))
        closed(house, 2026)
        assert of(new).committed == 300
        left = Commitment.objects.filter(envelope=None, fiscal_year=2027)
        assert sum(row.amount for row in left) == 100
        assert sum(row.amount for row in Commitment.objects.filter(envelope=None, fiscal_year=2026)) == 0
        assert all_hold()


@pytest.mark.parametrize(
    ("start", "before", "after"), [(7, (2026, 6), (2026, 7)), (10, (2026, 9), (2026, 10))]
)
def test_a_fiscal_year_begins_when_the_setting_says(
    house: Treasury, settings: Settings, start: int, before: tuple[int, int], after: tuple[int, int]
) -> None:
    settings.FISCAL_YEAR_START_MONTH = start
    with time_machine.travel(datetime(*before, 20, 9, tzinfo=UTC)) as traveller:
        old = house.change(house.one, "appropriation", 1_000)
        assert old.fiscal_year == 2026
        initiative = house.fund(house.one, 500)
        months = [(date(*before, 1), Decimal(40)), (date(*after, 1), Decimal(60))]
        weights = commitments.weights_by_year(
            months, before=Decimal(0), amount=Decimal(100), on=clock.today()
        )
        assert weights == {2026: 40, 2027: 60}
        house.release(initiative)
        house.bill(initiative, 120)
        with pytest.raises(Refused):
            house.propose(house.one, "carry_over", year=2026)
        traveller.move_to(datetime(*after, 20, 9, tzinfo=UTC))
        house.bill(initiative, 30)
        assert spending.spent_of(old) == {initiative.pk: 120}
        new = house.change(house.one, "carry_over", year=2026)
        assert (new.fiscal_year, of(new).released) == (2027, 380)
        assert spending.spent_of(new) == {initiative.pk: 30}
        closed(house, 2026)
        assert of(old).is_closed
        assert not of(new).is_closed
        assert all_hold()
