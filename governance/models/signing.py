"""Signing rounds, signatures, and the decisions that they make."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Role, User
from governance.models.authority import AuthorityStep, Seat
from governance.models.gates import Gate, Verb
from ledger.facts import Fact, FactManager
from portfolio.fields import MoneyField
from portfolio.models import BusinessCase, Initiative


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
        ABSTAIN = "abstain", "Abstain"

    signing = models.ForeignKey(SigningRound, models.PROTECT, related_name="signatures")
    seat = models.ForeignKey(
        Seat, models.PROTECT, null=True, related_name="+"
    )  # null: the risk officer concurs
    by = models.ForeignKey(User, models.PROTECT, related_name="signatures")
    role = models.CharField(max_length=32, choices=Role.choices, blank=True)  # blank: by name
    vote = models.CharField(max_length=8, choices=Vote.choices)
    reason = models.TextField()
    seen_hash = models.CharField(max_length=64)
    # For whom a deputy signs.
    on_behalf_of = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    # A member of a body who may not decide on it: abstains, and counts for no quorum.
    is_conflicted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["signing", "by"],
                name="one_signature_per_person",
                violation_error_message="You signed this already.",
            ),
            models.UniqueConstraint(
                fields=["signing", "on_behalf_of"],
                condition=Q(on_behalf_of__isnull=False),
                name="nobody_is_signed_for_twice",
                violation_error_message="A deputy signed for this person already.",
            ),
            models.CheckConstraint(
                condition=Q(is_conflicted=False) | Q(vote="abstain"),
                name="the_conflicted_only_abstain",
                violation_error_message="Who has a part in it may only abstain.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.get_vote_display()}"

    @property
    def place(self) -> str:
        """Where they sat, in words: the seat, or the risk officer who concurs."""
        return str(self.seat) if self.seat is not None else self.get_role_display()


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
    # One of `portfolio.stop_rules.KINDS`; in words a person judges it.
    kind = models.CharField(max_length=12, default="words")
    parameters = models.JSONField(default=dict)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text
