"""What an initiative is worth: before, by score; after, by return."""

import secrets
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q
from django.urls import reverse

from accounts.models import User
from ledger import clock
from ledger.facts import Fact, FactManager
from portfolio.fields import MoneyField
from portfolio.models import (
    BusinessCase,
    Initiative,
    OutcomeClass,
    OutcomeSet,
    ReferenceClass,
    RiskFlag,
    Stage,
)
from portfolio.wording import percent

# Amber begins at a tenth over or short of the baseline.
WORTH_SAYING = 0.10


class Status(models.TextChoices):
    """How it goes against its baseline, over what is known."""

    GREEN = "green", "Green"
    AMBER = "amber", "Amber"
    RED = "red", "Red"


class Dimension(models.TextChoices):
    """The three sides of the score."""

    FEASIBILITY = "feasibility", "Feasibility"
    COST = "cost", "Cost"
    IMPACT = "impact", "Impact"


class EvidenceGrade(models.TextChoices):
    """What stands behind the ratings; it is shown beside the score and never changes it."""

    ATTESTED = "A", "A, attested"
    MEASURED = "B", "B, measured in a pilot"
    COMPARABLE = "C", "C, comparable inside"
    ESTIMATE = "D", "D, expert estimate"
    CLAIM = "E", "E, claim"


class ScoringModelQuerySet(models.QuerySet["ScoringModel"]):
    """Model versions by state."""

    def published(self) -> "ScoringModelQuerySet":
        """Approved by everyone who has to."""
        return self.exclude(publication=None)

    def in_force(self) -> "ScoringModel":
        """The newest published version. Raises ScoringModel.DoesNotExist before the set-up."""
        return self.published().order_by("-version").prefetch_related("criteria")[:1].get()


class ScoringModel(Fact):
    """One version of the shared scoring model; versions never change.

    `settings` holds the dimension weights, hurdles, kappa and the settings of the return.
    """

    version = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=120)
    settings = models.JSONField()
    drafted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = FactManager.from_queryset(ScoringModelQuerySet)()

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


class Criterion(Fact):
    """One criterion of a model version, with its scale of 1 to 5 in words."""

    class Kind(models.TextChoices):
        JUDGED = "judged", "Judged"
        COMPUTED = "computed", "Computed"

    model = models.ForeignKey(ScoringModel, models.PROTECT, related_name="criteria")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=60)
    dimension = models.CharField(max_length=12, choices=Dimension.choices)
    title = models.CharField(max_length=120)
    question = models.TextField()
    weight = models.PositiveSmallIntegerField()  # percent of its dimension
    kind = models.CharField(max_length=8, choices=Kind.choices)
    levels = models.JSONField()  # five sentences, from 1 to 5
    knots = models.JSONField(default=list)  # pairs (value, rating as text) of a computed criterion
    # Whether a larger value is better ("rising") or worse ("falling"); blank for a judged criterion.
    direction = models.CharField(max_length=8, blank=True)

    class Meta:
        ordering = ["model", "position"]
        constraints = [
            models.UniqueConstraint(fields=["model", "key"], name="criteria_differ_in_one_model"),
            models.CheckConstraint(
                condition=Q(weight__gte=1, weight__lte=100), name="a_weight_is_1_to_100_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ModelPublication(Fact):
    """A model version is in force; by CEO and CFO, or by the system for the first default."""

    model = models.OneToOneField(ScoringModel, models.PROTECT, related_name="publication")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    co_signed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.model}, in force"


class ModelDraft(models.Model):
    """The next version while the portfolio office writes it; one at a time, and no fact.

    `content` is a document as `scoring.workshop` describes it. Once it is proposed, `proposed` names the
    frozen version: the draft stands still until that one is published, when it goes, or refused, when it
    goes on.
    """

    # Always 1: the database refuses a second draft.
    place = models.PositiveSmallIntegerField(default=1, unique=True)
    based_on = models.ForeignKey(ScoringModel, models.PROTECT, related_name="+")
    content = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    # Everybody who ever wrote on it: none of them may approve it.
    writers = models.JSONField(default=list)
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    updated_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=clock.now)
    proposed = models.ForeignKey(ScoringModel, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(place=1),
                name="there_is_one_model_draft",
                violation_error_message="A draft of the next version is open already.",
            )
        ]

    def __str__(self) -> str:
        return f"draft after version {self.based_on.version}"


class ModelProposal(Fact):
    """The portfolio office proposes a frozen version; `content_hash` is what the approvers sign."""

    model = models.OneToOneField(ScoringModel, models.PROTECT, related_name="proposal")
    based_on = models.ForeignKey(ScoringModel, models.PROTECT, related_name="+")
    content_hash = models.CharField(max_length=64)
    reason = models.TextField()
    writers = models.JSONField()
    # Whether rounds that run when it is published finish under the version they were opened with.
    rounds_may_finish = models.BooleanField(default=False)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.model}, proposed"


class ModelApproval(Fact):
    """One executive's vote on a proposed version; a vote against closes the proposal."""

    class Vote(models.TextChoices):
        FOR = "for", "Approve"
        AGAINST = "against", "Refuse"

    model = models.ForeignKey(ScoringModel, models.PROTECT, related_name="approvals")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    vote = models.CharField(max_length=8, choices=Vote.choices)
    reason = models.TextField(blank=True)
    seen_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "by"],
                name="one_vote_per_person_and_version",
                violation_error_message="You voted on this version already.",
            ),
            models.UniqueConstraint(
                fields=["model", "role"],
                name="one_vote_per_seat_and_version",
                violation_error_message="This seat voted on this version already.",
            ),
            models.CheckConstraint(
                condition=Q(vote="for") | ~Q(reason=""),
                name="a_refused_version_has_a_reason",
                violation_error_message="Say why you refuse it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.vote} {self.model}"


class ScoringRoundQuerySet(models.QuerySet["ScoringRound"]):
    """Rounds of scoring by state."""

    def newest(self) -> Self:
        """The last round of each initiative: an older one counts no more."""
        later = ScoringRound.objects.filter(initiative=OuterRef("initiative"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later))

    def running(self) -> Self:
        """Open, about the case as it was sent last, of an initiative in assessment."""
        return self.newest().filter(
            closing=None,
            case=F("initiative__current_case"),
            initiative__stage=Stage.ASSESSMENT,
            initiative__closed_kind="",
        )

    def with_progress(self) -> Self:
        """With `assigned` and `complete`: how many scorecards were given out, and how many are in."""
        return self.annotate(
            assigned=Count("assignments", filter=Q(assignments__conflict=None), distinct=True),
            complete=Count("assignments__scorecard", distinct=True),
        )

    def ready(self) -> Self:
        """Those in which as many scorecards are in as the case needs."""
        return self.filter(required__lte=Count("assignments__scorecard", distinct=True))


class ScoringRound(Fact):
    """The scoring of one frozen case under one model version by `required` assessors."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="scoring_rounds")
    case = models.ForeignKey(BusinessCase, models.PROTECT, related_name="scoring_rounds")
    model = models.ForeignKey(ScoringModel, models.PROTECT, related_name="+")
    required = models.PositiveSmallIntegerField()
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    # Counted by `with_progress` alone.
    assigned: int
    complete: int

    objects = FactManager.from_queryset(ScoringRoundQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "model"],
                name="a_case_is_scored_once_per_model",
                violation_error_message="The scoring of this case is open already.",
            ),
            models.CheckConstraint(condition=Q(required__gte=1), name="a_case_needs_a_scorecard"),
        ]

    def __str__(self) -> str:
        return f"scoring of {self.case}"

    @property
    def is_closed(self) -> bool:
        """Whether the score is out."""
        return hasattr(self, "closing")


class ScorecardAssignment(Fact):
    """An assessor is to score by a day."""

    round = models.ForeignKey(ScoringRound, models.PROTECT, related_name="assignments")
    assessor = models.ForeignKey(User, models.PROTECT, related_name="assignments")
    due_on = models.DateField()
    assigned_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["due_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "assessor"],
                name="an_assessor_scores_a_case_once",
                violation_error_message="This person is an assessor of this case already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.assessor}: {self.round}"

    def get_absolute_url(self) -> str:
        """The page where the scorecard is written and read."""
        return reverse("scorecard-detail", args=[self.pk])

    @property
    def is_complete(self) -> bool:
        """Whether the scorecard is in."""
        return hasattr(self, "scorecard")

    @property
    def has_conflict(self) -> bool:
        """Whether the assessor declared a conflict of interest instead of scoring."""
        return hasattr(self, "conflict")


class ConflictDeclared(Fact):
    """An assessor is not free to judge the case: the assignment ends without a scorecard."""

    assignment = models.OneToOneField(ScorecardAssignment, models.PROTECT, related_name="conflict")
    reason = models.TextField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="a_conflict_has_a_reason")]

    def __str__(self) -> str:
        return f"conflict of interest: {self.assignment}"


class ScorecardReminder(models.Model):
    """The assessor was reminded of a scorecard that is overdue; once for its due day."""

    assignment = models.OneToOneField(ScorecardAssignment, models.CASCADE, related_name="reminder")
    sent_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"reminder of {self.assignment}"


class ScorecardDraft(models.Model):
    """A scorecard while it is being written; only its assessor sees it."""

    assignment = models.OneToOneField(ScorecardAssignment, models.CASCADE, related_name="draft")
    # Criterion key -> {rating, confidence, reason}; the rating is 1 to 5, "unknown" or null.
    ratings = models.JSONField(default=dict)
    comment = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"draft of {self.assignment}"


def _salt() -> str:
    return secrets.token_hex(16)


class Scorecard(Fact):
    """A complete scorecard.

    The ledger shows a digest of its rows before the scoring closes. Without the salt, which no page shows,
    someone could try all ratings until the digest fits.
    """

    assignment = models.OneToOneField(ScorecardAssignment, models.PROTECT, related_name="scorecard")
    comment = models.TextField(blank=True)
    salt = models.CharField(max_length=32, default=_salt)

    def __str__(self) -> str:
        return f"scorecard of {self.assignment}"


class ScorecardRating(Fact):
    """One rating; null is 'unknown'."""

    class Confidence(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"

    scorecard = models.ForeignKey(Scorecard, models.PROTECT, related_name="ratings")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    rating = models.PositiveSmallIntegerField(null=True)
    confidence = models.CharField(max_length=8, choices=Confidence.choices, default=Confidence.MEDIUM)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scorecard", "criterion"], name="one_rating_per_criterion"),
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5), name="a_rating_is_1_to_5"
            ),
            models.CheckConstraint(
                condition=~Q(rating__in=[1, 5]) | ~Q(reason=""), name="a_rating_of_1_or_5_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.rating or 'unknown'}"


class Revision(models.Model):
    """The answer to a reconciliation: the rating changed, or stood by, with the reason."""

    rating = models.PositiveSmallIntegerField(null=True)
    confidence = models.CharField(
        max_length=8, choices=ScorecardRating.Confidence.choices, default=ScorecardRating.Confidence.MEDIUM
    )
    reason = models.TextField()
    written_at = models.DateTimeField(default=clock.now)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5), name="%(class)s_is_1_to_5"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="%(class)s_has_a_reason"),
        ]


class RevisionDraft(Revision):
    """An answer while the scoring is open; only the assessors of the round see it.

    It is no fact yet: the ledger is read before the closing, and an entry about it would say that ratings
    lie apart. Closing the scoring freezes it.
    """

    replaces = models.OneToOneField(ScorecardRating, models.PROTECT, related_name="revision_draft")

    class Meta(Revision.Meta):
        pass

    def __str__(self) -> str:
        return f"draft of a revision of {self.replaces}"


class RatingRevision(Revision, Fact):
    """The rating that counts instead of the one that it replaces, which stays in the history."""

    replaces = models.OneToOneField(ScorecardRating, models.PROTECT, related_name="revision")

    class Meta(Revision.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.replaces}, revised to {self.rating or 'unknown'}"


class ScoringClose(Fact):
    """The scoring of a case is closed; the computed inputs freeze with it."""

    round = models.OneToOneField(ScoringRound, models.PROTECT, related_name="closing")
    closed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    computed_inputs = models.JSONField()  # criterion key -> value as text, or null
    evidence_grade = models.CharField(max_length=1, choices=EvidenceGrade.choices, default="E")
    # Why it closed although ratings lay apart.
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.round}, closed"


class Rescore(Fact):
    """A closed scoring is scored again, by the same scorecards, under a later published version."""

    round = models.ForeignKey(ScoringRound, models.PROTECT, related_name="rescores")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="+")
    model = models.ForeignKey(ScoringModel, models.PROTECT, related_name="+")
    computed_inputs = models.JSONField()  # criterion key -> value as text, or null; frozen anew

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "model"],
                name="a_scoring_is_redone_once_per_model",
                violation_error_message="This scoring was redone under this version already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.round}, under {self.model}"


class RescoreJob(models.Model):
    """A re-score that the office asked for and a worker carries out, batch by batch."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    model = models.ForeignKey(ScoringModel, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    lease_until = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    sentence = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model"],
                condition=Q(state__in=["waiting", "running"]),
                name="one_open_rescore_per_model",
                violation_error_message="A re-score under this version is under way already.",
            )
        ]

    def __str__(self) -> str:
        return f"re-score under {self.model}: {self.state}"


# Positions: computed, rebuildable ------------------------------------------------------------


class Position(models.Model):
    """What is computed: through which `seq`, on which day, by which formula."""

    initiative = models.OneToOneField(Initiative, models.CASCADE, primary_key=True)
    through_seq = models.BigIntegerField()
    on = models.DateField()
    formula = models.CharField(max_length=20)

    class Meta:
        abstract = True


class Score(Position):
    """The score of the newest closed scoring, 0 to 100; low and high differ where something is unknown."""

    round = models.ForeignKey(ScoringRound, models.CASCADE, related_name="+")
    # The version that gave it: the round's own, or a later one after a re-score.
    model = models.ForeignKey(ScoringModel, models.CASCADE, related_name="+", db_index=False)
    low = models.FloatField(db_index=True)
    high = models.FloatField()
    point = models.FloatField(null=True)
    coverage = models.FloatField()
    feasibility_low = models.FloatField()
    feasibility_high = models.FloatField()
    cost_low = models.FloatField()
    cost_high = models.FloatField()
    impact_low = models.FloatField()
    impact_high = models.FloatField()
    evidence_grade = models.CharField(max_length=1)
    # A list of {key, title, dimension, rating_low, rating_high, low, high, weight, spread}.
    contributions = models.JSONField()
    # Three rows of float64 in the order of the model's criteria, for arithmetic on many scores at once: the
    # rating at the low end, at the high end, and the value that a computed criterion was rated by (else NaN).
    packed = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.low:.1f} to {self.high:.1f}"


class ObservedOutcome(models.Model):
    """What one initiative cost, took and gave against its baseline, when its outcome was set.

    Actual ÷ planned, from the facts up to `seq`, which is the outcome's own; null where there is nothing to
    compare. Nothing that comes later changes it, so it is only ever added.
    """

    outcome = models.OneToOneField(OutcomeSet, models.CASCADE, primary_key=True, related_name="+")
    initiative = models.ForeignKey(Initiative, models.CASCADE, related_name="+")
    seq = models.BigIntegerField(db_index=True)
    on = models.DateField()
    reference_class = models.CharField(max_length=12, choices=ReferenceClass.choices, blank=True)
    cost = models.FloatField(null=True)
    time = models.FloatField(null=True)
    benefit = models.FloatField(null=True)

    def __str__(self) -> str:
        return f"what {self.initiative_id} showed"


class ReturnPosition(Position):
    """The return of one initiative in the base currency: submitted, corrected, to date, forecast.

    A ratio compares money of one line: bare names stand on the cash line, which is the headline; names
    ending in `_all` include benefits that are not cash. Amounts are exact sums of amounts that were
    converted line by line; measures are float64 from one vectorised function, stored rounded (money to the
    minor unit, ratios to 1e-9). Null is "there is none".
    """

    case = models.ForeignKey(BusinessCase, models.CASCADE, null=True, related_name="+", db_index=False)
    # The first plan frozen at G3: outcomes stay against it.
    baseline = models.ForeignKey(BusinessCase, models.CASCADE, null=True, related_name="+", db_index=False)
    currency = models.CharField(max_length=3, default=settings.BASE_CURRENCY)
    base_month = models.DateField(null=True)
    go_live_month = models.DateField(null=True)
    # The newest frozen plan, whole.
    planned_cost = MoneyField(default=0)
    planned_benefit = MoneyField(default=0)
    planned_cash_benefit = MoneyField(default=0)
    # The same as submitted, from the base month to the horizon.
    npv_submitted = models.FloatField(null=True)
    npv_submitted_all = models.FloatField(null=True)
    pv_cost_submitted = models.FloatField(null=True)
    roi_submitted = models.FloatField(null=True)
    roi_submitted_all = models.FloatField(null=True)
    roi_simple = models.FloatField(null=True)
    irr_submitted = models.FloatField(null=True)
    mirr_submitted = models.FloatField(null=True)
    payback_months = models.FloatField(null=True)
    discounted_payback_months = models.FloatField(null=True)
    months_to_benefit = models.FloatField(null=True)
    # Corrected by reference class.
    npv_p50 = models.FloatField(null=True)
    npv_p50_all = models.FloatField(null=True)
    pv_cost_p50 = models.FloatField(null=True)
    roi_p50 = models.FloatField(null=True)
    roi_p50_all = models.FloatField(null=True)
    npv_p80 = models.FloatField(null=True)
    npv_p80_all = models.FloatField(null=True)
    pv_cost_p80 = models.FloatField(null=True)
    roi_p80 = models.FloatField(null=True)
    roi_p80_all = models.FloatField(null=True)
    # Actuals: all postings; those before the base month are sunk; those of closed months since then.
    actual_cost = MoneyField(default=0)
    sunk_cost = MoneyField(default=0)
    actual_cost_closed = MoneyField(default=0)
    claimed_benefit = MoneyField(default=0)
    awaiting_attestation = MoneyField(default=0)
    attested_benefit = MoneyField(default=0)
    attested_cash_benefit = MoneyField(default=0)
    # The newest baseline over the same months: closed ones for cost, through the last attested for benefit.
    planned_cost_to_date = MoneyField(default=0)
    planned_benefit_to_date = MoneyField(default=0)
    # Over the months that are closed for cost and benefit.
    npv_to_date = models.FloatField(null=True)
    npv_to_date_all = models.FloatField(null=True)
    pv_cost_to_date = models.FloatField(null=True)
    roi_to_date = models.FloatField(null=True)
    roi_to_date_all = models.FloatField(null=True)
    benefit_months_closed = models.PositiveSmallIntegerField(default=0)
    # The baseline and the forecast, from the base month to the horizon; only with a baseline.
    baseline_npv = models.FloatField(null=True)
    baseline_npv_all = models.FloatField(null=True)
    baseline_pv_cost = models.FloatField(null=True)
    baseline_cost = MoneyField(default=0)
    baseline_benefit = MoneyField(default=0)
    baseline_cash_benefit = MoneyField(default=0)
    forecast_cost = MoneyField(null=True)
    forecast_benefit = MoneyField(null=True)
    forecast_cash_benefit = MoneyField(null=True)
    forecast_npv = models.FloatField(null=True)
    forecast_npv_all = models.FloatField(null=True)
    forecast_pv_cost = models.FloatField(null=True)
    forecast_roi = models.FloatField(null=True)
    forecast_roi_all = models.FloatField(null=True)
    # The outcome: what was set, or what it is on course to; on cash where the baseline has cash benefits.
    on_course_to = models.CharField(max_length=16, choices=OutcomeClass.choices, blank=True)
    outcome_is_final = models.BooleanField(default=False)
    outcome_on_cash = models.BooleanField(default=True)
    # The status, and the three shares over or short of the newest baseline that it follows from.
    status = models.CharField(max_length=6, choices=Status.choices, blank=True)
    cost_overrun = models.FloatField(null=True)
    time_overrun = models.FloatField(null=True)
    benefit_shortfall = models.FloatField(null=True)
    # The grey mark beside it: the source of its actuals missed its own date by 15 days.
    is_late = models.BooleanField(default=False)
    # The risk part of the status: one bit for each kind of `RiskFlag` that stands on the day.
    risk_flags = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["on_course_to"], name="returns_by_outcome")]

    def __str__(self) -> str:
        return f"return of {self.initiative_id}"

    @property
    def status_reasons(self) -> list[str]:
        """What keeps the status from being green, in words; empty where nothing does."""
        risks = [label for bit, label in enumerate(RiskFlag.Kind.labels) if self.risk_flags >> bit & 1]
        return risks + [
            f"{what} {percent(Decimal(repr(share)))} {than}"
            for share, what, than in (
                (self.cost_overrun, "cost", "over the baseline"),
                (self.time_overrun, "time to go-live", "over the baseline"),
                (self.benefit_shortfall, "attested benefit", "short of the baseline"),
            )
            if share is not None and share >= WORTH_SAYING
        ]


class ReturnYear(models.Model):
    """One fiscal year of a return, in the base currency: what the charts and envelopes show.

    Planned is the newest frozen plan; baseline and forecast run from the base month to the horizon.
    Each column re-adds to the position's figure of the same name.
    """

    initiative = models.ForeignKey(Initiative, models.CASCADE, related_name="return_years")
    fiscal_year = models.PositiveSmallIntegerField()
    planned_cost = MoneyField(default=0)
    planned_benefit = MoneyField(default=0)
    planned_cash_benefit = MoneyField(default=0)
    baseline_cost = MoneyField(default=0)
    baseline_benefit = MoneyField(default=0)
    baseline_cash_benefit = MoneyField(default=0)
    actual_cost = MoneyField(default=0)
    claimed_benefit = MoneyField(default=0)
    attested_benefit = MoneyField(default=0)
    attested_cash_benefit = MoneyField(default=0)
    forecast_cost = MoneyField(default=0)
    forecast_benefit = MoneyField(default=0)
    forecast_cash_benefit = MoneyField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "fiscal_year"], name="one_return_per_year")
        ]

    def __str__(self) -> str:
        return f"{self.initiative_id} FY{self.fiscal_year}"
