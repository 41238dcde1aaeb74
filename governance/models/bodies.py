"""Bodies that decide by votes: a committee of named members, or the holders of a role."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from accounts.models import Role, User
from ledger import clock
from ledger.facts import Fact, FactManager


class BodyQuerySet(models.QuerySet["Body"]):
    """Bodies by whether they may decide."""

    def confirmed(self) -> Self:
        """Confirmed by a second person."""
        return self.exclude(confirmation=None)


class Body(Fact):
    """A body: the holders of a role, or named members, of whom a quorum votes."""

    name = models.CharField(
        max_length=80, unique=True, error_messages={"unique": "There is a body of this name already."}
    )
    role = models.CharField(max_length=32, choices=Role.choices, blank=True)  # blank: named members
    quorum = models.PositiveSmallIntegerField()
    # Null: installed with Keel.
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = FactManager.from_queryset(BodyQuerySet)()

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(quorum__gte=1), name="a_quorum_is_somebody")]

    def __str__(self) -> str:
        return self.name


class BodyConfirmation(Fact):
    """The second person's yes to a body."""

    body = models.OneToOneField(Body, models.PROTECT, related_name="confirmation")
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.body}, confirmed"


class BodyMemberQuerySet(models.QuerySet["BodyMember"]):
    """Memberships by whether they hold."""

    def unended(self) -> Self:
        """Not ended early."""
        return self.filter(ending=None)

    def not_over(self, on: date | None = None) -> Self:
        """Whose last day has not passed on the day."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=on or clock.today()))

    def active(self, on: date | None = None) -> Self:
        """Confirmed, not ended early, within their dates on the day, of somebody who may sign in."""
        day = on or clock.today()
        begun = self.unended().not_over(day).filter(valid_from__lte=day, user__is_active=True)
        return begun.exclude(confirmation=None)


class BodyMember(Fact):
    """A seat in a body for some time, proposed by one person and confirmed by another."""

    body = models.ForeignKey(Body, models.PROTECT, related_name="members")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    valid_from = models.DateField(default=clock.today)
    valid_to = models.DateField(null=True, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = FactManager.from_queryset(BodyMemberQuerySet)()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(proposed_by=F("user")),
                name="nobody_proposes_themselves_for_a_body",
                violation_error_message="Nobody proposes themselves for a body.",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="a_membership_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.body}"


class BodyMemberConfirmation(Fact):
    """The second person's yes to a membership."""

    member = models.OneToOneField(BodyMember, models.PROTECT, related_name="confirmation")
    confirmed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.member}, confirmed"


class BodyMemberEnd(Fact):
    """The early end of a membership, effective at once."""

    member = models.OneToOneField(BodyMember, models.PROTECT, related_name="ending")
    ended_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.member}, ended"
