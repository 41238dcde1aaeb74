"""What every benchmark uses: timing, the line that it prints, and who reads the pages."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, RoleConfirmation, RoleGrant, Unit, User
from ledger.services import record

READER = "bench.reader@demo.invalid"
OFFICE = "bench.office@demo.invalid"


@dataclass(frozen=True)
class Line:
    """One measurement beside its floor.

    `promise` is that of quality.md in milliseconds, None where it names none for this size. `allowed` is how
    many times that is allowed for now; None where it is a goal that nothing fails by yet.
    """

    work: str
    size: int
    seconds: float
    floor: float
    promise: float | None = None
    queries: int | None = None
    allowed: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """As the table prints it."""
        return {
            "work": self.work,
            "size": self.size,
            "ms": self.seconds * 1000,
            "floor ms": self.floor * 1000,
            "ratio": self.seconds / self.floor,
            "promise": "-" if self.promise is None else f"{self.promise:.0f}",
            "queries": self.queries,
            "holds": None
            if self.promise is None
            else self.seconds * 1000 <= self.promise * (self.allowed or 1.0),
            "required": self.promise is not None and self.allowed is not None,
            "database": connection.vendor,
            "processors": os.cpu_count(),
        }


def timed(work: Callable[[], object], times: int = 5, warm_up: int = 1) -> float:
    """The median of some runs, in seconds."""
    for _ in range(warm_up):
        work()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return median(taken)


def reader() -> Client:
    """A browser in which a CFO of the whole group is signed in."""
    user = User.objects.filter(email=READER).first() or _make_reader()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _make_reader() -> User:
    user = User.objects.create_user(READER, "Bench Reader", None)
    office = User.objects.create_user(OFFICE, "Bench Office", None)
    root = Unit.objects.filter(parent=None).order_by("pk")[0]
    with record("role.granted", actor=None, about=user) as act:
        granted = act.add(RoleGrant, user=user, role=Role.CFO, unit=root)
    with record("role.confirmed", actor=office, about=granted) as act:
        act.add(RoleConfirmation, grant=granted, confirmed_by=office)
    return user


def page(client: Client, address: str) -> tuple[float, int]:
    """The time of a page and its number of queries. Raises RuntimeError for anything but a 200."""

    def get() -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")

    get()
    with CaptureQueriesContext(connection) as queries:
        get()
    number = len(queries)  # before the next request empties the log
    return timed(get), number


def rows(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The answer to plain SQL: a floor."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return list(cursor.fetchall())
