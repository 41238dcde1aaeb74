"""`manage.py worker`: the process that carries out what waits in rows."""

import sys
import threading
import warnings
from argparse import ArgumentParser
from typing import Any

from celery.beat import Service
from celery.exceptions import SecurityWarning
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.celery import app


class Command(BaseCommand):
    """Run tasks until a signal ends it; what is under way is finished first."""

    help = "Run tasks. With --embedded the timetable runs in the same process and no Redis is needed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether the timetable runs inside."""
        parser.add_argument("--embedded", action="store_true", help="run the timetable in this process, too")

    def handle(self, *args: Any, embedded: bool = False, **options: Any) -> None:
        """Run the worker and end with its exit code."""
        if not settings.REDIS_URL and not embedded:
            raise CommandError(
                "Without REDIS_URL nobody can send this worker anything: start it with --embedded."
            )
        # Celery warns root because of pickled messages; ours are JSON and nothing else is accepted.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        timetable = Service(app, max_interval=1) if embedded else None
        if timetable is not None:
            # `celery worker --beat` would run the timetable in a process of its own, and this one could not
            # see the queue in its memory. A thread shares it.
            threading.Thread(target=timetable.start, name="timetable", daemon=True).start()
        worker = app.Worker(
            pool="threads" if embedded else "prefork",
            concurrency=settings.WORKER_CONCURRENCY,
            loglevel=settings.LOG_LEVEL,
            quiet=True,
            without_gossip=True,
            without_mingle=True,
        )
        worker.start()
        if timetable is not None:
            timetable.stop(wait=True)
        sys.exit(worker.exitcode)
