"""Pages of tranches, envelopes, years and shared commitments."""

import csv
import io
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import policy
from accounts.acting import took
from accounts.forms import DecidingForm
from accounts.http import PortalRequest, acts, is_fresh
from accounts.models import Unit
from governance import balances, commitments, envelope_figures, selectors, services
from governance.forms.common import ReasonForm
from governance.forms.money import (
    ClawBackForm,
    ClosingForm,
    CoFundingForm,
    EnvelopeForm,
    ReleaseForm,
    TrancheHoldForm,
    TranchePlanForm,
    TrancheRequestForm,
    YearForm,
)
from governance.models import (
    ClawBack,
    CoFunding,
    CoFundingAgreement,
    Envelope,
    EnvelopeChange,
    Tranche,
    YearClosing,
)
from governance.money_permissions import (
    may_agree_co_funding,
    may_close_year,
    may_confirm_claw_back,
    may_hold_tranche,
    may_lift_tranche,
    may_plan_tranches,
    may_propose_claw_back,
    may_propose_closing,
    may_propose_co_funding,
    may_refuse_change,
)
from governance.permissions import (
    may_confirm_envelope,
    may_propose_envelope,
    may_release,
    may_request_tranche,
)
from ledger import clock
from portfolio import money
from portfolio.models import Initiative
from portfolio.pages import initiative_of
from portfolio.selectors import fiscal_year_of
from portfolio.wording import grouped

LINES_A_PAGE = 100

# Tranches ------------------------------------------------------------------------------------


def _tranche(request: PortalRequest, pk: int) -> Tranche:
    mine = Initiative.objects.open_to(request.user)
    rows = Tranche.every.select_related(
        "initiative__unit", "decision", "release__by", "release__transaction", "drop__plan"
    )
    return get_object_or_404(rows.filter(initiative__in=mine), pk=pk)


@acts("initiative.view")
@require_GET
def tranche_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One tranche, with the form to ask for it or to release it."""
    return _tranche_page(request, _tranche(request, pk))


def _tranche_page(request: PortalRequest, tranche: Tranche, **refused: forms.Form) -> HttpResponse:
    """The page; `refused` are the forms that were not taken, by their name in the template."""
    user, released = request.user, getattr(tranche, "release", None)
    context = {
        "tranche": tranche,
        "initiative": tranche.initiative,
        "tranches": selectors.tranches_of(tranche.initiative),
        "requests": tranche.requests.select_related("by", "transaction").order_by("id"),
        "holds": tranche.holds.select_related("by", "lift__by", "transaction", "lift__transaction"),
        "hold": services.tranches.holding(tranche),
        "dropped": getattr(tranche, "drop", None),
        "why_not": services.why_not_release(tranche) if released is None else None,
        "claw_backs": [
            (claw_back, may_confirm_claw_back(user, claw_back), ReleaseForm(is_fresh=is_fresh(request)))
            for claw_back in _claw_backs(tranche)
        ],
        "reclaimable": services.tranches.reclaimable(tranche) if released is not None else None,
        "currency": settings.BASE_CURRENCY,
        "may_release": may_release(user, tranche),
        "may_request": may_request_tranche(user, tranche),
        "may_hold": may_hold_tranche(user, tranche),
        "may_lift": may_lift_tranche(user, tranche),
        "may_plan": may_plan_tranches(user, tranche),
        "may_claw_back": may_propose_claw_back(user, tranche),
        "release_form": ReleaseForm(is_fresh=is_fresh(request)),
        "request_form": TrancheRequestForm(),
        "hold_form": TrancheHoldForm(),
        "lift_form": ReasonForm(auto_id="id_lift_%s"),
        "claw_back_form": ClawBackForm(auto_id="id_claw_%s"),
    } | refused
    return render(request, "governance/tranche_detail.html", context, status=422 if refused else 200)


def _claw_backs(tranche: Tranche) -> list[ClawBack]:
    rows = ClawBack.objects.filter(release__tranche=tranche).select_related(
        "proposed_by", "transaction", "confirmation__by", "confirmation__transaction",
        "release__tranche__initiative__unit",
    )  # fmt: skip
    return list(rows.order_by("id"))


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


@acts("tranche.hold")
@require_POST
def tranche_hold(request: PortalRequest, pk: int) -> HttpResponse:
    """Hold a tranche back."""
    tranche = _tranche(request, pk)
    may_hold_tranche(request.user, tranche).or_deny()
    form = TrancheHoldForm(request.POST)
    if not took(form, lambda values: services.hold_tranche(tranche, **values, actor=request.user), request):
        return _tranche_page(request, tranche, hold_form=form)
    messages.success(request, f"Tranche {tranche.number} is held until somebody lifts the hold.")
    return redirect("tranche-detail", pk)


@acts("tranche.lift")
@require_POST
def tranche_lift(request: PortalRequest, pk: int) -> HttpResponse:
    """Lift the hold of a tranche."""
    tranche = _tranche(request, pk)
    may_lift_tranche(request.user, tranche).or_deny()
    form = ReasonForm(request.POST, auto_id="id_lift_%s")
    if not took(form, lambda values: services.lift_tranche(tranche, **values, actor=request.user), request):
        return _tranche_page(request, tranche, lift_form=form)
    messages.success(request, f"Tranche {tranche.number} is no longer held.")
    return redirect("tranche-detail", pk)


@acts("tranche.plan")
@require_http_methods(["GET", "POST"])
def tranche_plan(request: PortalRequest, pk: int) -> HttpResponse:
    """Plan the tranches anew that are not released."""
    tranche = _tranche(request, pk)
    may_plan_tranches(request.user, tranche).or_deny()
    rows = Tranche.objects.filter(decision=tranche.decision_id, release=None)
    waiting = list(rows.order_by("number"))
    form = TranchePlanForm(request.POST if request.method == "POST" else None, waiting=waiting)
    if form.is_bound and took(
        form, lambda values: services.plan_tranches(tranche, **values, actor=request.user), request
    ):
        messages.success(request, f"The tranches of {tranche.initiative.reference} are planned anew.")
        return redirect(f"{tranche.initiative.get_absolute_url()}?tab=money")
    context = {
        "tranche": tranche,
        "initiative": tranche.initiative,
        "waiting": waiting,
        "total": sum((row.amount for row in waiting), commitments.NOTHING),
        "form": form,
        "currency": settings.BASE_CURRENCY,
    }
    return render(request, "governance/tranche_plan.html", context, status=422 if form.is_bound else 200)


@acts("claw_back.propose")
@require_POST
def claw_back_propose(request: PortalRequest, pk: int) -> HttpResponse:
    """Propose to take back what is unspent."""
    tranche = _tranche(request, pk)
    may_propose_claw_back(request.user, tranche).or_deny()
    form = ClawBackForm(request.POST, auto_id="id_claw_%s")
    if not took(
        form, lambda values: services.propose_claw_back(tranche, **values, actor=request.user), request
    ):
        return _tranche_page(request, tranche, claw_back_form=form)
    messages.success(request, "Proposed. It is taken back once the CFO confirms it.")
    return redirect("tranche-detail", pk)


@acts("claw_back.confirm")
@require_POST
def claw_back_confirm(request: PortalRequest, pk: int) -> HttpResponse:
    """Take back what somebody else proposed to take back."""
    mine = Initiative.objects.open_to(request.user)
    rows = ClawBack.objects.filter(release__tranche__initiative__in=mine)
    claw_back = get_object_or_404(
        rows.select_related("release__tranche__initiative__unit", "release__tranche__decision"), pk=pk
    )
    may_confirm_claw_back(request.user, claw_back).or_deny()
    form = ReleaseForm(request.POST, is_fresh=is_fresh(request))
    if took(
        form, lambda values: services.confirm_claw_back(claw_back, **values, actor=request.user), request
    ):
        messages.success(request, f"{grouped(claw_back.amount)} are back in the room of their envelopes.")
    else:
        tell_errors(request, form)
    return redirect("tranche-detail", claw_back.release.tranche_id)


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
        "rows": _with_spending(selectors.positions_of(mine.filter(fiscal_year=year)), year),
        "forward": [row for row in selectors.forward_commitments() if reach.covers(Unit(path=row.unit_path))],
        "changes": [
            (
                change,
                may_confirm_envelope(user, change),
                DecidingForm(is_fresh=is_fresh(request), auto_id=f"id_{change.pk}_%s"),
                may_refuse_change(user, change),
                ReasonForm(auto_id=f"id_no_{change.pk}_%s"),
            )
            for change in selectors.changes_to_confirm(user)
        ],
        "currency": settings.BASE_CURRENCY,
        "may_propose": may_propose,
        "form": form or EnvelopeForm(units=_units_to_propose(request), initial=_asked_for(request)),
    }
    return render(request, "governance/envelope_list.html", context, status=422 if form is not None else 200)


def _with_spending(rows: list[dict[str, Any]], year: int) -> list[dict[str, Any]]:
    """The positions with what was spent of each, what will be, and what is over the release."""
    found = envelope_figures.spending_of_year(year)
    nothing = envelope_figures.Spending()
    return [row | {"spending": found.get(row["id"], nothing)} for row in rows]


def _asked_for(request: PortalRequest) -> dict[str, str]:
    """The envelope that somebody came from to propose a change."""
    return {
        name: request.GET[name] for name in ("unit", "fiscal_year", "bucket", "kind") if name in request.GET
    }


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
    change = get_object_or_404(changes.select_related("envelope__unit", "into__unit"), pk=pk)
    may_confirm_envelope(request.user, change).or_deny()
    form = DecidingForm(request.POST, is_fresh=is_fresh(request))
    if took(form, lambda _: services.confirm_envelope_change(change, actor=request.user), request):
        messages.success(request, f"{change.envelope}: confirmed.")
    else:
        tell_errors(request, form)
    return redirect("envelope-list")


@acts("envelope.refuse")
@require_POST
def envelope_refuse(request: PortalRequest, pk: int) -> HttpResponse:
    """Refuse a proposed change, or take it back."""
    changes = EnvelopeChange.objects.filter(envelope__in=Envelope.objects.open_to(request.user))
    change = get_object_or_404(changes.select_related("envelope__unit", "into__unit"), pk=pk)
    may_refuse_change(request.user, change).or_deny()
    form = ReasonForm(request.POST)
    if took(
        form, lambda values: services.refuse_envelope_change(change, **values, actor=request.user), request
    ):
        messages.success(request, f"{change.envelope}: the change is refused and never counts.")
    else:
        tell_errors(request, form)
    return redirect("envelope-list")


def tell_errors(request: PortalRequest, form: forms.Form) -> None:
    """Say what a form of one line lacked."""
    for errors in form.errors.values():
        messages.error(request, " ".join(str(error) for error in errors))


# One envelope --------------------------------------------------------------------------------


def _envelope(request: PortalRequest, pk: int) -> Envelope:
    mine = Envelope.objects.open_to(request.user).select_related("unit", "balance")
    return get_object_or_404(mine, pk=pk)


def _figure(request: PortalRequest) -> str:
    asked = request.GET.get("figure", "")
    return asked if asked in envelope_figures.FIGURES else "committed"


@acts("envelope.view")
@require_GET
def envelope_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """Every number of an envelope, and the facts that the chosen one is made of."""
    envelope, figure = _envelope(request, pk), _figure(request)
    of_each = {name: envelope_figures.lines_of(envelope, name) for name in envelope_figures.FIGURES}
    lines = envelope_figures.as_read_by(of_each[figure], request.user)
    below = Envelope.objects.open_to(request.user).filter(
        unit__path__startswith=envelope.unit.path,
        fiscal_year=envelope.fiscal_year,
        bucket=envelope.bucket,
    )
    context = {
        "envelope": envelope,
        "figures": [
            (name, label, words, money.total([line.amount for line in of_each[name]]))
            for name, (label, words) in envelope_figures.FIGURES.items()
        ],
        "figure": figure,
        "label": envelope_figures.FIGURES[figure][0],
        "words": envelope_figures.FIGURES[figure][1],
        "total": money.total([line.amount for line in lines]),
        "page": Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page")),
        "below": [row for row in selectors.positions_of(below) if row["id"] != envelope.pk],
        "committed_below": balances.committed_under(envelope) if envelope.balance.cap is not None else None,
        "changes": [
            change
            for change in selectors.changes_to_confirm(request.user)
            if envelope.pk in {change.envelope_id, change.into_id}
        ],
        "may_propose": may_propose_envelope(request.user, envelope.unit),
    }
    return render(request, "governance/envelope_detail.html", context)


@acts("envelope.view")
@require_GET
def envelope_facts(request: PortalRequest, pk: int) -> HttpResponse:
    """The facts of one number as a file."""
    envelope, figure = _envelope(request, pk), _figure(request)
    lines = envelope_figures.as_read_by(envelope_figures.lines_of(envelope, figure), request.user)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(envelope_figures.HEADER)
    writer.writerows(envelope_figures.rows_of(envelope, lines))
    answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"envelope-{envelope.pk}-{figure}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


# Years ---------------------------------------------------------------------------------------


@acts("envelope.view")
@require_GET
def year_list(request: PortalRequest) -> HttpResponse:
    """The fiscal years: which are closed, and what keeps the others from it."""
    return _years_page(request)


def _years_page(request: PortalRequest, form: ClosingForm | None = None) -> HttpResponse:
    this_year = fiscal_year_of(clock.today())
    closings = YearClosing.objects.select_related(
        "proposed_by", "transaction", "confirmation__by", "confirmation__transaction"
    ).order_by("id")
    closed = {row.fiscal_year: row for row in closings if getattr(row, "confirmation", None)}
    proposed = {row.fiscal_year: row for row in closings if row.fiscal_year not in closed}
    mine = Envelope.objects.open_to(request.user)
    listed = {this_year, *mine.values_list("fiscal_year", flat=True), *closed, *proposed}
    may_propose = may_propose_closing(request.user)
    may_see_all = policy.reach(request.user, "envelope.view").everywhere
    over = sorted(year for year in listed if year < this_year and year not in closed)
    years = [
        {
            "year": year,
            "is_over": year < this_year,
            "closed": closed.get(year),
            "proposed": proposed.get(year),
            # Years are closed one after the other, so it is asked of the next one alone.
            "obstacles": services.obstacles(year) if may_see_all and year in over[:1] else [],
            "may_close": may_close_year(request.user, proposed[year]) if year in proposed else None,
            "form": DecidingForm(is_fresh=is_fresh(request), auto_id=f"id_{year}_%s"),
        }
        for year in sorted(listed, reverse=True)
    ]
    context = {
        "years": years,
        "may_propose": may_propose,
        "form": form or ClosingForm(initial={"fiscal_year": this_year - 1}),
    }
    return render(request, "governance/year_list.html", context, status=422 if form is not None else 200)


@acts("year.propose_closing")
@require_POST
def year_propose(request: PortalRequest) -> HttpResponse:
    """Propose to close a year."""
    may_propose_closing(request.user).or_deny()
    form = ClosingForm(request.POST)
    if not took(form, lambda values: services.propose_closing(**values, actor=request.user), request):
        return _years_page(request, form)
    messages.success(request, "Proposed. The year is closed once the CFO confirms it.")
    return redirect("year-list")


@acts("year.close")
@require_POST
def year_close(request: PortalRequest, pk: int) -> HttpResponse:
    """Close a year that somebody else proposed to close."""
    closing = get_object_or_404(YearClosing, pk=pk)
    may_close_year(request.user, closing).or_deny()
    form = DecidingForm(request.POST, is_fresh=is_fresh(request))
    if took(form, lambda _: services.close_year(closing, actor=request.user), request):
        messages.success(request, f"FY{closing.fiscal_year} is closed.")
    else:
        tell_errors(request, form)
    return redirect("year-list")


# Sharing -------------------------------------------------------------------------------------


@acts("co_funding.propose")
@require_http_methods(["GET", "POST"])
def co_funding(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask another unit to bear a share of an initiative's commitment."""
    initiative = initiative_of(request, pk)
    may_propose_co_funding(request.user, initiative).or_deny()
    form = CoFundingForm(request.POST if request.method == "POST" else None, initiative=initiative)
    if form.is_bound and took(
        form, lambda values: services.propose_co_funding(initiative, **values, actor=request.user), request
    ):
        messages.success(request, "Proposed. It counts once the unit's finance or the CFO agrees.")
        return redirect("co-funding", pk)
    rows = initiative.co_fundings.select_related("unit", "proposed_by", "transaction", "agreement__by")
    context = {
        "initiative": initiative,
        "rows": rows.order_by("id"),
        "bearers": commitments.bearers_of(initiative, initiative.current_case),
        "form": form,
    }
    return render(request, "governance/co_funding.html", context, status=422 if form.is_bound else 200)


@acts("co_funding.agree")
@require_http_methods(["GET", "POST"])
def co_funding_agree(request: PortalRequest, pk: int) -> HttpResponse:
    """Agree to bear a share of another unit's commitment."""
    reach = policy.reach(request.user, "co_funding.agree")
    rows = CoFunding.objects.select_related("unit", "initiative__unit", "proposed_by", "transaction")
    found = get_object_or_404(rows, pk=pk)
    mine = Initiative.objects.open_to(request.user).filter(pk=found.initiative_id)
    if not reach.covers(found.unit) and not mine.exists():
        raise Http404
    verdict = may_agree_co_funding(request.user, found)
    if request.method == "POST" or not reach.covers(found.unit):
        verdict.or_deny()
    form = DecidingForm(request.POST if request.method == "POST" else None, is_fresh=is_fresh(request))
    if form.is_bound and took(form, lambda _: services.agree_co_funding(found, actor=request.user), request):
        messages.success(request, f"{found}.")
        return redirect("co-funding-agree", pk)
    context = {
        "co_funding": found,
        "initiative": found.initiative,
        "agreement": CoFundingAgreement.objects.filter(co_funding=found)
        .select_related("by", "transaction")
        .first(),
        "verdict": verdict,
        "open_amount": money.total(list(commitments.open_amounts(found.initiative).values())),
        "currency": settings.BASE_CURRENCY,
        "form": form,
    }
    return render(request, "governance/co_funding_agree.html", context, status=422 if form.is_bound else 200)
