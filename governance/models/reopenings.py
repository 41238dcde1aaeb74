"""A decision that no longer fits what it was taken on is reopened, as a new review at the same gate."""

from django.db import models

from governance.models.gates import Gate
from governance.models.signing import Decision
from ledger.facts import Fact
from portfolio.models import BusinessCase, Initiative


class DecisionReopening(Fact):
    """What was decided changed so much that it is decided anew; a new 'go' at the same gate settles it."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="reopenings")
    decision = models.OneToOneField(Decision, models.PROTECT, related_name="reopening")
    gate = models.CharField(max_length=2, choices=Gate.choices)
    case = models.ForeignKey(BusinessCase, models.PROTECT, related_name="+")
    changes = models.JSONField()  # list of {key, label, before, after, words}
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.decision}, reopened"
