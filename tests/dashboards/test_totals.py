"""Every total is one figure: page = API = CSV = workbook = an independent sum over the facts, to the cent."""

import csv
import io
import re
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.models import Unit, User
from dashboards.demo.bulk import bulk_portfolio
from dashboards.report_views import EXPLAINED
from dashboards.reports.portfolio import COLUMNS, SUMMED, total_name
from dashboards.selectors import Portfolio, Totals
from governance.models import Commitment, ReleaseLine
from ledger import clock
from ledger.models import LedgerEntry
from portfolio import services
from portfolio.models import Attestation, BenefitClaim, Initiative, PlanLine, Posting
from portfolio.selectors import fiscal_year_of
from scoring.models import ReturnPosition
from scoring.positions import refresh_returns, refresh_scores
from tests.factories import AsToken, SignIn, draft, make_token, make_unit, piloting, proposal_content
from tests.gathering import Gathered, gather, of_module

pytestmark = pytest.mark.django_db

RATE = Decimal("1.0837")
CENT = Decimal("0.01")
ON_PAGE = (
    "planned_cost", "planned_benefit", "actual_cost", "attested_benefit", "claimed_benefit", "committed",
    "released", "npv_submitted", "npv_p50", "forecast_npv",
)  # fmt: skip


@pytest.fixture(scope="module")
def gathered(module_db: None) -> Gathered:
    """The cast with its books, made once: postings, claims, attestations, releases, some of it in euros."""
    found = gather()
    content = proposal_content(
        owner=found["owner"], sponsor=found["sponsor"], benefit_owner=found["benefit_owner"]
    )
    unit_lead, finance, cfo = found["unit_lead"], found["finance"], found["cfo"]
    year = fiscal_year_of(clock.today())
    rates = services.propose_rates(
        name="Planning rates", fiscal_year=year, rates={"EUR": str(RATE)}, source="", actor=finance
    )
    services.confirm_rates(rates, actor=cfo)
    bulk_portfolio(initiatives=12, months=9, seed=3)
    pilot = piloting(content | {"currency": "EUR"}, released=True)
    for amount in ("100.01", "33.335"[:-1], "7.77"):
        services.post(
            pilot, service_month=clock.today(), amount=Decimal(amount), currency="EUR", category="cloud",
            actor=finance,
        )  # fmt: skip
    claim = services.claim_benefit(
        pilot, line_key="saving", month=clock.today(), amount=Decimal("512.33"), evidence="x", actor=unit_lead
    )
    services.attest(claim, amount=Decimal("411.11"), where_it_shows="CC", actor=finance)
    draft(content | {"title": "A draft counts nowhere"})
    refresh_returns()
    refresh_scores()
    return found | {"content": content, "books": cfo}


books, content, unit, other_unit, unit_lead, finance, cfo = map(
    of_module, ("books", "content", "unit", "other_unit", "unit_lead", "finance", "cfo")
)


def in_base(amount: Decimal, currency: str) -> Decimal:
    rate = RATE if currency == "EUR" else Decimal(1)
    return (amount * rate).quantize(CENT, rounding=ROUND_HALF_EVEN)


def from_facts() -> dict[str, Decimal]:
    """The sums, added up fact by fact, by nobody's query but this one's."""
    sums = dict.fromkeys(ON_PAGE, Decimal(0))
    for posting in Posting.objects.exclude(initiative=None):
        sums["actual_cost"] += in_base(posting.amount, posting.currency)
    for line in PlanLine.objects.select_related("case__initiative"):
        if line.case.initiative.current_case_id == line.case_id:
            months = [in_base(Decimal(stored) / 10_000, line.case.currency) for stored in line.amounts]
            sums[f"planned_{line.side}"] += sum(months, Decimal(0))
    for claim in BenefitClaim.objects.filter(replaced_by=None):
        sums["claimed_benefit"] += in_base(claim.amount, claim.currency)
    for attestation in Attestation.objects.select_related("claim"):
        sums["attested_benefit"] += in_base(attestation.amount, attestation.claim.currency)
    for commitment in Commitment.objects.all():
        sums["committed"] += commitment.amount
    for release in ReleaseLine.objects.all():
        sums["released"] += release.amount
    for position in ReturnPosition.objects.all():
        for name in ("npv_submitted", "npv_p50", "forecast_npv"):
            sums[name] += Decimal(repr(getattr(position, name) or 0))
    return {name: value.quantize(CENT) for name, value in sums.items()}


def body_of(answer: Any) -> bytes:
    assert isinstance(answer, StreamingHttpResponse | FileResponse | HttpResponse)
    return b"".join(answer) if answer.streaming else answer.content


def export(browser: Client, kind: str, **filters: str) -> bytes:
    answer = browser.post(reverse("report-list"), {"format": kind} | filters)
    assert answer.status_code == 200
    assert f'.{kind}"' in answer["Content-Disposition"]
    return body_of(answer)


def columns_of(rows: list[dict[str, Any]]) -> dict[str, Decimal]:
    return {
        total_name(column): sum(
            (Decimal(str(row[column.heading] or 0)).quantize(CENT) for row in rows), Decimal(0)
        )
        for column in SUMMED
    }


def as_csv(content: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_page_api_csv_and_workbook_equal_the_sum_of_the_facts(
    sign_in: SignIn, books: User, tmp_path: Path
) -> None:
    expected, browser = from_facts(), sign_in(books)
    assert expected["actual_cost"] > 0
    assert expected["released"] > 0
    totals = Portfolio(books, {}).totals.as_dict()
    assert {name: totals[name] for name in ON_PAGE} == expected
    # CSV
    rows = as_csv(export(browser, "csv"))
    assert len(rows) == totals["initiatives"] == Initiative.objects.exclude(stage="draft").count()
    by_csv = columns_of(rows)
    assert {name: by_csv[name] for name in ON_PAGE} == expected
    # The workbook, by two readers: the rows, and the totals as they were written beside their formulas.
    file = tmp_path / "book.xlsx"
    file.write_bytes(export(browser, "xlsx"))
    book = CalamineWorkbook.from_path(str(file))
    head, *values = book.get_sheet_by_name("Portfolio").to_python()
    by_rows = columns_of([dict(zip(map(str, head), row, strict=True)) for row in values])
    assert {name: by_rows[name] for name in ON_PAGE} == expected
    shown = {row[0]: row[1] for row in book.get_sheet_by_name("Totals").to_python()[1:]}
    names = {column.heading: total_name(column) for column in SUMMED}
    written = {names[str(label)]: Decimal(repr(value)).quantize(CENT) for label, value in shown.items()}
    assert {name: written[name] for name in ON_PAGE} == expected
    formulas = openpyxl.load_workbook(file)["Totals"]
    assert all(str(row[1].value).startswith("=SUM(Portfolio!") for row in formulas.iter_rows(min_row=2))
    # The API
    figures = browser.get(reverse("api:figures")).json()
    assert {name: Decimal(figures["totals"][name]) for name in ON_PAGE} == expected
    assert figures["totals"]["roi_submitted"] == totals["roi_submitted"]
    # The pages
    for url in ("finance", "executive", "report-list"):
        page = browser.get(reverse(url)).content.decode()
        for name in ("released", "attested_benefit"):
            assert f"{expected[name]:,.2f}".replace(",", "\u202f") in page, (url, name)
    # The list of the API, page by page
    total, url = Decimal(0), reverse("api:initiative-list") + "?page_size=5"
    while url:
        part = browser.get(url).json()
        total += sum(Decimal(row["actual_cost"] or 0) for row in part["results"])
        url = part["next"]
    assert total == expected["actual_cost"]


@pytest.mark.parametrize("figure", sorted(EXPLAINED))
def test_the_terms_of_a_total_re_add_to_it(sign_in: SignIn, books: User, figure: str) -> None:
    columns = list(EXPLAINED[figure][2])
    portfolio = Portfolio(books, {})
    terms = portfolio.terms(columns, most=3)
    columns_of_values = zip(*(term["values"] for term in terms), strict=True)
    sums = [
        sum((Decimal(repr(v) if isinstance(v, float) else v) for v in values), Decimal(0))
        for values in columns_of_values
    ]
    result = getattr(portfolio.totals, figure)
    if len(columns) == 2:
        assert result == pytest.approx(float(sums[0] / sums[1]), abs=1e-9)
    else:
        assert sums[0].quantize(CENT) == result
    browser = sign_in(books)
    page = browser.get(reverse("figure-explain", args=[figure])).content.decode()
    assert "Sum" in page
    drawer = browser.get(reverse("figure-explain", args=[figure]), headers={"hx-request": "true"})
    assert "<html" not in drawer.content.decode()


def test_filters_hold_for_every_way_out(sign_in: SignIn, books: User) -> None:
    browser = sign_in(books)
    pilot = Initiative.objects.get(currency="EUR")
    filters = {"unit": str(pilot.unit_id), "domain": "it_service", "year": str(pilot.fiscal_year)}
    totals = Portfolio(books, filters).totals
    everything = Portfolio(books, {}).totals
    assert 0 < totals.initiatives < everything.initiatives
    rows = as_csv(export(browser, "csv", **filters))
    assert pilot.reference in {row["Reference"] for row in rows}
    assert columns_of(rows)["actual_cost"] == totals.actual_cost
    figures = browser.get(reverse("api:figures"), filters).json()
    assert Decimal(figures["totals"]["actual_cost"]) == totals.actual_cost
    page = browser.get(reverse("finance"), filters).content.decode()
    assert f"{totals.actual_cost:,.2f}".replace(",", "\u202f") in page


def test_differences_to_plan_are_amounts_of_money(books: User) -> None:
    rows = Portfolio(books, {}).variances(most=100)
    assert len(rows) == ReturnPosition.objects.filter(planned_cost_to_date__gt=0).count() > 1
    for row in rows:
        assert row["difference"] == row["actual_cost_closed"] - row["planned_cost_to_date"]
    assert [row["difference"] for row in rows] == sorted((row["difference"] for row in rows), reverse=True)


@pytest.mark.parametrize("query", [{"unit": "0"}, {"year": "1"}, {"domain": "magic"}, {"unit": "9" * 30}])
def test_a_filter_that_can_not_be_read_shows_no_figure(
    sign_in: SignIn, books: User, query: dict[str, str]
) -> None:
    browser = sign_in(books)
    for name in ("executive", "finance", "report-list"):
        answer = browser.get(reverse(name), query)
        assert answer.status_code == 422
        assert "field-error" in answer.content.decode()
    assert browser.get(reverse("figure-explain", args=["released"]), query).status_code == 422
    assert browser.get(reverse("api:figures"), query).status_code == 422
    assert browser.post(reverse("report-list"), {"format": "csv"} | query).status_code == 422
    totals = Portfolio(books, query).totals.as_dict()
    assert {value for value in totals.values() if value} == set()


def test_an_export_is_in_the_ledger_with_its_filters(sign_in: SignIn, books: User, outsider: User) -> None:
    browser, url = sign_in(books), reverse("report-list")
    before = LedgerEntry.objects.filter(act="report.exported").count()
    assert sign_in(outsider).post(url, {"format": "csv"}).status_code == 403
    wrong = browser.post(url, {"format": "pdf"})
    assert wrong.status_code == 422
    assert "Choose workbook or CSV." in wrong.content.decode()
    assert browser.put(url).status_code == 405
    assert LedgerEntry.objects.filter(act="report.exported").count() == before
    export(browser, "csv", domain="it_service")
    entry = LedgerEntry.objects.filter(act="report.exported").latest("seq")
    assert '"domain":"it_service"' in entry.body
    assert re.search(r'"rows":\d+', entry.body)


def test_each_reader_exports_what_they_see(sign_in: SignIn, books: User, unit_lead: User) -> None:
    rows = as_csv(export(sign_in(unit_lead), "csv"))
    mine = set(
        Initiative.objects.open_to(unit_lead).exclude(stage="draft").values_list("reference", flat=True)
    )
    assert {row["Reference"] for row in rows} == mine
    assert 0 < len(mine) < Portfolio(books, {}).totals.initiatives


PAYLOADS = (
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", '=HYPERLINK("http://example.com")',
    "=cmd|'/C calc'!A0", "  =1+1", "\N{FULLWIDTH EQUALS SIGN}1+1", '"=1+1', "'=1+1", ";=1+1", ",=1+1",
    "=\u200b1", "|calc", "%0A=1+1", "http://example.com", "internal:Sheet!A1", "mailto:a@example.com",
    "1e308", "00012", "TRUE", "{=1+1}", "=DDE(1)", "\n=1+1", "a\r\n=1+1", "<b>", "\N{INFINITY}",
    "\N{MINUS SIGN}5",
)  # fmt: skip


def test_no_cell_becomes_a_formula(
    sign_in: SignIn, other_unit: Unit, unit_lead: User, cfo: User, tmp_path: Path
) -> None:
    annex = make_unit("Annex", parent=other_unit)
    for number, payload in enumerate(PAYLOADS):
        Initiative.objects.create(
            reference=f"AI-1999-{number:04d}",
            unit=annex,
            created_by=unit_lead,
            title=payload,
            stage="submitted",
        )
    file = tmp_path / "book.xlsx"
    file.write_bytes(export(sign_in(cfo), "xlsx", unit=str(annex.pk)))
    sheet = openpyxl.load_workbook(file)["Portfolio"]
    cells = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert len(cells) == len(PAYLOADS)
    for cell, payload in zip(cells, PAYLOADS, strict=True):
        assert cell.data_type in {"s", "inlineStr"}, payload
        assert cell.hyperlink is None, payload
    texts = [row["Title"] for row in as_csv(export(sign_in(cfo), "csv", unit=str(annex.pk)))]
    assert len(texts) == len(PAYLOADS)
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_every_column_of_the_report_has_a_heading_of_its_own() -> None:
    assert len({column.heading for column in COLUMNS}) == len(COLUMNS)
    names = set(Totals.__dataclass_fields__)
    assert {total_name(column) for column in SUMMED} <= names


def test_the_token_of_an_integrator_reads_the_figures_of_its_unit(
    api: AsToken, books: User, integrator: User
) -> None:
    token = api(make_token(integrator, ["portfolio:read"]))
    mine = Portfolio(integrator, {}).totals
    assert Decimal(token.get(reverse("api:figures")).json()["totals"]["actual_cost"]) == mine.actual_cost
    assert 0 < mine.actual_cost < Portfolio(books, {}).totals.actual_cost
