"""Jobs of governance."""

from celery import shared_task

from governance import services
from ledger import clock


@shared_task(name="governance.tasks.remind_signers", ignore_result=True, acks_late=True)
def remind_signers() -> int:
    """Remind of signatures that wait and escalate those overdue; returns how many. Twice a day tells once."""
    return services.remind_signings(clock.today())
