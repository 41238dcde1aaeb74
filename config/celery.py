"""Celery and its whole timetable."""

import logging
import os

from celery import Celery
from celery.schedules import crontab
from django.conf import settings
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("keel")
app.conf.update(
    broker_url=settings.REDIS_URL or "memory://localhost/",
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 3600,
        "unacked_restore_interval": 10,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
    }
    if settings.REDIS_URL
    else {"polling_interval": 0.2},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_time_limit=1800,
    timezone=settings.TIME_ZONE,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    beat_enable_remote_control=False,
    # Beside the data, so that a nightly sweep that was missed is made up for after a restart.
    beat_schedule_filename=str(settings.DATA_DIR / "timetable"),
    beat_schedule={
        "bring stale positions up to date": {
            "task": "scoring.tasks.refresh_stale",
            "schedule": 1.0,
            "options": {"expires": 5},
        },
        "score again what was asked for": {
            "task": "scoring.tasks.run_rescores",
            "schedule": 1.0,
            "options": {"expires": 5},
        },
        "run waiting imports": {
            "task": "portfolio.tasks.run_imports",
            "schedule": 1.0,
            "options": {"expires": 5},
        },
        "send messages": {
            "task": "accounts.tasks.send_notifications",
            "schedule": 5.0,
            "options": {"expires": 30},
        },
        "sign the ledger's head": {
            "task": "ledger.tasks.sign_head",
            "schedule": crontab(hour=2, minute=30),
        },
        "publish signed heads": {
            "task": "ledger.tasks.publish_heads",
            "schedule": crontab(minute=45),
        },
        "nightly sweep": {
            "task": "scoring.tasks.nightly_sweep",
            "schedule": crontab(hour=2, minute=0),
        },
        "chase conditions": {
            "task": "governance.tasks.chase_conditions",
            "schedule": crontab(hour=6, minute=10),
        },
        "list exceptions from segregation": {
            "task": "accounts.tasks.report_exceptions",
            "schedule": crontab(day_of_month=1, hour=6, minute=15),
        },
        "open the review of access": {
            "task": "governance.review_tasks.open_access_review",
            "schedule": crontab(month_of_year="1,7", day_of_month=1, hour=6, minute=30),
        },
        "remind signers": {
            "task": "governance.tasks.remind_signers",
            "schedule": crontab(hour=6, minute=10),
        },
        "chase incidents that an authority has to be told of": {
            "task": "assurance.tasks.chase_reports",
            "schedule": crontab(hour=6, minute=15),
        },
        "watch what runs": {
            "task": "governance.tasks.watch_running",
            "schedule": 60.0,
            "options": {"expires": 50},
        },
        "remind of promised dates": {
            "task": "governance.tasks.remind_of_promises",
            "schedule": crontab(hour=6, minute=10),
        },
        "remind assessors": {
            "task": "scoring.tasks.remind_assessors",
            "schedule": crontab(hour=6, minute=0),
        },
    },
)
app.autodiscover_tasks(
    ["ledger", "accounts", "portfolio", "scoring", "assurance", "governance", "dashboards"]
)
app.autodiscover_tasks(["governance"], related_name="review_tasks")
logger = logging.getLogger(__name__)


def nudge() -> None:
    """Wake a worker now instead of at the next tick of beat. Without a broker the rows simply wait."""
    try:
        for name in (
            "portfolio.tasks.run_imports",
            "scoring.tasks.run_rescores",
            "scoring.tasks.refresh_stale",
        ):
            app.send_task(name, expires=5, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("no broker answers, the rows wait for it: %s", error)
