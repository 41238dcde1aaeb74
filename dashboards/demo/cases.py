"""The words and figures of a story as the document that the unit fills in."""

from datetime import date, timedelta
from random import Random
from typing import Any

from accounts.models import User
from dashboards.demo import running, texts
from dashboards.demo.plans import COSTS, ROLLOUT, Plan
from dashboards.demo.story import Story
from portfolio.case import add_months

SOURCING = {"configured": "bought", "bought": "both", "built": "built", "novel": "both"}
GRADES = {"configured": "C", "bought": "C", "built": "D", "novel": "D"}


def registration(
    story: Story,
    rng: Random,
    *,
    plan: Plan | None,
    currency: str,
    owner: User,
    sponsor: User,
    similar: list[dict[str, str]],
) -> dict[str, Any]:
    """What G0 asks: one screen, with cost and benefit as ranges."""
    if plan is None:
        cost = rng.randint(*COSTS["N"]) * 1000
        low, high, gain = cost - 1000, cost, cost * 2
    else:
        low, high, gain = _round(plan.cost * 0.8), _round(plan.cost * 1.25), plan.benefit
    goal = story.goal
    return {
        "title": story.title,
        "summary": story.summary,
        "problem": story.problem,
        "process": story.process,
        "process_depth": story.depth,
        "objective": story.objective,
        "owner_id": owner.pk,
        "sponsor_id": sponsor.pk,
        "sourcing": SOURCING[story.work],
        "reference_class": story.work,
        "supplier": story.supplier,
        "currency": currency,
        "cost_low": str(low),
        "cost_high": str(high),
        "benefit_low": str(_round(gain * 0.6)),
        "benefit_high": str(_round(gain * 1.1)),
        "kpis": [
            {
                "key": "goal",
                "name": goal.name,
                "unit_of_measure": goal.unit,
                "direction": goal.direction,
                "target": goal.target,
            }
        ],
        "similar": similar,
        "similar_none": not similar,
    }


def _round(amount: float) -> int:
    unit = 1000 if amount < 100_000 else 5000 if amount < 1_000_000 else 50_000
    return max(unit, round(amount / unit) * unit)


def completion(
    story: Story, rng: Random, *, plan: Plan, benefit_owner: User, today: date, number: int
) -> dict[str, Any]:
    """What G2 and G3 ask beyond that: plan, baseline, readiness, risks, controls, stop rules."""
    goal = story.goal
    place = story.place
    fill = {"kpi": goal.name, "target": goal.target, "unit": goal.unit}
    category = story.benefit[0]
    return {
        "benefit_owner_id": benefit_owner.pk,
        "kpis": [
            {
                "key": "goal",
                "name": goal.name,
                "unit_of_measure": goal.unit,
                "direction": goal.direction,
                "baseline": goal.baseline,
                "baseline_on": (today - timedelta(days=rng.randint(20, 80))).isoformat(),
                "target": goal.target,
                "target_on": add_months(plan.go_live, rng.choice((9, 12))).isoformat(),
                "method": rng.choice(texts.METHODS),
            }
        ],
        "plan": {
            "start": f"{plan.start:%Y-%m}",
            "go_live": f"{plan.go_live:%Y-%m}",
            "lines": [
                {
                    "key": line.key,
                    "side": line.side,
                    "category": line.category,
                    "phase": line.phase,
                    "is_capex": line.is_capex,
                    "is_cash": line.is_cash,
                    "label": line.label,
                    "amounts": [str(amount) for amount in line.amounts],
                }
                for line in plan.lines
            ],
        },
        "milestones": milestones(story, plan),
        "cost_objects": [cost_object(story, number)],
        "readiness_data": rng.choice(texts.DATA[place]),
        "readiness_skills": rng.choice(texts.SKILLS[story.work]),
        "readiness_integration": rng.choice(texts.SYSTEMS[place]),
        "readiness_adoption": rng.choice(texts.ADOPTION[place]),
        "readiness_workforce": rng.choice(texts.WORKFORCE[category]),
        "evidence_grade": GRADES[story.work],
        "risks": [
            {"text": text, "response": response} for text, response in rng.sample(texts.RISKS[story.work], 2)
        ],
        "controls": rng.choice(texts.CONTROLS[story.tier]),
        "stop_when": running.stop_when(story.goal),
        "stop_rules": [rule.format(**fill) for rule in rng.sample(texts.STOP_RULES, 2)],
    }


def cost_object(story: Story, number: int) -> str:
    """The code that the ERP books its cost on."""
    return f"WBS-{story.place.upper()}-{4100 + number}"


def milestones(story: Story, plan: Plan) -> list[dict[str, Any]]:
    """Three dated steps of delivery; small work has two."""
    tested = add_months(plan.start, max(0, plan.months_to_go_live - 2)).replace(day=24)
    live = plan.go_live.replace(day=15)
    everywhere = add_months(plan.go_live, ROLLOUT[story.size]).replace(day=26)
    rows = [
        ("tested", "Tested with real data of one group", tested, 30),
        ("live", "The first group works with it", live, 40),
        ("rollout", "All groups work with it", everywhere, 30),
    ]
    return [
        {"key": key, "name": name, "due_on": due.isoformat(), "weight": weight}
        for key, name, due, weight in (rows[1:] if story.size == "S" else rows)
    ]
