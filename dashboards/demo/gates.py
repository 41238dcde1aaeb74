"""What becomes of conditions, and what the office, the CFO and a unit do about gates near the present."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dashboards.demo.history import Diary, Life
from dashboards.demo.world import World
from governance import gate_workshop, gates, services, waivers
from governance.models import Condition, Decision, GateItem, SigningRound
from governance.permissions import may_waive
from governance.services import gate_sets
from ledger import clock
from portfolio.models import BusinessCase, CaseDraft, Initiative, Stage, Track
from portfolio.services import save_draft

if TYPE_CHECKING:
    from dashboards.demo.road import Road

# One condition that fell due this lately is left to be overdue.
LATELY = 75
# A quarter more of this is surely a material change.
LARGE = Decimal(200_000)
EVIDENCE = "Done and shown to the portfolio office; the record is kept with the files of the initiative."


def fulfilled(road: "Road", decision: Decision) -> Life:
    """The owner reports each condition before its day, and the office accepts; one is left overdue."""
    world = road.world
    diary = Diary(world.now, hour=10, minute=15)
    for condition in Condition.objects.filter(decision=decision).select_related("owner").order_by("due_on"):
        in_days = (condition.due_on - world.now.date()).days
        yield diary.on(world.now + timedelta(days=max(2, in_days - 12)))
        left = condition.due_on > world.ago(LATELY).date() and not world.has_overdue_condition
        if left and condition.due_on < world.present.date():
            world.has_overdue_condition = True
            continue
        if road.has_ended():
            return
        condition.decision.initiative = road.initiative
        services.report_condition(condition, evidence=EVIDENCE, actor=condition.owner)
        yield diary.on(diary.last + timedelta(days=4))
        if not road.has_ended():
            services.review_condition(condition, accept=True, actor=world.cast.office[0])


def about_gates(world: World) -> Life:
    """A second version of the gates; later a case that outgrows its decision, and a waiver."""
    yield world.ago(200)
    _second_version(world)
    yield world.ago(21)
    _outgrow(world)
    yield world.ago(9)
    _waive(world)


def _second_version(world: World) -> None:
    office, cfo = world.cast.office[0], world.cast.cfo
    draft = gate_sets.start_gate_draft(actor=office)
    new = gate_workshop.new_row(draft.content, "G5", "given:evidence")
    new |= {"text": "Its users were asked what they think of it", "is_must": False}
    rows = [*gate_workshop.rows_at(draft.content, "G5"), new]
    content = gate_workshop.with_rows(draft.content, "G5", rows)
    draft = gate_sets.save_gate_draft(content=content, version=draft.version, actor=office)
    why = "Tools that nobody likes are left again within a year."
    proposal = gate_sets.propose_gates(version=draft.version, reason=why, actor=office)
    gate_sets.decide_gates(
        proposal,
        put_in_force=True,
        seen_hash=proposal.content_hash,
        reason="Ask, but do not hold anything up for it.",
        actor=cfo,
    )


def _running(world: World, stage: str) -> list["Road"]:
    """The roads that are in a stage and free of a hold and of an open round, in the order of the stories."""
    rows = Initiative.objects.filter(stage=stage, closed_kind="", on_hold=False, track=Track.FULL)
    busy = SigningRound.objects.unended().values("initiative")
    found = {row.pk: row for row in rows.exclude(pk__in=busy).select_related("unit", "current_case")}
    return [road for road in world.roads.values() if road.funded_on and road.initiative.pk in found]


def _outgrow(world: World) -> None:
    """One unit sends a case whose cost is up by a quarter, and so its decision is reopened."""
    for road in _running(world, Stage.SCALING):
        draft = CaseDraft.objects.filter(initiative=road.initiative).first()
        case = BusinessCase.objects.filter(initiative=road.initiative).order_by("-version").first()
        if draft is None or case is None or case.whole_life_cost < LARGE:
            continue
        content = draft.content | {"plan": _dearer(draft.content["plan"])}
        save_draft(road.initiative, content=content, version=draft.version, actor=road.lead)
        why = "The supplier charges for each user from this year on, and more people use it than planned."
        services.change_case(road.initiative, reason=why, actor=road.lead)
        return


def _dearer(plan: dict[str, Any]) -> dict[str, Any]:
    factor = Decimal("1.25")
    lines = [
        line
        | {
            "amounts": [
                f"{(Decimal(amount) * factor).quantize(Decimal(1)):f}" if amount else amount
                for amount in line["amounts"]
            ]
        }
        if line["side"] == "cost"
        else line
        for line in plan["lines"]
    ]
    return plan | {"lines": lines}


def _waive(world: World) -> None:
    """The CFO lets one item of a pilot's next gate wait."""
    cfo = world.cast.cfo
    for road in _running(world, Stage.PILOT):
        initiative = Initiative.objects.select_related("unit", "current_case").get(pk=road.initiative.pk)
        version = gates.version_for(initiative, "G4")
        lacking = {row.key for row in gates.check(initiative, "G4") if not row.holds}
        for item in GateItem.objects.filter(version=version, gate="G4", key__in=lacking).order_by("position"):
            if may_waive(cfo, initiative, item):
                waivers.waive(
                    initiative,
                    item,
                    reason="The pilot is small; it may be shown with the next report.",
                    until=clock.today() + timedelta(days=60),
                    actor=cfo,
                )
                return
