"""Pages of deputies: who signs on whose behalf."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.acting import took
from accounts.forms import ReasonForm, StepUpForm
from accounts.http import PortalRequest, acts, is_fresh, stepped_up
from governance import deputies
from governance.forms.deputies import DeputyForm
from governance.services import deputies as services

PAGE = 50


@acts("deputy.view")
@require_GET
def deputy_list(request: PortalRequest) -> HttpResponse:
    """One's own deputies and those one is, with the form to name one; all of them for who keeps roles."""
    return _page(request)


def _page(
    request: PortalRequest,
    *,
    form: forms.Form | None = None,
    unconfirmed: dict[int, forms.Form] | None = None,
    unended: dict[int, forms.Form] | None = None,
) -> HttpResponse:
    user, fresh = request.user, is_fresh(request)
    page = Paginator(deputies.listed_for(user), PAGE).get_page(request.GET.get("page"))
    rows: list[dict[str, Any]] = []
    for row in page.object_list:
        waits = deputies.state_of(row) == "waits for a second person"
        runs = deputies.state_of(row) in {"in force", "confirmed, not begun"}
        rows.append(
            {
                "deputy": row,
                "state": deputies.state_of(row),
                "may_confirm": deputies.may_confirm_deputy(user, row) if waits else None,
                "may_end": deputies.may_end_deputy(user, row) if waits or runs else None,
                "confirm_form": (unconfirmed or {}).get(row.pk)
                or StepUpForm(is_fresh=fresh, auto_id=f"id_confirm_{row.pk}_%s"),
                "end_form": (unended or {}).get(row.pk) or ReasonForm(auto_id=f"id_end_{row.pk}_%s"),
            }
        )
    context = {
        "page": page,
        "rows": rows,
        "currency": settings.BASE_CURRENCY,
        "may_name": deputies.may_name_deputy(user),
        "form": form or DeputyForm(is_fresh=fresh, principal=user),
    }
    status = 422 if form or unconfirmed or unended else 200
    return render(request, "governance/deputy_list.html", context, status=status)


@acts("deputy.name")
@require_POST
def deputy_name(request: PortalRequest) -> HttpResponse:
    """Name a deputy for oneself."""
    deputies.may_name_deputy(request.user).or_deny()
    form = DeputyForm(request.POST, is_fresh=is_fresh(request), principal=request.user)
    if not took(form, lambda values: services.name_deputy(**values, actor=request.user), request):
        return _page(request, form=form)
    messages.success(request, f"{form.cleaned_data['deputy']} stands in once a second person confirms it.")
    return redirect("deputy-list")


@acts("deputy.confirm")
@require_POST
def deputy_confirm(request: PortalRequest, pk: int) -> HttpResponse:
    """The second person's yes."""
    row = get_object_or_404(deputies.listed_for(request.user), pk=pk)
    deputies.may_confirm_deputy(request.user, row).or_deny()
    form = StepUpForm(request.POST, is_fresh=is_fresh(request), auto_id=f"id_confirm_{pk}_%s")
    if not form.is_valid() or not stepped_up(request, form):
        return _page(request, unconfirmed={pk: form})
    services.confirm_deputy(row, actor=request.user)
    messages.success(request, f"{row.deputy} may sign on behalf of {row.principal}.")
    return redirect("deputy-list")


@acts("deputy.end")
@require_POST
def deputy_end(request: PortalRequest, pk: int) -> HttpResponse:
    """End a deputy."""
    row = get_object_or_404(deputies.listed_for(request.user), pk=pk)
    deputies.may_end_deputy(request.user, row).or_deny()
    form = ReasonForm(request.POST, auto_id=f"id_end_{pk}_%s")
    if not took(form, lambda values: services.end_deputy(row, **values, actor=request.user), request):
        return _page(request, unended={pk: form})
    messages.success(request, f"{row.deputy} signs no longer on behalf of {row.principal}.")
    return redirect("deputy-list")
