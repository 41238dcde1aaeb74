"""Who decides, and the money that follows."""

from governance.models.authority import (
    AuthorityAdoption,
    AuthorityApproval,
    AuthorityDraft,
    AuthorityStep,
    AuthorityVersion,
    Seat,
)
from governance.models.bodies import Body, BodyConfirmation, BodyMember, BodyMemberConfirmation, BodyMemberEnd
from governance.models.conditions import ConditionReminder, ConditionReport, ConditionReview
from governance.models.gate_sets import GateSet, GateSetDraft, GateSetProposal, GateSetVerdict
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
from governance.models.reopenings import DecisionReopening
from governance.models.resolutions import BoardResolution, BoardResolutionConfirmation
from governance.models.reviews import AccessReview, AccessReviewAnswer, AccessReviewLine
from governance.models.rounds import (
    AgendaChange,
    AgendaItem,
    Departure,
    FundingCandidate,
    FundingRound,
    FundingRoundQuerySet,
    RoundClosing,
    RoundItem,
    RoundPack,
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
from governance.models.waivers import Waiver

__all__ = [
    "AccessReview",
    "AccessReviewAnswer",
    "AccessReviewLine",
    "AgendaChange",
    "AgendaItem",
    "AuthorityAdoption",
    "AuthorityApproval",
    "AuthorityDraft",
    "AuthorityStep",
    "AuthorityVersion",
    "BoardResolution",
    "BoardResolutionConfirmation",
    "Body",
    "BodyConfirmation",
    "BodyMember",
    "BodyMemberConfirmation",
    "BodyMemberEnd",
    "Commitment",
    "Condition",
    "ConditionReminder",
    "ConditionReport",
    "ConditionReview",
    "Decision",
    "DecisionReopening",
    "Departure",
    "Envelope",
    "EnvelopeBalance",
    "EnvelopeChange",
    "EnvelopeConfirmation",
    "EnvelopeQuerySet",
    "Evidence",
    "FamilySeparation",
    "FundingCandidate",
    "FundingRound",
    "FundingRoundQuerySet",
    "Gate",
    "GateItem",
    "GatePassage",
    "GateSet",
    "GateSetDraft",
    "GateSetProposal",
    "GateSetVerdict",
    "ReleaseLine",
    "RoundClosing",
    "RoundItem",
    "RoundPack",
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
    "Waiver",
]
