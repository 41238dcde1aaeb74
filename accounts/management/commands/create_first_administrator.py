"""`manage.py create_first_administrator --email … --name …`: the way into a fresh install."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.errors import DomainError


class Command(BaseCommand):
    """Print a one-time link by which the first administrator sets a password within 24 hours."""

    help = "Make the first administrator and print a one-time link to set a password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who it is, and what the organisation is called."""
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--organisation", default="Organisation", help="the name of the root unit, if there is none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Refused when an administrator exists."""
        try:
            user, path = services.create_first_administrator(
                email=options["email"], name=options["name"], organisation=options["organisation"]
            )
        except DomainError as error:
            raise CommandError(error.sentence) from error
        if path:
            self.stdout.write(
                f"{user.name} sets a password here, once, within 24 hours:\n{settings.BASE_URL}{path}"
            )
        else:
            self.stdout.write(f"{user.name} is administrator and signs in with the password they have.")
