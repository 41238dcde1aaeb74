"""Giving a part in an initiative to somebody, and giving one up."""

from accounts.errors import InvalidMove, Refused
from accounts.models import User
from governance.messages import tell
from governance.services.common import require_reason, tell_the_unit
from governance.watch_permissions import may_appoint, may_step_down
from ledger.services import record
from portfolio import lifecycle
from portfolio.involvement import is_behind
from portfolio.models import Appointment, Initiative, Part, StepDown
from portfolio.services import appoint

# What may be given by an act of its own; assessors are assigned by the portfolio office.
GIVEN = {
    Part.OWNER: "Owner",
    Part.SPONSOR: "Sponsor",
    Part.BENEFIT_OWNER: "Benefit owner",
}


def appoint_to(initiative: Initiative, *, part: str, person: User, reason: str, actor: User) -> Appointment:
    """Appoint an owner, a sponsor or a benefit owner; a new sponsor confirms within 30 days.

    Raises NotAllowed, or Refused for somebody who can't take the part.
    """
    reason = require_reason(reason)
    if part not in GIVEN:
        raise Refused("Choose a part.", {"part": "Choose owner, sponsor or benefit owner."})
    with record("part.appointed", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_appoint(actor, initiative).or_deny()
        if not person.is_active or person.is_service_account:
            raise Refused("Choose a person.", {"person": "Choose a person who is active in Keel."})
        if getattr(initiative, f"{part}_id") == person.pk:
            raise Refused("That is so already.", {"person": f"{person} has this part already."})
        if part == Part.SPONSOR and is_behind(person, initiative.submitter_id):
            raise Refused(
                "A sponsor is not the submitter.",
                {"person": f"{person} submitted it, so choose somebody else."},
            )
        appointment = appoint(initiative, part, person, act=act)
        act.marks("return", [initiative.pk])
        act.note(part=part, person=person.pk)
        is_sponsor = part == Part.SPONSOR
        tell(
            [person],
            subject=f"You are {GIVEN[Part(part)].lower()} of {initiative.reference}",
            sentence=f"{actor} appointed you for “{initiative.title}”."
            + (" Confirm within 30 days with a sentence." if is_sponsor else ""),
            path=initiative.get_absolute_url(),
        )
        return appointment


def step_down(initiative: Initiative, *, reason: str, actor: User) -> StepDown:
    """The sponsor gives up the part; it is vacant until somebody is appointed."""
    reason = require_reason(reason)
    with record("sponsor.stepped_down", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_step_down(actor, initiative).or_deny()
        held = Appointment.objects.filter(initiative=initiative, part=Part.SPONSOR).order_by("id").last()
        if held is None or held.person_id != actor.pk or hasattr(held, "step_down"):
            raise InvalidMove("You are not its sponsor any more.")
        stepped = act.add(StepDown, appointment=held, reason=reason)
        tell_the_unit(
            initiative, "has no sponsor", f"{actor} stepped down: {reason} Appoint a new one within 30 days."
        )
        initiative.sponsor = None
        initiative.sponsor_confirmed_at = None
        initiative.save(update_fields=["sponsor", "sponsor_confirmed_at"])
        return stepped
