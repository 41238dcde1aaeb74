"""What the gates ask in version 1, as data: product.md's table of gates, one item a line.

`parameters` say how an item is looked at: `question` names a question of `governance.gates`, `fields` the
fields of the case, `tracks` and `tiers` for whom it stands (all, when absent).
"""

from typing import Any, NamedTuple

VERSION = 1
# What counts as a material change of what was decided: shares in percent, the amount in the base currency.
MATERIAL = {"cost_up_percent": "10", "cost_up_amount": "25000", "benefit_down_percent": "25"}


class Asked(NamedTuple):
    """One item: where, what, of which kind, must or should, in which words, and who can supply it."""

    gate: str
    key: str
    kind: str
    is_must: bool
    text: str
    supplied_by: str
    parameters: dict[str, Any]


def _for(tracks: list[str] | None) -> dict[str, Any]:
    return {} if tracks is None else {"tracks": tracks}


def _field(gate: str, key: str, text: str, *fields: str, tracks: list[str] | None = None) -> Asked:
    question: dict[str, Any] = {"question": "fields", "fields": list(fields or (key,)), "up_to": gate}
    return Asked(gate, key, "field", True, text, "unit lead", question | _for(tracks))


def _threshold(gate: str, key: str, text: str, by: str, at_least: str, **more: Any) -> Asked:
    return Asked(gate, key, "threshold", True, text, by, {"question": key, "at_least": at_least} | more)


def _confirmation(gate: str, key: str, text: str, by: str, **more: Any) -> Asked:
    return Asked(gate, key, "confirmation", True, text, by, {"question": key} | more)


def _evidence(
    gate: str, key: str, text: str, by: str, *, is_must: bool = True, tracks: list[str] | None = None
) -> Asked:
    return Asked(gate, key, "evidence", is_must, text, by, {"question": "evidence"} | _for(tracks))


FULL = ["full"]

ITEMS: tuple[Asked, ...] = (
    _field("G0", "title", "Title and a summary that everyone may read", "title", "summary"),
    _field("G0", "problem", "The problem that it solves"),
    _field("G0", "process", "The process that it extends, and how deep", "process", "process_depth"),
    _field("G0", "objective", "The strategic objective that it serves"),
    _field("G0", "owner", "An owner", "owner_id"),
    _field("G0", "sponsor", "A sponsor who does not submit it", "sponsor_id"),
    _field("G0", "kpi", "One KPI with a target", "kpis"),
    _field("G0", "sourcing", "Bought or built, and the kind of work", "sourcing", "reference_class"),
    _field("G0", "cost", "Whole-life cost as a range", "cost_low", "cost_high"),
    _field("G0", "benefit", "Whole-life benefit as a range", "benefit_low", "benefit_high"),
    _field("G0", "similar", "Similar initiatives answered"),
    _confirmation("G1", "sponsor_confirmed", "The sponsor confirmed", "sponsor"),
    _confirmation("G1", "risk_tier", "The risk tier is set", "risk officer"),
    _confirmation("G1", "not_prohibited", "The use is not prohibited", "risk officer"),
    _confirmation("G1", "domain", "The domain is set", "portfolio office"),
    _confirmation("G1", "overlap", "Overlaps are settled: join, differentiate or depend", "portfolio office"),
    _confirmation("G1", "track", "The track is fixed and fits tier and cost", "portfolio office"),
    _field("G2", "plan", "A plan by month with a ramp", tracks=FULL),
    _field("G2", "kpi_baseline", "A baseline for each KPI, with its date", "kpis", tracks=FULL),
    _field("G2", "benefit_owner", "A benefit owner", "benefit_owner_id", tracks=FULL),
    _field("G2", "skills", "Skills and sourcing", "readiness_skills", tracks=FULL),
    _field("G2", "data", "The data that it needs", "readiness_data", tracks=FULL),
    _field("G2", "integration", "The systems that it connects to", "readiness_integration", tracks=FULL),
    _field("G2", "adoption", "Who works differently, and how", "readiness_adoption", tracks=FULL),
    _field("G2", "workforce", "The effect on the workforce", "readiness_workforce", tracks=FULL),
    _field("G2", "milestones", "Milestones with dates", tracks=FULL),
    _field("G2", "risks", "Risks and the responses to them", tracks=FULL),
    _field("G2", "evidence", "What the figures rest on", "evidence_grade", tracks=FULL),
    Asked("G2", "controls_planned", "control", True, "Controls are planned", "unit lead",
          {"question": "controls_planned", "fields": ["controls"], "up_to": "G2"} | {"tracks": FULL}),
    _confirmation("G2", "scoring_closed", "The scoring of this case is closed", "assessors", tracks=FULL),
    _threshold("G2", "score", "Score at the low end", "assessors", "50", explore="35", tracks=FULL),
    _threshold("G2", "feasibility", "Feasibility at the low end", "assessors", "50", explore="35",
               tracks=FULL),
    _confirmation("G2", "no_knock_out", "Nothing knocks it out", "risk officer", tracks=FULL),
    _confirmation("G3", "sponsor_stands", "The sponsor's confirmation stands", "sponsor"),
    _threshold("G3", "room", "The envelope has room", "finance", "0"),
    _field("G3", "stop_rules", "Stop rules are written down", tracks=FULL),
    _field("G3", "cost_objects", "Cost objects are named", tracks=FULL),
    _confirmation("G3", "plan_ahead", "The plan does not start in the past", "unit lead"),
    _threshold("G3", "grade", "Evidence grade", "assessors", "D", tracks=FULL),
    Asked("G3", "controls_evidenced", "control", True, "Controls are evidenced before people are affected",
          "unit lead", {"question": "controls_hold", "tiers": ["high"]} | {"tracks": FULL}),
    _threshold("G4", "room", "The envelope has room", "finance", "0", tracks=FULL),
    _evidence("G4", "pilot_evidence", "The pilot reached 80 % of its target and 50 % adoption",
              "owner", is_must=False, tracks=FULL),
    _confirmation("G4", "run_cost", "The run cost is known", "unit lead", tracks=FULL),
    _threshold("G4", "grade", "Evidence grade", "owner", "B", tracks=FULL),
    Asked("G4", "controls_deployed", "control", True, "Controls that are due before it is rolled out hold",
          "owner", {"question": "controls_hold", "tiers": ["high"]} | {"tracks": FULL}),
    _evidence("G5", "monitoring", "Its quality is monitored", "owner", tracks=FULL),
    _evidence("G5", "fallback", "There is a fallback", "owner", tracks=FULL),
    _evidence("G5", "incident_plan", "There is an incident plan", "owner", tracks=FULL),
    _evidence("G5", "run_appropriation", "The run cost moves to the ordinary appropriation", "finance",
              is_must=False, tracks=FULL),
    Asked("G5", "controls_operating", "control", True, "Controls of its operation hold", "owner",
          {"question": "controls_hold", "tiers": ["high"]} | {"tracks": FULL}),
    _confirmation("G5", "benefit_owner_accepts", "The benefit owner takes it over", "benefit owner",
                  tracks=FULL),
    _confirmation("G5", "risk_officer_accepts", "The risk officer accepts its operation", "risk officer",
                  tracks=FULL),
    _threshold("G6", "attested_months", "Benefit months attested", "finance", "6"),
    _evidence("G6", "lessons", "Lessons are written down", "owner", is_must=False),
    _evidence("G7", "decommissioning", "Its systems are switched off", "owner"),
    _evidence("G7", "data_kept", "Its data is kept or deleted as the rules ask", "owner"),
    _evidence("G7", "contracts", "Its contracts are ended", "owner"),
    _confirmation("G7", "owner_retires", "The owner retires it", "owner"),
    _confirmation("G7", "office_retires", "The portfolio office retires it", "portfolio office"),
)  # fmt: skip
