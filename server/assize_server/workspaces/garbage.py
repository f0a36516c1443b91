"""Throws away what nothing needs: old log entries by the retention rules, then objects.

- Mark: every tree that a log or a pin names, and all below it. A tree that cannot be read stops the
  collection before anything is removed, since what is below it cannot be known.
- Sweep: what is not marked and was not touched within the grace period. Whoever is about to name an
  object touches it first (`put`, `touch`), so that a push under way loses nothing.
- Killed at any point, it has removed things that nothing named; running it again does the rest.
"""

from collections.abc import Callable, Iterable

from assize.model.workspaces import Collected
from assize.trees import EMPTY_TREE, Digest, FileNode, FolderNode
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.store.database import Database
from assize_server.workspaces import heads
from assize_server.workspaces.errors import Damaged
from assize_server.workspaces.quotas import Retention
from assize_server.workspaces.steps import step

Pins = Callable[[], Iterable[Digest]]
"""Root trees that something outside the logs needs: held effect sets, runs under way."""
_DAY_MS = 24 * 60 * 60 * 1000


def collect(
    database: Database, objects: ObjectStore, retention: Retention, now_ms: int, pins: Pins
) -> Collected:
    """Remove what nothing needs and return how much it was. Blocks; one at a time.

    Raises:
        Damaged: A tree that something needs is missing or corrupt; no object was removed.
    """
    young_ms = now_ms - retention.days * _DAY_MS
    removed = database.write_now(
        lambda connection: heads.give_up_entries(connection, retention.last_entries, young_ms)
    )
    step("entries given up")
    # INVARIANT: pins before logs, so that what moves from one to the other meanwhile is seen.
    pinned = list(pins())
    marked = _marked(objects, [*pinned, *database.read_now(heads.roots)])
    step("marked")
    since_ns = (now_ms - retention.grace_seconds * 1000) * 1_000_000
    count, size_bytes = _sweep(database, objects, marked, since_ns)
    objects.clear_aside(since_ns)
    return Collected(removed, count, size_bytes)


def _marked(objects: ObjectStore, roots: Iterable[Digest]) -> set[Digest]:
    marked, waiting = set[Digest](), list(roots)
    while waiting:
        digest = waiting.pop()
        if digest in marked:
            continue
        marked.add(digest)
        if digest == EMPTY_TREE:
            continue
        try:
            tree = objects.tree(digest)
        except SandboxError as error:
            raise Damaged([str(error)]) from error
        for node in tree.values():
            if isinstance(node, FileNode):
                marked.add(node.digest)
            elif isinstance(node, FolderNode):
                waiting.append(node.tree)
    return marked


def _sweep(
    database: Database, objects: ObjectStore, marked: set[Digest], since_ns: int
) -> tuple[int, int]:
    gone, total_bytes = list[Digest](), 0
    for digest in objects.digests():
        size_bytes = None if digest in marked else objects.delete_untouched(digest, since_ns)
        if size_bytes is not None:
            step("object removed")
            gone.append(digest)
            total_bytes += size_bytes
    database.write_now(lambda connection: heads.forget_uploads(connection, gone))
    return len(gone), total_bytes
