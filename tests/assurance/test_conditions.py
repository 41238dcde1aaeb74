"""Conditions of controls are read, never run."""

import itertools
import json

import pytest

from assurance import conditions
from assurance.conditions import CannotRead, holds
from assurance.library import FILE

FACTS: conditions.Facts = {
    "eu_tier": "high",
    "high_impact": False,
    "internal_tier": 2,
    "third_party": True,
    "personal_data": False,
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("always", True),
        ('eu_tier == "high"', True),
        ('eu_tier in ("transparency", "minimal")', False),
        ('eu_tier not in ("transparency", "minimal")', True),
        ("high_impact == true or internal_tier >= 2", True),
        ("high_impact == true and internal_tier >= 2", False),
        ("not third_party", False),
        ("internal_tier < 2", False),
        ("third_party != personal_data", True),
    ],
)
def test_a_condition_is_read_as_it_stands(condition: str, expected: bool) -> None:
    assert holds(condition, FACTS) is expected


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("always", "always"),
        ('eu_tier == "high"', "the EU tier is high"),
        (
            'eu_tier in ("high","transparency") or high_impact == true or internal_tier >= 2',
            "the EU tier is high or transparency or it is of high impact or the own tier is at least 2",
        ),
        ("not third_party", "not (a third party provides it)"),
        (
            "personal_data == false and internal_tier < 2",
            "it uses no personal data and the own tier is below 2",
        ),
        ("personal_data != false", "it uses personal data"),
    ],
)
def test_a_condition_reads_as_people_say_it(condition: str, words: str) -> None:
    assert conditions.in_words(condition) == words


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true')",
        "eu_tier.upper() == 'HIGH'",
        "(lambda: True)()",
        "[x for x in (1, 2)]",
        "internal_tier ** 99999999",
        "secret == 1",
        "eu_tier ==",
        "1 < internal_tier < 3",
        "internal_tier >= 'a'",
        "",
    ],
)
def test_anything_else_is_refused(condition: str) -> None:
    with pytest.raises(CannotRead):
        holds(condition, FACTS)


def test_every_condition_of_the_library_can_be_read_for_all_facts() -> None:
    texts = {row["applies_when"] for row in json.loads(FILE.read_text())["controls"]}
    tiers = ("prohibited", "high", "transparency", "minimal")
    truth = (True, False)
    read = 0
    for text, tier, own, (impact, third, personal) in itertools.product(
        texts, tiers, range(4), itertools.product(truth, repeat=3)
    ):
        facts: conditions.Facts = {
            "eu_tier": tier,
            "high_impact": impact,
            "internal_tier": own,
            "third_party": third,
            "personal_data": personal,
        }
        assert holds(text, facts) in truth
        assert not set(conditions.in_words(text)) & set('_=()"')
        read += 1
    assert read == len(texts) * 4 * 4 * 8
