"""The acts on bodies: propose and confirm a body and its members, end a membership."""

from datetime import date

from django.urls import reverse

from accounts import policy
from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from governance import authority
from governance.authority_permissions import (
    may_confirm_body,
    may_confirm_member,
    may_end_member,
    may_propose_body,
)
from governance.messages import tell
from governance.models import Body, BodyConfirmation, BodyMember, BodyMemberConfirmation, BodyMemberEnd
from governance.services.common import require_reason
from ledger import clock
from ledger.services import record

MOST_MEMBERS = 99
_CONFIRM = (Role.RISK_OFFICER, Role.CEO)


def propose_body(*, name: str, quorum: int, role: str = "", actor: User) -> Body:
    """Name a body and its quorum, of the holders of a role or of named members.

    It counts once a second person confirms it. Raises NotAllowed, or Refused for a name that is missing or
    taken, a quorum of nobody, or a role that may not sign.
    """
    with record("body.proposed", actor=actor) as act:
        may_propose_body(actor).or_deny()
        errors = {}
        if not name.strip():
            errors["name"] = "Name the body."
        elif Body.objects.filter(name__iexact=name.strip()).exists():
            errors["name"] = "There is a body of this name already."
        if not 1 <= quorum <= MOST_MEMBERS:
            errors["quorum"] = f"A quorum is 1 to {MOST_MEMBERS} members."
        if role and role not in policy.table()["decision.sign"].roles:
            errors["role"] = "Choose a role that may sign decisions."
        if errors:
            raise Refused("This body can't be proposed so.", errors)
        body = act.add(Body, name=name.strip(), role=role, quorum=quorum, proposed_by=actor)
        act.about(body)
        act.note(name=body.name, quorum=quorum, role=role)
        _tell_who_confirms(actor, f"The body {body.name} waits for a second person", f"{actor} proposes it.")
        return body


def confirm_body(body: Body, *, actor: User) -> BodyConfirmation:
    """The second person's yes. Raises NotAllowed, or InvalidMove when it is confirmed already."""
    with record("body.confirmed", actor=actor, about=body) as act:
        may_confirm_body(actor, body).or_deny()
        if BodyConfirmation.objects.filter(body=body).exists():
            raise InvalidMove(f"{body} is confirmed already.")
        return act.add(BodyConfirmation, body=body, confirmed_by=actor)


def propose_member(
    body: Body, *, user: User, valid_from: date | None = None, valid_to: date | None = None, actor: User
) -> BodyMember:
    """Propose a member for some time; they vote once a second person confirms it.

    Raises NotAllowed, InvalidMove for a body of a role's holders, or Refused by field.
    """
    with record("member.proposed", actor=actor, about=body) as act:
        may_propose_body(actor).or_deny()
        if body.role:
            raise InvalidMove(f"{body} is made of the holders of a role: grant the role instead.")
        start, errors = valid_from or clock.today(), {}
        if user.is_service_account or not user.is_active:
            errors["user"] = "Choose a person who is active in Keel."
        elif user.pk in {actor.pk, actor.person.pk}:
            errors["user"] = "Nobody proposes themselves: a colleague of the portfolio office can."
        elif _sits_already(body, user, start, valid_to):
            errors["user"] = f"{user} sits in {authority.body_in_words(body)} already."
        if valid_to is not None and valid_to < start:
            errors["valid_to"] = "It ends before it begins."
        if errors:
            raise Refused("This member can't be proposed so.", errors)
        member = act.add(
            BodyMember, body=body, user=user, valid_from=start, valid_to=valid_to, proposed_by=actor
        )
        act.note(member=member.pk, user=user.pk)
        _tell_who_confirms(
            actor,
            f"A seat in {authority.body_in_words(body)} waits for a second person",
            f"{actor} proposes {user}.",
        )
        return member


def _sits_already(body: Body, user: User, start: date, end: date | None) -> bool:
    rows = BodyMember.objects.unended().filter(body=body, user=user)
    return any(
        (row.valid_to is None or row.valid_to >= start) and (end is None or row.valid_from <= end)
        for row in rows
    )


def confirm_member(member: BodyMember, *, actor: User) -> BodyMemberConfirmation:
    """The second person's yes. Raises NotAllowed, or InvalidMove when it is confirmed or ended already."""
    with record("member.confirmed", actor=actor, about=member.body) as act:
        may_confirm_member(actor, member).or_deny()
        if BodyMemberConfirmation.objects.filter(member=member).exists():
            raise InvalidMove(f"{member.user} is confirmed already.")
        _require_unended(member)
        act.note(member=member.pk, user=member.user_id)
        confirmation = act.add(BodyMemberConfirmation, member=member, confirmed_by=actor)
        tell(
            [member.user],
            subject=f"You sit in {authority.body_in_words(member.body)}",
            sentence=f"From {member.valid_from:%-d %b %Y} on you vote on what comes before it.",
            path=reverse("body-list"),
        )
        return confirmation


def end_member(member: BodyMember, *, reason: str, actor: User) -> BodyMemberEnd:
    """End a membership at once.

    Raises NotAllowed, Refused without a reason, or InvalidMove when it has ended.
    """
    reason = require_reason(reason)
    with record("member.ended", actor=actor, about=member.body, reason=reason) as act:
        may_end_member(actor).or_deny()
        _require_unended(member)
        act.note(member=member.pk, user=member.user_id)
        return act.add(BodyMemberEnd, member=member, ended_by=actor, reason=reason)


def _require_unended(member: BodyMember) -> None:
    if BodyMemberEnd.objects.filter(member=member).exists():
        raise InvalidMove(f"The seat of {member.user} has ended already.")


def _tell_who_confirms(actor: User, subject: str, sentence: str) -> None:
    people = [person for person in authority.holders_of_the_whole(_CONFIRM) if person != actor]
    tell(people, subject=subject, sentence=sentence, path=reverse("body-list"))
