"""What pages show of gates, conditions and decisions: how items stand, what was decided and what is now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, Sum
from django.urls import reverse

from accounts import policy
from accounts.models import User
from accounts.verdict import Verdict
from governance import drift, gates, pack
from governance.models import (
    Condition,
    ConditionReport,
    Decision,
    Evidence,
    Gate,
    GateItem,
    GatePassage,
    Signature,
    Waiver,
)
from governance.permissions import (
    may_accept_operation,
    may_propose_envelope,
    may_retire,
    may_supply,
    may_triage,
    may_waive,
)
from ledger import chain, clock
from portfolio import case as case_document
from portfolio.models import CaseDraft, Initiative, PlanLine, Stage, Track
from portfolio.permissions import may_classify, may_confirm_sponsorship, may_edit_draft
from portfolio.selectors import people_by_id
from scoring.selectors import score_of

NOTHING = Decimal(0)

# Gates of one initiative ---------------------------------------------------------------------


@dataclass(frozen=True)
class ItemRow:
    """One item with who can supply it, by which act, and whether the reader may waive it."""

    item: gates.ItemResult
    evidence: Evidence | None
    act_label: str = ""
    act_url: str = ""
    waive_url: str = ""

    @property
    def state(self) -> str:
        """holds, waived, missing or should."""
        if self.item.waived_until is not None:
            return "waived"
        if self.item.holds:
            return "holds"
        return "missing" if self.item.is_must else "should"


@dataclass(frozen=True)
class GateView:
    """One gate in front of an initiative."""

    gate: str
    label: str
    version: int
    rows: list[ItemRow]

    @property
    def lacking(self) -> int:
        """How many of its 'must' items do not hold."""
        return sum(row.state == "missing" for row in self.rows)


def gates_ahead(initiative: Initiative) -> list[str]:
    """The gates that ask it now: a reopened one first."""
    if initiative.closed_kind:
        return []
    reopening = drift.reopened(initiative)
    ahead: list[str] = [reopening.gate] if reopening is not None else []
    match initiative.stage:
        case Stage.DRAFT:
            ahead.append(Gate.REGISTER)
        case Stage.SCALING if initiative.track == Track.LIGHT:
            ahead.append(Gate.BENEFITS)
        case Stage.OPERATING:
            if initiative.track != Track.NOTIFY:
                ahead.append(Gate.BENEFITS)
            ahead.append(Gate.RETIRE)
        case _:
            ahead += sorted(gates.REVIEWED_IN.get(initiative.stage, ()))
    return list(dict.fromkeys(ahead))


Offer = tuple[str, str, Callable[[User, Initiative], Verdict]]
SUPPLIED_BY: dict[str, Offer] = {
    "fields": ("Write it in the case", "proposal", may_edit_draft),
    "run_cost": ("Write it in the case", "proposal", may_edit_draft),
    "plan_ahead": ("Write it in the case", "proposal", may_edit_draft),
    "sponsor_confirmed": ("Confirm as sponsor", "sponsorship-confirm", may_confirm_sponsorship),
    "sponsor_stands": ("Confirm as sponsor", "sponsorship-confirm", may_confirm_sponsorship),
    "risk_tier": (
        "Set the risk tier", "initiative-triage", lambda user, it: may_classify(user, it, "risk_tier"),
    ),
    "domain": ("Triage it", "initiative-triage", may_triage),
    "overlap": ("Triage it", "initiative-triage", may_triage),
    "track": ("Triage it", "initiative-triage", may_triage),
    "evidence": ("Supply it", "evidence-supply", may_supply),
    "benefit_owner_accepts": ("Accept its operation", "operation-accept", may_accept_operation),
    "risk_officer_accepts": ("Accept its operation", "operation-accept", may_accept_operation),
    "owner_retires": ("Retire it", "initiative-retire", may_retire),
    "office_retires": ("Retire it", "initiative-retire", may_retire),
}  # fmt: skip
LISTS: dict[str, Offer] = {
    "room": (
        "Propose an appropriation", "envelope-list", lambda user, it: may_propose_envelope(user, it.unit),
    ),
    "scoring_closed": (
        "Open the scoring desk", "scorecard-list", lambda user, it: policy.may(user, "scoring.view"),
    ),
    "attested_months": (
        "Attest benefits", "claim-list", lambda user, it: policy.may(user, "benefit.attest", it),
    ),
}  # fmt: skip


def gate_views(initiative: Initiative, user: User) -> list[GateView]:
    """The gates that ask it now, item by item; as many queries for many items as for one."""
    evidence = {
        row.item_key: row
        for row in Evidence.objects.filter(initiative=initiative)
        .select_related("by", "attachment", "transaction")
        .order_by("id")
    }
    verdicts: dict[str, bool] = {}
    may_waive_any = bool(may_waive(user, initiative))
    found = []
    for gate in gates_ahead(initiative):
        version = gates.version_for(initiative, gate)
        items = {row.key: row for row in GateItem.objects.filter(version=version, gate=gate)}
        rows = []
        for result in gates.check(initiative, gate, _written(initiative) if gate == Gate.REGISTER else None):
            label, url = ("", "") if result.holds else _offer(result, initiative, user, verdicts)
            waive = ""
            if may_waive_any and not result.holds and may_waive(user, initiative, items[result.key]):
                waive = f"{reverse('item-waive', args=[initiative.pk])}?item={gate}.{result.key}"
            kept = evidence.get(result.key) if _takes_evidence(result) else None
            rows.append(ItemRow(result, kept, label, url, waive))
        found.append(GateView(gate, Gate(gate).label, version, rows))
    return found


def _written(initiative: Initiative) -> dict[str, Any] | None:
    """What G0 looks at: the draft as it is written now."""
    draft = CaseDraft.objects.filter(initiative=initiative).first()
    return draft.content if draft is not None else None


def _takes_evidence(item: gates.ItemResult) -> bool:
    return gates.QUESTIONS[item.question] is gates.QUESTIONS["evidence"]


def _offer(
    item: gates.ItemResult, initiative: Initiative, user: User, verdicts: dict[str, bool]
) -> tuple[str, str]:
    """The act that supplies the item, if the reader may do it."""
    offer = SUPPLIED_BY.get(item.question)
    if offer is None:
        listed = LISTS.get(item.question)
        if listed is None or not verdicts.setdefault(item.question, bool(listed[2](user, initiative))):
            return "", ""
        return listed[0], reverse(listed[1])
    label, name, may = offer
    if not verdicts.setdefault(item.question, bool(may(user, initiative))):
        return "", ""
    url = reverse(name, args=[initiative.pk])
    return label, f"{url}?item={item.key}" if name == "evidence-supply" else url


def passages_of(initiative: Initiative) -> QuerySet[GatePassage]:
    """The gates that it passed or met, the newest first, with how each item stood then."""
    rows = GatePassage.objects.filter(initiative=initiative)
    return rows.select_related("by", "transaction", "case").order_by("-id")


def waivable(initiative: Initiative, user: User) -> list[tuple[str, str]]:
    """The items that do not hold and that the user may waive: 'gate.key' and words."""
    prefix = f"{reverse('item-waive', args=[initiative.pk])}?item="
    return [
        (row.waive_url.removeprefix(prefix), f"{view.gate}: {row.item.text}")
        for view in gate_views(initiative, user)
        for row in view.rows
        if row.waive_url
    ]


def waivers_open_to(user: User) -> QuerySet[Waiver]:
    """The waivers of what the user may open whole, the newest first."""
    rows = Waiver.objects.filter(initiative__in=Initiative.objects.open_to(user))
    return rows.select_related("initiative__unit", "by", "transaction").order_by("-id")


# Conditions ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ConditionRow:
    """A condition with its newest report."""

    condition: Condition
    report: ConditionReport | None

    @property
    def state(self) -> str:
        """fulfilled, overdue, reported, sent back or open."""
        review = getattr(self.report, "review", None)
        if review is not None and review.is_accepted:
            return "fulfilled"
        if self.condition.due_on < clock.today():
            return "overdue"
        if self.report is None:
            return "open"
        return "reported" if review is None else "sent back"

    @property
    def waits_for_a_review(self) -> bool:
        """Whether a report waits to be looked at, on time or not."""
        return self.report is not None and getattr(self.report, "review", None) is None


def with_reports(rows: QuerySet[Condition]) -> list[ConditionRow]:
    """Conditions with their newest report, in a constant number of queries."""
    reports = ConditionReport.objects.select_related(
        "by", "attachment", "review__by", "review__transaction", "transaction"
    ).order_by("id")
    loaded = rows.select_related("owner", "decision__initiative__unit").prefetch_related(
        Prefetch("reports", reports)
    )
    return [ConditionRow(row, list(row.reports.all())[-1] if row.reports.all() else None) for row in loaded]


def conditions_of(initiative: Initiative) -> list[ConditionRow]:
    """The conditions of all its decisions, what is due first on top."""
    return with_reports(Condition.objects.filter(decision__initiative=initiative).order_by("due_on", "id"))


def conditions_open_to(user: User) -> QuerySet[Condition]:
    """Those of initiatives that the user may open whole."""
    return Condition.objects.filter(decision__initiative__in=Initiative.objects.open_to(user))


def conditions_waiting_for(user: User) -> list[ConditionRow]:
    """One's own that are not reported, and the reports that one may look at."""
    reach = policy.reach(user, "condition.review")
    theirs = Q(pk__in=[])
    for path in reach.paths:
        theirs |= Q(decision__initiative__unit__path__startswith=path)
    looked_at = Q(reports__isnull=False, reports__review=None) & theirs & ~Q(owner=user.person)
    rows = Condition.objects.filter(
        Q(owner=user.person) | looked_at, decision__initiative__closed_kind=""
    ).exclude(reports__review__is_accepted=True)
    found = with_reports(rows.distinct().order_by("due_on", "id")[:200])
    return [row for row in found if row.waits_for_a_review != (row.condition.owner_id == user.person.pk)]


# What was decided beside what stands now -----------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """One line of the comparison."""

    label: str
    then: Any
    now: Any
    kind: str = "text"

    @property
    def is_changed(self) -> bool:
        """Whether it differs."""
        return (self.then or None) != (self.now or None)


@dataclass(frozen=True)
class Beside:
    """A decision beside what stands now."""

    figures: list[Compared]
    lines: list[Compared]
    fields: list[Compared]
    signatures: list[tuple[Signature, bool]]
    hash_holds: bool
    case_hash_holds: bool
    changes: list[drift.Change]


def decisions_open_to(user: User) -> QuerySet[Decision]:
    """The decisions on what the user may open whole."""
    rows = Decision.objects.filter(initiative__in=Initiative.objects.open_to(user))
    return rows.select_related(
        "initiative__unit", "initiative__current_case", "signing__step", "case", "transaction", "reopening"
    )


def beside(decision: Decision) -> Beside:
    """What was decided beside what stands now; the hashes are computed anew from what was kept."""
    signing, initiative = decision.signing, decision.initiative
    now = initiative.current_case
    content = signing.content if signing is not None else {}
    signatures = Signature.objects.filter(signing=signing).select_related("by", "transaction").order_by("id")
    standing = drift.standing_decision(initiative)
    is_standing = standing is not None and standing.pk == decision.pk
    return Beside(
        figures=_figures(decision, content),
        lines=_lines(decision),
        fields=_fields(decision.case.content if decision.case else {}, now.content if now else {}),
        signatures=[(row, row.seen_hash == decision.content_hash) for row in signatures],
        hash_holds=bool(content) and pack.hash_of(content) == decision.content_hash,
        case_hash_holds=decision.case is not None
        and chain.digest(chain.canonical(decision.case.content)) == decision.case.content_hash,
        changes=drift.changes_of(decision, initiative) if is_standing else [],
    )


def _figures(decision: Decision, content: dict[str, Any]) -> list[Compared]:
    initiative, case = decision.initiative, decision.initiative.current_case
    then, score = content.get("case") or {}, score_of(initiative)
    score_then = content.get("score") or {}
    return_then, return_now = content.get("return") or {}, pack.return_data(initiative) or {}
    people = people_by_id([content.get("owner"), content.get("sponsor")])

    def named(pk: int | None) -> str:
        return str(people[pk]) if pk in people else ""

    rows = [
        Compared("Case version", then.get("version"), case.version if case else None),
        Compared(
            "Whole-life cost", _amount(then.get("whole_life_cost")), case and case.whole_life_cost, "money"
        ),
        Compared("Cash benefit", _amount(then.get("cash_benefit")), case and case.cash_benefit, "money"),
        Compared("First month", _day(then.get("start")), case and case.start_month, "month"),
        Compared("Go-live", _day(then.get("go_live")), case and case.go_live_month, "month"),
        Compared("Risk tier", content.get("risk_tier"), initiative.risk_tier),
        Compared("Track", content.get("track"), initiative.track),
        Compared("Owner", named(content.get("owner")), str(initiative.owner or "")),
        Compared("Sponsor", named(content.get("sponsor")), str(initiative.sponsor or "")),
        Compared("Score, low end", score_then.get("low"), score and f"{score.low:.1f}"),
        Compared("Score, high end", score_then.get("high"), score and f"{score.high:.1f}"),
        Compared(
            "Feasibility, low end",
            score_then.get("feasibility_low"),
            score and f"{score.feasibility_low:.1f}",
        ),
        Compared("Scoring model", content.get("model_version"), score and score.model.version),
        Compared("Version of the gates", content.get("gate_version"), gates.version_in_force()),
    ]
    rows += [
        Compared(label, _number(return_then.get(name)), _number(return_now.get(name)), "ratio")
        for name, label in (("roi_submitted", "ROI as submitted"), ("roi_p50", "ROI corrected, P50"))
    ]
    return rows


def _amount(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _lines(decision: Decision) -> list[Compared]:
    """The plan lines of both cases, summed by side and category."""
    now = decision.initiative.current_case
    rows = PlanLine.objects.filter(case__in=[case.pk for case in (decision.case, now) if case is not None])
    sums: dict[tuple[str, str], dict[int, Decimal]] = {}
    for side, category, case, total in (
        rows.values_list("side", "category", "case")
        .annotate(total=Sum("total"))
        .order_by("-side", "category")
    ):
        sums.setdefault((side, category), {})[case] = total
    labels = dict(PlanLine.Category.choices)
    then_pk, now_pk = decision.case_id or 0, now.pk if now is not None else 0
    return [
        Compared(
            f"{PlanLine.Side(side).label}: {str(labels.get(category, category)).lower()}",
            found.get(then_pk, NOTHING),
            found.get(now_pk, NOTHING),
            "money",
        )
        for (side, category), found in sums.items()
    ]


def _fields(then: dict[str, Any], now: dict[str, Any]) -> list[Compared]:
    """The fields of the case that either of them states; people by name."""
    people = people_by_id(
        source.get(item.key)
        for source in (then, now)
        for item in case_document.FIELDS
        if item.kind == "person" and source.get(item.key)
    )

    def shown(item: case_document.CaseField, value: Any) -> Any:
        if item.kind == "money":
            return _amount(value)
        if item.kind == "person":
            return str(people.get(value) or "") if value else ""
        return item.choices.get(value, value) if isinstance(value, str) else value

    return [
        Compared(
            item.label,
            shown(item, then.get(item.key)),
            shown(item, now.get(item.key)),
            "money" if item.kind == "money" else "text",
        )
        for item in case_document.FIELDS
        if item.key not in {"plan", "similar_none"} and (then.get(item.key) or now.get(item.key))
    ]
