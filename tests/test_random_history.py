"""After any history of acts, rebuilding from facts finds no difference and the record verifies."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.errors import DomainError
from accounts.models import Unit, User
from governance import gates, services
from governance.models import EnvelopeChange, SigningRound, Tranche, Verb
from ledger import clock
from ledger.selectors import verify
from portfolio import services as portfolio
from portfolio.models import BenefitClaim, CaseDraft, Initiative
from portfolio.selectors import fiscal_year_of
from scoring import services as scoring
from scoring.models import ScorecardAssignment, ScoringRound
from scoring.positions import refresh_returns
from tests.factories import proposal_content, show_controls

ACTS = 500
AT_ONCE = 6
TIERS = ["minimal", "limited", "limited", "high"]


class Company:
    """People who do things at random; what the rules refuse is refused, and that is part of the history."""

    def __init__(self, random: Random, people: dict[str, User], unit: Unit) -> None:
        self.random = random
        self.people = people
        self.unit = unit
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def act(self) -> None:
        """One act by somebody who may, or sometimes by somebody who may not."""
        name = self.random.choices(list(self.acts()), weights=[weight for _, weight in self.acts().values()])[
            0
        ]
        step = self.acts()[name][0]
        try:
            step()
        except (DomainError, LookupError):
            self.refused[name] += 1
        else:
            self.done[name] += 1

    def acts(self) -> dict[str, tuple[Callable[[], Any], int]]:
        """Every act with its weight."""
        return {
            "start": (self.start, 6),
            "edit": (self.edit, 4),
            "submit": (lambda: gates.submit(self.any("draft"), actor=self.who("unit_lead")), 8),
            "sponsor": (self.sponsor, 10),
            "tier": (
                lambda: self.classify("risk_tier", ["minimal", "limited", "limited", "high"], "risk_officer"),
                8,
            ),
            "domain": (lambda: self.classify("domain", ["it_service", "finance"], "portfolio_office"), 8),
            "overlap": (lambda: self.classify("overlap", ["none"], "portfolio_office"), 8),
            "triage": (self.triage, 10),
            "complete": (
                lambda: gates.complete_case(self.any("submitted", "assessment"), actor=self.who("unit_lead")),
                8,
            ),
            "scoring": (
                lambda: scoring.open_scoring(self.any("assessment"), actor=self.who("portfolio_office")),
                8,
            ),
            "assign": (self.assign, 12),
            "score": (self.score, 14),
            "close": (self.close, 10),
            "record": (self.record_case, 10),
            "evidence": (self.evidence, 8),
            "propose": (self.propose, 10),
            "sign": (self.sign, 20),
            "envelope": (self.envelope, 4),
            "confirm": (self.confirm, 6),
            "release": (self.release, 8),
            "post": (self.post, 14),
            "claim": (self.claim, 10),
            "attest": (self.attest, 10),
            "hold": (self.hold, 2),
            "lift": (
                lambda: portfolio.lift_hold(self.any(), reason="Settled", actor=self.who("portfolio_office")),
                2,
            ),
            "stop": (
                lambda: services.stop(self.any("pilot"), reason="It does not work", actor=self.who("ceo")),
                1,
            ),
            "withdraw": (
                lambda: services.withdraw(
                    self.any("submitted"), reason="Not now", actor=self.who("unit_lead")
                ),
                1,
            ),
        }

    def who(self, role: str) -> User:
        """The holder of the role; once in twenty times somebody else."""
        name = self.random.choice(sorted(self.people)) if self.random.random() < 0.05 else role
        user = self.people[name]
        user.__dict__.pop("_active_grants", None)
        return user

    def any(self, *stages: str) -> Initiative:
        """An initiative in one of the stages."""
        rows = Initiative.objects.select_related("unit").order_by("pk")
        return self.random.choice(list(rows.filter(stage__in=stages, closed_kind="") if stages else rows))

    def start(self) -> None:
        if Initiative.objects.filter(closed_kind="").count() >= AT_ONCE:
            raise LookupError("A few that get on say more than many that wait.")
        lead = self.who("unit_lead")
        initiative = portfolio.start_proposal(
            self.unit, title=f"Idea {self.random.randint(1, 999)}", actor=lead
        )
        content = proposal_content(
            owner=self.people["owner"],
            sponsor=self.people["sponsor"],
            benefit_owner=self.people["benefit_owner"],
            cost=self.random.choice([8_000, 40_000, 240_000, 900_000]),
            benefit=self.random.choice([30_000, 960_000, 3_000_000]),
            reference_class=self.random.choice(["configured", "bought", "built", "novel"]),
            cost_objects=[f"CO-{initiative.reference}"],
        )
        portfolio.save_draft(initiative, content=content, version=1, actor=lead)

    def edit(self) -> None:
        draft = self.random.choice(list(CaseDraft.objects.select_related("initiative__unit").order_by("pk")))
        change = {"summary": f"Changed {self.random.randint(1, 99)} times"}
        portfolio.save_draft(
            draft.initiative, content=change, version=draft.version, actor=self.who("contributor")
        )

    def sponsor(self) -> None:
        sentence = "It takes the longest wait out of our day."
        portfolio.confirm_sponsorship(self.any("submitted"), sentence=sentence, actor=self.who("sponsor"))

    def classify(self, kind: str, values: list[str], role: str) -> None:
        portfolio.classify(self.any("submitted"), kind, self.random.choice(values), actor=self.who(role))

    def triage(self) -> None:
        track = self.random.choice(["full", "full", "full", "light", "notify"])
        gates.triage(self.any("submitted"), track=track, actor=self.who("portfolio_office"))

    def complete(self) -> None:
        gates.complete_case(self.any("submitted", "assessment"), actor=self.who("unit_lead"))

    def open_scoring(self) -> None:
        scoring.open_scoring(self.any("assessment"), actor=self.who("portfolio_office"))

    def record_case(self) -> None:
        initiative = self.any("assessment")
        show_controls(initiative)
        gates.record_case(initiative, actor=self.who("portfolio_office"))

    def lift(self) -> None:
        portfolio.lift_hold(self.any(), reason="Settled", actor=self.who("portfolio_office"))

    def stop(self) -> None:
        services.stop(self.any("pilot"), reason="It does not work", actor=self.who("ceo"))

    def withdraw(self) -> None:
        services.withdraw(self.any("submitted"), reason="Not now", actor=self.who("unit_lead"))

    def assign(self) -> None:
        round_ = self.random.choice(list(ScoringRound.objects.filter(closing=None).order_by("pk")))
        assessor = self.people[self.random.choice(["assessor", "second_assessor", "unit_lead"])]
        due = clock.today() + timedelta(days=5)
        scoring.assign(round_, assessor, due_on=due, actor=self.who("portfolio_office"))

    def score(self) -> None:
        open_ones = ScorecardAssignment.objects.filter(scorecard=None).select_related(
            "round__model", "assessor"
        )
        assignment = self.random.choice(list(open_ones.order_by("pk")))
        ratings = {
            criterion.key: {
                "rating": self.random.choice([2, 3, 4, 4, 5, None]),
                "confidence": "medium",
                "reason": "Seen in the case",
            }
            for criterion in scoring.judged(assignment.round.model)
        }
        assignment.assessor.__dict__.pop("_active_grants", None)
        scoring.complete_scorecard(assignment, ratings=ratings, comment="", actor=assignment.assessor)

    def close(self) -> None:
        round_ = self.random.choice(list(ScoringRound.objects.filter(closing=None).order_by("pk")))
        scoring.close_scoring(
            round_, evidence_grade="C", reason="Both are right", actor=self.who("portfolio_office")
        )

    def evidence(self) -> None:
        initiative = self.any("decision", "pilot")
        lacking = [item for item in gates.check(initiative, "G3") if not item.holds]
        item = self.random.choice(lacking)
        gates.supply_evidence(
            initiative, item_key=item.key, text="Shown to the office", actor=self.who("unit_lead")
        )

    def propose(self) -> None:
        initiative = self.any("decision")
        amount = initiative.whole_life_cost or Decimal(0)
        verb = self.random.choice([Verb.GO, Verb.GO, Verb.GO, Verb.HOLD, Verb.STOP])
        granting = verb == Verb.GO
        services.open_signing(
            initiative,
            verb=verb,
            amount=amount / 2 if granting else Decimal(0),
            first_tranche=amount / 20 if granting else Decimal(0),
            reason="The figures hold",
            actor=self.who("portfolio_office"),
        )

    def sign(self) -> None:
        signing = self.random.choice(list(SigningRound.objects.filter(ending=None).order_by("pk")))
        role = self.random.choice(["cfo", "ceo", "unit_head", "finance", "board_member", "risk_officer"])
        vote = "against" if self.random.random() < 0.05 else "for"
        services.sign(
            signing, vote=vote, reason="As proposed", seen_hash=signing.content_hash, actor=self.who(role)
        )

    def envelope(self) -> None:
        services.propose_envelope_change(
            self.unit,
            fiscal_year_of(clock.today()) + self.random.choice([0, 0, 1, 2, 3]),
            kind=self.random.choice(["appropriation", "supplement"]),
            amount=Decimal(self.random.choice([100_000, 600_000])),
            reason="The year's plan",
            actor=self.who("finance"),
        )

    def confirm(self) -> None:
        change = self.random.choice(list(EnvelopeChange.objects.filter(confirmation=None).order_by("pk")))
        services.confirm_envelope_change(change, actor=self.who("cfo"))

    def release(self) -> None:
        tranche = self.random.choice(list(Tranche.objects.filter(release=None).order_by("pk")))
        services.release_tranche(tranche, reason="Earned", actor=self.who("cfo"))

    def post(self) -> None:
        portfolio.post(
            self.any("pilot", "scaling", "operating"),
            service_month=clock.today() - timedelta(days=self.random.randint(0, 200)),
            amount=Decimal(self.random.randint(-500_000, 4_000_000)) / 100,
            currency="USD",
            category="cloud",
            actor=self.who("finance"),
        )

    def claim(self) -> None:
        portfolio.claim_benefit(
            self.any("pilot", "scaling", "operating"),
            line_key="saving",
            month=clock.today() - timedelta(days=self.random.randint(0, 200)),
            amount=Decimal(self.random.randint(0, 9_000_000)) / 100,
            evidence="Hours",
            actor=self.who("unit_lead"),
        )

    def attest(self) -> None:
        claim = self.random.choice(
            list(BenefitClaim.objects.filter(attestation=None, replaced_by=None).order_by("pk"))
        )
        portfolio.attest(
            claim, amount=claim.amount, where_it_shows="CC 4711", actor=self.who("finance_clerk")
        )

    def hold(self) -> None:
        until = clock.today() + timedelta(days=20)
        portfolio.place_hold(
            self.any(), until=until, reason="Supplier late", actor=self.who("portfolio_office")
        )


@pytest.fixture
def people(
    unit_lead: User,
    contributor: User,
    unit_head: User,
    sponsor: User,
    owner: User,
    benefit_owner: User,
    assessor: User,
    second_assessor: User,
    portfolio_office: User,
    risk_officer: User,
    finance: User,
    cfo: User,
    ceo: User,
    board_member: User,
    outsider: User,
) -> dict[str, User]:
    """The cast by role, with a clerk who attests and types no postings."""
    cast = {name: user for name, user in locals().items() if isinstance(user, User)}
    return cast | {"finance_clerk": finance}


@pytest.mark.django_db
@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_history_rebuilds_without_a_difference(seed: int, people: dict[str, User], unit: Unit) -> None:
    company = Company(Random(seed), people, unit)
    with transaction.atomic():
        for _ in range(ACTS):
            company.act()
            if company.random.random() < 0.05:
                refresh_returns()
        refresh_returns()
        assert {"start", "submit", "tier", "envelope"} <= set(company.done), (company.done, company.refused)
        call_command("rebuild", check=True)
        assert verify(state=True) == []
        # The next history begins on an empty page.
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_changed_position_is_found_by_rebuilding(people: dict[str, User], unit: Unit) -> None:
    company = Company(Random(1), people, unit)
    company.start()
    initiative = Initiative.objects.get()
    gates.submit(initiative, actor=people["unit_lead"])
    refresh_returns()
    call_command("rebuild", check=True)
    Initiative.objects.filter(pk=initiative.pk).update(title="Something else")
    with pytest.raises(SystemExit):
        call_command("rebuild", check=True)
