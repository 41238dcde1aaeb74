"""Who may write, propose and approve the authority, name members of bodies, and part a family."""

from accounts import policy, segregation
from accounts.models import User
from accounts.verdict import ALLOW, Verdict, deny
from governance.authority_document import names_person
from governance.authority_selectors import APPROVERS, content_of
from governance.models import AuthorityApproval, AuthorityVersion, Body, BodyMember
from portfolio.involvement import is_behind
from portfolio.models import Initiative


def may_draft_authority(user: User) -> Verdict:
    """The portfolio office of the whole organisation."""
    return _for_the_whole(user, "authority.draft")


def may_propose_authority(user: User) -> Verdict:
    """The portfolio office of the whole organisation; that the draft is whole is the act's own condition."""
    return _for_the_whole(user, "authority.propose")


def may_approve_authority(user: User, version: AuthorityVersion) -> Verdict:
    """CFO and CEO, one vote each: not who wrote on it, voted on it, or gets a limit in it by name."""
    verdict = _for_the_whole(user, "authority.approve")
    if not verdict:
        return verdict
    wrote = ["wrote"] if is_behind(user, version.proposed_by_id, *version.writers) else []
    named = ["named"] if names_person(content_of(version), user.person.pk) else []
    verdict = segregation.judge(verdict, "authority.approve", [*wrote, *named])
    if not verdict:
        return verdict
    votes = list(AuthorityApproval.objects.filter(version=version))
    if any(vote.by_id == user.pk for vote in votes):
        return Verdict(False, "You voted on this version already.", is_about_state=True)
    if approving_seat(user, version) is None:
        return Verdict(False, "Your seat voted on this version already.", is_about_state=True)
    return ALLOW


def approving_seat(user: User, version: AuthorityVersion) -> str | None:
    """The seat that the user may take: their first confirmed role of the two that has not voted yet."""
    taken = set(AuthorityApproval.objects.filter(version=version).values_list("role", flat=True))
    held = {
        grant.role
        for grant in policy.grants_of(user)
        if getattr(grant, "confirmation", None) and grant.unit.parent_id is None
    }
    return next((role for role in APPROVERS if role in held and role not in taken), None)


def may_propose_body(user: User) -> Verdict:
    """The portfolio office of the whole organisation proposes bodies and their members."""
    return _for_the_whole(user, "body.propose")


def may_confirm_body(user: User, body: Body) -> Verdict:
    """A second person confirms a body."""
    proposed = ["proposed"] if is_behind(user, body.proposed_by_id) else []
    return segregation.judge(_for_the_whole(user, "body.confirm"), "body.confirm", proposed)


def may_confirm_member(user: User, member: BodyMember) -> Verdict:
    """A second person, who neither proposed the membership nor gets it."""
    own = ["oneself"] if is_behind(user, member.user_id) else []
    proposed = ["proposed"] if is_behind(user, member.proposed_by_id) else []
    return segregation.judge(_for_the_whole(user, "body.confirm"), "body.confirm", [*own, *proposed])


def may_end_member(user: User) -> Verdict:
    """End a membership early."""
    return _for_the_whole(user, "body.end")


def may_separate(user: User, initiative: Initiative) -> Verdict:
    """The portfolio office parts what only looks like a family."""
    return policy.may(user, "family.separate", initiative)


def _for_the_whole(user: User, action: str) -> Verdict:
    verdict = policy.may(user, action)
    if verdict and not policy.reach(user, action).everywhere:
        return deny("There is one authority for the whole organisation; your role is for a part of it.")
    return verdict
