"""What the calibration page shows: scores against outcomes, what they taught, and how units forecast."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from accounts import policy
from accounts.models import Role, Unit, User
from ledger import clock
from ledger.services import last_seq
from portfolio.models import Domain, Initiative
from scoring import calibration
from scoring.calibration import Band, Brier, Correlation, Group, Result
from scoring.default_model import DIMENSIONS
from scoring.experience import OUTCOMES_FOR_A_RECORD, Experience, Observed, Record, record_of
from scoring.finance import REFERENCE_CLASS_TITLES, ReferenceClass
from scoring.positions import learning
from scoring.selectors import scores_out

# How long a unit has its record to itself.
DAYS_TO_ITSELF = 30


@dataclass(frozen=True)
class Named:
    """A correlation under the name of what was compared with the outcome."""

    title: str
    dimension: str
    correlation: Correlation


@dataclass(frozen=True)
class Calibration:
    """Scores against outcomes, over the initiatives that the reader may see.

    `number` counts finished initiatives with a score; `without_score` those that ended without one, and
    `stopped_early` those that are left out for it.
    """

    number: int
    without_score: int
    stopped_early: int
    whole: Group
    brier: Brier | None
    bands: Sequence[Band]
    dimensions: Sequence[Named]
    criteria: Sequence[Named]
    domains: Sequence[Group]
    classes: Sequence[Group]

    @property
    def is_enough(self) -> bool:
        """Whether there are enough outcomes to say anything."""
        return self.number >= calibration.ENOUGH


def calibrated(user: User) -> Calibration:
    """Scores against outcomes in the user's reach; a constant number of queries."""
    ended = Initiative.objects.open_to(user).filter(_within(user, "unit__path"))
    outcomes = dict(ended.exclude(outcome="").values_list("pk", "outcome"))
    finished = {pk for pk, outcome in outcomes.items() if outcome in calibration.RANK_OF}
    rows = list(
        scores_out()
        .filter(initiative__in=ended.filter(outcome__in=calibration.RANK_OF))
        .select_related("initiative")
        .order_by("initiative")
    )
    titles: dict[str, tuple[str, str]] = {}
    results = []
    for row in rows:
        known = [part for part in row.contributions if part["rating_low"] == part["rating_high"]]
        titles |= {part["key"]: (part["title"], part["dimension"]) for part in row.contributions}
        results.append(
            Result(
                score=row.low,
                dimensions={dimension.key: getattr(row, f"{dimension.key}_low") for dimension in DIMENSIONS},
                ratings={part["key"]: part["rating_low"] for part in known},
                outcome=row.initiative.outcome,
                domain=row.initiative.domain,
                reference_class=row.initiative.reference_class,
            )
        )
    sides = {dimension.key: dimension.title for dimension in DIMENSIONS}
    return Calibration(
        number=len(results),
        without_score=len(finished) - len(results),
        stopped_early=sum(outcome == "stopped_early" for outcome in outcomes.values()),
        whole=calibration.group("", results),
        brier=calibration.brier(results),
        bands=calibration.bands(results),
        dimensions=[
            Named(sides[key], key, found) for key, found in calibration.of_dimensions(results).items()
        ],
        criteria=_strongest_first(
            [Named(*titles[key], found) for key, found in calibration.of_criteria(results).items()]
        ),
        domains=_titled(calibration.groups(results, lambda r: r.domain), dict(Domain.choices)),
        classes=_titled(
            calibration.groups(results, lambda r: r.reference_class),
            {str(key): title for key, title in REFERENCE_CLASS_TITLES.items()},
        ),
    )


def _strongest_first(criteria: list[Named]) -> list[Named]:
    return sorted(criteria, key=lambda named: (-(named.correlation.value or 0.0), named.title))


def _titled(groups: Sequence[Group], titles: Mapping[str, str]) -> list[Group]:
    return [Group(titles.get(g.key, g.key) or "Not stated", g.correlation, g.met) for g in groups]


def _within(user: User, path: str) -> Q:
    """The units that the user's roles for this page cover."""
    found = Q(pk__in=[])
    for start in policy.reach(user, "calibration.view").paths:
        found |= Q(**{f"{path}__startswith": start})
    return found


# What outcomes taught ------------------------------------------------------------------------


@dataclass(frozen=True)
class ClassExperience:
    """The three ratios of one class with their terms."""

    title: str
    experience: Experience


def class_experience() -> list[ClassExperience]:
    """The class ratios in force with the terms that they are made of."""
    found: Mapping[ReferenceClass, Experience] = learning.rules(last_seq()).experience
    return [ClassExperience(REFERENCE_CLASS_TITLES[key], of_class) for key, of_class in found.items()]


# How units forecast --------------------------------------------------------------------------


@dataclass(frozen=True)
class UnitRecord:
    """What a unit promised and what came; `record` is None under five outcomes.

    `is_own` says that the reader leads or heads the unit and sees its outcomes from the first day.
    """

    unit: Unit
    number: int
    record: Record | None
    is_own: bool


def forecasting_records(user: User) -> list[UnitRecord]:
    """The forecasting records of the units in the user's reach that have any outcome to show.

    Who leads or heads a unit sees all its outcomes; others those that are thirty days old.
    """
    units = Unit.objects.filter(_within(user, "path")).order_by("path").in_bulk()
    rows = learning.observations(last_seq())
    unit_of = dict(
        Initiative.objects.filter(pk__in=[outcome.initiative for outcome, _ in rows]).values_list(
            "pk", "unit"
        )
    )
    own = _own_paths(user)
    old_enough = clock.today() - timedelta(days=DAYS_TO_ITSELF)
    shown: defaultdict[int, list[Observed]] = defaultdict(list)
    for outcome, observed in rows:
        unit = units.get(unit_of.get(outcome.initiative, 0))
        if unit is not None and (outcome.on <= old_enough or _is_own(unit, own)):
            shown[unit.pk].append(observed)
    return [
        UnitRecord(unit, len(shown[unit.pk]), record_of(shown[unit.pk]), _is_own(unit, own))
        for unit in units.values()
        if shown[unit.pk]
    ]


def _own_paths(user: User) -> tuple[str, ...]:
    """The units that the user leads or heads."""
    return tuple(
        grant.unit.path for grant in policy.grants_of(user) if grant.role in {Role.UNIT_LEAD, Role.UNIT_HEAD}
    )


def _is_own(unit: Unit, own: tuple[str, ...]) -> bool:
    return unit.path.startswith(own) if own else False


FEWEST_FOR_A_RECORD = OUTCOMES_FOR_A_RECORD
