"""The units that a source names: found in the tree, or added to it."""

from collections.abc import Collection, Iterable, Sequence

from accounts.models import Unit, UnitPlacement
from accounts.policy import Reach
from ledger import clock
from ledger.services import Act

UnitPath = tuple[str, ...]
ROOT_NAME = "Organisation"


def root() -> Unit | None:
    """The top of the tree, if there is one already."""
    return Unit.objects.filter(parent=None, closed_on=None).order_by("pk").first()


def top_of(reach: Reach) -> Unit | None:
    """The highest unit that a reach covers."""
    covered = Unit.objects.filter(path__in=reach.paths, closed_on=None)
    return min(covered, key=lambda unit: (unit.path.count("/"), unit.pk), default=None)


def units_for(paths: Collection[UnitPath], *, below: Unit | None, act: Act) -> dict[UnitPath, Unit]:
    """The unit at the end of each path below a unit; what is missing is added, level by level.

    Names are compared without regard to case. Without any unit in the tree, its top is added as well.
    """
    top = below or _added([(ROOT_NAME, None)], act)[0]
    found: dict[UnitPath, Unit] = {(): top}
    for depth in range(1, max(map(len, paths), default=0) + 1):
        wanted = {_key(path[:depth]): path[:depth] for path in paths if len(path) >= depth}
        parents = {found[_key(path[:-1])].pk for path in wanted.values()}
        there = {
            (unit.parent_id, unit.name.casefold()): unit for unit in Unit.objects.filter(parent__in=parents)
        }
        missing = []
        for key, path in wanted.items():
            parent = found[_key(path[:-1])]
            unit = there.get((parent.pk, path[-1].casefold()))
            if unit is None:
                missing.append((key, path[-1], parent))
            else:
                found[key] = unit
        added = _added([(name, parent) for _, name, parent in missing], act)
        found |= {key: unit for (key, _, _), unit in zip(missing, added, strict=True)}
    return {path: found[_key(path)] for path in paths}


def _key(path: UnitPath) -> UnitPath:
    return tuple(name.casefold() for name in path)


def _added(wanted: Iterable[tuple[str, Unit | None]], act: Act) -> Sequence[Unit]:
    units = Unit.objects.bulk_create(
        [Unit(name=name, parent=parent, opened_on=clock.today()) for name, parent in wanted]
    )
    for unit in units:
        # The path holds the unit's own number, which the insert has just given.
        unit.path = f"{unit.parent.path if unit.parent else '/'}{unit.pk}/"
    Unit.objects.bulk_update(units, ["path"], batch_size=500)
    act.add_many(
        UnitPlacement,
        [UnitPlacement(unit=unit, parent=unit.parent, valid_from=unit.opened_on) for unit in units],
    )
    return units
