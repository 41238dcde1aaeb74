"""Letting one item of a gate go for one initiative: which items, by whom, and until when."""

from datetime import date, timedelta

from django.urls import reverse

from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from governance.messages import tell
from governance.models import Gate, GateItem, Waiver
from governance.permissions import may_waive, waiving_role
from ledger import clock
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Initiative

# A waiver is for a while: whoever needs it longer asks again.
MOST_DAYS = 365


def in_force(initiative: Initiative, gate: str) -> dict[str, Waiver]:
    """The waivers that count today at a gate, by item; the newest one of an item is the one that counts."""
    rows = Waiver.objects.filter(initiative=initiative, gate=gate).select_related("by").order_by("id")
    newest = {row.item_key: row for row in rows}
    return {key: row for key, row in newest.items() if row.until >= clock.today()}


def waive(initiative: Initiative, item: GateItem, *, reason: str, until: date, actor: User) -> Waiver:
    """Let an item go until a day; the newest waiver of an item counts, so a shorter one takes it back.

    Raises NotAllowed, InvalidMove for a closed initiative, Refused without a reason or for another day.
    """
    errors = {}
    if not reason.strip():
        errors["reason"] = "Write why."
    today = clock.today()
    if not today <= until <= today + timedelta(days=MOST_DAYS):
        errors["until"] = f"Choose a day from today on, at most {MOST_DAYS} days away."
    if errors:
        raise Refused("It can't be waived so.", errors)
    with record("item.waived", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_waive(actor, initiative, item).or_deny()
        lifecycle.require_open(initiative)
        role = waiving_role(actor, initiative, item)
        if role is None:
            raise InvalidMove("Your role ended just now.")
        act.note(gate=item.gate, item=item.key, text=item.text, until=until, gate_version=item.version)
        waiver = act.add(
            Waiver,
            initiative=initiative,
            gate=item.gate,
            item_key=item.key,
            text=item.text,
            gate_version=item.version,
            reason=reason.strip(),
            until=until,
            by=actor,
            role=role,
        )
        tell(
            [initiative.owner, initiative.submitter],
            subject=f"{initiative.reference}: an item of {item.gate} is waived",
            sentence=f"{actor} waived “{item.text}” until {until:%-d %b %Y}: {reason.strip()}",
            path=reverse("initiative-gates", args=[initiative.pk]),
        )
        return waiver


def item_of(initiative: Initiative, gate: str, key: str, version: int) -> GateItem:
    """The item as the gate asks this initiative for it. Raises Refused when it does not."""
    item = GateItem.objects.filter(version=version, gate=gate, key=key).first()
    if item is None:
        raise Refused("No gate asks for this.", {"item": f"Choose an item that {Gate(gate).label} asks for."})
    return item


def role_in_words(role: str) -> str:
    """'the risk officer', 'the CFO'."""
    return "the CFO" if role == Role.CFO else f"the {Role(role).label.lower()}"
