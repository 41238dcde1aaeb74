"""What may be typed on the pages of people, units, tokens and the ledger."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation

from accounts import selectors
from accounts.models import Role, Scope, Unit, User
from ledger import clock


def day_field(label: str, *, required: bool = False, help_text: str = "") -> forms.DateField:
    """A day, picked or typed as 2026-03-12."""
    return forms.DateField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


def units_in_words() -> list[tuple[int, str]]:
    """Every open unit, indented by its place in the tree."""
    return [
        (branch.unit.pk, "\u2003" * branch.depth + branch.unit.name)
        for branch in selectors.unit_tree()
        if branch.unit.closed_on is None
    ]


class UnitField(forms.ModelChoiceField[Unit]):
    """A unit, chosen from the tree."""

    def __init__(self, *, label: str, help_text: str = "") -> None:
        super().__init__(Unit.objects.all(), label=label, help_text=help_text, empty_label=None)

    def show_tree(self) -> None:
        """Read the tree now: forms are made per request, fields once."""
        self.choices = units_in_words()


class _WithUnit(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, UnitField):
                field.show_tree()


class StepUpForm(forms.Form):
    """A form of an act that asks who it is again, unless that was asked within five minutes."""

    password = forms.CharField(
        label="Your password",
        help_text="Asked again, since this changes who may do what.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
    )

    def __init__(self, *args: Any, is_fresh: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_fresh:
            del self.fields["password"]


class DecidingForm(StepUpForm):
    """An act that decides or moves money: asks who it is again, unless that was asked just now."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].help_text = "Asked again, since this decides."


class PeopleFilter(forms.Form):
    """Which people to show."""

    words = forms.CharField(label="Name, address or unit", required=False)
    show = forms.ChoiceField(
        label="Show", required=False, choices=[("", "Active accounts"), ("all", "All accounts")]
    )


class InviteForm(StepUpForm, _WithUnit):
    """A new person."""

    name = forms.CharField(label="Name", max_length=150)
    email = forms.EmailField(label="E-mail address", help_text="A link to set a password goes there.")
    home_unit = UnitField(label="Home unit", help_text="Where the person works. It gives no right by itself.")

    field_order = ("name", "email", "home_unit", "password")

    def clean_email(self) -> str:
        """An address that nobody has yet."""
        address = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=address).exists():
            raise forms.ValidationError("Somebody has this address already.")
        return address


class ServiceAccountForm(StepUpForm, _WithUnit):
    """A new account for a program."""

    name = forms.CharField(label="Name", max_length=150, help_text="What it connects, such as ERP interface.")
    home_unit = UnitField(label="Unit")
    answers_for_it = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_service_account=False),
        label="Person who answers for it",
        help_text="Its acts count as this person's.",
        empty_label="Choose a person",
    )

    field_order = ("name", "home_unit", "answers_for_it", "password")


class ReasonForm(forms.Form):
    """An act that needs a reason."""

    reason = forms.CharField(
        label="Reason", help_text="It stands in the ledger.", widget=forms.Textarea(attrs={"rows": 2})
    )


class ExceptionForm(forms.Form):
    """An act that a rule of segregation may bend for: where that is recorded, there is a place to say why."""

    exception = forms.CharField(
        label="Why in spite of a rule",
        required=False,
        help_text="Only where a rule that keeps duties apart is in the way. It stands in the ledger.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.SEGREGATION == "strict":
            del self.fields["exception"]


class DisableForm(StepUpForm, ReasonForm):
    """Close an account."""

    field_order = ("reason", "password")


class GrantForm(ExceptionForm, _WithUnit):
    """A role for a unit and all below it."""

    role = forms.ChoiceField(label="Role", choices=Role.choices)
    unit = UnitField(label="For", help_text="The role reaches this unit and all below it.")
    valid_from = day_field("From", help_text="Today if left empty.")
    valid_to = day_field("Until", help_text="Open if left empty.")

    def clean(self) -> dict[str, Any]:
        """The end lies after the beginning."""
        cleaned = super().clean() or self.cleaned_data
        begins, ends = cleaned.get("valid_from") or clock.today(), cleaned.get("valid_to")
        if ends is not None and ends < begins:
            self.add_error("valid_to", "Choose a day after the beginning.")
        return cleaned


class GlassForm(ReasonForm, _WithUnit):
    """A role for another person in an emergency."""

    person = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_service_account=False), empty_label="Choose a person"
    )
    role = forms.ChoiceField(label="Role")
    unit = UnitField(label="For", help_text="The role reaches this unit and all below it.")
    minutes = forms.IntegerField(label="Minutes", min_value=1, max_value=60, initial=30)

    field_order = ("person", "role", "unit", "minutes", "reason")

    def __init__(self, *args: Any, roles: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        if isinstance(role, forms.ChoiceField):
            role.choices = roles


class UnitForm(_WithUnit):
    """A new unit."""

    name = forms.CharField(label="Name", max_length=200)
    parent = UnitField(label="Below")
    external_id = forms.CharField(
        label="Number in other systems", max_length=200, required=False, help_text="Such as the cost centre."
    )

    def clean(self) -> dict[str, Any]:
        """Units below one parent differ by name."""
        cleaned = super().clean() or self.cleaned_data
        parent, name = cleaned.get("parent"), str(cleaned.get("name", ""))
        if parent and Unit.objects.filter(parent=parent, name__iexact=name.strip()).exists():
            self.add_error("name", "There is a unit of this name here already.")
        return cleaned


class MoveForm(ReasonForm, _WithUnit):
    """A new place for a unit."""

    parent = UnitField(label="New place: below")

    field_order = ("parent", "reason")

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = unit

    def clean_parent(self) -> Unit:
        """Neither the unit itself nor one below it."""
        parent: Unit = self.cleaned_data["parent"]
        if parent.is_under(self.unit):
            raise forms.ValidationError(f"{parent} is {self.unit} or below it: choose another place.")
        if parent.pk == self.unit.parent_id:
            raise forms.ValidationError(f"{self.unit} stands there already.")
        return parent


class TokenForm(StepUpForm):
    """A new token of a service account."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_service_account=True),
        label="Service account",
        empty_label="Choose an account",
    )
    name = forms.CharField(label="Name", max_length=100, help_text="Where the token will be used.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Only what it needs.",
    )
    expires_on = day_field("Ends on", required=True, help_text="Within a year.")

    field_order = ("user", "name", "scopes", "expires_on", "password")

    def clean_expires_on(self) -> Any:
        """From tomorrow to a year from today."""
        day = self.cleaned_data["expires_on"]
        if not clock.today() < day <= selectors.ends_on(365):
            raise forms.ValidationError("Choose a day within a year, from tomorrow on.")
        return day


class FirstPasswordForm(forms.Form):
    """The first password of an account."""

    password1 = forms.CharField(
        label="Password",
        help_text="At least 12 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )
    password2 = forms.CharField(
        label="Once more", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        """Both are the same and strong enough."""
        cleaned = super().clean() or self.cleaned_data
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", "The two passwords differ.")
        elif first:
            try:
                password_validation.validate_password(first, self.user)
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return cleaned


class PolicyFilter(forms.Form):
    """Which rows of the table to show."""

    role = forms.ChoiceField(label="Role or part", required=False)
    words = forms.CharField(label="Words", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        if isinstance(role, forms.ChoiceField):
            role.choices = [("", "All"), *selectors.roles_in_policy()]


class LedgerFilter(forms.Form):
    """Which entries of the ledger to show."""

    act = forms.ChoiceField(label="Act", required=False)
    person = forms.CharField(label="Person", required=False)
    object = forms.CharField(
        label="Object", required=False, widget=forms.TextInput(attrs={"placeholder": "AI-2026-0042"})
    )
    since = day_field("From")
    until = day_field("Until")
    order = forms.ChoiceField(
        label="Order", required=False, choices=[("", "Newest first"), ("oldest", "Oldest first")]
    )

    def __init__(self, *args: Any, acts: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        act = self.fields["act"]
        if isinstance(act, forms.ChoiceField):
            act.choices = [("", "All"), *((name, name) for name in acts)]


class AttemptFilter(forms.Form):
    """Which refused attempts to show."""

    words = forms.CharField(label="Person or act", required=False)


class VerifyForm(forms.Form):
    """How much to verify."""

    state = forms.BooleanField(
        label="Also every fact row", required=False, help_text="Longer: reads all that was ever recorded."
    )
