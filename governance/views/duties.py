"""The page of what the rules of segregation keep apart and somebody holds."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.http import PortalRequest, acts
from accounts.permissions import may_read_attempts, may_read_duties
from accounts.segregation import why_strict
from governance.collisions import collisions as found_collisions

PAGE = 50


@acts("duties.view")
@require_GET
def collisions(request: PortalRequest) -> HttpResponse:
    """People, their roles, and what rules hold against those in which initiatives."""
    may_read_duties(request.user).or_deny()
    page = Paginator(found_collisions(), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "why_strict": why_strict(),
        "may_read_attempts": may_read_attempts(request.user),
    }
    return render(request, "governance/segregation_collisions.html", context)
