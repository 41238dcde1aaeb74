"""Health before anything else, broken rules as pages, and a nudge for the workers."""

import logging
from collections.abc import Callable
from typing import TypeAlias

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from redis import Redis, RedisError

from accounts.errors import DomainError
from config.celery import nudge
from config.constraints import sentence_of

View: TypeAlias = Callable[[HttpRequest], HttpResponse]
logger = logging.getLogger(__name__)


def health(get_response: View) -> View:
    """Answer `/healthz` and `/readyz`, whatever the host name.

    Healthy: the process answers. Ready: the database answers and has every migration. The broker is
    reported and is no condition, since pages work and rows wait without it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            problems = _not_ready()
            answer = {"status": "not ready" if problems else "ok", "problems": problems, "broker": _broker()}
            return JsonResponse(answer, status=503 if problems else 200)
        return get_response(request)

    return middleware


def _not_ready() -> list[str]:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return ["migrations are missing"]
    except DatabaseFailure:
        logger.exception("readiness: the database does not answer")
        return ["the database does not answer"]
    return []


def _broker() -> str:
    if not settings.REDIS_URL:
        return "none"
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as redis:
            redis.ping()
    except RedisError as error:
        logger.warning("readiness: Redis does not answer: %s", error)
        return "does not answer"
    return "answers"


class DomainErrors:
    """Answer a broken rule with its status and its sentence, as a page or as a fragment."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing on the way in; errors come back to `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a DomainError or for a constraint that has a sentence; others go their way."""
        if isinstance(exception, IntegrityError):
            sentence = sentence_of(exception)
            if sentence is None:
                return None
            exception = DomainError(sentence)
        if not isinstance(exception, DomainError):
            return None
        partial = bool(getattr(request, "htmx", None)) and not request.htmx.boosted  # type: ignore[attr-defined]
        template = "_components/refusal.html" if partial else "refused.html"
        context = {"error": exception, "status": exception.status}
        return render(request, template, context, status=exception.status)


def nudge_workers(get_response: View) -> View:
    """After a change, wake a worker; a lost nudge loses nothing, since beat looks at the rows as well."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        changed = request.method not in {"GET", "HEAD", "OPTIONS"} and response.status_code < 400
        if changed and settings.REDIS_URL:
            nudge()
        return response

    return middleware
