"""How a control stands, from what was done about it and the day: pure, so that the past reads the same."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class State(StrEnum):
    """How a control stands."""

    MISSING = "missing"
    PLANNED = "planned"
    EVIDENCED = "evidenced"
    CHECKED = "checked"
    SENT_BACK = "sent_back"
    EXPIRED = "expired"
    EXCEPTION = "exception"


IN_WORDS: dict[State, str] = {
    State.MISSING: "not planned",
    State.PLANNED: "planned",
    State.EVIDENCED: "evidenced, not checked yet",
    State.CHECKED: "evidenced and checked",
    State.SENT_BACK: "sent back",
    State.EXPIRED: "expired",
    State.EXCEPTION: "exception",
}
# Word, shape and colour of the mark beside it.
TONES: dict[State, str] = {
    State.MISSING: "grey",
    State.PLANNED: "grey",
    State.EVIDENCED: "green",
    State.CHECKED: "green",
    State.SENT_BACK: "red",
    State.EXPIRED: "amber",
    State.EXCEPTION: "amber",
}
HOLDS = frozenset({State.EVIDENCED, State.CHECKED, State.EXCEPTION})
PLANNED_OR_BETTER = HOLDS | {State.PLANNED, State.SENT_BACK, State.EXPIRED}


@dataclass(frozen=True)
class Done:
    """What was done about one control: the newest of each kind."""

    is_planned: bool = False
    evidence_until: date | None = None
    concurs: bool | None = None  # None: nobody checked the newest evidence yet
    exception_until: date | None = None


def state_of(done: Done, on: date) -> State:
    """The state on a day. Evidence and exceptions hold through their last day."""
    if done.exception_until is not None and on <= done.exception_until:
        return State.EXCEPTION
    if done.evidence_until is not None:
        if done.concurs is False:
            return State.SENT_BACK
        if on > done.evidence_until:
            return State.EXPIRED
        return State.CHECKED if done.concurs else State.EVIDENCED
    if done.exception_until is not None:
        return State.EXPIRED
    return State.PLANNED if done.is_planned else State.MISSING


def expires_from(done: Done) -> date | None:
    """The first day on which it no longer holds though it once did; None when there is no such day."""
    ends = [done.exception_until] if done.exception_until is not None else []
    if done.evidence_until is not None and done.concurs is not False:
        ends.append(done.evidence_until)
    if not ends or (done.concurs is False and done.evidence_until is not None):
        # What was sent back is open work, not something that ran out.
        return None
    return max(ends) + timedelta(days=1)
