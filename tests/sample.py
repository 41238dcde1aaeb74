"""What of a long sweep is swept in this run: on SQLite one half of its cells, on PostgreSQL the other half.

A sweep over people and routes asks rules that are the same on both databases, so both runs of CI together
sweep every cell once, always in the same place. `make prove` sweeps all of them on both.
"""

import os
from zlib import crc32

from django.db import connection

HALVES = 2


def is_whole() -> bool:
    """Whether this run sweeps every cell."""
    return os.environ.get("PROVE") == "1"


def is_in(*cell: object) -> bool:
    """Whether this run sweeps the cell."""
    mine = 0 if connection.vendor == "sqlite" else 1
    return is_whole() or crc32(repr(cell).encode()) % HALVES == mine


def at_least(cells: int) -> int:
    """How many of this many cells a run must have swept to prove something: a half of its share at least."""
    return cells if is_whole() else cells // (2 * HALVES)
