"""The description of the API: valid OpenAPI 3.1, a page without inline script, answers that keep to it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from tests.factories import AsToken, SignIn, draft, make_token, piloting

pytestmark = pytest.mark.django_db

SCHEMA = "/api/v1/schema/?format=json"
EXAMPLES = 12
CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_the_description_is_valid_openapi_3_1(sign_in: SignIn, auditor: User) -> None:
    described = sign_in(auditor).get(SCHEMA).json()
    assert described["openapi"].startswith("3.1")
    validate_schema(described)  # type: ignore[no-untyped-call]
    with pytest.raises(Exception, match="paths"):  # the control
        validate_schema(described | {"paths": []})  # type: ignore[no-untyped-call]
    operations = [op for address in described["paths"].values() for op in address.values()]
    assert len({op["operationId"] for op in operations}) == len(operations) >= 20
    for operation in operations:
        assert {"401", "403"} <= set(operation["responses"])
        assert operation["security"]
        assert operation.get("description"), operation["operationId"]
    text = json.dumps(described)
    for reference in re.findall(r'"#/components/schemas/(\w+)"', text):
        assert reference in described["components"]["schemas"]


def test_the_description_is_for_those_who_sign_in(api: AsToken, integrator: User) -> None:
    assert Client().get(SCHEMA).status_code == 401
    assert api(make_token(integrator, [])).get(SCHEMA).status_code == 200


def test_an_address_that_does_not_exist_is_a_problem_document_too(sign_in: SignIn, auditor: User) -> None:
    for url in ("/api/", "/api/v2/initiatives/", "/api/v1/nothing/", "/api/v1/initiatives/x/"):
        assert Client().get(url).status_code == 401
        for method in ("get", "post", "put", "patch", "delete"):
            answer = getattr(sign_in(auditor), method)(url)
            assert answer.status_code == 404
            assert answer["Content-Type"] == "application/problem+json"


def test_the_page_holds_no_inline_script_or_style(sign_in: SignIn, auditor: User) -> None:
    answer = sign_in(auditor).get("/api/v1/docs/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "swagger-ui-bundle" in page
    assert not re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", page)
    assert "<style" not in page
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page)
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]
    assert Client().get("/api/v1/docs/").status_code == 302


@pytest.fixture
def server() -> Iterator[WSGIHandler]:
    """The application as a server calls it, in the transaction of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield WSGIHandler()
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as said", "against it"]
)
@pytest.mark.parametrize("as_person", [False, True], ids=["token", "session"])
def test_no_request_breaks_it_and_no_answer_lies_outside_the_description(
    sign_in: SignIn,
    integrator: User,
    unit_lead: User,
    content: dict[str, Any],
    server: WSGIHandler,
    as_person: bool,
    mode: GenerationMode,
) -> None:
    """A bounded run over every operation, by what the description says is possible, and against it."""
    piloting(content)
    draft(content | {"title": "A draft"})
    headers = {"Authorization": f"Bearer {make_token(integrator)}"}
    caller: dict[str, Any] = {"headers": headers}
    if as_person:
        morsels = sign_in(unit_lead).cookies.items()
        caller = {"cookies": {name: morsel.value for name, morsel in morsels}}
    described = schemathesis.openapi.from_wsgi(SCHEMA, server, headers=headers)
    ran = 0
    for result in described.get_all_operations():
        assert isinstance(result, Ok)

        @seed(7)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=result.ok().as_strategy(generation_mode=mode))
        def each(case: Any) -> None:
            nonlocal ran
            ran += 1
            case.call_and_validate(checks=CHECKS, **caller)

        each()
    assert ran >= 100
