"""Who would move under another version of the model, and RICE and WSJF beside the score.

They stand here because the funding line needs the envelopes, which the room of scoring does not know.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.http import PortalRequest, acts, wants_partial
from accounts.models import User
from governance.models import EnvelopeBalance
from ledger import clock
from portfolio.models import Initiative
from portfolio.selectors import fiscal_year_of
from scoring import model_selectors, workshop
from scoring.model_forms import ModelDraftForm
from scoring.permissions import may_review_model
from scoring.selectors import model_of
from scoring.workshop import Content

MOVES_A_PAGE = 50
# Beside the form while one types, the first few say enough.
MOVES_BESIDE = 15


def rooms(fiscal_year: int) -> dict[int, Decimal]:
    """What each unit's envelope of the year can still commit, where money was appropriated."""
    balances = EnvelopeBalance.objects.filter(
        envelope__fiscal_year=fiscal_year, envelope__bucket="core", appropriated__gt=0
    )
    return {balance.envelope.unit_id: balance.room for balance in balances.select_related("envelope")}


@acts("model.review")
@require_http_methods(["GET", "POST"])
def moves(request: PortalRequest) -> HttpResponse:
    """Who moves under the draft as it is saved, or typed (POST, which writes nothing), or a proposal."""
    may_review_model(request.user).or_deny()
    version = request.GET.get("version", "")
    if version:
        return _moves_of_proposal(request, version)
    draft = model_selectors.open_draft()
    if draft is None:
        return render(request, "scoring/model_moves.html", {"draft": None}, status=200)
    if request.method == "GET":
        return _show(request, draft.content, {"draft": draft, "what": "the draft"})
    form = ModelDraftForm(draft.content, request.POST)
    if not form.is_valid():
        sentence = "Something that is typed can't be read; the moves show once it is corrected."
        return render(request, "scoring/_model_moves.html", {"sentence": sentence}, status=422)
    return _show(request, form.content(), {"draft": draft, "what": "the draft"})


def _moves_of_proposal(request: PortalRequest, version: str) -> HttpResponse:
    if not version.isdecimal() or len(version) > 9:
        raise Http404
    proposal = get_object_or_404(model_selectors.proposals(), model__version=int(version))
    content = workshop.content_of(model_of(proposal.model))
    return _show(request, content, {"proposal": proposal, "what": f"version {version}"})


def _show(request: PortalRequest, content: Content, context: dict[str, Any]) -> HttpResponse:
    template = "scoring/_model_moves.html" if wants_partial(request) else "scoring/model_moves.html"
    if problems := workshop.check(content):
        sentence = f"The moves show once this is settled: {next(iter(problems.values()))}"
        return render(request, template, context | {"sentence": sentence})
    live = model_selectors.live_scores(rooms(fiscal_year_of(clock.today())))
    found = model_selectors.who_moves(workshop.model_from(content, 0), live)
    size = MOVES_BESIDE if wants_partial(request) else MOVES_A_PAGE
    page = Paginator(found.moves, size).get_page(request.GET.get("page"))
    context |= {
        "found": found,
        "page": page,
        "rows": _with_initiatives(request.user, page),
        "total": len(found.moves),
        "year": fiscal_year_of(clock.today()),
        "currency": settings.BASE_CURRENCY,
    }
    return render(request, template, context)


def _with_initiatives(user: User, page: Page[Any] | Iterable[Any]) -> list[tuple[Initiative, Any]]:
    """Each row with its initiative, if the reader may open it."""
    rows = list(page)
    known = Initiative.objects.open_to(user).select_related("unit").in_bulk([row.initiative for row in rows])
    return [(known[row.initiative], row) for row in rows if row.initiative in known]


@acts("model.review")
@require_GET
def comparison(request: PortalRequest) -> HttpResponse:
    """The open portfolio by score, and where RICE and WSJF would put it. They replace nothing."""
    may_review_model(request.user).or_deny()
    live = model_selectors.live_scores({})
    page = Paginator(model_selectors.comparison(live), MOVES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": _with_initiatives(request.user, page),
        "confidence": [(grade, round(share * 100)) for grade, share in model_selectors.CONFIDENCE.items()],
        "unit": model_selectors.EFFORT_UNIT,
        "currency": settings.BASE_CURRENCY,
    }
    return render(request, "scoring/model_comparison.html", context)
