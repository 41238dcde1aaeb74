"""Initiatives in assessment, rounds and scorecards, made by the services that the product uses."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

from accounts.models import User
from ledger import clock
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import BusinessCase, Initiative, Stage
from portfolio.services import freeze_case, save_draft, start_proposal
from scoring import model_services, services
from scoring.models import (
    ModelDraft,
    ModelProposal,
    Scorecard,
    ScorecardAssignment,
    ScoringModel,
    ScoringRound,
)

Content = dict[str, Any]


def in_assessment(lead: User, content: Content, *, is_complete: bool = True) -> Initiative:
    """An initiative of the lead's unit whose case was sent; complete unless said otherwise."""
    assert lead.home_unit is not None
    initiative = start_proposal(lead.home_unit, title=content["title"], actor=lead)
    save_draft(initiative, content=content, version=1, actor=lead)
    with record("initiative.submitted", actor=lead, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        freeze_case(initiative, BusinessCase.Purpose.REGISTRATION, act=act, actor=lead)
        lifecycle.move(initiative, Stage.SUBMITTED, act=act)
    with record("initiative.triaged", actor=None, about=initiative) as act:
        lifecycle.move(initiative, Stage.ASSESSMENT, act=act)
    if is_complete:
        send_again(initiative, lead)
    return initiative


def send_again(initiative: Initiative, lead: User) -> BusinessCase:
    """The unit sends the completed case as it stands in its draft."""
    with record("case.completed", actor=lead, about=initiative) as act:
        locked = lifecycle.lock(initiative)
        case = freeze_case(locked, BusinessCase.Purpose.COMPLETED, act=act, actor=lead)
    initiative.refresh_from_db()
    return case


def assign(round_: ScoringRound, assessor: User, office: User) -> ScorecardAssignment:
    """A scorecard due in a week."""
    return services.assign(round_, assessor, due_on=clock.today() + timedelta(days=7), actor=office)


def ratings(round_: ScoringRound, rating: int | str = 3, **others: int | str | None) -> services.CleanRatings:
    """The same rating everywhere but where said otherwise, with a reason where one is due."""
    chosen = {criterion.key: others.get(criterion.key, rating) for criterion in services.judged(round_.model)}
    return {
        key: {"rating": value, "confidence": "medium", "reason": f"Seen in {key}" if value in {1, 5} else ""}
        for key, value in chosen.items()
    }


def complete(assignment: ScorecardAssignment, rating: int | str = 3, **others: int | str | None) -> Scorecard:
    """The assessor's scorecard, handed in."""
    given = ratings(assignment.round, rating, **others)
    return services.complete_scorecard(assignment, ratings=given, actor=assignment.assessor)


def typed(given: services.CleanRatings, *, version: int = 0, comment: str = "") -> dict[str, str]:
    """The same ratings as a browser sends them."""
    sent = {"version": str(version), "comment": comment}
    for key, values in given.items():
        rating = values["rating"]
        sent |= {
            f"{key}-rating": "" if rating is None else str(rating),
            f"{key}-confidence": values["confidence"],
            f"{key}-reason": values["reason"],
        }
    return sent


# Versions of the model -----------------------------------------------------------------------


def weighed(content: Content, **weights: int) -> Content:
    """The document with other weights, by key of a dimension or a criterion."""
    changed = deepcopy(content)
    for row in [*changed["dimensions"], *changed["criteria"]]:
        row["weight"] = weights.get(row["key"], row["weight"])
    return changed


# Feasibility loses to impact, and reuse to the KPI.
OTHER_WEIGHTS = {"feasibility": 25, "impact": 55, "kpi_improvement": 25, "scalability_reuse": 5}


def draft_model(office: User, **weights: int) -> ModelDraft:
    """A draft that differs from the version in force by some weights."""
    draft = model_services.start_model_draft(actor=office)
    changed = weighed(draft.content, **(weights or OTHER_WEIGHTS))
    return model_services.save_model_draft(content=changed, version=draft.version, actor=office)


def proposed_model(office: User, *, rounds_may_finish: bool = True, **weights: int) -> ModelProposal:
    """The same, frozen and put before CFO and CEO."""
    draft = draft_model(office, **weights)
    return model_services.propose_model(
        version=draft.version,
        reason="Impact counts for too little.",
        rounds_may_finish=rounds_may_finish,
        actor=office,
    )


def published_model(office: User, cfo: User, ceo: User, **weights: int) -> ScoringModel:
    """The same, approved by both."""
    proposal = proposed_model(office, rounds_may_finish=True, **weights)
    for user in (cfo, ceo):
        model_services.approve_model(proposal, vote="for", seen_hash=proposal.content_hash, actor=user)
    return ScoringModel.objects.in_force()
