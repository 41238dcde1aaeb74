"""Proposals, measurements and actuals over the API. Reads are by queryset, writes by act."""

from decimal import Decimal
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.errors import Changed
from accounts.http import signed_in
from accounts.models import Unit
from django.shortcuts import get_object_or_404
from portfolio import services
from portfolio.imports.postings import import_actuals
from portfolio.models import CaseDraft, Initiative
from portfolio.permissions import may_edit_draft, may_import_actuals, may_measure, may_start

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description='The draft\'s ETag, such as "3".'
)


class PreconditionRequired(APIException):
    """The request must say which version it changes."""

    status_code = 428
    default_code = "precondition-required"
    default_detail = "Send If-Match with the ETag of the draft that you read."


class PreconditionFailed(Changed):
    """The draft was saved by somebody else; `changes` says what differs."""

    code = "precondition-failed"
    status = 412


class UnitSerializer(serializers.ModelSerializer[Unit]):
    """A unit and where it stands."""

    class Meta:
        model = Unit
        fields = ("id", "name", "parent", "external_id")


class DraftSerializer(serializers.Serializer[CaseDraft]):
    """A draft: its content as docs/api.md describes it, and its version."""

    version = serializers.IntegerField(read_only=True)
    content = serializers.DictField(child=serializers.JSONField(allow_null=True))
    updated_at = serializers.DateTimeField(read_only=True)


class NewProposalSerializer(serializers.Serializer[Any]):
    """Start a proposal."""

    unit = serializers.PrimaryKeyRelatedField(queryset=Unit.objects.filter(closed_on=None))
    title = serializers.CharField(max_length=300)


class MeasurementSerializer(serializers.Serializer[Any]):
    """The value of a KPI over a month."""

    kpi_key = serializers.CharField(max_length=40)
    month = serializers.DateField(help_text="Any day of the month.")
    value = serializers.DecimalField(max_digits=19, decimal_places=4)
    note = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class ActualsSerializer(serializers.Serializer[Any]):
    """A file of actuals, whole."""

    file = serializers.FileField()
    control_total = serializers.DecimalField(max_digits=19, decimal_places=4, required=False, allow_null=True)


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of a file."""

    rows = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    refusal = serializers.CharField(allow_blank=True)
    lines = serializers.ListField(child=serializers.DictField())


class UnitViewSet(GenericViewSet[Unit]):
    """The units of the organisation."""

    queryset = Unit.objects.all().order_by("path")
    serializer_class = UnitSerializer
    actions_of_routes: ClassVar[dict[str, str]] = {"list": "initiative.list"}

    def list(self, request: Request) -> Response:
        """All units, in the order of the tree."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(UnitSerializer(page, many=True).data)


def draft_response(draft: CaseDraft, status_code: int = status.HTTP_200_OK) -> Response:
    """A draft with its ETag."""
    return Response(DraftSerializer(draft).data, status=status_code, headers={"ETag": f'"{draft.version}"'})


def start_proposal(request: Request) -> Initiative:
    """Start a proposal from a request's body."""
    actor = signed_in(request)
    form = NewProposalSerializer(data=request.data)
    may_start(actor).or_deny()
    form.is_valid(raise_exception=True)
    return services.start_proposal(
        form.validated_data["unit"], title=form.validated_data["title"], actor=actor
    )


def save_draft(request: Request, initiative: Initiative) -> CaseDraft:
    """Change the draft that If-Match names. Raises 428 without it and 412 when somebody saved meanwhile."""
    actor = signed_in(request)
    may_edit_draft(actor, initiative).or_deny()
    etag = request.headers.get("If-Match", "").removeprefix("W/").strip('"')
    if not etag:
        raise PreconditionRequired
    form = DraftSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        return services.save_draft(
            initiative,
            content=form.validated_data["content"],
            version=int(etag) if etag.isdigit() and len(etag) < 10 else 0,
            actor=actor,
        )
    except Changed as error:
        raise PreconditionFailed(error.sentence, **error.details) from error


def add_measurement(request: Request, initiative: Initiative) -> Response:
    """Report a KPI."""
    actor = signed_in(request)
    may_measure(actor, initiative).or_deny()
    form = MeasurementSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    services.measure(initiative, **form.validated_data, actor=actor)
    return Response(form.data, status=status.HTTP_201_CREATED)


def draft_of(initiative: Initiative) -> CaseDraft:
    """The initiative's draft, or 404."""
    return get_object_or_404(CaseDraft.objects.select_related("updated_by"), initiative=initiative)


class ActualsView(APIView):
    """Postings from the ERP: a file, accepted whole or not at all."""

    parser_classes = (MultiPartParser, JSONParser)
    actions_of_routes: ClassVar[dict[str, str]] = {"post": "actuals.import"}

    @extend_schema(request=ActualsSerializer, responses={201: OutcomeSerializer, 200: OutcomeSerializer})
    def post(self, request: Request) -> Response:
        """Book a file of actuals. The same file again changes nothing."""
        actor = signed_in(request)
        may_import_actuals(actor).or_deny()
        form = ActualsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        total: Decimal | None = form.validated_data.get("control_total")
        outcome = import_actuals(
            file.read(), file_name=file.name or "actuals.csv", control_total=total, actor=actor
        )
        body = outcome.counts | {
            "refusal": outcome.refusal,
            "lines": [
                {"row": line.row_number, "outcome": line.outcome, "column": line.column, "value": line.value,
                 "reason": line.reason}
                for line in outcome.lines
            ],
        }  # fmt: skip
        if outcome.refusal:
            code = status.HTTP_422_UNPROCESSABLE_ENTITY
        else:
            code = status.HTTP_201_CREATED if outcome.created else status.HTTP_200_OK
        return Response(body, status=code)
