"""The answers behind a risk tier, and what a risk officer set beside it."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from ledger.facts import Fact
from portfolio.models import Initiative, RiskTier


class TierAnswers(Fact):
    """A filled questionnaire and the tier that it proposed then; the newest one counts."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="tier_answers")
    version = models.PositiveIntegerField()
    answers = models.JSONField()  # key of a question -> yes, no or unknown
    proposal = models.JSONField()  # tiering.Proposal as data
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"answers about {self.initiative}"


class RiskProfile(Fact):
    """What a risk officer set with the tier: areas, high impact, own tier, and what it works with."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="risk_profiles")
    answers = models.ForeignKey(TierAnswers, models.PROTECT, null=True, related_name="profiles")
    tier = models.CharField(max_length=12, choices=RiskTier.choices)
    areas = models.JSONField(default=list)  # numbers of the areas of Annex III
    is_high_impact = models.BooleanField()
    high_impact_reason = models.TextField(blank=True)
    internal_tier = models.PositiveSmallIntegerField()
    uses_third_party = models.BooleanField()
    uses_personal_data = models.BooleanField()
    pilot_touches_people = models.BooleanField()
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(internal_tier__lte=3),
                name="an_own_tier_is_0_to_3",
                violation_error_message="Choose an own tier from 0 to 3.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_tier_display()}, own tier {self.internal_tier}"
