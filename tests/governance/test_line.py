"""The line outside a round: who is compared with which room, and what stays hidden."""

from decimal import Decimal
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, Unit, User
from governance.line import Line, lines
from portfolio.models import Initiative
from scoring.default_model import DEFAULT_MODEL
from scoring.models import Score
from scoring.positions import refresh_scores
from scoring.robustness import Standing
from tests import factories
from tests.factories import SignIn


def decided(content: dict[str, Any], title: str, rating: int = 4) -> Initiative:
    """A case at stage decision whose score is computed."""
    initiative = factories.in_decision(content | {"title": title}, rating=rating)
    refresh_scores()
    return initiative


def again(user: User) -> User:
    """The user as the next request reads them."""
    return User.objects.get(pk=user.pk)


def only(user: User) -> Line:
    (found,) = lines(again(user))
    return found


def test_without_a_case_at_decision_or_without_room_there_is_no_line(
    content: dict[str, Any], cfo: User, unit: Unit
) -> None:
    assert lines(cfo) == []
    decided(content, "Sort tickets")
    assert lines(again(cfo)) == []
    factories.appropriate(unit, 1_000_000)
    assert len(lines(again(cfo))) == 1


def test_a_case_that_is_assessed_stands_in_no_line(content: dict[str, Any], cfo: User, unit: Unit) -> None:
    factories.appropriate(unit, 1_000_000)
    factories.in_assessment(content)
    assert lines(cfo) == []


def test_cases_stand_in_rank_order_and_add_up(content: dict[str, Any], cfo: User, unit: Unit) -> None:
    factories.appropriate(unit, 1_000_000)
    second, first = decided(content, "Sort tickets"), decided(content, "Read contracts", rating=5)
    found = only(cfo)
    assert [stand.score.initiative_id for stand in found.ranking.stands] == [first.pk, second.pk]
    assert found.ranking.stands[1].cumulative == sum(stand.asks for stand in found.ranking.stands)
    assert {stand.standing for stand in found.ranking.stands} == {Standing.SAFE}
    assert found.all_fit


def test_what_does_not_fit_is_out(content: dict[str, Any], cfo: User, unit: Unit) -> None:
    envelope = factories.appropriate(unit, 1_000_000)
    decided(content, "Read contracts", rating=5)
    decided(content, "Sort tickets")
    asks = [stand.asks for stand in only(cfo).ranking.stands]
    envelope.balance.appropriated = sum(asks) - Decimal("0.01")
    envelope.balance.save()
    found = only(cfo)
    assert [(stand.fits, stand.standing) for stand in found.ranking.stands] == [
        (True, Standing.SAFE),
        (False, Standing.OUT),
    ]
    assert [(stand.rank_low, stand.rank_high) for stand in found.ranking.stands] == [(1, 1), (2, 2)]


def test_two_cases_that_differ_in_kind_are_contested_and_say_by_what(
    content: dict[str, Any], cfo: User, unit: Unit
) -> None:
    envelope = factories.appropriate(unit, 1_000_000)
    one, other = decided(content, "Read contracts"), decided(content, "Sort tickets")
    # As if assessors had seen one strong where the other is weak.
    for initiative, strong in ((one, "data_readiness"), (other, "technical_readiness")):
        score = Score.objects.get(initiative=initiative)
        for part in score.contributions:
            if part["key"] in {"data_readiness", "technical_readiness"}:
                part["rating_low"] = 5.0 if part["key"] == strong else 1.0
        score.save()
    envelope.balance.appropriated = only(cfo).ranking.stands[0].asks
    envelope.balance.save()
    ranking = only(cfo).ranking
    assert {stand.standing for stand in ranking.stands} == {Standing.CONTESTED}
    titles = {criterion.key: criterion.title for criterion in DEFAULT_MODEL.criteria}
    assert set(ranking.deciding) == {titles["data_readiness"], titles["technical_readiness"]}


def test_the_same_line_is_drawn_every_time(content: dict[str, Any], cfo: User, unit: Unit) -> None:
    factories.appropriate(unit, 1_000_000)
    decided(content, "Sort tickets")
    assert only(cfo) == only(cfo)


def test_who_does_not_reach_the_envelope_sees_no_line(
    content: dict[str, Any], cfo: User, group: Unit, other_unit: Unit
) -> None:
    factories.appropriate(group, 1_000_000)
    decided(content, "Sort tickets")
    stranger = factories.make_person("Finance over there", Role.FINANCE, other_unit)
    assert len(lines(again(cfo))) == 1
    assert lines(stranger) == []


def test_the_page_says_it_in_words_and_takes_as_many_queries_for_one_case_as_for_four(
    sign_in: SignIn, content: dict[str, Any], cfo: User, unit: Unit
) -> None:
    factories.appropriate(unit, 1_000_000)
    browser, numbers = sign_in(cfo), []
    for titles in (["One"], ["Two", "Three", "Four"]):
        for title in titles:
            decided(content, title)
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(reverse("finance")).content.decode()
        numbers.append(len(queries))
    assert "<h2>The line</h2>" in page
    assert "safe" in page
    assert numbers[0] == numbers[1]


def test_without_a_case_the_page_says_nothing_of_a_line(sign_in: SignIn, cfo: User) -> None:
    assert "The line" not in sign_in(cfo).get(reverse("finance")).content.decode()
