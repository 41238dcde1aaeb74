"""How a page takes a form, runs one act with its values, and shows at the fields what was refused."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Incomplete, Refused
from accounts.forms import DecidingForm
from accounts.http import PortalRequest, stepped_up
from accounts.verdict import Verdict

Doing = Callable[[Mapping[str, Any]], Any]


def posted(request: PortalRequest) -> Any:
    """What a form binds to: the body of a POST, nothing on a GET."""
    return request.POST if request.method == "POST" else None


def took(form: forms.Form, act: Doing, request: PortalRequest) -> bool:
    """Run the act with the form's values; what it refuses stands at its fields."""
    if not form.is_valid() or (isinstance(form, DecidingForm) and not stepped_up(request, form)):
        return False
    values = {name: value for name, value in form.cleaned_data.items() if name != "password"}
    try:
        act(values)
    except (Refused, Incomplete) as error:
        show_refusal(form, error)
        return False
    return True


def show_refusal(form: forms.Form, error: Refused | Incomplete) -> None:
    """Write what an act refused at the fields where it belongs; what has no field stands above the form."""
    found = error.errors if isinstance(error, Refused) else error.missing
    for name, text in (found or {"": error.sentence}).items():
        form.add_error(name if name in form.fields else None, text)


def act_page(
    request: PortalRequest,
    verdict: Verdict,
    form: forms.Form,
    act: Doing,
    *,
    template: str,
    back: str,
    done: str,
    context: Mapping[str, Any],
) -> HttpResponse:
    """One form, one act: verdict, values, act, redirect to `back`. What was typed stays, on 422."""
    verdict.or_deny()
    if form.is_bound and took(form, act, request):
        messages.success(request, done)
        return redirect(back)
    return render(request, template, {**context, "form": form}, status=422 if form.is_bound else 200)
