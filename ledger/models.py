"""The record: transactions in order, the decision ledger, and marks of what must be computed again."""

from django.db import models
from django.db.models import F, Q


class LedgerHead(models.Model):
    """The last sequence number and hash. One row, locked last in every transaction that adds facts."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_ledger_head")]

    def __str__(self) -> str:
        return f"ledger at {self.seq}"


class Transaction(models.Model):
    """One act's facts belong to one transaction; its `seq`, taken last, puts all facts in one order."""

    id = models.UUIDField(primary_key=True)
    seq = models.BigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    # People are rooms above; the record keeps their number and never their name.
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"transaction {self.seq}"


class LedgerEntry(models.Model):
    """One act of governance, chained by hash to the one before it."""

    seq = models.BigIntegerField(primary_key=True)
    transaction = models.OneToOneField(Transaction, models.PROTECT, related_name="entry")
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    on_behalf_of_id = models.BigIntegerField(null=True)
    act = models.CharField(max_length=64, db_index=True)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    body = models.TextField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["seq"]
        indexes = [models.Index(fields=["object_type", "object_id", "seq"], name="ledger_by_object")]

    def __str__(self) -> str:
        return f"{self.seq} {self.act}"


class SignedHead(models.Model):
    """The head of the ledger on a day, signed with a key that the database doesn't hold."""

    seq = models.BigIntegerField(primary_key=True)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    # The public key, as hexadecimal digits.
    key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"head {self.seq}, signed"


class HeadPublication(models.Model):
    """A signed head that is to be kept at a place outside: a folder, a mailbox, an address."""

    head = models.ForeignKey(SignedHead, models.PROTECT, related_name="publications")
    place = models.CharField(max_length=300)
    published_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failure = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["head", "place"], name="a_head_is_published_once_at_a_place")
        ]

    def __str__(self) -> str:
        return f"{self.head} at {self.place}"


class Stale(models.Model):
    """What must be computed again: a subject is stale while its position's `through_seq` < `last_seq`.

    Rows are never cleared, so no change is lost between mark and computation. A lease only saves work. After
    five failures at the same `failed_seq` a subject is set aside, visibly, until something new is marked.
    """

    kind = models.CharField(max_length=32)
    subject = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    through_seq = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    failed_seq = models.BigIntegerField(db_default=0)
    failure = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="one_stale_mark_per_subject")]
        indexes = [
            models.Index(
                fields=["kind", "last_seq"], condition=Q(through_seq__lt=F("last_seq")), name="what_is_stale"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} through {self.through_seq} of {self.last_seq}"
