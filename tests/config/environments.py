"""Running the product in a process of its own, with an environment that the test names."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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


@contextmanager
def process(*arguments: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A management command that goes on until the block ends; killed then if it still runs."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            env=env,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()


def ends_with(running: subprocess.Popen[bytes], number: signal.Signals, within: float = 45) -> int:
    """Send the signal and return the exit code."""
    running.send_signal(number)
    return running.wait(timeout=within)


def wait_until(holds: Callable[[], bool], within: float, running: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a condition while the process runs; a failure shows what the process printed."""
    until = time.monotonic() + within
    while time.monotonic() < until and running.poll() is None:
        if holds():
            return
        time.sleep(0.1)
    pytest.fail(f"It did not come true within {within} s. The process printed:\n{log.read_text()[-4000:]}")


def status_of(port: int, path: str = "/healthz") -> int:
    """The status of an address on this machine; 0 if nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number
