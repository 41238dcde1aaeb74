"""One-time links by which a person sets the first password; signed, dated, and void once it is set."""

from datetime import timedelta

from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User

FIRST_ADMINISTRATOR = timedelta(hours=24)
INVITATION = timedelta(days=7)
_SALT = "accounts.links"


def _state(user: User) -> str:
    """Changes when the password changes, so that a used link is void."""
    return salted_hmac(_SALT, f"{user.pk} {user.password}").hexdigest()[:16]


def welcome_path(user: User, lifetime: timedelta) -> str:
    """The address, without the host, where the person sets a password."""
    token = signing.dumps(
        {"user": user.pk, "state": _state(user), "seconds": int(lifetime.total_seconds())}, salt=_SALT
    )
    return reverse("welcome", args=[token])


def user_of(token: str) -> User | None:
    """Whose link it is; None for one that is forged, past its end or used."""
    try:
        content = signing.loads(token, salt=_SALT)
        signing.loads(token, salt=_SALT, max_age=content["seconds"])
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=content["user"], is_active=True, is_service_account=False).first()
    if (
        user is None
        or user.has_usable_password()
        or not constant_time_compare(content["state"], _state(user))
    ):
        return None
    return user
