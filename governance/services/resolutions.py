"""A resolution of the board as evidence: recorded by the office, confirmed by a second person."""

from typing import Any

from accounts.errors import Changed, InvalidMove, Refused
from accounts.models import Role, User
from governance import authority, balances, pack
from governance.messages import tell
from governance.models import (
    BoardResolution,
    BoardResolutionConfirmation,
    SigningRound,
)
from governance.permissions import may_confirm_resolution, may_record_resolution
from governance.services.common import require_running
from governance.services.proposing import Resolution, open_signing
from governance.services.signing import decide, envelopes_for
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Attachment, Initiative

# Who can say that the document is what it is said to be.
CONFIRMS = (Role.RISK_OFFICER, Role.CEO, Role.CFO)


def record_resolution(
    initiative: Initiative,
    *,
    reference: str,
    text: str,
    attachment: Attachment,
    actor: User,
    **proposal: Any,
) -> SigningRound:
    """Freeze a decision with the resolution that makes it; it counts once a second person confirms it.

    `proposal` is what `open_signing` takes. Raises what that raises, and Refused while anybody may decide.
    """
    may_record_resolution(actor, initiative).or_deny()
    errors = {}
    if not reference.strip():
        errors["reference"] = "Write its number or date."
    if not text.strip():
        errors["text"] = "Write what the board resolved, in its words."
    if attachment.initiative_id != initiative.pk:
        errors["attachment"] = "Choose a file that is kept with this initiative."
    if errors:
        raise Refused("This resolution can't be recorded so.", errors)
    resolution = Resolution(reference.strip(), text.strip(), attachment)
    signing = open_signing(initiative, **proposal, resolution=resolution, actor=actor)
    people = {user for role in CONFIRMS for user in authority.holders(role, initiative.unit)}
    tell(
        people - {actor},
        subject=f"{initiative.reference}: a resolution of the board waits for a second person",
        sentence=f"{actor} recorded {resolution.reference} on “{initiative.title}”.",
        path=signing.get_absolute_url(),
    )
    return signing


def confirm_resolution(
    resolution: BoardResolution, *, seen_hash: str, actor: User
) -> BoardResolutionConfirmation:
    """Say that the document resolves what was recorded: the round counts as decided by the board.

    Raises NotAllowed, Changed, InvalidMove or EnvelopeExceeded.
    """
    signing = resolution.signing
    with record(
        "resolution.confirmed", actor=actor, about=signing.initiative, reason=resolution.reference
    ) as act:
        locked = balances.lock(envelopes_for(signing))
        initiative = lifecycle.lock(signing.initiative)
        signing = SigningRound.objects.select_related("case", "step").get(pk=signing.pk)
        signing.initiative = initiative
        may_confirm_resolution(actor, resolution).or_deny()
        require_running(signing)
        if BoardResolutionConfirmation.objects.filter(resolution=resolution).exists():
            raise InvalidMove("This resolution is confirmed already.")
        changes = pack.changes_since(signing, initiative)
        if changes or seen_hash != signing.content_hash:
            raise Changed("What was resolved on changed after it was recorded.", changes=changes)
        act.note(signing=signing.pk, resolution=resolution.reference)
        confirmation = act.add(BoardResolutionConfirmation, resolution=resolution, confirmed_by=actor)
        decide(signing, locked, act=act, actor=actor)
        return confirmation
