"""The page of one initiative; strangers read its five public fields."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.http import PortalRequest, acts, wants_partial
from dashboards import initiative as page
from portfolio.models import Initiative, Part
from scoring.models import ReturnPosition
from scoring.return_selectors import explain, is_late, known_through
from scoring.selectors import score_of


@acts("initiative.list")
@require_GET
def detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One page: case, score, money, KPIs, risks, decisions, activity. A stranger reads the public fields."""
    initiative = (
        Initiative.objects.open_to(request.user)
        .select_related("unit", "owner", "sponsor", "benefit_owner", "current_case__transaction")
        .filter(pk=pk)
        .first()
    )
    if initiative is None:
        listed = get_object_or_404(Initiative.objects.listed_for(request.user).select_related("unit"), pk=pk)
        return render(request, "dashboards/initiative_listed.html", {"initiative": listed})
    tab = request.GET.get("tab", "case")
    if tab not in page.TABS:
        raise Http404
    position = ReturnPosition.objects.filter(initiative=initiative).first()
    sponsor = initiative.appointments.filter(part=Part.SPONSOR).order_by("-id", "-confirmations__id")
    context = {
        "initiative": initiative,
        "tab": tab,
        "tabs": page.TABS,
        "position": position,
        "course": page.course_of(position) if position else "",
        "is_behind": bool(position and is_late(position)),
        "through": known_through(position) if position else 0,
        "score": score_of(initiative),
        "stages": page.steps(initiative),
        "next": page.what_next(initiative, request.user),
        "watched": page.watched(initiative, request.user),
        "confirmation": sponsor.values_list("confirmations__sentence", flat=True).first(),
    } | page.tab_context(initiative, request.user, tab)
    return render(request, "dashboards/initiative_detail.html", context)


@acts("initiative.view")
@require_GET
def figures(request: PortalRequest, pk: int, figure: str) -> HttpResponse:
    """The explanation of one figure: formula in words, terms, through which record, on which day."""
    initiative = get_object_or_404(Initiative.objects.open_to(request.user).select_related("unit"), pk=pk)
    found = explain(initiative).get(figure)
    if found is None:
        raise Http404
    template = "_components/drawer.html" if wants_partial(request) else "dashboards/initiative_figure.html"
    return render(request, template, {"initiative": initiative, "explanation": found} | found)
