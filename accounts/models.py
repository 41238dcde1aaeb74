"""Who people are and what they may do: users, the tree of units, role grants and API tokens."""

import hashlib
from datetime import date
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from ledger import clock
from ledger.facts import Fact, FactManager


class Role(models.TextChoices):
    """The roles of product.md that are granted for a unit; sponsor and owner are parts in one initiative."""

    CONTRIBUTOR = "contributor", "contributor"
    UNIT_LEAD = "unit_lead", "unit lead"
    UNIT_HEAD = "unit_head", "unit head"
    ASSESSOR = "assessor", "assessor"
    PORTFOLIO_OFFICE = "portfolio_office", "portfolio office"
    RISK_OFFICER = "risk_officer", "risk officer"
    FINANCE = "finance", "finance"
    BOARD_MEMBER = "board_member", "board member"
    CFO = "cfo", "CFO"
    CEO = "ceo", "CEO"
    AUDITOR = "auditor", "auditor"
    INTEGRATOR = "integrator", "integrator"
    ADMINISTRATOR = "administrator", "administrator"


class UnitQuerySet(models.QuerySet["Unit"]):
    """Units by place in the tree."""

    def under(self, unit: "Unit") -> Self:
        """The unit and all below it."""
        return self.filter(path__startswith=unit.path)


class Unit(models.Model):
    """A part of the organisation. Its place in the tree is a fact (UnitPlacement); `path` caches it."""

    name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=200, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=255, blank=True, db_index=True)
    opened_on = models.DateField(default=clock.today)
    closed_on = models.DateField(null=True, blank=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"],
                name="unit_names_differ_below_one_parent",
                violation_error_message="There is a unit of this name here already.",
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(parent=None),
                name="roots_differ_by_name",
                violation_error_message="There is a unit of this name here already.",
            ),
            models.CheckConstraint(
                condition=Q(closed_on=None) | Q(closed_on__gte=F("opened_on")),
                name="a_unit_closes_after_it_opens",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_under(self, other: "Unit") -> bool:
        """Whether this is `other` or below it."""
        return self.path.startswith(other.path)


class UnitPlacement(Fact):
    """Where a unit stands in the tree from a day on."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="placements")
    parent = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    valid_from = models.DateField()

    def __str__(self) -> str:
        return f"{self.unit} under {self.parent} from {self.valid_from}"


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(self, email: str, name: str, password: str | None = None, **values: Any) -> "User":
        """A new user; without a password nobody can sign in until one is set by link."""
        user = self.model(email=self.normalize_email(email).lower(), name=name, **values)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Sign-in finds the address in any case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person, or a service account for which a person answers. There are no superusers."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    home_unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="people")
    is_active = models.BooleanField(default=True)
    is_service_account = models.BooleanField(default=False)
    answers_for_it = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="service_accounts"
    )
    external_id = models.CharField(max_length=200, blank=True)
    date_joined = models.DateTimeField(default=clock.now)

    # Set by the API's authentication for the length of a request; None for a signed-in person.
    token: "ApiToken | None" = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_service_account=False) | Q(answers_for_it__isnull=False),
                name="a_person_answers_for_a_service_account",
                violation_error_message="Name the person who answers for this service account.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def person(self) -> "User":
        """The natural person whose acts these are: a service account's acts count as its person's."""
        return self.answers_for_it or self

    def set_password(self, raw_password: str | None) -> None:
        """A service account never gets one: it uses tokens."""
        super().set_password(None if self.is_service_account else raw_password)

    def check_password(self, raw_password: str | None) -> bool:
        """Never right for a service account."""
        return not self.is_service_account and super().check_password(raw_password)

    @property
    def marks(self) -> dict[str, int]:
        """What every entry of the ledger by this person says: that they act under break-glass.

        Whoever acts was asked for a role just before, so that their grants are at hand.
        """
        grants: list[RoleGrant] = getattr(self, "_active_grants", None) or []
        glasses = [grant.break_glass_id for grant in grants if grant.break_glass_id is not None]
        return {"break_glass": glasses[-1]} if glasses else {}

    def get_full_name(self) -> str:
        """The name, for mails of the sign-in library."""
        return self.name


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    """Grants by whether they hold."""

    def active(self, on: date | None = None) -> Self:
        """Not revoked, and within their dates on the day."""
        day = on or clock.today()
        return self.filter(
            Q(valid_to=None) | Q(valid_to__gte=day),
            Q(ends_at=None) | Q(ends_at__gt=clock.now()),
            valid_from__lte=day,
            revocation=None,
            user__is_active=True,
        )

    def confirmed(self) -> Self:
        """Confirmed by a second person."""
        return self.exclude(confirmation=None)


class RoleGrant(Fact):
    """A role for a unit and all below it, given by one person and confirmed by another."""

    is_a_right = True

    user = models.ForeignKey(User, models.PROTECT, related_name="grants")
    role = models.CharField(max_length=32, choices=Role.choices)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="grants")
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    valid_from = models.DateField(default=clock.today)
    valid_to = models.DateField(null=True, blank=True)
    # A grant by break-glass ends by itself within the hour.
    ends_at = models.DateTimeField(null=True, blank=True)
    break_glass = models.OneToOneField(
        "BreakGlass", models.PROTECT, null=True, blank=True, related_name="grant"
    )

    objects = FactManager.from_queryset(RoleGrantQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(granted_by=None) | ~Q(granted_by=F("user")),
                name="nobody_grants_themselves_a_role",
                violation_error_message="Nobody grants themselves a role.",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="a_grant_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} for {self.unit}"


class RoleConfirmation(Fact):
    """The second person's yes to a grant."""

    is_a_right = True

    grant = models.OneToOneField(RoleGrant, models.PROTECT, related_name="confirmation")
    confirmed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.grant}, confirmed by {self.confirmed_by}"


class RoleRevocation(Fact):
    """The end of a grant, effective on the next request."""

    is_a_right = True

    grant = models.OneToOneField(RoleGrant, models.PROTECT, related_name="revocation")
    revoked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.grant}, revoked"


class Scope(models.TextChoices):
    """What an API token may be allowed to do; there is no scope by default."""

    READ = "portfolio:read", "read initiatives and figures"
    PROPOSE = "proposal:write", "create, edit and submit proposals"
    ACTUALS = "actuals:write", "send postings"
    KPIS = "kpi:write", "send measurements"
    INCIDENTS = "incident:write", "report incidents"


class ApiToken(models.Model):
    """A secret of a service account: stored hashed, shown once, with scopes, units and an end."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def hash_of(secret: str) -> str:
        """A token has 256 random bits, so that a plain hash is enough."""
        return hashlib.sha256(secret.encode()).hexdigest()

    @property
    def is_live(self) -> bool:
        """Neither revoked nor past its end."""
        return self.revoked_at is None and self.expires_at > clock.now()


class ApiTokenUse(models.Model):
    """When a token was last used; apart, so that a read changes no business row."""

    token = models.OneToOneField(ApiToken, models.CASCADE, related_name="use", primary_key=True)
    last_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.token} at {self.last_used_at}"


class Notification(models.Model):
    """A message to one person: shown in the browser and sent by mail by a job."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"

    recipient = models.ForeignKey(User, models.CASCADE, related_name="notifications")
    subject = models.CharField(max_length=200)
    sentence = models.TextField()
    path = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["state", "lease_until"], name="notifications_to_send"),
            models.Index(fields=["recipient", "read_at"], name="notifications_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.subject}"

    def get_absolute_url(self) -> str:
        """Where the message leads; Home if nowhere in particular."""
        return self.path or reverse("home")


# Duties --------------------------------------------------------------------------------------


class SegregationException(Fact):
    """A rule that keeps duties apart bent for an act, for a reason; only the recorded mode allows it."""

    rule = models.CharField(max_length=40)
    act = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    # As the ledger names it.
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    reason = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["object_type", "object_id"], name="exceptions_by_object")]

    def __str__(self) -> str:
        return f"{self.act} by {self.by} in spite of {self.rule}"


class Attempt(models.Model):
    """A refused attempt at an act that decides or changes rights. No fact: it asserts and changes nothing."""

    only_grows = True

    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    action = models.CharField(max_length=64)
    address = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField()
    reason = models.TextField(blank=True)
    by_token = models.BooleanField(default=False)
    at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.action} by {self.by}, refused"


# Deputies and break-glass --------------------------------------------------------------------


class DeputyQuerySet(models.QuerySet["Deputy"]):
    """Deputies by whether they may stand in."""

    def in_force(self) -> Self:
        """Confirmed, not ended, within their dates today, and both people are active."""
        day = clock.today()
        return self.filter(
            valid_from__lte=day,
            valid_to__gte=day,
            confirmation__isnull=False,
            revocation=None,
            principal__is_active=True,
            deputy__is_active=True,
        )


class Deputy(Fact):
    """Somebody who signs on behalf of another for some days, up to a limit."""

    is_a_right = True

    principal = models.ForeignKey(User, models.PROTECT, related_name="deputies")
    deputy = models.ForeignKey(User, models.PROTECT, related_name="deputised_by")
    valid_from = models.DateField()
    valid_to = models.DateField()
    # In whole units of the base currency; without one the principal's own limit holds.
    limit = models.PositiveBigIntegerField(null=True, blank=True)
    reason = models.TextField()

    objects = FactManager.from_queryset(DeputyQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(principal=F("deputy")),
                name="nobody_deputises_for_themselves",
                violation_error_message="Nobody deputises for themselves.",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")), name="a_deputy_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deputy} for {self.principal}"


class DeputyConfirmation(Fact):
    """The second person's yes to a deputy."""

    is_a_right = True

    deputy = models.OneToOneField(Deputy, models.PROTECT, related_name="confirmation")
    confirmed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.deputy}, confirmed"


class DeputyRevocation(Fact):
    """The end of a deputy, effective on the next request."""

    is_a_right = True

    deputy = models.OneToOneField(Deputy, models.PROTECT, related_name="revocation")
    revoked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.deputy}, ended"


class BreakGlass(Fact):
    """A role asked for another person in an emergency, for minutes; two others have to grant it."""

    is_a_right = True

    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=32, choices=Role.choices)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    minutes = models.PositiveSmallIntegerField()
    reason = models.TextField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(person=F("asked_by")),
                name="break_glass_is_for_another_person",
                violation_error_message="Break-glass is for another person.",
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=60), name="break_glass_lasts_an_hour_at_most"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} for {self.person}, {self.minutes} minutes"


class BreakGlassApproval(Fact):
    """One of the two who break the glass."""

    is_a_right = True

    glass = models.ForeignKey(BreakGlass, models.PROTECT, related_name="approvals")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["glass", "by"],
                name="one_approval_of_break_glass_per_person",
                violation_error_message="You granted this already: a second person has to.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.glass}, granted by {self.by}"
