"""Home, the executive page and the finance page."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import policy
from accounts.http import PortalRequest, acts
from dashboards import charts
from dashboards.home import waiting_for
from dashboards.selectors import Portfolio
from governance.selectors import envelope_positions, forward_commitments
from ledger import clock
from portfolio.models import Initiative, Stage


@acts("portal.use")
@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """What waits for me, what is new, and my units."""
    waiting = waiting_for(request.user)
    mine = _my_units(request)
    context = {
        "waiting": waiting,
        "oldest": min((item.due for item in waiting if item.due), default=None),
        "unread": request.user.notifications.filter(read_at=None)[:8],
        "stages": mine,
        "may_start": policy.may(request.user, "initiative.create"),
        "may_see_portfolio": policy.may(request.user, "dashboard.executive"),
    }
    return render(request, "dashboards/home.html", context)


def _my_units(request: PortalRequest) -> list[dict[str, Any]]:
    """How many open initiatives the reader may open, by stage."""
    counts = dict(Portfolio(request.user, {}).stages)
    drafts = Initiative.objects.open_to(request.user).filter(stage=Stage.DRAFT, closed_kind="").count()
    if drafts:
        counts[Stage.DRAFT] = drafts
    return [
        {"label": stage.label, "count": counts[stage], "url": f"{reverse('initiative-list')}?stage={stage}"}
        for stage in Stage
        if counts.get(stage)
    ]


@acts("dashboard.executive")
@require_GET
def executive(request: PortalRequest) -> HttpResponse:
    """Is the AI money working: one sentence, four cards, outcomes, value against spend, matrix, warnings."""
    portfolio = Portfolio(request.user, request.GET.dict())
    query = request.GET.urlencode()
    today = clock.today()
    register = f"{reverse('initiative-list')}?state=all&{query}"
    signings = list(portfolio.signings[:10])
    context = {
        "portfolio": portfolio,
        "form": portfolio.form,
        "totals": portfolio.totals,
        "sentence": portfolio.sentence(),
        "currency": settings.BASE_CURRENCY,
        "charts": [
            charts.outcome_split(*portfolio.outcomes, as_of=today, list_url=f"{register}&sort=-stage"),
            charts.value_against_spend(portfolio.years, settings.BASE_CURRENCY, as_of=today, list_url=register),
            charts.matrix(portfolio.points(), settings.BASE_CURRENCY, as_of=today, list_url=f"{register}&sort=-score"),
        ],
        "warnings": portfolio.warnings(),
        "signings": signings,
        "overlaps": portfolio.overlaps(),
        "query": query,
    }
    return render(request, "dashboards/executive.html", context)


@acts("dashboard.finance")
@require_GET
def finance(request: PortalRequest) -> HttpResponse:
    """Envelopes, variance, tranches, unmatched spend."""
    portfolio = Portfolio(request.user, request.GET.dict())
    year = portfolio.fiscal_year
    envelopes = envelope_positions(year, portfolio.filters.get("unit"))
    today = clock.today()
    register = f"{reverse('initiative-list')}?state=all&{request.GET.urlencode()}"
    context = {
        "portfolio": portfolio,
        "form": portfolio.form,
        "totals": portfolio.totals,
        "currency": settings.BASE_CURRENCY,
        "year": year,
        "envelopes": envelopes,
        "forward": forward_commitments(),
        "charts": [
            charts.envelopes(envelopes, settings.BASE_CURRENCY, year, as_of=today, list_url=reverse("envelope-list")),
            charts.variance(
                portfolio.years,
                portfolio.totals.planned_cost_to_date,
                portfolio.totals.actual_cost,
                settings.BASE_CURRENCY,
                as_of=today,
                list_url=register,
            ),
        ],
        "variances": portfolio.variances(),
        "tranches": portfolio.tranches(),
        "unmatched": portfolio.unmatched,
        "may_import": policy.may(request.user, "actuals.import"),
        "may_export": policy.may(request.user, "report.export"),
        "may_attest": policy.may(request.user, "benefit.attest"),
        "query": request.GET.urlencode(),
    }
    return render(request, "dashboards/finance.html", context)
