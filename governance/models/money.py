"""The money that follows a decision: envelopes, commitments, tranches."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts import policy
from accounts.models import Unit, User
from governance.models.signing import Decision
from ledger.facts import Fact
from portfolio.fields import MoneyField
from portfolio.models import Initiative


class EnvelopeQuerySet(models.QuerySet["Envelope"]):
    """Envelopes by who may see them."""

    def open_to(self, user: User) -> Self:
        """Those of units that the user's role reaches."""
        reach = policy.reach(user, "envelope.view")
        if reach.everywhere:
            return self
        under = Q(pk__in=[])
        for path in reach.paths:
            under |= Q(unit__path__startswith=path)
        return self.filter(under)


class Envelope(models.Model):
    """Money appropriated to a unit for a fiscal year; its amounts are facts, its sums the balance."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="envelopes")
    fiscal_year = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=3, default=settings.BASE_CURRENCY)

    objects = EnvelopeQuerySet.as_manager()

    class Meta:
        ordering = ["fiscal_year", "unit"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "fiscal_year"], name="one_envelope_per_unit_and_year")
        ]

    def __str__(self) -> str:
        return f"{self.unit}, FY{self.fiscal_year}"


class EnvelopeChange(Fact):
    """An appropriation, supplement or reduction; it counts once a second person confirmed it."""

    class Kind(models.TextChoices):
        APPROPRIATION = "appropriation", "Appropriation"
        SUPPLEMENT = "supplement", "Supplement"
        REDUCTION = "reduction", "Reduction"

    envelope = models.ForeignKey(Envelope, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    amount = MoneyField()
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="an_envelope_change_is_positive",
                violation_error_message="Write an amount above zero; a reduction is a kind of its own.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.amount} to {self.envelope}"


class EnvelopeConfirmation(Fact):
    """The second person's yes to a change."""

    change = models.OneToOneField(EnvelopeChange, models.PROTECT, related_name="confirmation")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.change}, confirmed"


class EnvelopeBalance(models.Model):
    """The sums of an envelope, kept in the transaction of each change, under the envelope's lock."""

    envelope = models.OneToOneField(Envelope, models.CASCADE, primary_key=True, related_name="balance")
    appropriated = MoneyField(default=0)
    committed = MoneyField(default=0)
    released = MoneyField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(committed__lte=F("appropriated")), name="committed_stays_within_appropriated",
                violation_error_message="The envelope has no room for this.",
            ),
            models.CheckConstraint(
                condition=Q(released__gte=0, released__lte=F("committed")),
                name="released_stays_within_committed",
                violation_error_message="That is more than is committed.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.envelope}: {self.committed} of {self.appropriated}"

    @property
    def room(self) -> Decimal:
        """What can still be committed."""
        return self.appropriated - self.committed


class Commitment(Fact):
    """Money promised for one fiscal year, in the base currency; without an envelope a forward commitment.

    A negative amount frees what was promised. An envelope that takes up a forward commitment adds two rows
    that name it in `takes_up`: minus the amount without an envelope, plus the amount in it. So plain sums are
    right: over all rows what is promised, over rows without an envelope what is still forward.
    """

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="commitments")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="commitments")
    envelope = models.ForeignKey(Envelope, models.PROTECT, null=True, related_name="commitments")
    fiscal_year = models.PositiveSmallIntegerField()
    amount = MoneyField()
    takes_up = models.ForeignKey("self", models.PROTECT, null=True, related_name="taken_up_by")

    def __str__(self) -> str:
        return f"{self.amount} in FY{self.fiscal_year} for {self.initiative}"


class Tranche(Fact):
    """A part of the commitment, in the base currency, that is released on its own once it is earned."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="tranches")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="tranches")
    number = models.PositiveSmallIntegerField()
    amount = MoneyField()
    due_on = models.DateField()
    earned_by = models.TextField(blank=True)

    class Meta:
        ordering = ["decision", "number"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "number"], name="tranches_count_up"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_tranche_is_positive"),
        ]

    def __str__(self) -> str:
        return f"tranche {self.number} of {self.initiative}"


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


class ReleaseLine(Fact):
    """The part of a release that one envelope bears."""

    release = models.ForeignKey(TrancheRelease, models.PROTECT, related_name="lines")
    envelope = models.ForeignKey(Envelope, models.PROTECT, related_name="releases")
    amount = MoneyField()

    def __str__(self) -> str:
        return f"{self.amount} of {self.envelope}"
