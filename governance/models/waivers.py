"""An item of a gate that one initiative need not hold for a while."""

from django.db import models

from accounts.models import Role, User
from governance.models.gates import Gate
from ledger.facts import Fact
from portfolio.models import Initiative


class Waiver(Fact):
    """Whoever decides at the gate lets one item go for one initiative; the newest one of an item counts."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="waivers")
    gate = models.CharField(max_length=2, choices=Gate.choices)
    item_key = models.CharField(max_length=60)
    text = models.CharField(max_length=300)  # the item as it read
    gate_version = models.PositiveIntegerField()
    reason = models.TextField()
    until = models.DateField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=32, choices=Role.choices)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="a_waiver_has_a_reason",
                violation_error_message="Write why.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.gate} {self.text}, waived until {self.until:%-d %b %Y}"
