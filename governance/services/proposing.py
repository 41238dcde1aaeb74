"""Proposing a decision: the frozen pack that people sign, and taking it back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from accounts import policy
from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from assurance.selectors import why_stopped
from governance import authority, commitments, drift, gates, pack
from governance.gates import GRANTING
from governance.messages import tell
from governance.models import (
    AuthorityStep,
    BoardResolution,
    DecisionReopening,
    Gate,
    SigningRound,
    SigningRoundEnd,
    Verb,
)
from governance.permissions import excluded_people, may_open_signing, may_withdraw_signing
from governance.services.common import NOTHING, end_round, require_reason, require_running
from ledger import chain, clock
from ledger.services import record
from portfolio import lifecycle, money
from portfolio.models import Attachment, BusinessCase, Initiative, RiskTier, Stage, Track
from portfolio.wording import grouped

DECISION_DAYS = 30
HOLD_DAYS = 90
# How many conditions the form of a proposed decision offers.
CONDITION_ROWS = 3
# At which gate a stage is decided on, and what may be decided there.
GATE_OF_STAGE = {Stage.DECISION: Gate.PILOT, Stage.PILOT: Gate.SCALE, Stage.SCALING: Gate.OPERATE}
VERBS_AT = {
    Gate.PILOT: frozenset(Verb),
    Gate.SCALE: frozenset(Verb),
    # Going on from here is G5, which the benefit owner and the risk officer pass.
    Gate.OPERATE: frozenset({Verb.HOLD, Verb.REDESIGN, Verb.MERGE, Verb.STOP}),
}


class NobodyEligible(Refused):
    """On every step that covers the amount a seat has no holder who may decide."""


@dataclass(frozen=True)
class Resolution:
    """What the board resolved where nobody in Keel may decide: its number, its words, the signed document."""

    reference: str
    text: str
    attachment: Attachment


def open_signing(
    initiative: Initiative,
    *,
    verb: str,
    amount: Decimal = NOTHING,
    first_tranche: Decimal = NOTHING,
    reason: str,
    conditions: Iterable[Mapping[str, Any]] = (),
    hold_until: date | None = None,
    merge_into: Initiative | None = None,
    resolution: Resolution | None = None,
    actor: User,
) -> SigningRound:
    """Freeze a proposed decision as a pack that people sign.

    `amount` and `first_tranche` are in the case's currency and for a 'go' only; `conditions` are of the form
    {text, owner_id, due}. Raises NotAllowed, InvalidMove, Refused (by field), or Incomplete with what it
    lacks.
    """
    with record("signing.opened", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_open_signing(actor, initiative).or_deny()
        case = initiative.current_case
        if case is None:
            raise InvalidMove(f"{initiative.reference} has no case to decide on.")
        if SigningRound.objects.unended().filter(initiative=initiative).exists():
            raise InvalidMove(f"A signing round of {initiative.reference} is open already.")
        reopening = drift.reopened(initiative)
        gate = gate_of(initiative, reopening)
        if verb in GRANTING and (stopped := why_stopped(initiative)):
            raise InvalidMove(stopped)
        if verb in GRANTING and (hold := lifecycle.holding(initiative)):
            raise InvalidMove(
                f"{initiative.reference} is on hold until {hold.until:%-d %b %Y}: {hold.reason}"
            )
        rows = [_condition(row) for row in conditions]
        errors = _why_not_propose(
            initiative, case, gate, verb, amount, first_tranche, rows, reason, reopening=reopening
        )
        if verb == Verb.HOLD:
            hold_until = hold_until or clock.today() + timedelta(days=HOLD_DAYS)
            if hold_until <= clock.today():
                errors["hold_until"] = "Choose a day in the future."
        if verb == Verb.MERGE and (merge_into is None or merge_into.pk == initiative.pk):
            errors["merge_into"] = "Choose the initiative that takes it in."
        if errors:
            raise Refused("This decision can't be proposed so.", errors)
        items = gates.check(initiative, gate, amount=amount) if verb in GRANTING else []
        gates.require(items, gate)
        granted = authority.granted_to_family(initiative)
        tested = authority.with_family(case, granted)
        ladder = authority.route_of(initiative, case, granted=granted).ladder
        seating, excluded = authority.Seating(initiative.unit), excluded_people(initiative)
        try:
            step = _step_with_holders(initiative, ladder, seating, excluded)
        except NobodyEligible:
            if resolution is None:
                raise
            step = ladder[-1]
        else:
            if resolution is not None:
                raise Refused(
                    f"There are people who may decide on {initiative.reference}: propose it for signature.",
                    {"reference": f"“{step.name}” can decide this: a resolution is for where nobody can."},
                )
        in_base = authority.in_base(amount, case.currency)
        content = pack.content_of(
            initiative,
            case,
            gate=gate,
            verb=verb,
            amount=amount,
            first_tranche=first_tranche,
            step=step,
            tested_amount=tested,
            parts=commitments.charges(initiative, case, amount, in_base),
            items=items,
            conditions=rows,
            more={
                "reason": reason.strip(),
                "reopens": reopening.decision_id if reopening is not None else None,
                "hold_until": hold_until if verb == Verb.HOLD else None,
                "merge_into": merge_into.reference if merge_into is not None and verb == Verb.MERGE else None,
            },
        )
        signing = act.add(
            SigningRound,
            initiative=initiative,
            gate=gate,
            case=case,
            verb=verb,
            amount=amount,
            first_tranche=first_tranche,
            currency=case.currency,
            tested_amount=tested,
            step=step,
            conditions=chain.plain(rows),
            reason=reason.strip(),
            content=content,
            content_hash=pack.hash_of(content),
            opened_by=actor,
            due_on=_due_on(initiative, gate),
        )
        act.note(signing=signing.pk, verb=verb, amount=amount, content_hash=signing.content_hash)
        if resolution is not None:
            act.add(
                BoardResolution,
                signing=signing,
                reference=resolution.reference,
                text=resolution.text,
                attachment=resolution.attachment,
                recorded_by=actor,
            )
            act.note(resolution=resolution.reference, document=resolution.attachment.sha256)
        tell(
            _who_could_sign(signing, seating, excluded),
            subject=f"{initiative.reference} waits for your signature",
            sentence=f"{signing.get_verb_display()} at {gate} for “{initiative.title}”, "
            f"{grouped(amount)} {case.currency}. Sign by {signing.due_on:%-d %b %Y}.",
            path=signing.get_absolute_url(),
        )
        return signing


def gate_of(initiative: Initiative, reopening: DecisionReopening | None) -> Gate:
    """The gate that is decided on now: the one that was reopened, else the one that the stage leads to.

    Raises InvalidMove in operation, where nothing is reopened.
    """
    if reopening is not None:
        return Gate(reopening.gate)
    gate = GATE_OF_STAGE.get(Stage(initiative.stage))
    if gate is None:
        raise InvalidMove(f"{initiative.reference} is in operation, and its decision is not reopened.")
    return gate


def verbs_at(gate: str, initiative: Initiative) -> frozenset[Verb]:
    """What may be decided there; what operates is not sent back to draft."""
    verbs = VERBS_AT[Gate(gate)]
    return verbs - {Verb.REDESIGN} if initiative.stage == Stage.OPERATING else verbs


def suggestion(initiative: Initiative) -> dict[str, Any]:
    """What the form of a proposed decision starts from: go, by the plan, with the largest first tranche."""
    case = initiative.current_case
    if case is None:
        return {}
    reopening = drift.reopened(initiative)
    amount = commitments.suggested_amount(initiative) if reopening is None else NOTHING
    most = (
        pack.first_tranche_limit(initiative, case, amount) if initiative.stage == Stage.DECISION else amount
    )
    return {
        "verb": Verb.GO if reopening is not None or initiative.stage != Stage.SCALING else Verb.STOP,
        "amount": amount,
        "first_tranche": most.quantize(money.minor_unit(case.currency), rounding=ROUND_DOWN),
    }


def _condition(row: Mapping[str, Any]) -> dict[str, Any]:
    due = row.get("due")
    return {
        "text": str(row.get("text") or "").strip(),
        "owner_id": row.get("owner_id"),
        "due": date.fromisoformat(due) if isinstance(due, str) and due else due,
    }


def _why_not_propose(
    initiative: Initiative,
    case: BusinessCase,
    gate: str,
    verb: str,
    amount: Decimal,
    first_tranche: Decimal,
    conditions: list[dict[str, Any]],
    reason: str,
    *,
    reopening: DecisionReopening | None,
) -> dict[str, str]:
    errors: dict[str, str] = {}
    if verb not in (possible := verbs_at(gate, initiative)):
        allowed = ", ".join(sorted(Verb(value).label.lower() for value in possible))
        errors["verb"] = f"At {gate} one may decide: {allowed}."
    if not reason.strip():
        errors["reason"] = "Write why."
    if verb in GRANTING:
        errors |= _why_not_track(initiative, reopening)
        errors |= _why_not_amount(
            initiative, case, gate, amount, first_tranche, may_be_nothing=reopening is not None
        )
    elif amount or first_tranche:
        errors["amount"] = "Only a 'go' grants money: leave this at 0."
    if (verb == Verb.GO_WITH_CONDITIONS) != bool(conditions):
        errors["conditions"] = "Name the conditions of a 'go with conditions', and of nothing else."
    owners = User.objects.filter(pk__in=[row["owner_id"] for row in conditions], is_active=True).in_bulk()
    for row in conditions:
        if not row["text"] or row["owner_id"] not in owners or not row["due"]:
            errors["conditions"] = "Each condition needs a text, an owner who is active in Keel, and a date."
        elif row["due"] <= clock.today():
            errors["conditions"] = "A condition is due on a day in the future."
        elif not policy.has_role_for(owners[row["owner_id"]], "condition.report", initiative):
            errors["conditions"] = (
                f"{owners[row['owner_id']]} may not open this initiative: name another owner."
            )
    return errors


def _why_not_track(initiative: Initiative, reopening: DecisionReopening | None) -> dict[str, str]:
    """A track that tier or cost no longer allow is fixed anew at triage, after a redesign.

    What runs on the light track may outgrow its limit: then the authority for the new total decides.
    """
    why = gates.why_not_track(initiative, initiative.track)
    if not why or (reopening is not None and initiative.risk_tier != RiskTier.HIGH):
        return {}
    label = initiative.get_track_display().lower()
    return {"verb": f"It can't go on along the {label} track, since {why}: send it back for redesign."}


def _why_not_amount(
    initiative: Initiative,
    case: BusinessCase,
    gate: str,
    amount: Decimal,
    first_tranche: Decimal,
    *,
    may_be_nothing: bool,
) -> dict[str, str]:
    if may_be_nothing and not amount and not first_tranche:
        # What was reopened can be confirmed without more money.
        return {}
    rest = case.whole_life_cost - commitments.granted(case)
    if not 0 < amount <= rest:
        return {
            "amount": f"Write an amount above 0 and up to {grouped(rest)}: "
            "what it costs and was not granted yet."
        }
    if not money.is_on_minor_unit(amount, case.currency) or not money.is_on_minor_unit(
        first_tranche, case.currency
    ):
        return {"amount": f"{case.currency} has {money.minor_digits(case.currency)} digits after the point."}
    if not 0 < first_tranche <= amount:
        return {"first_tranche": f"Write an amount above 0 and up to {grouped(amount)}."}
    if initiative.track == Track.LIGHT and first_tranche != amount:
        return {"first_tranche": f"The light track is released whole: {grouped(amount)}."}
    if gate == Gate.PILOT and first_tranche > (most := pack.first_tranche_limit(initiative, case, amount)):
        return {"first_tranche": f"At most {grouped(most)} may be the first tranche of this pilot."}
    return {}


def _step_with_holders(
    initiative: Initiative, ladder: list[AuthorityStep], seating: authority.Seating, excluded: set[int]
) -> AuthorityStep:
    """The step that the amount needs, or the next one whose seats all have somebody who may decide."""
    for step in ladder:
        if seating.fills(step, excluded):
            return step
    raise NobodyEligible(
        f"Nobody may decide on {initiative.reference}: on every step that covers it, the holders of a seat "
        "are missing or have a part in it.",
        {"verb": "Name somebody who may decide, or record a resolution of the board."},
    )


def _due_on(initiative: Initiative, gate: str) -> date:
    """At G3 a decision is promised within 30 days of submission, later within 30 days of its proposal."""
    start = initiative.submitted_at if gate == Gate.PILOT else None
    return (start.date() if start is not None else clock.today()) + timedelta(days=DECISION_DAYS)


def _who_could_sign(signing: SigningRound, seating: authority.Seating, excluded: set[int]) -> list[User]:
    """Whose turn it may be: on every seat, or on the first one where they sign in order."""
    seats = list(signing.step.seats.all())
    people = {user for seat in seats[: 1 if signing.step.in_order else None] for user in seating.people(seat)}
    if authority.needs_concurrence(signing):
        people |= set(seating.of_role(Role.RISK_OFFICER))
    return sorted((user for user in people if user.pk not in excluded), key=lambda user: user.pk)


def withdraw_signing(signing: SigningRound, *, reason: str, actor: User) -> SigningRoundEnd:
    """Take an open round back. Raises NotAllowed, InvalidMove when it has ended, Refused without a reason."""
    reason = require_reason(reason)
    with record("signing.withdrawn", actor=actor, about=signing.initiative, reason=reason) as act:
        signing.initiative = lifecycle.lock(signing.initiative)
        may_withdraw_signing(actor, signing).or_deny()
        require_running(signing)
        return end_round(signing, SigningRoundEnd.Kind.WITHDRAWN, reason, act=act)
