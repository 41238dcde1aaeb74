"""Houses of their own for the stories: a fresh database, a web and a worker process, as in production."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 60


@dataclass
class House:
    """Where the story happens."""

    address: str
    facts: dict[str, Any]
    environment: dict[str, str]

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a management command against the story's database."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, installed: str) -> Iterator[House]:
    """Where the stories of proposing and of the scoring model happen."""
    with _kept(tmp_path_factory.mktemp("house"), installed, "tests.end_to_end.cast") as kept:
        yield kept


@pytest.fixture(scope="module")
def governed_house(tmp_path_factory: pytest.TempPathFactory, installed: str) -> Iterator[House]:
    """Where the story of governance happens: it changes who decides, which the others count on."""
    folder = tmp_path_factory.mktemp("governed")
    with _kept(folder, installed, "tests.end_to_end.governance_cast") as kept:
        yield kept


@contextmanager
def _kept(folder: Path, installed: str, cast: str) -> Iterator[House]:
    """Fresh database, filled; web and worker as separate processes; both ended afterwards."""
    with _Database(folder, installed) as url:
        port = _free_port()
        environment = os.environ | {
            "DEMO": "1",
            "DEMO_PASSWORD": "not used by the story",
            "DATABASE_URL": url,
            "DATA_DIR": str(folder),
            "PORT": str(port),
            "LOG_LEVEL": "WARNING",
            "PLAIN_STATIC": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
        }
        _run(environment, "manage.py", "prepare", "--static")
        facts = json.loads(_run(environment, "-m", cast).strip().splitlines()[-1])
        redis = bool(environment.get("REDIS_URL"))
        commands = [["serve"], ["worker"], ["beat"]] if redis else [["serve"], ["worker", "--embedded"]]
        log = (folder / "log").open("wb")
        children = [
            subprocess.Popen(
                [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
            for command in commands
        ]
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, children, folder / "log")
            yield House(address, facts, environment)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                try:
                    child.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    child.kill()
            log.close()


class _Database:
    """A database that nothing else uses, dropped afterwards."""

    def __init__(self, folder: Path, installed: str) -> None:
        self.url = os.environ.get("DATABASE_URL", "")
        self.installed = installed
        self.name = f"keel_story_{uuid.uuid4().hex[:10]}"
        self.folder = folder

    def __enter__(self) -> str:
        if not self.url.startswith("postgres"):
            return f"sqlite:///{shutil.copy(self.installed, self.folder / 'story.sqlite3')}"
        self._do(f'CREATE DATABASE "{self.name}" TEMPLATE "{self.installed}"')
        return f"{self.url.rsplit('/', 1)[0]}/{self.name}"

    def __exit__(self, *error: object) -> None:
        if self.url.startswith("postgres"):
            self._do(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        connection = psycopg2.connect(f"{self.url.rsplit('/', 1)[0]}/postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()


def _run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, children: list[subprocess.Popen[bytes]], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        assert all(child.poll() is None for child in children), log.read_text(errors="replace")[-4000:]
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"The server did not answer: {log.read_text(errors='replace')[-4000:]}")
