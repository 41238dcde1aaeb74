"""Pages of the authority: what holds, what comes, the draft, the votes; and the family of an initiative."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import policy
from accounts.acting import took
from accounts.errors import Changed, DomainError, Incomplete, Refused
from accounts.http import PortalRequest, acts, is_fresh
from accounts.models import Role, Unit
from governance import authority, authority_document, authority_selectors, dry_run, services
from governance.authority_document import Content, Row
from governance.authority_permissions import (
    may_approve_authority,
    may_draft_authority,
    may_propose_authority,
    may_separate,
)
from governance.forms.authority import (
    AuthorityProposeForm,
    AuthorityVoteForm,
    PresetForm,
    RouteForm,
    SeparationForm,
    content_from,
)
from governance.models import AuthorityDraft, AuthorityVersion, Body
from governance.services.authority import authority_draft_to_write, starting_content
from ledger import clock
from portfolio.models import Initiative, RiskTier
from portfolio.pages import initiative_of
from portfolio.selectors import fiscal_year_of, usable_currencies

# What holds ----------------------------------------------------------------------------------


@acts("gates.view")
@require_GET
def overview(request: PortalRequest) -> HttpResponse:
    """The version in force, those that come or are past, and who would have to sign."""
    shown = authority_selectors.versions_on_page()
    form = RouteForm(
        request.GET if "amount" in request.GET else None,
        currencies=usable_currencies(fiscal_year_of(clock.today())),
    )
    found = None
    if form.is_bound and form.is_valid():
        found = dry_run.of_values(**form.cleaned_data)
    context = {
        "in_force": next((row for row in shown if row.state == "in force"), None),
        "others": [row for row in shown if row.state != "in force"],
        "form": form,
        "run": found,
        "draft": authority_selectors.open_draft(),
        "may_draft": may_draft_authority(request.user),
        "preset_form": PresetForm(),
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "governance/authority_overview.html", context, status=status)


@acts("gates.view")
@require_GET
def version(request: PortalRequest, number: int) -> HttpResponse:
    """One version: its steps, why, what it changes, the votes, and the form of who may vote."""
    found = get_object_or_404(AuthorityVersion, number=number)
    form = AuthorityVoteForm(is_fresh=is_fresh(request), initial={"seen_hash": found.content_hash})
    return _show_version(request, found, form)


@acts("authority.approve")
@require_POST
def vote(request: PortalRequest, number: int) -> HttpResponse:
    """Approve or refuse a proposed version."""
    found = get_object_or_404(AuthorityVersion, number=number)
    may_approve_authority(request.user, found).or_deny()
    form = AuthorityVoteForm(request.POST, is_fresh=is_fresh(request))
    if took(form, lambda values: services.approve_authority(found, **values, actor=request.user), request):
        messages.success(request, f"Your vote on version {number} is recorded.")
        return redirect(found)
    return _show_version(request, found, form, 422)


def _show_version(
    request: PortalRequest, found: AuthorityVersion, form: AuthorityVoteForm, status: int = 200
) -> HttpResponse:
    row = authority_selectors.versions_on_page([found.number])[0]
    context = {
        "row": row,
        "version": row.version,
        "form": form,
        "may_vote": may_approve_authority(request.user, found),
    }
    return render(request, "governance/authority_version.html", context, status=status)


# The draft -----------------------------------------------------------------------------------


@acts("authority.draft")
@require_GET
def draft(request: PortalRequest) -> HttpResponse:
    """The draft of the next version, or how to start one."""
    may_draft_authority(request.user).or_deny()
    found = authority_selectors.open_draft()
    if found is None:
        return render(request, "governance/authority_draft_none.html", {"preset_form": PresetForm()})
    return _show_draft(request, found, found.content)


@acts("authority.draft")
@require_POST
def start(request: PortalRequest) -> HttpResponse:
    """Start a draft from the version in force or from a preset."""
    may_draft_authority(request.user).or_deny()
    form = PresetForm(request.POST)
    if took(form, lambda values: services.start_authority_draft(**values, actor=request.user), request):
        messages.success(request, "A draft of the next version is open.")
        return redirect("authority-draft")
    return render(request, "governance/authority_draft_none.html", {"preset_form": form}, status=422)


@acts("authority.draft")
@require_POST
def save(request: PortalRequest) -> HttpResponse:
    """Save the draft; a command adds, moves or takes away a row, or loads a preset."""
    may_draft_authority(request.user).or_deny()
    found = authority_draft_to_write()
    content, command = content_from(request.POST), request.POST.get("do", "")
    if command == "load":
        try:
            content = starting_content(request.POST.get("preset", ""))
        except Refused as error:
            return _show_draft(request, found, content, error=error)
    elif command:
        content = authority_document.rearranged(content, command)
    try:
        services.save_authority_draft(content=content, version=_seen(request), actor=request.user)
    except Changed as error:
        return _show_draft(request, found, content, error=error)
    if not command:
        messages.success(request, "The draft is saved. Nothing changes until it is proposed and approved.")
    return redirect("authority-draft")


@acts("authority.draft")
@require_POST
def discard(request: PortalRequest) -> HttpResponse:
    """Throw the draft away, if it is the one that was on the screen."""
    services.discard_authority_draft(version=_seen(request), actor=request.user)
    messages.success(request, "The draft is gone. The version in force stays as it is.")
    return redirect("authority")


@acts("authority.propose")
@require_POST
def propose(request: PortalRequest) -> HttpResponse:
    """Freeze the draft and put it before CFO and CEO."""
    may_propose_authority(request.user).or_deny()
    found = authority_draft_to_write()
    form = AuthorityProposeForm(request.POST)
    if not form.is_valid():
        return _show_draft(request, found, found.content, form=form, status=422)
    try:
        frozen = services.propose_authority(**form.cleaned_data, actor=request.user)
    except (Changed, Incomplete, Refused) as error:
        return _show_draft(request, found, found.content, form=form, error=error)
    messages.success(request, f"Version {frozen.number} is frozen and waits for CFO and CEO.")
    return redirect(frozen)


def _seen(request: PortalRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _show_draft(
    request: PortalRequest,
    found: AuthorityDraft,
    content: Content,
    *,
    form: AuthorityProposeForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    problems = authority_document.check(content, authority_selectors.known())
    errors = error.missing if isinstance(error, Incomplete) else {}
    label = authority_selectors.labels()
    in_force = authority.version_in_force()
    before = (
        authority_selectors.content_of(authority_selectors.versions().get(pk=in_force.pk))
        if in_force
        else None
    )
    bodies = list(Body.objects.confirmed().values_list("pk", "name"))
    context = {
        "draft": found,
        "content": content,
        "steps": [_step(place, row, errors) for place, row in enumerate(content["steps"])],
        "errors": errors,
        "problems": [(_anchor(place), _titled(place, content), words) for place, words in problems.items()],
        "error": error,
        "differences": authority_document.differences(before, content, label) if before else [],
        "propose_form": form or AuthorityProposeForm(initial={"version": found.version}),
        "preset_form": PresetForm(),
        "may_write": found.proposed is None,
        "seats": _seat_choices(bodies),
        "bodies": bodies,
        "units": list(Unit.objects.filter(closed_on=None).order_by("path")),
        "tiers": RiskTier.choices,
        "buckets": authority_document.BUCKETS.items(),
        "currencies": sorted(usable_currencies(fiscal_year_of(clock.today()))),
    }
    return render(
        request, "governance/authority_draft.html", context, status=error.status if error else status
    )


def _step(place: int, row: Row, errors: dict[str, str]) -> dict[str, Any]:
    """A row with its place, its errors and its seats, as the page shows it."""
    prefix = f"steps-{place}"
    return row | {
        "place": place,
        "number": place + 1,
        "prefix": prefix,
        "errors": {key: errors.get(f"{prefix}-{key}", "") for key in row},
        "sitting": [
            {"number": number, "key": key, "error": errors.get(f"{prefix}-seats-{number}", "")}
            for number, key in enumerate(row["seats"])
        ],
        "is_scoped": bool(
            row["unit"] or row["tiers"] or row["bucket"] != "any" or row["valid_from"] or row["valid_to"]
        ),
    }


def _anchor(place: str) -> str:
    return f"id_{place}"


def _titled(place: str, content: Content) -> str:
    """'Step 2, CFO' of 'steps-1-limit'."""
    parts = place.split("-")
    if parts[0] != "steps" or len(parts) < 2:
        return parts[0].replace("_", " ").capitalize()
    row = content["steps"][int(parts[1])]
    return f"Step {int(parts[1]) + 1}{', ' + row['name'] if row['name'] else ''}"


def _seat_choices(bodies: list[tuple[int, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    roles = [
        (f"role:{role}", policy.role_in_words(role))
        for role in policy.table()["decision.sign"].roles
        if role != Role.BOARD_MEMBER
    ]
    people = [(f"person:{pk}", name) for pk, name in authority_selectors.signers().items()]
    return [
        ("A role", roles),
        ("A body, by votes", [(f"body:{pk}", name) for pk, name in bodies]),
        ("A person, by name", people),
    ]


# Families ------------------------------------------------------------------------------------


@acts("initiative.view")
@require_GET
def family(request: PortalRequest, pk: int) -> HttpResponse:
    """Whom an initiative's grants are added up with, and why."""
    return _show_family(request, initiative_of(request, pk))


@acts("family.separate")
@require_POST
def separate(request: PortalRequest, pk: int) -> HttpResponse:
    """Part two that only look like a family."""
    initiative = initiative_of(request, pk)
    may_separate(request.user, initiative).or_deny()
    relatives = [row.initiative.pk for row in authority.family(initiative)]
    form = SeparationForm(request.POST, relatives=relatives)
    if took(form, lambda values: services.separate_family(initiative, **values, actor=request.user), request):
        messages.success(
            request, f"{form.cleaned_data['other'].reference} counts no more for {initiative.reference}."
        )
        return redirect("initiative-family", initiative.pk)
    return _show_family(request, initiative, form, 422)


def _show_family(
    request: PortalRequest, initiative: Initiative, form: SeparationForm | None = None, status: int = 200
) -> HttpResponse:
    relatives = authority.family(initiative)
    listed = set(
        Initiative.objects.listed_for(request.user)
        .filter(pk__in=[row.initiative.pk for row in relatives])
        .values_list("pk", flat=True)
    )
    case = initiative.current_case
    context = {
        "initiative": initiative,
        "relatives": [
            {
                "initiative": row.initiative,
                "is_listed": row.initiative.pk in listed,
                "similarity": row.similarity,
                "granted": sum((decision.amount_in_base for decision in row.granted), start=0),
                "form": form
                if form is not None and form.data.get("other") == str(row.initiative.pk)
                else SeparationForm(
                    initial={"other": row.initiative.pk}, relatives=[], auto_id=f"id_{row.initiative.pk}_%s"
                ),
            }
            for row in relatives
        ],
        "tested": authority.tested_amount(initiative, case) if case is not None else None,
        "currency": settings.BASE_CURRENCY,
        "may_separate": may_separate(request.user, initiative),
    }
    return render(request, "governance/initiative_family.html", context, status=status)
