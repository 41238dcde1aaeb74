"""Jobs of risk and incidents."""

from celery import shared_task

from assurance import services
from ledger import clock


@shared_task(name="assurance.tasks.chase_reports", ignore_result=True, acks_late=True)
def chase_reports() -> int:
    """Chase incidents of which an authority has to be told; returns how many. Twice a day chases once."""
    return services.chase(clock.today())
