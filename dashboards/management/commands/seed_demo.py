"""`manage.py seed_demo`: the demo portfolio."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.errors import DomainError
from dashboards.demo.tell import counts, tell_bulk, tell_portfolio


class Command(BaseCommand):
    """Tell three years of a made-up company, in demo mode and into an empty database."""

    help = "Build the demo portfolio in an empty database, in demo mode."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The seed, and the sizes."""
        parser.add_argument(
            "--seed", type=int, default=7, help="the same on one day gives the same portfolio"
        )
        parser.add_argument(
            "--initiatives", type=int, help="so many of the stories; with --bulk so many in all"
        )
        parser.add_argument("--months", type=int, default=36, help="with --bulk: months of actuals of each")
        parser.add_argument(
            "--bulk", action="store_true", help="a large portfolio for benchmarks, no stories"
        )

    def handle(
        self, *args: Any, seed: int, initiatives: int | None, months: int, bulk: bool, **options: Any
    ) -> None:
        """Refuse outside demo mode and in a database that is in use; print what was made."""
        if not settings.DEMO:
            raise CommandError("Made-up data belongs in demo mode: set DEMO=1 and an own DATABASE_URL.")
        if (initiatives is not None and initiatives < 1) or months < 1:
            raise CommandError("Write how many: 1 or more.")
        if bulk and initiatives is None:
            raise CommandError("Write how many initiatives to make, such as --initiatives 10000.")
        begun = time.monotonic()
        try:
            if bulk and initiatives is not None:
                tell_bulk(seed=seed, initiatives=initiatives, months=months)
            else:
                tell_portfolio(seed=seed, stories=initiatives)
        except DomainError as error:
            raise CommandError(error.sentence) from error
        stages, outcomes = counts()
        self.stdout.write(f"{sum(stages.values())} initiatives in {time.monotonic() - begun:.0f} seconds.")
        for name, number in [*sorted(stages.items()), *sorted(outcomes.items())]:
            self.stdout.write(f"    {name:<20} {number:>6}")
