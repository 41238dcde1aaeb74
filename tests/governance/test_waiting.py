"""Reminders before a round is due and escalation after it: each once, however often the job runs."""

from datetime import timedelta
from http import HTTPStatus

import pytest
import time_machine

from accounts.models import Notification, Role, User
from config.celery import app
from governance.models import SigningNotice, SigningRound
from governance.services import remind_signings
from governance.tasks import remind_signers
from ledger import clock
from ledger.models import LedgerEntry
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import Cast, appropriated, in_decision, opened, signed


@pytest.fixture
def signing(cast: Cast) -> SigningRound:
    """A round before the board, of three members."""
    appropriated(cast, 1_000_000)
    for number in range(3):
        factories.make_person(f"Member {number} Board", Role.BOARD_MEMBER, cast.unit)
    return opened(cast, in_decision(cast), 100_000)


def told(user: User, words: str) -> int:
    return Notification.objects.filter(recipient=user, subject__contains=words).count()


def test_the_timetable_runs_the_job_each_day() -> None:
    assert remind_signers.name in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_those_who_have_not_signed_are_reminded_once(signing: SigningRound) -> None:
    members = list(User.objects.filter(name__startswith="Member").order_by("pk"))
    signed(signing, members[0])
    assert remind_signings(signing.due_on - timedelta(days=6)) == 0
    with time_machine.travel(clock.now() + timedelta(days=27)):
        assert remind_signers() == 1
        assert remind_signers() == 0
    assert [told(member, "still waits") for member in members] == [0, 1, 1]
    assert LedgerEntry.objects.filter(act="signing.reminded").count() == 1


def test_an_overdue_round_goes_to_the_next_step_up_once(
    sign_in: SignIn, cast: Cast, signing: SigningRound
) -> None:
    late = signing.due_on + timedelta(days=1)
    assert remind_signings(late) == 1
    assert remind_signings(late + timedelta(days=1)) == 0
    assert told(cast.cfo, "you may decide it") == 1
    assert told(cast.portfolio_office, "is overdue") == 1
    assert SigningNotice.objects.get().step.name == "CFO"
    for path in (signing.get_absolute_url(), "/signings/"):
        page = sign_in(cast.ceo).get(path).content.decode()
        assert "escalated to “CFO” on" in page, path
    signed(signing, cast.cfo)
    assert not SigningRound.objects.unended().exists()


def test_it_passes_over_whoever_has_a_part_in_it(cast: Cast) -> None:
    appropriated(cast, 1_000_000)
    for number in range(3):
        factories.make_person(f"Member {number} Board", Role.BOARD_MEMBER, cast.unit)
    cast.owner = cast.cfo
    signing = opened(cast, in_decision(cast), 100_000)
    remind_signings(signing.due_on + timedelta(days=1))
    assert SigningNotice.objects.get().step.name == "CFO and CEO"
    assert (told(cast.cfo, "you may"), told(cast.ceo, "you may")) == (0, 1)


def test_what_has_ended_is_not_reminded(cast: Cast, signing: SigningRound) -> None:
    signed(signing, cast.cfo)
    assert remind_signings(signing.due_on + timedelta(days=1)) == 0
    assert not SigningNotice.objects.exists()


def test_the_page_of_a_round_still_opens(sign_in: SignIn, cast: Cast, signing: SigningRound) -> None:
    assert sign_in(cast.cfo).get(signing.get_absolute_url()).status_code == HTTPStatus.OK
