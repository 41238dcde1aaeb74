"""Addresses of the pages that are made of several rooms."""

from django.urls import path

from dashboards import (
    as_of_views,
    audit_views,
    initiative_views,
    model_views,
    proposal_views,
    register_views,
    report_views,
    views,
)

urlpatterns = [
    path("", views.home, name="home"),
    path("as-of/", as_of_views.choose, name="as-of"),
    path("portfolio/", views.executive, name="executive"),
    path("finance/", views.finance, name="finance"),
    path("reports/", report_views.reports, name="report-list"),
    path("reports/audit/", audit_views.audit_pack, name="audit-pack"),
    path("model/moves/", model_views.moves, name="model-moves"),
    path("model/comparison/", model_views.comparison, name="model-comparison"),
    path("figures/<slug:figure>/", report_views.explain, name="figure-explain"),
    path("initiatives/", register_views.register, name="initiative-list"),
    path("initiatives/views/", register_views.save_view, name="saved-view-create"),
    path("initiatives/views/<int:pk>/forget/", register_views.delete_view, name="saved-view-delete"),
    path("initiatives/<int:pk>/", initiative_views.detail, name="initiative-detail"),
    path("initiatives/<int:pk>/figures/<slug:figure>/", initiative_views.figures, name="initiative-figure"),
    path("initiatives/new/", proposal_views.start, name="initiative-create"),
    path("initiatives/<int:pk>/proposal/", proposal_views.proposal, name="proposal"),
    path("initiatives/<int:pk>/submit/", proposal_views.submit, name="initiative-submit"),
    path("initiatives/<int:pk>/complete/", proposal_views.complete, name="case-complete"),
]
