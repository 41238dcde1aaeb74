"""What stops gates and releases: a risk officer's block, and the reliability veto."""

from django.db import models

from accounts.models import User
from assurance.models.incidents import Incident
from ledger.facts import Fact
from portfolio.models import Initiative


class Holder(models.TextChoices):
    """The two who hold the veto together."""

    RISK_OFFICER = "risk_officer", "risk officer"
    BENEFIT_OWNER = "benefit_owner", "benefit owner"


class RiskBlock(Fact):
    """A risk officer stops gates and releases of an initiative until a day."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="risk_blocks")
    reason = models.TextField()
    until = models.DateField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"blocked until {self.until}"


class RiskBlockLift(Fact):
    """The end of a block before its day."""

    block = models.OneToOneField(RiskBlock, models.PROTECT, related_name="lift")
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.block}, lifted"


class ReliabilityVeto(Fact):
    """It is not reliable enough to be used: a knock-out until both who hold the veto lift it."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="vetoes")
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, related_name="vetoes")
    reason = models.TextField()
    held_as = models.CharField(max_length=16, choices=Holder.choices)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"reliability veto on {self.initiative}"


class VetoLift(Fact):
    """One of the two lifts the veto; it ends with the second one."""

    veto = models.ForeignKey(ReliabilityVeto, models.PROTECT, related_name="lifts")
    held_as = models.CharField(max_length=16, choices=Holder.choices)
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["veto", "held_as"],
                name="each_holder_lifts_a_veto_once",
                violation_error_message="You lifted this veto already; it waits for the other one.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.veto}, lifted as {self.get_held_as_display()}"
