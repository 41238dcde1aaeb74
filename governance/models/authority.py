"""Delegated authority: steps, and the seats whose holders sign."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Role
from ledger.facts import Fact
from portfolio.fields import MoneyField


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
