"""Messages to people: rows written by services, shown in the browser, sent by mail by a job."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts.models import Notification, User


def notify(user: User, *, subject: str, sentence: str, path: str = "") -> Notification:
    """Write one message to a person; for a service account, to the person who answers for it."""
    return Notification.objects.create(
        recipient=user.person, subject=subject[:200], sentence=sentence, path=path
    )


def message_id(notification: Notification) -> str:
    """The same for each attempt, so that a mail server can drop a second copy."""
    return f"<notification-{notification.pk}@{urlsplit(settings.BASE_URL).hostname}>"


def send(notification: Notification) -> None:
    """Hand one message to the mail server. Raises OSError when it doesn't answer."""
    text = render_to_string(
        "accounts/notice.txt",
        {"notification": notification, "link": f"{settings.BASE_URL}{notification.get_absolute_url()}"},
    )
    EmailMessage(
        subject=f"Keel: {notification.subject}".replace("\n", " "),
        body=text,
        to=[notification.recipient.email],
        headers={"Message-ID": message_id(notification), "Auto-Submitted": "auto-generated"},
    ).send()
