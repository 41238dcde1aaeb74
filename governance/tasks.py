"""Jobs of governance: what is due, what waits for a signature, what runs, and what was promised."""

from celery import shared_task

from governance import drift, services
from governance.services import watching
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


@shared_task(name="governance.tasks.watch_running", ignore_result=True, acks_late=True)
def watch_running() -> int:
    """Bring recommendations up to their facts and to the day, and tell people once what fired."""
    return watching.watch()


@shared_task(name="governance.tasks.remind_of_promises", ignore_result=True, acks_late=True)
def remind_of_promises() -> int:
    """Remind the portfolio office of dates that were promised and come near; each once."""
    return watching.remind_of_promises()
