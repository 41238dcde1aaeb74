"""The one clock that services read.

Only `seed_demo` may set it, in demo mode and forward, so that a demo portfolio gets three honest years. For
who reads the record as of an earlier point it stands at that point, in their thread alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

_told: list[datetime] = []
_standing: ContextVar[datetime | None] = ContextVar("standing", default=None)


def now() -> datetime:
    """The moment that facts are recorded at: the real one, or the one that the demo seed tells."""
    return _standing.get() or (_told[-1] if _told else timezone.now())


def today() -> date:
    """The local day of `now()`."""
    return timezone.localdate(now())


def is_standing() -> bool:
    """Whether an earlier point is being read."""
    return _standing.get() is not None


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Let the clock stand at an earlier moment, for reading only."""
    token = _standing.set(moment)
    try:
        yield
    finally:
        _standing.reset(token)


@contextmanager
def telling_history() -> Iterator["History"]:
    """Let the demo seed move the clock. Raises ImproperlyConfigured outside demo mode."""
    if not settings.DEMO:
        raise ImproperlyConfigured("Only demo mode may set the clock.")
    try:
        yield History()
    finally:
        _told.clear()


class History:
    """A clock that only goes forward."""

    def move_to(self, moment: datetime) -> None:
        """Set the clock. Raises ValueError for a moment before the last one or in the future."""
        if _told and moment < _told[-1]:
            raise ValueError(f"The clock only goes forward: {moment} lies before {_told[-1]}.")
        if moment > timezone.now():
            raise ValueError(f"{moment} lies in the future.")
        _told[:] = [moment]
