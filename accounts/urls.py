"""The addresses of people, units, tokens, the table, the ledger and oneself."""

from django.urls import path

from accounts import duties_views, glass_views, ledger_views, views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/invite/", views.user_invite, name="user-invite"),
    path("people/<int:pk>/", views.person_detail, name="person-detail"),
    path("people/<int:pk>/link/", views.user_link, name="user-link"),
    path("people/<int:pk>/disable/", views.user_disable, name="user-disable"),
    path("people/<int:pk>/grant/", views.role_grant, name="role-grant"),
    path("grants/<int:pk>/confirm/", views.grant_confirm, name="grant-confirm"),
    path("grants/<int:pk>/revoke/", views.grant_revoke, name="grant-revoke"),
    path("units/", views.unit_list, name="unit-list"),
    path("units/add/", views.unit_add, name="unit-add"),
    path("units/<int:pk>/move/", views.unit_move, name="unit-move"),
    path("tokens/", views.token_list, name="token-list"),
    path("tokens/account/", views.service_account_add, name="service-account-add"),
    path("tokens/new/", views.token_create, name="token-create"),
    path("tokens/<int:pk>/created/", views.token_created, name="token-created"),
    path("tokens/<int:pk>/revoke/", views.token_revoke, name="token-revoke"),
    path("policy/", views.policy_page, name="policy"),
    path("policy/segregation/", duties_views.segregation_page, name="segregation"),
    path("policy/exceptions/", duties_views.exceptions, name="segregation-exceptions"),
    path("policy/attempts/", duties_views.attempts, name="attempts"),
    path("policy/glass/", glass_views.glass_list, name="glass-list"),
    path("policy/glass/ask/", glass_views.glass_ask, name="glass-ask"),
    path("policy/glass/<int:pk>/grant/", glass_views.glass_grant, name="glass-grant"),
    path("profile/", views.profile, name="profile"),
    path("notifications/", views.notification_list, name="notification-list"),
    path("notifications/read/", views.notification_read_all, name="notification-read-all"),
    path("notifications/<int:pk>/read/", views.notification_read, name="notification-read"),
    path("welcome/<str:token>/", views.welcome, name="welcome"),
    path("ledger/", ledger_views.ledger, name="ledger"),
    path("ledger/verify/", ledger_views.ledger_verify, name="ledger-verify"),
    path("ledger/export.jsonl", ledger_views.ledger_lines, name="ledger-lines"),
    path("ledger/verifier.py", ledger_views.ledger_verifier, name="ledger-verifier"),
    path("ledger/key.pem", ledger_views.ledger_key, name="ledger-key"),
    path("ledger/export.csv", ledger_views.ledger_export, name="ledger-export"),
    path("ledger/<int:seq>/", ledger_views.ledger_entry, name="ledger-entry"),
]
