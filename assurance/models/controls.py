"""The control library in versions, and what was done about each control."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from assurance.conditions import in_words
from ledger.facts import Fact
from portfolio.models import Attachment, Initiative


class ControlLibrary(Fact):
    """One version of the library: from when, from where, and the dates of the law that it knows."""

    version = models.PositiveIntegerField(unique=True)
    valid_from = models.DateField()
    source = models.TextField()
    themes = models.JSONField()  # theme -> its name
    frameworks = models.JSONField()  # key -> name
    dates = models.JSONField()  # list of {on, what, source}

    def __str__(self) -> str:
        return f"control library {self.version}"


class Control(Fact):
    """One control of a version: what is owed, when it applies, by which gate, and where it is written."""

    library = models.ForeignKey(ControlLibrary, models.PROTECT, related_name="controls")
    code = models.CharField(max_length=12)
    position = models.PositiveSmallIntegerField()
    theme = models.CharField(max_length=12)
    title = models.CharField(max_length=200)
    duty = models.TextField()
    applies_when = models.CharField(max_length=300)
    # Empty: held once for the organisation.
    due = models.CharField(max_length=2, blank=True)
    # The earlier gate at which a high tier owes it, where its pilot touches real people.
    due_before_people = models.CharField(max_length=2, blank=True)
    evidence = models.JSONField()  # what is expected, in words
    kept_by = models.CharField(max_length=40)
    review_days = models.PositiveSmallIntegerField()
    crosswalk = models.JSONField()  # framework -> list of numbers

    class Meta:
        ordering = ["library", "position"]
        constraints = [
            models.UniqueConstraint(fields=["library", "code"], name="controls_differ_in_one_library")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def is_of_the_organisation(self) -> bool:
        """Whether it is held once for all."""
        return not self.due

    @property
    def applies_where(self) -> str:
        """When it applies, in words."""
        return in_words(self.applies_when)


class ControlPlan(Fact):
    """Somebody will see to a control, and how; without an initiative, for the organisation."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, null=True, related_name="control_plans")
    code = models.CharField(max_length=12)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    due_on = models.DateField()
    text = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.code}, planned by {self.owner}"


class ControlEvidence(Fact):
    """What shows that a control holds, until when; bound to the hash of what was given."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, null=True, related_name="control_evidence")
    code = models.CharField(max_length=12)
    text = models.TextField()
    link = models.URLField(max_length=500, blank=True)
    attachment = models.ForeignKey(Attachment, models.PROTECT, null=True, related_name="+")
    content_hash = models.CharField(max_length=64)
    dated = models.DateField()
    expires_on = models.DateField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__gt=models.F("dated")), name="evidence_expires_after_its_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.text[:60]}"


class ControlCheck(Fact):
    """A risk officer's word on one piece of evidence: concurs, or sends it back with the reason."""

    evidence = models.OneToOneField(ControlEvidence, models.PROTECT, related_name="check_of")
    concurs = models.BooleanField()
    reason = models.TextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(concurs=True) | ~Q(reason=""), name="evidence_is_sent_back_with_a_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.evidence}: {'concurs' if self.concurs else 'sent back'}"


class ControlException(Fact):
    """A control need not hold for a while: why, until when, and who answers for that."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="control_exceptions")
    code = models.CharField(max_length=12)
    reason = models.TextField()
    expires_on = models.DateField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.code}, exception until {self.expires_on}"
