"""What pages and API show of funding rounds, in a fixed number of queries whatever the number of items."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, QuerySet

from accounts.models import Role, User
from governance import authority, pack
from governance.models import (
    FundingRound,
    FundingRoundQuerySet,
    RoundItem,
    RoundPack,
    Signature,
    SigningRound,
    SigningRoundEnd,
)
from governance.selectors import open_signings_for
from portfolio.models import Initiative
from scoring.selectors import scores_out


def funding_rounds_for(user: User) -> FundingRoundQuerySet:
    """The rounds that the user may read, the next meeting first, with what a list shows."""
    packs = Prefetch("packs", RoundPack.objects.order_by("-version"))
    rows = (
        FundingRound.objects.open_to(user).select_related("unit", "closing").prefetch_related(packs, "agenda")
    )
    return rows.order_by("-meets_on", "-id")


def items_for(user: User) -> QuerySet[RoundItem]:
    """The items of packs that the user may read."""
    rounds = FundingRound.objects.open_to(user)
    return (
        RoundItem.objects.filter(pack__round__in=rounds)
        .select_related(
            "pack__round__unit", "pack__round__closing", "initiative__unit", "initiative__current_case"
        )
        .select_related("signing__step", "signing__case", "signing__ending", "signing__initiative__unit")
        .order_by("pack", "place")
    )


@dataclass(frozen=True)
class Line:
    """One row of the frozen pack beside what stands now."""

    item: RoundItem
    row: Mapping[str, Any]
    state: str
    changed: Sequence[str]
    is_mine: bool
    votes: int
    # The body that decides it at its step, for a reader who could only from a higher one; else ''.
    left_to: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still takes votes."""
        return not self.state


@dataclass(frozen=True)
class EnvelopeLines:
    """The rows that ask one envelope, and what was frozen of it."""

    envelope: Mapping[str, Any]
    above: Sequence[Line]
    below: Sequence[Line]


def lines_of(frozen: RoundPack, user: User) -> list[Line]:
    """Every row of a pack in rank order: how it stands, what changed since, whether it waits for the user."""
    items = list(frozen.items.order_by("place"))
    signings = {
        signing.pk: signing
        for signing in SigningRound.objects.filter(pk__in=[item.signing_id for item in items])
        .select_related("ending")
        .prefetch_related(Prefetch("signatures", Signature.objects.only("id", "signing_id")))
        .defer("content")
    }
    waiting = open_signings_for(user) if not frozen.round.is_closed else []
    mine = {signing.pk: signing for signing in waiting}
    bodies = authority.bodies_of(user) if mine else frozenset()
    rows = frozen.content["items"]
    changed = _changed(items, rows)
    found = []
    for item in items:
        signing = signings[item.signing_id]
        ending: SigningRoundEnd | None = getattr(signing, "ending", None)
        own = mine.get(item.signing_id)
        found.append(
            Line(
                item=item,
                row=rows[item.place],
                state=ending.kind if ending is not None else "",
                changed=changed.get(item.pk, []) if ending is None else [],
                is_mine=ending is None and own is not None,
                votes=len(signing.signatures.all()),
                left_to=_left_to(own, user, bodies) if own is not None else "",
            )
        )
    return found


def _left_to(signing: SigningRound, user: User, bodies: Collection[int]) -> str:
    """The body that decides it, for who has no seat at that step and doesn't concur as the risk officer."""
    seats = signing.step.seats.all()
    roles = authority.roles_for(user, signing.initiative.unit)
    if Role.RISK_OFFICER in roles or any(
        authority.sits(seat, roles, user.person.pk, bodies) for seat in seats
    ):
        return ""
    return next((authority.body_in_words(seat.body) for seat in seats if seat.body is not None), "")


def by_envelope(frozen: RoundPack, lines: Iterable[Line]) -> list[EnvelopeLines]:
    """The rows of each envelope, above and below its line."""
    known = list(lines)
    found = []
    for envelope in frozen.content["envelopes"]:
        rows = [line for line in known if line.row["envelope"] == envelope["id"]]
        above = [line for line in rows if line.row["is_above"]]
        found.append(EnvelopeLines(envelope, above, rows[len(above) :]))
    return found


def _changed(items: Sequence[RoundItem], rows: Sequence[Mapping[str, Any]]) -> dict[int, list[str]]:
    """What of each row is no longer so, in a word each; the item itself says from what to what."""
    ids = [item.initiative_id for item in items]
    now = Initiative.objects.select_related("current_case").in_bulk(ids)
    scores = {
        score.initiative_id: pack.score_data(score) for score in scores_out().filter(initiative__in=ids)
    }
    found: dict[int, list[str]] = {}
    for item in items:
        row, initiative = rows[item.place], now[item.initiative_id]
        case, score, was = initiative.current_case, scores.get(item.initiative_id), row["score"]
        compared = [
            ("case", row["case_hash"], case.content_hash if case is not None else None),
            ("track", row["track"], initiative.track),
            ("risk tier", row["risk_tier"], initiative.risk_tier),
            ("owner", row["owner"], initiative.owner_id),
            ("sponsor", row["sponsor"], initiative.sponsor_id),
            ("score", was and was["low"], score and score["low"]),
        ]
        found[item.pk] = [label for label, before, after in compared if before != after]
    return found


@dataclass(frozen=True)
class Waiting:
    """A frozen round with items that wait for somebody."""

    round: FundingRound
    items: int
    asked: Decimal
    signings: frozenset[int]


def waiting_in(signings: Sequence[SigningRound], user: User) -> list[Waiting]:
    """Which of these signing rounds, that wait for the user, an open funding round took up; one query."""
    by_id = {signing.pk: signing for signing in signings}
    if not by_id:
        return []
    rows = (
        RoundItem.objects.filter(
            signing__in=by_id, pack__round__closing=None, pack__round__in=FundingRound.objects.open_to(user)
        )
        .select_related("pack__round")
        .order_by("pack__round__meets_on", "pack__round", "-pack__version")
    )
    newest: dict[int, RoundPack] = {}
    held: dict[int, list[RoundItem]] = {}
    for item in rows:
        if newest.setdefault(item.pack.round_id, item.pack).pk == item.pack_id:
            held.setdefault(item.pack.round_id, []).append(item)
    return [
        Waiting(
            round=newest[key].round,
            items=len(items),
            asked=sum((by_id[item.signing_id].amount for item in items), Decimal(0)),
            signings=frozenset(item.signing_id for item in items),
        )
        for key, items in held.items()
    ]
