"""Random people do random acts in a random tree, and after each act every promise holds."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, ClassVar

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import Unit
from governance.models import Decision, EnvelopeBalance
from ledger.selectors import verify
from portfolio.models import Initiative
from scoring.positions import refresh_returns
from tests import factories
from tests.prove import rules
from tests.prove.company import Tree
from tests.prove.count import SEED, of, proof

EXAMPLES, STEPS = of(3, 25), of(20, 100)
# Each act as often as its weight says.
NAMES = sorted(name for name, (_, weight) in Tree.acts(Tree.__new__(Tree)).items() for _ in range(weight))


class History(RuleBasedStateMachine):
    """One history; `counts` belongs to all of them."""

    counts: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.company: Tree | None = None
        self.page = transaction.atomic()
        self.page.__enter__()

    @initialize(parents=st.lists(st.integers(0, 9), min_size=1, max_size=5), draw=st.integers(0, 2**32 - 1))
    def begin(self, parents: list[int], draw: int) -> None:
        """A tree with its people, and three initiatives: one to triage, one to decide, one in its pilot."""
        self.company = company = Tree(Random(draw), parents)
        people = company.people
        roads: list[Callable[..., Initiative]] = [
            factories.submitted,
            factories.in_decision,
            factories.piloting,
        ]
        for number, made in enumerate(roads):
            content = factories.proposal_content(
                owner=people["owner"],
                sponsor=people["sponsor"],
                benefit_owner=people["benefit_owner"],
                title=f"Begun {number}",
            )
            made(content, unit=company.random.choice(company.units))

    @rule(name=st.sampled_from(NAMES), draw=st.integers(0, 2**32 - 1))
    def act(self, name: str, draw: int) -> None:
        """Somebody does something, allowed or not."""
        assert self.company is not None
        self.company.random.seed(draw)
        self.company.do(name)
        self.counts["cases"] += 1
        if draw % 5 == 0:
            refresh_returns()

    @invariant()
    def everything_holds(self) -> None:
        """Sums, authority, separation of duties, the chain with its facts, and what is computed."""
        if self.company is None:
            return
        assert rules.broken() == []
        assert verify(state=True) == []
        call_command("rebuild", check=True)

    def teardown(self) -> None:
        """The next history begins on an empty page."""
        if self.company is not None:
            self.counts["done"] += self.company.done.total()
            self.counts["refused"] += self.company.refused.total()
            self.counts["decisions"] += Decision.objects.count()
            self.counts["histories"] += 1
        transaction.set_rollback(True)
        self.page.__exit__(None, None, None)


@pytest.mark.django_db
def test_whatever_is_done_every_promise_holds() -> None:
    with proof("random acts by random people") as counts:
        History.counts = counts
        machine: Any = seeded(SEED)(History)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=False,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert counts["done"] > counts["histories"]
        assert counts["decisions"] >= counts["histories"]


# The controls: each reading finds what it is there to find -------------------------------------------


@pytest.mark.django_db
def test_a_signature_of_somebody_with_a_hand_in_it_is_seen(content: dict[str, Any], unit: Unit) -> None:
    initiative = factories.piloting(content, unit=unit, released=True)
    assert rules.broken() == []
    signer = initiative.decisions.get().signing.signatures.get().by_id  # type: ignore[union-attr]
    type(initiative).objects.filter(pk=initiative.pk).update(created_by=signer)
    (found,) = rules.people_on_both_sides()
    assert f"{signer} signed" in found


@pytest.mark.django_db
def test_a_sum_that_is_none_is_seen(content: dict[str, Any], unit: Unit) -> None:
    initiative = factories.piloting(content, unit=unit)
    charged = EnvelopeBalance.objects.filter(envelope__commitments__initiative=initiative)
    for balance in charged:
        charged.filter(pk=balance.pk).update(appropriated=balance.appropriated + 1)
    assert len(rules.sums_that_differ()) == 1


@pytest.mark.django_db
def test_a_decision_on_a_step_that_is_too_low_is_seen(
    content: dict[str, Any], unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.piloting(content, unit=unit)
    assert rules.decisions_outside_authority() == []
    monkeypatch.setattr(rules, "_needed", lambda signing: signing.step.position + 1)
    assert len(rules.decisions_outside_authority()) == 1
    monkeypatch.setattr(rules, "_held", lambda *_: False)
    assert len(rules.decisions_outside_authority()) == 2
