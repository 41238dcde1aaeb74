"""Funding rounds in the demo: one in the past with its minutes, and one that is frozen and waits today."""

from collections.abc import Mapping
from datetime import date, timedelta

from django.db import transaction

from dashboards.demo.history import Life
from dashboards.demo.world import World
from governance import pack, services
from governance.models import Envelope, FundingRound, SigningRound
from portfolio.models import Stage
from portfolio.selectors import fiscal_year_of

# The past round meets on the first day of this stretch on which so many decisions wait.
LOOKS_FROM, LOOKS_UNTIL, EVERY, ENOUGH = 400, 60, 2, 2
LASTS, MEETS_IN = 12, 5
NOT_WRITTEN = "Its proposal is not written yet; it comes to the next round."


def past_round(world: World) -> Life:
    """A round some months ago: what waited then was taken up, most of it decided, the rest carried over."""
    for days in range(LOOKS_FROM, LOOKS_UNTIL, -EVERY):
        yield world.ago(days)
        if (opened := _open(world, at_least=ENOUGH)) is not None:
            break
    else:
        return
    yield world.now + timedelta(days=LASTS)
    services.close_round(
        opened, note="The next round meets when the next quarter begins.", actor=world.cast.office[0]
    )


def round_of_today(world: World) -> None:
    """The round that people who try the demo find: frozen, and waiting for CFO, CEO and board."""
    _open(world, at_least=1)


def _open(world: World, *, at_least: int) -> FundingRound | None:
    """Open a round over this year's envelopes and freeze it with what waits for signatures at G3.

    None when that is too little; then nothing is recorded.
    """
    proposed = {
        signing.initiative_id: signing
        for signing in SigningRound.objects.unended().filter(initiative__stage=Stage.DECISION)
    }
    if len(proposed) < at_least:
        return None
    with transaction.atomic():
        opened = _frozen(world, proposed)
        if opened is None or opened.packs.get().items.count() < at_least:
            transaction.set_rollback(True)
            return None
    return opened


def _frozen(world: World, proposed: Mapping[int, SigningRound]) -> FundingRound | None:
    office = world.cast.office[0]
    today = world.now.date()
    envelopes = Envelope.objects.filter(fiscal_year=fiscal_year_of(today), balance__appropriated__gt=0)
    meets_on = today + timedelta(days=MEETS_IN)
    if not envelopes:
        return None
    opened = services.open_round(
        name=_name(meets_on), meets_on=meets_on, envelopes=list(envelopes), actor=office
    )
    for item in opened.agenda.select_related("initiative__unit", "initiative__current_case"):
        signing = proposed.get(item.initiative_id)
        if signing is None or pack.changes_since(signing, item.initiative):
            services.remove_item(item, reason=NOT_WRITTEN, actor=office)
    if opened.agenda.exists():
        services.freeze_round(opened, actor=office)
        return opened
    return None


def _name(meets_on: date) -> str:
    quarter = f"Round {meets_on.year}-Q{(meets_on.month + 2) // 3}"
    is_taken = FundingRound.objects.filter(name=quarter).exists()
    return f"{quarter}, second meeting" if is_taken else quarter
