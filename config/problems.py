"""Errors of the API as problem documents (RFC 9457)."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from accounts.errors import DomainError
from config.constraints import sentence_of

CONTENT_TYPE = "application/problem+json"


def problem(status: int, code: str, title: str, **details: Any) -> Response:
    """A problem document; `code` is stable, `detail` is for people."""
    body = {"type": f"urn:keel:problem:{code}", "title": title, "status": status, "code": code} | details
    return Response(body, status=status, content_type=CONTENT_TYPE)


def as_problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """The API's exception handler: every refusal is a problem document."""
    if isinstance(error, IntegrityError) and (sentence := sentence_of(error)):
        error = DomainError(sentence)
    if isinstance(error, DomainError):
        context["request"]._request.refusal = error.sentence
        set_rollback()
        return problem(error.status, error.code, error.sentence, detail=error.sentence, **error.details)
    if isinstance(error, exceptions.ValidationError):
        set_rollback()
        return problem(422, "invalid", "Some values can't be taken.", errors=error.detail)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        answer = problem(404, "not-found", "There is nothing here that you may see.")
    elif isinstance(error, PermissionDenied):
        answer = problem(403, "not-allowed", str(error) or "You may not do this.")
    else:
        detail = error.detail if isinstance(error, exceptions.APIException) else str(error)
        code = error.get_codes() if isinstance(error, exceptions.APIException) else "error"
        answer = problem(response.status_code, str(code).replace("_", "-"), str(detail))
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in response.headers:
            answer[name] = response.headers[name]
    return answer
