"""Messages reach the mail server at least once, under one id, whoever else tries."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from accounts.models import Notification, User
from accounts.notices import message_id, notify
from accounts.tasks import ATTEMPTS, send_notifications
from ledger import clock
from tests import factories


class Broken(BaseEmailBackend):
    """A mail server that does not answer."""

    def send_messages(self, email_messages: Any) -> int:
        """Never."""
        raise ConnectionRefusedError(len(email_messages))


BROKEN = f"{__name__}.Broken"


def test_a_message_is_sent_once_with_its_link(cfo: User, settings: Any) -> None:
    message = notify(
        cfo, subject="A case waits", sentence="Ticket triage waits for you.", path="/signings/1/"
    )
    assert send_notifications() == 1
    assert send_notifications() == 0
    (sent,) = mail.outbox
    assert sent.to == [cfo.email]
    assert sent.extra_headers["Message-ID"] == message_id(message)
    assert "Ticket triage waits for you." in sent.body
    assert f"{settings.BASE_URL}/signings/1/" in sent.body
    message.refresh_from_db()
    assert message.state == Notification.State.SENT


def test_a_message_to_a_service_account_reaches_its_person(integrator: User) -> None:
    assert notify(integrator, subject="x", sentence="y").recipient == integrator.answers_for_it


def test_a_silent_server_loses_nothing_and_keeps_the_id(cfo: User, settings: Any, time_machine: Any) -> None:
    message = notify(cfo, subject="A case waits", sentence="Look.")
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = BROKEN
    assert send_notifications() == 0
    message.refresh_from_db()
    assert (message.state, message.attempts) == (Notification.State.QUEUED, 1)
    # Not again at once, but after a while.
    settings.EMAIL_BACKEND = works
    assert send_notifications() == 0
    time_machine.move_to(clock.now() + timedelta(minutes=5))
    assert send_notifications() == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == message_id(message)


def test_it_gives_up_in_the_end_and_shows_it(cfo: User, settings: Any, time_machine: Any) -> None:
    message = notify(cfo, subject="A case waits", sentence="Look.")
    settings.EMAIL_BACKEND = BROKEN
    for turn in range(ATTEMPTS + 3):
        time_machine.move_to(clock.now() + timedelta(minutes=5 + turn))
        send_notifications()
    message.refresh_from_db()
    assert (message.state, message.attempts) == (Notification.State.FAILED, ATTEMPTS)


def test_a_dead_workers_claim_is_taken_again(cfo: User) -> None:
    message = notify(cfo, subject="A case waits", sentence="Look.")
    Notification.objects.update(
        state=Notification.State.SENDING, lease_until=clock.now() + timedelta(minutes=1)
    )
    assert send_notifications() == 0
    Notification.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert send_notifications() == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == message_id(message)


def test_nobody_writes_to_a_disabled_account(cfo: User) -> None:
    message = notify(cfo, subject="A case waits", sentence="Look.")
    User.objects.filter(pk=cfo.pk).update(is_active=False)
    assert send_notifications() == 0
    assert mail.outbox == []
    message.refresh_from_db()
    assert message.state == Notification.State.FAILED


@pytest.mark.django_db(transaction=True)
def test_four_workers_send_each_message_once() -> None:
    user = factories.make_user("Mara Mail")
    for number in range(20):
        notify(user, subject=f"Message {number}", sentence="Look.")
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        send_notifications()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [message.extra_headers["Message-ID"] for message in mail.outbox]
    assert len(ids) == len(set(ids)) == 20
