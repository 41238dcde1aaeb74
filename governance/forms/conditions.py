"""Forms of conditions, waivers and changed cases."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.forms import DecidingForm
from governance.forms.common import day_field, long_field
from portfolio.models import Attachment, Initiative


class ConditionReportForm(forms.Form):
    """What fulfils a condition."""

    evidence = long_field(label="What was done, and where it can be seen")
    attachment = forms.ModelChoiceField(
        Attachment.objects.none(), required=False, label="File", empty_label="No file"
    )

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["attachment"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Attachment.objects.filter(initiative=initiative).order_by("-id")


class ConditionReviewForm(forms.Form):
    """Accepted, or sent back."""

    accept = forms.TypedChoiceField(
        choices=[("1", "It is fulfilled"), ("0", "Send it back")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        label="Your answer",
    )
    reason = long_field(rows=2, required=False, label="What is missing", help_text="Needed to send it back.")


class WaiverForm(DecidingForm):
    """An item that need not hold for a while."""

    item = forms.ChoiceField(label="Item")
    until = day_field(label="Until", help_text="Its last day; then the gate asks for it again.")
    reason = long_field(label="Why it may wait")

    field_order = ("item", "until", "reason", "password")

    def __init__(self, *args: Any, items: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["item"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(items)
