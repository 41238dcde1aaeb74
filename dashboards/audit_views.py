"""The audit pack: complete lists with count, gaps and hash, one by one or all in one file."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import policy
from accounts.http import PortalRequest, acts
from accounts.models import User
from accounts.verdict import Verdict, deny
from dashboards import populations
from dashboards.as_of import reading
from dashboards.populations import Population, Written
from ledger import clock
from ledger.as_of import Point
from ledger.services import last_seq, record

README = """The audit pack of Keel, as of record {seq} ({at}).

Each file is one complete list: every row that was recorded up to this record, in the order of its numbers.
manifest.csv and manifest.json say for each list how many rows it has, its first and last number, which
numbers between are missing and why, and the SHA-256 of the file. The ledger's own numbers have no gap.
Facts that the ledger speaks of: {facts_in_the_ledger}. Facts in the tables: {facts_in_the_tables}.
"""


def may_take(user: User) -> Verdict:
    """A role for the whole organisation: the lists are of all units."""
    verdict = policy.may(user, "audit.export")
    if verdict and not policy.reach(user, "audit.export").everywhere:
        return deny("The lists are of the whole organisation; your role is for a part of it.")
    return verdict


@acts("audit.export")
@require_http_methods(["GET", "POST"])
def audit_pack(request: PortalRequest) -> HttpResponseBase:
    """What the pack holds, with counts and gaps. A POST takes it, or one list, and the ledger keeps that."""
    if request.method == "POST":
        may_take(request.user).or_deny()
        wanted = request.POST.get("list", "")
        only = populations.population(wanted) if wanted else None
        if wanted and only is None:
            return _page(request, problem="Choose a list that is there.")
        return _file(request, [only] if only else list(populations.populations()), is_pack=only is None)
    may_take(request.user).or_deny()
    return _page(request)


def _page(request: PortalRequest, problem: str = "") -> HttpResponse:
    seq = last_seq()
    rows = [populations.examine(each, seq) for each in populations.populations()]
    context = {"rows": rows, "seq": seq, "problem": problem, **populations.reconciled(seq)}
    return render(request, "dashboards/audit_pack.html", context, status=422 if problem else 200)


def _file(request: PortalRequest, wanted: list[Population], *, is_pack: bool) -> HttpResponseBase:
    point: Point | None = getattr(request, "as_of", None)
    seq = point.seq if point else last_seq()
    at = point.at if point else clock.now()
    ending = "zip" if is_pack else "csv"
    name = "audit-pack" if is_pack else wanted[0].key
    # It has no name in any folder, and goes when the answer is sent.
    out: Any = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    with reading(point, request.user) if point else nullcontext():
        if is_pack:
            lists = _pack(out, wanted, seq=seq, at=f"{at:%Y-%m-%d %H:%M} UTC")
        else:
            lists = [populations.written(wanted[0], seq, out)]
    with record("audit.exported", actor=request.user) as act:
        act.note(
            report=name,
            as_of=seq,
            lists={each.population.key: [each.extent.count, each.sha256] for each in lists},
        )
    out.seek(0)
    response = FileResponse(out, content_type="application/zip" if is_pack else "text/csv; charset=utf-8")
    day = timezone.localdate(at)
    response["Content-Disposition"] = (
        f'attachment; filename="keel-{name}-{day:%Y-%m-%d}-record-{seq}.{ending}"'
    )
    return response


def _pack(out: Any, wanted: Iterable[Population], *, seq: int, at: str) -> list[Written]:
    """Every list as a file of its own, a manifest in two forms, and what it all is."""
    lists: list[Written] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for each in wanted:
            with pack.open(f"{each.key}.csv", "w") as file:
                lists.append(populations.written(each, seq, file))
        rows = [each.as_row() for each in lists]
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        sums = populations.reconciled(seq)
        pack.writestr("manifest.csv", "\ufeff" + table.getvalue())
        pack.writestr("manifest.json", json.dumps({"as_of": seq, "lists": rows} | sums, indent=1))
        pack.writestr("README.txt", README.format(seq=seq, at=at, **sums))
    return lists
