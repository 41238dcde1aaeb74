"""Pages of bodies: who sits in them, and what waits for a second person."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.acting import took
from accounts.http import PortalRequest, acts, is_fresh
from governance import authority_selectors, services
from governance.authority_permissions import (
    may_confirm_body,
    may_confirm_member,
    may_end_member,
    may_propose_body,
)
from governance.forms.authority import BodyForm, ConfirmForm, MemberForm
from governance.forms.common import ReasonForm
from governance.models import Body, BodyMember


@acts("gates.view")
@require_GET
def body_list(request: PortalRequest) -> HttpResponse:
    """Every body with its members and what waits."""
    return _show(request)


def _show(
    request: PortalRequest,
    *,
    body_form: BodyForm | None = None,
    member_form: MemberForm | None = None,
    confirm_form: ConfirmForm | None = None,
    at: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page; a refused form stands at the body or member that `at` names."""
    user = request.user
    fresh = is_fresh(request)
    blank = MemberForm()
    shown = []
    for row in authority_selectors.bodies_on_page():
        members = [
            {
                "member": member,
                "may_confirm": may_confirm_member(user, member),
                "form": confirm_form
                if confirm_form is not None and at == f"member-{member.pk}"
                else ConfirmForm(is_fresh=fresh, auto_id=f"id_member_{member.pk}_%s"),
            }
            for member in row.memberships
        ]
        shown.append(
            {
                "row": row,
                "body": row.body,
                "members": members,
                "may_confirm": may_confirm_body(user, row.body),
                "confirm_form": confirm_form
                if confirm_form is not None and at == f"body-{row.body.pk}"
                else ConfirmForm(is_fresh=fresh, auto_id=f"id_body_{row.body.pk}_%s"),
                "member_form": member_form if at == f"members-{row.body.pk}" else blank,
                "is_open": at == f"members-{row.body.pk}",
            }
        )
    context = {
        "bodies": shown,
        "body_form": body_form or BodyForm(),
        "may_propose": may_propose_body(user),
        "may_end": may_end_member(user),
    }
    return render(request, "governance/body_list.html", context, status=status)


@acts("body.propose")
@require_POST
def propose(request: PortalRequest) -> HttpResponse:
    """Name a body and its quorum."""
    may_propose_body(request.user).or_deny()
    form = BodyForm(request.POST)
    if took(form, lambda values: services.propose_body(**values, actor=request.user), request):
        messages.success(request, f"{form.cleaned_data['name']} waits for a second person.")
        return redirect("body-list")
    return _show(request, body_form=form, status=422)


@acts("body.confirm")
@require_POST
def confirm(request: PortalRequest, pk: int) -> HttpResponse:
    """The second person's yes to a body."""
    body = get_object_or_404(Body, pk=pk)
    may_confirm_body(request.user, body).or_deny()
    form = ConfirmForm(request.POST, is_fresh=is_fresh(request))
    if took(form, lambda _: services.confirm_body(body, actor=request.user), request):
        messages.success(request, f"{body} is confirmed.")
        return redirect("body-list")
    return _show(request, confirm_form=form, at=f"body-{pk}", status=422)


@acts("body.propose")
@require_POST
def propose_member(request: PortalRequest, pk: int) -> HttpResponse:
    """Propose a member of a body."""
    body = get_object_or_404(Body, pk=pk)
    may_propose_body(request.user).or_deny()
    form = MemberForm(request.POST)
    if took(form, lambda values: services.propose_member(body, **values, actor=request.user), request):
        messages.success(request, f"{form.cleaned_data['user']} waits for a second person.")
        return redirect("body-list")
    return _show(request, member_form=form, at=f"members-{pk}", status=422)


def _member(pk: int) -> BodyMember:
    return get_object_or_404(BodyMember.objects.select_related("body", "user"), pk=pk)


@acts("body.confirm")
@require_POST
def confirm_member(request: PortalRequest, pk: int) -> HttpResponse:
    """The second person's yes to a membership."""
    member = _member(pk)
    may_confirm_member(request.user, member).or_deny()
    form = ConfirmForm(request.POST, is_fresh=is_fresh(request))
    if took(form, lambda _: services.confirm_member(member, actor=request.user), request):
        messages.success(request, f"{member.user} sits in {member.body}.")
        return redirect("body-list")
    return _show(request, confirm_form=form, at=f"member-{pk}", status=422)


@acts("body.end")
@require_POST
def end_member(request: PortalRequest, pk: int) -> HttpResponse:
    """End a membership early."""
    member = _member(pk)
    may_end_member(request.user).or_deny()
    form = ReasonForm(request.POST)
    if took(form, lambda values: services.end_member(member, **values, actor=request.user), request):
        messages.success(request, f"The seat of {member.user} in {member.body} has ended.")
        return redirect("body-list")
    messages.error(request, "Give a reason for ending the membership.")
    return _show(request, status=422)
