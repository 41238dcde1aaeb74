"""The minutes of a funding round as plain values: who signed, what was decided, what departed, the money."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from governance.models import Envelope, RoundPack, Signature, SigningRound, SigningRoundEnd
from governance.round_pack import in_agenda_order
from ledger import chain
from portfolio.selectors import people_by_id

Minutes = dict[str, Any]


def content_of(frozen: RoundPack, *, note: str, closed_by: User, closed_at: datetime) -> Minutes:
    """What the minutes say, as of now; amounts and days as texts."""
    signings = {
        signing.pk: signing
        for signing in SigningRound.objects.filter(round_items__pack=frozen)
        .select_related("ending")
        .prefetch_related("signatures__by")
    }
    rows = in_agenda_order(frozen)
    owners = people_by_id(
        condition["owner_id"] for signing in signings.values() for condition in signing.conditions
    )
    items = [_item(row, signings[row["signing"]], owners) for row in rows]
    content: Minutes = chain.plain(
        {
            "round": frozen.round.pk,
            "name": frozen.content["name"],
            "unit": frozen.content["unit"],
            "meets_on": frozen.content["meets_on"],
            "closed_at": timezone.localtime(closed_at),
            "closed_by": closed_by.name,
            "note": note,
            "pack_version": frozen.version,
            "pack_hash": frozen.content_hash,
            "currency": settings.BASE_CURRENCY,
            "present": _present(frozen, signings),
            "items": items,
            "decided": sum(item["state"] == SigningRoundEnd.Kind.DECIDED for item in items),
            "carried_over": [item for item in items if item["state"] == "open"],
            "envelopes": _envelopes(frozen),
            "off": frozen.content["off"],
        }
    )
    return content


def _item(row: Mapping[str, Any], signing: SigningRound, owners: Mapping[int, User]) -> Minutes:
    ending = getattr(signing, "ending", None)
    return {
        "reference": row["initiative"]["reference"],
        "title": row["initiative"]["title"],
        "unit": row["unit"],
        "rank": row["rank"],
        "gate": row["gate"],
        "verb": signing.get_verb_display(),
        "amount": row["amount"],
        "first_tranche": row["first_tranche"],
        "currency": row["currency"],
        "reason": row["reason"],
        "state": "open" if ending is None else ending.kind,
        "refusal": "" if ending is None else ending.reason,
        "departure": row["departure"],
        "changed": row["changed"],
        "votes": [
            {
                "by": signature.by.name,
                "role": signature.get_role_display(),
                "vote": signature.get_vote_display().lower(),
                "reason": signature.reason,
            }
            for signature in sorted(signing.signatures.all(), key=lambda each: each.pk)
        ],
        "conditions": [
            {
                "text": condition["text"],
                "owner": owner.name if (owner := owners.get(condition["owner_id"])) else "not stated",
                "due": condition["due"],
            }
            for condition in signing.conditions
        ],
    }


def _present(frozen: RoundPack, signings: Mapping[int, SigningRound]) -> list[Minutes]:
    """Whoever signed something, with how often; members who signed nothing come after them."""
    signed: dict[int, list[Signature]] = {}
    for signing in signings.values():
        for signature in signing.signatures.all():
            signed.setdefault(signature.by_id, []).append(signature)
    there = [
        {
            "name": votes[0].by.name,
            "roles": sorted({vote.get_role_display() for vote in votes}),
            "signed": len(votes),
        }
        for votes in signed.values()
    ]
    absent = [
        {"name": member["name"], "roles": member["roles"], "signed": 0}
        for member in frozen.content["members"]
        if member["id"] not in signed
    ]
    return sorted(there, key=lambda row: str(row["name"])) + absent


def _envelopes(frozen: RoundPack) -> list[Minutes]:
    """Each envelope when the pack was frozen, and now."""
    rows = frozen.content["envelopes"]
    now = Envelope.objects.select_related("balance").in_bulk([row["id"] for row in rows])
    return [
        {
            "unit": row["unit"],
            "fiscal_year": row["fiscal_year"],
            "committed_before": row["committed"],
            "room_before": row["room"],
            "committed_after": now[row["id"]].balance.committed,
            "room_after": now[row["id"]].balance.room,
        }
        for row in rows
    ]
