"""What a review of access lists, who answers a line, and how far it is."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet

from accounts import policy
from accounts.models import ApiToken, Deputy, RoleGrant, Unit, User
from accounts.verdict import Verdict, deny
from governance.authority_permissions import may_end_member
from governance.models import AccessReview, AccessReviewLine, BodyMember
from ledger import clock

Kind = AccessReviewLine.Kind
# Twice a year; the job may come a day late and must not come twice.
APART = timedelta(days=150)


@dataclass(frozen=True)
class Listed:
    """One line to be."""

    kind: str
    object_id: int
    person: User
    unit: Unit
    what: str


def what_gives_access() -> list[Listed]:
    """Every active grant, every seat in a body and deputy that is not over, every live token."""
    root = Unit.objects.filter(parent=None).order_by("pk").first()
    grants = RoleGrant.objects.active().select_related("user", "unit").order_by("user__name", "pk")
    listed = [
        Listed(
            Kind.GRANT,
            grant.pk,
            grant.user,
            grant.unit,
            f"{grant.get_role_display()} for {grant.unit} since {grant.valid_from:%-d %b %Y}",
        )
        for grant in grants
    ]
    seats = BodyMember.objects.unended().not_over().exclude(confirmation=None)
    listed += [
        Listed(
            Kind.SEAT, seat.pk, seat.user, root, f"Votes in the {seat.body} since {seat.valid_from:%-d %b %Y}"
        )
        for seat in seats.select_related("user", "body").order_by("user__name", "pk")
        if root is not None
    ]
    rows = Deputy.objects.filter(revocation=None, valid_to__gte=clock.today())
    listed += [
        Listed(
            Kind.DEPUTY,
            row.pk,
            row.deputy,
            unit,
            f"Signs on behalf of {row.principal} until {row.valid_to:%-d %b %Y}",
        )
        for row in rows.select_related("deputy", "principal__home_unit").order_by("pk")
        if (unit := row.principal.home_unit or root) is not None
    ]
    tokens = ApiToken.objects.filter(revoked_at=None, expires_at__gt=clock.now())
    return listed + [
        Listed(
            Kind.TOKEN,
            token.pk,
            token.user,
            unit,
            f"{token} may {', '.join(token.scopes)} until {token.expires_at:%-d %b %Y}",
        )
        for token in tokens.select_related("user__home_unit").order_by("pk")
        if (unit := token.user.home_unit or root) is not None
    ]


def may_open_review(user: User) -> Verdict:
    """The risk officer or the administrator of the whole organisation."""
    verdict = policy.may(user, "review.open")
    if verdict and not policy.reach(user, "review.open").everywhere:
        return deny("A review is of the whole organisation; your role is for a part of it.")
    if verdict and is_recent():
        return Verdict(False, "The last review is less than five months old.", is_about_state=True)
    return verdict


def is_recent() -> bool:
    """Whether a review was opened in the last five months: they come twice a year."""
    return AccessReview.objects.filter(on__gt=clock.today() - APART).exists()


def may_answer(user: User, line: AccessReviewLine) -> Verdict:
    """Who keeps roles, or heads the unit; of a seat, who could end it; never about themselves."""
    verdict = policy.may(user, "review.answer", unit=line.unit)
    if verdict and line.person_id in {user.pk, user.person.pk}:
        return deny("This is your own access: somebody else answers it.")
    if verdict and line.kind == Kind.SEAT:
        return may_end_member(user)
    return verdict


def lines_for(user: User, review: AccessReview) -> QuerySet[AccessReviewLine]:
    """The lines of the units that the user covers: what waits first, then by person."""
    reach = policy.reach(user, "review.view")
    lines = AccessReviewLine.objects.filter(review=review)
    if not reach.everywhere:
        covered = Q(pk__in=[])
        for path in reach.paths:
            covered |= Q(unit__path__startswith=path)
        lines = lines.filter(covered)
    found = lines.select_related("person", "unit", "answer__by", "answer__transaction")
    return found.order_by("answer__id", "person__name", "pk")


@dataclass(frozen=True)
class Progress:
    """How far a review is."""

    lines: int
    kept: int
    ended: int

    @property
    def waiting(self) -> int:
        """How many lines nobody answered yet."""
        return self.lines - self.kept - self.ended


def progress(review: AccessReview) -> Progress:
    """Counted by the database, in one query."""
    counted = AccessReviewLine.objects.filter(review=review).aggregate(
        lines=Count("pk"),
        kept=Count("pk", filter=Q(answer__kept=True)),
        ended=Count("pk", filter=Q(answer__kept=False)),
    )
    return Progress(**counted)
