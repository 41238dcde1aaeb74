"""Deciding and releasing: signing rounds, decisions and their money, tranches, envelopes, stopping."""

from governance.gates import accept_operation, call_in, retire, set_outcome, supply_evidence
from governance.services.changing import change_case
from governance.services.conditions import chase_conditions, report_condition, review_condition
from governance.services.envelopes import confirm_envelope_change, propose_envelope_change
from governance.services.proposing import (
    CONDITION_ROWS,
    DECISION_DAYS,
    GATE_OF_STAGE,
    VERBS_AT,
    gate_of,
    open_signing,
    suggestion,
    verbs_at,
    withdraw_signing,
)
from governance.services.signing import sign
from governance.services.stopping import PILOT_DAYS, outcome_of_stopping, stop, withdraw
from governance.services.tranches import release_tranche, request_tranche

__all__ = [
    "CONDITION_ROWS",
    "DECISION_DAYS",
    "GATE_OF_STAGE",
    "PILOT_DAYS",
    "VERBS_AT",
    "accept_operation",
    "call_in",
    "change_case",
    "chase_conditions",
    "confirm_envelope_change",
    "gate_of",
    "open_signing",
    "outcome_of_stopping",
    "propose_envelope_change",
    "release_tranche",
    "report_condition",
    "request_tranche",
    "retire",
    "review_condition",
    "set_outcome",
    "sign",
    "stop",
    "suggestion",
    "supply_evidence",
    "verbs_at",
    "withdraw",
    "withdraw_signing",
]
