"""A running initiative gets a new version of its case; what changes too much is decided anew."""

from accounts.errors import Incomplete, InvalidMove, Refused
from accounts.models import Role, User
from governance import authority, drift, gates
from governance.messages import tell
from governance.models import Gate, SigningRound
from governance.permissions import may_change_case
from governance.services.common import require_reason
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import BusinessCase, CaseDraft, Initiative, Track
from portfolio.services import freeze_case


def change_case(initiative: Initiative, *, reason: str, actor: User) -> BusinessCase:
    """The unit sends the changed case of what runs: a new frozen version, the stage stays.

    The baseline stays until a decision replaces it. A material change reopens the decision at its gate.
    Raises NotAllowed, Refused without a reason or for another currency, Incomplete with what the case lacks,
    InvalidMove when nothing changed or a signing round is open.
    """
    reason = require_reason(reason)
    behalf = actor.person if actor.is_service_account else None
    with record("case.changed", actor=actor, on_behalf_of=behalf, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_change_case(actor, initiative).or_deny()
        before = initiative.current_case
        draft = CaseDraft.objects.filter(initiative=initiative).first()
        if before is None or draft is None:
            raise InvalidMove("There is no case to change; write one first.")
        if SigningRound.objects.unended().filter(initiative=initiative).exists():
            raise InvalidMove(
                "A signing round is open on this case; the portfolio office withdraws it first."
            )
        content = draft.content
        if content == before.content:
            raise InvalidMove(f"The draft says the same as version {before.version}: nothing changed.")
        if (content["currency"] or before.currency) != before.currency:
            raise Refused(
                "The currency of what runs stays.", {"currency": f"Keep {before.currency} as its currency."}
            )
        asked = gates.check(initiative, Gate.REGISTER, content)
        if initiative.track == "full":
            asked += gates.check(initiative, Gate.CASE, content)
        if lacking := gates.missing([item for item in asked if gates.is_of_the_case(item)]):
            raise Incomplete(f"The case lacks {len(lacking)} things that the gates ask for.", lacking)
        if content.get("sponsor_id") in {actor.person.pk, initiative.submitter_id}:
            raise Refused(
                "The sponsor can't be the person who submits.",
                {"sponsor_id": "Name somebody as its sponsor who does not submit it."},
            )
        frozen = freeze_case(initiative, BusinessCase.Purpose.CHANGED, act=act, actor=actor)
        act.note(case_version=frozen.version, case_hash=frozen.content_hash)
        why = gates.why_not_track(initiative, Track.NOTIFY) if initiative.track == Track.NOTIFY else ""
        if drift.reopen_if_changed(initiative, act=act) is None:
            tell(
                authority.holders(Role.PORTFOLIO_OFFICE, initiative.unit),
                subject=f"{initiative.reference} {'is to be called in' if why else 'has a changed case'}",
                sentence=f"{actor} sent version {frozen.version} of “{initiative.title}”: {reason}"
                + (f" It can't stay only notified: {why}." if why else ""),
                path=initiative.get_absolute_url(),
            )
        if initiative.sponsor_id is not None and initiative.sponsor_confirmed_at is None:
            tell(
                [initiative.sponsor],
                subject=f"{initiative.reference} asks for your sponsorship",
                sentence=f"You are named as the sponsor of “{initiative.title}”. Confirm within "
                f"{drift.SPONSOR_DAYS} days that you stand behind it.",
                path=initiative.get_absolute_url(),
            )
        return frozen
