"""Recording an act: its facts, its transaction, its ledger entry and its stale marks, all or nothing."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from django.db import connection, models, transaction

from ledger import chain, clock, signing
from ledger.facts import Fact
from ledger.models import HeadPublication, LedgerEntry, LedgerHead, SignedHead, Transaction

F = TypeVar("F", bound=Fact)


class Actor(Protocol):
    """Whoever acts: all that the record keeps is a number."""

    @property
    def pk(self) -> Any:
        """The number."""
        ...


@dataclass
class Act:
    """One act of governance while it happens. Services add facts through it; `record` closes it."""

    name: str
    actor_id: int | None
    on_behalf_of_id: int | None
    reason: str
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    at: datetime = field(default_factory=clock.now)
    seq: int = 0
    object_type: str = ""
    object_id: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    stale: dict[str, set[int]] = field(default_factory=dict)
    finders: list[tuple[str, Callable[[], Iterable[int]]]] = field(default_factory=list)

    def add(self, model: type[F], /, **values: Any) -> F:
        """Insert one fact of this act and return it."""
        fact = model(transaction_id=self.id, **values)
        fact.save(force_insert=True)
        self.rows.append(fact.canonical_row())
        return fact

    def add_many(self, model: type[F], facts: Sequence[F], batch_size: int = 1000) -> list[F]:
        """Insert many facts of one model by few statements and return them with their ids."""
        for fact in facts:
            fact.transaction_id = self.id
        added = model._default_manager.bulk_create(facts, batch_size=batch_size)
        self.rows.extend(fact.canonical_row() for fact in added)
        return added

    def about(self, subject: models.Model) -> None:
        """Name what the act is about."""
        self.object_type = subject._meta.label
        self.object_id = str(subject.pk)

    def note(self, **values: Any) -> None:
        """Put values into the entry's body; amounts as Decimal, never as float."""
        self.body |= values

    def marks(self, kind: str, subjects: Iterable[int]) -> None:
        """Say that these subjects' positions of this kind must be computed again."""
        self.stale.setdefault(kind, set()).update(subjects)

    def marks_found(self, kind: str, find: Callable[[], Iterable[int]]) -> None:
        """The same for subjects that are looked for at the end, under the ledger's lock.

        For an act that moves the positions of many: whatever was recorded before it is found, even if that
        happened while this act ran.
        """
        self.finders.append((kind, find))


@contextmanager
def record(
    name: str,
    *,
    actor: Actor | None,
    about: models.Model | None = None,
    reason: str = "",
    on_behalf_of: Actor | None = None,
) -> Iterator[Act]:
    """Run one act in one transaction and enter it in the ledger at the end.

    `name` is `<object>.<past participle>`, `actor` is None only for the system itself. The ledger head is
    locked last, so `seq` is the order of commit. An exception inside undoes everything.
    Raises RuntimeError while an earlier point is read.
    """
    if clock.is_standing():
        raise RuntimeError(f"{name} can't be recorded while the record is read as of an earlier point.")
    with transaction.atomic():
        act = Act(
            name=name,
            actor_id=None if actor is None else actor.pk,
            on_behalf_of_id=None if on_behalf_of is None else on_behalf_of.pk,
            reason=reason,
            body=dict(getattr(actor, "marks", {})),
        )
        if about is not None:
            act.about(about)
        yield act
        _close(act)


def _close(act: Act) -> None:
    head, _ = LedgerHead.objects.select_for_update().get_or_create(pk=1)
    act.seq = head.seq + 1
    Transaction.objects.create(id=act.id, seq=act.seq, at=act.at, actor_id=act.actor_id)
    body = {"reason": act.reason, "facts": len(act.rows), "digest": chain.digest_of_rows(act.rows)} | act.body
    link = chain.Link(
        seq=act.seq,
        transaction=str(act.id),
        at=act.at,
        actor_id=act.actor_id,
        on_behalf_of_id=act.on_behalf_of_id,
        act=act.name,
        object_type=act.object_type,
        object_id=act.object_id,
        body=chain.canonical(body),
        previous_hash=head.hash,
        hash="",
    )
    link = link._replace(hash=chain.hash_of(link))
    LedgerEntry.objects.create(**link._asdict() | {"transaction": None, "transaction_id": act.id})
    LedgerHead.objects.filter(pk=1).update(seq=act.seq, hash=link.hash)
    for kind, find in act.finders:
        act.marks(kind, find())
    for kind, subjects in sorted(act.stale.items()):
        mark_stale(kind, subjects, act.seq)


# One statement for any number of subjects, in their order so that two writers can't lock crosswise. The
# condition is the guard: a mark never falls.
_MARK = """
    INSERT INTO ledger_stale (kind, subject, last_seq, through_seq, failures, failure)
    SELECT %s, subject, %s, 0, 0, '' FROM {subjects} WHERE true ORDER BY subject
    ON CONFLICT (kind, subject) DO UPDATE SET last_seq = excluded.last_seq
    WHERE ledger_stale.last_seq < excluded.last_seq
"""
_SUBJECTS = {
    "postgresql": "(SELECT unnest(%s::bigint[]) AS subject) AS subjects",
    "sqlite": "(SELECT value AS subject FROM json_each(%s)) AS subjects",
}


def mark_stale(kind: str, subjects: Iterable[int], seq: int) -> None:
    """Raise `last_seq` of these subjects; it never falls."""
    listed = sorted(subjects)
    if not listed:
        return
    on_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK.format(subjects=_SUBJECTS[connection.vendor]),
            [kind, seq, listed if on_postgresql else json.dumps(listed)],
        )


def last_seq() -> int:
    """The sequence number of the newest transaction; 0 for an empty ledger."""
    return LedgerHead.objects.filter(pk=1).values_list("seq", flat=True).first() or 0


def seq_at(moment: datetime) -> int:
    """The last sequence number recorded at or before a moment; 0 if there was none."""
    found = Transaction.objects.filter(at__lte=moment).order_by("-seq").values_list("seq", flat=True).first()
    return found or 0


def sign_head(key_file: Path, places: Sequence[str]) -> SignedHead | None:
    """Sign the head and ask for its publication; None when it is signed already, or nothing is recorded.

    Raises NoSigningKey.
    """
    key = signing.signing_key(key_file)
    with transaction.atomic():
        head = LedgerHead.objects.select_for_update().filter(pk=1).first()
        if head is None or not head.seq or SignedHead.objects.filter(seq=head.seq).exists():
            return None
        at = clock.now()
        signed = SignedHead.objects.create(
            seq=head.seq,
            hash=head.hash,
            at=at,
            key=signing.public_bytes(key).hex(),
            signature=signing.signature_of(key, head.seq, head.hash, chain.plain(at)),
        )
        HeadPublication.objects.bulk_create([HeadPublication(head=signed, place=place) for place in places])
    return signed


def is_recording() -> bool:
    """Whether a database transaction is open; views and commands that must not nest ask this."""
    return connection.in_atomic_block
