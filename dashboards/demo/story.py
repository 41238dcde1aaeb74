"""What is written about one initiative of the demo: the words and figures that a unit would bring."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """How far a story comes, where that is written with it; all others are funded and run their course."""

    FUNDED = "funded"
    DRAFT = "draft"
    DRAFT_FULL = "draft_full"
    REDESIGN = "redesign"
    SUBMITTED = "submitted"
    SUBMITTED_NEW = "submitted_new"
    SUBMITTED_TIER = "submitted_tier"
    SUBMITTED_READY = "submitted_ready"
    ASSESSMENT_CASE = "assessment_case"
    ASSESSMENT_NONE = "assessment_none"
    ASSESSMENT_PART = "assessment_part"
    ASSESSMENT_READY = "assessment_ready"
    ASSESSMENT_SCORED = "assessment_scored"
    DECISION_PROPOSE = "decision_propose"
    DECISION_UNSIGNED = "decision_unsigned"
    DECISION_LAST_VOTE = "decision_last_vote"
    DECISION_RISK = "decision_risk"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    MERGED = "merged"
    NOTIFY = "notify"
    HOLD = "hold"
    EXPIRED = "expired"
    STOPPED_EARLY = "stopped_early"
    STOPPED = "stopped"
    RETIRED = "retired"


@dataclass(frozen=True)
class Goal:
    """The KPI: what gets better, from which baseline to which target."""

    name: str
    unit: str
    direction: str
    baseline: str
    target: str


@dataclass(frozen=True)
class Kin:
    """Another story that is alike: its key, how this one stands to it, and why."""

    key: str
    relation: str
    explanation: str


@dataclass(frozen=True)
class Story:
    """One initiative in the words of its unit.

    `size` is N (notify), S (light), M (the board's), L (the CFO's) or X (the CFO's and the CEO's); `work` the
    reference class; `benefit` a category and a label; `begun` how many months ago it was decided on, where
    that matters; `why` the reason of whoever ended it.
    """

    key: str
    title: str
    summary: str
    problem: str
    process: str
    goal: Goal
    benefit: tuple[str, str]
    size: str
    work: str
    depth: str
    objective: str
    tier: str = "limited"
    fate: Fate = Fate.FUNDED
    begun: int | None = None
    supplier: str = ""
    currency: str = ""
    kin: tuple[Kin, ...] = ()
    why: str = ""

    @property
    def place(self) -> str:
        """The two letters of its unit."""
        return self.key.partition("-")[0]
