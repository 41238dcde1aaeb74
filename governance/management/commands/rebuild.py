"""`manage.py rebuild`: compute everything that is computed again from the facts, and compare or write it."""

import sys
from decimal import Decimal
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.balances import balance_from_facts, rebuild_balance
from governance.models import Envelope
from governance.services.watching import check_recommendations, rebuild_recommendations
from ledger.services import last_seq
from portfolio import lifecycle
from portfolio.models import Initiative
from scoring.positions import rebuild, stale
from scoring.positions.rebuild import Checked, Difference
from scoring.return_selectors import day_of_record

SHOWN = 20
CHUNK = 2_000


class Command(BaseCommand):
    """Positions, balances and the cache of initiatives follow from facts; this shows it, or restores it."""

    help = (
        "Compute returns, scores, envelope balances and the cache of initiatives from the facts. "
        "With --check compare and write nothing; exit 1 on any difference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--check or --as-of, not both."""
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--check", action="store_true", help="compare, write nothing")
        choice.add_argument(
            "--as-of", type=int, metavar="SEQ", help="print a digest of all figures as of this record"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, print as of, or write."""
        if options["as_of"] is not None:
            self._print_as_of(options["as_of"])
        elif options["check"]:
            self._check()
        else:
            self._write()

    def _check(self) -> None:
        checked = {
            "returns": rebuild.check_returns(),
            "scores": rebuild.check_scores(),
            "observed outcomes": rebuild.check_observations(),
            "envelope balances": check_balances(),
            "initiatives": check_caches(),
            "recommendations": check_recommendations(),
        }
        differences = [difference for part in checked.values() for difference in part.differences]
        for difference in differences[:SHOWN]:
            self.stdout.write(str(difference))
        if len(differences) > SHOWN:
            self.stdout.write(f"and {len(differences) - SHOWN} more")
        counts = ", ".join(f"{part.number} {name}" for name, part in checked.items())
        aside = stale.set_aside().count()
        waiting = stale.waiting(stale.RETURN).count() + stale.waiting(stale.SCORE).count() - aside
        self.stdout.write(f"Checked {counts}: {len(differences)} differences.")
        self.stdout.write(f"{waiting} positions wait for a worker, {aside} are set aside.")
        if differences:
            sys.exit(1)

    def _print_as_of(self, seq: int) -> None:
        if not 0 <= seq <= last_seq():
            raise CommandError(f"The last record is {last_seq()}; there is no record {seq}.")
        on = day_of_record(seq)
        number, digest = rebuild.digest_as_of(seq, on)
        self.stdout.write(f"{number} positions through record {seq} on {on}: {digest}")
        for envelope in Envelope.objects.select_related("unit").order_by("fiscal_year", "unit", "pk"):
            sums = ", ".join(
                f"{name} {amount:.2f}"
                for name, amount in balance_from_facts(envelope, seq).items()
                if isinstance(amount, Decimal)
            )
            self.stdout.write(f"{envelope}: {sums} {envelope.currency}")

    def _write(self) -> None:
        # First what returns rest on.
        observed = rebuild.write_observations()
        returns, scores = rebuild.write_returns(), rebuild.write_scores()
        balances = sum(bool(rebuild_balance(envelope)) for envelope in Envelope.objects.order_by("pk"))
        differing = {difference.subject for difference in check_caches().differences}
        recommendations = rebuild_recommendations()
        caches = sum(
            bool(lifecycle.refresh(initiative))
            for initiative in Initiative.objects.filter(reference__in=differing).order_by("pk")
        )
        self.stdout.write(
            f"Wrote {returns} returns, {scores} scores and {observed} observed outcomes; "
            f"corrected {balances} envelope balances and {caches} initiatives; "
            f"wrote {recommendations} recommendations."
        )


def check_balances() -> Checked:
    """Every envelope's sums against its facts."""
    found = Checked(0, [])
    for envelope in Envelope.objects.select_related("unit").order_by("pk"):
        found.number += 1
        found.differences += [
            Difference(str(envelope), name, kept, computed)
            for name, (kept, computed) in rebuild_balance(envelope, write=False).items()
        ]
    return found


def check_caches() -> Checked:
    """Every initiative's cached columns against its facts."""
    found = Checked(0, [])
    everything = Initiative.objects.order_by("pk").iterator(chunk_size=CHUNK)
    while some := list(islice(everything, CHUNK)):
        caches = lifecycle.caches_of(some)
        found.number += len(some)
        found.differences += [
            Difference(initiative.reference, name, getattr(initiative, name), value)
            for initiative in some
            for name, value in caches[initiative.pk].items()
            if getattr(initiative, name) != value
        ]
    return found
