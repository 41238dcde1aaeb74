"""What pages show of recommendations: for one initiative, for a reader, and the money that a stop frees."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from governance import commitments
from governance.models import ClockExtensionRequest, Envelope, Recommendation, RecommendationAnswer
from governance.promises import Promise, promises
from governance.seen import pilot_clock
from ledger import clock
from portfolio.models import Initiative, Stage
from portfolio.querysets import InitiativeQuerySet


def freed_by_year(initiative: Initiative) -> list[dict[str, Any]]:
    """What a stop frees, by envelope and fiscal year: committed and not released."""
    sums: dict[tuple[int, int | None], Decimal] = {}
    for place, amount in commitments.open_amounts(initiative).items():
        key = place.fiscal_year, place.envelope
        sums[key] = sums.get(key, Decimal(0)) + amount
    envelopes = Envelope.objects.select_related("unit").in_bulk([pk for _, pk in sums if pk])
    return [
        {"fiscal_year": year, "envelope": envelopes.get(pk or 0), "amount": amount}
        for (year, pk), amount in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or 0))
    ]


def recommendations_in(initiatives: InitiativeQuerySet) -> QuerySet[Recommendation]:
    """Those with something that nobody answered, stops first, the costliest first."""
    rows = Recommendation.objects.filter(initiative__in=initiatives.values("pk")).exclude(proposal="")
    order = ("-proposal", "-initiative__whole_life_cost", "initiative_id")
    return rows.select_related("initiative__unit").order_by(*order)


def renewals_for(user: User, until: date) -> QuerySet[Recommendation]:
    """The running initiatives whose sponsor the user is and that need their word again by a day."""
    rows = Recommendation.objects.filter(initiative__sponsor=user, renewal_due_on__lte=until)
    rows = rows.exclude(initiative__sponsor_confirmed_at=None)
    return rows.select_related("initiative__unit").order_by("renewal_due_on", "pk")


def extensions_asked(reached: Q) -> QuerySet[ClockExtensionRequest]:
    """Extensions that nobody granted yet, of pilots that still run."""
    rows = ClockExtensionRequest.objects.filter(
        reached, grant=None, initiative__stage=Stage.PILOT, initiative__closed_kind=""
    )
    answered = RecommendationAnswer.objects.values("initiative")
    return rows.exclude(initiative__in=answered).select_related("initiative__unit").order_by("pk")


def stops_asked(reached: Q) -> QuerySet[RecommendationAnswer]:
    """Answers that ask the portfolio office to propose a stop, of initiatives still open without a round."""
    rows = RecommendationAnswer.objects.filter(
        reached, answer=RecommendationAnswer.Answer.STOP, initiative__closed_kind="", until__gte=clock.today()
    ).exclude(initiative__signing_rounds__ending=None, initiative__signing_rounds__isnull=False)
    return rows.select_related("initiative__unit").order_by("until", "pk")


def watch_of(initiative: Initiative) -> dict[str, Any]:
    """What the page of one initiative shows: what fired, the clock, the sponsor's renewal, the promises."""
    today = clock.today()
    pilot = None
    if initiative.stage == Stage.PILOT and initiative.is_open:
        pilot = pilot_clock(initiative)
    promised: list[Promise] = []
    if initiative.is_open and initiative.stage in {Stage.SUBMITTED, Stage.ASSESSMENT, Stage.DECISION}:
        promised = [item for item in promises([initiative]) if item.met_on is None]
    return {
        "recommendation": Recommendation.objects.filter(initiative=initiative).first(),
        "clock": pilot,
        "clock_left": pilot.days_left(today) if pilot else None,
        "promised": promised,
        "answers": initiative.recommendation_answers.select_related("by", "transaction").order_by("-id")[:5],
    }
