"""Every address of Keel."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("dashboards.urls")),
    path("", include("governance.urls")),
    path("", include("assurance.urls")),
    path("", include("scoring.urls")),
    path("", include("portfolio.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/", include("config.api", namespace="api")),
]
