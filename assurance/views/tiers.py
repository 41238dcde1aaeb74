"""The questionnaire, what it proposes, and the tier that a risk officer sets."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.acting import took
from accounts.http import PortalRequest, acts
from assurance import selectors, services
from assurance.default_questionnaire import AREAS, QUESTIONS, SOURCE, VERSION
from assurance.forms import TIERS, QuestionnaireForm, TierForm
from assurance.permissions import may_answer
from portfolio.models import Initiative
from portfolio.pages import initiative_of
from portfolio.permissions import may_classify

TIER_WORDS = {str(value): str(words).partition(":")[0] for value, words in TIERS}


@acts("initiative.view")
@require_GET
def tier(request: PortalRequest, pk: int) -> HttpResponse:
    """The questions with their answers, the proposal, and the tier beside it."""
    return _page(request, initiative_of(request, pk))


def _page(
    request: PortalRequest,
    initiative: Initiative,
    *,
    form: forms.Form | None = None,
    tier_form: forms.Form | None = None,
) -> HttpResponse:
    picture = selectors.tier_picture(initiative)
    refused = form is not None or tier_form is not None
    questions = {question.key: question.text for question in QUESTIONS}
    proposal = picture.answers.proposal if picture.answers is not None else {}
    context = {
        "initiative": initiative,
        "picture": picture,
        "proposal": proposal,
        "proposed": TIER_WORDS.get(proposal.get("tier", ""), ""),
        "stands": TIER_WORDS.get(initiative.risk_tier, ""),
        "areas": [f"{number} {AREAS[number]}" for number in proposal.get("areas", [])],
        "set_areas": [
            f"{number} {AREAS[number]}" for number in (picture.profile.areas if picture.profile else [])
        ],
        "unknown": [questions[key] for key in proposal.get("unknown", []) if key in questions],
        "may_answer": may_answer(request.user, initiative),
        "may_set": may_classify(request.user, initiative, "risk_tier"),
        "form": form or QuestionnaireForm(initial=picture.answers.answers if picture.answers else None),
        "tier_form": tier_form or TierForm(initial=services.suggested(initiative), prefix="set"),
        "version": VERSION,
        "source": SOURCE,
    }
    return render(request, "assurance/initiative_tier.html", context, status=422 if refused else 200)


@acts("tier.answer")
@require_POST
def tier_answer(request: PortalRequest, pk: int) -> HttpResponse:
    """Keep the answers."""
    initiative = initiative_of(request, pk)
    may_answer(request.user, initiative).or_deny()
    form = QuestionnaireForm(request.POST)

    def act(values: Mapping[str, Any]) -> None:
        services.answer(initiative, answers=values, actor=request.user)

    if not took(form, act, request):
        return _page(request, initiative, form=form)
    messages.success(request, "The answers are kept. What they propose stands beside.")
    return redirect("initiative-tier", pk)


@acts("risk_tier.set")
@require_POST
def tier_set(request: PortalRequest, pk: int) -> HttpResponse:
    """Set the tier, with what controls ask beside it."""
    initiative = initiative_of(request, pk)
    may_classify(request.user, initiative, "risk_tier").or_deny()
    form = TierForm(request.POST, prefix="set")

    def act(values: Mapping[str, Any]) -> None:
        services.set_tier(initiative, **values, actor=request.user)

    if not took(form, act, request):
        return _page(request, initiative, tier_form=form)
    messages.success(request, f"The risk tier of {initiative.reference} is set.")
    return redirect("initiative-tier", pk)
