"""Co-funding: another unit's envelope bears a share of an initiative's commitment."""

from decimal import Decimal

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse

from accounts.errors import InvalidMove, Refused
from accounts.models import Role, Unit, User
from governance import authority, balances, commitments
from governance.messages import tell
from governance.models import Bucket, CoFunding, CoFundingAgreement, EnvelopeBalance
from governance.money_permissions import may_agree_co_funding, may_propose_co_funding
from ledger.services import Act, record
from portfolio import lifecycle, money
from portfolio.models import Initiative
from portfolio.wording import share

NOTHING = Decimal(0)
# The own unit always bears something.
MOST = 999


def propose_co_funding(
    initiative: Initiative, *, unit: Unit, per_mille: int, reason: str, actor: User
) -> CoFunding:
    """Finance asks another unit to bear a share of what is not released yet and of all that follows."""
    errors = {}
    if not 1 <= per_mille <= MOST:
        errors["per_mille"] = "Write a share from 0.1 to 99.9 per cent."
    if unit.pk == initiative.unit_id:
        errors["unit"] = f"{unit} bears the rest anyway: choose another unit."
    if not reason.strip():
        errors["reason"] = "Write why."
    if errors:
        raise Refused("This share can't be proposed so.", errors)
    with record("co_funding.proposed", actor=actor, about=initiative, reason=reason) as act:
        initiative = lifecycle.lock(initiative)
        may_propose_co_funding(actor, initiative).or_deny()
        if sentence := _why_not(initiative, unit, per_mille):
            raise Refused("This share can't be proposed so.", {"per_mille": sentence})
        act.note(unit=unit.pk, per_mille=per_mille)
        co_funding = act.add(
            CoFunding,
            initiative=initiative,
            unit=unit,
            per_mille=per_mille,
            reason=reason.strip(),
            proposed_by=actor,
        )
        others = {*authority.holders(Role.FINANCE, unit), *authority.holders(Role.CFO, unit)} - {actor}
        tell(
            others,
            subject=f"{unit} is asked to bear a share of {initiative.reference}",
            sentence=f"{actor} proposes {share(per_mille)} of “{initiative.title}”: {reason.strip()}",
            path=reverse("co-funding-agree", args=[co_funding.pk]),
        )
        return co_funding


def _why_not(initiative: Initiative, unit: Unit, per_mille: int) -> str | None:
    agreed = CoFunding.objects.filter(initiative=initiative).exclude(agreement=None)
    if agreed.filter(unit=unit).exists():
        return f"{unit} bears a share already."
    shared = agreed.aggregate(total=Sum("per_mille"))["total"] or 0
    if shared + per_mille > MOST:
        return f"Other units bear {share(shared)}; at most {share(MOST - shared)} are left."
    return None


def agree_co_funding(co_funding: CoFunding, *, actor: User) -> CoFundingAgreement:
    """The bearing unit's finance or the CFO agrees: what is not released yet moves by its share.

    Raises NotAllowed, InvalidMove when it was agreed already, EnvelopeExceeded without room there.
    """
    initiative = co_funding.initiative
    with record("co_funding.agreed", actor=actor, about=initiative) as act:
        # The proposed share counts as bearing already, so its envelopes are among these.
        locked = balances.lock(commitments.envelopes_of(initiative))
        initiative = lifecycle.lock(initiative)
        may_agree_co_funding(actor, co_funding).or_deny()
        if CoFundingAgreement.objects.filter(co_funding=co_funding).exists():
            raise InvalidMove("This share is agreed already.")
        if not initiative.is_open:
            raise InvalidMove(f"{initiative.reference} is closed: there is nothing to share.")
        if sentence := _why_not(initiative, co_funding.unit, co_funding.per_mille):
            raise InvalidMove(sentence)
        agreement = act.add(CoFundingAgreement, co_funding=co_funding, by=actor)
        moved = _share(initiative, co_funding, locked, act=act)
        act.note(unit=co_funding.unit_id, per_mille=co_funding.per_mille, moved=moved)
        return agreement


def _share(
    initiative: Initiative, co_funding: CoFunding, locked: dict[int, EnvelopeBalance], *, act: Act
) -> Decimal:
    """Move its share of what each decision holds open in each year to the unit that agreed.

    It is taken from what no other unit agreed to bear.
    """
    others = set(
        CoFunding.objects.filter(initiative=initiative)
        .exclude(agreement=None)
        .exclude(pk=co_funding.pk)
        .values_list("unit", flat=True)
    )
    of_year: dict[tuple[int, int], dict[commitments.Place, Decimal]] = {}
    for place, amount in commitments.open_amounts(initiative).items():
        of_year.setdefault((place.decision, place.fiscal_year), {})[place] = amount
    nearest = commitments.nearest_envelopes(co_funding.unit, sorted({year for _, year in of_year}))
    shares = [Decimal(1000 - co_funding.per_mille), Decimal(co_funding.per_mille)]
    moved = NOTHING
    for (decision, year), places in of_year.items():
        envelope = nearest.get(year)
        there = commitments.Place(
            decision,
            envelope.pk if envelope is not None else None,
            year,
            None if envelope is not None else co_funding.unit_id,
            Bucket.CORE,
        )
        left = money.split(sum(places.values(), NOTHING), shares, settings.BASE_CURRENCY)[1]
        for place in sorted(places, key=lambda place: _bearer(place, locked) in others):
            part = min(left, places[place])
            if part <= 0 or place == there:
                continue
            if place.envelope is not None:
                balances.commit(locked[place.envelope], -part, locked)
            if there.envelope is not None:
                balances.commit(locked[there.envelope], part, locked)
            commitments.add_at(initiative, place, -part, act=act, shared_by=co_funding)
            commitments.add_at(initiative, there, part, act=act, shared_by=co_funding)
            moved += part
            left -= part
    return moved


def _bearer(place: commitments.Place, locked: dict[int, EnvelopeBalance]) -> int | None:
    return locked[place.envelope].envelope.unit_id if place.envelope is not None else place.bearer
