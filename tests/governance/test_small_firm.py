"""Four people in one unit work from end to end; where nobody may decide, the board's word stands."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts import services as accounts_services
from accounts.errors import InvalidMove, NotAllowed, Refused
from accounts.models import Role, SegregationException, Unit, User
from dashboards.home import waiting_for
from governance import gates, services
from governance.models import BoardResolution, Decision, SigningRoundEnd, TrancheRelease
from governance.services.proposing import NobodyEligible
from governance.services.resolutions import confirm_resolution, record_resolution
from ledger import clock
from portfolio.models import Attachment, Initiative
from portfolio.selectors import fiscal_year_of
from portfolio.services import (
    attach,
    attest,
    claim_benefit,
    classify,
    confirm_sponsorship,
    save_draft,
    start_proposal,
)
from scoring.models import ScoringModel
from scoring.services import assign, close_scoring, complete_scorecard, judged, open_scoring
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import Cast, appropriated, in_decision

WHY = "We are four people, and there is nobody else."


def fresh(user: User) -> User:
    """The user as the next request reads them."""
    return User.objects.get(pk=user.pk)


@pytest.fixture
def firm(settings: Settings, db: None) -> tuple[Unit, dict[str, User]]:
    """One unit: Anna proposes, Bert keeps the process and scores, Cleo is CFO, Dora CEO and more."""
    settings.SEGREGATION = "recorded"
    unit = factories.make_unit("Small & Sons")
    people = {name: factories.make_user(name, home_unit=unit) for name in ("Anna", "Bert", "Cleo", "Dora")}
    first, _ = accounts_services.create_first_administrator(
        email=people["Dora"].email, name="Dora", organisation=""
    )
    assert first == people["Dora"]

    def grant(name: str, role: str, *, by: str) -> None:
        waiting.append(
            accounts_services.grant_role(
                people[name], role=role, unit=unit, exception=WHY, actor=fresh(people[by])
            )
        )

    waiting: list[Any] = []
    grant("Cleo", Role.ADMINISTRATOR, by="Dora")
    grant("Bert", Role.RISK_OFFICER, by="Cleo")
    grant("Dora", Role.CEO, by="Cleo")
    for role in (Role.PORTFOLIO_OFFICE, Role.ASSESSOR):
        grant("Bert", role, by="Cleo")
    for role in (Role.FINANCE, Role.UNIT_HEAD):
        grant("Dora", role, by="Cleo")
    grant("Cleo", Role.CFO, by="Dora")
    grant("Cleo", Role.CONTRIBUTOR, by="Dora")
    grant("Anna", Role.UNIT_LEAD, by="Dora")
    # While no risk officer is confirmed the CEO counts unconfirmed, and confirms the first one.
    for given in sorted(waiting, key=lambda given: given.role != Role.RISK_OFFICER):
        confirmer = "Dora" if given.user_id == people["Bert"].pk else "Bert"
        accounts_services.confirm_grant(given, actor=fresh(people[confirmer]))
    return unit, people


def test_four_people_propose_score_decide_release_attest_and_stop(
    firm: tuple[Unit, dict[str, User]],
) -> None:
    unit, people = firm
    anna, bert, cleo, dora = (people[name] for name in ("Anna", "Bert", "Cleo", "Dora"))
    year = fiscal_year_of(clock.today())
    change = services.propose_envelope_change(
        unit, year, kind="appropriation", amount=Decimal(900_000), reason="Our year", actor=fresh(dora)
    )
    services.confirm_envelope_change(change, actor=fresh(cleo))

    content = factories.proposal_content(owner=anna, sponsor=anna, benefit_owner=anna, cost=200_000)
    initiative = start_proposal(unit, title=content["title"], actor=fresh(anna))
    save_draft(initiative, content=content, version=1, actor=fresh(anna))
    # The CFO writes a word of the case, which keeps them out of deciding where the rules are strict.
    save_draft(initiative, content=content | {"supplier": "Other Ltd"}, version=2, actor=fresh(cleo))
    gates.submit(initiative, actor=fresh(anna))
    with pytest.raises(Refused):
        confirm_sponsorship(initiative, sentence="It saves every user a day.", actor=fresh(anna))
    confirm_sponsorship(initiative, sentence="It saves every user a day.", exception=WHY, actor=fresh(anna))
    for kind, value in (("risk_tier", "limited"), ("domain", "it_service"), ("overlap", "none")):
        classify(initiative, kind, value, actor=fresh(bert))
    gates.complete_case(again(initiative), actor=fresh(anna))
    gates.triage(again(initiative), track="full", actor=fresh(bert))

    round_ = open_scoring(again(initiative), actor=fresh(bert))
    due_on = clock.today() + timedelta(days=5)
    with pytest.raises(Refused):
        assign(round_, fresh(bert), due_on=due_on, actor=fresh(bert))
    assignment = assign(round_, fresh(bert), due_on=due_on, exception=WHY, actor=fresh(bert))
    ratings = {
        criterion.key: {"rating": 4, "confidence": "high", "reason": "As the case shows."}
        for criterion in judged(ScoringModel.objects.in_force())
    }
    complete_scorecard(assignment, ratings=ratings, actor=fresh(bert))
    close_scoring(round_, evidence_grade="C", actor=fresh(bert))
    gates.record_case(again(initiative), actor=fresh(bert))

    signing = services.open_signing(
        again(initiative),
        verb="go",
        amount=Decimal(100_000),
        first_tranche=Decimal(30_000),
        reason="Our best idea",
        actor=fresh(bert),
    )
    # The board's seats have no holder: the seat passed to the next step.
    assert signing.step.name == "CFO"
    with pytest.raises(NotAllowed):
        services.sign(signing, vote="for", reason=WHY, seen_hash=signing.content_hash, actor=fresh(bert))
    services.sign(signing, vote="for", reason=WHY, seen_hash=signing.content_hash, actor=fresh(cleo))
    tranche = again(initiative).tranches.order_by("number")[0]
    services.release_tranche(tranche, reason=WHY, actor=fresh(cleo))
    claim = claim_benefit(
        again(initiative),
        line_key="saving",
        month=clock.today(),
        amount=Decimal(100),
        evidence="Counted.",
        actor=fresh(anna),
    )
    attest(claim, amount=Decimal(100), where_it_shows="Cost centre 12", actor=fresh(dora))
    services.stop(again(initiative), reason="It does not carry us", actor=fresh(dora))

    assert again(initiative).closed_kind == "stopped"
    assert Decision.objects.get().verb == "go"
    assert TrancheRelease.objects.count() == 1
    kept = {(row.act, row.rule) for row in SegregationException.objects.all()}
    assert {
        ("sponsorship.confirmed", "sponsor-submitted"),
        ("scorecard.assigned", "score-at-home"),
        ("decision.signed", "decide-edited"),
        ("tranche.released", "release-edited"),
        ("role.granted", "roles-administrator"),
    } <= kept
    assert set(SegregationException.objects.values_list("reason", flat=True)) == {WHY}


def again(initiative: Initiative) -> Initiative:
    """The initiative as it stands now."""
    return Initiative.objects.get(pk=initiative.pk)


# A resolution of the board -------------------------------------------------------------------------


@pytest.fixture
def nobody_may(cast: Cast) -> Initiative:
    """At decision, with every holder of a seat out of it."""
    initiative = in_decision(cast)
    appropriated(cast, 5_000_000)
    # The CFO owns it and there is no board: no step that covers it has its seats filled.
    Initiative.objects.filter(pk=initiative.pk).update(owner=cast.cfo)
    return again(initiative)


@pytest.fixture
def document(nobody_may: Initiative, cast: Cast) -> Attachment:
    """The signed minutes."""
    return attach(
        nobody_may, name="minutes.txt", content=b"Resolved: to fund it.", actor=cast.portfolio_office
    )


PROPOSAL: dict[str, Any] = {
    "verb": "go",
    "amount": Decimal(100_000),
    "first_tranche": Decimal(15_000),
    "reason": "The board wants it",
}


def test_a_resolution_decides_where_nobody_may(
    cast: Cast, nobody_may: Initiative, document: Attachment, sign_in: SignIn
) -> None:
    office = sign_in(cast.portfolio_office)
    form = {key: str(value) for key, value in PROPOSAL.items()}
    answer = office.post(f"/initiatives/{nobody_may.pk}/decision/", form)
    assert answer.status_code == 422
    assert "record its resolution" in answer.content.decode()
    page = f"/initiatives/{nobody_may.pk}/resolution/"
    assert office.post(page, form | {"reference": "2026-14", "text": "Fund it."}).status_code == 422
    form |= {"reference": "2026-14", "text": "Fund it.", "attachment": str(document.pk)}
    assert office.post(page, form).status_code == 302
    resolution = BoardResolution.objects.get()
    signing = resolution.signing
    with pytest.raises(NotAllowed):
        confirm_resolution(resolution, seen_hash=signing.content_hash, actor=cast.portfolio_office)
    officer = sign_in(cast.risk_officer)
    assert "Confirm that the board resolved this" in officer.get(signing.get_absolute_url()).content.decode()
    waits = [item.subject for item in waiting_for(cast.risk_officer) if item.what == "Confirm a resolution"]
    assert waits == [f"{nobody_may.reference} {nobody_may.title}"]
    assert "Confirm a resolution" not in [item.what for item in waiting_for(cast.portfolio_office)]
    address = f"/resolutions/{resolution.pk}/confirm/"
    assert officer.get(address).status_code == 405
    assert officer.post(address, {}).status_code == 422
    assert sign_in(cast.unit_lead).post(address, {"seen_hash": signing.content_hash}).status_code == 403
    assert officer.post(address, {"seen_hash": "0" * 64}).status_code == 409
    assert not Decision.objects.exists()
    assert officer.post(address, {"seen_hash": signing.content_hash}).status_code == 302
    decision = Decision.objects.get()
    assert (decision.signing, decision.amount) == (signing, Decimal(100_000))
    assert signing.ending.kind == SigningRoundEnd.Kind.DECIDED
    assert "Confirm a resolution" not in [item.what for item in waiting_for(fresh(cast.risk_officer))]
    assert again(nobody_may).stage == "pilot"
    assert "2026-14" in officer.get(signing.get_absolute_url()).content.decode()
    with pytest.raises((InvalidMove, NotAllowed)):
        confirm_resolution(resolution, seen_hash=signing.content_hash, actor=cast.ceo)


def test_who_recorded_it_does_not_confirm_it(
    cast: Cast, nobody_may: Initiative, document: Attachment
) -> None:
    signing = record_resolution(
        nobody_may,
        reference="2026-14",
        text="Fund it.",
        attachment=document,
        actor=cast.portfolio_office,
        **PROPOSAL,
    )
    factories.grant(cast.portfolio_office, Role.RISK_OFFICER, cast.unit)
    with pytest.raises(NotAllowed, match="somebody else"):
        confirm_resolution(
            BoardResolution.objects.get(),
            seen_hash=signing.content_hash,
            actor=fresh(cast.portfolio_office),
        )


def test_no_resolution_stands_while_somebody_may_decide(
    cast: Cast, nobody_may: Initiative, document: Attachment
) -> None:
    with pytest.raises(NobodyEligible):
        services.open_signing(nobody_may, **PROPOSAL, actor=cast.portfolio_office)
    Initiative.objects.filter(pk=nobody_may.pk).update(owner=cast.owner)
    with pytest.raises(Refused, match="people who may decide"):
        record_resolution(
            again(nobody_may),
            reference="2026-14",
            text="Fund it.",
            attachment=document,
            actor=cast.portfolio_office,
            **PROPOSAL,
        )
    assert not BoardResolution.objects.exists()
    with pytest.raises(NotAllowed):
        record_resolution(
            again(nobody_may), reference="x", text="x", attachment=document, actor=cast.cfo, **PROPOSAL
        )
