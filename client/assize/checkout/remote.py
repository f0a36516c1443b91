"""What a push and a pull need of a service: a seam, which `WorkspaceClient` fills."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from assize.model.workspaces import Pushed, SnapshotListing, WorkspaceSummary


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An object to be uploaded."""

    digest: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]
    """Gives its bytes; called once."""


class Remote(Protocol):
    """A service that has the workspace."""

    def workspace(self, name: str) -> WorkspaceSummary:
        """Return a workspace in short."""
        ...

    def listing(self, name: str, snapshot: str = "") -> SnapshotListing:
        """Return what is in a snapshot, checked against its id."""
        ...

    def read_files(
        self, name: str, snapshot: str, paths: Sequence[str]
    ) -> Iterator[tuple[int, bytes]]:
        """Yield the files' bytes in order: which path, and the next bytes of it."""
        ...

    def missing(self, name: str, digests: Sequence[str]) -> list[str]:
        """Return the objects that must be uploaded."""
        ...

    def upload(self, name: str, objects: Iterable[Outgoing]) -> None:
        """Upload objects."""
        ...

    def move_head(
        self, name: str, *, expected_head: str, tree: str, root_mode: int, message: str
    ) -> Pushed:
        """Make an uploaded tree the head."""
        ...


class Report(Protocol):
    """Is told how far a push or pull is."""

    def begin(self, doing: str, total: int) -> None:
        """Begin a part of the work; `total` bytes or files, 0 if that is not known."""
        ...

    def advance(self, amount: int) -> None:
        """Say that so many more are done."""
        ...


class Silence:
    """Reports nothing."""

    def begin(self, doing: str, total: int) -> None:
        """Say nothing."""

    def advance(self, amount: int) -> None:
        """Say nothing."""
