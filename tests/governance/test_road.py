"""The road from a draft to released money, told once by the services."""

from decimal import Decimal

from governance import services
from governance.models import (
    Commitment,
    Decision,
    EnvelopeBalance,
    SigningRoundEnd,
    StopRule,
    Tranche,
)
from ledger.models import LedgerEntry
from portfolio.models import Baseline
from tests.governance.conftest import Cast, appropriated, in_decision, opened, signed


def test_the_last_signature_makes_decision_commitment_tranches_baseline_and_move(cast: Cast) -> None:
    envelope = appropriated(cast, 1_000_000)
    initiative = in_decision(cast)
    signing = opened(cast, initiative, 100_000)
    signed(signing, cast.cfo)
    initiative.refresh_from_db()
    decision = Decision.objects.get(initiative=initiative)
    assert initiative.stage == "pilot"
    assert decision.content_hash == signing.content_hash
    assert decision.amount_in_base == Decimal(100_000)
    assert sum(row.amount for row in Commitment.objects.filter(decision=decision)) == Decimal(100_000)
    assert sum(row.amount for row in Tranche.objects.filter(decision=decision)) == Decimal(100_000)
    assert Baseline.objects.get(initiative=initiative).case == initiative.current_case
    assert StopRule.objects.filter(initiative=initiative).count() == 1
    assert SigningRoundEnd.objects.get(signing=signing).kind == "decided"
    assert LedgerEntry.objects.filter(act="decision.signed").count() == 1
    tranche = Tranche.objects.filter(initiative=initiative).order_by("number")[0]
    services.release_tranche(tranche, actor=cast.finance)
    balance = EnvelopeBalance.objects.get(envelope=envelope)
    in_envelope = Commitment.objects.filter(envelope=envelope)
    assert balance.committed == sum(row.amount for row in in_envelope)
    assert balance.released == tranche.amount == Decimal(30_000)
