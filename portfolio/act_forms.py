"""Forms of the acts on one initiative."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings

from accounts.forms import ExceptionForm
from ledger import clock
from portfolio import case, files, money
from portfolio.imports.postings import PROFILE
from portfolio.imports.profiles import PROFILES
from portfolio.models import Initiative, PlanLine
from portfolio.selectors import fiscal_year_of, kpis_of, milestones_of, usable_currencies
from portfolio.wording import grouped


def choice(form: forms.Form, name: str) -> forms.ChoiceField:
    """A field of choices, to be filled for one initiative. Raises TypeError for another field."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} is no choice.")
    return field


class MonthInput(forms.TextInput):
    """A month picker; where a browser has none, the month is typed."""

    input_type = "month"

    def format_value(self, value: Any) -> str | None:
        """2026-04 for the first day of a month; what was typed stays as it is."""
        return f"{value:%Y-%m}" if isinstance(value, date) else super().format_value(value)


class MonthField(forms.CharField):
    """A month typed as 2026-04; its value is the first day of it."""

    widget = MonthInput(attrs={"placeholder": "2026-04"})

    def clean(self, value: Any) -> Any:
        """The first day of the month. Raises ValidationError."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return case.parse_month(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class AmountField(forms.CharField):
    """An amount as people type it, 12000 or 12,000.50; what is suggested is written as on every page."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "figures"})

    def prepare_value(self, value: Any) -> Any:
        """What stands in the field: what was typed as it is, a suggested amount with its digits grouped."""
        if not isinstance(value, Decimal):
            return value
        return grouped(value, max(2, -int(value.normalize().as_tuple().exponent)))

    def clean(self, value: Any) -> Decimal | None:
        """The exact amount. Raises ValidationError."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return case.parse_amount(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class CommentForm(forms.Form):
    """What somebody has to say."""

    text = forms.CharField(
        max_length=4000, label="Say something about it", widget=forms.Textarea(attrs={"rows": 3})
    )


class AttachmentForm(forms.Form):
    """A file as evidence."""

    file = forms.FileField(
        label="Add a file", help_text=f"At most {files.MOST_BYTES // 2**20} MB: {files.KINDS_IN_WORDS}."
    )


class PostingForm(forms.Form):
    """One posting, typed."""

    service_month = MonthField()
    amount = AmountField(help_text="A negative amount is a credit note.")
    currency = forms.ChoiceField()
    category = forms.ChoiceField(choices=PlanLine.Category.choices[:7])
    text = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable = sorted(usable_currencies(fiscal_year_of(clock.today())))
        currency = choice(self, "currency")
        currency.choices = [(code, code) for code in usable]
        currency.initial = initiative.currency


class MeasurementForm(forms.Form):
    """The value of a KPI over a month."""

    kpi_key = forms.ChoiceField(label="KPI")
    month = MonthField()
    value = forms.DecimalField(max_digits=19, decimal_places=4)
    note = forms.CharField(max_length=1000, required=False, label="How it was measured")

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "kpi_key").choices = [(kpi.key, kpi.name) for kpi in kpis_of(initiative)]


class MilestoneForm(forms.Form):
    """A milestone that was reached."""

    key = forms.ChoiceField(label="Milestone")
    on = forms.DateField(
        label="Reached on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "key").choices = [
            (item.key, f"{item.name}, due {item.due_on:%d %b %Y}") for item in milestones_of(initiative)
        ]


class ClaimForm(forms.Form):
    """What was gained in a month on a benefit line."""

    line_key = forms.ChoiceField(label="Benefit line")
    month = MonthField()
    amount = AmountField()
    evidence = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="What shows it, and where."
    )

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = PlanLine.objects.filter(case=initiative.current_case_id, side="benefit").order_by("id")
        choice(self, "line_key").choices = [
            (line.key, line.label or line.get_category_display()) for line in lines
        ]


class AttestForm(ExceptionForm):
    """Finance's yes to a claim."""

    amount = AmountField(help_text="At most what was claimed.")
    where_it_shows = forms.CharField(
        max_length=200, help_text="The cost centre that fell, or the post that is not refilled."
    )
    password = forms.CharField(
        required=False,
        widget=forms.PasswordInput,
        help_text="Only if you signed in more than five minutes ago.",
    )


class PeriodForm(forms.Form):
    """A month to close."""

    month = MonthField()


class HoldForm(forms.Form):
    """A dated hold."""

    until = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The hold ends on this day; its stage stays as it is.",
    )
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), min_length=10, max_length=4000)


class LiftForm(forms.Form):
    """The end of a hold before its day."""

    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        min_length=10,
        max_length=4000,
        help_text="What has changed.",
    )


class AssignForm(forms.Form):
    """Which initiative an unmatched posting belongs to."""

    reference = forms.CharField(max_length=20)


class PostingFilter(forms.Form):
    """Which postings to list; the filters stand in the address."""

    matched = forms.ChoiceField(label="Which", choices=[("", "Matched"), ("no", "Unmatched")], required=False)
    initiative = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )
    batch = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    month = MonthField(required=False, label="Service month")


class RateConfirmForm(forms.Form):
    """The CFO's yes to planning rates."""

    password = forms.CharField(required=False, widget=forms.PasswordInput)


class RatesForm(forms.Form):
    """Planning rates of a year: one currency a line."""

    name = forms.CharField(max_length=60, initial="Planning rates")
    fiscal_year = forms.IntegerField(min_value=2000, max_value=2200)
    rates = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=f"One a line: EUR 1.08 means that one euro is 1.08 {settings.BASE_CURRENCY}.",
    )
    source = forms.CharField(max_length=200, required=False)

    def clean_rates(self) -> dict[str, str]:
        """Currency -> rate as a text. Raises ValidationError with the line that can't be read."""
        found: dict[str, str] = {}
        for line in self.cleaned_data["rates"].splitlines():
            parts = line.split()
            if not parts:
                continue
            try:
                code, rate = parts[0].upper(), Decimal(parts[1])
                if len(parts) != 2 or code not in money.CURRENCIES or not rate.is_finite() or rate <= 0:
                    raise ValueError
            except (ArithmeticError, IndexError, ValueError) as error:
                raise forms.ValidationError(f"“{line}” is not a currency and a positive rate.") from error
            found[code] = format(rate, "f")
        return found


class ImportForm(forms.Form):
    """A file and what it is."""

    kind = forms.ChoiceField(label="What it is")
    file = forms.FileField(help_text="CSV or XLSX, at most 20 MB.")

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "kind").choices = kinds

    def clean_file(self) -> Any:
        """The file, if it is not too large."""
        file = self.cleaned_data["file"]
        if file.size > 20 * 2**20:
            raise forms.ValidationError("At most 20 MB.")
        return file


def kinds_for(*, actuals: bool, portfolios: bool) -> list[tuple[str, str]]:
    """What the person may import."""
    return [
        *([(PROFILE, "Monthly actuals")] if actuals else []),
        *([(name, f"Portfolio: {name}") for name in PROFILES] if portfolios else []),
    ]
