"""Health before all else, pages as of an earlier point, broken rules as pages, a nudge for the workers."""

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeAlias

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseFailure
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, resolve, set_script_prefix
from redis import Redis, RedisError

from accounts import policy
from accounts.errors import DomainError, InvalidMove
from accounts.models import Attempt, User
from config.celery import nudge
from config.constraints import sentence_of
from dashboards.as_of import reading
from ledger import as_of

View: TypeAlias = Callable[[HttpRequest], HttpResponseBase]
logger = logging.getLogger(__name__)


def health(get_response: View) -> View:
    """Answer `/healthz` and `/readyz`, whatever the host name.

    Healthy: the process answers. Ready: the database answers and has every migration. The broker is
    reported and is no condition, since pages work and rows wait without it.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
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

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
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
        request.refusal = exception.sentence  # type: ignore[attr-defined]
        partial = bool(getattr(request, "htmx", None)) and not request.htmx.boosted  # type: ignore[attr-defined]
        template = "_components/refusal.html" if partial else "refused.html"
        context = {"error": exception, "status": exception.status}
        return render(request, template, context, status=exception.status)


def keep_attempts(get_response: View) -> View:
    """Keep each refused attempt at an act that decides or changes rights, with who and why not."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # A form may show a refusal at its field, with the status of a value that can't be taken.
        in_form = getattr(request, "refused_in_form", "")
        is_refusal = response.status_code in {403, 404} or bool(in_form)
        if request.method in {"GET", "HEAD", "OPTIONS"} or not is_refusal:
            return response
        action, user = _action_of(request), getattr(request, "user", None)
        if action in policy.watched() and isinstance(user, User):
            Attempt.objects.create(
                by=user,
                action=action,
                address=request.path[:300],
                status=response.status_code,
                reason=getattr(request, "refusal", in_form),
                by_token=user.token is not None,
            )
        return response

    return middleware


def _action_of(request: HttpRequest) -> str:
    """The action that the route names, for pages and for the API; empty without one."""
    match = request.resolver_match
    if match is None:
        return ""
    cls = getattr(match.func, "cls", None)
    if cls is None:
        return str(getattr(match.func, "action", ""))
    method = str(request.method).lower()
    route = (getattr(match.func, "actions", None) or {}).get(method, method)
    return str(getattr(cls, "actions_of_routes", {}).get(route, ""))


# /as-of/812/portfolio/ is the page /portfolio/ as of record 812, /as-of/2026-03-31/portfolio/ as of that day.
_AS_OF = re.compile(r"/as-of/([0-9-]+)(/.*)")


def read_as_of(get_response: View) -> View:
    """Answer pages as of an earlier point of the record, and refuse every act there.

    The point stands in front of the address, and every address that such a page holds keeps it.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        found = _AS_OF.fullmatch(request.path_info)
        if found is None:
            return get_response(request)
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        point, now_path = as_of.point_from(found[1]), found[2]
        if point is None:
            raise Http404
        action = getattr(resolve(now_path).func, "action", None)
        is_read = request.method in {"GET", "HEAD"}
        if not is_read and action not in {"report.export", "audit.export"}:
            error = InvalidMove("The past can't be changed. Go back to now, and do it there.")
            return render(request, "refused.html", {"error": error, "status": 409}, status=409)
        prefix = get_script_prefix()
        if action not in policy.table() or not policy.table()[action].as_of:
            return redirect(f"{prefix.rstrip('/')}{now_path}?{request.GET.urlencode()}".rstrip("?"))
        request.as_of = point  # type: ignore[attr-defined]
        request.path_info = now_path
        set_script_prefix(f"{prefix}as-of/{found[1]}/")
        try:
            with reading(point, request.user) if is_read else nullcontext():
                response = get_response(request)
                if is_read and isinstance(response, StreamingHttpResponse):
                    # Read to its end while the point stands.
                    response.streaming_content = list(response)
                return response
        finally:
            set_script_prefix(prefix)

    return middleware


def nudge_workers(get_response: View) -> View:
    """After a change, wake a worker; a lost nudge loses nothing, since beat looks at the rows as well."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        changed = request.method not in {"GET", "HEAD", "OPTIONS"} and response.status_code < 400
        if changed and settings.REDIS_URL:
            nudge()
        return response

    return middleware
