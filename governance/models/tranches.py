"""Parts of a commitment that are released on their own, and what becomes of them."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from governance.models.money import Envelope, EnvelopeChange
from governance.models.signing import Decision
from ledger.facts import Fact, FactManager
from portfolio.fields import MoneyField
from portfolio.models import Initiative


class TrancheManager(FactManager["Tranche"]):
    """The tranches that stand: those that a later schedule dropped are left out."""

    def get_queryset(self) -> models.QuerySet["Tranche"]:
        """Without the dropped ones."""
        return super().get_queryset().filter(drop=None)


class Tranche(Fact):
    """A part of the commitment, in the base currency, that is released on its own once it is earned."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="tranches")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="tranches")
    number = models.PositiveSmallIntegerField()
    amount = MoneyField()
    due_on = models.DateField()
    earned_by = models.TextField(blank=True)
    # The schedule that it belongs to: 0 as decided, then one more each time finance plans anew.
    revision = models.PositiveSmallIntegerField(default=0)

    # The one that relations and the ledger read knows all of them.
    every = FactManager["Tranche"]()
    objects = TrancheManager()

    class Meta:
        ordering = ["decision", "number"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "revision", "number"], name="tranches_count_up"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_tranche_is_positive"),
        ]

    def __str__(self) -> str:
        return f"tranche {self.number} of {self.initiative}"

    @property
    def standing_hold(self) -> "TrancheHold | None":
        """The hold that nobody lifted; lists read it from what they fetched with `holds__lift`."""
        return next((hold for hold in self.holds.all() if getattr(hold, "lift", None) is None), None)


class TranchePlan(Fact):
    """Finance planned the tranches of a decision anew that are not released yet."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="tranche_plans")
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"new schedule of {self.decision}"


class TrancheDrop(Fact):
    """A tranche that a later schedule stands in for."""

    tranche = models.OneToOneField(Tranche, models.PROTECT, related_name="drop")
    plan = models.ForeignKey(TranchePlan, models.PROTECT, related_name="dropped")

    def __str__(self) -> str:
        return f"{self.tranche}, dropped"


class TrancheHold(Fact):
    """A tranche is held back: no release until somebody lifts the hold; to be looked at by a day."""

    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="holds")
    until = models.DateField()
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.tranche}, held"


class TrancheHoldLift(Fact):
    """The hold of a tranche is over."""

    hold = models.OneToOneField(TrancheHold, models.PROTECT, related_name="lift")
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.hold}, lifted"


class TrancheRequest(Fact):
    """The unit asks for a tranche, with what earned it."""

    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="requests")
    evidence = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.tranche}, asked for by {self.by}"


class TrancheRelease(Fact):
    """The tranche may be spent."""

    tranche = models.OneToOneField(Tranche, models.PROTECT, related_name="release")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.tranche}, released"


class ClawBack(Fact):
    """Finance proposes to take back what was released and not spent."""

    release = models.ForeignKey(TrancheRelease, models.PROTECT, related_name="claw_backs")
    amount = MoneyField()
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="a_claw_back_is_positive")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.release.tranche}, to be taken back"


class ClawBackConfirmation(Fact):
    """The CFO takes it back: the money is in the room of its envelopes again."""

    claw_back = models.OneToOneField(ClawBack, models.PROTECT, related_name="confirmation")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.claw_back}, confirmed"


class ReleaseLine(Fact):
    """The part of a release that one envelope bears; a negative one takes back or carries over."""

    release = models.ForeignKey(TrancheRelease, models.PROTECT, related_name="lines")
    envelope = models.ForeignKey(Envelope, models.PROTECT, related_name="releases")
    amount = MoneyField()
    carried_by = models.ForeignKey(EnvelopeChange, models.PROTECT, null=True, related_name="release_lines")
    clawed_back_by = models.ForeignKey(ClawBack, models.PROTECT, null=True, related_name="release_lines")

    def __str__(self) -> str:
        return f"{self.amount} of {self.envelope}"
