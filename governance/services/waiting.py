"""Rounds that wait: those who have not signed are reminded, and when it is late the next step is told."""

from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q

from accounts.models import Role, User
from governance import authority
from governance.messages import tell
from governance.models import AuthorityStep, SigningNotice, SigningRound, SigningRoundEnd
from governance.permissions import excluded_people
from ledger.services import Act, record
from portfolio import lifecycle

# How long before its day a round reminds those who have not signed.
REMIND_BEFORE = timedelta(days=5)
Stage = SigningNotice.Stage


def remind_signings(on: date) -> int:
    """Remind and escalate what waits on this day; returns how many were. Run twice, each is told once."""
    told = [
        Exists(SigningNotice.objects.filter(signing=OuterRef("pk"), stage=stage)) for stage in Stage.values
    ]
    near = Q(due_on__gte=on, due_on__lte=on + REMIND_BEFORE) & ~told[0]
    late = Q(due_on__lt=on) & ~told[1]
    rounds = SigningRound.objects.unended().filter(near | late).order_by("pk")
    return sum(_tell_one(signing, on) for signing in rounds.select_related("initiative"))


def _tell_one(signing: SigningRound, on: date) -> bool:
    """One round: under its initiative's lock, so that two runs at once tell once."""
    stage = Stage.ESCALATED if signing.due_on < on else Stage.REMINDED
    with record(f"signing.{stage}", actor=None, about=signing.initiative) as act:
        initiative = lifecycle.lock(signing.initiative)
        signing = SigningRound.objects.select_related("case", "step__version").get(pk=signing.pk)
        signing.initiative = initiative
        act.note(signing=signing.pk, due_on=signing.due_on)
        if SigningNotice.objects.filter(signing=signing, stage=stage).exists():
            return False
        if SigningRoundEnd.objects.filter(signing=signing).exists():
            return False
        _escalate(signing, act) if stage == Stage.ESCALATED else _remind(signing, act)
    return True


def _remind(signing: SigningRound, act: Act) -> None:
    initiative = signing.initiative
    act.add(SigningNotice, signing=signing, stage=Stage.REMINDED, step=signing.step)
    tell(
        who_may_sign(signing),
        subject=f"{initiative.reference} still waits for your signature",
        sentence=f"“{initiative.title}” is promised an answer by {signing.due_on:%-d %b %Y}.",
        path=signing.get_absolute_url(),
    )


def _escalate(signing: SigningRound, act: Act) -> None:
    initiative = signing.initiative
    step, people = _next_up(signing)
    act.add(SigningNotice, signing=signing, stage=Stage.ESCALATED, step=step or signing.step)
    late = f"“{initiative.title}” was promised an answer by {signing.due_on:%-d %b %Y}"
    if step is not None:
        act.note(step=step.name)
        tell(
            people,
            subject=f"{initiative.reference} is overdue: you may decide it",
            sentence=f"{late}. It waits on “{signing.step}”; as a holder of “{step}” you may decide it.",
            path=signing.get_absolute_url(),
        )
    tell(
        [*who_may_sign(signing), *authority.holders(Role.PORTFOLIO_OFFICE, initiative.unit)],
        subject=f"{initiative.reference} is overdue",
        sentence=f"{late}."
        + (f" The holders of “{step}” were told that they may decide." if step else " No step stands above."),
        path=signing.get_absolute_url(),
    )


def who_may_sign(signing: SigningRound) -> list[User]:
    """Those whose vote is still missing: nobody who signed, or has a part in it; in order, the first seat."""
    votes = authority.votes_for(signing)
    places = authority.open_places(signing, votes)
    if signing.step.in_order:
        first = next((place for place in places if place.seat is not None), None)
        places = [place for place in places if place.seat is None or place == first]
    seating = authority.Seating(signing.initiative.unit)
    found: dict[int, User] = {}
    for place in places:
        people = seating.of_role(place.role) if place.seat is None else seating.people(place.seat)
        found |= {user.pk: user for user in people}
    left_out = excluded_people(signing.initiative) | {vote.by_id for vote in votes}
    return [user for pk, user in found.items() if pk not in left_out]


def _next_up(signing: SigningRound) -> tuple[AuthorityStep | None, list[User]]:
    """The next step with a person on it who may decide; a body decides at its own step only."""
    seating = authority.Seating(signing.initiative.unit)
    excluded = excluded_people(signing.initiative)
    for step in authority.ladder_of(signing)[1:]:
        seats = [seat for seat in step.seats.all() if seat.body_id is None]
        people = {user.pk: user for seat in seats for user in seating.people(seat) if user.pk not in excluded}
        if people:
            return step, list(people.values())
    return None, []
