"""What holds for any scorecards: the order of assessors, raising a rating, and not knowing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role, Unit, User
from ledger.services import last_seq
from scoring import engine, services
from scoring.default_model import DEFAULT_MODEL
from scoring.models import Score, ScoringRound
from scoring.positions import compute_scores
from scoring.selectors import score_of
from tests import factories
from tests.scoring import cases

KEYS = [criterion.key for criterion in DEFAULT_MODEL.judged()]
INPUTS = {"corrected_return": 0.4, "time_to_benefit": 9.0}
RATINGS = st.one_of(st.none(), st.integers(1, 5))
CARD = st.fixed_dictionaries(dict.fromkeys(KEYS, RATINGS))
CARDS = st.lists(CARD, min_size=1, max_size=4)


def score(cards: list[dict[str, int | None]]) -> engine.CaseScore:
    return engine.score_case(DEFAULT_MODEL, cards, INPUTS, evidence_grade="C")


@given(CARDS.flatmap(lambda cards: st.tuples(st.just(cards), st.permutations(cards))))
def test_the_order_of_assessors_changes_nothing(both: Any) -> None:
    cards, permuted = both
    assert score(cards) == score(permuted)


@given(CARDS, st.data())
def test_raising_one_rating_never_lowers_the_score(cards: Any, data: Any) -> None:
    place, key = data.draw(st.integers(0, len(cards) - 1)), data.draw(st.sampled_from(KEYS))
    before = cards[place][key]
    if before is None or before == 5:
        return
    raised = [dict(card) for card in cards]
    raised[place][key] = data.draw(st.integers(before + 1, 5))
    old, new = score(cards), score(raised)
    assert new.low >= old.low - 1e-9
    assert new.high >= old.high - 1e-9


@given(CARDS, st.data())
def test_not_knowing_never_raises_the_low_end_nor_lowers_the_high_end(cards: Any, data: Any) -> None:
    place, key = data.draw(st.integers(0, len(cards) - 1)), data.draw(st.sampled_from(KEYS))
    unknown = [dict(card) for card in cards]
    unknown[place][key] = None
    old, new = score(cards), score(unknown)
    assert new.low <= old.low + 1e-9
    assert new.high >= old.high - 1e-9


# Through the services ------------------------------------------------------------------------


@pytest.fixture
def three(
    unit_lead: User, portfolio_office: User, group: Unit, other_unit: Unit, content: dict[str, Any]
) -> tuple[ScoringRound, list[User]]:
    """A case over a million, which needs three scorecards, and three assessors."""
    content["plan"]["lines"][0]["amounts"][0] = "2000000.00"
    round_ = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
    people = [
        factories.make_person(name, Role.ASSESSOR, group, home_unit=other_unit)
        for name in ("Abel", "Beate", "Cem")
    ]
    return round_, people


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_it_is_the_same_score_whoever_hands_in_first(
    three: tuple[ScoringRound, list[User]], portfolio_office: User, order: tuple[int, ...]
) -> None:
    round_, people = three
    given_ratings = [2, 3, 5]
    for place in order:
        cases.complete(cases.assign(round_, people[place], portfolio_office), given_ratings[place])
        # Nothing is computed from a scorecard before the closing.
        assert compute_scores([round_.initiative_id], seq=last_seq()) == []
        assert not Score.objects.exists()
    cases.close(round_, portfolio_office)
    found = score_of(round_.initiative)
    assert found is not None
    assert {(row["rating_low"], row["spread"]) for row in found.contributions if row["spread"]} == {(3, 3)}
