import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portfolio.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("ledger", "0001_initial"),
        ("portfolio", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ControlEvidence",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=12)),
                ("text", models.TextField()),
                ("link", models.URLField(blank=True, max_length=500)),
                ("content_hash", models.CharField(max_length=64)),
                ("dated", models.DateField()),
                ("expires_on", models.DateField()),
                (
                    "attachment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.attachment",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="control_evidence",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_on__gt", models.F("dated"))),
                        name="evidence_expires_after_its_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ControlException",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=12)),
                ("reason", models.TextField()),
                ("expires_on", models.DateField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="control_exceptions",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ControlLibrary",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(unique=True)),
                ("valid_from", models.DateField()),
                ("source", models.TextField()),
                ("themes", models.JSONField()),
                ("frameworks", models.JSONField()),
                ("dates", models.JSONField()),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ControlPlan",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=12)),
                ("due_on", models.DateField()),
                ("text", models.TextField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="control_plans",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=200)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("minor", "Minor: a nuisance, put right at once"),
                            ("serious", "Serious: people or money were affected, and it was put right"),
                            (
                                "severe",
                                "Severe: people were harmed, rights broken or an important service failed",
                            ),
                        ],
                        max_length=8,
                    ),
                ),
                ("what", models.TextField()),
                ("happened_on", models.DateField()),
                ("noticed_on", models.DateField()),
                ("people_affected", models.PositiveIntegerField(null=True)),
                (
                    "duty",
                    models.CharField(
                        choices=[
                            ("none", "Nothing to report to an authority"),
                            ("serious", "Serious incident: within 15 days"),
                            ("death", "A person died: within 10 days"),
                            (
                                "infrastructure",
                                "Critical infrastructure or a widespread breach: within 2 days",
                            ),
                        ],
                        default="none",
                        max_length=16,
                    ),
                ),
                ("authority_due_on", models.DateField(null=True)),
                ("stated_cost", portfolio.fields.MoneyField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("external_id", models.CharField(blank=True, max_length=100)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["authority_due_on"], name="incidents_by_deadline")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("noticed_on__gte", models.F("happened_on"))),
                        name="an_incident_is_noticed_after_it_happened",
                        violation_error_message="It can't have been noticed before it happened.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stated_cost", None), ("stated_cost__gte", 0), _connector="OR"),
                        name="an_incident_costs_nothing_or_more",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("initiative", "external_id"),
                        name="one_incident_per_external_id",
                        violation_error_message="This incident was reported already.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RiskBlock",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                ("until", models.DateField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="risk_blocks",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TierAnswers",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField()),
                ("answers", models.JSONField()),
                ("proposal", models.JSONField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tier_answers",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="IncidentCost",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="costs",
                        to="assurance.incident",
                    ),
                ),
                (
                    "posting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incident_cost",
                        to="portfolio.posting",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="IncidentFailedControl",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=12)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="failed_controls",
                        to="assurance.incident",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="IncidentReminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on", models.DateField()),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="assurance.incident",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("incident", "on"), name="one_reminder_a_day_for_an_incident"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IncidentStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("contained", "Contained"),
                            ("told", "Authority told"),
                            ("graded", "Severity changed"),
                            ("closed", "Closed"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("minor", "Minor: a nuisance, put right at once"),
                            ("serious", "Serious: people or money were affected, and it was put right"),
                            (
                                "severe",
                                "Severe: people were harmed, rights broken or an important service failed",
                            ),
                        ],
                        max_length=8,
                    ),
                ),
                ("text", models.TextField()),
                ("lessons", models.TextField(blank=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="assurance.incident",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind__in", ["contained", "told", "closed"])),
                        fields=("incident", "kind"),
                        name="each_step_of_an_incident_once",
                        violation_error_message="This was done already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReliabilityVeto",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                (
                    "held_as",
                    models.CharField(
                        choices=[("risk_officer", "risk officer"), ("benefit_owner", "benefit owner")],
                        max_length=16,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vetoes",
                        to="assurance.incident",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vetoes",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RiskBlockLift",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                (
                    "block",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lift",
                        to="assurance.riskblock",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RiskProfile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "tier",
                    models.CharField(
                        choices=[
                            ("minimal", "Minimal"),
                            ("limited", "Limited"),
                            ("high", "High"),
                            ("prohibited", "Prohibited"),
                        ],
                        max_length=12,
                    ),
                ),
                ("areas", models.JSONField(default=list)),
                ("is_high_impact", models.BooleanField()),
                ("high_impact_reason", models.TextField(blank=True)),
                ("internal_tier", models.PositiveSmallIntegerField()),
                ("uses_third_party", models.BooleanField()),
                ("uses_personal_data", models.BooleanField()),
                ("pilot_touches_people", models.BooleanField()),
                ("reason", models.TextField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="risk_profiles",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "answers",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="profiles",
                        to="assurance.tieranswers",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("internal_tier__lte", 3)),
                        name="an_own_tier_is_0_to_3",
                        violation_error_message="Choose an own tier from 0 to 3.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Control",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=12)),
                ("position", models.PositiveSmallIntegerField()),
                ("theme", models.CharField(max_length=12)),
                ("title", models.CharField(max_length=200)),
                ("duty", models.TextField()),
                ("applies_when", models.CharField(max_length=300)),
                ("due", models.CharField(blank=True, max_length=2)),
                ("due_before_people", models.CharField(blank=True, max_length=2)),
                ("evidence", models.JSONField()),
                ("kept_by", models.CharField(max_length=40)),
                ("review_days", models.PositiveSmallIntegerField()),
                ("crosswalk", models.JSONField()),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "library",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="controls",
                        to="assurance.controllibrary",
                    ),
                ),
            ],
            options={
                "ordering": ["library", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("library", "code"), name="controls_differ_in_one_library")
                ],
            },
        ),
        migrations.CreateModel(
            name="ControlCheck",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("concurs", models.BooleanField()),
                ("reason", models.TextField(blank=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "evidence",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_of",
                        to="assurance.controlevidence",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("concurs", True), models.Q(("reason", ""), _negated=True), _connector="OR"
                        ),
                        name="evidence_is_sent_back_with_a_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="VetoLift",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "held_as",
                    models.CharField(
                        choices=[("risk_officer", "risk officer"), ("benefit_owner", "benefit owner")],
                        max_length=16,
                    ),
                ),
                ("reason", models.TextField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "veto",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lifts",
                        to="assurance.reliabilityveto",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("veto", "held_as"),
                        name="each_holder_lifts_a_veto_once",
                        violation_error_message="You lifted this veto already; it waits for the other one.",
                    )
                ],
            },
        ),
    ]
