"""People, units, tokens, the table of who may do what, and one's own profile."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import links, policy, selectors, services
from accounts.acting import show_refusal
from accounts.errors import Refused
from accounts.forms import (
    DisableForm,
    FirstPasswordForm,
    GrantForm,
    InviteForm,
    MoveForm,
    PeopleFilter,
    PolicyFilter,
    ReasonForm,
    ServiceAccountForm,
    StepUpForm,
    TokenForm,
    UnitForm,
)
from accounts.http import PortalRequest, acts, is_fresh, open_to_all, stepped_up
from accounts.models import ApiToken, RoleGrant, Unit, User
from accounts.permissions import (
    may_add_unit,
    may_confirm_grant,
    may_create_token,
    may_disable,
    may_grant,
    may_invite,
    may_move_unit,
    may_revoke,
    may_revoke_token,
)
from ledger import clock

PAGE = 50


# People --------------------------------------------------------------------------------------


@acts("people.view")
@require_GET
def people(request: PortalRequest) -> HttpResponse:
    """Everybody with an account, and the grants that wait for a second person."""
    form = PeopleFilter(request.GET)
    form.is_valid()
    listed = selectors.people(
        request.user,
        words=form.cleaned_data.get("words", ""),
        everyone=form.cleaned_data.get("show") == "all",
    )
    return render(
        request,
        "accounts/people.html",
        {
            "form": form,
            "page": Paginator(listed, PAGE).get_page(request.GET.get("page")),
            "waiting": selectors.waiting_grants(request.user),
            "may_invite": may_invite(request.user),
        },
    )


@acts("user.invite")
@require_http_methods(["GET", "POST"])
def user_invite(request: PortalRequest) -> HttpResponse:
    """Add a person."""
    form = InviteForm(request.POST or None, is_fresh=is_fresh(request))
    if request.method == "POST":
        if form.is_valid():
            may_invite(request.user, form.cleaned_data["home_unit"]).or_deny()
            if stepped_up(request, form):
                user = services.invite_user(
                    name=form.cleaned_data["name"],
                    email=form.cleaned_data["email"],
                    home_unit=form.cleaned_data["home_unit"],
                    actor=request.user,
                )
                messages.success(
                    request, f"{user} gets a link by mail. Grant a role now, so that it is of use."
                )
                return redirect("person-detail", user.pk)
        return render(request, "accounts/user_invite.html", {"form": form}, status=422)
    return render(request, "accounts/user_invite.html", {"form": form})


@acts("people.view")
@require_GET
def person_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One person: who it is, which roles, and what can be done about them."""
    return _person(request, _covered(request, pk))


def _covered(request: PortalRequest, pk: int) -> User:
    return get_object_or_404(selectors.people(request.user, everyone=True), pk=pk)


def _person(
    request: PortalRequest,
    person: User,
    *,
    grant_form: GrantForm | None = None,
    disable_form: DisableForm | None = None,
    confirm_form: tuple[int, StepUpForm] | None = None,
    revoke_form: tuple[int, ReasonForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    fresh = is_fresh(request)
    refused_confirm, refused_revoke = (
        dict([confirm_form] if confirm_form else []),
        dict([revoke_form] if revoke_form else []),
    )
    active = {grant.pk for grant in RoleGrant.objects.active().filter(user=person)}
    grants = [
        {
            "grant": grant,
            "is_active": grant.pk in active,
            "is_confirmed": hasattr(grant, "confirmation"),
            "is_revoked": hasattr(grant, "revocation"),
            "may_confirm": may_confirm_grant(request.user, grant),
            "may_revoke": may_revoke(request.user, grant),
            "confirm_form": refused_confirm.get(grant.pk)
            or StepUpForm(is_fresh=fresh, prefix=f"confirm-{grant.pk}"),
            "revoke_form": refused_revoke.get(grant.pk) or ReasonForm(prefix=f"revoke-{grant.pk}"),
        }
        for grant in selectors.grants_of_person(person)
    ]
    return render(
        request,
        "accounts/person_detail.html",
        {
            "person": person,
            "grants": grants,
            "may_grant": may_grant(request.user, None, person),
            "grant_form": grant_form or GrantForm(prefix="grant"),
            "may_disable": may_disable(request.user, person),
            "disable_form": disable_form or DisableForm(is_fresh=fresh, prefix="disable"),
            "needs_link": not person.is_service_account
            and not person.has_usable_password()
            and person.is_active,
            "may_invite": may_invite(request.user, person.home_unit),
            "sees_policy": policy.may(request.user, "policy.view"),
        },
        status=status,
    )


@acts("user.invite")
@require_POST
def user_link(request: PortalRequest, pk: int) -> HttpResponse:
    """Send the link to set a password again."""
    person = _covered(request, pk)
    services.send_link_again(person, actor=request.user)
    messages.success(request, f"{person} gets a fresh link by mail; older ones stay good until their end.")
    return redirect("person-detail", pk)


@acts("user.disable")
@require_POST
def user_disable(request: PortalRequest, pk: int) -> HttpResponse:
    """Close an account."""
    person = _covered(request, pk)
    may_disable(request.user, person).or_deny()
    form = DisableForm(request.POST, is_fresh=is_fresh(request), prefix="disable")
    if not form.is_valid() or not stepped_up(request, form):
        return _person(request, person, disable_form=form, status=422)
    services.disable_user(person, reason=form.cleaned_data["reason"], actor=request.user)
    messages.success(request, f"{person} can't sign in any more.")
    return redirect("person-detail", pk)


@acts("role.grant")
@require_POST
def role_grant(request: PortalRequest, pk: int) -> HttpResponse:
    """Give a role."""
    person = _covered(request, pk)
    may_grant(request.user, None, person).or_deny()
    form = GrantForm(request.POST, prefix="grant")
    if not form.is_valid():
        return _person(request, person, grant_form=form, status=422)
    verdict = may_grant(request.user, form.cleaned_data["unit"], person, form.cleaned_data["role"])
    if not verdict:
        form.add_error("role", verdict.reason)
        request.refused_in_form = verdict.reason
        return _person(request, person, grant_form=form, status=422)
    try:
        grant = services.grant_role(person, **form.cleaned_data, actor=request.user)
    except Refused as error:
        show_refusal(form, error)
        return _person(request, person, grant_form=form, status=422)
    messages.success(
        request, f"{person} is {grant.get_role_display()} for {grant.unit}. A second person confirms it."
    )
    return redirect("person-detail", pk)


@acts("role.confirm")
@require_POST
def grant_confirm(request: PortalRequest, pk: int) -> HttpResponse:
    """The second person's yes to a grant."""
    grant = _grant(request, pk)
    may_confirm_grant(request.user, grant).or_deny()
    form = StepUpForm(request.POST, is_fresh=is_fresh(request), prefix=f"confirm-{pk}")
    if not form.is_valid() or not stepped_up(request, form):
        return _person(request, _covered(request, grant.user_id), confirm_form=(pk, form), status=422)
    services.confirm_grant(grant, actor=request.user)
    messages.success(request, f"{grant.user} may decide as {grant.get_role_display()} for {grant.unit}.")
    return redirect("person-detail", grant.user_id)


@acts("role.revoke")
@require_POST
def grant_revoke(request: PortalRequest, pk: int) -> HttpResponse:
    """End a grant."""
    grant = _grant(request, pk)
    may_revoke(request.user, grant).or_deny()
    form = ReasonForm(request.POST, prefix=f"revoke-{pk}")
    if not form.is_valid():
        return _person(request, _covered(request, grant.user_id), revoke_form=(pk, form), status=422)
    services.revoke_grant(grant, reason=form.cleaned_data["reason"], actor=request.user)
    messages.success(request, f"{grant.user} is no longer {grant.get_role_display()} for {grant.unit}.")
    return redirect("person-detail", grant.user_id)


def _grant(request: PortalRequest, pk: int) -> RoleGrant:
    covered = selectors.people(request.user, everyone=True).order_by()
    grants: QuerySet[RoleGrant] = RoleGrant.objects.filter(user__in=covered)
    return get_object_or_404(grants.select_related("user__answers_for_it", "unit"), pk=pk)


# Units ---------------------------------------------------------------------------------------


@acts("people.view")
@require_GET
def unit_list(request: PortalRequest) -> HttpResponse:
    """The tree of units."""
    return render(
        request,
        "accounts/unit_list.html",
        {
            "branches": selectors.unit_tree(),
            "may_add": may_add_unit(request.user),
            "may_move": policy.may(request.user, "unit.move"),
        },
    )


@acts("unit.add")
@require_http_methods(["GET", "POST"])
def unit_add(request: PortalRequest) -> HttpResponse:
    """Add a unit below another."""
    form = UnitForm(request.POST or None, initial={"parent": request.GET.get("parent")})
    if request.method == "POST":
        if form.is_valid():
            unit = services.add_unit(**form.cleaned_data, actor=request.user)
            messages.success(request, f"{unit} stands below {unit.parent}.")
            return redirect("unit-list")
        return render(request, "accounts/unit_add.html", {"form": form}, status=422)
    return render(request, "accounts/unit_add.html", {"form": form})


@acts("unit.move")
@require_http_methods(["GET", "POST"])
def unit_move(request: PortalRequest, pk: int) -> HttpResponse:
    """Put a unit under another."""
    unit = get_object_or_404(Unit.objects.select_related("parent"), pk=pk)
    may_move_unit(request.user, unit).or_deny()
    form = MoveForm(request.POST or None, unit=unit)
    context = {"form": form, "unit": unit, "below": Unit.objects.under(unit).count() - 1}
    if request.method == "POST":
        if form.is_valid():
            services.move_unit(unit, **form.cleaned_data, actor=request.user)
            messages.success(request, f"{unit} stands below {form.cleaned_data['parent']} now.")
            return redirect("unit-list")
        return render(request, "accounts/unit_move.html", context, status=422)
    return render(request, "accounts/unit_move.html", context)


# Service accounts and tokens -----------------------------------------------------------------


@acts("people.view")
@require_GET
def token_list(request: PortalRequest) -> HttpResponse:
    """The API's tokens and the service accounts that hold them."""
    accounts = selectors.people(request.user).filter(is_service_account=True)
    return render(
        request,
        "accounts/token_list.html",
        {
            "page": Paginator(selectors.tokens(request.user), PAGE).get_page(request.GET.get("page")),
            "accounts": accounts,
            "may_create": may_create_token(request.user),
            "may_revoke": policy.may(request.user, "token.revoke"),
            "now": clock.now(),
        },
    )


@acts("user.invite")
@require_http_methods(["GET", "POST"])
def service_account_add(request: PortalRequest) -> HttpResponse:
    """Add an account for a program."""
    form = ServiceAccountForm(request.POST or None, is_fresh=is_fresh(request))
    if request.method == "POST":
        if form.is_valid():
            may_invite(request.user, form.cleaned_data["home_unit"]).or_deny()
            if stepped_up(request, form):
                values = {name: value for name, value in form.cleaned_data.items() if name != "password"}
                account = services.add_service_account(**values, actor=request.user)
                messages.success(
                    request, f"{account} is there. Grant it the role of integrator for its unit."
                )
                return redirect("person-detail", account.pk)
        return render(request, "accounts/service_account_add.html", {"form": form}, status=422)
    return render(request, "accounts/service_account_add.html", {"form": form})


@acts("token.create")
@never_cache
@require_http_methods(["GET", "POST"])
def token_create(request: PortalRequest) -> HttpResponse:
    """Make a token; its secret shows on the next page, once."""
    form = TokenForm(
        request.POST or None,
        is_fresh=is_fresh(request),
        initial={"user": request.GET.get("user"), "expires_on": selectors.ends_on(90)},
    )
    if request.method == "POST":
        if form.is_valid():
            account = get_object_or_404(selectors.people(request.user), pk=form.cleaned_data["user"].pk)
            may_create_token(request.user, account).or_deny()
            if stepped_up(request, form):
                made = services.create_token(
                    account,
                    name=form.cleaned_data["name"],
                    scopes=form.cleaned_data["scopes"],
                    expires_on=form.cleaned_data["expires_on"],
                    actor=request.user,
                )
                request.session["new_token"] = {"pk": made.token.pk, "secret": made.secret}
                return redirect("token-created", made.token.pk)
        return render(request, "accounts/token_create.html", {"form": form}, status=422)
    return render(request, "accounts/token_create.html", {"form": form})


@acts("token.create")
@never_cache
@require_GET
def token_created(request: PortalRequest, pk: int) -> HttpResponse:
    """The secret of a token that was just made: this page shows it a single time."""
    token = get_object_or_404(selectors.tokens(request.user), pk=pk)
    new = request.session.pop("new_token", None)
    secret = new["secret"] if new and new["pk"] == pk else None
    return render(request, "accounts/token_created.html", {"token": token, "secret": secret})


@acts("token.revoke")
@require_POST
def token_revoke(request: PortalRequest, pk: int) -> HttpResponse:
    """End a token."""
    token: ApiToken = get_object_or_404(selectors.tokens(request.user), pk=pk)
    may_revoke_token(request.user, token.user).or_deny()
    services.revoke_token(token, actor=request.user)
    messages.success(request, f"The token {token} works no more.")
    return redirect("token-list")


# The table -----------------------------------------------------------------------------------


@acts("policy.view")
@require_GET
def policy_page(request: PortalRequest) -> HttpResponse:
    """Who may do what, where, at which stage, on which conditions: the table that the product asks."""
    form = PolicyFilter(request.GET)
    form.is_valid()
    rows = selectors.policy_in_words(
        role=form.cleaned_data.get("role", ""), words=form.cleaned_data.get("words", "")
    )
    return render(
        request,
        "accounts/policy.html",
        {"form": form, "rows": rows, "role": form.cleaned_data.get("role", ""), "all": len(policy.table())},
    )


# Oneself -------------------------------------------------------------------------------------


@acts("portal.use")
@require_GET
def profile(request: PortalRequest) -> HttpResponse:
    """Who one is here, with which roles."""
    grants = selectors.grants_of_person(request.user)
    active = {grant.pk for grant in RoleGrant.objects.active().filter(user=request.user)}
    return render(
        request,
        "accounts/profile.html",
        {
            "person": request.user,
            "grants": [
                {"grant": grant, "is_confirmed": hasattr(grant, "confirmation")}
                for grant in grants
                if grant.pk in active
            ],
            "notifications": selectors.notifications(request.user)[:5],
            "sees_policy": policy.may(request.user, "policy.view"),
            "sees_reviews": policy.may(request.user, "review.view"),
            "sees_glass": policy.may(request.user, "glass.view"),
        },
    )


@acts("portal.use")
@require_GET
def notification_list(request: PortalRequest) -> HttpResponse:
    """One's messages."""
    listed = selectors.notifications(request.user)
    return render(
        request,
        "accounts/notification_list.html",
        {
            "page": Paginator(listed, PAGE).get_page(request.GET.get("page")),
            "unread": listed.filter(read_at=None).count(),
        },
    )


@acts("portal.use")
@require_POST
def notification_read(request: PortalRequest, pk: int) -> HttpResponse:
    """Mark one message as read, and go where it leads."""
    message = get_object_or_404(selectors.notifications(request.user), pk=pk)
    selectors.notifications(request.user).filter(pk=pk, read_at=None).update(read_at=clock.now())
    leads = message.path and url_has_allowed_host_and_scheme(message.path, allowed_hosts=None)
    return redirect(message.path if leads and "stay" not in request.POST else "notification-list")


@acts("portal.use")
@require_POST
def notification_read_all(request: PortalRequest) -> HttpResponse:
    """Mark all messages as read."""
    selectors.notifications(request.user).filter(read_at=None).update(read_at=clock.now())
    return redirect("notification-list")


@open_to_all
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Set the first password by a one-time link."""
    user = links.user_of(token)
    if user is None:
        if len(token) > 300:
            raise Http404
        return render(request, "accounts/welcome_void.html", status=410)
    form = FirstPasswordForm(request.POST or None, user=user)
    if request.method == "POST":
        if form.is_valid():
            services.set_first_password(user, form.cleaned_data["password1"], token=token)
            messages.success(request, "Your password is set. Sign in with it.")
            return redirect("account_login")
        return render(request, "accounts/welcome.html", {"form": form, "person": user}, status=422)
    return render(request, "accounts/welcome.html", {"form": form, "person": user})
