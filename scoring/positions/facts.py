"""The facts that returns are made of, as columns of whole numbers, as of any `seq`.

One statement for each question, whatever the number of initiatives, and the same one on both databases.
Months count from January 1970, days from its first; amounts are integers of 10^-4 units; a choice is its
place in its list. So a big answer is one COPY in binary, whose rows have one length and need no parsing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db import connection

from portfolio import money
from portfolio.models import ClosedKind, OutcomeClass, RiskFlag, Stage
from scoring.experience import NONE_YET, Experience, ratios
from scoring.finance import REFERENCE_CLASSES, IntArray, Ratios, ReferenceClass, ReturnSettings
from scoring.models import ScoringModel

Columns = dict[str, IntArray]

NO_DAY = -(10**6)
NO_MONTH = -(10**5)
# From this many initiatives on PostgreSQL answers by COPY.
COPY_FROM = 500
CURRENCIES = tuple(sorted(money.CURRENCIES | {settings.BASE_CURRENCY}))
BASE = CURRENCIES.index(settings.BASE_CURRENCY)
CLASSES = tuple(str(name) for name in REFERENCE_CLASSES)
# What a plan line counts for; costs are one line, benefits are cash or not.
DELIVERY, RUN, CASH, OTHER = range(4)

_COPY_HEADER, _COPY_TRAILER = 19, 2


class CannotRead(ValueError):
    """The database answered something that its own schema rules out."""


# Months --------------------------------------------------------------------------------------


def month_of(day: date) -> int:
    """The month of a day, counted from January 1970."""
    return (day.year - 1970) * 12 + day.month - 1


def day_of(month: int) -> date:
    """The first day of a month."""
    return date(1970 + month // 12, month % 12 + 1, 1)


def months_of(days: IntArray) -> IntArray:
    """The months of days; NO_DAY becomes NO_MONTH."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.where(days == NO_DAY, NO_MONTH, months)


def days_of(months: IntArray) -> IntArray:
    """The first days of months; NO_MONTH becomes NO_DAY."""
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.where(months == NO_MONTH, NO_DAY, days)


def fiscal_years_of(months: IntArray) -> IntArray:
    """The fiscal years that months lie in, named by the calendar year in which they end."""
    first = settings.FISCAL_YEAR_START_MONTH
    ends_later = (first > 1) & (months % 12 >= first - 1)
    return 1970 + months // 12 + ends_later


def months_of_moments(seconds: IntArray) -> IntArray:
    """The local months of moments, given in seconds since 1970."""
    if not len(seconds):
        return seconds
    zone = ZoneInfo(settings.TIME_ZONE)
    first, last = (
        month_of(datetime.fromtimestamp(int(end), zone).date()) for end in (seconds.min(), seconds.max())
    )
    begins = [
        int(datetime.combine(day_of(month), datetime.min.time(), zone).timestamp())
        for month in range(first, last + 2)
    ]
    return first + np.searchsorted(np.array(begins), seconds, side="right") - 1


# What holds for all initiatives --------------------------------------------------------------


@dataclass(frozen=True)
class Rules:
    """The planning rates, the settings of the model in force and the class ratios, as of a `seq`."""

    version: int
    settings: ReturnSettings
    # Fiscal year -> currency -> units of the base currency, of the newest confirmed set of that year.
    rates: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    # What the outcomes set by then teach; without them, the ratios that Keel ships.
    experience: Mapping[ReferenceClass, Experience] = field(default_factory=lambda: NONE_YET)

    def at_p50(self, classes: Sequence[str]) -> Ratios:
        """The middle ratios of each initiative's class after experience."""
        return Ratios.at_p50(classes, ratios(self.experience))

    def at_p80(self, classes: Sequence[str]) -> Ratios:
        """The careful ratios of each initiative's class after experience."""
        return Ratios.at_p80(classes, ratios(self.experience))

    def rate(self, currency: str, fiscal_year: int) -> Decimal | None:
        """Units of the base currency for one unit; None where there is no rate, never 1 by default.

        A year without a set of its own keeps the last one's before it.
        """
        years = [year for year in self.rates if year <= fiscal_year]
        text = self.rates[max(years)].get(currency) if years else None
        return None if text is None else Decimal(text)


def rules(seq: int) -> Rules:
    """What is in force as of a `seq`, but for what outcomes teach, which `learning.rules` adds.

    Before the first model is published these are the settings that Keel ships.
    """
    model = (
        ScoringModel.objects.published()
        .filter(publication__transaction__seq__lte=seq)
        .order_by("-version")
        .values_list("version", "settings")
        .first()
    )
    version, stored = model or (0, {})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.fiscal_year, s.rates FROM portfolio_rateset s "
            "JOIN portfolio_ratesetconfirmation f ON f.rate_set_id = s.id "
            "JOIN ledger_transaction t ON t.id = f.transaction_id "
            "WHERE s.base = %s AND t.seq <= %s ORDER BY s.id",
            [settings.BASE_CURRENCY, seq],
        )
        # A later set of the same year takes the place of the earlier one, whole.
        rates = {
            int(year): json.loads(texts) if isinstance(texts, str) else texts
            for year, texts in cursor.fetchall()
        }
    return Rules(version, ReturnSettings(**stored.get("returns", {})), rates)


# Reading -------------------------------------------------------------------------------------


def _code(column: str, values: Sequence[str]) -> str:
    """SQL for the place of a text in a list of our own, -1 for any other."""
    cases = " ".join(f"WHEN '{value}' THEN {place}" for place, value in enumerate(values))
    return f"CASE {column} {cases} ELSE -1 END"


def _currency(column: str) -> str:
    return f"CASE WHEN {column} = '{settings.BASE_CURRENCY}' THEN {BASE} ELSE {_code(column, CURRENCIES)} END"


def _day(column: str) -> str:
    days = (
        f"{column} - DATE '1970-01-01'"
        if connection.vendor == "postgresql"
        else f"CAST(julianday({column}) - 2440587.5 AS INTEGER)"
    )
    return f"COALESCE({days}, {NO_DAY})"


def _moment(column: str) -> str:
    if connection.vendor == "postgresql":
        return f"FLOOR(EXTRACT(EPOCH FROM {column}))"
    return f"strftime('%s', {column})"


def _whole(column: str) -> str:
    """SQL for a truth as 0 or 1."""
    return f"CAST({column} AS INTEGER)"


@dataclass(frozen=True)
class Facts:
    """The facts of some initiatives (ascending ids) with a `seq` up to `seq`."""

    ids: IntArray
    seq: int

    def rows_of(self, initiatives: IntArray) -> IntArray:
        """The rows of initiatives, which are all among the ids."""
        return np.searchsorted(self.ids, initiatives).astype(np.int64)

    def cases(self) -> Columns:
        """Frozen cases, by initiative and version; `effective`: the first month that began after it froze."""
        found = self._read(
            {
                "id": "c.id",
                "initiative": "c.initiative_id",
                "version": "c.version",
                "reference_class": _code("c.reference_class", CLASSES),
                "currency": _currency("c.currency"),
                "start": _day("c.start_month"),
                "go_live": _day("c.go_live_month"),
                "at": _moment("t.at"),
            },
            f"portfolio_businesscase c JOIN ledger_transaction t ON t.id = c.transaction_id "
            f"WHERE {self._whose('c.initiative_id')} AND t.seq <= {self.seq}",
        )
        order = np.lexsort((found["version"], found["initiative"]))
        cases = {name: column[order] for name, column in found.items()}
        cases["row"] = self.rows_of(cases["initiative"])
        cases["start"], cases["go_live"] = months_of(cases["start"]), months_of(cases["go_live"])
        cases["effective"] = months_of_moments(cases.pop("at")) + 1
        return cases

    def baselines(self) -> Columns:
        """Baselines in the order they were set, by initiative."""
        found = self._read(
            {
                "id": "b.id",
                "initiative": "b.initiative_id",
                "case": "b.case_id",
                "base": _day("b.base_month"),
            },
            f"portfolio_baseline b WHERE {self._whose('b.initiative_id')} AND {self._known('b')}",
        )
        found["base"] = months_of(found["base"])
        return self._by_row(found)

    def stages(self) -> Columns:
        """Moves, by initiative in their order."""
        return self._by_row(
            self._read(
                {
                    "id": "s.id",
                    "initiative": "s.initiative_id",
                    "stage": _code("s.to_stage", Stage.values),
                },
                f"portfolio_stagechange s WHERE {self._whose('s.initiative_id')} AND {self._known('s')}",
            )
        )

    def closings(self) -> Columns:
        """Closings with their local month."""
        found = self._read(
            {
                "id": "c.id",
                "initiative": "c.initiative_id",
                "kind": _code("c.kind", ClosedKind.values),
                "month": _moment("t.at"),
            },
            f"portfolio_closing c JOIN ledger_transaction t ON t.id = c.transaction_id "
            f"WHERE {self._whose('c.initiative_id')} AND t.seq <= {self.seq}",
        )
        found["month"] = months_of_moments(found["month"])
        return self._by_row(found)

    def outcomes(self) -> Columns:
        """Outcomes that were set, in their order."""
        return self._by_row(
            self._read(
                {
                    "id": "o.id",
                    "initiative": "o.initiative_id",
                    "outcome": _code("o.outcome", OutcomeClass.values),
                },
                f"portfolio_outcomeset o WHERE {self._whose('o.initiative_id')} AND {self._known('o')}",
            )
        )

    def risk_flags(self) -> Columns:
        """The newest flag of each kind and subject: row, kind, whether it is raised, from and until when."""
        found = self._read(
            {
                "id": "f.id",
                "initiative": "f.initiative_id",
                "kind": _code("f.kind", RiskFlag.Kind.values),
                "subject": "f.subject",
                "is_raised": _whole("f.is_raised"),
                "from": _day("f.from_on"),
                "until": _day("f.until"),
            },
            f"portfolio_riskflag f WHERE {self._whose('f.initiative_id')} AND {self._known('f')}",
        )
        order = np.lexsort((found["id"], found["subject"], found["kind"], found["initiative"]))
        ordered = {name: column[order] for name, column in found.items()}
        keys = np.stack([ordered[name] for name in ("initiative", "kind", "subject")])
        is_newest = np.ones(len(order), bool)
        is_newest[:-1] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        newest = {name: column[is_newest] for name, column in ordered.items()}
        newest["row"] = self.rows_of(newest.pop("initiative"))
        return newest

    def unreached_milestones(self) -> Columns:
        """The milestones of all cases that nobody reported as reached: case and day."""
        return self._read(
            {"case": "m.case_id", "due": _day("m.due_on")},
            "portfolio_milestone m JOIN portfolio_businesscase c ON c.id = m.case_id "  # noqa: S608  likewise
            f"WHERE {self._whose('c.initiative_id')} AND {self._known('m')} AND NOT EXISTS ("
            "SELECT 1 FROM portfolio_milestonereached r WHERE r.initiative_id = c.initiative_id "
            f"AND r.key = m.key AND {self._known('r')})",
        )

    def plan_lines(self) -> tuple[Columns, IntArray]:
        """Plan lines in a fixed order, and the amounts of all of them, one line after the other."""
        array_length = (
            "jsonb_array_length" if connection.vendor == "postgresql" else "json_array_length"
        ) + "(l.amounts)"
        which = (
            "portfolio_planline l JOIN portfolio_businesscase c ON c.id = l.case_id "
            f"WHERE {self._whose('c.initiative_id')} AND {self._known('l')} AND {array_length} > 0 "
            "ORDER BY l.id"
        )
        slot = (
            f"CASE WHEN l.side = 'benefit' THEN CASE WHEN l.is_cash THEN {CASH} ELSE {OTHER} END "
            f"WHEN l.phase = 'delivery' THEN {DELIVERY} ELSE {RUN} END"
        )
        lines = self._read(
            {"case": "l.case_id", "slot": slot, "first": _day("l.first_month"), "months": array_length},
            which,
        )
        lines["first"] = months_of(lines["first"])
        amounts = self._read_arrays("l.amounts", which)
        if len(amounts) != lines["months"].sum():
            raise CannotRead("Plan lines and their amounts don't fit together.")
        return lines, amounts

    def postings(self) -> Columns:
        """Postings that belong to an initiative; credit notes and reversals carry their sign."""
        found = self._read(
            {
                "initiative": "p.initiative_id",
                "month": _day("p.service_month"),
                "amount": "p.amount",
                "currency": _currency("p.currency"),
            },
            f"portfolio_posting p WHERE {self._whose('p.initiative_id')} AND {self._known('p')}",
        )
        found["month"] = months_of(found["month"])
        found["row"] = self.rows_of(found.pop("initiative"))
        return found

    def claims(self) -> Columns:
        """Benefit claims that no correction replaces, with what finance attested."""
        found = self._read(
            {
                "id": "b.id",
                "initiative": "b.initiative_id",
                "month": _day("b.month"),
                "amount": "b.amount",
                "currency": _currency("b.currency"),
                "is_cash": _whole("b.is_cash"),
                "replaces": "COALESCE(b.replaces_id, 0)",
                "is_attested": "CASE WHEN a.id IS NULL THEN 0 ELSE 1 END",
                "attested": "COALESCE(a.amount, 0)",
            },
            "portfolio_benefitclaim b LEFT JOIN "  # noqa: S608  likewise
            f"(SELECT * FROM portfolio_attestation x WHERE {self._known('x')}) a ON a.claim_id = b.id "
            f"WHERE {self._whose('b.initiative_id')} AND {self._known('b')}",
        )
        stands = ~np.isin(found["id"], found["replaces"])
        found = {name: column[stands] for name, column in found.items()}
        found["month"] = months_of(found["month"])
        found["row"] = self.rows_of(found.pop("initiative"))
        return found

    def _by_row(self, found: Columns) -> Columns:
        order = np.lexsort((found["id"], found["initiative"]))
        ordered = {name: column[order] for name, column in found.items()}
        ordered["row"] = self.rows_of(ordered["initiative"])
        return ordered

    def _whose(self, column: str) -> str:
        """SQL for "belongs to one of the ids"; whole numbers of our own stand in it as they are."""
        first, last = int(self.ids[0]), int(self.ids[-1])
        if last - first + 1 == len(self.ids):
            return f"{column} BETWEEN {first} AND {last}"
        listed = ",".join(map(str, self.ids.tolist()))
        if connection.vendor == "postgresql":
            return f"{column} = ANY('{{{listed}}}'::bigint[])"
        return f"{column} IN (SELECT value FROM json_each('[{listed}]'))"  # noqa: S608  whole numbers

    def _known(self, alias: str) -> str:
        """SQL for "recorded by then". What came later is mostly little, so both forms look for that."""
        later = f"FROM ledger_transaction t WHERE t.seq > {self.seq}"
        if connection.vendor == "postgresql":
            return f"NOT EXISTS (SELECT 1 {later} AND t.id = {alias}.transaction_id)"
        return f"{alias}.transaction_id NOT IN (SELECT t.id {later})"

    def _read(self, columns: Mapping[str, str], which: str) -> Columns:
        listed = ", ".join(f"CAST({expression} AS BIGINT)" for expression in columns.values())
        statement = f"SELECT {listed} FROM {which}"  # noqa: S608  every part of it is written in this file
        if self._copies():
            table = _copied(statement, len(columns))
        else:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                flat = np.fromiter(chain.from_iterable(cursor), dtype=np.int64)
            table = np.ascontiguousarray(flat.reshape(-1, len(columns)).T)
        return dict(zip(columns, table, strict=True))

    def _read_arrays(self, column: str, which: str) -> IntArray:
        statement = f"SELECT CAST({column} AS text) FROM {which}"  # noqa: S608  likewise
        if self._copies():
            buffer = BytesIO()
            with connection.cursor() as cursor:
                cursor.cursor.copy_expert(f"COPY ({statement}) TO STDOUT", buffer)
            text = buffer.getvalue().replace(b"[", b"").replace(b"]\n", b",").decode()
        else:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                text = "".join(row[0][1:-1] + "," for row in cursor)
        return np.fromstring(text.rstrip(","), dtype=np.int64, sep=",") if text else np.zeros(0, np.int64)

    def _copies(self) -> bool:
        return connection.vendor == "postgresql" and len(self.ids) >= COPY_FROM


def _copied(statement: str, width: int) -> IntArray:
    """The answer to a statement whose columns are all whole numbers, by COPY: shape (columns, rows)."""
    buffer = BytesIO()
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT binary)", buffer)
    answer: Any = buffer.getbuffer()
    # Each row: how many columns (2 bytes), then for each its size (4) and its 8 bytes, big end first.
    row = np.dtype([("width", ">i2"), *((f"{k}{i}", t) for i in range(width) for k, t in _COPIED_COLUMN)])
    size = len(answer) - _COPY_HEADER - _COPY_TRAILER
    if size % row.itemsize:
        raise CannotRead("COPY gave rows of another length.")
    rows = np.frombuffer(answer, dtype=row, count=size // row.itemsize, offset=_COPY_HEADER)
    if (rows["width"] != width).any() or any((rows[f"size{i}"] != 8).any() for i in range(width)):
        raise CannotRead("COPY gave a column that is no whole number.")
    return np.stack([rows[f"value{i}"].astype(np.int64) for i in range(width)])


_COPIED_COLUMN = (("size", ">i4"), ("value", ">i8"))
