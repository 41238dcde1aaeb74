"""Asking for a tranche and releasing it."""

from django.conf import settings

from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from assurance.selectors import why_stopped
from governance import authority, balances, commitments
from governance.messages import tell
from governance.models import ReleaseLine, Tranche, TrancheRelease, TrancheRequest
from governance.permissions import may_release, may_request_tranche
from ledger.services import record
from portfolio import lifecycle


def request_tranche(tranche: Tranche, *, evidence: str, actor: User) -> TrancheRequest:
    """The unit asks for a tranche with what earned it."""
    if not evidence.strip():
        raise Refused(
            "Say what earned it.", {"evidence": "Write what was reached, and where it can be seen."}
        )
    with record("tranche.requested", actor=actor, about=tranche.initiative, reason=evidence) as act:
        tranche.initiative = lifecycle.lock(tranche.initiative)
        may_request_tranche(actor, tranche).or_deny()
        if TrancheRelease.objects.filter(tranche=tranche).exists():
            raise InvalidMove("This tranche is released already.")
        request = act.add(TrancheRequest, tranche=tranche, evidence=evidence.strip(), by=actor)
        act.note(tranche=tranche.pk, amount=tranche.amount)
        initiative = tranche.initiative
        tell(
            authority.holders(Role.FINANCE, initiative.unit),
            subject=f"{initiative.reference} asks for tranche {tranche.number}",
            sentence=f"{actor}: {evidence.strip()}",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
        return request


def release_tranche(tranche: Tranche, *, reason: str = "", actor: User) -> TrancheRelease:
    """Release a tranche, in order, against the commitments of its decision, the earliest fiscal year first.

    Raises NotAllowed, InvalidMove on hold or out of order, EnvelopeExceeded when less is committed.
    """
    with record("tranche.released", actor=actor, about=tranche.initiative, reason=reason) as act:
        locked = balances.lock(commitments.envelopes_of(tranche.initiative))
        initiative = tranche.initiative = lifecycle.lock(tranche.initiative)
        may_release(actor, tranche).or_deny()
        if hold := lifecycle.holding(initiative):
            raise InvalidMove(
                f"{initiative.reference} is on hold until {hold.until:%-d %b %Y}: {hold.reason}"
            )
        if stopped := why_stopped(initiative):
            raise InvalidMove(stopped)
        if TrancheRelease.objects.filter(tranche=tranche).exists():
            raise InvalidMove("This tranche is released already.")
        earlier = Tranche.objects.filter(
            decision=tranche.decision_id, number__lt=tranche.number, release=None
        )
        if earlier.exists():
            raise InvalidMove("An earlier tranche is not released yet.")
        lines = commitments.allocate(initiative, tranche.decision, tranche.amount)
        release = act.add(TrancheRelease, tranche=tranche, by=actor, reason=reason.strip())
        for envelope, amount in lines:
            balances.release(locked[envelope], amount)
            act.add(ReleaseLine, release=release, envelope_id=envelope, amount=amount)
        act.note(tranche=tranche.pk, number=tranche.number, amount=tranche.amount)
        act.marks("return", [initiative.pk])
        tell(
            [initiative.owner, initiative.submitter],
            subject=f"Tranche {tranche.number} of {initiative.reference} is released",
            sentence=f"{actor} released {tranche.amount:,.2f} {settings.BASE_CURRENCY} "
            f"for “{initiative.title}”.",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
        return release
