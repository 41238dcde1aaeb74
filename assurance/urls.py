"""Addresses of tiers, controls, what stops, and incidents."""

from django.urls import path

from assurance.views import controls, incidents, stops, tiers

urlpatterns = [
    path("controls/", controls.library, name="control-list"),
    path("controls/evidence/", controls.keep, name="organisation-control-evidence"),
    path("controls/check/", controls.keep_check, name="organisation-control-check"),
    path("initiatives/<int:pk>/tier/", tiers.tier, name="initiative-tier"),
    path("initiatives/<int:pk>/tier/answers/", tiers.tier_answer, name="tier-answer"),
    path("initiatives/<int:pk>/tier/set/", tiers.tier_set, name="tier-set"),
    path("initiatives/<int:pk>/controls/plan/", controls.plan, name="control-plan"),
    path("initiatives/<int:pk>/controls/evidence/", controls.evidence, name="control-evidence"),
    path("initiatives/<int:pk>/controls/check/", controls.check, name="control-check"),
    path("initiatives/<int:pk>/controls/exception/", controls.exception, name="control-except"),
    path("initiatives/<int:pk>/block/", stops.block, name="risk-block"),
    path("initiatives/<int:pk>/block/lift/", stops.unblock, name="risk-unblock"),
    path("initiatives/<int:pk>/veto/", stops.veto, name="veto-place"),
    path("initiatives/<int:pk>/veto/lift/", stops.veto_lift, name="veto-lift"),
    path("initiatives/<int:pk>/incidents/report/", incidents.incident_report, name="incident-report"),
    path("incidents/", incidents.incident_list, name="incident-list"),
    path("incidents/<int:pk>/", incidents.incident_detail, name="incident-detail"),
    path("incidents/<int:pk>/contain/", incidents.incident_contain, name="incident-contain"),
    path("incidents/<int:pk>/told/", incidents.incident_tell, name="incident-tell"),
    path("incidents/<int:pk>/severity/", incidents.incident_grade, name="incident-grade"),
    path("incidents/<int:pk>/close/", incidents.incident_close, name="incident-close"),
    path("incidents/<int:pk>/cost/", incidents.incident_cost, name="incident-cost"),
]
