"""Deciding and releasing: signing rounds, decisions and their money, tranches, envelopes, stopping."""

from governance.gates import accept_operation, call_in, retire, set_outcome, supply_evidence
from governance.services.authority import (
    approve_authority,
    discard_authority_draft,
    propose_authority,
    save_authority_draft,
    separate_family,
    start_authority_draft,
)
from governance.services.bodies import (
    confirm_body,
    confirm_member,
    end_member,
    propose_body,
    propose_member,
)
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
from governance.services.stopping import PILOT_DAYS, outcome_of_stopping, stop, withdraw
from governance.services.tranches import release_tranche, request_tranche
from governance.services.waiting import remind_signings

__all__ = [
    "CONDITION_ROWS",
    "DECISION_DAYS",
    "GATE_OF_STAGE",
    "PILOT_DAYS",
    "VERBS_AT",
    "accept_operation",
    "approve_authority",
    "call_in",
    "confirm_body",
    "confirm_envelope_change",
    "confirm_member",
    "discard_authority_draft",
    "end_member",
    "open_signing",
    "outcome_of_stopping",
    "propose_authority",
    "propose_body",
    "propose_envelope_change",
    "propose_member",
    "release_tranche",
    "remind_signings",
    "request_tranche",
    "retire",
    "save_authority_draft",
    "separate_family",
    "set_outcome",
    "sign",
    "start_authority_draft",
    "stop",
    "suggestion",
    "supply_evidence",
    "withdraw",
    "withdraw_signing",
]
