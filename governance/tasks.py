"""Jobs of governance."""

from celery import shared_task

from governance.services import watching


@shared_task(name="governance.tasks.watch_running", ignore_result=True, acks_late=True)
def watch_running() -> int:
    """Bring recommendations up to their facts and to the day, and tell people once what fired."""
    return watching.watch()


@shared_task(name="governance.tasks.remind_of_promises", ignore_result=True, acks_late=True)
def remind_of_promises() -> int:
    """Remind the portfolio office of dates that were promised and come near; each once."""
    return watching.remind_of_promises()
