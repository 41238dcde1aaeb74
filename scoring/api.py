"""Scores and the model over the API: read only, and nothing of a score before its scoring closes."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.errors import InvalidMove
from accounts.http import TableAllows, signed_in
from portfolio.models import Initiative
from scoring.models import Criterion, Score, ScoringModel, ScoringModelQuerySet
from scoring.permissions import may_draft_model
from scoring.selectors import scores_out


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
    permission_classes = [IsAuthenticated, TableAllows]
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
    permission_classes = [IsAuthenticated, TableAllows]
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
