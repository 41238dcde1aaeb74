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
from governance.models.resolutions import BoardResolution, BoardResolutionConfirmation
from governance.models.reviews import AccessReview, AccessReviewAnswer, AccessReviewLine
from governance.models.signing import (
    Condition,
    Decision,
    Signature,
    SigningRound,
    SigningRoundEnd,
    SigningRoundQuerySet,
    StopRule,
)

__all__ = [
    "AccessReview",
    "AccessReviewAnswer",
    "AccessReviewLine",
    "AuthorityStep",
    "BoardResolution",
    "BoardResolutionConfirmation",
    "Commitment",
    "Condition",
    "Decision",
    "Envelope",
    "EnvelopeBalance",
    "EnvelopeChange",
    "EnvelopeConfirmation",
    "EnvelopeQuerySet",
    "Evidence",
    "Gate",
    "GateItem",
    "GatePassage",
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
]
