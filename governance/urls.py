"""Addresses of gates, signing rounds, tranches and envelopes."""

from django.urls import path

from governance import views

urlpatterns = [
    path("gates/", views.gate_list, name="gates"),
    path("initiatives/<int:pk>/sponsorship/", views.sponsorship, name="sponsorship-confirm"),
    path("initiatives/<int:pk>/triage/", views.triage, name="initiative-triage"),
    path("initiatives/<int:pk>/triage/pass/", views.triage_pass, name="initiative-triage-pass"),
    path("initiatives/<int:pk>/risk-tier/", views.risk_tier, name="risk-tier-set"),
    path("initiatives/<int:pk>/evidence/", views.evidence, name="evidence-supply"),
    path("initiatives/<int:pk>/record/", views.case_record, name="case-record"),
    path("initiatives/<int:pk>/return/", views.send_back, name="initiative-return"),
    path("initiatives/<int:pk>/call-in/", views.call_in, name="initiative-call-in"),
    path("initiatives/<int:pk>/recall/", views.recall, name="initiative-recall"),
    path("initiatives/<int:pk>/withdraw/", views.withdraw, name="initiative-withdraw"),
    path("initiatives/<int:pk>/stop/", views.stop, name="initiative-stop"),
    path("initiatives/<int:pk>/operation/", views.operation, name="operation-accept"),
    path("initiatives/<int:pk>/outcome/", views.outcome, name="outcome-set"),
    path("initiatives/<int:pk>/retire/", views.retire, name="initiative-retire"),
    path("initiatives/<int:pk>/decision/", views.signing_open, name="signing-open"),
    path("signings/", views.signing_list, name="signing-round-list"),
    path("signings/<int:pk>/", views.signing_detail, name="signing-round-detail"),
    path("signings/<int:pk>/sign/", views.signing_sign, name="signing-round-sign"),
    path("signings/<int:pk>/concur/", views.signing_concur, name="signing-round-concur"),
    path("signings/<int:pk>/withdraw/", views.signing_withdraw, name="signing-round-withdraw"),
    path("tranches/<int:pk>/", views.tranche_detail, name="tranche-detail"),
    path("tranches/<int:pk>/release/", views.tranche_release, name="tranche-release"),
    path("tranches/<int:pk>/request/", views.tranche_request, name="tranche-request"),
    path("envelopes/", views.envelope_list, name="envelope-list"),
    path("envelopes/propose/", views.envelope_propose, name="envelope-propose"),
    path("envelopes/changes/<int:pk>/confirm/", views.envelope_confirm, name="envelope-confirm"),
]
