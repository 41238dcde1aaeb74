"""Forms of deputies."""

from typing import Any

from django import forms

from accounts.forms import DecidingForm
from accounts.models import User
from governance.forms.common import day_field, long_field


class DeputyForm(DecidingForm):
    """Somebody who signs on one's behalf."""

    deputy = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_service_account=False), empty_label="Choose a person"
    )
    valid_from = day_field(label="From")
    valid_to = day_field(label="Until", help_text="At most 30 days.")
    limit = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=10**15,
        label="Up to",
        help_text="In whole units of the base currency; your own limit if left empty.",
    )
    reason = long_field(rows=2)

    field_order = ("deputy", "valid_from", "valid_to", "limit", "reason", "password")

    def __init__(self, *args: Any, principal: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["deputy"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = User.objects.filter(is_active=True, is_service_account=False).exclude(
                pk=principal.pk
            )
