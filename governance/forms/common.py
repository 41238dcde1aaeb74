"""What forms of governance share: a day, a long text, a reason, and who it is asked again."""

from typing import Any

from django import forms

from accounts.forms import DecidingForm


def day_field(**values: Any) -> forms.DateField:
    """A day, picked or typed."""
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **values)


def long_field(rows: int = 3, **values: Any) -> forms.CharField:
    """Text of some lines."""
    return forms.CharField(widget=forms.Textarea(attrs={"rows": rows}), max_length=4000, **values)


class ReasonForm(forms.Form):
    """An act that needs a reason."""

    reason = long_field()


class DecidingReasonForm(DecidingForm, ReasonForm):
    """A deciding act that needs a reason."""

    field_order = ("reason", "password")
