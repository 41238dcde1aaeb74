"""From any answers there is one proposal, with its reasons, and a yes never makes it milder."""

from hypothesis import given
from hypothesis import strategies as st

from assurance.default_questionnaire import CHOICES, NO, QUESTIONS, UNKNOWN, YES
from assurance.tiering import propose

ORDER = ("minimal", "limited", "high", "prohibited")
NOTHING = {question.key: NO for question in QUESTIONS}
KEYS = [question.key for question in QUESTIONS]
ANSWERS = st.fixed_dictionaries({key: st.sampled_from(list(CHOICES)) for key in KEYS})


def test_nothing_of_it_is_minimal() -> None:
    found = propose(NOTHING)
    assert (found.tier, found.areas, found.internal_tier) == ("minimal", (), 0)
    assert "literacy" in found.reasons[0]


def test_each_question_alone_proposes_what_it_implies() -> None:
    expected = {"prohibited": "prohibited", "high": "high", "transparency": "limited"}
    for question in QUESTIONS:
        found = propose(NOTHING | {question.key: YES})
        assert found.tier == expected.get(question.implies, "minimal"), question.key
        assert found.areas == ((question.area,) if question.area else ()), question.key
        if question.implies in {*expected, "impact"}:
            assert any(question.reference in reason for reason in found.reasons), question.key


def test_a_narrow_task_is_not_high_unless_people_are_profiled() -> None:
    narrow = NOTHING | {"employment": YES, "narrow_task": YES}
    assert propose(narrow).tier == "minimal"
    assert propose(narrow | {"profiles_people": YES}).tier == "high"
    assert propose(narrow | {"safety_part": YES}).tier == "high"
    # An exception that is not known does not help.
    assert propose(narrow | {"narrow_task": UNKNOWN}).tier == "high"


def test_what_is_not_known_counts_as_yes() -> None:
    assert propose({}).tier == "prohibited"
    assert len(propose({}).unknown) == len(QUESTIONS)
    found = propose(NOTHING | {"talks": UNKNOWN})
    assert found.tier == "limited"
    assert found.reasons[0].startswith("Not known, so counted as yes")


@given(ANSWERS)
def test_there_is_a_proposal_with_reasons_for_all_answers(answers: dict[str, str]) -> None:
    found = propose(answers)
    assert found.tier in ORDER
    assert found.internal_tier in range(4)
    assert found.reasons
    assert propose(found.as_data() and answers) == found


@given(ANSWERS, st.sampled_from([key for key in KEYS if key != "narrow_task"]))
def test_a_yes_never_makes_it_milder(answers: dict[str, str], key: str) -> None:
    without, with_it = propose(answers | {key: NO}), propose(answers | {key: YES})
    assert ORDER.index(with_it.tier) >= ORDER.index(without.tier)
    assert set(with_it.areas) >= set(without.areas)
    assert with_it.internal_tier >= without.internal_tier
