"""The acts of risk, controls and incidents."""

from assurance.services.controls import (
    check_controls,
    except_control,
    plan_controls,
    supply_control_evidence,
)
from assurance.services.incidents import (
    book_cost,
    chase,
    close_incident,
    contain,
    grade,
    report,
    tell_authority,
)
from assurance.services.stops import block, lift_veto, unblock, veto
from assurance.services.tiers import answer, set_tier, suggested

__all__ = [
    "answer",
    "block",
    "book_cost",
    "chase",
    "check_controls",
    "close_incident",
    "contain",
    "except_control",
    "grade",
    "lift_veto",
    "plan_controls",
    "report",
    "set_tier",
    "suggested",
    "supply_control_evidence",
    "tell_authority",
    "unblock",
    "veto",
]
