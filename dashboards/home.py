"""What waits for one person, from all rooms, in one list with dates; a constant number of queries."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts import policy
from accounts.models import User
from accounts.selectors import waiting_grants
from assurance.models import Incident
from assurance.selectors import evidence_to_check
from dashboards.proposal import promised
from governance.authority_selectors import number_to_confirm, versions_to_vote_on
from governance.models import Tranche
from governance.money_permissions import may_close_year
from governance.permissions import may_put_in_force
from governance.round_selectors import waiting_in
from governance.selectors import (
    changes_to_confirm,
    claw_backs_to_confirm,
    closings_to_confirm,
    open_signings_for,
    resolutions_to_confirm,
    shares_to_agree,
)
from governance.services.gate_sets import waiting_proposal
from governance.services.watching import RENEWAL_NOTICE
from governance.standing import conditions_waiting_for
from governance.watch_selectors import extensions_asked, recommendations_in, renewals_for, stops_asked
from ledger import clock
from portfolio.involvement import accounts_of, involvements
from portfolio.models import CaseDraft, Initiative, RateSet
from portfolio.permissions import may_attest_each
from portfolio.selectors import unattested_claims
from portfolio.wording import share
from scoring.reconciliation import to_compare
from scoring.selectors import assignments_of, cases_to_open, rounds_to_close

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
    """Everything that waits for the user, what is due first on top; drafts, which are their own, last."""
    sources = (
        _decisions, _scorecards, _sponsorships, _submitted, _scorings, _to_decide, _tranches, _claims,
        _envelopes, _rates, _grants, _conditions, _gates, _authority, _incidents, _evidence,
        _watched, _renewals, _claw_backs, _closings, _shares, _resolutions,
    )  # fmt: skip
    found = [item for source in sources for item in source(user)]
    found.sort(key=lambda item: (item.due or date.max, item.what, item.subject))
    return [*found, *_drafts(user)][:MOST]


def _about(what: str, initiative: Initiative, url: str, due: date | None = None, **values: Any) -> Waiting:
    subject = f"{initiative.reference} {initiative.title}"
    return Waiting(what, subject, initiative.unit.name, url, due, **values)


def _reached(user: User, action: str, unit: str = "unit__path") -> Q | None:
    """Where the user's role reaches with an action; None where it reaches nothing."""
    if not policy.may(user, action):
        return None
    reach = policy.reach(user, action)
    if reach.everywhere:
        return Q()
    found = Q(pk__in=[])
    for path in reach.paths:
        found |= Q(**{f"{unit}__startswith": path})
    return found if reach.paths else None


def _decisions(user: User) -> Iterator[Waiting]:
    signings = open_signings_for(user)
    in_rounds = waiting_in(signings, user)
    for found in in_rounds:
        number = "1 item waits" if found.items == 1 else f"{found.items} items wait"
        where = f"meets on {found.round.meets_on:%-d %b %Y}"
        url = found.round.get_absolute_url()
        yield Waiting(
            "Decide the round", f"{found.round}: {number} for you", where, url, found.round.meets_on
        )
    inside = {pk for found in in_rounds for pk in found.signings}
    for signing in signings:
        if signing.pk in inside:
            continue
        yield _about(
            "Co-sign" if signing.signatures.all() else "Decide",
            signing.initiative,
            signing.get_absolute_url(),
            signing.due_on,
            amount=signing.amount,
            currency=signing.currency,
        )


def _scorecards(user: User) -> Iterator[Waiting]:
    for assignment in assignments_of(user):
        url = reverse("scorecard-detail", args=[assignment.pk])
        yield _about("Score", assignment.round.initiative, url, assignment.due_on)
    for assignment in to_compare(user):
        url = reverse("scorecard-reconcile", args=[assignment.pk])
        yield _about("Compare ratings", assignment.round.initiative, url, None)


def _sponsorships(user: User) -> Iterator[Waiting]:
    rows = Initiative.objects.in_flight().filter(sponsor=user, sponsor_confirmed_at=None)
    rows = rows.exclude(stage="draft").exclude(submitter__in=accounts_of(user))
    for initiative in rows.select_related("unit").order_by("pk")[:MOST]:
        url = reverse("sponsorship-confirm", args=[initiative.pk])
        yield _about("Confirm sponsorship", initiative, url, promised(initiative)[0])


def _submitted(user: User) -> Iterator[Waiting]:
    """Triage for the portfolio office, the risk tier for the risk officer."""
    for what, action, more in (
        ("Triage", "initiative.triage", Q()),
        ("Set the risk tier", "risk_tier.set", Q(risk_tier="")),
    ):
        if (reached := _reached(user, action)) is None:
            continue
        rows = Initiative.objects.filter(reached, more, stage="submitted", closed_kind="")
        for initiative in rows.select_related("unit").order_by("submitted_at", "pk")[:MOST]:
            url = reverse("initiative-triage", args=[initiative.pk])
            yield _about(what, initiative, url, promised(initiative)[0])


def _watched(user: User) -> Iterator[Waiting]:
    """What Keel recommends and nobody answered, for CFO and CEO; a stop that they ask for, for the office."""
    unit = "initiative__unit__path"
    if (reached := _reached(user, "recommendation.answer", unit)) is not None:
        rows = list(recommendations_in(Initiative.objects.all()).filter(reached, proposal="stop")[:MOST])
        own = involvements(user, [row.initiative for row in rows]) if rows else {}
        for row in rows:
            if row.initiative_id not in own:
                url = reverse("recommendation-answer", args=[row.initiative_id])
                yield _about(
                    "Answer: stop it?",
                    row.initiative,
                    url,
                    amount=row.would_free,
                    currency=settings.BASE_CURRENCY,
                )
        for asked in extensions_asked(reached)[:MOST]:
            url = reverse("recommendation-answer", args=[asked.initiative_id])
            yield _about("Grant more time?", asked.initiative, url)
    if (reached := _reached(user, "signing.open", unit)) is not None:
        for answer in stops_asked(reached)[:MOST]:
            url = reverse("signing-open", args=[answer.initiative_id])
            yield _about("Propose to stop it", answer.initiative, url, answer.until)


def _renewals(user: User) -> Iterator[Waiting]:
    for row in renewals_for(user, clock.today() + RENEWAL_NOTICE)[:MOST]:
        url = reverse("sponsorship-confirm", args=[row.initiative_id])
        yield _about("Renew your sponsorship", row.initiative, url, row.renewal_due_on)


def _scorings(user: User) -> Iterator[Waiting]:
    if not policy.may(user, "scoring.view"):
        return
    for initiative in cases_to_open(user)[:MOST]:
        yield _about("Open the scoring", initiative, reverse("scorecard-list"), promised(initiative)[1])
    for scoring in rounds_to_close(user)[:MOST]:
        initiative = scoring.initiative
        yield _about("Close the scoring", initiative, reverse("scorecard-list"), promised(initiative)[1])


def _to_decide(user: User) -> Iterator[Waiting]:
    if (reached := _reached(user, "signing.open")) is None:
        return
    rows: QuerySet[Initiative] = Initiative.objects.filter(reached, stage="decision", closed_kind="")
    rows = rows.exclude(signing_rounds__ending=None, signing_rounds__isnull=False)
    for initiative in rows.select_related("unit").order_by("submitted_at", "pk")[:MOST]:
        yield _about(
            "Propose a decision",
            initiative,
            reverse("signing-open", args=[initiative.pk]),
            promised(initiative)[1],
            amount=initiative.whole_life_cost,
            currency=initiative.currency,
        )


def _tranches(user: User) -> Iterator[Waiting]:
    if (reached := _reached(user, "tranche.release", "initiative__unit__path")) is None:
        return
    rows = Tranche.objects.filter(reached, release=None, requests__isnull=False, initiative__closed_kind="")
    for tranche in rows.select_related("initiative__unit").distinct().order_by("due_on", "pk")[:MOST]:
        yield _about(
            f"Release tranche {tranche.number}",
            tranche.initiative,
            reverse("tranche-detail", args=[tranche.pk]),
            tranche.due_on,
            amount=tranche.amount,
            currency=settings.BASE_CURRENCY,
        )


def _claims(user: User) -> Iterator[Waiting]:
    if (reached := _reached(user, "benefit.attest", "initiative__unit__path")) is None:
        return
    claims = list(unattested_claims().filter(reached)[:200])
    verdicts = may_attest_each(user, claims)
    if allowed := [claim for claim in claims if verdicts[claim.pk]]:
        number = "1 claim" if len(allowed) == 1 else f"{len(allowed)} claims"
        subject = f"{number}, the oldest for {allowed[0].month:%B %Y}"
        yield Waiting("Attest benefits", subject, "", reverse("claim-list"))


def _envelopes(user: User) -> Iterator[Waiting]:
    if not policy.may(user, "envelope.confirm"):
        return
    acting = accounts_of(user)
    for change in changes_to_confirm(user).exclude(proposed_by__in=acting)[:MOST]:
        yield Waiting(
            "Confirm an envelope",
            f"{change.get_kind_display()} for {change.envelope}",
            f"proposed by {change.proposed_by}",
            reverse("envelope-list"),
            amount=change.amount,
            currency=change.envelope.currency,
        )


def _claw_backs(user: User) -> Iterator[Waiting]:
    if (reached := _reached(user, "claw_back.confirm", "release__tranche__initiative__unit__path")) is None:
        return
    rows = list(claw_backs_to_confirm(user).filter(reached)[:MOST])
    own = involvements(user, [row.release.tranche.initiative for row in rows]) if rows else {}
    for row in rows:
        tranche = row.release.tranche
        if tranche.initiative_id not in own:
            yield _about(
                "Take money back",
                tranche.initiative,
                reverse("tranche-detail", args=[tranche.pk]),
                amount=row.amount,
                currency=settings.BASE_CURRENCY,
            )


def _closings(user: User) -> Iterator[Waiting]:
    if not policy.may(user, "year.close"):
        return
    for closing in closings_to_confirm(user)[:MOST]:
        if not may_close_year(user, closing):
            continue
        subject, by = f"FY{closing.fiscal_year}: {closing.reason}", f"proposed by {closing.proposed_by}"
        yield Waiting("Close a year", subject, by, reverse("year-list"))


def _shares(user: User) -> Iterator[Waiting]:
    if (reached := _reached(user, "co_funding.agree")) is None:
        return
    for row in shares_to_agree(user).filter(reached)[:MOST]:
        url = reverse("co-funding-agree", args=[row.pk])
        yield _about(f"Agree to bear {share(row.per_mille)}", row.initiative, url)


def _resolutions(user: User) -> Iterator[Waiting]:
    if (reached := _reached(user, "resolution.confirm", "signing__initiative__unit__path")) is None:
        return
    for row in resolutions_to_confirm(user).filter(reached)[:MOST]:
        signing = row.signing
        yield _about(
            "Confirm a resolution",
            signing.initiative,
            signing.get_absolute_url(),
            signing.due_on,
            amount=signing.amount,
            currency=signing.currency,
        )


def _incidents(user: User) -> Iterator[Waiting]:
    if (reached := _reached(user, "incident.follow", "initiative__unit__path")) is None:
        return
    mine = reached | Q(initiative__owner=user)
    for incident in Incident.objects.to_tell().filter(mine).select_related("initiative__unit")[:MOST]:
        yield _about(
            "Tell the authority",
            incident.initiative,
            incident.get_absolute_url(),
            incident.authority_due_on,
        )


def _evidence(user: User) -> Iterator[Waiting]:
    if not policy.may(user, "control.check"):
        return
    reach = policy.reach(user, "control.check")
    waiting = evidence_to_check(None if reach.everywhere else reach.paths)
    counted: dict[int, list[Any]] = {}
    for row in waiting.exclude(by__in=accounts_of(user))[:500]:
        counted.setdefault(row.initiative_id or 0, []).append(row)
    for rows in list(counted.values())[:MOST]:
        number = "evidence of 1 control" if len(rows) == 1 else f"evidence of {len(rows)} controls"
        initiative = rows[0].initiative
        yield _about(f"Check {number}", initiative, reverse("control-check", args=[initiative.pk]))


def _rates(user: User) -> Iterator[Waiting]:
    if not policy.may(user, "rates.confirm"):
        return
    for rate_set in RateSet.objects.filter(confirmation=None).exclude(proposed_by__in=accounts_of(user)):
        yield Waiting("Put rates in force", str(rate_set), "", reverse("rate-list"))


def _grants(user: User) -> Iterator[Waiting]:
    if not policy.may(user, "role.confirm"):
        return
    if number := waiting_grants(user).count():
        subject = "1 role grant waits" if number == 1 else f"{number} role grants wait"
        yield Waiting("Confirm grants", f"{subject} for a second person", "", reverse("people"))


def _conditions(user: User) -> Iterator[Waiting]:
    for row in conditions_waiting_for(user)[:MOST]:
        condition = row.condition
        what = "Look at a reported condition" if row.waits_for_a_review else "Fulfil a condition"
        url = reverse("condition-detail", args=[condition.pk])
        yield _about(what, condition.decision.initiative, url, condition.due_on)


def _gates(user: User) -> Iterator[Waiting]:
    if not policy.may(user, "gates.decide"):
        return
    proposal = waiting_proposal()
    if proposal is not None and may_put_in_force(user, proposal):
        url = reverse("gate-proposal", args=[proposal.pk])
        yield Waiting("Answer proposed gates", proposal.reason, f"proposed by {proposal.by}", url)


def _authority(user: User) -> Iterator[Waiting]:
    """A version of the authority to vote on, bodies and members to confirm."""
    if policy.may(user, "authority.approve"):
        for version in versions_to_vote_on(user):
            yield Waiting(
                "Approve the authority",
                str(version).capitalize(),
                "",
                version.get_absolute_url(),
                version.valid_from,
            )
    if policy.may(user, "body.confirm") and (number := number_to_confirm(user)):
        subject = "1 seat or body waits" if number == 1 else f"{number} seats or bodies wait"
        yield Waiting("Confirm members", f"{subject} for a second person", "", reverse("body-list"))


def _drafts(user: User) -> Iterator[Waiting]:
    drafts = CaseDraft.objects.filter(
        updated_by=user, initiative__stage="draft", initiative__closed_kind=""
    ).filter(initiative__in=Initiative.objects.open_to(user))
    for draft in drafts.select_related("initiative__unit").order_by("-updated_at")[:10]:
        yield _about("Go on writing", draft.initiative, reverse("proposal", args=[draft.initiative_id]))
