"""What could go wrong, what is done about it, what went wrong: facts of risk, controls and incidents."""

from assurance.models.controls import (
    Control,
    ControlCheck,
    ControlEvidence,
    ControlException,
    ControlLibrary,
    ControlPlan,
)
from assurance.models.incidents import (
    DAYS,
    Duty,
    Incident,
    IncidentCost,
    IncidentFailedControl,
    IncidentQuerySet,
    IncidentReminder,
    IncidentStep,
    Severity,
)
from assurance.models.stops import Holder, ReliabilityVeto, RiskBlock, RiskBlockLift, VetoLift
from assurance.models.tiers import RiskProfile, TierAnswers

__all__ = [
    "DAYS",
    "Control",
    "ControlCheck",
    "ControlEvidence",
    "ControlException",
    "ControlLibrary",
    "ControlPlan",
    "Duty",
    "Holder",
    "Incident",
    "IncidentCost",
    "IncidentFailedControl",
    "IncidentQuerySet",
    "IncidentReminder",
    "IncidentStep",
    "ReliabilityVeto",
    "RiskBlock",
    "RiskBlockLift",
    "RiskProfile",
    "Severity",
    "TierAnswers",
    "VetoLift",
]
