"""The case as a document: what is possible, what is missing, what the plan says."""

import copy
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from portfolio import case
from portfolio.forms import content_from_post, fill_months

pytestmark = pytest.mark.once


def test_cleaning_twice_changes_nothing(content: dict[str, Any]) -> None:
    cleaned, errors = case.clean(content)
    assert errors == {}
    assert case.clean(cleaned) == (cleaned, {})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"cost_low": "abc"}, "cost_low"),
        ({"cost_low": "-1"}, "cost_low"),
        ({"cost_low": "1.005"}, "cost_low"),
        ({"cost_high": "9e99"}, "cost_high"),
        ({"cost_low": "200", "cost_high": "100"}, "cost_high"),
        ({"currency": "XXQ"}, "currency"),
        ({"process_depth": "deep"}, "process_depth"),
        ({"title": "x" * 301}, "title"),
        ({"kpis": [{"name": "k", "target": "many"}]}, "kpis.0.target"),
        ({"kpis": "none"}, "kpis"),
        ({"milestones": [{"name": "m", "due_on": "2026-02-30"}]}, "milestones.0.due_on"),
        ({"plan": {"start": "2026-13"}}, "plan.start"),
        ({"plan": {"start": "2026-05", "go_live": "2026-04"}}, "plan.go_live"),
        ({"plan": {"lines": [{"side": "cost", "amounts": ["1", "x"]}]}}, "plan.lines.0.amounts.1"),
        ({"plan": {"lines": [{"side": "cost", "amounts": ["-5"]}]}}, "plan.lines.0.amounts.0"),
        ({"plan": {"lines": [{"side": "cost", "category": "saving"}]}}, "plan.lines.0.category"),
        ({"surprise": 1}, "surprise"),
        ({"owner_id": "somebody"}, "owner_id"),
        ({"owner_id": "²"}, "owner_id"),
        ({"milestones": [{"name": "m", "due_on": "0001-01-01"}]}, "milestones.0.due_on"),
        ({"milestones": [{"name": "m", "weight": "9" * 5000}]}, "milestones.0.weight"),
        ({"kpis": [{"name": "k", "target": "0e-99999999"}]}, "kpis.0.target"),
        ({"kpis": [{"name": "k", "target": "1" * 10_000}]}, "kpis.0.target"),
    ],
)
def test_an_impossible_value_is_named_at_its_field(
    content: dict[str, Any], change: dict[str, Any], path: str
) -> None:
    _, errors = case.clean(content | change)
    assert list(errors) == [path]


@given(
    st.dictionaries(
        st.sampled_from(sorted(case.BY_KEY)),
        st.recursive(
            st.none() | st.text() | st.integers(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=6,
        ),
    )
)
def test_no_content_breaks_the_check(content: dict[str, Any]) -> None:
    cleaned, errors = case.clean(content)
    assert set(cleaned) == set(case.BY_KEY)
    if not errors:
        case.missing(cleaned, "G2")
        case.plan_of(cleaned, "USD")


def test_what_no_database_can_keep_is_left_out() -> None:
    assert case.clean({"title": "a\x00b\ud800c"})[0]["title"] == "abc"


def test_only_what_was_really_changed_counts_as_ones_own(content: dict[str, Any]) -> None:
    seen = case.clean(content)[0]
    typed = {"title": seen["title"], "cost_low": f" {seen['cost_low']} ", "problem": "Mine", "kpis": "oops"}
    assert case.own_part(seen, typed) == {"problem": "Mine", "kpis": "oops"}


def test_an_empty_case_lacks_all_of_g0() -> None:
    lacking = case.missing(case.clean({})[0], "G0")
    assert set(lacking) == {item.key for item in case.FIELDS if item.gate == "G0"}
    assert all(sentence.endswith(".") for sentence in lacking.values())


def test_a_kpi_without_a_baseline_is_enough_for_g0_and_too_little_for_g2(content: dict[str, Any]) -> None:
    content["kpis"][0]["baseline"] = ""
    cleaned = case.clean(content)[0]
    assert case.missing(cleaned, "G0") == {}
    assert "baseline" in case.missing(cleaned, "G2")["kpis"]


def test_the_plan_re_adds_to_the_document(content: dict[str, Any]) -> None:
    plan = case.plan_of(case.clean(content)[0], "USD")
    assert plan is not None
    assert plan.cost == Decimal(240_000)
    assert plan.benefit == plan.cash_benefit == Decimal(960_000)
    assert case.whole_life_cost(content, "USD") == plan.cost


@pytest.mark.parametrize("text", ["12000.5", "12,000.50", "12 000.50", "12\u202f000.50", "12'000.50"])
def test_amounts_are_read_as_people_type_them(text: str) -> None:
    assert case.parse_amount(text, "USD") == Decimal("12000.50")


def test_a_form_becomes_content_without_its_blank_rows() -> None:
    post = QueryDict(
        "title=T&kpis.0.name=Fix&kpis.0.direction=up&kpis.1.name=&kpis.1.direction=down"
        "&plan.start=2026-01&plan.go_live=2026-02&plan.lines.0.side=cost&plan.lines.0.label=Team"
        "&plan.lines.0.amounts.0=5&plan.lines.0.amounts.2=7&plan.lines.1.side=benefit&plan.lines.1.label="
        "&stop_rules=One%0D%0A%0D%0ATwo&similar_none=&similar_none=on&csrfmiddlewaretoken=x"
    )
    content = content_from_post(post)
    assert content["kpis"] == [{"name": "Fix", "direction": "up"}]
    assert [line["amounts"] for line in content["plan"]["lines"]] == [["5", "", "7"]]
    assert content["stop_rules"] == ["One", "Two"]
    assert content["similar_none"] == "on"
    assert "csrfmiddlewaretoken" not in content


def test_a_ramp_rises_in_even_steps() -> None:
    fill = {"amount": "300", "from": "2026-02", "to": "2026-05", "ramp": "3"}
    assert fill_months([], fill, "2026-01", "USD") == ["", "100.00", "200.00", "300.00", "300.00"]
    assert fill_months([], fill | {"amount": "100"}, "2026-01", "JPY") == ["", "33", "67", "100", "100"]


@pytest.mark.parametrize(
    ("fill", "start", "words"),
    [
        ({"amount": "lots"}, "2026-01", "not an amount"),
        ({"amount": "5"}, "", "first month of the plan"),
        ({"amount": "5", "from": "2026-1"}, "2026-01", "not a month"),
        ({"amount": "5", "from": "2025-12"}, "2026-01", "months of the plan"),
        ({"amount": "5", "from": "2026-03", "to": "2026-02"}, "2026-01", "months of the plan"),
        ({"amount": "5", "ramp": "0"}, "2026-01", "ramp"),
        ({"amount": "5", "ramp": "9" * 5000}, "2026-01", "ramp"),
    ],
)
def test_a_filling_that_can_not_be_read_says_what_to_change(
    fill: dict[str, str], start: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        fill_months(["1", "2"], fill, start, "USD")


def test_a_filling_that_can_not_be_read_is_named_at_its_line_and_keeps_the_months() -> None:
    post = QueryDict(
        "plan.start=2026-01&plan.go_live=2026-03&plan.lines.0.side=cost&plan.lines.0.amounts.0=1"
        "&plan.lines.0.fill.amount=lots&plan.lines.0.fill.from=2026-02"
    )
    content = content_from_post(post)
    line = content["plan"]["lines"][0]
    assert line["amounts"] == ["1"]
    assert line["fill"]["amount"] == "lots"
    assert list(case.clean(content)[1]) == ["plan.lines.0.fill"]


def test_names_that_only_a_program_would_send_are_left_out() -> None:
    post = QueryDict("kpis.99999999999.name=x&plan=1&title.0.deep=y&kpis.0=z&plan.lines=w&summary=S")
    content = content_from_post(post)
    assert content == {"summary": "S", "title": [{"deep": "y"}], "kpis": []}
    assert case.clean(content)[1] == {}


def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """What a reader is told of two contents: label, before, after."""
    found = [row for change in case.changes(old, new) for row in case.by_row(change)]
    return [(row["label"], row["before"], row["after"]) for row in found]


def test_a_change_of_rows_says_which_row_and_what_of_it(content: dict[str, Any]) -> None:
    new = copy.deepcopy(content)
    new["title"] = "Another title"
    new["kpis"][0]["target"] = "9"
    new["kpis"].append({"key": "k2", "name": "Active users"})
    del new["milestones"][1]
    new["stop_rules"] = ["Stop when nobody asks for it"]
    new["plan"]["lines"][0]["amounts"][0] = "20001.00"
    new["plan"]["go_live"] = "2030-01"
    assert told(content, new) == [
        ("Title", content["title"], "Another title"),
        ("KPIs, Tickets sent to the wrong group: target", "8", "9"),
        ("KPIs", None, "Active users"),
        ("Milestones", "All groups use it", None),
        ("Plan by month, months: go live", content["plan"]["go_live"], "2030-01"),
        ("Plan by month, Delivery team: sum", "120\u202f000.00", "120\u202f001.00"),
        ("Stop rules in words", content["stop_rules"][0], None),
        ("Stop rules in words", None, "Stop when nobody asks for it"),
    ]


def test_the_same_sum_in_other_months_is_said(content: dict[str, Any]) -> None:
    new = copy.deepcopy(content)
    amounts = new["plan"]["lines"][0]["amounts"]
    amounts[0], amounts[1] = "0.00", "40000.00"
    assert told(content, new) == [("Plan by month", "as it was", "the same sums in other months")]
    assert told(content, content) == []
