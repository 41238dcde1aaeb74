"""Settings: a nonsensical value stops the start with a sentence that names the variable."""

import shutil
from pathlib import Path

import pytest

from tests.config.environments import PRODUCTION, environment, manage, run_python

pytestmark = pytest.mark.once
IMPORT = "import config.settings"
DEMO = {"DEMO": "1", "LOG_LEVEL": "WARNING"}

REFUSED_ANYWHERE = [
    ({"PORT": "eighty"}, "PORT"),
    ({"PORT": "0"}, "PORT"),
    ({"PORT": "65536"}, "PORT"),
    ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
    ({"DATABASE_URL": "mysql://root@127.0.0.1/keel"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgres://keel@127.0.0.1/"}, "DATABASE_URL"),
    ({"MIGRATION_DATABASE_URL": "postgres://owner@127.0.0.1/keel"}, "MIGRATION_DATABASE_URL"),
    ({"REDIS_URL": "127.0.0.1:6379"}, "REDIS_URL"),
    ({"REDIS_URL": "http://127.0.0.1:6379"}, "REDIS_URL"),
    ({"DEMO": "maybe"}, "DEMO"),
    ({"DEBUG": "2"}, "DEBUG"),
    ({"BASE_URL": "keel.example.com"}, "BASE_URL"),
    ({"EMAIL_URL": "mail.example.com"}, "EMAIL_URL"),
    ({"DEFAULT_FROM_EMAIL": "nobody"}, "DEFAULT_FROM_EMAIL"),
    ({"STORAGE_DIR": "/dev/null/files"}, "STORAGE_DIR"),
    ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR"),
    ({"BASE_CURRENCY": "dollars"}, "BASE_CURRENCY"),
    ({"BASE_CURRENCY": "XXX"}, "BASE_CURRENCY"),
    ({"FISCAL_YEAR_START_MONTH": "13"}, "FISCAL_YEAR_START_MONTH"),
    ({"TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE"),
    ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
    ({"WEB_THREADS": "-1"}, "WEB_THREADS"),
    ({"REGISTER_IS_OPEN": "perhaps"}, "REGISTER_IS_OPEN"),
    ({"SEGREGATION": "relaxed"}, "SEGREGATION"),
]
REFUSED_IN_PRODUCTION: list[tuple[dict[str, str | None], str]] = [
    ({"SECRET_KEY": None}, "SECRET_KEY"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY"),
    ({"SECRET_KEY": "a" * 64}, "SECRET_KEY"),
    ({"SECRET_KEY": "only-for-the-demo-" + "0123456789abcdef" * 4}, "SECRET_KEY"),
    ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS"),
    ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    ({"ALLOWED_HOSTS": "keel.example.com,*"}, "ALLOWED_HOSTS"),
    ({"BASE_URL": None}, "BASE_URL"),
    ({"BASE_URL": "http://keel.example.com"}, "BASE_URL"),
    ({"DEBUG": "1"}, "DEBUG"),
    ({"DEMO_PASSWORD": "known to everybody"}, "DEMO_PASSWORD"),
    ({"EMAIL_URL": None}, "EMAIL_URL"),
]


@pytest.mark.parametrize(("changes", "names"), REFUSED_ANYWHERE)
def test_nonsense_is_refused_even_in_the_demo(tmp_path: Path, changes: dict[str, str], names: str) -> None:
    answer = run_python(IMPORT, environment(tmp_path, DEMO, **changes))
    assert answer.returncode != 0
    assert "ImproperlyConfigured: " in answer.stderr
    assert names in answer.stderr.splitlines()[-1]


@pytest.mark.parametrize(("changes", "names"), REFUSED_IN_PRODUCTION)
def test_what_is_unsafe_is_refused_outside_the_demo(
    tmp_path: Path, changes: dict[str, str | None], names: str
) -> None:
    answer = run_python(IMPORT, environment(tmp_path, PRODUCTION, **changes))
    assert answer.returncode != 0
    assert "ImproperlyConfigured: " in answer.stderr
    assert names in answer.stderr.splitlines()[-1]


def test_a_short_demo_password_is_refused(tmp_path: Path) -> None:
    answer = run_python(IMPORT, environment(tmp_path, DEMO, DEMO_PASSWORD="short"))
    assert "DEMO_PASSWORD" in answer.stderr.splitlines()[-1]


def test_the_demo_password_is_random_kept_and_private(tmp_path: Path) -> None:
    show = f"{IMPORT}; print(config.settings.DEMO_PASSWORD)"
    first, second = (run_python(show, environment(tmp_path / "one", DEMO)).stdout for _ in range(2))
    other = run_python(show, environment(tmp_path / "two", DEMO)).stdout
    assert first == second
    assert len(first.strip()) >= 12
    assert first != other
    assert (tmp_path / "one" / "demo-password").stat().st_mode & 0o077 == 0


def test_a_given_demo_password_is_taken(tmp_path: Path) -> None:
    show = f"{IMPORT}; print(config.settings.DEMO_PASSWORD)"
    answer = run_python(show, environment(tmp_path, DEMO, DEMO_PASSWORD="chosen by hand"))
    assert answer.stdout.strip() == "chosen by hand"


def test_production_settings_pass_the_deployment_check(tmp_path: Path) -> None:
    answer = manage("check", "--deploy", "--fail-level", "WARNING", env=environment(tmp_path, PRODUCTION))
    assert answer.returncode == 0, answer.stderr
    assert "no issues (0 silenced)" in answer.stdout


def test_production_cookies_and_headers_are_hardened(tmp_path: Path, installed: str) -> None:
    shutil.copy(installed, tmp_path / "keel.sqlite3")
    code = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "answer = Client(headers={'host': 'keel.example.com'}).get('/accounts/login/', secure=True)\n"
        "print(answer.headers); print(answer.cookies)"
    )
    env = environment(tmp_path, PRODUCTION, PLAIN_STATIC="1")
    shown = run_python(code, env)
    assert shown.returncode == 0, shown.stderr
    for part in (
        "max-age=63072000; includeSubDomains; preload",
        "default-src 'none'",
        "frame-ancestors 'none'",
        "nosniff",
        "same-origin",
        "__Host-keel-csrf",
        "HttpOnly",
        "Secure",
    ):
        assert part in shown.stdout, part
    assert "unsafe-inline" not in shown.stdout


def test_the_server_refuses_to_start_with_a_weak_key(tmp_path: Path) -> None:
    answer = manage("serve", env=environment(tmp_path, PRODUCTION, SECRET_KEY="weak"))
    assert answer.returncode != 0
    assert "SECRET_KEY" in answer.stderr
