"""The API's router, its description and the page to read it."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DefaultRouter

from dashboards.api import FiguresView, InitiativeViewSet
from governance.api import EnvelopeViewSet, SigningRoundViewSet
from portfolio.api import ActualsView, UnitViewSet
from scoring.api import ScoreViewSet, ScoringModelViewSet

app_name = "api"


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the description names our tokens; drf-spectacular finds this class by itself."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """A bearer token in the Authorization header."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "keel_…"}


class SchemaView(SpectacularAPIView):
    """OpenAPI 3.1."""

    actions_of_routes = {"get": "api.describe"}


class DocsView(SpectacularSwaggerSplitView):
    """The description as a page; its script is a file of ours, as the content policy asks."""

    actions_of_routes = {"get": "api.describe"}
    url_name = "api:schema"


router = DefaultRouter(use_regex_path=True)
router.include_root_view = False
router.register("initiatives", InitiativeViewSet, basename="initiative")
router.register("units", UnitViewSet, basename="unit")
router.register("signing-rounds", SigningRoundViewSet, basename="signing-round")
router.register("envelopes", EnvelopeViewSet, basename="envelope")
router.register("scores", ScoreViewSet, basename="score")
router.register("scoring-models", ScoringModelViewSet, basename="scoring-model")

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "v1/",
        include(
            [
                path("schema/", SchemaView.as_view(), name="schema"),
                path("docs/", DocsView.as_view(), name="docs"),
                path("figures/", FiguresView.as_view(), name="figures"),
                path("actuals/", ActualsView.as_view(), name="actuals"),
                *router.urls,
            ]
        ),
    ),
]
