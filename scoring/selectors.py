"""What may be read of a scoring, by whom and when: the one place that keeps assessors blind.

Until as many scorecards as the case needs are in, an assessor reads their own one only. Until the scoring
closes, everyone else reads how many are in, and nothing that is made of a rating.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Prefetch, Q, QuerySet

from accounts import policy
from accounts.models import Role, RoleGrant, User
from ledger import clock
from portfolio.models import BusinessCase, Initiative, Stage
from portfolio.querysets import InitiativeQuerySet
from scoring import engine
from scoring.models import (
    EvidenceGrade,
    Score,
    Scorecard,
    ScorecardAssignment,
    ScoringModel,
    ScoringRound,
    ScoringRoundQuerySet,
)
from scoring.permissions import home_forbids, parts_by_initiative, why_unfit

BEFORE_A_DECISION = (Stage.DRAFT, Stage.SUBMITTED, Stage.ASSESSMENT)


def model_of(model: ScoringModel) -> engine.Model:
    """A published version as the pure engine reads it."""
    return engine.model_from(
        model.version,
        model.name,
        model.settings,
        [
            engine.Criterion(
                key=criterion.key,
                dimension=criterion.dimension,
                title=criterion.title,
                question=criterion.question,
                weight=criterion.weight,
                levels=tuple(criterion.levels),
                kind=engine.Kind(criterion.kind),
                knots=tuple((float(value), float(rating)) for value, rating in criterion.knots),
                direction=engine.Direction(criterion.direction) if criterion.direction else None,
            )
            for criterion in model.criteria.all()
        ],
    )


# Who may read what ---------------------------------------------------------------------------


def visible_scorecards(user: User, round_: ScoringRound) -> QuerySet[Scorecard]:
    """The complete scorecards of a round whose ratings and author the user may read now."""
    cards = (
        Scorecard.objects.filter(assignment__round=round_)
        .select_related("assignment__assessor", "transaction")
        .prefetch_related("ratings__criterion")
        .order_by("pk")
    )
    if not Initiative.objects.open_to(user).filter(pk=round_.initiative_id).exists():
        return cards.none()
    own = cards.filter(assignment__assessor=user)
    if _still_to_score(user, round_.initiative_id):
        return own
    if round_.is_closed:
        return cards
    return cards if own.exists() and cards.count() >= round_.required else own


def _still_to_score(user: User, initiative_id: int) -> bool:
    """Whether the user has a scorecard of this initiative to write: even earlier ones would lead them."""
    return assignments_to_write(user).filter(round__initiative=initiative_id).exists()


def scores_out() -> QuerySet[Score]:
    """The scores that may be shown: of the newest scoring of each initiative, once it is closed.

    A score goes out of sight when a new scoring opens, and when a new case is sent before the decision.
    """
    newer = ScoringRound.objects.filter(initiative=OuterRef("initiative"), pk__gt=OuterRef("round"))
    outdated = Q(initiative__stage__in=BEFORE_A_DECISION) & ~Q(round__case=F("initiative__current_case"))
    return Score.objects.filter(~Exists(newer), ~outdated, round__closing__isnull=False)


def score_of(initiative: Initiative) -> Score | None:
    """The score of an initiative; None before its scoring closes, and while a new one runs."""
    return (
        scores_out()
        .filter(initiative=initiative)
        .select_related(
            "model", "initiative__unit", "round__model", "round__case", "round__closing__transaction"
        )
        .first()
    )


def score_alone(initiative: Initiative) -> Score | None:
    """The score of an initiative with its model, for who needs its figures alone: no contributions."""
    return scores_out().filter(initiative=initiative).select_related("model").defer("packed").first()


def ranking(initiatives: InitiativeQuerySet) -> InitiativeQuerySet:
    """Those with a score that is out, the best first: by low end, then feasibility, then reference."""
    return (
        initiatives.filter(pk__in=scores_out().values("initiative"))
        .select_related("score")
        .order_by("-score__low", "-score__feasibility_low", "reference")
    )


# What waits ----------------------------------------------------------------------------------


def open_assignments() -> QuerySet[ScorecardAssignment]:
    """Scorecards that were given out and are not in yet, of rounds that run."""
    return ScorecardAssignment.objects.filter(
        scorecard=None, conflict=None, round__in=ScoringRound.objects.running()
    )


def assignments_to_write(user: User) -> QuerySet[ScorecardAssignment]:
    """The user's scorecards that are not in yet, of rounds that run."""
    return open_assignments().filter(assessor=user)


def reminders_due(on: date) -> QuerySet[ScorecardAssignment]:
    """Open scorecards whose day is over and whose assessor was not reminded yet."""
    return (
        open_assignments()
        .filter(due_on__lt=on, reminder=None)
        .select_related("assessor", "round__initiative")
        .order_by("due_on", "pk")
    )


def assignments_of(user: User) -> QuerySet[ScorecardAssignment]:
    """What waits for an assessor, the nearest day first: each with its round, case, initiative and unit."""
    waiting = assignments_to_write(user) if policy.may(user, "scorecard.write") else _no_assignments()
    return waiting.select_related("round__initiative__unit", "round__case", "draft").order_by("due_on", "pk")


def assignments_done(user: User) -> QuerySet[ScorecardAssignment]:
    """The user's complete scorecards, the newest first."""
    return (
        ScorecardAssignment.objects.filter(assessor=user, scorecard__isnull=False)
        .select_related("round__initiative__unit", "round__closing", "scorecard__transaction")
        .order_by("-scorecard__pk")
    )


def _no_assignments() -> QuerySet[ScorecardAssignment]:
    return ScorecardAssignment.objects.none()


def running_rounds(user: User) -> ScoringRoundQuerySet:
    """The rounds that the user runs as portfolio office, the longest waiting first."""
    return (
        ScoringRound.objects.running()
        .filter(within_reach(user, "scoring.assign", "initiative__unit__path"))
        .with_progress()
        .select_related("initiative__unit", "case", "model", "transaction")
        .prefetch_related(
            Prefetch(
                "assignments", ScorecardAssignment.objects.select_related("assessor", "scorecard", "conflict")
            )
        )
        .order_by("pk")
    )


def rounds_to_close(user: User) -> ScoringRoundQuerySet:
    """The rounds in which enough scorecards are in, so that the portfolio office may close them."""
    return running_rounds(user).ready()


def cases_to_open(user: User) -> QuerySet[Initiative]:
    """Initiatives whose completed case waits for its scoring to be opened by the user."""
    scored = ScoringRound.objects.filter(case=OuterRef("current_case"))
    return (
        Initiative.objects.in_flight()
        .filter(
            within_reach(user, "scoring.assign", "unit__path"),
            ~Exists(scored),
            stage=Stage.ASSESSMENT,
            current_case__purpose=BusinessCase.Purpose.COMPLETED,
        )
        .select_related("unit", "current_case")
        .order_by("stage_since", "pk")
    )


def within_reach(user: User, action: str, path: str) -> Q:
    """The units in which the user's role allows the action."""
    if not policy.may(user, action):
        return Q(pk__in=[])
    reach = policy.reach(user, action)
    found = Q(pk__in=[])
    for start in reach.paths:
        found |= Q(**{f"{path}__startswith": start})
    return found


# For the pages -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """An assessor as the portfolio office sees them for one case."""

    person: User
    unfit: str


def candidates(rounds: list[ScoringRound], *, at_home: bool | None = None) -> dict[int, list[Candidate]]:
    """For each round the assessors of its unit who have no scorecard yet, with why they don't fit, if so."""
    grants = list(
        RoleGrant.objects.active()
        .filter(role=Role.ASSESSOR)
        .select_related("user__home_unit", "unit")
        .order_by("user__name")
    )
    parts = parts_by_initiative([round_.initiative for round_ in rounds])
    given = ScorecardAssignment.objects.filter(round__in=rounds, conflict=None)
    taken = set(given.values_list("round", "assessor"))
    strict = home_forbids() if at_home is None else not at_home
    found: dict[int, list[Candidate]] = {}
    for round_ in rounds:
        unit = round_.initiative.unit
        people = {grant.user_id: grant.user for grant in grants if unit.is_under(grant.unit)}
        found[round_.pk] = [
            Candidate(person, why_unfit(person, unit, parts[round_.initiative_id].get(pk), strict=strict))
            for pk, person in people.items()
            if (round_.pk, pk) not in taken
        ]
    return found


DAYS_TO_SCORE = 5


def working_days_after(day: date, count: int) -> date:
    """The day that lies some working days after another; Saturday and Sunday are none."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def due_day() -> date:
    """By when a scorecard that is given out today is due unless the office says otherwise."""
    return working_days_after(clock.today(), DAYS_TO_SCORE)


def in_turn(round_: ScoringRound) -> list[User]:
    """The assessors who fit and have no scorecard of this round, by whose turn it is.

    Whoever has the fewest open scorecards comes first, then whoever went longest without being given one,
    then the name.
    """
    people = {
        each.person.pk: each.person
        for each in candidates([round_], at_home=False)[round_.pk]
        if not each.unfit
    }
    given = ScorecardAssignment.objects.filter(assessor__in=people, conflict=None).order_by()
    last = dict(given.values_list("assessor").annotate(last=Max("transaction__seq")))
    still_open = open_assignments().filter(assessor__in=people).order_by()
    load = dict(still_open.values_list("assessor").annotate(number=Count("pk")))
    return sorted(
        people.values(),
        key=lambda person: (load.get(person.pk, 0), last.get(person.pk, 0), person.name, person.pk),
    )


@dataclass(frozen=True)
class Load:
    """What one assessor has before them."""

    person: User
    open: int
    overdue: int
    next_due: date | None


def loads(user: User) -> list[Load]:
    """The assessors in the reach of the office, with their open scorecards there: the fullest desk first."""
    grants = RoleGrant.objects.active().filter(_overlaps(user), role=Role.ASSESSOR)
    people = {grant.user_id: grant.user for grant in grants.select_related("user__home_unit")}
    within = within_reach(user, "scoring.assign", "round__initiative__unit__path")
    rows = (
        open_assignments()
        .filter(within, assessor__in=people)
        .order_by()
        .values("assessor")
        .annotate(
            number=Count("pk"),
            overdue=Count("pk", filter=Q(due_on__lt=clock.today())),
            next_due=Min("due_on"),
        )
    )
    by_person = {row["assessor"]: row for row in rows}
    found = [
        Load(person, row["number"], row["overdue"], row["next_due"])
        if (row := by_person.get(pk))
        else Load(person, 0, 0, None)
        for pk, person in people.items()
    ]
    return sorted(found, key=lambda load: (-load.open, load.person.name, load.person.pk))


def _overlaps(user: User) -> Q:
    """Grants that reach into the units in which the user assigns: below them, or above."""
    found = Q(pk__in=[])
    if policy.may(user, "scoring.assign"):
        for start in policy.reach(user, "scoring.assign").paths:
            above = [f"{'/'.join(start.split('/')[:end])}/" for end in range(2, start.count("/") + 1)]
            found |= Q(unit__path__startswith=start) | Q(unit__path__in=above)
    return found


def open_to_read(user: User, pk: int) -> ScorecardAssignment | None:
    """The assignment if it is the user's own, or if its complete scorecard may be read by now."""
    assignment = (
        ScorecardAssignment.objects.filter(pk=pk)
        .select_related(
            "assessor__home_unit",
            "round__initiative__unit",
            "round__case",
            "round__model",
            "round__closing",
            "scorecard__transaction",
            "conflict__transaction",
            "draft",
        )
        .first()
    )
    if assignment is None:
        return None
    round_ = assignment.round
    if assignment.assessor_id == user.pk:
        is_open = Initiative.objects.open_to(user).filter(pk=round_.initiative_id).exists()
        return assignment if is_open else None
    return assignment if visible_scorecards(user, round_).filter(assignment=assignment).exists() else None


# The score as a page shows it -----------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """What one criterion adds to the score: from `low` to `high` points, of at most `most`."""

    title: str
    dimension: str
    is_computed: bool
    rating_low: float
    rating_high: float
    low: float
    high: float
    most: float
    spread: float | None
    value: float | None

    @property
    def is_contested(self) -> bool:
        """Whether the scorecards lie two rungs or more apart."""
        return self.spread is not None and self.spread >= engine.SPREAD_TO_RECONCILE

    @property
    def is_known(self) -> bool:
        """Whether the rating is a point."""
        return self.rating_low == self.rating_high


@dataclass(frozen=True)
class DimensionScore:
    """One dimension, 0 to 100 by its own weights."""

    key: str
    title: str
    weight: float
    low: float
    high: float
    hurdle: float | None
    terms: list[Term]


@dataclass(frozen=True)
class ScorePanel:
    """What a page may say about the score of one initiative to one reader.

    `state` is 'none' (never scored), 'running' ("2 of 3 in"), 'computing' (closed, being computed) or 'out'.
    Only 'out' carries a score, its dimensions, and who rated when.
    """

    state: str
    complete: int = 0
    required: int = 0
    case_version: int | None = None
    is_of_current_case: bool = True
    score: Score | None = None
    model: ScoringModel | None = None
    hurdle: float | None = None
    evidence_grade: str = ""
    scale: float = 0
    dimensions: tuple[DimensionScore, ...] = ()
    scorecards: tuple[Scorecard, ...] = ()
    ranks: tuple["Rank", ...] = ()
    next_rungs: tuple[engine.NextRung, ...] = ()


@dataclass(frozen=True)
class Rank:
    """The place among the open initiatives that have a score, 1 being the best."""

    among: str
    place: int
    number: int


RUNGS_SHOWN = 3


def ranks_of(score: Score) -> tuple[Rank, ...]:
    """Its place in its unit, domain and the portfolio: by low end, then feasibility, then reference.

    Counts only, so that nobody learns whose score stands before it; nothing for a closed initiative.
    """
    initiative = score.initiative
    if initiative.closed_kind:
        return ()
    better = Q(low__gt=score.low) | Q(low=score.low) & (
        Q(feasibility_low__gt=score.feasibility_low)
        | Q(feasibility_low=score.feasibility_low, initiative__reference__lt=initiative.reference)
    )
    groups = {
        "unit": (f"its unit, {initiative.unit}", Q(initiative__unit=initiative.unit_id)),
        "domain": (_domain(initiative), Q(initiative__domain=initiative.domain)),
        "portfolio": ("the portfolio", Q()),
    }
    counted = (
        scores_out()
        .filter(initiative__closed_kind="")
        .order_by()
        .aggregate(
            **{f"{key}_number": Count("pk", filter=among) for key, (_, among) in groups.items()},
            **{f"{key}_before": Count("pk", filter=among & better) for key, (_, among) in groups.items()},
        )
    )
    return tuple(
        Rank(name, counted[f"{key}_before"] + 1, counted[f"{key}_number"])
        for key, (name, _) in groups.items()
        if name
    )


def _domain(initiative: Initiative) -> str:
    return f"its domain, {initiative.get_domain_display()}" if initiative.domain else ""


def score_panel(user: User, initiative: Initiative) -> ScorePanel:
    """The score of an initiative for a page that the user may open, or how far its scoring is."""
    score = score_of(initiative)
    if score is not None:
        return _panel_of(score, user, initiative)
    round_ = (
        ScoringRound.objects.newest()
        .filter(initiative=initiative)
        .with_progress()
        .select_related("case", "closing")
        .first()
    )
    if round_ is None or round_.case_id != initiative.current_case_id:
        return ScorePanel(state="none")
    return ScorePanel(
        state="computing" if round_.is_closed else "running",
        complete=round_.complete,
        required=round_.required,
        case_version=round_.case.version,
    )


@dataclass(frozen=True)
class RoundInHistory:
    """One scoring of an initiative: which version, when, how many were in, and how it ended."""

    round: ScoringRound
    is_running: bool
    scorecards: tuple[Scorecard, ...]


def rounds_of(user: User, initiative: Initiative) -> list[RoundInHistory]:
    """All scorings of an initiative that the user may open, the newest first.

    The scorecards of a closed one come with it; one that ended unclosed, because the case was taken back or
    sent anew, keeps its ratings to its assessors for good.
    """
    rounds = (
        ScoringRound.objects.filter(initiative=initiative)
        .with_progress()
        .select_related("case", "model", "transaction", "closing__transaction", "closing__closed_by")
        .order_by("-pk")
    )
    running = set(ScoringRound.objects.running().filter(initiative=initiative).values_list("pk", flat=True))
    cards = Scorecard.objects.filter(
        assignment__round__initiative=initiative, assignment__round__closing__isnull=False
    ).select_related("assignment__assessor", "transaction")
    if _still_to_score(user, initiative.pk):
        cards = cards.none()
    by_round: dict[int, list[Scorecard]] = {}
    for card in cards.order_by("pk"):
        by_round.setdefault(card.assignment.round_id, []).append(card)
    return [
        RoundInHistory(round_, round_.pk in running, tuple(by_round.get(round_.pk, ()))) for round_ in rounds
    ]


def _panel_of(score: Score, user: User, initiative: Initiative) -> ScorePanel:
    round_ = score.round
    # A re-score counts under its own version, with its own inputs.
    redone = round_.rescores.filter(model=score.model).first() if score.model_id != round_.model_id else None
    model = model_of(score.model)
    hurdles = {hurdle.measure: hurdle.at_least for hurdle in model.hurdles}
    most = dict(zip([criterion.key for criterion in model.criteria], model.points(), strict=True))
    kinds = {criterion.key: criterion.kind for criterion in model.criteria}
    inputs = (redone or round_.closing).computed_inputs
    terms = [
        Term(
            title=row["title"],
            dimension=row["dimension"],
            is_computed=kinds[row["key"]] == engine.Kind.COMPUTED,
            rating_low=row["rating_low"],
            rating_high=row["rating_high"],
            low=row["low"],
            high=row["high"],
            most=most[row["key"]],
            spread=row["spread"],
            value=None if inputs.get(row["key"]) is None else float(inputs[row["key"]]),
        )
        for row in score.contributions
    ]
    return ScorePanel(
        state="out",
        required=round_.required,
        case_version=round_.case.version,
        is_of_current_case=round_.case_id == initiative.current_case_id,
        score=score,
        model=score.model,
        hurdle=hurdles.get(engine.SCORE),
        evidence_grade=EvidenceGrade(score.evidence_grade).label,
        scale=max(most.values()),
        dimensions=tuple(
            DimensionScore(
                key=dimension.key,
                title=dimension.title,
                weight=dimension.weight,
                low=getattr(score, f"{dimension.key}_low"),
                high=getattr(score, f"{dimension.key}_high"),
                hurdle=hurdles.get(dimension.key),
                terms=[term for term in terms if term.dimension == dimension.key],
            )
            for dimension in model.dimensions
        ),
        scorecards=tuple(visible_scorecards(user, round_)),
        ranks=ranks_of(score),
        next_rungs=engine.next_rungs(
            model,
            [row["rating_low"] for row in score.contributions],
            [row["rating_high"] for row in score.contributions],
        )[:RUNGS_SHOWN],
    )
