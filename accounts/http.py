"""What views share: the signed-in user with its type, and what kind of answer is wanted."""

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.errors import StepUpNeeded
from accounts.models import User


class PortalRequest(HttpRequest):
    """A request of a signed-in person (LoginRequiredMiddleware sees to it)."""

    user: User
    htmx: HtmxDetails


def signed_in(request: Any) -> User:
    """The signed-in user of a page or API request. Raises PermissionDenied for a stranger."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def wants_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a fragment and not for a page."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.boosted


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person confirmed who they are within the last five minutes."""
    moments = [record["at"] for record in get_authentication_records(request, signed_in(request))]
    return bool(moments) and time.time() - max(moments) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def step_up(request: HttpRequest, password: str = "") -> None:
    """Accept a recent sign-in or the password typed with the act. Raises StepUpNeeded otherwise."""
    if is_fresh(request):
        return
    user = signed_in(request)
    if password and user.check_password(password):
        reauthenticate_by_password(request)
        return
    raise StepUpNeeded("Confirm that it is you: type your password with this act.")
