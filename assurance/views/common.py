"""How a page of this room fetches, takes a form, and shows what was refused."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.errors import Refused
from accounts.http import PortalRequest, stepped_up
from accounts.verdict import Verdict
from assurance.forms import DecidingForm
from assurance.selectors import Standing
from portfolio.models import Initiative


def initiative_of(request: PortalRequest, pk: int) -> Initiative:
    """The initiative that the reader may open whole, or 404."""
    found = Initiative.objects.open_to(request.user).select_related(
        "unit", "current_case", "owner", "sponsor", "benefit_owner"
    )
    return get_object_or_404(found, pk=pk)


def posted(request: PortalRequest) -> Any:
    """What a form binds to: the body of a POST, nothing on a GET."""
    return request.POST if request.method == "POST" else None


def took(form: forms.Form, act: Callable[[Mapping[str, Any]], Any], request: PortalRequest) -> bool:
    """Run the act with the form's values; what it refuses stands at its fields."""
    if not form.is_valid() or (isinstance(form, DecidingForm) and not stepped_up(request, form)):
        return False
    values = {name: value for name, value in form.cleaned_data.items() if name != "password"}
    try:
        act(values)
    except Refused as error:
        for name, text in (error.errors or {"": error.sentence}).items():
            form.add_error(name if name in form.fields else None, text)
        return False
    return True


def act_page(
    request: PortalRequest,
    initiative: Initiative | None,
    verdict: Verdict,
    form: forms.Form,
    act: Callable[[Mapping[str, Any]], Any],
    *,
    title: str,
    button: str,
    done: str,
    back: str = "",
    words: str = "",
    is_danger: bool = False,
    shown: Sequence[Standing] = (),
) -> HttpResponse:
    """One form, one act; `back` is where it leads, the tab of risks when nothing is said.

    `shown` are controls whose evidence stands above the form.
    """
    verdict.or_deny()
    if not back:
        back = f"{initiative.get_absolute_url()}?tab=risk" if initiative is not None else "/"
    if form.is_bound and took(form, act, request):
        messages.success(request, done)
        return redirect(back)
    context = {
        "initiative": initiative,
        "form": form,
        "heading": title,
        "button": button,
        "back": back,
        "words": words,
        "is_danger": is_danger,
        "shown": shown,
    }
    return render(request, "assurance/act.html", context, status=422 if form.is_bound else 200)
