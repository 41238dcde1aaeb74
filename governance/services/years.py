"""Closing a fiscal year."""

from decimal import Decimal

from django.db.models import F
from django.urls import reverse

from accounts.errors import InvalidMove, Refused
from accounts.models import Role, Unit, User
from governance import authority, balances, commitments
from governance.messages import tell
from governance.models import (
    Commitment,
    Envelope,
    EnvelopeBalance,
    SigningRound,
    YearClosing,
    YearClosingConfirmation,
)
from governance.money_permissions import may_close_year, may_propose_closing
from governance.services.envelopes import is_closed_year, waiting_changes
from ledger import clock
from ledger.services import Act, record
from portfolio.selectors import fiscal_year_of
from portfolio.wording import grouped

NOTHING = Decimal(0)


def obstacles(fiscal_year: int) -> list[str]:
    """What has to be settled before a year is closed, each in a sentence."""
    rounds = SigningRound.objects.unended().select_related("initiative").order_by("id")
    found = [
        f"A signing round of {signing.initiative.reference} is open on it."
        for signing in rounds
        if any(row["fiscal_year"] == fiscal_year for row in signing.content.get("room") or ())
    ]
    found += [
        f"{change.get_kind_display()} of {change.envelope} waits for an answer."
        for change in waiting_changes(fiscal_year)
    ]
    uncarried = EnvelopeBalance.objects.filter(
        envelope__fiscal_year=fiscal_year, committed__gt=F("released")
    ).select_related("envelope__unit")
    for balance in uncarried.order_by("envelope_id"):
        left = balance.committed - balance.released
        found.append(
            f"{balance.envelope} has {grouped(left)} committed and not released: carry it over first."
        )
    return found


def propose_closing(fiscal_year: int, *, reason: str, actor: User) -> YearClosing:
    """Finance proposes to close a year that is over."""
    errors = {}
    if not reason.strip():
        errors["reason"] = "Write why."
    if not 2000 <= fiscal_year <= 2100:
        errors["fiscal_year"] = "Choose a fiscal year such as 2026."
    elif fiscal_year >= fiscal_year_of(clock.today()):
        errors["fiscal_year"] = f"FY{fiscal_year} is not over yet."
    elif is_closed_year(fiscal_year):
        errors["fiscal_year"] = f"FY{fiscal_year} is closed already."
    if errors:
        raise Refused("This year can't be closed so.", errors)
    with record("year.proposed_to_close", actor=actor, reason=reason) as act:
        may_propose_closing(actor).or_deny()
        act.note(fiscal_year=fiscal_year)
        closing = act.add(YearClosing, fiscal_year=fiscal_year, reason=reason.strip(), proposed_by=actor)
        act.about(closing)
        chiefs = User.objects.filter(
            pk__in=[user.pk for unit in _roots() for user in authority.holders(Role.CFO, unit)]
        )
        tell(
            [user for user in chiefs if user != actor],
            subject=f"FY{fiscal_year} is to be closed",
            sentence=f"{actor}: {reason.strip()}",
            path=reverse("year-list"),
        )
        return closing


def close_year(closing: YearClosing, *, actor: User) -> YearClosingConfirmation:
    """Close it: nothing more is appropriated, committed or released in it; late bills show as overrun.

    What is still forward in it moves on to the next year, whose envelopes take it up. Raises NotAllowed, or
    InvalidMove with the list of what has to be settled first.
    """
    year = closing.fiscal_year
    with record("year.closed", actor=actor, about=closing, reason=closing.reason) as act:
        locked = balances.lock(Envelope.objects.filter(fiscal_year__in=[year, year + 1]))
        may_close_year(actor, closing).or_deny()
        if is_closed_year(year):
            raise InvalidMove(f"FY{year} is closed already.")
        if found := obstacles(year):
            raise InvalidMove(f"FY{year} can't be closed yet. {' '.join(found)}", obstacles=found)
        confirmation = act.add(YearClosingConfirmation, closing=closing, by=actor)
        moved = _move_forward(year, act=act)
        for balance in locked.values():
            if balance.envelope.fiscal_year == year:
                balances.close(balance)
        taken = sum(
            (
                commitments.take_up(balance.envelope, locked, act=act)
                for balance in locked.values()
                if balance.envelope.fiscal_year == year + 1 and not balance.is_closed
            ),
            NOTHING,
        )
        act.note(fiscal_year=year, moved_forward=moved, taken_up=taken)
        return confirmation


def _move_forward(year: int, *, act: Act) -> Decimal:
    """What is promised in a year without an envelope is promised in the next one from now on."""
    sums: dict[commitments.Place, Decimal] = {}
    rows: dict[commitments.Place, Commitment] = {}
    forward = Commitment.objects.filter(envelope=None, fiscal_year=year).select_related("initiative")
    for row in forward.order_by("id"):
        place = commitments.Place(row.decision_id, None, year, row.bearer_id, row.bucket)
        sums[place] = sums.get(place, NOTHING) + row.amount
        rows.setdefault(place, row)
    moved = NOTHING
    for place, amount in sums.items():
        if amount:
            initiative = rows[place].initiative
            commitments.add_at(initiative, place, -amount, act=act)
            commitments.add_at(initiative, place._replace(fiscal_year=year + 1), amount, act=act)
            moved += amount
    return moved


def _roots() -> list[Unit]:
    return list(Unit.objects.filter(parent=None))
