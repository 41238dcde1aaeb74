"""What the acts of this room share: reasons, messages, and the marks that the status is made of."""

from collections.abc import Iterable
from datetime import date

from accounts.errors import Refused
from accounts.models import Notification, User
from assurance import selectors
from ledger import clock
from ledger.services import Act
from portfolio.models import Initiative, RiskFlag


def require_reason(reason: str, name: str = "reason") -> str:
    """The reason without blanks around it. Raises Refused without one."""
    if not reason.strip():
        raise Refused("Give a reason.", {name: "Write why."})
    return reason.strip()


def tell(people: Iterable[User | None], *, subject: str, sentence: str, path: str) -> None:
    """One message to each person, once; service accounts read none."""
    readers = {person.pk: person for person in people if person is not None and person.is_active}
    Notification.objects.bulk_create(
        Notification(recipient=person, subject=subject[:200], sentence=sentence, path=path)
        for person in readers.values()
        if not person.is_service_account
    )


def raise_flag(
    act: Act,
    initiative: Initiative,
    kind: str,
    *,
    subject: int = 0,
    from_on: date | None = None,
    until: date | None = None,
) -> None:
    """Let the status know of something from a day on; the return follows."""
    act.add(
        RiskFlag,
        initiative=initiative,
        kind=kind,
        subject=subject,
        is_raised=True,
        from_on=from_on or clock.today(),
        until=until,
    )
    act.marks("return", [initiative.pk])


def lower_flag(act: Act, initiative: Initiative, kind: str, *, subject: int = 0) -> None:
    """Take a mark of the status back."""
    act.add(
        RiskFlag,
        initiative=initiative,
        kind=kind,
        subject=subject,
        is_raised=False,
        from_on=clock.today(),
    )
    act.marks("return", [initiative.pk])


def flag_expiry(act: Act, initiative: Initiative) -> None:
    """Let the status know from when on a control has expired; nothing is written when that day stays."""
    day = selectors.first_expiry(selectors.controls_of(initiative))
    newest = (
        RiskFlag.objects.filter(initiative=initiative, kind=RiskFlag.Kind.CONTROL_EXPIRED)
        .order_by("id")
        .last()
    )
    stands = newest.from_on if newest is not None and newest.is_raised else None
    if day == stands:
        return
    if day is None:
        lower_flag(act, initiative, RiskFlag.Kind.CONTROL_EXPIRED)
    else:
        raise_flag(act, initiative, RiskFlag.Kind.CONTROL_EXPIRED, from_on=day)
