"""Forms of tiers, controls, what stops, and incidents."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from accounts.forms import DecidingForm
from accounts.models import Unit, User
from assurance.default_questionnaire import AREAS, CHOICES, QUESTIONS
from assurance.models import Control, Duty, Incident, Severity
from assurance.selectors import IncidentQuery, Standing
from ledger import clock
from portfolio.act_forms import AmountField, MonthField, choice
from portfolio.models import Initiative, RiskTier

TIERS = [
    (RiskTier.MINIMAL, "Minimal: no duty of its own"),
    (RiskTier.LIMITED, "Transparency: people have to know"),
    (RiskTier.HIGH, "High: Annex III or a product under safety law"),
    (RiskTier.PROHIBITED, "Prohibited: may not be used"),
]
OWN_TIERS = [
    ("0", "0: no harm to speak of"),
    ("1", "1: a nuisance, put right at once"),
    ("2", "2: money or trust at stake"),
    ("3", "3: people or the firm at stake"),
]


def _day(**values: Any) -> forms.DateField:
    # What a browser's picker starts from is always written so, whatever the locale.
    return forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **values)


def _long(rows: int = 3, **values: Any) -> forms.CharField:
    return forms.CharField(widget=forms.Textarea(attrs={"rows": rows}), max_length=4000, **values)


# Tier ----------------------------------------------------------------------------------------


class QuestionnaireForm(forms.Form):
    """One question after the other, in groups."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in QUESTIONS:
            since = f", from {question.since:%-d %b %Y}" if question.since else ""
            self.fields[question.key] = forms.ChoiceField(
                choices=list(CHOICES.items()),
                widget=forms.RadioSelect,
                label=question.text,
                help_text=f"{question.reference}{since}",
                error_messages={"required": "Choose yes, no or not known yet."},
            )

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the headings of their groups."""
        names = dict.fromkeys(question.group for question in QUESTIONS)
        return [(name, [self[row.key] for row in QUESTIONS if row.group == name]) for name in names]


class TierForm(forms.Form):
    """The tier, and what controls ask beside it."""

    tier = forms.ChoiceField(choices=TIERS, label="EU AI Act tier")
    areas = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        choices=[(str(number), f"{number} {name}") for number, name in AREAS.items()],
        widget=forms.CheckboxSelectMultiple,
        label="Areas of Annex III",
    )
    is_high_impact = forms.BooleanField(required=False, label="High impact by OMB M-25-21 (US federal)")
    high_impact_reason = _long(2, required=False, label="Why its impact is high")
    internal_tier = forms.TypedChoiceField(coerce=int, choices=OWN_TIERS, label="Own tier")
    uses_third_party = forms.BooleanField(required=False, label="It rests on a supplier's model or service")
    uses_personal_data = forms.BooleanField(required=False, label="It uses personal data")
    pilot_touches_people = forms.BooleanField(
        required=False,
        label="Its pilot affects real people",
        help_text="Then a high tier owes its controls before the pilot, at G3.",
    )
    reason = _long(label="Why this tier")


# Controls ------------------------------------------------------------------------------------


def _codes(rows: Iterable[Standing]) -> list[tuple[str, str]]:
    return [
        (row.control.code, f"{row.control.code} {row.control.title} ({row.words}{_due(row)})") for row in rows
    ]


def _due(row: Standing) -> str:
    return f", due at {row.due}" if row.due else ""


class ControlsForm(forms.Form):
    """Some controls out of those that are offered."""

    codes = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        label="Controls",
        error_messages={"required": "Choose at least one control."},
    )

    def __init__(self, *args: Any, rows: Sequence[Standing], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "codes").choices = _codes(rows)


class PlanForm(ControlsForm):
    """Who sees to controls, by when and how."""

    owner = forms.ModelChoiceField(User.objects.none(), label="Who sees to it", empty_label="Choose a person")
    due_on = _day(label="By when")
    text = _long(label="How")

    field_order = ("codes", "owner", "due_on", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        if isinstance(field, forms.ModelChoiceField):
            people = User.objects.filter(is_active=True, is_service_account=False)
            field.queryset = people.order_by("name", "pk")


class EvidenceForm(ControlsForm):
    """What shows that controls hold."""

    text = _long(label="What shows that it holds")
    link = forms.URLField(required=False, max_length=500, assume_scheme="https", label="Where it can be read")
    dated = _day(label="Of which day")

    field_order = ("codes", "text", "link", "attachment", "dated")

    def __init__(self, *args: Any, initiative: Initiative | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dated"].initial = clock.today()
        if initiative is not None:
            self.fields["attachment"] = forms.ModelChoiceField(
                initiative.attachments.order_by("-id"),
                required=False,
                label="A file that is kept with it",
                help_text="Files are added on the tab Case.",
            )
            self.order_fields(self.field_order)


class CheckForm(ControlsForm):
    """A risk officer's word on evidence."""

    concurs = forms.TypedChoiceField(
        coerce=lambda value: value == "yes",
        choices=[("yes", "It shows that the controls hold"), ("no", "Send it back")],
        widget=forms.RadioSelect,
        label="Your word",
    )
    reason = _long(required=False, label="Why", help_text="Needed to send it back.")


class ExceptionForm(DecidingForm):
    """One control that may rest for a while."""

    code = forms.ChoiceField(label="Control")
    expires_on = _day(label="Until")
    reason = _long(label="Why, and what is done instead")

    field_order = ("code", "expires_on", "reason", "password")

    def __init__(self, *args: Any, rows: Sequence[Standing], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "code").choices = [("", "Choose"), *_codes(rows)]


class LibraryFilter(forms.Form):
    """Which controls to show."""

    words = forms.CharField(required=False, max_length=100, label="Words or a number")
    theme = forms.ChoiceField(required=False)
    framework = forms.ChoiceField(required=False, label="Written in")
    due = forms.ChoiceField(required=False, label="Due")

    def __init__(
        self,
        *args: Any,
        themes: dict[str, str],
        frameworks: dict[str, str],
        gates: Iterable[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "theme").choices = [("", "All themes"), *themes.items()]
        choice(self, "framework").choices = [("", "Any text"), *frameworks.items()]
        listed = [(gate, f"By {gate}") for gate in gates]
        choice(self, "due").choices = [("", "At any gate"), ("all", "Held once for all"), *listed]


# What stops ----------------------------------------------------------------------------------


class BlockForm(DecidingForm):
    """A dated block."""

    until = _day(label="Until")
    reason = _long()

    field_order = ("until", "reason", "password")


class DecidingReasonForm(DecidingForm):
    """A deciding act that needs a reason."""

    reason = _long()

    field_order = ("reason", "password")


class VetoForm(DecidingForm):
    """The reliability veto."""

    incident = forms.ModelChoiceField(
        Incident.objects.none(), required=False, label="After which incident", empty_label="No incident"
    )
    reason = _long(label="Why it is not reliable enough")

    field_order = ("incident", "reason", "password")

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["incident"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Incident.objects.filter(initiative=initiative).order_by("-id")


# Incidents -----------------------------------------------------------------------------------


class IncidentForm(forms.Form):
    """What went wrong."""

    title = forms.CharField(max_length=200, label="In a few words")
    severity = forms.ChoiceField(choices=Severity.choices, widget=forms.RadioSelect, label="How bad it was")
    what = _long(5, label="What happened")
    happened_on = _day(label="When it happened")
    noticed_on = _day(label="When it was noticed")
    people_affected = forms.IntegerField(
        required=False, min_value=0, max_value=10**9, label="How many people it affected"
    )
    duty = forms.ChoiceField(
        choices=Duty.choices,
        widget=forms.RadioSelect,
        initial=Duty.NONE,
        label="What an authority has to be told",
        help_text="EU AI Act, Article 73; counted from the day on which it was noticed.",
    )
    stated_cost = AmountField(required=False, label="What it cost so far", help_text="Finance books it.")
    failed_controls = forms.MultipleChoiceField(
        required=False, label="Controls that failed", widget=forms.SelectMultiple(attrs={"size": 8})
    )

    def __init__(self, *args: Any, controls: Iterable[Control], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "failed_controls").choices = [(row.code, str(row)) for row in controls]
        self.fields["stated_cost"].help_text = f"In {currency}. Finance books it."
        for name in ("happened_on", "noticed_on"):
            self.fields[name].initial = clock.today()


class StepForm(forms.Form):
    """What was done."""

    text = _long(label="What was done")


class GradeForm(forms.Form):
    """Another severity."""

    severity = forms.ChoiceField(choices=Severity.choices, widget=forms.RadioSelect, label="How bad it was")
    reason = _long()


class CloseForm(forms.Form):
    """The end of an incident."""

    text = _long(label="How it ended")
    lessons = _long(label="What others should learn from it")


class CostForm(forms.Form):
    """What it cost, as finance books it."""

    amount = AmountField()
    service_month = MonthField(label="Month")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = f"In {currency}."


class IncidentFilter(forms.Form):
    """Which incidents to show."""

    words = forms.CharField(required=False, max_length=100, label="Words or a reference")
    severity = forms.ChoiceField(
        required=False,
        choices=[("", "All"), ("severe", "Severe"), ("serious", "Serious"), ("minor", "Minor")],
    )
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", "All"),
            ("not_closed", "Not closed"),
            ("open", "Open"),
            ("contained", "Contained"),
            ("closed", "Closed"),
        ],
    )
    unit = forms.ModelChoiceField(Unit.objects.none(), required=False, empty_label="All units")
    to_tell = forms.BooleanField(required=False, label="An authority waits")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Unit.objects.order_by("path")

    def asked(self) -> IncidentQuery:
        """What was asked for; nothing of a filter that can't be read."""
        return IncidentQuery(**self.cleaned_data) if self.is_valid() else IncidentQuery()
