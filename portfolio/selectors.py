"""Questions to the portfolio that several rooms ask."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import QuerySet

from accounts.errors import Refused
from accounts.models import User
from portfolio.models import BenefitClaim, Initiative, Kpi, Milestone, PeriodClose, RateSet


def fiscal_year_of(day: date) -> int:
    """The fiscal year that a day lies in, named by the calendar year in which it ends."""
    first = settings.FISCAL_YEAR_START_MONTH
    return day.year + (1 if first > 1 and day.month >= first else 0)


def fiscal_year_months(year: int) -> tuple[date, date]:
    """The first day of the first and of the last month of a fiscal year."""
    first = settings.FISCAL_YEAR_START_MONTH
    start = date(year - (1 if first > 1 else 0), first, 1)
    return start, date(start.year + (start.month + 10) // 12, (start.month + 10) % 12 + 1, 1)


def rate_set_for(fiscal_year: int, seq: int | None = None) -> RateSet | None:
    """The newest confirmed planning rates for a year (or the last year before), as of a seq."""
    sets = RateSet.objects.filter(fiscal_year__lte=fiscal_year, base=settings.BASE_CURRENCY).exclude(
        confirmation=None
    )
    if seq is not None:
        sets = sets.filter(confirmation__transaction__seq__lte=seq)
    return sets.order_by("-fiscal_year", "-id").first()


def rate(currency: str, fiscal_year: int, seq: int | None = None) -> Decimal:
    """Units of the base currency for one unit. Raises Refused when there is no rate: never 1 by default."""
    if currency == settings.BASE_CURRENCY:
        return Decimal(1)
    rate_set = rate_set_for(fiscal_year, seq)
    if rate_set is None or currency not in rate_set.rates:
        raise Refused(
            f"There is no planning rate for {currency} in FY{fiscal_year}: finance has to propose one.",
            {"currency": f"No planning rate for {currency} in FY{fiscal_year}."},
        )
    return Decimal(rate_set.rates[currency])


def usable_currencies(fiscal_year: int) -> frozenset[str]:
    """The base currency and every currency with a planning rate."""
    rate_set = rate_set_for(fiscal_year)
    return frozenset({settings.BASE_CURRENCY, *(rate_set.rates if rate_set else ())})


def kpis_of(initiative: Initiative) -> QuerySet[Kpi]:
    """The KPIs of the newest frozen case."""
    return Kpi.objects.filter(case=initiative.current_case_id)


def milestones_of(initiative: Initiative) -> QuerySet[Milestone]:
    """The milestones of the newest frozen case, by their day."""
    return Milestone.objects.filter(case=initiative.current_case_id).order_by("due_on", "id")


def open_month(day: date) -> date:
    """The month that postings of a closed month are booked in: the first one after the last close."""
    last = PeriodClose.objects.order_by("-month").values_list("month", flat=True).first()
    month = day.replace(day=1)
    if last is None or month > last:
        return month
    return date(last.year + last.month // 12, last.month % 12 + 1, 1)


def is_period_closed(month: date) -> bool:
    """Whether finance closed the month (or a later one)."""
    return PeriodClose.objects.filter(month__gte=month).exists()


def unattested_claims() -> QuerySet[BenefitClaim]:
    """Claims that wait for finance, the oldest month first."""
    return (
        BenefitClaim.objects.filter(attestation=None, replaced_by=None)
        .select_related("initiative__unit", "by")
        .order_by("month", "id")
    )


def people_by_id(ids: Iterable[int | None]) -> dict[int, User]:
    """Users by id in one query."""
    return User.objects.in_bulk({number for number in ids if number})
