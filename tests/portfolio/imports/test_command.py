"""`manage.py import_portfolio`: what it prints, what it writes, what it refuses."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from portfolio.models import ImportBatch, Initiative
from tests.portfolio.imports.sources import GMPP_2022, GMPP_2023, IT_DASHBOARD

pytestmark = pytest.mark.django_db


def run(path: Path, profile: str, *options: str) -> list[str]:
    out = io.StringIO()
    call_command("import_portfolio", str(path), "--profile", profile, *options, stdout=out)
    return out.getvalue().splitlines()


def test_the_last_line_is_the_counts_as_json() -> None:
    assert json.loads(run(GMPP_2022, "uk-gmpp", "--json")[-1]) == {
        "rows": 235, "created": 235, "updated": 0, "unchanged": 0, "rejected": 0,
    }  # fmt: skip
    assert json.loads(run(GMPP_2023, "uk-gmpp", "--json")[-1]) == {
        "rows": 244, "created": 38, "updated": 206, "unchanged": 0, "rejected": 0,
    }  # fmt: skip
    assert json.loads(run(GMPP_2023, "uk-gmpp", "--json")[-1])["unchanged"] == 244


def test_without_json_it_says_the_counts_in_words() -> None:
    assert run(GMPP_2022, "uk-gmpp") == [
        "About 2022-03-31: 235 rows; 235 created, 0 updated, 0 unchanged, 0 rejected."
    ]


def test_a_dry_run_writes_nothing_but_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    lines = run(GMPP_2022, "uk-gmpp", "--dry-run", "--report", str(report), "--json")
    assert "235 would be created" in lines[0]
    assert json.loads(lines[-1])["created"] == 235
    assert not Initiative.objects.exists()
    assert report.exists()


def test_the_report_holds_every_row_and_each_rejection_with_its_reason(tmp_path: Path) -> None:
    source, report = tmp_path / "projects.csv", tmp_path / "report.csv"
    source.write_bytes(IT_DASHBOARD.read_bytes().replace(b",3,175755,", b",=1+2,175755,", 1))
    lines = run(source, "us-itdashboard", "--report", str(report))
    assert lines[-1] == "row 2, Project ID: The id is not a whole number. ('=1+2')"
    rows = list(csv.DictReader(io.StringIO(report.read_text("utf-8-sig"), newline="")))
    outcomes = [row for row in rows if row["outcome"] != "remark"]
    assert [int(row["row"]) for row in outcomes] == list(range(1, 2469))
    rejected = [row for row in outcomes if row["outcome"] == "rejected"]
    assert [(row["row"], row["column"], row["value"]) for row in rejected] == [("2", "Project ID", "'=1+2")]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_whoever_is_named_needs_the_right(portfolio_office: User, finance: User) -> None:
    with pytest.raises(CommandError, match="“Import a portfolio” is for portfolio office"):
        run(GMPP_2022, "uk-gmpp", "--by", finance.email)
    with pytest.raises(CommandError, match="There is no active user"):
        run(GMPP_2022, "uk-gmpp", "--by", "nobody@keel.test")
    run(GMPP_2022, "uk-gmpp", "--by", portfolio_office.email)
    assert ImportBatch.objects.get().by == portfolio_office


def test_a_date_can_be_named() -> None:
    assert run(GMPP_2022, "uk-gmpp", "--about", "2022-06-30")[0].startswith("About 2022-06-30: 235 rows")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.csv", None, "can't be read"),
        ("empty.csv", b"", "empty"),
        ("text.csv", b"hello", "not a table"),
    ],
)
def test_a_file_that_can_not_be_taken_ends_with_its_reason(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandError, match=sentence):
        run(tmp_path / name, "uk-gmpp")
    assert not ImportBatch.objects.exists()


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        run(GMPP_2022, "mine")
