"""Jobs of governance: chasing what is due."""

from celery import shared_task

from governance import drift
from governance.services.conditions import chase_conditions


@shared_task(name="governance.tasks.chase_conditions", ignore_result=True, acks_late=True)
def chase() -> int:
    """Chase conditions and reopen decisions that changed; returns how many. Running it twice tells once."""
    return chase_conditions() + drift.reopen_changed()
