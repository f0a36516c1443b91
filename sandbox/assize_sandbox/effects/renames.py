"""Which files were renamed, told by their content.

- The source is a path where a file was and nothing is any more. Where something else is now, the
  old file was overwritten or deleted, and that is what is told: nothing hides behind a copy.
- The target is a path where there is a file of the very content, and no such file was.
- One to one: two deletes and one create of the same content are one rename and one delete.
- Of several the same file name goes first, then the order of paths. Empty files are all alike, so
  they are never renamed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assize_sandbox.workspaces.differences import Difference
from assize_sandbox.workspaces.nodes import Digest, FileNode


@dataclass(frozen=True, slots=True)
class Move:
    """A file that is elsewhere now."""

    source: str
    target: str
    node: FileNode
    """What it was at its source."""


def moves_of(changed: Iterable[Difference]) -> tuple[Move, ...]:
    """Return the renames among the differences of two trees, in order of target."""
    gone: dict[Digest, dict[str, FileNode]] = defaultdict(dict)
    came: dict[Digest, list[str]] = defaultdict(list)
    for each in sorted(changed, key=lambda difference: difference.path):
        match each.before, each.after:
            case FileNode() as node, None if node.size_bytes:
                gone[node.digest][each.path] = node
            case before, FileNode(digest) if not _is(before, digest):
                came[digest].append(each.path)
    moves = (move for digest, files in gone.items() for move in _paired(files, came[digest]))
    return tuple(sorted(moves, key=lambda move: move.target))


def _is(node: object, digest: Digest) -> bool:
    return isinstance(node, FileNode) and node.digest == digest


def _paired(gone: dict[str, FileNode], came: list[str]) -> Iterator[Move]:
    """Pair files of one content; both are in order of path."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for source in gone:
        by_name[_name(source)].append(source)
    left = []
    unpaired = dict(gone)
    for target in came:
        namesakes = by_name[_name(target)]
        if namesakes:
            source = namesakes.pop(0)
            yield Move(source, target, unpaired.pop(source))
        else:
            left.append(target)
    for target, (source, node) in zip(left, unpaired.items(), strict=False):
        yield Move(source, target, node)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
