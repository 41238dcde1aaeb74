"""The jobs of the ledger: sign its head each day, and keep the signed heads outside."""

from smtplib import SMTPException

import structlog
from celery import shared_task
from django.conf import settings

from ledger import clock, publishing, services
from ledger.models import HeadPublication

logger = structlog.get_logger(__name__)


@shared_task(name="ledger.tasks.sign_head", ignore_result=True, acks_late=True)
def sign_head() -> int:
    """Sign the head, and publish what waits; returns how many were published."""
    services.sign_head(settings.LEDGER_KEY_FILE, settings.LEDGER_PUBLISH_TO)
    return publish_heads()


@shared_task(name="ledger.tasks.publish_heads", ignore_result=True, acks_late=True)
def publish_heads() -> int:
    """Publish every signed head that is not kept at its place yet; what fails is tried again next time.

    Two runs at once may publish one head twice; at each place both are the same.
    """
    published = 0
    for waiting in HeadPublication.objects.filter(published_at=None).select_related("head").order_by("pk"):
        row = HeadPublication.objects.filter(pk=waiting.pk)
        try:
            publishing.publish(waiting.head, waiting.place)
        except (OSError, SMTPException) as error:
            logger.warning("a signed head could not be published", place=waiting.place, error=str(error))
            row.update(failures=waiting.failures + 1, failure=str(error)[:500])
            continue
        published += row.update(published_at=clock.now(), failure="")
    return published
