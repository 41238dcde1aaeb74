"""What was spent of envelopes: bills in the base currency, and which envelope bears them.

A bill is a posting, by the fiscal year of its service month, converted once at the planning rate of that
year, as returns convert it; without a rate it counts nothing until there is one. What an initiative spent in
a year is borne by the envelopes that its commitments of the year charge, in proportion.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Q, Sum

from governance.commitments import units_upward
from governance.models import Commitment, Envelope, ReleaseLine
from portfolio import money
from portfolio.case import add_months
from portfolio.models import Initiative, Posting
from portfolio.selectors import fiscal_year_months, fiscal_year_of, rate_set_for

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Bill:
    """One posting of an initiative, in the base currency."""

    posting: int
    initiative: int
    service_month: date
    fiscal_year: int
    amount: Decimal
    words: str
    seq: int


def bills(initiatives: Iterable[int], fiscal_year: int | None = None) -> list[Bill]:
    """The bills of these initiatives, of one year or of all, in the order in which they were recorded."""
    rows = Posting.objects.filter(initiative__in=list(initiatives))
    if fiscal_year is not None:
        first, last = fiscal_year_months(fiscal_year)
        rows = rows.filter(service_month__gte=first, service_month__lt=add_months(last, 1))
    found = []
    rates: dict[int, Mapping[str, str]] = {}
    columns = rows.order_by("id").values_list(
        "id", "initiative", "service_month", "amount", "currency", "supplier", "text", "transaction__seq"
    )
    for pk, initiative, month, amount, currency, supplier, text, seq in columns:
        year = fiscal_year_of(month)
        if currency != settings.BASE_CURRENCY and year not in rates:
            rate_set = rate_set_for(year)
            rates[year] = rate_set.rates if rate_set is not None else {}
        words = " ".join(part for part in (supplier, text) if part) or "Posting"
        found.append(
            Bill(pk, initiative, month, year, _in_base(amount, currency, rates.get(year)), words, seq)
        )
    return found


def _in_base(amount: Decimal, currency: str, rates: Mapping[str, str] | None) -> Decimal:
    if currency == settings.BASE_CURRENCY:
        return amount
    text = (rates or {}).get(currency)
    return NOTHING if text is None else money.convert(amount, Decimal(text), settings.BASE_CURRENCY)


def spent(initiatives: Iterable[int], fiscal_year: int | None = None) -> dict[int, Decimal]:
    """What each initiative spent, in one year or in all."""
    sums: dict[int, Decimal] = {}
    for bill in bills(initiatives, fiscal_year):
        sums[bill.initiative] = sums.get(bill.initiative, NOTHING) + bill.amount
    return sums


def bearing(fiscal_year: int, envelope: Envelope | None = None) -> dict[int, dict[int, Decimal]]:
    """By initiative: which envelopes bear what it spends in a year, with their weights.

    Those that its commitments of the year charge, by what they charge (by what they once charged, when all of
    it was carried over or freed). What was funded in other years only falls on the nearest one of this year.
    With an envelope: only initiatives that it bears something of.
    """
    rows = Commitment.objects.filter(fiscal_year=fiscal_year, envelope__isnull=False)
    funded = Initiative.objects.filter(commitments__envelope__isnull=False)
    if envelope is not None:
        charging = Commitment.objects.filter(envelope=envelope).values("initiative")
        rows = rows.filter(initiative__in=charging)
        funded = funded.filter(unit__path__startswith=envelope.unit.path)
    net: dict[int, dict[int, Decimal]] = {}
    gross: dict[int, dict[int, Decimal]] = {}
    sums = rows.values_list("initiative", "envelope").annotate(
        net=Sum("amount"), gross=Sum("amount", filter=Q(amount__gt=0))
    )
    for initiative, bearer, now, once in sums.order_by("initiative", "envelope"):
        net.setdefault(initiative, {})[bearer] = max(now, NOTHING)
        gross.setdefault(initiative, {})[bearer] = once or NOTHING
    found = {pk: weights if any(weights.values()) else gross[pk] for pk, weights in net.items()}
    first, last = fiscal_year_months(fiscal_year)
    billed = Posting.objects.filter(service_month__gte=first, service_month__lt=add_months(last, 1))
    charged = Commitment.objects.filter(fiscal_year=fiscal_year, envelope__isnull=False)
    elsewhere = funded.filter(pk__in=billed.values("initiative")).exclude(pk__in=charged.values("initiative"))
    units = list(elsewhere.select_related("unit").distinct())
    if units:
        there = Envelope.objects.filter(
            fiscal_year=fiscal_year, bucket="core", balance__appropriated__gt=0
        ).values_list("unit", "pk")
        by_unit = dict(there)
        for initiative in units:
            nearest = next((by_unit[unit] for unit in units_upward(initiative.unit) if unit in by_unit), None)
            if nearest is not None:
                found[initiative.pk] = {nearest: Decimal(1)}
    if envelope is None:
        return found
    return {pk: weights for pk, weights in found.items() if envelope.pk in weights}


def share(amount: Decimal, weights: Mapping[int, Decimal], envelope: int) -> Decimal:
    """The part of an amount that one of several envelopes bears, by largest remainder."""
    parts = money.split(amount, list(weights.values()), settings.BASE_CURRENCY)
    return dict(zip(weights, parts, strict=True))[envelope]


def released(fiscal_year: int, envelope: Envelope | None = None) -> dict[tuple[int, int], Decimal]:
    """What is released, by initiative and envelope."""
    rows = ReleaseLine.objects.filter(envelope__fiscal_year=fiscal_year)
    if envelope is not None:
        rows = rows.filter(envelope=envelope)
    sums = rows.values_list("release__tranche__initiative", "envelope").annotate(total=Sum("amount"))
    return {(initiative, pk): total for initiative, pk, total in sums.order_by("envelope")}


def spent_of(envelope: Envelope) -> dict[int, Decimal]:
    """What each initiative spent of one envelope."""
    weights = bearing(envelope.fiscal_year, envelope)
    amounts = spent(weights, envelope.fiscal_year)
    return {pk: share(amount, weights[pk], envelope.pk) for pk, amount in amounts.items()}


def unspent(initiative: Initiative) -> Decimal:
    """What was released to an initiative and not spent, over all years; nothing when more was spent."""
    lines = ReleaseLine.objects.filter(release__tranche__initiative=initiative)
    given = lines.aggregate(total=Sum("amount"))["total"] or NOTHING
    return max(given - spent([initiative.pk]).get(initiative.pk, NOTHING), NOTHING)
