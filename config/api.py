"""The API's router, its description and the page to read it."""

from typing import Any, ClassVar

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_GET
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView

from accounts.http import PortalRequest, acts
from assurance.api import IncidentViewSet
from config.problems import CONTENT_TYPE
from dashboards.api import FiguresView, InitiativeViewSet
from governance.api import EnvelopeViewSet, SigningRoundViewSet
from governance.authority_api import RouteView
from governance.round_api import FundingRoundViewSet, RoundItemViewSet
from portfolio.api import ActualsView, UnitViewSet
from scoring.api import ScoreTrialView, ScoreViewSet, ScoringModelViewSet

app_name = "api"

PROBLEMS = {
    400: "The request can't be read.",
    401: "No token, or one that is unknown, revoked or past its end.",
    403: "Not for this caller; a missing scope is named.",
    404: "There is nothing here that the caller may see.",
    405: "This address has no such method.",
    406: "Only JSON is spoken here.",
    409: "The state of the object is against it.",
    412: "Somebody saved meanwhile; `changes` says what.",
    415: "The body has another form than this address takes.",
    422: "Values that can't be taken, by field under `errors`; or what is missing, under `missing`.",
    428: "If-Match is missing.",
}
ON_READS = (401, 403, 404, 405, 406, 422)
ON_WRITES = (400, 401, 403, 404, 405, 406, 409, 415, 422)
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457); `code` is for programs, `title` for people.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:keel:problem:not-allowed"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": ["object", "array"], "description": "By field what to change."},
        "missing": {"type": "object", "additionalProperties": {"type": "string"}},
        "changes": {"type": "array", "items": {"type": "object"}},
    },
}


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the description names our tokens; drf-spectacular finds this class by itself."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002
        """A bearer token in the Authorization header."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "keel_…"}


class WithProblems(SchemaGenerator):
    """The description with the problem documents that every address may answer."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """OpenAPI as drf-spectacular reads it from the views, and the problems."""
        schema: dict[str, Any] = super().get_schema(request, public)  # type: ignore[no-untyped-call]
        schema["components"].setdefault("schemas", {})["Problem"] = PROBLEM
        content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for url, address in schema["paths"].items():
            for method, operation in address.items():
                operation["tags"] = [url.split("/")[3]]
                operation["summary"] = str(operation.get("description", "")).split(".")[0]
                codes = ON_READS if method == "get" else ON_WRITES
                codes = (*codes, 412, 428) if method == "patch" else codes
                for code in codes:
                    answer = {"description": PROBLEMS[code], "content": content}
                    operation["responses"].setdefault(str(code), answer)
        return schema


class SchemaView(SpectacularAPIView):
    """OpenAPI 3.1."""

    generator_class = WithProblems
    actions_of_routes: ClassVar[dict[str, str]] = {"get": "api.describe"}


@extend_schema(exclude=True)
class NothingHere(APIView):
    """Any other address below the API: programs get a problem document, not a page."""

    actions_of_routes: ClassVar[dict[str, str]] = dict.fromkeys(
        ("get", "post", "put", "patch", "delete"), "api.describe"
    )

    def get(self, request: Request, **_: str) -> Response:
        """404, whatever is asked."""
        raise Http404(request.path)

    post = put = patch = delete = get


@acts("api.describe")
@require_GET
def docs(request: PortalRequest) -> HttpResponse:
    """The description as a page; its script is a file of ours, as the content policy asks."""
    return render(request, "api_docs.html")


router = DefaultRouter(use_regex_path=True)
router.include_root_view = False
router.register("initiatives", InitiativeViewSet, basename="initiative")
router.register("units", UnitViewSet, basename="unit")
router.register("signing-rounds", SigningRoundViewSet, basename="signing-round")
router.register("rounds", FundingRoundViewSet, basename="funding-round")
router.register("round-items", RoundItemViewSet, basename="round-item")
router.register("envelopes", EnvelopeViewSet, basename="envelope")
router.register("incidents", IncidentViewSet, basename="incident")
router.register("scores", ScoreViewSet, basename="score")
router.register("scoring-models", ScoringModelViewSet, basename="scoring-model")

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "v1/",
        include(
            [
                path("schema/", SchemaView.as_view(), name="schema"),
                path("docs/", docs, name="docs"),
                path("authority/route/", RouteView.as_view(), name="authority-route"),
                path("figures/", FiguresView.as_view(), name="figures"),
                path("score/", ScoreTrialView.as_view(), name="score-trial"),
                path("actuals/", ActualsView.as_view(), name="actuals"),
                *router.urls,
            ]
        ),
    ),
    re_path("^(?P<rest>.*)$", NothingHere.as_view(), name="nothing-here"),
]
