"""The register as a page, with saved views."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import policy
from accounts.http import PortalRequest, acts, wants_partial
from dashboards.models import SavedView
from dashboards.register import PUBLIC_FILTERS, Register, RegisterFilter
from portfolio.permissions import may_start

LONGEST_QUERY = 500


@acts("initiative.list")
@require_GET
def register(request: PortalRequest) -> HttpResponse:
    """Search, filters in the address, sorting, paging; htmx gets the list alone."""
    listing = Register(request.user, request.GET.dict())
    context = {
        "listing": listing,
        "form": listing.form,
        "page": listing.page,
        "sort": listing.sort,
        "query": _filters_of(request.GET),
        "active": _active(request, listing),
        "shows_more": bool(set(listing.filters) - PUBLIC_FILTERS) or not listing.is_valid,
        "saved_views": SavedView.objects.filter(user=request.user),
        "may_start": may_start(request.user),
        "may_export": policy.may(request.user, "report.export"),
    }
    template = "dashboards/_register_list.html" if wants_partial(request) else "dashboards/register.html"
    return render(request, template, context, status=200 if listing.is_valid else 422)


def _filters_of(query: QueryDict) -> str:
    """The filters of an address that say something, without the page."""
    kept = QueryDict(mutable=True)
    for name in RegisterFilter.base_fields:
        if value := query.get(name, ""):
            kept[name] = value
    return kept.urlencode()


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
        words = value if name == "unit" else dict(getattr(field, "choices", ())).get(value, value)
        label = f"{field.label or name.capitalize()}: {words}"
        chips.append({"label": label, "url": f"{request.path}?{query.urlencode()}"})
    return chips


@acts("initiative.list")
@require_POST
def save_view(request: PortalRequest) -> HttpResponse:
    """Keep the present filters under a name."""
    query = _filters_of(QueryDict(request.POST.get("query", "")[: LONGEST_QUERY * 4]))
    name = request.POST.get("name", "").replace("\x00", "").strip()
    if not name or len(name) > 80:
        messages.error(request, "Give the view a name of at most 80 characters.")
    elif len(query) > LONGEST_QUERY:
        messages.error(request, "This view has too many filters to keep.")
    else:
        SavedView.objects.update_or_create(user=request.user, name=name, defaults={"query": query})
        messages.success(request, f"View “{name}” is saved.")
    return redirect(f"{reverse('initiative-list')}?{query}")


@acts("initiative.list")
@require_POST
def delete_view(request: PortalRequest, pk: int) -> HttpResponse:
    """Forget a saved view."""
    get_object_or_404(SavedView, pk=pk, user=request.user).delete()
    return redirect("initiative-list")
