"""`manage.py verify_ledger [--state | EXPORT KEY [HEAD ...]]`: does the record hold?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger import selectors, verifier


class Command(BaseCommand):
    """Verify the chain, and with --state every fact row; the exit code is 1 when a fault is found."""

    help = "Verify the ledger: the chain against its head and, with --state, every fact row against it."

    def add_arguments(self, parser: CommandParser) -> None:
        """An exported file, or the database with or without its facts."""
        parser.add_argument("files", nargs="*", help="an export, a public key, and heads kept outside")
        parser.add_argument("--state", action="store_true", help="also recompute the digest of all fact rows")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the counts, and each fault on a line of its own."""
        if options["files"]:
            sys.exit(verifier.main(options["files"]))
        examination = selectors.examine(state=options["state"])
        read = f"{examination.entries} entries"
        if options["state"]:
            read += f", {examination.facts} facts"
        if examination.holds:
            self.stdout.write(f"The ledger holds: {read}, 0 faults.")
            return
        for fault in examination.faults:
            self.stderr.write(fault.sentence)
        self.stdout.write(f"The ledger does not hold: {read}, {len(examination.faults)} faults.")
        sys.exit(1)
