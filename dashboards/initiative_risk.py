"""What the tab of risks and controls of one initiative shows, and what its reader may do there."""

from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.verdict import Verdict
from assurance import permissions, selectors
from assurance.standing import State
from portfolio.models import Initiative


def risk_context(initiative: Initiative, user: User) -> dict[str, Any]:
    """Tier, controls, what stops it, incidents, and the acts beside; a constant number of queries."""
    rows = selectors.controls_of(initiative) if initiative.risk_tier else []
    own = [row for row in rows if not row.is_inherited]
    block, veto = selectors.block_in_force(initiative), selectors.veto_in_force(initiative)
    waiting = [row for row in own if row.evidence is not None and row.check is None]
    acts: list[dict[str, str]] = []

    def offer(verdict: Verdict, label: str, name: str, *, when: bool = True) -> None:
        if when and verdict:
            acts.append({"label": label, "url": reverse(name, args=[initiative.pk])})

    unplanned = any(not row.is_planned for row in own)
    offer(permissions.may_check(user, initiative), "Check evidence", "control-check", when=bool(waiting))
    offer(permissions.may_plan(user, initiative), "Plan controls", "control-plan", when=unplanned)
    offer(
        permissions.may_evidence(user, initiative),
        "Show that controls hold",
        "control-evidence",
        when=bool(own),
    )
    offer(permissions.may_report(user, initiative), "Report an incident", "incident-report")
    offer(permissions.may_except(user, initiative), "Grant an exception", "control-except", when=bool(own))
    if block is None:
        offer(permissions.may_block(user, initiative), "Block it", "risk-block")
    else:
        offer(permissions.may_unblock(user, initiative), "Lift the block", "risk-unblock")
    if veto is None:
        offer(permissions.may_veto(user, initiative), "Place the veto", "veto-place")
    else:
        offer(permissions.may_lift_veto(user, initiative), "Lift the veto", "veto-lift")
    return {
        "picture": selectors.tier_picture(initiative),
        "controls": own,
        "open_controls": [row for row in own if not row.holds or row.state == State.EXCEPTION],
        "held_controls": [row for row in own if row.holds and row.state != State.EXCEPTION],
        "held_for_all": [row for row in rows if row.is_inherited],
        "counts": {
            "all": len(own),
            "holds": sum(row.holds for row in own),
            "expired": sum(row.state == State.EXPIRED for row in own),
            "waiting": len(waiting),
        },
        "risk_block": block,
        "veto": veto,
        "incidents": selectors.incidents_of(initiative),
        "risk_acts": acts,
        "may_evidence": permissions.may_evidence(user, initiative),
    }
