"""Forms of the gates."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.forms import DecidingForm, ExceptionForm
from governance.forms.common import day_field, long_field
from portfolio.models import Attachment, Domain, Initiative, OutcomeClass, RiskTier, Track

OVERLAPS = {
    "none": "There is no overlap",
    "join": "It joins the other one",
    "differentiate": "It differs from the other one",
    "depend": "It depends on the other one",
}


class SponsorshipForm(ExceptionForm):
    """The sponsor's published sentence."""

    sentence = long_field(label="Why you stand behind it", help_text="Everyone in the firm may read this.")


class RiskTierForm(forms.Form):
    """The risk tier, and why."""

    tier = forms.ChoiceField(choices=RiskTier.choices, label="Risk tier")
    reason = long_field(label="Why")


class TriageForm(forms.Form):
    """Domain, overlap and track; the track only counts once triage is passed."""

    domain = forms.ChoiceField(choices=[("", "Choose"), *Domain.choices])
    overlap = forms.ChoiceField(
        choices=[("", "Choose"), *OVERLAPS.items()], label="Overlap with similar initiatives"
    )
    track = forms.ChoiceField(choices=[("", "Choose"), *Track.choices], required=False)
    reason = long_field(required=False, label="Why so")


class EvidenceForm(forms.Form):
    """What was supplied for an item of a gate."""

    item_key = forms.ChoiceField(label="What the gate asks for")
    text = long_field(label="What was done, and where it can be seen")
    expires_on = day_field(
        required=False,
        label="Counts until",
        help_text="Its last day; leave it empty when it does not expire.",
    )
    attachment = forms.ModelChoiceField(
        Attachment.objects.none(),
        required=False,
        label="File",
        empty_label="No file",
        help_text="One of the files that are kept with the initiative.",
    )

    def __init__(
        self, *args: Any, items: Iterable[tuple[str, str]], initiative: Initiative, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field, files = self.fields["item_key"], self.fields["attachment"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(items)
        if isinstance(files, forms.ModelChoiceField):
            files.queryset = Attachment.objects.filter(initiative=initiative).order_by("-id")


class OutcomeForm(DecidingForm):
    """The outcome at G6."""

    outcome = forms.ChoiceField(choices=OutcomeClass.choices)
    reason = long_field()
    lessons = long_field(required=False, label="Lessons")

    field_order = ("outcome", "reason", "lessons", "password")
