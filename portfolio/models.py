"""What we might build, the case for it, and every fact that a return is made of."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Unit, User
from ledger import clock
from ledger.facts import Correctable, Fact
from portfolio.fields import MoneyField
from portfolio.querysets import InitiativeQuerySet


class Stage(models.TextChoices):
    """Where an initiative stands; `lifecycle.MOVES` says how it gets on."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    ASSESSMENT = "assessment", "Assessment"
    DECISION = "decision", "Decision"
    PILOT = "pilot", "Pilot"
    SCALING = "scaling", "Scaling"
    OPERATING = "operating", "Operating"
    RETIRED = "retired", "Retired"


class Track(models.TextChoices):
    """How much governance the money and the risk deserve."""

    NOTIFY = "notify", "Notify"
    LIGHT = "light", "Light"
    FULL = "full", "Full"


class RiskTier(models.TextChoices):
    """How much harm is possible; the risk officer sets it."""

    MINIMAL = "minimal", "Minimal"
    LIMITED = "limited", "Limited"
    HIGH = "high", "High"
    PROHIBITED = "prohibited", "Prohibited"


class ClosedKind(models.TextChoices):
    """Why an initiative is closed."""

    STOPPED = "stopped", "Stopped"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    MERGED = "merged", "Merged"
    RETIRED = "retired", "Retired"


class OutcomeClass(models.TextChoices):
    """How it ended, or what it is on course to."""

    MET = "met", "Met"
    PARTLY_MET = "partly_met", "Partly met"
    FAILED = "failed", "Failed"
    STOPPED_EARLY = "stopped_early", "Stopped early"
    TOO_EARLY = "too_early", "Too early to say"


class ReferenceClass(models.TextChoices):
    """The kind of work that its correction ratios come from."""

    CONFIGURED = "configured", "Configured service"
    BOUGHT = "bought", "Bought and integrated"
    BUILT = "built", "Built on own data"
    NOVEL = "novel", "Novel or agentic"


class Domain(models.TextChoices):
    """What part of the business it serves."""

    IT_SERVICE = "it_service", "IT service management"
    CLOUD = "cloud", "Cloud operations"
    FINANCE = "finance", "Finance"
    PEOPLE = "people", "People"
    SUPPLY_CHAIN = "supply_chain", "Supply chain"
    CUSTOMER_SERVICE = "customer_service", "Customer service"
    ENGINEERING = "engineering", "Engineering"
    LEGAL = "legal", "Legal"
    MARKETING = "marketing", "Marketing and sales"
    SECURITY = "security", "Security"
    OTHER = "other", "Other"


class ReferenceCounter(models.Model):
    """The last number given in a year; locked while the next one is taken."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"AI-{self.year}-{self.last:04d}"


class Initiative(models.Model):
    """One AI initiative: its identity, and a cache of what its facts say that can be rebuilt from them.

    `unit` and the columns below the line are rewritten by `lifecycle.refresh` alone.
    """

    reference = models.CharField(max_length=20, unique=True)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="initiatives")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    source = models.CharField(max_length=40, blank=True)
    # --- the cache ---
    title = models.CharField(max_length=300, blank=True)
    summary = models.TextField(blank=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.DRAFT)
    stage_since = models.DateTimeField(default=clock.now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    track = models.CharField(max_length=8, choices=Track.choices, blank=True)
    domain = models.CharField(max_length=20, choices=Domain.choices, blank=True)
    risk_tier = models.CharField(max_length=12, choices=RiskTier.choices, blank=True)
    reference_class = models.CharField(max_length=12, choices=ReferenceClass.choices, blank=True)
    closed_kind = models.CharField(max_length=12, choices=ClosedKind.choices, blank=True)
    outcome = models.CharField(max_length=16, choices=OutcomeClass.choices, blank=True)
    on_hold = models.BooleanField(default=False)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="owned")
    sponsor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="sponsored")
    benefit_owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="benefits_owned"
    )
    sponsor_confirmed_at = models.DateTimeField(null=True, blank=True)
    submitter = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="submitted")
    current_case = models.ForeignKey(
        "BusinessCase", models.PROTECT, null=True, blank=True, related_name="current_of"
    )
    currency = models.CharField(max_length=3, default=settings.BASE_CURRENCY)
    whole_life_cost = MoneyField(null=True, blank=True)
    fiscal_year = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = InitiativeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["unit", "stage"], name="initiatives_by_unit"),
            models.Index(fields=["stage", "stage_since"], name="initiatives_by_stage"),
            models.Index(fields=["domain"], name="initiatives_by_domain"),
            models.Index(fields=["fiscal_year"], name="initiatives_by_year"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(whole_life_cost=None) | Q(whole_life_cost__gte=0),
                name="whole_life_cost_is_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}".strip()

    def get_absolute_url(self) -> str:
        """The one page of the initiative."""
        return reverse("initiative-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return not self.closed_kind

    @property
    def policy_state(self) -> str:
        """What the policy table asks: 'closed', or the stage."""
        return "closed" if self.closed_kind else self.stage

    def parts_of(self, user: User) -> frozenset[str]:
        """The parts that the user has in it: owner, sponsor, benefit_owner, submitter, assessor."""
        parts = {
            name
            for name, holder in (
                ("owner", self.owner_id),
                ("sponsor", self.sponsor_id),
                ("submitter", self.submitter_id),
            )
            if holder == user.pk
        }
        if self.benefit_owner_id == user.pk:
            parts.add("benefit_owner")
        if self.appointments.filter(person=user, part=Part.ASSESSOR).exists():
            parts.add("assessor")
        return frozenset(parts)


class ExternalId(models.Model):
    """What another system calls an initiative."""

    initiative = models.ForeignKey(Initiative, models.CASCADE, related_name="external_ids")
    system = models.CharField(max_length=40)
    value = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "value"], name="one_initiative_per_external_id")
        ]

    def __str__(self) -> str:
        return f"{self.system}:{self.value}"


# The case ------------------------------------------------------------------------------------


class CaseDraft(models.Model):
    """The case while it is being written: mutable, belongs to its unit, one each.

    `content` follows `portfolio.case`; `version` rises with each save, so that the second of two
    people to save sees what changed.
    """

    initiative = models.OneToOneField(Initiative, models.CASCADE, related_name="draft")
    content = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"draft of {self.initiative}"


class CaseDraftEdit(models.Model):
    """Who ever edited a draft, and the content before, so that a conflict can show what changed."""

    draft = models.ForeignKey(CaseDraft, models.CASCADE, related_name="edits")
    version = models.PositiveIntegerField()
    content = models.JSONField(default=dict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "version"], name="one_edit_per_draft_version")
        ]

    def __str__(self) -> str:
        return f"{self.draft} version {self.version}"


class BusinessCase(Fact):
    """A frozen version of the case: what was sent, word for word."""

    class Purpose(models.TextChoices):
        REGISTRATION = "registration", "Registration"
        COMPLETED = "completed", "Completed case"
        CHANGED = "changed", "Changed case"

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="cases")
    version = models.PositiveIntegerField()
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    submitted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    reference_class = models.CharField(max_length=12, choices=ReferenceClass.choices, blank=True)
    currency = models.CharField(max_length=3)
    whole_life_cost = MoneyField()
    cash_benefit = MoneyField()
    start_month = models.DateField(null=True)
    go_live_month = models.DateField(null=True)

    class Meta:
        ordering = ["initiative", "version"]
        constraints = [
            models.UniqueConstraint(fields=["initiative", "version"], name="case_versions_count_up"),
            models.CheckConstraint(condition=Q(whole_life_cost__gte=0), name="a_case_costs_nothing_or_more"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"


class CaseEditor(Fact):
    """Who edited a frozen version while it was a draft: they are out of deciding on it."""

    case = models.ForeignKey(BusinessCase, models.PROTECT, related_name="editors")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.user} edited {self.case}"


class PlanLine(Fact):
    """One line of the plan: an amount for each month from `first_month` on.

    `amounts` holds integers of 10^-4 currency units; `low` and `high` likewise, or null.
    """

    class Side(models.TextChoices):
        COST = "cost", "Cost"
        BENEFIT = "benefit", "Benefit"

    class Category(models.TextChoices):
        PEOPLE = "people", "People"
        LICENCE = "licence", "Licence"
        CLOUD = "cloud", "Cloud and compute"
        DATA = "data", "Data"
        CHANGE = "change", "Change and training"
        INCIDENT = "incident", "Incident"
        DECOMMISSIONING = "decommissioning", "Decommissioning"
        SAVING = "saving", "Saving"
        AVOIDANCE = "avoidance", "Avoidance"
        MARGIN = "margin", "Contribution margin"
        PRODUCTIVITY = "productivity", "Productivity"
        RISK_REDUCTION = "risk_reduction", "Risk reduction"

    class Phase(models.TextChoices):
        DELIVERY = "delivery", "Delivery"
        RUN = "run", "Run"

    case = models.ForeignKey(BusinessCase, models.PROTECT, related_name="lines")
    key = models.CharField(max_length=40)
    side = models.CharField(max_length=8, choices=Side.choices)
    category = models.CharField(max_length=16, choices=Category.choices)
    phase = models.CharField(max_length=8, choices=Phase.choices, default=Phase.DELIVERY)
    is_capex = models.BooleanField(default=False)
    is_cash = models.BooleanField(default=True)
    label = models.CharField(max_length=200, blank=True)
    first_month = models.DateField()
    amounts = models.JSONField()
    low = models.JSONField(null=True)
    high = models.JSONField(null=True)
    total = MoneyField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="plan_lines_differ_in_one_case")]

    def __str__(self) -> str:
        return f"{self.get_category_display()} {self.label}".strip()


class Kpi(Fact):
    """A measure of success in one frozen case; `key` stays the same over versions."""

    class Direction(models.TextChoices):
        UP = "up", "More is better"
        DOWN = "down", "Less is better"

    case = models.ForeignKey(BusinessCase, models.PROTECT, related_name="kpis")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    unit_of_measure = models.CharField(max_length=60)
    direction = models.CharField(max_length=4, choices=Direction.choices)
    baseline = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    baseline_on = models.DateField(null=True)
    target = models.DecimalField(max_digits=20, decimal_places=4)
    target_on = models.DateField(null=True)
    method = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="kpis_differ_in_one_case")]

    def __str__(self) -> str:
        return self.name


class Milestone(Fact):
    """A dated step of delivery with its share of the work."""

    case = models.ForeignKey(BusinessCase, models.PROTECT, related_name="milestones")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    due_on = models.DateField()
    weight = models.PositiveSmallIntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class MilestoneReached(Fact):
    """A milestone was reached on a day."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="milestones_reached")
    key = models.CharField(max_length=40)
    on = models.DateField()

    def __str__(self) -> str:
        return f"{self.key} on {self.on}"


class Baseline(Fact):
    """The plan that outcomes are held against: frozen at G3, replaced only by a decision."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="baselines")
    case = models.ForeignKey(BusinessCase, models.PROTECT, related_name="+")
    base_month = models.DateField()

    def __str__(self) -> str:
        return f"baseline of {self.initiative}: {self.case}"


# People, class, stage ------------------------------------------------------------------------


class Part(models.TextChoices):
    """What somebody is in one initiative."""

    OWNER = "owner", "owner"
    SPONSOR = "sponsor", "sponsor"
    BENEFIT_OWNER = "benefit_owner", "benefit owner"
    # Several people may hold this one; it is how an assessor comes to see a case.
    ASSESSOR = "assessor", "assessor"


class Appointment(Fact):
    """Somebody takes a part; the newest one for a part holds."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="appointments")
    part = models.CharField(max_length=16, choices=Part.choices)
    person = models.ForeignKey(User, models.PROTECT, related_name="appointments")

    def __str__(self) -> str:
        return f"{self.person} as {self.get_part_display()}"


class StepDown(Fact):
    """Somebody gives up a part, which is vacant from then on."""

    appointment = models.OneToOneField(Appointment, models.PROTECT, related_name="step_down")
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.appointment}, stepped down"


class SponsorConfirmation(Fact):
    """The sponsor stands behind it, with a sentence that everyone may read."""

    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="confirmations")
    sentence = models.TextField()

    def __str__(self) -> str:
        return self.sentence


class Classification(Fact):
    """Domain, risk tier or track, with who set it and why; the newest one of a kind holds."""

    class Kind(models.TextChoices):
        DOMAIN = "domain", "Domain"
        RISK_TIER = "risk_tier", "Risk tier"
        TRACK = "track", "Track"
        OVERLAP = "overlap", "Overlap"

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="classifications")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    value = models.CharField(max_length=40)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value}"

    def in_words(self) -> str:
        """The value as people call it: "IT service management" of "it_service"."""
        named = {self.Kind.DOMAIN: Domain, self.Kind.RISK_TIER: RiskTier, self.Kind.TRACK: Track}
        choices = dict(named[self.Kind(self.kind)].choices) if self.kind in named else {}
        return str(choices.get(self.value, self.value.replace("_", " ")))


class StageChange(Fact):
    """A move in the life cycle."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="stage_changes")
    from_stage = models.CharField(max_length=12, choices=Stage.choices, blank=True)
    to_stage = models.CharField(max_length=12, choices=Stage.choices)
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.from_stage} to {self.to_stage}"


class Closing(Fact):
    """The initiative is closed, with a kind."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="closings")
    kind = models.CharField(max_length=12, choices=ClosedKind.choices)
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}"


class OutcomeSet(Fact):
    """The outcome that the CFO set at G6, or that stopping gave."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="outcomes")
    outcome = models.CharField(max_length=16, choices=OutcomeClass.choices)
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.get_outcome_display()


class Hold(Fact):
    """A dated overlay on any stage."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="holds")
    reason = models.TextField()
    until = models.DateField()

    def __str__(self) -> str:
        return f"on hold until {self.until}"


class HoldLift(Fact):
    """The end of a hold before its date."""

    hold = models.OneToOneField(Hold, models.PROTECT, related_name="lift")
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.hold}, lifted"


class Link(Fact):
    """How one initiative stands to another."""

    class Kind(models.TextChoices):
        PART_OF = "part_of", "is part of"
        DEPENDS_ON = "depends_on", "depends on"
        DIFFERS_FROM = "differs_from", "differs from"
        JOINED_WITH = "joined_with", "joins"

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="links")
    other = models.ForeignKey(Initiative, models.PROTECT, related_name="linked_from")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    explanation = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(initiative=F("other")), name="nothing_is_linked_to_itself")
        ]

    def __str__(self) -> str:
        return f"{self.initiative} {self.get_kind_display()} {self.other}"


class Comment(Fact):
    """What somebody said about it."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="comments")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:80]


class RiskFlag(Fact):
    """What a room above knows that keeps the risk part of the status from being green.

    The newest of a kind and subject holds: raised from a day on (and until one, if it ends by itself), or
    lowered. So the status is computed where all of it is, from rows, as of any point.
    """

    class Kind(models.TextChoices):
        SEVERE_INCIDENT = "severe_incident", "an open severe incident"
        BLOCK = "block", "blocked by a risk officer"
        VETO = "veto", "a reliability veto"
        CONTROL_EXPIRED = "control_expired", "a control whose evidence expired"
        CONDITION_OVERDUE = "condition_overdue", "an overdue condition"
        REPORT_OVERDUE = "report_overdue", "an incident that an authority has not been told of in time"

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="risk_flags")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.BigIntegerField(default=0)  # which incident, block, veto or condition; 0 for the whole
    is_raised = models.BooleanField()
    from_on = models.DateField()
    until = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {'raised' if self.is_raised else 'lowered'}"


# Actuals -------------------------------------------------------------------------------------


class ImportBatch(Fact):
    """One file that was taken in: what it is about, what it held, what became of its rows."""

    profile = models.CharField(max_length=40)
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64)
    about_date = models.DateField()
    rows = models.PositiveIntegerField()
    created = models.PositiveIntegerField()
    updated = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    control_total = MoneyField(null=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.profile}: {self.file_name}"


class ImportRemark(Fact):
    """A row that was rejected, or a cell that was read in a way worth saying."""

    batch = models.ForeignKey(ImportBatch, models.PROTECT, related_name="remarks")
    row_number = models.PositiveIntegerField()
    is_rejection = models.BooleanField()
    column = models.CharField(max_length=300, blank=True)
    value = models.TextField(blank=True)
    reason = models.TextField()

    def __str__(self) -> str:
        return f"row {self.row_number}: {self.reason}"


class SourceRecord(Fact):
    """One row of a source as it stood on the date that the file is about, whole."""

    batch = models.ForeignKey(ImportBatch, models.PROTECT, related_name="records")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="source_records")
    system = models.CharField(max_length=40)
    external_id = models.CharField(max_length=300)
    about_date = models.DateField()
    row_number = models.PositiveIntegerField()
    row_hash = models.CharField(max_length=64)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    title = models.CharField(max_length=300)
    problem = models.TextField(blank=True)
    expected_benefit = models.TextField(blank=True)
    domain = models.CharField(max_length=20, choices=Domain.choices, blank=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, blank=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    assessment = models.CharField(max_length=60, blank=True)
    raw = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "external_id", "about_date", "row_hash"],
                name="a_source_row_is_taken_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.external_id}"


class StatedFigure(Fact):
    """A coarse figure as its source states it for a period: never spread, never added to postings."""

    record = models.ForeignKey(SourceRecord, models.PROTECT, related_name="figures")
    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="stated_figures")
    measure = models.CharField(max_length=40)
    period = models.CharField(max_length=40)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    amount = MoneyField(null=True)
    currency = models.CharField(max_length=3)
    reason_absent = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=False) | ~Q(reason_absent=""), name="an_absent_figure_says_why"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.period}"


class CostObject(Fact):
    """Which postings of the ERP belong to an initiative, and with which share."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="cost_objects")
    code = models.CharField(max_length=60, db_index=True)
    share = models.PositiveSmallIntegerField(default=100)
    valid_from = models.DateField(default=clock.today)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(share__gte=1, share__lte=100), name="a_share_is_1_to_100_percent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.share} %"


class Posting(Fact):
    """An actual: one line of cost by service month and booked month. Negative only as a credit note."""

    class Kind(models.TextChoices):
        COST = "cost", "Cost"
        CREDIT_NOTE = "credit_note", "Credit note"
        REVERSAL = "reversal", "Reversal"

    initiative = models.ForeignKey(Initiative, models.PROTECT, null=True, related_name="postings")
    batch = models.ForeignKey(ImportBatch, models.PROTECT, null=True, related_name="postings")
    row_number = models.PositiveIntegerField(null=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    assigned_from = models.OneToOneField("self", models.PROTECT, null=True, related_name="assigned_as")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    category = models.CharField(max_length=16, choices=PlanLine.Category.choices, blank=True)
    phase = models.CharField(max_length=8, choices=PlanLine.Phase.choices, blank=True)
    service_month = models.DateField()
    booked_month = models.DateField()
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=60, blank=True)
    document = models.CharField(max_length=60, blank=True)
    supplier = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=300, blank=True)
    by_hand = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    why_unmatched = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="cost", amount__gte=0)
                | Q(kind="credit_note", amount__lte=0)
                | Q(kind="reversal"),
                name="a_cost_is_positive_and_a_credit_note_negative",
            ),
            models.CheckConstraint(
                condition=Q(initiative__isnull=False) | ~Q(why_unmatched=""),
                name="an_unmatched_posting_says_why",
            ),
        ]
        indexes = [models.Index(fields=["initiative", "service_month"], name="postings_by_initiative")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} in {self.service_month:%Y-%m}"


class PeriodClose(Fact):
    """Finance closed a month: later postings for it are booked in the open one."""

    month = models.DateField(unique=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} closed"


class Measurement(Fact):
    """The value of a KPI over a month, with how it was measured."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="measurements")
    kpi_key = models.CharField(max_length=40)
    month = models.DateField()
    value = models.DecimalField(max_digits=20, decimal_places=4)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")

    def __str__(self) -> str:
        return f"{self.kpi_key} {self.month:%Y-%m}: {self.value}"


class BenefitClaim(Correctable):
    """What the unit says it gained in a month on a line of its plan."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="claims")
    line_key = models.CharField(max_length=40)
    month = models.DateField()
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    is_cash = models.BooleanField()
    evidence = models.TextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "line_key", "month"],
                condition=Q(replaces=None),
                name="one_claim_per_line_and_month",
                violation_error_message="There is a claim for this line and month: correct it instead.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.line_key} {self.month:%Y-%m}: {self.amount} {self.currency}"


class Attestation(Fact):
    """Finance's yes to a claim, naming where the money shows."""

    claim = models.OneToOneField(BenefitClaim, models.PROTECT, related_name="attestation")
    amount = MoneyField()
    where_it_shows = models.CharField(max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.claim}, attested {self.amount}"


class RateSet(Fact):
    """Planning rates of a fiscal year, into the base currency; proposed by finance."""

    name = models.CharField(max_length=60)
    fiscal_year = models.PositiveSmallIntegerField()
    base = models.CharField(max_length=3)
    rates = models.JSONField()  # currency -> decimal text, units of base for one unit
    source = models.CharField(max_length=200, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.name}, FY{self.fiscal_year}"


class RateSetConfirmation(Fact):
    """The CFO put a rate set in force."""

    rate_set = models.OneToOneField(RateSet, models.PROTECT, related_name="confirmation")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.rate_set}, in force"


class Attachment(Fact):
    """A file that belongs to an initiative as evidence."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="attachments")
    file = models.FileField(upload_to="attachments/%Y/%m")
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class ImportJob(models.Model):
    """An import that a person started in the browser and a worker carries out: progress, then its report."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    kind = models.CharField(max_length=40)
    file_name = models.CharField(max_length=255)
    content = models.BinaryField()
    options = models.JSONField(default=dict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    lease_until = models.DateTimeField(null=True, blank=True)
    done_rows = models.PositiveIntegerField(default=0)
    total_rows = models.PositiveIntegerField(default=0)
    sentence = models.TextField(blank=True)
    batch = models.ForeignKey(ImportBatch, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.file_name}"

    def get_absolute_url(self) -> str:
        """Where its progress shows."""
        return reverse("import-job-detail", args=[self.pk])
