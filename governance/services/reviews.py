"""Opening a review of access and answering its lines."""

from datetime import timedelta

from django.db import transaction

from accounts import services as accounts
from accounts.errors import InvalidMove
from accounts.models import ApiToken, Deputy, Role, RoleGrant, User
from governance.messages import tell
from governance.models import AccessReview, AccessReviewAnswer, AccessReviewLine, BodyMember
from governance.reviews import is_recent, may_answer, may_open_review, what_gives_access
from governance.services.bodies import end_member
from governance.services.common import require_reason
from governance.services.deputies import end_deputy
from ledger import clock
from ledger.services import record

DUE_IN = timedelta(days=30)
Kind = AccessReviewLine.Kind


def open_review(*, actor: User | None) -> AccessReview:
    """List everything that gives access today. Without an actor it is the half-yearly job.

    Raises NotAllowed, or InvalidMove when the last one is too near.
    """
    if actor is not None:
        may_open_review(actor).or_deny()
    today = clock.today()
    with record("review.opened", actor=actor) as act:
        accounts.lock_administration()
        if is_recent():
            raise InvalidMove("The last review is less than five months old.")
        review = act.add(AccessReview, on=today, due_on=today + DUE_IN, opened_by=actor)
        act.about(review)
        listed = what_gives_access()
        act.add_many(
            AccessReviewLine,
            [
                AccessReviewLine(
                    review=review,
                    kind=row.kind,
                    object_id=row.object_id,
                    person=row.person,
                    unit=row.unit,
                    what=row.what,
                )
                for row in listed
            ],
        )
        act.note(lines=len(listed))
        grants = RoleGrant.objects.active().filter(
            role__in=[Role.ADMINISTRATOR, Role.RISK_OFFICER, Role.UNIT_HEAD]
        )
        tell(
            User.objects.filter(grants__in=grants).distinct(),
            subject="Who still needs their access?",
            sentence=f"{len(listed)} roles, seats, deputies and tokens are reviewed "
            f"until {review.due_on:%-d %b %Y}.",
            path="/access-reviews/",
        )
    return review


def answer_line(line: AccessReviewLine, *, keep: bool, reason: str = "", actor: User) -> AccessReviewAnswer:
    """Keep what a line lists, or end it by the act that ends it anywhere. Ending needs a reason.

    Raises NotAllowed, InvalidMove when it is answered, Refused without a reason.
    """
    may_answer(actor, line).or_deny()
    if not keep:
        reason = require_reason(reason)
    with transaction.atomic():
        if AccessReviewAnswer.objects.filter(line=line).exists():
            raise InvalidMove("This line is answered already.")
        if not keep:
            _end(line, reason, actor)
        with record("review.answered", actor=actor, about=line.review, reason=reason) as act:
            act.note(line=line.pk, kept=keep, kind=line.kind, object=line.object_id)
            return act.add(AccessReviewAnswer, line=line, kept=keep, by=actor, reason=reason.strip())


def _end(line: AccessReviewLine, reason: str, actor: User) -> None:
    match line.kind:
        case Kind.GRANT:
            accounts.revoke_grant(RoleGrant.objects.get(pk=line.object_id), reason=reason, actor=actor)
        case Kind.SEAT:
            end_member(BodyMember.objects.get(pk=line.object_id), reason=reason, actor=actor)
        case Kind.DEPUTY:
            end_deputy(Deputy.objects.get(pk=line.object_id), reason=reason, actor=actor)
        case _:
            accounts.revoke_token(ApiToken.objects.get(pk=line.object_id), actor=actor)
