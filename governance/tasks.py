"""Jobs of governance: chasing what is due, and whoever's signature waits."""

from celery import shared_task

from governance import drift, services
from governance.services.conditions import chase_conditions
from ledger import clock


@shared_task(name="governance.tasks.chase_conditions", ignore_result=True, acks_late=True)
def chase() -> int:
    """Chase conditions and reopen decisions that changed; returns how many. Running it twice tells once."""
    return chase_conditions() + drift.reopen_changed()


@shared_task(name="governance.tasks.remind_signers", ignore_result=True, acks_late=True)
def remind_signers() -> int:
    """Remind of signatures that wait and escalate those overdue; returns how many. Twice a day tells once."""
    return services.remind_signings(clock.today())
