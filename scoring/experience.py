"""What finished initiatives teach about the plans of their class: the ratios of today, with their terms.

Pure: ratios in, ratios out. A class begins with the ratios of `finance.REFERENCE_CLASSES`; every outcome that
was set moves them, as `finance.learned` says.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scoring.finance import (
    DEFAULT_SETTINGS,
    REFERENCE_CLASSES,
    ClassRatios,
    Quantile,
    ReferenceClass,
    ReturnSettings,
    learned,
)

# Fewer outcomes than this are no record of a unit.
OUTCOMES_FOR_A_RECORD = 5


@dataclass(frozen=True)
class Observed:
    """Actual ÷ planned of one initiative with an outcome; None where there is nothing to compare."""

    reference_class: str
    cost: float | None
    time: float | None
    benefit: float | None


@dataclass(frozen=True)
class Learned:
    """One ratio after experience: `prior` moved by `number` observed ones with the mean `mean`.

    `mean` is of the observed ratios after clipping, None without any.
    """

    prior: Quantile
    number: int
    mean: float | None
    result: Quantile


@dataclass(frozen=True)
class Experience:
    """The three ratios of one class after experience."""

    cost: Learned
    time: Learned
    benefit: Learned

    @property
    def ratios(self) -> ClassRatios:
        """As the correction takes them."""
        return ClassRatios(self.cost.result, self.time.result, self.benefit.result)

    @property
    def number(self) -> int:
        """How many outcomes moved any of the three."""
        return max(self.cost.number, self.time.number, self.benefit.number)


def experience(
    observed: Iterable[Observed], settings: ReturnSettings = DEFAULT_SETTINGS
) -> Mapping[ReferenceClass, Experience]:
    """Every class after these outcomes; their order changes nothing."""
    by_class: dict[str, list[Observed]] = {}
    for one in observed:
        by_class.setdefault(one.reference_class, []).append(one)
    return MappingProxyType(
        {
            name: _of_class(prior, by_class.get(str(name), []), settings)
            for name, prior in REFERENCE_CLASSES.items()
        }
    )


def ratios(found: Mapping[ReferenceClass, Experience]) -> Mapping[ReferenceClass, ClassRatios]:
    """The table that the correction reads."""
    return MappingProxyType({name: of_class.ratios for name, of_class in found.items()})


def _of_class(prior: ClassRatios, observed: Sequence[Observed], settings: ReturnSettings) -> Experience:
    return Experience(
        cost=_term(prior.cost, [one.cost for one in observed], settings, more_is_worse=True),
        time=_term(prior.time, [one.time for one in observed], settings, more_is_worse=True),
        benefit=_term(prior.benefit, [one.benefit for one in observed], settings, more_is_worse=False),
    )


def _term(
    prior: Quantile, observed: Sequence[float | None], settings: ReturnSettings, *, more_is_worse: bool
) -> Learned:
    known = [ratio for ratio in observed if ratio is not None]
    return Learned(
        prior=prior,
        number=len(known),
        mean=_mean(known, settings),
        # Without any, the prior to the last bit.
        result=learned(prior, known, more_is_worse=more_is_worse, settings=settings) if known else prior,
    )


def _mean(known: Sequence[float], settings: ReturnSettings) -> float | None:
    low, high = settings.experience_lowest, settings.experience_highest
    return math.fsum(min(max(ratio, low), high) for ratio in known) / len(known) if known else None


# Before the first outcome.
NONE_YET = experience(())


@dataclass(frozen=True)
class Record:
    """How a unit's finished initiatives turned out against what it promised: 1 is as promised.

    `cost` and `benefit` start from 1 and move with each outcome as a class ratio does.
    """

    number: int
    cost: Learned
    benefit: Learned


def record_of(observed: Sequence[Observed], settings: ReturnSettings = DEFAULT_SETTINGS) -> Record | None:
    """The forecasting record of a unit, from five outcomes on; None before."""
    if len(observed) < OUTCOMES_FOR_A_RECORD:
        return None
    as_promised = Quantile(1.0, 1.0)
    return Record(
        number=len(observed),
        cost=_term(as_promised, [one.cost for one in observed], settings, more_is_worse=True),
        benefit=_term(as_promised, [one.benefit for one in observed], settings, more_is_worse=False),
    )
