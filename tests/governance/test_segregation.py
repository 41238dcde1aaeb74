"""Duties are kept apart: the table read a second time, and every rule held against the acts themselves."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django.fixtures import Settings

from accounts import duties, segregation
from accounts import services as accounts_services
from accounts.errors import NotAllowed, Refused
from accounts.models import Notification, Role, RoleGrant, SegregationException, Unit, User
from accounts.verdict import ALLOW, Verdict
from assurance.permissions import may_block
from assurance.services.stops import block
from governance import services
from governance.collisions import collisions
from governance.models import SigningRound, Tranche
from governance.money_permissions import may_plan_tranches
from governance.permissions import may_release, may_sign, may_stop
from governance.services.tranches import Planned, plan_tranches
from ledger import clock
from ledger.services import record
from portfolio.models import (
    Appointment,
    BenefitClaim,
    BusinessCase,
    CaseEditor,
    Initiative,
    Measurement,
    Part,
)
from portfolio.permissions import may_attest, may_classify
from portfolio.services import claim_benefit, post
from tests import factories
from tests.factories import SignIn
from tests.governance.conftest import Cast, first_tranche, in_pilot, opened, scored

# The second reading: what product.md says under Roles and Segregation of duties, written down by hand.
DECIDING = (
    "decision.sign", "risk.concur", "operation.accept", "outcome.set", "initiative.stop", "item.waive",
    "tranche.plan", "tranche.lift", "claw_back.confirm", "recommendation.answer",
)  # fmt: skip
BY_THE_RISK_OFFICER = (
    "risk_tier.set", "control.check", "control.except", "risk.block", "risk.unblock", "veto.place",
    "veto.lift", "incident.grade", "incident.close",
)  # fmt: skip
ALWAYS = {
    *((act, tie) for act in DECIDING for tie in ("submitted", "own", "sponsor", "scored", "posted_by_hand")),
    *(("condition.review", tie) for tie in ("submitted", "own", "sponsor", "scored", "owns_condition")),
    *(("tranche.release", tie) for tie in ("submitted", "own", "sponsor")),
    *(("benefit.attest", tie) for tie in ("claimed", "own", "measured")),
    ("envelope.confirm", "proposed"),
    ("rates.confirm", "proposed"),
    ("resolution.confirm", "proposed"),
    ("year.close", "proposed"),
    ("co_funding.agree", "proposed"),
    ("claw_back.confirm", "proposed"),
    ("control.check", "supplied"),
    ("organisation_control.check", "supplied"),
    ("gates.decide", "wrote"),
    ("authority.approve", "wrote"),
    ("authority.approve", "named"),
    ("body.confirm", "oneself"),
    ("body.confirm", "proposed"),
    ("deputy.confirm", "oneself"),
    ("glass.ask", "oneself"),
    ("glass.grant", "oneself"),
    ("glass.grant", "proposed"),
    ("model.approve", "wrote"),
    ("role.grant", "oneself"),
    ("role.confirm", "oneself"),
    ("role.confirm", "granted"),
}
STRICT = {
    *((act, tie) for act in (*DECIDING, "condition.review") for tie in ("started", "edited")),
    *(("tranche.release", tie) for tie in ("posted_by_hand", "scored", "started", "edited")),
    *(("benefit.attest", tie) for tie in ("submitted", "sponsor", "scored", "started", "edited")),
    ("benefit.attest", "benefit_owner"),
    *(
        (act, tie)
        for act in BY_THE_RISK_OFFICER
        for tie in ("submitted", "own", "sponsor", "scored", "started", "edited")
    ),
    ("sponsorship.confirm", "submitted"),
    *(
        (act, "home_unit")
        for act in ("scorecard.write", "scorecard.complete", "scorecard.reconcile", "scoring.assign")
    ),
    *(
        (act, tie)
        for act in ("role.grant", "role.confirm")
        for tie in ("administrator_decides", "finance_and_cfo", "auditor_writes")
    ),
}


@pytest.fixture
def recorded(settings: Settings) -> None:
    """The mode in which most rules ask for a reason."""
    settings.SEGREGATION = "recorded"


def test_the_table_says_what_the_design_says() -> None:
    cells = {(act, rule.fact): rule.always for rule in segregation.rules() for act in rule.acts}
    assert {cell for cell, always in cells.items() if always} == ALWAYS
    assert {cell for cell, always in cells.items() if not always} == STRICT
    assert len({rule.key for rule in segregation.rules()}) == len(segregation.rules())
    assert {rule.fact for rule in segregation.rules()} == set(segregation.facts_in_words())


@pytest.mark.django_db
def test_every_rule_forbids_every_act_of_its_own_in_strict_mode() -> None:
    for act, tie in ALWAYS | STRICT:
        verdict = segregation.judge(ALLOW, act, [tie])
        assert not verdict
        assert verdict.reason
        assert not verdict.exceptions
    assert segregation.judge(ALLOW, "decision.sign", ["benefit_owner"])


@pytest.mark.usefixtures("recorded", "group")
def test_what_always_holds_never_bends_and_the_rest_bends_marked() -> None:
    for act, tie in ALWAYS:
        assert not segregation.judge(ALLOW, act, [tie])
        # Nor does it bend beside one that does.
        assert not segregation.judge(ALLOW, act, ["edited", tie])
    for act, tie in STRICT:
        verdict = segregation.judge(ALLOW, act, [tie])
        assert verdict
        assert len(verdict.exceptions) == 1


@pytest.mark.usefixtures("recorded")
def test_a_large_firm_of_several_units_stays_strict(unit: Unit) -> None:
    User.objects.bulk_create(
        User(email=f"{number}@keel.test", name=str(number)) for number in range(segregation.LARGE_FIRM)
    )
    assert "50 people in 2 units" in segregation.why_strict()
    assert not segregation.judge(ALLOW, "tranche.release", ["edited"])
    Unit.objects.exclude(parent=None).update(closed_on=clock.today())
    assert segregation.why_strict() == ""


# Each tie, made of the facts that it is in the product ---------------------------------------------


def _tie(initiative: Initiative, tie: str, person: User) -> None:
    """Give the person this tie to the initiative."""
    case = initiative.current_case
    assert case is not None
    columns = {
        "own": "owner",
        "sponsor": "sponsor",
        "started": "created_by",
        "benefit_owner": "benefit_owner",
    }
    if tie in columns:
        Initiative.objects.filter(pk=initiative.pk).update(**{columns[tie]: person})
        return
    with record("test.tied", actor=person) as act:
        if tie == "submitted":
            values = {
                field.attname: field.value_from_object(case)
                for field in BusinessCase._meta.concrete_fields
                if field.attname not in {"id", "transaction_id", "submitted_by_id", "version"}
            }
            act.add(BusinessCase, **values | {"version": case.version + 1, "submitted_by": person})
        elif tie == "scored":
            act.add(Appointment, initiative=initiative, part=Part.ASSESSOR, person=person)
        elif tie == "edited":
            act.add(CaseEditor, case=case, user=person)
        elif tie == "measured":
            act.add(
                Measurement,
                initiative=initiative,
                kpi_key="share",
                month=clock.today().replace(day=1),
                value=Decimal(1),
                by=person,
            )
    if tie == "posted_by_hand":
        post(
            initiative,
            service_month=clock.today(),
            amount=Decimal(5),
            currency="USD",
            category="people",
            actor=person,
        )


def _refused_acts(
    cast: Cast, initiative: Initiative, claim: BenefitClaim, signing: SigningRound
) -> dict[str, tuple[User, Callable[[Initiative], Verdict], Callable[[Initiative], Any]]]:
    """By act: somebody who may do it, how the permission answers, and how the service does it."""

    def sign(_: Initiative) -> Any:
        return services.sign(
            signing, vote="for", reason="Yes", seen_hash=signing.content_hash, actor=fresh(cast.cfo)
        )

    return {
        "initiative.stop": (
            cast.ceo,
            lambda row: may_stop(fresh(cast.ceo), row),
            lambda row: services.stop(row, reason="Enough", actor=fresh(cast.ceo)),
        ),
        "decision.sign": (cast.cfo, lambda row: may_sign(fresh(cast.cfo), _of(signing, row)), sign),
        "tranche.release": (
            cast.finance,
            lambda row: may_release(fresh(cast.finance), first_tranche(row)),
            lambda row: services.release_tranche(first_tranche(row), reason="Due", actor=fresh(cast.finance)),
        ),
        "benefit.attest": (
            cast.finance,
            lambda row: may_attest(fresh(cast.finance), BenefitClaim.objects.get(pk=claim.pk)),
            lambda row: may_attest(fresh(cast.finance), BenefitClaim.objects.get(pk=claim.pk)).or_deny(),
        ),
        "tranche.plan": (
            cast.finance,
            lambda row: may_plan_tranches(fresh(cast.finance), first_tranche(row)),
            lambda row: plan_tranches(
                first_tranche(row), rows=as_planned(row), reason="Later", actor=fresh(cast.finance)
            ),
        ),
        "risk.block": (
            cast.risk_officer,
            lambda row: may_block(fresh(cast.risk_officer), row),
            lambda row: block(
                row,
                until=clock.today() + timedelta(days=3),
                reason="It leaks",
                actor=fresh(cast.risk_officer),
            ),
        ),
        "risk_tier.set": (
            cast.risk_officer,
            lambda row: may_classify(fresh(cast.risk_officer), row, "risk_tier"),
            lambda row: may_classify(fresh(cast.risk_officer), row, "risk_tier").or_deny(),
        ),
    }


def as_planned(initiative: Initiative) -> list[Planned]:
    """Its tranches as they stand."""
    rows = Tranche.objects.filter(initiative=initiative).order_by("number")
    return [Planned(row.amount, row.due_on, row.earned_by) for row in rows]


def fresh(user: User) -> User:
    """The user as the next request reads them."""
    return User.objects.get(pk=user.pk)


def _of(signing: SigningRound, initiative: Initiative) -> SigningRound:
    found = SigningRound.objects.select_related("step", "case").get(pk=signing.pk)
    found.initiative = initiative
    return found


def test_each_tie_is_seen_in_the_product_and_refused_in_strict_mode(cast: Cast, settings: Settings) -> None:
    """Every tie that facts make, for every act on an initiative: refused, nothing written; then recorded."""
    initiative = in_pilot(cast)
    claim = claim_benefit(
        initiative,
        line_key="saving",
        month=clock.today(),
        amount=Decimal(100),
        evidence="Counted.",
        actor=cast.unit_lead,
    )
    signing = opened(cast, initiative, 0, verb="stop", first_tranche=0, reason="It goes nowhere")
    acts = _refused_acts(cast, initiative, claim, signing)
    tried = 0
    for act, tie in sorted(ALWAYS | STRICT):
        if act not in acts or tie == "claimed":
            continue
        person, ask, do = acts[act]
        with transaction.atomic():
            settings.SEGREGATION = "strict"
            assert ask(Initiative.objects.get(pk=initiative.pk)), (act, tie)
            if tie == "posted_by_hand" and person != cast.finance:
                factories.grant(person, Role.FINANCE, cast.unit)
            _tie(initiative, tie, fresh(person))
            row = Initiative.objects.get(pk=initiative.pk)
            verdict = ask(row)
            assert not verdict, (act, tie)
            assert verdict.reason == segregation.by_act()[act][tie].sentence
            before = SegregationException.objects.count()
            for refused in (lambda row=row, do=do: do(row), verdict.or_deny):
                with pytest.raises(NotAllowed):
                    refused()
            settings.SEGREGATION = "recorded"
            bent = ask(row)
            assert bool(bent) == ((act, tie) in STRICT), (act, tie)
            assert SegregationException.objects.count() == before
            if bent and act not in {"benefit.attest", "risk_tier.set"}:
                do(row)
                (kept,) = SegregationException.objects.all()
                assert kept.rule == segregation.by_act()[act][tie].key
                assert kept.by_id == person.pk
                assert kept.reason
                assert (kept.object_type, kept.object_id) == ("portfolio.Initiative", str(row.pk))
            tried += 1
            transaction.set_rollback(True)
    assert tried > 25


@pytest.mark.usefixtures("recorded")
def test_an_exception_needs_a_reason(cast: Cast) -> None:
    initiative = in_pilot(cast)
    _tie(initiative, "edited", cast.finance)
    with pytest.raises(Refused) as refused:
        services.release_tranche(first_tranche(initiative), actor=cast.finance)
    assert "release its money" in refused.value.errors["reason"]
    assert not SegregationException.objects.exists()


@pytest.mark.usefixtures("recorded")
def test_roles_that_don_t_fit_are_granted_with_a_reason(
    administrator: User, outsider: User, group: Unit
) -> None:
    factories.grant(outsider, Role.FINANCE, group)
    with pytest.raises(Refused):
        accounts_services.grant_role(outsider, role=Role.CFO, unit=group, actor=administrator)
    accounts_services.grant_role(
        outsider, role=Role.CFO, unit=group, exception="We are four.", actor=administrator
    )
    assert SegregationException.objects.get().rule == "roles-finance-cfo"
    assert RoleGrant.objects.filter(user=outsider, role=Role.CFO).exists()


# The pages -----------------------------------------------------------------------------------------


def _exception(by: User) -> SegregationException:
    with record("tranche.released", actor=by, about=by) as act:
        return act.add(
            SegregationException,
            rule="release-edited",
            act="tranche.released",
            by=by,
            object_type="portfolio.Initiative",
            object_id="1",
            reason="There is nobody else this week.",
        )


def test_exceptions_are_listed_and_told_once_a_month(
    sign_in: SignIn, auditor: User, cfo: User, finance: User
) -> None:
    _exception(finance)
    page = sign_in(auditor).get("/policy/exceptions/").content.decode()
    assert "There is nobody else this week." in page
    assert duties.tell_exceptions(clock.today()) == 2
    assert duties.tell_exceptions(clock.today()) == 0
    told = Notification.objects.filter(subject__startswith="Exceptions from segregation")
    assert {row.recipient_id for row in told} == {auditor.pk, cfo.pk}
    assert duties.tell_exceptions(clock.today() - timedelta(days=400)) == 0
    assert sign_in(finance).get("/policy/exceptions/").status_code == 403


def test_the_rules_stand_on_a_page(sign_in: SignIn, administrator: User, outsider: User) -> None:
    page = sign_in(administrator).get("/policy/segregation/").content.decode()
    assert page.count("<tr id=") == len(segregation.rules())
    assert sign_in(outsider).get("/policy/segregation/").status_code == 403


def test_collisions_name_the_person_the_role_and_the_initiative(
    cast: Cast, sign_in: SignIn, auditor: User, django_assert_max_num_queries: Any
) -> None:
    initiative = scored(cast)
    Initiative.objects.filter(pk=initiative.pk).update(owner=cast.cfo)
    with django_assert_max_num_queries(16):
        rows = collisions()
    row = next(row for row in rows if row.person == cast.cfo)
    assert (row.role, row.tie, row.always) == ("CFO", "own it", True)
    assert row.initiatives == [initiative]
    assert "Sign a decision from a seat" in row.titles or len(row.titles) >= 3
    page = sign_in(auditor).get("/policy/collisions/").content.decode()
    assert initiative.reference in page


def test_a_refused_attempt_is_kept_and_nothing_else(
    sign_in: SignIn, cast: Cast, auditor: User, contributor: User, client: Client
) -> None:
    initiative = in_pilot(cast)
    tranche = first_tranche(initiative)
    assert sign_in(contributor).post(f"/tranches/{tranche.pk}/release/").status_code == 403
    assert sign_in(cast.unit_lead).get(f"/tranches/{tranche.pk}/release/").status_code == 403
    page = sign_in(auditor).get("/policy/attempts/").content.decode()
    assert page.count(f"/tranches/{tranche.pk}/release/") == 1
    assert "Cora Contributor" in page
    assert "is for finance or CFO" in page
