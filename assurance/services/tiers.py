"""Answering the questionnaire, and setting the tier."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.errors import Refused
from accounts.models import Role, User
from assurance import selectors, tiering
from assurance.default_questionnaire import AREAS, CHOICES, QUESTIONS, VERSION
from assurance.models import RiskProfile, TierAnswers
from assurance.permissions import may_answer
from assurance.services.common import flag_expiry, require_reason, tell
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Classification, Initiative
from portfolio.services import classify_within


def answer(initiative: Initiative, *, answers: Mapping[str, str], actor: User) -> TierAnswers:
    """Fill the questionnaire; what it proposes stands beside the tier until a risk officer sets it.

    Raises NotAllowed, or Refused for an answer that is none.
    """
    wrong = {
        question.key: "Choose yes, no or not known yet."
        for question in QUESTIONS
        if answers.get(question.key) not in CHOICES
    }
    if wrong:
        raise Refused(f"{len(wrong)} questions have no answer yet.", wrong)
    with record("tier.answered", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_answer(actor, initiative).or_deny()
        lifecycle.require_open(initiative)
        given = {question.key: answers[question.key] for question in QUESTIONS}
        before = TierAnswers.objects.filter(initiative=initiative).order_by("id").last()
        proposal = tiering.propose(given)
        found = act.add(
            TierAnswers,
            initiative=initiative,
            version=VERSION,
            answers=given,
            proposal=proposal.as_data(),
            by=actor,
        )
        act.note(version=VERSION, proposes=proposal.tier)
        if initiative.risk_tier and before is not None and before.answers != given:
            tell(
                selectors.holders(Role.RISK_OFFICER, initiative.unit),
                subject=f"{initiative.reference}: answers changed since its tier was set",
                sentence=f"{actor} changed the answers about “{initiative.title}”; they now propose: "
                f"{proposal.tier}.",
                path=f"/initiatives/{initiative.pk}/tier/",
            )
        return found


def set_tier(
    initiative: Initiative,
    *,
    tier: str,
    reason: str,
    areas: Sequence[int] = (),
    is_high_impact: bool = False,
    high_impact_reason: str = "",
    internal_tier: int = 0,
    uses_third_party: bool = False,
    uses_personal_data: bool = False,
    pilot_touches_people: bool = True,
    actor: User,
) -> RiskProfile:
    """A risk officer sets the tier, and what controls ask beside it.

    Raises NotAllowed, InvalidMove, or Refused with what to change.
    """
    reason = require_reason(reason)
    errors: dict[str, str] = {}
    if not set(areas) <= set(AREAS):
        errors["areas"] = "Choose areas of Annex III."
    if internal_tier not in range(4):
        errors["internal_tier"] = "Choose an own tier from 0 to 3."
    if is_high_impact and not high_impact_reason.strip():
        errors["high_impact_reason"] = "Write why its impact is high."
    if errors:
        raise Refused("The tier can't be set so.", errors)
    with record("risk_tier.set", actor=actor, about=initiative, reason=reason) as act:
        classify_within(act, initiative, Classification.Kind.RISK_TIER, tier, reason=reason, actor=actor)
        initiative = lifecycle.lock(initiative)
        profile = act.add(
            RiskProfile,
            initiative=initiative,
            answers=TierAnswers.objects.filter(initiative=initiative).order_by("id").last(),
            tier=tier,
            areas=sorted(areas),
            is_high_impact=is_high_impact,
            high_impact_reason=high_impact_reason.strip(),
            internal_tier=internal_tier,
            uses_third_party=uses_third_party,
            uses_personal_data=uses_personal_data,
            pilot_touches_people=pilot_touches_people,
            reason=reason,
            by=actor,
        )
        act.note(areas=sorted(areas), high_impact=is_high_impact, internal_tier=internal_tier)
        flag_expiry(act, initiative)
        return profile


def suggested(initiative: Initiative) -> dict[str, Any]:
    """What the form that sets a tier starts from: what stands, else what the answers propose."""
    picture = selectors.tier_picture(initiative)
    if picture.profile is not None and not picture.answers_changed:
        row = picture.profile
        return {
            "tier": row.tier,
            "areas": [str(area) for area in row.areas],
            "is_high_impact": row.is_high_impact,
            "high_impact_reason": row.high_impact_reason,
            "internal_tier": row.internal_tier,
            "uses_third_party": row.uses_third_party,
            "uses_personal_data": row.uses_personal_data,
            "pilot_touches_people": row.pilot_touches_people,
        }
    if picture.answers is None:
        return {"tier": initiative.risk_tier, "pilot_touches_people": True, "internal_tier": 0}
    proposed = picture.answers.proposal
    return {
        **{name: proposed[name] for name in (
            "tier", "is_high_impact", "internal_tier", "uses_third_party", "uses_personal_data",
            "pilot_touches_people",
        )},
        "areas": [str(area) for area in proposed["areas"]],
    }  # fmt: skip
