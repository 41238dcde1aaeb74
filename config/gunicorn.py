"""How gunicorn serves: threads, since every view is synchronous, and one JSON object per log line."""

from pathlib import Path

from django.conf import settings

_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder in memory, where a heartbeat never waits for a disk)

bind = f"{settings.HOST}:{settings.PORT}"
worker_class = "gthread"
workers = settings.WEB_WORKERS
threads = settings.WEB_THREADS
# Shorter than what the supervisor and compose wait before they kill.
graceful_timeout = 25
timeout = 60
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = str(_MEMORY) if _MEMORY.is_dir() else None
control_socket_disable = True
logconfig_dict = settings.LOGGING | {
    "loggers": {
        "gunicorn.error": {"handlers": ["console"], "level": settings.LOG_LEVEL, "propagate": False},
        # Django's own line has the number of the request and the person; one line for each is enough.
        "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
