"""What may be typed on the pages of the authority and of bodies."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict

from accounts import policy
from accounts.forms import DecidingForm
from accounts.models import Unit, User
from governance import authority_document
from governance.authority_document import MOST_SEATS, MOST_STEPS, Content, Row
from governance.forms.common import day_field, long_field
from governance.models import AuthorityApproval, AuthorityStep
from portfolio.act_forms import AmountField
from portfolio.models import Initiative, RiskTier

_LONG = 400


def content_from(data: QueryDict) -> Content:
    """The document that a browser sends, whole or not: nothing that was typed is lost, nothing is trusted."""
    count = min(_number(data.get("steps", "")), MOST_STEPS)
    return {
        "name": _text(data, "name"),
        "valid_from": _text(data, "valid_from"),
        "tiers_up": sorted(set(data.getlist("tiers_up"))),
        "informed_body": _id(data, "informed_body"),
        "informed_over": _text(data, "informed_over"),
        "informed_currency": _text(data, "informed_currency"),
        "steps": [_row(data, f"steps-{place}") for place in range(count)],
    }


def _row(data: QueryDict, place: str) -> Row:
    seats = min(_number(data.get(f"{place}-seats", "")), MOST_SEATS)
    return {
        "name": _text(data, f"{place}-name"),
        "limit": _text(data, f"{place}-limit"),
        "currency": _text(data, f"{place}-currency"),
        "tiers": sorted(set(data.getlist(f"{place}-tiers"))),
        "unit": _id(data, f"{place}-unit"),
        "bucket": _text(data, f"{place}-bucket"),
        "valid_from": _text(data, f"{place}-valid_from"),
        "valid_to": _text(data, f"{place}-valid_to"),
        "in_order": bool(data.get(f"{place}-in_order")),
        "seats": [_text(data, f"{place}-seats-{number}") for number in range(seats)],
    }


def _text(data: QueryDict, name: str) -> str:
    return data.get(name, "").strip()[:_LONG]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _id(data: QueryDict, name: str) -> int | str:
    """A number, '' for nothing, and a number that nothing has for anything else."""
    text = _text(data, name)
    return "" if not text else int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else -1


class AuthorityProposeForm(forms.Form):
    """Why the authority should change, bound to the draft that was on the screen."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    reason = long_field(label="Why it should change")


class AuthorityVoteForm(DecidingForm):
    """A vote on the version that was on the screen."""

    vote = forms.ChoiceField(choices=AuthorityApproval.Vote.choices, widget=forms.RadioSelect)
    reason = long_field(required=False, help_text="A refusal needs one.")
    seen_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)

    field_order = ("vote", "reason", "password", "seen_hash")


class RouteForm(forms.Form):
    """A request for which one asks who would have to sign."""

    amount = AmountField(label="Whole-life cost")
    currency = forms.ChoiceField()
    unit = forms.ModelChoiceField(Unit.objects.all(), empty_label=None)
    tier = forms.ChoiceField(choices=[("", "Not set"), *RiskTier.choices], required=False, label="Risk tier")
    bucket = forms.ChoiceField(
        choices=[(AuthorityStep.Bucket.CORE, "Core"), (AuthorityStep.Bucket.EXPLORE, "Explore")],
        required=False,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, currencies: Iterable[str]) -> None:
        super().__init__(data)
        for name in ("currency", "unit"):
            self.fields[name].required = False
        field = self.fields["currency"]
        if isinstance(field, forms.ChoiceField):
            others = sorted({*currencies} - {settings.BASE_CURRENCY})
            field.choices = [(code, code) for code in [settings.BASE_CURRENCY, *others]]

    def clean_amount(self) -> Decimal:
        """What may be asked for. Raises ValidationError outside of it."""
        amount: Decimal = self.cleaned_data["amount"]
        if not 0 <= amount < authority_document.LARGEST:
            raise forms.ValidationError("Write an amount of 0 or more.")
        return amount

    def clean_currency(self) -> str:
        """The base currency unless another is named."""
        return self.cleaned_data["currency"] or settings.BASE_CURRENCY

    def clean_unit(self) -> Unit:
        """The whole organisation unless a unit is named. Raises ValidationError before there is any."""
        unit = self.cleaned_data["unit"] or Unit.objects.filter(parent=None).order_by("pk").first()
        if unit is None:
            raise forms.ValidationError("There is no unit yet.")
        return unit

    def clean_bucket(self) -> str:
        """Core unless explore is named."""
        return self.cleaned_data["bucket"] or str(AuthorityStep.Bucket.CORE)


class PresetForm(forms.Form):
    """What a draft starts from."""

    preset = forms.ChoiceField(
        label="Start from",
        required=False,
        choices=[("", "The version in force"), *authority_document.PRESETS.items()],
    )


class SeparationForm(forms.Form):
    """Why an initiative that looks like a part is none."""

    other = forms.ModelChoiceField(Initiative.objects.none(), widget=forms.HiddenInput)
    reason = long_field(rows=2)

    def __init__(self, *args: Any, relatives: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["other"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Initiative.objects.filter(pk__in=list(relatives))


class BodyForm(forms.Form):
    """A body of named members, or of the holders of a role."""

    name = forms.CharField(max_length=80, label="Name")
    quorum = forms.IntegerField(min_value=1, max_value=99, help_text="How many must vote.")
    role = forms.ChoiceField(required=False, label="Members")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        if isinstance(field, forms.ChoiceField):
            roles = policy.table()["decision.sign"].roles
            holders = [(role, f"The holders of the role {policy.role_in_words(role)}") for role in roles]
            field.choices = [("", "Named, one by one"), *holders]


class MemberForm(forms.Form):
    """A member for some time."""

    user = forms.ModelChoiceField(User.objects.none(), label="Person", empty_label="Choose a person")
    valid_from = day_field(required=False, label="From", help_text="Today, if left empty.")
    valid_to = day_field(required=False, label="To", help_text="Until it is ended, if left empty.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["user"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = User.objects.filter(is_active=True, is_service_account=False)


class ConfirmForm(DecidingForm):
    """A second person's yes."""
