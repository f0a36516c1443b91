"""Kills operations on workspaces at every step, and looks at what is left. Run as a program.

A process of its own, with one thread, so that it may fork: each operation runs in a child that
kills itself (SIGKILL) at its n-th step, for every n. Steps are the named ones of
`assize_server.workspaces.steps`, and the moment before each change of a name that the object store
makes. The parent then checks that the old or the new state is there, whole, and that
the operation can be run again. It prints how many kills there were, as JSON.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from support.workspaces import SETTINGS, planted, stored

from assize.model.workspaces import EntryKind
from assize.trees import Digest, FolderNode
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.workspaces import heads
from assize_server.workspaces.contents import measured
from assize_server.workspaces.proof import prove
from assize_server.workspaces.quotas import Retention
from assize_server.workspaces.records import EMPTY, Entry
from assize_server.workspaces.steps import Steps
from assize_server.workspaces.store import WorkspaceStore

OLD: dict[str, bytes | str] = {"a": b"1", "d/b": b"2", "l": "a"}
HEAD: dict[str, bytes | str] = {"a": b"1", "d/c": b"3"}
NEW: dict[str, bytes | str] = {"a": b"changed", "d/c": b"3", "e/f": b"x" * 3000}
STRICT = replace(SETTINGS, retention=Retention(last_entries=2, days=0, grace_seconds=0))
ACTIONS_OF_FILES = ("rename", "unlink")
PART_BYTES = 2000
MOST_STEPS = 500

Act = Callable[[WorkspaceStore], object]


def now_ms() -> int:
    """Return a time after every file's."""
    return time.time_ns() // 1_000_000 + 1000


def commit(store: WorkspaceStore, files: dict[str, bytes | str]) -> object:
    """Move the head as the commit of a verification does."""
    found = store.database.read_now(lambda c: heads.named(c, "ann", "shop"))
    new = measured(store.objects, found.head, planted(store.objects, files))
    store.objects.sync()
    if new.id == found.head.id:
        return None
    entry = Entry(EntryKind.COMMIT, "ann", 0, "", "v1")
    quotas = store.settings.quotas
    return store.database.write_now(
        lambda c: heads.move_head(c, found.id, found.head.id, new, entry, quotas)
    )


def push(store: WorkspaceStore) -> object:
    """Upload what is missing in parts, and make it the head."""
    root, objects = CHANGED
    for digest in store.missing("ann", "shop", list(objects)):
        owner, upload = store.uploading("ann", "shop")
        data = objects[digest]
        for start in range(0, len(data), PART_BYTES):
            upload.take(digest, len(data), data[start : start + PART_BYTES])
        upload.finish()
        upload.close()
        store.note_uploads(owner, upload.kept)
    base = store.snapshots("ann", "shop", "head")[0].id
    return store.push("ann", "shop", base, root.tree, root.mode, "", 0)


def changed() -> tuple[FolderNode, dict[Digest, bytes]]:
    """Return the root of what is pushed, and every object of it."""
    with tempfile.TemporaryDirectory() as elsewhere:
        aside = ObjectStore(Path(elsewhere))
        root = planted(aside, NEW)
        return root, {digest: aside.read(digest) for digest in aside.digests()}


CHANGED = changed()
OPERATIONS: dict[str, Act] = {
    "push": push,
    "commit": lambda store: commit(store, NEW),
    "rollback": lambda store: store.rollback("ann", "shop", "head~1", "", "", 0),
    "fork": lambda store: store.fork("ann", "shop", "head~1", "try", 0),
    "create": lambda store: store.create("ann", "try", 0),
    "delete": lambda store: store.delete("ann", "shop", 1),
    "collect": lambda store: store.collect(now_ms()),
}


def prepare(folder: Path) -> None:
    """Make what the operations begin with: a history, and objects that nothing names."""
    with stored(folder, STRICT) as store:
        store.create("ann", "shop", 0)
        commit(store, {"gone": b"soon"})
        commit(store, OLD)
        commit(store, HEAD)
        planted(store.objects, {"never/named": b"y" * 3000})


def state_of(folder: Path) -> dict[str, Any]:
    """Return what is there; every snapshot of every log is read in full.

    Raises:
        SandboxError: One of them is not whole.
    """
    found: dict[str, Any] = {}
    with stored(folder, STRICT) as store:
        for workspace in store.workspaces("ann"):
            log = store.log("ann", workspace.name, 1000, None)
            assert log[0].snapshot == workspace.head
            sequences = [entry.sequence for entry in log]
            assert sequences == list(range(sequences[0], sequences[0] - len(log), -1))
            for newer, older in pairwise(log):
                assert newer.before == older.snapshot
            for entry in log:
                snapshot = store.snapshots("ann", workspace.name, entry.snapshot)[0]
                assert prove(store.objects, EMPTY, snapshot).recomputed == entry.snapshot
            found[workspace.name] = [(entry.kind, entry.snapshot) for entry in log]
        for digest in store.objects.digests():
            store.objects.verify(digest)
    return found


def run(folder: Path, act: Act, kill_at: int) -> int:
    """Run an operation in a child that kills itself at a step; return how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            reach_steps(kill_at)
            with stored(folder, STRICT) as store:
                act(store)
            code = 0
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def reach_steps(kill_at: int) -> None:
    """Count steps from now on, and die at one."""
    left = [kill_at]

    def reached(_name: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    Steps.reached = reached
    for name in ACTIONS_OF_FILES:
        setattr(Path, name, preceded(getattr(Path, name), reached))


def preceded(act: Callable[..., Any], reached: Callable[[str], None]) -> Callable[..., Any]:
    """Return an action with a step before it."""

    def acting(*arguments: Any, **named: Any) -> Any:
        reached("file")
        return act(*arguments, **named)

    return acting


def try_all(name: str, act: Act, begun: Path) -> int:
    """Kill an operation at every step; return how many there were."""
    old = state_of(begun)
    whole = begun.with_name(f"{name}-whole")
    shutil.copytree(begun, whole)
    assert run(whole, act, 0) == 0
    new = state_of(whole)
    for kill_at in range(1, MOST_STEPS):
        folder = begun.with_name(f"{name}-{kill_at}")
        shutil.copytree(begun, folder)
        ended = run(folder, act, kill_at)
        if ended == 0:
            return kill_at - 1
        assert ended == -signal.SIGKILL, (name, kill_at, ended)
        found = state_of(folder)
        assert found in (old, new), (name, kill_at, found)
        if found == old:
            assert run(folder, act, 0) == 0, (name, kill_at)
        assert state_of(folder) == new, (name, kill_at)
        shutil.rmtree(folder)
    raise AssertionError(f"{name} does not end")


def main() -> None:
    """Kill what is named on the command line."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where) as home:
        begun = Path(home) / "begun"
        begun.mkdir()
        prepare(begun)
        kills = {name: try_all(name, OPERATIONS[name], begun) for name in sys.argv[1:]}
    sys.stdout.write(json.dumps(kills))


if __name__ == "__main__":
    main()
