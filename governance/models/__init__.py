"""Who decides, and the money that follows."""

from governance.models.authority import (
    AuthorityAdoption,
    AuthorityApproval,
    AuthorityDraft,
    AuthorityStep,
    AuthorityVersion,
    Seat,
)
from governance.models.bodies import (
    Body,
    BodyConfirmation,
    BodyMember,
    BodyMemberConfirmation,
    BodyMemberEnd,
)
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
from governance.models.waiting import FamilySeparation, SigningNotice

__all__ = [
    "AuthorityAdoption",
    "AuthorityApproval",
    "AuthorityDraft",
    "AuthorityStep",
    "AuthorityVersion",
    "Body",
    "BodyConfirmation",
    "BodyMember",
    "BodyMemberConfirmation",
    "BodyMemberEnd",
    "Commitment",
    "Condition",
    "Decision",
    "Envelope",
    "EnvelopeBalance",
    "EnvelopeChange",
    "EnvelopeConfirmation",
    "EnvelopeQuerySet",
    "Evidence",
    "FamilySeparation",
    "Gate",
    "GateItem",
    "GatePassage",
    "ReleaseLine",
    "Seat",
    "Signature",
    "SigningNotice",
    "SigningRound",
    "SigningRoundEnd",
    "SigningRoundQuerySet",
    "StopRule",
    "Tranche",
    "TrancheRelease",
    "TrancheRequest",
    "Verb",
]
