"""From a snapshot to a folder. Only what the folder lacks is fetched; all of it, before any change.

`assize.checkout.plan` decides, `assize.checkout.landing` carries it out.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from assize.checkout.ignoring import is_reserved
from assize.checkout.landing import Landing, is_aside, keep_aside
from assize.checkout.places import LinkOnTheWay, chunks_of, opened_file, parent_of
from assize.checkout.plan import Plan, Sides, planned
from assize.checkout.remote import Remote, Report
from assize.checkout.scan import Scan, Scanner
from assize.checkout.state import Folder, Known, held
from assize.errors import Conflict, FieldViolation, InvalidRequest, MalformedAnswer
from assize.model.effects import FileState, FileType
from assize.model.workspaces import Pulled, SnapshotListing

FILES_AT_ONCE: Final = 1000
BYTES_AT_ONCE: Final = 64 * 1024 * 1024
"""One call fetches no more, if it is more than one file."""
CONFLICTS_MOST: Final = 20


def pull(
    remote: Remote, name: str, path: Path, *, snapshot: str, force: bool, report: Report
) -> Pulled:
    """Make a folder what a snapshot is.

    Raises:
        Conflict: A local change would be lost. With `force` it is, and that is told.
        InvalidRequest: The folder belongs to another workspace, or cannot be written.
        AssizeError: The service refuses or fails.
    """
    listing = remote.listing(name, snapshot)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with held(path) as folder:
            return _pulled(remote, name, folder, listing, force=force, report=report)
    except LinkOnTheWay as error:
        raise Conflict(f"a folder became a link meanwhile ({error}); pull again") from error
    except OSError as error:
        where = error.filename2 or error.filename or path
        raise InvalidRequest(f"the folder cannot be written: {where}: {error.strerror}") from error


def _pulled(
    remote: Remote,
    name: str,
    folder: Folder,
    listing: SnapshotListing,
    *,
    force: bool,
    report: Report,
) -> Pulled:
    last = _last(folder.known(), name, force=force)
    new = {path: state for path, state in listing.entries.items() if not is_reserved(path)}
    report.begin("reading the folder", 0)
    scan = _scanned(folder, last, new, report)
    sides = Sides(last, scan.states, new)
    plan = planned(sides, force=force)
    if plan.conflicts:
        raise _conflict(plan)
    fetched = _fetch(remote, (name, listing.snapshot), folder, (plan, sides), report)
    report.begin("writing the folder", len(plan.written) + len(plan.removed))
    Landing(
        folder, plan, sides=sides, seen=scan.signatures, landed=lambda _: report.advance(1)
    ).land()
    folder.remember(Known(name, listing.snapshot, listing.root_mode, new))
    folder.clear_aside()
    return Pulled(
        snapshot=listing.snapshot,
        written=tuple(sorted(each for each in plan.written if _is_file(new[each]))),
        removed=tuple(sorted(plan.removed)),
        kept=tuple(sorted(plan.kept)),
        overwritten=tuple(sorted(plan.overwritten)),
        left_out=tuple(each for each in listing.entries if is_reserved(each)),
        bytes=fetched,
    )


def _last(known: Known | None, name: str, *, force: bool) -> dict[str, FileState]:
    if known is None:
        return {}
    if known.workspace != name and not force:
        raise Conflict(
            f"this folder belongs to workspace {known.workspace}, not {name}; pull into another "
            "folder, or with --force"
        )
    return dict(known.entries)


def _scanned(
    folder: Folder, last: dict[str, FileState], new: dict[str, FileState], report: Report
) -> Scan:
    def wanted(path: str, size_bytes: int) -> bool:
        # Content of another size is other content, however large it is.
        sides = (last.get(path), new.get(path))
        return any(side is not None and side.size_bytes == size_bytes for side in sides)

    scanner = Scanner(wanted=wanted, known={*last, *new}, only_known=True, seen=report.advance)
    return scanner.scan(folder.root)


def _fetch(
    remote: Remote,
    source: tuple[str, str],
    folder: Folder,
    decided: tuple[Plan, Sides],
    report: Report,
) -> int:
    """See to it that all content that is needed is aside; return how many bytes were fetched."""
    plan, sides = decided
    needed = {
        sides.new[path].digest: path
        for path in sorted(plan.written)
        if sides.new[path].type is FileType.FILE
    }
    here = {state.digest: path for path, state in sides.here.items() if state.digest}
    lacking = [
        path
        for digest, path in needed.items()
        if not is_aside(folder, digest) and not _copied(folder, here.get(digest), sides.new[path])
    ]
    total_bytes = sum(sides.new[path].size_bytes for path in lacking)
    report.begin("fetching", total_bytes)
    for paths in _batches(lacking, sides.new):
        _fetch_batch(remote, source, folder, [(path, sides.new[path]) for path in paths], report)
    return total_bytes


def _copied(folder: Folder, path: str | None, state: FileState) -> bool:
    """Take content from where it is in the folder already."""
    if path is None:
        return False
    try:
        with parent_of(folder.root, path) as (parent, name), opened_file(parent, name) as opened:
            keep_aside(folder, state.digest, state.size_bytes, chunks_of(opened))
    except (OSError, LinkOnTheWay, MalformedAnswer):
        return False
    return True


def _batches(paths: Sequence[str], new: Mapping[str, FileState]) -> Iterator[list[str]]:
    batch, batch_bytes = list[str](), 0
    for path in paths:
        size_bytes = new[path].size_bytes
        if batch and (len(batch) == FILES_AT_ONCE or batch_bytes + size_bytes > BYTES_AT_ONCE):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(path)
        batch_bytes += size_bytes
    if batch:
        yield batch


def _fetch_batch(
    remote: Remote,
    source: tuple[str, str],
    folder: Folder,
    files: Sequence[tuple[str, FileState]],
    report: Report,
) -> None:
    name, snapshot = source
    parts = remote.read_files(name, snapshot, [path for path, _ in files])
    pending: tuple[int, bytes] | None = next(parts, None)

    def chunks(index: int) -> Iterator[bytes]:
        nonlocal pending
        while pending is not None and pending[0] == index:
            report.advance(len(pending[1]))
            yield pending[1]
            pending = next(parts, None)

    for index, (_, state) in enumerate(files):
        keep_aside(folder, state.digest, state.size_bytes, chunks(index))


def _is_file(state: FileState) -> bool:
    return state.type is not FileType.FOLDER


def _conflict(plan: Plan) -> Conflict:
    told = sorted(plan.conflicts)
    violations = [
        FieldViolation(path, "was changed here, and is something else in the snapshot")
        for path in told[:CONFLICTS_MOST]
    ]
    if len(told) > CONFLICTS_MOST:
        violations.append(FieldViolation("...", f"and {len(told) - CONFLICTS_MOST} more"))
    remedy = "nothing was changed; move these away, push into a fork, or lose them with --force"
    violations.append(FieldViolation("pull", remedy))
    text = f"local changes would be lost: {', '.join(told[:CONFLICTS_MOST])}"
    return Conflict(text, violations=violations)
