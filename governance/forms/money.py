"""Forms of tranches and envelopes."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from accounts.forms import DecidingForm
from accounts.models import Unit
from governance.forms.common import day_field, long_field
from governance.models import Bucket, Envelope, EnvelopeChange, Tranche
from governance.services.tranches import Planned
from ledger import clock
from portfolio.act_forms import AmountField
from portfolio.models import Initiative
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

    unit = forms.ModelChoiceField(Unit.objects.none(), empty_label="Choose a unit")
    fiscal_year = forms.IntegerField(min_value=2000, max_value=2100)
    bucket = forms.TypedChoiceField(
        choices=Bucket.choices,
        initial=Bucket.CORE,
        required=False,
        empty_value=Bucket.CORE,
        help_text="Exploring is held at group level.",
    )
    kind = forms.ChoiceField(choices=EnvelopeChange.Kind.choices, label="What changes")
    amount = AmountField(
        required=False, help_text="Not for a carry-over, which is what is unspent, nor to lift a cap."
    )
    into = forms.ModelChoiceField(
        Envelope.objects.none(),
        required=False,
        label="Into",
        empty_label="no second envelope",
        help_text="Only for a transfer: the envelope that receives it.",
    )
    reason = long_field(rows=2)

    def __init__(self, *args: Any, units: Iterable[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ids = [unit.pk for unit in units]
        field, into = self.fields["unit"], self.fields["into"]
        if isinstance(field, forms.ModelChoiceField) and isinstance(into, forms.ModelChoiceField):
            field.queryset = Unit.objects.filter(pk__in=ids).order_by("path")
            open_ones = Envelope.objects.filter(unit__in=ids, balance__is_closed=False)
            into.queryset = open_ones.select_related("unit").order_by("-fiscal_year", "unit__path")
        self.fields["fiscal_year"].initial = fiscal_year_of(clock.today())


class ClosingForm(forms.Form):
    """A year that is to be closed."""

    fiscal_year = forms.IntegerField(min_value=2000, max_value=2100)
    reason = long_field(rows=2)


class ShareField(forms.DecimalField):
    """A share that people write in per cent, with one decimal at most; Keel keeps it in per mille."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=Decimal("0.1"), max_value=Decimal("99.9"), decimal_places=1, **kwargs)

    def clean(self, value: Any) -> Any:
        """The share in per mille, as an integer."""
        per_cent = super().clean(value)
        return None if per_cent is None else int(per_cent * 10)


class CoFundingForm(forms.Form):
    """A share that another unit is to bear."""

    unit = forms.ModelChoiceField(
        Unit.objects.none(), label="Unit that bears it", empty_label="Choose a unit"
    )
    per_mille = ShareField(label="Share, per cent", help_text="25 is a quarter, 12.5 an eighth.")
    reason = long_field(rows=2)

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        if isinstance(field, forms.ModelChoiceField):
            others = Unit.objects.filter(closed_on=None).exclude(pk=initiative.unit_id)
            field.queryset = others.order_by("path")


class TrancheHoldForm(forms.Form):
    """A tranche that is held back."""

    until = day_field(label="To be looked at by", help_text="It stays held until somebody lifts the hold.")
    reason = long_field(rows=2)


class ClawBackForm(forms.Form):
    """What is to be taken back of a released tranche."""

    amount = AmountField()
    reason = long_field(rows=2)


class TranchePlanForm(forms.Form):
    """The tranches of a decision that are not released, planned anew; a row without an amount is left out."""

    reason = long_field(rows=2)

    def __init__(self, *args: Any, waiting: Sequence[Tranche], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = len(waiting) + 2
        for place in range(self.count):
            row = waiting[place] if place < len(waiting) else None
            number = place + 1
            self.fields[f"amount_{number}"] = AmountField(
                required=False, label=f"Amount {number}", initial=row.amount if row else ""
            )
            self.fields[f"due_on_{number}"] = day_field(
                required=False, label=f"Due {number}", initial=row.due_on.isoformat() if row else None
            )
            self.fields[f"earned_by_{number}"] = forms.CharField(
                required=False,
                max_length=300,
                label=f"Earned by {number}",
                initial=row.earned_by if row else "",
                help_text="Empty: free with the decision." if not place else "",
            )
        self.order_fields([name for name in self.fields if name != "reason"])

    def lines(self) -> list[list[forms.BoundField]]:
        """The fields of each tranche together, for the page."""
        return [
            [self[f"{name}_{number}"] for name in ("amount", "due_on", "earned_by")]
            for number in range(1, self.count + 1)
        ]

    def clean(self) -> dict[str, Any]:
        """The rows in their order, for the service."""
        values: dict[str, Any] = super().clean() or {}
        rows = []
        for number in range(1, self.count + 1):
            amount, due_on = values.pop(f"amount_{number}", None), values.pop(f"due_on_{number}", None)
            earned_by = values.pop(f"earned_by_{number}", "")
            if amount is not None and due_on is None and f"due_on_{number}" not in self.errors:
                self.add_error(f"due_on_{number}", "Say when it is due.")
            elif amount is not None and due_on is not None:
                rows.append(Planned(amount, due_on, earned_by))
        return values | {"rows": rows}


class YearForm(forms.Form):
    """Which fiscal year to show."""

    year = forms.TypedChoiceField(coerce=int, label="Fiscal year")

    def __init__(self, *args: Any, years: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["year"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(year, f"FY{year}") for year in years]
