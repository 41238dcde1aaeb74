"""Funding rounds and their items over the API, to read; votes are given by a signed-in person on the page."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.http import signed_in
from governance.models import FundingRound, FundingRoundQuerySet, RoundItem
from governance.round_selectors import funding_rounds_for, items_for


class FundingRoundSerializer(serializers.ModelSerializer[FundingRound]):
    """A funding round; `pack` is the newest one as it was frozen, bound by `pack_hash`."""

    unit_name = serializers.CharField(source="unit.name")
    state = serializers.SerializerMethodField()
    pack = serializers.SerializerMethodField()
    pack_hash = serializers.SerializerMethodField()

    class Meta:
        model = FundingRound
        fields: ClassVar[list[str]] = [
            "id", "name", "unit", "unit_name", "meets_on", "state", "pack", "pack_hash",
        ]  # fmt: skip

    def get_state(self, funding_round: FundingRound) -> str:
        """prepared, frozen or closed"""
        if funding_round.is_closed:
            return "closed"
        return "frozen" if funding_round.packs.all() else "prepared"

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_pack(self, funding_round: FundingRound) -> dict[str, Any] | None:
        """Items in rank order, the line and room of each envelope, candidates, members"""
        packs = funding_round.packs.all()
        return dict(packs[0].content) if packs else None

    def get_pack_hash(self, funding_round: FundingRound) -> str:
        """What a sitting signs on; empty before the first freeze"""
        packs = funding_round.packs.all()
        return packs[0].content_hash if packs else ""


class FundingRoundViewSet(ReadOnlyModelViewSet[FundingRound]):
    """Funding rounds of the units that the caller's role reaches."""

    queryset = FundingRound.objects.none()
    serializer_class = FundingRoundSerializer
    lookup_value_regex = r"\d{1,18}"
    filterset_fields: ClassVar[list[str]] = ["unit", "meets_on"]
    actions_of_routes: ClassVar[dict[str, str]] = {"list": "round.view", "retrieve": "round.view"}

    def get_queryset(self) -> FundingRoundQuerySet:
        """The latest meeting on top."""
        return funding_rounds_for(signed_in(self.request))


class RoundItemSerializer(serializers.ModelSerializer[RoundItem]):
    """One item of a pack: its row as frozen, and the signing round on which it is decided."""

    round = serializers.IntegerField(source="pack.round_id")
    version = serializers.IntegerField(source="pack.version")
    reference = serializers.CharField(source="initiative.reference")
    state = serializers.SerializerMethodField()
    row = serializers.SerializerMethodField()

    class Meta:
        model = RoundItem
        fields: ClassVar[list[str]] = [
            "id", "round", "version", "initiative", "reference", "signing", "state", "row",
        ]  # fmt: skip

    def get_state(self, item: RoundItem) -> str:
        """open, decided, refused or withdrawn"""
        return "open" if item.signing.is_open else str(item.signing.ending.kind)

    def get_row(self, item: RoundItem) -> dict[str, Any]:
        """Rank, score, robustness, return, what it asks, the proposal, and a departure from rank"""
        return dict(item.pack.content["items"][item.place])


class RoundItemViewSet(ReadOnlyModelViewSet[RoundItem]):
    """Items of the packs that the caller may read."""

    queryset = RoundItem.objects.none()
    serializer_class = RoundItemSerializer
    lookup_value_regex = r"\d{1,18}"
    filterset_fields: ClassVar[list[str]] = ["pack", "pack__round", "initiative"]
    actions_of_routes: ClassVar[dict[str, str]] = {"list": "round.view", "retrieve": "round.view"}

    def get_queryset(self) -> QuerySet[RoundItem]:
        """By pack, in rank order."""
        return items_for(signed_in(self.request))
