"""Deciding and releasing: signing rounds, decisions and their money, tranches, envelopes, stopping."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.errors import Changed, InvalidMove, Refused
from accounts.models import Role, Unit, User
from governance import authority, balances, commitments, gates, pack
from governance.gates import GRANTING, accept_operation, call_in, retire, set_outcome, supply_evidence
from governance.messages import tell
from governance.models import (
    AuthorityStep,
    Commitment,
    Condition,
    Decision,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    EnvelopeConfirmation,
    Gate,
    GatePassage,
    ReleaseLine,
    Signature,
    SigningRound,
    SigningRoundEnd,
    StopRule,
    Tranche,
    TrancheRelease,
    TrancheRequest,
    Verb,
)
from governance.permissions import (
    excluded_because,
    may_confirm_envelope,
    may_open_signing,
    may_propose_envelope,
    may_release,
    may_request_tranche,
    may_sign,
    may_stop,
    may_withdraw,
    may_withdraw_signing,
    signing_place,
)
from ledger import chain, clock
from ledger.services import Act, last_seq, record
from portfolio import lifecycle, money
from portfolio.models import (
    Baseline,
    BusinessCase,
    ClosedKind,
    Hold,
    Initiative,
    Link,
    OutcomeClass,
    Stage,
    StageChange,
    Track,
)
from portfolio.selectors import fiscal_year_months, fiscal_year_of, rate
from scoring.models import ReturnPosition
from scoring.positions import compute_returns

__all__ = [
    "accept_operation",
    "call_in",
    "confirm_envelope_change",
    "open_signing",
    "propose_envelope_change",
    "release_tranche",
    "request_tranche",
    "retire",
    "set_outcome",
    "sign",
    "stop",
    "supply_evidence",
    "withdraw",
    "withdraw_signing",
]
DECISION_DAYS = 30
HOLD_DAYS = 90
# When the next tranche is looked at, if its fiscal year lasts that long.
TRANCHE_DAYS = 90
# How many conditions the form of a proposed decision offers.
CONDITION_ROWS = 3
PILOT_DAYS = 183
NOTHING = Decimal(0)
# At which gate a stage is decided on, and what may be decided there.
GATE_OF_STAGE = {Stage.DECISION: Gate.PILOT, Stage.PILOT: Gate.SCALE, Stage.SCALING: Gate.OPERATE}
VERBS_AT = {
    Gate.PILOT: frozenset(Verb),
    Gate.SCALE: frozenset(Verb),
    # Going on from here is G5, which the benefit owner and the risk officer pass.
    Gate.OPERATE: frozenset({Verb.HOLD, Verb.REDESIGN, Verb.MERGE, Verb.STOP}),
}


# Proposing a decision ------------------------------------------------------------------------


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
    reason = _reason(reason)
    with record("signing.withdrawn", actor=actor, about=signing.initiative, reason=reason) as act:
        signing.initiative = lifecycle.lock(signing.initiative)
        may_withdraw_signing(actor, signing).or_deny()
        _require_running(signing)
        return _end(signing, SigningRoundEnd.Kind.WITHDRAWN, reason, act=act)


def _require_running(signing: SigningRound) -> None:
    ending = SigningRoundEnd.objects.filter(signing=signing).first()
    if ending is not None:
        raise InvalidMove(f"This signing round has ended: {ending.get_kind_display().lower()}.")


def _end(signing: SigningRound, kind: str, reason: str, *, act: Act) -> SigningRoundEnd:
    act.note(signing=signing.pk, ended=kind)
    return act.add(SigningRoundEnd, signing=signing, kind=kind, reason=reason)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused("Give a reason.", {"reason": "Write why."})
    return reason.strip()


# Signing -------------------------------------------------------------------------------------


def sign(signing: SigningRound, *, vote: str, reason: str, seen_hash: str, actor: User) -> Signature:
    """Record one signature; the last valid one makes the decision and the commitment.

    One vote against closes the round as refused. Raises NotAllowed, Changed with what differs from what was
    seen, InvalidMove, Refused without a reason, or EnvelopeExceeded.
    """
    with record("decision.signed", actor=actor, about=signing.initiative, reason=reason) as act:
        locked = balances.lock(_envelopes_for(signing))
        initiative = lifecycle.lock(signing.initiative)
        signing = SigningRound.objects.select_related("case", "step").get(pk=signing.pk)
        signing.initiative = initiative
        if actor.signatures.filter(signing=signing).exists():
            raise InvalidMove("You signed this already.")
        _require_seen(signing, seen_hash)
        may_sign(actor, signing).or_deny()
        _require_running(signing)
        if changes := pack.changes_since(signing, initiative):
            raise Changed("What is decided on changed after this round was opened.", changes=changes)
        if vote not in Signature.Vote.values:
            raise Refused("Vote for or against.", {"vote": "Choose for or against."})
        reason = _reason(reason)
        place = signing_place(actor, signing)
        if place is None:
            raise InvalidMove("No seat of this round is free for you any more.")
        signature = act.add(
            Signature,
            signing=signing,
            seat=place.seat,
            by=actor,
            role=place.role,
            vote=vote,
            reason=reason,
            seen_hash=seen_hash,
        )
        act.note(signing=signing.pk, vote=vote, role=place.role, content_hash=signing.content_hash)
        if vote == Signature.Vote.AGAINST:
            _end(signing, SigningRoundEnd.Kind.REFUSED, reason, act=act)
            _tell_the_unit(initiative, "was refused", f"{actor} voted against: {reason}")
        elif not authority.open_places(signing, authority.votes_for(signing)):
            _decide(signing, locked, act=act, actor=actor)
        return signature


def _require_seen(signing: SigningRound, seen_hash: str) -> None:
    """Raise Changed unless the round still stands as it was seen."""
    withdrawn = SigningRoundEnd.objects.filter(signing=signing, kind=SigningRoundEnd.Kind.WITHDRAWN)
    if seen_hash == signing.content_hash and not withdrawn.exists():
        return
    rounds = SigningRound.objects.filter(initiative=signing.initiative_id).order_by("-id")
    seen, newest = rounds.filter(content_hash=seen_hash).first(), rounds.first()
    changes = pack.changes_between(seen.content if seen else {}, newest.content if newest else {})
    if newest is not None and newest.pk == signing.pk:
        changes = changes or pack.changes_since(signing, signing.initiative)
    raise Changed("The case or the proposed decision changed since you opened it.", changes=changes)


def _envelopes_for(signing: SigningRound) -> list[Envelope]:
    """The envelopes that the decision may touch: a 'go' charges them, a 'stop' frees them."""
    if signing.verb not in GRANTING:
        return commitments.envelopes_of(signing.initiative)
    parts = _charges(signing)
    return commitments.envelopes_upward(signing.initiative.unit, [part.fiscal_year for part in parts])


def _charges(signing: SigningRound) -> list[commitments.Charge]:
    in_base = authority.in_base(signing.amount, signing.currency)
    return commitments.charges(signing.initiative, signing.case, signing.amount, in_base)


def _decide(signing: SigningRound, locked: dict[int, EnvelopeBalance], *, act: Act, actor: User) -> Decision:
    """All that a decision is, in the transaction of its last signature."""
    initiative, case = signing.initiative, signing.case
    if signing.verb in GRANTING and (hold := lifecycle.holding(initiative)):
        raise InvalidMove(f"{initiative.reference} is on hold until {hold.until:%-d %b %Y}: {hold.reason}")
    parts = _charges(signing)
    if not commitments.has_envelope(initiative.unit, parts):
        raise InvalidMove(f"{initiative.unit} has no envelope this fiscal year any more.")
    decision = act.add(
        Decision,
        signing=signing,
        initiative=initiative,
        gate=signing.gate,
        verb=signing.verb,
        case=case,
        amount=signing.amount,
        currency=signing.currency,
        amount_in_base=sum((part.amount for part in parts), NOTHING),
        rate_of_record=str(rate(signing.currency, fiscal_year_of(clock.today()))),
        reason=signing.reason,
        content_hash=signing.content_hash,
    )
    _end(signing, SigningRoundEnd.Kind.DECIDED, "", act=act)
    act.note(decision=decision.pk, verb=signing.verb, amount=signing.amount, currency=signing.currency)
    for row in signing.conditions:
        act.add(
            Condition,
            decision=decision,
            text=row["text"],
            owner_id=row["owner_id"],
            due_on=date.fromisoformat(row["due"]),
        )
    if signing.verb in GRANTING:
        written = commitments.commit(decision, parts, locked, act=act)
        _write_tranches(decision, signing, written, act=act)
        if signing.gate == Gate.PILOT:
            _write_baseline(decision, case, act=act)
    else:
        _follow(signing, locked, act=act)
    if initiative.is_open:
        items = signing.content["items"]
        act.add(
            GatePassage,
            initiative=initiative,
            gate=signing.gate,
            verb=signing.verb,
            case=case,
            by=actor,
            gate_version=signing.content["gate_version"],
            items=items,
            reason=signing.reason,
        )
        if stage := gates.stage_after(signing.gate, signing.verb, initiative.track):
            lifecycle.move(initiative, stage, act=act, reason=signing.reason)
    act.marks("return", [initiative.pk])
    _tell_the_unit(
        initiative,
        f"is decided: {signing.get_verb_display().lower()}",
        f"“{initiative.title}” at {signing.gate}: {signing.reason}",
    )
    if signing.verb in GRANTING:
        tell(
            authority.holders(Role.FINANCE, initiative.unit),
            subject=f"{initiative.reference}: its first tranche can be released",
            sentence=f"{signing.first_tranche:,.2f} {signing.currency} of {signing.amount:,.2f} were decided "
            f"as the first tranche of “{initiative.title}”.",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
    return decision


def _follow(signing: SigningRound, locked: dict[int, EnvelopeBalance], *, act: Act) -> None:
    """What a decision other than 'go' does to the initiative and its money."""
    initiative = signing.initiative
    match signing.verb:
        case Verb.HOLD:
            until = date.fromisoformat(signing.content["hold_until"])
            act.add(Hold, initiative=initiative, reason=signing.reason, until=until)
            initiative.on_hold = True
            initiative.save(update_fields=["on_hold"])
        case Verb.REDESIGN:
            commitments.free(initiative, locked, act=act)
        case Verb.MERGE:
            other = Initiative.objects.get(reference=signing.content["merge_into"])
            commitments.free(initiative, locked, act=act)
            act.add(
                Link,
                initiative=initiative,
                other=other,
                kind=Link.Kind.JOINED_WITH,
                explanation=signing.reason,
            )
            lifecycle.close(initiative, ClosedKind.MERGED, act=act, reason=signing.reason)
        case Verb.STOP:
            _close_for_good(initiative, locked, signing.reason, act=act)


def _write_baseline(decision: Decision, case: BusinessCase, *, act: Act) -> None:
    """The plan that outcomes are held against, its base month, and the stop rules that were signed."""
    initiative = decision.initiative
    base_month = case.start_month or clock.today().replace(day=1)
    act.add(Baseline, initiative=initiative, case=case, base_month=base_month)
    for text in case.content.get("stop_rules") or []:
        act.add(StopRule, decision=decision, initiative=initiative, text=text)


def _write_tranches(
    decision: Decision, signing: SigningRound, written: list[Commitment], *, act: Act
) -> None:
    """The first tranche now and the rest as it is earned, each inside one fiscal year of the commitment.

    So that a tranche never waits for the appropriation of another year than its own.
    """
    weights = [signing.first_tranche, signing.amount - signing.first_tranche]
    left = money.split(decision.amount_in_base, weights, settings.BASE_CURRENCY)[0]
    is_pilot = signing.gate == Gate.PILOT
    earned_by = "What the pilot shows so far" if is_pilot else "Benefits and milestones to date"
    today = clock.today()
    at_once: list[tuple[Decimal, date, str]] = []
    later: list[tuple[Decimal, date, str]] = []
    for commitment in written:
        first_month, last_month = fiscal_year_months(commitment.fiscal_year)
        now = min(left, commitment.amount)
        left -= now
        if now:
            at_once.append((now, max(first_month, today), ""))
        if commitment.amount - now:
            due_on = max(first_month, today, min(today + timedelta(days=TRANCHE_DAYS), last_month))
            later.append((commitment.amount - now, due_on, earned_by))
    for number, (amount, due_on, evidence) in enumerate([*at_once, *later], start=1):
        act.add(
            Tranche,
            decision=decision,
            initiative=decision.initiative,
            number=number,
            amount=amount,
            due_on=due_on,
            earned_by=evidence,
        )


def _tell_the_unit(initiative: Initiative, what: str, sentence: str) -> None:
    people = [initiative.submitter, initiative.owner, initiative.sponsor]
    leads = authority.holders(Role.UNIT_LEAD, initiative.unit)
    path = f"{initiative.get_absolute_url()}?tab=decisions"
    tell([*people, *leads], subject=f"{initiative.reference} {what}", sentence=sentence, path=path)


# Stopping ------------------------------------------------------------------------------------


def withdraw(initiative: Initiative, *, reason: str, actor: User) -> None:
    """The unit takes it back before G3; an open signing round ends with it."""
    reason = _reason(reason)
    with record("initiative.withdrawn", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_withdraw(actor, initiative).or_deny()
        _end_open_rounds(initiative, reason, act=act)
        lifecycle.close(initiative, ClosedKind.WITHDRAWN, act=act, reason=reason)


def stop(initiative: Initiative, *, reason: str, actor: User) -> None:
    """The CEO stops a running initiative: what is committed and not released is freed."""
    reason = _reason(reason)
    with record("initiative.stopped", actor=actor, about=initiative, reason=reason) as act:
        locked = balances.lock(commitments.envelopes_of(initiative))
        initiative = lifecycle.lock(initiative)
        may_stop(actor, initiative).or_deny()
        _end_open_rounds(initiative, reason, act=act)
        _close_for_good(initiative, locked, reason, act=act)
        _tell_the_unit(initiative, "is stopped", f"{actor}: {reason}")


def _end_open_rounds(initiative: Initiative, reason: str, *, act: Act) -> None:
    for signing in SigningRound.objects.unended().filter(initiative=initiative):
        _end(signing, SigningRoundEnd.Kind.WITHDRAWN, reason, act=act)


def _close_for_good(
    initiative: Initiative, locked: dict[int, EnvelopeBalance], reason: str, *, act: Act
) -> None:
    """Close as rejected when it was never funded, else as stopped, with its outcome and the money freed."""
    if not Decision.objects.filter(initiative=initiative, verb__in=GRANTING).exists():
        lifecycle.close(initiative, ClosedKind.REJECTED, act=act, reason=reason)
        return
    outcome = outcome_of_stopping(initiative)
    commitments.free(initiative, locked, act=act)
    lifecycle.close(initiative, ClosedKind.STOPPED, act=act, reason=reason)
    gates.write_outcome(initiative, outcome, reason, act=act)


def outcome_of_stopping(initiative: Initiative) -> str:
    """What stopping it now means for its outcome, by the facts up to now.

    Within the pilot's clock and first tranche it is 'stopped early', a good outcome; later, with a negative
    return, it failed; else it is what it was on course to.
    """
    started = StageChange.objects.filter(initiative=initiative, to_stage=Stage.PILOT).order_by("id").last()
    later = TrancheRelease.objects.filter(tranche__initiative=initiative).exclude(tranche__earned_by="")
    in_clock = started is not None and clock.now() - started.transaction.at <= timedelta(days=PILOT_DAYS)
    if initiative.stage == Stage.PILOT and in_clock and not later.exists():
        return OutcomeClass.STOPPED_EARLY
    computed = compute_returns([initiative.pk], seq=last_seq(), on=clock.today())
    to_date = {name: int(computed.columns[name].sum()) for name in ("attested_benefit", "actual_cost")}
    if to_date["attested_benefit"] < to_date["actual_cost"]:
        return OutcomeClass.FAILED
    position = ReturnPosition.objects.filter(initiative=initiative).first()
    return (position.on_course_to if position is not None else "") or OutcomeClass.TOO_EARLY


# Tranches ------------------------------------------------------------------------------------


def request_tranche(tranche: Tranche, *, evidence: str, actor: User) -> TrancheRequest:
    """The unit asks for a tranche with what earned it."""
    if not evidence.strip():
        raise Refused(
            "Say what earned it.", {"evidence": "Write what was reached, and where it can be seen."}
        )
    with record("tranche.requested", actor=actor, about=tranche.initiative, reason=evidence) as act:
        tranche.initiative = lifecycle.lock(tranche.initiative)
        may_request_tranche(actor, tranche).or_deny()
        if TrancheRelease.objects.filter(tranche=tranche).exists():
            raise InvalidMove("This tranche is released already.")
        request = act.add(TrancheRequest, tranche=tranche, evidence=evidence.strip(), by=actor)
        act.note(tranche=tranche.pk, amount=tranche.amount)
        initiative = tranche.initiative
        tell(
            authority.holders(Role.FINANCE, initiative.unit),
            subject=f"{initiative.reference} asks for tranche {tranche.number}",
            sentence=f"{actor}: {evidence.strip()}",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
        return request


def release_tranche(tranche: Tranche, *, reason: str = "", actor: User) -> TrancheRelease:
    """Release a tranche, in order, against the commitments of its decision, the earliest fiscal year first.

    Raises NotAllowed, InvalidMove on hold or out of order, EnvelopeExceeded when less is committed.
    """
    with record("tranche.released", actor=actor, about=tranche.initiative, reason=reason) as act:
        locked = balances.lock(commitments.envelopes_of(tranche.initiative))
        initiative = tranche.initiative = lifecycle.lock(tranche.initiative)
        may_release(actor, tranche).or_deny()
        if hold := lifecycle.holding(initiative):
            raise InvalidMove(
                f"{initiative.reference} is on hold until {hold.until:%-d %b %Y}: {hold.reason}"
            )
        if TrancheRelease.objects.filter(tranche=tranche).exists():
            raise InvalidMove("This tranche is released already.")
        earlier = Tranche.objects.filter(
            decision=tranche.decision_id, number__lt=tranche.number, release=None
        )
        if earlier.exists():
            raise InvalidMove("An earlier tranche is not released yet.")
        lines = commitments.allocate(initiative, tranche.decision, tranche.amount)
        release = act.add(TrancheRelease, tranche=tranche, by=actor, reason=reason.strip())
        for envelope, amount in lines:
            balances.release(locked[envelope], amount)
            act.add(ReleaseLine, release=release, envelope_id=envelope, amount=amount)
        act.note(tranche=tranche.pk, number=tranche.number, amount=tranche.amount)
        act.marks("return", [initiative.pk])
        tell(
            [initiative.owner, initiative.submitter],
            subject=f"Tranche {tranche.number} of {initiative.reference} is released",
            sentence=f"{actor} released {tranche.amount:,.2f} {settings.BASE_CURRENCY} "
            f"for “{initiative.title}”.",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
        return release


# Envelopes -----------------------------------------------------------------------------------


def propose_envelope_change(
    unit: Unit, fiscal_year: int, *, kind: str, amount: Decimal, reason: str, actor: User
) -> EnvelopeChange:
    """Finance proposes what is appropriated; it counts once a second person confirms it."""
    errors = {}
    if kind not in EnvelopeChange.Kind.values:
        errors["kind"] = "Choose appropriation, supplement or reduction."
    if amount <= 0 or not money.is_on_minor_unit(amount, settings.BASE_CURRENCY):
        errors["amount"] = f"Write an amount above 0 in {settings.BASE_CURRENCY}."
    if not 2000 <= fiscal_year <= 2100:
        errors["fiscal_year"] = "Choose a fiscal year such as 2026."
    if not reason.strip():
        errors["reason"] = "Write why."
    if errors:
        raise Refused("This change can't be proposed so.", errors)
    with record("envelope.proposed", actor=actor, reason=reason) as act:
        may_propose_envelope(actor, unit).or_deny()
        envelope, _ = Envelope.objects.get_or_create(
            unit=unit, fiscal_year=fiscal_year, defaults={"currency": settings.BASE_CURRENCY}
        )
        EnvelopeBalance.objects.get_or_create(envelope=envelope)
        act.about(envelope)
        act.note(kind=kind, amount=amount)
        change = act.add(
            EnvelopeChange,
            envelope=envelope,
            kind=kind,
            amount=amount,
            reason=reason.strip(),
            proposed_by=actor,
        )
        tell(
            [user for user in authority.holders(Role.CFO, unit) if user != actor],
            subject=f"{envelope}: a change waits for your confirmation",
            sentence=f"{actor} proposes: {change.get_kind_display().lower()} of {amount:,.2f} "
            f"{envelope.currency}.",
            path=reverse("envelope-list"),
        )
        return change


def confirm_envelope_change(change: EnvelopeChange, *, actor: User) -> EnvelopeConfirmation:
    """The second person's yes: the change counts, and forward commitments move in until it is full.

    Raises NotAllowed, or InvalidMove when it was confirmed already or would fall below what is committed.
    """
    with record("envelope.confirmed", actor=actor, about=change.envelope) as act:
        balance = balances.lock([change.envelope])[change.envelope_id]
        may_confirm_envelope(actor, change).or_deny()
        if EnvelopeConfirmation.objects.filter(change=change).exists():
            raise InvalidMove("This change is confirmed already.")
        confirmation = act.add(EnvelopeConfirmation, change=change, by=actor)
        is_reduction = change.kind == EnvelopeChange.Kind.REDUCTION
        balances.appropriate(balance, -change.amount if is_reduction else change.amount)
        taken = commitments.take_up(change.envelope, balance, act=act)
        act.note(kind=change.kind, amount=change.amount, taken_up=taken)
        return confirmation
