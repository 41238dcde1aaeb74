import django.db.models.deletion
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
            name="Envelope",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fiscal_year", models.PositiveSmallIntegerField()),
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
                        fields=("unit", "fiscal_year"), name="one_envelope_per_unit_and_year"
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
            name="AuthorityStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField()),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("limit", portfolio.fields.MoneyField(null=True)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("valid_from", models.DateField()),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.transaction"
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
                    )
                ],
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
            name="Seat",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField()),
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
                ("votes", models.PositiveSmallIntegerField(default=1)),
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
            name="AccessReviewLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("grant", "Role"), ("deputy", "Deputy"), ("token", "API token")],
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
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("committed__lte", models.F("appropriated"))),
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
            name="Signature",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                ("vote", models.CharField(choices=[("for", "For"), ("against", "Against")], max_length=8)),
                ("reason", models.TextField()),
                ("seen_hash", models.CharField(max_length=64)),
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
            name="Commitment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("amount", portfolio.fields.MoneyField()),
                (
                    "initiative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commitments",
                        to="portfolio.initiative",
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
                    models.UniqueConstraint(fields=("decision", "number"), name="tranches_count_up"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_tranche_is_positive"
                    ),
                ],
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
            name="ReleaseLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount", portfolio.fields.MoneyField()),
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
