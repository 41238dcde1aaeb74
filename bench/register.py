"""The register's first page of 50, beside the same rows by plain SQL."""

from functools import partial

from bench.harness import Line, page, reader, rows, timed

# quality.md: at most 100 ms at 10,000; three times that for now.
PROMISES = {10_000: 100.0}
FOR_NOW = {10_000: 3.0}


def lines(size: int) -> list[Line]:
    """The first page, sorted by reference and by corrected return."""
    client = reader()
    found = []
    for work, address, order in (
        ("register, first page", "/initiatives/", "i.id DESC"),
        ("register, by corrected return", "/initiatives/?sort=-corrected", "p.roi_p50 DESC NULLS LAST"),
    ):
        seconds, queries = page(client, address)
        floor = timed(partial(_floor, order))
        found.append(Line(work, size, seconds, floor, PROMISES.get(size), queries, FOR_NOW.get(size)))
    return found


def _floor(order: str) -> None:
    rows("SELECT count(*) FROM portfolio_initiative WHERE closed_kind = ''")
    rows(
        "SELECT i.id, i.reference, i.title, i.summary, u.name, i.stage, i.closed_kind, i.currency, "  # noqa: S608
        "i.whole_life_cost, p.roi_submitted, p.roi_p50, p.forecast_roi, p.status FROM portfolio_initiative i "
        "JOIN accounts_unit u ON u.id = i.unit_id "
        "LEFT JOIN scoring_returnposition p ON p.initiative_id = i.id "
        f"WHERE i.closed_kind = '' ORDER BY {order}, i.id DESC LIMIT 50"
    )
