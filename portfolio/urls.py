"""Addresses of the portfolio."""

from django.urls import path

from portfolio import views

urlpatterns = [
    path("initiatives/<int:pk>/attachments/", views.attach, name="attachment-add"),
    path("attachments/<int:pk>/", views.attachment, name="attachment-detail"),
    path("initiatives/<int:pk>/comments/", views.comment, name="comment-create"),
    path("initiatives/<int:pk>/postings/", views.post, name="posting-create"),
    path("initiatives/<int:pk>/measure/", views.measure, name="measurement-create"),
    path("initiatives/<int:pk>/milestones/reach/", views.milestone, name="milestone-reach"),
    path("initiatives/<int:pk>/claim/", views.claim, name="claim-create"),
    path("initiatives/<int:pk>/hold/", views.hold, name="hold-place"),
    path("initiatives/<int:pk>/hold/lift/", views.lift, name="hold-lift"),
    path("claims/", views.claims, name="claim-list"),
    path("claims/<int:pk>/attest/", views.attest, name="claim-attest"),
    path("postings/", views.postings, name="posting-list"),
    path("postings/<int:pk>/assign/", views.assign_posting, name="posting-assign"),
    path("imports/", views.imports, name="import-list"),
    path("imports/<int:pk>/", views.import_job, name="import-job-detail"),
    path("imports/batches/<int:pk>/report.csv", views.import_report, name="import-report"),
    path("periods/close/", views.close_period, name="period-close"),
    path("rates/", views.rates, name="rate-list"),
    path("rates/<int:pk>/confirm/", views.confirm_rates, name="rates-confirm"),
]
