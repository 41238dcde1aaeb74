"""Proposing and confirming what is appropriated."""

from decimal import Decimal

from django.conf import settings
from django.urls import reverse

from accounts.errors import InvalidMove, Refused
from accounts.models import Role, Unit, User
from governance import authority, balances, commitments
from governance.messages import tell
from governance.models import Envelope, EnvelopeBalance, EnvelopeChange, EnvelopeConfirmation
from governance.permissions import may_confirm_envelope, may_propose_envelope
from ledger.services import record
from portfolio import money


def propose_envelope_change(
    unit: Unit, fiscal_year: int, *, kind: str, amount: Decimal, reason: str, actor: User
) -> EnvelopeChange:
    """Finance proposes what is appropriated; it counts once a second person confirms it."""
    errors = {}
    if kind not in EnvelopeChange.Kind.values:
        errors["kind"] = "Choose appropriation, supplement or reduction."
    if amount <= 0 or not money.is_on_minor_unit(amount, settings.BASE_CURRENCY):
        errors["amount"] = f"Write an amount above 0 in {settings.BASE_CURRENCY}."
    if not 2000 <= fiscal_year <= 2100:
        errors["fiscal_year"] = "Choose a fiscal year such as 2026."
    if not reason.strip():
        errors["reason"] = "Write why."
    if errors:
        raise Refused("This change can't be proposed so.", errors)
    with record("envelope.proposed", actor=actor, reason=reason) as act:
        may_propose_envelope(actor, unit).or_deny()
        envelope, _ = Envelope.objects.get_or_create(
            unit=unit, fiscal_year=fiscal_year, defaults={"currency": settings.BASE_CURRENCY}
        )
        EnvelopeBalance.objects.get_or_create(envelope=envelope)
        act.about(envelope)
        act.note(kind=kind, amount=amount)
        change = act.add(
            EnvelopeChange,
            envelope=envelope,
            kind=kind,
            amount=amount,
            reason=reason.strip(),
            proposed_by=actor,
        )
        tell(
            [user for user in authority.holders(Role.CFO, unit) if user != actor],
            subject=f"{envelope}: a change waits for your confirmation",
            sentence=f"{actor} proposes: {change.get_kind_display().lower()} of {amount:,.2f} "
            f"{envelope.currency}.",
            path=reverse("envelope-list"),
        )
        return change


def confirm_envelope_change(change: EnvelopeChange, *, actor: User) -> EnvelopeConfirmation:
    """The second person's yes: the change counts, and forward commitments move in until it is full.

    Raises NotAllowed, or InvalidMove when it was confirmed already or would fall below what is committed.
    """
    with record("envelope.confirmed", actor=actor, about=change.envelope) as act:
        balance = balances.lock([change.envelope])[change.envelope_id]
        may_confirm_envelope(actor, change).or_deny()
        if EnvelopeConfirmation.objects.filter(change=change).exists():
            raise InvalidMove("This change is confirmed already.")
        confirmation = act.add(EnvelopeConfirmation, change=change, by=actor)
        is_reduction = change.kind == EnvelopeChange.Kind.REDUCTION
        balances.appropriate(balance, -change.amount if is_reduction else change.amount)
        taken = commitments.take_up(change.envelope, balance, act=act)
        act.note(kind=change.kind, amount=change.amount, taken_up=taken)
        return confirmation
