"""How far assessors agree: medians and alpha over the closed scorings of the model in force."""

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, Unit, User
from ledger.services import last_seq
from scoring import agreement_selectors, services
from scoring.agreement import alpha
from scoring.agreement_selectors import agreement_of
from tests import factories
from tests.factories import SignIn
from tests.scoring import cases

PAGE = reverse("scoring-agreement")
KEY = "data_readiness"


@pytest.fixture
def close_one(
    unit_lead: User, assessor: User, second_assessor: User, portfolio_office: User, content: dict[str, Any]
) -> Any:
    """`close_one(2, 4)`: a closed scoring with these two ratings of data readiness and 3 elsewhere."""
    content["plan"]["lines"][0]["amounts"][0] = "200000.00"

    def close_one(*ratings: int | str) -> None:
        round_ = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
        for person, rating in zip((assessor, second_assessor), ratings, strict=True):
            cases.complete(cases.assign(round_, person, portfolio_office), 3, **{KEY: rating})
        cases.close(round_, portfolio_office)

    return close_one


def test_below_ten_cases_nothing_is_said(sign_in: SignIn, close_one: Any, portfolio_office: User) -> None:
    close_one(2, 4)
    page = sign_in(portfolio_office).get(PAGE).content.decode()
    assert "not enough" in page
    assert "1 of 10 cases" in page
    assert "1 closed scoring under" in page


def test_alpha_and_median_follow_from_the_first_ratings(
    sign_in: SignIn, close_one: Any, portfolio_office: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement_selectors, "ENOUGH", 3)
    pairs: list[tuple[int | str, int | str]] = [(2, 2), (4, 5), (3, 1), ("unknown", 5)]
    for pair in pairs:
        close_one(*pair)
    rows = {row.criterion.key: row for row in agreement_of(portfolio_office).rows}
    expected = alpha(np.array([[2, 2], [4, 5], [3, 1]], dtype=float))
    assert rows[KEY].alpha == pytest.approx(expected)
    assert (rows[KEY].cases, rows[KEY].ratings, rows[KEY].median) == (3, 7, 3)
    # All rated alike: there is nothing to disagree about.
    assert (rows["workflow_fit"].alpha, rows["workflow_fit"].in_words) == (None, "all alike")
    page = sign_in(portfolio_office).get(PAGE).content.decode()
    assert f"{expected:.2f}" in page


def test_an_open_scoring_adds_nothing(
    unit_lead: User, assessor: User, portfolio_office: User, content: dict[str, Any]
) -> None:
    round_ = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
    cases.complete(cases.assign(round_, assessor, portfolio_office), 4)
    report = agreement_of(portfolio_office)
    assert report.closed == 0
    assert {(row.ratings, row.median) for row in report.rows} == {(0, None)}


def test_the_page_is_for_the_office_and_those_who_read_everything(
    sign_in: SignIn, portfolio_office: User, auditor: User, ceo: User, unit_lead: User, assessor: User
) -> None:
    for user, status in (
        (portfolio_office, 200),
        (auditor, 200),
        (ceo, 200),
        (unit_lead, 403),
        (assessor, 403),
    ):
        assert sign_in(user).get(PAGE).status_code == status
    assert sign_in(portfolio_office).post(PAGE).status_code == 405


def test_the_office_of_another_unit_sees_its_own_scorings(close_one: Any, other_unit: Unit) -> None:
    close_one(2, 4)
    elsewhere = factories.make_person("Paul Portfolio", Role.PORTFOLIO_OFFICE, other_unit)
    assert agreement_of(elsewhere).closed == 0


def test_the_page_reads_as_of_an_earlier_point(sign_in: SignIn, close_one: Any, auditor: User) -> None:
    before = last_seq()
    close_one(2, 4)
    page = sign_in(auditor).get(f"/as-of/{before}{PAGE}").content.decode()
    assert "0 closed scorings under" in page


def test_the_page_asks_the_same_for_many_scorings(
    sign_in: SignIn, close_one: Any, portfolio_office: User
) -> None:
    def queries() -> int:
        client = sign_in(portfolio_office)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    close_one(2, 4)
    few = queries()
    for _ in range(3):
        close_one(3, 3)
    assert queries() == few <= 15
