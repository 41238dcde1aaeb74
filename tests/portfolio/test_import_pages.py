"""Imports and postings in the browser: started, followed, reported, assigned; and closed to others."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Unit, User
from ledger.models import Stale
from portfolio.models import ImportBatch, ImportJob, Initiative, Posting
from portfolio.tasks import run_imports
from scoring.positions import refresh_returns
from tests.factories import SignIn, make_person, month, piloting, submitted

pytestmark = pytest.mark.django_db

HEAD = "reference,service_month,kind,category,amount,currency,supplier"


def lines(*rows: str) -> bytes:
    return "\n".join([HEAD, *rows, ""]).encode()


def upload(browser: Client, content: bytes, kind: str = "actuals", name: str = "actuals.csv") -> Any:
    return browser.post(reverse("import-list"), {"kind": kind, "file": SimpleUploadedFile(name, content)})


@pytest.fixture
def pilot(content: dict[str, Any]) -> Initiative:
    return piloting(content)


def test_a_file_is_taken_followed_and_booked(sign_in: SignIn, pilot: Initiative, finance: User) -> None:
    refresh_returns()
    browser = sign_in(finance)
    answer = upload(
        browser,
        lines(
            f"{pilot.reference},{month()},cost,cloud,100.50,USD,Example",
            f"AI-1999-0001,{month()},cost,cloud,7.00,USD,=1+1",
        ),
    )
    assert answer.status_code == 302
    url = answer["Location"]
    assert "Waits for a worker" in browser.get(url).content.decode()
    part = browser.get(url, headers={"hx-request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="import-work" hx-get=')
    assert run_imports() == 1
    assert "Returns follow, 1 to go" in browser.get(url).content.decode()
    assert Stale.objects.get(kind="return", subject=pilot.pk).last_seq
    refresh_returns()
    done = browser.get(url, headers={"hx-request": "true"}).content.decode()
    assert "Returns are up to date" in done
    assert "hx-get" not in done.split(">")[0]
    assert "2 rows" in done
    report = b"".join(browser.get(reverse("import-report", args=[ImportBatch.objects.get().pk])))
    assert report.startswith(b"row,kind,column,value,reason")
    listed = browser.get(reverse("import-list")).content.decode()
    assert "actuals.csv" in listed
    assert "Done" in listed


def test_a_refused_file_says_why_and_books_nothing(sign_in: SignIn, pilot: Initiative, finance: User) -> None:
    browser = sign_in(finance)
    url = upload(browser, lines(f"{pilot.reference},{month()},cost,cloud,ten,USD,x"))["Location"]
    run_imports()
    page = browser.get(url).content.decode()
    assert "refused" in page
    assert "ten" in page
    assert not Posting.objects.exists()
    for content in (b"%PDF-1.7 no table", b""):
        answer = upload(browser, content)
        if content:
            run_imports()
            assert "refused" in browser.get(answer["Location"]).content.decode()
        else:
            assert answer.status_code == 422


def test_what_is_missing_is_named(sign_in: SignIn, finance: User) -> None:
    browser, url = sign_in(finance), reverse("import-list")
    assert browser.post(url, {}).status_code == 422
    assert upload(browser, b"x", kind="uk-gmpp").status_code == 422  # that one is the portfolio office's
    assert upload(browser, b"x" * (20 * 2**20 + 1)).status_code == 422
    assert not ImportJob.objects.exists()


def test_who_imports_nothing_may_not_start_one(sign_in: SignIn, auditor: User, outsider: User) -> None:
    assert sign_in(auditor).get(reverse("import-list")).status_code == 200
    assert upload(sign_in(auditor), b"x").status_code == 403
    assert sign_in(outsider).get(reverse("import-list")).status_code == 403


def test_whose_reach_is_a_part_sees_only_their_own_imports(
    sign_in: SignIn, pilot: Initiative, finance: User, other_unit: Unit
) -> None:
    url = upload(sign_in(finance), lines(f"{pilot.reference},{month()},cost,cloud,1,USD,CANARY"))["Location"]
    run_imports()
    elsewhere = sign_in(make_person("Fred Finance", Role.FINANCE, other_unit))
    assert "actuals.csv" not in elsewhere.get(reverse("import-list")).content.decode()
    assert elsewhere.get(url).status_code == 404
    report = reverse("import-report", args=[ImportBatch.objects.get().pk])
    assert elsewhere.get(report).status_code == 404
    assert "CANARY" not in elsewhere.get(reverse("posting-list")).content.decode()
    own = upload(elsewhere, lines(f"AI-1999-0001,{month()},cost,cloud,1,USD,mine"))["Location"]
    assert elsewhere.get(own).status_code == 200


# Postings ------------------------------------------------------------------------------------


@pytest.fixture
def unmatched(sign_in: SignIn, pilot: Initiative, finance: User) -> Posting:
    upload(
        sign_in(finance),
        lines(
            f"{pilot.reference},{month()},cost,cloud,100.50,USD,Known",
            f"{pilot.reference},{month(-1)},credit_note,cloud,-20,USD,Credit",
            f"AI-1999-0001,{month()},cost,cloud,7.00,USD,Unknown",
        ),
    )
    run_imports()
    return Posting.objects.get(initiative=None)


def test_postings_are_found_by_initiative_month_and_file(
    sign_in: SignIn, unmatched: Posting, pilot: Initiative, finance: User
) -> None:
    browser, url = sign_in(finance), reverse("posting-list")
    assert "Known" in browser.get(url).content.decode()
    assert "Unknown" not in browser.get(url).content.decode()
    last = browser.get(url, {"initiative": str(pilot.pk), "month": month(-1)}).content.decode()
    assert "Credit" in last
    assert "Known" not in last
    batch = browser.get(url, {"batch": str(unmatched.batch_id), "matched": "no"}).content.decode()
    assert "Unknown" in batch
    for query in ({"month": "0000-00"}, {"month": "20260-4"}, {"initiative": "²"}, {"batch": "9" * 40}):
        answer = browser.get(url, query)
        assert answer.status_code == 422
        assert "Known" not in answer.content.decode()


def test_unmatched_postings_are_for_those_who_import(
    sign_in: SignIn, unmatched: Posting, auditor: User
) -> None:
    assert sign_in(auditor).get(reverse("posting-list")).status_code == 200
    assert sign_in(auditor).get(reverse("posting-list"), {"matched": "no"}).status_code == 403


def test_an_unmatched_posting_is_assigned_once(
    sign_in: SignIn,
    unmatched: Posting,
    pilot: Initiative,
    finance: User,
    auditor: User,
    content: dict[str, Any],
    other_unit: Unit,
) -> None:
    browser, url = sign_in(finance), reverse("posting-assign", args=[unmatched.pk])
    assert sign_in(auditor).post(url, {"reference": pilot.reference}).status_code == 403
    assert browser.get(url).status_code == 405
    wrong = browser.post(url, {"reference": "AI-2000-0009"})
    assert wrong.status_code == 422
    assert "There is no initiative AI-2000-0009" in wrong.content.decode()
    assert 'value="AI-2000-0009"' in wrong.content.decode()
    assert browser.post(url, {}).status_code == 422
    hidden = submitted(content | {"title": "Elsewhere"}, unit=other_unit)
    elsewhere = sign_in(make_person("Fiona Finance", Role.FINANCE, pilot.unit))
    assert elsewhere.post(url, {"reference": hidden.reference}).status_code == 422
    assert browser.post(url, {"reference": pilot.reference.lower()}).status_code == 302
    assert browser.post(url, {"reference": pilot.reference}).status_code == 409
    assert sum(row.amount for row in pilot.postings.all()) == Decimal("87.50")
    known = Posting.objects.exclude(initiative=None).first()
    assert known is not None
    assert browser.post(reverse("posting-assign", args=[known.pk])).status_code == 404
