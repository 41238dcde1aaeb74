"""What people assert about the course of a pilot, and what is computed from it: recommendations."""

from typing import Any

from django.db import models

from accounts.models import User
from ledger.facts import Fact
from portfolio.fields import MoneyField
from portfolio.models import Initiative


class FirstUser(Fact):
    """The day on which the first real user used it; the newest report holds."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="first_users")
    on = models.DateField()
    note = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"first user of {self.initiative} on {self.on}"


class ClockExtensionRequest(Fact):
    """The unit asks for three more months of pilot, with its reason."""

    initiative = models.OneToOneField(Initiative, models.PROTECT, related_name="extension_request")
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.initiative} asks for more time"


class RecommendationAnswer(Fact):
    """What a person decided on what Keel recommended; it silences those findings until a day."""

    class Answer(models.TextChoices):
        KEEP = "keep", "Keep going"
        EXTEND = "extend", "Extend the pilot by three months"
        HOLD = "hold", "Put it on hold"
        STOP = "stop", "Stop it"

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="recommendation_answers")
    answer = models.CharField(max_length=8, choices=Answer.choices)
    findings = models.JSONField()  # as they stood: list of {key, sentence, proposal, is_rule}
    reason = models.TextField()
    until = models.DateField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.get_answer_display()}: {self.reason}"


class ClockExtension(Fact):
    """Three more months of pilot, granted once."""

    request = models.OneToOneField(ClockExtensionRequest, models.PROTECT, related_name="grant")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.request.initiative} has three more months"


class Recommendation(models.Model):
    """The position of one running initiative: what fired, what it proposes, what stopping would free."""

    initiative = models.OneToOneField(
        Initiative, models.CASCADE, primary_key=True, related_name="recommendation"
    )
    through_seq = models.BigIntegerField()
    on = models.DateField()
    # list of {key, sentence, proposal, is_rule, silenced_until}
    findings = models.JSONField(default=list)
    # The gravest proposal of what nobody answered yet; blank when there is none.
    proposal = models.CharField(max_length=8, blank=True, db_index=True)
    clock_ends_on = models.DateField(null=True)
    renewal_due_on = models.DateField(null=True)
    # Committed and not released; released and not spent. In the base currency.
    would_free = MoneyField(default=0)
    unspent = MoneyField(default=0)

    def __str__(self) -> str:
        return f"{self.initiative_id}: {self.proposal or 'continue'}"

    @property
    def open_findings(self) -> list[dict[str, Any]]:
        """Those that wait for an answer."""
        return [item for item in self.findings if not item["silenced_until"]]


class WatchRun(models.Model):
    """How far the watch came: one row, locked while it works."""

    through_seq = models.BigIntegerField(default=0)
    on = models.DateField(null=True)

    def __str__(self) -> str:
        return f"watched through {self.through_seq}"


class Announced(models.Model):
    """What people were told once: a finding while it lasts, or a day that comes near."""

    initiative = models.ForeignKey(Initiative, models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    is_finding = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["initiative", "key"], name="nothing_is_told_twice")]

    def __str__(self) -> str:
        return f"{self.key} of {self.initiative_id}"
