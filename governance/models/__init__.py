"""Who decides, and the money that follows."""

from governance.models.authority import AuthorityStep, Seat
from governance.models.gates import Evidence, Gate, GateItem, GatePassage, Verb
from governance.models.money import (
    Commitment,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    EnvelopeConfirmation,
    EnvelopeQuerySet,
    ReleaseLine,
    Tranche,
    TrancheRelease,
    TrancheRequest,
)
from governance.models.signing import (
    Condition,
    Decision,
    Signature,
    SigningRound,
    SigningRoundEnd,
    SigningRoundQuerySet,
    StopRule,
)
from governance.models.watch import (
    Announced,
    ClockExtension,
    ClockExtensionRequest,
    FirstUser,
    Recommendation,
    RecommendationAnswer,
    WatchRun,
)

__all__ = [
    "Announced",
    "AuthorityStep",
    "ClockExtension",
    "ClockExtensionRequest",
    "Commitment",
    "Condition",
    "Decision",
    "Envelope",
    "EnvelopeBalance",
    "EnvelopeChange",
    "EnvelopeConfirmation",
    "EnvelopeQuerySet",
    "Evidence",
    "FirstUser",
    "Gate",
    "GateItem",
    "GatePassage",
    "Recommendation",
    "RecommendationAnswer",
    "ReleaseLine",
    "Seat",
    "Signature",
    "SigningRound",
    "SigningRoundEnd",
    "SigningRoundQuerySet",
    "StopRule",
    "Tranche",
    "TrancheRelease",
    "TrancheRequest",
    "Verb",
    "WatchRun",
]
