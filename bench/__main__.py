"""`python -m bench`: each size in a process and a database of its own, then one table.

The databases lie beside the one that DATABASE_URL names and are kept, so that a second run only measures.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

HERE = Path(__file__).resolve().parent.parent
SIZES = "1000,10000,100000"
# Made-up data in databases of their own, and pages without the manifest of a deployment.
SETTINGS = {"DEMO": "1", "PLAIN_STATIC": "1", "LOG_LEVEL": "ERROR", "OPENBLAS_NUM_THREADS": "1"}
HEAD = ("work", "size", "ms", "floor ms", "ratio", "promise", "queries", "holds")


def main() -> int:
    """Measure, print, and say by the exit code whether every promise that is required by now holds."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sizes", default=os.environ.get("BENCH_SIZES", SIZES), help="1000,10000,100000")
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--only", default="", help="one file of bench/, such as returns")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    lines: list[dict[str, object]] = []
    for size in map(int, options.sizes.split(",")):
        url = _database(size)
        work = f"from bench import measure; measure.main({size}, {options.months}, {options.only!r})"
        command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", work]
        environment = os.environ | SETTINGS | {"DATABASE_URL": url}
        done = subprocess.run(command, cwd=HERE, env=environment, stdout=subprocess.PIPE, check=True)
        lines += json.loads(done.stdout.splitlines()[-1])
    if not lines:
        sys.stderr.write("Nothing was measured.\n")
        return 1
    _print(lines)
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1))
    return 1 if any(line["required"] and not line["holds"] for line in lines) else 0


def _database(size: int) -> str:
    """The address of the database for one size; on PostgreSQL it is made if it isn't there."""
    url = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not url.scheme.startswith("postgres"):
        folder = Path(os.environ.get("DATA_DIR", HERE / "data")).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{folder}/bench-{size}.sqlite3"
    name = f"keel_bench_{size}"
    connection = psycopg2.connect(urlunsplit(url))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchall():
            cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    return urlunsplit(url._replace(path=f"/{name}"))


def _print(lines: list[dict[str, object]]) -> None:
    rows = [HEAD, *(tuple(_cell(line[name]) for name in HEAD) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        cells = (
            cell.ljust(width) if column in {0, 5} else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    sys.stdout.write(f"\n{lines[0]['database']}, {lines[0]['processors']} processors\n")


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "NO"
        case float():
            return f"{value:.1f}"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
