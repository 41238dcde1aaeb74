"""The addresses of the scoring desk and the model."""

from django.urls import path

from scoring import calibration_views, model_views, views

urlpatterns = [
    path("scoring/", views.scorecard_list, name="scorecard-list"),
    path("initiatives/<int:pk>/scoring/open/", views.scoring_open, name="scoring-open"),
    path("scorings/<int:pk>/assign/", views.scoring_assign, name="scoring-assign"),
    path("scorings/<int:pk>/staff/", views.scoring_staff, name="scoring-staff"),
    path("scorings/<int:pk>/close/", views.scoring_close, name="scoring-close"),
    path("scorecards/<int:pk>/", views.scorecard_detail, name="scorecard-detail"),
    path("scorecards/<int:pk>/save/", views.scorecard_save, name="scorecard-save"),
    path("scorecards/<int:pk>/complete/", views.scorecard_complete, name="scorecard-complete"),
    path("model/calibration/", calibration_views.model_calibration, name="model-calibration"),
    path("scorecards/<int:pk>/conflict/", views.conflict_declare, name="conflict-declare"),
    path("scorecards/<int:pk>/reconcile/", views.scorecard_reconcile, name="scorecard-reconcile"),
    path("scoring/agreement/", views.agreement, name="scoring-agreement"),
    path("model/", views.scoring_model, name="scoring-model"),
    path("model/versions/<int:version>/", views.scoring_model_version, name="scoring-model-version"),
    path("model/draft/", model_views.model_draft, name="model-draft"),
    path("model/draft/start/", model_views.model_draft_start, name="model-draft-start"),
    path("model/draft/save/", model_views.model_draft_save, name="model-draft-save"),
    path("model/draft/discard/", model_views.model_draft_discard, name="model-draft-discard"),
    path("model/draft/propose/", model_views.model_propose, name="model-propose"),
    path("model/proposals/<int:version>/", model_views.model_proposal, name="model-proposal"),
    path("model/proposals/<int:version>/vote/", model_views.model_vote, name="model-vote"),
    path("model/rescore/", model_views.model_rescore, name="model-rescore"),
    path("model/rescore/start/", model_views.model_rescore_start, name="model-rescore-start"),
]
