"""What waits for one person, from all rooms, in one list with dates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.urls import reverse

from accounts import policy
from accounts.models import RoleGrant, User
from dashboards.proposal import DECISION_DAYS, promised
from governance.models import EnvelopeChange, Tranche
from governance.permissions import may_sign
from governance.selectors import open_signings_for
from ledger import clock
from portfolio.models import CaseDraft, Initiative, RateSet
from portfolio.permissions import may_attest
from portfolio.selectors import unattested_claims
from scoring.selectors import assignments_of, rounds_to_close

MOST = 50


@dataclass(frozen=True)
class Waiting:
    """One thing that waits: what to do, about what, how much, until when."""

    what: str
    subject: str
    where: str
    url: str
    due: date | None = None
    amount: Decimal | None = None
    currency: str = ""

    @property
    def is_overdue(self) -> bool:
        """Whether its day has passed."""
        return self.due is not None and self.due < clock.today()


def waiting_for(user: User) -> list[Waiting]:
    """Everything that waits for the user, what is due first on top."""
    found = [
        item
        for source in (_decisions, _scorecards, _sponsorships, _triage, _tiers, _closings, _money, _grants, _drafts)
        for item in source(user)
    ]
    return sorted(found, key=lambda item: (item.due or date.max, item.what, item.subject))[:MOST]


def _label(initiative: Initiative) -> str:
    return f"{initiative.reference} {initiative.title}"


def _decisions(user: User) -> Iterator[Waiting]:
    for signing in open_signings_for(user):
        if may_sign(user, signing):
            co_sign = bool(signing.signatures.all())
            yield Waiting(
                "Co-sign" if co_sign else "Decide",
                _label(signing.initiative),
                signing.initiative.unit.name,
                signing.get_absolute_url(),
                signing.due_on,
                signing.amount,
                signing.currency,
            )


def _scorecards(user: User) -> Iterator[Waiting]:
    for assignment in assignments_of(user):
        yield Waiting(
            "Score",
            _label(assignment.round.initiative),
            assignment.round.initiative.unit.name,
            reverse("scorecard-detail", args=[assignment.pk]),
            assignment.due_on,
        )


def _sponsorships(user: User) -> Iterator[Waiting]:
    rows = Initiative.objects.filter(sponsor=user, sponsor_confirmed_at=None, closed_kind="").exclude(stage="draft")
    for initiative in rows.select_related("unit"):
        yield Waiting(
            "Confirm sponsorship",
            _label(initiative),
            initiative.unit.name,
            reverse("sponsorship-confirm", args=[initiative.pk]),
            promised(initiative)[0],
        )


def _in_reach(user: User, action: str) -> list[Initiative]:
    """Submitted initiatives where the user may do the action; none without a role for it."""
    reach = policy.reach(user, action)
    if not reach.paths:
        return []
    rows = Initiative.objects.filter(stage="submitted", closed_kind="").select_related("unit").order_by("submitted_at")
    return [initiative for initiative in rows[:200] if reach.covers(initiative.unit)]


def _triage(user: User) -> Iterator[Waiting]:
    for initiative in _in_reach(user, "initiative.triage"):
        yield Waiting(
            "Triage",
            _label(initiative),
            initiative.unit.name,
            reverse("initiative-triage", args=[initiative.pk]),
            promised(initiative)[0],
        )


def _tiers(user: User) -> Iterator[Waiting]:
    for initiative in _in_reach(user, "risk_tier.set"):
        if not initiative.risk_tier:
            yield Waiting(
                "Set the risk tier",
                _label(initiative),
                initiative.unit.name,
                reverse("initiative-triage", args=[initiative.pk]),
                promised(initiative)[0],
            )


def _closings(user: User) -> Iterator[Waiting]:
    if not policy.reach(user, "scoring.close").paths:
        return
    for scoring in rounds_to_close(user):
        yield Waiting(
            "Close the scoring",
            _label(scoring.initiative),
            scoring.initiative.unit.name,
            reverse("scorecard-list"),
        )
    rows = Initiative.objects.filter(stage="decision", closed_kind="", signing_rounds=None)
    for initiative in rows.select_related("unit").order_by("submitted_at")[:MOST]:
        due = initiative.submitted_at.date() + timedelta(days=DECISION_DAYS) if initiative.submitted_at else None
        yield Waiting(
            "Propose a decision",
            _label(initiative),
            initiative.unit.name,
            reverse("signing-open", args=[initiative.pk]),
            due,
            initiative.whole_life_cost,
            initiative.currency,
        )


def _money(user: User) -> Iterator[Waiting]:
    if policy.reach(user, "tranche.release").paths:
        asked = Tranche.objects.filter(release=None).exclude(requests=None).select_related("initiative__unit").distinct()
        for tranche in asked.order_by("due_on")[:MOST]:
            yield Waiting(
                f"Release tranche {tranche.number}",
                _label(tranche.initiative),
                tranche.initiative.unit.name,
                reverse("tranche-release", args=[tranche.pk]),
                tranche.due_on,
                tranche.amount,
                tranche.initiative.currency,
            )
    if policy.reach(user, "benefit.attest").paths:
        claims = [claim for claim in unattested_claims()[:200] if may_attest(user, claim)]
        if claims:
            yield Waiting(
                "Attest benefits",
                f"{len(claims)} claims, from {claims[0].month:%b %Y} on",
                "",
                reverse("claim-list"),
            )
    if policy.reach(user, "envelope.confirm").paths:
        changes = EnvelopeChange.objects.filter(confirmation=None).exclude(proposed_by=user)
        for change in changes.select_related("envelope__unit"):
            yield Waiting(
                "Confirm an envelope",
                f"{change.get_kind_display()} for {change.envelope}",
                change.envelope.unit.name,
                reverse("envelope-list"),
                None,
                change.amount,
                change.envelope.currency,
            )
    if policy.reach(user, "rates.confirm").paths:
        for rate_set in RateSet.objects.filter(confirmation=None).exclude(proposed_by=user):
            yield Waiting("Put rates in force", str(rate_set), "", reverse("rate-list"))


def _grants(user: User) -> Iterator[Waiting]:
    if policy.reach(user, "role.confirm").paths:
        waiting = RoleGrant.objects.active().filter(confirmation=None).exclude(user=user).exclude(granted_by=user).count()
        if waiting:
            yield Waiting("Confirm grants", f"{waiting} role grants wait for a second person", "", reverse("people"))


def _drafts(user: User) -> Iterator[Waiting]:
    drafts = CaseDraft.objects.filter(updated_by=user, initiative__stage="draft", initiative__closed_kind="")
    for draft in drafts.select_related("initiative__unit").order_by("-updated_at")[:10]:
        yield Waiting(
            "Go on writing",
            _label(draft.initiative),
            draft.initiative.unit.name,
            reverse("proposal", args=[draft.initiative_id]),
        )
