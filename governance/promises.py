"""The dates that a unit was promised: triage in 5 working days, a decision in 30 days; kept or missed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from accounts.models import User
from governance.models import Gate, GatePassage
from ledger import clock
from portfolio.models import Initiative, Stage, StageChange

TRIAGE_DAYS = 5
DECISION_DAYS = 30
SATURDAY = 5


def triage_by(submitted: date) -> date:
    """Five working days after the submission."""
    day, working = submitted, 0
    while working < TRIAGE_DAYS:
        day += timedelta(days=1)
        working += day.weekday() < SATURDAY
    return day


def decision_by(submitted: date) -> date:
    """Thirty days after the submission."""
    return submitted + timedelta(days=DECISION_DAYS)


@dataclass(frozen=True)
class Promise:
    """One date promised to a unit, and when it was met."""

    initiative: Initiative
    what: str  # triage or decision
    submitted: date
    due: date
    met_on: date | None

    def is_kept(self, on: date) -> bool | None:
        """Whether it was kept; None while it may still be."""
        if self.met_on is not None:
            return self.met_on <= self.due
        return False if on > self.due else None

    def days(self, on: date) -> int:
        """Days from the submission to the answer, or to today."""
        return ((self.met_on or on) - self.submitted).days


def promises(initiatives: Iterable[Initiative]) -> list[Promise]:
    """What was promised for each submission that was not withdrawn, in three queries.

    Triage is met when it left 'submitted', a decision when a gate from G3 on was decided, when it came to an
    end, or when it went back to its unit.
    """
    rows = {row.pk: row for row in initiatives if row.submitted_at is not None}
    moves: defaultdict[int, list[tuple[str, str, date]]] = defaultdict(list)
    changes = StageChange.objects.filter(initiative__in=rows).order_by("id")
    for pk, before, after, at in changes.values_list(
        "initiative", "from_stage", "to_stage", "transaction__at"
    ):
        moves[pk].append((before, after, timezone.localdate(at)))
    decided: dict[int, date] = {}
    passages = GatePassage.objects.filter(initiative__in=rows, gate=Gate.PILOT).order_by("-id")
    for pk, at in passages.values_list("initiative", "transaction__at"):
        decided[pk] = timezone.localdate(at)
    found: list[Promise] = []
    for pk, row in rows.items():
        submitted = next((day for _, after, day in moves[pk] if after == Stage.SUBMITTED), None)
        if submitted is None:
            continue
        left = next((day for before, _, day in moves[pk] if before == Stage.SUBMITTED), None)
        back = next((day for _, after, day in moves[pk] if after == Stage.DRAFT), None)
        funded = next((day for before, _, day in moves[pk] if before == Stage.DECISION), None)
        is_over = bool(row.closed_kind)
        answers = [day for day in (decided.get(pk), back, funded) if day is not None]
        if left is not None or not is_over:
            found.append(Promise(row, "triage", submitted, triage_by(submitted), left))
        notified = any(
            before == Stage.SUBMITTED and after == Stage.OPERATING for before, after, _ in moves[pk]
        )
        if not notified and (answers or not is_over):
            met_on = min(answers) if answers else None
            found.append(Promise(row, "decision", submitted, decision_by(submitted), met_on))
    return found


@dataclass
class Kept:
    """How many promises of one unit and quarter were kept, missed, and are open."""

    quarter: str
    unit: str
    what: str
    kept: int = 0
    missed: int = 0
    open: int = 0
    days: int = 0

    @property
    def mean_days(self) -> float | None:
        """Days to the answer on average, over what was answered or is overdue."""
        number = self.kept + self.missed
        return self.days / number if number else None


def by_quarter(found: Iterable[Promise], on: date) -> list[Kept]:
    """Counts by quarter of the submission, unit and promise, the newest quarter first."""
    rows: dict[tuple[str, str, str], Kept] = {}
    for item in found:
        quarter = f"{item.submitted.year} Q{(item.submitted.month + 2) // 3}"
        key = (quarter, item.initiative.unit.name, item.what)
        row = rows.setdefault(key, Kept(*key))
        match item.is_kept(on):
            case None:
                row.open += 1
                continue
            case True:
                row.kept += 1
            case False:
                row.missed += 1
        row.days += item.days(on)
    ordered = sorted(rows.values(), key=lambda row: (row.unit, row.what == "decision"))
    return sorted(ordered, key=lambda row: row.quarter, reverse=True)


def promises_open_to(user: User, since: date) -> list[Promise]:
    """The promises of every submission since a day that the reader may open."""
    rows = Initiative.objects.open_to(user).filter(submitted_at__date__gte=since)
    return promises(rows.select_related("unit").order_by("pk"))


def lapsing(on: date | None = None) -> list[Promise]:
    """Promises that are not met and fall due within two days (triage) or five days (decision)."""
    day = on or clock.today()
    rows = Initiative.objects.filter(
        closed_kind="", stage__in=(Stage.SUBMITTED, Stage.ASSESSMENT, Stage.DECISION)
    )
    ahead = {"triage": 2, "decision": 5}
    found = promises(
        rows.exclude(submitted_at=None).select_related("unit", "owner", "sponsor").order_by("pk")
    )
    return [
        item for item in found if item.met_on is None and item.due - timedelta(days=ahead[item.what]) <= day
    ]
