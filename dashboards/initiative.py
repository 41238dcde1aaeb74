"""What the page of one initiative shows: what it is, whether it works, what happens next, who has to act."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse

from accounts.models import User
from accounts.permissions import may_read_ledger
from accounts.verdict import Verdict
from dashboards import story
from dashboards.initiative_risk import risk_context
from governance import drift, gates
from governance.models import Commitment, Gate, GatePassage, SigningRound, Tranche
from governance.money_permissions import may_propose_co_funding
from governance.permissions import may_sign
from governance.selectors import decisions_of, next_acts, tranches_of
from governance.watch_permissions import (
    may_answer_recommendation,
    may_appoint,
    may_ask_extension,
    may_report_first_user,
    may_step_down,
)
from governance.watch_selectors import watch_of
from ledger import clock
from ledger.models import LedgerEntry
from portfolio import case as case_document
from portfolio import lifecycle
from portfolio import permissions as may
from portfolio.act_forms import AttachmentForm
from portfolio.models import (
    BenefitClaim,
    Initiative,
    Kpi,
    Measurement,
    Milestone,
    MilestoneReached,
    OutcomeClass,
    PlanLine,
    Posting,
    Stage,
)
from portfolio.selectors import kpis_of, milestones_of, people_by_id
from portfolio.templatetags import figures as written
from scoring.model_selectors import why_it_moved
from scoring.models import ReturnPosition
from scoring.selectors import rounds_of, score_panel

LONGEST_LIST = 100
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


# Acts that don't carry it forward stand behind a word, so that nobody stops it by the way.
ASIDE = frozenset(
    {
        "Stop it", "Send it back for redesign", "Withdraw it", "Retire it", "Call it in", "Place a hold",
        "Supply what a gate asks for", "Write a new version", "Send a changed case", "Appoint somebody",
        "Step down as sponsor", "Ask for more time",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """An act that the reader may do now."""

    label: str
    url: str

    @property
    def is_aside(self) -> bool:
        """Whether it does not carry the initiative forward."""
        return self.label in ASIDE


@dataclass(frozen=True)
class WhatNext:
    """One sentence on what happens next, what the next gate still lacks, and the reader's acts."""

    sentence: str
    lacks: list[gates.ItemResult] = field(default_factory=list)
    acts: list[Offer] = field(default_factory=list)

    @property
    def forward(self) -> list[Offer]:
        """The acts that carry it forward."""
        return [act for act in self.acts if not act.is_aside]

    @property
    def aside(self) -> list[Offer]:
        """The other ones."""
        return [act for act in self.acts if act.is_aside]


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


def course_of(position: ReturnPosition) -> str:
    """What the forecast is on course to, or which outcome was set."""
    if not position.on_course_to:
        return ""
    word = position.get_on_course_to_display().lower()
    if position.on_course_to == OutcomeClass.TOO_EARLY:
        return word
    return f"outcome: {word}" if position.outcome_is_final else f"on course to: {word}"


def watched(initiative: Initiative, user: User) -> dict[str, Any]:
    """What fired, the pilot's clock, the promises; and whether the reader may answer."""
    found = watch_of(initiative)
    recommendation = found["recommendation"]
    waits = recommendation is not None and recommendation.proposal
    if initiative.is_open and (waits or getattr(initiative, "extension_request", None)):
        found["may_answer"] = may_answer_recommendation(user, initiative)
    return found


def what_next(initiative: Initiative, user: User) -> WhatNext:
    """What happens next, from the stage and the open items of the next gate, with the reader's acts."""
    sentence, gate = _sentence(initiative)
    lacks = [item for item in gates.check(initiative, gate) if not item.holds] if gate else []
    return WhatNext(sentence, lacks, _offers(initiative, user))


def _sentence(initiative: Initiative) -> tuple[str, str]:
    """What happens next, and the gate whose items it waits for."""
    if initiative.closed_kind:
        closing = initiative.closings.order_by("id").last()
        return (
            f"It is {initiative.get_closed_kind_display().lower()}. {closing.reason if closing else ''}",
            "",
        )
    match initiative.stage:
        case Stage.DRAFT:
            return "A draft of its unit. Submitting it puts it on the register.", ""
        case Stage.SUBMITTED:
            return "The portfolio office triages it: domain, overlap and track.", Gate.TRIAGE
        case Stage.ASSESSMENT:
            return (
                "Its unit completes the case, assessors score it, the office records that it holds.",
                Gate.CASE,
            )
    signing = open_signing(initiative)
    if signing is not None:
        said = f"A decision is proposed at {signing.gate}: {signing.get_verb_display().lower()}."
        return f"{said} It waits for signatures until {written.day(signing.due_on)}.", ""
    if (reopening := drift.reopened(initiative)) is not None:
        said = f"Its decision at {reopening.gate} is reopened, since it changed: {reopening.reason}."
        return f"{said} What is released stays usable; the rest waits for a new decision.", reopening.gate
    if initiative.stage == Stage.DECISION:
        return "The portfolio office proposes a decision; whoever has the authority signs it.", Gate.PILOT
    waiting = (
        Tranche.objects.filter(initiative=initiative, release=None).order_by("-decision", "number").first()
    )
    if waiting is not None:
        amount = f"{written.money(waiting.amount)} {settings.BASE_CURRENCY}"
        return f"Tranche {waiting.number}, {amount}, waits to be earned and released.", ""
    return "It runs. Its unit reports KPIs and claims benefits as they come.", ""


def _offers(initiative: Initiative, user: User) -> list[Offer]:
    """What the reader may do now: signing first, then what the stage asks for, then the rest."""
    pk, offers = initiative.pk, []

    def offer(verdict: Verdict, label: str, name: str) -> None:
        if verdict:
            offers.append(Offer(label, reverse(name, args=[pk])))

    signing = None if initiative.closed_kind else open_signing(initiative)
    if signing is not None and may_sign(user, signing):
        offers.append(Offer("Read and sign", signing.get_absolute_url()))
    if initiative.closed_kind:
        return offers
    if initiative.sponsor_confirmed_at is None and initiative.stage != Stage.DRAFT:
        offer(may.may_confirm_sponsorship(user, initiative), "Confirm as sponsor", "sponsorship-confirm")
    if initiative.stage == Stage.SUBMITTED:
        tier = may.may_classify(user, initiative, "risk_tier")
        offer(tier, "Set the risk tier", "initiative-triage")
        offer(may.may_classify(user, initiative, "domain"), "Triage it", "initiative-triage")
    writes = may.may_edit_draft(user, initiative)
    if initiative.stage in {Stage.SUBMITTED, Stage.ASSESSMENT}:
        offer(writes, "Complete the case", "proposal")
    else:
        offer(
            writes, "Go on writing" if initiative.stage == Stage.DRAFT else "Write a new version", "proposal"
        )
    offers += [Offer(act.label, act.url) for act in next_acts(initiative, user)]
    if initiative.stage == Stage.PILOT and not initiative.first_users.exists():
        offer(may_report_first_user(user, initiative), "Report the first user", "first-user-report")
    if not hasattr(initiative, "extension_request"):
        offer(may_ask_extension(user, initiative), "Ask for more time", "extension-request")
    if initiative.stage != Stage.DRAFT:
        offer(may_appoint(user, initiative), "Appoint somebody", "part-appoint")
        offer(may_step_down(user, initiative), "Step down as sponsor", "sponsor-step-down")
    if initiative.on_hold:
        offer(may.may_lift_hold(user, initiative), "Lift the hold", "hold-lift")
    else:
        offer(may.may_place_hold(user, initiative), "Place a hold", "hold-place")
    return offers


def open_signing(initiative: Initiative) -> SigningRound | None:
    """The signing round that takes signatures now."""
    return SigningRound.objects.filter(initiative=initiative, ending=None).order_by("-id").first()


def money_by_month(initiative: Initiative) -> list[dict[str, Any]]:
    """Actual cost by service month, newest first, in the postings' currency."""
    months = Posting.objects.filter(initiative=initiative).values("service_month", "currency")
    return [dict(row) for row in months.annotate(total=Sum("amount")).order_by("-service_month", "currency")]


def kpi_rows(initiative: Initiative) -> list[dict[str, Any]]:
    """Each KPI of the case with its newest measurement and the share of the way to the target."""
    latest: dict[str, Measurement] = {}
    for measurement in Measurement.objects.filter(initiative=initiative, replaced_by=None).order_by(
        "month", "id"
    ):
        latest[measurement.kpi_key] = measurement
    return [
        {"kpi": kpi, "latest": latest.get(kpi.key), "share": _share(kpi, latest.get(kpi.key))}
        for kpi in kpis_of(initiative).order_by("id")
    ]


def _share(kpi: Kpi, now: Measurement | None) -> Decimal | None:
    if now is None or kpi.baseline is None or kpi.target == kpi.baseline:
        return None
    return (now.value - kpi.baseline) / (kpi.target - kpi.baseline)


def milestone_rows(initiative: Initiative) -> list[dict[str, Any]]:
    """Each milestone of the case with the day on which it was reached."""
    reached = dict(
        MilestoneReached.objects.filter(initiative=initiative).order_by("-on").values_list("key", "on")
    )
    return [
        {
            "milestone": item,
            "reached": reached.get(item.key),
            "is_late": _is_late(item, reached.get(item.key)),
        }
        for item in milestones_of(initiative)
    ]


def _is_late(milestone: Milestone, reached: date | None) -> bool:
    return (reached or clock.today()) > milestone.due_on


def tab_context(initiative: Initiative, user: User, tab: str) -> dict[str, Any]:
    """What one tab shows."""
    match tab:
        case "score":
            return {
                "panel": score_panel(user, initiative),
                "scorings": rounds_of(user, initiative),
                "moved": why_it_moved(initiative),
            }
        case "money":
            return _money(initiative, user)
        case "kpis":
            return {
                "kpi_rows": kpi_rows(initiative),
                "milestones": milestone_rows(initiative),
                "measurements": _measurements(initiative),
                "may_measure": may.may_measure(user, initiative),
                "may_reach": may.may_reach_milestone(user, initiative),
            }
        case "risk":
            classes = initiative.classifications.select_related("by", "transaction").order_by("-id")
            return risk_context(initiative, user) | {
                "evidence": initiative.evidence.select_related("by", "transaction").order_by("-id"),
                "stop_rules": initiative.stop_rules.order_by("id"),
                "classifications": classes,
            }
        case "decisions":
            passages = GatePassage.objects.filter(initiative=initiative)
            return {
                "decisions": decisions_of(initiative),
                "passages": passages.select_related("by", "transaction").order_by("-id"),
                "signing": open_signing(initiative),
            }
        case "activity":
            about = {"object_type": "portfolio.Initiative", "object_id": str(initiative.pk)}
            entries = list(LedgerEntry.objects.filter(**about).order_by("-seq")[:LONGEST_LIST])
            comments = initiative.comments.select_related("by", "transaction").order_by("-id")
            return {
                "story": _story(entries),
                "may_read_ledger": may_read_ledger(user),
                "comments": comments[:LONGEST_LIST],
                "may_comment": may.may_comment(user, initiative),
                "hold": lifecycle.holding(initiative),
            }
    return _case(initiative) | {
        "may_attach": may.may_attach(user, initiative),
        "attachment_form": AttachmentForm(),
    }


@dataclass(frozen=True)
class Told:
    """One act of the ledger in plain words."""

    seq: int
    at: datetime
    sentence: str
    reason: str


def _story(entries: Sequence[LedgerEntry]) -> list[Told]:
    people = people_by_id(entry.actor_id for entry in entries)
    told = []
    for entry in entries:
        body = json.loads(entry.body)
        who = str(people.get(entry.actor_id or 0) or "Keel")
        sentence = story.sentence(entry.act, body, who)
        told.append(Told(entry.seq, entry.at, sentence, story.reason(entry.act, body)))
    return told


def _measurements(initiative: Initiative) -> list[tuple[str, Measurement]]:
    names = dict(kpis_of(initiative).values_list("key", "name"))
    rows = Measurement.objects.filter(initiative=initiative, replaced_by=None).select_related("by")
    newest = rows.order_by("-month", "-id")[:LONGEST_LIST]
    return [(names.get(row.kpi_key, row.kpi_key), row) for row in newest]


def _case(initiative: Initiative) -> dict[str, Any]:
    current = initiative.current_case
    content = current.content if current else {}
    return {
        "case": current,
        "content": content,
        "facts": [
            (item.label, item.choices.get(value, value))
            for item in case_document.FIELDS
            if item.kind in {"text", "long", "choice"}
            and item.key not in {"title", "summary", "currency"}
            and (value := content.get(item.key))
        ],
        "versions": initiative.cases.select_related("submitted_by", "transaction").order_by("-version"),
        "links": initiative.links.select_related("other__unit"),
        "linked_from": initiative.linked_from.select_related("initiative__unit"),
        "lines": PlanLine.objects.filter(case=current).order_by("-side", "id") if current else [],
        "attachments": initiative.attachments.select_related("by", "transaction").order_by("-id"),
        "records": initiative.source_records.select_related("batch").order_by("-about_date"),
        "figures": initiative.stated_figures.order_by("period", "measure"),
    }


def _money(initiative: Initiative, user: User) -> dict[str, Any]:
    lines = PlanLine.objects.filter(case=initiative.current_case_id, side="benefit")
    names = {line.key: line.label or line.get_category_display() for line in lines}
    claims = BenefitClaim.objects.filter(initiative=initiative, replaced_by=None)
    claims = claims.select_related("by", "attestation__by").order_by("-month", "-id")
    commitments = Commitment.objects.filter(initiative=initiative).select_related("envelope__unit")
    return {
        "commitments": commitments.order_by("fiscal_year", "id"),
        "tranches": tranches_of(initiative),
        "months": money_by_month(initiative),
        "claims": [(claim, names.get(claim.line_key, claim.line_key)) for claim in claims[:LONGEST_LIST]],
        "claims_in_all": claims.count(),
        "may_share": may_propose_co_funding(user, initiative),
        "may_claim": may.may_claim(user, initiative),
        "may_post": may.may_post(user, initiative),
        "years": list(initiative.return_years.order_by("fiscal_year")),
        "base_currency": settings.BASE_CURRENCY,
    }
