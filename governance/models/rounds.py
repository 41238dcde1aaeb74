"""Funding rounds: the agenda while it is prepared, the frozen pack, what departs from rank, the minutes."""

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts import policy
from accounts.models import Unit, User
from governance.departures import DepartureKind
from governance.models.gates import Verb
from governance.models.money import Envelope
from governance.models.signing import SigningRound
from ledger import clock
from ledger.facts import Fact
from portfolio.fields import MoneyField
from portfolio.models import Initiative

GRANTING = (Verb.GO, Verb.GO_WITH_CONDITIONS)


class FundingRoundQuerySet(models.QuerySet["FundingRound"]):
    """Funding rounds by who may read them and by state."""

    def open_to(self, user: User) -> Self:
        """Those of units that the user's role reaches."""
        reach = policy.reach(user, "round.view")
        if reach.everywhere:
            return self
        under = Q(pk__in=[])
        for path in reach.paths:
            under |= Q(unit__path__startswith=path)
        return self.filter(under)

    def unclosed(self) -> Self:
        """Those that are prepared or wait for votes."""
        return self.filter(closing=None)


class FundingRound(models.Model):
    """A meeting that decides on several initiatives; what it decides on is frozen as a pack.

    `unit` is the lowest one above all its envelopes: who reaches it reads the round.
    """

    name = models.CharField(
        max_length=80, unique=True, error_messages={"unique": "There is a round of this name."}
    )
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="funding_rounds")
    meets_on = models.DateField()
    envelopes = models.ManyToManyField(Envelope, related_name="funding_rounds")
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=clock.now)

    objects = FundingRoundQuerySet.as_manager()

    class Meta:
        ordering = ["-meets_on", "-id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Where it is prepared, read and decided."""
        return reverse("funding-round-detail", args=[self.pk])

    @property
    def is_closed(self) -> bool:
        """Whether its minutes are written."""
        return hasattr(self, "closing")


class AgendaItem(models.Model):
    """What the office proposes for one initiative, until the pack is frozen: a draft."""

    round = models.ForeignKey(FundingRound, models.CASCADE, related_name="agenda")
    initiative = models.ForeignKey(Initiative, models.CASCADE, related_name="+")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    amount = MoneyField(default=0)
    first_tranche = MoneyField(default=0)
    hold_until = models.DateField(null=True, blank=True)
    merge_into = models.ForeignKey(Initiative, models.SET_NULL, null=True, blank=True, related_name="+")
    conditions = models.JSONField(default=list)  # list of {text, owner_id, due}
    reason = models.TextField(blank=True)
    # Where the meeting takes it, when that is not by rank.
    position = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "initiative"],
                name="an_initiative_stands_once_on_an_agenda",
                violation_error_message="It is on this agenda already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.initiative} in {self.round}"

    @property
    def is_funded(self) -> bool:
        """Whether it is proposed to grant money."""
        return self.verb in GRANTING

    def proposal(self) -> dict[str, Any]:
        """What is proposed, as the arguments of `open_signing`."""
        return {
            "verb": self.verb,
            "amount": self.amount,
            "first_tranche": self.first_tranche,
            "conditions": self.conditions,
            "hold_until": self.hold_until if self.verb == Verb.HOLD else None,
            "merge_into": self.merge_into if self.verb == Verb.MERGE else None,
        }


class AgendaChange(Fact):
    """The office put an item on the agenda by hand, took one off, or moved it, and said why."""

    class Kind(models.TextChoices):
        ADDED = "added", "Added"
        REMOVED = "removed", "Removed"
        MOVED = "moved", "Moved"

    round = models.ForeignKey(FundingRound, models.PROTECT, related_name="changes")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    position = models.PositiveSmallIntegerField(null=True)
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.initiative}: {self.get_kind_display().lower()}"


class RoundPack(Fact):
    """The agenda as it was frozen: items in rank order, the line, room, candidates, members; one hash."""

    round = models.ForeignKey(FundingRound, models.PROTECT, related_name="packs")
    version = models.PositiveSmallIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    frozen_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["round", "-version"]
        constraints = [models.UniqueConstraint(fields=["round", "version"], name="packs_of_a_round_count_up")]

    def __str__(self) -> str:
        return f"{self.round}, pack {self.version}"

    @property
    def meets_on(self) -> date:
        """The day of the meeting, as it was frozen."""
        return date.fromisoformat(self.content["meets_on"])


class RoundItem(Fact):
    """One item of a pack: the signing round on which its decision is signed, and where it ranked."""

    pack = models.ForeignKey(RoundPack, models.PROTECT, related_name="items")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="round_items")
    signing = models.ForeignKey(SigningRound, models.PROTECT, related_name="round_items")
    place = models.PositiveSmallIntegerField()  # its row of the pack, from 0

    class Meta:
        ordering = ["pack", "place"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "initiative"], name="an_initiative_stands_once_in_a_pack")
        ]

    def __str__(self) -> str:
        return f"{self.initiative} in {self.pack}"

    def get_absolute_url(self) -> str:
        """Where it is read and decided."""
        return reverse("round-item-detail", args=[self.pk])


class FundingCandidate(Fact):
    """A set of items that might be funded together: by rank, as proposed, or found by an optimiser."""

    class Kind(models.TextChoices):
        BY_RANK = "by_rank", "By rank"
        AS_PROPOSED = "as_proposed", "As proposed"
        OPTIMISED = "optimised", "Optimised"

    pack = models.ForeignKey(RoundPack, models.PROTECT, related_name="candidates")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    chosen = models.JSONField()  # ids of initiatives
    cost = MoneyField()  # what they take of the envelopes, in the base currency
    expected_value = MoneyField()  # their corrected P50 NPV together

    class Meta:
        ordering = ["pack", "id"]
        constraints = [models.UniqueConstraint(fields=["pack", "kind"], name="one_candidate_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {len(self.chosen)} items"


class Departure(Fact):
    """A proposal that departs from the rank order, its typed reason, and what that costs or gains."""

    class Kind(models.TextChoices):
        FUNDED_BELOW = DepartureKind.FUNDED_BELOW.value, "funded below the line, past a higher rank"
        NOT_FUNDED_ABOVE = DepartureKind.NOT_FUNDED_ABOVE.value, "not funded, though above the line"

    pack = models.ForeignKey(RoundPack, models.PROTECT, related_name="departures")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    price = MoneyField(null=True)  # expected value gained, or lost when negative
    reason = models.TextField()

    class Meta:
        ordering = ["pack", "id"]

    def __str__(self) -> str:
        return f"{self.initiative}: {self.get_kind_display()}"


class RoundClosing(Fact):
    """The meeting is over: its minutes, as a file that nobody changes."""

    round = models.OneToOneField(FundingRound, models.PROTECT, related_name="closing")
    pack = models.ForeignKey(RoundPack, models.PROTECT, related_name="+")
    content = models.JSONField()
    note = models.TextField(blank=True)
    minutes = models.FileField(upload_to="minutes/%Y")
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.round}, closed"
