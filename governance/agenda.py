"""The agenda of a funding round against its envelopes: rank, line, departures, candidates; a few queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import F, Q

from governance import line
from governance.departures import (
    Asked,
    Parting,
    Swap,
    best_swap,
    departures,
    expected_value,
    line_of,
)
from governance.models import AgendaItem, Envelope, FundingRound
from portfolio import money
from portfolio.models import Initiative, Stage
from scoring.models import ReturnPosition, Score
from scoring.robustness_selectors import Stand, in_force, ranked
from scoring.selectors import scores_out

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Row:
    """One item in rank order. `stand` is None without a score under the model in force.

    `asks` is what it takes of the envelope in the base currency: as proposed where it is to be funded, by its
    plan where it is not.
    """

    item: AgendaItem
    place: int
    score: Score | None
    stand: Stand | None
    position: ReturnPosition | None
    asks: Decimal
    cumulative: Decimal
    is_above: bool
    value: Decimal | None
    parting: Parting | None


@dataclass(frozen=True)
class Group:
    """The items that ask one envelope, its room, and the two ways to fund them side by side."""

    envelope: Envelope
    room: Decimal
    rows: Sequence[Row]
    line: int
    deciding: Sequence[str]
    swap: Swap | None

    def _asked(self) -> list[Asked]:
        return [asked_of(row.item, row.asks, row.value) for row in self.rows]

    @property
    def asked(self) -> Decimal:
        """What all items ask together."""
        return sum((row.asks for row in self.rows), NOTHING)

    def chosen(self, *, by_rank: bool) -> set[int]:
        """The initiatives that are funded by rank until the line, or as proposed."""
        return {
            row.item.initiative_id for row in self.rows if (row.is_above if by_rank else row.item.is_funded)
        }

    def cost(self, *, by_rank: bool) -> Decimal:
        """What those take."""
        chosen = self.chosen(by_rank=by_rank)
        return sum((row.asks for row in self.rows if row.item.initiative_id in chosen), NOTHING)

    def value(self, *, by_rank: bool) -> Decimal:
        """What those are expected to be worth."""
        return expected_value(self._asked(), self.chosen(by_rank=by_rank))


def asked_of(item: AgendaItem, asks: Decimal, value: Decimal | None) -> Asked:
    """An item as the pure functions take it."""
    return Asked(item.initiative_id, asks, item.is_funded, value)


def eligible(funding_round: FundingRound, stages: Iterable[str]) -> list[Initiative]:
    """Open initiatives of these stages that ask an envelope of the round and stand on no open round."""
    elsewhere = AgendaItem.objects.filter(round__closing=None)
    rows = list(
        Initiative.objects.filter(
            stage__in=stages, closed_kind="", unit__path__startswith=funding_round.unit.path
        )
        .exclude(current_case=None)
        .exclude(pk__in=elsewhere.values("initiative"))
        .select_related("unit", "current_case")
        .order_by("reference")
    )
    mine = set(funding_round.envelopes.values_list("pk", flat=True))
    return [initiative for initiative, envelope, _ in line.asks(rows) if envelope.pk in mine]


def to_add(funding_round: FundingRound) -> list[Initiative]:
    """What the office may still put on the agenda: cases at decision, and pilots that ask for G4."""
    return eligible(funding_round, [Stage.DECISION, Stage.PILOT])


def items_of(funding_round: FundingRound) -> list[AgendaItem]:
    """The agenda with what its pages show."""
    rows = funding_round.agenda.select_related("initiative__unit", "initiative__current_case", "merge_into")
    return list(rows.order_by("id"))


def groups_of(items: Sequence[AgendaItem]) -> list[Group]:
    """The items by envelope, each group in rank order; an item that no envelope bears stands in none."""
    initiatives = [item.initiative for item in items]
    by_initiative = {item.initiative_id: item for item in items}
    amounts = line.suggestions(initiatives)
    amounts |= {item.initiative_id: item.amount for item in items if item.is_funded}
    scores = {
        score.initiative_id: score
        for score in scores_out()
        .filter(initiative__in=initiatives)
        .select_related("initiative", "round")
        .defer("packed")
    }
    positions = {
        position.pk: position
        for position in ReturnPosition.objects.filter(
            Q(case=F("initiative__current_case")), initiative__in=initiatives
        )
    }
    asked: defaultdict[Envelope, list[tuple[AgendaItem, Decimal]]] = defaultdict(list)
    for initiative, envelope, amount in line.asks(initiatives, amounts):
        asked[envelope].append((by_initiative[initiative.pk], amount))
    ordered = sorted(asked.items(), key=lambda pair: (pair[0].unit.path, pair[0].fiscal_year))
    return [_group(envelope, rows, scores, positions) for envelope, rows in ordered]


def _group(
    envelope: Envelope,
    asked: Sequence[tuple[AgendaItem, Decimal]],
    scores: dict[int, Score],
    positions: dict[int, ReturnPosition],
) -> Group:
    model, room = in_force(), envelope.balance.room
    scored, others = [], []
    for item, amount in asked:
        score = scores.get(item.initiative_id)
        if model is not None and score is not None and score.model_id == model[0].pk:
            scored.append((score, amount))
        else:
            others.append(item)
    ranking = ranked(model[1], scored, room) if model is not None and scored else None
    items = {item.initiative_id: (item, amount) for item, amount in asked}
    in_order: list[tuple[AgendaItem, Decimal, Stand | None]] = [
        (*items[stand.score.initiative_id], stand) for stand in (ranking.stands if ranking else ())
    ]
    # What can't be compared comes last: the light track asks for no score.
    others.sort(key=lambda item: item.initiative.reference)
    in_order.extend((*items[item.initiative_id], None) for item in others)
    end = line_of([amount for _, amount, _ in in_order], room)
    values = [_value(positions.get(item.initiative_id)) for item, _, _ in in_order]
    facts = [asked_of(item, amount, value) for (item, amount, _), value in zip(in_order, values, strict=True)]
    partings = {parting.key: parting for parting in departures(facts, room)}
    rows, cumulative = [], NOTHING
    for place, ((item, amount, stand), value) in enumerate(zip(in_order, values, strict=True)):
        cumulative += amount
        rows.append(
            Row(
                item=item,
                place=place,
                score=scores.get(item.initiative_id),
                stand=stand,
                position=positions.get(item.initiative_id),
                asks=amount,
                cumulative=cumulative,
                is_above=place < end,
                value=value,
                parting=partings.get(item.initiative_id),
            )
        )
    return Group(envelope, room, rows, end, ranking.deciding if ranking else (), best_swap(facts, room))


def _value(position: ReturnPosition | None) -> Decimal | None:
    """The corrected P50 NPV on the minor unit of the base currency."""
    if position is None or position.npv_p50 is None:
        return None
    return money.to_minor(Decimal(repr(position.npv_p50)), settings.BASE_CURRENCY)
