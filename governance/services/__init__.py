"""Deciding and releasing: signing rounds, decisions and their money, tranches, envelopes, stopping."""

from governance.gates import accept_operation, call_in, retire, set_outcome, supply_evidence
from governance.services.envelopes import confirm_envelope_change, propose_envelope_change
from governance.services.proposing import (
    CONDITION_ROWS,
    DECISION_DAYS,
    GATE_OF_STAGE,
    VERBS_AT,
    open_signing,
    suggestion,
    withdraw_signing,
)
from governance.services.signing import sign
from governance.services.stopping import outcome_of_stopping, stop, withdraw
from governance.services.tranches import release_tranche, request_tranche

__all__ = [
    "CONDITION_ROWS",
    "DECISION_DAYS",
    "GATE_OF_STAGE",
    "VERBS_AT",
    "accept_operation",
    "call_in",
    "confirm_envelope_change",
    "open_signing",
    "outcome_of_stopping",
    "propose_envelope_change",
    "release_tranche",
    "request_tranche",
    "retire",
    "set_outcome",
    "sign",
    "stop",
    "suggestion",
    "supply_evidence",
    "withdraw",
    "withdraw_signing",
]
