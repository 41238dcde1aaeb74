"""What applies to an initiative, how it stands, what stops it, and what went wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import RoleGrant, Unit, User
from assurance import conditions, standing
from assurance.models import (
    Control,
    ControlCheck,
    ControlEvidence,
    ControlException,
    ControlLibrary,
    ControlPlan,
    Incident,
    IncidentQuerySet,
    ReliabilityVeto,
    RiskBlock,
    RiskProfile,
    TierAnswers,
)
from assurance.standing import Done, State
from ledger import clock
from portfolio.models import Initiative, RiskTier

# Gates in their order; the empty one is the organisation's.
GATES = ("G0", "G1", "G2", "G3", "G4", "G5", "G6", "G7")
_EU_TIER = {RiskTier.LIMITED: "transparency", "": "minimal"}
_OWN_TIER: dict[str, int] = {RiskTier.PROHIBITED: 3, RiskTier.HIGH: 3, RiskTier.LIMITED: 1}

D = TypeVar("D", ControlPlan, ControlEvidence, ControlException)


def holders(role: str, unit: Unit) -> list[User]:
    """The people who hold a confirmed role for the unit, by name."""
    grants = RoleGrant.objects.active().confirmed().filter(role=role).select_related("unit", "user")
    people = {grant.user for grant in grants if unit.path.startswith(grant.unit.path)}
    return sorted(people, key=lambda person: (person.name, person.pk))


# Tier ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TierPicture:
    """The tier that stands, the answers beside it, and whether they moved since."""

    profile: RiskProfile | None
    answers: TierAnswers | None

    @property
    def answers_changed(self) -> bool:
        """Whether the answers changed since the tier was set."""
        if self.answers is None or self.profile is None:
            return False
        seen = self.profile.answers
        return seen is None or seen.answers != self.answers.answers

    @property
    def differs(self) -> bool:
        """Whether the tier that stands is another one than the answers propose."""
        return (
            self.answers is not None
            and self.profile is not None
            and self.profile.tier != self.answers.proposal["tier"]
        )


def tier_picture(initiative: Initiative) -> TierPicture:
    """The newest profile and answers of an initiative."""
    profiles = RiskProfile.objects.filter(initiative=initiative).select_related(
        "by", "answers", "transaction"
    )
    answers = TierAnswers.objects.filter(initiative=initiative).select_related("by", "transaction")
    return TierPicture(profiles.order_by("id").last(), answers.order_by("id").last())


def facts_of(initiative: Initiative, profile: RiskProfile | None = None) -> conditions.Facts:
    """What conditions of controls ask, from the tier and the profile that stand."""
    tier = str(initiative.risk_tier)
    known = profile if profile is not None and profile.tier == tier else None
    content: Mapping[str, Any] = initiative.current_case.content if initiative.current_case else {}
    return {
        "eu_tier": _EU_TIER.get(tier, tier),
        "high_impact": known.is_high_impact if known else False,
        "internal_tier": known.internal_tier if known else _OWN_TIER.get(tier, 0),
        "third_party": known.uses_third_party if known else content.get("sourcing") == "bought",
        "personal_data": known.uses_personal_data if known else False,
    }


# Controls ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """One control and how it stands for an initiative or for the organisation."""

    control: Control
    state: State
    due: str = ""
    plan: ControlPlan | None = None
    evidence: ControlEvidence | None = None
    check: ControlCheck | None = None
    exception: ControlException | None = None

    @property
    def holds(self) -> bool:
        """Whether it is evidenced, or excepted, today."""
        return self.state in standing.HOLDS

    @property
    def is_planned(self) -> bool:
        """Whether somebody is to see to it, or did."""
        return self.state in standing.PLANNED_OR_BETTER

    @property
    def is_inherited(self) -> bool:
        """Whether it is held once for the organisation."""
        return self.control.is_of_the_organisation

    @property
    def words(self) -> str:
        """The state in words."""
        return standing.IN_WORDS[self.state]

    @property
    def tone(self) -> str:
        """The colour of its mark."""
        return standing.TONES[self.state]

    @property
    def done(self) -> Done:
        """What was done about it."""
        return _done(self.plan, self.evidence, self.check, self.exception)


def _done(
    plan: ControlPlan | None,
    evidence: ControlEvidence | None,
    check: ControlCheck | None,
    exception: ControlException | None,
) -> Done:
    return Done(
        is_planned=plan is not None,
        evidence_until=evidence.expires_on if evidence else None,
        concurs=check.concurs if check else None,
        exception_until=exception.expires_on if exception else None,
    )


def library_in_force() -> ControlLibrary | None:
    """The newest version whose day has come."""
    return ControlLibrary.objects.filter(valid_from__lte=clock.today()).order_by("-version").first() or (
        ControlLibrary.objects.order_by("version").first()
    )


def controls_in_force() -> list[Control]:
    """All controls of the version in force, in their order."""
    library = library_in_force()
    return list(Control.objects.filter(library=library).order_by("position")) if library else []


def _newest(rows: Iterable[D]) -> dict[tuple[bool, str], D]:
    """By whether it is the organisation's, and by code: the newest."""
    return {(row.initiative_id is None, row.code): row for row in rows}


def _standings(initiative: Initiative | None, controls: Sequence[tuple[Control, str]]) -> list[Standing]:
    whose = Q(initiative=None) if initiative is None else Q(initiative=initiative) | Q(initiative=None)
    plans = _newest(ControlPlan.objects.filter(whose).select_related("owner", "by").order_by("id"))
    evidence = _newest(
        ControlEvidence.objects.filter(whose)
        .select_related("by", "attachment", "check_of__by", "initiative")
        .order_by("id")
    )
    exceptions = (
        _newest(ControlException.objects.filter(initiative=initiative).select_related("by").order_by("id"))
        if initiative is not None
        else {}
    )
    today = clock.today()
    found = []
    for control, due in controls:
        key = (control.is_of_the_organisation, control.code)
        proof = evidence.get(key)
        check = getattr(proof, "check_of", None)
        plan, exception = plans.get(key), exceptions.get((False, control.code))
        state = standing.state_of(_done(plan, proof, check, exception), today)
        found.append(Standing(control, state, due, plan, proof, check, exception))
    return found


def due_of(control: Control, facts: conditions.Facts, *, pilot_touches_people: bool) -> str:
    """The gate by which a control has to hold: earlier for a high tier whose pilot touches real people."""
    if control.due_before_people and facts["eu_tier"] == "high" and pilot_touches_people:
        return control.due_before_people
    return control.due


def controls_of(initiative: Initiative, profile: RiskProfile | None = None) -> list[Standing]:
    """The controls that apply to it, those of the organisation among them; a constant number of queries."""
    # Without the transaction, whose row comes last: the profile of the act that asks counts, too.
    profile = profile or RiskProfile.objects.filter(initiative=initiative).order_by("id").last()
    facts = facts_of(initiative, profile)
    touches = profile.pilot_touches_people if profile is not None else True
    applying = [
        (control, due_of(control, facts, pilot_touches_people=touches))
        for control in controls_in_force()
        if conditions.holds(control.applies_when, facts)
    ]
    return _standings(initiative, applying)


def controls_of_the_organisation() -> list[Standing]:
    """The controls that are held once for all."""
    return _standings(None, [(row, "") for row in controls_in_force() if row.is_of_the_organisation])


def due_by(rows: Iterable[Standing], gate: str) -> list[Standing]:
    """The initiative's own controls that have to hold at a gate or before it."""
    return [row for row in rows if row.due and GATES.index(row.due) <= GATES.index(gate)]


def in_words(rows: Sequence[Standing], most: int = 4) -> str:
    """'OVR-01, OVR-02 and 3 more'."""
    codes = [row.control.code for row in rows]
    if len(codes) <= most:
        return ", ".join(codes)
    return f"{', '.join(codes[:most])} and {len(codes) - most} more"


def controls_planned(initiative: Initiative) -> tuple[bool, str]:
    """Whether every control that a high tier owes up to its pilot is planned at least; for gate G2."""
    owed = due_by(controls_of(initiative), "G3")
    lacking = [row for row in owed if not row.is_planned]
    return not lacking, f"not planned: {in_words(lacking)}" if lacking else f"{len(owed)} controls planned"


def controls_hold(initiative: Initiative, gate: str) -> tuple[bool, str]:
    """Whether every control that is due by a gate holds; for gates G3 and G5."""
    owed = due_by(controls_of(initiative), gate)
    lacking = [row for row in owed if not row.holds]
    if lacking:
        return False, f"{len(lacking)} of {len(owed)} do not hold: {in_words(lacking)}"
    return True, f"all {len(owed)} hold"


def first_expiry(rows: Iterable[Standing]) -> date | None:
    """The first day on which one of the initiative's own controls no longer holds though it did."""
    days = [standing.expires_from(row.done) for row in rows if not row.is_inherited]
    return min((day for day in days if day is not None), default=None)


def matching(
    controls: Iterable[Control], *, words: str = "", theme: str = "", framework: str = "", due: str = ""
) -> list[Control]:
    """Controls that hold the words, of a theme, written in a framework, due at a gate."""
    wanted = words.lower().split()

    def text(control: Control) -> str:
        numbers = [number for listed in control.crosswalk.values() for number in listed]
        return " ".join([control.code, control.title, control.duty, *numbers, *control.evidence]).lower()

    return [
        control
        for control in controls
        if (not theme or control.theme == theme)
        and (not framework or framework in control.crosswalk)
        and (not due or (control.due or "all") == due)
        and all(word in text(control) for word in wanted)
    ]


# What stops ----------------------------------------------------------------------------------


def block_in_force(initiative: Initiative) -> RiskBlock | None:
    """The block that stands today, the newest of several."""
    blocks = RiskBlock.objects.filter(initiative=initiative, lift=None, until__gte=clock.today())
    return blocks.select_related("by").order_by("id").last()


def veto_in_force(initiative: Initiative) -> ReliabilityVeto | None:
    """The newest veto, unless both holders lifted it."""
    newest = (
        ReliabilityVeto.objects.filter(initiative=initiative)
        .select_related("by", "incident")
        .prefetch_related("lifts__by")
        .order_by("id")
        .last()
    )
    return newest if newest is not None and len(newest.lifts.all()) < 2 else None


def why_stopped(initiative: Initiative) -> str:
    """Why no gate is passed and no money released today; empty when nothing of risk stops it."""
    if block := block_in_force(initiative):
        return (
            f"{initiative.reference} is blocked by {block.by}, risk officer, until "
            f"{block.until:%-d %b %Y}: {block.reason}"
        )
    if veto := veto_in_force(initiative):
        return (
            f"A reliability veto stands against {initiative.reference}: {veto.reason} "
            "Risk officer and benefit owner lift it together."
        )
    return ""


# Incidents -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class IncidentQuery:
    """What the register of incidents is asked for."""

    words: str = ""
    severity: str = ""
    state: str = ""
    unit: Unit | None = None
    initiative: int | None = None
    to_tell: bool = False


def incidents_for(user: User, asked: IncidentQuery | None = None) -> IncidentQuerySet:
    """Incidents that the user may open, the newest first."""
    asked = asked or IncidentQuery()
    rows: IncidentQuerySet = Incident.objects.open_to(user).with_standing()
    if asked.words:
        rows = rows.filter(
            Q(title__icontains=asked.words)
            | Q(initiative__reference__istartswith=asked.words)
            | Q(initiative__title__icontains=asked.words)
        )
    if asked.severity:
        rows = rows.filter(Q(grade=asked.severity))
    if asked.state:
        rows = rows.filter(
            {
                "open": Q(is_contained=False, is_closed=False),
                "contained": Q(is_contained=True, is_closed=False),
                "closed": Q(is_closed=True),
                "not_closed": Q(is_closed=False),
            }[asked.state]
        )
    if asked.unit is not None:
        rows = rows.filter(initiative__unit__path__startswith=asked.unit.path)
    if asked.initiative is not None:
        rows = rows.filter(initiative=asked.initiative)
    if asked.to_tell:
        rows = rows.filter(Q(authority_due_on__isnull=False, is_told=False))
    return rows.select_related("initiative__unit", "by").order_by("-happened_on", "-pk")


def incidents_of(initiative: Initiative) -> IncidentQuerySet:
    """The incidents of one initiative, the newest first."""
    rows = Incident.objects.filter(initiative=initiative).with_standing()
    return rows.select_related("by").order_by("-happened_on", "-pk")


def evidence_to_check(paths: Sequence[str] | None) -> QuerySet[ControlEvidence]:
    """Evidence of initiatives that nobody checked, in the subtrees of these units (None: everywhere)."""
    later = ControlEvidence.objects.filter(
        initiative=OuterRef("initiative"), code=OuterRef("code"), pk__gt=OuterRef("pk")
    )
    rows = ControlEvidence.objects.filter(~Exists(later), check_of=None, initiative__closed_kind="")
    if paths is not None:
        under = Q(pk__in=[])
        for path in paths:
            under |= Q(initiative__unit__path__startswith=path)
        rows = rows.filter(under)
    return rows.select_related("initiative__unit").order_by("id")
