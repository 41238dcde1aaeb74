"""A ledger of a million entries through the stand-alone verifier. The floor: hashing the same lines."""

import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.harness import Line
from ledger import chain, verifier

ENTRIES = 1_000_000
# Issue 4: under a minute on one core.
PROMISE = 60_000.0


def lines(size: int) -> list[Line]:
    """Nothing of it depends on the number of initiatives, so it is measured with the smallest."""
    if size > 1_000:
        return []
    exported = list(_entries())
    began = time.perf_counter()
    for line in exported:
        hashlib.sha256(line.encode()).hexdigest()
    floor = time.perf_counter() - began
    began = time.perf_counter()
    # A head for the whole is what an export ends with; here only the chain is of interest.
    faults = [fault for fault in verifier.verify(exported, bytes(32)) if fault.seq != ENTRIES]
    taken = time.perf_counter() - began
    if faults:
        raise RuntimeError(f"The chain was to hold: {faults[0]}")
    return [Line("a million entries are verified", size, taken, floor, PROMISE, allowed=1.0)]


def _entries() -> Iterator[str]:
    at, previous = datetime(2026, 1, 1, tzinfo=UTC), verifier.GENESIS
    for seq in range(1, ENTRIES + 1):
        link = chain.Link(
            seq=seq,
            transaction=f"{seq:032x}",
            at=at,
            actor_id=seq % 97,
            on_behalf_of_id=None,
            act="decision.signed",
            object_type="portfolio.Initiative",
            object_id=str(seq % 1000),
            body=chain.canonical({"reason": "Worth it", "facts": 3, "digest": f"{seq:064x}"}),
            previous_hash=previous,
            hash="",
        )
        link = link._replace(hash=chain.hash_of(link))
        previous = link.hash
        yield verifier.canonical(chain.plain(link._asdict() | {"kind": "entry"}))
