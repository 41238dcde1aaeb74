"""Pages of tranches and envelopes."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import policy
from accounts.http import PortalRequest, acts, is_fresh
from accounts.models import Unit
from governance import selectors, services
from governance.forms.common import DecidingForm
from governance.forms.money import EnvelopeForm, ReleaseForm, TrancheRequestForm, YearForm
from governance.models import Envelope, EnvelopeChange, Tranche
from governance.permissions import (
    may_confirm_envelope,
    may_propose_envelope,
    may_release,
    may_request_tranche,
)
from governance.views.common import took
from ledger import clock
from portfolio.models import Initiative
from portfolio.selectors import fiscal_year_of

# Tranches ------------------------------------------------------------------------------------


def _tranche(request: PortalRequest, pk: int) -> Tranche:
    mine = Initiative.objects.open_to(request.user)
    rows = Tranche.objects.select_related(
        "initiative__unit", "decision", "release__by", "release__transaction"
    )
    return get_object_or_404(rows.filter(initiative__in=mine), pk=pk)


@acts("initiative.view")
@require_GET
def tranche_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One tranche, with the form to ask for it or to release it."""
    return _tranche_page(request, _tranche(request, pk))


def _tranche_page(
    request: PortalRequest,
    tranche: Tranche,
    *,
    release_form: forms.Form | None = None,
    request_form: forms.Form | None = None,
) -> HttpResponse:
    refused = release_form is not None or request_form is not None
    context = {
        "tranche": tranche,
        "initiative": tranche.initiative,
        "tranches": selectors.tranches_of(tranche.initiative),
        "requests": tranche.requests.select_related("by", "transaction").order_by("id"),
        "currency": settings.BASE_CURRENCY,
        "may_release": may_release(request.user, tranche),
        "may_request": may_request_tranche(request.user, tranche),
        "release_form": release_form or ReleaseForm(is_fresh=is_fresh(request)),
        "request_form": request_form or TrancheRequestForm(),
    }
    return render(request, "governance/tranche_detail.html", context, status=422 if refused else 200)


@acts("tranche.release")
@require_http_methods(["GET", "POST"])
def tranche_release(request: PortalRequest, pk: int) -> HttpResponse:
    """Release a tranche."""
    tranche = _tranche(request, pk)
    if request.method != "POST":
        return _tranche_page(request, tranche)
    may_release(request.user, tranche).or_deny()
    form = ReleaseForm(request.POST, is_fresh=is_fresh(request))
    if not took(
        form, lambda values: services.release_tranche(tranche, **values, actor=request.user), request
    ):
        return _tranche_page(request, tranche, release_form=form)
    messages.success(request, f"Tranche {tranche.number} of {tranche.initiative.reference} is released.")
    return redirect("tranche-detail", pk)


@acts("tranche.request")
@require_POST
def tranche_request(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask for a tranche."""
    tranche = _tranche(request, pk)
    may_request_tranche(request.user, tranche).or_deny()
    form = TrancheRequestForm(request.POST)
    if not took(
        form, lambda values: services.request_tranche(tranche, **values, actor=request.user), request
    ):
        return _tranche_page(request, tranche, request_form=form)
    messages.success(
        request, f"Finance was asked for tranche {tranche.number} of {tranche.initiative.reference}."
    )
    return redirect("tranche-detail", pk)


# Envelopes -----------------------------------------------------------------------------------


@acts("envelope.view")
@require_GET
def envelope_list(request: PortalRequest) -> HttpResponse:
    """Where the envelopes of a year stand, and what waits for a second person."""
    return _envelopes_page(request)


def _envelopes_page(request: PortalRequest, form: EnvelopeForm | None = None) -> HttpResponse:
    user = request.user
    mine = Envelope.objects.open_to(user)
    this_year = fiscal_year_of(clock.today())
    years = sorted({this_year, *mine.values_list("fiscal_year", flat=True)}, reverse=True)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdigit() and int(asked) in years else this_year
    may_propose = may_propose_envelope(user)
    reach = policy.reach(user, "envelope.view")
    context = {
        "year": year,
        "year_form": YearForm(years=years, initial={"year": year}),
        "rows": selectors.positions_of(mine.filter(fiscal_year=year)),
        "forward": [row for row in selectors.forward_commitments() if reach.covers(Unit(path=row.unit_path))],
        "changes": [
            (
                change,
                may_confirm_envelope(user, change),
                DecidingForm(is_fresh=is_fresh(request), auto_id=f"id_{change.pk}_%s"),
            )
            for change in selectors.changes_to_confirm(user)
        ],
        "currency": settings.BASE_CURRENCY,
        "may_propose": may_propose,
        "form": form or EnvelopeForm(units=_units_to_propose(request)),
    }
    return render(request, "governance/envelope_list.html", context, status=422 if form is not None else 200)


def _units_to_propose(request: PortalRequest) -> list[Unit]:
    reach = policy.reach(request.user, "envelope.propose")
    return [unit for unit in Unit.objects.filter(closed_on=None) if reach.covers(unit)]


@acts("envelope.propose")
@require_POST
def envelope_propose(request: PortalRequest) -> HttpResponse:
    """Propose a change of an envelope."""
    may_propose_envelope(request.user).or_deny()
    form = EnvelopeForm(request.POST, units=_units_to_propose(request))
    if not took(form, lambda values: services.propose_envelope_change(**values, actor=request.user), request):
        return _envelopes_page(request, form)
    messages.success(request, "Proposed. It counts once the CFO confirms it.")
    return redirect("envelope-list")


@acts("envelope.confirm")
@require_POST
def envelope_confirm(request: PortalRequest, pk: int) -> HttpResponse:
    """Confirm a change that somebody else proposed."""
    changes = EnvelopeChange.objects.filter(envelope__in=Envelope.objects.open_to(request.user))
    change = get_object_or_404(changes.select_related("envelope__unit"), pk=pk)
    may_confirm_envelope(request.user, change).or_deny()
    form = DecidingForm(request.POST, is_fresh=is_fresh(request))
    if took(form, lambda _: services.confirm_envelope_change(change, actor=request.user), request):
        messages.success(request, f"{change.envelope}: confirmed.")
        return redirect("envelope-list")
    for errors in form.errors.values():
        messages.error(request, " ".join(str(error) for error in errors))
    return redirect("envelope-list")
