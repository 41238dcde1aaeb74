"""What the proposal page shows: the form by section, what the next gate lacks, and what the plan gives."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from governance.promises import decision_by, triage_by
from ledger import clock
from portfolio import case
from portfolio.models import CaseDraft, Initiative
from portfolio.selectors import fiscal_year_of, usable_currencies
from portfolio.services import first_content

# The fields of the first screen, in the order in which people think of them.
FIRST_SCREEN = (
    "title", "summary", "problem", "process", "process_depth", "objective", "owner_id", "sponsor_id", "kpis",
    "sourcing", "reference_class", "currency", "cost_low", "cost_high", "benefit_low", "benefit_high",
    "similar", "similar_none",
)  # fmt: skip
LOOKED_AT = 200
SIMILAR_SHOWN = 4


@dataclass(frozen=True)
class FormField:
    """One field of the form with what was typed, what is wrong with it and what is missing."""

    field: case.CaseField
    value: Any
    error: str
    lacks: str
    errors: dict[str, str]
    later: str  # the later gate that asks for it, if the next one doesn't

    @property
    def id(self) -> str:
        """The id of its control."""
        return f"id_{self.field.key}"


@dataclass(frozen=True)
class FormSection:
    """A section of the form: done, begun or empty."""

    key: str
    label: str
    number: int
    fields: list[FormField]
    state: str


@dataclass(frozen=True)
class PlanMonth:
    """One month of the grid."""

    index: int
    month: date


def next_gate(initiative: Initiative) -> str:
    """The gate that the draft is written for."""
    return "G0" if initiative.stage == "draft" else "G2"


def form_sections(
    initiative: Initiative, content: dict[str, Any], errors: dict[str, str], *, whole: bool
) -> list[FormSection]:
    """The form: the first screen's fields before G0, all of them afterwards or when asked for."""
    clean, gate = case.clean(content)[0], next_gate(initiative)
    lacking = case.missing(clean, gate)
    shown = case.FIELDS if whole else tuple(case.BY_KEY[key] for key in FIRST_SCREEN)
    sections: list[FormSection] = []
    for key, label in case.SECTIONS.items():
        fields = [
            FormField(
                field=item,
                # A person is chosen from a list, so the number counts; anything else stays as it was typed.
                value=clean[item.key] if item.kind == "person" else content.get(item.key),
                error=errors.get(item.key, ""),
                lacks=lacking.get(item.key, ""),
                errors={path: text for path, text in errors.items() if path.startswith(f"{item.key}.")},
                later=item.gate if item.gate > gate else "",
            )
            for item in shown
            if item.section == key
        ]
        if not fields:
            continue
        open_items = sum(1 for entry in fields if entry.lacks or entry.error or entry.errors)
        filled = sum(1 for entry in fields if entry.value and not entry.lacks)
        state = "done" if not open_items else "begun" if filled else "empty"
        sections.append(FormSection(key, label, len(sections) + 1, fields, state))
    return sections


def plan_months(content: dict[str, Any]) -> list[PlanMonth]:
    """The months of the grid: to two years after go-live, or as far as amounts reach."""
    plan = content.get("plan")
    plan = plan if isinstance(plan, dict) else {}
    try:
        start = case.parse_month(str(plan.get("start") or ""))
        go_live = case.parse_month(str(plan.get("go_live") or ""))
    except ValueError:
        return []
    longest = max((len(line.get("amounts") or []) for line in plan.get("lines") or []), default=0)
    count = max(longest, case.months_between(start, go_live) + 25)
    return [PlanMonth(i, case.add_months(start, i)) for i in range(min(count, case.MAX_MONTHS))]


def promised(initiative: Initiative) -> tuple[date, date]:
    """By when triage and decision are promised: of the submission, or if it were sent today."""
    day = timezone.localdate(initiative.submitted_at) if initiative.submitted_at else clock.today()
    return triage_by(day), decision_by(day)


def similar_to(user: User, initiative: Initiative, content: dict[str, Any]) -> list[Initiative]:
    """Initiatives of the register whose title or summary shares the longest words of this one's."""
    text = f"{content.get('title', '')} {content.get('summary', '')}"
    words = {word.strip(".,;:()").lower() for word in text.split()}
    long_words = sorted((word for word in words if len(word) > 4), key=lambda word: (-len(word), word))[:6]
    if not long_words:
        return []
    query = Q()
    for word in long_words:
        query |= Q(title__icontains=word) | Q(summary__icontains=word)
    listed = Initiative.objects.listed_for(user).exclude(pk=initiative.pk).exclude(stage="draft")
    found = list(listed.filter(query).select_related("unit").order_by("-pk")[:LOOKED_AT])

    def shared(other: Initiative) -> int:
        text = f"{other.title} {other.summary}".lower()
        return sum(word in text for word in long_words)

    alike = [other for other in found if shared(other) >= min(2, len(long_words))]
    return sorted(alike, key=lambda other: (-shared(other), other.pk))[:SIMILAR_SHOWN]


def people() -> list[User]:
    """Everyone who may be named in a case."""
    return list(User.objects.filter(is_active=True, is_service_account=False).select_related("home_unit"))


def currencies() -> list[str]:
    """The currencies that a case may be written in, the base currency first."""
    usable = usable_currencies(fiscal_year_of(clock.today()))
    return [settings.BASE_CURRENCY, *sorted(usable - {settings.BASE_CURRENCY})]


def draft_of(initiative: Initiative) -> CaseDraft:
    """The draft; imported initiatives get theirs when somebody first writes it, until then version 0."""
    found = CaseDraft.objects.select_related("updated_by").filter(initiative=initiative).first()
    return found or CaseDraft(initiative=initiative, version=0, content=first_content(initiative))
