"""Delegated authority in versions: steps, the seats whose holders sign, and who approved a version."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Role, Unit, User
from governance.models.bodies import Body
from governance.routing import ANY, Scope
from ledger import clock
from ledger.facts import Fact
from portfolio.fields import MoneyField


class AuthorityVersion(Fact):
    """Who decides up to which amount, as a whole: proposed, approved by two, in force from a day on.

    `content_hash` is of the document that `governance.authority_document` reads from it: what approvers sign.
    """

    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=80)
    valid_from = models.DateField()
    # The risk tiers whose cases go one step up.
    tiers_up = models.JSONField(default=list)
    # The body that is told of a decision over this amount.
    informed = models.ForeignKey(Body, models.PROTECT, null=True, related_name="+")
    informed_over = MoneyField(null=True)
    informed_currency = models.CharField(max_length=3, default=settings.BASE_CURRENCY)
    content_hash = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    # Null: installed with Keel.
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # Everybody who wrote on the draft: none of them may approve it.
    writers = models.JSONField(default=list)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(informed=None, informed_over=None)
                | Q(informed__isnull=False, informed_over__gt=0),
                name="a_body_is_informed_over_an_amount",
            )
        ]

    def __str__(self) -> str:
        return f"version {self.number}, {self.name}"

    def get_absolute_url(self) -> str:
        """Where it is read, compared and approved."""
        return reverse("authority-version", args=[self.number])


class AuthorityApproval(Fact):
    """One executive's vote on a proposed version; a vote against closes it."""

    class Vote(models.TextChoices):
        FOR = "for", "Approve"
        AGAINST = "against", "Refuse"

    version = models.ForeignKey(AuthorityVersion, models.PROTECT, related_name="approvals")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    vote = models.CharField(max_length=8, choices=Vote.choices)
    reason = models.TextField(blank=True)
    seen_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "by"],
                name="one_vote_per_person_and_authority",
                violation_error_message="You voted on this version already.",
            ),
            models.UniqueConstraint(
                fields=["version", "role"],
                name="one_vote_per_seat_and_authority",
                violation_error_message="This seat voted on this version already.",
            ),
            models.CheckConstraint(
                condition=Q(vote="for") | ~Q(reason=""),
                name="a_refused_authority_has_a_reason",
                violation_error_message="Say why you refuse it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.vote} {self.version}"


class AuthorityAdoption(Fact):
    """A version that was approved, and the day from which it holds: its own, or that of the approval."""

    version = models.OneToOneField(AuthorityVersion, models.PROTECT, related_name="adoption")
    in_force_from = models.DateField()

    def __str__(self) -> str:
        return f"{self.version}, in force from {self.in_force_from}"


class AuthorityStep(Fact):
    """One step of delegated authority: who may sign up to which whole-life cost, for what."""

    class Bucket(models.TextChoices):
        ANY = ANY, "Explore and core"
        EXPLORE = "explore", "Explore"
        CORE = "core", "Core"

    version = models.ForeignKey(AuthorityVersion, models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    limit = MoneyField(null=True)  # null: no limit
    currency = models.CharField(max_length=3, default=settings.BASE_CURRENCY)
    tiers = models.JSONField(default=list)  # empty: all
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")  # null: all
    bucket = models.CharField(max_length=8, choices=Bucket.choices, default=Bucket.ANY)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    # Whether its seats sign one after the other.
    in_order = models.BooleanField(default=False)

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="authority_steps_have_an_order"),
            models.CheckConstraint(condition=Q(limit=None) | Q(limit__gt=0), name="a_limit_is_positive"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> Scope:
        """What it is for."""
        return Scope(
            unit_path=self.unit.path if self.unit is not None else "",
            tiers=frozenset(self.tiers),
            bucket=self.bucket,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class Seat(Fact):
    """One yes that a step needs: of a holder of a role, of a person, or of a body by its votes."""

    step = models.ForeignKey(AuthorityStep, models.PROTECT, related_name="seats")
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=32, choices=Role.choices, blank=True)
    person = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    body = models.ForeignKey(Body, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["step", "position"]
        constraints = [
            models.CheckConstraint(
                condition=(~Q(role="") & Q(person=None, body=None))
                | Q(role="", person__isnull=False, body=None)
                | Q(role="", person=None, body__isnull=False),
                name="a_seat_is_of_a_role_a_person_or_a_body",
            )
        ]

    def __str__(self) -> str:
        if self.body is not None:
            return self.body.name
        return self.person.name if self.person is not None else self.get_role_display()

    @property
    def votes(self) -> int:
        """How many must vote on it: the quorum of a body, else one."""
        return self.body.quorum if self.body is not None else 1


class AuthorityDraft(models.Model):
    """The next version while the portfolio office writes it; one at a time, and no fact.

    Once it is proposed, `proposed` names the frozen version: the draft stands still until that one is
    adopted, when it goes, or refused, when it goes on.
    """

    # Always 1: the database refuses a second draft.
    place = models.PositiveSmallIntegerField(default=1, unique=True)
    content = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    writers = models.JSONField(default=list)
    updated_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=clock.now)
    proposed = models.ForeignKey(AuthorityVersion, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(place=1),
                name="there_is_one_authority_draft",
                violation_error_message="A draft of the next authority is open already.",
            )
        ]

    def __str__(self) -> str:
        return f"draft of the authority, saved by {self.updated_by}"
