"""What the tab of risks and controls of one initiative shows, and what its reader may do there."""

from collections.abc import Callable
from typing import Any, TypeAlias

from django.urls import reverse

from accounts import policy
from accounts.models import User
from accounts.verdict import Verdict
from assurance import permissions, selectors
from assurance.standing import State
from portfolio.models import Initiative

Asks: TypeAlias = Callable[[User, Initiative], Verdict]


def risk_context(initiative: Initiative, user: User) -> dict[str, Any]:
    """Tier, controls, what stops it, incidents, and the acts beside; a constant number of queries."""
    picture = selectors.tier_picture(initiative)
    rows = selectors.controls_of(initiative, picture.profile) if initiative.risk_tier else []
    own = [row for row in rows if not row.is_inherited]
    block, veto = selectors.block_in_force(initiative), selectors.veto_in_force(initiative)
    waiting = [row for row in own if row.evidence is not None and row.check is None]
    acts: list[dict[str, str]] = []
    may_evidence = permissions.may_evidence(user, initiative)

    def offer(ask: Asks, label: str, name: str, *, when: bool = True) -> None:
        # Asked only where the act would make sense: each answer may read who has which part.
        if when and ask(user, initiative):
            acts.append({"label": label, "url": reverse(name, args=[initiative.pk])})

    is_officer = bool(policy.may(user, "control.check"))
    unplanned = any(not row.is_planned for row in own)
    offer(permissions.may_check, "Check evidence", "control-check", when=is_officer and bool(waiting))
    offer(permissions.may_plan, "Plan controls", "control-plan", when=bool(may_evidence) and unplanned)
    if own and may_evidence:
        url = reverse("control-evidence", args=[initiative.pk])
        acts.append({"label": "Show that controls hold", "url": url})
    offer(permissions.may_report, "Report an incident", "incident-report")
    offer(permissions.may_except, "Grant an exception", "control-except", when=is_officer and bool(own))
    offer(permissions.may_block, "Block it", "risk-block", when=is_officer and block is None)
    offer(permissions.may_unblock, "Lift the block", "risk-unblock", when=is_officer and block is not None)
    offer(permissions.may_veto, "Place the veto", "veto-place", when=veto is None)
    offer(permissions.may_lift_veto, "Lift the veto", "veto-lift", when=veto is not None)
    return {
        "picture": picture,
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
        "may_evidence": may_evidence,
    }
