"""The gates: what each asks, whether it holds, and every act that passes one.

What a gate asks is data (`GateItem`); a *question* below is how one item is looked at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count
from django.urls import reverse

from accounts import segregation
from accounts.errors import Incomplete, InvalidMove, Refused
from accounts.models import Role, User
from assurance.selectors import controls_hold, controls_planned, veto_in_force, why_stopped
from governance import authority, balances, commitments, default_gates, waivers
from governance.messages import tell
from governance.models import Evidence, Gate, GateItem, GatePassage, GateSet, SigningRound, Verb, Waiver
from governance.permissions import (
    accepting_part,
    may_accept_operation,
    may_call_in,
    may_complete_case,
    may_recall,
    may_record_case,
    may_retire,
    may_return,
    may_set_outcome,
    may_submit,
    may_supply,
    may_triage,
)
from ledger import clock
from ledger.services import Act, record
from portfolio import case as case_document
from portfolio import lifecycle
from portfolio.models import (
    Attachment,
    Attestation,
    BusinessCase,
    CaseDraft,
    Classification,
    ClosedKind,
    Initiative,
    Link,
    Measurement,
    OutcomeClass,
    OutcomeSet,
    Part,
    PlanLine,
    RiskTier,
    Stage,
    StageChange,
    Track,
)
from portfolio.services import freeze_case
from portfolio.wording import grouped
from scoring.models import Score, ScoringClose
from scoring.positions.learning import moved_by
from scoring.selectors import open_assignments, score_alone

# Which stage follows on what a gate says; a missing pair leaves the stage.
STAGE_AFTER: dict[tuple[str, str, str], str] = {
    (Gate.REGISTER, Verb.GO, ""): Stage.SUBMITTED,
    (Gate.TRIAGE, Verb.GO, Track.FULL): Stage.ASSESSMENT,
    (Gate.TRIAGE, Verb.GO, Track.LIGHT): Stage.DECISION,
    (Gate.TRIAGE, Verb.GO, Track.NOTIFY): Stage.OPERATING,
    (Gate.CASE, Verb.GO, Track.FULL): Stage.DECISION,
    (Gate.PILOT, Verb.GO, Track.FULL): Stage.PILOT,
    # The light track has one decision: it is released whole and rolled out until its review.
    (Gate.PILOT, Verb.GO, Track.LIGHT): Stage.SCALING,
    (Gate.SCALE, Verb.GO, Track.FULL): Stage.SCALING,
    (Gate.OPERATE, Verb.GO, Track.FULL): Stage.OPERATING,
    (Gate.BENEFITS, Verb.GO, Track.LIGHT): Stage.OPERATING,
    (Gate.RETIRE, Verb.GO, Track.NOTIFY): Stage.RETIRED,
    (Gate.RETIRE, Verb.GO, Track.LIGHT): Stage.RETIRED,
    (Gate.RETIRE, Verb.GO, Track.FULL): Stage.RETIRED,
    **{(gate, Verb.REDESIGN, track): Stage.DRAFT
       for gate in (Gate.TRIAGE, Gate.CASE, Gate.PILOT, Gate.SCALE, Gate.OPERATE)
       for track in ("", *Track.values)},
}  # fmt: skip
GRANTING = frozenset({Verb.GO, Verb.GO_WITH_CONDITIONS})
NOTIFY_LIMIT = Decimal(10_000)
CALL_IN_DAYS = 10
REVIEW_DAYS = 183
GRADES = "ABCDE"
RUNNING = frozenset({Stage.PILOT, Stage.SCALING, Stage.OPERATING})


def stage_after(gate: str, verb: str, track: str) -> str | None:
    """The stage that follows; None when the stage stays."""
    said = Verb.GO if verb in GRANTING else verb
    return STAGE_AFTER.get((gate, said, track), STAGE_AFTER.get((gate, said, "")))


# What gates ask ------------------------------------------------------------------------------


def install_gates() -> None:
    """Put version 1 of the gate items in force; does nothing when there is one."""
    if GateItem.objects.exists():
        return
    counted: dict[str, int] = {}
    with record("gates.installed", actor=None) as act:
        rows = []
        for item in default_gates.ITEMS:
            counted[item.gate] = counted.get(item.gate, 0) + 1
            rows.append(
                GateItem(version=default_gates.VERSION, position=counted[item.gate], **item._asdict())
            )
        act.add_many(GateItem, rows)
        act.add(GateSet, version=default_gates.VERSION, material=default_gates.MATERIAL)


def version_in_force() -> int:
    """The newest version of the gates; 0 before the set-up."""
    return GateSet.objects.order_by("-version").values_list("version", flat=True).first() or 0


# The gates whose review is open from the day on which a stage began.
REVIEWED_IN: dict[str, frozenset[str]] = {
    Stage.SUBMITTED: frozenset({Gate.TRIAGE}),
    Stage.ASSESSMENT: frozenset({Gate.CASE}),
    Stage.DECISION: frozenset({Gate.PILOT}),
    Stage.PILOT: frozenset({Gate.SCALE}),
    Stage.SCALING: frozenset({Gate.OPERATE}),
}


def version_for(initiative: Initiative, gate: str) -> int:
    """The version that asks an initiative at a gate: the one in force when its review of the gate opened.

    A new version binds at the next gate. What has no review open yet is asked by the version in force.
    """
    if gate not in REVIEWED_IN.get(initiative.stage, frozenset()):
        return version_in_force()
    sets = list(GateSet.objects.order_by("-version").values_list("version", "transaction__at"))
    then = (version for version, at in sets if at <= initiative.stage_since)
    # What was under review before the first version is asked by the first one.
    return next(then, sets[-1][0] if sets else 0)


@dataclass(frozen=True)
class ItemResult:
    """How one item stands, what was found, and who can supply it."""

    key: str
    text: str
    kind: str
    is_must: bool
    holds: bool
    found: str
    supplied_by: str
    lacks: dict[str, str] = field(default_factory=dict)  # fields of the case -> what to add
    waived_until: date | None = None
    question: str = ""

    def as_data(self) -> dict[str, Any]:
        """The values that a passage and a pack keep."""
        return {
            "key": self.key,
            "text": self.text,
            "is_must": self.is_must,
            "holds": self.holds,
            "found": self.found,
            "waived_until": self.waived_until and self.waived_until.isoformat(),
        }


@dataclass(frozen=True)
class Subject:
    """An initiative in front of a gate, with the content and track that the gate looks at."""

    initiative: Initiative
    content: Mapping[str, Any]
    track: str
    amount: Decimal | None
    gate: str

    @cached_property
    def case(self) -> BusinessCase | None:
        """The newest frozen case."""
        return self.initiative.current_case

    @cached_property
    def score(self) -> Score | None:
        """The score that is out."""
        return score_alone(self.initiative)

    @cached_property
    def evidence(self) -> dict[str, Evidence]:
        """The newest evidence for each item."""
        return {
            row.item_key: row for row in Evidence.objects.filter(initiative=self.initiative).order_by("id")
        }

    @cached_property
    def waivers(self) -> dict[str, Waiver]:
        """The waivers in force at the gate, by item."""
        return waivers.in_force(self.initiative, self.gate)

    @cached_property
    def hurdle_is_for_exploring(self) -> bool:
        """Whether the explore hurdle stands."""
        return self.content.get("bucket") == "explore"


Found = tuple[bool, str]
Question = Callable[[Subject, GateItem], Found]


def check(
    initiative: Initiative,
    gate: str,
    content: Mapping[str, Any] | BusinessCase | None = None,
    *,
    track: str = "",
    amount: Decimal | None = None,
) -> list[ItemResult]:
    """How each item of a gate stands for a draft's content or a frozen case (without one: the current case).

    `track` is the one that a triage is about to fix, `amount` the one that a signing round proposes.
    """
    looked_at = initiative.current_case if content is None else content
    if isinstance(looked_at, BusinessCase):
        looked_at = looked_at.content
    document = looked_at or case_document.clean({})[0]
    subject = Subject(initiative, document, track or initiative.track, amount, gate)
    items = GateItem.objects.filter(version=version_for(initiative, gate), gate=gate).order_by("position")
    return [_result(subject, item) for item in items if _is_asked(subject, item)]


def _is_asked(subject: Subject, item: GateItem) -> bool:
    tracks, tiers = item.parameters.get("tracks"), item.parameters.get("tiers")
    # Before the track is fixed, everything is asked that the full track asks.
    fits_track = tracks is None or (subject.track or Track.FULL) in tracks
    return fits_track and (tiers is None or subject.initiative.risk_tier in tiers)


def _result(subject: Subject, item: GateItem) -> ItemResult:
    question = item.parameters["question"]
    holds, found = QUESTIONS[question](subject, item)
    lacks = _lacks(subject, item) if "fields" in item.parameters else {}
    until = None
    if not holds and (waiver := subject.waivers.get(item.key)) is not None:
        holds, until = True, waiver.until
        found = f"waived until {until:%-d %b %Y}, by {waiver.by}"
    return ItemResult(
        item.key, item.text, item.kind, item.is_must, holds, found, item.supplied_by, lacks, until, question
    )


def _lacks(subject: Subject, item: GateItem) -> dict[str, str]:
    lacking = case_document.missing(subject.content, item.parameters["up_to"])
    return {key: lacking[key] for key in item.parameters["fields"] if key in lacking}


def missing(results: list[ItemResult]) -> dict[str, str]:
    """What the 'must' items lack: key of the case's field, else of the item -> what to add, or who can."""
    lacking: dict[str, str] = {}
    for item in results:
        if item.is_must and not item.holds:
            lacking |= item.lacks or {item.key: f"{item.text}: {item.found} ({item.supplied_by})."}
    return lacking


def require(results: list[ItemResult], gate: str) -> None:
    """Raise Incomplete unless every 'must' item holds."""
    if lacking := missing(results):
        raise Incomplete(
            f"{Gate(gate).label} asks for more: {len(lacking)} of its items do not hold.", lacking
        )


# Questions -----------------------------------------------------------------------------------


def _fields(subject: Subject, item: GateItem) -> Found:
    lacking = _lacks(subject, item)
    return not lacking, " ".join(lacking.values()).rstrip(".") or "given"


def _sponsor_confirmed(subject: Subject, item: GateItem) -> Found:
    at = subject.initiative.sponsor_confirmed_at
    if at is None:
        return False, f"{subject.initiative.sponsor or 'nobody named'} has not confirmed yet"
    return True, f"confirmed on {at:%-d %b %Y}"


def _risk_tier(subject: Subject, item: GateItem) -> Found:
    tier = subject.initiative.risk_tier
    return bool(tier), RiskTier(tier).label.lower() if tier else "not set yet"


def _not_prohibited(subject: Subject, item: GateItem) -> Found:
    prohibited = subject.initiative.risk_tier == RiskTier.PROHIBITED
    return not prohibited, "the tier says prohibited" if prohibited else "not prohibited"


def _domain(subject: Subject, item: GateItem) -> Found:
    set_to = subject.initiative.domain
    return bool(set_to), subject.initiative.get_domain_display() if set_to else "not set yet"


def _overlap(subject: Subject, item: GateItem) -> Found:
    settled = (
        subject.initiative.classifications.filter(kind=Classification.Kind.OVERLAP).order_by("id").last()
    )
    return settled is not None, settled.value if settled else "not settled yet"


def _track(subject: Subject, item: GateItem) -> Found:
    if not subject.track:
        return False, "not fixed yet"
    reason = why_not_track(subject.initiative, subject.track)
    return not reason, reason or Track(subject.track).label.lower()


def _scoring_closed(subject: Subject, item: GateItem) -> Found:
    closed = subject.case is not None and ScoringClose.objects.filter(round__case=subject.case).exists()
    return closed, "closed" if closed else "not closed yet"


def _at_least(subject: Subject, item: GateItem, value: float | None) -> Found:
    hurdle = item.parameters["explore" if subject.hurdle_is_for_exploring else "at_least"]
    if value is None:
        return False, "no score yet"
    return value >= float(hurdle), f"{value:.1f}, the hurdle is {hurdle}"


def _score(subject: Subject, item: GateItem) -> Found:
    return _at_least(subject, item, subject.score.low if subject.score else None)


def _feasibility(subject: Subject, item: GateItem) -> Found:
    return _at_least(subject, item, subject.score.feasibility_low if subject.score else None)


def _no_knock_out(subject: Subject, item: GateItem) -> Found:
    knocks = []
    if subject.initiative.risk_tier == RiskTier.PROHIBITED:
        knocks.append("the use is prohibited")
    if subject.initiative.sponsor_confirmed_at is None:
        knocks.append("no sponsor stands behind it")
    if veto := veto_in_force(subject.initiative):
        knocks.append(f"a reliability veto stands ({veto.by})")
    if not any(kpi.get("target") for kpi in subject.content.get("kpis") or ()):
        knocks.append("it has no measurable goal")
    return not knocks, " and ".join(knocks) or "nothing found"


def _room(subject: Subject, item: GateItem) -> Found:
    if subject.case is None:
        return False, "there is no case yet"
    amount = commitments.suggested_amount(subject.initiative) if subject.amount is None else subject.amount
    parts = commitments.charges(
        subject.initiative, subject.case, amount, authority.in_base(amount, subject.case.currency)
    )
    if not commitments.has_envelope(parts):
        return False, f"{commitments.in_want(parts)} has no envelope this fiscal year"
    if sentence := commitments.why_no_room(subject.initiative, parts):
        return False, sentence
    forward = [f"FY{part.fiscal_year}" for part in parts if part.envelope is None]
    return True, f"there is room; {', '.join(forward)} forward" if forward else "there is room"


def _plan_ahead(subject: Subject, item: GateItem) -> Found:
    if subject.initiative.stage in RUNNING:
        return True, "it runs already"
    start = subject.case.start_month if subject.case is not None else None
    if start is None:
        return True, "it has no plan by month"
    return start >= clock.today().replace(day=1), f"it starts in {start:%B %Y}"


def _grade(subject: Subject, item: GateItem) -> Found:
    grade = evidence_grade(subject.initiative, subject.content)
    wanted = item.parameters["at_least"]
    return GRADES.index(grade) <= GRADES.index(wanted), f"{grade}, asked is {wanted} or better"


def _run_cost(subject: Subject, item: GateItem) -> Found:
    known = PlanLine.objects.filter(
        case=subject.case, side=PlanLine.Side.COST, phase=PlanLine.Phase.RUN, total__gt=0
    ).exists()
    return known, "planned by month" if known else "the plan has no run cost"


def _evidence(subject: Subject, item: GateItem) -> Found:
    evidence = subject.evidence.get(item.key)
    if evidence is None:
        return False, "nothing supplied yet"
    if evidence.expires_on is None:
        return True, evidence.text[:120]
    if evidence.expires_on < clock.today():
        return False, f"expired on {evidence.expires_on:%-d %b %Y}: {evidence.text[:120]}"
    return True, f"{evidence.text[:120]}, until {evidence.expires_on:%-d %b %Y}"


def _attested_months(subject: Subject, item: GateItem) -> Found:
    months = attested_months(subject.initiative)
    wanted = int(item.parameters["at_least"])
    return months >= wanted, f"{months} of {wanted}"


def _controls_planned(subject: Subject, item: GateItem) -> Found:
    lacking = _lacks(subject, item)
    if lacking or subject.initiative.risk_tier != RiskTier.HIGH:
        return _fields(subject, item)
    return controls_planned(subject.initiative)


def _controls_hold(subject: Subject, item: GateItem) -> Found:
    return controls_hold(subject.initiative, item.gate)


QUESTIONS: dict[str, Question] = {
    "controls_planned": _controls_planned,
    "controls_hold": _controls_hold,
    "fields": _fields,
    "sponsor_confirmed": _sponsor_confirmed,
    "sponsor_stands": _sponsor_confirmed,
    "risk_tier": _risk_tier,
    "not_prohibited": _not_prohibited,
    "domain": _domain,
    "overlap": _overlap,
    "track": _track,
    "scoring_closed": _scoring_closed,
    "score": _score,
    "feasibility": _feasibility,
    "no_knock_out": _no_knock_out,
    "room": _room,
    "plan_ahead": _plan_ahead,
    "grade": _grade,
    "run_cost": _run_cost,
    "evidence": _evidence,
    "benefit_owner_accepts": _evidence,
    "risk_officer_accepts": _evidence,
    "owner_retires": _evidence,
    "office_retires": _evidence,
    "attested_months": _attested_months,
}


def attested_months(initiative: Initiative) -> int:
    """How many months have an attested benefit."""
    rows = Attestation.objects.filter(claim__initiative=initiative, claim__replaced_by=None)
    counted: int = rows.aggregate(months=Count("claim__month", distinct=True))["months"]
    return counted


def evidence_grade(initiative: Initiative, content: Mapping[str, Any]) -> str:
    """What its figures rest on: A once attested, B once measured in use, else what its scoring says."""
    if Attestation.objects.filter(claim__initiative=initiative).exists():
        return "A"
    in_use = StageChange.objects.filter(initiative=initiative, to_stage__in=RUNNING).order_by("id")
    first = in_use.values_list("transaction__at", flat=True).first()
    if first and Measurement.objects.filter(initiative=initiative, transaction__at__gte=first).exists():
        return "B"
    closing = ScoringClose.objects.filter(round__case=initiative.current_case).order_by("id").last()
    return closing.evidence_grade if closing is not None else str(content.get("evidence_grade") or "E")


def why_not_track(initiative: Initiative, track: str) -> str:
    """Why tier and whole-life cost do not allow the track; empty when they do."""
    case = initiative.current_case
    if track == Track.FULL:
        return ""
    if initiative.risk_tier in {RiskTier.HIGH, RiskTier.PROHIBITED}:
        return "a high tier is always on the full track"
    cost = authority.in_base(case.whole_life_cost, case.currency) if case is not None else Decimal(0)
    limit = authority.unit_limit()
    if cost > limit:
        return f"whole-life cost of {grouped(cost)} lies above the unit limit of {grouped(limit)}"
    smallest = notify_limit(limit)
    if track == Track.NOTIFY and not _is_another_use(initiative):
        if initiative.risk_tier != RiskTier.MINIMAL:
            return "the notify track is for minimal risk"
        if cost > smallest:
            most = f"{grouped(smallest)}, the most for the notify track"
            return f"whole-life cost of {grouped(cost)} lies above {most}"
    return ""


def notify_limit(unit_limit: Decimal) -> Decimal:
    """The most that is only notified: never over a fifth of what a unit decides itself."""
    return min(NOTIFY_LIMIT, unit_limit / 5)


def _is_another_use(initiative: Initiative) -> bool:
    """Whether it uses a product that is approved: it joins or depends on one in operation.

    What was only notified was approved by nobody, so a chain of notices approves nothing.
    """
    kinds = [Link.Kind.JOINED_WITH, Link.Kind.DEPENDS_ON]
    others = Link.objects.filter(initiative=initiative, kind__in=kinds, other__stage=Stage.OPERATING)
    return others.filter(other__closed_kind="").exclude(other__track=Track.NOTIFY).exists()


def review_due(initiative: Initiative) -> date | None:
    """When the one review of the light track is due, six months after it began; None on other tracks."""
    if initiative.track != Track.LIGHT or initiative.stage != Stage.SCALING:
        return None
    return initiative.stage_since.date() + timedelta(days=REVIEW_DAYS)


# Acts: before the decision -------------------------------------------------------------------


def pass_gate(
    initiative: Initiative,
    gate: str,
    items: list[ItemResult],
    *,
    verb: str = Verb.GO,
    reason: str = "",
    act: Act,
    actor: User,
) -> GatePassage:
    """Record a passage and move to the stage that follows."""
    passage = act.add(
        GatePassage,
        initiative=initiative,
        gate=gate,
        verb=verb,
        case=initiative.current_case,
        by=actor,
        gate_version=version_for(initiative, gate),
        items=[item.as_data() for item in items],
        reason=reason,
    )
    act.note(gate=gate, verb=verb)
    if stage := stage_after(gate, verb, initiative.track):
        lifecycle.move(initiative, stage, act=act, reason=reason)
    return passage


def _require_no_hold(initiative: Initiative) -> None:
    if stopped := why_stopped(initiative):
        raise InvalidMove(stopped)
    if hold := lifecycle.holding(initiative):
        raise InvalidMove(f"{initiative.reference} is on hold until {hold.until:%-d %b %Y}: {hold.reason}")


def _require_reason(reason: str) -> str:
    if not reason.strip():
        raise Refused("Give a reason.", {"reason": "Write why."})
    return reason.strip()


def _behalf(actor: User) -> User | None:
    return actor.person if actor.is_service_account else None


def submit(initiative: Initiative, *, actor: User) -> GatePassage:
    """Send the draft in: G0 checks it, what was sent is frozen, and the triage clock starts.

    Raises NotAllowed, Incomplete with what is missing, or Refused when submitter and sponsor are one person.
    """
    with record("initiative.submitted", actor=actor, on_behalf_of=_behalf(actor), about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_submit(actor, initiative).or_deny()
        _require_no_hold(initiative)
        content = CaseDraft.objects.get(initiative=initiative).content
        results = check(initiative, Gate.REGISTER, content)
        require(results, Gate.REGISTER)
        _require_another_sponsor(content, actor)
        frozen = freeze_case(initiative, BusinessCase.Purpose.REGISTRATION, act=act, actor=actor)
        act.note(case_version=frozen.version, case_hash=frozen.content_hash)
        passage = pass_gate(initiative, Gate.REGISTER, results, act=act, actor=actor)
        tell(
            [initiative.sponsor],
            subject=f"{initiative.reference} asks for your sponsorship",
            sentence=f"{actor} submitted “{initiative.title}” and named you as its sponsor. "
            "Confirm that you stand behind it.",
            path=initiative.get_absolute_url(),
        )
        tell(
            authority.holders(Role.PORTFOLIO_OFFICE, initiative.unit),
            subject=f"{initiative.reference} waits for triage",
            sentence=f"{initiative.unit} submitted “{initiative.title}”. "
            "Triage is promised within 5 working days.",
            path=initiative.get_absolute_url(),
        )
        tell(
            authority.holders(Role.RISK_OFFICER, initiative.unit),
            subject=f"{initiative.reference} needs a risk tier",
            sentence=f"{initiative.unit} submitted “{initiative.title}”; its triage waits for the risk tier.",
            path=initiative.get_absolute_url(),
        )
        return passage


def _require_another_sponsor(content: Mapping[str, Any], actor: User) -> None:
    itself = content.get("sponsor_id") == actor.person.pk
    # Where that rule bends, the confirmation as sponsor asks for the reason.
    if itself and not segregation.bends("sponsorship.confirm", "submitted"):
        raise Refused(
            "The sponsor can't be the person who submits.",
            {"sponsor_id": "You submit it, so name somebody else as its sponsor."},
        )


def complete_case(initiative: Initiative, *, actor: User) -> BusinessCase:
    """The unit sends the completed case: a new frozen version with all that G2 asks of it.

    While submitted or in assessment; a case sent after its scoring opened is scored anew. Raises NotAllowed,
    InvalidMove with an open signing round, Incomplete with what is missing.
    """
    with record("case.completed", actor=actor, on_behalf_of=_behalf(actor), about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_complete_case(actor, initiative).or_deny()
        _require_no_hold(initiative)
        _require_no_signing(initiative)
        content = CaseDraft.objects.get(initiative=initiative).content
        asked = [*check(initiative, Gate.REGISTER, content), *check(initiative, Gate.CASE, content)]
        lacking = missing([item for item in asked if is_of_the_case(item)])
        if lacking:
            raise Incomplete(f"The case lacks {len(lacking)} things that G2 asks for.", lacking)
        _require_another_sponsor(content, actor)
        frozen = freeze_case(initiative, BusinessCase.Purpose.COMPLETED, act=act, actor=actor)
        act.note(case_version=frozen.version, case_hash=frozen.content_hash)
        tell(
            authority.holders(Role.PORTFOLIO_OFFICE, initiative.unit),
            subject=f"{initiative.reference}: the completed case is in",
            sentence=f"{actor} sent version {frozen.version} of “{initiative.title}”. "
            "It is ready for scoring.",
            path=initiative.get_absolute_url(),
        )
        return frozen


def is_of_the_case(item: ItemResult) -> bool:
    """Whether the case itself gives it, so that it is asked when the case is sent."""
    # The plan of a high tier's controls follows with G2 itself; the words in the case come with it.
    return item.kind == GateItem.Kind.FIELD or (item.key == "controls_planned" and bool(item.lacks))


def _require_no_signing(initiative: Initiative) -> None:
    if SigningRound.objects.unended().filter(initiative=initiative).exists():
        raise InvalidMove(
            "A signing round is open on this case; the portfolio office has to withdraw it first."
        )


def triage(initiative: Initiative, *, track: str, reason: str = "", actor: User) -> GatePassage:
    """Pass G1 on a track: full goes to assessment, light to its decision, notify is registered and in use.

    Raises NotAllowed, Refused for an unknown track, Incomplete with what is missing.
    """
    if track not in Track.values:
        raise Refused("Choose a track.", {"track": "Choose notify, light or full."})
    with record("initiative.triaged", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_triage(actor, initiative).or_deny()
        _require_no_hold(initiative)
        results = check(initiative, Gate.TRIAGE, track=track)
        require(results, Gate.TRIAGE)
        if initiative.track != track:
            act.add(
                Classification,
                initiative=initiative,
                kind=Classification.Kind.TRACK,
                value=track,
                by=actor,
                reason=reason,
            )
            initiative.track = track
            initiative.save(update_fields=["track"])
        act.note(track=track)
        passage = pass_gate(initiative, Gate.TRIAGE, results, reason=reason, act=act, actor=actor)
        tell(
            [initiative.submitter, initiative.owner],
            subject=f"{initiative.reference} passed triage",
            sentence=f"“{initiative.title}” is on the {Track(track).label.lower()} track, "
            f"in stage {initiative.stage}.",
            path=initiative.get_absolute_url(),
        )
        return passage


def call_in(initiative: Initiative, *, reason: str, actor: User) -> GatePassage:
    """Call in what was notified: it is triaged again.

    Within ten days, or later when tier or cost no longer allow the track. Raises InvalidMove else.
    """
    reason = _require_reason(reason)
    with record("initiative.called_in", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_call_in(actor, initiative).or_deny()
        if initiative.track != Track.NOTIFY:
            raise InvalidMove("Only what is on the notify track can be called in.")
        is_late = clock.now() > initiative.stage_since + timedelta(days=CALL_IN_DAYS)
        if is_late and not why_not_track(initiative, Track.NOTIFY):
            raise InvalidMove(f"The {CALL_IN_DAYS} days for calling it in are over.")
        lifecycle.move(initiative, Stage.SUBMITTED, act=act, reason=reason)
        tell(
            [initiative.submitter, initiative.owner],
            subject=f"{initiative.reference} is called in",
            sentence=f"{actor} triages “{initiative.title}” again: {reason}",
            path=initiative.get_absolute_url(),
        )
        return pass_gate(initiative, Gate.TRIAGE, [], verb=Verb.HOLD, reason=reason, act=act, actor=actor)


def record_case(initiative: Initiative, *, actor: User) -> GatePassage:
    """Record that G2 holds and move to decision. Raises NotAllowed, or Incomplete with what is missing."""
    with record("case.recorded", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_record_case(actor, initiative).or_deny()
        _require_no_hold(initiative)
        results = check(initiative, Gate.CASE)
        require(results, Gate.CASE)
        return pass_gate(initiative, Gate.CASE, results, act=act, actor=actor)


def return_to_draft(initiative: Initiative, *, reason: str, actor: User) -> GatePassage:
    """Send it back for redesign, history kept. Raises NotAllowed, Refused without a reason, InvalidMove."""
    reason = _require_reason(reason)
    with record("initiative.returned", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_return(actor, initiative).or_deny()
        _require_no_signing(initiative)
        _tell_assessors(initiative, "The portfolio office sent the case back for redesign.")
        gate = {Stage.SUBMITTED: Gate.TRIAGE, Stage.ASSESSMENT: Gate.CASE}.get(
            Stage(initiative.stage), Gate.PILOT
        )
        passage = pass_gate(initiative, gate, [], verb=Verb.REDESIGN, reason=reason, act=act, actor=actor)
        tell(
            [initiative.submitter, initiative.owner],
            subject=f"{initiative.reference} came back for redesign",
            sentence=f"{actor}: {reason}",
            path=initiative.get_absolute_url(),
        )
        return passage


def recall_case(initiative: Initiative, *, reason: str, actor: User) -> StageChange:
    """The unit takes the sent case back to draft while it is assessed.

    Scorecards stay as they are, with the version that they are about; a case that is sent anew is scored
    anew. Raises NotAllowed, Refused without a reason, InvalidMove outside assessment.
    """
    reason = _require_reason(reason)
    with record("case.recalled", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_recall(actor, initiative).or_deny()
        case = initiative.current_case
        act.note(case_version=case.version if case else None)
        _tell_assessors(initiative, f"{initiative.unit} took the case back to work on it.")
        return lifecycle.move(initiative, Stage.DRAFT, act=act, reason=reason)


def _tell_assessors(initiative: Initiative, why: str) -> None:
    """Tell those who have a scorecard to write that it waits no more."""
    waiting = open_assignments().filter(round__initiative=initiative).select_related("assessor")
    tell(
        [assignment.assessor for assignment in waiting.order_by("pk")],
        subject=f"{initiative.reference} needs no scorecard for now",
        sentence=f"{why} A case that is sent anew is scored anew.",
        path=reverse("scorecard-list"),
    )


# Acts: after the decision --------------------------------------------------------------------


def supply_evidence(
    initiative: Initiative,
    *,
    item_key: str,
    text: str,
    expires_on: date | None = None,
    attachment: Attachment | None = None,
    actor: User,
) -> Evidence:
    """Supply what an item of kind evidence or control asks for. Raises NotAllowed or Refused.

    Evidence that expires holds through its last day; then the item asks again.
    """
    text = text.strip()
    if not text:
        raise Refused("Say what the evidence is.", {"text": "Write what was done, and where it can be seen."})
    if expires_on is not None and expires_on < clock.today():
        raise Refused("This has expired already.", {"expires_on": "Choose a day that is not over."})
    if attachment is not None and attachment.initiative_id != initiative.pk:
        raise Refused("This file is of another initiative.", {"attachment": "Choose one of its files."})
    with record("evidence.supplied", actor=actor, about=initiative) as act:
        initiative = lifecycle.lock(initiative)
        may_supply(actor, initiative).or_deny()
        lifecycle.require_open(initiative)
        _require_asked(initiative, item_key)
        act.note(item=item_key)
        return act.add(
            Evidence,
            initiative=initiative,
            item_key=item_key,
            text=text,
            expires_on=expires_on,
            attachment=attachment,
            by=actor,
        )


def evidence_items(initiative: Initiative) -> list[GateItem]:
    """The items of any gate that take evidence, in the versions that ask this initiative."""
    versions = {gate: version_for(initiative, gate) for gate in REVIEWED_IN.get(initiative.stage, ())}
    items = GateItem.objects.filter(
        version__in={version_in_force(), *versions.values()}, parameters__question="evidence"
    ).order_by("gate", "position", "version")
    current = version_in_force()
    return [item for item in items if item.version == versions.get(item.gate, current)]


def _require_asked(initiative: Initiative, item_key: str) -> None:
    if item_key not in {item.key for item in evidence_items(initiative)}:
        raise Refused("No gate asks for this.", {"item_key": "Choose an item that a gate asks for."})


def _accept(
    initiative: Initiative,
    gate: str,
    accepted_as: str,
    evidence: Mapping[str, str],
    reason: str,
    *,
    act: Act,
    actor: User,
) -> GatePassage | None:
    """Add one of a gate's two acceptances; the second one passes the gate when all else holds."""
    for key, text in evidence.items():
        _require_asked(initiative, key)
        act.add(Evidence, initiative=initiative, item_key=key, text=text, by=actor)
    act.add(
        Evidence, initiative=initiative, item_key=accepted_as, text=reason or f"{actor} accepts.", by=actor
    )
    results = check(initiative, gate)
    others = [item for item in results if item.kind != GateItem.Kind.CONFIRMATION]
    require(others, gate)
    act.note(accepted_as=accepted_as)
    if missing(results):
        return None
    return pass_gate(initiative, gate, results, reason=reason, act=act, actor=actor)


def accept_operation(
    initiative: Initiative, *, evidence: Mapping[str, str] | None = None, reason: str = "", actor: User
) -> GatePassage | None:
    """Accept it into operations (G5), as benefit owner or as risk officer; the second one passes the gate.

    `evidence` may bring the items that are still missing, by key. Returns None while the other acceptance is
    missing. Raises NotAllowed, InvalidMove on the light track, Incomplete.
    """
    with record("operation.accepted", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        verdict = may_accept_operation(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        _require_no_hold(initiative)
        if initiative.track != Track.FULL:
            raise InvalidMove("Only the full track has a G5; the light track ends with its review.")
        accepted_as = (
            "benefit_owner_accepts"
            if accepting_part(actor, initiative) == Part.BENEFIT_OWNER
            else "risk_officer_accepts"
        )
        return _accept(initiative, Gate.OPERATE, accepted_as, evidence or {}, reason, act=act, actor=actor)


def set_outcome(
    initiative: Initiative, *, outcome: str, reason: str, lessons: str = "", actor: User
) -> OutcomeSet:
    """The CFO sets the outcome (G6): at the review of the light track, or in operation.

    Raises NotAllowed, Refused, InvalidMove, or Incomplete before six benefit months are attested.
    """
    reason = _require_reason(reason)
    if outcome not in OutcomeClass.values:
        raise Refused("Choose an outcome.", {"outcome": "Choose one of the outcomes offered."})
    with record("outcome.set", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        verdict = may_set_outcome(actor, initiative)
        verdict.or_deny()
        segregation.mark(act, verdict, reason=reason, by=actor)
        if (
            initiative.stage == Stage.SCALING
            and not initiative.closed_kind
            and initiative.track != Track.LIGHT
        ):
            raise InvalidMove("The outcome of the full track is set in operation, after G5.")
        if initiative.track == Track.NOTIFY:
            raise InvalidMove("What was only notified has no outcome.")
        if lessons.strip():
            act.add(Evidence, initiative=initiative, item_key="lessons", text=lessons.strip(), by=actor)
        results = check(initiative, Gate.BENEFITS)
        if not initiative.closed_kind:
            require(results, Gate.BENEFITS)
            is_first = not GatePassage.objects.filter(initiative=initiative, gate=Gate.BENEFITS).exists()
            if is_first:
                pass_gate(initiative, Gate.BENEFITS, results, reason=reason, act=act, actor=actor)
        return write_outcome(initiative, outcome, reason, act=act)


def write_outcome(initiative: Initiative, outcome: str, reason: str, *, act: Act) -> OutcomeSet:
    """The fact and the cached column of an outcome."""
    fact = act.add(OutcomeSet, initiative=initiative, outcome=outcome, reason=reason)
    initiative.outcome = outcome
    initiative.save(update_fields=["outcome"])
    act.note(outcome=outcome)
    act.marks("return", [initiative.pk])
    act.marks_found("return", moved_by(initiative))
    return fact


def retire(
    initiative: Initiative, *, reason: str, evidence: Mapping[str, str] | None = None, actor: User
) -> GatePassage | None:
    """Retire it (G7), as its owner or as portfolio office; the second of them passes the gate and closes it.

    What is committed and not released is freed. Returns None while the other one is missing. Raises
    NotAllowed, Refused without a reason, Incomplete.
    """
    reason = _require_reason(reason)
    with record("initiative.retired", actor=actor, about=initiative, reason=reason) as act:
        locked = balances.lock(commitments.envelopes_of(initiative))
        initiative = lifecycle.lock(initiative)
        may_retire(actor, initiative).or_deny()
        accepted_as = "owner_retires" if initiative.owner_id == actor.pk else "office_retires"
        passage = _accept(initiative, Gate.RETIRE, accepted_as, evidence or {}, reason, act=act, actor=actor)
        if passage is not None:
            commitments.free(initiative, locked, act=act)
            lifecycle.close(initiative, ClosedKind.RETIRED, act=act, reason=reason)
        return passage
