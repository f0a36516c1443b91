"""What a pull would do, decided from three sides: the last snapshot, the folder, the new snapshot.

Pure: nothing is read or written. Path by path:

- The folder is as the last snapshot was: it becomes what the new one is.
- Only the folder changed: it keeps its change. With force it loses it, and that is told.
- Both changed, to the same: nothing to do. To different things: a conflict, or with force a loss.
- What is neither in the last nor in the new snapshot is not looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from assize.model.effects import FileState, FileType

States = Mapping[str, FileState]


@dataclass(frozen=True, slots=True)
class Sides:
    """What stands at each path on the three sides."""

    last: States
    """The snapshot that the folder was last the same as."""
    here: States
    """The folder."""
    new: States
    """The snapshot to be pulled."""


@dataclass(slots=True)
class Plan:
    """What is to be done to a folder."""

    written: set[str] = field(default_factory=set)
    """Paths that become what the new snapshot has."""
    removed: set[str] = field(default_factory=set)
    """Paths that the new snapshot does not have."""
    kept: set[str] = field(default_factory=set)
    """Local changes that stay."""
    overwritten: set[str] = field(default_factory=set)
    """Local changes that are lost, by force."""
    conflicts: set[str] = field(default_factory=set)
    """Local changes that would be lost."""


def planned(sides: Sides, *, force: bool) -> Plan:
    """Return what a pull has to do."""
    plan, last, here, new = Plan(), sides.last, sides.here, sides.new
    for path in sorted({*last, *new}):
        _decide(plan, path, (last.get(path), here.get(path), new.get(path)), force=force)
    _make_way(plan, here, force=force)
    return plan


def _decide(
    plan: Plan,
    path: str,
    sides: tuple[FileState | None, FileState | None, FileState | None],
    *,
    force: bool,
) -> None:
    last, here, new = sides
    if _same(here, new):
        return
    if _same(here, last):
        _take(plan, path, new)
    elif _same(new, last) and not force:
        plan.kept.add(path)
    elif here is None:
        # A file that is gone here loses nothing by coming back.
        _take(plan, path, new)
    elif force:
        plan.overwritten.add(path)
        _take(plan, path, new)
    else:
        plan.conflicts.add(path)


def _take(plan: Plan, path: str, new: FileState | None) -> None:
    (plan.written if new is not None else plan.removed).add(path)


def _make_way(plan: Plan, here: States, *, force: bool) -> None:
    """See to it that what is written has folders to be in."""
    for path in sorted(plan.written):
        for above in folders_above(path):
            if above not in plan.kept:
                continue
            if here.get(above) is None or force:
                plan.written.add(above)
            elif here[above].type is not FileType.FOLDER:
                plan.conflicts.add(above)
            else:
                continue
            plan.kept.discard(above)


def folders_above(path: str) -> Iterator[str]:
    """Yield the folders that a path is in, the outermost first."""
    names = path.split("/")[:-1]
    return accumulate(names, lambda above, name: f"{above}/{name}")


def _same(one: FileState | None, other: FileState | None) -> bool:
    # A folder with other bits is no loss to anybody; the new snapshot's bits are put on.
    if one is not None and other is not None and one.type is other.type is FileType.FOLDER:
        return True
    return one == other
