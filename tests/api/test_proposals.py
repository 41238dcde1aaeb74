"""Proposals, measurements and actuals by token: created, edited, submitted; every refusal is a problem."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Unit, User
from ledger import clock
from ledger.models import LedgerEntry
from portfolio.models import CaseDraft, Initiative, Measurement, Posting
from tests.factories import AsToken, SignIn, draft, make_token, month, piloting, submitted

pytestmark = pytest.mark.django_db

LIST = "/api/v1/initiatives/"


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer."""
    assert answer.status_code == status, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:keel:problem:{code}")
    assert body["title"]
    return body


def send(client: Client, method: str, url: str, body: Any = None, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = "" if body is None else json.dumps(body)
    return client.generic(method, url, data, content_type="application/json", headers=named)


def address(initiative: Initiative | int, act: str = "") -> str:
    pk = initiative if isinstance(initiative, int) else initiative.pk
    return f"{LIST}{pk}/{act}{'/' if act else ''}"


@pytest.fixture
def client_(api: AsToken, integrator: User) -> Client:
    return api(make_token(integrator))


# The road ------------------------------------------------------------------------------------


def test_a_program_creates_edits_and_submits_a_proposal(
    client_: Client, content: dict[str, Any], unit: Unit, integrator: User
) -> None:
    made = send(client_, "POST", LIST, {"unit": unit.pk, "title": "Close stale tickets"})
    assert made.status_code == 201
    pk = made.json()["id"]
    assert made.json()["stage"] == "draft"
    read = client_.get(address(pk, "draft"))
    assert read["ETag"] == '"1"'
    assert read.json()["content"]["title"] == "Close stale tickets"
    lacking = problem(send(client_, "POST", address(pk, "submit")), 422, "incomplete")
    assert lacking["missing"]["sponsor_id"] == "Name the sponsor."
    saved = send(client_, "PATCH", address(pk, "draft"), {"content": content}, If_Match=read["ETag"])
    assert (saved.status_code, saved["ETag"]) == (200, '"2"')
    assert saved.json()["content"]["plan"]["lines"][0]["amounts"]
    sent = send(client_, "POST", address(pk, "submit"))
    assert (sent.status_code, sent.json()["stage"]) == (200, "submitted")
    assert Decimal(sent.json()["whole_life_cost"]) == 240_000
    entry = LedgerEntry.objects.get(act="initiative.submitted")
    assert (entry.actor_id, entry.on_behalf_of_id) == (integrator.pk, integrator.person.pk)
    # The same draft completed for G2 is a second version.
    assert send(client_, "POST", address(pk, "complete")).status_code == 200
    assert Initiative.objects.get(pk=pk).cases.count() == 2


def test_a_signed_in_person_may_use_the_same_addresses(
    sign_in: SignIn, content: dict[str, Any], unit_lead: User, auditor: User
) -> None:
    initiative = draft(content)
    assert send(sign_in(unit_lead), "POST", address(initiative, "submit")).status_code == 200
    answer = send(sign_in(auditor), "POST", address(initiative, "submit"))
    assert "is for" in problem(answer, 403, "not-allowed")["title"]


# The version ---------------------------------------------------------------------------------


def test_a_change_names_the_version_that_it_changes(client_: Client, content: dict[str, Any]) -> None:
    initiative = draft(content)
    url, change = address(initiative, "draft"), {"content": {"problem": "Mine"}}
    problem(send(client_, "PATCH", url, change), 428, "precondition-required")
    for etag in ('"1"', '"99"', "nonsense", '"²"', '""', "W/", '"' + "9" * 50 + '"'):
        problem(send(client_, "PATCH", url, change, If_Match=etag), 412, "precondition-failed")
    # The version counts before the values.
    wrong = {"content": {"cost_low": "lots"}}
    problem(send(client_, "PATCH", url, wrong, If_Match='"1"'), 412, "precondition-failed")
    refused = problem(send(client_, "PATCH", url, wrong, If_Match='"2"'), 422, "invalid")
    assert list(refused["errors"]) == ["cost_low"]
    assert CaseDraft.objects.get().version == 2
    for etag in ('"2"', 'W/"3"', "*"):
        body = {"content": {"problem": f"Mine after {etag}"}}
        assert send(client_, "PATCH", url, body, If_Match=etag).status_code == 200
    assert CaseDraft.objects.get().version == 5


def test_a_stale_version_is_told_what_changed(
    client_: Client, sign_in: SignIn, content: dict[str, Any], unit_lead: User
) -> None:
    initiative = draft(content)
    sign_in(unit_lead).post(reverse("proposal", args=[initiative.pk]), {"version": "2", "problem": "Theirs"})
    answer = send(client_, "PATCH", address(initiative, "draft"), {"content": {}}, If_Match='"2"')
    changes = problem(answer, 412, "precondition-failed")["changes"]
    assert [(change["key"], change["after"]) for change in changes] == [("problem", "Theirs")]


# Refusals ------------------------------------------------------------------------------------


def test_a_stranger_is_asked_for_a_token(api: AsToken, content: dict[str, Any], integrator: User) -> None:
    draft(content)
    revoked = make_token(integrator)
    integrator.tokens.update(revoked_at=clock.now())
    late = make_token(integrator)
    integrator.tokens.filter(revoked_at=None).update(expires_at=clock.now())
    for client in (Client(), api("keel_unknown"), api("x y"), api(""), api(revoked), api(late)):
        answer = client.get(LIST)
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.status_code == 401
        assert answer.json()["code"] in {"not-authenticated", "authentication-failed"}


@pytest.mark.parametrize(
    ("method", "url", "scope"),
    [
        ("GET", LIST, "portfolio:read"),
        ("GET", "{one}", "portfolio:read"),
        ("GET", "/api/v1/figures/", "portfolio:read"),
        ("GET", "/api/v1/units/", "portfolio:read"),
        ("POST", LIST, "proposal:write"),
        ("GET", "{one}draft/", "proposal:write"),
        ("PATCH", "{one}draft/", "proposal:write"),
        ("POST", "{one}submit/", "proposal:write"),
        ("POST", "{one}complete/", "proposal:write"),
        ("POST", "{one}measurements/", "kpi:write"),
        ("POST", "/api/v1/actuals/", "actuals:write"),
    ],
)
def test_a_token_without_the_scope_is_told_which(
    api: AsToken, content: dict[str, Any], integrator: User, method: str, url: str, scope: str
) -> None:
    initiative = draft(content)
    others = [
        name for name in ("portfolio:read", "proposal:write", "actuals:write", "kpi:write") if name != scope
    ]
    client = api(make_token(integrator, others))
    answer = send(client, method, url.format(one=address(initiative)), {} if method != "GET" else None)
    assert scope in problem(answer, 403, "not-allowed")["title"]
    initiative.refresh_from_db()
    assert initiative.stage == "draft"


def test_what_another_unit_has_is_not_found(
    client_: Client, content: dict[str, Any], other_unit: Unit
) -> None:
    hidden = submitted(content, unit=other_unit)
    assert client_.get(LIST).json()["count"] == 0
    for method, act in (
        ("GET", ""), ("GET", "draft"), ("PATCH", "draft"), ("POST", "submit"), ("POST", "complete"),
        ("POST", "measurements"),
    ):  # fmt: skip
        problem(send(client_, method, address(hidden, act), {}), 404, "not-found")
    answer = send(client_, "POST", LIST, {"unit": other_unit.pk, "title": "Not mine"})
    problem(answer, 403, "not-allowed")
    assert Initiative.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "unit"), ({"unit": 10**30, "title": "x"}, "unit"), ({"unit": "x", "title": "x"}, "unit"),
        ({"unit": True, "title": "x"}, "unit"), ({"title": ""}, "title"), ({"title": "x" * 301}, "title"),
        ({"title": "a\x00b"}, "title"), ({"title": "\ud800"}, "title"), ({"title": None}, "title"),
    ],
)  # fmt: skip
def test_wrong_values_are_named_by_field(
    client_: Client, unit: Unit, body: dict[str, Any], field: str
) -> None:
    answer = send(client_, "POST", LIST, {"unit": unit.pk, "title": "Fine"} | body if body else {})
    assert field in problem(answer, 422, "invalid")["errors"]
    assert not Initiative.objects.exists()


def test_a_body_that_is_no_json_and_one_of_another_form_are_refused(client_: Client, unit: Unit) -> None:
    answer = client_.generic("POST", LIST, "{", content_type="application/json")
    problem(answer, 400, "parse-error")
    answer = client_.post(LIST, {"unit": unit.pk, "title": "x"})
    problem(answer, 415, "unsupported-media-type")
    problem(client_.put(LIST), 405, "method-not-allowed")
    problem(client_.get(LIST, headers={"accept": "text/html"}), 406, "not-acceptable")


@pytest.mark.parametrize(
    "content_",
    [None, [], "x", {"kpis": {"a": 1}}, {"surprise": 1}, {"plan": []}, {"title": "x" * 301}],
)
def test_a_content_of_another_form_is_refused(
    client_: Client, content: dict[str, Any], content_: Any
) -> None:
    initiative = draft(content)
    answer = send(client_, "PATCH", address(initiative, "draft"), {"content": content_}, If_Match="*")
    if content_ == {"plan": []}:  # an empty plan is a plan without lines
        assert answer.status_code == 200
    else:
        problem(answer, 422, "invalid")


def test_the_wrong_stage_is_a_conflict(client_: Client, content: dict[str, Any]) -> None:
    initiative = submitted(content)
    assert (
        "stage submitted"
        in problem(send(client_, "POST", address(initiative, "submit")), 409, "invalid-move")["title"]
    )


def test_big_and_odd_numbers_in_the_address_are_not_found(client_: Client) -> None:
    for pk in ("0", "9" * 18, "9" * 30, "-1", "x", "1.0", "%00"):
        assert client_.get(f"{LIST}{pk}/").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "unit=999999999999999999999999", "unit=x", "year=1", "year=2026.5", "year=NaN", "stage=x", "q=%00",
        "ordering=password", "page=0", "page=x", "page=99999999999999999999", "reference=" + "x" * 21,
    ],
)  # fmt: skip
def test_a_filter_that_can_not_be_read_is_named(client_: Client, query: str) -> None:
    answer = client_.get(f"{LIST}?{query}")
    assert answer.status_code in {404, 422}
    assert answer["Content-Type"] == "application/problem+json"


def test_the_list_is_filtered_ordered_and_paged(client_: Client, content: dict[str, Any], unit: Unit) -> None:
    for title, cost in (("Alpha", 100_000), ("Beta", 300_000), ("Gamma", 200_000)):
        case = content | {"title": title, "cost_low": "1", "cost_high": str(cost), "plan": {}}
        submitted(case)
    draft(content | {"title": "Delta"})

    def titles(query: str) -> list[str]:
        return [row["title"] for row in client_.get(f"{LIST}?{query}").json()["results"]]

    assert titles("") == ["Delta", "Gamma", "Beta", "Alpha"]
    assert titles("ordering=reference") == ["Alpha", "Beta", "Gamma", "Delta"]
    assert titles("ordering=-whole_life_cost") == ["Beta", "Gamma", "Alpha", "Delta"]
    assert titles("ordering=whole_life_cost") == ["Alpha", "Gamma", "Beta", "Delta"]
    assert set(titles("ordering=-score")) == {"Alpha", "Beta", "Gamma", "Delta"}
    assert titles("q=amm") == ["Gamma"]
    assert titles("stage=draft") == ["Delta"]
    assert titles(f"unit={unit.pk}&domain=it_service&ordering=title") == ["Alpha", "Beta", "Gamma"]
    page = client_.get(f"{LIST}?page_size=2&page=2").json()
    assert (page["count"], page["next"]) == (4, None)
    assert [row["title"] for row in page["results"]] == ["Beta", "Alpha"]


# Measurements and actuals --------------------------------------------------------------------


def test_a_program_reports_a_kpi(client_: Client, content: dict[str, Any]) -> None:
    initiative = piloting(content)
    url = address(initiative, "measurements")
    body = {"kpi_key": "misrouted", "month": f"{month()}-15", "value": "12.5"}
    assert send(client_, "POST", url, body).status_code == 201
    assert Measurement.objects.get().value == Decimal("12.5")
    for wrong in ({"kpi_key": "none"}, {"month": "0001-01-01"}, {"month": "2199-01-01"}, {"value": "1e999"}):
        problem(send(client_, "POST", url, body | wrong), 422, "invalid")
    assert Measurement.objects.count() == 1


def actuals(client: Client, text: str, **more: str) -> Any:
    file = SimpleUploadedFile("actuals.csv", text.encode(), "text/csv")
    return client.post("/api/v1/actuals/", {"file": file} | more)


def test_a_program_sends_actuals_once_and_whole(client_: Client, content: dict[str, Any]) -> None:
    initiative = piloting(content)
    head = "reference,service_month,kind,category,amount,currency"
    lines = [f"{name},{month()},cost,cloud,{amount},USD" for name, amount in (
        (initiative.reference, "10.50"), ("AI-1999-0001", "1.00"),
    )]  # fmt: skip
    good = "\n".join([head, *lines, ""])
    answer = actuals(client_, good)
    assert (answer.status_code, answer.json()["created"]) == (201, 2)
    assert [line["outcome"] for line in answer.json()["lines"]] == ["created", "unmatched"]
    again = actuals(client_, good)
    assert (again.status_code, again.json()["unchanged"]) == (200, 2)
    assert Posting.objects.count() == 2
    bad = actuals(client_, good.replace("10.50", "ten"))
    body = problem(bad, 422, "invalid")
    assert body["rejected"] == 1
    assert any("ten" in line["value"] for line in body["lines"])
    problem(actuals(client_, f"{good} ", control_total="11.51"), 422, "invalid")
    problem(actuals(client_, "%PDF-1.4"), 422, "invalid")
    problem(client_.post("/api/v1/actuals/", {}), 422, "invalid")
    problem(send(client_, "POST", "/api/v1/actuals/", {}), 415, "unsupported-media-type")
    assert Posting.objects.count() == 2
