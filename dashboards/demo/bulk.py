"""Very large portfolios for measuring: true facts with their ledger entries, by COPY, from one seed.

Each initiative has a frozen plan, its baseline, a decision with its commitment and first tranche, and a
posting for every month; every fifth one has claims that finance attested.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection

from accounts.models import Unit, UnitPlacement, User
from dashboards.demo.rows import IntArray, insert, reserve
from governance import balances
from governance.models import (
    Commitment,
    Decision,
    Envelope,
    EnvelopeBalance,
    EnvelopeChange,
    EnvelopeConfirmation,
    ReleaseLine,
    Tranche,
    TrancheRelease,
)
from ledger import chain, clock
from ledger.services import Act, record
from portfolio import case as case_document
from portfolio import money
from portfolio.case import add_months
from portfolio.models import (
    Appointment,
    Attestation,
    Baseline,
    BenefitClaim,
    BusinessCase,
    Classification,
    Domain,
    Initiative,
    Part,
    PlanLine,
    Posting,
    ReferenceCounter,
    Stage,
    StageChange,
)
from portfolio.selectors import fiscal_year_of
from scoring.positions import refresh_returns

# Initiatives in one act: its rows fit into memory, and the ledger gets one entry for them.
BATCH = 2_000
VARIANTS = 64
CENT = 100  # in stored units
EVERY_FIFTH = 5
_PLACEHOLDER = "the title comes later"
_TITLE = f'"{_PLACEHOLDER}"'
ROAD = (Stage.SUBMITTED, Stage.ASSESSMENT, Stage.DECISION, Stage.PILOT, Stage.SCALING, Stage.OPERATING)
CLASSES = tuple(case_document.CLASSES)
UNITS = (
    "Service desk", "Cloud operations", "Finance", "People", "Supply chain", "Customer service",
    "Engineering", "Legal", "Marketing", "Security",
)  # fmt: skip
WHAT = (
    "Sort incoming requests by meaning", "Draft answers for agents", "Forecast demand by site",
    "Read contracts for unusual terms", "Find anomalies in cloud cost", "Match invoices to orders",
    "Summarise incidents for the next shift", "Plan shifts from forecasts", "Check documents for gaps",
    "Route spare parts before they are missed", "Detect doubtful sign-ins", "Translate product texts",
    "Suggest fixes from past incidents", "Predict late deliveries", "Score suppliers by risk",
    "Search the knowledge base in plain words",
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """A plan that some initiatives share: amounts are stored integers by month."""

    reference_class: str
    go_live: int
    delivery: IntArray
    run: IntArray
    saving: IntArray
    hours: IntArray

    @property
    def cost(self) -> IntArray:
        """Planned cost by month."""
        return self.delivery + self.run

    def lines(self) -> list[tuple[str, str, str, str, bool, IntArray]]:
        """Key, side, category, phase, whether it is cash, and amounts."""
        return [
            ("build", "cost", "people", "delivery", True, self.delivery[: self.go_live]),
            ("run", "cost", "licence", "run", True, self.run),
            ("saving", "benefit", "saving", "run", True, self.saving),
            ("hours", "benefit", "productivity", "run", False, self.hours),
        ]


@dataclass(frozen=True)
class Cast:
    """The units and people that the facts name."""

    units: Sequence[Unit]
    people: Sequence[User]

    @property
    def finance(self) -> User:
        """Who attests and confirms."""
        return self.people[-1]


@dataclass(frozen=True)
class Scene:
    """What all batches share."""

    cast: Cast
    start: date
    months: int
    variants: Sequence[Variant]
    # The frozen document of each variant in canonical form, with _TITLE in it.
    documents: Sequence[str]


def bulk_portfolio(*, initiatives: int, months: int, seed: int) -> None:
    """Add running initiatives with a posting for each of the last months, and compute their returns."""
    random = np.random.default_rng(seed)
    start = add_months(clock.today().replace(day=1), -months)
    variants = [_variant(random) for _ in range(VARIANTS)]
    documents = [chain.canonical(_document(variant, start)) for variant in variants]
    scene = Scene(_cast(), start, months, variants, documents)
    for first in range(0, initiatives, BATCH):
        _add(scene, min(BATCH, initiatives - first), random)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    refresh_returns()


def _variant(random: np.random.Generator) -> Variant:
    go_live = int(random.integers(2, 10))
    width = go_live + 36
    monthly = int(random.integers(3, 60)) * 1_000
    ramp = np.minimum(np.arange(1, 37) / random.integers(2, 9), 1.0)
    gain = monthly * go_live / 36 * random.uniform(1.2, 4.5)
    delivery, run, saving, hours = (np.zeros(width, dtype=np.int64) for _ in range(4))
    delivery[:go_live] = monthly * money.ONE
    run[go_live:] = max(monthly // 12, 100) * money.ONE
    saving[go_live:] = np.rint(gain * ramp) * money.ONE
    hours[go_live:] = np.rint(gain * ramp / 5) * money.ONE
    return Variant(str(random.choice(CLASSES)), go_live, delivery, run, saving, hours)


def _document(variant: Variant, start: date) -> case_document.Content:
    """The case as its unit would have written it, with the very plan that is frozen beside it."""
    content, errors = case_document.clean(
        {
            "title": _PLACEHOLDER,
            "summary": "Made up for measuring.",
            "problem": "Made up for measuring.",
            "process": "Everyday work",
            "process_depth": "core",
            "reference_class": variant.reference_class,
            "currency": settings.BASE_CURRENCY,
            "evidence_grade": "C",
            "plan": {
                "start": f"{start:%Y-%m}",
                "go_live": f"{add_months(start, variant.go_live):%Y-%m}",
                "lines": [
                    {
                        "key": key,
                        "side": side,
                        "category": category,
                        "phase": phase,
                        "is_cash": is_cash,
                        "amounts": [format(money.from_stored(int(value)), ".2f") for value in amounts],
                    }
                    for key, side, category, phase, is_cash, amounts in variant.lines()
                ],
            },
        }
    )
    if errors:
        raise ValueError(f"The bulk demo writes impossible plans: {errors}")
    return content


def _cast() -> Cast:
    """Units and people that are there, or new ones in an empty database."""
    units = list(Unit.objects.filter(closed_on=None, children=None).order_by("pk")[:50])
    if not units:
        root = _unit("Group", None)
        units = [_unit(name, root) for name in UNITS]
    people = list(User.objects.filter(is_active=True, is_service_account=False).order_by("pk")[:40])
    people += [
        User.objects.create_user(f"bulk.{number}@demo.invalid", f"Person {number}", None)
        for number in range(len(people), 3)
    ]
    return Cast(units, people)


def _unit(name: str, parent: Unit | None) -> Unit:
    with record("unit.added", actor=None) as act:
        unit = Unit.objects.create(name=name, parent=parent)
        unit.path = f"{parent.path if parent else '/'}{unit.pk}/"
        unit.save(update_fields=["path"])
        act.add(UnitPlacement, unit=unit, parent=parent, valid_from=unit.opened_on)
        act.about(unit)
    return unit


def _add(scene: Scene, count: int, random: np.random.Generator) -> None:
    """One act: some initiatives with all their facts."""
    with record("portfolio.bulk_added", actor=None, reason="Made-up data for measuring") as act:
        batch = _Batch(act, scene, count, random)
        batch.add_initiatives()
        batch.add_cases()
        batch.add_road()
        batch.add_money()
        batch.add_postings()
        batch.add_benefits()
        act.note(initiatives=count, months=scene.months)
        act.marks("return", batch.ids.tolist())


class _Batch:
    """The initiatives of one act, as columns."""

    def __init__(self, act: Act, scene: Scene, count: int, random: np.random.Generator) -> None:
        cast, variants, start = scene.cast, scene.variants, scene.start
        self.act, self.cast, self.variants, self.start = act, cast, variants, start
        self.count, self.months, self.random = count, scene.months, random
        self.documents = scene.documents
        self.year = fiscal_year_of(start)
        self.variant = random.integers(0, len(variants), count)
        self.unit = random.integers(0, len(cast.units), count)
        self.stage = random.choice(3, count, p=[0.35, 0.25, 0.4]) + ROAD.index(Stage.PILOT)
        people = len(cast.people) - 1
        self.lead, self.owner, self.sponsor = (random.integers(0, people, count) for _ in range(3))
        self.domain = random.integers(0, len(Domain.values), count)
        what = random.integers(0, len(WHAT), count)
        self.titles = [
            f"{WHAT[kind]} for {cast.units[unit].name}" for kind, unit in zip(what, self.unit, strict=True)
        ]
        self.costs = np.array([int(variant.cost.sum()) for variant in variants])[self.variant]

    def _people(self, places: IntArray) -> IntArray:
        return np.array([person.pk for person in self.cast.people])[places]

    def _of_variant(self, values: Sequence[Any]) -> list[Any]:
        return [values[place] for place in self.variant.tolist()]

    def add_initiatives(self) -> None:
        """The identities, with the cache that follows from the facts below."""
        counter, _ = ReferenceCounter.objects.select_for_update().get_or_create(year=self.start.year)
        numbers = range(counter.last + 1, counter.last + self.count + 1)
        counter.last += self.count
        counter.save(update_fields=["last"])
        # The ids are taken before the rows are there: deferred foreign keys wait for them.
        self.ids, self.cases = reserve(Initiative, self.count), reserve(BusinessCase, self.count)
        insert(
            self.act,
            Initiative,
            self.count,
            {
                "id": self.ids,
                "reference": [f"AI-{self.start.year}-{number:04d}" for number in numbers],
                "unit_id": np.array([unit.pk for unit in self.cast.units])[self.unit],
                "created_by_id": self._people(self.lead),
                "created_at": self.act.at,
                "title": self.titles,
                "summary": "Made up for measuring.",
                "stage": [str(ROAD[place]) for place in self.stage.tolist()],
                "stage_since": self.act.at,
                "submitted_at": self.act.at,
                "track": "full",
                "domain": [Domain.values[place] for place in self.domain.tolist()],
                "risk_tier": "limited",
                "reference_class": self._of_variant([variant.reference_class for variant in self.variants]),
                "owner_id": self._people(self.owner),
                "sponsor_id": self._people(self.sponsor),
                "submitter_id": self._people(self.lead),
                "current_case_id": self.cases,
                "currency": settings.BASE_CURRENCY,
                "whole_life_cost": self.costs,
                "fiscal_year": self.year,
            },
        )

    def add_cases(self) -> None:
        """The frozen documents and their plan lines."""
        # What initiatives share is spelled once; only the title differs.
        shared = self._of_variant(self.documents)
        texts = [
            text.replace(_TITLE, chain.canonical(title), 1)
            for text, title in zip(shared, self.titles, strict=True)
        ]
        self.hashes = [chain.digest(text) for text in texts]
        insert(
            self.act,
            BusinessCase,
            self.count,
            {
                "id": self.cases,
                "initiative_id": self.ids,
                "version": 1,
                "purpose": "completed",
                "submitted_by_id": self._people(self.lead),
                "content": texts,
                "content_hash": self.hashes,
                "title": self.titles,
                "summary": "Made up for measuring.",
                "reference_class": self._of_variant([variant.reference_class for variant in self.variants]),
                "currency": settings.BASE_CURRENCY,
                "whole_life_cost": self.costs,
                "cash_benefit": np.array([int(variant.saving.sum()) for variant in self.variants])[
                    self.variant
                ],
                "start_month": self.start,
                "go_live_month": self._of_variant(
                    [add_months(self.start, variant.go_live) for variant in self.variants]
                ),
            },
        )
        for key, side, category, phase, is_cash, _ in self.variants[0].lines():
            amounts = [line[5] for variant in self.variants for line in variant.lines() if line[0] == key]
            insert(
                self.act,
                PlanLine,
                self.count,
                {
                    "case_id": self.cases,
                    "key": key,
                    "side": side,
                    "category": category,
                    "phase": phase,
                    "is_cash": is_cash,
                    "first_month": self.start,
                    "amounts": self._of_variant([chain.canonical(values.tolist()) for values in amounts]),
                    "low": None,
                    "high": None,
                    "total": np.array([int(values.sum()) for values in amounts])[self.variant],
                },
            )

    def add_road(self) -> None:
        """People, classes and the moves up to the stage of each."""
        for part, places in ((Part.OWNER, self.owner), (Part.SPONSOR, self.sponsor)):
            insert(
                self.act,
                Appointment,
                self.count,
                {"initiative_id": self.ids, "part": part.value, "person_id": self._people(places)},
            )
        domains = [Domain.values[place] for place in self.domain.tolist()]
        for kind, value in (("domain", domains), ("risk_tier", "limited"), ("track", "full")):
            insert(
                self.act,
                Classification,
                self.count,
                {
                    "initiative_id": self.ids,
                    "kind": kind,
                    "value": value,
                    "by_id": self.cast.finance.pk,
                },
            )
        before = ""
        for place, stage in enumerate(ROAD):
            reached = self.ids[self.stage >= place]
            if len(reached):
                insert(
                    self.act,
                    StageChange,
                    len(reached),
                    {"initiative_id": reached, "from_stage": before, "to_stage": stage.value},
                )
            before = stage.value
        insert(
            self.act,
            Baseline,
            self.count,
            {"initiative_id": self.ids, "case_id": self.cases, "base_month": self.start},
        )

    def add_money(self) -> None:
        """A decision on the whole life, its commitment in the first year, and a released tranche."""
        decisions = insert(
            self.act,
            Decision,
            self.count,
            {
                "initiative_id": self.ids,
                "gate": "G3",
                "verb": "go",
                "case_id": self.cases,
                "amount": self.costs,
                "currency": settings.BASE_CURRENCY,
                "amount_in_base": self.costs,
                "reason": "Made up for measuring.",
                "content_hash": self.hashes,
            },
        )
        envelopes, parts = self._envelopes(), self.costs * 3 // 10 // CENT * CENT
        insert(
            self.act,
            Commitment,
            self.count,
            {
                "decision_id": decisions,
                "initiative_id": self.ids,
                "envelope_id": envelopes,
                "fiscal_year": self.year,
                "amount": self.costs,
            },
        )
        tranches = insert(
            self.act,
            Tranche,
            self.count,
            {
                "decision_id": decisions,
                "initiative_id": self.ids,
                "number": 1,
                "amount": parts,
                "due_on": self.start,
            },
        )
        releases = insert(
            self.act,
            TrancheRelease,
            self.count,
            {"tranche_id": tranches, "by_id": self.cast.finance.pk},
        )
        insert(
            self.act,
            ReleaseLine,
            self.count,
            {"release_id": releases, "envelope_id": envelopes, "amount": parts},
        )
        locked = balances.lock(Envelope.objects.filter(pk__in=np.unique(envelopes).tolist()))
        for pk, balance in locked.items():
            mine = envelopes == pk
            balances.commit(balance, money.from_stored(int(self.costs[mine].sum())), locked)
            balances.release(balance, money.from_stored(int(parts[mine].sum())))

    def _envelopes(self) -> IntArray:
        """The envelope of each initiative, with room for a fifth more than it needs."""
        found = np.zeros(self.count, dtype=np.int64)
        for place in np.unique(self.unit).tolist():
            mine = self.unit == place
            envelope, _ = Envelope.objects.get_or_create(
                unit=self.cast.units[place],
                fiscal_year=self.year,
                bucket="core",
                defaults={"currency": settings.BASE_CURRENCY},
            )
            EnvelopeBalance.objects.get_or_create(envelope=envelope)
            amount = money.to_minor(
                money.from_stored(int(self.costs[mine].sum())) * Decimal("1.2"), settings.BASE_CURRENCY
            )
            change = self.act.add(
                EnvelopeChange,
                envelope=envelope,
                kind="supplement",
                amount=amount,
                reason="Made up for measuring.",
                proposed_by=self.cast.people[0],
            )
            self.act.add(EnvelopeConfirmation, change=change, by=self.cast.finance)
            balances.appropriate(balances.lock([envelope])[envelope.pk], amount)
            found[mine] = envelope.pk
        return found

    def add_postings(self) -> None:
        """One posting for each month: the plan, times how this initiative and this month went."""
        width = min(self.months, *(len(variant.cost) for variant in self.variants))
        planned = np.stack([variant.cost[:width] for variant in self.variants])[self.variant]
        course = self.random.lognormal(0.1, 0.3, (self.count, 1))
        monthly = self.random.uniform(0.8, 1.2, (self.count, width))
        amounts = np.rint(planned * course * monthly / CENT).astype(np.int64) * CENT
        calendar = [add_months(self.start, number) for number in range(width)]
        insert(
            self.act,
            Posting,
            self.count * width,
            {
                "initiative_id": np.repeat(self.ids, width),
                "kind": "cost",
                "category": "people",
                "service_month": calendar * self.count,
                "booked_month": calendar * self.count,
                "amount": amounts.ravel(),
                "currency": settings.BASE_CURRENCY,
            },
        )

    def add_benefits(self) -> None:
        """Claims on the cash line of every fifth initiative; the last two months wait for finance."""
        chosen = np.flatnonzero(np.arange(self.count) % EVERY_FIFTH == 0)
        width = min(self.months, *(len(variant.saving) for variant in self.variants))
        planned = np.stack([variant.saving[:width] for variant in self.variants])[self.variant[chosen]]
        course = self.random.lognormal(-0.3, 0.5, (len(chosen), 1))
        place, number = np.nonzero(planned > 0)
        if not len(place):
            return
        amounts = np.rint(planned * course / CENT).astype(np.int64)[place, number] * CENT
        calendar = [add_months(self.start, month) for month in range(width)]
        claims = insert(
            self.act,
            BenefitClaim,
            len(place),
            {
                "initiative_id": self.ids[chosen][place],
                "line_key": "saving",
                "month": [calendar[month] for month in number.tolist()],
                "amount": amounts,
                "currency": settings.BASE_CURRENCY,
                "is_cash": True,
                "by_id": self._people(self.lead)[chosen][place],
            },
        )
        attested = number < self.months - 2
        if attested.any():
            insert(
                self.act,
                Attestation,
                int(attested.sum()),
                {
                    "claim_id": claims[attested],
                    "amount": amounts[attested],
                    "where_it_shows": "Cost centre of the unit",
                    "by_id": self.cast.finance.pk,
                },
            )
