"""What waits for a signature, where the envelopes stand, what was decided: in a fixed number of queries."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.urls import reverse

from accounts import policy, segregation
from accounts.models import Role, Unit, User
from accounts.verdict import Verdict
from governance import authority, deputies, drift
from governance.models import (
    AuthorityStep,
    BoardResolution,
    Bucket,
    ClawBack,
    CoFunding,
    Commitment,
    Decision,
    Envelope,
    EnvelopeChange,
    GatePassage,
    ReleaseLine,
    Signature,
    SigningNotice,
    SigningRound,
    SigningRoundQuerySet,
    Tranche,
    YearClosing,
    YearClosingConfirmation,
)
from governance.permissions import (
    may_accept_operation,
    may_call_in,
    may_change_case,
    may_open_signing,
    may_recall,
    may_record_case,
    may_retire,
    may_return,
    may_set_outcome,
    may_stop,
    may_supply,
    may_withdraw,
)
from ledger import as_of
from portfolio.involvement import accounts_of
from portfolio.models import Appointment, BusinessCase, CaseEditor, Initiative, Part, Posting, Stage, Track
from portfolio.wording import grouped

NOTHING = Decimal(0)


# Signing -------------------------------------------------------------------------------------

_SIGNATURES = Signature.objects.select_related(
    "by", "on_behalf_of", "seat__step", "seat__body", "seat__person"
).order_by("id")


def rounds_for(user: User) -> SigningRoundQuerySet:
    """The rounds that the user may read, with all that a list shows, those due first on top."""
    return (
        SigningRound.objects.open_to(user)
        .select_related("initiative__unit", "step__version", "case", "ending", "decision", "opened_by")
        .prefetch_related(
            Prefetch("signatures", _SIGNATURES),
            Prefetch("notices", SigningNotice.objects.select_related("step", "transaction").order_by("id")),
            Prefetch("step__seats", authority.SEATS),
        )
        .order_by("due_on", "id")
    )


def open_signings_for(user: User) -> list[SigningRound]:
    """The open rounds that wait for this user's signature, as `may_sign` would say of each one.

    None as of an earlier point: nobody acts in the past.
    """
    if as_of.current() is not None:
        return []
    deciding, concurring = policy.reach(user, "decision.sign"), policy.reach(user, "risk.concur")
    if not deciding.paths and not concurring.paths:
        return []
    signed = Signature.objects.filter(signing=OuterRef("pk"), by=user)
    stages = policy.table()["decision.sign"].stages
    in_stage = Q(initiative__stage__in=stages) if stages is not None else Q()
    waiting = rounds_for(user).unended().filter(~Exists(signed), in_stage, initiative__closed_kind="")
    rounds = list(waiting)
    excluded = excluded_from(user, {signing.initiative_id for signing in rounds})
    versions = {signing.step.version_id: signing.step.version for signing in rounds}
    steps = {pk: authority.steps_of(version) for pk, version in versions.items()}
    bodies = authority.bodies_of(user) if rounds else frozenset()
    standings = deputies.standings(user)
    ids = {signing.initiative_id for signing in rounds}
    excluded_principals = {row.principal.pk: excluded_from(row.principal, ids) for row in standings}

    def has_place(signing: SigningRound) -> bool:
        unit, votes = signing.initiative.unit, list(signing.signatures.all())
        if any(vote.on_behalf_of_id == user.pk for vote in votes):
            return False
        ladder, decides = steps[signing.step.version_id], deciding.covers(unit)
        own = authority.roles_for(user, unit)
        place = _place(user.person.pk, own, signing, ladder, bodies, decides=decides)
        # Who has a part in it may still abstain in a body.
        if place is not None:
            return place.is_of_a_body or signing.initiative_id not in excluded
        return signing.initiative_id not in excluded and any(
            _lends_a_seat(row, signing, ladder, votes, decides=decides)
            for row in standings
            if signing.initiative_id not in excluded_principals[row.principal.pk]
        )

    return [signing for signing in rounds if has_place(signing)]


def _place(
    person: int,
    roles: frozenset[str],
    signing: SigningRound,
    steps: list[AuthorityStep],
    bodies: frozenset[int],
    *,
    decides: bool,
) -> authority.Place | None:
    votes = list(signing.signatures.all())
    if decides:
        ladder = authority.ladder_of(signing, steps)
        place = authority.place_among(roles, ladder, votes, person=person, bodies=bodies)
        if place is not None:
            return place
    concurred = any(vote.seat_id is None for vote in votes)
    if authority.needs_concurrence(signing) and not concurred and Role.RISK_OFFICER in roles:
        return authority.Place(None, Role.RISK_OFFICER)
    return None


def _lends_a_seat(
    row: deputies.Standing,
    signing: SigningRound,
    steps: list[AuthorityStep],
    votes: list[Signature],
    *,
    decides: bool,
) -> bool:
    if not row.reaches(signing, votes):
        return False
    roles = row.roles_for(signing.initiative.unit)
    place = _place(row.principal.pk, roles, signing, steps, frozenset(), decides=decides)
    return place is not None and not place.is_of_a_body


def excluded_from(user: User, initiatives: Iterable[int]) -> set[int]:
    """Those that the user may not decide on, as `excluded_because` would say of each one."""
    ids, acting = list(initiatives), accounts_of(user)
    rows = Initiative.objects.filter(pk__in=ids)
    forbidding = segregation.forbidding("decision.sign")
    involved = Q(owner=user.person) | Q(sponsor=user.person)
    if "started" in forbidding:
        involved |= Q(created_by__in=acting)
    gate = GatePassage.objects.filter(initiative=OuterRef("initiative")).values("initiative")
    since = Subquery(gate.annotate(at=Max("transaction__at")).values("at"))
    typed = Posting.objects.filter(initiative__in=ids, by_hand__in=acting).annotate(gate_at=since)
    sources = [
        rows.filter(involved).values_list("pk", flat=True),
        BusinessCase.objects.filter(initiative__in=ids, submitted_by__in=acting).values_list(
            "initiative", flat=True
        ),
        Appointment.objects.filter(initiative__in=ids, person=user.person, part=Part.ASSESSOR).values_list(
            "initiative", flat=True
        ),
        CaseEditor.objects.filter(
            case__initiative__in=ids if "edited" in forbidding else [], user__in=acting
        ).values_list("case__initiative", flat=True),
        typed.filter(Q(gate_at=None) | Q(transaction__at__gte=F("gate_at"))).values_list(
            "initiative", flat=True
        ),
    ]
    return {pk for source in sources for pk in source if pk}


def decisions_of(initiative: Initiative) -> QuerySet[Decision]:
    """What was decided on it, the newest first, with conditions and signatures."""
    return (
        Decision.objects.filter(initiative=initiative)
        .select_related("transaction", "signing", "case")
        .prefetch_related("conditions__owner", Prefetch("signing__signatures", _SIGNATURES))
        .order_by("-id")
    )


def tranches_of(initiative: Initiative) -> QuerySet[Tranche]:
    """Its tranches in order, with their release and requests."""
    return (
        Tranche.objects.filter(initiative=initiative)
        .select_related("decision", "release__by", "release__transaction")
        .prefetch_related("requests__by")
        .order_by("decision", "number")
    )


@dataclass(frozen=True)
class NextAct:
    """One act of governance that the initiative's stage allows, and whether the reader may do it."""

    label: str
    url: str
    verdict: Verdict


ACTS_OF_STAGE: dict[str, tuple[tuple[str, str, Callable[[User, Initiative], Verdict]], ...]] = {
    Stage.ASSESSMENT: (("Record that the case holds", "case-record", may_record_case),),
    Stage.DECISION: (("Propose a decision", "signing-open", may_open_signing),),
    Stage.PILOT: (
        ("Propose a decision", "signing-open", may_open_signing),
        ("Stop it", "initiative-stop", may_stop),
    ),
    Stage.SCALING: (
        ("Accept it into operations", "operation-accept", may_accept_operation),
        ("Set the outcome", "outcome-set", may_set_outcome),
        ("Propose a decision", "signing-open", may_open_signing),
        ("Stop it", "initiative-stop", may_stop),
    ),
    Stage.OPERATING: (
        ("Set the outcome", "outcome-set", may_set_outcome),
        ("Call it in", "initiative-call-in", may_call_in),
        ("Retire it", "initiative-retire", may_retire),
        ("Propose a decision", "signing-open", may_open_signing),
        ("Stop it", "initiative-stop", may_stop),
    ),
}
ALWAYS: tuple[tuple[str, str, Callable[[User, Initiative], Verdict]], ...] = (
    ("Supply what a gate asks for", "evidence-supply", may_supply),
    ("Send a changed case", "case-change", may_change_case),
    ("Send it back for redesign", "initiative-return", may_return),
    ("Take the case back to draft", "initiative-recall", may_recall),
    ("Withdraw it", "initiative-withdraw", may_withdraw),
)


def next_acts(initiative: Initiative, user: User) -> list[NextAct]:
    """The acts of governance that the reader may do now, those of its stage first."""
    if not initiative.is_open or initiative.stage == Stage.DRAFT:
        return []
    acts = [*ACTS_OF_STAGE.get(initiative.stage, ()), *ALWAYS]
    is_full = initiative.track == Track.FULL
    left_out = {"outcome-set" if is_full and initiative.stage == Stage.SCALING else ""}
    left_out |= {"operation-accept"} if not is_full else set()
    left_out |= {"outcome-set"} if initiative.track == Track.NOTIFY else {"initiative-call-in"}
    if initiative.stage == Stage.OPERATING and drift.reopened(initiative) is None:
        left_out |= {"signing-open"}
    if SigningRound.objects.unended().filter(initiative=initiative).exists():
        left_out |= {"signing-open", "initiative-return"}
    acts = [act for act in acts if act[1] not in left_out]
    found = [
        NextAct(label, reverse(name, args=[initiative.pk]), may(user, initiative))
        for label, name, may in acts
    ]
    return [act for act in found if act.verdict]


# Envelopes -----------------------------------------------------------------------------------


def envelope_positions(fiscal_year: int, unit: Unit | None = None) -> list[dict[str, Any]]:
    """Each envelope of a year (of the unit and below): its sums, its room, and the sums with all below it."""
    envelopes = Envelope.objects.filter(fiscal_year=fiscal_year)
    return positions_of(envelopes.filter(unit__path__startswith=unit.path) if unit is not None else envelopes)


def positions_of(envelopes: QuerySet[Envelope]) -> list[dict[str, Any]]:
    """The positions of some envelopes in the order of the tree."""
    rows = list(envelopes.select_related("unit", "balance").order_by("unit__path", "fiscal_year", "bucket"))
    sums = ("appropriated", "committed", "released", "contingency")
    found = []
    for envelope in rows:
        below = [
            other
            for other in rows
            if (other.fiscal_year, other.bucket) == (envelope.fiscal_year, envelope.bucket)
            and other.unit.path.startswith(envelope.unit.path)
        ]
        own = {name: getattr(envelope.balance, name) for name in sums}
        whole = {
            f"{name}_with_children": sum((getattr(row.balance, name) for row in below), NOTHING)
            for name in sums
        }
        found.append(
            {
                "envelope": envelope,
                "id": envelope.pk,
                "unit": envelope.unit.name + (", exploring" if envelope.bucket == Bucket.EXPLORE else ""),
                "unit_id": envelope.unit_id,
                "depth": envelope.unit.path.count("/") - 2,
                "fiscal_year": envelope.fiscal_year,
                "currency": envelope.currency,
                "has_children": len(below) > 1,
                "cap": envelope.balance.cap,
                "is_closed": envelope.balance.is_closed,
                "bucket": envelope.bucket,
                "room": envelope.balance.room,
                "room_with_children": sum((row.balance.room for row in below), NOTHING),
            }
            | own
            | whole
        )
    return found


@dataclass(frozen=True)
class ForwardCommitment:
    """Money promised for a year that has no envelope yet."""

    initiative_id: int
    reference: str
    title: str
    unit: str
    unit_path: str
    fiscal_year: int
    amount: Decimal

    def __str__(self) -> str:
        return f"{self.reference} {self.title}: {grouped(self.amount)} in FY{self.fiscal_year}"


def forward_commitments(unit: Unit | None = None) -> list[ForwardCommitment]:
    """What is promised for years without an envelope, by year, of the unit and below."""
    rows = Commitment.objects.filter(envelope=None)
    if unit is not None:
        rows = rows.filter(initiative__unit__path__startswith=unit.path)
    sums = (
        rows.values(
            "initiative",
            "initiative__reference",
            "initiative__title",
            "initiative__unit__name",
            "initiative__unit__path",
            "fiscal_year",
        )
        .annotate(total=Sum("amount"))
        .exclude(total=0)
        .order_by("fiscal_year", "initiative__reference")
    )
    return [
        ForwardCommitment(
            row["initiative"],
            row["initiative__reference"],
            row["initiative__title"],
            row["initiative__unit__name"],
            row["initiative__unit__path"],
            row["fiscal_year"],
            row["total"],
        )
        for row in sums
    ]


def changes_to_confirm(user: User) -> QuerySet[EnvelopeChange]:
    """Proposed changes of envelopes that the user may see, on either side, and nobody answered yet."""
    mine = Envelope.objects.open_to(user)
    return (
        EnvelopeChange.objects.filter(
            Q(envelope__in=mine) | Q(into__in=mine), confirmation=None, refusal=None
        )
        .select_related("envelope__unit", "into__unit", "proposed_by", "transaction")
        .order_by("id")
    )


def claw_backs_to_confirm(user: User) -> QuerySet[ClawBack]:
    """What somebody else proposed to take back of a released tranche, and can be confirmed still."""
    lines = ReleaseLine.objects.filter(release=OuterRef("release")).order_by()
    out = lines.values("release").annotate(total=Sum("amount")).values("total")
    return (
        ClawBack.objects.filter(confirmation=None, amount__lte=Subquery(out))
        .exclude(proposed_by__in=accounts_of(user))
        .select_related("release__tranche__initiative__unit")
        .order_by("id")
    )


def closings_to_confirm(user: User) -> QuerySet[YearClosing]:
    """Years that somebody else proposed to close, and that are open still."""
    closed = YearClosingConfirmation.objects.values("closing__fiscal_year")
    return (
        YearClosing.objects.exclude(fiscal_year__in=closed)
        .exclude(proposed_by__in=accounts_of(user))
        .select_related("proposed_by")
        .order_by("fiscal_year", "id")
    )


def shares_to_agree(user: User) -> QuerySet[CoFunding]:
    """Shares of running initiatives that somebody else asked a unit to bear, and that wait for its word."""
    agreed = CoFunding.objects.filter(initiative=OuterRef("initiative"), unit=OuterRef("unit"))
    return (
        CoFunding.objects.filter(
            ~Exists(agreed.exclude(agreement=None)), agreement=None, initiative__closed_kind=""
        )
        .exclude(proposed_by__in=accounts_of(user))
        .select_related("initiative__unit")
        .order_by("id")
    )


def resolutions_to_confirm(user: User) -> QuerySet[BoardResolution]:
    """Resolutions of the board that somebody else recorded on a round that is open still."""
    return (
        BoardResolution.objects.filter(signing__ending=None, signing__initiative__closed_kind="")
        .exclude(recorded_by__in=accounts_of(user))
        .select_related("signing__initiative__unit")
        .order_by("id")
    )
