"""The real portfolios that the imports are held against; they stand beside the project, not in it."""

from functools import cache
from pathlib import Path

from portfolio.imports.profiles import Reading, read_portfolio
from portfolio.imports.rows import SourceRow

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
INVENTORY = DATA / "us-ai-inventory-2024" / "2024_consolidated_ai_inventory_raw_v2.csv"
GMPP_2022 = DATA / "uk-gmpp" / "gmpp_2022.csv"
GMPP_2023 = DATA / "uk-gmpp" / "gmpp_2023.csv"
IT_DASHBOARD = DATA / "us-itdashboard-projects" / "projects.csv"
PROFILE_OF = {
    INVENTORY: "us-ai-inventory-2024",
    GMPP_2022: "uk-gmpp",
    GMPP_2023: "uk-gmpp",
    IT_DASHBOARD: "us-itdashboard",
}


def part_of(path: Path, rows: int) -> bytes:
    """The header and this many lines below it; in the inventory these may be fewer rows."""
    content = path.read_bytes()
    # Rows of the inventory end with CRLF and hold LF inside; those of the dashboard end with LF.
    end = b"\r\n" if path == INVENTORY else b"\n"
    return end.join(content.split(end)[: rows + 1])


@cache
def reading(path: Path) -> Reading:
    """The file, read once for all tests."""
    return read_portfolio(path.read_bytes(), PROFILE_OF[path])


def row(path: Path, number: int) -> SourceRow:
    """One data row of a file, counted from 1."""
    return next(row for row in reading(path).rows if row.row_number == number)


def readings_of(path: Path, number: int) -> list[str]:
    """What the remarks of a row say."""
    return [remark.reading for remark in row(path, number).remarks]
