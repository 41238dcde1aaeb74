"""Every route of the project, with the action that it names, and the objects that its address can mean."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

# What the sign-in package brings and strangers need to come in; each is named, so a new one is noticed.
OPEN_TO_STRANGERS = frozenset(
    {
        "account_login",
        "account_logout",
        "account_inactive",
        "account_signup",
        "account_email_verification_sent",
        "account_confirm_email",
        "account_confirm_login_code",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "mfa_authenticate",
        "openid_connect_login",
        "openid_connect_callback",
        "socialaccount_login_cancelled",
        "socialaccount_login_error",
        "socialaccount_signup",
    }
)
# And these are about one's own account.
ONES_OWN = frozenset(
    {
        "account_reauthenticate",
        "account_email",
        "account_change_password",
        "account_set_password",
        "mfa_index",
        "mfa_reauthenticate",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
        "socialaccount_connections",
    }
)


@dataclass(frozen=True)
class Route:
    """One address, one method, one action."""

    name: str
    pattern: str
    method: str
    action: str | None

    @property
    def is_api(self) -> bool:
        """Whether it answers with JSON; the API's description for people is a page."""
        return self.name.startswith("api:") and self.name != "api:docs"

    @property
    def argument(self) -> str | None:
        """The name of what stands for an object in the address."""
        found = re.findall(r"<(?:\w+:)?(\w+)>", self.pattern.replace("?P<", "<"))
        objects = [name for name in found if name not in {"figure", "format"}]
        return objects[0] if objects else None

    def path(self, argument: Any = None, **others: Any) -> str:
        """The address for one object."""
        kwargs = dict(others)
        if self.argument is not None:
            kwargs[self.argument] = argument
        return reverse(self.name, kwargs=kwargs)


def _patterns(
    resolver: URLResolver, prefix: str = "", spaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            name = ":".join([*spaces, entry.name or ""])
            yield name, f"{prefix}{entry.pattern}", entry.callback
        else:
            inner = (*spaces, entry.namespace) if entry.namespace else spaces
            yield from _patterns(entry, f"{prefix}{entry.pattern}", inner)


def routes() -> list[Route]:
    """Each address with each method that it takes; the action is None where nobody named one."""
    found: list[Route] = []
    for name, pattern, view in _patterns(get_resolver()):
        cls = getattr(view, "cls", None)
        if cls is None:
            action = getattr(view, "action", None)
            found += [Route(name, pattern, method, action) for method in ("get", "post")]
        elif "(?P<format>" not in pattern:
            # A format suffix is another spelling of the same view.
            actions: dict[str, str] = getattr(cls, "actions_of_routes", {})
            named = getattr(view, "actions", None) or {
                method: method for method in ("get", "post", "put", "patch", "delete") if hasattr(cls, method)
            }
            found += [
                Route(name, pattern, method, actions.get(route))
                for method, route in named.items()
                if method != "head"
            ]
    return found


def is_third_party(route: Route) -> bool:
    """Whether the sign-in package brings it: a name of the lists above, or a redirect of an old address."""
    return route.name in OPEN_TO_STRANGERS | ONES_OWN or route.pattern.startswith("accounts/social/")
