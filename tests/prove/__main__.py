"""`python -m tests.prove`: every proof whole, on SQLite and on DATABASE_URL, and a table of the counts.

The exit code is 1 when a proof failed, left no line, or executed no case.
"""

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = ROOT / "prove.md"
# What the suite sweeps by halves, one on each database, or by a sample, is swept whole here.
SWEEPS = (
    "tests/policy/test_routes.py",
    "tests/scoring/test_blindness.py",
    "tests/test_as_of.py",
    "tests/ledger/test_verify.py",
)
HEAD = ("Proof", "Database", "Seed", "Seconds", "Cases", "Counts", "Faults")


def main() -> int:
    """Run, print, and write prove.md."""
    databases = {"sqlite": ""}
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        databases["postgresql"] = os.environ["DATABASE_URL"]
    lines: list[dict[str, Any]] = []
    failed: list[str] = []
    for name, url in databases.items():
        ended, found = run(url, sys.argv[1:])
        lines += found
        if ended or not found:
            failed.append(f"{name} ended with {ended} and {len(found)} proofs")
        failed += [
            f"{line['proof']} on {name}" for line in found if line["faults"] or not line["counts"]["cases"]
        ]
    shown = table(lines)
    result = f"Failed: {'; '.join(failed)}." if failed else "Every proof holds."
    at = datetime.now(tz=UTC)
    TABLE.write_text(f"# Proofs\n\n{at:%Y-%m-%d %H:%M} UTC\n\n{shown}\n{result}\n", encoding="utf-8")
    sys.stdout.write(f"\n{shown}\n{result}\n")
    return 1 if failed else 0


def run(url: str, options: list[str]) -> tuple[int, list[dict[str, Any]]]:
    """All proofs on one database: pytest's exit code, and the lines that they left."""
    with tempfile.TemporaryDirectory(prefix="keel-prove-") as folder:
        file = Path(folder) / "lines"
        environment = os.environ | {"PROVE": "1", "PROVE_LINES": str(file)}
        environment.pop("DATABASE_URL", None)
        if url:
            environment["DATABASE_URL"] = url
        command = [sys.executable, "-m", "pytest", "-q", "--timeout=7200", "tests/prove", *SWEEPS, *options]
        ended = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        found = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return ended, [json.loads(line) for line in found]


def table(lines: list[dict[str, Any]]) -> str:
    """The lines as a table of Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD)]
    for line in lines:
        counts = {name: number for name, number in line["counts"].items() if name != "cases"}
        said = ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items()))
        cells = line["proof"], line["database"], line["seed"], f"{line['seconds']:.0f}"
        rows.append((*map(str, cells), f"{line['counts']['cases']:,}", said, str(line["faults"])))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
