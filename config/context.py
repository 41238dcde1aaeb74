"""What the frame around every page shows."""

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, object]:
    """Navigation by role, unread messages, and as of when the page speaks."""
    return {}
