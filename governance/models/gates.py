"""Gates: what one asks, what was supplied, and that it was passed."""

from django.db import models

from accounts.models import User
from ledger.facts import Fact
from portfolio.models import Attachment, BusinessCase, Initiative


class Gate(models.TextChoices):
    """The gates; what one asks is data (GateItem)."""

    REGISTER = "G0", "G0 register"
    TRIAGE = "G1", "G1 triage"
    CASE = "G2", "G2 case"
    PILOT = "G3", "G3 pilot funding"
    SCALE = "G4", "G4 scale funding"
    OPERATE = "G5", "G5 operate"
    BENEFITS = "G6", "G6 benefits"
    RETIRE = "G7", "G7 retire"


class Verb(models.TextChoices):
    """What a decision may say."""

    GO = "go", "Go"
    GO_WITH_CONDITIONS = "go_with_conditions", "Go with conditions"
    HOLD = "hold", "Hold"
    REDESIGN = "redesign", "Redesign"
    MERGE = "merge", "Merge"
    STOP = "stop", "Stop"


class GateItem(Fact):
    """One thing that a gate asks, in one version of the gates."""

    class Kind(models.TextChoices):
        FIELD = "field", "Field of the case"
        THRESHOLD = "threshold", "Threshold"
        EVIDENCE = "evidence", "Evidence"
        CONFIRMATION = "confirmation", "Confirmation"
        CONTROL = "control", "Control"

    version = models.PositiveIntegerField()
    gate = models.CharField(max_length=2, choices=Gate.choices)
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    is_must = models.BooleanField(default=True)
    text = models.CharField(max_length=300)
    supplied_by = models.CharField(max_length=60)
    parameters = models.JSONField(default=dict)

    class Meta:
        ordering = ["version", "gate", "position"]
        constraints = [models.UniqueConstraint(fields=["version", "gate", "key"], name="gate_items_differ")]

    def __str__(self) -> str:
        return f"{self.gate}: {self.text}"


class GatePassage(Fact):
    """A gate was passed: with which case, and how each item stood."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="gate_passages")
    gate = models.CharField(max_length=2, choices=Gate.choices)
    verb = models.CharField(max_length=20, choices=Verb.choices, default=Verb.GO)
    case = models.ForeignKey(BusinessCase, models.PROTECT, null=True, related_name="gate_passages")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    gate_version = models.PositiveIntegerField()
    items = models.JSONField()  # list of {key, text, holds, is_must, found, waived_until}
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.initiative} at {self.gate}: {self.get_verb_display()}"


class Evidence(Fact):
    """What somebody supplied for an item of kind evidence, confirmation or control."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="evidence")
    item_key = models.CharField(max_length=60)
    text = models.TextField()
    expires_on = models.DateField(null=True)  # the last day on which it counts; without one it stays
    attachment = models.ForeignKey(Attachment, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.item_key}: {self.text[:60]}"
