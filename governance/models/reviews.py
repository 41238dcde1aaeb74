"""The half-yearly review of who has access: what was listed, and what became of each line."""

from django.db import models

from accounts.models import Unit, User
from ledger.facts import Fact


class AccessReview(Fact):
    """One run: everything that gave access on its day is a line of it."""

    on = models.DateField()
    due_on = models.DateField()
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"Access review of {self.on:%-d %b %Y}"


class AccessReviewLine(Fact):
    """One thing that gave somebody access."""

    class Kind(models.TextChoices):
        GRANT = "grant", "Role"
        SEAT = "seat", "Seat in a body"
        DEPUTY = "deputy", "Deputy"
        TOKEN = "token", "API token"

    review = models.ForeignKey(AccessReview, models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    object_id = models.BigIntegerField()
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    what = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["review", "kind", "object_id"], name="a_review_lists_each_thing_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.what}"


class AccessReviewAnswer(Fact):
    """What became of a line: it is kept, or it was ended."""

    line = models.OneToOneField(AccessReviewLine, models.PROTECT, related_name="answer")
    kept = models.BooleanField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.line}: {'kept' if self.kept else 'ended'}"
