"""What all lives of the demo share: the clock, the cast, the other lives, and what finance has to look at."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from dashboards.demo.company import Cast
from dashboards.demo.history import Teller
from portfolio.models import BenefitClaim
from scoring.models import Criterion, ScoringModel
from scoring.services import judged

if TYPE_CHECKING:
    from dashboards.demo.road import Road


@dataclass
class World:
    """The company while its history is told."""

    teller: Teller
    cast: Cast
    present: datetime
    roads: "dict[str, Road]" = field(default_factory=dict)
    claims: list[BenefitClaim] = field(default_factory=list)
    has_overdue_condition: bool = False

    @property
    def now(self) -> datetime:
        """The moment that the history has come to."""
        return self.teller.now

    def ago(self, days: float) -> datetime:
        """So many days before the present."""
        return self.present - timedelta(days=days)

    def place_of(self, claim: BenefitClaim) -> str:
        """The unit, by its two letters, that a claim comes from."""
        return self.places[claim.initiative.unit_id]

    @cached_property
    def places(self) -> dict[int, str]:
        """The two letters of each unit by its number."""
        return {unit.pk: code for code, unit in self.cast.units.items()}

    @cached_property
    def criteria(self) -> list[Criterion]:
        """What assessors rate."""
        return judged(ScoringModel.objects.in_force())
