"""`manage.py migrate`, followed by the triggers that keep facts append-only."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from ledger import facts


class Command(Migrate):
    """Django's command; whatever it did to the tables, they are append-only afterwards."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then (re)create the triggers, on the database that was migrated."""
        super().handle(*args, **options)
        if not options.get("check_unapplied") and not options.get("plan"):
            facts.protect(connections[options["database"]])
