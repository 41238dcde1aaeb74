"""The one clock that services read.

Only `seed_demo` may set it, in demo mode and forward, so that a demo portfolio gets three honest years.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

_told: list[datetime] = []


def now() -> datetime:
    """The moment that facts are recorded at: the real one, or the one that the demo seed tells."""
    return _told[-1] if _told else timezone.now()


def today() -> date:
    """The local day of `now()`."""
    return timezone.localdate(now())


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
