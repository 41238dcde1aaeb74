"""The processes as they are started in earnest: they serve, work off what waits, and stop when asked to."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2 import errors, sql

from ledger.facts import protected_tables
from tests.config.environments import (
    PRODUCTION,
    ROOT,
    ends_with,
    environment,
    free_port,
    manage,
    process,
    run_python,
    status_of,
    wait_until,
)

# A person and a message that waits to be sent to them.
QUEUE_A_MESSAGE = (
    "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
    "import django; django.setup()\n"
    "from accounts.models import Notification, User\n"
    "user = User.objects.create_user('somebody@keel.test', 'Somebody')\n"
    "Notification.objects.create(recipient=user, subject='Waits for you', sentence='Look at it.')\n"
)
STATE = "SELECT state FROM accounts_notification"
ASKED_TO_STOP = "Keel has stopped."


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """Where mails are written to."""
    folder = tmp_path / "mails"
    folder.mkdir()
    return folder


# One machine, no service -------------------------------------------------------------------------


@pytest.mark.sqlite
def test_run_serves_works_off_and_stops(tmp_path: Path, mails: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    env = environment(
        tmp_path, PRODUCTION, PORT=str(port), PLAIN_STATIC="1", EMAIL_URL=f"filemail:///{mails}",
        STATIC_ROOT=str(tmp_path / "static"),
    )  # fmt: skip
    with process("run", env=env, log=log) as running:
        wait_until(lambda: status_of(port) == 200, 240, running, log)
        assert status_of(port, "/readyz") == 200
        assert run_python(QUEUE_A_MESSAGE, env).returncode == 0
        with sqlite3.connect(tmp_path / "keel.sqlite3") as database:
            wait_until(lambda: database.execute(STATE).fetchone() == ("sent",), 30, running, log)
        assert "Waits for you" in next(mails.iterdir()).read_text()
        assert ends_with(running, signal.SIGINT) == 0, log.read_text()
    assert log.read_text().rstrip().endswith(ASKED_TO_STOP)
    assert status_of(port) == 0


@pytest.mark.sqlite
def test_run_ends_loudly_when_one_process_dies(tmp_path: Path, installed: str) -> None:
    shutil.copy(installed, tmp_path / "keel.sqlite3")
    port, log = free_port(), tmp_path / "log"
    env = environment(
        tmp_path, PRODUCTION, PORT=str(port), PLAIN_STATIC="1", STATIC_ROOT=str(tmp_path / "static")
    )
    with process("run", env=env, log=log) as running:
        wait_until(lambda: status_of(port) == 200, 240, running, log)
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        commands = {Path(f"/proc/{pid}/cmdline").read_text(): int(pid) for pid in children}
        os.kill(next(pid for command, pid in commands.items() if "worker" in command), signal.SIGKILL)
        assert running.wait(timeout=45) == 1
    assert "The worker process ended by itself" in log.read_text()
    assert status_of(port) == 0


def test_a_worker_that_nobody_can_reach_is_refused(tmp_path: Path) -> None:
    for command in ("worker", "beat"):
        answer = manage(command, env=environment(tmp_path, PRODUCTION))
        assert answer.returncode == 1
        assert "embedded" in answer.stderr


# A company: PostgreSQL with two roles, Redis, and a process for each job --------------------------


@pytest.fixture
def company(tmp_path: Path, mails: Path) -> Iterator[dict[str, str]]:
    """An empty database that `keel_test_owner` owns, and the environment of the processes that serve."""
    base = urlsplit(os.environ["DATABASE_URL"])
    name = f"{base.path.strip('/')}_processes_{os.getpid()}"
    owner, server = f"{name}_owner", f"{name}_server"
    script = (ROOT / "deploy" / "create-roles.sh").read_text()
    statements = script.split("<<'SQL'\n")[1].removesuffix("SQL\n")
    statements = statements.replace("keel_owner", owner).replace("keel_server", server)
    statements = statements.replace("DATABASE keel ", f"DATABASE {name} ").replace(":'owner_password'", "'o'")
    admin = psycopg2.connect(f"postgresql://{base.netloc}/postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        for statement in statements.replace(":'server_password'", "'s'").split(";")[:-1]:
            cursor.execute(statement)
    where = f"{base.hostname}:{base.port or 5432}/{name}"
    try:
        yield environment(
            tmp_path,
            PRODUCTION,
            DATABASE_URL=f"postgres://{server}:s@{where}",
            MIGRATION_DATABASE_URL=f"postgres://{owner}:o@{where}",
            REDIS_URL=os.environ["REDIS_URL"].rsplit("/", 1)[0] + "/7",
            EMAIL_URL=f"filemail:///{mails}",
            STATIC_ROOT=str(tmp_path / "static"),
            PLAIN_STATIC="1",
        )
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
            cursor.execute(f"DROP ROLE {owner}")
            cursor.execute(f"DROP ROLE {server}")
        admin.close()


@pytest.mark.postgres
def test_the_serving_role_can_add_facts_and_never_change_them(company: dict[str, str]) -> None:
    prepared = manage("prepare", "--database", env=company)
    assert prepared.returncode == 0, prepared.stderr
    serving = psycopg2.connect(company["DATABASE_URL"])
    serving.autocommit = True
    with serving.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM scoring_criterion")
        assert cursor.fetchone() != (0,), "the base data is missing"
        for table in protected_tables():
            for statement in (
                "UPDATE {table} SET id = id",
                "DELETE FROM {table}",
                "TRUNCATE {table}",
                "DROP TRIGGER {trigger} ON {table}",
                "ALTER TABLE {table} DISABLE TRIGGER ALL",
                "DROP TABLE {table}",
            ):
                names = {"table": sql.Identifier(table), "trigger": sql.Identifier(f"{table}_only_grows")}
                with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedColumn)):
                    cursor.execute(sql.SQL(statement).format(**names))
    serving.close()
    again = manage("prepare", "--database", env=company)
    assert again.returncode == 0, again.stderr


@pytest.mark.postgres
def test_web_worker_and_beat_serve_work_off_and_stop(
    company: dict[str, str], tmp_path: Path, mails: Path
) -> None:
    assert manage("prepare", env=company).returncode == 0
    port = free_port()
    env = company | {"PORT": str(port), "WEB_WORKERS": "2"}
    del env["MIGRATION_DATABASE_URL"]
    logs = {name: tmp_path / f"{name}.log" for name in ("serve", "worker", "beat")}
    with (
        process("serve", env=env, log=logs["serve"]) as web,
        process("worker", env=env, log=logs["worker"]) as worker,
        process("beat", env=env, log=logs["beat"]) as beat,
    ):
        wait_until(lambda: status_of(port, "/readyz") == 200, 60, web, logs["serve"])
        assert run_python(QUEUE_A_MESSAGE, env).returncode == 0
        wait_until(lambda: any(mails.iterdir()), 60, worker, logs["worker"])
        assert "Waits for you" in next(mails.iterdir()).read_text()
        ended = {
            name: ends_with(running, signal.SIGTERM)
            for name, running in (("beat", beat), ("worker", worker), ("web", web))
        }
    assert ended == {"web": 0, "worker": 0, "beat": 0}
