"""Where envelopes stand, and the facts that each of their numbers is made of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from governance import spending
from governance.balances import EFFECT
from governance.commitments import units_upward
from governance.models import Commitment, Envelope, EnvelopeChange, ReleaseLine
from portfolio.imports.report import safe
from portfolio.models import Initiative
from portfolio.wording import grouped
from scoring.models import ReturnYear

NOTHING = Decimal(0)
Kind = EnvelopeChange.Kind
# Each number of an envelope with what it says, in the order of the trade.
FIGURES: dict[str, tuple[str, str]] = {
    "appropriated": ("Appropriated", "Confirmed changes of what the envelope holds."),
    "committed": ("Committed", "What decisions promised of it, less what was freed."),
    "released": ("Released", "What may be spent, less what was taken back."),
    "spent": ("Spent", "Bills of its initiatives by service month, each converted once."),
    "forecast": ("Forecast", "What its initiatives will have spent by the end of the year."),
    "contingency": ("Contingency", "Set aside; only a named act draws on it."),
    "available": ("Available", "Appropriated, less committed and contingency."),
    "forward": ("Forward", "Promised for this year and not taken up yet."),
    "overrun": ("Overrun", "Bills over what is released to each initiative."),
}


@dataclass(frozen=True)
class Line:
    """One fact, or one initiative's part, that a number re-adds from."""

    on: date | None
    words: str
    initiative: Initiative | None
    amount: Decimal
    url: str = ""
    seq: int | None = None

    @property
    def reference(self) -> str:
        """The initiative's reference; nothing without one."""
        return self.initiative.reference if self.initiative is not None else ""


# Positions -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spending:
    """What of an envelope is spent, forecast, over the release, and still forward."""

    spent: Decimal = NOTHING
    forecast: Decimal = NOTHING
    overrun: Decimal = NOTHING
    forward: Decimal = NOTHING


def spending_of_year(fiscal_year: int) -> dict[int, Spending]:
    """By envelope, from the returns as computed, in a fixed number of queries."""
    weights = spending.bearing(fiscal_year)
    years = ReturnYear.objects.filter(fiscal_year=fiscal_year, initiative__in=weights)
    amounts = {
        pk: (actual, forecast or actual)
        for pk, actual, forecast in years.values_list("initiative", "actual_cost", "forecast_cost")
    }
    released = spending.released(fiscal_year)
    found: dict[int, list[Decimal]] = {}
    for initiative, of in weights.items():
        actual, forecast = amounts.get(initiative, (NOTHING, NOTHING))
        for envelope in of:
            spent = spending.share(actual, of, envelope)
            sums = found.setdefault(envelope, [NOTHING, NOTHING, NOTHING])
            sums[0] += spent
            sums[1] += spending.share(forecast, of, envelope)
            sums[2] += max(spent - released.get((initiative, envelope), NOTHING), NOTHING)
    forward = _forward_of_year(fiscal_year)
    of_each: dict[int, Spending] = {}
    for envelope in {*found, *forward}:
        spent, expected, over = found.get(envelope, (NOTHING, NOTHING, NOTHING))
        of_each[envelope] = Spending(spent, expected, over, forward.get(envelope, NOTHING))
    return of_each


def _forward_of_year(fiscal_year: int) -> dict[int, Decimal]:
    rows = (
        Commitment.objects.filter(envelope=None, fiscal_year=fiscal_year)
        .values_list("bearer__path", "bucket")
        .annotate(total=Sum("amount"))
        .exclude(total=0)
        .order_by("bearer__path")
    )
    there = Envelope.objects.filter(fiscal_year=fiscal_year, balance__appropriated__gt=0)
    by_place = {(unit, bucket): pk for unit, bucket, pk in there.values_list("unit", "bucket", "pk")}
    found: dict[int, Decimal] = {}
    for path, bucket, total in rows:
        upward = (int(step) for step in reversed(path.strip("/").split("/")))
        nearest = next((by_place[unit, bucket] for unit in upward if (unit, bucket) in by_place), None)
        if nearest is not None:
            found[nearest] = found.get(nearest, NOTHING) + total
    return found


def as_read_by(lines: Iterable[Line], user: User) -> list[Line]:
    """The lines as one person may read them: of what they may not open, its name and amount alone."""
    listed = list(lines)
    ids = {line.initiative.pk for line in listed if line.initiative is not None}
    mine = set(Initiative.objects.open_to(user).filter(pk__in=ids).values_list("pk", flat=True))
    return [
        line
        if line.initiative is None or line.initiative.pk in mine
        else replace(line, words="Of a unit that you do not see into", url="", seq=None)
        for line in listed
    ]


# Facts ---------------------------------------------------------------------------------------


def lines_of(envelope: Envelope, figure: str) -> list[Line]:
    """The facts that one number of the envelope re-adds from, the oldest first."""
    return _LINES[figure](envelope)


def figures_of(envelope: Envelope) -> dict[str, Decimal]:
    """Every number of the envelope, each the sum of its lines."""
    return {figure: sum((line.amount for line in lines_of(envelope, figure)), NOTHING) for figure in FIGURES}


def _changes(envelope: Envelope) -> Iterable[EnvelopeChange]:
    rows = EnvelopeChange.objects.filter(Q(envelope=envelope) | Q(into=envelope)).exclude(confirmation=None)
    return rows.select_related(
        "envelope__unit", "into__unit", "confirmation__transaction", "confirmation__by", "proposed_by"
    ).order_by("confirmation__id")


def _change_line(change: EnvelopeChange, amount: Decimal, envelope: Envelope) -> Line:
    words = change.get_kind_display()
    if change.into is not None:
        there, here = change.into, change.envelope
        words += f" from {here}" if there.pk == envelope.pk else f" into {there}"
    transaction = change.confirmation.transaction
    return Line(
        timezone.localdate(transaction.at),
        f"{words}: {change.reason} Proposed by {change.proposed_by}, confirmed by {change.confirmation.by}.",
        None,
        amount,
        seq=transaction.seq,
    )


def _appropriated(envelope: Envelope) -> list[Line]:
    return [
        _change_line(change, amount, envelope)
        for change in _changes(envelope)
        if (amount := _effect(change, envelope)[0])
    ]


def _contingency(envelope: Envelope) -> list[Line]:
    return [
        _change_line(change, amount, envelope)
        for change in _changes(envelope)
        if (amount := _effect(change, envelope)[1])
    ]


def _effect(change: EnvelopeChange, envelope: Envelope) -> tuple[Decimal, Decimal]:
    if change.into_id == envelope.pk:
        return change.amount, NOTHING
    raised, aside = EFFECT[change.kind]
    return raised * change.amount, aside * change.amount


def _committed(envelope: Envelope) -> list[Line]:
    rows = Commitment.objects.filter(envelope=envelope).select_related(
        "initiative", "transaction", "decision"
    )
    return [_commitment_line(row) for row in rows.order_by("id")]


def _commitment_line(row: Commitment) -> Line:
    if row.takes_up_id:
        words = "Taken up from what was forward"
    elif row.carried_by_id:
        words = "Carried over"
    elif row.shared_by_id:
        words = "Moved by a shared commitment"
    elif row.clawed_back_by_id:
        words = "Taken back"
    else:
        words = f"Decided at {row.decision.gate}" if row.amount > 0 else "Freed"
    return Line(
        timezone.localdate(row.transaction.at),
        words,
        row.initiative,
        row.amount,
        f"{row.initiative.get_absolute_url()}?tab=decisions",
        row.transaction.seq,
    )


def _released(envelope: Envelope) -> list[Line]:
    rows = ReleaseLine.objects.filter(envelope=envelope).select_related(
        "release__tranche__initiative", "transaction"
    )
    found = []
    for row in rows.order_by("id"):
        tranche = row.release.tranche
        words = f"Tranche {tranche.number}"
        if row.carried_by_id:
            words += ", unspent part carried over"
        elif row.clawed_back_by_id:
            words += ", unspent part taken back"
        found.append(
            Line(
                timezone.localdate(row.transaction.at),
                words,
                tranche.initiative,
                row.amount,
                reverse("tranche-detail", args=[tranche.pk]),
                row.transaction.seq,
            )
        )
    return found


def _spent(envelope: Envelope) -> list[Line]:
    weights = spending.bearing(envelope.fiscal_year, envelope)
    initiatives = Initiative.objects.in_bulk(weights)
    sums: dict[int, Decimal] = {}
    found = []
    for bill in spending.bills(weights, envelope.fiscal_year):
        initiative = initiatives[bill.initiative]
        sums[bill.initiative] = sums.get(bill.initiative, NOTHING) + bill.amount
        url = f"{reverse('posting-list')}?initiative={bill.initiative}"
        found.append(Line(bill.service_month, bill.words, initiative, bill.amount, url, bill.seq))
    for pk, total in sums.items():
        elsewhere = total - spending.share(total, weights[pk], envelope.pk)
        if elsewhere:
            found.append(Line(None, "Part that other envelopes bear", initiatives[pk], -elsewhere))
    return found


def _forecast(envelope: Envelope) -> list[Line]:
    weights = spending.bearing(envelope.fiscal_year, envelope)
    rows = ReturnYear.objects.filter(fiscal_year=envelope.fiscal_year, initiative__in=weights)
    return [
        Line(
            None,
            "Bills of closed months and the rest of the plan, corrected by the course so far"
            if row.forecast_cost
            else "Bills so far; there is no baseline to forecast from",
            row.initiative,
            amount,
            reverse("initiative-figure", args=[row.initiative_id, "forecast_cost"]),
        )
        for row in rows.select_related("initiative").order_by("initiative")
        if (
            amount := spending.share(
                row.forecast_cost or row.actual_cost, weights[row.initiative_id], envelope.pk
            )
        )
    ]


def _available(envelope: Envelope) -> list[Line]:
    less = [*_committed(envelope), *_contingency(envelope)]
    return [
        *_appropriated(envelope),
        *(Line(line.on, line.words, line.initiative, -line.amount, line.url, line.seq) for line in less),
    ]


def _forward(envelope: Envelope) -> list[Line]:
    rows = Commitment.objects.filter(
        envelope=None,
        fiscal_year=envelope.fiscal_year,
        bucket=envelope.bucket,
        bearer__path__startswith=envelope.unit.path,
    ).select_related("initiative", "transaction", "decision", "bearer")
    nearer = Envelope.objects.filter(
        fiscal_year=envelope.fiscal_year, bucket=envelope.bucket, balance__appropriated__gt=0
    )
    units = set(nearer.values_list("unit", flat=True))
    return [
        _commitment_line(row)
        for row in rows.order_by("id")
        if row.bearer is not None
        and next((unit for unit in units_upward(row.bearer) if unit in units), None) == envelope.unit_id
    ]


def _overrun(envelope: Envelope) -> list[Line]:
    released = spending.released(envelope.fiscal_year, envelope)
    spent = spending.spent_of(envelope)
    initiatives = Initiative.objects.in_bulk(spent)
    found = []
    for pk, amount in sorted(spent.items()):
        given = released.get((pk, envelope.pk), NOTHING)
        if amount > given:
            words = f"{grouped(amount)} spent, {grouped(given)} released"
            url = f"{reverse('posting-list')}?initiative={pk}"
            found.append(Line(None, words, initiatives[pk], amount - given, url))
    return found


_LINES: dict[str, Callable[[Envelope], list[Line]]] = {
    "appropriated": _appropriated,
    "committed": _committed,
    "released": _released,
    "spent": _spent,
    "forecast": _forecast,
    "contingency": _contingency,
    "available": _available,
    "forward": _forward,
    "overrun": _overrun,
}


# As a file -----------------------------------------------------------------------------------


HEADER = ("date", "fact", "initiative", "amount", "currency", "record")


def rows_of(envelope: Envelope, lines: Sequence[Line]) -> list[list[Any]]:
    """The lines as rows of a file."""
    return [
        [
            line.on.isoformat() if line.on is not None else "",
            safe(line.words),
            line.reference,
            f"{line.amount:.2f}",
            envelope.currency,
            line.seq if line.seq is not None else "",
        ]
        for line in lines
    ]
