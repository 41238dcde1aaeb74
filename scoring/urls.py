"""The addresses of the scoring desk and the model."""

from django.urls import path

from scoring import views

urlpatterns = [
    path("scoring/", views.scorecard_list, name="scorecard-list"),
    path("initiatives/<int:pk>/scoring/open/", views.scoring_open, name="scoring-open"),
    path("scorings/<int:pk>/assign/", views.scoring_assign, name="scoring-assign"),
    path("scorings/<int:pk>/staff/", views.scoring_staff, name="scoring-staff"),
    path("scorings/<int:pk>/close/", views.scoring_close, name="scoring-close"),
    path("scorecards/<int:pk>/", views.scorecard_detail, name="scorecard-detail"),
    path("scorecards/<int:pk>/save/", views.scorecard_save, name="scorecard-save"),
    path("scorecards/<int:pk>/complete/", views.scorecard_complete, name="scorecard-complete"),
    path("scorecards/<int:pk>/conflict/", views.conflict_declare, name="conflict-declare"),
    path("scorecards/<int:pk>/reconcile/", views.scorecard_reconcile, name="scorecard-reconcile"),
    path("scoring/agreement/", views.agreement, name="scoring-agreement"),
    path("model/", views.scoring_model, name="scoring-model"),
]
