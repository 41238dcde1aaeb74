"""Reminders of overdue scorecards: once for each due day, however often the job runs."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Notification, User
from config.celery import app
from ledger import clock
from scoring import services
from scoring.models import ScorecardAssignment, ScorecardReminder
from scoring.tasks import remind_assessors
from tests.scoring import cases


@pytest.fixture
def assignment(
    unit_lead: User, assessor: User, portfolio_office: User, content: dict[str, Any]
) -> ScorecardAssignment:
    """Due in a week."""
    round_ = services.open_scoring(cases.in_assessment(unit_lead, content), actor=portfolio_office)
    return cases.assign(round_, assessor, portfolio_office)


def reminders(user: User) -> int:
    return Notification.objects.filter(recipient=user, subject__endswith="is overdue").count()


def test_the_timetable_runs_the_job_each_day() -> None:
    named = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert remind_assessors.name in named


def test_an_overdue_scorecard_is_reminded_of_once(assignment: ScorecardAssignment, assessor: User) -> None:
    assert services.remind_overdue(assignment.due_on) == 0
    late = assignment.due_on + timedelta(days=1)
    assert services.remind_overdue(late) == 1
    assert services.remind_overdue(late + timedelta(days=1)) == 0
    assert reminders(assessor) == ScorecardReminder.objects.count() == 1


def test_the_job_takes_the_day_of_the_clock(assignment: ScorecardAssignment, assessor: User) -> None:
    with time_machine.travel(clock.now() + timedelta(days=9)):
        assert remind_assessors() == 1
        assert remind_assessors() == 0
    assert reminders(assessor) == 1


def test_nobody_is_reminded_of_what_is_in_declined_or_over(
    assignment: ScorecardAssignment, second_assessor: User, portfolio_office: User, unit_lead: User
) -> None:
    late = assignment.due_on + timedelta(days=1)
    other = cases.assign(assignment.round, second_assessor, portfolio_office)
    services.declare_conflict(other, reason="I sold it to them.", actor=second_assessor)
    cases.complete(assignment)
    assert services.remind_overdue(late) == 0
    cases.send_again(assignment.round.initiative, unit_lead)
    assert services.remind_overdue(late) == 0
