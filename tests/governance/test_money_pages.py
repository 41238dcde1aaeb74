"""The pages of envelopes, years, shares and tranches: each act in six cases, each number fact by fact."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from dashboards.home import waiting_for
from governance import balances, envelope_figures, services, spending
from governance.models import ClawBack, CoFunding, Envelope, EnvelopeBalance, EnvelopeChange, Tranche
from governance.services.tranches import Planned
from ledger import clock
from ledger.services import last_seq
from portfolio.models import Initiative
from scoring.models import ReturnYear
from scoring.positions import refresh_returns
from tests import factories
from tests.factories import SignIn
from tests.governance.test_envelopes import Treasury, all_hold, house, of, shared

__all__ = ["house"]

pytestmark = pytest.mark.django_db
FOUND, REFUSED = HTTPStatus.FOUND, HTTPStatus.FORBIDDEN


def six(
    sign_in: SignIn,
    address: str,
    *,
    doer: User,
    wrong: User,
    good: dict[str, Any],
    bad: dict[str, Any] | None,
    stranger: User | None = None,
    again: int = HTTPStatus.CONFLICT,
    reads: bool = False,
) -> None:
    """Stranger, wrong role, wrong input, done, wrong state, GET: in this order, on one address."""
    if stranger is not None:
        assert sign_in(stranger).post(address, good).status_code == HTTPStatus.NOT_FOUND
    assert sign_in(wrong).post(address, good).status_code == REFUSED
    client = sign_in(doer)
    if bad is not None:
        answer = client.post(address, bad)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        for typed in bad.values():
            assert not typed or str(typed) in answer.content.decode()
    got = client.get(address).status_code
    assert got == (HTTPStatus.OK if reads else HTTPStatus.METHOD_NOT_ALLOWED)
    assert client.post(address, good).status_code == FOUND
    assert client.post(address, good).status_code == again


@pytest.fixture
def outsider(house: Treasury) -> User:
    """Somebody of a unit beside, who decides there."""
    elsewhere = factories.make_unit("Elsewhere", parent=house.group)
    person = factories.make_person("Otto Outsider", Role.CFO, elsewhere)
    factories.grant(person, Role.FINANCE, elsewhere)
    return person


def waits_for(user: User) -> list[str]:
    """What Home lists for somebody."""
    return [item.what for item in waiting_for(user)]


def two_tranches(house: Treasury) -> tuple[Initiative, list[Tranche]]:
    """Funded with 1,000, the first 400 free and the rest to be earned."""
    house.change(house.one, "appropriation", 5_000)
    initiative = house.fund(house.one, 1_000)
    tranche = Tranche.objects.get(initiative=initiative)
    later = clock.today() + timedelta(days=30)
    rows = [Planned(Decimal(400), clock.today()), Planned(Decimal(600), later, "The first group uses it")]
    services.plan_tranches(tranche, rows=rows, reason="In two steps", actor=house.finance)
    return initiative, list(Tranche.objects.filter(initiative=initiative).order_by("number"))


# Envelopes -----------------------------------------------------------------------------------


def test_a_transfer_is_proposed_on_the_page_and_confirmed_by_the_cfo(
    house: Treasury, sign_in: SignIn, outsider: User
) -> None:
    giver = house.change(house.one, "appropriation", 1_000)
    receiver = house.change(house.two, "appropriation", 500)
    values = {
        "unit": house.one.pk,
        "fiscal_year": giver.fiscal_year,
        "bucket": "core",
        "kind": "transfer",
        "amount": "300",
        "into": receiver.pk,
        "reason": "Service needs it more",
    }
    client = sign_in(house.finance)
    answer = client.post(reverse("envelope-propose"), values | {"amount": "1,001"})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "has room for 1\u202f000.00" in answer.content.decode()
    assert client.post(reverse("envelope-propose"), values | {"into": giver.pk}).status_code == 422
    assert client.post(reverse("envelope-propose"), values).status_code == FOUND
    change = EnvelopeChange.objects.get(kind="transfer")
    page = client.get(f"{receiver.get_absolute_url()}?figure=appropriated").content.decode()
    assert "Waiting for a second person" in page
    six(
        sign_in,
        reverse("envelope-confirm", args=[change.pk]),
        doer=house.cfo,
        wrong=house.finance,
        stranger=outsider,
        good={},
        bad=None,
    )
    for envelope, words in ((giver, "Transfer into"), (receiver, "Transfer from")):
        page = client.get(f"{envelope.get_absolute_url()}?figure=appropriated").content.decode()
        assert words in page


def test_a_change_is_refused_on_the_page(house: Treasury, sign_in: SignIn, outsider: User) -> None:
    change = house.propose(house.one, "appropriation", 1_000)
    address = reverse("envelope-refuse", args=[change.pk])
    board = factories.make_person("Bea Board", Role.BOARD_MEMBER, house.group)
    values = {"reason": "Too much"}
    assert sign_in(house.cfo).post(address, {"reason": ""}).status_code == FOUND
    six(sign_in, address, doer=house.cfo, wrong=board, stranger=outsider, good=values, bad=None)


def test_each_number_of_an_envelope_re_adds_from_its_facts_and_is_taken_as_a_file(
    house: Treasury, sign_in: SignIn
) -> None:
    initiative, (first, _) = two_tranches(house)
    house.change(house.one, "set_aside", 250)
    house.change(house.two, "appropriation", 700)
    shared(house, initiative, 100)
    services.release_tranche(first, actor=house.finance)
    house.bill(initiative, 500)
    envelope = Envelope.objects.select_related("unit", "balance").get(unit=house.one)
    refresh_returns()
    found, balance = envelope_figures.figures_of(envelope), of(envelope)
    for name in ("appropriated", "committed", "released", "contingency"):
        assert found[name] == getattr(balance, name), name
    assert found["available"] == balance.room == 5_000 - 900 - 250
    assert (found["spent"], found["overrun"]) == (Decimal(450), Decimal(90))
    # The list reads what returns computed, and says the same.
    listed = envelope_figures.spending_of_year(envelope.fiscal_year)[envelope.pk]
    assert (listed.spent, listed.overrun) == (found["spent"], found["overrun"])
    assert ReturnYear.objects.get(initiative=initiative).actual_cost == 500
    client = sign_in(house.cfo)
    for name in envelope_figures.FIGURES:
        assert client.get(f"{envelope.get_absolute_url()}?figure={name}").status_code == HTTPStatus.OK
        answer = client.get(reverse("envelope-facts", args=[envelope.pk]), {"figure": name})
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert sum(Decimal(row[3]) for row in rows[1:]) == found[name], name
    assert client.get(reverse("envelope-list")).status_code == HTTPStatus.OK


def test_a_page_of_an_envelope_is_as_it_was_then(house: Treasury, sign_in: SignIn) -> None:
    envelope = house.change(house.one, "appropriation", 1_000)
    seq = last_seq()
    house.change(house.two, "appropriation", 1_000)
    house.change(house.one, "set_aside", 100)
    house.change(house.group, "cap", 900)
    house.change(house.two, "transfer", 50, into=envelope)
    client = sign_in(house.cfo)
    now = client.get(envelope.get_absolute_url()).content.decode()
    then = client.get(f"/as-of/{seq}{envelope.get_absolute_url()}").content.decode()
    assert "1\u202f050.00" in now
    assert "050.00" not in then
    assert client.get(f"/as-of/{last_seq()}{envelope.get_absolute_url()}?figure=available").status_code == 200
    assert balances.balance_from_facts(envelope, seq)["contingency"] == 0
    assert all_hold()


def test_a_stranger_sees_no_envelope_and_no_words_of_what_they_may_not_open(
    house: Treasury, sign_in: SignIn, outsider: User
) -> None:
    initiative, _ = two_tranches(house)
    other = house.change(house.two, "appropriation", 700)
    shared(house, initiative, 100)
    head = factories.make_person("Hugo Head", Role.UNIT_HEAD, house.two)
    for name in ("envelope-detail", "envelope-facts"):
        address = reverse(name, args=[other.pk])
        assert sign_in(outsider).get(address).status_code == HTTPStatus.NOT_FOUND
        assert sign_in(house.lead).get(address).status_code == REFUSED
    page = sign_in(head).get(other.get_absolute_url()).content.decode()
    assert initiative.reference in page
    assert "Of a unit that you do not see into" in page


def test_an_envelope_asks_the_same_number_of_questions_whatever_it_holds(
    house: Treasury, sign_in: SignIn
) -> None:
    envelope = house.change(house.one, "appropriation", 50_000)
    counts = []
    for _ in range(2):
        for _ in range(3):
            initiative = house.fund(house.one, 100)
            house.release(initiative)
            house.bill(initiative, 10)
        refresh_returns()
        client = sign_in(house.cfo)
        for address in (f"{envelope.get_absolute_url()}?figure=spent", reverse("envelope-list")):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert client.get(address).status_code == HTTPStatus.OK
            counts.append(len(asked))
    assert counts[:2] == counts[2:]
    assert max(counts) < 75


# Years ---------------------------------------------------------------------------------------


def test_a_year_is_closed_on_the_page(house: Treasury, sign_in: SignIn) -> None:
    year = clock.today().year - 1
    near = factories.make_person("Nora Near", Role.FINANCE, house.one)
    six(
        sign_in,
        reverse("year-propose"),
        doer=house.finance,
        wrong=near,
        good={"fiscal_year": year, "reason": "The books are done"},
        bad={"fiscal_year": year + 1, "reason": "Too early"},
        again=FOUND,
    )
    closing = services.propose_closing(year, reason="Once more", actor=house.finance)
    assert sign_in(house.cfo).get(reverse("year-list")).status_code == HTTPStatus.OK
    assert waits_for(house.cfo) == ["Close a year"] * 3
    assert "Close a year" not in waits_for(house.finance)
    address = reverse("year-close", args=[closing.pk])
    six(sign_in, address, doer=house.cfo, wrong=house.finance, good={}, bad=None)
    assert waits_for(house.cfo) == []
    page = sign_in(house.finance).get(reverse("year-list")).content.decode()
    assert "Closed by Carla Cfo" in page
    missing = reverse("year-close", args=[closing.pk + 99])
    assert sign_in(house.cfo).post(missing).status_code == HTTPStatus.NOT_FOUND


# Shares --------------------------------------------------------------------------------------


def test_a_share_is_proposed_and_agreed_on_the_page(house: Treasury, sign_in: SignIn, outsider: User) -> None:
    house.change(house.one, "appropriation", 1_000)
    house.change(house.two, "appropriation", 1_000)
    initiative = house.fund(house.one, 100)
    six(
        sign_in,
        reverse("co-funding", args=[initiative.pk]),
        doer=house.finance,
        wrong=house.cfo,
        stranger=outsider,
        good={"unit": house.two.pk, "per_mille": "25", "reason": "Both use it"},
        bad={"unit": house.two.pk, "per_mille": "100", "reason": "Both use it"},
        again=FOUND,
        reads=True,
    )
    near = factories.make_person("Nora Near", Role.FINANCE, house.two)
    assert waits_for(near) == ["Agree to bear 25\u202f%"] * 2
    assert waits_for(outsider) == waits_for(house.finance) == []
    address = reverse("co-funding-agree", args=[CoFunding.objects.order_by("id")[0].pk])
    six(sign_in, address, doer=near, wrong=house.lead, stranger=outsider, good={}, bad=None, reads=True)
    assert waits_for(near) == []
    second = CoFunding.objects.order_by("id")[1]
    answer = sign_in(near).post(reverse("co-funding-agree", args=[second.pk]))
    assert answer.status_code == HTTPStatus.CONFLICT


# Tranches ------------------------------------------------------------------------------------


def test_a_held_tranche_is_not_released_until_a_person_lifts_the_hold(
    house: Treasury, sign_in: SignIn, outsider: User
) -> None:
    _, (first, _) = two_tranches(house)
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    six(
        sign_in,
        reverse("tranche-hold", args=[first.pk]),
        doer=house.cfo,
        wrong=house.lead,
        stranger=outsider,
        good={"until": tomorrow, "reason": "A supplier failed"},
        bad={"until": "2020-01-01", "reason": "A supplier failed"},
    )
    release = reverse("tranche-release", args=[first.pk])
    client = sign_in(house.finance)
    answer = client.post(release, {})
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "held" in answer.content.decode()
    assert "held, to be looked at by" in client.get(reverse("finance")).content.decode()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=5)):
        # It stays held after its day.
        assert "held" in (services.why_not_release(first) or "")
    six(
        sign_in,
        reverse("tranche-lift", args=[first.pk]),
        doer=house.cfo,
        wrong=house.lead,
        stranger=outsider,
        good={"reason": "Another supplier came"},
        bad={"reason": ""},
    )
    assert sign_in(house.finance).post(release, {}).status_code == FOUND


def test_tranches_are_planned_anew_within_what_is_committed(
    house: Treasury, sign_in: SignIn, outsider: User
) -> None:
    initiative, (first, second) = two_tranches(house)
    services.release_tranche(first, actor=house.finance)
    day = (clock.today() + timedelta(days=10)).isoformat()
    later = (clock.today() + timedelta(days=20)).isoformat()
    good = {
        "reason": "Slower",
        "amount_1": "200.00", "due_on_1": day, "earned_by_1": "Ten people use it",
        "amount_2": "400.00", "due_on_2": later, "earned_by_2": "A hundred people use it",
    }  # fmt: skip
    address = reverse("tranche-plan", args=[second.pk])
    client = sign_in(house.finance)
    for change, words in (
        ({"amount_2": "401.00"}, "add up to 600.00"),
        ({"earned_by_1": ""}, "free with the decision"),
        ({"due_on_1": later, "due_on_2": day}, "order of their days"),
        ({"due_on_1": "2020-01-01"}, "from today on"),
        ({"due_on_1": ""}, "Say when it is due"),
        ({"reason": ""}, "required"),
    ):
        answer = client.post(address, good | change)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert words in answer.content.decode()
    six(
        sign_in, address, doer=house.finance, wrong=house.cfo, stranger=outsider, good=good,
        bad=good | {"amount_1": "0.00"}, again=FOUND, reads=True,
    )  # fmt: skip
    standing = Tranche.objects.filter(initiative=initiative).order_by("number")
    assert [row.number for row in standing] == [1, 2, 3]
    assert [int(row.amount) for row in standing] == [400, 200, 400]
    assert b"A new schedule stands in" in client.get(reverse("tranche-detail", args=[second.pk])).content
    # What is earned is asked for with evidence first.
    initiative.refresh_from_db()
    release = reverse("tranche-release", args=[standing[1].pk])
    answer = client.post(release, {})
    assert answer.status_code == HTTPStatus.CONFLICT
    services.request_tranche(standing[1], evidence="They do", actor=house.lead)
    assert client.post(release, {}).status_code == FOUND


def test_what_is_unspent_of_a_released_tranche_is_taken_back(
    house: Treasury, sign_in: SignIn, outsider: User
) -> None:
    initiative, (first, second) = two_tranches(house)
    other = house.change(house.two, "appropriation", 1_000)
    shared(house, initiative, 250)
    address = reverse("claw-back-propose", args=[first.pk])
    values = {"amount": "301.00", "reason": "The pilot is smaller"}
    assert sign_in(house.finance).post(address, values).status_code == HTTPStatus.CONFLICT
    services.release_tranche(first, actor=house.finance)
    house.bill(initiative, 100)
    good = values | {"amount": "300.00"}
    six(
        sign_in, address, doer=house.finance, wrong=house.cfo, stranger=outsider, good=good, bad=values,
        again=FOUND,
    )  # fmt: skip
    one, two = ClawBack.objects.order_by("id")
    assert waits_for(house.cfo) == ["Take money back"] * 2
    assert waits_for(outsider) == waits_for(house.finance) == []
    six(
        sign_in,
        reverse("claw-back-confirm", args=[one.pk]),
        doer=house.cfo,
        wrong=house.finance,
        stranger=outsider,
        good={},
        bad=None,
    )
    own = Envelope.objects.get(unit=house.one)
    assert (of(own).released, of(own).committed) == (75, 525)
    assert (of(other).released, of(other).committed) == (25, 175)
    client = sign_in(house.cfo)
    assert waits_for(house.cfo) == []
    answer = client.post(reverse("claw-back-confirm", args=[two.pk]))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert b"are unspent by now" in answer.content
    assert "taken back" in client.get(reverse("finance")).content.decode()
    assert spending.unspent(initiative) == 0
    assert client.get(reverse("tranche-detail", args=[first.pk])).status_code == HTTPStatus.OK
    assert client.get(reverse("tranche-detail", args=[second.pk])).status_code == HTTPStatus.OK
    assert all_hold()


def test_who_proposed_a_claw_back_does_not_confirm_it(house: Treasury) -> None:
    initiative, (first, _) = two_tranches(house)
    services.release_tranche(first, actor=house.finance)
    both = factories.make_person("Bo Both", Role.FINANCE, house.group)
    factories.grant(both, Role.CFO, house.group)
    claw_back = services.propose_claw_back(first, amount=Decimal(5), reason="x", actor=both)
    with pytest.raises(Exception, match="somebody else has to confirm"):
        services.confirm_claw_back(claw_back, actor=both)
    assert EnvelopeBalance.objects.get(envelope__unit=house.one).released == 400
    assert initiative.pk


# Over the API --------------------------------------------------------------------------------


def test_the_api_reads_figures_and_facts_and_proposes_but_decides_nothing(
    house: Treasury, sign_in: SignIn
) -> None:
    giver = house.change(house.one, "appropriation", 1_000)
    receiver = house.change(house.two, "appropriation", 500)
    house.fund(house.one, 100)
    client = sign_in(house.finance)
    address = f"/api/v1/envelopes/{giver.pk}/"
    assert client.get(f"{address}figures/").json()["committed"] == "100.00"
    assert [row["amount"] for row in client.get(f"{address}facts/").json()] == ["100.00"]
    assert client.get(f"{address}facts/?figure=nonsense").status_code in {400, 422}
    values = {
        "unit": house.one.pk,
        "fiscal_year": giver.fiscal_year,
        "kind": "transfer",
        "amount": "300.00",
        "into": receiver.pk,
        "reason": "Service needs it more",
    }

    def propose(**changes: Any) -> Any:
        return client.post("/api/v1/envelopes/propose/", values | changes, content_type="application/json")

    assert propose().status_code == HTTPStatus.CREATED
    assert of(giver).appropriated == 1_000
    for changes in ({"amount": "0.00"}, {"into": 10**9}, {"unit": 10**9}, {"into": giver.pk}):
        assert propose(**changes).status_code in {400, 422}, changes
    change = EnvelopeChange.objects.get(kind="transfer")
    assert client.post(f"/api/v1/envelopes/{change.pk}/confirm/").status_code == HTTPStatus.NOT_FOUND
    answer = sign_in(house.lead).post("/api/v1/envelopes/propose/", values)
    assert answer.status_code == REFUSED
