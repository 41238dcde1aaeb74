"""What every route of the API asks before it runs: the policy table."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import policy
from accounts.http import signed_in

if TYPE_CHECKING:
    # The views load the default permissions, so this module can't load the views.
    from rest_framework.views import APIView


class TableAllows(BasePermission):
    """The same for the API: a view's `actions_of_routes` names the policy action of each of its routes.

    Keys are the viewset's own names (`list`, `retrieve`, `sign`), or `get`, `post` for a plain APIView.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """True, or NotAllowed with the table's sentence: the role, or the scope that the token lacks."""
        method = str(request.method).lower()
        # A viewset knows its route by name; None there means that the method has none and answers 405.
        route = view.action if hasattr(view, "action") else {"head": "get"}.get(method, method)
        if route in {None, "metadata", "options"} or (route == method and not hasattr(view, method)):
            return True
        actions: dict[str, str] = getattr(view, "actions_of_routes", {})
        if route not in actions:
            return False
        policy.may(signed_in(request), actions[route]).or_deny()
        return True
