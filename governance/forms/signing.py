"""Forms of signing rounds."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.forms import DecidingForm
from accounts.models import User
from governance.forms.common import day_field, long_field
from governance.models import Signature, Verb
from governance.services import CONDITION_ROWS
from portfolio.act_forms import AmountField
from portfolio.models import Attachment, Initiative


class ProposalForm(forms.Form):
    """A decision that the portfolio office proposes."""

    verb = forms.ChoiceField(label="Decision")
    amount = AmountField(required=False, help_text="For a go only, in the currency of the case.")
    first_tranche = AmountField(required=False, label="First tranche")
    hold_until = day_field(required=False, label="Hold until")
    merge_into = forms.CharField(
        required=False, max_length=20, label="Merge into", help_text="Its reference."
    )
    reason = long_field()

    def __init__(self, *args: Any, verbs: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["verb"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [choice for choice in Verb.choices if choice[0] in set(verbs)]
        people = User.objects.filter(is_active=True, is_service_account=False)
        for row in range(1, CONDITION_ROWS + 1):
            self.fields[f"condition_{row}_text"] = forms.CharField(
                required=False, max_length=1000, label=f"Condition {row}"
            )
            self.fields[f"condition_{row}_owner"] = forms.ModelChoiceField(
                people, required=False, label="Owner", empty_label="Choose a person"
            )
            self.fields[f"condition_{row}_due"] = day_field(required=False, label="Due")

    def clean_merge_into(self) -> Initiative | None:
        """The initiative of that reference. Raises ValidationError when there is none."""
        reference = self.cleaned_data["merge_into"].strip().upper()
        if not reference:
            return None
        found = Initiative.objects.filter(reference=reference).first()
        if found is None:
            raise forms.ValidationError(f"There is no initiative {reference}.")
        return found

    def conditions(self) -> list[dict[str, Any]]:
        """The rows in which something was typed."""
        rows = []
        for row in range(1, CONDITION_ROWS + 1):
            text, owner, due = (
                self.cleaned_data.get(f"condition_{row}_{name}") for name in ("text", "owner", "due")
            )
            if text or owner or due:
                rows.append({"text": text, "owner_id": owner.pk if owner else None, "due": due})
        return rows

    def condition_rows(self) -> list[list[forms.BoundField]]:
        """The fields of each condition, for the page."""
        return [
            [self[f"condition_{row}_{name}"] for name in ("text", "owner", "due")]
            for row in range(1, CONDITION_ROWS + 1)
        ]


class ResolutionForm(ProposalForm):
    """A decision that the board made where nobody in Keel may."""

    reference = forms.CharField(max_length=100, label="Number or date of the resolution")
    text = long_field(label="What the board resolved")
    attachment = forms.ModelChoiceField(
        Attachment.objects.none(),
        label="The signed document",
        empty_label="Choose a file",
        help_text="Keep it with the initiative first.",
    )

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["attachment"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Attachment.objects.filter(initiative=initiative).order_by("-pk")


class ConfirmResolutionForm(DecidingForm):
    """That the document resolves what was on the screen."""

    seen_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)


class SignatureForm(DecidingForm):
    """A vote on what was on the screen."""

    vote = forms.ChoiceField(choices=Signature.Vote.choices, widget=forms.RadioSelect)
    reason = long_field()
    seen_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)

    field_order = ("vote", "reason", "password", "seen_hash")

    def __init__(self, *args: Any, votes: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field, offered = self.fields["vote"], set(votes)
        if isinstance(field, forms.ChoiceField):
            field.choices = [choice for choice in Signature.Vote.choices if choice[0] in offered]
