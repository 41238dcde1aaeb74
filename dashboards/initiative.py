"""What the page of one initiative shows: what it is, whether it works, what happens next, who has to act."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.urls import reverse

from accounts.models import User
from accounts.verdict import Verdict
from governance import gates
from governance.models import Commitment, Decision, GatePassage, SigningRound, Tranche, TrancheRelease
from governance.selectors import next_acts
from ledger.models import LedgerEntry
from portfolio import permissions as may
from portfolio.models import Attestation, BenefitClaim, Initiative, Measurement, PlanLine, Posting, Stage
from portfolio.selectors import kpis_of
from scoring.models import ReturnPosition
from scoring.selectors import score_panel

TABS = {
    "case": "Case",
    "score": "Score",
    "money": "Money",
    "kpis": "KPIs",
    "risk": "Risk and controls",
    "decisions": "Decisions",
    "activity": "Activity",
}
STEPS = [Stage.SUBMITTED, Stage.ASSESSMENT, Stage.DECISION, Stage.PILOT, Stage.SCALING, Stage.OPERATING]


@dataclass(frozen=True)
class Step:
    """A stage in the stepper."""

    label: str
    state: str
    date: Any = None


@dataclass(frozen=True)
class NextAct:
    """What can be done now, by whom; `verdict` says whether the reader may."""

    label: str
    url: str
    verdict: Verdict
    is_primary: bool = True


@dataclass(frozen=True)
class WhatNext:
    """One sentence on what happens next, what is missing for it, and the reader's acts."""

    sentence: str
    lacks: list[Any] = field(default_factory=list)
    acts: list[NextAct] = field(default_factory=list)


def steps(initiative: Initiative) -> list[Step]:
    """The life cycle with the day on which each stage was reached first."""
    reached: dict[str, Any] = {}
    for change in initiative.stage_changes.select_related("transaction").order_by("id"):
        reached.setdefault(change.to_stage, change.transaction.at)
    order = [str(stage) for stage in Stage.values]
    current = order.index(initiative.stage)
    found = []
    for stage in STEPS:
        position = order.index(stage)
        if position == current:
            state = "hold" if initiative.on_hold else "current"
        else:
            state = "done" if position < current else "todo"
        found.append(Step(stage.label, state, reached.get(stage)))
    return found


def what_next(initiative: Initiative, user: User) -> WhatNext:
    """What happens next, from the stage and the open items of the next gate, with the reader's acts."""
    found = _by_stage(initiative, user)
    more = [NextAct(act.label, act.url, act.verdict) for act in next_acts(initiative, user)]
    return WhatNext(found.sentence, found.lacks, [*found.acts, *more])


def _by_stage(initiative: Initiative, user: User) -> WhatNext:
    if initiative.closed_kind:
        closing = initiative.closings.order_by("id").last()
        return WhatNext(f"Closed: {initiative.get_closed_kind_display().lower()}. {closing.reason if closing else ''}")
    pk = initiative.pk
    if initiative.stage == Stage.DRAFT:
        return WhatNext(
            "A draft of its unit. Submit it to put it on the register.",
            acts=[NextAct("Go on writing", reverse("proposal", args=[pk]), may.may_edit_draft(user, initiative))],
        )
    if initiative.stage == Stage.SUBMITTED:
        open_items = [item for item in gates.check(initiative, "G1") if not item.holds]
        acts = [
            NextAct("Confirm as sponsor", reverse("sponsorship-confirm", args=[pk]), may.may_confirm_sponsorship(user, initiative)),
            NextAct("Set the risk tier", reverse("initiative-triage", args=[pk]), may.may_classify(user, initiative, "risk_tier")),
            NextAct("Triage", reverse("initiative-triage", args=[pk]), may.may_classify(user, initiative, "domain")),
            NextAct("Complete the case", reverse("proposal", args=[pk]), may.may_edit_draft(user, initiative), is_primary=False),
        ]  # fmt: skip
        if initiative.sponsor_confirmed_at:
            acts = acts[1:]
        return WhatNext("The portfolio office triages it: domain, overlap and track.", open_items, acts)
    if initiative.stage == Stage.ASSESSMENT:
        open_items = [item for item in gates.check(initiative, "G2") if not item.holds]
        return WhatNext(
            "The unit completes the case, assessors score it, and the portfolio office records that G2 holds.",
            open_items,
            [
                NextAct("Complete the case", reverse("proposal", args=[pk]), may.may_edit_draft(user, initiative)),
                NextAct("Scoring", reverse("scorecard-list"), may.may_classify(user, initiative, "track"), is_primary=False),
            ],
        )  # fmt: skip
    signing = open_signing(initiative)
    if signing is not None:
        return WhatNext(
            f"A decision is proposed: {signing.get_verb_display().lower()}. It waits for signatures until {signing.due_on:%d %b %Y}.",
            acts=[NextAct("Read and sign", signing.get_absolute_url(), Verdict(True))],
        )
    if initiative.stage == Stage.DECISION:
        open_items = [item for item in gates.check(initiative, "G3") if not item.holds]
        return WhatNext("The portfolio office proposes a decision; whoever has the authority signs it.", open_items)
    waiting = Tranche.objects.filter(initiative=initiative, release=None).order_by("-decision", "number").first()
    if waiting is not None:
        return WhatNext(f"Tranche {waiting.number} of {waiting.amount:,.0f} waits to be earned and released.")
    return WhatNext("It runs. Report KPIs and claim benefits as they come.")


def open_signing(initiative: Initiative) -> SigningRound | None:
    """The signing round that takes signatures now."""
    return SigningRound.objects.filter(initiative=initiative, ending=None).order_by("-id").first()


def money_by_month(initiative: Initiative) -> list[dict[str, Any]]:
    """Actual cost by service month and category, newest first, in the postings' currency."""
    rows = (
        Posting.objects.filter(initiative=initiative)
        .values("service_month", "currency")
        .annotate(total=Sum("amount"))
        .order_by("-service_month", "currency")
    )
    return list(rows)


def kpi_rows(initiative: Initiative) -> list[dict[str, Any]]:
    """Each KPI of the case with its newest measurement and the share of the way to the target."""
    latest: dict[str, Measurement] = {}
    for measurement in Measurement.objects.filter(initiative=initiative, replaced_by=None).order_by("month", "id"):
        latest[measurement.kpi_key] = measurement
    rows = []
    for kpi in kpis_of(initiative):
        now = latest.get(kpi.key)
        share: Decimal | None = None
        if now is not None and kpi.baseline is not None and kpi.target != kpi.baseline:
            share = (now.value - kpi.baseline) / (kpi.target - kpi.baseline)
        rows.append({"kpi": kpi, "latest": now, "share": share})
    return rows


def tab_context(initiative: Initiative, user: User, tab: str) -> dict[str, Any]:
    """What one tab shows."""
    match tab:
        case "score":
            return {"panel": score_panel(user, initiative)}
        case "money":
            return _money(initiative, user)
        case "kpis":
            return {
                "kpi_rows": kpi_rows(initiative),
                "measurements": Measurement.objects.filter(initiative=initiative)
                .select_related("by")
                .order_by("-month", "-id")[:50],
                "may_measure": may.may_measure(user, initiative),
            }
        case "risk":
            return {
                "evidence": initiative.evidence.select_related("by", "transaction").order_by("-id"),  # type: ignore[attr-defined]
                "stop_rules": initiative.stop_rules.all(),  # type: ignore[attr-defined]
                "classifications": initiative.classifications.select_related("by", "transaction").order_by("-id"),
            }
        case "decisions":
            return {
                "decisions": Decision.objects.filter(initiative=initiative)
                .select_related("transaction", "signing")
                .prefetch_related("conditions__owner", "signing__signatures__by")
                .order_by("-id"),
                "passages": GatePassage.objects.filter(initiative=initiative).select_related("by", "transaction").order_by("-id"),
                "signing": open_signing(initiative),
            }
        case "activity":
            return {
                "entries": LedgerEntry.objects.filter(
                    object_type="portfolio.Initiative", object_id=str(initiative.pk)
                ).order_by("-seq")[:100],
                "comments": initiative.comments.select_related("by", "transaction").order_by("-id")[:50],
                "may_comment": may.may_comment(user, initiative),
            }
    current = initiative.current_case
    return {
        "case": current,
        "content": current.content if current else {},
        "versions": initiative.cases.select_related("submitted_by", "transaction").order_by("-version"),
        "links": initiative.links.select_related("other__unit"),
        "linked_from": initiative.linked_from.select_related("initiative__unit"),
        "lines": PlanLine.objects.filter(case=current).order_by("side", "id") if current else [],
        "records": initiative.source_records.select_related("batch").order_by("-about_date"),
        "figures": initiative.stated_figures.select_related("record").order_by("period", "measure"),
    }


def _money(initiative: Initiative, user: User) -> dict[str, Any]:
    benefits = PlanLine.objects.filter(case=initiative.current_case_id, side="benefit")
    return {
        "position": ReturnPosition.objects.filter(initiative=initiative).first(),
        "commitments": Commitment.objects.filter(initiative=initiative).select_related("envelope__unit").order_by("fiscal_year", "id"),
        "tranches": Tranche.objects.filter(initiative=initiative).select_related("release__transaction").order_by("decision", "number"),
        "released": TrancheRelease.objects.filter(tranche__initiative=initiative).aggregate(total=Sum("lines__amount"))["total"],
        "months": money_by_month(initiative),
        "claims": BenefitClaim.objects.filter(initiative=initiative, replaced_by=None)
        .select_related("by", "attestation__by")
        .order_by("-month", "-id")[:60],
        "benefit_lines": benefits,
        "attested": Attestation.objects.filter(claim__initiative=initiative).aggregate(total=Sum("amount"))["total"],
        "may_claim": may.may_claim(user, initiative),
        "may_post": may.may_post(user, initiative),
        "cost_categories": PlanLine.Category.choices[:7],
        "years": list(initiative.return_years.order_by("fiscal_year")),  # type: ignore[attr-defined]
    }

