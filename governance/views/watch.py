"""Pages of the pilot's clock, of recommendations, of parts, and of the dates that were promised."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.acting import took
from accounts.http import PortalRequest, acts, is_fresh
from governance.forms.watch import AnswerForm, AppointForm, ExtensionForm, FirstUserForm, StepDownForm
from governance.models import ClockExtensionRequest, Recommendation, RecommendationAnswer
from governance.permissions import may_stop
from governance.promises import by_quarter, promises_open_to
from governance.seen import pilot_clock
from governance.services import parts, watching
from governance.views.common import act_page
from governance.watch_permissions import (
    may_answer_recommendation,
    may_appoint,
    may_ask_extension,
    may_report_first_user,
    may_step_down,
)
from governance.watch_selectors import freed_by_year
from ledger import clock
from portfolio.pages import initiative_of

Answer = RecommendationAnswer.Answer
PROMISED_SINCE = timedelta(days=2 * 366)


@acts("recommendation.answer")
@require_http_methods(["GET", "POST"])
def answer(request: PortalRequest, pk: int) -> HttpResponse:
    """What fired, with figures and the money that a stop would free; CFO or CEO decide."""
    initiative = initiative_of(request, pk)
    may_answer_recommendation(request.user, initiative).or_deny()
    asked = ClockExtensionRequest.objects.filter(initiative=initiative, grant=None).first()
    answers = [item for item in Answer if item != Answer.EXTEND or asked is not None]
    form = AnswerForm(
        request.POST if request.method == "POST" else None,
        answers=answers,
        initial={"until": (clock.today() + timedelta(days=30)).isoformat()},
        is_fresh=is_fresh(request),
    )

    def act(values: Mapping[str, Any]) -> None:
        watching.answer_recommendation(initiative, **values, actor=request.user)

    if form.is_bound and took(form, act, request):
        messages.success(request, f"Your decision on {initiative.reference} is recorded.")
        return redirect(f"{initiative.get_absolute_url()}?tab=decisions")
    recommendation = Recommendation.objects.filter(initiative=initiative).first()
    context = {
        "initiative": initiative,
        "form": form,
        "recommendation": recommendation,
        "asked": asked,
        "clock": pilot_clock(initiative) if initiative.stage == "pilot" else None,
        "may_stop": may_stop(request.user, initiative),
        "freed": freed_by_year(initiative),
        "currency": settings.BASE_CURRENCY,
    }
    return render(
        request, "governance/recommendation_answer.html", context, status=422 if form.is_bound else 200
    )


@acts("first_user.report")
@require_http_methods(["GET", "POST"])
def first_user(request: PortalRequest, pk: int) -> HttpResponse:
    """Report the first user: the pilot's clock starts."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_report_first_user(request.user, initiative),
        FirstUserForm(request.POST or None),
        lambda values: watching.report_first_user(initiative, **values, actor=request.user),
        title="Report the first user",
        button="Report it and start the clock",
        done=f"The clock of {initiative.reference} runs.",
    )


@acts("extension.request")
@require_http_methods(["GET", "POST"])
def extension(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask for three more months."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_ask_extension(request.user, initiative),
        ExtensionForm(request.POST or None),
        lambda values: watching.ask_extension(initiative, **values, actor=request.user),
        title="Ask for three more months of pilot",
        button="Ask CFO and CEO",
        done="It is asked for. CFO or CEO answer.",
    )


@acts("part.appoint")
@require_http_methods(["GET", "POST"])
def appoint(request: PortalRequest, pk: int) -> HttpResponse:
    """Appoint an owner, a sponsor or a benefit owner."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_appoint(request.user, initiative),
        AppointForm(request.POST or None, initial={"part": request.GET.get("part", "")}),
        lambda values: parts.appoint_to(initiative, **values, actor=request.user),
        title="Appoint somebody",
        button="Appoint",
        done="The appointment is recorded, and the person is told.",
        tab="activity",
    )


@acts("sponsor.step_down")
@require_http_methods(["GET", "POST"])
def step_down(request: PortalRequest, pk: int) -> HttpResponse:
    """Step down as sponsor."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        may_step_down(request.user, initiative),
        StepDownForm(request.POST or None),
        lambda values: parts.step_down(initiative, **values, actor=request.user),
        title="Step down as sponsor",
        button="Step down",
        done=f"You are no longer the sponsor of {initiative.reference}.",
        tab="activity",
    )


@acts("dashboard.executive")
@require_GET
def promises(request: PortalRequest) -> HttpResponse:
    """Which dates promised to units were kept, by quarter and unit."""
    today = clock.today()
    found = promises_open_to(request.user, today - PROMISED_SINCE)
    open_ones = [item for item in found if item.met_on is None]
    late = sorted((item for item in open_ones if item.due < today), key=lambda item: item.due)
    context = {
        "rows": by_quarter(found, today),
        "kept": sum(item.is_kept(today) is True for item in found),
        "answered": sum(item.is_kept(today) is not None for item in found),
        "late": late,
    }
    return render(request, "governance/promise_list.html", context)
