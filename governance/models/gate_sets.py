"""Versions of what the gates ask: drafted by the office, put in force by CFO or risk officer."""

from django.db import models

from accounts.models import Role, User
from ledger import clock
from ledger.facts import Fact


class GateSetDraft(models.Model):
    """The next version while it is written; there is one at most."""

    content = models.JSONField()
    based_on = models.PositiveIntegerField()
    version = models.PositiveIntegerField(default=1)  # counts saves
    writers = models.JSONField(default=list)
    updated_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=clock.now)
    only_one = models.BooleanField(default=True, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(only_one=True), name="one_draft_of_the_gates")
        ]

    def __str__(self) -> str:
        return f"draft of the gates after version {self.based_on}"


class GateSetProposal(Fact):
    """A draft, frozen, before whoever puts it in force."""

    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    based_on = models.PositiveIntegerField()
    reason = models.TextField()
    writers = models.JSONField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"proposal {self.pk} for the gates after version {self.based_on}"


class GateSetVerdict(Fact):
    """CFO or risk officer puts a proposal in force, or refuses it."""

    proposal = models.OneToOneField(GateSetProposal, models.PROTECT, related_name="verdict")
    is_in_force = models.BooleanField()
    seen_hash = models.CharField(max_length=64)
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=32, choices=Role.choices)

    def __str__(self) -> str:
        return f"{self.proposal}: {'in force' if self.is_in_force else 'refused'}"


class GateSet(Fact):
    """A version that is or was in force: since when, what counts as a material change, and on what basis."""

    version = models.PositiveIntegerField(unique=True)
    material = models.JSONField()  # see default_gates.MATERIAL
    verdict = models.OneToOneField(GateSetVerdict, models.PROTECT, null=True, related_name="gate_set")

    def __str__(self) -> str:
        return f"gates, version {self.version}"
