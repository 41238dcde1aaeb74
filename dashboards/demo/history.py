"""Telling many lives in one order of time: each is a generator that says when it goes on."""

import heapq
from collections.abc import Generator
from datetime import datetime, timedelta
from itertools import count
from typing import TypeAlias

from ledger.clock import History

# A life yields the moment at which it wants to go on, and does its next acts when it is resumed.
Life: TypeAlias = Generator[datetime, None, None]
WEEKEND = 5


class Teller:
    """Runs lives in order of time, up to the present, under the demo's own clock."""

    def __init__(self, history: History, *, first: datetime, present: datetime) -> None:
        self.history, self.now, self.present = history, first, present
        self._waiting: list[tuple[datetime, int, Life]] = []
        self._numbers = count()
        history.move_to(first)

    def start(self, life: Life) -> None:
        """Let a life begin; it says itself when."""
        self._wait(life)

    def tell(self) -> None:
        """Tell everything up to the present. What lies after it does not happen."""
        while self._waiting:
            moment, _, life = heapq.heappop(self._waiting)
            self.now = max(self.now, moment)
            self.history.move_to(self.now)
            self._wait(life)

    def _wait(self, life: Life) -> None:
        moment = next(life, None)
        if moment is not None and moment <= self.present:
            heapq.heappush(self._waiting, (moment, next(self._numbers), life))


class Diary:
    """The working days of one life: no weekends, office hours, and always forward."""

    def __init__(self, begins: datetime, hour: int, minute: int) -> None:
        self.last = begins
        self._at = timedelta(hours=hour, minutes=minute)

    def on(self, day: datetime) -> datetime:
        """A moment in office hours of that day, or of the Friday before a weekend, after the last one."""
        morning = day.replace(hour=0, minute=0, second=0, microsecond=0)
        morning -= timedelta(days=max(0, morning.weekday() - WEEKEND + 1))
        self.last = max(morning + self._at, self.last + timedelta(minutes=11))
        return self.last
