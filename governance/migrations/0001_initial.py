import django.db.models.deletion
import django.db.models.expressions
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

import ledger.clock
import portfolio.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("ledger", "0001_initial"),
        ("portfolio", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccessReview",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("on", models.DateField()),
                ("due_on", models.DateField()),
                (
                    "opened_by",
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
            name="Announced",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80)),
                ("is_finding", models.BooleanField()),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portfolio.initiative",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("initiative", "key"), name="nothing_is_told_twice")
                ],
            },
        ),
        migrations.CreateModel(
            name="Body",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(
                        error_messages={"unique": "There is a body of this name already."},
                        max_length=80,
                        unique=True,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("contributor", "contributor"),
                            ("unit_lead", "unit lead"),
                            ("unit_head", "unit head"),
                            ("assessor", "assessor"),
                            ("portfolio_office", "portfolio office"),
                            ("risk_officer", "risk officer"),
                            ("finance", "finance"),
                            ("board_member", "board member"),
                            ("cfo", "CFO"),
                            ("ceo", "CEO"),
                            ("auditor", "auditor"),
                            ("integrator", "integrator"),
                            ("administrator", "administrator"),
                        ],
                        max_length=32,
                    ),
                ),
                ("quorum", models.PositiveSmallIntegerField()),
                (
                    "proposed_by",
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
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quorum__gte", 1)), name="a_quorum_is_somebody"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockExtensionRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="extension_request",
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
            name="CoFunding",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("per_mille", models.PositiveSmallIntegerField()),
                ("reason", models.TextField()),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="co_fundings",
                        to="portfolio.initiative",
                    ),
                ),
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
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="co_fundings",
                        to="accounts.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("per_mille__gte", 1), ("per_mille__lte", 999)),
                        name="a_share_is_a_part",
                        violation_error_message="Write a share between 0.1 and 99.9 per cent.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Envelope",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                (
                    "bucket",
                    models.CharField(
                        choices=[("core", "core"), ("explore", "explore")], default="core", max_length=8
                    ),
                ),
                ("currency", models.CharField(default="USD", max_length=3)),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="envelopes",
                        to="accounts.unit",
                    ),
                ),
            ],
            options={
                "ordering": ["fiscal_year", "unit"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("unit", "fiscal_year", "bucket"), name="one_envelope_per_unit_year_and_bucket"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("item_key", models.CharField(max_length=60)),
                ("text", models.TextField()),
                ("expires_on", models.DateField(null=True)),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
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
            name="FamilySeparation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                        related_name="separations",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "other",
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("initiative", "other"),
                        name="two_initiatives_are_separated_once",
                        violation_error_message="These two are separated already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("initiative", models.F("other")), _negated=True),
                        name="an_initiative_is_not_separated_from_itself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FirstUser",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("on", models.DateField()),
                ("note", models.TextField()),
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
                        related_name="first_users",
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
            name="GateItem",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField()),
                (
                    "gate",
                    models.CharField(
                        choices=[
                            ("G0", "G0 register"),
                            ("G1", "G1 triage"),
                            ("G2", "G2 case"),
                            ("G3", "G3 pilot funding"),
                            ("G4", "G4 scale funding"),
                            ("G5", "G5 operate"),
                            ("G6", "G6 benefits"),
                            ("G7", "G7 retire"),
                        ],
                        max_length=2,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("key", models.CharField(max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("field", "Field of the case"),
                            ("threshold", "Threshold"),
                            ("evidence", "Evidence"),
                            ("confirmation", "Confirmation"),
                            ("control", "Control"),
                        ],
                        max_length=12,
                    ),
                ),
                ("is_must", models.BooleanField(default=True)),
                ("text", models.CharField(max_length=300)),
                ("supplied_by", models.CharField(max_length=60)),
                ("parameters", models.JSONField(default=dict)),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "ordering": ["version", "gate", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "gate", "key"), name="gate_items_differ")
                ],
            },
        ),
        migrations.CreateModel(
            name="GatePassage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "gate",
                    models.CharField(
                        choices=[
                            ("G0", "G0 register"),
                            ("G1", "G1 triage"),
                            ("G2", "G2 case"),
                            ("G3", "G3 pilot funding"),
                            ("G4", "G4 scale funding"),
                            ("G5", "G5 operate"),
                            ("G6", "G6 benefits"),
                            ("G7", "G7 retire"),
                        ],
                        max_length=2,
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("go", "Go"),
                            ("go_with_conditions", "Go with conditions"),
                            ("hold", "Hold"),
                            ("redesign", "Redesign"),
                            ("merge", "Merge"),
                            ("stop", "Stop"),
                        ],
                        default="go",
                        max_length=20,
                    ),
                ),
                ("gate_version", models.PositiveIntegerField()),
                ("items", models.JSONField()),
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
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gate_passages",
                        to="portfolio.businesscase",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gate_passages",
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
            name="GateSetDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content", models.JSONField()),
                ("based_on", models.PositiveIntegerField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("writers", models.JSONField(default=list)),
                ("updated_at", models.DateTimeField(default=ledger.clock.now)),
                ("only_one", models.BooleanField(default=True, unique=True)),
                (
                    "updated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("only_one", True)), name="one_draft_of_the_gates"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GateSetProposal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("content", models.JSONField()),
                ("content_hash", models.CharField(max_length=64)),
                ("based_on", models.PositiveIntegerField()),
                ("reason", models.TextField()),
                ("writers", models.JSONField()),
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
            name="Recommendation",
            fields=[
                (
                    "initiative",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="recommendation",
                        serialize=False,
                        to="portfolio.initiative",
                    ),
                ),
                ("through_seq", models.BigIntegerField()),
                ("on", models.DateField()),
                ("findings", models.JSONField(default=list)),
                ("proposal", models.CharField(blank=True, db_index=True, max_length=8)),
                ("clock_ends_on", models.DateField(null=True)),
                ("renewal_due_on", models.DateField(null=True)),
                ("would_free", portfolio.fields.MoneyField(default=0)),
                ("unspent", portfolio.fields.MoneyField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="WatchRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("through_seq", models.BigIntegerField(default=0)),
                ("on", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RecommendationAnswer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("keep", "Keep going"),
                            ("extend", "Extend the pilot by three months"),
                            ("hold", "Put it on hold"),
                            ("stop", "Stop it"),
                        ],
                        max_length=8,
                    ),
                ),
                ("findings", models.JSONField()),
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
                        related_name="recommendation_answers",
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
            name="Waiver",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "gate",
                    models.CharField(
                        choices=[
                            ("G0", "G0 register"),
                            ("G1", "G1 triage"),
                            ("G2", "G2 case"),
                            ("G3", "G3 pilot funding"),
                            ("G4", "G4 scale funding"),
                            ("G5", "G5 operate"),
                            ("G6", "G6 benefits"),
                            ("G7", "G7 retire"),
                        ],
                        max_length=2,
                    ),
                ),
                ("item_key", models.CharField(max_length=60)),
                ("text", models.CharField(max_length=300)),
                ("gate_version", models.PositiveIntegerField()),
                ("reason", models.TextField()),
                ("until", models.DateField()),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("contributor", "contributor"),
                            ("unit_lead", "unit lead"),
                            ("unit_head", "unit head"),
                            ("assessor", "assessor"),
                            ("portfolio_office", "portfolio office"),
                            ("risk_officer", "risk officer"),
                            ("finance", "finance"),
                            ("board_member", "board member"),
                            ("cfo", "CFO"),
                            ("ceo", "CEO"),
                            ("auditor", "auditor"),
                            ("integrator", "integrator"),
                            ("administrator", "administrator"),
                        ],
                        max_length=32,
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waivers",
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
                        condition=models.Q(("reason", ""), _negated=True),
                        name="a_waiver_has_a_reason",
                        violation_error_message="Write why.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="YearClosing",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("reason", models.TextField()),
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
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AccessReviewLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("grant", "Role"),
                            ("seat", "Seat in a body"),
                            ("deputy", "Deputy"),
                            ("token", "API token"),
                        ],
                        max_length=10,
                    ),
                ),
                ("object_id", models.BigIntegerField()),
                ("what", models.TextField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="governance.accessreview",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.unit"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("review", "kind", "object_id"), name="a_review_lists_each_thing_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorityVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(unique=True)),
                ("name", models.CharField(max_length=80)),
                ("valid_from", models.DateField()),
                ("tiers_up", models.JSONField(default=list)),
                ("informed_over", portfolio.fields.MoneyField(null=True)),
                ("informed_currency", models.CharField(default="USD", max_length=3)),
                ("content_hash", models.CharField(max_length=64)),
                ("reason", models.TextField(blank=True)),
                ("writers", models.JSONField(default=list)),
                (
                    "proposed_by",
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
                    "informed",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.body",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("informed", None), ("informed_over", None)),
                            models.Q(("informed__isnull", False), ("informed_over__gt", 0)),
                            _connector="OR",
                        ),
                        name="a_body_is_informed_over_an_amount",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BodyConfirmation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "body",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmation",
                        to="governance.body",
                    ),
                ),
                (
                    "confirmed_by",
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
            name="BodyMember",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from", models.DateField(default=ledger.clock.today)),
                ("valid_to", models.DateField(blank=True, null=True)),
                (
                    "body",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="governance.body",
                    ),
                ),
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
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("proposed_by", models.F("user")), _negated=True),
                        name="nobody_proposes_themselves_for_a_body",
                        violation_error_message="Nobody proposes themselves for a body.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                        ),
                        name="a_membership_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockExtension",
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
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grant",
                        to="governance.clockextensionrequest",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="CoFundingAgreement",
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
                    "co_funding",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreement",
                        to="governance.cofunding",
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
            name="EnvelopeChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("appropriation", "Appropriation"),
                            ("supplement", "Supplement"),
                            ("reduction", "Reduction"),
                            ("transfer", "Transfer"),
                            ("set_aside", "Contingency set aside"),
                            ("draw", "Contingency drawn"),
                            ("cap", "Cap"),
                            ("uncap", "Cap lifted"),
                            ("carry_over", "Carry-over"),
                        ],
                        max_length=16,
                    ),
                ),
                ("amount", portfolio.fields.MoneyField()),
                ("reason", models.TextField()),
                (
                    "envelope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="governance.envelope",
                    ),
                ),
                (
                    "into",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incoming",
                        to="governance.envelope",
                    ),
                ),
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
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)),
                        name="an_envelope_change_is_positive",
                        violation_error_message="Write an amount above zero; a reduction is a kind of its own.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("into__isnull", False), ("kind__in", ["transfer", "carry_over"])),
                            models.Q(
                                models.Q(("kind__in", ["transfer", "carry_over"]), _negated=True),
                                ("into", None),
                            ),
                            _connector="OR",
                        ),
                        name="only_money_that_moves_has_two_sides",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("into", None),
                            models.Q(("into", models.F("envelope")), _negated=True),
                            _connector="OR",
                        ),
                        name="no_envelope_gives_to_itself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FundingRound",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        error_messages={"unique": "There is a round of this name."},
                        max_length=80,
                        unique=True,
                    ),
                ),
                ("meets_on", models.DateField()),
                ("opened_at", models.DateTimeField(default=ledger.clock.now)),
                (
                    "envelopes",
                    models.ManyToManyField(related_name="funding_rounds", to="governance.envelope"),
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
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="funding_rounds",
                        to="accounts.unit",
                    ),
                ),
            ],
            options={
                "ordering": ["-meets_on", "-id"],
            },
        ),
        migrations.CreateModel(
            name="GateSetVerdict",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("is_in_force", models.BooleanField()),
                ("seen_hash", models.CharField(max_length=64)),
                ("reason", models.TextField()),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("contributor", "contributor"),
                            ("unit_lead", "unit lead"),
                            ("unit_head", "unit head"),
                            ("assessor", "assessor"),
                            ("portfolio_office", "portfolio office"),
                            ("risk_officer", "risk officer"),
                            ("finance", "finance"),
                            ("board_member", "board member"),
                            ("cfo", "CFO"),
                            ("ceo", "CEO"),
                            ("auditor", "auditor"),
                            ("integrator", "integrator"),
                            ("administrator", "administrator"),
                        ],
                        max_length=32,
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
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verdict",
                        to="governance.gatesetproposal",
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
            name="EnvelopeBalance",
            fields=[
                (
                    "envelope",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="balance",
                        serialize=False,
                        to="governance.envelope",
                    ),
                ),
                ("appropriated", portfolio.fields.MoneyField(default=0)),
                ("committed", portfolio.fields.MoneyField(default=0)),
                ("released", portfolio.fields.MoneyField(default=0)),
                ("contingency", portfolio.fields.MoneyField(default=0)),
                ("cap", portfolio.fields.MoneyField(null=True)),
                ("is_closed", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("contingency__gte", 0)),
                        name="contingency_is_not_negative",
                        violation_error_message="That is more than is set aside.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "committed__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("appropriated"), "-", models.F("contingency")
                                ),
                            )
                        ),
                        name="committed_stays_within_appropriated",
                        violation_error_message="The envelope has no room for this.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("released__gte", 0), ("released__lte", models.F("committed"))),
                        name="released_stays_within_committed",
                        violation_error_message="That is more than is committed.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="YearClosingConfirmation",
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
                    "closing",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmation",
                        to="governance.yearclosing",
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
            name="AccessReviewAnswer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kept", models.BooleanField()),
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
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answer",
                        to="governance.accessreviewline",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AgendaChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("added", "Added"), ("removed", "Removed"), ("moved", "Moved")], max_length=8
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(null=True)),
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
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="governance.fundinground",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AgendaItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("go", "Go"),
                            ("go_with_conditions", "Go with conditions"),
                            ("hold", "Hold"),
                            ("redesign", "Redesign"),
                            ("merge", "Merge"),
                            ("stop", "Stop"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount", portfolio.fields.MoneyField(default=0)),
                ("first_tranche", portfolio.fields.MoneyField(default=0)),
                ("hold_until", models.DateField(blank=True, null=True)),
                ("conditions", models.JSONField(default=list)),
                ("reason", models.TextField(blank=True)),
                ("position", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "merge_into",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="agenda",
                        to="governance.fundinground",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "initiative"),
                        name="an_initiative_stands_once_on_an_agenda",
                        violation_error_message="It is on this agenda already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorityAdoption",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("in_force_from", models.DateField()),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adoption",
                        to="governance.authorityversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AuthorityApproval",
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
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="governance.authorityversion",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "by"),
                        name="one_vote_per_person_and_authority",
                        violation_error_message="You voted on this version already.",
                    ),
                    models.UniqueConstraint(
                        fields=("version", "role"),
                        name="one_vote_per_seat_and_authority",
                        violation_error_message="This seat voted on this version already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("vote", "for"), models.Q(("reason", ""), _negated=True), _connector="OR"
                        ),
                        name="a_refused_authority_has_a_reason",
                        violation_error_message="Say why you refuse it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorityDraft",
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
                    "updated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="governance.authorityversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("place", 1)),
                        name="there_is_one_authority_draft",
                        violation_error_message="A draft of the next authority is open already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorityStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("limit", portfolio.fields.MoneyField(null=True)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("tiers", models.JSONField(default=list)),
                (
                    "bucket",
                    models.CharField(
                        choices=[("any", "Explore and core"), ("explore", "Explore"), ("core", "Core")],
                        default="any",
                        max_length=8,
                    ),
                ),
                ("valid_from", models.DateField(null=True)),
                ("valid_to", models.DateField(null=True)),
                ("in_order", models.BooleanField(default=False)),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="governance.authorityversion",
                    ),
                ),
            ],
            options={
                "ordering": ["version", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "position"), name="authority_steps_have_an_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("limit", None), ("limit__gt", 0), _connector="OR"),
                        name="a_limit_is_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BodyMemberConfirmation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmation",
                        to="governance.bodymember",
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
            name="BodyMemberEnd",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                (
                    "ended_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ending",
                        to="governance.bodymember",
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
            name="EnvelopeConfirmation",
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
                    "change",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmation",
                        to="governance.envelopechange",
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
            name="EnvelopeRefusal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    "change",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refusal",
                        to="governance.envelopechange",
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
            name="GateSet",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(unique=True)),
                ("material", models.JSONField()),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "verdict",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gate_set",
                        to="governance.gatesetverdict",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RoundPack",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveSmallIntegerField()),
                ("content", models.JSONField()),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "frozen_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
                        to="governance.fundinground",
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
                "ordering": ["round", "-version"],
                "constraints": [
                    models.UniqueConstraint(fields=("round", "version"), name="packs_of_a_round_count_up")
                ],
            },
        ),
        migrations.CreateModel(
            name="Departure",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("funded_below", "funded below the line, past a higher rank"),
                            ("not_funded_above", "not funded, though above the line"),
                        ],
                        max_length=20,
                    ),
                ),
                ("price", portfolio.fields.MoneyField(null=True)),
                ("reason", models.TextField()),
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
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="departures",
                        to="governance.roundpack",
                    ),
                ),
            ],
            options={
                "ordering": ["pack", "id"],
            },
        ),
        migrations.CreateModel(
            name="FundingCandidate",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("by_rank", "By rank"),
                            ("as_proposed", "As proposed"),
                            ("optimised", "Optimised"),
                        ],
                        max_length=12,
                    ),
                ),
                ("chosen", models.JSONField()),
                ("cost", portfolio.fields.MoneyField()),
                ("expected_value", portfolio.fields.MoneyField()),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="candidates",
                        to="governance.roundpack",
                    ),
                ),
            ],
            options={
                "ordering": ["pack", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("pack", "kind"), name="one_candidate_of_a_kind")
                ],
            },
        ),
        migrations.CreateModel(
            name="RoundClosing",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("content", models.JSONField()),
                ("note", models.TextField(blank=True)),
                ("minutes", models.FileField(upload_to="minutes/%Y")),
                ("name", models.CharField(max_length=120)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "round",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="closing",
                        to="governance.fundinground",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.roundpack",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Seat",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("contributor", "contributor"),
                            ("unit_lead", "unit lead"),
                            ("unit_head", "unit head"),
                            ("assessor", "assessor"),
                            ("portfolio_office", "portfolio office"),
                            ("risk_officer", "risk officer"),
                            ("finance", "finance"),
                            ("board_member", "board member"),
                            ("cfo", "CFO"),
                            ("ceo", "CEO"),
                            ("auditor", "auditor"),
                            ("integrator", "integrator"),
                            ("administrator", "administrator"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "body",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.body",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seats",
                        to="governance.authoritystep",
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
                "ordering": ["step", "position"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(models.Q(("role", ""), _negated=True), ("body", None), ("person", None)),
                            models.Q(("body", None), ("person__isnull", False), ("role", "")),
                            models.Q(("body__isnull", False), ("person", None), ("role", "")),
                            _connector="OR",
                        ),
                        name="a_seat_is_of_a_role_a_person_or_a_body",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningRound",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "gate",
                    models.CharField(
                        choices=[
                            ("G0", "G0 register"),
                            ("G1", "G1 triage"),
                            ("G2", "G2 case"),
                            ("G3", "G3 pilot funding"),
                            ("G4", "G4 scale funding"),
                            ("G5", "G5 operate"),
                            ("G6", "G6 benefits"),
                            ("G7", "G7 retire"),
                        ],
                        max_length=2,
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("go", "Go"),
                            ("go_with_conditions", "Go with conditions"),
                            ("hold", "Hold"),
                            ("redesign", "Redesign"),
                            ("merge", "Merge"),
                            ("stop", "Stop"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount", portfolio.fields.MoneyField()),
                ("first_tranche", portfolio.fields.MoneyField()),
                ("currency", models.CharField(max_length=3)),
                ("tested_amount", portfolio.fields.MoneyField()),
                ("conditions", models.JSONField(default=list)),
                ("reason", models.TextField()),
                ("content", models.JSONField()),
                ("content_hash", models.CharField(max_length=64)),
                ("due_on", models.DateField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signing_rounds",
                        to="portfolio.businesscase",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signing_rounds",
                        to="portfolio.initiative",
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
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.authoritystep",
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
                        condition=models.Q(
                            ("amount__gte", 0),
                            ("first_tranche__gte", 0),
                            ("first_tranche__lte", models.F("amount")),
                        ),
                        name="the_first_tranche_lies_within_the_amount",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BoardResolution",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reference", models.CharField(max_length=100)),
                ("text", models.TextField()),
                (
                    "attachment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.attachment",
                    ),
                ),
                (
                    "recorded_by",
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
                    "signing",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resolution",
                        to="governance.signinground",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "gate",
                    models.CharField(
                        choices=[
                            ("G0", "G0 register"),
                            ("G1", "G1 triage"),
                            ("G2", "G2 case"),
                            ("G3", "G3 pilot funding"),
                            ("G4", "G4 scale funding"),
                            ("G5", "G5 operate"),
                            ("G6", "G6 benefits"),
                            ("G7", "G7 retire"),
                        ],
                        max_length=2,
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("go", "Go"),
                            ("go_with_conditions", "Go with conditions"),
                            ("hold", "Hold"),
                            ("redesign", "Redesign"),
                            ("merge", "Merge"),
                            ("stop", "Stop"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount", portfolio.fields.MoneyField(default=0)),
                ("currency", models.CharField(max_length=3)),
                ("amount_in_base", portfolio.fields.MoneyField(default=0)),
                ("rate_of_record", models.CharField(default="1", max_length=30)),
                ("reason", models.TextField()),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="portfolio.businesscase",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
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
                    "signing",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decision",
                        to="governance.signinground",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SigningNotice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "stage",
                    models.CharField(
                        choices=[("reminded", "Reminded"), ("escalated", "Escalated")], max_length=10
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.authoritystep",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "signing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="governance.signinground",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("signing", "stage"), name="each_stage_of_waiting_is_told_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Signature",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("contributor", "contributor"),
                            ("unit_lead", "unit lead"),
                            ("unit_head", "unit head"),
                            ("assessor", "assessor"),
                            ("portfolio_office", "portfolio office"),
                            ("risk_officer", "risk officer"),
                            ("finance", "finance"),
                            ("board_member", "board member"),
                            ("cfo", "CFO"),
                            ("ceo", "CEO"),
                            ("auditor", "auditor"),
                            ("integrator", "integrator"),
                            ("administrator", "administrator"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "vote",
                    models.CharField(
                        choices=[("for", "For"), ("against", "Against"), ("abstain", "Abstain")], max_length=8
                    ),
                ),
                ("reason", models.TextField()),
                ("seen_hash", models.CharField(max_length=64)),
                ("is_conflicted", models.BooleanField(default=False)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "on_behalf_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "seat",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.seat",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "signing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="governance.signinground",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("signing", "by"),
                        name="one_signature_per_person",
                        violation_error_message="You signed this already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("on_behalf_of__isnull", False)),
                        fields=("signing", "on_behalf_of"),
                        name="nobody_is_signed_for_twice",
                        violation_error_message="A deputy signed for this person already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_conflicted", False), ("vote", "abstain"), _connector="OR"),
                        name="the_conflicted_only_abstain",
                        violation_error_message="Who has a part in it may only abstain.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoundItem",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("place", models.PositiveSmallIntegerField()),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="round_items",
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
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="governance.roundpack",
                    ),
                ),
                (
                    "signing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="round_items",
                        to="governance.signinground",
                    ),
                ),
            ],
            options={
                "ordering": ["pack", "place"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("pack", "initiative"), name="an_initiative_stands_once_in_a_pack"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningRoundEnd",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("decided", "Decided"), ("refused", "Refused"), ("withdrawn", "Withdrawn")],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "signing",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ending",
                        to="governance.signinground",
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
            name="BoardResolutionConfirmation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "resolution",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmation",
                        to="governance.boardresolution",
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
            name="Condition",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("text", models.TextField()),
                ("due_on", models.DateField()),
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
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conditions",
                        to="governance.decision",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DecisionReopening",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "gate",
                    models.CharField(
                        choices=[
                            ("G0", "G0 register"),
                            ("G1", "G1 triage"),
                            ("G2", "G2 case"),
                            ("G3", "G3 pilot funding"),
                            ("G4", "G4 scale funding"),
                            ("G5", "G5 operate"),
                            ("G6", "G6 benefits"),
                            ("G7", "G7 retire"),
                        ],
                        max_length=2,
                    ),
                ),
                ("changes", models.JSONField()),
                ("reason", models.TextField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.businesscase",
                    ),
                ),
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reopening",
                        to="governance.decision",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reopenings",
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
            name="StopRule",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(default="words", max_length=12)),
                ("parameters", models.JSONField(default=dict)),
                ("text", models.TextField()),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stop_rules",
                        to="governance.decision",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stop_rules",
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
            name="Tranche",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("amount", portfolio.fields.MoneyField()),
                ("due_on", models.DateField()),
                ("earned_by", models.TextField(blank=True)),
                ("revision", models.PositiveSmallIntegerField(default=0)),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tranches",
                        to="governance.decision",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tranches",
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
                "ordering": ["decision", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("decision", "revision", "number"), name="tranches_count_up"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_tranche_is_positive"
                    ),
                ],
            },
            managers=[
                ("every", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="TranchePlan",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tranche_plans",
                        to="governance.decision",
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
            name="ConditionReminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("soon", "A week before its day"),
                            ("due", "On its day"),
                            ("overdue", "After its day"),
                            ("late", "Two weeks after its day"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "condition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="governance.condition",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("condition", "stage"), name="a_condition_is_chased_once_a_stage"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConditionReport",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("evidence", models.TextField()),
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
                    "condition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="governance.condition",
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
            name="TrancheHold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("until", models.DateField()),
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
                    "tranche",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="governance.tranche",
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
            name="TrancheDrop",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "tranche",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drop",
                        to="governance.tranche",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dropped",
                        to="governance.trancheplan",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TrancheRelease",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    "tranche",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="release",
                        to="governance.tranche",
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
            name="TrancheRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("evidence", models.TextField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tranche",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="governance.tranche",
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
            name="ClawBack",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount", portfolio.fields.MoneyField()),
                ("reason", models.TextField()),
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
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claw_backs",
                        to="governance.trancherelease",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_claw_back_is_positive"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConditionReview",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("is_accepted", models.BooleanField()),
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
                    "report",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="review",
                        to="governance.conditionreport",
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
                        condition=models.Q(
                            ("is_accepted", True), models.Q(("reason", ""), _negated=True), _connector="OR"
                        ),
                        name="what_is_sent_back_says_why",
                        violation_error_message="Say what is missing.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TrancheHoldLift",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    "hold",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lift",
                        to="governance.tranchehold",
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
            name="ClawBackConfirmation",
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
                    "claw_back",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmation",
                        to="governance.clawback",
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
            name="Commitment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("amount", portfolio.fields.MoneyField()),
                (
                    "bucket",
                    models.CharField(
                        choices=[("core", "core"), ("explore", "explore")], default="core", max_length=8
                    ),
                ),
                (
                    "bearer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                (
                    "clawed_back_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commitments",
                        to="governance.clawback",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commitments",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "shared_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commitments",
                        to="governance.cofunding",
                    ),
                ),
                (
                    "takes_up",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taken_up_by",
                        to="governance.commitment",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commitments",
                        to="governance.decision",
                    ),
                ),
                (
                    "envelope",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commitments",
                        to="governance.envelope",
                    ),
                ),
                (
                    "carried_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commitments",
                        to="governance.envelopechange",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("bearer__isnull", False), ("envelope", None)),
                            models.Q(("bearer", None), ("envelope__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_forward_commitment_names_its_bearer",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReleaseLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount", portfolio.fields.MoneyField()),
                (
                    "carried_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="release_lines",
                        to="governance.envelopechange",
                    ),
                ),
                (
                    "clawed_back_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="release_lines",
                        to="governance.clawback",
                    ),
                ),
                (
                    "envelope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="releases",
                        to="governance.envelope",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="governance.trancherelease",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
