"""Addresses of gates, signing rounds, tranches and envelopes."""

from django.urls import path

from governance.views import gates, money, signing, watch

urlpatterns = [
    path("gates/", gates.gate_list, name="gates"),
    path("initiatives/<int:pk>/sponsorship/", gates.sponsorship, name="sponsorship-confirm"),
    path("initiatives/<int:pk>/triage/", gates.triage, name="initiative-triage"),
    path("initiatives/<int:pk>/triage/pass/", gates.triage_pass, name="initiative-triage-pass"),
    path("initiatives/<int:pk>/risk-tier/", gates.risk_tier, name="risk-tier-set"),
    path("initiatives/<int:pk>/evidence/", gates.evidence, name="evidence-supply"),
    path("initiatives/<int:pk>/record/", gates.case_record, name="case-record"),
    path("initiatives/<int:pk>/return/", gates.send_back, name="initiative-return"),
    path("initiatives/<int:pk>/call-in/", gates.call_in, name="initiative-call-in"),
    path("initiatives/<int:pk>/recall/", gates.recall, name="initiative-recall"),
    path("initiatives/<int:pk>/withdraw/", gates.withdraw, name="initiative-withdraw"),
    path("initiatives/<int:pk>/stop/", gates.stop, name="initiative-stop"),
    path("initiatives/<int:pk>/operation/", gates.operation, name="operation-accept"),
    path("initiatives/<int:pk>/outcome/", gates.outcome, name="outcome-set"),
    path("initiatives/<int:pk>/retire/", gates.retire, name="initiative-retire"),
    path("initiatives/<int:pk>/decision/", signing.signing_open, name="signing-open"),
    path("initiatives/<int:pk>/recommendation/", watch.answer, name="recommendation-answer"),
    path("initiatives/<int:pk>/first-user/", watch.first_user, name="first-user-report"),
    path("initiatives/<int:pk>/extension/", watch.extension, name="extension-request"),
    path("initiatives/<int:pk>/appoint/", watch.appoint, name="part-appoint"),
    path("initiatives/<int:pk>/step-down/", watch.step_down, name="sponsor-step-down"),
    path("promises/", watch.promises, name="promise-list"),
    path("signings/", signing.signing_list, name="signing-round-list"),
    path("signings/<int:pk>/", signing.signing_detail, name="signing-round-detail"),
    path("signings/<int:pk>/sign/", signing.signing_sign, name="signing-round-sign"),
    path("signings/<int:pk>/concur/", signing.signing_concur, name="signing-round-concur"),
    path("signings/<int:pk>/withdraw/", signing.signing_withdraw, name="signing-round-withdraw"),
    path("tranches/<int:pk>/", money.tranche_detail, name="tranche-detail"),
    path("tranches/<int:pk>/release/", money.tranche_release, name="tranche-release"),
    path("tranches/<int:pk>/request/", money.tranche_request, name="tranche-request"),
    path("envelopes/", money.envelope_list, name="envelope-list"),
    path("envelopes/propose/", money.envelope_propose, name="envelope-propose"),
    path("envelopes/changes/<int:pk>/confirm/", money.envelope_confirm, name="envelope-confirm"),
]
