"""The frozen pack of a funding round as one value with one hash, and what became of its items."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings

from accounts.models import User
from governance import pack
from governance.agenda import Group, Row
from governance.models import AgendaChange, FundingRound, RoundPack, SigningRound
from ledger import chain

Content = dict[str, Any]


def content_of(
    funding_round: FundingRound,
    groups: Sequence[Group],
    signings: Mapping[int, SigningRound],
    *,
    version: int,
    off: Sequence[Mapping[str, Any]],
    members: Sequence[Mapping[str, Any]],
    changes: Iterable[AgendaChange],
) -> Content:
    """All that the members read: amounts, scores and ratios as texts."""
    added = {change.initiative_id: change for change in changes}
    rows = [(group, row) for group in groups for row in group.rows]
    content: Content = chain.plain(
        {
            "round": funding_round.pk,
            "name": funding_round.name,
            "version": version,
            "meets_on": funding_round.meets_on,
            "unit": funding_round.unit.name,
            "currency": settings.BASE_CURRENCY,
            "members": list(members),
            "envelopes": [_envelope(group) for group in groups],
            "items": [
                _item(group, row, signings[row.item.initiative_id], added.get(row.item.initiative_id))
                for group, row in rows
            ],
            "off": list(off),
        }
    )
    return content


def _envelope(group: Group) -> Content:
    balance = group.envelope.balance
    swap = group.swap
    by_id = {row.item.initiative_id: row.item.initiative for row in group.rows}
    return {
        "id": group.envelope.pk,
        "unit": group.envelope.unit.name,
        "fiscal_year": group.envelope.fiscal_year,
        "appropriated": balance.appropriated,
        "committed": balance.committed,
        "room": group.room,
        "asked": group.asked,
        "line": group.line,
        "deciding": list(group.deciding),
        "candidates": {
            kind: {
                "items": len(group.chosen(by_rank=by_rank)),
                "cost": group.cost(by_rank=by_rank),
                "value": group.value(by_rank=by_rank),
            }
            for kind, by_rank in (("by_rank", True), ("as_proposed", False))
        },
        "swap": None
        if swap is None
        else {
            "instead_of": by_id[swap.instead_of].reference,
            "fund": by_id[swap.fund].reference,
            "gain": swap.gain,
        },
    }


def _item(group: Group, row: Row, signing: SigningRound, change: AgendaChange | None) -> Content:
    item, initiative, stand = row.item, row.item.initiative, row.stand
    return {
        "initiative": signing.content["initiative"],
        "unit": initiative.unit.name,
        "envelope": group.envelope.pk,
        "rank": row.place + 1,
        "position": item.position,
        "changed": None if change is None else {"kind": change.kind, "reason": change.reason},
        "signing": signing.pk,
        "signing_hash": signing.content_hash,
        "gate": signing.gate,
        "verb": signing.verb,
        "amount": signing.amount,
        "first_tranche": signing.first_tranche,
        "currency": signing.currency,
        "reason": signing.reason,
        "asks": row.asks,
        "cumulative": row.cumulative,
        "is_above": row.is_above,
        "is_funded": item.is_funded,
        "score": pack.score_data(row.score),
        "model_version": signing.content["model_version"],
        "standing": None if stand is None else stand.standing.value,
        "share_above": None if stand is None else f"{stand.share_above:.4f}",
        "rank_low": None if stand is None else stand.rank_low,
        "rank_high": None if stand is None else stand.rank_high,
        "return": signing.content["return"],
        "value": row.value,
        "departure": None
        if row.parting is None
        else {"kind": row.parting.kind.value, "price": row.parting.price, "reason": item.reason},
        # What the list compares with what stands now.
        "case_hash": signing.content["case"]["hash"],
        "track": signing.content["track"],
        "risk_tier": signing.content["risk_tier"],
        "owner": signing.content["owner"],
        "sponsor": signing.content["sponsor"],
    }


def in_agenda_order(frozen: RoundPack) -> list[Content]:
    """The rows as the meeting takes them: by rank, but where the office moved one."""
    rows = frozen.content["items"]
    in_order = [row for row in rows if row["position"] is None]
    for row in sorted((row for row in rows if row["position"] is not None), key=lambda row: row["position"]):
        in_order.insert(row["position"] - 1, row)
    return in_order


def member(person: User, roles: Sequence[str], items: int) -> Content:
    """One who may sign: name, roles in words, and how many items wait for them."""
    return {"id": person.pk, "name": person.name, "roles": list(roles), "items": items}
