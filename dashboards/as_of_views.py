"""Choosing an earlier point of the record, and reading the page as of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET

from accounts.http import PortalRequest, acts
from ledger import as_of, clock
from ledger.selectors import first_day
from portfolio.selectors import fiscal_year_months, fiscal_year_of
from portfolio.templatetags import figures as written


class PointForm(forms.Form):
    """A day or a record; `next` is the page to read."""

    day = forms.DateField(
        label="As of the end of a day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    record = forms.IntegerField(
        label="Or as of a record",
        required=False,
        min_value=1,
        max_value=2**62,
        help_text="The number in the last line of a page, or of an entry of the ledger.",
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput, max_length=2_000)

    def clean(self) -> dict[str, Any]:
        """One of both, and a point that there is."""
        values: dict[str, Any] = super().clean() or {}
        day, record = values.get("day"), values.get("record")
        if self.errors:
            return values
        if bool(day) == bool(record):
            self.add_error("day", "Choose a day or a record, one of both.")
        elif as_of.point_from(str(day or record)) is None:
            field = "day" if day else "record"
            self.add_error(field, "Nothing was recorded by then." if day else "There is no such record.")
        return values


@dataclass(frozen=True)
class Choice:
    """A day that people ask for often."""

    label: str
    url: str


@acts("portal.use")
@require_GET
def choose(request: PortalRequest) -> HttpResponse:
    """Go to a page as of a day or a record; without either, ask for it."""
    is_asked = bool({"day", "record"} & set(request.GET))
    form = PointForm(request.GET if is_asked else None, initial={"next": request.GET.get("next", "")})
    page = _own_page(request.GET.get("next", ""))
    if is_asked and form.is_valid():
        values = form.cleaned_data
        return redirect(_address(str(values["day"] or values["record"]), page))
    context = {"form": form, "page": page, "choices": _choices(page)}
    return render(request, "dashboards/as_of.html", context, status=422 if is_asked else 200)


def _own_page(address: str) -> str:
    """The page of ours that the address names; the executive page for anything else."""
    prefix = get_script_prefix()
    is_ours = address.startswith(prefix) and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_ours and not address.startswith(f"{prefix}as-of/") else reverse("executive")


def _address(point: str, page: str) -> str:
    prefix = get_script_prefix()
    return f"{prefix}as-of/{point}/{page.removeprefix(prefix)}"


def _choices(page: str) -> list[Choice]:
    """The ends of the last months and of the last fiscal year, as far as the record reaches back."""
    first, today = first_day(), clock.today()
    month_end = today.replace(day=1) - timedelta(days=1)
    days = {f"End of {month_end:%B %Y}": month_end}
    for _ in range(2):
        month_end = month_end.replace(day=1) - timedelta(days=1)
        days[f"End of {month_end:%B %Y}"] = month_end
    year = fiscal_year_of(today)
    days[f"End of {written.fiscal_year(year - 1)}"] = _begins(year) - timedelta(days=1)
    return [
        Choice(label, _address(day.isoformat(), page))
        for label, day in days.items()
        if first and day >= first
    ]


def _begins(year: int) -> date:
    return fiscal_year_months(year)[0]
