"""The page of break-glass."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import glass, policy
from accounts.errors import Refused
from accounts.forms import GlassForm, StepUpForm
from accounts.http import PortalRequest, acts, is_fresh, stepped_up
from accounts.models import BreakGlass
from accounts.permissions import may_read_attempts

PAGE = 25


@acts("glass.view")
@require_GET
def glass_list(request: PortalRequest) -> HttpResponse:
    """What was asked, granted and done by break-glass, and the form to ask."""
    return _page(request)


def _page(
    request: PortalRequest, *, form: forms.Form | None = None, refused: dict[int, forms.Form] | None = None
) -> HttpResponse:
    user, fresh = request.user, is_fresh(request)
    page = Paginator(glass.listed(), PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    done = glass.acts_under(shown)
    rows: list[dict[str, Any]] = [
        {
            "glass": each,
            "state": glass.state_of(each),
            "approvals": each.approvals.all(),
            "grant": getattr(each, "grant", None),
            "acts": done.get(each.pk, []),
            "may_grant": glass.may_grant_glass(user, each)
            if glass.state_of(each).startswith("waits")
            else None,
            "form": (refused or {}).get(each.pk) or StepUpForm(is_fresh=fresh, auto_id=f"id_{each.pk}_%s"),
        }
        for each in shown
    ]
    context = {
        "page": page,
        "rows": rows,
        "may_ask": glass.may_ask(user),
        "sees_policy": policy.may(user, "policy.view"),
        "may_read_attempts": may_read_attempts(user),
        "form": form or GlassForm(roles=glass.roles()),
    }
    status = 422 if form is not None or refused is not None else 200
    return render(request, "accounts/glass_list.html", context, status=status)


@acts("glass.ask")
@require_POST
def glass_ask(request: PortalRequest) -> HttpResponse:
    """Ask for a role for another person."""
    glass.may_ask(request.user).or_deny()
    form = GlassForm(request.POST, roles=glass.roles())
    if not form.is_valid():
        return _page(request, form=form)
    try:
        glass.ask(**form.cleaned_data, actor=request.user)
    except Refused as error:
        for name, text in error.errors.items():
            form.add_error(name, text)
        return _page(request, form=form)
    messages.success(request, "Two others have to grant it; risk officer, auditor and CEO know.")
    return redirect("glass-list")


@acts("glass.grant")
@require_POST
def glass_grant(request: PortalRequest, pk: int) -> HttpResponse:
    """One of the two yeses."""
    found = get_object_or_404(BreakGlass.objects.select_related("person", "unit"), pk=pk)
    glass.may_grant_glass(request.user, found).or_deny()
    form = StepUpForm(request.POST, is_fresh=is_fresh(request), auto_id=f"id_{pk}_%s")
    if not form.is_valid() or not stepped_up(request, form):
        return _page(request, refused={pk: form})
    glass.grant(found, actor=request.user)
    messages.success(request, f"Your yes to {found} is kept.")
    return redirect("glass-list")
