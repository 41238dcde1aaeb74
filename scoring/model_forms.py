"""What may be typed in the model workshop."""

from collections.abc import Mapping
from copy import deepcopy
from itertools import pairwise
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from accounts.forms import StepUpForm
from scoring import engine, workshop
from scoring.models import ModelApproval
from scoring.workshop import Content, Row

# How many rows the table of a value function has; empty ones are left out.
KNOT_ROWS = 8
MEASURES = {
    engine.SCORE: "Score",
    "feasibility": "Feasibility",
    "cost": "Cost",
    "impact": "Impact",
}
KNOCK_OUTS = {
    engine.KnockOut.PROHIBITED_USE: "a prohibited use",
    engine.KnockOut.NO_SPONSOR: "no sponsor",
    engine.KnockOut.NO_MEASURABLE_GOAL: "no measurable goal",
    engine.KnockOut.RELIABILITY_VETO: "a reliability veto",
}


class NumberField(forms.CharField):
    """A number as people write it; its normal form as text."""

    def __init__(self, **values: Any) -> None:
        values.setdefault("max_length", 24)
        values.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal"}))
        super().__init__(**values)

    def clean(self, value: Any) -> str:
        """The number, or nothing. Raises ValidationError for words."""
        text: str = super().clean(value)
        try:
            return workshop.number_in(text) if text else ""
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class LaterField(forms.CharField):
    """Words that may still be missing in a draft, and in a proposal no more."""

    def validate(self, value: Any) -> None:
        """Nothing is refused for being empty."""


def _whole(label: str, **values: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, widget=forms.NumberInput(attrs={"min": 1, "max": 100, "inputmode": "numeric"}), **values
    )


class ModelDraftForm(forms.Form):
    """The whole draft: its shape comes from the draft, its words and numbers from the person.

    A draft may be saved unfinished; only what is no number, or too long, is refused.
    """

    use_required_attribute = False

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    name = forms.CharField(label="Name", max_length=120)
    kappa = NumberField(
        label="Kappa",
        help_text="How firmly the weights are held when robustness is tested: 200 is usual, more is firmer.",
    )
    second_scorecard_from = NumberField(label="A second scorecard from")
    third_scorecard_over = NumberField(label="A third scorecard over")
    knock_outs = forms.MultipleChoiceField(
        label="Knock-outs",
        required=False,
        choices=[(str(key), words.capitalize()) for key, words in KNOCK_OUTS.items()],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, draft: Content, data: Any = None, **values: Any) -> None:
        self.draft = draft
        # What is wrong at a place that is no single field: a group of weights, a value function.
        self.at_place: dict[str, str] = {}
        super().__init__(data, initial=initial_of(draft) | values.pop("initial", {}), **values)
        for measure, title in MEASURES.items():
            self.fields[f"hurdle-{measure}-at_least"] = NumberField(label=f"{title} at least", required=False)
            self.fields[f"hurdle-{measure}-explore_at_least"] = NumberField(
                label=f"{title} at least, explore bucket", required=False
            )
        for row in draft["dimensions"]:
            self._add_weights(row)
        for row in draft["criteria"]:
            self._add_weights(row)
            self._add_criterion(row)

    def _add_weights(self, row: Row) -> None:
        key, title = row["key"], row["title"] or "the new criterion"
        self.fields[f"{key}-order"] = _whole(f"Place of {title} in the order", required=False, min_value=1)
        self.fields[f"{key}-swing"] = _whole(
            f"Swing of {title}, of 100", required=False, min_value=1, max_value=100
        )
        self.fields[f"{key}-weight"] = _whole(f"Weight of {title}, percent", min_value=1, max_value=100)

    def _add_criterion(self, row: Row) -> None:
        key = row["key"]
        self.fields[f"{key}-title"] = LaterField(label="Title", max_length=120)
        self.fields[f"{key}-question"] = LaterField(
            label="Question", max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
        )
        if key in workshop.COMPUTABLE:
            self.fields[f"{key}-kind"] = forms.ChoiceField(
                label="Rated by",
                choices=[(engine.Kind.COMPUTED, "Computed from the plan"), (engine.Kind.JUDGED, "Assessors")],
            )
        for level in range(1, 6):
            self.fields[f"{key}-level_{level}"] = LaterField(
                label=f"{level} means", max_length=600, widget=forms.Textarea(attrs={"rows": 2})
            )
        for number in range(1, self.knot_rows(row) + 1):
            for part in ("value", "rating"):
                self.fields[f"{key}-{part}_{number}"] = NumberField(
                    label=f"{part.capitalize()} of point {number}", required=False
                )

    @staticmethod
    def knot_rows(row: Row) -> int:
        """How many rows the table of its value function has."""
        return max(KNOT_ROWS, len(row["knots"])) if row["key"] in workshop.COMPUTABLE else 0

    # What was typed ---------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """A knot has both a value and a rating; a hurdle both its ends."""
        cleaned: dict[str, Any] = super().clean() or {}
        for row in self.draft["criteria"]:
            for number in range(1, self.knot_rows(row) + 1):
                self._both(f"{row['key']}-value_{number}", f"{row['key']}-rating_{number}")
        for measure in MEASURES:
            self._both(f"hurdle-{measure}-at_least", f"hurdle-{measure}-explore_at_least")
        return cleaned

    def _both(self, first: str, second: str) -> None:
        values = [self.cleaned_data.get(name) for name in (first, second)]
        if any(values) and not all(values):
            missing = second if values[0] else first
            if missing not in self.errors:
                self.add_error(missing, "Write both, or neither.")

    def content(self) -> Content:
        """The draft as it was typed."""
        typed, found = self.cleaned_data, deepcopy(self.draft)
        for name in ("name", "kappa", "second_scorecard_from", "third_scorecard_over"):
            found[name] = typed[name].strip()
        found["knock_outs"] = [str(key) for key in KNOCK_OUTS if str(key) in typed["knock_outs"]]
        found["hurdles"] = [
            {
                "measure": measure,
                "at_least": typed[f"hurdle-{measure}-at_least"],
                "explore_at_least": typed[f"hurdle-{measure}-explore_at_least"],
            }
            for measure in MEASURES
            if typed[f"hurdle-{measure}-at_least"]
        ]
        for row in [*found["dimensions"], *found["criteria"]]:
            for part in ("order", "swing", "weight"):
                row[part] = typed[f"{row['key']}-{part}"]
        for row in found["criteria"]:
            self._take_criterion(row, typed)
        return found

    def _take_criterion(self, row: Row, typed: Mapping[str, Any]) -> None:
        key = row["key"]
        row["title"], row["question"] = typed[f"{key}-title"].strip(), typed[f"{key}-question"].strip()
        row["levels"] = [typed[f"{key}-level_{level}"].strip() for level in range(1, 6)]
        if key not in workshop.COMPUTABLE:
            return
        row["kind"] = typed[f"{key}-kind"]
        row["direction"] = str(workshop.COMPUTABLE[key]) if row["kind"] == engine.Kind.COMPUTED else ""
        row["knots"] = [
            [typed[f"{key}-value_{number}"], typed[f"{key}-rating_{number}"]]
            for number in range(1, self.knot_rows(row) + 1)
            if typed[f"{key}-value_{number}"]
        ]

    def put(self, errors: Mapping[str, str]) -> None:
        """Put sentences at their fields, or at their places on the page."""
        for name, sentence in errors.items():
            if name in self.fields:
                self.add_error(name, sentence)
            else:
                self.at_place[name] = sentence

    # For the page -------------------------------------------------------------------------------

    def weights(self, key: str) -> dict[str, BoundField]:
        """Order, swing and weight of a dimension or criterion."""
        return {part: self[f"{key}-{part}"] for part in ("order", "swing", "weight")}

    def levels(self, key: str) -> list[BoundField]:
        """The five levels of a criterion."""
        return [self[f"{key}-level_{level}"] for level in range(1, 6)]

    def knots(self, row: Row) -> list[tuple[BoundField, BoundField]]:
        """The rows of its value function."""
        key = row["key"]
        return [
            (self[f"{key}-value_{number}"], self[f"{key}-rating_{number}"])
            for number in range(1, self.knot_rows(row) + 1)
        ]

    def drawn(self, row: Row) -> workshop.Curve | None:
        """The value function as it is typed now; None while it can't be drawn."""
        try:
            points = [
                (float(workshop.number_in(str(value))), float(workshop.number_in(str(rating))))
                for value, rating in ((pair[0].value(), pair[1].value()) for pair in self.knots(row))
                if value and rating
            ]
        except ValueError:
            return None
        rising = all(a[0] < b[0] for a, b in pairwise(points))
        within = all(1 <= rating <= 5 for _, rating in points)
        return workshop.curve_of(points) if len(points) > 1 and rising and within else None


def initial_of(draft: Content) -> dict[str, Any]:
    """The form's first values."""
    names = ("name", "kappa", "second_scorecard_from", "third_scorecard_over", "knock_outs")
    initial: dict[str, Any] = {name: draft[name] for name in names}
    for row in draft["hurdles"]:
        for part in ("at_least", "explore_at_least"):
            initial[f"hurdle-{row['measure']}-{part}"] = row[part]
    for row in [*draft["dimensions"], *draft["criteria"]]:
        for part in ("order", "swing", "weight"):
            initial[f"{row['key']}-{part}"] = row[part]
    for row in draft["criteria"]:
        key = row["key"]
        initial |= {f"{key}-{part}": row[part] for part in ("title", "question", "kind")}
        initial |= {f"{key}-level_{number}": words for number, words in enumerate(row["levels"], start=1)}
        for number, (value, rating) in enumerate(row["knots"], start=1):
            initial |= {f"{key}-value_{number}": value, f"{key}-rating_{number}": rating}
    return initial


class ProposeForm(forms.Form):
    """The draft goes before CFO and CEO."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    reason = forms.CharField(
        label="Why the model should change",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="CFO and CEO read this first, and it stays in the ledger.",
    )
    rounds_may_finish = forms.BooleanField(
        label="Let scorings that run finish under the version they were opened with", required=False
    )


class VoteForm(StepUpForm):
    """One vote on a proposed version."""

    vote = forms.ChoiceField(label="Your vote", choices=ModelApproval.Vote.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed to refuse: the portfolio office goes on from it.",
    )
    seen_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    field_order = ("vote", "reason", "seen_hash", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].help_text = "Asked again, since this decides."

    def clean(self) -> dict[str, Any]:
        """A refusal has a reason."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("vote") == ModelApproval.Vote.AGAINST and not cleaned.get("reason", "").strip():
            self.add_error("reason", "Say what should change.")
        return cleaned
