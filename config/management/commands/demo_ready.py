"""`manage.py demo_ready`: the demo portfolio, on the first start and never over anything that is there."""

import socket
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts.models import User
from ledger.tasks import sign_head
from portfolio.models import Initiative

SEED = 7


class Command(BaseCommand):
    """Build the demo portfolio in an empty database, and let the demo accounts have the demo password."""

    help = "Build the demo portfolio when the database has no initiative. --fresh begins anew (SQLite)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to throw the database away first."""
        parser.add_argument("--fresh", action="store_true", help="delete the SQLite database first")

    def handle(self, *args: Any, fresh: bool = False, **options: Any) -> None:
        """Refuse outside demo mode; build what is missing and say what was done."""
        if not settings.DEMO:
            raise CommandError("The demo portfolio belongs in demo mode: set DEMO=1 and an own DATABASE_URL.")
        if fresh:
            self._begin_anew()
        if Initiative.objects.exists():
            self.stdout.write("The database has initiatives: the demo portfolio is left as it is.")
        elif User.objects.exists():
            raise CommandError("The database has people and no initiative; the demo needs an empty one.")
        else:
            begun = time.monotonic()
            self.stdout.write("Building the demo portfolio: three years of a made-up company ...")
            self.stdout.flush()
            call_command("seed_demo", seed=SEED, stdout=self.stdout)
            # As the nightly job would, so that an auditor of the first hour has something to verify.
            sign_head()
            self.stdout.write(f"The demo portfolio is built, in {time.monotonic() - begun:.0f} seconds.")
        self._align_passwords()

    def _begin_anew(self) -> None:
        if connection.vendor != "sqlite":
            raise CommandError(
                "--fresh deletes SQLite files only; give PostgreSQL an empty database yourself."
            )
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", settings.PORT)) == 0:
                raise CommandError(
                    f"Something serves at port {settings.PORT}: stop it before you begin anew."
                )
        connection.close()
        name = str(settings.DATABASES["default"]["NAME"])
        for suffix in ("", "-wal", "-shm"):
            Path(name + suffix).unlink(missing_ok=True)
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write("The old database is deleted.")

    def _align_passwords(self) -> None:
        """Demo accounts share one password; after a change of DEMO_PASSWORD they follow it."""
        people = User.objects.filter(is_service_account=False).order_by("pk")
        first = next((person for person in people if person.has_usable_password()), None)
        if first is not None and first.check_password(settings.DEMO_PASSWORD):
            return
        people.update(password=make_password(settings.DEMO_PASSWORD))
        self.stdout.write("The demo accounts have the password of DEMO_PASSWORD now.")
