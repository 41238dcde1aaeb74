"""Telling the demo portfolio: one company, its stories, and finance beside them, up to the present."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random

from django.conf import settings
from django.db import transaction

from accounts.errors import InvalidMove
from accounts.models import User
from assurance.library import install_library
from dashboards.demo import authority, company
from dashboards.demo.books import Books
from dashboards.demo.bulk import bulk_portfolio
from dashboards.demo.duties import tell_duties
from dashboards.demo.gates import about_gates
from dashboards.demo.history import Teller
from dashboards.demo.plans import Course, draw_course
from dashboards.demo.risks import Risks
from dashboards.demo.road import RUNS, Road
from dashboards.demo.rounds import past_round, round_of_today
from dashboards.demo.stories import STORIES
from dashboards.demo.story import Fate, Story
from dashboards.demo.world import World
from governance.authority import install_authority
from governance.gates import install_gates
from governance.services.watching import watch
from ledger import clock
from ledger.services import last_seq
from portfolio.case import add_months
from portfolio.models import Initiative
from scoring.positions import refresh_returns, refresh_scores
from scoring.services import install_default_model

# The first decisions fall into the second month, so that the oldest ones have almost three years.
MONTHS = 34
OLDEST, YOUNGEST = MONTHS - 1, 2
# What comes of twenty plans in the order of their decisions, near the survey's 28, 52 and 20 of a hundred;
# those that are stopped count as failed besides.
DECK = (
    *["star"] * 2, *["on plan"] * 4, *["late"] * 4, *["overrun"] * 3, *["low adoption"] * 5, *["flop"] * 2,
)  # fmt: skip
ENDS = {
    Fate.STOPPED: "flop",
    Fate.STOPPED_EARLY: "flop",
    Fate.EXPIRED: "low adoption",
    Fate.RETIRED: "on plan",
}


def tell_bulk(*, seed: int, initiatives: int, months: int) -> None:
    """Make a large portfolio for benchmarks. Raises InvalidMove in a database that is in use."""
    if User.objects.exists() or Initiative.objects.exists():
        raise InvalidMove(
            "A large portfolio is made for measuring, in a database of its own: this one is in use."
        )
    install_default_model()
    install_gates()
    install_authority()
    install_library()
    bulk_portfolio(initiatives=initiatives, months=months, seed=seed)


def refuse_unless_empty() -> None:
    """Raise InvalidMove unless nothing was recorded in this database yet."""
    if last_seq() or User.objects.exists() or Initiative.objects.exists():
        raise InvalidMove(
            "The demo tells a history from its first day, so it needs an empty database. "
            "Migrate a new one, or set DATABASE_URL to one."
        )


def tell_portfolio(*, seed: int, stories: int | None = None) -> None:
    """Build the demo portfolio, all or nothing. Raises InvalidMove unless the database is empty."""
    refuse_unless_empty()
    chosen = choose(stories)
    present = clock.now()
    first = add_months(clock.today().replace(day=1), -MONTHS)
    begins = present.replace(
        year=first.year, month=first.month, day=2, hour=8, minute=30, second=0, microsecond=0
    )
    with clock.telling_history() as history, transaction.atomic():
        teller = Teller(history, first=begins, present=present)
        company.begin(seed=seed, day=present.date().isoformat())
        install_default_model()
        install_gates()
        install_authority()
        install_library()
        world = World(teller, company.found(), present)
        for road in _roads(world, chosen, seed):
            world.roads[road.story.key] = road
        Books(world, Random(f"{seed}:books"), first).start()
        Risks(world).start()
        for road in world.roads.values():
            teller.start(road.life())
        teller.start(about_gates(world))
        teller.start(past_round(world))
        teller.tell()
        round_of_today(world)
        authority.propose(world.cast)
        watch()
        company.let_in()
        company.deliver_messages(unread_since=present - timedelta(days=14))
    tell_duties(world.cast)
    refresh_scores()
    refresh_returns()


def choose(number: int | None) -> Sequence[Story]:
    """All stories, or so many of them, evenly from all units."""
    if number is None or number >= len(STORIES):
        return STORIES
    return [STORIES[i * len(STORIES) // number] for i in range(number)]


def _roads(world: World, stories: Sequence[Story], seed: int) -> list[Road]:
    """A road for each story. When it began and what comes of it is drawn so that each year has its share."""
    rng = Random(f"{seed}:roads")
    open_ones = [story.key for story in stories if story.begun is None and story.fate in RUNS]
    rng.shuffle(open_ones)
    span = OLDEST - YOUNGEST
    begun = {key: OLDEST - i * span // max(1, len(open_ones) - 1) for i, key in enumerate(open_ones)}
    begun |= {story.key: story.begun for story in stories if story.begun is not None}
    courses = _courses(sorted((key for key in begun), key=lambda key: (-begun[key], key)), stories, rng)
    numbers = {story.key: number for number, story in enumerate(STORIES, start=1)}
    return [
        Road(
            world,
            story,
            Random(f"{seed}:{story.key}"),
            number=numbers[story.key],
            begun=begun.get(story.key, 0),
            course=courses[story.key],
            currency=story.currency or settings.BASE_CURRENCY,
        )
        for story in stories
    ]


def _courses(in_order: Sequence[str], stories: Sequence[Story], rng: Random) -> dict[str, Course]:
    by_key = {story.key: story for story in stories}
    names: dict[str, str] = {}
    deck: list[str] = []
    for key in in_order:
        fate = by_key[key].fate
        if fate == Fate.FUNDED and not deck:
            deck = rng.sample(DECK, len(DECK))
        names[key] = deck.pop() if fate == Fate.FUNDED else ENDS.get(fate, "late")
    return {
        key: draw_course(names.get(key, "on plan"), rng, is_small=story.size == "S")
        for key, story in by_key.items()
    }


def counts() -> tuple[Counter[str], Counter[str]]:
    """How many initiatives stand in each stage (or are closed), and how many have each outcome."""
    stages: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for stage, closed, outcome in Initiative.objects.values_list("stage", "closed_kind", "outcome"):
        stages[f"closed: {closed}" if closed else stage] += 1
        if outcome:
            outcomes[outcome] += 1
    return stages, outcomes
