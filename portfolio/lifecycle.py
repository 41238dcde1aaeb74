"""The life cycle on one screen: which moves exist, and the cache that follows from the facts."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import QuerySet

from accounts.errors import InvalidMove
from ledger import clock
from ledger.services import Act
from portfolio.models import (
    Appointment,
    BusinessCase,
    Classification,
    ClosedKind,
    Closing,
    Hold,
    Initiative,
    OutcomeSet,
    Part,
    SourceRecord,
    SponsorConfirmation,
    Stage,
    StageChange,
    StepDown,
)
from portfolio.selectors import fiscal_year_of

# A fact about one initiative.
F = TypeVar(
    "F", Appointment, BusinessCase, Classification, Closing, Hold, OutcomeSet, SourceRecord, StageChange
)

MOVES: dict[str, frozenset[str]] = {
    Stage.DRAFT: frozenset({Stage.SUBMITTED}),
    Stage.SUBMITTED: frozenset({Stage.ASSESSMENT, Stage.DECISION, Stage.OPERATING, Stage.DRAFT}),
    Stage.ASSESSMENT: frozenset({Stage.DECISION, Stage.DRAFT}),
    Stage.DECISION: frozenset({Stage.PILOT, Stage.SCALING, Stage.DRAFT}),
    Stage.PILOT: frozenset({Stage.SCALING, Stage.DRAFT}),
    Stage.SCALING: frozenset({Stage.OPERATING, Stage.DRAFT}),
    # A notified initiative may be called in: it is triaged again.
    Stage.OPERATING: frozenset({Stage.RETIRED, Stage.SUBMITTED}),
    Stage.RETIRED: frozenset(),
}


def lock(initiative: Initiative) -> Initiative:
    """The row as it is now, locked until the end of the transaction."""
    return (
        Initiative.objects.select_for_update(of=("self",))
        .select_related("unit", "current_case")
        .get(pk=initiative.pk)
    )


def require_open(initiative: Initiative) -> None:
    """Raise InvalidMove for a closed initiative."""
    if initiative.closed_kind:
        raise InvalidMove(
            f"{initiative.reference} is closed ({initiative.get_closed_kind_display().lower()})."
        )


def move(initiative: Initiative, to_stage: str, *, act: Act, reason: str = "") -> StageChange:
    """Move on, if there is such a move. Raises InvalidMove."""
    require_open(initiative)
    if to_stage not in MOVES[initiative.stage]:
        raise InvalidMove(
            f"{initiative.reference} is in stage {initiative.stage}; it can't move to {to_stage} from there."
        )
    change = act.add(
        StageChange, initiative=initiative, from_stage=initiative.stage, to_stage=to_stage, reason=reason
    )
    initiative.stage = to_stage
    initiative.stage_since = act.at
    if to_stage == Stage.SUBMITTED and initiative.submitted_at is None:
        initiative.submitted_at = act.at
    initiative.save(update_fields=["stage", "stage_since", "submitted_at"])
    act.marks("return", [initiative.pk])
    return change


def close(initiative: Initiative, kind: str, *, act: Act, reason: str) -> Closing:
    """Close it with a kind; the stage stays. Raises InvalidMove when it is closed already."""
    require_open(initiative)
    closing = act.add(Closing, initiative=initiative, kind=ClosedKind(kind), reason=reason)
    initiative.closed_kind = kind
    initiative.save(update_fields=["closed_kind"])
    act.marks("return", [initiative.pk])
    return closing


def cache_of(initiative: Initiative) -> dict[str, Any]:
    """What the facts say about the cached columns of an initiative, by column name."""
    return caches_of([initiative])[initiative.pk]


def caches_of(initiatives: Sequence[Initiative]) -> dict[int, dict[str, Any]]:
    """The same for many, by initiative: as many queries for all of them as for one."""
    known = _Known([initiative.pk for initiative in initiatives])
    return {initiative.pk: known.cache_of(initiative) for initiative in initiatives}


class _Known:
    """The facts that the cache follows from, by initiative, each kind in one query."""

    def __init__(self, ids: Sequence[int]) -> None:
        about = {"initiative__in": ids}
        cases = BusinessCase.objects.filter(**about).defer("content").order_by("version")
        self.cases = _by_initiative(cases)
        sources = SourceRecord.objects.filter(**about).defer("raw").order_by("about_date", "id")
        self.sources = _by_initiative(sources)
        changes = StageChange.objects.filter(**about).select_related("transaction").order_by("id")
        self.changes = _by_initiative(changes)
        self.closings = _by_initiative(Closing.objects.filter(**about).order_by("id"))
        self.outcomes = _by_initiative(OutcomeSet.objects.filter(**about).order_by("id"))
        self.classes = _by_initiative(Classification.objects.filter(**about).order_by("id"))
        parts = Appointment.objects.filter(**about).exclude(part=Part.ASSESSOR).order_by("id")
        self.parts = _by_initiative(parts)
        left = StepDown.objects.filter(appointment__initiative__in=ids)
        self.left = set(left.values_list("appointment", flat=True))
        confirmed = SponsorConfirmation.objects.filter(appointment__initiative__in=ids)
        self.confirmed_at = dict(confirmed.order_by("id").values_list("appointment", "transaction__at"))
        self.holds = _by_initiative(_in_force(Hold.objects.filter(**about)))

    def cache_of(self, initiative: Initiative) -> dict[str, Any]:
        """The cached columns of one of them."""
        pk = initiative.pk
        case, source, stage = _last(self.cases[pk]), _last(self.sources[pk]), _last(self.changes[pk])
        closing, outcome = _last(self.closings[pk]), _last(self.outcomes[pk])
        submitted = next((change for change in self.changes[pk] if change.to_stage == Stage.SUBMITTED), None)
        classes = {item.kind: item.value for item in self.classes[pk]}
        newest = {item.part: item for item in self.parts[pk]}
        parts = {part: item for part, item in newest.items() if item.pk not in self.left}
        sponsor = parts.get(Part.SPONSOR)
        domain = classes.get(Classification.Kind.DOMAIN, "")
        cache: dict[str, Any] = {
            "stage": stage.to_stage if stage else Stage.DRAFT,
            "stage_since": stage.transaction.at if stage else initiative.created_at,
            "submitted_at": submitted.transaction.at if submitted else None,
            "track": classes.get(Classification.Kind.TRACK, ""),
            "domain": domain or (source.domain if source else ""),
            "risk_tier": classes.get(Classification.Kind.RISK_TIER, ""),
            "reference_class": case.reference_class if case else "",
            "closed_kind": closing.kind if closing else "",
            "outcome": outcome.outcome if outcome else "",
            "on_hold": bool(self.holds[pk]),
            "owner_id": _person(parts.get(Part.OWNER)),
            "sponsor_id": _person(sponsor),
            "benefit_owner_id": _person(parts.get(Part.BENEFIT_OWNER)),
            "sponsor_confirmed_at": self.confirmed_at.get(sponsor.pk) if sponsor else None,
            "submitter_id": self.cases[pk][0].submitted_by_id if case else None,
            "current_case_id": case.pk if case else None,
            "whole_life_cost": case.whole_life_cost if case else None,
            "fiscal_year": _year(case, source),
        }
        if case:
            cache |= {"title": case.title, "summary": case.summary, "currency": case.currency}
        elif source:
            cache |= {"title": source.title, "summary": source.problem[:500], "unit_id": source.unit_id}
        return cache


def _by_initiative(facts: QuerySet[F]) -> defaultdict[int, list[F]]:
    found: defaultdict[int, list[F]] = defaultdict(list)
    for fact in facts:
        found[fact.initiative_id].append(fact)
    return found


def _last(facts: list[F]) -> F | None:
    return facts[-1] if facts else None


def _person(appointment: Appointment | None) -> int | None:
    return None if appointment is None else appointment.person_id


def _year(case: BusinessCase | None, source: SourceRecord | None) -> int | None:
    if case is not None and case.start_month is not None:
        return fiscal_year_of(case.start_month)
    if source is not None:
        return fiscal_year_of(source.starts_on or source.about_date)
    return None


def holding(initiative: Initiative) -> Hold | None:
    """The hold that is in force, if any."""
    return _in_force(Hold.objects.filter(initiative=initiative)).last()


def _in_force(holds: QuerySet[Hold]) -> QuerySet[Hold]:
    return holds.filter(lift=None, until__gte=clock.today()).order_by("id")


def refresh(initiative: Initiative) -> list[str]:
    """Write the cache from the facts; returns the columns that differed."""
    cache = cache_of(initiative)
    changed = [name for name, value in cache.items() if getattr(initiative, name) != value]
    if changed:
        for name in changed:
            setattr(initiative, name, cache[name])
        initiative.save(update_fields=[name.removesuffix("_id") for name in changed])
    return changed
