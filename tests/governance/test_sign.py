"""Signing: by whom, on what, and that nobody with a part in it may, in service, page and API alike."""

from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.errors import Changed, EnvelopeExceeded, InvalidMove, NotAllowed, Refused
from accounts.models import Role, Scope, Unit, User
from governance import selectors, services
from governance.models import Commitment, Decision, EnvelopeBalance, Signature, SigningRound, SigningRoundEnd
from governance.permissions import excluded_because, may_sign
from ledger import clock
from ledger.models import LedgerEntry
from portfolio.models import Initiative
from portfolio.services import classify, place_hold, post
from tests import factories
from tests.factories import AsToken, SignIn
from tests.governance.conftest import (
    Cast,
    appropriated,
    in_decision,
    in_pilot,
    opened,
    proposed_change,
    signed,
)

IN_FAVOUR = {"vote": "for", "reason": "Worth it"}


@pytest.fixture
def signing(cast: Cast) -> SigningRound:
    """A round over the pilot of a case of 300,000: the CFO decides."""
    appropriated(cast, 1_000_000)
    return opened(cast, in_decision(cast, cost=300_000), 100_000)


def url(signing: SigningRound, what: str = "sign") -> str:
    """The address of an act on the round."""
    return reverse(f"signing-round-{what}", args=[signing.pk])


def seen(signing: SigningRound, **changes: str) -> dict[str, str]:
    """A vote in favour, on what was seen."""
    return IN_FAVOUR | {"seen_hash": signing.content_hash} | changes


# The page ------------------------------------------------------------------------------------


def test_the_cfo_signs_and_the_money_is_committed(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    answer = sign_in(cast.cfo).post(url(signing), seen(signing))
    assert (answer.status_code, answer.headers["Location"]) == (302, signing.get_absolute_url())
    assert Decision.objects.get().signing == signing
    assert Initiative.objects.get().stage == "pilot"


def test_the_unit_lead_may_not_sign(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    assert sign_in(cast.unit_lead).post(url(signing), seen(signing)).status_code == HTTPStatus.FORBIDDEN


def test_a_stranger_finds_nothing(sign_in: SignIn, other_unit: Unit, signing: SigningRound) -> None:
    stranger = factories.make_person("Otto Head", Role.UNIT_HEAD, other_unit)
    assert sign_in(stranger).post(url(signing), seen(signing)).status_code == HTTPStatus.NOT_FOUND
    assert sign_in(stranger).get(signing.get_absolute_url()).status_code == HTTPStatus.NOT_FOUND


def test_a_round_that_was_decided_takes_no_vote(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    signed(signing, cast.cfo)
    assert sign_in(cast.ceo).post(url(signing), seen(signing)).status_code == HTTPStatus.CONFLICT


def test_a_vote_without_a_reason_keeps_the_form(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    answer = sign_in(cast.cfo).post(url(signing), seen(signing, reason=" "))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not Signature.objects.exists()


def test_signing_is_a_post(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    assert sign_in(cast.cfo).get(url(signing)).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_an_old_sign_in_needs_the_password(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    cast.cfo.set_password("correct horse battery")
    cast.cfo.save()
    client = sign_in(cast.cfo, fresh=False)
    for password, status in (("", 422), ("wrong", 422), ("correct horse battery", 302)):
        answer = client.post(url(signing), seen(signing, password=password))
        assert answer.status_code == status


def test_guesses_at_the_password_lock_the_account(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    cast.cfo.set_password("correct horse battery")
    cast.cfo.save()
    client = sign_in(cast.cfo, fresh=False)
    answers = [
        client.post(url(signing), seen(signing, password=f"guess {number}")).status_code
        for number in range(settings.AXES_FAILURE_LIMIT)
    ]
    assert set(answers[:-1]) == {422}
    assert client.post(url(signing), seen(signing, password="correct horse battery")).status_code == 429
    assert not Signature.objects.exists()


# What was seen -------------------------------------------------------------------------------


def test_a_vote_on_something_else_says_what_changed(
    sign_in: SignIn, cast: Cast, signing: SigningRound
) -> None:
    answer = sign_in(cast.cfo).post(url(signing), seen(signing, seen_hash="0" * 64))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert not Signature.objects.exists()


def test_a_vote_on_a_withdrawn_round_says_what_the_new_one_changes(
    sign_in: SignIn, cast: Cast, signing: SigningRound
) -> None:
    services.withdraw_signing(signing, reason="Too much", actor=cast.portfolio_office)
    opened(cast, signing.initiative, 80_000)
    answer = sign_in(cast.cfo).post(url(signing), seen(signing))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert b"Amount" in answer.content
    with pytest.raises(Changed) as caught:
        signed(signing, cast.cfo)
    assert {"key": "amount", "label": "Amount", "before": "100000", "after": "80000"} in caught.value.details[
        "changes"
    ]


def test_a_new_risk_tier_stops_the_round(cast: Cast, signing: SigningRound) -> None:
    classify(signing.initiative, "risk_tier", "high", actor=cast.risk_officer)
    with pytest.raises(Changed) as caught:
        signed(signing, cast.cfo)
    assert [change["key"] for change in caught.value.details["changes"]] == ["risk_tier", "step"]


def test_room_is_looked_at_again_with_the_last_signature(cast: Cast, signing: SigningRound) -> None:
    reduction = proposed_change(cast, 999_999, kind="reduction")
    services.confirm_envelope_change(reduction, actor=cast.cfo)
    before = LedgerEntry.objects.count()
    with pytest.raises(EnvelopeExceeded):
        signed(signing, cast.cfo)
    assert not Signature.objects.filter(signing=signing).exists()
    assert not Decision.objects.filter(signing=signing).exists()
    assert not Commitment.objects.filter(initiative=signing.initiative).exists()
    assert LedgerEntry.objects.count() == before


def test_a_hold_keeps_a_go_from_being_decided(cast: Cast, signing: SigningRound) -> None:
    until = clock.today().replace(year=clock.today().year + 1)
    place_hold(signing.initiative, until=until, reason="A supplier failed", actor=cast.portfolio_office)
    with pytest.raises(InvalidMove, match="on hold"):
        signed(signing, cast.cfo)


def test_one_vote_against_closes_the_round(cast: Cast, signing: SigningRound) -> None:
    signed(signing, cast.cfo, vote="against")
    assert SigningRoundEnd.objects.get().kind == "refused"
    assert not Decision.objects.exists()
    assert Initiative.objects.get().stage == "decision"
    assert EnvelopeBalance.objects.get().committed == 0


def test_there_is_one_open_round(cast: Cast, signing: SigningRound) -> None:
    with pytest.raises(InvalidMove, match="open already"):
        opened(cast, signing.initiative, 50_000)


@pytest.mark.parametrize(
    ("amount", "first", "field"),
    [
        (Decimal(0), Decimal(0), "amount"),
        (Decimal("300000.01"), Decimal(1), "amount"),
        (Decimal("0.001"), Decimal("0.001"), "amount"),
        (Decimal(100_000), Decimal("30000.01"), "first_tranche"),
        (Decimal(100_000), Decimal(0), "first_tranche"),
    ],
)
def test_an_impossible_amount_is_refused_at_its_field(
    cast: Cast, amount: Decimal, first: Decimal, field: str
) -> None:
    appropriated(cast, 1_000_000)
    initiative = in_decision(cast, cost=300_000)
    with pytest.raises(Refused) as caught:
        opened(cast, initiative, amount, first_tranche=first)
    assert list(caught.value.errors) == [field]


# Who is kept out -----------------------------------------------------------------------------


def second_cfo(cast: Cast) -> User:
    """A second CFO, at home elsewhere."""
    group = cast.unit.parent or cast.unit
    return factories.make_person("Carl Cofo", Role.CFO, group, home_unit=cast.second_assessor.home_unit)


def as_submitter(cast: Cast, other: User) -> SigningRound:
    factories.grant(other, Role.UNIT_LEAD, cast.unit)
    cast.unit_lead = other
    return opened(cast, in_decision(cast, cost=300_000), 100_000)


def as_owner(cast: Cast, other: User) -> SigningRound:
    cast.owner = other
    return opened(cast, in_decision(cast, cost=300_000), 100_000)


def as_sponsor(cast: Cast, other: User) -> SigningRound:
    cast.sponsor = other
    return opened(cast, in_decision(cast, cost=300_000), 100_000)


def as_assessor(cast: Cast, other: User) -> SigningRound:
    factories.grant(other, Role.ASSESSOR, cast.unit.parent or cast.unit)
    cast.assessor = other
    return opened(cast, in_decision(cast, cost=300_000), 100_000)


def as_editor(cast: Cast, other: User) -> SigningRound:
    factories.grant(other, Role.CONTRIBUTOR, cast.unit)
    cast.editor = other
    return opened(cast, in_decision(cast, cost=300_000), 100_000)


def as_poster(cast: Cast, other: User) -> SigningRound:
    factories.grant(other, Role.FINANCE, cast.unit)
    initiative = in_pilot(cast, cost=300_000)
    post(
        initiative,
        service_month=clock.today(),
        amount=Decimal(100),
        currency="USD",
        category="people",
        actor=other,
    )
    return services.open_signing(initiative, verb="stop", reason="Too slow", actor=cast.portfolio_office)


KEPT_OUT: dict[str, Callable[[Cast, User], SigningRound]] = {
    "You submitted": as_submitter,
    "You own": as_owner,
    "You sponsor": as_sponsor,
    "You scored": as_assessor,
    "You edited": as_editor,
    "You posted": as_poster,
}


@pytest.mark.parametrize("words", KEPT_OUT)
def test_whoever_has_a_part_in_it_is_kept_out_everywhere_alike(
    sign_in: SignIn, cast: Cast, words: str
) -> None:
    appropriated(cast, 5_000_000)
    other = second_cfo(cast)
    signing = KEPT_OUT[words](cast, other)
    other = User.objects.get(pk=other.pk)
    reason = excluded_because(other, signing.initiative)
    assert reason is not None
    assert reason.startswith(words)
    assert may_sign(other, signing).reason == reason
    assert selectors.open_signings_for(other) == []
    assert selectors.open_signings_for(cast.cfo) == [signing]
    with pytest.raises(NotAllowed, match=words):
        signed(signing, other)
    client = sign_in(other)
    page = client.get(signing.get_absolute_url())
    assert reason in page.content.decode()
    answers = [
        client.post(url(signing), seen(signing)),
        client.post(
            f"/api/v1/signing-rounds/{signing.pk}/sign/", seen(signing), content_type="application/json"
        ),
    ]
    for answer in answers:
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert reason in answer.content.decode()
    assert not Signature.objects.filter(by=other).exists()


# The API -------------------------------------------------------------------------------------


def test_a_signed_in_person_signs_over_the_api(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    client = sign_in(cast.cfo)
    address = f"/api/v1/signing-rounds/{signing.pk}/"
    assert client.get(address).json()["content_hash"] == signing.content_hash
    stale = client.post(f"{address}sign/", seen(signing, seen_hash="0" * 64), content_type="application/json")
    assert stale.status_code == HTTPStatus.CONFLICT
    answer = client.post(f"{address}sign/", seen(signing), content_type="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "decided")


def test_a_token_never_signs(api: AsToken, cast: Cast, integrator: User, signing: SigningRound) -> None:
    factories.grant(integrator, Role.CFO, cast.unit)
    client = api(factories.make_token(integrator, tuple(Scope.values)))
    address = f"/api/v1/signing-rounds/{signing.pk}/"
    assert client.get(address).status_code == HTTPStatus.OK
    answer = client.post(f"{address}sign/", seen(signing), content_type="application/json")
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "browser-only" in answer.json()["title"]


def test_an_old_sign_in_signs_nothing_over_the_api(
    sign_in: SignIn, cast: Cast, signing: SigningRound
) -> None:
    client = sign_in(cast.cfo, fresh=False)
    address = f"/api/v1/signing-rounds/{signing.pk}/sign/"
    answer = client.post(address, seen(signing), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "step-up-needed")


# What waits ----------------------------------------------------------------------------------


def test_the_list_of_what_waits_says_what_may_sign_says(cast: Cast, signing: SigningRound) -> None:
    factories.make_person("Bodo Board", Role.BOARD_MEMBER, cast.unit)
    people = [
        cast.cfo,
        cast.ceo,
        cast.finance,
        cast.unit_head,
        cast.unit_lead,
        cast.risk_officer,
        cast.sponsor,
    ]
    for person in people:
        listed = selectors.open_signings_for(User.objects.get(pk=person.pk))
        assert bool(listed) == bool(may_sign(person, signing)), person


def test_what_waits_takes_as_many_queries_for_one_round_as_for_three(
    cast: Cast, signing: SigningRound, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(2):
        opened(cast, in_decision(cast, cost=300_000, title=f"Another {number}"), 100_000)
    with django_assert_max_num_queries(15):  # type: ignore[attr-defined]
        found = selectors.open_signings_for(User.objects.get(pk=cast.cfo.pk))
    assert len(found) == 3


def test_the_page_of_an_initiative_offers_what_the_reader_may_do(
    sign_in: SignIn, cast: Cast, signing: SigningRound
) -> None:
    def offered(person: User) -> list[str]:
        fresh = Initiative.objects.get(pk=signing.initiative_id)
        return [act.label for act in selectors.next_acts(fresh, User.objects.get(pk=person.pk))]

    assert "Propose a decision" not in offered(cast.portfolio_office)
    signed(signing, cast.cfo)
    assert "Propose a decision" in offered(cast.portfolio_office)
    assert "Stop it" in offered(cast.ceo)
    assert offered(cast.sponsor) == []
    for act in selectors.next_acts(Initiative.objects.get(), cast.ceo):
        assert sign_in(cast.ceo).get(act.url).status_code == HTTPStatus.OK
