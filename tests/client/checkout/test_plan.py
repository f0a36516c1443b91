"""What a pull does, for every combination of the three sides."""

from hypothesis import given
from hypothesis import strategies as st

from assize.checkout.plan import Sides, planned
from assize.model.effects import FileState, FileType

STATES = st.sampled_from(
    [
        None,
        FileState(FileType.FILE, 0o644, 1, "1" * 64),
        FileState(FileType.FILE, 0o644, 1, "2" * 64),
        FileState(FileType.FILE, 0o755, 1, "1" * 64),
        FileState(FileType.SYMLINK, 0o777, target="x"),
        FileState(FileType.FOLDER, 0o755),
    ]
)
SIDES = st.dictionaries(
    st.sampled_from(["a", "b", "d", "d/x", "d/y", "e", "e/f", "e/f/g"]),
    st.tuples(STATES, STATES, STATES),
)


def sides_of(
    drawn: dict[str, tuple[FileState | None, FileState | None, FileState | None]],
) -> Sides:
    """Return three sides; each is a tree: what is in no folder is left out."""
    made: list[dict[str, FileState]] = []
    for index in range(3):
        side: dict[str, FileState] = {}
        for path in sorted(drawn):
            parent, _, _ = path.rpartition("/")
            state = drawn[path][index]
            above = side.get(parent)
            if state and (not parent or (above and above.type is FileType.FOLDER)):
                side[path] = state
        made.append(side)
    return Sides(*made)


def is_same(one: FileState | None, other: FileState | None) -> bool:
    """Tell whether nothing is lost between two states; of folders, bits do not count."""
    folders = [each is not None and each.type is FileType.FOLDER for each in (one, other)]
    return all(folders) or one == other


@given(SIDES)
def test_plan_without_conflict_loses_no_local_change(
    drawn: dict[str, tuple[FileState | None, FileState | None, FileState | None]],
) -> None:
    """What is overwritten or removed was in the last snapshot, as it stands here."""
    sides = sides_of(drawn)
    plan = planned(sides, force=False)
    assert not plan.overwritten
    for path in plan.written | plan.removed:
        here = sides.here.get(path)
        assert here is None or is_same(here, sides.last.get(path)) or path in plan.conflicts


@given(SIDES)
def test_forced_plan_makes_the_folder_the_snapshot_and_tells_every_loss(
    drawn: dict[str, tuple[FileState | None, FileState | None, FileState | None]],
) -> None:
    """Nothing is kept of what the snapshots know; what is lost is listed."""
    sides = sides_of(drawn)
    plan = planned(sides, force=True)
    assert not plan.kept
    assert not plan.conflicts
    for path in {*sides.last, *sides.new}:
        here, new = sides.here.get(path), sides.new.get(path)
        if not is_same(here, new):
            assert path in (plan.written if new else plan.removed)
            lost = here is not None and not is_same(here, sides.last.get(path))
            assert (path in plan.overwritten) == lost


@given(SIDES)
def test_what_is_written_has_folders_to_be_in(
    drawn: dict[str, tuple[FileState | None, FileState | None, FileState | None]],
) -> None:
    """Without a conflict, each folder above is there or is made."""
    sides = sides_of(drawn)
    plan = planned(sides, force=False)
    if plan.conflicts:
        return
    for path in plan.written:
        parent = path.rpartition("/")[0]
        here = sides.here.get(parent)
        stands = here is not None and here.type is FileType.FOLDER and parent not in plan.removed
        assert not parent or parent in plan.written or stands


def test_plan_between_same_sides_does_nothing() -> None:
    """Also where only a folder's bits differ."""
    here = {"d": FileState(FileType.FOLDER, 0o700)}
    new = {"d": FileState(FileType.FOLDER, 0o755)}
    plan = planned(Sides(here, here, new), force=True)
    assert not plan.written | plan.removed | plan.kept | plan.overwritten | plan.conflicts
