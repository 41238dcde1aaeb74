"""Forms of the pilot's clock, of recommendations and of parts."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.forms import DecidingForm
from accounts.models import User
from governance.forms.common import day_field, long_field
from governance.models import RecommendationAnswer
from governance.services.parts import GIVEN


class FirstUserForm(forms.Form):
    """When the first real user used it."""

    on = day_field(label="First used on", help_text="The pilot's six months start on this day.")
    note = long_field(label="Who used it, for what", help_text="One sentence that can be checked.")


class ExtensionForm(forms.Form):
    """Why the pilot needs three more months."""

    reason = long_field(label="Why three more months are needed, and what they will show")


class AnswerForm(DecidingForm):
    """What a person decides on a recommendation."""

    answer = forms.ChoiceField(widget=forms.RadioSelect, label="Your decision")
    until = day_field(
        required=False,
        label="Until",
        help_text="For keeping going and for a hold: until then nothing that fired so far is asked again.",
    )
    reason = long_field(label="Why", help_text="Kept in the ledger and sent to owner, sponsor and unit.")

    field_order = ("answer", "until", "reason", "password")

    def __init__(self, *args: Any, answers: Iterable[RecommendationAnswer.Answer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["answer"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(answer.value, answer.label) for answer in answers]


class AppointForm(forms.Form):
    """Who takes a part."""

    part = forms.ChoiceField(
        choices=[("", "Choose"), *((part.value, label) for part, label in GIVEN.items())]
    )
    person = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_service_account=False), empty_label="Choose a person"
    )
    reason = long_field(label="Why")


class StepDownForm(forms.Form):
    """Why the sponsor steps down."""

    reason = long_field(label="Why", help_text="The unit reads this; the part is vacant from now on.")
