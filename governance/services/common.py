"""What several acts of governance share: a reason, the end of a round, a word to the unit."""

from decimal import Decimal

from accounts.errors import InvalidMove, Refused
from accounts.models import Role, User
from governance import authority
from governance.messages import tell
from governance.models import SigningRound, SigningRoundEnd
from ledger.services import Act
from portfolio.models import Initiative

NOTHING = Decimal(0)


def require_running(signing: SigningRound) -> None:
    """Raise InvalidMove for a signing round that has ended."""
    ending = SigningRoundEnd.objects.filter(signing=signing).first()
    if ending is not None:
        raise InvalidMove(f"This signing round has ended: {ending.get_kind_display().lower()}.")


def end_round(signing: SigningRound, kind: str, reason: str, *, act: Act) -> SigningRoundEnd:
    """End a signing round."""
    act.note(signing=signing.pk, ended=kind)
    return act.add(SigningRoundEnd, signing=signing, kind=kind, reason=reason)


def require_reason(reason: str) -> str:
    """The reason without blanks around it. Raises Refused without one."""
    if not reason.strip():
        raise Refused("Give a reason.", {"reason": "Write why."})
    return reason.strip()


def tell_the_unit(initiative: Initiative, what: str, sentence: str) -> None:
    """Tell submitter, owner, sponsor and the unit's leads what became of it."""
    ids = [initiative.submitter_id, initiative.owner_id, initiative.sponsor_id]
    people = User.objects.filter(pk__in=[pk for pk in ids if pk is not None])
    leads = authority.holders(Role.UNIT_LEAD, initiative.unit)
    path = f"{initiative.get_absolute_url()}?tab=decisions"
    tell([*people, *leads], subject=f"{initiative.reference} {what}", sentence=sentence, path=path)


def end_open_rounds(initiative: Initiative, reason: str, *, act: Act) -> None:
    """Take back the signing rounds of an initiative that are still open."""
    for signing in SigningRound.objects.unended().filter(initiative=initiative):
        end_round(signing, SigningRoundEnd.Kind.WITHDRAWN, reason, act=act)
