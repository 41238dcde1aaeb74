"""Whether the process lives and whether it is ready, for machines that ask."""

import json
import shutil
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from tests.config.environments import environment, run_python


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3:8000", "whatever.internal"])
def test_health_answers_to_any_host_without_a_sign_in(host: str) -> None:
    answer = Client(headers={"host": host}).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_once_the_database_has_every_migration() -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["broker"] in {"none", "answers"}


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'dashboards'")
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == ["migrations are missing"]


START = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\nimport django; django.setup()\n"
ASK = (
    "import json; from django.test import Client\n"
    "answers = [Client().get(path) for path in ('/healthz', '/readyz')]\n"
    "print(json.dumps([[answer.status_code, answer.json()] for answer in answers]))\n"
)


def test_alive_but_not_ready_without_the_database(tmp_path: Path) -> None:
    demo = {"DEMO": "1", "LOG_LEVEL": "CRITICAL", "DATABASE_URL": "postgres://keel@127.0.0.1:1/keel"}
    answer = run_python(START + ASK, environment(tmp_path, demo))
    assert answer.returncode == 0, answer.stderr
    (alive, _), (ready, why) = json.loads(answer.stdout)
    assert (alive, ready) == (200, 503)
    assert why["problems"] == ["the database does not answer"]


@pytest.mark.sqlite
def test_ready_though_the_broker_is_away(tmp_path: Path, installed: str) -> None:
    shutil.copy(installed, tmp_path / "keel.sqlite3")
    demo = {"DEMO": "1", "LOG_LEVEL": "CRITICAL", "REDIS_URL": "redis://127.0.0.1:1/0"}
    answer = run_python(START + ASK, environment(tmp_path, demo))
    assert answer.returncode == 0, answer.stderr
    _, (ready, body) = json.loads(answer.stdout)
    assert ready == 200
    assert body["broker"] == "does not answer"
