"""Reading the record: verification, and the entries that a page lists."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from ledger import chain, facts, verifier
from ledger.chain import Fault
from ledger.facts import Fact
from ledger.models import LedgerEntry, LedgerHead, SignedHead, Transaction

CHUNK = 2000
# SQLite keeps an id and a moment as text, which other bytes could spell as well (A for a, T for a space).
_ID = re.compile(r"[0-9a-f]{32}")
_MOMENT = re.compile(r"[0-9]{4}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}(\.[0-9]{6})?")


def links() -> Iterator[chain.Link]:
    """The ledger's rows in order of `seq`, as the chain sees them."""
    rows = LedgerEntry.objects.order_by("seq").values_list(
        "seq", "transaction_id", "at", "actor_id", "on_behalf_of_id", "act", "object_type", "object_id",
        "body", "previous_hash", "hash",
    )  # fmt: skip
    for row in rows.iterator(chunk_size=2000):
        yield chain.Link(row[0], str(row[1]), *row[2:])


@dataclass(frozen=True)
class Examination:
    """What a verification read, and what it found."""

    entries: int
    facts: int
    faults: list[Fault]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def verify(*, state: bool) -> list[Fault]:
    """Every fault of the chain and of its transactions; with `state` also of every fact row."""
    return examine(state=state).faults


def examine(*, state: bool) -> Examination:
    """Read the whole record as of one moment, in order and with constant memory.

    The chain is held against its head, each transaction against its entry and, with `state`, the fact rows
    of each transaction against the digest that its entry carries.
    """
    with _one_moment():
        head = LedgerHead.objects.filter(pk=1).first() or LedgerHead()
        counted = _Counted()
        found = list(counted.readable(chain.faults(counted.links(), head.seq, head.hash)))
        found += counted.readable(_transaction_faults())
        found += _spelling_faults()
        found += counted.readable(_head_faults())
        if state:
            found += counted.readable(counted.state_faults())
    return Examination(counted.entries, counted.facts, sorted(found, key=lambda fault: fault.seq))


@contextmanager
def _one_moment() -> Iterator[None]:
    """All that is read inside is of one moment, and nobody who writes has to wait."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        # `atomic` would take SQLite's write lock here; a deferred transaction reads one snapshot.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")


def _head_faults() -> Iterator[Fault]:
    """Signed heads that name another chain, or that nobody signed so."""
    hashes = LedgerEntry.objects.filter(seq=OuterRef("seq")).values("hash")
    for head in SignedHead.objects.annotate(present=Subquery(hashes)).order_by("seq"):
        message = verifier.head_message(head.seq, head.hash, chain.plain(head.at))
        if not verifier.is_signed(bytes.fromhex(head.key), message, bytes.fromhex(head.signature)):
            yield Fault(head.seq, f"The signature of the head at {head.seq} does not fit.")
        elif head.present != head.hash:
            yield Fault(head.seq, f"Entry {head.seq} is not the one that was signed: it was changed or cut.")


def export_lines() -> Iterator[str]:
    """The whole ledger as JSON Lines: the entries in order, then the signed heads; what `verifier` reads."""
    for link in links():
        yield chain.canonical({"kind": "entry"} | link._asdict()) + "\n"
    for head in SignedHead.objects.order_by("seq"):
        yield chain.canonical(head_row(head) | {"kind": "head"}) + "\n"


def newest_head() -> SignedHead | None:
    """The newest signed head, with where it is kept."""
    return SignedHead.objects.prefetch_related("publications").order_by("-seq").first()


def head_row(head: SignedHead) -> dict[str, Any]:
    """A signed head as it is published."""
    return {name: getattr(head, name) for name in ("seq", "hash", "at", "key", "signature")}


class _Counted:
    """Counts what passes, so that a verification can say how much it read."""

    def __init__(self) -> None:
        self.entries = 0
        self.facts = 0

    def links(self) -> Iterator[chain.Link]:
        """The entries, counted."""
        for link in links():
            self.entries += 1
            yield link

    def readable(self, found: Iterator[Fault]) -> Iterator[Fault]:
        """The faults; a row that can't even be read (a moment or an id that is none) is one more."""
        try:
            yield from found
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            yield Fault(self.entries, f"After entry {self.entries} a row can't be read: {error}.")

    def state_faults(self) -> Iterator[Fault]:
        """Transactions whose fact rows are not those that were entered: changed, added or deleted."""
        by_seq = groupby(merge(*(_rows_in_order(model) for model in facts.fact_models())), key=itemgetter(0))
        present = ((seq, [row for _, row in rows]) for seq, rows in by_seq)
        following: tuple[int, list[str]] | None = next(present, None)
        entries = LedgerEntry.objects.order_by("seq").values_list("seq", "body").iterator(chunk_size=CHUNK)
        for seq, body in entries:
            while following is not None and following[0] < seq:
                yield Fault(following[0], f"Transaction {following[0]} has facts and no entry.")
                following = next(present, None)
            rows: list[str] = []
            if following is not None and following[0] == seq:
                rows = following[1]
                following = next(present, None)
            self.facts += len(rows)
            if sentence := _difference(seq, json.loads(body), rows):
                yield Fault(seq, sentence)
        while following is not None:
            yield Fault(following[0], f"Transaction {following[0]} has facts and no entry.")
            following = next(present, None)
        yield from _orphan_faults()


def _difference(seq: int, body: dict[str, Any], rows: list[str]) -> str | None:
    expected = body.get("facts")
    if expected != len(rows):
        verb = "deleted" if len(rows) < (expected or 0) else "added"
        return f"Transaction {seq} was entered with {expected} facts and has {len(rows)}: some were {verb}."
    if chain.digest_of_rows(rows) != body.get("digest"):
        return f"A fact of transaction {seq} was changed: its rows do not give the digest of its entry."
    return None


def _rows_in_order(model: type[Fact]) -> Iterator[tuple[int, str]]:
    """Every row of one table with its `seq`, in that order."""
    rows = model._base_manager.select_related("transaction").order_by("transaction__seq", "pk")
    for fact in rows.iterator(chunk_size=CHUNK):
        yield fact.transaction.seq, fact.canonical_row()


def _orphan_faults() -> Iterator[Fault]:
    """Rows that name a transaction which does not exist: only a hand outside of Keel can add them."""
    for model in facts.fact_models():
        known = Exists(Transaction.objects.filter(pk=OuterRef("transaction_id")))
        if count := model._base_manager.filter(~known).count():
            yield Fault(0, f"{count} rows of {model._meta.db_table} belong to no transaction.")


def _transaction_faults() -> Iterator[Fault]:
    """Transactions that are not what their entry says, or that have none."""
    columns = ("seq", "at", "actor_id")
    transactions = Transaction.objects.order_by("seq").values_list(*columns, "id")
    entries = LedgerEntry.objects.order_by("seq").values_list(*columns, "transaction_id")
    entered = entries.iterator(chunk_size=CHUNK)
    entry = next(entered, None)
    for row in transactions.iterator(chunk_size=CHUNK):
        while entry is not None and entry[0] < row[0]:
            yield Fault(entry[0], f"Entry {entry[0]} has no transaction.")
            entry = next(entered, None)
        if entry is None or entry[0] > row[0]:
            yield Fault(row[0], f"Transaction {row[0]} has no entry.")
            continue
        if entry != row:
            yield Fault(
                row[0], f"Transaction {row[0]} is not what its entry says: number, moment or person differ."
            )
        entry = next(entered, None)
    while entry is not None:
        yield Fault(entry[0], f"Entry {entry[0]} has no transaction.")
        entry = next(entered, None)


def _spelling_faults() -> Iterator[Fault]:
    """Bytes that were changed without a change of meaning: only SQLite keeps ids and moments as text."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, CAST(transaction_id AS TEXT), CAST(at AS TEXT) FROM ledger_ledgerentry UNION ALL "
            "SELECT seq, CAST(id AS TEXT), CAST(at AS TEXT) FROM ledger_transaction"
        )
        while rows := cursor.fetchmany(CHUNK):
            for seq, identity, at in rows:
                if not _ID.fullmatch(identity) or not _MOMENT.fullmatch(at) or at.endswith(".000000"):
                    yield Fault(seq, f"Entry or transaction {seq} is not written as Keel writes it.")


# Reading -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EntryFilter:
    """Which entries of the ledger to read; people are numbers here."""

    act: str = ""
    actor_ids: Sequence[int] | None = None
    object_type: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(which: EntryFilter) -> QuerySet[LedgerEntry]:
    """The entries that fit, in no order yet."""
    found = LedgerEntry.objects.order_by()
    if which.act:
        found = found.filter(act=which.act)
    if which.actor_ids is not None:
        found = found.filter(Q(actor_id__in=which.actor_ids) | Q(on_behalf_of_id__in=which.actor_ids))
    if which.object_type:
        found = found.filter(object_type__iendswith=which.object_type)
    if which.object_id:
        found = found.filter(object_id=which.object_id)
    if which.since:
        found = found.filter(at__gte=which.since)
    if which.until:
        found = found.filter(at__lt=which.until)
    return found


@dataclass(frozen=True)
class EntryPage:
    """Some entries, and the number beyond which the next ones begin: no page is deep."""

    rows: list[LedgerEntry]
    following: int | None


def page_of(
    found: QuerySet[LedgerEntry], *, newest_first: bool, beyond: int | None, size: int = 50
) -> EntryPage:
    """The entries beyond a number, in order."""
    if beyond is not None:
        found = found.filter(seq__lt=beyond) if newest_first else found.filter(seq__gt=beyond)
    rows = list(found.order_by("-seq" if newest_first else "seq")[: size + 1])
    return EntryPage(rows[:size], rows[size - 1].seq if len(rows) > size else None)


def acts() -> list[str]:
    """The name of every kind of act that ever happened."""
    return sorted(LedgerEntry.objects.order_by().values_list("act", flat=True).distinct())


def last_of(act: str) -> LedgerEntry | None:
    """The newest entry of one kind."""
    return LedgerEntry.objects.filter(act=act).order_by("-seq").first()


def first_day() -> date | None:
    """The local day of the first record; None for an empty ledger."""
    at = Transaction.objects.order_by("seq").values_list("at", flat=True).first()
    return None if at is None else timezone.localdate(at)
