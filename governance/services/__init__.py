"""Deciding and releasing: signing rounds, decisions and their money, tranches, envelopes, stopping."""

from governance.gates import accept_operation, call_in, retire, set_outcome, supply_evidence
from governance.services.envelopes import (
    confirm_envelope_change,
    is_closed_year,
    propose_envelope_change,
    refuse_envelope_change,
)
from governance.services.proposing import (
    CONDITION_ROWS,
    DECISION_DAYS,
    GATE_OF_STAGE,
    VERBS_AT,
    open_signing,
    suggestion,
    withdraw_signing,
)
from governance.services.sharing import agree_co_funding, propose_co_funding
from governance.services.signing import sign
from governance.services.stopping import PILOT_DAYS, outcome_of_stopping, stop, withdraw
from governance.services.tranches import (
    confirm_claw_back,
    hold_tranche,
    lift_tranche,
    plan_tranches,
    propose_claw_back,
    release_tranche,
    request_tranche,
    why_not_release,
)
from governance.services.years import close_year, obstacles, propose_closing

__all__ = [
    "CONDITION_ROWS",
    "DECISION_DAYS",
    "GATE_OF_STAGE",
    "PILOT_DAYS",
    "VERBS_AT",
    "accept_operation",
    "agree_co_funding",
    "call_in",
    "close_year",
    "confirm_claw_back",
    "confirm_envelope_change",
    "hold_tranche",
    "is_closed_year",
    "lift_tranche",
    "obstacles",
    "open_signing",
    "outcome_of_stopping",
    "plan_tranches",
    "propose_claw_back",
    "propose_closing",
    "propose_co_funding",
    "propose_envelope_change",
    "refuse_envelope_change",
    "release_tranche",
    "request_tranche",
    "retire",
    "set_outcome",
    "sign",
    "stop",
    "suggestion",
    "supply_evidence",
    "why_not_release",
    "withdraw",
    "withdraw_signing",
]
