"""What starting Django loads, and how it logs."""

import json
import shutil
from pathlib import Path

import pytest

from tests.config.environments import environment, run_python

HEAVY = ["pandas", "scipy", "plotly", "typst", "xlsxwriter", "matplotlib"]
START = (
    "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
    "import django; django.setup()\n"
    "from django.urls import get_resolver; assert get_resolver().url_patterns\n"
)


def test_starting_with_all_addresses_loads_no_heavy_library(tmp_path: Path) -> None:
    code = f"{START}import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = run_python(code, environment(tmp_path, {"DEMO": "1", "LOG_LEVEL": "WARNING"}))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "[]"


@pytest.mark.sqlite
@pytest.mark.parametrize("trusted", ["0", "1"])
def test_every_line_of_the_log_is_json_and_requests_carry_an_id(
    tmp_path: Path, installed: str, trusted: str
) -> None:
    shutil.copy(installed, tmp_path / "keel.sqlite3")
    code = (
        f"{START}from django.test import Client\n"
        "browser = Client(headers={'host': '127.0.0.1', 'x-request-id': 'given-from-outside'})\n"
        "browser.get('/accounts/login/')\n"
        "browser.get('/there/is/nothing/')\n"
    )
    env = environment(
        tmp_path,
        {
            "DEMO": "1",
            "LOG_LEVEL": "INFO",
            "STATIC_ROOT": "/nowhere",
            "PLAIN_STATIC": "1",
            "TRUST_PROXY": trusted,
        },
    )
    answer = run_python(code, env)
    assert answer.returncode == 0, answer.stderr
    lines = [json.loads(line) for line in answer.stderr.splitlines()]
    finished = [line for line in lines if line["event"] == "request_finished"]
    assert [line["request"] for line in finished] == ["GET /accounts/login/", "GET /there/is/nothing/"]
    assert all({"timestamp", "level", "logger", "request_id"} <= line.keys() for line in finished)
    given = [line["request_id"] == "given-from-outside" for line in finished]
    assert given == [trusted == "1"] * 2
    if trusted == "0":
        assert finished[0]["request_id"] != finished[1]["request_id"]
