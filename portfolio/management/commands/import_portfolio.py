"""`manage.py import_portfolio FILE --profile NAME`: take a portfolio in from the command line."""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import DomainError
from accounts.models import User
from portfolio.imports.apply import import_portfolio
from portfolio.imports.outcome import Outcome
from portfolio.imports.profiles import PROFILES
from portfolio.imports.report import as_csv


class Command(BaseCommand):
    """Reads the file, takes its rows in or says why not, and prints the counts."""

    help = "Import a portfolio. Every row is taken or stands in the report with its reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be said on the command line."""
        parser.add_argument("file", type=Path, help="a CSV or XLSX file")
        parser.add_argument("--profile", required=True, choices=list(PROFILES), help="which source it is")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done and write nothing")
        parser.add_argument("--report", type=Path, help="write what became of each row to this CSV file")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON: the counts")
        parser.add_argument(
            "--about",
            type=date.fromisoformat,
            help="the date that the file is about, where it does not say it",
        )
        parser.add_argument("--by", help="the e-mail address of who imports; their rights are asked then")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the import."""
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} can't be read: {error.strerror}.") from error
        try:
            outcome = import_portfolio(
                content,
                profile=options["profile"],
                file_name=options["file"].name,
                about=options["about"],
                dry_run=options["dry_run"],
                actor=_actor(options["by"]),
            )
        except DomainError as error:
            raise CommandError(error.sentence) from error
        if options["report"] is not None:
            # With a mark at the start, spreadsheets know that it is UTF-8.
            options["report"].write_text(as_csv(outcome.lines), encoding="utf-8-sig", newline="")
        self._say(outcome, dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(outcome.counts))

    def _say(self, outcome: Outcome, *, dry_run: bool) -> None:
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"About {outcome.about_date}: {outcome.rows} rows; {outcome.created} {would}created, "
            f"{outcome.updated} {would}updated, {outcome.unchanged} unchanged, {outcome.rejected} rejected."
        )
        for line in outcome.lines:
            if line.outcome == "rejected":
                where = f", {line.column}" if line.column else ""
                self.stdout.write(f"row {line.row_number}{where}: {line.reason} ({line.value[:80]!r})")


def _actor(email: str | None) -> User | None:
    if email is None:
        return None
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active user {email}.")
    return user
