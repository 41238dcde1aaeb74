"""Pages of segregation of duties: its rules, its exceptions, and refused attempts."""

from datetime import date

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import duties, policy
from accounts.forms import AttemptFilter
from accounts.http import PortalRequest, acts
from accounts.permissions import may_read_attempts, may_read_duties
from accounts.segregation import why_strict
from ledger import clock

PAGE = 50


@acts("policy.view")
@require_GET
def segregation_page(request: PortalRequest) -> HttpResponse:
    """The rules that keep duties apart, and whether those that may bend do."""
    groups = duties.rules_in_words()
    context = {
        "groups": groups,
        "number": sum(len(group.rules) for group in groups),
        "why_strict": why_strict(),
        "may_read_duties": may_read_duties(request.user),
        "may_read_attempts": may_read_attempts(request.user),
    }
    return render(request, "accounts/segregation.html", context)


@acts("duties.view")
@require_GET
def exceptions(request: PortalRequest) -> HttpResponse:
    """Where rules bent in a month, with who, why and on what."""
    may_read_duties(request.user).or_deny()
    month = _month(request.GET.get("month", ""))
    rules = duties.rules_by_key()
    titles = {action: rule.title for action, rule in policy.table().items()}
    page = Paginator(duties.exceptions_in(month), PAGE).get_page(request.GET.get("page"))
    context = {
        "month": month,
        "months": duties.months_with_exceptions(),
        "page": page,
        "rows": [{"exception": row, "rule": rules.get(row.rule)} for row in page.object_list],
        "titles": titles,
        "may_read_attempts": may_read_attempts(request.user),
    }
    return render(request, "accounts/segregation_exceptions.html", context)


def _month(text: str) -> date:
    """The month that is asked for; this one if it is none."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return clock.today().replace(day=1)


@acts("attempts.view")
@require_GET
def attempts(request: PortalRequest) -> HttpResponse:
    """Who tried to decide, to release or to change rights and was refused."""
    may_read_attempts(request.user).or_deny()
    form = AttemptFilter(request.GET)
    form.is_valid()
    found = duties.attempts(form.cleaned_data.get("words", ""))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    titles = {action: rule.title for action, rule in policy.table().items()}
    rows = [{"attempt": row, "title": titles.get(row.action, row.action)} for row in page.object_list]
    return render(request, "accounts/attempts.html", {"form": form, "page": page, "rows": rows})
