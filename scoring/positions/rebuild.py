"""Computing stored positions again from their facts, to compare them or to write them anew."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import models

from ledger import chain, clock
from ledger.models import Stale
from ledger.services import last_seq
from scoring import positions
from scoring.models import ObservedOutcome, ReturnPosition, ReturnYear, Score
from scoring.positions import learning, scores, stale, store
from scoring.positions.returns import YEAR_COLUMNS, Computed

FEW = 500
_NOT_COMPARED = {"through_seq", "on", "initiative_id"}


@dataclass(frozen=True)
class Difference:
    """One figure that is stored otherwise than its facts give it."""

    subject: str
    field: str
    stored: object
    computed: object

    def __str__(self) -> str:
        return f"{self.subject}, {self.field}: stored {self.stored!r}, computed {self.computed!r}"


@dataclass
class Checked:
    """How many positions were compared, and what differed."""

    number: int
    differences: list[Difference]


def _as_of_by_subject(kind: str, stored: Mapping[int, tuple[int, date]]) -> dict[tuple[int, date], list[int]]:
    """The stored positions by the point at which each must agree.

    One that is not stale must agree with all facts of today, or a mark is missing; one that is must agree
    with those it was made of.
    """
    now = last_seq()
    waiting = set(stale.waiting(kind).values_list("subject", flat=True))
    groups: defaultdict[tuple[int, date], list[int]] = defaultdict(list)
    for pk, (seq, on) in stored.items():
        groups[seq if pk in waiting else now, on].append(pk)
    return groups


def _known(model: type[models.Model]) -> dict[int, tuple[int, date]]:
    rows = model._default_manager.values_list("initiative_id", "through_seq", "on")
    return {pk: (seq, on) for pk, seq, on in rows.iterator(chunk_size=10_000)}


def _missing(kind: str, stored: Mapping[int, Any], computed: set[int]) -> Iterator[Difference]:
    """Subjects that say they are up to date without a position that the facts give."""
    current = Stale.objects.filter(kind=kind, through_seq__gte=models.F("last_seq"))
    for pk in current.values_list("subject", flat=True).order_by("subject"):
        if pk not in stored and pk in computed:
            yield Difference(f"{kind} of initiative {pk}", "position", None, "one")


# Returns -------------------------------------------------------------------------------------


def check_returns() -> Checked:
    """Every stored return against its facts, field by field, to the last bit."""
    stored = _known(ReturnPosition)
    found = Checked(len(stored), [])
    for (seq, on), ids in _as_of_by_subject(stale.RETURN, stored).items():
        computed = positions.compute_returns(ids, seq=seq, on=on)
        found.differences += _compare_returns(computed, ids)
    # What has no position has no day either: any day shows whether there is something to compute.
    absent = list(
        Stale.objects.filter(kind=stale.RETURN, through_seq__gte=models.F("last_seq"))
        .exclude(subject__in=ReturnPosition.objects.values("pk"))
        .values_list("subject", flat=True)
    )
    computed = positions.compute_returns(absent, seq=last_seq(), on=clock.today())
    found.differences += _missing(stale.RETURN, stored, set(computed.ids.tolist()))
    return found


def _compare_returns(computed: Computed, ids: list[int]) -> Iterator[Difference]:
    fresh = store.instances(computed)
    years = {(year.initiative_id, year.fiscal_year): year for year in store.year_instances(computed)}
    fields = [
        field.attname for field in ReturnPosition._meta.concrete_fields if field.attname not in _NOT_COMPARED
    ]
    wanted = set(ids)
    # A few by their ids; of many it is quicker to read all and leave some out.
    few = {"initiative__in": ids} if len(ids) < FEW else {}
    rows = ReturnPosition.objects.filter(**few).order_by("pk").values_list("pk", *fields)
    for pk, *values in rows.iterator(chunk_size=10_000):
        if pk not in wanted:
            continue
        subject = f"return of initiative {pk}"
        if pk not in fresh:
            yield Difference(subject, "position", "one", computed.faults.get(pk, "no such initiative"))
            continue
        for name, value in zip(fields, values, strict=True):
            if (other := getattr(fresh[pk], name)) != value:
                yield Difference(subject, name, value, other)
    stored_years = (
        ReturnYear.objects.filter(**few)
        .order_by("initiative", "fiscal_year")
        .values_list("initiative_id", "fiscal_year", *YEAR_COLUMNS)
    )
    for pk, year, *values in stored_years.iterator(chunk_size=10_000):
        if pk not in wanted:
            continue
        match = years.pop((pk, year), None)
        subject = f"return of initiative {pk} in FY{year}"
        if match is None:
            yield Difference(subject, "year", "one", None)
            continue
        for name, value in zip(YEAR_COLUMNS, values, strict=True):
            if (other := getattr(match, name)) != value:
                yield Difference(subject, name, value, other)
    for pk, year in years:
        yield Difference(f"return of initiative {pk} in FY{year}", "year", None, "one")


def write_returns() -> int:
    """Compute every return anew from all facts, on its stored day, and write it; how many."""
    stored = _known(ReturnPosition)
    by_day: defaultdict[date, list[int]] = defaultdict(list)
    for pk in set(stored) | set(Stale.objects.filter(kind=stale.RETURN).values_list("subject", flat=True)):
        by_day[stored[pk][1] if pk in stored else clock.today()].append(pk)
    written = 0
    for on, ids in by_day.items():
        seq = last_seq()
        computed = positions.compute_returns(ids, seq=seq, on=on)
        written += store.write(computed, subjects=ids, anew=True)
    return written


# Scores --------------------------------------------------------------------------------------


def check_scores() -> Checked:
    """Every stored score against its facts, to the last bit."""
    stored = _known(Score)
    found = Checked(len(stored), [])
    for (seq, _), ids in _as_of_by_subject(stale.SCORE, stored).items():
        fresh = {score.initiative: asdict(score) for score in scores.compute_scores(ids, seq=seq)}
        for score in Score.objects.filter(pk__in=ids).order_by("pk"):
            subject = f"score of initiative {score.pk}"
            if score.pk not in fresh:
                found.differences.append(Difference(subject, "position", "one", None))
                continue
            for name, value in fresh[score.pk].items():
                kept = getattr(
                    score, {"initiative": "pk", "round": "round_id", "model": "model_id"}.get(name, name)
                )
                # PostgreSQL gives bytes back as a view of them.
                kept = bytes(kept) if isinstance(kept, memoryview) else kept
                if kept != value:
                    found.differences.append(Difference(subject, name, kept, value))
    computed = {score.initiative for score in scores.compute_scores(seq=last_seq())}
    found.differences += _missing(stale.SCORE, stored, computed)
    return found


def write_scores() -> int:
    """Compute every score anew from all facts and write it; how many."""
    seq = last_seq()
    days = {pk: on for pk, (_, on) in _known(Score).items()}
    by_day: defaultdict[date, list[scores.ComputedScore]] = defaultdict(list)
    for score in scores.compute_scores(seq=seq):
        by_day[days.get(score.initiative, clock.today())].append(score)
    return sum(
        scores.write(of_day, seq=seq, on=on, subjects=[score.initiative for score in of_day], anew=True)
        for on, of_day in by_day.items()
    )


# What outcomes teach --------------------------------------------------------------------------


def check_observations() -> Checked:
    """What every outcome showed, against its facts; one that is not kept yet is no difference."""
    stored = ObservedOutcome.objects.in_bulk()
    found = Checked(len(stored), [])
    names = [field.attname for field in ObservedOutcome._meta.concrete_fields]
    fresh = {outcome.pk: outcome for outcome in learning.all_outcomes(last_seq())}
    for pk, kept in stored.items():
        subject = f"what outcome {pk} of initiative {kept.initiative_id} showed"
        if pk not in fresh:
            found.differences.append(Difference(subject, "observation", "one", None))
            continue
        computed = learning.instance(fresh[pk])
        found.differences += [
            Difference(subject, name, getattr(kept, name), getattr(computed, name))
            for name in names
            if getattr(kept, name) != getattr(computed, name)
        ]
    return found


def write_observations() -> int:
    """Compute what every outcome showed anew and keep it; how many."""
    ObservedOutcome.objects.all().delete()
    return learning.keep_observations()


# As of ---------------------------------------------------------------------------------------


def digest_as_of(seq: int, on: date) -> tuple[int, str]:
    """How many returns and scores there were at a point, and one digest of all their figures.

    The same point gives the same digest at any time, on any database.
    """
    computed = positions.compute_returns(seq=seq, on=on)
    total = hashlib.sha256()
    for name in sorted(computed.columns):
        total.update(name.encode())
        total.update(computed.columns[name].tobytes())
    for name in sorted(computed.years):
        total.update(name.encode())
        total.update(computed.years[name].tobytes())
    found = scores.compute_scores(seq=seq)
    for score in found:
        total.update(chain.canonical({name: repr(value) for name, value in asdict(score).items()}).encode())
    return len(computed) + len(found), total.hexdigest()
