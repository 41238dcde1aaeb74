"""ROI of all, from facts to positions; and of one that changed. The floors do the least that must be done."""

import numpy as np
from django.db import connection, transaction

from bench.harness import Line, rows, timed
from ledger import clock
from ledger.models import Stale
from ledger.services import last_seq
from portfolio.models import Initiative
from scoring.finance import FloatArray, present_value
from scoring.positions import compute_returns, facts, refresh_returns, store
from scoring.positions.facts import Facts

# quality.md: at most 8 s for 100,000 from rows, at most 25 ms for one.
PROMISES_OF_ALL = {100_000: 8_000.0}
PROMISE_OF_ONE = 25.0
ANNUAL_RATE = 0.08


def lines(size: int) -> list[Line]:
    """All, and one."""
    today, seq = clock.today(), last_seq()
    ids = Initiative.objects.order_by("pk").values_list("pk", flat=True)
    few = list(ids[:1])

    def all_of_them() -> None:
        computed = compute_returns(seq=seq, on=today)
        store.write(computed, subjects=computed.ids.tolist(), anew=True)

    def one_of_them() -> None:
        # As if a fact had come: otherwise there is nothing to write.
        Stale.objects.filter(kind="return", subject=few[0]).update(through_seq=0)
        refresh_returns(few, on=today)

    return [
        Line(
            "returns of all, facts to positions",
            size,
            timed(all_of_them, times=1, warm_up=0),
            timed(lambda: _floor_of_all(list(ids)), times=1, warm_up=0),
            PROMISES_OF_ALL.get(size),
        ),
        Line(
            "returns of all, computing alone",
            size,
            timed(lambda: compute_returns(seq=seq, on=today), times=1, warm_up=0),
            timed(lambda: _net_flows(list(ids)), times=1, warm_up=0),
        ),
        Line(
            "return of one that changed",
            size,
            timed(one_of_them),
            timed(lambda: _floor_of_one(few[0])),
            PROMISE_OF_ONE,
        ),
    ]


def _net_flows(ids: list[int]) -> FloatArray:
    """The least reading: postings and plan amounts, netted by month, for all at once."""
    known = Facts(np.array(ids, dtype=np.int64), last_seq())
    posted = known._read(
        {"initiative": "p.initiative_id", "day": facts._day("p.service_month"), "amount": "p.amount"},
        "portfolio_posting p WHERE p.initiative_id IS NOT NULL",
    )
    month = facts.months_of(posted["day"])
    first = int(month.min())
    width = int(month.max()) - first + 1
    place = np.searchsorted(known.ids, posted["initiative"]) * width + month - first
    actual = np.bincount(place, weights=posted["amount"], minlength=len(ids) * width)
    which = "portfolio_planline l JOIN portfolio_businesscase c ON c.id = l.case_id ORDER BY l.id"
    length = "jsonb_array_length" if connection.vendor == "postgresql" else "json_array_length"
    lines_ = known._read({"initiative": "c.initiative_id", "months": f"{length}(l.amounts)"}, which)
    amounts = known._read_arrays("l.amounts", which)
    rows_ = np.repeat(np.searchsorted(known.ids, lines_["initiative"]), lines_["months"])
    planned = np.bincount(rows_, weights=amounts, minlength=len(ids))
    flows = actual.reshape(len(ids), width) / 10_000
    flows[:, 0] += planned / 10_000
    return flows


def _floor_of_all(ids: list[int]) -> None:
    """Read, one present value, and one write into a side table."""
    value = present_value(_net_flows(ids), ANNUAL_RATE)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            store._copy_into_side(cursor, {"initiative_id": np.array(ids), "value": value})
            return
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS side (initiative_id bigint, value real)")
        cursor.execute("DELETE FROM side")
        cursor.executemany("INSERT INTO side VALUES (%s, %s)", list(zip(ids, value.tolist(), strict=True)))


def _floor_of_one(pk: int) -> None:
    """Its postings and plan by two statements, and one row written."""
    posted = rows(
        "SELECT amount FROM portfolio_posting WHERE initiative_id = %s ORDER BY service_month", [pk]
    )
    rows(
        "SELECT l.amounts FROM portfolio_planline l JOIN portfolio_businesscase c ON c.id = l.case_id "
        "WHERE c.initiative_id = %s",
        [pk],
    )
    present_value(np.array([[float(row[0]) for row in posted] or [0.0]]), ANNUAL_RATE)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scoring_returnposition SET sunk_cost = sunk_cost WHERE initiative_id = %s", [pk]
        )
