"""`manage.py seed_demo`: the demo portfolio."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.errors import DomainError
from dashboards.demo.tell import counts, tell_portfolio


class Command(BaseCommand):
    """Tell three years of a made-up company, in demo mode and into an empty database."""

    help = "Build the demo portfolio in an empty database, in demo mode."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The seed, and the sizes."""
        parser.add_argument(
            "--seed", type=int, default=7, help="the same seed and day give the same portfolio"
        )
        parser.add_argument(
            "--initiatives", type=int, help="tell so many of the stories; with --bulk make so many"
        )

    def handle(self, *args: Any, seed: int, initiatives: int | None, **options: Any) -> None:
        """Refuse outside demo mode and in a database that is not empty; print what was made."""
        if not settings.DEMO:
            raise CommandError("Made-up data belongs in demo mode: set DEMO=1 and an own DATABASE_URL.")
        if initiatives is not None and initiatives < 1:
            raise CommandError("Write how many initiatives: 1 or more.")
        begun = time.monotonic()
        try:
            tell_portfolio(seed=seed, stories=initiatives)
        except DomainError as error:
            raise CommandError(error.sentence) from error
        stages, outcomes = counts()
        self.stdout.write(f"{sum(stages.values())} initiatives in {time.monotonic() - begun:.0f} seconds.")
        for name, number in [*sorted(stages.items()), *sorted(outcomes.items())]:
            self.stdout.write(f"    {name:<20} {number:>4}")
