"""`manage.py run`: all of Keel on one machine, with no other service."""

import http.client
import os
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from accounts.models import Role, RoleGrant, User

STARTS_WITHIN = 60
# Longer than gunicorn's own graceful end; a task under way may take that long, too.
STOPS_WITHIN = 40


class Command(BaseCommand):
    """Prepare, then run the web server and one worker side by side until a signal or the end of either."""

    help = "Prepare the database, serve at HOST:PORT and run one worker with the timetable; Ctrl-C ends both."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit with 0 after a signal, with 1 when a child ended by itself or had to be killed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._prepare()
        banner = self._banner()
        # The children open connections of their own.
        connections.close_all()
        self._start("web", "serve")
        self._start("worker", "worker", "--embedded")
        if self._answers_in_time():
            self.stdout.write(banner)
            self.stdout.flush()
        ended = self._wait_for_an_end()
        killed = self._end_all()
        if ended:
            raise CommandError(f"{ended} Everything was stopped.")
        if killed:
            raise CommandError(f"{killed} did not stop within {STOPS_WITHIN} seconds and was killed.")
        self.stdout.write("Keel has stopped.")

    def _prepare(self) -> None:
        """Static files and database side by side: neither needs the other."""
        static = self._command("prepare", "--static")
        call_command("prepare", database=True, stdout=self.stdout)
        if code := static.wait():
            raise CommandError(f"The static files could not be collected (code {code}).")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if not self.children:
            sys.exit(128 + number)
        self.stopping = True

    def _start(self, name: str, *command: str) -> None:
        # A session of its own: Ctrl-C reaches this process alone, which then ends the others in order.
        self.children[name] = self._command(*command, start_new_session=True)

    def _command(self, *command: str, start_new_session: bool = False) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), *command],
            start_new_session=start_new_session,
            env=os.environ | {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING")},
        )

    def _answers_in_time(self) -> bool:
        until = time.monotonic() + STARTS_WITHIN
        while not self.stopping and not self._ended():
            if _answers():
                return True
            if time.monotonic() > until:
                self._end_all()
                raise CommandError(f"The web server did not answer within {STARTS_WITHIN} seconds.")
            time.sleep(0.1)
        return False

    def _wait_for_an_end(self) -> str:
        while not self.stopping:
            if ended := self._ended():
                return ended
            time.sleep(0.2)
        return ""

    def _ended(self) -> str:
        for name, child in self.children.items():
            if (code := child.poll()) is not None:
                return f"The {name} process ended by itself with code {code}."
        return ""

    def _end_all(self) -> str:
        """Ask all to end, the web server first so that nothing new comes in; returns whom it had to kill."""
        until = time.monotonic() + STOPS_WITHIN
        killed = []
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        for name, child in self.children.items():
            try:
                child.wait(timeout=max(until - time.monotonic(), 1))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                killed.append(name)
        return " and ".join(killed)

    def _banner(self) -> str:
        address = settings.BASE_URL if settings.DEMO else f"http://{settings.HOST}:{settings.PORT}"
        lines = ["", f"Keel runs at {address}", ""]
        if settings.DEMO:
            accounts = _demo_accounts()
            width = max((len(email) for _, email, _ in accounts), default=0)
            lines += ["Everything in it is made up. Sign in as one of these:", ""]
            lines += [f"    {role:<18} {email:<{width}}  {place}" for role, email, place in accounts]
            lines += ["", f"Password of each: {settings.DEMO_PASSWORD}"]
        return "\n".join([*lines, "", "Ctrl-C stops it.", ""])


def _answers() -> bool:
    """Whether the process of this port says that it lives."""
    host = settings.HOST if settings.HOST not in {"0.0.0.0", ""} else "127.0.0.1"  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.PORT, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _demo_accounts() -> list[tuple[str, str, str]]:
    """Whom to try: the first holder of each role (two assessors), a sponsor and an owner."""
    grants = RoleGrant.objects.active().confirmed().filter(user__is_service_account=False)
    found: dict[str, list[RoleGrant]] = {role: [] for role in Role.values}
    for grant in grants.select_related("user", "unit").order_by("pk"):
        if len(found[grant.role]) < (2 if grant.role == Role.ASSESSOR else 1):
            found[grant.role].append(grant)
    people = [
        (grant.get_role_display(), grant.user.email, str(grant.unit))
        for holders in found.values()
        for grant in holders
    ]
    for part, name in (("sponsored", "sponsor"), ("owned", "owner")):
        person = (
            User.objects.filter(**{f"{part}__isnull": False}).select_related("home_unit").order_by("pk")[:1]
        )
        people += [(name, user.email, str(user.home_unit or "")) for user in person]
    return people
