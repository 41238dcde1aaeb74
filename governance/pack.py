"""The frozen pack of a signing round: everything that is decided on, as one value with one hash."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings

from governance import authority, gates
from governance.commitments import Charge
from governance.models import AuthorityStep, SigningRound
from ledger import chain, clock
from portfolio import case as case_document
from portfolio import stop_rules
from portfolio.models import BusinessCase, Initiative, ReferenceClass, Track
from scoring.models import ReturnPosition, Score
from scoring.selectors import score_alone

Pack = dict[str, Any]


def content_of(
    initiative: Initiative,
    case: BusinessCase,
    *,
    gate: str,
    verb: str,
    amount: Decimal,
    first_tranche: Decimal,
    step: AuthorityStep,
    tested_amount: Decimal,
    parts: list[Charge],
    items: list[gates.ItemResult],
    conditions: list[dict[str, Any]],
    more: Mapping[str, Any],
) -> Pack:
    """The pack as plain values: amounts, scores and ratios as texts."""
    score = score_alone(initiative)
    form: Pack = chain.plain(
        {
            "initiative": {
                "id": initiative.pk,
                "reference": initiative.reference,
                "title": initiative.title,
                "unit": initiative.unit.name,
            },
            "gate": gate,
            "verb": verb,
            "amount": amount,
            "first_tranche": first_tranche,
            "currency": case.currency,
            "base_currency": settings.BASE_CURRENCY,
            "tested_amount": tested_amount,
            "step": {"version": step.version.number, "position": step.position, "name": step.name},
            "case": {
                "id": case.pk,
                "version": case.version,
                "hash": case.content_hash,
                "whole_life_cost": case.whole_life_cost,
                "cash_benefit": case.cash_benefit,
                "start": case.start_month,
                "go_live": case.go_live_month,
            },
            "problem": case.content.get("problem", ""),
            "owner": initiative.owner_id,
            "sponsor": initiative.sponsor_id,
            "sponsor_confirmed_at": initiative.sponsor_confirmed_at,
            "track": initiative.track,
            "risk_tier": initiative.risk_tier,
            "reference_class": initiative.reference_class,
            "score": score_data(score),
            "model_version": score.model.version if score is not None else None,
            "return": return_data(initiative),
            "items": [item.as_data() for item in items],
            "gate_version": gates.version_for(initiative, gate),
            "room": room_data(parts),
            "stop_rules": stop_rules.all_in_words(case.content),
            "conditions": conditions,
        }
        | dict(more)
    )
    return form


def hash_of(content: Pack) -> str:
    """What a signature is bound to."""
    return chain.digest(chain.canonical(content))


def score_data(score: Score | None) -> Pack | None:
    """The score with its range, one digit after the point."""
    if score is None:
        return None
    names = (
        "low",
        "high",
        "feasibility_low",
        "feasibility_high",
        "cost_low",
        "cost_high",
        "impact_low",
        "impact_high",
    )
    values = {name: f"{getattr(score, name):.1f}" for name in names}
    return values | {"coverage": f"{score.coverage:.4f}", "evidence_grade": score.evidence_grade}


def return_data(initiative: Initiative) -> Pack | None:
    """The return as submitted and as corrected; None before it was computed."""
    position = ReturnPosition.objects.filter(initiative=initiative, case=initiative.current_case).first()
    if position is None:
        return None
    names = ("roi_submitted", "roi_p50", "roi_p80", "npv_submitted", "npv_p50", "npv_p80", "payback_months")
    values = {name: getattr(position, name) for name in names}
    return {name: None if value is None else repr(value) for name, value in values.items()} | {
        "currency": position.currency,
        "formula": position.formula,
        "through_seq": position.through_seq,
    }


def room_data(parts: list[Charge]) -> list[Pack]:
    """For each fiscal year what the decision takes, from which envelope, and what is left after it."""
    rows = []
    for part in parts:
        row: Pack = {"fiscal_year": part.fiscal_year, "takes": part.amount, "envelope": None}
        if part.envelope is not None:
            space = part.envelope.balance.room
            row |= {
                "envelope": part.envelope.pk,
                "unit": part.envelope.unit.name,
                "appropriated": part.envelope.balance.appropriated,
                "room": space,
                "after": space - part.amount,
            }
        rows.append(row)
    return rows


def first_tranche_limit(initiative: Initiative, case: BusinessCase, amount: Decimal) -> Decimal:
    """The most that may be released at once at G3.

    All of it on the light track; on the full one 30 %, or 15 % of what is novel or costs over a million.
    """
    if initiative.track == Track.LIGHT:
        return amount
    is_big = authority.in_base(case.whole_life_cost, case.currency) > 1_000_000
    is_novel = case.reference_class == ReferenceClass.NOVEL
    return amount * (15 if is_novel or is_big else 30) / 100


def changes_since(
    signing: SigningRound, initiative: Initiative, *, steps: list[AuthorityStep] | None = None
) -> list[dict[str, Any]]:
    """What of the pack is no longer so: label, before, after. Room is looked at with the commitment.

    `steps` are those of the round's version, for who has read them already.
    """
    pack, case = signing.content, initiative.current_case
    if case is None:
        return []
    if case.content_hash != pack["case"]["hash"]:
        return case_document.changes(signing.case.content, case.content) or [
            _change("case", "Case", f"version {pack['case']['version']}", f"version {case.version}")
        ]
    step = authority.route_of(initiative, case, steps=authority.steps_in_force(steps)).step
    score = score_data(score_alone(initiative))
    before = pack["score"]
    compared = [
        ("track", "Track", pack["track"], initiative.track),
        ("risk_tier", "Risk tier", pack["risk_tier"], initiative.risk_tier),
        ("owner", "Owner", pack["owner"], initiative.owner_id),
        ("sponsor", "Sponsor", pack["sponsor"], initiative.sponsor_id),
        ("score", "Score", before and before["low"], score and score["low"]),
        (
            "feasibility",
            "Feasibility",
            before and before["feasibility_low"],
            score and score["feasibility_low"],
        ),
    ]
    changes = [_change(key, label, old, new) for key, label, old, new in compared if old != new]
    today = clock.today().isoformat()
    changes += [
        _change("waiver", item["text"], f"waived until {until}", "asked for again")
        for item in pack["items"]
        if (until := item.get("waived_until")) and until < today
    ]
    if (step.version.number, step.position) > (pack["step"]["version"], pack["step"]["position"]):
        changes.append(_change("step", "Authority", pack["step"]["name"], step.name))
    return changes


def changes_between(old: Pack, new: Pack) -> list[dict[str, Any]]:
    """What differs between two packs, for somebody who saw the old one."""
    labels = {
        "verb": "Decision",
        "amount": "Amount",
        "first_tranche": "First tranche",
        "case": "Case",
        "score": "Score",
        "risk_tier": "Risk tier",
        "track": "Track",
        "conditions": "Conditions",
        "step": "Authority",
        "stop_rules": "Stop rules",
    }
    return [
        _change(key, label, old.get(key), new.get(key))
        for key, label in labels.items()
        if old.get(key) != new.get(key)
    ]


def _change(key: str, label: str, before: object, after: object) -> dict[str, Any]:
    return {"key": key, "label": label, "before": before, "after": after}
