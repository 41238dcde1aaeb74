"""Who would have to sign this: on the page of the authority, on the proposal, over the API."""

from collections.abc import Callable
from http import HTTPStatus

import pytest
from django.urls import reverse

from accounts.models import Role, Scope, User
from governance import authority, dry_run, selectors
from governance.permissions import excluded_because, excluded_people
from portfolio.models import Initiative
from tests import factories
from tests.factories import AsToken, SignIn
from tests.governance.conftest import Cast, drafted, in_pilot

API = "/api/v1/authority/route/"


def test_the_api_names_the_step_and_the_people(sign_in: SignIn, cast: Cast) -> None:
    answer = sign_in(cast.cfo).get(API, {"amount": "1000000.01", "unit": str(cast.unit.pk)}).json()
    assert (answer["step"], answer["limit"], answer["passed"]) == ("CFO and CEO", None, [])
    assert [seat["words"] for seat in answer["seats"]] == ["the CFO", "the CEO"]
    assert [seat["people"] for seat in answer["seats"]] == [[cast.cfo.name], [cast.ceo.name]]
    assert answer["concurring"] is None


def test_a_high_tier_goes_up_and_names_the_risk_officer(sign_in: SignIn, cast: Cast) -> None:
    answer = (
        sign_in(cast.cfo).get(API, {"amount": "250000.01", "unit": str(cast.unit.pk), "tier": "high"}).json()
    )
    assert (answer["step"], answer["concurring"]) == ("CFO and CEO", [cast.risk_officer.name])


def test_a_step_without_holders_passes_on_and_says_so(sign_in: SignIn, cast: Cast) -> None:
    answer = sign_in(cast.cfo).get(API, {"amount": "60000", "unit": str(cast.unit.pk)}).json()
    assert answer["step"] == "CFO"
    assert answer["passed"] == [{"step": "Board", "why": "3 votes of the board: nobody may"}]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "many"}, "amount"),
        ({"amount": "1", "currency": "XXX"}, "currency"),
        ({"amount": "1", "unit": "999999"}, "unit"),
        ({"amount": "1", "tier": "scary"}, "tier"),
        ({"amount": "1", "bucket": "other"}, "bucket"),
    ],
)
def test_what_can_not_be_asked_is_said_at_its_field(
    sign_in: SignIn, cast: Cast, query: dict[str, str], field: str
) -> None:
    answer = sign_in(cast.cfo).get(API, query)
    assert (answer.status_code, list(answer.json()["errors"])) == (HTTPStatus.UNPROCESSABLE_ENTITY, [field])


def test_a_token_and_a_stranger_learn_nothing(
    sign_in: SignIn, api: AsToken, cast: Cast, integrator: User, outsider: User
) -> None:
    client = api(factories.make_token(integrator, tuple(Scope.values)))
    assert client.get(API, {"amount": "1"}).status_code == HTTPStatus.FORBIDDEN
    assert sign_in(outsider).get(API, {"amount": "1"}).status_code == HTTPStatus.FORBIDDEN
    assert sign_in(cast.cfo).post(API, {"amount": "1"}).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_the_page_answers_and_says_what_is_wrong(sign_in: SignIn, cast: Cast) -> None:
    client = sign_in(cast.unit_lead)
    page = client.get(reverse("authority"), {"amount": "300000", "unit": str(cast.unit.pk)})
    assert cast.cfo.name in page.content.decode()
    assert client.get(reverse("authority"), {"amount": "x"}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_the_proposal_says_it_while_it_is_written(sign_in: SignIn, cast: Cast) -> None:
    cast.sponsor = cast.cfo
    initiative = drafted(cast, cost=300_000)
    page = sign_in(cast.unit_lead).get(reverse("proposal", args=[initiative.pk])).content.decode()
    assert "Who would have to sign" in page
    assert "“CFO” can't decide and passes it on" in page


def test_the_dry_run_keeps_out_whom_the_signing_keeps_out(cast: Cast) -> None:
    initiative = in_pilot(cast)
    out = excluded_people(initiative)
    people = list(User.objects.all())
    assert {user.pk for user in people if excluded_because(user, initiative)} == out
    assert {user.pk for user in people if selectors.excluded_from(user, [initiative.pk])} == out


def test_it_takes_as_many_queries_for_ten_holders_as_for_one(
    cast: Cast, django_assert_max_num_queries: Callable[..., object]
) -> None:
    initiative = Initiative.objects.get(pk=drafted(cast, cost=300_000).pk)
    for number in range(10):
        factories.make_person(f"CFO {number}", Role.CFO, cast.unit)
    content = initiative.draft.content
    with django_assert_max_num_queries(30):  # type: ignore[attr-defined]
        run = dry_run.of_proposal(initiative, content, cast.unit_lead)
    assert run is not None
    assert len(run.seats[0].people) == 11


def test_nothing_is_said_before_there_is_a_cost(cast: Cast) -> None:
    initiative = drafted(cast)
    assert dry_run.of_proposal(initiative, {"currency": "USD"}, cast.unit_lead) is None
    assert dry_run.of_proposal(initiative, {}, cast.unit_lead) is None
    assert dry_run.of_proposal(initiative, {"currency": "USD", "cost_high": "many"}, cast.unit_lead) is None
    assert authority.version_in_force() is not None
