"""Signing rounds and envelopes over the API; signing is for a signed-in person, never for a token."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.http import signed_in, step_up
from governance import authority, services
from governance.models import Envelope, Signature, SigningRound, SigningRoundQuerySet
from governance.permissions import may_sign
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
    room = _amount(source="balance.room")

    class Meta:
        model = Envelope
        fields: ClassVar[list[str]] = [
            "id", "unit", "unit_name", "fiscal_year", "currency", "appropriated", "committed", "released",
            "room",
        ]  # fmt: skip


class EnvelopeViewSet(ReadOnlyModelViewSet[Envelope]):
    """Envelopes of the units that the caller's role reaches."""

    queryset = Envelope.objects.none()
    serializer_class = EnvelopeSerializer
    lookup_value_regex = r"\d{1,18}"
    filterset_fields: ClassVar[list[str]] = ["unit", "fiscal_year"]
    actions_of_routes: ClassVar[dict[str, str]] = {"list": "envelope.view", "retrieve": "envelope.view"}

    def get_queryset(self) -> QuerySet[Envelope]:
        """In the order of the tree."""
        mine = Envelope.objects.open_to(signed_in(self.request))
        return mine.select_related("unit", "balance").order_by("-fiscal_year", "unit__path", "id")
