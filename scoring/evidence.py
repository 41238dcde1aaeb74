"""A frozen case as an assessor reads it: answers, KPIs, the plan by year, risks."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import User
from portfolio import case as case_document
from portfolio.models import BusinessCase, Kpi, Milestone
from portfolio.selectors import fiscal_year_of, people_by_id
from portfolio.templatetags import figures


@dataclass(frozen=True)
class YearOfPlan:
    """What a plan costs and brings in one fiscal year."""

    fiscal_year: int
    cost: Decimal
    benefit: Decimal
    cash_benefit: Decimal


@dataclass(frozen=True)
class Section:
    """One section of the case: what was asked, and the answers in words."""

    key: str
    title: str
    answers: list[tuple[str, str]]


@dataclass(frozen=True)
class Evidence:
    """A frozen case as an assessor reads it: answers by section, KPIs, the plan by year, risks."""

    case: BusinessCase
    sections: list[Section]
    kpis: list[Kpi]
    milestones: list[Milestone]
    plan: case_document.Plan | None
    years: list[YearOfPlan]
    risks: list[dict[str, str]]
    similar: list[dict[str, str]]
    stop_rules: list[str]


SHOWN = {"text", "long", "choice", "money", "person"}


def evidence_of(case: BusinessCase) -> Evidence:
    """The evidence that a case offers, from the frozen document alone."""
    content = case.content
    people = people_by_id(content.get(item.key) for item in case_document.FIELDS if item.kind == "person")
    sections = [
        Section(
            key,
            title,
            [
                (item.label, _in_words(item, content[item.key], people, case.currency))
                for item in case_document.FIELDS
                if item.section == key
                and item.kind in SHOWN
                and item.key != "title"
                and content.get(item.key)
            ],
        )
        for key, title in case_document.SECTIONS.items()
    ]
    plan = case_document.plan_of(content, case.currency)
    return Evidence(
        case=case,
        sections=sections,
        kpis=list(case.kpis.order_by("pk")),
        milestones=list(case.milestones.order_by("due_on", "pk")),
        plan=plan,
        years=_years_of(plan) if plan else [],
        risks=content.get("risks") or [],
        similar=[
            row | {"relation": case_document.RELATIONS.get(row["relation"], row["relation"])}
            for row in content.get("similar") or []
        ],
        stop_rules=content.get("stop_rules") or [],
    )


def _in_words(item: case_document.CaseField, value: Any, people: dict[int, User], currency: str) -> str:
    if item.kind == "person":
        return people[value].name if value in people else "somebody who is not in Keel any more"
    if item.kind == "choice":
        return item.choices.get(value, value)
    if item.kind == "money":
        return f"{figures.money(Decimal(value))} {currency}"
    return str(value)


def _years_of(plan: case_document.Plan) -> list[YearOfPlan]:
    """Sums of the plan by fiscal year; they add up to the plan's own totals."""
    sums: dict[int, list[Decimal]] = {}
    for line in plan.lines:
        for offset, amount in enumerate(line.amounts):
            year = fiscal_year_of(case_document.add_months(line.first_month, offset))
            of_year = sums.setdefault(year, [Decimal(0)] * 3)
            of_year[0 if line.side == "cost" else 1] += amount
            if line.side == "benefit" and line.is_cash:
                of_year[2] += amount
    return [YearOfPlan(year, *sums[year]) for year in sorted(sums)]
