"""The acts on the authority: draft, propose, approve or refuse a version; part a family."""

from copy import deepcopy
from datetime import date

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from accounts.errors import Changed, Incomplete, InvalidMove, Refused
from accounts.models import User
from governance import authority, authority_document, authority_selectors
from governance.authority_document import Content
from governance.authority_permissions import (
    approving_seat,
    may_approve_authority,
    may_draft_authority,
    may_propose_authority,
    may_separate,
)
from governance.authority_selectors import APPROVERS, content_of
from governance.messages import tell
from governance.models import (
    AuthorityAdoption,
    AuthorityApproval,
    AuthorityDraft,
    AuthorityVersion,
    FamilySeparation,
)
from governance.services.common import require_reason
from ledger import chain, clock
from ledger.services import record
from portfolio import lifecycle
from portfolio.models import Initiative

# The draft -----------------------------------------------------------------------------------


@transaction.atomic
def start_authority_draft(*, preset: str = "", actor: User) -> AuthorityDraft:
    """Start the next version from the one in force, or from a preset.

    Raises NotAllowed, Refused for a preset that does not exist, or InvalidMove when a draft is open already.
    """
    may_draft_authority(actor).or_deny()
    if AuthorityDraft.objects.exists():
        raise InvalidMove("A draft of the next authority is open already.")
    return AuthorityDraft.objects.create(
        content=starting_content(preset), writers=[actor.person.pk], updated_by=actor
    )


def starting_content(preset: str) -> Content:
    """The document that a draft starts from, valid from today. Raises Refused for an unknown preset."""
    if preset and preset not in authority_document.PRESETS:
        raise Refused("There is no such preset.", {"preset": "Choose one of the list."})
    version = authority.version_in_force()
    if preset or version is None:
        content = authority_selectors.preset(preset or "default")
    else:
        content = content_of(authority_selectors.versions().get(pk=version.pk))
    return content | {"valid_from": clock.today().isoformat()}


@transaction.atomic
def save_authority_draft(*, content: Content, version: int, actor: User) -> AuthorityDraft:
    """Save the draft that was opened at `version`, whole or not.

    Raises NotAllowed, InvalidMove when no draft is open or it was proposed, Changed when someone saved it
    meanwhile.
    """
    may_draft_authority(actor).or_deny()
    draft = _locked_draft()
    _require_seen(draft, version, content)
    draft.content = content
    draft.version, draft.updated_at, draft.updated_by = draft.version + 1, clock.now(), actor
    draft.writers = sorted({*draft.writers, actor.person.pk})
    draft.save(update_fields=["content", "version", "updated_at", "updated_by", "writers"])
    return draft


@transaction.atomic
def discard_authority_draft(*, version: int, actor: User) -> None:
    """Throw the draft away. Raises NotAllowed, InvalidMove, or Changed when it was saved meanwhile."""
    may_draft_authority(actor).or_deny()
    draft = _locked_draft()
    _require_seen(draft, version, draft.content)
    draft.delete()


def authority_draft_to_write() -> AuthorityDraft:
    """The open draft. Raises InvalidMove when there is none, or when it was proposed."""
    return _writable(authority_selectors.open_draft())


def _locked_draft() -> AuthorityDraft:
    drafts = AuthorityDraft.objects.select_for_update(of=("self",))
    return _writable(drafts.select_related("proposed", "updated_by").first())


def _writable(draft: AuthorityDraft | None) -> AuthorityDraft:
    if draft is None:
        raise InvalidMove("No draft is open. A version never changes: start a draft of the next one.")
    if draft.proposed is not None:
        raise InvalidMove(
            f"Version {draft.proposed.number} is proposed and frozen: it changes no more. "
            "If it is refused, the draft goes on."
        )
    return draft


def _require_seen(draft: AuthorityDraft, version: int, content: Content) -> None:
    if draft.version != version:
        changes = authority_document.differences(content, draft.content, authority_selectors.labels())
        raise Changed(f"{draft.updated_by} saved the draft after you opened it.", changes=changes)


# Proposing and approving ---------------------------------------------------------------------


def propose_authority(*, version: int, reason: str, actor: User) -> AuthorityVersion:
    """Freeze the draft as the next version and put it before CFO and CEO.

    Raises NotAllowed, InvalidMove (no draft, proposed already, nothing changed), Changed when it was saved
    meanwhile, Incomplete with what is wrong by field, Refused without a reason.
    """
    with record("authority.proposed", actor=actor, reason=reason.strip()) as act:
        may_propose_authority(actor).or_deny()
        draft = _locked_draft()
        _require_seen(draft, version, draft.content)
        if missing := authority_document.check(draft.content, authority_selectors.known()):
            raise Incomplete("This draft can't be proposed yet.", missing)
        content = as_stored(draft.content)
        in_force = authority.version_in_force()
        if in_force is not None:
            before = content_of(authority_selectors.versions().get(pk=in_force.pk))
            same = {"name": content["name"], "valid_from": content["valid_from"]}
            if before | same == content:
                raise InvalidMove(f"The draft says the same as {in_force}: there is nothing to propose.")
        reason = require_reason(reason)
        newest = AuthorityVersion.objects.aggregate(newest=Max("number"))["newest"] or 0
        frozen = authority.write_version(
            content, newest + 1, act=act, reason=reason, proposed_by=actor, writers=draft.writers
        )
        act.about(frozen)
        act.note(number=frozen.number, content_hash=frozen.content_hash)
        draft.proposed = frozen
        draft.save(update_fields=["proposed"])
        tell(
            [person for person in authority.holders_of_the_whole(APPROVERS) if person != actor],
            subject=f"Version {frozen.number} of the authority waits for you",
            sentence=f"{actor} proposes it, valid from {frozen.valid_from:%-d %b %Y}: {reason}",
            path=frozen.get_absolute_url(),
        )
        return frozen


def as_stored(content: Content) -> Content:
    """A document that was checked, as its frozen version gives it back."""
    found = deepcopy(content)
    found["name"] = found["name"].strip()
    found["informed_over"] = _plain(found["informed_over"])
    for row in found["steps"]:
        row["name"] = row["name"].strip()
        row["limit"] = _plain(row["limit"])
    return found


def _plain(text: str) -> str:
    amount = authority_document.amount_of(text)
    return "" if amount is None else chain.plain(amount)


@transaction.atomic
def approve_authority(
    version: AuthorityVersion, *, vote: str, reason: str = "", seen_hash: str, actor: User
) -> AuthorityApproval:
    """Record one vote; the second for it puts the version in force from its day, one against closes it.

    Raises NotAllowed, InvalidMove when it is not open any more, Changed when what was seen is not what is
    there, Refused for no vote or a refusal without a reason.
    """
    if vote not in AuthorityApproval.Vote.values:
        raise Refused("Vote for or against.", {"vote": "Choose to approve or to refuse."})
    is_against = vote == AuthorityApproval.Vote.AGAINST
    if is_against and not reason.strip():
        raise Refused("A refusal needs a reason.", {"reason": "Say what should change."})
    verb = "authority.refused" if is_against else "authority.approved"
    with record(verb, actor=actor, about=version, reason=reason.strip()) as act:
        draft = _locked_proposed(version)
        version = authority_selectors.versions().get(pk=version.pk)
        may_approve_authority(actor, version).or_deny()
        content = content_of(version)
        if seen_hash != version.content_hash or seen_hash != authority_document.hash_of(content):
            raise Changed("This is not the version that you saw: open it again and read it.")
        approval = act.add(
            AuthorityApproval,
            version=version,
            by=actor,
            role=approving_seat(actor, version),
            vote=vote,
            reason=reason.strip(),
            seen_hash=seen_hash,
        )
        act.note(number=version.number, content_hash=seen_hash, role=approval.role)
        if is_against:
            draft.proposed = None
            draft.version += 1
            draft.save(update_fields=["proposed", "version"])
            tell(
                [version.proposed_by],
                subject=f"Version {version.number} of the authority was refused",
                sentence=f"{actor}: {reason.strip()}",
                path=reverse("authority-draft"),
            )
    votes = set(AuthorityApproval.objects.filter(version=version).values_list("role", flat=True))
    if not is_against and votes == set(APPROVERS):
        _adopt(version, draft, actor=actor)
    return approval


def _locked_proposed(version: AuthorityVersion) -> AuthorityDraft:
    """The draft of an open proposal, under its lock: two people who vote at once come one after the other."""
    draft = AuthorityDraft.objects.select_for_update(of=("self",)).filter(proposed=version).first()
    if draft is not None:
        return draft
    if AuthorityAdoption.objects.filter(version=version).exists():
        raise InvalidMove(f"Version {version.number} is approved already.")
    raise InvalidMove(f"Version {version.number} was refused; the portfolio office goes on with its draft.")


def _adopt(version: AuthorityVersion, draft: AuthorityDraft, *, actor: User) -> None:
    """Put the version in force from its day, in the transaction of the second vote; never backwards."""
    missing = authority_document.check(
        draft.content | {"valid_from": _from(version).isoformat()}, authority_selectors.known()
    )
    if missing:
        raise InvalidMove(f"This version can't come into force any more: {next(iter(missing.values()))}")
    with record("authority.adopted", actor=actor, about=version) as act:
        adoption = act.add(AuthorityAdoption, version=version, in_force_from=_from(version))
        act.note(
            number=version.number, content_hash=version.content_hash, in_force_from=adoption.in_force_from
        )
        draft.delete()
        tell(
            [version.proposed_by],
            subject=f"Version {version.number} of the authority is approved",
            sentence=f"It is in force from {adoption.in_force_from:%-d %b %Y}.",
            path=version.get_absolute_url(),
        )


def _from(version: AuthorityVersion) -> date:
    return max(version.valid_from, clock.today())


# Families ------------------------------------------------------------------------------------


def separate_family(
    initiative: Initiative, *, other: Initiative, reason: str, actor: User
) -> FamilySeparation:
    """Say that two that look alike are no family: what one was granted counts no more for the other.

    Raises NotAllowed, Refused without a reason, or InvalidMove for two that do not look alike, or hang
    together by 'is part of'.
    """
    reason = require_reason(reason)
    with record("family.separated", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_separate(actor, initiative).or_deny()
        alike = {relative.initiative.pk: relative for relative in authority.family(initiative)}
        if other.pk not in alike:
            raise InvalidMove(f"{other.reference} does not count into the family of {initiative.reference}.")
        if alike[other.pk].similarity is None:
            raise InvalidMove(
                f"{initiative.reference} and {other.reference} are linked as parts of one: "
                "take the link back instead."
            )
        act.note(other=other.pk, similarity=str(alike[other.pk].similarity))
        return act.add(FamilySeparation, initiative=initiative, other=other, reason=reason, by=actor)
