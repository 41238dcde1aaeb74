"""A resolution of the board, as evidence of a decision that nobody in Keel may make."""

from django.db import models

from accounts.models import User
from governance.models.signing import SigningRound
from ledger.facts import Fact
from portfolio.models import Attachment


class BoardResolution(Fact):
    """What the board resolved outside Keel on a round for which no seat has an eligible holder."""

    signing = models.OneToOneField(SigningRound, models.PROTECT, related_name="resolution")
    reference = models.CharField(max_length=100)
    text = models.TextField()
    attachment = models.ForeignKey(Attachment, models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"Resolution {self.reference}"


class BoardResolutionConfirmation(Fact):
    """The second person's yes: the document says so. With it the round is decided."""

    resolution = models.OneToOneField(BoardResolution, models.PROTECT, related_name="confirmation")
    confirmed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.resolution}, confirmed"
