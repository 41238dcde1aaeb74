"""Incidents over the API: read them, and report one."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.http import signed_in
from assurance import services
from assurance.models import Duty, Incident, IncidentQuerySet, Severity
from assurance.permissions import may_report
from assurance.selectors import incidents_for
from portfolio.models import Initiative


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """An incident as it stands: `severity` now, and its state."""

    reference = serializers.CharField(source="initiative.reference")
    severity = serializers.CharField(source="grade")
    state = serializers.SerializerMethodField()
    authority_told = serializers.BooleanField(source="is_told")
    stated_cost = serializers.DecimalField(max_digits=19, decimal_places=2, read_only=True, allow_null=True)
    failed_controls = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields: ClassVar[list[str]] = [
            "id", "initiative", "reference", "title", "severity", "state", "what", "happened_on",
            "noticed_on", "people_affected", "duty", "authority_due_on", "authority_told", "stated_cost",
            "currency", "failed_controls", "external_id",
        ]  # fmt: skip

    def get_state(self, incident: Incident) -> str:
        """open, contained or closed"""
        if getattr(incident, "is_closed", False):
            return "closed"
        return "contained" if getattr(incident, "is_contained", False) else "open"

    def get_failed_controls(self, incident: Incident) -> list[str]:
        """Codes of the control library"""
        return [row.code for row in incident.failed_controls.all()]


class ReportSerializer(serializers.Serializer[Any]):
    """A report. With the same `external_id` it is taken once."""

    initiative = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    title = serializers.CharField(max_length=200)
    severity = serializers.ChoiceField(choices=Severity.choices)
    what = serializers.CharField(max_length=4000)
    happened_on = serializers.DateField()
    noticed_on = serializers.DateField()
    people_affected = serializers.IntegerField(required=False, min_value=0, max_value=10**9)
    duty = serializers.ChoiceField(choices=Duty.choices, default=Duty.NONE)
    stated_cost = serializers.DecimalField(required=False, max_digits=15, decimal_places=2, min_value=0)
    failed_controls = serializers.ListField(
        child=serializers.CharField(max_length=12), required=False, max_length=20
    )
    external_id = serializers.CharField(required=False, max_length=100)


class IncidentViewSet(ReadOnlyModelViewSet[Incident]):
    """Incidents of initiatives that the caller may open."""

    queryset = Incident.objects.none()
    serializer_class = IncidentSerializer
    parser_classes = (JSONParser,)
    lookup_value_regex = r"\d{1,18}"
    filterset_fields: ClassVar[list[str]] = ["initiative", "duty"]
    actions_of_routes: ClassVar[dict[str, str]] = {
        "list": "incident.view",
        "retrieve": "incident.view",
        "create": "incident.report",
    }

    def get_queryset(self) -> IncidentQuerySet:
        """Whatever the caller may open, the newest first."""
        return incidents_for(signed_in(self.request)).prefetch_related("failed_controls")

    @extend_schema(request=ReportSerializer, responses={201: IncidentSerializer})
    def create(self, request: Request) -> Response:
        """Report an incident: the same checks as on the page."""
        user = signed_in(request)
        may_report(user, None).or_deny()
        form = ReportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        initiative = get_object_or_404(
            Initiative.objects.open_to(user).select_related("unit"), pk=values.pop("initiative")
        )
        may_report(user, initiative).or_deny()
        incident = services.report(initiative, **values, actor=user)
        found = self.get_queryset().get(pk=incident.pk)
        return Response(IncidentSerializer(found).data, status=status.HTTP_201_CREATED)
