import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import ledger.clock
import portfolio.fields
import scoring.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("ledger", "0001_initial"),
        ("portfolio", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ObservedOutcome",
            fields=[
                (
                    "outcome",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="portfolio.outcomeset",
                    ),
                ),
                ("seq", models.BigIntegerField(db_index=True)),
                ("on", models.DateField()),
                (
                    "reference_class",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("configured", "Configured service"),
                            ("bought", "Bought and integrated"),
                            ("built", "Built on own data"),
                            ("novel", "Novel or agentic"),
                        ],
                        max_length=12,
                    ),
                ),
                ("cost", models.FloatField(null=True)),
                ("time", models.FloatField(null=True)),
                ("benefit", models.FloatField(null=True)),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portfolio.initiative",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScoringModel",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(unique=True)),
                ("name", models.CharField(max_length=120)),
                ("settings", models.JSONField()),
                (
                    "drafted_by",
                    models.ForeignKey(
                        null=True,
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
            name="ReturnPosition",
            fields=[
                (
                    "initiative",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="portfolio.initiative",
                    ),
                ),
                ("through_seq", models.BigIntegerField()),
                ("on", models.DateField()),
                ("formula", models.CharField(max_length=20)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("base_month", models.DateField(null=True)),
                ("go_live_month", models.DateField(null=True)),
                ("planned_cost", portfolio.fields.MoneyField(default=0)),
                ("planned_benefit", portfolio.fields.MoneyField(default=0)),
                ("planned_cash_benefit", portfolio.fields.MoneyField(default=0)),
                ("npv_submitted", models.FloatField(null=True)),
                ("npv_submitted_all", models.FloatField(null=True)),
                ("pv_cost_submitted", models.FloatField(null=True)),
                ("roi_submitted", models.FloatField(null=True)),
                ("roi_submitted_all", models.FloatField(null=True)),
                ("roi_simple", models.FloatField(null=True)),
                ("irr_submitted", models.FloatField(null=True)),
                ("mirr_submitted", models.FloatField(null=True)),
                ("payback_months", models.FloatField(null=True)),
                ("discounted_payback_months", models.FloatField(null=True)),
                ("months_to_benefit", models.FloatField(null=True)),
                ("npv_p50", models.FloatField(null=True)),
                ("npv_p50_all", models.FloatField(null=True)),
                ("pv_cost_p50", models.FloatField(null=True)),
                ("roi_p50", models.FloatField(null=True)),
                ("roi_p50_all", models.FloatField(null=True)),
                ("npv_p80", models.FloatField(null=True)),
                ("npv_p80_all", models.FloatField(null=True)),
                ("pv_cost_p80", models.FloatField(null=True)),
                ("roi_p80", models.FloatField(null=True)),
                ("roi_p80_all", models.FloatField(null=True)),
                ("actual_cost", portfolio.fields.MoneyField(default=0)),
                ("sunk_cost", portfolio.fields.MoneyField(default=0)),
                ("actual_cost_closed", portfolio.fields.MoneyField(default=0)),
                ("claimed_benefit", portfolio.fields.MoneyField(default=0)),
                ("awaiting_attestation", portfolio.fields.MoneyField(default=0)),
                ("attested_benefit", portfolio.fields.MoneyField(default=0)),
                ("attested_cash_benefit", portfolio.fields.MoneyField(default=0)),
                ("planned_cost_to_date", portfolio.fields.MoneyField(default=0)),
                ("planned_benefit_to_date", portfolio.fields.MoneyField(default=0)),
                ("npv_to_date", models.FloatField(null=True)),
                ("npv_to_date_all", models.FloatField(null=True)),
                ("pv_cost_to_date", models.FloatField(null=True)),
                ("roi_to_date", models.FloatField(null=True)),
                ("roi_to_date_all", models.FloatField(null=True)),
                ("benefit_months_closed", models.PositiveSmallIntegerField(default=0)),
                ("baseline_npv", models.FloatField(null=True)),
                ("baseline_npv_all", models.FloatField(null=True)),
                ("baseline_pv_cost", models.FloatField(null=True)),
                ("baseline_cost", portfolio.fields.MoneyField(default=0)),
                ("baseline_benefit", portfolio.fields.MoneyField(default=0)),
                ("baseline_cash_benefit", portfolio.fields.MoneyField(default=0)),
                ("forecast_cost", portfolio.fields.MoneyField(null=True)),
                ("forecast_benefit", portfolio.fields.MoneyField(null=True)),
                ("forecast_cash_benefit", portfolio.fields.MoneyField(null=True)),
                ("forecast_npv", models.FloatField(null=True)),
                ("forecast_npv_all", models.FloatField(null=True)),
                ("forecast_pv_cost", models.FloatField(null=True)),
                ("forecast_roi", models.FloatField(null=True)),
                ("forecast_roi_all", models.FloatField(null=True)),
                (
                    "on_course_to",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("met", "Met"),
                            ("partly_met", "Partly met"),
                            ("failed", "Failed"),
                            ("stopped_early", "Stopped early"),
                            ("too_early", "Too early to say"),
                        ],
                        max_length=16,
                    ),
                ),
                ("outcome_is_final", models.BooleanField(default=False)),
                ("outcome_on_cash", models.BooleanField(default=True)),
                (
                    "status",
                    models.CharField(
                        blank=True,
                        choices=[("green", "Green"), ("amber", "Amber"), ("red", "Red")],
                        max_length=6,
                    ),
                ),
                ("cost_overrun", models.FloatField(null=True)),
                ("time_overrun", models.FloatField(null=True)),
                ("benefit_shortfall", models.FloatField(null=True)),
                ("is_late", models.BooleanField(default=False)),
                ("risk_flags", models.PositiveIntegerField(default=0)),
                (
                    "baseline",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portfolio.businesscase",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portfolio.businesscase",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["on_course_to"], name="returns_by_outcome")],
            },
        ),
        migrations.CreateModel(
            name="ReturnYear",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("planned_cost", portfolio.fields.MoneyField(default=0)),
                ("planned_benefit", portfolio.fields.MoneyField(default=0)),
                ("planned_cash_benefit", portfolio.fields.MoneyField(default=0)),
                ("baseline_cost", portfolio.fields.MoneyField(default=0)),
                ("baseline_benefit", portfolio.fields.MoneyField(default=0)),
                ("baseline_cash_benefit", portfolio.fields.MoneyField(default=0)),
                ("actual_cost", portfolio.fields.MoneyField(default=0)),
                ("claimed_benefit", portfolio.fields.MoneyField(default=0)),
                ("attested_benefit", portfolio.fields.MoneyField(default=0)),
                ("attested_cash_benefit", portfolio.fields.MoneyField(default=0)),
                ("forecast_cost", portfolio.fields.MoneyField(default=0)),
                ("forecast_benefit", portfolio.fields.MoneyField(default=0)),
                ("forecast_cash_benefit", portfolio.fields.MoneyField(default=0)),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="return_years",
                        to="portfolio.initiative",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("initiative", "fiscal_year"), name="one_return_per_year")
                ],
            },
        ),
        migrations.CreateModel(
            name="Criterion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField()),
                ("key", models.CharField(max_length=60)),
                (
                    "dimension",
                    models.CharField(
                        choices=[("feasibility", "Feasibility"), ("cost", "Cost"), ("impact", "Impact")],
                        max_length=12,
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("question", models.TextField()),
                ("weight", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(choices=[("judged", "Judged"), ("computed", "Computed")], max_length=8),
                ),
                ("levels", models.JSONField()),
                ("knots", models.JSONField(default=list)),
                ("direction", models.CharField(blank=True, max_length=8)),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="criteria",
                        to="scoring.scoringmodel",
                    ),
                ),
            ],
            options={
                "ordering": ["model", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("model", "key"), name="criteria_differ_in_one_model"),
                    models.CheckConstraint(
                        condition=models.Q(("weight__gte", 1), ("weight__lte", 100)),
                        name="a_weight_is_1_to_100_percent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RescoreJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=ledger.clock.now)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("refused", "Refused"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("lease_until", models.DateTimeField(null=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("sentence", models.TextField(blank=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.scoringmodel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=("model",),
                        name="one_open_rescore_per_model",
                        violation_error_message="A re-score under this version is under way already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelPublication",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "co_signed_by",
                    models.ForeignKey(
                        null=True,
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
                    "model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publication",
                        to="scoring.scoringmodel",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ModelProposal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("content_hash", models.CharField(max_length=64)),
                ("reason", models.TextField()),
                ("writers", models.JSONField()),
                ("rounds_may_finish", models.BooleanField(default=False)),
                (
                    "proposed_by",
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
                    "based_on",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.scoringmodel",
                    ),
                ),
                (
                    "model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposal",
                        to="scoring.scoringmodel",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ModelDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveSmallIntegerField(default=1, unique=True)),
                ("content", models.JSONField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("writers", models.JSONField(default=list)),
                ("updated_at", models.DateTimeField(default=ledger.clock.now)),
                (
                    "started_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "based_on",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.scoringmodel",
                    ),
                ),
                (
                    "proposed",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="scoring.scoringmodel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("place", 1)),
                        name="there_is_one_model_draft",
                        violation_error_message="A draft of the next version is open already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelApproval",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("role", models.CharField(max_length=20)),
                ("vote", models.CharField(choices=[("for", "Approve"), ("against", "Refuse")], max_length=8)),
                ("reason", models.TextField(blank=True)),
                ("seen_hash", models.CharField(max_length=64)),
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
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="scoring.scoringmodel",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "by"),
                        name="one_vote_per_person_and_version",
                        violation_error_message="You voted on this version already.",
                    ),
                    models.UniqueConstraint(
                        fields=("model", "role"),
                        name="one_vote_per_seat_and_version",
                        violation_error_message="This seat voted on this version already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("vote", "for"), models.Q(("reason", ""), _negated=True), _connector="OR"
                        ),
                        name="a_refused_version_has_a_reason",
                        violation_error_message="Say why you refuse it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScoringRound",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("required", models.PositiveSmallIntegerField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scoring_rounds",
                        to="portfolio.businesscase",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scoring_rounds",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.scoringmodel",
                    ),
                ),
                (
                    "opened_by",
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("case", "model"),
                        name="a_case_is_scored_once_per_model",
                        violation_error_message="The scoring of this case is open already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("required__gte", 1)), name="a_case_needs_a_scorecard"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScorecardAssignment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("due_on", models.DateField()),
                (
                    "assessor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "assigned_by",
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
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="scoring.scoringround",
                    ),
                ),
            ],
            options={
                "ordering": ["due_on"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "assessor"),
                        name="an_assessor_scores_a_case_once",
                        violation_error_message="This person is an assessor of this case already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ScoringClose",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("computed_inputs", models.JSONField()),
                (
                    "evidence_grade",
                    models.CharField(
                        choices=[
                            ("A", "A, attested"),
                            ("B", "B, measured in a pilot"),
                            ("C", "C, comparable inside"),
                            ("D", "D, expert estimate"),
                            ("E", "E, claim"),
                        ],
                        default="E",
                        max_length=1,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "closed_by",
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
                    "round",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="closing",
                        to="scoring.scoringround",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Score",
            fields=[
                (
                    "initiative",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="portfolio.initiative",
                    ),
                ),
                ("through_seq", models.BigIntegerField()),
                ("on", models.DateField()),
                ("formula", models.CharField(max_length=20)),
                ("low", models.FloatField(db_index=True)),
                ("high", models.FloatField()),
                ("point", models.FloatField(null=True)),
                ("coverage", models.FloatField()),
                ("feasibility_low", models.FloatField()),
                ("feasibility_high", models.FloatField()),
                ("cost_low", models.FloatField()),
                ("cost_high", models.FloatField()),
                ("impact_low", models.FloatField()),
                ("impact_high", models.FloatField()),
                ("evidence_grade", models.CharField(max_length=1)),
                ("contributions", models.JSONField()),
                ("packed", models.BinaryField()),
                (
                    "model",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="scoring.scoringmodel",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="scoring.scoringround",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Rescore",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("computed_inputs", models.JSONField()),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.scoringmodel",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rescores",
                        to="scoring.scoringround",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "model"),
                        name="a_scoring_is_redone_once_per_model",
                        violation_error_message="This scoring was redone under this version already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Scorecard",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("comment", models.TextField(blank=True)),
                ("salt", models.CharField(default=scoring.models._salt, max_length=32)),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "assignment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scorecard",
                        to="scoring.scorecardassignment",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ScorecardDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ratings", models.JSONField(default=dict)),
                ("comment", models.TextField(blank=True)),
                ("version", models.PositiveIntegerField(default=0)),
                ("updated_at", models.DateTimeField(default=ledger.clock.now)),
                (
                    "assignment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="draft",
                        to="scoring.scorecardassignment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScorecardReminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sent_at", models.DateTimeField(default=ledger.clock.now)),
                (
                    "assignment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminder",
                        to="scoring.scorecardassignment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConflictDeclared",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "assignment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conflict",
                        to="scoring.scorecardassignment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="a_conflict_has_a_reason"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ScorecardRating",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("rating", models.PositiveSmallIntegerField(null=True)),
                (
                    "confidence",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        default="medium",
                        max_length=8,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "criterion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scoring.criterion"
                    ),
                ),
                (
                    "scorecard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ratings",
                        to="scoring.scorecard",
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
                        fields=("scorecard", "criterion"), name="one_rating_per_criterion"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rating", None),
                            models.Q(("rating__gte", 1), ("rating__lte", 5)),
                            _connector="OR",
                        ),
                        name="a_rating_is_1_to_5",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("rating__in", [1, 5]), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="a_rating_of_1_or_5_has_a_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RevisionDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rating", models.PositiveSmallIntegerField(null=True)),
                (
                    "confidence",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        default="medium",
                        max_length=8,
                    ),
                ),
                ("reason", models.TextField()),
                ("written_at", models.DateTimeField(default=ledger.clock.now)),
                (
                    "replaces",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revision_draft",
                        to="scoring.scorecardrating",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rating", None),
                            models.Q(("rating__gte", 1), ("rating__lte", 5)),
                            _connector="OR",
                        ),
                        name="revisiondraft_is_1_to_5",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="revisiondraft_has_a_reason"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RatingRevision",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("rating", models.PositiveSmallIntegerField(null=True)),
                (
                    "confidence",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        default="medium",
                        max_length=8,
                    ),
                ),
                ("reason", models.TextField()),
                ("written_at", models.DateTimeField(default=ledger.clock.now)),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revision",
                        to="scoring.scorecardrating",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rating", None),
                            models.Q(("rating__gte", 1), ("rating__lte", 5)),
                            _connector="OR",
                        ),
                        name="ratingrevision_is_1_to_5",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="ratingrevision_has_a_reason"
                    ),
                ],
            },
        ),
    ]
