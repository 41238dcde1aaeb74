"""Which positions are behind their facts: claiming them, and saying how far they have come.

A subject is stale while `through_seq` < `last_seq`. A claim is a lease that only saves work: without it two
workers compute the same, and the guard of the position keeps the newer.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from ledger.models import Stale

RETURN, SCORE = "return", "score"
LEASE = timedelta(seconds=120)
# After so many failures at the same facts a subject is set aside.
PATIENCE = 5

_WAITING = (
    "kind = %s AND through_seq < last_seq AND (failures < %s OR last_seq > failed_seq) "
    "AND (lease_until IS NULL OR lease_until < %s)"
)


def claim(kind: str, most: int) -> list[int]:
    """Lease up to `most` stale subjects, the longest waiting first; ascending."""
    now = timezone.now()
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_stale SET lease_until = %s WHERE id IN ("  # noqa: S608  constants of this file
            f"SELECT id FROM ledger_stale WHERE {_WAITING} "
            f"ORDER BY last_seq, subject LIMIT %s {skip}) RETURNING subject",
            [now + LEASE, kind, PATIENCE, now, most],
        )
        return sorted(row[0] for row in cursor.fetchall())


def done(kind: str, subjects: Sequence[int], seq: int) -> None:
    """These positions hold all facts up to `seq`. Part of the transaction that wrote them.

    A mark that was raised meanwhile stays above, so the subject stays stale.
    """
    on_postgresql = connection.vendor == "postgresql"
    listed = sorted(subjects) if on_postgresql else json.dumps(sorted(subjects))
    among = "subject = ANY(%s)" if on_postgresql else "subject IN (SELECT value FROM json_each(%s))"
    with connection.cursor() as cursor:
        if on_postgresql:
            # In the order in which acts mark, so that nobody waits crosswise; and last, so that it is short.
            cursor.execute(
                f"SELECT 1 FROM ledger_stale WHERE kind = %s AND {among} ORDER BY subject FOR UPDATE",  # noqa: S608
                [kind, listed],
            )
        cursor.execute(
            "UPDATE ledger_stale "  # noqa: S608  constants of this file
            "SET through_seq = %s, lease_until = NULL, failures = 0, failure = '' "
            f"WHERE kind = %s AND through_seq <= %s AND {among}",
            [seq, kind, seq, listed],
        )


def failed(kind: str, subject: int, seq: int, sentence: str) -> None:
    """Count a failure at the facts up to `seq`; something new that is marked later starts the count again."""
    with transaction.atomic():
        mark, _ = Stale.objects.select_for_update().get_or_create(
            kind=kind, subject=subject, defaults={"last_seq": seq}
        )
        mark.failures = mark.failures + 1 if mark.failed_seq >= mark.last_seq else 1
        mark.failed_seq = max(seq, mark.failed_seq)
        mark.failure = sentence
        mark.lease_until = None
        mark.save(update_fields=["failures", "failed_seq", "failure", "lease_until"])


def waiting(kind: str, subjects: Iterable[int] | None = None) -> QuerySet[Stale]:
    """The stale subjects of a kind, set aside or not."""
    found = Stale.objects.filter(kind=kind, through_seq__lt=F("last_seq"))
    return found if subjects is None else found.filter(subject__in=list(subjects))


def set_aside() -> QuerySet[Stale]:
    """What can't be computed, with the reason: pages show it."""
    return Stale.objects.filter(
        Q(through_seq__lt=F("last_seq")), failures__gte=PATIENCE, failed_seq__gte=F("last_seq")
    ).order_by("kind", "subject")
