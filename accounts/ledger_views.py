"""The ledger's page. It stands here because it shows names, and the ledger itself knows none."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from accounts import services
from accounts.forms import LedgerFilter, VerifyForm
from accounts.http import PortalRequest, acts
from accounts.models import User
from accounts.permissions import may_read_ledger, may_verify_ledger
from ledger import selectors, signing, verifier
from ledger.models import LedgerEntry
from ledger.selectors import EntryFilter

COLUMNS = (
    "seq", "at", "act", "actor_id", "actor", "on_behalf_of_id", "object_type", "object_id", "transaction",
    "body", "previous_hash", "hash",
)  # fmt: skip
# The object types that have a page, and the name of its address; the rooms above own the others.
PAGES = {
    "accounts.User": "person-detail",
    "portfolio.Initiative": "initiative-detail",
    "governance.SigningRound": "signing-round-detail",
    "portfolio.ImportJob": "import-job-detail",
}
# And those that people know by a name; a line of the page shows it.
NAMED = ("accounts.User", "accounts.Unit", "portfolio.Initiative")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class NamedEntry:
    """An entry with the names of its people."""

    entry: LedgerEntry
    actor: str
    on_behalf_of: str
    body: dict[str, Any]
    page: str
    subject: str

    @property
    def act_in_words(self) -> str:
        """`initiative.submitted` as people say it."""
        return self.entry.act.replace(".", " ").replace("_", " ")

    @property
    def object_in_words(self) -> str:
        """What people call it: its name, or `governance.EnvelopeChange` 7 in words."""
        if self.subject:
            return self.subject
        kind = self.entry.object_type.rpartition(".")[2]
        words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()
        return f"{words} {self.entry.object_id}".strip()

    @property
    def reason(self) -> str:
        """Why, if anybody said so."""
        return str(self.body.get("reason", ""))


@acts("ledger.view")
@require_GET
def ledger(request: PortalRequest) -> HttpResponse:
    """Every act of governance, in order."""
    may_read_ledger(request.user).or_deny()
    form = LedgerFilter(request.GET, acts=selectors.acts())
    form.is_valid()
    newest_first = form.cleaned_data.get("order") != "oldest"
    beyond = request.GET.get("beyond", "")
    page = selectors.page_of(
        selectors.entries(_which(form)),
        newest_first=newest_first,
        beyond=int(beyond) if beyond.isascii() and beyond.isdigit() and len(beyond) < 19 else None,
    )
    verified = selectors.last_of("ledger.verified")
    rows = _named([*page.rows, *([verified] if verified else [])])
    query = {name: str(value) for name, value in request.GET.items() if name != "beyond" and value}
    return render(
        request,
        "accounts/ledger.html",
        {
            "form": form,
            "rows": rows[: len(page.rows)],
            "newest_first": newest_first,
            "beyond": beyond,
            "first_url": f"?{urlencode(query)}",
            "next_url": f"?{urlencode(query | {'beyond': str(page.following)})}" if page.following else "",
            "export_query": urlencode(query),
            "verified": rows[-1] if verified else None,
            "signed": selectors.newest_head(),
            "may_verify": may_verify_ledger(request.user),
            "verify_form": VerifyForm(),
        },
    )


def _which(form: LedgerFilter) -> EntryFilter:
    chosen = form.cleaned_data
    kind, number = _object_of(chosen.get("object", "").strip())
    person = chosen.get("person", "").strip()
    return EntryFilter(
        act=chosen.get("act", ""),
        actor_ids=_ids_of(person) if person else None,
        object_type=kind.replace(" ", ""),
        object_id=number,
        since=_start_of(chosen.get("since")),
        until=_start_of(chosen.get("until"), after=True),
    )


def _object_of(words: str) -> tuple[str, str]:
    """Type and number of `AI-2026-0042`, `unit 7` or `envelope change`."""
    initiatives = apps.get_model("portfolio", "Initiative")._base_manager
    if words and (found := initiatives.filter(reference__iexact=words).values_list("pk", flat=True).first()):
        return "portfolio.Initiative", str(found)
    kind, _, number = words.rpartition(" ")
    return (kind, number) if kind or number.isdigit() else (number, "")


def _ids_of(words: str) -> list[int]:
    return list(
        User.objects.filter(Q(name__icontains=words) | Q(email__iexact=words)).values_list("pk", flat=True)
    )


def _start_of(day: date | None, *, after: bool = False) -> datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=1 if after else 0), time.min))


def _named(entries: list[LedgerEntry]) -> list[NamedEntry]:
    people = {pk for entry in entries for pk in (entry.actor_id, entry.on_behalf_of_id) if pk is not None}
    names = dict(User.objects.filter(pk__in=people).values_list("pk", "name"))
    subjects = _subjects(entries)
    return [
        NamedEntry(
            entry=entry,
            actor=_name(entry.actor_id, names),
            on_behalf_of=_name(entry.on_behalf_of_id, names) if entry.on_behalf_of_id else "",
            body=json.loads(entry.body),
            page=PAGES.get(entry.object_type, ""),
            subject=subjects.get((entry.object_type, entry.object_id), ""),
        )
        for entry in entries
    ]


def _subjects(entries: list[LedgerEntry]) -> dict[tuple[str, str], str]:
    """What people call the objects that have a name: one query for each of those types."""
    found: dict[tuple[str, str], str] = {}
    for label in NAMED:
        keys = {entry.object_id for entry in entries if entry.object_type == label}
        if keys:
            rows = apps.get_model(label)._base_manager.in_bulk([int(key) for key in keys if key.isdigit()])
            found |= {(label, str(key)): str(row) for key, row in rows.items()}
    return found


def _name(pk: int | None, names: dict[int, str]) -> str:
    return "Keel itself" if pk is None else names.get(pk, f"person {pk}")


@acts("ledger.view")
@require_GET
def ledger_entry(request: PortalRequest, seq: int) -> HttpResponse:
    """One entry whole, with what its hash is made of."""
    may_read_ledger(request.user).or_deny()
    entry = get_object_or_404(LedgerEntry, seq=seq)
    return render(
        request,
        "accounts/ledger_entry.html",
        {
            "row": _named([entry])[0],
            "pretty": json.dumps(json.loads(entry.body), indent=2, ensure_ascii=False, sort_keys=True),
        },
    )


@acts("ledger.verify")
@require_POST
def ledger_verify(request: PortalRequest) -> HttpResponse:
    """Verify the chain now; the result is an entry of the ledger and shows on its page."""
    may_verify_ledger(request.user).or_deny()
    form = VerifyForm(request.POST)
    form.is_valid()
    found = services.verify_ledger(state=form.cleaned_data["state"], actor=request.user)
    if found.holds:
        messages.success(request, f"The ledger holds: {found.entries} entries, no fault.")
    else:
        messages.error(
            request, f"The ledger does not hold: {len(found.faults)} faults. {found.faults[0].sentence}"
        )
    return redirect("ledger")


@acts("ledger.view")
@require_GET
def ledger_export(request: PortalRequest) -> HttpResponseBase:
    """The entries of the filter as CSV, oldest first, with every column that the hashes are made of."""
    may_read_ledger(request.user).or_deny()
    form = LedgerFilter(request.GET, acts=selectors.acts())
    form.is_valid()
    names = dict(User.objects.values_list("pk", "name"))
    entries = selectors.entries(_which(form)).order_by("seq").iterator(chunk_size=2000)
    response = StreamingHttpResponse(_csv(entries, names), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="ledger.csv"'
    return response


@acts("ledger.view")
@require_GET
def ledger_lines(request: PortalRequest) -> HttpResponseBase:
    """The whole ledger as JSON Lines with its signed heads: what the stand-alone verifier reads."""
    may_read_ledger(request.user).or_deny()
    response = StreamingHttpResponse(
        selectors.export_lines(), content_type="application/jsonl; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="ledger.jsonl"'
    return response


@acts("ledger.view")
@require_GET
def ledger_verifier(request: PortalRequest) -> HttpResponseBase:
    """The program that verifies an export with nothing but Python."""
    may_read_ledger(request.user).or_deny()
    response = HttpResponse(Path(verifier.__file__).read_bytes(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_keel_ledger.py"'
    return response


@acts("ledger.view")
@require_GET
def ledger_key(request: PortalRequest) -> HttpResponseBase:
    """The public key that heads are signed with."""
    may_read_ledger(request.user).or_deny()
    signed = selectors.newest_head()
    if signed is None:
        raise Http404
    # The web server needs no private key: the head names the public one.
    response = HttpResponse(signing.pem_of(bytes.fromhex(signed.key)), content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="keel-ledger-key.pem"'
    return response


class _Line:
    """Gives each line that the CSV writer writes straight on."""

    def write(self, line: str) -> str:
        return line


def _csv(entries: Iterator[LedgerEntry], names: dict[int, str]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for entry in entries:
        name = _name(entry.actor_id, names)
        yield writer.writerow(
            (
                entry.seq,
                entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
                entry.act,
                "" if entry.actor_id is None else entry.actor_id,
                # A name is typed by people: no spreadsheet may take it for a formula.
                f"'{name}" if name.startswith(FORMULA_STARTS) else name,
                "" if entry.on_behalf_of_id is None else entry.on_behalf_of_id,
                entry.object_type,
                entry.object_id,
                entry.transaction_id,
                entry.body,
                entry.previous_hash,
                entry.hash,
            )
        )
