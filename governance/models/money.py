"""The money that follows a decision: envelopes, what changes them, commitments."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts import policy
from accounts.models import Unit, User
from governance.models.signing import Decision
from ledger.facts import Fact
from portfolio.fields import MoneyField
from portfolio.models import Initiative
from portfolio.wording import share


class Bucket(models.TextChoices):
    """What money is for: the core, or trying out what may come to nothing."""

    CORE = "core", "core"
    EXPLORE = "explore", "explore"


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
    """Money appropriated to a unit for a fiscal year; its amounts are facts, its sums the balance.

    The explore bucket has an envelope of its own, held by the unit at the root.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="envelopes")
    fiscal_year = models.PositiveSmallIntegerField()
    bucket = models.CharField(max_length=8, choices=Bucket.choices, default=Bucket.CORE)
    currency = models.CharField(max_length=3, default=settings.BASE_CURRENCY)

    objects = EnvelopeQuerySet.as_manager()

    class Meta:
        ordering = ["fiscal_year", "unit"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "fiscal_year", "bucket"], name="one_envelope_per_unit_year_and_bucket"
            )
        ]

    def __str__(self) -> str:
        bucket = ", explore" if self.bucket == Bucket.EXPLORE else ""
        return f"{self.unit}, FY{self.fiscal_year}{bucket}"

    def get_absolute_url(self) -> str:
        """Where its numbers open into their facts."""
        return reverse("envelope-detail", args=[self.pk])


class EnvelopeChange(Fact):
    """A change of an envelope, or of two at once; it counts once a second person confirmed it.

    `envelope` is the one that it is about; a transfer and a carry-over take from it and give to `into`.
    """

    class Kind(models.TextChoices):
        APPROPRIATION = "appropriation", "Appropriation"
        SUPPLEMENT = "supplement", "Supplement"
        REDUCTION = "reduction", "Reduction"
        TRANSFER = "transfer", "Transfer"
        SET_ASIDE = "set_aside", "Contingency set aside"
        DRAW = "draw", "Contingency drawn"
        CAP = "cap", "Cap"
        UNCAP = "uncap", "Cap lifted"
        CARRY_OVER = "carry_over", "Carry-over"

    envelope = models.ForeignKey(Envelope, models.PROTECT, related_name="changes")
    into = models.ForeignKey(Envelope, models.PROTECT, null=True, related_name="incoming")
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
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["transfer", "carry_over"], into__isnull=False)
                | (~Q(kind__in=["transfer", "carry_over"]) & Q(into=None)),
                name="only_money_that_moves_has_two_sides",
            ),
            models.CheckConstraint(
                condition=Q(into=None) | ~Q(into=F("envelope")), name="no_envelope_gives_to_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.amount} to {self.envelope}"


class EnvelopeConfirmation(Fact):
    """The second person's yes to a change."""

    change = models.OneToOneField(EnvelopeChange, models.PROTECT, related_name="confirmation")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.change}, confirmed"


class EnvelopeRefusal(Fact):
    """The second person's no to a change, or the proposer's second thought."""

    change = models.OneToOneField(EnvelopeChange, models.PROTECT, related_name="refusal")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.change}, refused"


class YearClosing(Fact):
    """A fiscal year is to be closed; it is once a second person confirmed it."""

    fiscal_year = models.PositiveSmallIntegerField()
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"FY{self.fiscal_year}, to be closed"


class YearClosingConfirmation(Fact):
    """The year is closed: nothing more is appropriated, committed or released in it."""

    closing = models.OneToOneField(YearClosing, models.PROTECT, related_name="confirmation")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"FY{self.closing.fiscal_year}, closed"


class EnvelopeBalance(models.Model):
    """The sums of an envelope, kept in the transaction of each change, under the envelope's lock."""

    envelope = models.OneToOneField(Envelope, models.CASCADE, primary_key=True, related_name="balance")
    appropriated = MoneyField(default=0)
    committed = MoneyField(default=0)
    released = MoneyField(default=0)
    # Set aside: only a named act draws on it.
    contingency = MoneyField(default=0)
    # The most that may be committed here and in the envelopes of the units below; None: no limit.
    cap = MoneyField(null=True)
    is_closed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(contingency__gte=0), name="contingency_is_not_negative",
                violation_error_message="That is more than is set aside.",
            ),
            models.CheckConstraint(
                condition=Q(committed__lte=F("appropriated") - F("contingency")),
                name="committed_stays_within_appropriated",
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
        return self.appropriated - self.committed - self.contingency


class Commitment(Fact):
    """Money promised for one fiscal year, in the base currency; without an envelope a forward commitment.

    A negative amount frees what was promised. An envelope that takes up a forward commitment adds two rows
    that name it in `takes_up`: minus the amount without an envelope, plus the amount in it. So plain sums are
    right: over all rows what is promised, over rows without an envelope what is still forward. The same holds
    for a carry-over, a co-funding and a claw-back, which the rows name.
    """

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="commitments")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="commitments")
    envelope = models.ForeignKey(Envelope, models.PROTECT, null=True, related_name="commitments")
    fiscal_year = models.PositiveSmallIntegerField()
    amount = MoneyField()
    takes_up = models.ForeignKey("self", models.PROTECT, null=True, related_name="taken_up_by")
    # While it is forward: the unit and bucket whose envelope is to bear it.
    bearer = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    bucket = models.CharField(max_length=8, choices=Bucket.choices, default=Bucket.CORE)
    carried_by = models.ForeignKey(EnvelopeChange, models.PROTECT, null=True, related_name="commitments")
    shared_by = models.ForeignKey(
        "governance.CoFunding", models.PROTECT, null=True, related_name="commitments"
    )
    clawed_back_by = models.ForeignKey(
        "governance.ClawBack", models.PROTECT, null=True, related_name="commitments"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(envelope=None, bearer__isnull=False) | Q(envelope__isnull=False, bearer=None),
                name="a_forward_commitment_names_its_bearer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} in FY{self.fiscal_year} for {self.initiative}"


class CoFunding(Fact):
    """Another unit's envelope is to bear a share of an initiative's commitment, in per mille."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="co_fundings")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="co_fundings")
    per_mille = models.PositiveSmallIntegerField()
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(per_mille__gte=1, per_mille__lte=999),
                name="a_share_is_a_part",
                violation_error_message="Write a share between 0.1 and 99.9 per cent.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit} bears {share(self.per_mille)} of {self.initiative}"


class CoFundingAgreement(Fact):
    """The bearing unit's finance, or the CFO, agrees: the share counts from now on."""

    co_funding = models.OneToOneField(CoFunding, models.PROTECT, related_name="agreement")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.co_funding}, agreed"
