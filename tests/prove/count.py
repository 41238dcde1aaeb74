"""How long a proof runs, and the line that it leaves behind."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

# `make prove` sets these; without them a proof is a sample.
WHOLE = os.environ.get("PROVE") == "1"
SEED = int(os.environ.get("PROVE_SEED", "7"))


def of(sample: int, whole: int) -> int:
    """How many cases: a sample in the suite, the whole number in `make prove`."""
    return whole if WHOLE else sample


@contextmanager
def proof(name: str) -> Iterator[Counter[str]]:
    """Count the cases of one proof, and leave its line for the table. No case at all is a failure."""
    counts: Counter[str] = Counter(cases=0)
    began, faults = time.monotonic(), 1
    try:
        yield counts
        assert counts["cases"], f"{name} executed no case, so it proved nothing."
        faults = 0
    finally:
        if file := os.environ.get("PROVE_LINES"):
            line = {
                "proof": name,
                "seed": SEED,
                "database": connection.vendor,
                "seconds": time.monotonic() - began,
                "counts": dict(counts),
                "faults": faults,
            }
            with Path(file).open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")
