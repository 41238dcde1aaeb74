"""Funding rounds: opened, prepared, frozen, decided in one sitting, closed with minutes."""

import re
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.errors import Changed, InvalidMove, Refused
from accounts.models import Role, Unit, User
from dashboards.home import waiting_for
from governance import round_documents, round_selectors, services
from governance.agenda import groups_of
from governance.models import (
    AgendaChange,
    AgendaItem,
    Decision,
    Departure,
    Envelope,
    FundingCandidate,
    FundingRound,
    RoundClosing,
    RoundItem,
    RoundPack,
    Signature,
    SigningRound,
)
from governance.round_pack import in_agenda_order
from governance.services import Ballot
from ledger import clock
from ledger.models import LedgerEntry
from ledger.services import last_seq, record
from portfolio.models import Initiative
from portfolio.selectors import fiscal_year_of
from portfolio.services import classify
from scoring.positions import refresh_returns, refresh_scores
from tests import factories
from tests.factories import AsToken, SignIn
from tests.gathering import Gathered, gather, of_module
from tests.governance.conftest import Cast, appropriated, cast_of, in_decision, in_pilot, opened, signed

FOR = "for"


def positions() -> None:
    """Scores and returns as the jobs would have brought them up to date."""
    refresh_scores()
    refresh_returns()


def meeting(cast: Cast, *envelopes: Envelope, name: str = "Round 2026-Q4") -> FundingRound:
    """A round over these envelopes that meets in a week."""
    return services.open_round(
        name=name,
        meets_on=clock.today() + timedelta(days=7),
        envelopes=list(envelopes) or list(Envelope.objects.order_by("pk")),
        actor=cast.portfolio_office,
    )


@pytest.fixture(scope="module")
def gathered(module_db: None) -> Gathered:
    """Three cases of 300,000 at decision, the best first; the CFO decides each. Made once for all tests."""
    found = gather()
    cast = cast_of(found)
    appropriated(cast, 1_000_000)
    cases = [
        in_decision(cast, cost=300_000, title=title, rating=rating)
        for title, rating in (("Sort tickets", 5), ("Read contracts", 4), ("Match invoices", 4))
    ]
    positions()
    return found | {"cast": cast, "cases": cases}


cast, cases, group, unit, other_unit, auditor = map(
    of_module, ("cast", "cases", "group", "unit", "other_unit", "auditor")
)


def with_room_for_two(cases: list[Initiative]) -> Envelope:
    """The line falls after the second case."""
    envelope = Envelope.objects.get()
    asks = [row.asks for row in _rows(cases)]
    envelope.balance.appropriated = asks[0] + asks[1]
    envelope.balance.save()
    return envelope


def _rows(cases: list[Initiative]) -> list[Any]:
    items = [AgendaItem(initiative=case, verb="hold") for case in cases]
    (group,) = groups_of(items)
    return list(group.rows)


@pytest.fixture
def frozen(cast: Cast, cases: list[Initiative]) -> RoundPack:
    """A pack of three items, all to be funded."""
    return services.freeze_round(meeting(cast), actor=cast.portfolio_office)


def sitting(frozen: RoundPack, **changes: str) -> dict[str, str]:
    """What the page sends: every item as proposed."""
    votes = {f"vote_{item.pk}": FOR for item in frozen.items.all()}
    return votes | {"seen_hash": frozen.content_hash} | changes


def read(client: Client, address: str) -> str:
    """What a page says, without the forms and the point in its addresses."""
    answer = client.get(address)
    assert answer.status_code == HTTPStatus.OK
    page = answer.content.decode()
    content = page[page.index("<main") : page.index("</main>")]
    # Nobody acts in the past, and the last line says the moment of reading.
    content = re.sub(r'<form method="post".*?</form>|<footer.*?</footer>', "", content, flags=re.DOTALL)
    return " ".join(re.sub(r"/as-of/\d+/", "/", content).split())


def url(funding_round: FundingRound, act: str) -> str:
    """The address of an act on a round."""
    return reverse(f"funding-round-{act}", args=[funding_round.pk])


# Opening -------------------------------------------------------------------------------------


def test_the_agenda_starts_by_rank_until_the_line(cast: Cast, cases: list[Initiative]) -> None:
    funding_round = meeting(cast, with_room_for_two(cases))
    proposed = {item.initiative_id: item for item in funding_round.agenda.all()}
    assert [proposed[case.pk].verb for case in cases] == ["go", "go", "hold"]
    assert proposed[cases[0].pk].amount > 0
    assert proposed[cases[2].pk].hold_until is not None
    entry = LedgerEntry.objects.get(act="round.opened")
    assert cases[0].reference in entry.body


def test_the_office_opens_a_round_on_the_page(sign_in: SignIn, cast: Cast, cases: list[Initiative]) -> None:
    client, address = sign_in(cast.portfolio_office), reverse("funding-round-open")
    sent = {"name": "Round 2026-Q4", "meets_on": clock.today(), "envelopes": [Envelope.objects.get().pk]}
    assert client.post(address, sent | {"name": " "}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    yesterday = client.post(address, sent | {"meets_on": clock.today() - timedelta(days=1)})
    assert yesterday.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert client.post(address, sent).status_code == HTTPStatus.FOUND
    assert client.post(address, sent).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    page = client.get(FundingRound.objects.get().get_absolute_url(), follow=True)
    assert "Sort tickets" in page.content.decode()


def test_only_the_office_opens_a_round(sign_in: SignIn, cast: Cast) -> None:
    assert sign_in(cast.cfo).post(reverse("funding-round-open"), {}).status_code == HTTPStatus.FORBIDDEN


def test_an_initiative_stands_on_one_open_round(cast: Cast, cases: list[Initiative]) -> None:
    meeting(cast)
    assert not meeting(cast, name="Another").agenda.exists()


def test_a_decision_that_waits_for_signatures_is_taken_over(cast: Cast, cases: list[Initiative]) -> None:
    signing = opened(cast, cases[1], 100_000)
    funding_round = meeting(cast)
    assert funding_round.agenda.get(initiative=cases[1]).amount == Decimal(100_000)
    frozen = services.freeze_round(funding_round, actor=cast.portfolio_office)
    assert frozen.items.get(initiative=cases[1]).signing == signing


# The agenda ----------------------------------------------------------------------------------


def test_a_pilot_is_put_on_the_agenda_and_taken_off_with_reasons(
    sign_in: SignIn, cast: Cast, cases: list[Initiative]
) -> None:
    pilot = in_pilot(cast, title="Pilot", cost=300_000)
    appropriated(cast, 1_000_000, fiscal_year=fiscal_year_of(clock.today()) + 1)
    funding_round = meeting(cast)
    client = sign_in(cast.portfolio_office)
    empty = client.post(url(funding_round, "add"), {"initiative": pilot.pk, "reason": " "})
    assert empty.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    client.post(url(funding_round, "add"), {"initiative": pilot.pk, "reason": "It asks for G4"})
    item = funding_round.agenda.get(initiative=pilot)
    assert item.verb == "hold"
    address = reverse("agenda-item-remove", args=[item.pk])
    assert client.post(address, {"remove-reason": ""}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert client.get(address).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert sign_in(cast.cfo).post(address, {"remove-reason": "x"}).status_code == HTTPStatus.FORBIDDEN
    client.post(address, {"remove-reason": "It is not ready"})
    kinds = AgendaChange.objects.order_by("id").values_list("kind", "reason")
    assert list(kinds) == [("added", "It asks for G4"), ("removed", "It is not ready")]
    assert client.post(address, {"remove-reason": "again"}).status_code == HTTPStatus.NOT_FOUND


def test_the_office_writes_what_is_proposed(sign_in: SignIn, cast: Cast, cases: list[Initiative]) -> None:
    item = meeting(cast).agenda.get(initiative=cases[0])
    client, address = sign_in(cast.portfolio_office), reverse("agenda-item", args=[item.pk])
    assert client.get(address).status_code == HTTPStatus.OK
    too_much = {"verb": "go", "amount": "1000", "first_tranche": "2000"}
    answer = client.post(address, too_much)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert b'value="2000"' in answer.content
    sent = {"verb": "go", "amount": "90,000", "first_tranche": "20000", "reason": "A smaller pilot"}
    assert client.post(address, sent).status_code == HTTPStatus.FOUND
    item.refresh_from_db()
    assert (item.amount, item.first_tranche) == (Decimal(90_000), Decimal(20_000))
    assert sign_in(cast.unit_lead).get(address).status_code == HTTPStatus.FORBIDDEN


def test_a_moved_item_is_taken_earlier_and_keeps_its_rank(
    sign_in: SignIn, cast: Cast, cases: list[Initiative]
) -> None:
    funding_round = meeting(cast)
    item = funding_round.agenda.get(initiative=cases[2])
    client, address = sign_in(cast.portfolio_office), reverse("agenda-item-move", args=[item.pk])
    beyond = client.post(address, {"move-position": "9", "move-reason": "x"})
    assert beyond.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    client.post(address, {"move-position": "1", "move-reason": "The sponsor leaves early"})
    frozen = services.freeze_round(funding_round, actor=cast.portfolio_office)
    first = in_agenda_order(frozen)[0]
    assert (first["initiative"]["id"], first["rank"]) == (cases[2].pk, 3)
    assert first["changed"]["reason"] == "The sponsor leaves early"


def test_proposing_by_rank_again_forgets_what_was_typed(
    sign_in: SignIn, cast: Cast, cases: list[Initiative]
) -> None:
    funding_round = meeting(cast, with_room_for_two(cases))
    item = funding_round.agenda.get(initiative=cases[0])
    services.propose_item(item, values={"verb": "hold", "reason": "x"}, actor=cast.portfolio_office)
    answer = sign_in(cast.portfolio_office).post(url(funding_round, "by-rank"))
    assert answer.status_code == HTTPStatus.FOUND
    item.refresh_from_db()
    assert (item.verb, item.reason) == ("go", "")


def test_preparing_takes_as_many_queries_for_one_item_as_for_three(
    sign_in: SignIn, cast: Cast, cases: list[Initiative]
) -> None:
    funding_round = meeting(cast)
    client, numbers = sign_in(cast.portfolio_office), []
    for left in (3, 1):
        keep = funding_round.agenda.values_list("pk", flat=True)[:left]
        funding_round.agenda.exclude(pk__in=list(keep)).update(round=meeting(cast, name=f"Other {left}"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(funding_round, "agenda")).status_code == HTTPStatus.OK
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


# Freezing ------------------------------------------------------------------------------------


def test_freezing_opens_a_signing_round_for_each_item_and_keeps_what_members_read(
    cast: Cast, cases: list[Initiative], frozen: RoundPack
) -> None:
    assert [item.initiative_id for item in frozen.items.all()] == [case.pk for case in cases]
    assert SigningRound.objects.unended().count() == 3
    row, envelope = frozen.content["items"][0], frozen.content["envelopes"][0]
    assert (row["rank"], row["standing"], row["is_above"]) == (1, "safe", True)
    assert row["return"]["npv_p50"] is not None
    assert envelope["candidates"]["by_rank"] == envelope["candidates"]["as_proposed"]
    assert cast.cfo.name in {member["name"] for member in frozen.content["members"]}
    kinds = {candidate.kind: set(candidate.chosen) for candidate in frozen.candidates.all()}
    everything = {case.pk for case in cases}
    assert kinds == {"by_rank": everything, "as_proposed": everything}
    assert frozen.content_hash in LedgerEntry.objects.get(act="round.frozen").body


def test_a_departure_needs_a_reason_and_is_recorded_with_its_price(
    sign_in: SignIn, cast: Cast, cases: list[Initiative]
) -> None:
    funding_round = meeting(cast, with_room_for_two(cases))
    office = cast.portfolio_office
    first, _, third = (funding_round.agenda.get(initiative=case) for case in cases)
    go = {"verb": "go", "amount": first.amount, "first_tranche": first.first_tranche}
    services.propose_item(first, values={"verb": "hold", "hold_until": None}, actor=office)
    services.propose_item(third, values=go | {"reason": "The law asks for it"}, actor=office)
    answer = sign_in(office).post(url(funding_round, "freeze"))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert cases[0].reference in answer.content.decode()
    assert not SigningRound.objects.exists()
    services.propose_item(first, values={"verb": "hold", "reason": "It can wait"}, actor=office)
    frozen = services.freeze_round(funding_round, actor=office)
    found = {departure.initiative_id: departure for departure in Departure.objects.all()}
    assert {pk: found[pk].reason for pk in found} == {
        cases[0].pk: "It can wait",
        cases[2].pk: "The law asks for it",
    }
    by_rank, proposed = (
        FundingCandidate.objects.get(pack=frozen, kind=kind) for kind in ("by_rank", "as_proposed")
    )
    prices = [departure.price for departure in found.values() if departure.price is not None]
    assert sum(prices) == proposed.expected_value - by_rank.expected_value


def test_what_lacks_something_stays_off_and_says_what(cast: Cast, cases: list[Initiative]) -> None:
    funding_round = meeting(cast)
    item = funding_round.agenda.get(initiative=cases[0])
    values = {"verb": "go", "amount": Decimal(900_000), "first_tranche": Decimal(1), "reason": "All of it"}
    services.propose_item(item, values=values, actor=cast.portfolio_office)
    frozen = services.freeze_round(funding_round, actor=cast.portfolio_office)
    assert [row["reference"] for row in frozen.content["off"]] == [cases[0].reference]
    assert "Write an amount" in frozen.content["off"][0]["why"]
    assert frozen.items.count() == 2


def test_freezing_again_keeps_what_stands_with_its_signatures(
    cast: Cast, cases: list[Initiative], frozen: RoundPack
) -> None:
    office = cast.portfolio_office
    item = frozen.round.agenda.get(initiative=cases[1])
    values = {"verb": "go", "amount": Decimal(50_000), "first_tranche": Decimal(10_000), "reason": "Less"}
    services.propose_item(item, values=values, actor=office)
    again = services.freeze_round(frozen.round, actor=office)
    assert again.version == 2
    before = {item.initiative_id: item.signing_id for item in frozen.items.all()}
    after = {item.initiative_id: item.signing_id for item in again.items.all()}
    assert {pk for pk in before if before[pk] != after[pk]} == {cases[1].pk}
    with pytest.raises(Changed):
        services.sign_items(
            frozen, {item.pk: Ballot(FOR) for item in frozen.items.all()},
            seen_hash=frozen.content_hash, actor=cast.cfo,
        )  # fmt: skip
    signed(again.items.get(initiative=cases[0]).signing, cast.cfo)
    with pytest.raises(InvalidMove, match="decided already"):
        services.freeze_round(frozen.round, actor=office)


def test_freezing_is_the_offices_and_a_post(sign_in: SignIn, cast: Cast, cases: list[Initiative]) -> None:
    funding_round = meeting(cast)
    assert sign_in(cast.cfo).post(url(funding_round, "freeze")).status_code == HTTPStatus.FORBIDDEN
    office = sign_in(cast.portfolio_office)
    assert office.get(url(funding_round, "freeze")).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_a_stranger_finds_no_round(sign_in: SignIn, other_unit: Unit, frozen: RoundPack) -> None:
    stranger = factories.make_person("Otto Office", Role.PORTFOLIO_OFFICE, other_unit)
    client, item = sign_in(stranger), frozen.items.all()[0]
    assert client.get(frozen.round.get_absolute_url()).status_code == HTTPStatus.NOT_FOUND
    assert client.get(item.get_absolute_url()).status_code == HTTPStatus.NOT_FOUND
    for act in ("freeze", "close", "by-rank"):
        assert client.post(url(frozen.round, act)).status_code == HTTPStatus.NOT_FOUND


# The sitting ---------------------------------------------------------------------------------


def test_one_act_signs_all_items_as_proposed(sign_in: SignIn, cast: Cast, frozen: RoundPack) -> None:
    client = sign_in(cast.cfo)
    page = client.get(frozen.round.get_absolute_url()).content.decode()
    assert "Sign 3 items" in page
    answer = client.post(url(frozen.round, "sign"), sitting(frozen))
    assert answer.status_code == HTTPStatus.OK
    assert answer.content.decode().count("Decided: go") == 3
    assert Decision.objects.count() == 3
    assert set(Signature.objects.values_list("reason", flat=True)) == {"As proposed in Round 2026-Q4."}


def test_a_vote_against_needs_a_reason_and_nothing_is_half_done(
    sign_in: SignIn, cast: Cast, frozen: RoundPack
) -> None:
    item = frozen.items.all()[1]
    client, against = sign_in(cast.cfo), {f"vote_{item.pk}": "against"}
    answer = client.post(url(frozen.round, "sign"), sitting(frozen, **against))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not Signature.objects.exists()
    why = {f"reason_{item.pk}": "The supplier is not sure"}
    client.post(url(frozen.round, "sign"), sitting(frozen, **against, **why))
    assert Decision.objects.count() == 2
    assert item.signing.signatures.get().reason == "The supplier is not sure"


def test_items_beyond_the_room_are_refused_with_the_reason_and_the_others_stand(
    cast: Cast, frozen: RoundPack
) -> None:
    envelope = Envelope.objects.get()
    ask = Decimal(frozen.content["items"][0]["asks"])
    envelope.balance.appropriated = ask
    envelope.balance.save()
    ballots = {item.pk: Ballot(FOR) for item in frozen.items.all()}
    results = services.sign_items(frozen, ballots, seen_hash=frozen.content_hash, actor=cast.cfo)
    assert [result.is_signed for result in results] == [True, False, False]
    assert "has room for" in results[1].sentence
    assert Signature.objects.count() == 1


def test_what_changed_since_shows_and_is_not_signed(
    sign_in: SignIn, cast: Cast, cases: list[Initiative], frozen: RoundPack
) -> None:
    classify(cases[0], "risk_tier", "high", actor=cast.risk_officer)
    client = sign_in(cast.cfo)
    assert "Changed since: risk tier" in client.get(frozen.round.get_absolute_url()).content.decode()
    answer = client.post(url(frozen.round, "sign"), sitting(frozen))
    assert "Changed: risk tier" in answer.content.decode()
    assert Decision.objects.count() == 2


def test_a_departure_asks_the_one_who_signs_for_a_reason_too(cast: Cast, cases: list[Initiative]) -> None:
    funding_round = meeting(cast)
    item = funding_round.agenda.get(initiative=cases[0])
    values = {"verb": "hold", "reason": "It can wait"}
    services.propose_item(item, values=values, actor=cast.portfolio_office)
    frozen = services.freeze_round(funding_round, actor=cast.portfolio_office)
    departing = frozen.items.get(initiative=cases[0])
    with pytest.raises(Refused) as caught:
        services.sign_items(
            frozen, {departing.pk: Ballot(FOR)}, seen_hash=frozen.content_hash, actor=cast.cfo
        )
    assert list(caught.value.errors) == [f"reason_{departing.pk}"]


def test_one_item_is_read_and_decided_in_place(sign_in: SignIn, cast: Cast, frozen: RoundPack) -> None:
    item = frozen.items.all()[0]
    client = sign_in(cast.cfo)
    fragment = client.get(item.get_absolute_url(), headers={"hx-request": "true"}).content.decode()
    page = client.get(item.get_absolute_url()).content.decode()
    assert fragment.strip().startswith("<td")
    assert "<html" in page
    away = client.get(f"{item.get_absolute_url()}?away=1", headers={"hx-request": "true"})
    assert away.content == b""
    for words in ("A fifth of all tickets", "What the gate asked", "alone"):
        assert words in fragment
        assert words in page
    address = reverse("round-item-sign", args=[item.pk])
    assert client.get(address).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    sent = {f"vote_{item.pk}": FOR, "seen_hash": frozen.content_hash}
    assert client.post(address, sent | {"seen_hash": "0" * 64}).status_code == HTTPStatus.CONFLICT
    assert client.post(address, sent).status_code == HTTPStatus.OK
    assert Decision.objects.get().signing == item.signing
    assert client.post(address, sent).status_code == HTTPStatus.CONFLICT


def test_who_holds_no_seat_signs_nothing(sign_in: SignIn, cast: Cast, frozen: RoundPack) -> None:
    lead = sign_in(cast.unit_lead).post(url(frozen.round, "sign"), sitting(frozen))
    assert lead.status_code == HTTPStatus.FORBIDDEN
    head = factories.make_person("Hugo Head", Role.UNIT_HEAD, cast.unit)
    answer = sign_in(head).post(url(frozen.round, "sign"), sitting(frozen))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "Not signed: This needs" in answer.content.decode()
    assert not Signature.objects.exists()


def test_an_old_sign_in_needs_the_password_once(sign_in: SignIn, cast: Cast, frozen: RoundPack) -> None:
    cast.cfo.set_password("correct horse battery")
    cast.cfo.save()
    client = sign_in(cast.cfo, fresh=False)
    refused = client.post(url(frozen.round, "sign"), sitting(frozen))
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    answer = client.post(url(frozen.round, "sign"), sitting(frozen, password="correct horse battery"))
    assert answer.status_code == HTTPStatus.OK
    assert Decision.objects.count() == 3


def test_home_says_the_round_waits_instead_of_each_item(cast: Cast, frozen: RoundPack) -> None:
    found = [item for item in waiting_for(cast.cfo) if item.what in {"Decide the round", "Decide", "Co-sign"}]
    (waiting,) = found
    assert waiting.subject == "Round 2026-Q4: 3 items wait for you"
    assert waiting.due == frozen.round.meets_on


def test_what_a_body_decides_is_left_to_it_unless_a_higher_seat_chooses_to(
    sign_in: SignIn, cast: Cast, cases: list[Initiative]
) -> None:
    # The round is of two other cases.
    Initiative.objects.filter(pk__in=[case.pk for case in cases]).update(closed_kind="withdrawn")
    members = [factories.make_person(f"Member {n}", Role.BOARD_MEMBER, cast.unit) for n in range(3)]
    appropriated(cast, 1_000_000)
    in_decision(cast, cost=200_000, title="Sort tickets", rating=5)
    in_decision(cast, cost=300_000, title="Read contracts", rating=4)
    positions()
    frozen = services.freeze_round(meeting(cast), actor=cast.portfolio_office)

    def left_to(user: User) -> dict[str, str]:
        return {
            line.item.initiative.title: line.left_to
            for line in round_selectors.lines_of(frozen, user)
            if line.is_mine
        }

    assert left_to(cast.cfo) == {"Sort tickets": "the board", "Read contracts": ""}
    assert left_to(members[0]) == {"Sort tickets": ""}
    page = sign_in(cast.cfo).get(frozen.round.get_absolute_url()).content.decode()
    assert page.count('value="for" selected') == 1
    assert "Left to the board" in page


def test_the_round_takes_as_many_queries_for_two_items_as_for_twenty(
    sign_in: SignIn, cast: Cast, frozen: RoundPack
) -> None:
    client = sign_in(cast.cfo)
    numbers = []
    for copies in (1, 7):
        many(frozen, copies, cast)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(frozen.round.get_absolute_url()).status_code == HTTPStatus.OK
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]
    assert numbers[0] < 45


def many(frozen: RoundPack, copies: int, cast: Cast) -> RoundPack:
    """A next version of the pack that holds each item so many times, with initiatives of their own."""
    rows, signings = frozen.content["items"], [item.signing for item in frozen.items.all()]
    content = frozen.content | {"items": [row for row in rows for _ in range(copies)]}
    version = frozen.round.packs.count() + 1
    with record("round.frozen", actor=cast.portfolio_office) as act:
        pack = act.add(
            RoundPack, round=frozen.round, version=version, content=content,
            content_hash=f"{version:064}", frozen_by=cast.portfolio_office,
        )  # fmt: skip
        place = 0
        for signing in signings:
            for number in range(copies):
                initiative = (
                    signing.initiative if not number else twin(signing.initiative, f"{version}{number}")
                )
                act.add(RoundItem, pack=pack, initiative=initiative, signing=signing, place=place)
                place += 1
    return pack


def twin(initiative: Initiative, mark: str) -> Initiative:
    """A row like this one, under a reference of its own."""
    copy = Initiative.objects.get(pk=initiative.pk)
    copy.pk, copy.reference = None, f"{initiative.reference[-6:]}-{mark}"
    copy._state.adding = True
    copy.save()
    return copy


# Closing -------------------------------------------------------------------------------------


def test_closing_writes_minutes_and_carries_over(sign_in: SignIn, cast: Cast, frozen: RoundPack) -> None:
    first, second, third = frozen.items.all()
    signed(first.signing, cast.cfo)
    signed(second.signing, cast.cfo, vote="against")
    client = sign_in(cast.portfolio_office)
    assert client.post(url(frozen.round, "close"), {"note": "Short."}).status_code == HTTPStatus.FOUND
    closing = RoundClosing.objects.get()
    assert [item["state"] for item in closing.content["items"]] == ["decided", "refused", "open"]
    assert [row["reference"] for row in closing.content["carried_over"]] == [third.initiative.reference]
    assert [row["name"] for row in closing.content["present"] if row["signed"]] == [cast.cfo.name]
    entry = LedgerEntry.objects.get(act="round.closed")
    assert closing.sha256 in entry.body
    minutes = client.get(url(frozen.round, "minutes"))
    document = b"".join(minutes.streaming_content)  # type: ignore[attr-defined]
    assert document.startswith(b"%PDF")
    assert document == round_documents.minutes_pdf(closing.content)
    # What was not decided can still be signed, and comes to the next round with what was refused.
    assert third.signing.is_open
    carried = {item.initiative_id for item in meeting(cast, name="Next").agenda.all()}
    assert carried == {second.initiative_id, third.initiative_id}


def test_a_closed_round_takes_nothing_more(sign_in: SignIn, cast: Cast, frozen: RoundPack) -> None:
    services.close_round(frozen.round, actor=cast.portfolio_office)
    office = sign_in(cast.portfolio_office)
    for act in ("close", "freeze", "by-rank"):
        assert office.post(url(frozen.round, act)).status_code == HTTPStatus.CONFLICT
    answer = sign_in(cast.cfo).post(url(frozen.round, "sign"), sitting(frozen))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert not Signature.objects.exists()


def test_an_unfrozen_round_is_not_closed(cast: Cast, cases: list[Initiative]) -> None:
    with pytest.raises(InvalidMove, match="Freeze the pack first"):
        services.close_round(meeting(cast), actor=cast.portfolio_office)


def test_closing_is_the_offices_and_a_post(sign_in: SignIn, cast: Cast, frozen: RoundPack) -> None:
    assert sign_in(cast.cfo).post(url(frozen.round, "close")).status_code == HTTPStatus.FORBIDDEN
    office = sign_in(cast.portfolio_office)
    assert office.get(url(frozen.round, "close")).status_code == HTTPStatus.METHOD_NOT_ALLOWED


# Paper and API -------------------------------------------------------------------------------

NAUGHTY = [
    '#panic("x")',
    "$ sum $ *bold* _it_ `raw` @ref <label> \\ // comment /* */",
    "= Heading",
    '#import "a.typ"',
    "\u202egnp.exe",
    "a\u0000b",
    "\u4e2d\u6587 \u0627\u0644 \U0001f600 \ufeff",
    "]] ) } #{ sys.inputs }",
    "\u2019\u201c\u2014\u2212\u202f\u20ac \u0416 \u03a9",
    "",
]


def test_nothing_that_people_type_is_a_command_in_the_documents(cast: Cast, frozen: RoundPack) -> None:
    closing = services.close_round(frozen.round, actor=cast.portfolio_office)
    plain = closing.content
    for words in NAUGHTY:
        items = [item | {"title": words, "reason": words} for item in plain["items"]]
        document = round_documents.minutes_pdf(plain | {"note": words, "items": items})
        assert document.startswith(b"%PDF")


def test_the_pack_is_the_same_bytes_each_time(sign_in: SignIn, cast: Cast, frozen: RoundPack) -> None:
    client = sign_in(cast.cfo)
    first, second = (client.get(url(frozen.round, "pack")).content for _ in range(2))
    assert first == second
    assert first.startswith(b"%PDF")
    assert client.get(url(frozen.round, "minutes")).status_code == HTTPStatus.NOT_FOUND


def test_the_api_reads_rounds_and_items(
    sign_in: SignIn, api: AsToken, integrator: User, cast: Cast, frozen: RoundPack
) -> None:
    client = sign_in(cast.cfo)
    (found,) = client.get("/api/v1/rounds/").json()["results"]
    assert (found["state"], found["pack_hash"]) == ("frozen", frozen.content_hash)
    items = client.get(f"/api/v1/round-items/?pack__round={frozen.round_id}").json()["results"]
    assert [item["row"]["rank"] for item in items] == [1, 2, 3]
    token = api(factories.make_token(integrator))
    assert token.get("/api/v1/rounds/").status_code == HTTPStatus.FORBIDDEN


def test_the_list_of_rounds_is_there_for_everybody_who_signs(
    sign_in: SignIn, cast: Cast, frozen: RoundPack
) -> None:
    for person, sees in ((cast.cfo, True), (cast.portfolio_office, True), (cast.unit_lead, False)):
        page = sign_in(person).get(reverse("funding-round-list"))
        assert page.status_code == HTTPStatus.OK
        assert ("Round 2026-Q4" in page.content.decode()) == sees


def test_waiting_rounds_name_only_the_newest_pack(cast: Cast, frozen: RoundPack) -> None:
    again = services.freeze_round(frozen.round, actor=cast.portfolio_office)
    signings = [item.signing for item in again.items.all()]
    (waiting,) = round_selectors.waiting_in(signings, cast.cfo)
    assert waiting.items == 3


# As of ---------------------------------------------------------------------------------------


def test_a_round_reads_as_of_a_record_as_it_stood_then(
    sign_in: SignIn, cast: Cast, auditor: User, cases: list[Initiative]
) -> None:
    before = last_seq()
    funding_round = meeting(cast)
    points = {"prepared": last_seq()}
    pack = services.freeze_round(funding_round, actor=cast.portfolio_office)
    points["frozen"] = last_seq()
    client = sign_in(auditor)
    lists, pages = {}, {}

    def keep(name: str) -> None:
        lists[name] = read(client, reverse("funding-round-list"))
        pages[name] = read(client, funding_round.get_absolute_url())

    keep("frozen")
    assert "takes votes" in lists["frozen"]
    # Nobody votes in the past.
    cfo = sign_in(cast.cfo)
    assert "vote_" in cfo.get(funding_round.get_absolute_url()).content.decode()
    past = cfo.get(f"/as-of/{last_seq()}{funding_round.get_absolute_url()}").content.decode()
    assert "vote_" not in past
    assert "nothing waits for you" in past
    client = sign_in(auditor)
    sign_in(cast.cfo).post(url(funding_round, "sign"), sitting(pack))
    points["decided"] = last_seq()
    keep("decided")
    services.close_round(funding_round, note="All as proposed", actor=cast.portfolio_office)
    for name, page in pages.items():
        then = f"/as-of/{points[name]}"
        assert read(client, f"{then}{funding_round.get_absolute_url()}") == page
        assert read(client, f"{then}{reverse('funding-round-list')}") == lists[name]
    assert pages["decided"] != read(client, funding_round.get_absolute_url())
    # Before the pack there is an agenda, which is a draft; before the opening there is nothing.
    then = f"/as-of/{points['prepared']}"
    assert cases[0].title not in read(client, f"{then}{funding_round.get_absolute_url()}")
    answer = client.get(f"/as-of/{before}{funding_round.get_absolute_url()}")
    assert answer.status_code == HTTPStatus.NOT_FOUND
