"""Signing rounds and envelopes over the API; signing is for a signed-in person, never for a token."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import policy
from accounts.http import signed_in, step_up
from accounts.models import Unit
from governance import authority, envelope_figures, services
from governance.models import (
    Bucket,
    Envelope,
    EnvelopeChange,
    Signature,
    SigningRound,
    SigningRoundQuerySet,
)
from governance.permissions import may_propose_envelope, may_sign
from governance.selectors import rounds_for


def _amount(**values: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=19, decimal_places=2, read_only=True, **values)


class SignatureSerializer(serializers.ModelSerializer[Signature]):
    """One signature that was given."""

    by = serializers.CharField(source="by.name")

    class Meta:
        model = Signature
        fields: ClassVar[list[str]] = ["by", "role", "vote", "reason", "seen_hash"]


class SigningRoundSerializer(serializers.ModelSerializer[SigningRound]):
    """A proposed decision: the frozen pack in `content`, bound by `content_hash`."""

    reference = serializers.CharField(source="initiative.reference")
    amount = _amount()
    first_tranche = _amount()
    tested_amount = _amount()
    step = serializers.CharField(source="step.name")
    state = serializers.SerializerMethodField()
    needs = serializers.SerializerMethodField()
    signatures = SignatureSerializer(many=True)

    class Meta:
        model = SigningRound
        fields: ClassVar[list[str]] = [
            "id", "initiative", "reference", "gate", "verb", "amount", "first_tranche", "currency",
            "tested_amount", "step", "reason", "due_on", "content", "content_hash", "state", "needs",
            "signatures",
        ]  # fmt: skip

    def get_state(self, signing: SigningRound) -> str:
        """open, decided, refused or withdrawn"""
        return "open" if signing.is_open else str(signing.ending.kind)

    def get_needs(self, signing: SigningRound) -> str:
        """Whose signatures are still missing, in words"""
        if not signing.is_open:
            return ""
        return authority.in_words(authority.open_places(signing, list(signing.signatures.all())))


class SignSerializer(serializers.Serializer[Any]):
    """A vote, bound to the hash of what was read."""

    vote = serializers.ChoiceField(choices=Signature.Vote.choices)
    reason = serializers.CharField(max_length=4000)
    seen_hash = serializers.CharField(max_length=64)
    password = serializers.CharField(required=False, write_only=True, trim_whitespace=False)


class SigningRoundViewSet(ReadOnlyModelViewSet[SigningRound]):
    """Signing rounds of initiatives that the caller may open."""

    queryset = SigningRound.objects.none()
    serializer_class = SigningRoundSerializer
    lookup_value_regex = r"\d{1,18}"
    filterset_fields: ClassVar[list[str]] = ["initiative", "gate", "verb"]
    actions_of_routes: ClassVar[dict[str, str]] = {
        "list": "initiative.view",
        "retrieve": "initiative.view",
        "sign": "decision.sign",
        "concur": "risk.concur",
    }

    def get_queryset(self) -> SigningRoundQuerySet:
        """Whatever the caller may open, those due first on top."""
        return rounds_for(signed_in(self.request))

    @extend_schema(request=SignSerializer, responses=SigningRoundSerializer)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: str) -> Response:
        """Sign from a seat; needs a session with a sign-in of the last five minutes, or the password."""
        return self._sign(request)

    @extend_schema(request=SignSerializer, responses=SigningRoundSerializer)
    @action(detail=True, methods=["post"])
    def concur(self, request: Request, pk: str) -> Response:
        """The risk officer concurs with a decision on a high tier, or blocks it."""
        return self._sign(request)

    def _sign(self, request: Request) -> Response:
        user, signing = signed_in(request), self.get_object()
        may_sign(user, signing).or_deny()
        form = SignSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        step_up(request._request, values.pop("password", ""))
        services.sign(signing, **values, actor=user)
        return Response(SigningRoundSerializer(self.get_object()).data)


class EnvelopeSerializer(serializers.ModelSerializer[Envelope]):
    """An envelope with its sums, in its currency."""

    unit_name = serializers.CharField(source="unit.name")
    appropriated = _amount(source="balance.appropriated")
    committed = _amount(source="balance.committed")
    released = _amount(source="balance.released")
    contingency = _amount(source="balance.contingency")
    cap = _amount(source="balance.cap", allow_null=True)
    is_closed = serializers.BooleanField(source="balance.is_closed", read_only=True)
    room = _amount(source="balance.room")

    class Meta:
        model = Envelope
        fields: ClassVar[list[str]] = [
            "id", "unit", "unit_name", "fiscal_year", "bucket", "currency", "appropriated", "committed",
            "released", "contingency", "cap", "is_closed", "room",
        ]  # fmt: skip


class EnvelopeFactSerializer(serializers.Serializer[Any]):
    """One fact that a number of an envelope re-adds from."""

    on = serializers.DateField(allow_null=True)
    words = serializers.CharField()
    reference = serializers.CharField(allow_blank=True)
    amount = _amount()
    seq = serializers.IntegerField(allow_null=True)


class EnvelopeFiguresSerializer(serializers.Serializer[Any]):
    """Every number of an envelope, each the exact sum of its facts."""

    appropriated = _amount()
    committed = _amount()
    released = _amount()
    spent = _amount()
    forecast = _amount()
    contingency = _amount()
    available = _amount()
    forward = _amount()
    overrun = _amount()


class EnvelopeChangeSerializer(serializers.Serializer[Any]):
    """A proposed change; a transfer names the envelope that receives it in `into`."""

    unit = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    fiscal_year = serializers.IntegerField(min_value=2000, max_value=2100)
    bucket = serializers.ChoiceField(choices=Bucket.choices, default=Bucket.CORE)
    kind = serializers.ChoiceField(choices=EnvelopeChange.Kind.choices)
    amount = serializers.DecimalField(max_digits=15, decimal_places=2, required=False)
    into = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    reason = serializers.CharField(max_length=4000)


class ProposedChangeSerializer(serializers.Serializer[Any]):
    """What was proposed; it counts once a second person confirms it, in a browser."""

    id = serializers.IntegerField()
    envelope = serializers.IntegerField(source="envelope_id")
    into = serializers.IntegerField(source="into_id", allow_null=True)
    kind = serializers.CharField()
    amount = _amount()


class EnvelopeViewSet(ReadOnlyModelViewSet[Envelope]):
    """Envelopes of the units that the caller's role reaches."""

    queryset = Envelope.objects.none()
    serializer_class = EnvelopeSerializer
    lookup_value_regex = r"\d{1,18}"
    filterset_fields: ClassVar[list[str]] = ["unit", "fiscal_year", "bucket"]
    actions_of_routes: ClassVar[dict[str, str]] = {
        "list": "envelope.view",
        "retrieve": "envelope.view",
        "figures": "envelope.view",
        "facts": "envelope.view",
        "propose": "envelope.propose",
    }

    def get_queryset(self) -> QuerySet[Envelope]:
        """In the order of the tree."""
        mine = Envelope.objects.open_to(signed_in(self.request))
        return mine.select_related("unit", "balance").order_by("-fiscal_year", "unit__path", "id")

    @extend_schema(responses=EnvelopeFiguresSerializer)
    @action(detail=True, methods=["get"])
    def figures(self, request: Request, pk: str) -> Response:
        """Every number of the envelope"""
        return Response(EnvelopeFiguresSerializer(envelope_figures.figures_of(self.get_object())).data)

    @extend_schema(
        parameters=[OpenApiParameter("figure", enum=list(envelope_figures.FIGURES))],
        responses=EnvelopeFactSerializer(many=True),
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_fields=[])
    def facts(self, request: Request, pk: str) -> Response:
        """The facts that one number re-adds from, the committed one when none is named"""
        figure = request.query_params.get("figure", "committed")
        if figure not in envelope_figures.FIGURES:
            raise serializers.ValidationError({"figure": "Name one of the envelope's numbers."})
        lines = envelope_figures.lines_of(self.get_object(), figure)
        read = envelope_figures.as_read_by(lines, signed_in(request))
        return Response(EnvelopeFactSerializer(read, many=True).data)

    @extend_schema(request=EnvelopeChangeSerializer, responses={201: ProposedChangeSerializer})
    @action(detail=False, methods=["post"])
    def propose(self, request: Request) -> Response:
        """Propose a change of an envelope; the CFO confirms it in a browser"""
        user = signed_in(request)
        may_propose_envelope(user).or_deny()
        form = EnvelopeChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        reach = policy.reach(user, "envelope.propose")
        unit = Unit.objects.filter(pk=values.pop("unit"), closed_on=None).first()
        if unit is None or not reach.covers(unit):
            raise serializers.ValidationError({"unit": "Choose a unit that you keep the money of."})
        into = values.pop("into", None)
        if into is not None:
            values["into"] = Envelope.objects.open_to(user).select_related("unit").filter(pk=into).first()
            if values["into"] is None:
                raise serializers.ValidationError({"into": "There is no such envelope."})
        change = services.propose_envelope_change(unit, **values, actor=user)
        return Response(ProposedChangeSerializer(change).data, status=201)
