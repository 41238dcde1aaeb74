"""The figures of one initiative: what its unit plans by month, and what comes of it. Without Django.

Plans are whole units of a currency. What comes of a plan is drawn once, as a course: a delay, and factors
on delivery cost, run cost and benefit. Keel never hears of the course; it sees postings and claims.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from dashboards.demo.story import Story
from portfolio.case import NON_CASH_BY_NATURE, add_months

HORIZON = 36
CENT = Decimal("0.01")
# Whole-life cost by size, in thousands.
COSTS = {"N": (3, 9), "S": (14, 46), "M": (70, 230), "L": (290, 920), "X": (1100, 3200)}
MONTHS_TO_GO_LIVE = {"S": (1, 2), "M": (3, 5), "L": (4, 7), "X": (7, 9)}
ROLLOUT = {"S": 1, "M": 2, "L": 4, "X": 6}
RAMP = {"S": (2, 3), "M": (3, 6), "L": (4, 8), "X": (6, 9)}
DELIVERY_SHARE = {"configured": 0.35, "bought": 0.45, "built": 0.60, "novel": 0.65}
# What units promise: benefit for each unit of cost. Harder work promises more.
PROMISE = {"configured": (2.0, 3.2), "bought": (2.6, 3.9), "built": (3.2, 5.0), "novel": (3.8, 5.6)}


@dataclass(frozen=True)
class Line:
    """One line of the plan, by month from the plan's start."""

    key: str
    side: str
    category: str
    phase: str
    is_capex: bool
    is_cash: bool
    label: str
    amounts: tuple[int, ...]

    @property
    def total(self) -> int:
        """The sum over all months."""
        return sum(self.amounts)


@dataclass(frozen=True)
class Plan:
    """A plan by month in one currency."""

    start: date
    months_to_go_live: int
    currency: str
    lines: tuple[Line, ...]

    @property
    def go_live(self) -> date:
        """The first month in which people use it."""
        return add_months(self.start, self.months_to_go_live)

    @property
    def costs(self) -> tuple[Line, ...]:
        """The cost lines."""
        return tuple(line for line in self.lines if line.side == "cost")

    @property
    def benefits(self) -> tuple[Line, ...]:
        """The benefit lines."""
        return tuple(line for line in self.lines if line.side == "benefit")

    @property
    def cost(self) -> int:
        """Whole-life cost."""
        return sum(line.total for line in self.costs)

    @property
    def benefit(self) -> int:
        """Whole-life benefit."""
        return sum(line.total for line in self.benefits)

    def cost_by_month(self) -> list[tuple[date, int]]:
        """What each month costs."""
        width = max(len(line.amounts) for line in self.costs)
        return [
            (add_months(self.start, i), sum(line.amounts[i] for line in self.costs if i < len(line.amounts)))
            for i in range(width)
        ]


@dataclass(frozen=True)
class Course:
    """What comes of a plan."""

    name: str
    delay: int
    delivery: float
    run: float
    benefit: float


COURSES: dict[str, tuple[tuple[int, int], tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "star": ((0, 0), (0.90, 0.98), (0.92, 1.00), (1.08, 1.22)),
    "on plan": ((0, 0), (0.97, 1.01), (0.97, 1.01), (1.00, 1.05)),
    "late": ((1, 4), (1.06, 1.18), (1.00, 1.10), (0.68, 0.92)),
    "overrun": ((0, 2), (1.16, 1.55), (1.06, 1.25), (0.68, 0.90)),
    "low adoption": ((0, 2), (1.00, 1.15), (0.85, 1.00), (0.55, 0.76)),
    "flop": ((1, 3), (1.10, 1.35), (0.80, 1.00), (0.03, 0.20)),
}


def draw_course(name: str, rng: Random, *, is_small: bool) -> Course:
    """A course of this name; small work is late by a month or two at most."""
    (earliest, latest), *ranges = COURSES[name]
    delay = rng.randint(earliest, latest)
    delivery, run, benefit = (round(rng.uniform(*ends), 3) for ends in ranges)
    return Course(name, min(delay, 2) if is_small else delay, delivery, run, benefit)


def draw_plan(story: Story, rng: Random, *, start: date, currency: str) -> Plan:
    """The plan that the unit writes, from its start on."""
    low, high = COSTS[story.size]
    # Large amounts are rarer than small ones.
    cost = 1000 * low * (high / low) ** rng.random()
    to_go_live = rng.randint(*MONTHS_TO_GO_LIVE[story.size]) + (story.work == "novel")
    delivery = cost * DELIVERY_SHARE[story.work] * rng.uniform(0.9, 1.1)
    lines = [
        *_delivery_lines(story, rng, delivery, to_go_live),
        *_run_lines(story, rng, cost - delivery, to_go_live),
    ]
    planned = sum(line.total for line in lines)
    lines += _benefit_lines(story, rng, planned * rng.uniform(*PROMISE[story.work]), to_go_live)
    return Plan(start, to_go_live, currency, tuple(lines))


def _delivery_lines(story: Story, rng: Random, amount: float, to_go_live: int) -> list[Line]:
    rollout = ROLLOUT[story.size]
    is_made = story.work in {"built", "novel"}
    shares = {"people": 0.72, "data": 0.14, "change": 0.14} if is_made else {"people": 0.82, "change": 0.18}
    if story.size == "S":
        shares = {"people": 1.0}
    # A rise to the middle of delivery, and a tail while the others are brought in.
    people = [1 + min(i, to_go_live - i) * 0.4 for i in range(to_go_live)] + [0.45] * rollout
    patterns = {
        "people": (people, "Own team and partner"),
        "data": ([1.0] * max(1, to_go_live // 2), "Cleaning and labelling of data"),
        "change": ([0.0] * (to_go_live - 1) + [1.0] + [0.8] * rollout, "Training and new work instructions"),
    }
    return [
        Line(
            key=category,
            side="cost",
            category=category,
            phase="delivery",
            is_capex=is_made and category == "people",
            is_cash=True,
            label=patterns[category][1],
            amounts=_spread(amount * share, patterns[category][0]),
        )
        for category, share in shares.items()
    ]


def _run_lines(story: Story, rng: Random, amount: float, to_go_live: int) -> list[Line]:
    category = "cloud" if story.work in {"built", "novel"} else "licence"
    label = "Compute and storage" if category == "cloud" else "Licence by seat"
    before, growth = [0.0] * to_go_live, rng.uniform(0.0, 0.01)
    months = [min(1.0, 0.5 + 0.1 * i) * (1 + growth) ** i for i in range(HORIZON)]
    share = 0.7 if story.size != "S" else 1.0
    lines = [_run_line(category, category, label, amount * share, before + months)]
    if share < 1:
        lines.append(
            _run_line(
                "support",
                "people",
                "Operation and quality checks",
                amount * (1 - share),
                before + [1.0] * HORIZON,
            )
        )
    return lines


def _run_line(key: str, category: str, label: str, amount: float, pattern: list[float]) -> Line:
    return Line(key, "cost", category, "run", False, True, label, _spread(amount, pattern))


def _benefit_lines(story: Story, rng: Random, amount: float, to_go_live: int) -> list[Line]:
    category, label = story.benefit
    is_cash = category not in NON_CASH_BY_NATURE
    ramp = rng.randint(*RAMP[story.size])
    first = to_go_live + (story.size != "S")
    pattern = [0.0] * first + [min(1.0, (i + 1) / ramp) for i in range(to_go_live + HORIZON - first)]
    has_hours = is_cash and story.size != "S" and rng.random() < 0.25
    hours = rng.uniform(0.15, 0.3) if has_hours else 0.0
    lines = [
        Line(
            "benefit",
            "benefit",
            category,
            "run",
            False,
            is_cash,
            label,
            _spread(amount * (1 - hours), pattern),
        )
    ]
    if has_hours:
        lines.append(
            Line(
                "hours",
                "benefit",
                "productivity",
                "run",
                False,
                False,
                "Hours freed in the unit",
                _spread(amount * hours, pattern),
            )
        )
    return lines


def _spread(amount: float, pattern: list[float]) -> tuple[int, ...]:
    """The amount over months in a pattern, as people plan: in round figures."""
    unit = 10 if amount < 60_000 else 50 if amount < 400_000 else 100
    scale = amount / sum(pattern)
    return tuple(round(weight * scale / unit) * unit for weight in pattern)


# What comes of it ----------------------------------------------------------------------------


def actual_cost(plan: Plan, line: Line, course: Course, month: date, rng: Random) -> Decimal:
    """What a cost line costs in a month; 0 before and after."""
    i = (month.year - plan.start.year) * 12 + month.month - plan.start.month
    if line.phase == "run":
        planned = _at(line.amounts, i - course.delay)
        return _cents(planned * course.run * rng.uniform(0.96, 1.04))
    # Delivery takes as much longer as it is late.
    length = len(line.amounts)
    stretched = length + course.delay
    if not 0 <= i < stretched:
        return Decimal("0.00")
    cumulated = _cumulated(line.amounts, (i + 1) * length / stretched) - _cumulated(
        line.amounts, i * length / stretched
    )
    return _cents(cumulated * course.delivery * rng.uniform(0.97, 1.03))


def actual_benefit(plan: Plan, line: Line, course: Course, month: date, rng: Random) -> Decimal | None:
    """What a benefit line brings in a month; None where nothing is planned."""
    i = (month.year - plan.start.year) * 12 + month.month - plan.start.month
    if not _at(line.amounts, i):
        return None
    return _cents(_at(line.amounts, i - course.delay) * course.benefit * rng.uniform(0.96, 1.04))


def _at(amounts: tuple[int, ...], i: int) -> int:
    return amounts[i] if 0 <= i < len(amounts) else 0


def _cumulated(amounts: tuple[int, ...], until: float) -> float:
    whole = int(until)
    rest = until - whole
    return sum(amounts[:whole]) + (amounts[whole] * rest if rest and whole < len(amounts) else 0.0)


def _cents(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(CENT)
