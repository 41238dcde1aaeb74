"""Forms of funding rounds."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from accounts.forms import DecidingForm
from accounts.models import User
from governance.forms.common import ReasonForm, day_field, long_field
from governance.forms.signing import ProposalForm
from governance.models import AgendaItem, Envelope, Signature
from governance.services import CONDITION_ROWS, Ballot
from ledger import clock
from portfolio.models import Initiative
from portfolio.selectors import fiscal_year_of


class OpenRoundForm(forms.Form):
    """A new round: its name, its day, and the envelopes that it decides on."""

    name = forms.CharField(max_length=80, help_text="Such as Round 2026-Q4.")
    meets_on = day_field(label="Meets on")
    envelopes = forms.ModelMultipleChoiceField(
        Envelope.objects.none(), widget=forms.CheckboxSelectMultiple, label="Decides on"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["envelopes"]
        if isinstance(field, forms.ModelMultipleChoiceField):
            mine = Envelope.objects.open_to(user).filter(
                fiscal_year__gte=fiscal_year_of(clock.today()), balance__appropriated__gt=0
            )
            field.queryset = mine.select_related("unit").order_by("-fiscal_year", "unit__path")


class AddItemForm(ReasonForm):
    """An initiative that the office puts on the agenda."""

    initiative = forms.ModelChoiceField(
        Initiative.objects.none(), label="Initiative", empty_label="Choose an initiative"
    )

    field_order = ("initiative", "reason")

    def __init__(self, *args: Any, choices: Iterable[Initiative], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["initiative"]
        if isinstance(field, forms.ModelChoiceField):
            ids = [initiative.pk for initiative in choices]
            field.queryset = Initiative.objects.filter(pk__in=ids).order_by("reference")


class MoveItemForm(ReasonForm):
    """Where the meeting takes an item."""

    position = forms.IntegerField(label="Take it as number", min_value=1)

    field_order = ("position", "reason")


class AgendaProposalForm(ProposalForm):
    """What the office proposes for one item; the reason is needed when that departs from rank."""

    reason = long_field(
        required=False,
        help_text="Needed when it departs from the rank order; else its rank and the line are the reason.",
    )


def proposal_of(item: AgendaItem) -> dict[str, Any]:
    """What the form of a proposal starts from."""
    found: dict[str, Any] = {
        "verb": item.verb,
        "amount": item.amount or "",
        "first_tranche": item.first_tranche or "",
        "hold_until": item.hold_until,
        "merge_into": item.merge_into.reference if item.merge_into is not None else "",
        "reason": item.reason,
    }
    for number, row in enumerate(item.conditions[:CONDITION_ROWS], start=1):
        found |= {
            f"condition_{number}_text": row["text"],
            f"condition_{number}_owner": row["owner_id"],
            f"condition_{number}_due": row["due"],
        }
    return found


class CloseRoundForm(forms.Form):
    """The end of the meeting."""

    note = long_field(required=False, label="Note for the minutes")


class SittingForm(DecidingForm):
    """The votes of one sitting; the vote and reason of each item are read by its number."""

    seen_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def ballots(self, items: Iterable[int]) -> dict[int, Ballot]:
        """The votes on these items; 'leave it' is no vote. Adds an error for a vote that there isn't."""
        found = {}
        for item in items:
            vote = str(self.data.get(f"vote_{item}", ""))
            if not vote:
                continue
            if vote not in Signature.Vote.values:
                self.add_error(None, "Vote for or against.")
                continue
            found[item] = Ballot(vote, str(self.data.get(f"reason_{item}", ""))[:4000])
        return found

    def typed(self) -> Mapping[str, Any]:
        """What was sent, so that the page can show it again."""
        return self.data
