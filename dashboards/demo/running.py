"""What people of the demo do while something runs: the first user, the sponsor's word again; signed rules."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from dashboards.demo.history import Diary, Life
from dashboards.demo.story import Goal, Story
from dashboards.demo.world import World
from governance.services.watching import report_first_user
from ledger import clock
from portfolio.models import Initiative, Stage
from portfolio.services import confirm_sponsorship

FIRST_USERS = (
    "Four people of the first team worked with it for a whole morning.",
    "The pilot team used it in its daily work for the first time.",
    "Two shifts used it on real cases; each answer was checked by hand.",
)
RENEWALS = (
    "I looked at the figures with the owner and stand behind it.",
    "It does what my division needs; I ask for it every month.",
    "The teams want to keep it, and so do I.",
)
# Of a hundred sponsors so many have not renewed in time.
FORGETFUL = 6


def stop_when(goal: Goal) -> list[dict[str, Any]]:
    """Two rules that Keel watches: no better than before after two hundred days, and the clock."""
    return [{"kind": "kpi", "kpi": "goal", "value": goal.baseline, "days": "200"}, {"kind": "clock"}]


def first_use(world: World, initiative: Initiative, story: Story, live: datetime) -> Life:
    """The owner reports the first user, if it is a pilot then."""
    rng = Random(f"first user:{story.key}")
    diary = Diary(world.now, rng.randint(8, 15), rng.randint(0, 59))
    yield diary.on(live + timedelta(days=rng.randint(2, 9)))
    initiative.refresh_from_db()
    if initiative.closed_kind or initiative.stage not in {Stage.PILOT, Stage.SCALING}:
        return
    if initiative.owner is not None:
        note = rng.choice(FIRST_USERS)
        report_first_user(initiative, on=clock.today(), note=note, actor=initiative.owner)


def renewal(world: World, initiative: Initiative, story: Story) -> Life:
    """The newest of the sponsor's renewals."""
    rng = Random(f"renewal:{story.key}")
    if rng.randrange(100) < FORGETFUL:
        return
    diary = Diary(world.now, rng.randint(8, 15), rng.randint(0, 59))
    yield diary.on(world.ago(rng.randint(15, 80)))
    initiative.refresh_from_db()
    if not initiative.closed_kind and initiative.sponsor is not None:
        confirm_sponsorship(initiative, sentence=rng.choice(RENEWALS), actor=initiative.sponsor)
