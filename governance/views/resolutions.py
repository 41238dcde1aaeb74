"""Pages of resolutions of the board."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.acting import took
from accounts.http import PortalRequest, acts, is_fresh
from governance import commitments, services
from governance.forms.signing import ConfirmResolutionForm, ResolutionForm
from governance.models import BoardResolution, SigningRound
from governance.permissions import may_confirm_resolution, may_record_resolution
from governance.services.resolutions import confirm_resolution, record_resolution
from portfolio.models import Stage
from portfolio.pages import initiative_of


@acts("resolution.record")
@require_http_methods(["GET", "POST"])
def resolution_record(request: PortalRequest, pk: int) -> HttpResponse:
    """Record what the board resolved where nobody may decide."""
    initiative = initiative_of(request, pk)
    may_record_resolution(request.user, initiative).or_deny()
    gate = services.GATE_OF_STAGE[Stage(initiative.stage)]
    form = ResolutionForm(
        request.POST or None,
        verbs=services.VERBS_AT[gate],
        initial=services.suggestion(initiative),
        initiative=initiative,
    )
    opened: list[SigningRound] = []

    def act(values: Mapping[str, Any]) -> None:
        opened.append(
            record_resolution(
                initiative,
                reference=values["reference"],
                text=values["text"],
                attachment=values["attachment"],
                verb=values["verb"],
                amount=values["amount"] or commitments.NOTHING,
                first_tranche=values["first_tranche"] or commitments.NOTHING,
                reason=values["reason"],
                conditions=form.conditions(),
                hold_until=values["hold_until"],
                merge_into=values["merge_into"],
                actor=request.user,
            )
        )

    if form.is_bound and took(form, act, request):
        messages.success(request, "The resolution counts once a second person confirms it.")
        return redirect(opened[0])
    context = {"initiative": initiative, "gate": gate.label, "form": form}
    return render(request, "governance/resolution_record.html", context, status=422 if form.is_bound else 200)


@acts("resolution.confirm")
@require_POST
def resolution_confirm(request: PortalRequest, pk: int) -> HttpResponse:
    """Say that the document resolves this; the round is decided with it."""
    found = BoardResolution.objects.filter(signing__in=SigningRound.objects.open_to(request.user))
    resolution = get_object_or_404(found.select_related("signing__initiative__unit"), pk=pk)
    may_confirm_resolution(request.user, resolution).or_deny()
    form = ConfirmResolutionForm(request.POST, is_fresh=is_fresh(request))

    def act(values: Mapping[str, Any]) -> None:
        confirm_resolution(resolution, **values, actor=request.user)

    if took(form, act, request):
        messages.success(request, f"{resolution.signing.initiative.reference} is decided by {resolution}.")
        return redirect(resolution.signing)
    context = {"resolution": resolution, "signing": resolution.signing, "form": form}
    return render(request, "governance/resolution_confirm.html", context, status=422)
