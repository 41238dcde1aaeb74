"""Proposing a decision: the frozen pack that people sign, and taking it back."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from assurance.selectors import why_stopped
from governance import authority, commitments, gates, pack
from governance.gates import GRANTING
from governance.messages import tell
from governance.models import AuthorityStep, Gate, SigningRound, SigningRoundEnd, Verb
from governance.permissions import excluded_because, may_open_signing, may_withdraw_signing
from governance.services.common import NOTHING, end_round, require_reason, require_running
from ledger import chain, clock
from ledger.services import record
from portfolio import lifecycle, money
from portfolio.models import BusinessCase, Initiative, Stage, Track

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
        gate = GATE_OF_STAGE[Stage(initiative.stage)]
        if verb in GRANTING and (stopped := why_stopped(initiative)):
            raise InvalidMove(stopped)
        if verb in GRANTING and (hold := lifecycle.holding(initiative)):
            raise InvalidMove(
                f"{initiative.reference} is on hold until {hold.until:%-d %b %Y}: {hold.reason}"
            )
        rows = [_condition(row) for row in conditions]
        errors = _why_not_propose(initiative, case, gate, verb, amount, first_tranche, rows, reason)
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
        tested = authority.tested_amount(initiative, case)
        step = _step_with_holders(initiative, tested, verb)
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
        tell(
            _who_could_sign(signing),
            subject=f"{initiative.reference} waits for your signature",
            sentence=f"{signing.get_verb_display()} at {gate} for “{initiative.title}”, "
            f"{amount:,.2f} {case.currency}. Sign by {signing.due_on:%-d %b %Y}.",
            path=signing.get_absolute_url(),
        )
        return signing


def suggestion(initiative: Initiative) -> dict[str, Any]:
    """What the form of a proposed decision starts from: go, by the plan, with the largest first tranche."""
    case = initiative.current_case
    if case is None:
        return {}
    amount = commitments.suggested_amount(initiative)
    most = (
        pack.first_tranche_limit(initiative, case, amount) if initiative.stage == Stage.DECISION else amount
    )
    return {
        "verb": Verb.GO if initiative.stage != Stage.SCALING else Verb.STOP,
        "amount": f"{amount:.2f}",
        "first_tranche": f"{most.quantize(money.minor_unit(case.currency), rounding=ROUND_DOWN):.2f}",
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
) -> dict[str, str]:
    errors: dict[str, str] = {}
    if verb not in VERBS_AT[Gate(gate)]:
        allowed = ", ".join(sorted(Verb(value).label.lower() for value in VERBS_AT[Gate(gate)]))
        errors["verb"] = f"At {gate} one may decide: {allowed}."
    if not reason.strip():
        errors["reason"] = "Write why."
    if verb in GRANTING:
        errors |= _why_not_amount(initiative, case, gate, amount, first_tranche)
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
    return errors


def _why_not_amount(
    initiative: Initiative, case: BusinessCase, gate: str, amount: Decimal, first_tranche: Decimal
) -> dict[str, str]:
    rest = case.whole_life_cost - commitments.granted(case)
    if not 0 < amount <= rest:
        return {
            "amount": f"Write an amount above 0 and up to {rest:,.2f}: what it costs and was not granted yet."
        }
    if not money.is_on_minor_unit(amount, case.currency) or not money.is_on_minor_unit(
        first_tranche, case.currency
    ):
        return {"amount": f"{case.currency} has {money.minor_digits(case.currency)} digits after the point."}
    if not 0 < first_tranche <= amount:
        return {"first_tranche": f"Write an amount above 0 and up to {amount:,.2f}."}
    if initiative.track == Track.LIGHT and first_tranche != amount:
        return {"first_tranche": f"The light track is released whole: {amount:,.2f}."}
    if gate == Gate.PILOT and first_tranche > (most := pack.first_tranche_limit(initiative, case, amount)):
        return {"first_tranche": f"At most {most:,.2f} may be the first tranche of this pilot."}
    return {}


def _step_with_holders(initiative: Initiative, tested: Decimal, verb: str) -> AuthorityStep:
    """The step that the amount needs, or the next one whose seats all have somebody who may decide."""
    for step in authority.steps_from(authority.step_for(tested, initiative.risk_tier)):
        people = {user for seat in step.seats.all() for user in authority.holders(seat.role, initiative.unit)}
        excluded = {user.pk for user in people if excluded_because(user, initiative)}
        if authority.is_filled(step, excluded, initiative.unit):
            return step
    raise Refused(
        f"Nobody may decide on {initiative.reference}: on every step that covers it, the holders of a seat "
        "are missing or have a part in it.",
        {"verb": "The board has to name somebody who may decide."},
    )


def _due_on(initiative: Initiative, gate: str) -> date:
    """At G3 a decision is promised within 30 days of submission, later within 30 days of its proposal."""
    start = initiative.submitted_at if gate == Gate.PILOT else None
    return (start.date() if start is not None else clock.today()) + timedelta(days=DECISION_DAYS)


def _who_could_sign(signing: SigningRound) -> list[User]:
    roles = {seat.role for seat in signing.step.seats.all()}
    if authority.needs_concurrence(signing):
        roles.add(Role.RISK_OFFICER)
    people = {user for role in roles for user in authority.holders(role, signing.initiative.unit)}
    return [user for user in people if not excluded_because(user, signing.initiative)]


def withdraw_signing(signing: SigningRound, *, reason: str, actor: User) -> SigningRoundEnd:
    """Take an open round back. Raises NotAllowed, InvalidMove when it has ended, Refused without a reason."""
    reason = require_reason(reason)
    with record("signing.withdrawn", actor=actor, about=signing.initiative, reason=reason) as act:
        signing.initiative = lifecycle.lock(signing.initiative)
        may_withdraw_signing(actor, signing).or_deny()
        require_running(signing)
        return end_round(signing, SigningRoundEnd.Kind.WITHDRAWN, reason, act=act)
