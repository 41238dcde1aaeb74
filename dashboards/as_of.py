"""Pages and exports as of an earlier point: what follows from the facts of then, laid beside them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, models
from django.utils import timezone

from accounts import policy
from accounts.models import Unit, User
from accounts.selectors import places_from_facts
from governance.balances import balance_from_facts
from governance.models import AgendaItem, Envelope, EnvelopeBalance, EnvelopeChange, FundingRound
from ledger import as_of
from ledger.as_of import Point, Shadow
from ledger.models import LedgerEntry
from portfolio import lifecycle
from portfolio.models import Initiative, SourceRecord, StageChange
from scoring.models import ReturnPosition, ReturnYear, Score
from scoring.positions import compute_returns, compute_scores, scores, store

M = TypeVar("M", bound=models.Model)
PARTS = ("owner", "sponsor", "benefit_owner", "submitter")


@contextmanager
def reading(point: Point, user: User) -> Iterator[None]:
    """Let everything that is read be as of a point: facts, positions, balances, units; with today's rights.

    Every position is computed anew by the functions that compute it now, so this takes as long as that.
    """
    openable = _openable(user)
    grants = policy.grants_of(user)
    try:
        with as_of.facts_through(point) as shadow:
            _lay_units(shadow)
            policy.keep_rights(user)
            _lay_initiatives(shadow, user, openable)
            _lay_positions(shadow, point)
            _lay_balances(shadow)
            _lay_rounds(shadow)
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION READ ONLY")
            yield
    finally:
        user._active_grants = grants  # type: ignore[attr-defined]


def _openable(user: User) -> set[int] | None:
    """What the user may open today; None for all."""
    if policy.reach(user, "initiative.view").everywhere:
        return None
    return set(Initiative.objects.open_to(user).values_list("pk", flat=True))


def _lay_units(shadow: Shadow) -> None:
    places = places_from_facts()
    units = list(Unit.objects.filter(pk__in=places))
    for unit in units:
        unit.parent_id, unit.path = places[unit.pk]
    _lay(shadow, Unit, units)


def _lay_initiatives(shadow: Shadow, user: User, openable: set[int] | None) -> None:
    """The initiatives that stood in the record, as their facts describe them.

    Who may not open one today does not read it as of a day on which they had a part in it.
    """
    recorded = models.Q(pk__in=StageChange.objects.values("initiative"))
    imported = models.Q(pk__in=SourceRecord.objects.values("initiative"))
    initiatives = list(Initiative.objects.filter(recorded | imported).order_by("pk"))
    caches = lifecycle.caches_of(initiatives)
    for initiative in initiatives:
        for name, value in caches[initiative.pk].items():
            setattr(initiative, name, value)
        if openable is not None and initiative.pk not in openable:
            for part in PARTS:
                if getattr(initiative, f"{part}_id") == user.pk:
                    setattr(initiative, f"{part}_id", None)
    _lay(shadow, Initiative, initiatives)


def _lay_positions(shadow: Shadow, point: Point) -> None:
    day = timezone.localdate(point.at)
    for model in (ReturnPosition, ReturnYear, Score):
        shadow.table(model)
    returns = compute_returns(seq=point.seq, on=day)
    store.write(returns, subjects=returns.ids.tolist())
    found = compute_scores(seq=point.seq)
    scores.write(found, seq=point.seq, on=day, subjects=[score.initiative for score in found])


def _lay_balances(shadow: Shadow) -> None:
    named = models.Q(pk__in=EnvelopeChange.objects.values("envelope"))
    given = models.Q(pk__in=EnvelopeChange.objects.exclude(into=None).values("into"))
    envelopes = list(Envelope.objects.filter(named | given))
    _lay(shadow, Envelope, envelopes)
    _lay(
        shadow,
        EnvelopeBalance,
        [EnvelopeBalance(envelope=envelope, **balance_from_facts(envelope)) for envelope in envelopes],
    )


def _lay_rounds(shadow: Shadow) -> None:
    """The funding rounds that were opened by then. An agenda is a draft, and drafts have no history."""
    opened = LedgerEntry.objects.filter(act="round.opened").values_list("object_id", flat=True)
    _lay(shadow, FundingRound, list(FundingRound.objects.filter(pk__in=[int(key) for key in opened])))
    shadow.table(AgendaItem)


def _lay(shadow: Shadow, model: type[M], rows: Iterable[M]) -> None:
    shadow.table(model)
    model._default_manager.bulk_create(rows, batch_size=1000)
