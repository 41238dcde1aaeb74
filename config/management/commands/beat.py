"""`manage.py beat`: the timetable as a process of its own."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.celery import app


class Command(BaseCommand):
    """Send tasks by the timetable of config/celery.py. Exactly one of these runs."""

    help = "Send tasks by the timetable; run exactly one of these."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal ends it."""
        if not settings.REDIS_URL:
            raise CommandError("Without REDIS_URL the timetable runs inside `manage.py worker --embedded`.")
        app.Beat(loglevel=settings.LOG_LEVEL, quiet=True).run()
