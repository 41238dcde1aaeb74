"""What the frame around every page shows: at most three queries, whatever the page and the reader."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.functional import SimpleLazyObject

from accounts import policy, selectors
from accounts.models import Notification, Role, RoleGrant, Unit, User
from ledger import clock
from ledger.models import LedgerHead
from portfolio.models import RateSet
from portfolio.selectors import fiscal_year_of
from scoring.selectors import assignments_to_write


@dataclass(frozen=True)
class Place:
    """An entry of the navigation: its words, its address, the actions of which the reader needs one.

    What lies under the addresses in `also` belongs to it as well, and is reached from its page.
    """

    label: str
    url_name: str
    icon: str
    actions: tuple[str, ...]
    also: tuple[str, ...] = ()


PLACES = (
    Place("Home", "home", "home", ("portal.use",)),
    Place(
        "Register",
        "initiative-list",
        "register",
        ("initiative.list",),
        ("decisions/", "conditions/", "tranches/"),
    ),
    Place("Scoring", "scorecard-list", "scoring", ("scoring.view",)),
    Place(
        "Rounds",
        "funding-round-list",
        "signature",
        ("round.view", "decision.sign", "risk.concur"),
        ("signings/",),
    ),
    Place("Portfolio", "executive", "portfolio", ("dashboard.executive",)),
    Place("Finance", "finance", "finance", ("dashboard.finance",), ("envelopes/", "co-fundings/")),
    Place("Imports", "import-list", "import", ("import.view",)),
    Place("Reports", "report-list", "reports", ("report.export",)),
    Place("Model", "scoring-model", "target", ("model.view",)),
    Place("Gates", "gates", "lock", ("gates.view",), ("authority/", "bodies/")),
    Place("Incidents", "incident-list", "warning", ("controls.view",)),
    Place("Controls", "control-list", "check", ("controls.view",)),
    Place("Ledger", "ledger", "ledger", ("ledger.view",)),
    Place("People", "people", "people", ("people.view",), ("access-reviews/", "units/", "tokens/")),
    Place("Policy", "policy", "policy", ("policy.view",)),
)


def frame(request: HttpRequest) -> dict[str, object]:
    """Navigation by role, unread messages, and as of when the page speaks; read only if a page asks."""
    context: dict[str, object] = {"frame": SimpleLazyObject(lambda: _frame(request))}
    match = request.resolver_match
    if settings.DEMO and match is not None and match.url_name == "account_login":
        context["demo_accounts"] = SimpleLazyObject(_demo_accounts)
    return context


def _frame(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        root = Unit.objects.filter(parent=None).first() if settings.DEMO else None
        return {"demo": settings.DEMO, "demo_company": root.name if root else ""}
    known = _known(user)
    return {
        "nav": _places(request, user, known),
        "user_name": user.name,
        "user_roles": sorted(policy.role_in_words(role) for role in policy.roles_of(user)),
        "unread": known["unread"],
        "demo": settings.DEMO,
        "demo_company": known["company"],
        "as_of": clock.now(),
        "point": getattr(request, "as_of", None),
        "now_url": _now_url(request),
        "as_of_url": _as_of_url(request),
        "seq": known["seq"],
        "currency": settings.BASE_CURRENCY,
        "rates": f"planning rates FY{known['rates']}" if known["rates"] else "no planning rates",
    }


def _without_point(address: str) -> str:
    return re.sub(r"as-of/[0-9-]+/", "", address, count=1)


def _now_url(request: HttpRequest) -> str:
    """The address of this page as of now; of an answer to a form, the page that the form stands on."""
    return _without_point(request.get_full_path())


def _as_of_url(request: HttpRequest) -> str:
    """Where to choose an earlier point for this page; empty for a page that is always of now."""
    match = request.resolver_match
    rule = policy.table().get(getattr(match.func, "action", "")) if match else None
    if rule is None or not rule.as_of:
        return ""
    return f"{_without_point(get_script_prefix())}as-of/?{urlencode({'next': _now_url(request)})}"


def _known(user: User) -> dict[str, Any]:
    """All that the frame reads from the database but for the reader's grants, in one query."""
    year = fiscal_year_of(clock.today())
    rates = RateSet.objects.filter(fiscal_year__lte=year, base=settings.BASE_CURRENCY).exclude(
        confirmation=None
    )
    columns: dict[str, Any] = {
        "unread": _number(Notification.objects.filter(recipient=user, read_at=None)),
        "company": Subquery(Unit.objects.filter(parent=None).order_by("pk").values("name")[:1]),
        "rates": Subquery(rates.order_by("-fiscal_year", "-pk").values("fiscal_year")[:1]),
    }
    if policy.may(user, "role.confirm"):
        columns["people"] = _number(selectors.waiting_grants(user))
    if policy.may(user, "scorecard.write"):
        columns["scorecard-list"] = _number(assignments_to_write(user))
    heads = LedgerHead.objects.filter(pk=1).annotate(**columns)
    nothing = dict.fromkeys(columns) | {"seq": 0}
    return heads.values("seq", *columns).first() or nothing


def _number(rows: QuerySet[Any]) -> Subquery:
    """How many rows there are, as a column of another query."""
    everything = rows.order_by().values(same=OuterRef("pk")).annotate(number=Count("pk"))
    return Subquery(everything.values("number"), output_field=IntegerField())


def _places(request: HttpRequest, user: User, counts: dict[str, Any]) -> list[dict[str, Any]]:
    shown, home = [], reverse("home")
    for place in PLACES:
        if not any(policy.may(user, action) for action in place.actions):
            continue
        url = reverse(place.url_name)
        within = (() if url == home else (url,)) + tuple(home + address for address in place.also)
        shown.append(
            {
                "label": place.label,
                "url": url,
                "icon": place.icon,
                "active": request.path == url or request.path.startswith(within),
                "count": counts.get(place.url_name) or 0,
            }
        )
    return shown


def _demo_accounts() -> list[dict[str, str]]:
    """One account of each role, for the sign-in page of the demonstration."""
    grants = (
        RoleGrant.objects.active()
        .exclude(role=Role.INTEGRATOR)
        .select_related("user", "unit")
        .order_by("role", "pk")
    )
    first: dict[str, RoleGrant] = {}
    for grant in grants:
        first.setdefault(grant.role, grant)
    order = list(Role.values)
    return [
        {"email": grant.user.email, "role": f"{grant.get_role_display()}, {grant.unit}"}
        for grant in sorted(first.values(), key=lambda grant: order.index(grant.role))
    ]
