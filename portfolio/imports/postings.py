"""Booking a file of monthly actuals: accepted whole, or not at all.

Each line goes to the initiative that it names, or that its cost object belongs to, by shares. What fits
nothing goes to the unmatched postings, so that the sum of the postings is the sum of the file. A line for a
closed month is booked in the open one. A file is booked once: the same bytes again change nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import PurePath

from django.db import transaction

from accounts import policy
from accounts.errors import Refused
from accounts.models import User
from ledger import clock
from ledger.services import record
from portfolio import money
from portfolio.imports.actuals import ActualRow, Actuals, read_actuals
from portfolio.imports.outcome import Outcome, keep_remarks, one_import_at_a_time, rejection_lines
from portfolio.imports.report import ReportLine
from portfolio.imports.rows import FileRefused
from portfolio.models import CostObject, ImportBatch, Initiative, Posting
from portfolio.permissions import may_import_actuals
from portfolio.selectors import fiscal_year_of, open_month, usable_currencies

PROFILE = "actuals"
CHUNK = 500
DAY_ONE = date(1, 1, 1)
Share = tuple[int, Decimal]  # an initiative and its percentage of a cost object


@dataclass(frozen=True)
class Part:
    """What is booked of one line: an amount, for an initiative or for nobody with the reason."""

    row: ActualRow
    amount: Decimal
    booked_month: date
    initiative_id: int | None
    why_unmatched: str = ""


def import_actuals(
    content: bytes,
    *,
    file_name: str,
    control_total: Decimal | None = None,
    dry_run: bool = False,
    actor: User,
) -> Outcome:
    """Book a file of actuals. In the outcome `created` counts its lines; with `dry_run` nothing is written.

    A line that can't be read keeps the whole file from being booked; the outcome then has a `refusal`, and
    the attempt is kept with its reasons. Raises NotAllowed, or Refused for a file that is no table of actuals
    or doesn't add up to its control total.
    """
    may_import_actuals(actor).or_deny()
    currencies = usable_currencies(fiscal_year_of(clock.today()))
    try:
        actuals = read_actuals(content, control_total=control_total, currencies=currencies)
    except FileRefused as refusal:
        raise Refused(refusal.sentence, {"file": refusal.sentence}) from refusal
    with transaction.atomic():
        if not dry_run:
            one_import_at_a_time()
        if (earlier := _booked_before(actuals)) is not None:
            return _unchanged(actuals, earlier)
        parts = [] if actuals.rejections else list(_parts(actuals.rows, actor))
        outcome = _outcome(actuals, parts)
        return outcome if dry_run else _book(actuals, parts, outcome, PurePath(file_name).name[-255:], actor)


def _booked_before(actuals: Actuals) -> ImportBatch | None:
    return ImportBatch.objects.filter(profile=PROFILE, file_hash=actuals.file_hash, created__gt=0).first()


def _unchanged(actuals: Actuals, earlier: ImportBatch) -> Outcome:
    said = f"The same file was booked before, as {earlier.file_name}; nothing is booked twice."
    return Outcome(
        about_date=earlier.about_date,
        rows=actuals.count,
        created=0,
        updated=0,
        unchanged=actuals.count,
        rejected=0,
        lines=tuple(
            ReportLine(row.row_number, "unchanged", _named(row), reason=said) for row in actuals.rows
        ),
        batch=earlier,
    )


def _outcome(actuals: Actuals, parts: Sequence[Part]) -> Outcome:
    rejected = len(actuals.rejections)
    lines = [*rejection_lines(actuals.rejections), *(line for part in parts for line in _lines(part))]
    refusal = ""
    if rejected:
        those = "1 line can't" if rejected == 1 else f"{rejected} lines can't"
        refusal = f"Nothing was booked: {those} be read. Correct them and send the whole file again."
        said = "not booked, because other lines of the file can't be read"
        lines += [ReportLine(row.row_number, "unchanged", _named(row), reason=said) for row in actuals.rows]
    return Outcome(
        about_date=max((part.booked_month for part in parts), default=clock.today()),
        rows=actuals.count,
        created=0 if rejected else len(actuals.rows),
        updated=0,
        unchanged=len(actuals.rows) if rejected else 0,
        rejected=rejected,
        lines=tuple(lines),
        refusal=refusal,
    )


def _lines(part: Part) -> Iterator[ReportLine]:
    row = part.row
    if part.initiative_id is None:
        yield ReportLine(
            row.row_number, "unmatched", _named(row), "amount", f"{part.amount:f}", part.why_unmatched
        )
    else:
        yield ReportLine(row.row_number, "created", _named(row), "amount", f"{part.amount:f}")
    if part.booked_month != row.booked_month:
        said = f"{row.booked_month:%Y-%m} is closed: booked in {part.booked_month:%Y-%m}"
        yield ReportLine(
            row.row_number, "moved", _named(row), "booked_month", f"{row.booked_month:%Y-%m}", said
        )


def _named(row: ActualRow) -> str:
    return row.reference or row.cost_object or row.supplier


def _book(actuals: Actuals, parts: Sequence[Part], outcome: Outcome, file_name: str, actor: User) -> Outcome:
    """Add the batch and its postings, or only the batch with its rejections, as one act."""
    with record("actuals.refused" if outcome.refusal else "actuals.imported", actor=actor) as act:
        batch = act.add(
            ImportBatch,
            profile=PROFILE,
            file_name=file_name,
            file_hash=actuals.file_hash,
            about_date=outcome.about_date,
            control_total=actuals.control_total,
            by=actor,
            **outcome.counts,
        )
        act.about(batch)
        act.note(file_hash=actuals.file_hash, control_total=actuals.control_total, **outcome.counts)
        act.add_many(
            Posting,
            [
                Posting(
                    batch=batch,
                    row_number=part.row.row_number,
                    initiative_id=part.initiative_id,
                    kind=part.row.kind,
                    category=part.row.category,
                    service_month=part.row.service_month,
                    booked_month=part.booked_month,
                    amount=part.amount,
                    currency=part.row.currency,
                    reference=part.row.reference or part.row.cost_object,
                    document=part.row.document,
                    supplier=part.row.supplier,
                    text=part.row.text,
                    why_unmatched=part.why_unmatched,
                )
                for part in parts
            ],
        )
        keep_remarks(act, batch, [line for line in outcome.lines if line.outcome != "unchanged"])
        act.marks("return", {part.initiative_id for part in parts if part.initiative_id is not None})
    return replace(outcome, batch=batch)


def _parts(rows: Sequence[ActualRow], actor: User) -> Iterator[Part]:
    """What is booked of each line, in the order of the file. The parts of a line add up to its amount."""
    reach = policy.reach(actor, "actuals.import")
    first_open = open_month(DAY_ONE)
    by_reference = _initiatives({row.reference for row in rows} - {""}, reach)
    by_cost_object = _cost_objects({row.cost_object for row in rows} - {""}, reach)
    for row in rows:
        booked = max(row.booked_month, first_open)
        if row.reference in by_reference:
            yield Part(row, row.amount, booked, by_reference[row.reference])
            continue
        shares = _shares(by_cost_object.get(row.cost_object, ()), row.service_month)
        spoken_for = sum((share for _, share in shares), Decimal(0))
        if not shares or spoken_for > 100:
            yield Part(row, row.amount, booked, None, _why_unmatched(row, spoken_for))
            continue
        left = 100 - spoken_for
        amounts = money.split(row.amount, [*(share for _, share in shares), left], row.currency)
        for (initiative_id, _), amount in zip(shares, amounts, strict=False):
            yield Part(row, amount, booked, initiative_id)
        if left:
            why = f"{left} % of {row.cost_object} belongs to no initiative."
            yield Part(row, amounts[-1], booked, None, why)


def _initiatives(references: Iterable[str], reach: policy.Reach) -> dict[str, int]:
    """The initiatives with these references that the importer may post to."""
    found: dict[str, int] = {}
    wanted = sorted(references)
    for start in range(0, len(wanted), CHUNK):
        for initiative in Initiative.objects.filter(
            reference__in=wanted[start : start + CHUNK]
        ).select_related("unit"):
            if reach.everywhere or reach.covers(initiative.unit):
                found[initiative.reference] = initiative.pk
    return found


def _cost_objects(codes: Iterable[str], reach: policy.Reach) -> dict[str, list[CostObject]]:
    """For each code whom it belongs to, the oldest word first."""
    found: dict[str, list[CostObject]] = defaultdict(list)
    wanted = sorted(codes)
    for start in range(0, len(wanted), CHUNK):
        for cost_object in (
            CostObject.objects.filter(code__in=wanted[start : start + CHUNK])
            .select_related("initiative__unit")
            .order_by("valid_from", "id")
        ):
            if reach.everywhere or reach.covers(cost_object.initiative.unit):
                found[cost_object.code].append(cost_object)
    return found


def _shares(cost_objects: Iterable[CostObject], month: date) -> list[Share]:
    """Which initiatives the cost object served in a month: for each the newest word from then or before."""
    shares: dict[int, Decimal] = {}
    for cost_object in cost_objects:
        if cost_object.valid_from.replace(day=1) <= month:
            shares[cost_object.initiative_id] = Decimal(cost_object.share)
    return sorted(shares.items())


def _why_unmatched(row: ActualRow, spoken_for: Decimal) -> str:
    if spoken_for > 100:
        return f"The shares of {row.cost_object} add up to {spoken_for} %."
    if row.reference:
        return f"No initiative {row.reference} in your units."
    if row.cost_object:
        return f"{row.cost_object} belonged to no initiative in {row.service_month:%Y-%m}."
    return "Only a supplier is named."
