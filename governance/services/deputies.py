"""Naming a deputy, confirming and ending it."""

from datetime import date, timedelta
from decimal import Decimal

from accounts.errors import InvalidMove, Refused
from accounts.models import Deputy, DeputyConfirmation, DeputyRevocation, Role, RoleGrant, User
from governance.deputies import (
    LONGEST_DAYS,
    limit_of,
    may_confirm_deputy,
    may_end_deputy,
    may_name_deputy,
)
from governance.messages import tell
from governance.services.common import require_reason
from ledger import clock
from ledger.services import record
from portfolio.wording import grouped


def name_deputy(
    deputy: User,
    *,
    valid_from: date,
    valid_to: date,
    limit: int | None = None,
    reason: str,
    actor: User,
) -> Deputy:
    """Name somebody who signs on one's behalf; it has no effect until a second person confirms it.

    `limit` is in whole units of the base currency. Raises NotAllowed, or Refused by field.
    """
    errors: dict[str, str] = {}
    if not clock.today() <= valid_from <= valid_to:
        errors["valid_from"] = "Choose days from today on, the end after the beginning."
    elif valid_to - valid_from >= timedelta(days=LONGEST_DAYS):
        errors["valid_to"] = f"A deputy stands in for at most {LONGEST_DAYS} days."
    step = limit_of(actor)
    if limit is not None and step is not None and step.limit is not None and Decimal(limit) > step.limit:
        errors["limit"] = f"Your own authority ends at {grouped(step.limit)} {step.currency}."
    if errors:
        raise Refused("This deputy can't be named so.", errors)
    reason = require_reason(reason)
    with record("deputy.named", actor=actor, about=actor, reason=reason) as act:
        may_name_deputy(actor, deputy).or_deny()
        overlapping = Deputy.objects.filter(
            principal=actor, revocation=None, valid_from__lte=valid_to, valid_to__gte=valid_from
        )
        if overlapping.exists():
            raise InvalidMove("You have a deputy for some of these days already: end it first.")
        row = act.add(
            Deputy,
            principal=actor,
            deputy=deputy,
            valid_from=valid_from,
            valid_to=valid_to,
            limit=limit,
            reason=reason,
        )
        act.note(deputy=deputy.pk, valid_from=valid_from, valid_to=valid_to, limit=limit)
        officers = User.objects.filter(
            grants__in=RoleGrant.objects.active().confirmed().filter(role=Role.RISK_OFFICER)
        )
        tell(
            officers.exclude(pk__in=[actor.pk, deputy.pk]).distinct(),
            subject="A deputy waits for a second person",
            sentence=f"{actor} names {deputy} from {valid_from:%-d %b} to {valid_to:%-d %b %Y}: {reason}",
            path="/deputies/",
        )
        return row


def confirm_deputy(row: Deputy, *, actor: User) -> DeputyConfirmation:
    """The second person's yes. Raises NotAllowed or InvalidMove."""
    with record("deputy.confirmed", actor=actor, about=row.principal) as act:
        may_confirm_deputy(actor, row).or_deny()
        if DeputyRevocation.objects.filter(deputy=row).exists() or row.valid_to < clock.today():
            raise InvalidMove("This deputy holds no longer.")
        if DeputyConfirmation.objects.filter(deputy=row).exists():
            raise InvalidMove("This deputy is confirmed already.")
        act.note(deputy=row.deputy_id)
        tell(
            [row.principal, row.deputy],
            subject="A deputy is confirmed",
            sentence=f"{row.deputy} signs on behalf of {row.principal} "
            f"from {row.valid_from:%-d %b} to {row.valid_to:%-d %b %Y}.",
            path="/deputies/",
        )
        return act.add(DeputyConfirmation, deputy=row, confirmed_by=actor)


def end_deputy(row: Deputy, *, reason: str, actor: User) -> DeputyRevocation:
    """End a deputy from the next request on. Raises NotAllowed, InvalidMove or Refused."""
    reason = require_reason(reason)
    with record("deputy.ended", actor=actor, about=row.principal, reason=reason) as act:
        may_end_deputy(actor, row).or_deny()
        if DeputyRevocation.objects.filter(deputy=row).exists():
            raise InvalidMove("This deputy is ended already.")
        act.note(deputy=row.deputy_id)
        tell(
            [row.principal, row.deputy],
            subject="A deputy ended",
            sentence=f"{row.deputy} signs no longer on behalf of {row.principal}: {reason}",
            path="/deputies/",
        )
        return act.add(DeputyRevocation, deputy=row, revoked_by=actor, reason=reason)
