"""Jobs of the portfolio: imports that people started."""

from datetime import timedelta

from celery import shared_task
from django.db.models import F, Q

from accounts.errors import DomainError
from ledger import clock
from portfolio.imports.apply import import_portfolio
from portfolio.imports.outcome import Outcome
from portfolio.imports.postings import PROFILE, import_actuals
from portfolio.models import ImportJob

LEASE = timedelta(minutes=15)


@shared_task(name="portfolio.tasks.run_imports", ignore_result=True)
def run_imports() -> int:
    """Carry out every waiting import; returns how many. Running it twice at once does each one once.

    A worker that dies leaves its job running; after the lease another one takes it up again, and since an
    import is one transaction with a unique file, nothing is booked twice.
    """
    done = 0
    while (job := _claim()) is not None:
        _run(job)
        done += 1
    return done


def _claim() -> ImportJob | None:
    now = clock.now()
    free = Q(state=ImportJob.State.WAITING) | Q(state=ImportJob.State.RUNNING, lease_until__lt=now)
    for pk in ImportJob.objects.filter(free).order_by("pk").values_list("pk", flat=True)[:5]:
        claimed = ImportJob.objects.filter(free, pk=pk).update(
            state=ImportJob.State.RUNNING, lease_until=now + LEASE, done_rows=F("done_rows")
        )
        if claimed:
            return ImportJob.objects.select_related("by").get(pk=pk)
    return None


def _run(job: ImportJob) -> None:
    content = bytes(job.content)
    try:
        if job.kind == PROFILE:
            outcome = import_actuals(content, file_name=job.file_name, actor=job.by)
        else:
            outcome = import_portfolio(content, profile=job.kind, file_name=job.file_name, actor=job.by)
    except DomainError as error:
        job.state, job.sentence = ImportJob.State.REFUSED, error.sentence
        job.save(update_fields=["state", "sentence"])
        return
    job.state = ImportJob.State.REFUSED if outcome.refusal else ImportJob.State.DONE
    job.sentence = outcome.refusal or _in_words(outcome)
    job.batch, job.total_rows = outcome.batch, outcome.rows
    job.done_rows = outcome.rows - outcome.rejected
    job.save(update_fields=["state", "sentence", "batch", "total_rows", "done_rows"])


def _in_words(outcome: Outcome) -> str:
    return (
        f"{outcome.rows} rows: {outcome.created} new, {outcome.updated} updated, "
        f"{outcome.unchanged} unchanged, {outcome.rejected} rejected."
    )
