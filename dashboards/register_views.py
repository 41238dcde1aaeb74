"""The register as a page, with saved views."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import policy
from accounts.http import PortalRequest, acts, wants_partial
from dashboards.models import SavedView
from dashboards.register import Register
from portfolio.permissions import may_start


@acts("initiative.list")
@require_GET
def register(request: PortalRequest) -> HttpResponse:
    """Search, filters in the address, sorting, paging; htmx gets the list alone."""
    listing = Register(request.user, request.GET.dict())
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "listing": listing,
        "form": listing.form,
        "page": listing.page,
        "sort": listing.sort,
        "query": query.urlencode(),
        "active": _active(request, listing),
        "saved_views": SavedView.objects.filter(user=request.user),
        "may_start": may_start(request.user),
        "may_export": policy.may(request.user, "report.export"),
    }
    template = "dashboards/_register_list.html" if wants_partial(request) else "dashboards/register.html"
    return render(request, template, context)


def _active(request: PortalRequest, listing: Register) -> list[dict[str, str]]:
    """The filters in force, each with the address that leaves it out."""
    chips = []
    for name, value in listing.filters.items():
        if name == "sort":
            continue
        query = request.GET.copy()
        query.pop(name, None)
        query.pop("page", None)
        field = listing.form.fields[name]
        words = dict(getattr(field, "choices", ())).get(value, value) if name != "unit" else value
        chips.append({"label": f"{field.label or name.capitalize()}: {words}", "url": f"?{query.urlencode()}"})
    return chips


@acts("initiative.list")
@require_POST
def save_view(request: PortalRequest) -> HttpResponse:
    """Keep the present filters under a name."""
    name, query = request.POST.get("name", "").strip()[:80], request.POST.get("query", "")[:500]
    if name:
        SavedView.objects.update_or_create(user=request.user, name=name, defaults={"query": query})
        messages.success(request, f"View “{name}” is saved.")
    else:
        messages.error(request, "Give the view a name.")
    return redirect(f"{reverse('initiative-list')}?{query}")


@acts("initiative.list")
@require_POST
def delete_view(request: PortalRequest, pk: int) -> HttpResponse:
    """Forget a saved view."""
    get_object_or_404(SavedView, pk=pk, user=request.user).delete()
    return redirect("initiative-list")
