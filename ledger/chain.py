"""The hash chain, without Django: canonical form, hash, verification.

The canonical form is RFC 8785 for the values that entries hold: objects with sorted keys, arrays, strings,
integers, booleans and null. Floats are refused; amounts stand as strings, and so do integers that a double
can't hold.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

GENESIS = "0" * 64
LARGEST_INTEGER = 2**53 - 1


def plain(value: object) -> Any:
    """The JSON form of one value: amounts, moments and ids become strings. Raises TypeError for floats."""
    match value:
        case None | bool() | str():
            return str(value) if isinstance(value, str) else value
        case int():
            return int(value) if abs(value) <= LARGEST_INTEGER else str(int(value))
        case Decimal():
            return _digits_of(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case Sequence() | set() | frozenset():
            return [plain(item) for item in (value if isinstance(value, Sequence) else sorted(value))]
    raise TypeError(f"{value!r} has no canonical form")


def _digits_of(value: Decimal) -> str:
    if not value.is_finite():
        raise TypeError(f"{value!r} has no canonical form")
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def canonical(value: object) -> str:
    """One text for one value: sorted keys, no white space, no escapes beyond what JSON needs."""
    form = plain(value)
    # RFC 8785 sorts keys by UTF-16 code units; ours are ASCII, where Python's order is the same.
    return json.dumps(form, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_rows(rows: Iterable[str]) -> str:
    """One digest for a set of canonical rows, whatever their order."""
    total = hashlib.sha256()
    for row in sorted(hashlib.sha256(row.encode("utf-8", "surrogatepass")).digest() for row in rows):
        total.update(row)
    return total.hexdigest()


class Link(NamedTuple):
    """One row of the ledger as the chain sees it."""

    seq: int
    transaction: str
    at: datetime
    actor_id: int | None
    on_behalf_of_id: int | None
    act: str
    object_type: str
    object_id: str
    body: str
    previous_hash: str
    hash: str


def hash_of(link: Link) -> str:
    """The hash that the row must carry: over every other column, the previous hash included."""
    return digest(canonical(link._asdict() | {"hash": None}))


@dataclass(frozen=True)
class Fault:
    """Where the chain breaks, and how, in words."""

    seq: int
    sentence: str


def faults(links: Iterable[Link], head_seq: int, head_hash: str) -> Iterator[Fault]:
    """Every place where the chain doesn't hold, in order; none means that it holds up to the head."""
    seq, previous = 0, GENESIS
    for link in links:
        if link.seq != seq + 1:
            yield Fault(link.seq, f"Entry {seq + 1} is missing: the next one is {link.seq}.")
        if link.previous_hash != previous:
            yield Fault(link.seq, f"Entry {link.seq} does not follow the one before it.")
        if hash_of(link) != link.hash:
            yield Fault(link.seq, f"Entry {link.seq} was changed: its content does not give its hash.")
        seq, previous = link.seq, link.hash
    if (seq, previous) != (head_seq, head_hash):
        yield Fault(
            head_seq, f"The ledger ends at {seq} and its head says {head_seq}: entries were cut or added."
        )
