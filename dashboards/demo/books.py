"""What finance does in the demo: envelopes, rates, monthly files of actuals, closing, attesting."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.conf import settings
from django.db.models import Exists, OuterRef

from accounts.models import Role
from accounts.services import grant_role
from dashboards.demo import cases, money, texts
from dashboards.demo.history import Life
from dashboards.demo.road import ENDS_BEFORE_MONEY, RUNS, Road, moment_of
from dashboards.demo.world import World
from governance.models import EnvelopeChange, Tranche
from governance.services import confirm_envelope_change, propose_envelope_change, request_tranche
from portfolio import services as portfolio
from portfolio.case import add_months
from portfolio.imports.postings import import_actuals
from portfolio.models import Posting, Stage
from portfolio.selectors import fiscal_year_months, fiscal_year_of

# Planning rates in US dollars for one unit, by year, going round.
IN_DOLLARS = {
    "USD": ("1", "1", "1", "1"),
    "EUR": ("1.0750", "1.0900", "1.1100", "1.1000"),
    "GBP": ("1.2500", "1.2750", "1.2950", "1.2900"),
    "CHF": ("1.1200", "1.1400", "1.1900", "1.2100"),
}
HEADER = (
    "reference", "cost_object", "service_month", "kind", "category", "amount", "currency", "document",
    "supplier", "text",
)  # fmt: skip
ENVELOPES_FROM_BEFORE = timedelta(days=24)


def planning_rates(fiscal_year: int) -> dict[str, str]:
    """The rates of a year into the base currency; a base that is not in the table counts as a dollar."""
    turn = fiscal_year % 4
    base = Decimal(IN_DOLLARS.get(settings.BASE_CURRENCY, IN_DOLLARS["USD"])[turn])
    return {
        currency: f"{Decimal(values[turn]) / base:.4f}"
        for currency, values in IN_DOLLARS.items()
        if currency != settings.BASE_CURRENCY
    }


def demand(roads: Mapping[str, Road], present: datetime) -> dict[tuple[str, int], Decimal]:
    """What plans will ask of each division's envelope, by fiscal year: a demo knows it beforehand."""
    this_year = fiscal_year_of(present.date())
    sums: dict[tuple[str, int], Decimal] = {}
    for road in roads.values():
        if road.plan is None or road.story.fate in ENDS_BEFORE_MONEY:
            continue
        division = road.world.cast.division_of[road.story.place]
        for month, cost in road.plan.cost_by_month():
            year = fiscal_year_of(month)
            if road.story.fate not in RUNS and year != this_year:
                continue
            rate = Decimal(planning_rates(year).get(road.currency, "1"))
            sums[division, year] = sums.get((division, year), Decimal(0)) + cost * rate
    return sums


@dataclass
class Books:
    """Finance, month by month."""

    world: World
    rng: Random
    first: date

    def start(self) -> None:
        """Let everything begin that comes round each month, quarter or year."""
        for life in (self._appropriate(), self._import(), self._attest(), self._loose_ends()):
            self.world.teller.start(life)
        for life in (money.end_of_year(self.world), money.this_year(self.world)):
            self.world.teller.start(life)

    # Envelopes and rates -------------------------------------------------------------------

    def _appropriate(self) -> Life:
        """Rates and envelopes of each year, shortly before it begins."""
        needed = demand(self.world.roads, self.world.present)
        year = fiscal_year_of(self.first)
        yield self.world.now
        while True:
            self._rates(year)
            for division, unit in self.world.cast.divisions.items():
                wanted = needed.get((division, year), Decimal(0)) * Decimal(str(self.rng.uniform(1.03, 1.12)))
                amount = (wanted // 50_000 + 2) * 50_000
                change = propose_envelope_change(
                    unit,
                    year,
                    kind=EnvelopeChange.Kind.APPROPRIATION,
                    amount=amount,
                    reason=f"Plan of FY{year} as discussed with the heads of units",
                    actor=self.world.cast.finance[0],
                )
                confirm_envelope_change(change, actor=self.world.cast.cfo)
            year += 1
            yield self._at(fiscal_year_months(year)[0]) - ENVELOPES_FROM_BEFORE

    def _rates(self, year: int) -> None:
        rates = portfolio.propose_rates(
            name="Planning rates",
            fiscal_year=year,
            rates=planning_rates(year),
            source="Treasury, mean of the last quarter",
            actor=self.world.cast.finance[0],
        )
        portfolio.confirm_rates(rates, actor=self.world.cast.cfo)

    def _at(self, day: date, hour: int = 9) -> datetime:
        return moment_of(day, self.world.present).replace(hour=hour, minute=self.rng.randint(0, 50))

    # Actuals -------------------------------------------------------------------------------

    def _import(self) -> Life:
        """The ERP's file of each month, booked two days after its end and closed four days later."""
        month, late = self.first, list[list[str]]()
        while True:
            following = add_months(month, 1)
            yield self._at(following.replace(day=3))
            rows, late = self._rows(month, late)
            if rows:
                import_actuals(
                    _file_of(rows), file_name=f"actuals-{month:%Y-%m}.csv", actor=self.world.cast.finance[0]
                )
            yield self._at(following.replace(day=7), hour=16)
            portfolio.close_period(month, actor=self.world.cast.finance[1])
            if month.month % 3 == 0:
                self._assign(month)
            month = following

    def _rows(self, month: date, late: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
        """The lines of a month's file with those that came late, and those that stay behind this time."""
        rows, behind = list(late), list[list[str]]()
        for road in self.world.roads.values():
            for line, amount in road.bills(month):
                by_reference = self.rng.random() < 0.2
                supplier = (
                    "" if line.category in {"people", "change"} else road.story.supplier or "Ostervik Systems"
                )
                row = [
                    road.initiative.reference if by_reference else "",
                    "" if by_reference else cases.cost_object(road.story, road.number),
                    f"{month:%Y-%m}",
                    "cost",
                    line.category,
                    str(amount),
                    road.currency,
                    f"51{self.rng.randint(10_000_000, 99_999_999)}",
                    supplier,
                    line.label,
                ]
                (behind if self.rng.random() < 0.012 else rows).append(row)
                if self.rng.random() < 0.004:
                    credit = (amount / -10).quantize(Decimal("0.01"))
                    rows.append(
                        [*row[:3], "credit_note", row[4], str(credit), *row[6:9], "Credit note for downtime"]
                    )
        if rows:
            rows += [self._unmatched(month) for _ in range(self.rng.choice((0, 1, 1, 2)))]
        return rows, behind

    def _unmatched(self, month: date) -> list[str]:
        supplier, text = self.rng.choice(texts.UNMATCHED)
        code = self.rng.choice(("", "", f"CC-{self.rng.randint(3000, 6999)}"))
        amount = self.rng.randint(4, 90) * 100 + self.rng.choice((0, 50, 99))
        return [
            "", code, f"{month:%Y-%m}", "cost", "licence", f"{amount}.00", settings.BASE_CURRENCY,
            f"51{self.rng.randint(10_000_000, 99_999_999)}", supplier, text,
        ]  # fmt: skip

    def _assign(self, month: date) -> None:
        """Older postings that fit nothing go to an initiative that buys from the same supplier."""
        buyers = {
            road.story.supplier: road
            for road in self.world.roads.values()
            if road.story.supplier and road.is_running
        }
        waiting = Posting.objects.filter(
            initiative=None, assigned_as=None, booked_month__lt=add_months(month, -1)
        )
        for posting in waiting.order_by("id")[:3]:
            if road := buyers.get(posting.supplier):
                portfolio.assign_posting(posting, road.initiative, actor=self.world.cast.finance[0])

    # Benefits ------------------------------------------------------------------------------

    def _attest(self) -> Life:
        """Claims of a quarter, from the 24th of the month after it; a few stay open for a question."""
        month = add_months(self.first, (-self.first.month) % 3)
        while True:
            yield self._at(add_months(month, 1).replace(day=24))
            claims = [claim for claim in self.world.claims if claim.month <= month]
            left = [claim for claim in self.world.claims if claim.month > month]
            for number, claim in enumerate(claims, start=1):
                if self.rng.random() < 0.05:
                    left.append(claim)
                    continue
                if number % 40 == 0:
                    yield self.world.now + timedelta(minutes=45)
                place = self.world.place_of(claim)
                share = Decimal("0.85") if self.rng.random() < 0.03 else Decimal(1)
                where = (
                    self.rng.choice(texts.WHERE_IT_SHOWS[place]) if claim.amount else texts.NOTHING_TO_SHOW
                )
                portfolio.attest(
                    claim,
                    amount=(claim.amount * share).quantize(Decimal("0.01")),
                    where_it_shows=where,
                    actor=self.world.cast.finance[number % 2],
                )
            self.world.claims = left
            month = add_months(month, 3)

    # Today ---------------------------------------------------------------------------------

    def _loose_ends(self) -> Life:
        """What waits today beside initiatives: an envelope, rates, a grant, a posting by hand."""
        world, cast = self.world, self.world.cast
        this_year = fiscal_year_of(world.present.date())
        yield world.ago(6)
        propose_envelope_change(
            cast.divisions["Technology"],
            this_year,
            kind=EnvelopeChange.Kind.SUPPLEMENT,
            amount=Decimal(250_000),
            reason="Room for the agent that fulfils standard requests, should it be decided this year",
            actor=cast.finance[0],
        )
        yield world.ago(5)
        portfolio.propose_rates(
            name="Planning rates, first proposal",
            fiscal_year=this_year + 1,
            rates=planning_rates(this_year + 1),
            source="Treasury, mean of October",
            actor=cast.finance[1],
        )
        yield world.ago(4)
        grant_role(cast.owners["le"][0], role=Role.ASSESSOR, unit=cast.root, actor=cast.administrator)
        yield world.ago(3)
        self._ask_for_money()
        yield world.ago(2)
        running = [road for road in world.roads.values() if road.is_running]
        for road in running[:2]:
            portfolio.post(
                road.initiative,
                service_month=world.present.date(),
                amount=Decimal("1840.00"),
                currency=road.currency,
                category="change",
                text="Room and trainer for the second group, invoice on paper",
                actor=cast.finance[1],
            )

    def _ask_for_money(self) -> None:
        """Two units ask for their next tranche, each the first of its decision that is not released."""
        world = self.world
        waiting = Tranche.objects.filter(
            release=None,
            requests=None,
            due_on__gte=world.ago(60).date(),
            initiative__stage__in=[Stage.PILOT, Stage.SCALING],
            initiative__on_hold=False,
            initiative__closed_kind="",
        ).exclude(earned_by="")
        earlier = Tranche.objects.filter(
            decision=OuterRef("decision"), number__lt=OuterRef("number"), release=None
        )
        found = waiting.exclude(Exists(earlier)).select_related("initiative").order_by("due_on", "pk")
        for tranche in found[:2]:
            code = world.places[tranche.initiative.unit_id]
            request_tranche(tranche, evidence=texts.ASKED_TODAY, actor=world.cast.leads[code])


def _file_of(rows: list[list[str]]) -> bytes:
    """The file as the ERP writes it, with its control total."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows(rows)
    writer.writerow(["control_total", str(sum(Decimal(row[5]) for row in rows))])
    return text.getvalue().encode()
