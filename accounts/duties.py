"""What auditors read of duties that are kept apart: exceptions by month, their notice, refused attempts."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth
from django.urls import reverse

from accounts import policy
from accounts.models import Attempt, Notification, Role, RoleGrant, SegregationException, Unit, User
from accounts.notices import notify
from accounts.segregation import SegregationRule, facts_in_words, rules

# Who learns of last month's exceptions.
TOLD = (Role.CFO, Role.AUDITOR)


@dataclass(frozen=True)
class KeptApart:
    """Acts that the same rules keep people out of: their titles, and each rule with whom it means."""

    acts: list[str]
    rules: list[tuple[SegregationRule, str]]


def rules_in_words() -> list[KeptApart]:
    """The rules of segregation by the acts that they forbid, those of the most acts first."""
    titles = {action: rule.title for action, rule in policy.table().items()}
    words = facts_in_words()
    groups: dict[tuple[str, ...], list[tuple[SegregationRule, str]]] = {}
    for rule in rules():
        groups.setdefault(tuple(sorted(rule.acts)), []).append((rule, words[rule.fact]))
    found = [KeptApart([titles[act] for act in rows[0][0].acts], rows) for rows in groups.values()]
    return sorted(found, key=lambda group: -len(group.acts))


def rules_by_key() -> dict[str, SegregationRule]:
    """The rules by the key that an exception names."""
    return {rule.key: rule for rule in rules()}


def exceptions_in(month: date) -> QuerySet[SegregationException]:
    """The exceptions of a month, the newest first."""
    found = SegregationException.objects.filter(
        transaction__at__year=month.year, transaction__at__month=month.month
    )
    return found.select_related("by", "transaction").order_by("-pk")


def months_with_exceptions() -> list[tuple[date, int]]:
    """Each month in which a rule bent, and how often, the newest first."""
    rows = SegregationException.objects.annotate(month=TruncMonth("transaction__at")).values("month")
    counted = rows.annotate(number=Count("pk")).order_by("-month")
    return [(row["month"].date(), row["number"]) for row in counted]


def tell_exceptions(month: date) -> int:
    """One message about a month to each who has to know, once; none for a month without exceptions."""
    number = exceptions_in(month).count()
    if not number:
        return 0
    subject = f"Exceptions from segregation in {month:%B %Y}"
    with transaction.atomic():
        # Two runs at once wait for one another, so that the second finds what the first one wrote.
        Unit.objects.select_for_update().filter(parent=None).order_by("pk").first()
        grants = RoleGrant.objects.active().confirmed().filter(role__in=TOLD)
        told = Notification.objects.filter(subject=subject).values("recipient")
        readers = list(User.objects.filter(grants__in=grants).exclude(pk__in=told).distinct())
        for reader in readers:
            notify(
                reader,
                subject=subject,
                sentence=f"Rules that keep duties apart bent {number} times, each with its reason.",
                path=f"{reverse('segregation-exceptions')}?month={month:%Y-%m}",
            )
    return len(readers)


def attempts(words: str = "") -> QuerySet[Attempt]:
    """Refused attempts at deciding or at changing rights, the newest first."""
    found = Attempt.objects.select_related("by").order_by("-pk")
    for word in words.split():
        found = found.filter(by__name__icontains=word) | found.filter(action__icontains=word)
    return found
