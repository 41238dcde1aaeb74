"""Taking a portfolio in: each row of a source becomes an initiative, or a newer state of one, or is reported.

A row that was taken once, for the same date and with the same cells, changes nothing the second time.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath

from django.conf import settings
from django.db import transaction

from accounts import policy
from accounts.errors import Refused
from accounts.models import Unit, User
from ledger.services import Act, record
from portfolio.imports import units
from portfolio.imports.outcome import Outcome, keep_remarks, one_import_at_a_time, rejection_lines
from portfolio.imports.profiles import Reading, read_portfolio
from portfolio.imports.report import ReportLine
from portfolio.imports.rows import FileRefused, Rejection, SourceRow
from portfolio.models import (
    Classification,
    ExternalId,
    ImportBatch,
    Initiative,
    ReferenceCounter,
    RiskTier,
    SourceRecord,
    Stage,
    StageChange,
    StatedFigure,
)
from portfolio.permissions import may_import_portfolio
from portfolio.selectors import fiscal_year_of

CHUNK = 500
SUMMARY_LENGTH = 500
# An initiative is somewhere; where the source does not say, it stands at the start of what others can see.
STAGE_UNSAID = Stage.SUBMITTED
OPERATOR_EMAIL = "command-line@keel.invalid"


@dataclass(frozen=True)
class Known:
    """What Keel holds of an initiative that a source names again."""

    initiative: Initiative
    hashes: frozenset[tuple[date, str]]
    newest: date | None
    newest_hash: str
    stage_said: str
    domain_is_set: bool


@dataclass(frozen=True)
class Step:
    """What is to be done with one row."""

    row: SourceRow
    known: Known | None
    says: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """created, updated or unchanged."""
        if self.known is None:
            return "created"
        return "unchanged" if (self.row.about_date, self.row.row_hash) in self.known.hashes else "updated"

    @property
    def is_newest(self) -> bool:
        """Whether the row tells of the newest date that the source has told of."""
        return self.known is None or self.known.newest is None or self.row.about_date >= self.known.newest


def operator() -> User:
    """The actor of the command line: an account that nobody can sign in to."""
    found = User.objects.filter(email=OPERATOR_EMAIL).first()
    return found or User.objects.create_user(OPERATOR_EMAIL, "Command line", is_active=False)


def import_portfolio(
    content: bytes,
    *,
    profile: str,
    file_name: str,
    about: date | None = None,
    dry_run: bool = False,
    actor: User | None,
) -> Outcome:
    """Take in a file of a portfolio. With `dry_run` nothing is written, and the outcome is what would be.

    Without an actor it is done at the command line, by who may do anything there. Raises NotAllowed, or
    Refused for a file that can't be taken as a whole.
    """
    if actor is not None:
        may_import_portfolio(actor).or_deny()
    try:
        reading = read_portfolio(content, profile, about)
    except FileRefused as refusal:
        raise Refused(refusal.sentence, {"file": refusal.sentence}) from refusal
    if dry_run:
        return _outcome(reading, *_plan(reading, actor, lock=False))
    with transaction.atomic():
        one_import_at_a_time()
        steps, rejections = _plan(reading, actor, lock=True)
        outcome = _outcome(reading, steps, rejections)
        seen = ImportBatch.objects.filter(profile=reading.profile, file_hash=reading.file_hash).first()
        if seen is not None and not outcome.created and not outcome.updated:
            return replace(outcome, batch=seen)
        base = units.root() if actor is None else units.top_of(policy.reach(actor, "portfolio.import"))
        return _apply(reading, steps, outcome, PurePath(file_name).name[-255:], base, actor or operator())


def _plan(reading: Reading, actor: User | None, *, lock: bool) -> tuple[list[Step], list[Rejection]]:
    """What is to be done with each row, by some queries for each chunk of them."""
    reach = None if actor is None else policy.reach(actor, "portfolio.import")
    steps: list[Step] = []
    rejections = list(reading.rejections)
    for start in range(0, len(reading.rows), CHUNK):
        chunk = reading.rows[start : start + CHUNK]
        known = _known(reading.profile, [row.external_id for row in chunk], lock=lock)
        for row in chunk:
            held = known.get(row.external_id)
            if held and reach and not (reach.everywhere or reach.covers(held.initiative.unit)):
                reason = "It belongs to a unit that you do not import for."
                rejections.append(Rejection(row.row_number, "", row.external_id, reason))
            else:
                steps.append(Step(row, held, tuple(_said(row, held))))
    return steps, rejections


def _known(system: str, external_ids: Sequence[str], *, lock: bool) -> dict[str, Known]:
    initiative_of = dict(
        ExternalId.objects.filter(system=system, value__in=external_ids).values_list("value", "initiative_id")
    )
    found = Initiative.objects.select_related("unit", "current_case")
    if lock:
        found = found.select_for_update(of=("self",))
    initiatives = found.in_bulk(list(initiative_of.values()))
    told: dict[str, list[tuple[date, str, str]]] = defaultdict(list)
    for external_id, about, row_hash, stage in (
        SourceRecord.objects.filter(system=system, external_id__in=initiative_of)
        .order_by("about_date", "id")
        .values_list("external_id", "about_date", "row_hash", "stage")
    ):
        told[external_id].append((about, row_hash, stage))
    domain_set = set(
        Classification.objects.filter(
            initiative__in=initiative_of.values(), kind=Classification.Kind.DOMAIN
        ).values_list("initiative_id", flat=True)
    )
    return {
        external_id: Known(
            initiative=initiatives[pk],
            hashes=frozenset((about, row_hash) for about, row_hash, _ in told[external_id]),
            newest=told[external_id][-1][0] if told[external_id] else None,
            newest_hash=told[external_id][-1][1] if told[external_id] else "",
            stage_said=next((stage for *_, stage in reversed(told[external_id]) if stage), STAGE_UNSAID),
            domain_is_set=pk in domain_set,
        )
        for external_id, pk in initiative_of.items()
    }


def _said(row: SourceRow, known: Known | None) -> Iterator[str]:
    """What is worth saying about what will be done with a row."""
    if known is None:
        if not row.stage:
            yield f"the source says no stage: registered as {STAGE_UNSAID.label.lower()}"
        if not row.stated_figures:
            yield "taken without a business case: the source states no cost and no benefit"
        elif all(figure.amount is None for figure in row.stated_figures):
            yield "taken without a business case: no figure of the source is a number"
    elif (row.about_date, row.row_hash) in known.hashes:
        if (known.newest, known.newest_hash) != (
            row.about_date,
            row.row_hash,
        ) and row.about_date == known.newest:
            yield "this row was taken before, and another one for the same date after it, which holds"
    elif known.newest is not None and row.about_date < known.newest:
        yield f"older than what is known of {known.newest}: kept as history"


def _outcome(reading: Reading, steps: Sequence[Step], rejections: Sequence[Rejection]) -> Outcome:
    done = [step.outcome for step in steps]
    return Outcome(
        about_date=reading.about_date,
        rows=reading.count,
        created=done.count("created"),
        updated=done.count("updated"),
        unchanged=done.count("unchanged"),
        rejected=len(rejections),
        lines=(*rejection_lines(rejections), *(line for step in steps for line in _lines(step))),
    )


def _lines(step: Step) -> Iterator[ReportLine]:
    number, external_id = step.row.row_number, step.row.external_id
    yield ReportLine(number, step.outcome, external_id)
    for sentence in step.says:
        yield ReportLine(number, "remark", external_id, reason=sentence)
    for remark in step.row.remarks:
        yield ReportLine(number, "remark", external_id, remark.column, remark.value, remark.reading)


def _apply(
    reading: Reading,
    steps: Sequence[Step],
    outcome: Outcome,
    file_name: str,
    base: Unit | None,
    actor: User,
) -> Outcome:
    with record("portfolio.imported", actor=actor) as act:
        batch = act.add(
            ImportBatch,
            profile=reading.profile,
            file_name=file_name,
            file_hash=reading.file_hash,
            about_date=reading.about_date,
            by=actor,
            **outcome.counts,
        )
        act.about(batch)
        act.note(file_hash=reading.file_hash, about_date=reading.about_date, **outcome.counts)
        changed = [step for step in steps if step.outcome != "unchanged"]
        unit_of = units.units_for({step.row.unit_path for step in changed}, below=base, act=act)
        initiatives = _initiatives(changed, unit_of, act, actor)
        moved = _follow(changed, initiatives, unit_of)
        stages = _stage_changes(changed, initiatives, act)
        tiers = _risk_tiers(changed, initiatives, actor)
        _save(changed, initiatives)
        act.add_many(StageChange, stages)
        act.add_many(Classification, tiers)
        _add_records(changed, initiatives, unit_of, batch, act)
        written = {step.row.row_number for step in changed}
        lines = (*outcome.lines, *moved)
        keep_remarks(
            act, batch, [line for line in lines if line.row_number in written or line.outcome == "rejected"]
        )
        act.marks("return", [initiative.pk for initiative in initiatives])
    return replace(outcome, lines=lines, batch=batch)


def _initiatives(
    steps: Sequence[Step], unit_of: dict[units.UnitPath, Unit], act: Act, actor: User
) -> list[Initiative]:
    """The initiative of each step; new ones are not saved yet."""
    references = iter(_take_references(act.at.year, sum(step.known is None for step in steps)))
    return [
        Initiative(
            reference=next(references),
            unit=unit_of[step.row.unit_path],
            created_by=actor,
            created_at=act.at,
            source=step.row.system,
            currency=next((figure.currency for figure in step.row.stated_figures), settings.BASE_CURRENCY),
            stage_since=act.at,
        )
        if step.known is None
        else step.known.initiative
        for step in steps
    ]


def _take_references(year: int, count: int) -> list[str]:
    """The next references of a year, many at once; the counter's row is locked meanwhile."""
    if not count:
        return []
    ReferenceCounter.objects.get_or_create(year=year)
    counter = ReferenceCounter.objects.select_for_update().get(year=year)
    taken = []
    for _ in range(count):
        counter.last += 1
        taken.append(str(counter))
    counter.save(update_fields=["last"])
    return taken


def _follow(
    steps: Sequence[Step], initiatives: Sequence[Initiative], unit_of: dict[units.UnitPath, Unit]
) -> list[ReportLine]:
    """Let the cached columns follow the newest row as `lifecycle.cache_of` would; says which units changed.

    Once Keel has a case of its own, the source no longer names or moves the initiative.
    """
    moved = []
    for step, initiative in zip(steps, initiatives, strict=True):
        if not step.is_newest:
            continue
        row, case = step.row, initiative.current_case
        if step.known is None or not step.known.domain_is_set:
            initiative.domain = row.domain_class
        if case is None or case.start_month is None:
            initiative.fiscal_year = fiscal_year_of(row.day("start") or row.about_date)
        if case is not None:
            continue
        initiative.title, initiative.summary = row.title, row.problem[:SUMMARY_LENGTH]
        unit = unit_of[row.unit_path]
        if initiative.unit_id != unit.pk:
            sentence = f"moved from the unit {initiative.unit} to {unit}"
            moved.append(ReportLine(row.row_number, "remark", row.external_id, reason=sentence))
            initiative.unit = unit
    return moved


def _stage_changes(steps: Sequence[Step], initiatives: Sequence[Initiative], act: Act) -> list[StageChange]:
    """Enter the stage that the newest row says, unless Keel has moved the initiative itself."""
    changes = []
    for step, initiative in zip(steps, initiatives, strict=True):
        row, known = step.row, step.known
        if known is not None and (
            not row.stage
            or not step.is_newest
            or initiative.current_case is not None
            or initiative.closed_kind
            or initiative.stage in {row.stage, Stage.DRAFT}
            or initiative.stage != known.stage_said
        ):
            continue
        stage = row.stage or STAGE_UNSAID
        changes.append(
            StageChange(
                initiative=initiative,
                from_stage="" if known is None else initiative.stage,
                to_stage=stage,
                reason=f"As {row.system} states for {row.about_date}: {row.stage_text.strip() or 'no stage'}",
            )
        )
        initiative.stage, initiative.stage_since = stage, act.at
        if stage == Stage.SUBMITTED and initiative.submitted_at is None:
            initiative.submitted_at = act.at
    return changes


def _risk_tiers(
    steps: Sequence[Step], initiatives: Sequence[Initiative], actor: User
) -> list[Classification]:
    """A source's word that harm is possible holds until the risk officer sets the tier."""
    tiers = []
    for step, initiative in zip(steps, initiatives, strict=True):
        row = step.row
        if row.risk_hint == "high" and step.is_newest and not initiative.risk_tier:
            initiative.risk_tier = RiskTier.HIGH
            tiers.append(
                Classification(
                    initiative=initiative,
                    kind=Classification.Kind.RISK_TIER,
                    value=RiskTier.HIGH,
                    by=actor,
                    reason=f"As {row.system} states for {row.about_date}: {row.risk_text.strip()}",
                )
            )
    return tiers


def _save(steps: Sequence[Step], initiatives: Sequence[Initiative]) -> None:
    """Insert the new initiatives with their external ids, and write the columns that may have changed."""
    pairs = list(zip(steps, initiatives, strict=True))
    new = [(step, initiative) for step, initiative in pairs if step.known is None]
    Initiative.objects.bulk_create([initiative for _, initiative in new], batch_size=CHUNK)
    ExternalId.objects.bulk_create(
        [
            ExternalId(initiative=initiative, system=step.row.system, value=step.row.external_id)
            for step, initiative in new
        ],
        batch_size=CHUNK,
    )
    Initiative.objects.bulk_update(
        [initiative for step, initiative in pairs if step.known is not None],
        [
            "unit", "title", "summary", "stage", "stage_since", "submitted_at", "domain", "risk_tier",
            "fiscal_year",
        ],
        batch_size=CHUNK,
    )  # fmt: skip


def _add_records(
    steps: Sequence[Step],
    initiatives: Sequence[Initiative],
    unit_of: dict[units.UnitPath, Unit],
    batch: ImportBatch,
    act: Act,
) -> None:
    """Keep each row whole, and the figures that it states."""
    records = act.add_many(
        SourceRecord,
        [
            SourceRecord(
                batch=batch,
                initiative=initiative,
                system=step.row.system,
                external_id=step.row.external_id,
                about_date=step.row.about_date,
                row_number=step.row.row_number,
                row_hash=step.row.row_hash,
                unit=unit_of[step.row.unit_path],
                title=step.row.title,
                problem=step.row.problem,
                expected_benefit=step.row.expected_benefit,
                domain=step.row.domain_class,
                stage=step.row.stage,
                starts_on=step.row.day("start"),
                ends_on=step.row.day("end"),
                assessment=", ".join(
                    f"{said.by}: {said.rating}" for said in step.row.assessments if said.rating
                ),
                # Pairs, because PostgreSQL does not keep the order of an object's keys.
                raw=[list(pair) for pair in step.row.raw.items()],
            )
            for step, initiative in zip(steps, initiatives, strict=True)
        ],
        batch_size=CHUNK,
    )
    act.add_many(
        StatedFigure,
        [
            StatedFigure(
                record=kept,
                initiative_id=kept.initiative_id,
                measure=figure.measure,
                period=figure.period,
                period_start=figure.period_start,
                period_end=figure.period_end,
                amount=figure.amount,
                currency=figure.currency,
                reason_absent=figure.reason_absent,
            )
            for kept, step in zip(records, steps, strict=True)
            for figure in step.row.stated_figures
        ],
        batch_size=CHUNK,
    )
