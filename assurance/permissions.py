"""Who may answer, plan, supply, check, block, report: the policy table first, then who is kept out."""

from accounts import policy, segregation
from accounts.models import Role, RoleGrant, Unit, User
from accounts.verdict import Verdict
from assurance.models import ControlEvidence, Holder, Incident
from portfolio.involvement import hands_in, is_behind
from portfolio.models import Initiative


def _uninvolved(user: User, action: str, initiative: Initiative) -> Verdict:
    verdict = policy.may(user, action, initiative)
    if not verdict:
        return verdict
    return segregation.judge(verdict, action, hands_in(user, [initiative]).get(initiative.pk, []))


def may_answer(user: User, initiative: Initiative) -> Verdict:
    """Fill the questionnaire that proposes a tier."""
    return policy.may(user, "tier.answer", initiative)


# Controls ------------------------------------------------------------------------------------


def may_plan(user: User, initiative: Initiative) -> Verdict:
    """Say who sees to a control, and how."""
    return policy.may(user, "control.plan", initiative)


def may_evidence(user: User, initiative: Initiative) -> Verdict:
    """Supply what shows that a control holds."""
    return policy.may(user, "control.evidence", initiative)


def may_check(user: User, initiative: Initiative) -> Verdict:
    """A risk officer with no part in it."""
    return _uninvolved(user, "control.check", initiative)


def may_check_this(user: User, evidence: ControlEvidence) -> Verdict:
    """Nobody checks what they supplied."""
    if evidence.initiative is not None:
        action, verdict = "control.check", may_check(user, evidence.initiative)
    else:
        action, verdict = "organisation_control.check", may_check_for_all(user)
    return segregation.judge(verdict, action, ["supplied"]) if is_behind(user, evidence.by_id) else verdict


def may_except(user: User, initiative: Initiative) -> Verdict:
    """Grant an exception: a risk officer with no part in it."""
    return _uninvolved(user, "control.except", initiative)


def _root() -> Unit | None:
    return Unit.objects.filter(parent=None).order_by("pk").first()


def may_keep(user: User) -> Verdict:
    """Supply evidence of a control that is held once for all: with a role for the whole organisation."""
    return policy.may(user, "organisation_control.evidence", unit=_root())


def may_check_for_all(user: User) -> Verdict:
    """Check a control that is held once for all."""
    return policy.may(user, "organisation_control.check", unit=_root())


# What stops ----------------------------------------------------------------------------------


def may_block(user: User, initiative: Initiative) -> Verdict:
    """Block gates and releases."""
    return _uninvolved(user, "risk.block", initiative)


def may_unblock(user: User, initiative: Initiative) -> Verdict:
    """Lift a block before its day."""
    return _uninvolved(user, "risk.unblock", initiative)


def holder_of(user: User, initiative: Initiative) -> str | None:
    """As whom the user holds the veto: benefit owner first, then risk officer; None as nobody."""
    if initiative.benefit_owner_id == user.pk:
        return Holder.BENEFIT_OWNER
    grants = RoleGrant.objects.active().confirmed().filter(role=Role.RISK_OFFICER, user=user)
    held = any(initiative.unit.path.startswith(grant.unit.path) for grant in grants.select_related("unit"))
    return Holder.RISK_OFFICER if held else None


def _holds_veto(user: User, action: str, initiative: Initiative) -> Verdict:
    if holder_of(user, initiative) == Holder.RISK_OFFICER:
        return _uninvolved(user, action, initiative)
    return policy.may(user, action, initiative)


def may_veto(user: User, initiative: Initiative) -> Verdict:
    """Place the reliability veto."""
    return _holds_veto(user, "veto.place", initiative)


def may_lift_veto(user: User, initiative: Initiative) -> Verdict:
    """Lift the reliability veto, with the other holder."""
    return _holds_veto(user, "veto.lift", initiative)


# Incidents -----------------------------------------------------------------------------------


def may_report(user: User, initiative: Initiative | None) -> Verdict:
    """Report an incident (without an initiative: of any)."""
    return policy.may(user, "incident.report", initiative)


def may_follow(user: User, incident: Incident) -> Verdict:
    """Say that it is contained, or that the authority was told."""
    return policy.may(user, "incident.follow", incident.initiative)


def may_grade(user: User, incident: Incident) -> Verdict:
    """Change its severity."""
    return _uninvolved(user, "incident.grade", incident.initiative)


def may_close(user: User, incident: Incident) -> Verdict:
    """Close it with its lessons."""
    return _uninvolved(user, "incident.close", incident.initiative)


def may_book(user: User, incident: Incident) -> Verdict:
    """Book what it cost."""
    return policy.may(user, "incident.book_cost", incident.initiative)
