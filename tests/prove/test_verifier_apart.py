"""The verifier in a virtual environment with nothing in it: accepts an export, and locates each change."""

import json
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Unit
from ledger import verifier
from tests import factories
from tests.ledger.test_verifier import WAYS, Lines
from tests.prove.count import SEED, of, proof

# In one process, since to start Python takes longer than to verify. It is given the verifier and the
# key, and on each line of the input the path of a ledger.
MANY = """
import importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("verifier", sys.argv[1])
verifier = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verifier)
key = verifier.key_from_pem(pathlib.Path(sys.argv[2]).read_text())
for line in sys.stdin:
    lines = pathlib.Path(json.loads(line)).read_text().splitlines(keepends=True)
    print(json.dumps([fault.seq for fault in verifier.verify(lines, key, ())]), flush=True)
"""
TAMPERINGS = of(60, 1000)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The Python of an empty virtual environment."""
    venv.create(tmp_path / "empty", with_pip=False, symlinks=True)
    packages = list((tmp_path / "empty").glob("lib/python*/site-packages/*"))
    assert packages == []
    return tmp_path / "empty" / "bin" / "python"


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A copy of the verifier, away from the product."""
    copy = tmp_path / "alone" / "verifier.py"
    copy.parent.mkdir()
    copy.write_text(Path(verifier.__file__).read_text())
    return copy


@pytest.mark.django_db
def test_the_verifier_needs_no_package_and_finds_each_tampering_where_it_is(
    content: dict[str, Any], unit: Unit, settings: Any, tmp_path: Path, bare: Path, alone: Path
) -> None:
    settings.LEDGER_KEY_FILE = tmp_path / "key.pem"
    settings.LEDGER_PUBLISH_TO = []
    factories.piloting(content, unit=unit)
    export, key = tmp_path / "ledger.jsonl", tmp_path / "ledger.jsonl.pem"
    call_command("export_ledger", str(export))
    run: Callable[..., Any] = subprocess.run
    isolated = [str(bare), "-I", "-S"]
    foreign = run([*isolated, "-c", "import django"], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in foreign.stderr
    whole = run([*isolated, str(alone), str(export), str(key)], capture_output=True, text=True, check=False)
    assert (whole.returncode, whole.stdout) == (0, "The ledger holds.\n"), whole.stderr

    lines = export.read_text().splitlines(keepends=True)
    entries, heads = [line for line in lines if '"kind":"entry"' in line], lines[-1:]
    random, expected = Random(SEED), []
    with proof("tamperings found by the verifier alone") as counts:
        paths = []
        for number in range(TAMPERINGS):
            way = WAYS[number % len(WAYS)]
            tampered, where = way(entries, random)
            paths.append(_write(tmp_path / f"{number}.jsonl", tampered + heads))
            expected.append((way.__name__, tampered == entries, where))
        handed = "".join(json.dumps(str(path)) + "\n" for path in paths)
        program = [*isolated, "-c", MANY, str(alone), str(key)]
        answered = run(program, input=handed, capture_output=True, text=True, check=True).stdout.splitlines()
        assert len(answered) == TAMPERINGS
        for (way_name, is_same, where), answer in zip(expected, answered, strict=True):
            faults = json.loads(answer)
            assert bool(faults) != is_same, (way_name, where)
            if faults:
                assert faults[0] == where, (way_name, where, faults)
            counts["cases"] += not is_same
            counts[way_name.replace("_", " ")] += not is_same
    assert counts["cases"] > TAMPERINGS * 9 // 10


def _write(path: Path, lines: Lines) -> Path:
    path.write_text("".join(lines))
    return path
