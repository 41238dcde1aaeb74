"""One size, in a process and a database of its own: fill it if need be, measure, print the lines as JSON."""

import json
import sys

from django.core.management import call_command

from assurance.library import install_library
from bench import api_list, dashboards, decisions, moves, register, returns, robustness, rounds, verifying
from dashboards.demo.bulk import bulk_portfolio
from governance.authority import install_authority
from governance.gates import install_gates
from portfolio.models import Initiative
from scoring.services import install_default_model

FILES = {
    "returns": returns,
    "register": register,
    "dashboards": dashboards,
    "api_list": api_list,
    "moves": moves,
    "robustness": robustness,
    "rounds": rounds,
    "decisions": decisions,
    "verifying": verifying,
}


def main(size: int, months: int, only: str) -> None:
    """Measure one size."""
    call_command("migrate", verbosity=0)
    install_default_model()
    install_gates()
    install_authority()
    install_library()
    found = Initiative.objects.count()
    if found > size:
        raise SystemExit(f"This database holds {found} initiatives, more than the {size} to measure.")
    if found < size:
        sys.stderr.write(f"Adding {size - found:,} initiatives with {months} months each ...\n")
        bulk_portfolio(initiatives=size - found, months=months, seed=7)
    lines = []
    for name, file in FILES.items():
        if only in {"", name}:
            sys.stderr.write(f"{name}, {size:,} ...\n")
            lines += [line.as_dict() for line in file.lines(size)]
    sys.stdout.write(json.dumps(lines) + "\n")
