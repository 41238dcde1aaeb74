"""Jobs of scoring: bringing positions up to their facts, and to the day."""

from celery import shared_task

from ledger import clock
from portfolio import lifecycle
from portfolio.models import Initiative
from scoring import model_services, positions, services


@shared_task(name="scoring.tasks.refresh_stale", ignore_result=True, acks_late=True)
def refresh_stale() -> int:
    """Compute every return and score that is behind its facts; returns how many were written.

    Running it twice, or twice at once, changes no number: claims share the work, and a position is only ever
    replaced by a newer one.
    """
    return positions.refresh_returns() + positions.refresh_scores()


@shared_task(name="scoring.tasks.run_rescores", ignore_result=True, acks_late=True)
def run_rescores() -> int:
    """Carry out every re-score that was asked for; returns how many. Twice at once, each is done once."""
    done = 0
    while (job := model_services.claim_rescore()) is not None:
        model_services.run_rescore(job)
        done += 1
    return done


@shared_task(name="scoring.tasks.nightly_sweep", ignore_result=True, acks_late=True)
def nightly_sweep() -> int:
    """Bring every return to today: months close, promises grow late; and end the holds whose day is over.

    Running it twice does it once.
    """
    for initiative in Initiative.objects.filter(on_hold=True).order_by("pk"):
        lifecycle.refresh(initiative)
    return positions.advance_returns()


@shared_task(name="scoring.tasks.remind_assessors", ignore_result=True, acks_late=True)
def remind_assessors() -> int:
    """Remind the assessors whose scorecards are overdue; returns how many. Running it twice reminds once."""
    return services.remind_overdue(clock.today())
