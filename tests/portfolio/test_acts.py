"""Each act on the pages of the portfolio, in the same order: works, wrong role (403), stranger (404), wrong
state (409), wrong input (422, and the form keeps what was typed), GET refused (405).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Unit, User
from ledger import clock
from ledger.models import LedgerEntry
from portfolio import services
from portfolio.models import (
    Attestation,
    BenefitClaim,
    Comment,
    HoldLift,
    Initiative,
    Measurement,
    MilestoneReached,
    PeriodClose,
    Posting,
    RateSet,
    RateSetConfirmation,
)
from tests.factories import SignIn, grant, make_person, month, piloting, proposal_content, submitted
from tests.gathering import Gathered, gather, of_module

pytestmark = pytest.mark.django_db

TODAY = clock.today().isoformat()
LATER = (clock.today() + timedelta(days=30)).isoformat()


@dataclass
class World:
    """What the acts happen on."""

    pilot: Initiative
    early: Initiative
    unit_lead: User
    finance: User
    cfo: User
    office: User


@pytest.fixture(scope="module")
def gathered(module_db: None) -> Gathered:
    """The cast with one pilot and one that was only submitted, made once for all acts."""
    found = gather()
    content = proposal_content(
        owner=found["owner"], sponsor=found["sponsor"], benefit_owner=found["benefit_owner"]
    )
    pilot = piloting(content)
    early = submitted(content | {"title": "Another one"})
    people = (found[name] for name in ("unit_lead", "finance", "cfo", "portfolio_office"))
    return found | {"world": World(pilot, early, *people)}


world, unit, other_unit, benefit_owner, auditor, finance, cfo = map(
    of_module, ("world", "unit", "other_unit", "benefit_owner", "auditor", "finance", "cfo")
)


def claimed(world: World) -> BenefitClaim:
    return services.claim_benefit(
        world.pilot, line_key="saving", month=clock.today(), amount=Decimal(500), evidence="Hours",
        actor=world.unit_lead,
    )  # fmt: skip


def held(world: World) -> None:
    until = clock.today() + timedelta(days=9)
    services.place_hold(world.pilot, until=until, reason="The supplier is late", actor=world.office)


@dataclass
class Act:
    """One act: its address, who may do it, what is typed, what must not be, and what it leaves behind."""

    name: str
    who: str
    values: dict[str, str]
    wrong: dict[str, str]
    shown: str
    made: Any
    entry: str
    before: Callable[[World], Any] = lambda world: None  # noqa: ARG005
    again_is_wrong: bool = False
    stages: bool = True

    def url(self, initiative: Initiative) -> str:
        return reverse(self.name, args=[initiative.pk])


ACTS = [
    Act(
        "comment-create", "unit_lead", {"text": "Looks good"}, {"text": "  "}, "This field is required",
        Comment, "comment.written", stages=False,
    ),
    Act(
        "posting-create", "finance",
        {"service_month": month(), "amount": "1,250.50", "currency": "USD", "category": "cloud"},
        {"service_month": month(), "amount": "twelve", "currency": "USD", "category": "cloud"},
        "twelve", Posting, "posting.added",
    ),
    Act(
        "measurement-create", "unit_lead", {"kpi_key": "misrouted", "month": month(), "value": "12.5"},
        {"kpi_key": "misrouted", "month": month(), "value": "many"}, "many", Measurement, "kpi.measured",
    ),
    Act(
        "milestone-reach", "unit_lead", {"key": "pilot", "on": TODAY}, {"key": "pilot", "on": LATER}, LATER,
        MilestoneReached, "milestone.reached", again_is_wrong=True,
    ),
    Act(
        "claim-create", "unit_lead",
        {"line_key": "saving", "month": month(), "amount": "400", "evidence": "Contract ended"},
        {"line_key": "saving", "month": month(), "amount": "-1", "evidence": "Contract ended"},
        "Contract ended", BenefitClaim, "benefit.claimed",
    ),
    Act(
        "hold-place", "office", {"until": LATER, "reason": "The supplier is late"},
        {"until": TODAY, "reason": "The supplier is late"}, "The supplier is late", None, "hold.placed",
        again_is_wrong=True, stages=False,
    ),
    Act(
        "hold-lift", "office", {"reason": "The supplier delivered"}, {"reason": "short"}, "short", HoldLift,
        "hold.lifted", before=held, again_is_wrong=True, stages=False,
    ),
]  # fmt: skip
WITH_FORMS = [act for act in ACTS if act.name != "comment-create"]


def named(acts: list[Act]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("act", acts, ids=[act.name for act in acts])


@named(ACTS)
def test_it_works_and_is_in_the_ledger(sign_in: SignIn, world: World, act: Act) -> None:
    act.before(world)
    browser = sign_in(getattr(world, act.who))
    answer = browser.post(act.url(world.pilot), act.values)
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"].startswith(world.pilot.get_absolute_url())
    assert act.made is None or act.made.objects.count() == 1
    assert LedgerEntry.objects.filter(act=act.entry, object_id=str(world.pilot.pk)).count() == 1
    assert browser.get(answer["Location"]).status_code == 200


@named(ACTS)
def test_the_wrong_role_is_refused_with_a_reason(
    sign_in: SignIn, world: World, auditor: User, act: Act
) -> None:
    answer = sign_in(auditor).post(act.url(world.pilot), act.values)
    assert answer.status_code == 403
    assert "is for" in answer.content.decode()
    assert not LedgerEntry.objects.filter(act=act.entry).exists()


@named(ACTS)
def test_a_stranger_finds_nothing(sign_in: SignIn, world: World, other_unit: Unit, act: Act) -> None:
    role = {"finance": Role.FINANCE, "unit_lead": Role.UNIT_LEAD, "office": Role.PORTFOLIO_OFFICE}[act.who]
    stranger = make_person("Sue Stranger", role, other_unit)
    assert sign_in(stranger).post(act.url(world.pilot), act.values).status_code == 404
    assert not LedgerEntry.objects.filter(act=act.entry).exists()


@named([act for act in ACTS if act.stages])
def test_the_wrong_stage_is_a_conflict(sign_in: SignIn, world: World, act: Act) -> None:
    answer = sign_in(getattr(world, act.who)).post(act.url(world.early), act.values)
    assert answer.status_code == 409
    assert "is possible in" in answer.content.decode()


@named([act for act in ACTS if act.again_is_wrong])
def test_a_second_time_is_a_conflict(sign_in: SignIn, world: World, act: Act) -> None:
    act.before(world)
    browser = sign_in(getattr(world, act.who))
    assert browser.post(act.url(world.pilot), act.values).status_code == 302
    assert browser.post(act.url(world.pilot), act.values).status_code == 409
    assert LedgerEntry.objects.filter(act=act.entry).count() == 1


@named(ACTS)
def test_wrong_input_is_named_and_kept(sign_in: SignIn, world: World, act: Act) -> None:
    act.before(world)
    answer = sign_in(getattr(world, act.who)).post(act.url(world.pilot), act.wrong)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert act.shown in page
    assert "field-error" in page
    assert not LedgerEntry.objects.filter(act=act.entry).exists()


@named(ACTS)
def test_an_empty_form_is_wrong_input(sign_in: SignIn, world: World, act: Act) -> None:
    act.before(world)
    assert sign_in(getattr(world, act.who)).post(act.url(world.pilot), {}).status_code == 422


def test_comments_are_only_posted(sign_in: SignIn, world: World) -> None:
    assert sign_in(world.unit_lead).get(ACTS[0].url(world.pilot)).status_code == 405


@named(WITH_FORMS)
def test_a_form_opens_and_other_methods_are_refused(sign_in: SignIn, world: World, act: Act) -> None:
    act.before(world)
    browser = sign_in(getattr(world, act.who))
    assert browser.get(act.url(world.pilot)).status_code == 200
    assert browser.put(act.url(world.pilot)).status_code == 405
    assert not LedgerEntry.objects.filter(act=act.entry).exists()


# Attesting -----------------------------------------------------------------------------------


def attest(browser: Client, claim: BenefitClaim, **values: str) -> Any:
    typed = {"amount": "450", "where_it_shows": "Cost centre 4711"} | values
    return browser.post(reverse("claim-attest", args=[claim.pk]), typed)


def test_finance_attests_a_claim(sign_in: SignIn, world: World) -> None:
    claim, browser = claimed(world), sign_in(world.finance)
    assert "Cost centre" not in browser.get(reverse("claim-list")).content.decode()
    assert attest(browser, claim).status_code == 302
    assert Attestation.objects.get().amount == Decimal(450)
    assert "No claim waits" in browser.get(reverse("claim-list")).content.decode()


def test_nobody_attests_what_they_claimed_measured_or_take_over(
    sign_in: SignIn, world: World, unit: Unit, benefit_owner: User
) -> None:
    claim = claimed(world)
    assert attest(sign_in(world.unit_lead), claim).status_code == 403
    measured = make_person("Mia Measures", Role.CONTRIBUTOR, unit)
    services.measure(world.pilot, kpi_key="misrouted", month=clock.today(), value=Decimal(9), actor=measured)
    for person in (measured, benefit_owner):
        grant(person, Role.FINANCE, unit)
        answer = attest(sign_in(person), claim)
        assert answer.status_code == 403
        assert "somebody else in finance" in answer.content.decode()
        assert "somebody else in finance" in sign_in(person).get(reverse("claim-list")).content.decode()
    assert not Attestation.objects.exists()


def test_finance_of_another_unit_finds_no_claim(sign_in: SignIn, world: World, other_unit: Unit) -> None:
    stranger = make_person("Fred Finance", Role.FINANCE, other_unit)
    assert attest(sign_in(stranger), claimed(world)).status_code == 404


def test_a_claim_is_attested_once(sign_in: SignIn, world: World) -> None:
    claim, browser = claimed(world), sign_in(world.finance)
    attest(browser, claim)
    assert attest(browser, claim).status_code == 409
    assert attest(browser, claim, amount="lots").status_code == 422


@pytest.mark.parametrize("amount", ["500.01", "-1", "lots", ""])
def test_more_than_was_claimed_is_not_attested(sign_in: SignIn, world: World, amount: str) -> None:
    answer = attest(sign_in(world.finance), claimed(world), amount=amount)
    assert answer.status_code == 422
    assert "Cost centre 4711" in answer.content.decode()


def test_an_old_sign_in_is_asked_for_the_password(sign_in: SignIn, world: World) -> None:
    answer = attest(sign_in(world.finance, fresh=False), claimed(world))
    assert answer.status_code == 422
    assert "type your password" in answer.content.decode()
    assert "Cost centre 4711" in answer.content.decode()
    assert not Attestation.objects.exists()


def test_attesting_is_posted(sign_in: SignIn, world: World) -> None:
    assert sign_in(world.finance).get(reverse("claim-attest", args=[claimed(world).pk])).status_code == 405


# Months and rates ----------------------------------------------------------------------------


def test_finance_closes_a_month_once(sign_in: SignIn, finance: User, cfo: User) -> None:
    browser, url = sign_in(finance), reverse("period-close")
    assert sign_in(cfo).post(url, {"month": month(-1)}).status_code == 403
    assert browser.post(url, {"month": month(-1)}).status_code == 302
    assert browser.post(url, {"month": month(-1)}).status_code == 409
    for wrong in ("2026-13", month(0), ""):
        answer = browser.post(url, {"month": wrong})
        assert answer.status_code == 422
        assert f'value="{wrong}"' in answer.content.decode() or not wrong
    assert browser.get(url).status_code == 405
    assert PeriodClose.objects.count() == 1


def test_finance_proposes_rates_and_the_cfo_puts_them_in_force(
    sign_in: SignIn, finance: User, cfo: User, auditor: User
) -> None:
    typed = {"name": "Planning rates", "fiscal_year": "2026", "rates": "EUR 1.08\njpy 0.0067", "source": ""}
    page = reverse("rate-list")
    assert sign_in(auditor).post(page, typed).status_code == 403
    wrong = sign_in(finance).post(page, typed | {"rates": "EUR much"})
    assert wrong.status_code == 422
    assert "EUR much" in wrong.content.decode()
    assert sign_in(finance).post(page, typed).status_code == 302
    rates = RateSet.objects.get()
    assert rates.rates == {"EUR": "1.08", "JPY": "0.0067"}
    confirm = reverse("rates-confirm", args=[rates.pk])
    assert sign_in(finance).post(confirm).status_code == 403
    assert sign_in(cfo).get(confirm).status_code == 405
    assert sign_in(cfo, fresh=False).post(confirm).status_code == 422
    assert sign_in(cfo).post(confirm).status_code == 302
    assert sign_in(cfo).post(confirm).status_code == 409
    assert RateSetConfirmation.objects.count() == 1
    assert "in force" in sign_in(auditor).get(page).content.decode()
    assert sign_in(cfo).post(reverse("rates-confirm", args=[10**15])).status_code == 404
