"""What is delivered: locks without hosts, one image, compose, and a README that knows every variable."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from django.conf import settings
from plotly.offline import get_plotlyjs_version

from tests.config.environments import ROOT

LOCKS = ["requirements.txt", "requirements-dev.txt", "requirements-node.txt", "requirements-bootstrap.txt"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_and_hashed_and_no_host_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?:|--(index|extra-index|find-links|trusted)", text)
    pins = re.split(r"\n(?=[a-z])", text.strip(), flags=re.IGNORECASE)
    assert pins
    for pin in pins:
        assert re.match(r"[A-Za-z0-9._-]+==[^ ]+", pin), pin
        assert "--hash=sha256:" in pin, pin


def test_what_runs_is_pinned_like_what_is_tested() -> None:
    def pins(name: str) -> set[str]:
        pin = r"^([A-Za-z0-9._-]+==[^ ]+(?: ; [^\\]+)?)"
        return set(re.findall(pin, (ROOT / name).read_text(), re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_browser_libraries_are_pinned_with_integrity_and_without_hosts() -> None:
    packages: dict[str, dict[str, Any]] = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    libraries = {path: entry for path, entry in packages.items() if path}
    assert libraries
    for path, entry in libraries.items():
        assert entry["integrity"].startswith("sha512-"), path
        assert "resolved" not in entry, path


def test_the_charts_of_server_and_browser_are_one_version() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert packages["node_modules/plotly.js-cartesian-dist-min"]["version"] == get_plotlyjs_version()


def test_our_scripts_import_nothing_so_that_hashed_names_are_enough() -> None:
    for script in (ROOT / "static" / "js").rglob("*.js"):
        imports = re.search(r"^\s*import\s.*from\s|\bimport\(", script.read_text(), re.MULTILINE)
        assert not imports, script


@pytest.fixture
def compose() -> dict[str, Any]:
    """The compose file, read as compose reads it."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_compose_has_every_process_with_a_health_check_and_a_grace(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"prepare", "web", "worker", "beat", "postgres", "redis"}
    for name in ("worker", "beat", "postgres", "redis"):
        assert services[name]["healthcheck"]["test"], name
    for name in ("web", "worker", "beat", "postgres", "redis"):
        assert services[name]["stop_grace_period"], name
    for name in ("web", "worker", "beat"):
        assert services[name]["image"] == "keel"
    assert "migration" not in str(services["web"]).lower()


def test_compose_keeps_what_must_survive(compose: dict[str, Any]) -> None:
    command = " ".join(compose["services"]["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    kept = {name: service.get("volumes", []) for name, service in compose["services"].items()}
    assert any(volume.startswith("database:") for volume in kept["postgres"])
    assert any(volume.startswith("queue:") for volume in kept["redis"])
    assert any(volume.startswith("files:") for volume in kept["web"])


def test_compose_knows_no_password(compose: dict[str, Any]) -> None:
    for line in (ROOT / "docker-compose.yml").read_text().splitlines():
        if re.search(r"(PASSWORD|SECRET_KEY): ", line):
            assert ":?Set" in line, line
    for line in (ROOT / ".env.example").read_text().splitlines():
        if re.match(r"(\w*PASSWORD|SECRET_KEY)=", line):
            assert line.endswith("="), line


def test_the_image_runs_as_nobody_in_particular() -> None:
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    last = stages[-1]
    assert re.search(r"^USER keel$", last, re.MULTILINE)
    assert "node" not in last
    assert "npm" not in last


def test_the_image_holds_every_room() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    rooms = {name.partition(".")[0] for name in settings.INSTALLED_APPS}
    ours = {room for room in rooms if (ROOT / room).is_dir()}
    assert len(ours) >= 7
    assert ours <= kept


def test_the_readme_explains_every_variable_that_settings_read() -> None:
    source = (ROOT / "config" / "settings.py").read_text()
    names = set(re.findall(r'(?:env\.\w+|required|yes_or_no|whole_number|folder)\(\s*"([A-Z_]+)"', source))
    assert len(names) > 20
    readme = (ROOT / "README.md").read_text()
    assert {name for name in names if f"`{name}`" not in readme} == set()


def test_the_version_is_that_of_the_change_log() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert project["version"] == newest.group(1)
