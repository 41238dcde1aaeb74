"""How far what stands now has moved from what was decided, and whether that is decided anew.

The comparison is always with the decided case, so small changes add up.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.urls import reverse

from accounts.models import Role
from governance import authority
from governance.messages import tell
from governance.models import Decision, DecisionReopening, GateSet, Signature, Verb
from ledger import chain, clock
from ledger.services import Act, record
from portfolio import lifecycle
from portfolio.models import Appointment, BusinessCase, Classification, Initiative, Part, RiskTier, Stage
from portfolio.wording import grouped, percent

# From the lowest to the highest.
TIERS = (RiskTier.MINIMAL, RiskTier.LIMITED, RiskTier.HIGH, RiskTier.PROHIBITED)
GRANTED = (Verb.GO, Verb.GO_WITH_CONDITIONS)
SPONSOR_DAYS = 30
RUNNING = (Stage.PILOT, Stage.SCALING, Stage.OPERATING)


@dataclass(frozen=True)
class Change:
    """One material change of what was decided."""

    key: str
    label: str
    before: str
    after: str
    words: str

    def as_data(self) -> dict[str, Any]:
        """The values that a reopening keeps."""
        return {
            "key": self.key,
            "label": self.label,
            "before": self.before,
            "after": self.after,
            "words": self.words,
        }


def thresholds(version: int) -> dict[str, Decimal]:
    """What a version of the gates calls a material change."""
    found = GateSet.objects.filter(version=version).first()
    return {key: Decimal(value) for key, value in (found.material if found else {}).items()}


def standing_decision(initiative: Initiative) -> Decision | None:
    """The newest decision that granted money: what the initiative runs on."""
    rows = Decision.objects.filter(initiative=initiative, verb__in=GRANTED)
    return rows.select_related("case", "signing").order_by("-id").first()


def reopened(initiative: Initiative) -> DecisionReopening | None:
    """The reopening that no new 'go' at the same gate has settled yet."""
    if initiative.closed_kind or initiative.stage not in RUNNING:
        return None
    newest = Decision.objects.filter(initiative=initiative, verb__in=GRANTED).order_by("-id").values("pk")[:1]
    found = DecisionReopening.objects.filter(initiative=initiative, decision=Subquery(newest))
    return found.select_related("decision", "case").first()


def changes_of(decision: Decision, initiative: Initiative) -> list[Change]:
    """What of the decided case changed so much that it is decided anew; empty when nothing did."""
    case, signing = initiative.current_case, decision.signing
    if case is None or decision.case is None or signing is None:
        return []
    limits = thresholds(signing.content["gate_version"])
    found = material_changes(decision.case, case, Decimal(decision.rate_of_record), limits) if limits else []
    before = signing.content["risk_tier"]
    if _rank(initiative.risk_tier) > _rank(before):
        now = RiskTier(initiative.risk_tier).label.lower()
        was = RiskTier(before).label.lower() if before else "not set"
        found.append(Change("risk_tier", "Risk tier", before, initiative.risk_tier, f"{was} became {now}"))
    return found


def _rank(tier: str) -> int:
    return TIERS.index(RiskTier(tier)) if tier else -1


def material_changes(
    decided: BusinessCase, now: BusinessCase, rate: Decimal, limits: dict[str, Decimal]
) -> list[Change]:
    """Whole-life cost up by more than a share and an amount, cash benefit down by a share or more.

    At the decision's own rate, so that a moving currency is never a breach.
    """
    found = []
    currency, base = now.currency, settings.BASE_CURRENCY
    before, after = decided.whole_life_cost, now.whole_life_cost
    more = after - before
    if more * 100 > before * limits["cost_up_percent"] and more * rate > limits["cost_up_amount"]:
        by = f"{_share(more, before)} and {grouped(more * rate)} {base}"
        words = f"{by} up, from {grouped(before)} to {grouped(after)} {currency}"
        found.append(Change("whole_life_cost", "Whole-life cost", f"{before:f}", f"{after:f}", words))
    before, after = decided.cash_benefit, now.cash_benefit
    less = before - after
    if before > 0 and less * 100 >= before * limits["benefit_down_percent"]:
        words = f"{_share(less, before)} down, from {grouped(before)} to {grouped(after)} {currency}"
        found.append(Change("cash_benefit", "Cash benefit", f"{before:f}", f"{after:f}", words))
    return found


def _share(part: Decimal, whole: Decimal) -> str:
    return percent(part / whole) if whole else "all of it"


def reopen_if_changed(initiative: Initiative, *, act: Act) -> DecisionReopening | None:
    """Record that the decision is reopened, and tell those who signed. Part of an act; once a decision."""
    if initiative.closed_kind or initiative.stage not in RUNNING:
        return None
    decision = standing_decision(initiative)
    if decision is None or DecisionReopening.objects.filter(decision=decision).exists():
        return None
    changes = changes_of(decision, initiative)
    if not changes:
        return None
    words = "; ".join(f"{change.label.lower()} {change.words}" for change in changes)
    reopening = act.add(
        DecisionReopening,
        initiative=initiative,
        decision=decision,
        gate=decision.gate,
        case=initiative.current_case,
        changes=chain.plain([change.as_data() for change in changes]),
        reason=words,
    )
    act.note(reopened=decision.pk, gate=decision.gate)
    signers = [row.by for row in Signature.objects.filter(signing=decision.signing_id).select_related("by")]
    unit = initiative.unit
    tell(
        [
            *signers,
            *authority.holders(Role.PORTFOLIO_OFFICE, unit),
            *authority.holders(Role.FINANCE, unit),
            initiative.owner,
            initiative.sponsor,
        ],
        subject=f"{initiative.reference} is decided anew at {decision.gate}",
        sentence=f"“{initiative.title}” changed since it was decided: {words}. What is released stays "
        "usable; the rest waits for a new decision.",
        path=reverse("decision-detail", args=[decision.pk]),
    )
    return reopening


def reopen(initiative: Initiative) -> DecisionReopening | None:
    """Reopen the decision of one initiative if it changed; an act of the system."""
    decision = standing_decision(initiative)
    if decision is None or not changes_of(decision, initiative):
        return None
    if DecisionReopening.objects.filter(decision=decision).exists():
        return None
    with record("decision.reopened", actor=None, about=initiative) as act:
        return reopen_if_changed(lifecycle.lock(initiative), act=act)


def reopen_changed() -> int:
    """Reopen every running decision that changed and is not reopened yet; returns how many.

    Only those are looked at whose case or tier is another one than was decided on.
    """
    newest = Decision.objects.filter(initiative=OuterRef("pk"), verb__in=GRANTED).order_by("-id")
    classified = Classification.objects.filter(
        initiative=OuterRef("pk"),
        kind=Classification.Kind.RISK_TIER,
        transaction__at__gt=OuterRef("decided_at"),
    )
    rows = (
        Initiative.objects.filter(stage__in=RUNNING, closed_kind="")
        .annotate(
            decided=Subquery(newest.values("pk")[:1]),
            decided_case=Subquery(newest.values("case")[:1]),
            decided_at=Subquery(newest.values("transaction__at")[:1]),
        )
        .filter(~Q(current_case=F("decided_case")) | Exists(classified), decided__isnull=False)
        .filter(~Exists(DecisionReopening.objects.filter(decision=OuterRef("decided"))))
    )
    return sum(reopen(initiative) is not None for initiative in rows.select_related("unit", "current_case"))


# The sponsor ---------------------------------------------------------------------------------


def sponsor_due(initiative: Initiative) -> date | None:
    """By when a sponsor who came after the decision confirms; None when they did, or were there before."""
    if initiative.sponsor_confirmed_at is not None or initiative.sponsor_id is None:
        return None
    rows = Appointment.objects.filter(initiative=initiative, part=Part.SPONSOR).select_related("transaction")
    newest = rows.order_by("-id").first()
    return None if newest is None else newest.transaction.at.date() + timedelta(days=SPONSOR_DAYS)


def is_sponsor_late(initiative: Initiative) -> bool:
    """Whether the new sponsor's days are over."""
    due = sponsor_due(initiative)
    return due is not None and due < clock.today()
