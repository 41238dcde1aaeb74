"""What must hold after every act, read from the facts and independently of the product's own rules."""

from collections import Counter
from decimal import Decimal

from django.db.models import Sum

from accounts.models import RoleGrant
from governance.models import (
    AuthorityStep,
    Commitment,
    Decision,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    ReleaseLine,
    Signature,
    SigningRound,
    TrancheRelease,
)
from portfolio.models import Appointment, BusinessCase, CaseEditor, Classification, Initiative, Posting


def _sum(rows: object) -> Decimal:
    total: Decimal | None = rows.aggregate(total=Sum("amount"))["total"]  # type: ignore[attr-defined]
    return total or Decimal(0)


def sums_that_differ() -> list[str]:
    """Envelopes whose balance is not the sum of their facts, or is out of order."""
    found = []
    for envelope in Envelope.objects.order_by("pk"):
        balance = EnvelopeBalance.objects.get(envelope=envelope)
        confirmed = EnvelopeChange.objects.filter(envelope=envelope).exclude(confirmation=None)
        lowered = Decimal(2) * _sum(confirmed.filter(kind="reduction"))
        from_facts = (
            _sum(confirmed) - lowered,
            _sum(Commitment.objects.filter(envelope=envelope)),
            _sum(ReleaseLine.objects.filter(envelope=envelope)),
        )
        if from_facts != (balance.appropriated, balance.committed, balance.released):
            found.append(f"{envelope} keeps other sums than its facts: {from_facts}")
        if not 0 <= balance.released <= balance.committed <= balance.appropriated:
            found.append(f"{envelope} is overrun: {balance.__dict__}")
    return found


def _tier_at(initiative: int, seq: int) -> str:
    """The risk tier that stood at a record."""
    tiers = Classification.objects.filter(
        initiative=initiative, kind="risk_tier", transaction__seq__lt=seq
    ).order_by("-id")
    return tiers.values_list("value", flat=True).first() or ""


def _needed(signing: SigningRound) -> int:
    """The position of the lowest step that may decide on it; everything here is in one currency."""
    steps = list(AuthorityStep.objects.filter(version=signing.step.version).order_by("position"))
    limits = [step.limit for step in steps]
    place = next(
        i for i, limit in enumerate(limits) if limit is None or signing.case.whole_life_cost <= limit
    )
    unlimited = next((i for i, limit in enumerate(limits) if limit is None), len(limits) - 1)
    if _tier_at(signing.initiative_id, signing.transaction.seq) == "high":
        place = min(place + 1, unlimited)
    return steps[place].position


def _held(person: int, role: str, path: str) -> bool:
    """Whether the person holds the role, confirmed by somebody else, for the unit at this path."""
    grants = RoleGrant.objects.filter(user=person, role=role).exclude(confirmation=None)
    return any(
        path.startswith(grant.unit.path) and grant.confirmation.confirmed_by_id != person
        for grant in grants.select_related("unit", "confirmation")
    )


def decisions_outside_authority() -> list[str]:
    """Decisions on too low a step, or without all the seats of the step or one of a higher one."""
    found = []
    for decision in Decision.objects.exclude(signing=None).select_related(
        "signing__step", "signing__case", "signing__transaction", "initiative__unit"
    ):
        signing = decision.signing
        assert signing is not None
        path = decision.initiative.unit.path
        votes = list(signing.signatures.select_related("seat__step"))
        if signing.step.position < _needed(signing):
            found.append(f"{decision.pk} was decided at {signing.step}, which is too low")
        if any(vote.vote != "for" for vote in votes) or len({vote.by_id for vote in votes}) < len(votes):
            found.append(f"{decision.pk} has a vote against, or two of one person")
        if not all(_held(vote.by_id, vote.role, path) for vote in votes):
            found.append(f"{decision.pk} was signed by somebody without the role")
        given = Counter(vote.seat_id for vote in votes)
        whole = all(given[seat.pk] == seat.votes for seat in signing.step.seats.all())
        above = any(
            vote.seat is not None and vote.seat.step.position > signing.step.position and vote.seat.votes == 1
            for vote in votes
        )
        if not whole and not above:
            found.append(f"{decision.pk} lacks a signature of {signing.step}")
        high = _tier_at(decision.initiative_id, signing.transaction.seq) == "high"
        grants = decision.verb in {"go", "go_with_conditions"}
        if high and grants and not any(vote.role == "risk_officer" for vote in votes):
            found.append(f"{decision.pk} of a high tier lacks the risk officer")
    return found


def _hands_in(initiative: Initiative, seq: int) -> set[int]:
    """Who had a hand in it before a record: proposed, edited, owns, sponsors, or was to score."""
    before = {"transaction__seq__lt": seq}
    cases = BusinessCase.objects.filter(initiative=initiative, **before)
    parts = Appointment.objects.filter(initiative=initiative, **before)
    return {
        initiative.created_by_id,
        *cases.values_list("submitted_by", flat=True),
        *CaseEditor.objects.filter(case__in=cases).values_list("user", flat=True),
        *parts.filter(part="assessor").values_list("person", flat=True),
        *(value for case in cases for key in ("owner_id", "sponsor_id") if (value := case.content.get(key))),
    }


def _posted_before_and_passed_since(person: int, initiative: int, seq: int) -> bool:
    """Whether the person typed a posting of it before a record, with no gate passed since."""
    typed = Posting.objects.filter(by_hand=person, initiative=initiative, transaction__seq__lt=seq)
    newest = typed.order_by("-transaction__seq").values_list("transaction__seq", flat=True).first()
    gates = Initiative.objects.get(pk=initiative).gate_passages.filter(
        transaction__seq__lt=seq, transaction__seq__gt=newest or 0
    )
    return newest is not None and not gates.exists()


def people_on_both_sides() -> list[str]:
    """Signatures and releases of people with a hand in the initiative."""
    acts = [
        (vote.by_id, vote.signing.initiative, vote.transaction.seq, "signed")
        for vote in Signature.objects.select_related("signing__initiative", "transaction")
    ]
    acts += [
        (release.by_id, release.tranche.initiative, release.transaction.seq, "released")
        for release in TrancheRelease.objects.select_related("tranche__initiative", "transaction")
    ]
    return [
        f"{person} {what} in record {seq} and has a hand in {initiative}"
        for person, initiative, seq, what in acts
        if person in _hands_in(initiative, seq) or _posted_before_and_passed_since(person, initiative.pk, seq)
    ]


def broken() -> list[str]:
    """Everything that does not hold."""
    return [*sums_that_differ(), *decisions_outside_authority(), *people_on_both_sides()]
