"""`manage.py prepare`: everything between a new version and its first request."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, connections

from assurance.library import install_library
from governance.authority import install_authority
from governance.gates import install_gates
from ledger import chain, facts
from scoring.services import install_default_model

# What libraries bring along and no page asks for: the kit's widgets, a browsable API, other versions of htmx.
NOT_SERVED = ["tabler-*", "*.rtl.*", "tabler.css*", "rest_framework", "htmax*", "htmx-4*"]


class Command(BaseCommand):
    """Migrate, grant rights, install the base data, collect static files; in demo mode the demo portfolio."""

    help = "Bring database and static files up to this version. Running it twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """An image is built without a database and started without the browser libraries."""
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--database", action="store_true", help="only the database")
        only.add_argument("--static", action="store_true", help="only the static files")

    def handle(self, *args: Any, database: bool = False, static: bool = False, **options: Any) -> None:
        """Do each step and say so."""
        if not database and _collect_when_changed():
            self.stdout.write(f"Static files are in {settings.STATIC_ROOT}.")
        if not static:
            self._prepare_database()

    def _prepare_database(self) -> None:
        owner = "migration" if "migration" in settings.DATABASES else DEFAULT_DB_ALIAS
        call_command("migrate", database=owner, interactive=False, verbosity=0)
        if owner != DEFAULT_DB_ALIAS:
            _grant_rights(owner, settings.DATABASES[DEFAULT_DB_ALIAS]["USER"])
        self.stdout.write("The database is up to date.")
        if settings.DEMO:
            # Before the base data: the demo tells a history, in which they come first, three years ago.
            call_command("demo_ready", stdout=self.stdout)
        install_default_model()
        install_gates()
        install_authority()
        install_library()


def _grant_rights(owner: str, role: str) -> None:
    """Let the serving role read and add facts, and read and write everything else; it owns no table."""
    connection = connections[owner]
    growing = set(facts.protected_tables())
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quote(role)}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quote(role)}")
        for table in connection.introspection.table_names(cursor):
            rights = "SELECT, INSERT" if table in growing else "SELECT, INSERT, UPDATE, DELETE"
            cursor.execute(f"REVOKE ALL ON {quote(table)} FROM {quote(role)}")
            cursor.execute(f"GRANT {rights} ON {quote(table)} TO {quote(role)}")


def _collect_when_changed() -> bool:
    """Collect and compress static files unless the last collection was of these very files."""
    files = sorted(
        (path, Path(storage.path(path)).stat())
        for finder in get_finders()
        for path, storage in finder.list([])
    )
    state = chain.digest("\n".join(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in files))
    state += f" {settings.STORAGES['staticfiles']['BACKEND']}"
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.is_file() and stamp.read_text() == state:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=NOT_SERVED)
    stamp.write_text(state)
    return True
