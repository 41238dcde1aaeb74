"""A proof that executed nothing fails, and the table says so."""

import json
from pathlib import Path

import pytest

from tests.prove import __main__ as prove
from tests.prove.count import proof

pytestmark = pytest.mark.django_db


def test_a_proof_without_a_case_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVE_LINES", str(tmp_path / "lines"))
    with proof("of something") as counts:
        counts["cases"] += 2
        counts["refused"] += 1
    with pytest.raises(AssertionError, match="executed no case"), proof("of nothing"):
        pass
    with pytest.raises(ValueError, match="broken"):
        _break()
    lines = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert [(line["counts"]["cases"], line["faults"]) for line in lines] == [(2, 0), (0, 1), (1, 1)]
    table = prove.table(lines).splitlines()
    assert len(table) == 2 + len(lines)
    assert "| 2 | 1 refused | 0 |" in table[2]


def _break() -> None:
    with proof("of a fault") as counts:
        counts["cases"] += 1
        raise ValueError("broken")


@pytest.mark.parametrize(
    ("ended", "lines", "code"),
    [
        (0, [{"proof": "a", "counts": {"cases": 1}, "faults": 0}], 0),
        (0, [], 1),
        (1, [{"proof": "a", "counts": {"cases": 1}, "faults": 0}], 1),
        (0, [{"proof": "a", "counts": {"cases": 0}, "faults": 0}], 1),
        (0, [{"proof": "a", "counts": {"cases": 1}, "faults": 1}], 1),
    ],
)
def test_the_exit_code_is_zero_only_when_every_proof_ran_and_holds(
    ended: int,
    lines: list[dict[str, object]],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = [line | {"database": "sqlite", "seed": 7, "seconds": 1.0} for line in lines]
    monkeypatch.setattr(prove, "run", lambda url, options: (ended, whole))
    monkeypatch.setattr(prove, "TABLE", tmp_path / "prove.md")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert prove.main() == code
    written = (tmp_path / "prove.md").read_text()
    assert ("Every proof holds." in written) == (code == 0)
