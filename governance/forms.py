"""Forms of gates, signing rounds, tranches and envelopes."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.forms import StepUpForm
from accounts.models import Unit, User
from governance.models import EnvelopeChange, Signature, Verb
from governance.services import CONDITION_ROWS
from ledger import clock
from portfolio.act_forms import AmountField
from portfolio.models import Domain, Initiative, OutcomeClass, RiskTier, Track
from portfolio.selectors import fiscal_year_of

OVERLAPS = {
    "none": "There is no overlap",
    "join": "It joins the other one",
    "differentiate": "It differs from the other one",
    "depend": "It depends on the other one",
}


def _day(**values: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **values)


def _long(rows: int = 3, **values: Any) -> forms.CharField:
    return forms.CharField(widget=forms.Textarea(attrs={"rows": rows}), max_length=4000, **values)


class DecidingForm(StepUpForm):
    """An act that decides or moves money: asks who it is again, unless that was asked just now."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].help_text = "Asked again, since this decides."


class ReasonForm(forms.Form):
    """An act that needs a reason."""

    reason = _long()


class DecidingReasonForm(DecidingForm, ReasonForm):
    """A deciding act that needs a reason."""

    field_order = ("reason", "password")


# Gates ---------------------------------------------------------------------------------------


class SponsorshipForm(forms.Form):
    """The sponsor's published sentence."""

    sentence = _long(label="Why you stand behind it", help_text="Everyone in the firm may read this.")


class RiskTierForm(forms.Form):
    """The risk tier, and why."""

    tier = forms.ChoiceField(choices=RiskTier.choices, label="Risk tier")
    reason = _long(label="Why")


class TriageForm(forms.Form):
    """Domain, overlap and track; the track only counts once triage is passed."""

    domain = forms.ChoiceField(choices=[("", "Choose"), *Domain.choices])
    overlap = forms.ChoiceField(
        choices=[("", "Choose"), *OVERLAPS.items()], label="Overlap with similar initiatives"
    )
    track = forms.ChoiceField(choices=[("", "Choose"), *Track.choices], required=False)
    reason = _long(required=False, label="Why so")


class EvidenceForm(forms.Form):
    """What was supplied for an item of a gate."""

    item_key = forms.ChoiceField(label="What the gate asks for")
    text = _long(label="What was done, and where it can be seen")

    def __init__(self, *args: Any, items: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["item_key"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(items)


class OutcomeForm(DecidingForm):
    """The outcome at G6."""

    outcome = forms.ChoiceField(choices=OutcomeClass.choices)
    reason = _long()
    lessons = _long(required=False, label="Lessons")

    field_order = ("outcome", "reason", "lessons", "password")


# Signing -------------------------------------------------------------------------------------


class ProposalForm(forms.Form):
    """A decision that the portfolio office proposes."""

    verb = forms.ChoiceField(label="Decision")
    amount = AmountField(required=False, help_text="For a 'go' only, in the currency of the case.")
    first_tranche = AmountField(required=False, label="First tranche")
    hold_until = _day(required=False, label="Hold until")
    merge_into = forms.CharField(
        required=False, max_length=20, label="Merge into", help_text="Its reference."
    )
    reason = _long()

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
                people, required=False, label="Owner"
            )
            self.fields[f"condition_{row}_due"] = _day(required=False, label="Due")

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


class SignatureForm(DecidingForm):
    """A vote on what was on the screen."""

    vote = forms.ChoiceField(choices=Signature.Vote.choices, widget=forms.RadioSelect)
    reason = _long()
    seen_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)

    field_order = ("vote", "reason", "password", "seen_hash")


# Money ---------------------------------------------------------------------------------------


class ReleaseForm(DecidingForm):
    """The release of a tranche."""

    reason = _long(required=False, label="Note")

    field_order = ("reason", "password")


class TrancheRequestForm(forms.Form):
    """What earned a tranche."""

    evidence = _long(label="What earned it", help_text="What was reached, and where it can be seen.")


class EnvelopeForm(forms.Form):
    """A proposed change of an envelope."""

    unit = forms.ModelChoiceField(Unit.objects.none())
    fiscal_year = forms.IntegerField(min_value=2000, max_value=2100)
    kind = forms.ChoiceField(choices=EnvelopeChange.Kind.choices)
    amount = AmountField()
    reason = _long(rows=2)

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
