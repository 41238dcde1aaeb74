"""Who decides, and the money that follows."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts import policy
from accounts.models import Role, Unit, User
from ledger.facts import Fact, FactManager
from portfolio.fields import MoneyField
from portfolio.models import BusinessCase, Initiative


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
    items = models.JSONField()  # list of {key, text, holds, is_must, found}
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.initiative} at {self.gate}: {self.get_verb_display()}"


class Evidence(Fact):
    """What somebody supplied for an item of kind evidence, confirmation or control."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="evidence")
    item_key = models.CharField(max_length=60)
    text = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.item_key}: {self.text[:60]}"


class AuthorityStep(Fact):
    """One step of delegated authority: who may sign up to which whole-life cost."""

    version = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    limit = MoneyField(null=True)  # null: no limit
    currency = models.CharField(max_length=3, default=settings.BASE_CURRENCY)
    valid_from = models.DateField()

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="authority_steps_have_an_order"),
            models.CheckConstraint(condition=Q(limit=None) | Q(limit__gt=0), name="a_limit_is_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class Seat(Fact):
    """One signature that a step needs, given by a holder of a role (or of a higher step)."""

    step = models.ForeignKey(AuthorityStep, models.PROTECT, related_name="seats")
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=32, choices=Role.choices)
    # A body's seat needs this many votes of different members.
    votes = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["step", "position"]

    def __str__(self) -> str:
        return self.get_role_display()


class SigningRoundQuerySet(models.QuerySet["SigningRound"]):
    """Signing rounds by who may see them and by state."""

    def open_to(self, user: User) -> Self:
        """Those of initiatives that the user may open whole."""
        return self.filter(initiative__in=Initiative.objects.open_to(user))

    def unended(self) -> Self:
        """Those that still take signatures."""
        return self.filter(ending=None)


class SigningRound(Fact):
    """A proposed decision, frozen as a pack that people sign: verb, amount, first tranche, what they see."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="signing_rounds")
    gate = models.CharField(max_length=2, choices=Gate.choices)
    case = models.ForeignKey(BusinessCase, models.PROTECT, related_name="signing_rounds")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    amount = MoneyField()
    first_tranche = MoneyField()
    currency = models.CharField(max_length=3)
    tested_amount = MoneyField()
    step = models.ForeignKey(AuthorityStep, models.PROTECT, related_name="+")
    conditions = models.JSONField(default=list)  # list of {text, owner_id, due}
    reason = models.TextField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    due_on = models.DateField()

    objects = FactManager.from_queryset(SigningRoundQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, first_tranche__gte=0, first_tranche__lte=F("amount")),
                name="the_first_tranche_lies_within_the_amount",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} at {self.gate} for {self.initiative}"

    def get_absolute_url(self) -> str:
        """Where it is read and signed."""
        return reverse("signing-round-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether signatures are still taken."""
        return not hasattr(self, "ending")


class SigningRoundEnd(Fact):
    """How a signing round ended."""

    class Kind(models.TextChoices):
        DECIDED = "decided", "Decided"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    signing = models.OneToOneField(SigningRound, models.PROTECT, related_name="ending")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.signing}: {self.get_kind_display()}"


class Signature(Fact):
    """One vote on what was seen."""

    class Vote(models.TextChoices):
        FOR = "for", "For"
        AGAINST = "against", "Against"

    signing = models.ForeignKey(SigningRound, models.PROTECT, related_name="signatures")
    seat = models.ForeignKey(
        Seat, models.PROTECT, null=True, related_name="+"
    )  # null: the risk officer concurs
    by = models.ForeignKey(User, models.PROTECT, related_name="signatures")
    role = models.CharField(max_length=32, choices=Role.choices)
    vote = models.CharField(max_length=8, choices=Vote.choices)
    reason = models.TextField()
    seen_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["signing", "by"],
                name="one_signature_per_person",
                violation_error_message="You signed this already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.get_vote_display()}"


class Decision(Fact):
    """What was decided, bound to the hash of what was decided on."""

    signing = models.OneToOneField(SigningRound, models.PROTECT, null=True, related_name="decision")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="decisions")
    gate = models.CharField(max_length=2, choices=Gate.choices)
    verb = models.CharField(max_length=20, choices=Verb.choices)
    case = models.ForeignKey(BusinessCase, models.PROTECT, null=True, related_name="decisions")
    amount = MoneyField(default=0)
    currency = models.CharField(max_length=3)
    amount_in_base = MoneyField(default=0)
    rate_of_record = models.CharField(max_length=30, default="1")
    reason = models.TextField()
    content_hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.get_verb_display()} at {self.gate}"


class Condition(Fact):
    """What a 'go with conditions' asks, of whom, by when."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="conditions")
    text = models.TextField()
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    due_on = models.DateField()

    def __str__(self) -> str:
        return self.text


class StopRule(Fact):
    """A rule signed at G3: when it fires, Keel proposes to stop and a person decides."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="stop_rules")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="stop_rules")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text


# Envelopes -----------------------------------------------------------------------------------


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
