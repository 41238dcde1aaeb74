"""Forms around the draft of the gates."""

from typing import Any

from django import forms

from accounts.forms import DecidingForm
from governance.forms.common import long_field
from governance.gate_workshop import MATERIAL


class DraftSeenForm(forms.Form):
    """Which state of the draft was on the screen."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


class GateProposeForm(DraftSeenForm):
    """Why the gates are to ask this."""

    reason = long_field(rows=2, label="Why the gates are to ask this")


class MaterialForm(DraftSeenForm):
    """What counts as a material change; a draft may be saved unfinished."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in MATERIAL.items():
            self.fields[name] = forms.CharField(
                label=label, max_length=16, widget=forms.TextInput(attrs={"inputmode": "decimal"})
            )


class GateVerdictForm(DecidingForm):
    """In force or refused, on what was on the screen."""

    put_in_force = forms.TypedChoiceField(
        choices=[("1", "Put it in force"), ("0", "Refuse it")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        label="Your answer",
    )
    reason = long_field(rows=2)
    seen_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)

    field_order = ("put_in_force", "reason", "password", "seen_hash")
