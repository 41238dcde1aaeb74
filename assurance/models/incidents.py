"""What went wrong, what was done about it, and what it cost."""

from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.models import User
from ledger import clock
from ledger.facts import Fact, FactManager
from portfolio.fields import MoneyField
from portfolio.models import Initiative, Posting


class Severity(models.TextChoices):
    """How bad it was."""

    MINOR = "minor", "Minor: a nuisance, put right at once"
    SERIOUS = "serious", "Serious: people or money were affected, and it was put right"
    SEVERE = "severe", "Severe: people were harmed, rights broken or an important service failed"


class Duty(models.TextChoices):
    """What an authority has to be told, by Article 73 of the AI Act; `DAYS` says within how many days."""

    NONE = "none", "Nothing to report to an authority"
    SERIOUS = "serious", "Serious incident: within 15 days"
    DEATH = "death", "A person died: within 10 days"
    INFRASTRUCTURE = "infrastructure", "Critical infrastructure or a widespread breach: within 2 days"


DAYS: dict[str, int] = {Duty.SERIOUS: 15, Duty.DEATH: 10, Duty.INFRASTRUCTURE: 2}


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Incidents by who may see them and by state."""

    def open_to(self, user: User) -> Self:
        """Those of initiatives that the user may open whole."""
        return self.filter(initiative__in=Initiative.objects.open_to(user))

    def with_standing(self) -> Self:
        """Each with `grade` (its severity now), `is_contained`, `is_closed` and `is_told`."""
        steps = IncidentStep.objects.filter(incident=OuterRef("pk"))
        graded = steps.filter(kind=IncidentStep.Kind.GRADED).order_by("-pk").values("severity")[:1]
        return self.annotate(
            grade=Coalesce(Subquery(graded), F("severity")),
            is_contained=Exists(steps.filter(kind=IncidentStep.Kind.CONTAINED)),
            is_closed=Exists(steps.filter(kind=IncidentStep.Kind.CLOSED)),
            is_told=Exists(steps.filter(kind=IncidentStep.Kind.TOLD)),
        )

    def to_tell(self) -> Self:
        """Those of which an authority still has to be told, the next due first."""
        told = IncidentStep.objects.filter(incident=OuterRef("pk"), kind=IncidentStep.Kind.TOLD)
        return self.filter(~Exists(told), authority_due_on__isnull=False).order_by("authority_due_on", "pk")


class Incident(Fact):
    """Something went wrong in the use of an initiative, as it was reported."""

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="incidents")
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    what = models.TextField()
    happened_on = models.DateField()
    noticed_on = models.DateField()
    people_affected = models.PositiveIntegerField(null=True)
    duty = models.CharField(max_length=16, choices=Duty.choices, default=Duty.NONE)
    authority_due_on = models.DateField(null=True)
    # What the unit says that it cost, in the currency of the case; finance books it as a posting.
    stated_cost = MoneyField(null=True)
    currency = models.CharField(max_length=3)
    external_id = models.CharField(max_length=100, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = FactManager.from_queryset(IncidentQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(noticed_on__gte=F("happened_on")),
                name="an_incident_is_noticed_after_it_happened",
                violation_error_message="It can't have been noticed before it happened.",
            ),
            models.CheckConstraint(
                condition=Q(stated_cost=None) | Q(stated_cost__gte=0),
                name="an_incident_costs_nothing_or_more",
            ),
            models.UniqueConstraint(
                fields=["initiative", "external_id"],
                condition=~Q(external_id=""),
                name="one_incident_per_external_id",
                violation_error_message="This incident was reported already.",
            ),
        ]
        indexes = [models.Index(fields=["authority_due_on"], name="incidents_by_deadline")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incident-detail", args=[self.pk])

    @property
    def is_overdue(self) -> bool:
        """Whether the day to tell the authority has passed."""
        return self.authority_due_on is not None and self.authority_due_on < clock.today()


class IncidentFailedControl(Fact):
    """A control that should have prevented it, or should have shown it earlier."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="failed_controls")
    code = models.CharField(max_length=12)

    def __str__(self) -> str:
        return f"{self.code} failed in {self.incident}"


class IncidentStep(Fact):
    """What was done about an incident."""

    class Kind(models.TextChoices):
        CONTAINED = "contained", "Contained"
        TOLD = "told", "Authority told"
        GRADED = "graded", "Severity changed"
        CLOSED = "closed", "Closed"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices, blank=True)
    text = models.TextField()
    lessons = models.TextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind"],
                condition=Q(kind__in=["contained", "told", "closed"]),
                name="each_step_of_an_incident_once",
                violation_error_message="This was done already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident}: {self.get_kind_display()}"


class IncidentCost(Fact):
    """Finance booked what an incident cost: the posting stands in the return of the initiative."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="costs")
    posting = models.OneToOneField(Posting, models.PROTECT, related_name="incident_cost")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.posting} for {self.incident}"


class IncidentReminder(models.Model):
    """A reminder that went out, so that a job that runs twice chases once. No fact: it can be thrown away."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="reminders")
    on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "on"], name="one_reminder_a_day_for_an_incident")
        ]

    def __str__(self) -> str:
        return f"{self.incident} on {self.on}"
