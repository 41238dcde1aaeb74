"""Signing: the last valid signature makes the decision, and all that follows from it."""

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Prefetch

from accounts import segregation
from accounts.errors import Changed, InvalidMove, Refused
from accounts.models import Role, User
from assurance.selectors import why_stopped
from governance import authority, balances, commitments, gates, pack
from governance.gates import GRANTING
from governance.messages import tell
from governance.models import (
    Commitment,
    Condition,
    Decision,
    Envelope,
    EnvelopeBalance,
    Gate,
    GatePassage,
    Seat,
    Signature,
    SigningRound,
    SigningRoundEnd,
    StopRule,
    Tranche,
    Verb,
)
from governance.permissions import excluded_because, may_sign, signing_seat
from governance.services.common import NOTHING, end_round, require_reason, require_running, tell_the_unit
from governance.services.conditions import write_condition
from governance.services.stopping import close_for_good
from ledger import clock
from ledger.services import Act, record
from portfolio import lifecycle, money
from portfolio.models import Baseline, BusinessCase, ClosedKind, Hold, Initiative, Link
from portfolio.selectors import fiscal_year_months, fiscal_year_of, rate
from portfolio.wording import grouped

# When the next tranche is looked at, if its fiscal year lasts that long.
TRANCHE_DAYS = 90


def sign(signing: SigningRound, *, vote: str, reason: str, seen_hash: str, actor: User) -> Signature:
    """Record one signature; the last valid one makes the decision and the commitment.

    One vote against closes the round as refused. Raises NotAllowed, Changed with what differs from what was
    seen, InvalidMove, Refused without a reason, or EnvelopeExceeded.
    """
    with record("decision.signed", actor=actor, about=signing.initiative, reason=reason) as act:
        locked = balances.lock(envelopes_for(signing))
        initiative = lifecycle.lock(signing.initiative)
        signing = _as_it_stands(signing)
        signing.initiative = initiative
        votes, steps = list(signing.signatures.all()), authority.steps_of(signing.step.version)
        if any(cast.by_id == actor.pk for cast in votes):
            raise InvalidMove("You signed this already.")
        _require_seen(signing, seen_hash)
        # The same step with its seats, which were read with those of the others.
        signing.step = next(step for step in steps if step.pk == signing.step_id)
        seat = place, principal = signing_seat(actor, signing, votes=votes, steps=steps)
        verdict = may_sign(actor, signing, vote, seat=seat)
        verdict.or_deny()
        require_running(signing)
        if changes := pack.changes_since(signing, initiative, steps=steps):
            raise Changed("What is decided on changed after this round was opened.", changes=changes)
        if vote not in Signature.Vote.values:
            raise Refused(
                "Vote for or against.", {"vote": "Choose for or against; a body's member may abstain."}
            )
        reason = require_reason(reason)
        segregation.mark(act, verdict, reason=reason, by=actor)
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
            on_behalf_of=principal,
            is_conflicted=place.is_of_a_body and excluded_because(actor, initiative) is not None,
        )
        act.on_behalf_of_id = principal.pk if principal is not None else None
        act.note(signing=signing.pk, vote=vote, role=place.role, content_hash=signing.content_hash)
        votes.append(signature)
        if refusal := _why_refused(signature, votes):
            end_round(signing, SigningRoundEnd.Kind.REFUSED, refusal, act=act)
            tell_the_unit(initiative, "was refused", refusal)
        elif not (missing := authority.open_places(signing, votes)):
            decide(signing, locked, act=act, actor=actor)
        elif signing.step.in_order and not place.is_of_a_body and missing[0].seat is not None:
            _tell_the_next(signing, missing[0].seat)
        return signature


def _as_it_stands(signing: SigningRound) -> SigningRound:
    """The round with its case, its end and its votes; to be read under the lock of its initiative."""
    rounds = SigningRound.objects.select_related("case", "step__version", "ending")
    return rounds.prefetch_related(Prefetch("signatures", authority.VOTES)).get(pk=signing.pk)


def _why_refused(signature: Signature, votes: list[Signature]) -> str:
    """Why this vote closes the round: one person's no, or the no of a body whose quorum has voted."""
    seat = signature.seat
    if seat is None or seat.body is None:
        is_against = signature.vote == Signature.Vote.AGAINST
        return f"{signature.by} voted against: {signature.reason}" if is_against else ""
    count = authority.tally(seat, votes)
    if not count.decided(seat.body.quorum) or count.carries:
        return ""
    said = "; ".join(f"{vote.by}: {vote.reason}" for vote in votes if vote.vote == Signature.Vote.AGAINST)
    words = f"{seat.body} voted {count.votes_for} for and {count.votes_against} against"
    return f"{words}{f', {count.abstained} abstained' if count.abstained else ''}. {said}".strip()


def _tell_the_next(signing: SigningRound, seat: Seat) -> None:
    """Where a step is signed in order: it is the turn of the next seat."""
    tell(
        authority.Seating(signing.initiative.unit).people(seat),
        subject=f"{signing.initiative.reference} waits for your signature",
        sentence=f"It is your turn to sign “{signing.initiative.title}”, by {signing.due_on:%-d %b %Y}.",
        path=signing.get_absolute_url(),
    )


def _require_seen(signing: SigningRound, seen_hash: str) -> None:
    """Raise Changed unless the round still stands as it was seen."""
    ending = getattr(signing, "ending", None)
    is_withdrawn = ending is not None and ending.kind == SigningRoundEnd.Kind.WITHDRAWN
    if seen_hash == signing.content_hash and not is_withdrawn:
        return
    rounds = SigningRound.objects.filter(initiative=signing.initiative_id).order_by("-id")
    seen, newest = rounds.filter(content_hash=seen_hash).first(), rounds.first()
    changes = pack.changes_between(seen.content if seen else {}, newest.content if newest else {})
    if newest is not None and newest.pk == signing.pk:
        changes = changes or pack.changes_since(signing, signing.initiative)
    raise Changed("The case or the proposed decision changed since you opened it.", changes=changes)


def envelopes_for(signing: SigningRound) -> list[Envelope]:
    """The envelopes that the decision may touch: a 'go' charges them, a 'stop' frees them."""
    if signing.verb not in GRANTING:
        return commitments.envelopes_of(signing.initiative)
    return commitments.envelopes_for(signing.initiative)


def _charges(signing: SigningRound) -> list[commitments.Charge]:
    in_base = authority.in_base(signing.amount, signing.currency)
    return commitments.charges(signing.initiative, signing.case, signing.amount, in_base)


def decide(signing: SigningRound, locked: dict[int, EnvelopeBalance], *, act: Act, actor: User) -> Decision:
    """All that a decision is, in the transaction of its last signature."""
    initiative, case = signing.initiative, signing.case
    if signing.verb in GRANTING and (hold := lifecycle.holding(initiative)):
        raise InvalidMove(f"{initiative.reference} is on hold until {hold.until:%-d %b %Y}: {hold.reason}")
    if signing.verb in GRANTING and (stopped := why_stopped(initiative)):
        raise InvalidMove(stopped)
    parts = _charges(signing)
    if not commitments.has_envelope(parts):
        raise InvalidMove(f"{commitments.in_want(parts)} has no envelope this fiscal year any more.")
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
    end_round(signing, SigningRoundEnd.Kind.DECIDED, "", act=act)
    act.note(decision=decision.pk, verb=signing.verb, amount=signing.amount, currency=signing.currency)
    for row in signing.conditions:
        condition = act.add(
            Condition,
            decision=decision,
            text=row["text"],
            owner_id=row["owner_id"],
            due_on=date.fromisoformat(row["due"]),
        )
        write_condition(condition, act=act)
    if signing.verb in GRANTING:
        written = commitments.commit(decision, parts, locked, act=act)
        if written:
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
        stage = gates.stage_after(signing.gate, signing.verb, initiative.track)
        # A decision that was reopened and confirmed leaves it where it is.
        if stage and not (signing.content.get("reopens") and signing.verb in GRANTING):
            lifecycle.move(initiative, stage, act=act, reason=signing.reason)
    act.marks("return", [initiative.pk])
    tell_the_unit(
        initiative,
        f"is decided: {signing.get_verb_display().lower()}",
        f"“{initiative.title}” at {signing.gate}: {signing.reason}",
    )
    _inform(signing)
    if signing.verb in GRANTING and signing.amount:
        tell(
            authority.holders(Role.FINANCE, initiative.unit),
            subject=f"{initiative.reference}: its first tranche can be released",
            sentence=f"{grouped(signing.first_tranche)} {signing.currency} of {grouped(signing.amount)} were "
            f"decided as the first tranche of “{initiative.title}”.",
            path=f"{initiative.get_absolute_url()}?tab=money",
        )
    return decision


def _inform(signing: SigningRound) -> None:
    """Tell the body that the authority names of a decision over the amount that it names."""
    version = signing.step.version
    if version.informed is None or version.informed_over is None:
        return
    base = settings.BASE_CURRENCY
    if signing.tested_amount > authority.converted(version.informed_over, version.informed_currency, base):
        initiative = signing.initiative
        tell(
            authority.Seating(initiative.unit).members(version.informed),
            subject=f"{initiative.reference}: {signing.get_verb_display().lower()}, for your information",
            sentence=f"“{initiative.title}” was decided at {signing.gate}; its tested amount is "
            f"{grouped(signing.tested_amount)} {base}.",
            path=signing.get_absolute_url(),
        )


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
            close_for_good(initiative, locked, signing.reason, act=act)


def _write_baseline(decision: Decision, case: BusinessCase, *, act: Act) -> None:
    """The plan that outcomes are held against, its base month, and the stop rules that were signed."""
    initiative = decision.initiative
    base_month = case.start_month or clock.today().replace(day=1)
    act.add(Baseline, initiative=initiative, case=case, base_month=base_month)
    for rule in case.content.get("stop_when") or []:
        act.add(
            StopRule,
            decision=decision,
            initiative=initiative,
            kind=rule["kind"],
            parameters=rule,
            text=rule["text"],
        )
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
    by_year: dict[int, Decimal] = {}
    for commitment in written:
        # Units that share a year release it together.
        of_year = by_year.get(commitment.fiscal_year, NOTHING)
        by_year[commitment.fiscal_year] = of_year + commitment.amount
    for year, amount in by_year.items():
        first_month, last_month = fiscal_year_months(year)
        now = min(left, amount)
        left -= now
        if now:
            at_once.append((now, max(first_month, today), ""))
        if amount - now:
            due_on = max(first_month, today, min(today + timedelta(days=TRANCHE_DAYS), last_month))
            later.append((amount - now, due_on, earned_by))
    act.add_many(
        Tranche,
        [
            Tranche(
                decision=decision,
                initiative=decision.initiative,
                number=number,
                amount=amount,
                due_on=due_on,
                earned_by=evidence,
            )
            for number, (amount, due_on, evidence) in enumerate([*at_once, *later], start=1)
        ],
    )
