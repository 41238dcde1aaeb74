"""Who may do what in the portfolio: the policy table first, then each act's own conditions."""

from collections.abc import Sequence

from accounts import policy, segregation
from accounts.models import Unit, User
from accounts.verdict import Verdict
from portfolio.involvement import accounts_of, hands_in, is_behind
from portfolio.models import BenefitClaim, Classification, Initiative, Measurement, RateSet


def may_start(user: User, unit: Unit | None = None) -> Verdict:
    """Start a proposal for a unit (without one: for any)."""
    return policy.may(user, "initiative.create", unit=unit)


def may_edit_draft(user: User, initiative: Initiative) -> Verdict:
    """Write the case while it is a draft of its unit."""
    return policy.may(user, "draft.edit", initiative)


def may_confirm_sponsorship(user: User, initiative: Initiative) -> Verdict:
    """Only the sponsor, who didn't submit it."""
    verdict = policy.may(user, "sponsorship.confirm", initiative)
    submitted = ["submitted"] if is_behind(user, initiative.submitter_id) else []
    return segregation.judge(verdict, "sponsorship.confirm", submitted)


CLASSIFIED_BY = {
    Classification.Kind.DOMAIN: "domain.set",
    Classification.Kind.RISK_TIER: "risk_tier.set",
    Classification.Kind.TRACK: "track.set",
    Classification.Kind.OVERLAP: "overlap.settle",
}


def may_classify(user: User, initiative: Initiative, kind: str) -> Verdict:
    """Domain, track and overlap by the portfolio office; the risk tier by an uninvolved risk officer."""
    verdict = policy.may(user, CLASSIFIED_BY[Classification.Kind(kind)], initiative)
    if not verdict or kind != Classification.Kind.RISK_TIER:
        return verdict
    return segregation.judge(verdict, "risk_tier.set", hands_in(user, [initiative]).get(initiative.pk, []))


def may_comment(user: User, initiative: Initiative) -> Verdict:
    """Anyone who may open it whole and is not there to read only."""
    return policy.may(user, "comment.write", initiative)


def may_attach(user: User, initiative: Initiative) -> Verdict:
    """Keep a file with it."""
    return policy.may(user, "attachment.add", initiative)


def may_place_hold(user: User, initiative: Initiative) -> Verdict:
    """Place a dated hold."""
    return policy.may(user, "hold.place", initiative)


def may_lift_hold(user: User, initiative: Initiative) -> Verdict:
    """Lift a hold."""
    return policy.may(user, "hold.lift", initiative)


def may_post(user: User, initiative: Initiative) -> Verdict:
    """Type a posting by hand."""
    return policy.may(user, "posting.add", initiative)


def may_import_actuals(user: User) -> Verdict:
    """Import postings from the ERP."""
    return policy.may(user, "actuals.import")


def may_import_portfolio(user: User) -> Verdict:
    """Import a portfolio."""
    return policy.may(user, "portfolio.import")


def may_close_period(user: User) -> Verdict:
    """Close a month."""
    return policy.may(user, "period.close")


def may_measure(user: User, initiative: Initiative) -> Verdict:
    """Report a KPI."""
    return policy.may(user, "measurement.add", initiative)


def may_reach_milestone(user: User, initiative: Initiative) -> Verdict:
    """Report a milestone."""
    return policy.may(user, "milestone.reach", initiative)


def may_claim(user: User, initiative: Initiative) -> Verdict:
    """Claim a benefit."""
    return policy.may(user, "benefit.claim", initiative)


def may_attest(user: User, claim: BenefitClaim) -> Verdict:
    """Nobody attests a benefit that they claimed, own, take over or measured."""
    return may_attest_each(user, [claim])[claim.pk]


def may_attest_each(user: User, claims: Sequence[BenefitClaim]) -> dict[int, Verdict]:
    """The same for many claims, by id, in a constant number of queries."""
    acting = accounts_of(user)
    initiatives = {claim.initiative_id: claim.initiative for claim in claims}
    hands = hands_in(user, initiatives.values())
    by_hand = Measurement.objects.filter(initiative__in=initiatives, by__in=acting)
    measured = set(by_hand.values_list("initiative", flat=True))

    def verdict(claim: BenefitClaim) -> Verdict:
        ties = {
            "claimed": claim.by_id in acting,
            **dict.fromkeys(hands.get(claim.initiative_id, []), True),
            "benefit_owner": claim.initiative.benefit_owner_id == user.person.pk,
            "measured": claim.initiative_id in measured,
        }
        rule = policy.may(user, "benefit.attest", claim.initiative)
        return segregation.judge(rule, "benefit.attest", [tie for tie, holds in ties.items() if holds])

    return {claim.pk: verdict(claim) for claim in claims}


def may_propose_rates(user: User) -> Verdict:
    """Propose planning rates."""
    return policy.may(user, "rates.propose")


def may_confirm_rates(user: User, rate_set: RateSet | None = None) -> Verdict:
    """Put planning rates in force that somebody else proposed (without a set: any at all)."""
    verdict = policy.may(user, "rates.confirm")
    proposed = rate_set is not None and is_behind(user, rate_set.proposed_by_id)
    return segregation.judge(verdict, "rates.confirm", ["proposed"] if proposed else [])
