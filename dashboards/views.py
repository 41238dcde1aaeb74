"""Home, the executive page and the finance page."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import policy
from accounts.http import PortalRequest, acts
from accounts.selectors import notifications
from dashboards import charts
from dashboards.home import waiting_for
from dashboards.selectors import Portfolio, scores_of
from governance.line import lines
from governance.models import Envelope
from governance.selectors import positions_of
from governance.watch_selectors import recommendations_in
from ledger import clock
from portfolio.models import Initiative, Stage
from portfolio.permissions import may_start
from portfolio.selectors import fiscal_year_of
from scoring.models import ReturnPosition

NEWS = 8
SIGNINGS_SHOWN = 10
RECOMMENDATIONS_SHOWN = 10


@acts("portal.use")
@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """What waits for me, what is new, and my units."""
    waiting = waiting_for(request.user)
    context = {
        "waiting": waiting,
        "oldest": min((item.due for item in waiting if item.due), default=None),
        "unread": notifications(request.user).filter(read_at=None)[:NEWS],
        "stages": _my_units(request),
        "may_start": may_start(request.user),
        "may_see_portfolio": policy.may(request.user, "dashboard.executive"),
    }
    return render(request, "dashboards/home.html", context)


def _my_units(request: PortalRequest) -> list[dict[str, Any]]:
    """How many open initiatives the reader may open, by stage."""
    drafts = Initiative.objects.open_to(request.user).filter(stage=Stage.DRAFT, closed_kind="")
    counts = Portfolio(request.user, {}).stages | {str(Stage.DRAFT): drafts.count()}
    return [
        {"label": stage.label, "count": counts[stage], "url": f"{reverse('initiative-list')}?stage={stage}"}
        for stage in Stage
        if counts.get(stage)
    ]


def _register(portfolio: Portfolio, **more: str) -> str:
    """The register under the same filters."""
    return f"{reverse('initiative-list')}?{portfolio.query(state='all', **more)}"


@acts("dashboard.executive")
@require_GET
def executive(request: PortalRequest) -> HttpResponse:
    """Is the AI money working: one sentence, cards, outcomes, value against spend, matrix, warnings."""
    portfolio, today = Portfolio(request.user, request.GET.dict()), clock.today()
    currency, this_year = settings.BASE_CURRENCY, fiscal_year_of(today)
    context = {
        "portfolio": portfolio,
        "form": portfolio.form,
        "totals": portfolio.totals,
        "sentence": portfolio.sentence(),
        "currency": currency,
        "charts": [
            charts.outcome_split(
                *portfolio.outcomes, as_of=today, list_url=_register(portfolio, sort="-status")
            ),
            charts.value_against_spend(
                portfolio.years, currency, this_year=this_year, as_of=today, list_url=_register(portfolio)
            ),
            charts.matrix(
                portfolio.points(), currency, as_of=today, list_url=_register(portfolio, sort="-score")
            ),
        ],
        "warnings": portfolio.warnings(),
        "recommendations": recommendations_in(portfolio.queryset)[:RECOMMENDATIONS_SHOWN],
        "signings": _signings(portfolio),
        "signings_in_all": portfolio.signings.count(),
        "overlaps": portfolio.overlaps(),
        "query": portfolio.query(),
    }
    return render(request, "dashboards/executive.html", context, status=200 if portfolio.is_valid else 422)


def _signings(portfolio: Portfolio) -> list[dict[str, Any]]:
    """The decisions that wait, each with its return, its score and the room that its pack was frozen with."""
    signings = list(portfolio.signings[:SIGNINGS_SHOWN])
    ids = [signing.initiative_id for signing in signings]
    positions, scores = ReturnPosition.objects.in_bulk(ids), scores_of(ids)
    return [
        {
            "signing": signing,
            "position": positions.get(signing.initiative_id),
            "score": scores.get(signing.initiative_id),
            "room": _room(signing.content.get("room") or ()),
        }
        for signing in signings
    ]


def _room(rows: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """What the pack's first envelope still had."""
    room = rows[0].get("room") if rows else None
    return None if room is None else Decimal(str(room))


@acts("dashboard.finance")
@require_GET
def finance(request: PortalRequest) -> HttpResponse:
    """Envelopes, variance, tranches, unmatched spend."""
    portfolio, today = Portfolio(request.user, request.GET.dict()), clock.today()
    year, unit, currency = portfolio.fiscal_year, portfolio.filters.get("unit"), settings.BASE_CURRENCY
    mine = Envelope.objects.open_to(request.user).filter(fiscal_year=year)
    envelopes = positions_of(mine.filter(unit__path__startswith=unit.path) if unit else mine)
    context = {
        "portfolio": portfolio,
        "form": portfolio.form,
        "totals": portfolio.totals,
        "currency": currency,
        "year": year,
        "envelopes": envelopes,
        "forward": portfolio.forward(),
        "lines": lines(request.user),
        "charts": [
            charts.envelopes(envelopes, currency, year, as_of=today, list_url=reverse("envelope-list")),
            charts.variance(
                portfolio.years,
                portfolio.totals.planned_cost_to_date,
                portfolio.totals.actual_cost_closed,
                currency,
                as_of=today,
                list_url=_register(portfolio),
            ),
        ],
        "variances": portfolio.variances(),
        "tranches": portfolio.tranches(),
        "claw_backs": portfolio.claw_backs(),
        "may_import": policy.may(request.user, "actuals.import"),
        "unmatched": portfolio.unmatched,
        "may_export": policy.may(request.user, "report.export"),
        "may_attest": policy.may(request.user, "benefit.attest"),
        "query": portfolio.query(),
    }
    return render(request, "dashboards/finance.html", context, status=200 if portfolio.is_valid else 422)
