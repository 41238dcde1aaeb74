"""The job that sends messages: at least once, under one id."""

from datetime import timedelta
from smtplib import SMTPException

import structlog
from celery import shared_task
from django.db.models import F, Q, QuerySet

from accounts import duties, notices
from accounts.models import Notification
from ledger import clock

LEASE = timedelta(minutes=2)
ATTEMPTS = 8
AT_ONCE = 100
logger = structlog.get_logger(__name__)


@shared_task(name="accounts.tasks.report_exceptions", ignore_result=True, acks_late=True)
def report_exceptions() -> int:
    """Tell CFO and auditors of last month's exceptions; returns how many were told. Twice tells once."""
    return duties.tell_exceptions(clock.today().replace(day=1) - timedelta(days=1))


@shared_task(name="accounts.tasks.send_notifications", ignore_result=True, acks_late=True)
def send_notifications() -> int:
    """Send what waits, and what a dead worker left; returns how many were sent.

    Two runs at once don't send the same message: only one of them can claim it. A worker that dies between
    sending and noting it leaves a message that is sent again under the same id.
    """
    sent = 0
    for pk in list(_waiting().order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        if _claim(pk):
            sent += _send(pk)
    return sent


def _waiting() -> QuerySet[Notification]:
    state = Notification.State
    return Notification.objects.filter(
        Q(state=state.QUEUED) & (Q(lease_until=None) | Q(lease_until__lt=clock.now()))
        | Q(state=state.SENDING, lease_until__lt=clock.now())
    )


def _claim(pk: int) -> bool:
    return bool(
        _waiting()
        .filter(pk=pk)
        .update(state=Notification.State.SENDING, lease_until=clock.now() + LEASE, attempts=F("attempts") + 1)
    )


def _send(pk: int) -> int:
    notification = Notification.objects.select_related("recipient").get(pk=pk)
    row = Notification.objects.filter(pk=pk)
    if not notification.recipient.is_active:
        row.update(state=Notification.State.FAILED)
        return 0
    try:
        notices.send(notification)
    except (OSError, SMTPException) as error:
        logger.warning("a message could not be sent", notification=pk, error=str(error))
        gives_up = notification.attempts >= ATTEMPTS
        # It waits out its lease before the next attempt.
        row.update(state=Notification.State.FAILED if gives_up else Notification.State.QUEUED)
        return 0
    row.update(state=Notification.State.SENT, sent_at=clock.now(), lease_until=None)
    return 1
