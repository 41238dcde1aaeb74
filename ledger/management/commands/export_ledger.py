"""`manage.py export_ledger FILE`: the whole ledger as JSON Lines, with its head signed."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import selectors, services, signing


class Command(BaseCommand):
    """Sign the head, so that the export is covered to its end, and write every entry."""

    help = "Write the ledger as JSON Lines, signed, and the public key beside it as FILE.pem."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write both files."""
        try:
            services.sign_head(settings.LEDGER_KEY_FILE, settings.LEDGER_PUBLISH_TO)
            key = signing.signing_key(settings.LEDGER_KEY_FILE)
        except signing.NoSigningKey as error:
            raise CommandError(str(error)) from error
        file: Path = options["file"]
        with file.open("w", encoding="utf-8", newline="\n") as export:
            export.writelines(selectors.export_lines())
        file.with_name(f"{file.name}.pem").write_text(signing.public_pem(key))
        self.stdout.write(f"Wrote {file} and {file.name}.pem.")
