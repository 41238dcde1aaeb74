"""Initiatives with their figures, and the totals of a portfolio, over the API: the same as on the pages."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import F, FloatField, OuterRef, Q, Subquery, Value
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.http import signed_in
from accounts.models import Unit
from dashboards.selectors import MONEY, Portfolio, scores_of
from governance import gates
from portfolio import api as portfolio_api
from portfolio.models import ClosedKind, Domain, Initiative, OutcomeClass, RiskTier, Stage, Track
from portfolio.querysets import InitiativeQuerySet
from scoring.selectors import scores_out

RETURN_FIELDS = (
    "npv_submitted", "roi_submitted", "npv_p50", "roi_p50", "roi_p80", "roi_to_date", "forecast_npv",
    "forecast_roi",
)  # fmt: skip
COLUMNS = (
    "id", "reference", "title", "summary", "unit_id", "unit__name", "stage", "closed_kind", "track", "domain",
    "risk_tier", "reference_class", "outcome", "on_hold", "currency", "whole_life_cost", "submitted_at",
    "returnposition__currency", "returnposition__status", "returnposition__on_course_to",
    "returnposition__through_seq", *(f"returnposition__{name}" for name in (*MONEY, *RETURN_FIELDS)),
)  # fmt: skip
Values = Mapping[str, Any]


def _money(source: str | None = None) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=19, decimal_places=2, source=source, allow_null=True, read_only=True
    )


def _measure(source: str) -> serializers.FloatField:
    return serializers.FloatField(source=source, allow_null=True, read_only=True)


class InitiativeSerializer(serializers.Serializer[Any]):
    """An initiative with its figures. Amounts are texts in `figures_currency`; ratios are numbers."""

    id = serializers.IntegerField(read_only=True)
    reference = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    summary = serializers.CharField(read_only=True)
    unit = serializers.IntegerField(source="unit_id", read_only=True)
    unit_name = serializers.CharField(source="unit__name", read_only=True)
    stage = serializers.ChoiceField(choices=Stage.choices, read_only=True)
    closed = serializers.ChoiceField(
        choices=[("", ""), *ClosedKind.choices], source="closed_kind", read_only=True
    )
    track = serializers.ChoiceField(choices=[("", ""), *Track.choices], read_only=True)
    domain = serializers.ChoiceField(choices=[("", ""), *Domain.choices], read_only=True)
    risk_tier = serializers.ChoiceField(choices=[("", ""), *RiskTier.choices], read_only=True)
    reference_class = serializers.CharField(read_only=True)
    outcome = serializers.ChoiceField(choices=[("", ""), *OutcomeClass.choices], read_only=True)
    on_hold = serializers.BooleanField(read_only=True)
    currency = serializers.CharField(read_only=True)
    whole_life_cost = _money()
    submitted_at = serializers.DateTimeField(read_only=True, allow_null=True)
    score_low = serializers.FloatField(allow_null=True, read_only=True)
    score_high = serializers.FloatField(allow_null=True, read_only=True)
    figures_currency = serializers.CharField(
        source="returnposition__currency", allow_null=True, read_only=True
    )
    status = serializers.CharField(source="returnposition__status", allow_null=True, read_only=True)
    on_course_to = serializers.CharField(
        source="returnposition__on_course_to", allow_null=True, read_only=True
    )
    through_seq = serializers.IntegerField(
        source="returnposition__through_seq", allow_null=True, read_only=True
    )
    planned_cost = _money("returnposition__planned_cost")
    planned_benefit = _money("returnposition__planned_benefit")
    actual_cost = _money("returnposition__actual_cost")
    actual_cost_closed = _money("returnposition__actual_cost_closed")
    planned_cost_to_date = _money("returnposition__planned_cost_to_date")
    claimed_benefit = _money("returnposition__claimed_benefit")
    attested_benefit = _money("returnposition__attested_benefit")
    npv_submitted = _measure("returnposition__npv_submitted")
    roi_submitted = _measure("returnposition__roi_submitted")
    npv_p50 = _measure("returnposition__npv_p50")
    roi_p50 = _measure("returnposition__roi_p50")
    roi_p80 = _measure("returnposition__roi_p80")
    roi_to_date = _measure("returnposition__roi_to_date")
    forecast_npv = _measure("returnposition__forecast_npv")
    forecast_roi = _measure("returnposition__forecast_roi")


class Ordering(django_filters.OrderingFilter):
    """Orders with what is unknown last, and the newest first among equals, so that pages never overlap."""

    def filter(self, qs: InitiativeQuerySet, value: list[str] | None) -> InitiativeQuerySet:
        """The rows in the order asked for."""
        terms = []
        for name in value or ():
            column = str(self.get_ordering_value(name))
            field = F(column.removeprefix("-"))
            is_descending = column.startswith("-")
            terms.append(field.desc(nulls_last=True) if is_descending else field.asc(nulls_last=True))
        return qs.order_by(*terms, "-pk") if terms else qs


class YearFilter(django_filters.NumberFilter):
    """A whole number, so that no fraction of a year is rounded to one."""

    field_class = forms.IntegerField


class InitiativeFilter(django_filters.FilterSet):
    """Filters of the list."""

    q = django_filters.CharFilter(
        method="search", label="Text in reference, title or summary", max_length=200
    )
    unit = django_filters.ModelChoiceFilter(
        queryset=Unit.objects.all(), method="in_unit", label="A unit and all below it"
    )
    stage = django_filters.ChoiceFilter(choices=Stage.choices)
    domain = django_filters.ChoiceFilter(choices=Domain.choices)
    track = django_filters.ChoiceFilter(choices=Track.choices)
    risk_tier = django_filters.ChoiceFilter(choices=RiskTier.choices)
    reference = django_filters.CharFilter(max_length=20)
    year = YearFilter(
        field_name="fiscal_year", min_value=1990, max_value=2200, label="Fiscal year in which the plan begins"
    )
    ordering = Ordering(
        fields=(
            ("pk", "reference"), ("title", "title"), ("whole_life_cost", "whole_life_cost"),
            ("score_low", "score"), ("returnposition__roi_p50", "roi_p50"), ("submitted_at", "submitted_at"),
        )
    )  # fmt: skip

    class Meta:
        model = Initiative
        fields: ClassVar[list[str]] = []

    def search(self, rows: InitiativeQuerySet, name: str, value: str) -> InitiativeQuerySet:  # noqa: ARG002
        """Rows that hold the text."""
        held = Q(reference__istartswith=value) | Q(title__icontains=value) | Q(summary__icontains=value)
        return rows.filter(held)

    def in_unit(self, rows: InitiativeQuerySet, name: str, value: Unit) -> InitiativeQuerySet:  # noqa: ARG002
        """Rows of a unit and all below it."""
        return rows.filter(unit__path__startswith=value.path)


class InitiativeViewSet(GenericViewSet[Initiative]):
    """Initiatives that the caller may open whole."""

    queryset = Initiative.objects.none()
    serializer_class = InitiativeSerializer
    filterset_class = InitiativeFilter
    parser_classes = (JSONParser,)
    lookup_value_regex = r"[0-9]{1,18}"
    actions_of_routes: ClassVar[dict[str, str]] = {
        "list": "initiative.view",
        "retrieve": "initiative.view",
        "create": "initiative.create",
        "draft": "draft.edit",
        "save_draft": "draft.edit",
        "submit": "initiative.submit",
        "complete": "case.complete",
        "measurements": "measurement.add",
    }

    def get_queryset(self) -> InitiativeQuerySet:
        """Whatever the caller may open, the newest first."""
        return Initiative.objects.open_to(signed_in(self.request)).order_by("-pk")

    def list(self, request: Request) -> Response:
        """A page of initiatives with their figures."""
        rows = self.get_queryset()
        if "score" in request.query_params.get("ordering", ""):
            score = scores_out().filter(initiative=OuterRef("pk"))
            rows = rows.annotate(score_low=Subquery(score.values("low")[:1]))
        else:
            rows = rows.annotate(score_low=Value(None, output_field=FloatField()))
        page = self.paginate_queryset(self.filter_queryset(rows).values(*COLUMNS))
        return self.get_paginated_response(InitiativeSerializer(_with_scores(page or []), many=True).data)

    @extend_schema(responses=InitiativeSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """One initiative with its figures."""
        return self._one(int(pk))

    @extend_schema(request=portfolio_api.NewProposalSerializer, responses={201: InitiativeSerializer})
    def create(self, request: Request) -> Response:
        """Start a proposal."""
        initiative = portfolio_api.start_proposal(request)
        return self._one(initiative.pk, status.HTTP_201_CREATED)

    @extend_schema(responses=portfolio_api.DraftSerializer)
    @action(detail=True, methods=["get"])
    def draft(self, request: Request, pk: str) -> Response:
        """The draft of the case, with its ETag."""
        return portfolio_api.draft_response(portfolio_api.draft_of(request, self._initiative(pk)))

    @extend_schema(
        request=portfolio_api.DraftSerializer,
        responses=portfolio_api.DraftSerializer,
        parameters=[portfolio_api.IF_MATCH],
    )
    @draft.mapping.patch
    def save_draft(self, request: Request, pk: str) -> Response:
        """Change the fields of the draft that are sent."""
        return portfolio_api.draft_response(portfolio_api.save_draft(request, self._initiative(pk)))

    @extend_schema(request=None, responses={200: InitiativeSerializer})
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Submit the draft (G0). What is missing is listed under `missing`."""
        gates.submit(self._initiative(pk), actor=signed_in(request))
        return self._one(int(pk))

    @extend_schema(request=None, responses={200: InitiativeSerializer})
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        """Send the completed case for G2. What is missing is listed under `missing`."""
        gates.complete_case(self._initiative(pk), actor=signed_in(request))
        return self._one(int(pk))

    @extend_schema(
        request=portfolio_api.MeasurementSerializer, responses={201: portfolio_api.MeasurementSerializer}
    )
    @action(detail=True, methods=["post"])
    def measurements(self, request: Request, pk: str) -> Response:
        """Report a KPI; a second report for a month replaces the first."""
        return portfolio_api.add_measurement(request, self._initiative(pk))

    def _initiative(self, pk: str) -> Initiative:
        return get_object_or_404(self.get_queryset().select_related("unit"), pk=int(pk))

    def _one(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = get_object_or_404(self.get_queryset().values(*COLUMNS), pk=pk)
        return Response(InitiativeSerializer(_with_scores([row])[0]).data, status=code)


def _with_scores(rows: Sequence[Values]) -> list[Values]:
    scores = scores_of([row["id"] for row in rows])
    found = [(row, scores.get(row["id"])) for row in rows]
    return [
        {**row, "score_low": score and score.low, "score_high": score and score.high} for row, score in found
    ]


class TotalsSerializer(serializers.Serializer[Any]):
    """The totals of a portfolio, in the base currency."""

    initiatives = serializers.IntegerField()
    planned_cost = serializers.DecimalField(max_digits=24, decimal_places=2)
    planned_benefit = serializers.DecimalField(max_digits=24, decimal_places=2)
    actual_cost = serializers.DecimalField(max_digits=24, decimal_places=2)
    actual_cost_closed = serializers.DecimalField(max_digits=24, decimal_places=2)
    planned_cost_to_date = serializers.DecimalField(max_digits=24, decimal_places=2)
    claimed_benefit = serializers.DecimalField(max_digits=24, decimal_places=2)
    attested_benefit = serializers.DecimalField(max_digits=24, decimal_places=2)
    npv_submitted = serializers.DecimalField(max_digits=24, decimal_places=2)
    npv_p50 = serializers.DecimalField(max_digits=24, decimal_places=2)
    forecast_npv = serializers.DecimalField(max_digits=24, decimal_places=2)
    roi_submitted = serializers.FloatField(allow_null=True)
    roi_p50 = serializers.FloatField(allow_null=True)
    forecast_roi = serializers.FloatField(allow_null=True)
    committed = serializers.DecimalField(max_digits=24, decimal_places=2)
    released = serializers.DecimalField(max_digits=24, decimal_places=2)


class YearSerializer(serializers.Serializer[Any]):
    """The figures of one fiscal year."""

    fiscal_year = serializers.IntegerField()
    planned_cost = serializers.DecimalField(max_digits=24, decimal_places=2)
    planned_benefit = serializers.DecimalField(max_digits=24, decimal_places=2)
    actual_cost = serializers.DecimalField(max_digits=24, decimal_places=2)
    attested_benefit = serializers.DecimalField(max_digits=24, decimal_places=2)


class OutcomesSerializer(serializers.Serializer[Any]):
    """Numbers of initiatives by outcome; what was stopped early stands as failed."""

    met = serializers.IntegerField()
    partly_met = serializers.IntegerField()
    failed = serializers.IntegerField()


class FiguresSerializer(serializers.Serializer[Any]):
    """What the dashboards show."""

    currency = serializers.CharField()
    sentence = serializers.CharField()
    totals = TotalsSerializer()
    outcomes_set = OutcomesSerializer()
    on_course_to = OutcomesSerializer()
    years = YearSerializer(many=True)


class FiguresView(APIView):
    """The figures of the dashboards."""

    actions_of_routes: ClassVar[dict[str, str]] = {"get": "figures.read"}

    @extend_schema(
        responses=FiguresSerializer,
        parameters=[
            OpenApiParameter("unit", int, description="A unit and all below it"),
            OpenApiParameter("domain", str, enum=Domain.values),
            OpenApiParameter("year", int, description="Fiscal year in which the plan begins"),
        ],
    )
    def get(self, request: Request) -> Response:
        """Totals, outcomes and years of all initiatives that the caller may open."""
        portfolio = Portfolio(signed_in(request), request.query_params.dict())
        if not portfolio.is_valid:
            problems = {name: list(map(str, texts)) for name, texts in portfolio.form.errors.items()}
            raise serializers.ValidationError(problems)
        final, running = portfolio.outcomes
        body = {
            "currency": portfolio.currency,
            "sentence": portfolio.sentence(),
            "totals": portfolio.totals.as_dict(),
            "outcomes_set": final,
            "on_course_to": running,
            "years": portfolio.years,
        }
        return Response(FiguresSerializer(body).data)
