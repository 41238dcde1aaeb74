"""The bulk demo writes true facts: the record verifies and every position follows from them."""

import pytest
from django.core.management import call_command

from dashboards.demo.bulk import bulk_portfolio
from governance.models import EnvelopeBalance
from ledger.selectors import verify
from portfolio.models import Initiative, Posting
from scoring.models import ReturnPosition
from scoring.positions import stale


@pytest.mark.django_db
def test_bulk_facts_are_true_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.demo.bulk.BATCH", 15)
    bulk_portfolio(initiatives=40, months=12, seed=7)
    assert Initiative.objects.count() == ReturnPosition.objects.count() == 40
    assert Posting.objects.count() == 40 * 12
    assert not stale.waiting(stale.RETURN).exists()
    assert EnvelopeBalance.objects.filter(committed__gt=0).exists()
    assert verify(state=True) == []
    call_command("rebuild", check=True)


@pytest.mark.django_db
def test_a_second_portfolio_goes_beside_the_first() -> None:
    for seed in (1, 2):
        bulk_portfolio(initiatives=10, months=3, seed=seed)
    assert Initiative.objects.count() == 20
    assert verify(state=True) == []
    call_command("rebuild", check=True)
