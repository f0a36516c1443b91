"""Which databases changed, and the seam to whoever looks into them.

A database is known by its content: the file begins as SQLite's do, or a sidecar that SQLite would
fold in lies beside it. Its name says nothing. What belongs to one state is the file with the
sidecars of the same tree; `-shm` is made anew by whoever opens it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from assize.model.effects import Effect, EffectKind
from assize_sandbox.workspaces.differences import Difference
from assize_sandbox.workspaces.nodes import FileNode, FolderNode, LinkNode, Node
from assize_sandbox.workspaces.objects import ObjectMissing, ObjectStore

MAGIC: Final = b"SQLite format 3\0"
"""How a database begins (<https://sqlite.org/fileformat2.html>, 1.3)."""
LEAST_BYTES: Final = 512
"""The smallest page."""
WAL, JOURNAL = "-wal", "-journal"
SIDECARS: Final = {
    WAL: (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"),
    JOURNAL: (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",),
}
"""How a sidecar begins that SQLite does not ignore (the same, 3 and 4.1)."""


@dataclass(frozen=True, slots=True)
class DatabaseFiles:
    """One state of a database."""

    main: FileNode
    wal: FileNode | None = None
    journal: FileNode | None = None
    linked: tuple[str, ...] = ()
    """Sidecars that are symlinks, as `ending -> target`: SQLite would follow them."""

    def parts(self) -> dict[str, FileNode]:
        """Return the files by what their names end with."""
        every = {"": self.main, WAL: self.wal, JOURNAL: self.journal}
        return {part: node for part, node in every.items() if node is not None}

    def content(self) -> dict[str, str]:
        """Return what tells one state from another; modes do not matter."""
        digests = {part: str(node.digest) for part, node in self.parts().items()}
        return digests | {"linked": "\0".join(self.linked)}


@dataclass(frozen=True, slots=True)
class DatabaseChange:
    """A database whose bytes differ."""

    path: str
    before: DatabaseFiles | None
    """None where there was no file, or an empty one."""
    after: DatabaseFiles | None
    fault: str = ""
    """Why it cannot be compared; empty if it can."""


class DatabaseDiffer(Protocol):
    """Looks into databases."""

    async def compare(self, change: DatabaseChange) -> tuple[Effect, ...]:
        """Return the `db.*` effects of a change: at least one, for its bytes do differ.

        Raises:
            SandboxError: It could not be looked into for a reason of ours.
        """
        ...


class NoDatabases:
    """Looks into none and says so."""

    async def compare(self, change: DatabaseChange) -> tuple[Effect, ...]:
        """Return that it cannot be told."""
        return (unattributable(change.path, "databases are not looked into here"),)


def unattributable(path: str, detail: str) -> Effect:
    """Return the effect that a database changed and nobody can say how."""
    return Effect(EffectKind.DB_UNATTRIBUTABLE, path, table="main", detail=detail)


class DatabaseFinder:
    """Finds the databases that differ between two trees."""

    def __init__(self, objects: ObjectStore, before: FolderNode, after: FolderNode) -> None:
        self._objects = objects
        self._before = before
        self._after = after

    def changes(
        self, changed: Iterable[Difference], effects: Iterable[Effect]
    ) -> tuple[DatabaseChange, ...]:
        """Return them in order of path; `effects` are the `fs.*` effects of the same trees.

        Raises:
            SandboxError: A tree or a content is missing or corrupt.
        """
        found = {path: self._change(path, path) for path in self._candidates(changed)}
        for move in effects:
            if move.source not in found:
                continue
            # Its rows are not gone: they are where the file is.
            moved = self._change(move.source, move.path)
            if move.kind is EffectKind.FS_RENAME:
                found[move.path] = moved
                del found[move.source]
            elif moved is None:
                del found[move.source]
        return tuple(change for _, change in sorted(found.items()) if change is not None)

    def _candidates(self, changed: Iterable[Difference]) -> Iterator[str]:
        for difference in changed:
            nodes = (difference.before, difference.after)
            if any(isinstance(node, FileNode) for node in nodes):
                yield difference.path
            if any(isinstance(node, FileNode | LinkNode) for node in nodes):
                for ending in SIDECARS:
                    if difference.path.endswith(ending):
                        yield difference.path.removesuffix(ending)

    def _change(self, source: str, path: str) -> DatabaseChange | None:
        """Return how the database at `source` before differs from that at `path` after."""
        before, was_other = self._state(self._before, source)
        after, is_other = self._state(self._after, path)
        if before is None and after is None:
            return None
        if before is not None and after is not None and before.content() == after.content():
            return None
        fault = next(filter(None, (_fault(before), _fault(after))), "")
        fault = "was a file of another kind, and is a database now" if was_other else fault
        fault = "was a database, and is a file of another kind now" if is_other else fault
        return DatabaseChange(path, before, after, fault)

    def _state(self, root: FolderNode, path: str) -> tuple[DatabaseFiles | None, bool]:
        """Return the database at a path; else None and whether another, non-empty file is there."""
        main = self._node(root, path)
        if not isinstance(main, FileNode):
            return None, False
        wal, journal = (self._sidecar(root, path, ending) for ending in SIDECARS)
        linked = tuple(self._linked(root, path))
        begins = main.size_bytes >= LEAST_BYTES and self._begins(main, (MAGIC,))
        if begins or wal or journal or linked:
            return DatabaseFiles(main, wal, journal, linked), False
        return None, main.size_bytes > 0

    def _sidecar(self, root: FolderNode, path: str, ending: str) -> FileNode | None:
        node = self._node(root, path + ending)
        if isinstance(node, FileNode) and self._begins(node, SIDECARS[ending]):
            return node
        return None

    def _linked(self, root: FolderNode, path: str) -> Iterator[str]:
        """SECURITY: whatever such a link leads to would be folded in, and lies elsewhere."""
        for ending in SIDECARS:
            node = self._node(root, path + ending)
            if isinstance(node, LinkNode):
                yield f"{ending} -> {node.target}"

    def _begins(self, node: FileNode, ways: tuple[bytes, ...]) -> bool:
        try:
            with self._objects.path(node.digest).open("rb") as file:
                return file.read(len(MAGIC)).startswith(ways)
        except FileNotFoundError as error:
            raise ObjectMissing(node.digest) from error

    def _node(self, root: FolderNode, path: str) -> Node | None:
        node: Node | None = root
        for name in path.split("/"):
            if not isinstance(node, FolderNode):
                return None
            node = self._objects.tree(node.tree).get(name)
        return node


def _fault(files: DatabaseFiles | None) -> str:
    return "a sidecar of it is a symlink" if files and files.linked else ""
