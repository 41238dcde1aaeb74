#!/usr/bin/env python3
"""Verify an exported Keel ledger with nothing but Python: no Keel, no database, no other package.

    python verifier.py ledger.jsonl public-key.pem [published-head.json ...]

Each line of the export is one JSON object in canonical form: entries in order, then signed heads. The hash of
an entry is SHA-256 over all of its other fields, the hash of the entry before it included. A head names an
entry by number and hash and is signed with Ed25519 (RFC 8032). Whoever changes, adds, removes or moves an
entry breaks the chain. Whoever computes the whole chain anew can't sign its head. Whoever cuts the end off
has to explain the heads that were published before. Exit code 0: it holds, 1: it does not, 2: can't be read.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

GENESIS = "0" * 64
ENTRY_FIELDS = {
    "seq", "transaction", "at", "actor_id", "on_behalf_of_id", "act", "object_type", "object_id", "body",
    "previous_hash", "hash",
}  # fmt: skip
HEAD_FIELDS = {"seq", "hash", "at", "key", "signature"}

# Ed25519: the curve -x² + y² = 1 + d·x²·y² over the integers modulo P, with a base point of order L.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


class Fault(NamedTuple):
    """Where the ledger breaks, and how."""

    seq: int
    sentence: str


def canonical(value: Any) -> str:
    """One text for one value, as every line and every hash uses it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def head_message(seq: int, hash_: str, at: str) -> bytes:
    """What is signed of a head."""
    return canonical({"keel ledger head": 1, "seq": seq, "hash": hash_, "at": at}).encode()


def verify(lines: Iterable[str], key: bytes, published: Iterable[dict[str, Any]] = ()) -> Iterator[Fault]:
    """Every fault of an export, in order; none means that it holds through its last signed head.

    `key` is the public key, 32 bytes. `published` are heads that were kept elsewhere.
    """
    seq, hashes, heads = 0, {0: GENESIS}, [*published]
    for number, line in enumerate(lines, start=1):
        row = _read(line)
        kind = row.pop("kind", None) if row else None
        if row is None or kind not in {"entry", "head"}:
            yield Fault(seq + 1, f"Line {number} is not written as Keel writes it.")
        elif kind == "head":
            heads.append(row)
        else:
            yield from _entry_faults(row, seq + 1, hashes[seq])
            # Go on from what stands here, so that one change is not a fault in each later entry.
            seq = row["seq"] if isinstance(row.get("seq"), int) else seq + 1
            hashes[seq] = str(row.get("hash"))
    for head in heads:
        yield from _head_faults(head, hashes, seq, key)
    if not heads:
        yield Fault(seq, "No signed head: nothing says that this chain was not computed anew.")


def _read(line: str) -> dict[str, Any] | None:
    text = line.rstrip("\n")
    try:
        row = json.loads(text)
        return row if isinstance(row, dict) and canonical(row) == text else None
    except (ValueError, RecursionError):
        return None


def _entry_faults(row: dict[str, Any], expected: int, previous: str) -> Iterator[Fault]:
    if set(row) != ENTRY_FIELDS or not isinstance(row["seq"], int):
        yield Fault(expected, f"Entry {expected} has other fields than an entry has.")
    elif row["seq"] < expected:
        yield Fault(row["seq"], f"Entry {row['seq']} stands twice, or out of its place.")
    elif row["seq"] != expected:
        yield Fault(expected, f"Entry {expected} is missing: {row['seq']} stands in its place.")
    elif hashlib.sha256(canonical(row | {"hash": None}).encode()).hexdigest() != row["hash"]:
        yield Fault(expected, f"Entry {expected} was changed: its content does not give its hash.")
    elif row["previous_hash"] != previous:
        yield Fault(expected, f"Entry {expected} does not follow the one before it.")


def _head_faults(head: dict[str, Any], hashes: dict[int, str], last: int, key: bytes) -> Iterator[Fault]:
    seq = head.get("seq")
    if set(head) != HEAD_FIELDS or not isinstance(seq, int) or seq < 1:
        yield Fault(0, "A signed head has other fields than a head has.")
        return
    try:
        signature = bytes.fromhex(str(head["signature"]))
    except ValueError:
        signature = b""
    if not is_signed(key, head_message(seq, str(head["hash"]), str(head["at"])), signature):
        yield Fault(seq, f"The head at {seq} is not signed with this key.")
    elif seq > last:
        yield Fault(last + 1, f"Entries {last + 1} to {seq} are missing: a head at {seq} was signed.")
    elif hashes.get(seq) != head["hash"]:
        yield Fault(seq, f"Entry {seq} is not the one that was signed: the chain was computed anew.")


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature of 64 bytes fits message and public key (RFC 8032, section 5.1.7)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    public, commitment = _point(key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or commitment is None or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % L
    left, right = _times(scalar, BASE), _plus(commitment, _times(challenge, public))
    return not (
        (left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P
    )


def _point(packed: bytes) -> Point | None:
    y = int.from_bytes(packed, "little") & ((1 << 255) - 1)
    sign = packed[31] >> 7
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def _plus(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _plus(total, point)
        point, scalar = _plus(point, point), scalar >> 1
    return total


# The base point has y = 4/5 and an even x.
BASE = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


def key_from_pem(text: str) -> bytes:
    """The 32 bytes of an Ed25519 public key. Raises ValueError for anything else."""
    packed = base64.b64decode("".join(line for line in text.split("\n") if "-----" not in line))
    prefix = bytes.fromhex("302a300506032b6570032100")
    if len(packed) != 44 or not packed.startswith(prefix):
        raise ValueError("this is no Ed25519 public key in PEM")
    return packed[12:]


def main(arguments: list[str]) -> int:
    """Print each fault, or that it holds."""
    if len(arguments) < 2:
        sys.stdout.write(str(__doc__))
        return 2
    try:
        key = key_from_pem(Path(arguments[1]).read_text())
        published = [json.loads(Path(name).read_text()) for name in arguments[2:]]
        with Path(arguments[0]).open(encoding="utf-8", newline="\n") as export:
            found = list(verify(export, key, published))
    except (OSError, ValueError) as error:
        sys.stdout.write(f"It can't be read: {error}\n")
        return 2
    for fault in found:
        sys.stdout.write(f"{fault.sentence}\n")
    sys.stdout.write("The ledger does not hold.\n" if found else "The ledger holds.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
