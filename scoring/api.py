"""Scores and the model over the API: read only, and nothing of a score before its scoring closes."""

import math
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.errors import InvalidMove
from accounts.http import signed_in
from portfolio.models import Initiative
from scoring import engine
from scoring.models import Criterion, EvidenceGrade, Score, ScoringModel, ScoringModelQuerySet
from scoring.permissions import may_draft_model
from scoring.selectors import model_of, scores_out


class ContributionSerializer(serializers.Serializer[Any]):
    """What one criterion adds to a score, in points, with the range of its rating."""

    key = serializers.CharField()
    title = serializers.CharField()
    dimension = serializers.CharField()
    rating_low = serializers.FloatField()
    rating_high = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    spread = serializers.FloatField(allow_null=True)


class ScoreSerializer(serializers.ModelSerializer[Score]):
    """The score of the newest closed scoring: `low` decides, `point` stands only at full coverage."""

    reference = serializers.CharField(source="initiative.reference")
    case_version = serializers.IntegerField(source="round.case.version")
    model_version = serializers.IntegerField(source="model.version")
    closed_at = serializers.DateTimeField(source="round.closing.transaction.at")
    contributions = ContributionSerializer(many=True)

    class Meta:
        model = Score
        fields = [
            "initiative", "reference", "case_version", "model_version", "closed_at",
            "low", "high", "point", "coverage",
            "feasibility_low", "feasibility_high", "cost_low", "cost_high", "impact_low", "impact_high",
            "evidence_grade", "contributions", "through_seq", "on", "formula",
        ]  # fmt: skip


class ScoreViewSet(ReadOnlyModelViewSet[Score]):
    """Scores by initiative."""

    serializer_class = ScoreSerializer
    actions_of_routes = {"list": "initiative.view", "retrieve": "initiative.view"}
    filterset_fields = ["initiative", "evidence_grade"]
    lookup_field = "initiative"
    # For the description of the API; what is read is `get_queryset`.
    queryset = Score.objects.none()

    def get_queryset(self) -> QuerySet[Score]:
        """Those that are out, of initiatives that the reader may open."""
        open_ones = Initiative.objects.open_to(signed_in(self.request))
        return (
            scores_out()
            .filter(initiative__in=open_ones)
            .select_related("initiative", "round__case", "model", "round__closing__transaction")
            .order_by("-low", "-feasibility_low", "initiative__reference")
        )


class TrialSerializer(serializers.Serializer[Any]):
    """Answers to score: whole scorecards and the values of computed criteria; what is left out is unknown."""

    scorecards = serializers.ListField(
        child=serializers.DictField(
            child=serializers.IntegerField(min_value=1, max_value=5, allow_null=True),
        ),
        min_length=1,
        max_length=9,
    )
    computed = serializers.DictField(child=serializers.FloatField(allow_null=True), default=dict)
    knock_outs = serializers.DictField(child=serializers.BooleanField(allow_null=True), default=dict)
    evidence_grade = serializers.ChoiceField(EvidenceGrade.choices, default=EvidenceGrade.CLAIM)
    explore = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Names that the model in force has, and values that are numbers."""
        model = self.context["model"]
        known = {
            "scorecards": {criterion.key for criterion in model.judged()},
            "computed": {criterion.key for criterion in model.computed()},
            "knock_outs": {str(knock_out) for knock_out in model.knock_outs},
        }
        given = {
            "scorecards": {key for card in attrs["scorecards"] for key in card},
            "computed": set(attrs["computed"]),
            "knock_outs": set(attrs["knock_outs"]),
        }
        errors = {
            name: f"Not in the model: {', '.join(sorted(strange))}."
            for name in known
            if (strange := given[name] - known[name])
        }
        if any(value is not None and not math.isfinite(value) for value in attrs["computed"].values()):
            errors["computed"] = "Numbers only."
        if errors:
            raise serializers.ValidationError(errors)
        return attrs


class TrialDimensionSerializer(serializers.Serializer[Any]):
    """One dimension, 0 to 100 by its own weights."""

    key = serializers.CharField()
    title = serializers.CharField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class TrialHurdleSerializer(serializers.Serializer[Any]):
    """One hurdle and the low end that was held against it."""

    measure = serializers.CharField()
    at_least = serializers.FloatField()
    low = serializers.FloatField()
    is_met = serializers.BooleanField()


class TrialResultSerializer(serializers.Serializer[Any]):
    """The score that these answers have under the model in force, and its parts; nothing is saved."""

    model_version = serializers.IntegerField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    point = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField()
    dimensions = TrialDimensionSerializer(many=True)
    contributions = ContributionSerializer(many=True)
    hurdles = TrialHurdleSerializer(many=True)
    knocked_out = serializers.ListField(child=serializers.CharField())
    unanswered = serializers.ListField(child=serializers.CharField())
    is_eligible = serializers.BooleanField()
    evidence_grade = serializers.CharField()


class ScoreTrialView(APIView):
    """Score answers without saving them, by the function that scores every case."""

    actions_of_routes: ClassVar[dict[str, str]] = {"post": "score.try"}

    @extend_schema(request=TrialSerializer, responses=TrialResultSerializer)
    def post(self, request: Request) -> Response:
        """The score, its range, its parts and the version of the model."""
        model = model_of(ScoringModel.objects.in_force())
        form = TrialSerializer(data=request.data, context={"model": model})
        form.is_valid(raise_exception=True)
        given = form.validated_data
        case = engine.score_case(
            model,
            given["scorecards"],
            given["computed"],
            knock_outs=given["knock_outs"],
            evidence_grade=given["evidence_grade"],
        )
        explore = given["explore"]
        answer = vars(case) | {
            "model_version": model.version,
            "hurdles": case.hurdles(model, explore=explore),
            "is_eligible": case.is_eligible(model, explore=explore),
        }
        return Response(TrialResultSerializer(answer).data)


class CriterionSerializer(serializers.ModelSerializer[Criterion]):
    """One criterion with its scale in words; `weight` is percent of its dimension."""

    knots = serializers.SerializerMethodField()

    class Meta:
        model = Criterion
        fields = ["key", "dimension", "title", "question", "weight", "kind", "levels", "knots"]

    @extend_schema_field(serializers.ListField(child=serializers.ListField(child=serializers.FloatField())))
    def get_knots(self, criterion: Criterion) -> list[list[float]]:
        """Pairs of value and rating of a computed criterion; empty for a judged one."""
        return [[float(value), float(rating)] for value, rating in criterion.knots]


class ScoringModelSerializer(serializers.ModelSerializer[ScoringModel]):
    """A published version; the highest one is in force."""

    criteria = CriterionSerializer(many=True)
    published_at = serializers.DateTimeField(source="publication.transaction.at")

    class Meta:
        model = ScoringModel
        fields = ["version", "name", "published_at", "settings", "criteria"]


class ScoringModelViewSet(ReadOnlyModelViewSet[ScoringModel]):
    """Published versions of the scoring model by version, the newest first; they never change."""

    serializer_class = ScoringModelSerializer
    actions_of_routes = {
        "list": "model.view",
        "retrieve": "model.view",
        "update": "model.draft",
        "partial_update": "model.draft",
    }
    lookup_field = "version"
    queryset = ScoringModel.objects.none()

    def get_queryset(self) -> ScoringModelQuerySet:
        """Published ones only: a draft version is nobody's rule."""
        published = ScoringModel.objects.published()
        return (
            published.select_related("publication__transaction")
            .prefetch_related("criteria")
            .order_by("-version")
        )

    @extend_schema(request=None, responses={409: OpenApiTypes.OBJECT})
    def update(self, request: Request, version: str) -> Response:
        """Refused: a published version never changes. Raises InvalidMove."""
        may_draft_model(signed_in(request)).or_deny()
        raise InvalidMove(
            f"Version {self.get_object().version} is published and never changes: draft the next version."
        )

    @extend_schema(request=None, responses={409: OpenApiTypes.OBJECT})
    def partial_update(self, request: Request, version: str) -> Response:
        """Refused, too. Raises InvalidMove."""
        return self.update(request, version)
