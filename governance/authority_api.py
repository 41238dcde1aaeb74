"""Who would have to sign, over the API."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import policy
from accounts.errors import Refused
from accounts.http import signed_in
from accounts.models import User
from governance import dry_run
from governance.forms.authority import RouteForm
from ledger import clock
from portfolio.selectors import fiscal_year_of, usable_currencies


class SeatSerializer(serializers.Serializer[Any]):
    """One seat: who it is of, how many must vote, and the names of who could."""

    words = serializers.CharField()
    votes = serializers.IntegerField()
    people = serializers.ListField(child=serializers.CharField())


class PassedSerializer(serializers.Serializer[Any]):
    """A step that nobody may decide on, and why."""

    step = serializers.CharField(source="step.name")
    why = serializers.CharField()


class RouteSerializer(serializers.Serializer[Any]):
    """The step that decides, its seats, and what passes to it; or why none could."""

    version = serializers.IntegerField(allow_null=True)
    step = serializers.CharField(allow_null=True)
    limit = serializers.DecimalField(max_digits=19, decimal_places=2, allow_null=True)
    currency = serializers.CharField(allow_null=True)
    in_order = serializers.BooleanField()
    seats = SeatSerializer(many=True)
    concurring = serializers.ListField(child=serializers.CharField(), allow_null=True)
    passed = PassedSerializer(many=True)
    refusal = serializers.CharField(allow_blank=True)


def _names(people: list[User]) -> list[str]:
    return [person.name for person in people]


class RouteView(APIView):
    """Who would have to sign a request of an amount."""

    actions_of_routes: ClassVar[dict[str, str]] = {"get": "gates.view"}

    @extend_schema(
        operation_id="authority_route",
        parameters=[
            OpenApiParameter("amount", str, required=True, description="Whole-life cost"),
            OpenApiParameter("currency", str, description="ISO 4217; the base currency if left out"),
            OpenApiParameter(
                "unit", int, description="The unit that asks; the whole organisation if left out"
            ),
            OpenApiParameter("tier", str, description="minimal, limited, high or prohibited"),
            OpenApiParameter("bucket", str, description="core or explore"),
        ],
        responses=RouteSerializer,
    )
    def get(self, request: Request) -> Response:
        """The lowest step that covers the amount and whose seats all have somebody who may decide."""
        policy.may(signed_in(request), "gates.view").or_deny()
        currencies = usable_currencies(fiscal_year_of(clock.today()))
        form = RouteForm(request.query_params, currencies=currencies)
        if not form.is_valid():
            errors = {name: str(found[0]) for name, found in form.errors.items()}
            raise Refused("These values can't be taken.", errors)
        run = dry_run.of_values(**form.cleaned_data)
        step = run.step
        body = {
            "version": step.version.number if step else None,
            "step": step.name if step else None,
            "limit": step.limit if step else None,
            "currency": step.currency if step else None,
            "in_order": step.in_order if step else False,
            "seats": [
                {"words": seat.words, "votes": seat.votes, "people": _names(seat.people)}
                for seat in run.seats
            ],
            "concurring": None if run.concurring is None else _names(run.concurring),
            "passed": run.passed,
            "refusal": run.refusal,
        }
        return Response(RouteSerializer(body).data)
