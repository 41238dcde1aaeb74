"""Blocking, and the reliability veto."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.acting import posted
from accounts.http import PortalRequest, acts, is_fresh
from assurance import permissions, services
from assurance.forms import BlockForm, DecidingReasonForm, VetoForm
from assurance.views.common import act_page
from portfolio.pages import initiative_of


@acts("risk.block")
@require_http_methods(["GET", "POST"])
def block(request: PortalRequest, pk: int) -> HttpResponse:
    """Stop gates and releases until a day."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        permissions.may_block(request.user, initiative),
        BlockForm(posted(request), is_fresh=is_fresh(request)),
        lambda values: services.block(initiative, **values, actor=request.user),
        title="Block gates and releases",
        button="Block it",
        done=f"{initiative.reference} is blocked.",
        words="No gate is passed and no money released until the block ends or is lifted.",
        is_danger=True,
    )


@acts("risk.unblock")
@require_http_methods(["GET", "POST"])
def unblock(request: PortalRequest, pk: int) -> HttpResponse:
    """End a block before its day."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        permissions.may_unblock(request.user, initiative),
        DecidingReasonForm(posted(request), is_fresh=is_fresh(request)),
        lambda values: services.unblock(initiative, **values, actor=request.user),
        title="Lift the block",
        button="Lift the block",
        done=f"{initiative.reference} is free again.",
    )


@acts("veto.place")
@require_http_methods(["GET", "POST"])
def veto(request: PortalRequest, pk: int) -> HttpResponse:
    """Say that it is not reliable enough."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        permissions.may_veto(request.user, initiative),
        VetoForm(posted(request), initiative=initiative, is_fresh=is_fresh(request)),
        lambda values: services.veto(initiative, **values, actor=request.user),
        title="Place the reliability veto",
        button="Place the veto",
        done="The veto stands.",
        words="A knock-out: no score outweighs it. Risk officer and benefit owner lift it together.",
        is_danger=True,
    )


@acts("veto.lift")
@require_http_methods(["GET", "POST"])
def veto_lift(request: PortalRequest, pk: int) -> HttpResponse:
    """Lift the veto as one of its two holders."""
    initiative = initiative_of(request, pk)
    return act_page(
        request,
        initiative,
        permissions.may_lift_veto(request.user, initiative),
        DecidingReasonForm(posted(request), is_fresh=is_fresh(request)),
        lambda values: services.lift_veto(initiative, **values, actor=request.user),
        title="Lift the reliability veto",
        button="Lift it for your part",
        done="Lifted for your part.",
        words="It ends once both its holders have lifted it.",
    )
