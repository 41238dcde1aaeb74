"""What waiting brings: reminders and escalations, each once; and families that the office parted."""

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from governance.models.authority import AuthorityStep
from governance.models.signing import SigningRound
from ledger.facts import Fact
from portfolio.models import Initiative


class SigningNotice(Fact):
    """A stage of a round that waits: its people were reminded, or the next step was told."""

    class Stage(models.TextChoices):
        REMINDED = "reminded", "Reminded"
        ESCALATED = "escalated", "Escalated"

    signing = models.ForeignKey(SigningRound, models.PROTECT, related_name="notices")
    stage = models.CharField(max_length=10, choices=Stage.choices)
    # The step whose holders were told.
    step = models.ForeignKey(AuthorityStep, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["signing", "stage"], name="each_stage_of_waiting_is_told_once")
        ]

    def __str__(self) -> str:
        return f"{self.signing}: {self.get_stage_display().lower()}"


class FamilySeparation(Fact):
    """The office's word that two initiatives that look alike are no family, with its reason."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="separations")
    other = models.ForeignKey(Initiative, models.PROTECT, related_name="+")
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "other"],
                name="two_initiatives_are_separated_once",
                violation_error_message="These two are separated already.",
            ),
            models.CheckConstraint(
                condition=~Q(initiative=F("other")), name="an_initiative_is_not_separated_from_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.initiative} and {self.other}, separated"
