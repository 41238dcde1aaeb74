"""The line outside a round: cases at stage decision in rank order against the room of their envelope."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum

from accounts.models import User
from governance.commitments import NOTHING, bucket_of, suggested, units_upward, weights_by_year
from governance.models import Decision, Envelope, SigningRound, Verb
from ledger import clock
from portfolio import money
from portfolio.case import add_months
from portfolio.models import Initiative, PlanLine, Stage
from portfolio.selectors import fiscal_year_of, rate
from scoring.models import Score
from scoring.robustness_selectors import Ranking, in_force, ranked
from scoring.selectors import scores_out


@dataclass(frozen=True)
class Line:
    """The cases that ask one envelope for money, the best first, and the room that they compete for.

    `earlier` counts those that were scored under an earlier version of the model, which can't be compared.
    """

    envelope: Envelope
    room: Decimal
    ranking: Ranking
    model_version: int
    earlier: int

    @property
    def all_fit(self) -> bool:
        """Whether there is room for every case."""
        return all(stand.fits for stand in self.ranking.stands)


def lines(user: User) -> list[Line]:
    """A line for each envelope of the user's reach that cases at decision ask, in a few queries.

    A case asks what is proposed for it, or what its plan suggests, of the envelope that the first charged
    year falls on; what later years bear is not part of it.
    """
    scores = list(
        scores_out()
        .filter(initiative__stage=Stage.DECISION, initiative__closed_kind="")
        .filter(initiative__in=Initiative.objects.open_to(user))
        .select_related("initiative__unit", "initiative__current_case", "round")
        .order_by("initiative")
    )
    model = in_force() if scores else None
    if model is None:
        return []
    open_to_user = set(Envelope.objects.open_to(user).values_list("pk", flat=True))
    asked: defaultdict[Envelope, list[tuple[Score, Decimal]]] = defaultdict(list)
    earlier: defaultdict[Envelope, int] = defaultdict(int)
    for score, envelope, amount in _asks(scores):
        if envelope.pk not in open_to_user:
            continue
        if score.round.model_id == model[0].pk:
            asked[envelope].append((score, amount))
        else:
            earlier[envelope] += 1
    return [
        Line(
            envelope, envelope.balance.room, ranked(model[1], rows, envelope.balance.room), model[0].version,
            earlier[envelope],
        )
        for envelope, rows in sorted(asked.items(), key=lambda item: (item[0].unit.path, item[0].fiscal_year))
        if envelope.balance.room > 0
    ]  # fmt: skip


def _asks(scores: Sequence[Score]) -> list[tuple[Score, Envelope, Decimal]]:
    """What each scored case asks, as `asks` finds it."""
    by_initiative = {score.initiative_id: score for score in scores}
    found = asks([score.initiative for score in scores])
    return [(by_initiative[initiative.pk], envelope, amount) for initiative, envelope, amount in found]


def asks(
    initiatives: Sequence[Initiative], amounts: Mapping[int, Decimal] | None = None
) -> list[tuple[Initiative, Envelope, Decimal]]:
    """What each case asks in the base currency, and of which envelope; those without one are left out.

    `amounts` says by initiative what is asked in the case's currency; else it is what is proposed for
    signature, or what the plan suggests.
    """
    costs, before = _costs(initiatives), _granted(initiatives)
    proposed = _proposed(initiatives) if amounts is None else amounts
    envelopes = _envelopes(initiatives)
    rates: dict[str, Decimal] = {}
    found = []
    for initiative in initiatives:
        case = initiative.current_case
        if case is None:
            continue
        plan, granted = costs.get(case.pk, []), before.get(case.pk, NOTHING)
        amount = proposed.get(initiative.pk) or suggested(initiative, case, plan, granted)
        weights = weights_by_year(plan, before=granted, amount=amount, on=clock.today())
        bucket = bucket_of(case)
        for year in sorted(weights):
            envelope = next(
                (
                    envelopes[unit, year, bucket]
                    for unit in units_upward(initiative.unit)
                    if (unit, year, bucket) in envelopes
                ),
                None,
            )
            if envelope is not None:
                if case.currency not in rates:
                    rates[case.currency] = rate(case.currency, fiscal_year_of(clock.today()))
                part = money.convert(weights[year], rates[case.currency], settings.BASE_CURRENCY)
                found.append((initiative, envelope, part))
                break
    return found


def suggestions(initiatives: Sequence[Initiative]) -> dict[int, Decimal]:
    """What the next decision on each would grant by its plan, in the case's currency, in two queries."""
    costs, before = _costs(initiatives), _granted(initiatives)
    return {
        initiative.pk: suggested(initiative, case, costs.get(case.pk, []), before.get(case.pk, NOTHING))
        for initiative in initiatives
        if (case := initiative.current_case) is not None
    }


def _costs(initiatives: Sequence[Initiative]) -> dict[int, list[tuple[date, Decimal]]]:
    """The planned cost of each month, by case, in order."""
    months: defaultdict[int, dict[date, Decimal]] = defaultdict(dict)
    cases = [initiative.current_case_id for initiative in initiatives]
    rows = PlanLine.objects.filter(case__in=cases, side=PlanLine.Side.COST).order_by("pk")
    for line in rows:
        of_case = months[line.case_id]
        for offset, stored in enumerate(line.amounts):
            month = add_months(line.first_month, offset)
            of_case[month] = of_case.get(month, NOTHING) + money.from_stored(stored)
    return {case: sorted(of_case.items()) for case, of_case in months.items()}


def _granted(initiatives: Sequence[Initiative]) -> dict[int, Decimal]:
    """What decisions granted so far, by case."""
    decided = Decision.objects.filter(
        case__in=[initiative.current_case_id for initiative in initiatives],
        verb__in=[Verb.GO, Verb.GO_WITH_CONDITIONS],
    )
    return dict(decided.values_list("case").annotate(total=Sum("amount")).order_by("case"))


def _proposed(initiatives: Sequence[Initiative]) -> dict[int, Decimal]:
    """What open signing rounds propose to grant, by initiative."""
    rounds = SigningRound.objects.unended().filter(
        initiative__in=initiatives, verb__in=[Verb.GO, Verb.GO_WITH_CONDITIONS]
    )
    return dict(rounds.order_by("pk").values_list("initiative", "amount"))


def _envelopes(initiatives: Sequence[Initiative]) -> dict[tuple[int, int, str], Envelope]:
    """The envelopes above these initiatives that have an appropriation, by unit and year from this one on."""
    units = {unit for initiative in initiatives for unit in units_upward(initiative.unit)}
    rows = Envelope.objects.filter(
        unit__in=units, fiscal_year__gte=fiscal_year_of(clock.today()), balance__appropriated__gt=0
    ).select_related("unit", "balance")
    return {(envelope.unit_id, envelope.fiscal_year, envelope.bucket): envelope for envelope in rows}
