"""The API's list of 50 with filter and order, beside the same rows made JSON by the database."""

from django.db import connection

from bench.harness import Line, page, reader, rows, timed

# quality.md: at most six times the floor.
MOST_TIMES_THE_FLOOR = 6.0
_ROW = (
    "SELECT i.id, i.reference, i.title, i.stage, i.currency, i.whole_life_cost, u.name AS unit_name, "
    "p.roi_submitted, p.roi_p50, p.forecast_roi, p.actual_cost, p.attested_benefit "
    "FROM portfolio_initiative i JOIN accounts_unit u ON u.id = i.unit_id "
    "LEFT JOIN scoring_returnposition p ON p.initiative_id = i.id "
    "WHERE i.stage = 'pilot' ORDER BY i.id DESC LIMIT 50"
)


def lines(size: int) -> list[Line]:
    """The list as a signed-in browser asks for it."""
    seconds, queries = page(reader(), "/api/v1/initiatives/?stage=pilot")
    floor = timed(_floor)
    return [Line("API list of 50", size, seconds, floor, floor * 1000 * MOST_TIMES_THE_FLOOR, queries)]


def _floor() -> None:
    if connection.vendor == "postgresql":
        rows(f"SELECT json_agg(r) FROM ({_ROW}) r")  # noqa: S608  a constant
    else:
        rows(_ROW)
