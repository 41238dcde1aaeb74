"""How a page of governance fetches, takes a form, and shows what was refused."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.errors import Incomplete, Refused
from accounts.http import PortalRequest, stepped_up
from accounts.verdict import Verdict
from governance import gates
from governance.forms.common import DecidingForm
from governance.models import Gate
from portfolio.models import Initiative


def initiative_of(request: PortalRequest, pk: int) -> Initiative:
    """The initiative that the reader may open whole, or 404."""
    found = Initiative.objects.open_to(request.user).select_related(
        "unit", "current_case", "sponsor", "owner"
    )
    return get_object_or_404(found, pk=pk)


def took(form: forms.Form, act: Callable[[Mapping[str, Any]], Any], request: PortalRequest) -> bool:
    """Run the act with the form's values; what it refuses stands at its fields."""
    if not form.is_valid() or (isinstance(form, DecidingForm) and not stepped_up(request, form)):
        return False
    values = {name: value for name, value in form.cleaned_data.items() if name != "password"}
    try:
        act(values)
    except (Refused, Incomplete) as error:
        found = error.errors if isinstance(error, Refused) else error.missing
        for name, text in (found or {"": error.sentence}).items():
            form.add_error(name if name in form.fields else None, text)
        return False
    return True


def act_page(
    request: PortalRequest,
    initiative: Initiative,
    verdict: Verdict,
    form: forms.Form,
    act: Callable[[Mapping[str, Any]], Any],
    *,
    title: str,
    button: str,
    done: str,
    tab: str = "decisions",
    gate: str = "",
) -> HttpResponse:
    """One form, one act on one initiative, with what the gate asks beside it."""
    verdict.or_deny()
    if form.is_bound and took(form, act, request):
        messages.success(request, done)
        return redirect(f"{initiative.get_absolute_url()}?tab={tab}")
    context = {
        "initiative": initiative,
        "form": form,
        "heading": title,
        "button": button,
        "tab": tab,
        "gate": Gate(gate).label if gate else "",
        "items": gates.check(initiative, gate) if gate else [],
    }
    return render(request, "governance/act.html", context, status=422 if form.is_bound else 200)
