"""`manage.py serve`: the web process."""

import io
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Serve pages and the API with gunicorn until a signal ends it."""

    help = "Serve pages and the API at HOST:PORT; TERM ends it after the requests under way."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse what must not go to production, then become gunicorn."""
        call_command("check", deploy=not settings.DEMO, fail_level="WARNING", stdout=io.StringIO())
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        # The command's own process becomes the server, so that signals reach it without a go-between.
        arguments = ["-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi:application"]
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
