"""Files of an initiative: taken by their content, kept under a name of ours, given out to be saved."""

import hashlib
import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Unit, User
from governance.services import withdraw
from ledger.models import LedgerEntry
from portfolio import files, services
from portfolio.models import Attachment, Initiative
from tests import factories
from tests.factories import SignIn

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\nmeasured in the pilot"


def packed(*names: str, size: int = 10) -> bytes:
    """A zip file with parts of these names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"0" * size)
    return content.getvalue()


@pytest.fixture
def initiative(content: dict[str, Any], unit: Unit) -> Initiative:
    return factories.submitted(content, unit=unit)


def upload(name: str, content: bytes) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, content, content_type="application/x-what-they-say")}


def test_a_file_is_kept_and_given_out_to_be_saved(
    sign_in: SignIn, contributor: User, auditor: User, initiative: Initiative
) -> None:
    address = reverse("attachment-add", args=[initiative.pk])
    answer = sign_in(contributor).post(address, upload("../../Pilot report.exe", PDF))
    assert answer.status_code == 302
    kept = Attachment.objects.get()
    assert (kept.name, kept.sha256) == ("Pilot report.pdf", hashlib.sha256(PDF).hexdigest())
    # Nothing of the name that it came with is in the place where it lies.
    assert "Pilot" not in str(kept.file.name)
    assert LedgerEntry.objects.order_by("-seq").values_list("act", flat=True)[0] == "attachment.added"
    given = sign_in(auditor).get(reverse("attachment-detail", args=[kept.pk]))
    assert b"".join(given.streaming_content) == PDF  # type: ignore[attr-defined]
    assert given.headers["Content-Disposition"] == 'attachment; filename="Pilot report.pdf"'
    assert given.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    page = sign_in(contributor).get(initiative.get_absolute_url()).content.decode()
    assert "Pilot report.pdf" in page


def test_who_only_reads_may_not_add_one(sign_in: SignIn, auditor: User, initiative: Initiative) -> None:
    answer = sign_in(auditor).post(reverse("attachment-add", args=[initiative.pk]), upload("a.pdf", PDF))
    assert answer.status_code == 403
    assert not Attachment.objects.exists()


def test_a_stranger_finds_nothing(
    sign_in: SignIn, outsider: User, contributor: User, initiative: Initiative
) -> None:
    kept = services.attach(initiative, name="a.pdf", content=PDF, actor=contributor)
    client = sign_in(outsider)
    assert client.get(reverse("attachment-detail", args=[kept.pk])).status_code == 404
    assert client.post(reverse("attachment-add", args=[initiative.pk]), upload("a", PDF)).status_code == 404


def test_a_closed_initiative_takes_none(
    sign_in: SignIn, contributor: User, unit_lead: User, initiative: Initiative
) -> None:

    withdraw(initiative, reason="Not now", actor=unit_lead)
    answer = sign_in(contributor).post(reverse("attachment-add", args=[initiative.pk]), upload("a", PDF))
    assert answer.status_code in {403, 409}
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00 a program", "one of these kinds"),
        (b"<html><script>alert(1)</script>", "one of these kinds"),
        (b"<svg onload=alert(1)>", "one of these kinds"),
        (b"PK\x03\x04 not a zip", "damaged"),
        (packed("anything.txt"), "one of these kinds"),
        (packed("[Content_Types].xml", "word/vbaProject.bin"), "macros"),
        (packed("[Content_Types].xml", "word/a", size=60 * 2**20), "unpacks to more"),
        (b"%PDF-" + b"0" * files.MOST_BYTES, "larger than 10 MB"),
    ],
    ids=["empty", "program", "page", "drawing", "damaged", "archive", "macros", "bomb", "large"],
)
def test_a_file_of_another_kind_is_refused_at_its_field(
    sign_in: SignIn, contributor: User, initiative: Initiative, given: bytes, says: str
) -> None:
    address = reverse("attachment-add", args=[initiative.pk])
    answer = sign_in(contributor).post(address, upload("report.pdf", given))
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (PDF, ".pdf"),
        (b"\x89PNG\r\n\x1a\n...", ".png"),
        (b"\xff\xd8\xff...", ".jpg"),
        (packed("[Content_Types].xml", "xl/workbook.xml"), ".xlsx"),
        (packed("[Content_Types].xml", "ppt/presentation.xml"), ".pptx"),
        ("Zürich;1\n".encode(), ".txt"),
    ],
)
def test_the_ending_follows_from_the_content(content: bytes, ending: str) -> None:
    assert files.kind_of(content).ending == ending


def test_adding_is_a_post(sign_in: SignIn, contributor: User, initiative: Initiative) -> None:
    assert sign_in(contributor).get(reverse("attachment-add", args=[initiative.pk])).status_code == 405
