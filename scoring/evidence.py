"""A frozen case as an assessor reads it: answers, KPIs, the plan by year, risks, files, earlier versions."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from accounts.models import User
from portfolio import case as case_document
from portfolio import stop_rules as rules_of_stopping
from portfolio.models import Attachment, BusinessCase, Kpi, Milestone, StatedFigure
from portfolio.selectors import fiscal_year_of, people_by_id
from portfolio.templatetags import figures
from scoring.models import Criterion, Dimension


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
    answers: list[tuple[str, str, str]]  # field, label, answer


@dataclass(frozen=True)
class Change:
    """One field that differs from the version before; a list says only that it differs."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Version:
    """One version of the case, with what it changed against the one before."""

    case: BusinessCase
    changes: list[Change]


@dataclass(frozen=True)
class Evidence:
    """A frozen case as an assessor reads it; `present` are the fields that it says something about."""

    case: BusinessCase
    sections: list[Section]
    kpis: list[Kpi]
    milestones: list[Milestone]
    plan: case_document.Plan | None
    years: list[YearOfPlan]
    risks: list[dict[str, str]]
    similar: list[dict[str, str]]
    stop_rules: list[str]
    attachments: list[Attachment]
    stated: list[StatedFigure]
    versions: list[Version]
    present: frozenset[str]

    def bearing_on(self, criterion: Criterion) -> list[tuple[str, str]]:
        """The fields that bear on a criterion, with their labels."""
        keys = BEARS_ON.get(criterion.key) or BEARS_ON_DIMENSION[criterion.dimension]
        return [(key, case_document.BY_KEY[key].label) for key in keys if key in self.present]


# Which fields of the case a criterion of the default model is judged by.
BEARS_ON: dict[str, tuple[str, ...]] = {
    "data_readiness": ("readiness_data",),
    "technical_readiness": ("readiness_integration", "sourcing", "reference_class", "supplier"),
    "skills_sourcing": ("readiness_skills", "sourcing", "supplier"),
    "workflow_fit": ("process", "process_depth", "problem"),
    "domain_maturity": ("process", "readiness_data", "kpis"),
    "adoption_sponsorship": ("readiness_adoption", "readiness_workforce", "sponsor_id", "owner_id"),
    "total_cost": ("plan", "cost_low", "cost_high", "reference_class"),
    "run_cost_growth": ("plan",),
    "cost_certainty": ("plan", "supplier", "evidence_grade", "cost_low", "cost_high"),
    "strategic_alignment": ("objective", "summary", "problem"),
    "kpi_improvement": ("kpis", "milestones"),
    "scalability_reuse": ("similar", "readiness_integration", "process"),
    "reliability_security": ("risks", "controls", "stop_rules"),
}
# And a criterion that another version of the model brings.
BEARS_ON_DIMENSION: dict[str, tuple[str, ...]] = {
    Dimension.FEASIBILITY: (
        "readiness_data", "readiness_integration", "readiness_skills", "readiness_adoption",
    ),
    Dimension.COST: ("plan", "cost_low", "cost_high"),
    Dimension.IMPACT: ("objective", "kpis", "plan", "risks"),
}  # fmt: skip
LISTS = {"list", "flag"}
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
                (item.key, item.label, _in_words(item, content[item.key], people, case.currency))
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
        stop_rules=rules_of_stopping.all_in_words(content),
        attachments=list(
            Attachment.objects.filter(initiative=case.initiative_id)
            .select_related("by", "transaction")
            .order_by("pk")
        ),
        stated=list(
            StatedFigure.objects.filter(initiative=case.initiative_id).order_by(
                "measure", "period_start", "pk"
            )
        ),
        versions=_versions_of(case),
        present=frozenset(key for key, value in content.items() if value),
    )


def _versions_of(case: BusinessCase) -> list[Version]:
    """The versions up to this one, the newest first, each with what it changed; the first changed nothing."""
    cases = list(
        BusinessCase.objects.filter(initiative=case.initiative_id, version__lte=case.version)
        .select_related("transaction")
        .order_by("version")
    )
    pairs = list(pairwise(cases))
    differences = [case_document.changes(old.content, new.content) for old, new in pairs]
    people = people_by_id(
        value
        for changes in differences
        for change in changes
        if case_document.BY_KEY[change["key"]].kind == "person"
        for value in (change["before"], change["after"])
    )
    found = [Version(first, []) for first in cases[:1]]
    for (old, new), changes in zip(pairs, differences, strict=True):
        found.append(Version(new, [_change(change, old, new, people) for change in changes]))
    return found[::-1]


def _change(change: dict[str, Any], old: BusinessCase, new: BusinessCase, people: dict[int, User]) -> Change:
    item = case_document.BY_KEY[change["key"]]
    if item.key == "plan":
        sides = [case_document.plan_of(case.content, case.currency) for case in (old, new)]
        before, after = (
            f"cost {figures.money(plan.cost)}, benefit {figures.money(plan.benefit)} {plan.currency}"
            if plan
            else "no plan yet"
            for plan in sides
        )
        return Change(item.label, before, after)
    if item.kind in LISTS:
        return Change(item.label, "", "")
    before, after = (
        _in_words(item, value, people, case.currency) if value else "not stated"
        for value, case in ((change["before"], old), (change["after"], new))
    )
    return Change(item.label, before, after)


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
