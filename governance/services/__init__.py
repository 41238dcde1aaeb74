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
from governance.services.bodies import confirm_body, confirm_member, end_member, propose_body, propose_member
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
from governance.services.rounds import (
    Ballot,
    Signed,
    add_item,
    close_round,
    freeze_round,
    move_item,
    needs_reason,
    open_round,
    propose_by_rank,
    propose_item,
    remove_item,
    sign_items,
    verbs_of,
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
    "Ballot",
    "Signed",
    "accept_operation",
    "add_item",
    "approve_authority",
    "call_in",
    "change_case",
    "chase_conditions",
    "close_round",
    "confirm_body",
    "confirm_envelope_change",
    "confirm_member",
    "discard_authority_draft",
    "end_member",
    "freeze_round",
    "gate_of",
    "move_item",
    "needs_reason",
    "open_round",
    "open_signing",
    "outcome_of_stopping",
    "propose_authority",
    "propose_body",
    "propose_by_rank",
    "propose_envelope_change",
    "propose_item",
    "propose_member",
    "release_tranche",
    "remind_signings",
    "remove_item",
    "report_condition",
    "request_tranche",
    "retire",
    "review_condition",
    "save_authority_draft",
    "separate_family",
    "set_outcome",
    "sign",
    "sign_items",
    "start_authority_draft",
    "stop",
    "suggestion",
    "supply_evidence",
    "verbs_at",
    "verbs_of",
    "withdraw",
    "withdraw_signing",
]
