"""Initiatives on the road to a decision, each step by the services that the product uses."""

from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Unit, User
from governance import gates, services
from governance.models import Envelope, EnvelopeChange, SigningRound, Tranche
from ledger import clock
from portfolio.models import Initiative
from portfolio.selectors import fiscal_year_of
from portfolio.services import classify, confirm_sponsorship, save_draft, start_proposal
from scoring.models import ScoringModel
from scoring.services import assign, close_scoring, complete_scorecard, judged, open_scoring
from tests import factories


@dataclass
class Cast:
    """The people that one road needs."""

    unit: Unit
    unit_lead: User
    owner: User
    sponsor: User
    benefit_owner: User
    portfolio_office: User
    risk_officer: User
    assessor: User
    second_assessor: User
    finance: User
    cfo: User
    ceo: User
    unit_head: User
    # Somebody who changes a word of each draft before it is submitted.
    editor: User | None = None


def cast_of(gathered: dict[str, Any]) -> Cast:
    """The same from what `gather` made."""
    return Cast(**{field.name: gathered[field.name] for field in fields(Cast) if field.name in gathered})


@pytest.fixture
def cast(
    unit: Unit,
    unit_lead: User,
    owner: User,
    sponsor: User,
    benefit_owner: User,
    portfolio_office: User,
    risk_officer: User,
    assessor: User,
    second_assessor: User,
    finance: User,
    cfo: User,
    ceo: User,
    unit_head: User,
) -> Cast:
    """Everyone on the road from a draft to the money."""
    return Cast(
        unit, unit_lead, owner, sponsor, benefit_owner, portfolio_office, risk_officer, assessor,
        second_assessor, finance, cfo, ceo, unit_head,
    )  # fmt: skip


def drafted(cast: Cast, unit: Unit | None = None, **changes: Any) -> Initiative:
    """A draft with a complete case."""
    content = factories.proposal_content(
        owner=cast.owner, sponsor=cast.sponsor, benefit_owner=cast.benefit_owner, **changes
    )
    initiative = start_proposal(unit or cast.unit, title=content["title"], actor=cast.unit_lead)
    save_draft(initiative, content=content, version=1, actor=cast.unit_lead)
    if cast.editor is not None:
        changed = content | {"supplier": "Another One Ltd"}
        save_draft(initiative, content=changed, version=2, actor=cast.editor)
    return initiative


def submitted(cast: Cast, *, tier: str = "limited", **changes: Any) -> Initiative:
    """Submitted, with all that triage asks but the track."""
    initiative = drafted(cast, **changes)
    gates.submit(initiative, actor=cast.unit_lead)
    initiative.refresh_from_db()
    confirm_sponsorship(initiative, sentence="This saves every user a day.", actor=cast.sponsor)
    classify(initiative, "risk_tier", tier, actor=cast.risk_officer)
    classify(initiative, "domain", "it_service", actor=cast.portfolio_office)
    classify(initiative, "overlap", "none", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    return initiative


def assessed(cast: Cast, **changes: Any) -> Initiative:
    """On the full track, in assessment, with the completed case."""
    initiative = submitted(cast, **changes)
    gates.complete_case(initiative, actor=cast.unit_lead)
    gates.triage(initiative, track="full", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    return initiative


def scored(cast: Cast, *, rating: int = 4, **changes: Any) -> Initiative:
    """With its scoring closed."""
    initiative = assessed(cast, **changes)
    round_ = open_scoring(initiative, actor=cast.portfolio_office)
    ratings = {
        criterion.key: {"rating": rating, "confidence": "high", "reason": "As the case shows."}
        for criterion in judged(ScoringModel.objects.in_force())
    }
    third = User.objects.filter(email="tea.third@keel.test").first() or factories.make_person(
        "Tea Third", "assessor", cast.unit.parent or cast.unit, home_unit=cast.second_assessor.home_unit
    )
    for assessor in [cast.assessor, cast.second_assessor, third][: round_.required]:
        due_on = clock.today() + timedelta(days=10)
        assignment = assign(round_, assessor, due_on=due_on, actor=cast.portfolio_office)
        complete_scorecard(assignment, ratings=ratings, comment="", actor=assessor)
    close_scoring(round_, evidence_grade="C", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    return initiative


def in_decision(cast: Cast, **changes: Any) -> Initiative:
    """At stage decision, on the full track."""
    initiative = scored(cast, **changes)
    factories.show_controls(initiative)
    gates.record_case(initiative, actor=cast.portfolio_office)
    initiative.refresh_from_db()
    return initiative


def light_in_decision(cast: Cast, **changes: Any) -> Initiative:
    """At stage decision, on the light track."""
    initiative = submitted(cast, **{"cost": 40_000, "benefit": 120_000} | changes)
    gates.complete_case(initiative, actor=cast.unit_lead)
    gates.triage(initiative, track="light", actor=cast.portfolio_office)
    initiative.refresh_from_db()
    return initiative


def appropriated(
    cast: Cast, amount: Decimal | int, *, unit: Unit | None = None, fiscal_year: int | None = None
) -> Envelope:
    """An envelope with a confirmed appropriation."""
    change = proposed_change(cast, amount, unit=unit, fiscal_year=fiscal_year)
    services.confirm_envelope_change(change, actor=cast.cfo)
    return change.envelope


def proposed_change(
    cast: Cast,
    amount: Decimal | int,
    *,
    unit: Unit | None = None,
    fiscal_year: int | None = None,
    kind: str = "appropriation",
) -> EnvelopeChange:
    """A change of an envelope that waits for the CFO."""
    return services.propose_envelope_change(
        unit or cast.unit,
        fiscal_year or fiscal_year_of(clock.today()),
        kind=kind,
        amount=Decimal(amount),
        reason="The plan of the year",
        actor=cast.finance,
    )


def opened(cast: Cast, initiative: Initiative, amount: Decimal | int, **values: Any) -> SigningRound:
    """A signing round that proposes to go."""
    defaults: dict[str, Any] = {
        "verb": "go",
        "first_tranche": Decimal(amount) * 30 / 100,
        "reason": "Best of the round",
    }
    return services.open_signing(
        initiative, amount=Decimal(amount), **defaults | values, actor=cast.portfolio_office
    )


def signed(signing: SigningRound, *people: User, vote: str = "for") -> None:
    """The people sign in this order, on what they saw."""
    for person in people:
        services.sign(signing, vote=vote, reason="Worth it", seen_hash=signing.content_hash, actor=person)


def in_pilot(cast: Cast, **changes: Any) -> Initiative:
    """Funded for its pilot with 100,000, the first tranche not released yet."""
    initiative = in_decision(cast, **changes)
    if not Envelope.objects.exists():
        appropriated(cast, 5_000_000)
    signed(opened(cast, initiative, 100_000), cast.cfo)
    initiative.refresh_from_db()
    return initiative


def first_tranche(initiative: Initiative) -> Tranche:
    """The first tranche of its newest decision."""
    return Tranche.objects.filter(initiative=initiative).order_by("-decision", "number")[0]
