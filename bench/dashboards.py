"""Executive and finance page, beside their sums by plain SQL."""

from bench.harness import Line, page, reader, rows, timed

# quality.md: a page at most 150 ms at 10,000 and 400 ms at 100,000; three times that for now.
PROMISES = {10_000: 150.0, 100_000: 400.0}
FOR_NOW = {10_000: 3.0}


def lines(size: int) -> list[Line]:
    """Both pages."""
    client = reader()
    found = []
    for work, address in (("executive page", "/portfolio/"), ("finance page", "/finance/")):
        seconds, queries = page(client, address)
        found.append(Line(work, size, seconds, timed(_floor), PROMISES.get(size), queries, FOR_NOW.get(size)))
    return found


def _floor() -> None:
    rows(
        "SELECT count(*), sum(planned_cost), sum(actual_cost), sum(attested_benefit), sum(npv_p50), "
        "sum(pv_cost_p50), sum(forecast_npv), sum(forecast_pv_cost) FROM scoring_returnposition"
    )
    rows("SELECT on_course_to, count(*) FROM scoring_returnposition GROUP BY on_course_to")
    rows(
        "SELECT fiscal_year, sum(planned_cost), sum(actual_cost), sum(attested_benefit) "
        "FROM scoring_returnyear GROUP BY fiscal_year ORDER BY fiscal_year"
    )
    rows("SELECT envelope_id, sum(amount) FROM governance_commitment GROUP BY envelope_id")
