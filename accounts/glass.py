"""Break-glass: a role for another person for minutes, asked by one and granted by two others."""

from datetime import timedelta

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from accounts import policy, segregation
from accounts.errors import InvalidMove, Refused
from accounts.models import (
    BreakGlass,
    BreakGlassApproval,
    Role,
    RoleConfirmation,
    RoleGrant,
    Unit,
    User,
)
from accounts.notices import notify
from accounts.permissions import deciding_roles, why_not_together
from accounts.verdict import ALLOW, Verdict, deny
from ledger import clock
from ledger.models import LedgerEntry
from ledger.services import record

LONGEST_MINUTES = 60
APPROVALS = 2
# How long a request waits for its two; an emergency of yesterday is none.
WAITS = timedelta(hours=4)
# Who learns of it at once.
TOLD = (Role.RISK_OFFICER, Role.AUDITOR, Role.CEO)


def roles() -> list[tuple[str, str]]:
    """The roles that may be given so: none that decides, scores or posts, and no program's."""
    return [
        (role, policy.role_in_words(role))
        for role in Role.values
        if role not in deciding_roles() and role != Role.INTEGRATOR
    ]


def may_ask(user: User, unit: Unit | None = None, person: User | None = None, role: str = "") -> Verdict:
    """Ask for another person: a role that fits theirs, and none that decides, scores or posts."""
    verdict = policy.may(user, "glass.ask", unit=unit)
    if not verdict or person is None:
        return verdict
    if person.pk == user.pk:
        return segregation.judge(verdict, "glass.ask", ["oneself"])
    if person.is_service_account or not person.is_active:
        return deny(f"{person} is no active person.")
    if role and role not in dict(roles()):
        return deny("Nobody gets a role that decides, scores or posts by break-glass.")
    if role and (reason := why_not_together(person, role)):
        return deny(reason)
    return ALLOW


def may_grant_glass(user: User, glass: BreakGlass) -> Verdict:
    """One of two who neither asked nor get it, and whose own role is confirmed."""
    verdict = policy.may(user, "glass.grant", unit=glass.unit)
    if not verdict:
        return verdict
    ties = [
        *(["proposed"] if user.pk == glass.asked_by_id else []),
        *(["oneself"] if user.pk == glass.person_id else []),
    ]
    verdict = segregation.judge(verdict, "glass.grant", ties)
    if not verdict:
        return verdict
    keepers = policy.table()["glass.grant"].roles
    if not any(grant.role in keepers and hasattr(grant, "confirmation") for grant in policy.grants_of(user)):
        return deny("Your own role is not confirmed yet.")
    return ALLOW


def ask(person: User, *, role: str, unit: Unit, minutes: int, reason: str, actor: User) -> BreakGlass:
    """Ask for a role for another person. Raises NotAllowed, or Refused by field."""
    errors: dict[str, str] = {}
    if role not in Role.values:
        errors["role"] = "Choose a role of the list."
    if not 1 <= minutes <= LONGEST_MINUTES:
        errors["minutes"] = f"Choose 1 to {LONGEST_MINUTES} minutes."
    if not reason.strip():
        errors["reason"] = "Write what the emergency is."
    if errors:
        raise Refused("This can't be asked so.", errors)
    with record("glass.asked", actor=actor, about=person, reason=reason.strip()) as act:
        may_ask(actor, unit, person, role).or_deny()
        glass = act.add(
            BreakGlass,
            person=person,
            role=role,
            unit=unit,
            minutes=minutes,
            reason=reason.strip(),
            asked_by=actor,
            asked_at=act.at,
        )
        act.note(glass=glass.pk, role=role, unit=unit.pk, minutes=minutes)
        _tell(
            "Break-glass is asked for",
            f"{actor} asks for {policy.role_in_words(role)} for {person} in {unit}, "
            f"{minutes} minutes: {glass.reason}",
        )
    return glass


def grant(glass: BreakGlass, *, actor: User) -> BreakGlassApproval:
    """One of two yeses; with the second the role holds, and ends by itself.

    Raises NotAllowed or InvalidMove.
    """
    with record("glass.granted", actor=actor, about=glass.person, reason=glass.reason) as act:
        # Two yeses at once wait for one another: exactly one of them is the second.
        Unit.objects.select_for_update().filter(parent=None).order_by("pk").first()
        may_grant_glass(actor, glass).or_deny()
        if RoleGrant.objects.filter(break_glass=glass).exists():
            raise InvalidMove("This is granted already.")
        if glass.asked_at + WAITS < clock.now():
            raise InvalidMove("This was asked too long ago: ask again if it is still needed.")
        earlier = list(BreakGlassApproval.objects.filter(glass=glass).select_related("by"))
        if any(approval.by_id == actor.pk for approval in earlier):
            raise InvalidMove("You granted this already: a second person has to.")
        if reason := why_not_together(glass.person, glass.role):
            raise InvalidMove(reason)
        approval = act.add(BreakGlassApproval, glass=glass, by=actor)
        act.note(glass=glass.pk, approvals=len(earlier) + 1)
        if len(earlier) + 1 == APPROVALS:
            ends_at = act.at + timedelta(minutes=glass.minutes)
            given = act.add(
                RoleGrant,
                user=glass.person,
                role=glass.role,
                unit=glass.unit,
                granted_by=actor,
                valid_from=clock.today(),
                ends_at=ends_at,
                break_glass=glass,
            )
            act.add(RoleConfirmation, grant=given, confirmed_by=earlier[0].by)
            act.note(grant=given.pk, role=given.role, ends_at=ends_at)
            _tell(
                "The glass is broken",
                f"{glass.person} is {policy.role_in_words(glass.role)} for {glass.unit} until "
                f"{ends_at:%H:%M} UTC: {glass.reason}",
            )
            notify(
                glass.person,
                subject="You hold a role by break-glass",
                sentence=f"You are {policy.role_in_words(glass.role)} for {glass.unit} for {glass.minutes} "
                "minutes. Every act of yours is marked meanwhile.",
                path=reverse("glass-list"),
            )
    return approval


def _tell(subject: str, sentence: str) -> None:
    grants = RoleGrant.objects.active().filter(role__in=TOLD)
    for reader in User.objects.filter(grants__in=grants, is_active=True).distinct():
        notify(reader, subject=subject, sentence=sentence, path=reverse("glass-list"))


def listed() -> QuerySet[BreakGlass]:
    """Every request, the newest first, with who granted it and the grant that came of it."""
    approvals = Prefetch("approvals", BreakGlassApproval.objects.select_related("by").order_by("pk"))
    rows = BreakGlass.objects.select_related("person", "unit", "asked_by", "grant__transaction")
    return rows.prefetch_related(approvals).order_by("-pk")


def acts_under(glasses: list[BreakGlass]) -> dict[int, list[LedgerEntry]]:
    """What was done under each: the marked entries of its person while it held. One query for all."""
    held = [glass for glass in glasses if hasattr(glass, "grant")]
    if not held:
        return {}
    people = {glass.person_id for glass in held}
    first = min(glass.grant.transaction.at for glass in held)
    entries = list(LedgerEntry.objects.filter(actor_id__in=people, at__gte=first).order_by("seq"))
    found: dict[int, list[LedgerEntry]] = {glass.pk: [] for glass in held}
    for glass in held:
        mark = f'"break_glass":{glass.pk},'
        found[glass.pk] = [
            entry
            for entry in entries
            if entry.actor_id == glass.person_id and mark in entry.body.replace("}", ",")
        ]
    return found


def state_of(glass: BreakGlass) -> str:
    """Where a request stands, in a word or two."""
    if hasattr(glass, "grant"):
        ends_at = glass.grant.ends_at
        return "open" if ends_at is not None and ends_at > clock.now() else "ended"
    if glass.asked_at + WAITS < clock.now():
        return "lapsed"
    return "waits for a second yes" if len(glass.approvals.all()) else "waits for two others"
