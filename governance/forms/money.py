"""Forms of tranches and envelopes."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.models import Unit
from governance.forms.common import DecidingForm, long_field
from governance.models import EnvelopeChange
from ledger import clock
from portfolio.act_forms import AmountField
from portfolio.selectors import fiscal_year_of


class ReleaseForm(DecidingForm):
    """The release of a tranche."""

    reason = long_field(required=False, label="Note")

    field_order = ("reason", "password")


class TrancheRequestForm(forms.Form):
    """What earned a tranche."""

    evidence = long_field(label="What earned it", help_text="What was reached, and where it can be seen.")


class EnvelopeForm(forms.Form):
    """A proposed change of an envelope."""

    unit = forms.ModelChoiceField(Unit.objects.none())
    fiscal_year = forms.IntegerField(min_value=2000, max_value=2100)
    kind = forms.ChoiceField(choices=EnvelopeChange.Kind.choices)
    amount = AmountField()
    reason = long_field(rows=2)

    def __init__(self, *args: Any, units: Iterable[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Unit.objects.filter(pk__in=[unit.pk for unit in units]).order_by("path")
        self.fields["fiscal_year"].initial = fiscal_year_of(clock.today())


class YearForm(forms.Form):
    """Which fiscal year to show."""

    year = forms.TypedChoiceField(coerce=int, label="Fiscal year")

    def __init__(self, *args: Any, years: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["year"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(year, f"FY{year}") for year in years]
