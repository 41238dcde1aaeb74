"""Drafting, proposing and putting in force what the gates ask."""

from django.db import transaction
from django.urls import reverse

from accounts.errors import Changed, Incomplete, InvalidMove, Refused
from accounts.models import Role, RoleGrant, User
from governance import gate_workshop, gates
from governance.gate_workshop import Content
from governance.messages import tell
from governance.models import GateItem, GateSet, GateSetDraft, GateSetProposal, GateSetVerdict
from governance.permissions import may_draft_gates, may_put_in_force
from governance.services.common import require_reason
from ledger import clock
from ledger.services import record

DECIDERS = (Role.CFO, Role.RISK_OFFICER)


def open_gate_draft() -> GateSetDraft | None:
    """The draft of the next version, if there is one."""
    return GateSetDraft.objects.select_related("updated_by").first()


def waiting_proposal() -> GateSetProposal | None:
    """The proposal that nobody has put in force or refused yet."""
    return GateSetProposal.objects.filter(verdict=None).select_related("by", "transaction").first()


@transaction.atomic
def start_gate_draft(*, actor: User) -> GateSetDraft:
    """Start the next version from the one in force. Raises NotAllowed, or InvalidMove when one is open."""
    may_draft_gates(actor).or_deny()
    if GateSetDraft.objects.exists():
        raise InvalidMove("A draft of the next version is open already.")
    version = gates.version_in_force()
    return GateSetDraft.objects.create(
        content=gate_workshop.content_of(version),
        based_on=version,
        writers=[actor.person.pk],
        updated_by=actor,
    )


def _writable(version: int) -> GateSetDraft:
    draft = GateSetDraft.objects.select_for_update(of=("self",)).select_related("updated_by").first()
    if draft is None:
        raise InvalidMove("No draft is open. A version in force never changes: start the next one.")
    if waiting_proposal() is not None:
        raise InvalidMove("The draft is proposed and frozen. If it is refused, it goes on.")
    if draft.version != version:
        raise Changed(f"{draft.updated_by} saved the draft after you opened it.", version=draft.version)
    return draft


@transaction.atomic
def save_gate_draft(*, content: Content, version: int, actor: User) -> GateSetDraft:
    """Save the draft that was opened at `version`, whole or not.

    Raises NotAllowed, InvalidMove or Changed.
    """
    may_draft_gates(actor).or_deny()
    draft = _writable(version)
    if content == draft.content:
        return draft
    draft.content, draft.version = content, draft.version + 1
    draft.updated_by, draft.updated_at = actor, clock.now()
    draft.writers = sorted({*draft.writers, actor.person.pk})
    draft.save(update_fields=["content", "version", "updated_by", "updated_at", "writers"])
    return draft


@transaction.atomic
def discard_gate_draft(*, version: int, actor: User) -> None:
    """Throw the draft away. Raises NotAllowed, InvalidMove, or Changed when it was saved meanwhile."""
    may_draft_gates(actor).or_deny()
    _writable(version).delete()


def propose_gates(*, version: int, reason: str, actor: User) -> GateSetProposal:
    """Freeze the draft and put it before CFO and risk officer.

    Raises NotAllowed, Refused without a reason, Incomplete with what is wrong by row, InvalidMove when
    nothing changed or another version came in force, Changed when it was saved meanwhile.
    """
    reason = require_reason(reason)
    with record("gates.proposed", actor=actor, reason=reason) as act:
        may_draft_gates(actor).or_deny()
        draft = _writable(version)
        base = gate_workshop.content_of(draft.based_on)
        if draft.based_on != gates.version_in_force():
            raise InvalidMove("Another version came in force: throw this draft away and start from that one.")
        if wrong := gate_workshop.check(draft.content, base):
            raise Incomplete(f"The draft can't be proposed yet: {len(wrong)} things are to settle.", wrong)
        if not gate_workshop.changes(base, draft.content):
            raise InvalidMove(f"The draft says the same as version {draft.based_on}: nothing to propose.")
        proposal = act.add(
            GateSetProposal,
            content=draft.content,
            content_hash=gate_workshop.hash_of(draft.content),
            based_on=draft.based_on,
            reason=reason,
            writers=draft.writers,
            by=actor,
        )
        act.about(proposal)
        act.note(based_on=draft.based_on, content_hash=proposal.content_hash)
        tell(
            _deciders(),
            subject="A new version of the gates waits for you",
            sentence=f"{actor} proposes it: {reason}",
            path=reverse("gate-proposal", args=[proposal.pk]),
        )
        return proposal


def _deciders() -> list[User]:
    grants = RoleGrant.objects.active().confirmed().filter(role__in=DECIDERS, unit__parent=None)
    return [grant.user for grant in grants.select_related("user")]


def decide_gates(
    proposal: GateSetProposal, *, put_in_force: bool, seen_hash: str, reason: str, actor: User
) -> GateSetVerdict:
    """Put a proposed version in force, or refuse it; it asks from the next gate of each initiative on.

    Raises NotAllowed for who wrote it, Refused without a reason, Changed for another hash than was seen,
    InvalidMove when it was answered already or another version came in force.
    """
    reason = require_reason(reason)
    name = "gates.put_in_force" if put_in_force else "gates.refused"
    with record(name, actor=actor, about=proposal, reason=reason) as act:
        # The draft's row is locked, so that a proposal is answered once.
        GateSetDraft.objects.select_for_update(of=("self",)).first()
        may_put_in_force(actor, proposal).or_deny()
        if GateSetVerdict.objects.filter(proposal=proposal).exists():
            raise InvalidMove("This proposal was answered already.")
        if seen_hash != proposal.content_hash or gate_workshop.hash_of(proposal.content) != seen_hash:
            raise Changed("This is not what you saw: open the proposal again.")
        version = gates.version_in_force()
        if put_in_force and version != proposal.based_on:
            raise InvalidMove("Another version came in force meanwhile: this one has to be proposed anew.")
        verdict = act.add(
            GateSetVerdict,
            proposal=proposal,
            is_in_force=put_in_force,
            seen_hash=seen_hash,
            reason=reason,
            by=actor,
            role=_role_of(actor),
        )
        act.note(content_hash=seen_hash)
        if put_in_force:
            counted: dict[str, int] = {}
            rows = []
            for row in proposal.content["items"]:
                counted[row["gate"]] = counted.get(row["gate"], 0) + 1
                rows.append(GateItem(version=version + 1, position=counted[row["gate"]], **row))
            act.add_many(GateItem, rows)
            act.add(GateSet, version=version + 1, material=proposal.content["material"], verdict=verdict)
            act.note(version=version + 1)
            GateSetDraft.objects.all().delete()
        tell(
            User.objects.filter(pk__in=proposal.writers),
            subject=f"The proposed gates are {'in force' if put_in_force else 'refused'}",
            sentence=f"{actor}: {reason}",
            path=reverse("gates"),
        )
        return verdict


def _role_of(actor: User) -> str:
    held = set(
        RoleGrant.objects.active()
        .confirmed()
        .filter(user=actor, role__in=DECIDERS)
        .values_list("role", flat=True)
    )
    role = next((role for role in DECIDERS if role in held), None)
    if role is None:
        raise Refused("Your role ended just now.")
    return role
