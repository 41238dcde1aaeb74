"""Jobs of scoring: bringing positions up to their facts, and to the day."""

from celery import shared_task

from scoring import positions


@shared_task(name="scoring.tasks.refresh_stale", ignore_result=True, acks_late=True)
def refresh_stale() -> int:
    """Compute every return and score that is behind its facts; returns how many were written.

    Running it twice, or twice at once, changes no number: claims share the work, and a position is only ever
    replaced by a newer one.
    """
    return positions.refresh_returns() + positions.refresh_scores()


@shared_task(name="scoring.tasks.nightly_sweep", ignore_result=True, acks_late=True)
def nightly_sweep() -> int:
    """Bring every return to today: months close, promises grow late. Running it twice does it once."""
    return positions.advance_returns()
