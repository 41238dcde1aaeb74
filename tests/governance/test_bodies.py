"""Bodies: proposed and confirmed by two, and decided in by recorded votes with quorum and majority."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus

import pytest
from django.urls import reverse

from accounts.errors import Changed, InvalidMove, NotAllowed, Refused
from accounts.models import Role, Unit, User
from governance import authority, selectors, services
from governance.authority_document import empty_step
from governance.models import Body, BodyMember, Decision, Signature, SigningRound, SigningRoundEnd
from governance.permissions import may_sign
from ledger import clock
from tests import factories
from tests.factories import SignIn
from tests.governance import seven_steps
from tests.governance.conftest import Cast, appropriated, in_decision, opened, signed
from tests.governance.seven_steps import Keepers


@pytest.fixture
def keepers(group: Unit) -> Keepers:
    """Who proposes and confirms for the whole."""
    return Keepers(group)


@pytest.fixture
def body(keepers: Keepers) -> Body:
    """A body that waits for a second person."""
    return services.propose_body(name="AI committee", quorum=2, actor=keepers.office)


@pytest.fixture
def member(body: Body, keepers: Keepers, outsider: User) -> BodyMember:
    """A member who waits for a second person."""
    return services.propose_member(body, user=outsider, actor=keepers.office)


# Membership ----------------------------------------------------------------------------------


def test_a_member_counts_once_a_second_person_confirms(
    sign_in: SignIn, keepers: Keepers, body: Body, member: BodyMember, outsider: User
) -> None:
    assert not BodyMember.objects.active().exists()
    client = sign_in(keepers.risk)
    assert client.post(reverse("body-confirm", args=[body.pk])).status_code == HTTPStatus.FOUND
    assert client.post(reverse("member-confirm", args=[member.pk])).status_code == HTTPStatus.FOUND
    assert authority.bodies_of(outsider) == {body.pk}
    assert "Udo Outsider" in client.get(reverse("body-list")).content.decode()


def test_the_page_of_bodies_offers_each_what_they_may_do(
    sign_in: SignIn, keepers: Keepers, member: BodyMember
) -> None:
    def page(person: User) -> str:
        return sign_in(person).get(reverse("body-list")).content.decode()

    assert "Confirm Udo Outsider" in page(keepers.risk)
    assert "Propose this body" in page(keepers.office)
    assert "Confirm Udo Outsider" not in page(keepers.office)
    assert "Propose this body" not in page(keepers.cfo)


def test_nobody_confirms_what_they_proposed_or_a_seat_of_their_own(
    keepers: Keepers, group: Unit, body: Body, member: BodyMember
) -> None:
    factories.grant(keepers.office, Role.RISK_OFFICER, group)
    with pytest.raises(NotAllowed, match="second person"):
        services.confirm_body(body, actor=keepers.office)
    with pytest.raises(NotAllowed, match="second person"):
        services.confirm_member(member, actor=keepers.office)
    own = services.propose_member(body, user=keepers.risk, actor=keepers.office)
    with pytest.raises(NotAllowed, match="of their own"):
        services.confirm_member(own, actor=keepers.risk)


@pytest.mark.parametrize("name", ["body-confirm", "member-confirm", "member-propose", "member-end"])
def test_others_are_refused_and_nothing_is_written(
    sign_in: SignIn, keepers: Keepers, body: Body, member: BodyMember, outsider: User, name: str
) -> None:
    path = reverse(name, args=[(member if name in {"member-confirm", "member-end"} else body).pk])
    refused = [outsider, keepers.cfo]
    for person in refused:
        answer = sign_in(person).post(path, {"reason": "x", "user": outsider.pk})
        assert answer.status_code == HTTPStatus.FORBIDDEN
    assert sign_in(keepers.cfo).get(path).status_code in {403, 405}
    assert BodyMember.objects.count() == 1
    assert not BodyMember.objects.active().exists()


def test_an_old_sign_in_confirms_nothing(sign_in: SignIn, keepers: Keepers, member: BodyMember) -> None:
    path = reverse("member-confirm", args=[member.pk])
    answer = sign_in(keepers.risk, fresh=False).post(path)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not BodyMember.objects.active().exists()


def test_what_is_confirmed_or_ended_takes_no_second_yes(
    sign_in: SignIn, keepers: Keepers, member: BodyMember
) -> None:
    path = reverse("member-confirm", args=[member.pk])
    services.confirm_member(member, actor=keepers.risk)
    assert sign_in(keepers.ceo).post(path).status_code == HTTPStatus.CONFLICT
    services.end_member(member, reason="Left the firm", actor=keepers.risk)
    assert not BodyMember.objects.active().exists()
    with pytest.raises(InvalidMove, match="ended"):
        services.end_member(member, reason="Again", actor=keepers.risk)


def test_what_cannot_be_proposed_says_so_at_its_field(
    sign_in: SignIn, keepers: Keepers, body: Body, member: BodyMember, outsider: User
) -> None:
    with pytest.raises(Refused) as caught:
        services.propose_body(name="ai Committee", quorum=0, actor=keepers.office)
    assert set(caught.value.errors) == {"name", "quorum"}
    path = reverse("member-propose", args=[body.pk])
    answer = sign_in(keepers.office).post(path, {"user": outsider.pk})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "sits in the AI committee already" in answer.content.decode()
    with pytest.raises(Refused, match="can't be proposed"):
        services.propose_member(body, user=keepers.office, actor=keepers.office)
    with pytest.raises(Refused) as caught:
        services.propose_body(name="Auditors", quorum=1, role="auditor", actor=keepers.office)
    assert set(caught.value.errors) == {"role"}
    heads = services.propose_body(name="Heads", quorum=1, role="unit_head", actor=keepers.office)
    assert authority.Seating(keepers.group).members(heads) == []
    board = Body.objects.get(name="Board")
    with pytest.raises(InvalidMove, match="grant the role"):
        services.propose_member(board, user=outsider, actor=keepers.office)


def test_a_membership_has_dates(keepers: Keepers, body: Body, outsider: User) -> None:
    today = clock.today()
    later = services.propose_member(
        body,
        user=outsider,
        valid_from=today + timedelta(days=5),
        valid_to=today + timedelta(days=9),
        actor=keepers.office,
    )
    services.confirm_member(later, actor=keepers.risk)
    days = [today + timedelta(days=number) for number in (0, 5, 9, 10)]
    assert [BodyMember.objects.active(day).exists() for day in days] == [False, True, True, False]


def test_the_page_takes_as_many_queries_for_one_member_as_for_ten(
    sign_in: SignIn,
    keepers: Keepers,
    body: Body,
    group: Unit,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    client = sign_in(keepers.office)
    for number in range(10):
        person = factories.make_user(f"Member {number}", home_unit=group)
        services.propose_member(body, user=person, actor=keepers.office)
    with django_assert_max_num_queries(22):  # type: ignore[attr-defined]
        client.get(reverse("body-list"))


# Voting --------------------------------------------------------------------------------------


@pytest.fixture
def members(cast: Cast) -> list[User]:
    """Five members of the board, whose quorum is three."""
    return [factories.make_person(f"Member {n} Board", Role.BOARD_MEMBER, cast.unit) for n in range(5)]


@pytest.fixture
def before_the_board(cast: Cast, members: list[User]) -> SigningRound:
    """A round that the board decides."""
    appropriated(cast, 1_000_000)
    return opened(cast, in_decision(cast), 100_000)


def test_the_majority_of_a_quorum_decides(before_the_board: SigningRound, members: list[User]) -> None:
    signed(before_the_board, members[0], vote="against")
    signed(before_the_board, members[1])
    assert SigningRound.objects.get().is_open
    signed(before_the_board, members[2])
    assert Decision.objects.exists()


def test_a_tie_fails_and_the_no_of_a_body_closes_the_round(
    before_the_board: SigningRound, members: list[User]
) -> None:
    signed(before_the_board, members[0], vote="abstain")
    signed(before_the_board, members[1], vote="against")
    signed(before_the_board, members[2])
    ending = SigningRoundEnd.objects.get()
    assert ending.kind == "refused"
    assert "Board voted 1 for and 1 against, 1 abstained" in ending.reason
    with pytest.raises(InvalidMove):
        signed(before_the_board, members[3])


def test_one_no_of_a_person_still_closes_the_round(before_the_board: SigningRound, cast: Cast) -> None:
    signed(before_the_board, cast.cfo, vote="against")
    assert SigningRoundEnd.objects.get().kind == "refused"


@pytest.fixture
def conflicted(cast: Cast, members: list[User]) -> tuple[SigningRound, User]:
    """A round before the board, of which a member sponsors the initiative."""
    appropriated(cast, 1_000_000)
    cast.sponsor = members[0]
    return opened(cast, in_decision(cast), 100_000), members[0]


def test_a_conflicted_member_only_abstains_and_is_not_counted(
    sign_in: SignIn, conflicted: tuple[SigningRound, User], members: list[User]
) -> None:
    signing, sponsor = conflicted
    client, path = sign_in(sponsor), reverse("signing-round-sign", args=[signing.pk])
    ballot = {"vote": "for", "reason": "I sponsor it", "seen_hash": signing.content_hash}
    for vote in ("for", "against"):
        answer = client.post(path, ballot | {"vote": vote})
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "You may abstain" in answer.content.decode()
        api = client.post(
            f"/api/v1/signing-rounds/{signing.pk}/sign/", ballot | {"vote": vote}, "application/json"
        )
        assert api.status_code == HTTPStatus.FORBIDDEN
    assert "You sponsor this initiative" in client.get(signing.get_absolute_url()).content.decode()
    assert client.post(path, ballot | {"vote": "abstain"}).status_code == HTTPStatus.FOUND
    given = Signature.objects.get()
    assert given.is_conflicted
    signed(signing, *members[1:3])
    assert not Decision.objects.exists()
    signed(signing, members[3])
    assert Decision.objects.exists()


def test_a_person_does_not_abstain(before_the_board: SigningRound, cast: Cast) -> None:
    with pytest.raises(NotAllowed, match="Only a member of a body"):
        signed(before_the_board, cast.cfo, vote="abstain")


def test_the_list_of_what_waits_shows_a_conflicted_member_their_abstention(
    conflicted: tuple[SigningRound, User], members: list[User]
) -> None:
    signing, _ = conflicted
    for member in members:
        fresh = User.objects.get(pk=member.pk)
        assert bool(selectors.open_signings_for(fresh)) == bool(may_sign(fresh, signing)), member


# A committee of named members, and seats in order --------------------------------------------


def test_a_committee_and_a_person_sign_in_order(cast: Cast, group: Unit, keepers: Keepers) -> None:
    appropriated(cast, 5_000_000)
    committee, people = seven_steps.committee("AI committee", keepers, group)
    stranger = factories.make_person("Stella Board", Role.BOARD_MEMBER, group)
    content = seven_steps.seven_steps([committee] * 7)
    step = empty_step("Committee, then CFO", "", [f"body:{committee.pk}", "role:cfo"]) | {"in_order": True}
    seven_steps.adopted(content | {"steps": [step]}, keepers)
    signing = opened(cast, in_decision(cast), 100_000)
    assert authority.seats_in_words(signing.step) == "2 votes of the AI committee, then the CFO"
    with pytest.raises(NotAllowed, match="2 votes of the AI committee first, then you"):
        signed(signing, cast.cfo)
    with pytest.raises(NotAllowed, match="hold no seat"):
        signed(signing, stranger)
    signed(signing, people[0])
    with pytest.raises(NotAllowed, match="1 vote of the AI committee first"):
        signed(signing, cast.cfo)
    signed(signing, people[1])
    with pytest.raises(NotAllowed):
        signed(signing, people[2])
    signed(signing, cast.cfo)
    assert Decision.objects.get().signing == signing


def test_a_new_version_stops_rounds_of_the_old_one(cast: Cast, keepers: Keepers) -> None:
    appropriated(cast, 5_000_000)
    signing = opened(cast, in_decision(cast, cost=300_000), 100_000)
    content = services.start_authority_draft(preset="small", actor=keepers.office).content
    services.discard_authority_draft(version=1, actor=keepers.office)
    seven_steps.adopted(content, keepers)
    with pytest.raises(Changed, match="changed after this round was opened"):
        signed(signing, cast.ceo)
    assert signing.tested_amount == Decimal(300_000)
