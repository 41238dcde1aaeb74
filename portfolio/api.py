"""Proposals, measurements and actuals over the API. Reads are by queryset, writes by act."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.mixins import ListModelMixin
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.errors import Changed, Refused
from accounts.http import signed_in
from accounts.models import Unit
from portfolio import services
from portfolio.imports.postings import import_actuals
from portfolio.models import CaseDraft, Initiative
from portfolio.permissions import may_edit_draft, may_import_actuals, may_measure, may_start

LARGEST_FILE = 20 * 2**20
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description='The ETag of the draft that was read, such as "3"; * for whatever stands there.',
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

    def validate_month(self, value: date) -> date:
        """A month that people can have measured."""
        if not 1990 <= value.year < 2200:
            raise serializers.ValidationError("Choose a month between 1990 and 2199.")
        return value


class ActualsSerializer(serializers.Serializer[Any]):
    """A file of actuals, whole."""

    file = serializers.FileField()
    control_total = serializers.DecimalField(max_digits=19, decimal_places=4, required=False, allow_null=True)

    def validate_file(self, value: Any) -> Any:
        """A file that fits."""
        if value.size > LARGEST_FILE:
            raise serializers.ValidationError("At most 20 MB.")
        return value


class ReportLineSerializer(serializers.Serializer[Any]):
    """What became of one line of a file."""

    row = serializers.IntegerField()
    outcome = serializers.CharField()
    column = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of a file; `rows` is the sum of the other four."""

    rows = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    lines = ReportLineSerializer(many=True)


@extend_schema_view(list=extend_schema(description="All units, each above those below it."))
class UnitViewSet(ListModelMixin, GenericViewSet[Unit]):
    """The units of the organisation."""

    queryset = Unit.objects.order_by("path")
    serializer_class = UnitSerializer
    filter_backends = ()
    actions_of_routes: ClassVar[dict[str, str]] = {"list": "initiative.list"}


def draft_response(draft: CaseDraft) -> Response:
    """A draft with its ETag."""
    return Response(DraftSerializer(draft).data, headers={"ETag": f'"{draft.version}"'})


def start_proposal(request: Request) -> Initiative:
    """Start a proposal from a request's body."""
    actor = signed_in(request)
    may_start(actor).or_deny()
    form = NewProposalSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    return services.start_proposal(
        form.validated_data["unit"], title=form.validated_data["title"], actor=actor
    )


def draft_of(request: Request, initiative: Initiative) -> CaseDraft:
    """The initiative's draft; one that nobody wrote yet has version 0 and what is known."""
    may_edit_draft(signed_in(request), initiative).or_deny()
    found = CaseDraft.objects.filter(initiative=initiative).first()
    return found or CaseDraft(
        initiative=initiative,
        version=0,
        content=services.first_content(initiative),
        updated_at=initiative.created_at,
    )


def save_draft(request: Request, initiative: Initiative) -> CaseDraft:
    """Change the draft that If-Match names. Raises 428 without it and 412 when somebody saved meanwhile."""
    actor = signed_in(request)
    may_edit_draft(actor, initiative).or_deny()
    if not (etag := request.headers.get("If-Match", "").strip()):
        raise PreconditionRequired
    try:
        version = _seen_version(etag, initiative)
        form = DraftSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return services.save_draft(
            initiative, content=form.validated_data["content"], version=version, actor=actor
        )
    except Changed as error:
        raise PreconditionFailed(error.sentence, **error.details) from error


def _seen_version(etag: str, initiative: Initiative) -> int:
    """The version that an ETag names. Raises Changed when another one stands there."""
    if etag == "*":
        return services.version_of(initiative)
    plain = etag.removeprefix("W/").strip('"')
    version = int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else -1
    services.require_version(initiative, version)
    return version


def add_measurement(request: Request, initiative: Initiative) -> Response:
    """Report a KPI."""
    actor = signed_in(request)
    may_measure(actor, initiative).or_deny()
    form = MeasurementSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    services.measure(initiative, **form.validated_data, actor=actor)
    return Response(form.data, status=status.HTTP_201_CREATED)


class ActualsView(APIView):
    """Postings from the ERP: a file, accepted whole or not at all."""

    parser_classes = (MultiPartParser,)
    actions_of_routes: ClassVar[dict[str, str]] = {"post": "actuals.import"}

    @extend_schema(
        request={"multipart/form-data": ActualsSerializer},
        responses={201: OutcomeSerializer, 200: OutcomeSerializer},
    )
    def post(self, request: Request) -> Response:
        """Book a file of actuals: 201. The same file again changes nothing: 200."""
        actor = signed_in(request)
        may_import_actuals(actor).or_deny()
        form = ActualsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        total: Decimal | None = form.validated_data.get("control_total")
        name = file.name or "actuals.csv"
        outcome = import_actuals(file.read(), file_name=name, control_total=total, actor=actor)
        lines = [
            {
                "row": line.row_number,
                "outcome": line.outcome,
                "column": line.column,
                "value": line.value,
                "reason": line.reason,
            }
            for line in outcome.lines
        ]
        body = outcome.counts | {"lines": lines}
        if outcome.refusal:
            raise Refused(outcome.refusal, {"file": outcome.refusal}, **body)
        return Response(body, status=status.HTTP_201_CREATED if outcome.created else status.HTTP_200_OK)
