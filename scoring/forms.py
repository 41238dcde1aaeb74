"""What may be typed at the scoring desk."""

from datetime import date
from typing import Any, cast

from django import forms
from django.forms.boundfield import BoundField

from accounts.forms import ExceptionForm
from accounts.models import User
from ledger import clock
from scoring.models import Criterion, EvidenceGrade, ScorecardRating, ScoringRound
from scoring.selectors import Candidate, due_day
from scoring.services import LONGEST_REASON, UNKNOWN, CleanRatings, judged, missing_in

RATINGS = [(str(level), str(level)) for level in range(1, 6)] + [(UNKNOWN, "Unknown")]


def not_over(day: date) -> date:
    """The day, unless it is over. Raises ValidationError."""
    if day < clock.today():
        raise forms.ValidationError("Choose today or a day to come.")
    return day


class AssignForm(ExceptionForm):
    """Who scores a case, and by when."""

    assessor = forms.ChoiceField(label="Assessor")
    due_on = forms.DateField(
        label="Due on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), initial=due_day
    )

    def __init__(self, candidates: list[Candidate], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people: dict[str, User] = {str(each.person.pk): each.person for each in candidates}
        self.unfit = [each for each in candidates if each.unfit]
        assessor = cast(forms.ChoiceField, self.fields["assessor"])
        # Who doesn't fit is not offered; if sent all the same, the act says why it refuses.
        assessor.choices = [(pk, person.name) for pk, person in self.people.items()]
        fit = [(str(each.person.pk), each.person.name) for each in candidates if not each.unfit]
        assessor.widget.choices = [("", "Choose an assessor"), *fit]
        self.fields["due_on"].widget.attrs["min"] = clock.today().isoformat()

    def clean_due_on(self) -> date:
        """Not before today."""
        return not_over(self.cleaned_data["due_on"])

    def person(self) -> User:
        """The assessor who was chosen."""
        return self.people[self.cleaned_data["assessor"]]


class StaffForm(forms.Form):
    """By when those score whom the rule chooses."""

    due_on = forms.DateField(
        label="Due on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), initial=due_day
    )

    def clean_due_on(self) -> date:
        """Not before today."""
        return not_over(self.cleaned_data["due_on"])


class CloseForm(forms.Form):
    """What stands behind the ratings, said when the scoring closes; and why, when they lie apart."""

    evidence_grade = forms.ChoiceField(label="Evidence grade", choices=EvidenceGrade.choices)
    reason = forms.CharField(
        label="Why it closes although ratings lie apart",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write why it closes although ratings lie apart."},
    )

    def __init__(self, *args: Any, left_apart: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not left_apart:
            del self.fields["reason"]


class ConflictForm(forms.Form):
    """Why an assessor is not free to judge a case."""

    reason = forms.CharField(
        label="What binds you",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The portfolio office reads it and asks somebody else.",
        error_messages={"required": "Write in one sentence what binds you."},
    )


class AnswerForm(forms.Form):
    """An assessor's answer to a reconciliation: the rating changed or kept, with the reason."""

    criterion = forms.CharField(widget=forms.HiddenInput, max_length=60)
    rating = forms.ChoiceField(
        label="Your rating now",
        choices=RATINGS,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose 1 to 5, or unknown."},
    )
    confidence = forms.ChoiceField(label="How sure are you?", choices=ScorecardRating.Confidence.choices)
    reason = forms.CharField(
        label="Why you change it or stand by it",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write why you change your rating or stand by it."},
    )

    def values(self) -> dict[str, Any]:
        """What the act takes."""
        rating = self.cleaned_data["rating"]
        return self.cleaned_data | {"rating": int(rating) if rating.isdigit() else rating}


class ScorecardForm(forms.Form):
    """A scorecard: for each judged criterion a rating or unknown, a confidence and a reason.

    With `is_final` nothing may be missing; a draft may be as it is.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    comment = forms.CharField(
        label="Anything else the decision makers should know",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, criteria: list[Criterion], *args: Any, is_final: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        self.is_final = is_final
        for criterion in criteria:
            self.fields[f"{criterion.key}-rating"] = forms.ChoiceField(
                label=criterion.title,
                required=False,
                choices=RATINGS,
                widget=forms.RadioSelect,
            )
            self.fields[f"{criterion.key}-confidence"] = forms.ChoiceField(
                label="How sure are you?",
                required=False,
                choices=ScorecardRating.Confidence.choices,
                initial=ScorecardRating.Confidence.MEDIUM,
            )
            self.fields[f"{criterion.key}-reason"] = forms.CharField(
                label="Reason",
                required=False,
                max_length=LONGEST_REASON,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    @staticmethod
    def initial_of(ratings: CleanRatings, comment: str, version: int) -> dict[str, Any]:
        """The form's first values, from a draft."""
        initial: dict[str, Any] = {"version": version, "comment": comment}
        for key, given in ratings.items():
            rating = given.get("rating")
            initial |= {
                f"{key}-rating": "" if rating is None else str(rating),
                f"{key}-confidence": given.get("confidence") or ScorecardRating.Confidence.MEDIUM,
                f"{key}-reason": given.get("reason", ""),
            }
        return initial

    def clean(self) -> dict[str, Any]:
        """A final scorecard lacks nothing."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.is_final:
            whole = [c for c in self.criteria if not self._is_wrong(c)]
            for key, sentence in missing_in(whole, self.ratings()).items():
                part = "rating" if not cleaned.get(f"{key}-rating") else "reason"
                self.add_error(f"{key}-{part}", sentence)
        return cleaned

    def _is_wrong(self, criterion: Criterion) -> bool:
        return any(f"{criterion.key}-{part}" in self.errors for part in ("rating", "confidence", "reason"))

    def ratings(self) -> CleanRatings:
        """What was typed, by criterion."""
        found: CleanRatings = {}
        for criterion in self.criteria:
            rating = self.cleaned_data.get(f"{criterion.key}-rating") or None
            found[criterion.key] = {
                "rating": int(rating) if rating and rating.isdigit() else rating,
                "confidence": self.cleaned_data.get(f"{criterion.key}-confidence")
                or ScorecardRating.Confidence.MEDIUM,
                "reason": self.cleaned_data.get(f"{criterion.key}-reason", ""),
            }
        return found

    def parts_of(self, criterion: Criterion) -> dict[str, BoundField]:
        """The three fields of a criterion."""
        return {part: self[f"{criterion.key}-{part}"] for part in ("rating", "confidence", "reason")}

    @classmethod
    def of(cls, round_: ScoringRound, *args: Any, **kwargs: Any) -> "ScorecardForm":
        """The form for a round's model."""
        return cls(judged(round_.model), *args, **kwargs)
