"""Running the product in a process of its own, with an environment that the test names."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# What a company sets; `data` is added by each test.
PRODUCTION = {
    "SECRET_KEY": "".join(chr(33 + (i * 37) % 90) for i in range(64)).replace("$", "S"),
    "ALLOWED_HOSTS": "keel.example.com,127.0.0.1",
    "BASE_URL": "https://keel.example.com",
    "EMAIL_URL": "dummymail://",
    "LOG_LEVEL": "WARNING",
}


def environment(data: Path, base: dict[str, str], **changes: str | None) -> dict[str, str]:
    """A bare environment with these variables; None takes one away."""
    values: dict[str, str | None] = {"PATH": os.environ["PATH"], "DATA_DIR": str(data), **base, **changes}
    return {name: value for name, value in values.items() if value is not None}


def run_python(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python at the root of the project."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a management command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
