"""A funding round of 200 items: its page, and one item opened in place, beside reading the same rows.

The round is made once and kept: pilots of the made-up portfolio that ask for G4, each with its signing round.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from accounts.models import Unit, User
from bench.harness import OFFICE, Line, page, reader, rows, timed
from governance import agenda, authority, pack, round_pack
from governance.models import (
    AgendaItem,
    Envelope,
    FundingRound,
    Gate,
    RoundItem,
    RoundPack,
    SigningRound,
    Verb,
)
from ledger import clock
from ledger.services import record
from portfolio.models import Initiative, Stage

NAME = "Bench round"
ITEMS = 200
AMOUNT = Decimal(1_000)
# Issue 4: a round of 200 items opens in under 500 ms of server time.
PROMISE = 500.0


def lines(size: int) -> list[Line]:
    """The page of the round, and the fragment of one item."""
    client = reader()
    frozen = RoundPack.objects.filter(round__name=NAME).first() or _make()
    number = frozen.items.count()
    item = frozen.items.all()[number // 2]
    found = []
    for work, address, floor in (
        (f"a round of {number} items", frozen.round.get_absolute_url(), lambda: _floor(frozen)),
        ("one item of it, as its page", item.get_absolute_url(), lambda: _floor_of(item)),
    ):
        seconds, queries = page(client, address)
        found.append(Line(work, size, seconds, timed(floor), PROMISE, queries, 1.0))
    return found


def _make() -> RoundPack:
    office = User.objects.get(email=OFFICE)
    pilots = Initiative.objects.filter(stage=Stage.PILOT, closed_kind="").exclude(current_case=None)
    items = [
        AgendaItem(initiative=pilot, verb=Verb.GO, amount=AMOUNT, first_tranche=AMOUNT)
        for pilot in pilots.select_related("unit", "current_case").order_by("pk")[:ITEMS]
    ]
    group = _group(items)
    with record("round.opened", actor=office) as act:
        opened = FundingRound.objects.create(
            name=NAME,
            meets_on=clock.today() + timedelta(days=7),
            unit=Unit.objects.filter(parent=None).order_by("pk")[0],
            opened_by=office,
        )
        signings = {item.initiative_id: act.add(SigningRound, **_signing(item, office)) for item in items}
        content = round_pack.content_of(opened, [group], signings, version=1, off=[], members=[], changes=[])
        frozen = act.add(
            RoundPack,
            round=opened,
            version=1,
            content=content,
            content_hash=pack.hash_of(content),
            frozen_by=office,
        )
        for place, item in enumerate(items):
            signing = signings[item.initiative_id]
            act.add(RoundItem, pack=frozen, initiative=item.initiative, signing=signing, place=place)
    return frozen


def _group(items: Sequence[AgendaItem]) -> agenda.Group:
    """The items in one order against an envelope that has room for half of them."""
    rows = [
        agenda.Row(
            item=item,
            place=place,
            score=None,
            stand=None,
            position=None,
            asks=AMOUNT,
            cumulative=AMOUNT * (place + 1),
            is_above=place < ITEMS // 2,
            value=AMOUNT,
            parting=None,
        )
        for place, item in enumerate(items)
    ]
    envelope = Envelope.objects.select_related("unit", "balance").order_by("pk")[0]
    return agenda.Group(envelope, AMOUNT * (ITEMS // 2), rows, ITEMS // 2, (), None)


def _signing(item: AgendaItem, office: User) -> dict[str, object]:
    """A proposed decision that the CFO may sign."""
    initiative, case = item.initiative, item.initiative.current_case
    if case is None:
        raise ValueError(f"{initiative} has no case.")
    tested = Decimal(500_000)
    step = authority.step_for(tested, "limited")
    content = pack.content_of(
        initiative,
        case,
        gate=Gate.SCALE,
        verb=Verb.GO,
        amount=AMOUNT,
        first_tranche=AMOUNT,
        step=step,
        tested_amount=tested,
        parts=[],
        items=[],
        conditions=[],
        more={"reason": "Measured", "hold_until": None, "merge_into": None},
    )
    return {
        "initiative": initiative,
        "gate": Gate.SCALE,
        "case": case,
        "verb": Verb.GO,
        "amount": AMOUNT,
        "first_tranche": AMOUNT,
        "currency": case.currency,
        "tested_amount": tested,
        "step": step,
        "reason": "Measured",
        "content": content,
        "content_hash": pack.hash_of(content),
        "opened_by": office,
        "due_on": clock.today() + timedelta(days=7),
    }


def _floor(frozen: RoundPack) -> None:
    rows("SELECT content FROM governance_roundpack WHERE id = %s", [frozen.pk])
    rows(
        "SELECT item.*, signing.*, initiative.*, ending.kind FROM governance_rounditem AS item "
        "JOIN governance_signinground AS signing ON signing.id = item.signing_id "
        "JOIN portfolio_initiative AS initiative ON initiative.id = item.initiative_id "
        "LEFT JOIN governance_signingroundend AS ending ON ending.signing_id = signing.id "
        "WHERE item.pack_id = %s",
        [frozen.pk],
    )
    rows(
        "SELECT signature.id, signature.signing_id FROM governance_signature AS signature "
        "JOIN governance_rounditem AS item ON item.signing_id = signature.signing_id WHERE item.pack_id = %s",
        [frozen.pk],
    )


def _floor_of(item: RoundItem) -> None:
    rows(
        "SELECT signing.*, pack.content FROM governance_rounditem AS item "
        "JOIN governance_signinground AS signing ON signing.id = item.signing_id "
        "JOIN governance_roundpack AS pack ON pack.id = item.pack_id WHERE item.id = %s",
        [item.pk],
    )
