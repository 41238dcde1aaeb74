"""The job that opens the review of access, twice a year."""

from celery import shared_task

from accounts.errors import InvalidMove
from governance.services.reviews import open_review


@shared_task(name="governance.review_tasks.open_access_review", ignore_result=True, acks_late=True)
def open_access_review() -> int:
    """Open the review unless one was opened in the last five months; returns how many were opened."""
    try:
        open_review(actor=None)
    except InvalidMove:
        return 0
    return 1
