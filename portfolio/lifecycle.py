"""The life cycle on one screen: which moves exist, and the cache that follows from the facts."""

from typing import Any

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
)
from portfolio.selectors import fiscal_year_of

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
    facts = {"initiative": initiative}
    case = BusinessCase.objects.filter(**facts).order_by("-version").first()
    source = SourceRecord.objects.filter(**facts).order_by("-about_date", "-id").first()
    first_case = BusinessCase.objects.filter(**facts).order_by("version").first()
    stages = list(StageChange.objects.filter(**facts).select_related("transaction").order_by("id"))
    submitted = next((change for change in stages if change.to_stage == Stage.SUBMITTED), None)
    closing = Closing.objects.filter(**facts).order_by("id").last()
    outcome = OutcomeSet.objects.filter(**facts).order_by("id").last()
    classes = {item.kind: item.value for item in Classification.objects.filter(**facts).order_by("id")}
    parts = {
        item.part: item
        for item in Appointment.objects.filter(**facts).exclude(part=Part.ASSESSOR).order_by("id")
    }
    sponsor = parts.get(Part.SPONSOR)
    confirmation = (
        SponsorConfirmation.objects.filter(appointment=sponsor)
        .select_related("transaction")
        .order_by("id")
        .last()
        if sponsor
        else None
    )
    domain = classes.get(Classification.Kind.DOMAIN, "")
    cache: dict[str, Any] = {
        "stage": stages[-1].to_stage if stages else Stage.DRAFT,
        "stage_since": stages[-1].transaction.at if stages else initiative.created_at,
        "submitted_at": submitted.transaction.at if submitted else None,
        "track": classes.get(Classification.Kind.TRACK, ""),
        "domain": domain or (source.domain if source else ""),
        "risk_tier": classes.get(Classification.Kind.RISK_TIER, ""),
        "reference_class": case.reference_class if case else "",
        "closed_kind": closing.kind if closing else "",
        "outcome": outcome.outcome if outcome else "",
        "on_hold": holding(initiative) is not None,
        "owner_id": _person(parts.get(Part.OWNER)),
        "sponsor_id": _person(sponsor),
        "benefit_owner_id": _person(parts.get(Part.BENEFIT_OWNER)),
        "sponsor_confirmed_at": confirmation.transaction.at if confirmation else None,
        "submitter_id": first_case.submitted_by_id if first_case else None,
        "current_case_id": case.pk if case else None,
        "whole_life_cost": case.whole_life_cost if case else None,
        "fiscal_year": _year(case, source),
    }
    if case:
        cache |= {"title": case.title, "summary": case.summary, "currency": case.currency}
    elif source:
        cache |= {"title": source.title, "summary": source.problem[:500], "unit_id": source.unit_id}
    return cache


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
    return (
        Hold.objects.filter(initiative=initiative, lift=None, until__gte=clock.today())
        .order_by("-id")
        .first()
    )


def refresh(initiative: Initiative) -> list[str]:
    """Write the cache from the facts; returns the columns that differed."""
    cache = cache_of(initiative)
    changed = [name for name, value in cache.items() if getattr(initiative, name) != value]
    if changed:
        for name in changed:
            setattr(initiative, name, cache[name])
        initiative.save(update_fields=[name.removesuffix("_id") for name in changed])
    return changed
