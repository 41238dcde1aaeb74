"""A version of the authority: drafted, proposed, approved by two, in force from its day; or refused."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.errors import Changed, Incomplete, InvalidMove, NotAllowed, Refused
from accounts.models import Notification, Role, Unit, User
from governance import authority, authority_selectors, services
from governance.authority_document import Content, empty_step
from governance.models import AuthorityAdoption, AuthorityDraft, AuthorityVersion
from ledger import clock
from ledger.models import LedgerEntry
from tests import factories
from tests.factories import SignIn

WHOLE: dict[str, Any] = {"reason": "The board wants it"}


@pytest.fixture
def executives(group: Unit, cfo: User, ceo: User, unit_head: User, finance: User) -> tuple[User, User]:
    """CFO and CEO of the whole, and holders of every seat that a small authority names."""
    return (
        factories.make_person("Clara Whole", Role.CFO, group),
        factories.make_person("Cyrus Whole", Role.CEO, group),
    )


@pytest.fixture
def office(group: Unit) -> User:
    """The portfolio office of the whole organisation."""
    return factories.make_person("Ottilie Whole", Role.PORTFOLIO_OFFICE, group)


@pytest.fixture
def draft(office: User, executives: tuple[User, User]) -> AuthorityDraft:
    """A draft of the small preset."""
    return services.start_authority_draft(preset="small", actor=office)


@pytest.fixture
def proposed(draft: AuthorityDraft, office: User) -> AuthorityVersion:
    """Version 2, before CFO and CEO."""
    return services.propose_authority(version=draft.version, **WHOLE, actor=office)


def vote_url(version: AuthorityVersion) -> str:
    return reverse("authority-vote", args=[version.number])


def ballot(version: AuthorityVersion, **changes: str) -> dict[str, str]:
    return {"vote": "for", "reason": "", "seen_hash": version.content_hash} | changes


# It works ------------------------------------------------------------------------------------


def test_two_votes_put_a_version_in_force(
    sign_in: SignIn, executives: tuple[User, User], proposed: AuthorityVersion
) -> None:
    assert authority.step_for(Decimal(40_000), "").name == "Unit head and finance"
    for person in executives:
        answer = sign_in(person).post(vote_url(proposed), ballot(proposed))
        assert answer.status_code == HTTPStatus.FOUND
    assert authority.version_in_force() == proposed
    assert authority.step_for(Decimal(40_000), "").name == "CFO"
    assert authority.unit_limit() == Decimal(5_000)
    acts = LedgerEntry.objects.filter(act__startswith="authority.").values_list("act", flat=True)
    assert {"authority.proposed", "authority.approved", "authority.adopted"} <= set(acts)
    assert not AuthorityDraft.objects.exists()


def test_a_version_holds_from_its_day_on(
    draft: AuthorityDraft, office: User, executives: tuple[User, User]
) -> None:
    later = clock.today() + timedelta(days=10)
    content = draft.content | {"valid_from": later.isoformat()}
    draft = services.save_authority_draft(content=content, version=draft.version, actor=office)
    version = services.propose_authority(version=draft.version, **WHOLE, actor=office)
    for person in executives:
        services.approve_authority(version, vote="for", seen_hash=version.content_hash, actor=person)
    assert authority.version_in_force() != version
    assert authority_selectors.versions_on_page()[0].state == "coming"
    with time_machine.travel(clock.now() + timedelta(days=10)):
        assert authority.version_in_force() == version
        assert [row.state for row in authority_selectors.versions_on_page()] == ["in force", "past"]


def test_a_late_approval_never_reaches_back(
    proposed: AuthorityVersion, executives: tuple[User, User]
) -> None:
    with time_machine.travel(clock.now() + timedelta(days=30)):
        for person in executives:
            services.approve_authority(proposed, vote="for", seen_hash=proposed.content_hash, actor=person)
        assert AuthorityAdoption.objects.get(version=proposed).in_force_from == clock.today()


def test_the_page_shows_what_differs(
    sign_in: SignIn, executives: tuple[User, User], proposed: AuthorityVersion
) -> None:
    page = sign_in(executives[0]).get(proposed.get_absolute_url()).content.decode()
    assert "up to 50\u202f000.00" in page
    assert "up to 5\u202f000.00" in page
    assert "Step “Board”" in page
    assert sign_in(executives[0]).get(reverse("authority")).status_code == HTTPStatus.OK


def test_home_and_a_message_tell_who_has_to_vote(
    sign_in: SignIn, office: User, executives: tuple[User, User], proposed: AuthorityVersion
) -> None:
    waits = "Approve the authority"
    assert waits in sign_in(executives[0]).get(reverse("home")).content.decode()
    assert waits not in sign_in(office).get(reverse("home")).content.decode()
    assert (
        Notification.objects.filter(recipient__in=executives, path=proposed.get_absolute_url()).count() == 2
    )
    services.approve_authority(proposed, vote="for", seen_hash=proposed.content_hash, actor=executives[0])
    assert waits not in sign_in(executives[0]).get(reverse("home")).content.decode()


def test_the_page_takes_as_many_queries_for_two_versions_as_for_five(
    office: User,
    executives: tuple[User, User],
    proposed: AuthorityVersion,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    for _ in range(3):
        version = AuthorityVersion.objects.order_by("number").last()
        assert version is not None
        services.approve_authority(
            version, vote="against", reason="No", seen_hash=version.content_hash, actor=executives[0]
        )
        draft = AuthorityDraft.objects.get()
        services.propose_authority(version=draft.version, **WHOLE, actor=office)
    with django_assert_max_num_queries(11):  # type: ignore[attr-defined]
        shown = authority_selectors.versions_on_page()
        assert [len(row.steps) for row in shown] == [3, 3, 3, 3, 5]


def test_rows_are_added_moved_and_taken_away_without_javascript(
    sign_in: SignIn, office: User, draft: AuthorityDraft
) -> None:
    client = sign_in(office)

    def press(command: str) -> Content:
        draft.refresh_from_db()
        answer = client.post(reverse("authority-draft-save"), typed(draft.content, draft.version, do=command))
        assert answer.status_code == HTTPStatus.FOUND, answer.content
        draft.refresh_from_db()
        content: Content = draft.content
        return content

    assert [row["name"] for row in press("add-step")["steps"]][-1] == ""
    assert [row["name"] for row in press("up-3")["steps"]][2] == ""
    assert len(press("remove-2")["steps"]) == 3
    assert press("add-seat-1")["steps"][1]["seats"] == ["role:cfo", ""]
    assert press("drop-seat-1-1")["steps"][1]["seats"] == ["role:cfo"]
    before = press("down-0")
    assert [row["name"] for row in before["steps"]][:2] == ["CFO", "Unit head and finance"]
    assert press("remove-99") == before
    assert client.get(reverse("authority-draft")).status_code == HTTPStatus.OK


def typed(content: Content, version: int, **more: str) -> dict[str, Any]:
    """The draft as a browser sends it."""
    data: dict[str, Any] = {
        "version": version,
        "steps": len(content["steps"]),
        "tiers_up": content["tiers_up"],
    }
    data |= {
        key: content[key]
        for key in ("name", "valid_from", "informed_body", "informed_over", "informed_currency")
    }
    for place, row in enumerate(content["steps"]):
        for key, value in row.items():
            if key == "seats":
                data |= {f"steps-{place}-seats-{number}": seat for number, seat in enumerate(value)}
                data[f"steps-{place}-seats"] = len(value)
            elif key != "in_order" or value:
                data[f"steps-{place}-{key}"] = value
    return data | more


# Who may not ---------------------------------------------------------------------------------


def test_the_cfo_drafts_nothing_and_the_office_of_a_unit_neither(
    sign_in: SignIn, executives: tuple[User, User], draft: AuthorityDraft, unit: Unit
) -> None:
    local = factories.make_person("Olga Local", Role.PORTFOLIO_OFFICE, unit)
    for person in (executives[0], local):
        client = sign_in(person)
        for name in ("authority-draft-save", "authority-draft-discard", "authority-propose"):
            assert client.post(reverse(name), {"version": draft.version}).status_code == HTTPStatus.FORBIDDEN
        assert client.get(reverse("authority-draft")).status_code == HTTPStatus.FORBIDDEN
    assert AuthorityDraft.objects.get().version == draft.version


def test_the_office_approves_nothing(sign_in: SignIn, office: User, proposed: AuthorityVersion) -> None:
    assert sign_in(office).post(vote_url(proposed), ballot(proposed)).status_code == HTTPStatus.FORBIDDEN


def test_the_proposer_does_not_approve_even_as_cfo(
    office: User, group: Unit, proposed: AuthorityVersion
) -> None:
    factories.grant(office, Role.CFO, group)
    with pytest.raises(NotAllowed, match="wrote on this version"):
        services.approve_authority(proposed, vote="for", seen_hash=proposed.content_hash, actor=office)


def test_nobody_approves_a_limit_of_their_own(
    draft: AuthorityDraft, office: User, executives: tuple[User, User]
) -> None:
    content = draft.content
    content["steps"][1]["seats"] = [f"person:{executives[0].pk}"]
    draft = services.save_authority_draft(content=content, version=draft.version, actor=office)
    version = services.propose_authority(version=draft.version, **WHOLE, actor=office)
    with pytest.raises(NotAllowed, match="to you by name"):
        services.approve_authority(version, vote="for", seen_hash=version.content_hash, actor=executives[0])


def test_the_cfo_of_a_part_does_not_approve_for_the_whole(proposed: AuthorityVersion, unit: Unit) -> None:
    local = factories.make_person("Lea Local", Role.CFO, unit)
    with pytest.raises(NotAllowed, match="for a part of it"):
        services.approve_authority(proposed, vote="for", seen_hash=proposed.content_hash, actor=local)


def test_two_of_one_seat_are_not_two(
    proposed: AuthorityVersion, executives: tuple[User, User], group: Unit
) -> None:
    second = factories.make_person("Carl Second", Role.CFO, group)
    services.approve_authority(proposed, vote="for", seen_hash=proposed.content_hash, actor=executives[0])
    with pytest.raises(InvalidMove, match="seat voted"):
        services.approve_authority(proposed, vote="for", seen_hash=proposed.content_hash, actor=second)


# Wrong state, wrong input --------------------------------------------------------------------


def test_one_no_closes_it_and_the_draft_goes_on(
    sign_in: SignIn, office: User, executives: tuple[User, User], proposed: AuthorityVersion
) -> None:
    client = sign_in(executives[0])
    assert client.post(vote_url(proposed), ballot(proposed, vote="against")).status_code == 422
    answer = client.post(vote_url(proposed), ballot(proposed, vote="against", reason="Too low"))
    assert answer.status_code == HTTPStatus.FOUND
    other = sign_in(executives[1]).post(vote_url(proposed), ballot(proposed))
    assert other.status_code == HTTPStatus.CONFLICT
    assert authority_selectors.versions_on_page()[0].state == "refused"
    draft = AuthorityDraft.objects.get()
    again = services.propose_authority(version=draft.version, **WHOLE, actor=office)
    assert again.number == proposed.number + 1


def test_a_vote_on_something_else_counts_for_nothing(
    sign_in: SignIn, executives: tuple[User, User], proposed: AuthorityVersion
) -> None:
    answer = sign_in(executives[0]).post(vote_url(proposed), ballot(proposed, seen_hash="0" * 64))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert not proposed.approvals.exists()


def test_an_old_sign_in_approves_nothing(
    sign_in: SignIn, executives: tuple[User, User], proposed: AuthorityVersion
) -> None:
    answer = sign_in(executives[0], fresh=False).post(vote_url(proposed), ballot(proposed))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not proposed.approvals.exists()


def test_a_proposed_draft_changes_no_more(
    office: User, draft: AuthorityDraft, proposed: AuthorityVersion
) -> None:
    with pytest.raises(InvalidMove, match="frozen"):
        services.save_authority_draft(content=draft.content, version=draft.version, actor=office)


def test_a_draft_that_somebody_saved_meanwhile_loses_nothing(
    sign_in: SignIn, office: User, draft: AuthorityDraft
) -> None:
    services.save_authority_draft(content=draft.content | {"name": "Theirs"}, version=1, actor=office)
    mine = typed(draft.content | {"name": "Mine"}, 1)
    answer = sign_in(office).post(reverse("authority-draft-save"), mine)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert 'value="Mine"' in answer.content.decode()
    with pytest.raises(Changed):
        services.propose_authority(version=1, **WHOLE, actor=office)


def test_a_draft_of_what_is_in_force_is_not_proposed(
    office: User, executives: tuple[User, User], group: Unit
) -> None:
    for number in range(3):
        factories.make_person(f"Board {number}", Role.BOARD_MEMBER, group)
    draft = services.start_authority_draft(actor=office)
    with pytest.raises(InvalidMove, match="nothing to propose"):
        services.propose_authority(version=draft.version, **WHOLE, actor=office)


def wrong(content: Content, **changes: Any) -> Content:
    """The document with one step more at its end."""
    return content | {"steps": [*content["steps"], empty_step("Another", **changes)]}


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (lambda c: c | {"name": ""}, "name", "Name"),
        (lambda c: c | {"valid_from": "2001-01-01"}, "valid_from", "today or later"),
        (lambda c: c | {"steps": []}, "steps", "Add a step"),
        (lambda c: c | {"tiers_up": ["scary"]}, "tiers_up", "no tier"),
        (lambda c: c | {"informed_over": "10"}, "informed_over", "or neither"),
        (lambda c: wrong(c, limit="90000", seats=["role:cfo"]), "steps-3-limit", "No amount reaches it"),
        (lambda c: wrong(c, limit="abc", seats=["role:cfo"]), "steps-3-limit", "amount above 0"),
        (lambda c: wrong(c, limit="0.001", seats=["role:cfo"]), "steps-3-limit", "digits"),
        (lambda c: wrong(c, seats=["role:cfo"], currency="XXX"), "steps-3-currency", "planning rate"),
        (lambda c: wrong(c, seats=[""]), "steps-3-seats-0", "Choose who signs"),
        (lambda c: wrong(c, seats=["role:cfo", "role:cfo"]), "steps-3-seats-1", "already"),
        (lambda c: wrong(c, seats=["role:auditor"]), "steps-3-seats-0", "Choose a role that may sign"),
        (lambda c: wrong(c, seats=["role:board_member"]), "steps-3-seats-0", "Nobody holds"),
        (lambda c: wrong(c, seats=["body:9999"]), "steps-3-seats-0", "Choose a role"),
        (lambda c: wrong(c, seats=["person:9999"]), "steps-3-seats-0", "no confirmed role"),
        (lambda c: c | {"steps": c["steps"][:2]}, "steps-1-limit", "nobody could decide"),
        (lambda c: c | {"steps": [c["steps"][i] for i in (1, 0, 2)]}, "steps-1-limit", "above the limit"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_field(
    draft: AuthorityDraft, office: User, change: Any, place: str, words: str
) -> None:
    changed = services.save_authority_draft(content=change(draft.content), version=1, actor=office)
    with pytest.raises(Incomplete) as caught:
        services.propose_authority(version=changed.version, **WHOLE, actor=office)
    assert words in caught.value.missing[place], caught.value.missing
    assert not AuthorityVersion.objects.filter(proposed_by=office).exists()


def test_the_page_of_a_refused_draft_shows_the_words_at_the_row(
    sign_in: SignIn, office: User, draft: AuthorityDraft
) -> None:
    content = wrong(draft.content, limit="1", seats=["role:cfo"])
    services.save_authority_draft(content=content, version=1, actor=office)
    answer = sign_in(office).post(reverse("authority-propose"), {"version": 2, **WHOLE})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'id="id_steps-3-limit_error"' in answer.content.decode()


def test_a_proposal_needs_a_reason(draft: AuthorityDraft, office: User) -> None:
    with pytest.raises(Refused):
        services.propose_authority(version=draft.version, reason=" ", actor=office)


def test_voting_and_saving_are_posts(
    sign_in: SignIn, office: User, executives: tuple[User, User], proposed: AuthorityVersion
) -> None:
    assert sign_in(executives[0]).get(vote_url(proposed)).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    for name in (
        "authority-draft-start",
        "authority-draft-save",
        "authority-draft-discard",
        "authority-propose",
    ):
        assert sign_in(office).get(reverse(name)).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_a_stranger_sees_no_authority(sign_in: SignIn, outsider: User, proposed: AuthorityVersion) -> None:
    client = sign_in(outsider)
    for path in (reverse("authority"), proposed.get_absolute_url(), reverse("body-list")):
        assert client.get(path).status_code == HTTPStatus.FORBIDDEN
    assert sign_in(outsider).post(vote_url(proposed), ballot(proposed)).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("key", ["default", "small", "group"])
def test_every_preset_can_be_loaded_into_a_draft(
    sign_in: SignIn, office: User, draft: AuthorityDraft, key: str
) -> None:
    data = typed(draft.content, draft.version, do="load", preset=key)
    assert sign_in(office).post(reverse("authority-draft-save"), data).status_code == HTTPStatus.FOUND
    draft.refresh_from_db()
    limits = {"default": ["50000", "250000", "1000000"], "small": ["5000", "50000"],
              "group": ["100000", "500000", "2000000"]}  # fmt: skip
    assert [row["limit"] for row in draft.content["steps"] if row["limit"]] == limits[key]
    assert draft.content["informed_over"] == ("10000000" if key == "group" else "")
