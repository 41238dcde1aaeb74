"""From answers to a proposed tier, with the reason for each step: a pure function; a person sets the tier."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assurance.default_questionnaire import NO, QUESTIONS, UNKNOWN, YES, Question

PROHIBITED, HIGH, LIMITED, MINIMAL = "prohibited", "high", "limited", "minimal"


@dataclass(frozen=True)
class Proposal:
    """What the answers say: tier, areas, high impact, own tier; each with its reasons in sentences."""

    tier: str
    areas: tuple[int, ...]
    is_high_impact: bool
    internal_tier: int
    uses_third_party: bool
    uses_personal_data: bool
    pilot_touches_people: bool
    reasons: tuple[str, ...]
    unknown: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """The values that a fact keeps."""
        values = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def propose(answers: Mapping[str, str], questions: Sequence[Question] = QUESTIONS) -> Proposal:
    """The tier that the answers imply. Whatever is not known counts as a yes, and is said so.

    A claimed exception (a narrow task) never helps where people are profiled. An unanswered question counts
    as not known, so a proposal from nothing is the strictest one.
    """
    said = {question.key: _answer(answers, question) for question in questions}
    maybe = [question for question in questions if said[question.key] != NO]

    def implying(what: str) -> list[Question]:
        return [question for question in maybe if question.implies == what]

    banned, listed, open_ones = implying("prohibited"), implying("high"), implying("transparency")
    # An exception has to be claimed with a clear yes.
    exempt = [question for question in implying("exempt") if said[question.key] == YES]
    profiling, impact = implying("profiling"), implying("impact")
    reasons = [_reason(question, said) for question in (*banned, *listed)]
    in_products = [question for question in listed if not question.area]
    if banned:
        tier = PROHIBITED
    elif listed and (in_products or profiling or not exempt):
        tier = HIGH
        if exempt and profiling:
            reasons.append(f"It profiles people, so no exception applies ({profiling[0].reference}).")
    else:
        tier = LIMITED if open_ones else MINIMAL
        if listed:
            claimed = exempt[0].reference
            reasons.append(f"It only supports what people decide ({claimed}): a risk officer judges that.")
        reasons += [_reason(question, said) for question in open_ones]
    reasons += [_reason(question, said) for question in impact]
    if not reasons:
        reasons.append("No answer points to a duty of its own; literacy is still asked (Art 4).")
    own = {PROHIBITED: 3, HIGH: 3, LIMITED: 1, MINIMAL: 0}[tier]
    personal = bool(implying("personal_data"))
    if tier in {LIMITED, MINIMAL}:
        own = max(own, 2 if impact else 0, 1 if personal else 0)
    return Proposal(
        tier=tier,
        areas=tuple(sorted({question.area for question in listed if question.area})),
        is_high_impact=bool(impact),
        internal_tier=own,
        uses_third_party=bool(implying("third_party")),
        uses_personal_data=personal,
        pilot_touches_people=bool(implying("pilot_people")),
        reasons=tuple(reasons),
        unknown=tuple(question.key for question in questions if said[question.key] == UNKNOWN),
    )


def _answer(answers: Mapping[str, str], question: Question) -> str:
    given = answers.get(question.key, UNKNOWN)
    return given if given in {YES, NO} else UNKNOWN


def _reason(question: Question, said: Mapping[str, str]) -> str:
    since = f", from {question.since:%-d %b %Y}" if question.since else ""
    word = "Yes" if said[question.key] == YES else "Not known, so counted as yes"
    return f"{word}: {question.text} ({question.reference}{since})"
