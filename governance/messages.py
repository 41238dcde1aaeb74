"""Telling people what waits for them: rows, delivered by a job."""

from collections.abc import Iterable

from accounts.models import Notification, User


def tell(people: Iterable[User | None], *, subject: str, sentence: str, path: str) -> None:
    """One message to each person, once; service accounts read none."""
    readers = {person.pk: person for person in people if person is not None and person.is_active}
    Notification.objects.bulk_create(
        Notification(recipient=person, subject=subject[:200], sentence=sentence, path=path)
        for person in readers.values()
        if not person.is_service_account
    )
