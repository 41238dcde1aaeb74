"""What of a long sweep is swept: every cell, or on PostgreSQL a third of them, always the same ones.

A sweep over people and routes asks rules that are the same on both databases. So SQLite sweeps every cell,
and PostgreSQL a fixed third of them, unless EVERY_CELL is set.
"""

import os
from zlib import crc32

from django.db import connection

SHARE = 3


def is_whole() -> bool:
    """Whether every cell is swept in this run."""
    return connection.vendor == "sqlite" or bool(os.environ.get("EVERY_CELL"))


def is_in(*cell: object) -> bool:
    """Whether this cell is swept in this run; the same cells in every run."""
    return is_whole() or crc32(repr(cell).encode()) % SHARE == 0


def at_least(cells: int) -> int:
    """How many of this many cells a run must have swept to prove something; a half of its share at least."""
    return cells if is_whole() else cells // (2 * SHARE)
