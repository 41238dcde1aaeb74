"""What views share: the signed-in user with its type, the action of a route, and what answer is wanted."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_htmx.middleware import HtmxDetails

from accounts import policy
from accounts.errors import StepUpNeeded
from accounts.models import User

P = ParamSpec("P")


class PortalRequest(HttpRequest):
    """A request of a signed-in person (LoginRequiredMiddleware sees to it)."""

    user: User
    htmx: HtmxDetails
    # Why an act was not allowed, where its form shows that at a field; such an attempt is kept as well.
    refused_in_form: str


def signed_in(request: Any) -> User:
    """The signed-in user of a page or API request. Raises PermissionDenied for a stranger."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def acts(
    action: str,
) -> Callable[
    [Callable[Concatenate[Any, P], HttpResponseBase]],
    Callable[Concatenate[Any, P], HttpResponseBase],
]:
    """Name the policy action of a page: `@acts("initiative.view")`, above all other decorators.

    Who has no role for the action anywhere is refused before the view runs; unit, part and stage stay the
    business of the act's own `may_x`. A test walks all routes and fails on one without an action.
    Raises KeyError, when the code is loaded, for an action that the table doesn't have.
    """
    policy.table()[action]

    def decorate(
        view: Callable[Concatenate[Any, P], HttpResponseBase],
    ) -> Callable[Concatenate[Any, P], HttpResponseBase]:
        @wraps(view)
        def checked(request: Any, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            policy.may(signed_in(request), action).or_deny()
            return view(request, *args, **kwargs)

        checked.action = action  # type: ignore[attr-defined]
        return checked

    return decorate


def open_to_all(view: Callable[Concatenate[Any, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Name a page that strangers may open: a visible act, and a short list in the tests."""
    view.action = "public"  # type: ignore[attr-defined]
    opened: Callable[..., HttpResponseBase] = login_not_required(view)
    return opened


def wants_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a fragment and not for a page."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person confirmed who they are within the last five minutes."""
    moments = [record["at"] for record in get_authentication_records(request, signed_in(request))]
    return bool(moments) and time.time() - max(moments) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def stepped_up(request: HttpRequest, form: Form) -> bool:
    """Whether it is surely them; if not, the form says so at its password."""
    try:
        step_up(request, str(form.cleaned_data.get("password", "")))
    except StepUpNeeded as error:
        form.add_error("password" if "password" in form.fields else None, error.sentence)
        return False
    return True


def step_up(request: HttpRequest, password: str = "") -> None:
    """Accept a recent sign-in or the password typed with the act. Raises StepUpNeeded otherwise."""
    if is_fresh(request):
        return
    user = signed_in(request)
    # Tried as a sign-in is, so that guesses count and lock the account as they do there.
    if password and authenticate(request, email=user.email, login=user.email, password=password) == user:
        reauthenticate_by_password(request)
        return
    raise StepUpNeeded("Confirm that it is you: type your password with this act.")
