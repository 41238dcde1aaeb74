"""Scoring answers over the API without saving anything."""

from typing import Any

import pytest

from accounts.models import Scope, User
from ledger.models import LedgerEntry
from scoring.default_model import CORRECTED_RETURN, DEFAULT_MODEL, TIME_TO_BENEFIT
from scoring.models import Score, Scorecard
from tests.factories import AsToken, SignIn, make_token

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/score/"
CARD = {criterion.key: 4 for criterion in DEFAULT_MODEL.judged()}
ANSWERS: dict[str, Any] = {
    "scorecards": [CARD],
    "computed": {CORRECTED_RETURN: 1.0, TIME_TO_BENEFIT: 6},
    "knock_outs": {str(knock_out): False for knock_out in DEFAULT_MODEL.knock_outs},
}


def post(client: Any, body: Any) -> Any:
    return client.post(ADDRESS, body, content_type="application/json")


def test_answers_have_the_score_that_a_case_would_have(sign_in: SignIn, unit_lead: User) -> None:
    entries = LedgerEntry.objects.count()
    answer = post(sign_in(unit_lead), ANSWERS)
    assert answer.status_code == 200
    score = answer.json()
    assert (score["low"], score["high"], score["point"], score["coverage"]) == (75.0, 75.0, 75.0, 1.0)
    assert score["model_version"] == DEFAULT_MODEL.version
    assert sum(term["low"] for term in score["contributions"]) == pytest.approx(75.0)
    assert {row["key"]: row["low"] for row in score["dimensions"]} == {
        "feasibility": 75.0, "cost": 75.0, "impact": 75.0,
    }  # fmt: skip
    assert score["is_eligible"]
    assert all(hurdle["is_met"] for hurdle in score["hurdles"])
    assert not Score.objects.exists()
    assert not Scorecard.objects.exists()
    assert LedgerEntry.objects.count() == entries


def test_what_is_left_out_is_unknown(sign_in: SignIn, unit_lead: User) -> None:
    score = post(sign_in(unit_lead), {"scorecards": [{}]}).json()
    assert (score["low"], score["high"], score["point"], score["coverage"]) == (0.0, 100.0, None, 0.0)
    assert score["unanswered"] == [str(knock_out) for knock_out in DEFAULT_MODEL.knock_outs]
    assert not score["is_eligible"]


def test_a_token_with_the_scope_may_and_one_without_may_not(api: AsToken, integrator: User) -> None:
    reads, proposes = (make_token(integrator, [scope]) for scope in (Scope.READ, Scope.PROPOSE))
    assert post(api(reads), ANSWERS).status_code == 200
    refused = post(api(proposes), ANSWERS)
    assert refused.status_code == 403
    assert "portfolio:read" in refused.json()["title"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scorecards": []}, "scorecards"),
        ({"scorecards": [{"data_readiness": 6}]}, "scorecards"),
        ({"scorecards": [{"no_such_criterion": 3}]}, "scorecards"),
        ({"scorecards": [{CORRECTED_RETURN: 3}]}, "scorecards"),
        ({"computed": {"data_readiness": 3}}, "computed"),
        ({"computed": {CORRECTED_RETURN: 1e400}}, "computed"),
        ({"computed": {CORRECTED_RETURN: "much"}}, "computed"),
        ({"knock_outs": {"bad_weather": True}}, "knock_outs"),
        ({"evidence_grade": "F"}, "evidence_grade"),
    ],
)
def test_impossible_answers_are_named(
    sign_in: SignIn, unit_lead: User, change: dict[str, Any], field: str
) -> None:
    answer = post(sign_in(unit_lead), ANSWERS | change)
    assert answer.status_code in {400, 422}
    assert answer.headers["Content-Type"] == "application/problem+json"
    if answer.status_code == 422:
        assert field in answer.json()["errors"]


def test_a_stranger_signs_in_first(client: Any) -> None:
    assert post(client, ANSWERS).status_code in {401, 403}


def test_reading_is_not_scoring(sign_in: SignIn, unit_lead: User) -> None:
    assert sign_in(unit_lead).get(ADDRESS).status_code == 405
