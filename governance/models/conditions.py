"""What became of a condition: its owner's report, and whether it was accepted."""

from django.db import models

from accounts.models import User
from governance.models.signing import Condition
from ledger.facts import Fact
from portfolio.models import Attachment


class ConditionReport(Fact):
    """The owner says that a condition is fulfilled, and with what it can be seen."""

    condition = models.ForeignKey(Condition, models.PROTECT, related_name="reports")
    evidence = models.TextField()
    attachment = models.ForeignKey(Attachment, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.condition}: {self.evidence[:60]}"


class ConditionReview(Fact):
    """The portfolio office or finance accepts a report, or sends it back."""

    report = models.OneToOneField(ConditionReport, models.PROTECT, related_name="review")
    is_accepted = models.BooleanField()
    reason = models.TextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_accepted=True) | ~models.Q(reason=""),
                name="what_is_sent_back_says_why",
                violation_error_message="Say what is missing.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.report}, {'accepted' if self.is_accepted else 'sent back'}"


class ConditionReminder(models.Model):
    """A condition was chased at a stage of its date; the job keeps it, so that each is told once."""

    class Stage(models.TextChoices):
        SOON = "soon", "A week before its day"
        DUE = "due", "On its day"
        OVERDUE = "overdue", "After its day"
        LATE = "late", "Two weeks after its day"

    condition = models.ForeignKey(Condition, models.CASCADE, related_name="reminders")
    stage = models.CharField(max_length=8, choices=Stage.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["condition", "stage"], name="a_condition_is_chased_once_a_stage")
        ]

    def __str__(self) -> str:
        return f"{self.condition}: {self.get_stage_display()}"
