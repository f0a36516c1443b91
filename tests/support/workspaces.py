"""Workspaces without the rest of the service: a store in a folder, and a real gRPC server of it."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from assize.trees import Digest, FileNode, FolderNode, LinkNode, Node
from assize.v1 import workspace_pb2_grpc
from assize.wire import MESSAGE_MOST_BYTES
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.rpc.malformed import MalformedRequests
from assize_server.rpc.workspaces import WorkspaceService
from assize_server.store.database import Database
from assize_server.workspaces.garbage import Pins
from assize_server.workspaces.quotas import Quotas, Retention, WorkspaceSettings
from assize_server.workspaces.records import ANONYMOUS
from assize_server.workspaces.store import WorkspaceStore

SETTINGS = WorkspaceSettings(Quotas(disk_bytes_free=0, disk_files_free=0), Retention())
NOW_MS = 1_700_000_000_000


@dataclass
class Ground:
    """A store that is served."""

    address: str
    store: WorkspaceStore
    caller: str = ANONYMOUS
    """Who calls, as far as the service knows. A test may change it."""
    now_ms: int = NOW_MS
    """What the service's clock says."""

    def blob(self, digest: str) -> Path:
        """Return where an object is."""
        return self.store.objects.path(Digest(digest))


@contextmanager
def stored(
    folder: Path, settings: WorkspaceSettings = SETTINGS, pins: Pins = tuple
) -> Iterator[WorkspaceStore]:
    """Give a store with a database of its own."""
    database = Database(folder / "assize.db")
    database.open_now()
    try:
        objects = folder / "objects"
        yield WorkspaceStore(database, ObjectStore(objects), objects, settings, pins)
    finally:
        database.close_now()


@contextmanager
def served(
    folder: Path, settings: WorkspaceSettings = SETTINGS, pins: Pins = tuple
) -> Iterator[Ground]:
    """Give a store that is served on a socket in the folder."""
    with stored(folder, settings, pins) as store:
        ground = Ground(f"unix://{folder}/rpc.sock", store)
        ready: Future[None] = Future()
        leave: Future[None] = Future()
        thread = threading.Thread(target=asyncio.run, args=(_serve(ground, ready, leave),))
        thread.start()
        try:
            ready.result()
            yield ground
        finally:
            leave.set_result(None)
            thread.join()


async def _serve(ground: Ground, ready: Future[None], leave: Future[None]) -> None:
    server = grpc.aio.server(
        interceptors=[MalformedRequests()],
        options=[("grpc.max_receive_message_length", MESSAGE_MOST_BYTES)],
    )

    def caller(_context: Any) -> str:
        return ground.caller

    servicer = WorkspaceService(ground.store, caller=caller, now_ms=lambda: ground.now_ms)
    workspace_pb2_grpc.add_WorkspaceServiceServicer_to_server(servicer, server)
    server.add_insecure_port(ground.address)
    await server.start()
    ready.set_result(None)
    await asyncio.wrap_future(leave)
    await server.stop(0)


def planted(objects: ObjectStore, files: Mapping[str, bytes | str]) -> FolderNode:
    """Keep a tree and return its root; a text is a link's target, bytes are a file's."""
    return FolderNode(_planted(objects, files))


def _planted(objects: ObjectStore, files: Mapping[str, bytes | str]) -> Digest:
    tree: dict[str, Node] = {}
    folders: dict[str, dict[str, bytes | str]] = {}
    for path, content in files.items():
        name, _, below = path.partition("/")
        if below:
            folders.setdefault(name, {})[below] = content
        elif isinstance(content, str):
            tree[name] = LinkNode(content)
        else:
            tree[name] = FileNode(objects.put(content), len(content), 0o644)
    for name, inside in folders.items():
        tree[name] = FolderNode(_planted(objects, inside))
    return objects.put_tree(tree)


def lay(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Make files and links in a folder here."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            place.symlink_to(content)
        else:
            place.write_bytes(content)
    folder.mkdir(exist_ok=True)
    return folder


def seen(folder: Path) -> dict[str, bytes | str | None]:
    """Return what is in a folder here, apart from `.assize`: None for a folder."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.split("/", maxsplit=1)[0] == ".assize":
            continue
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = path.read_bytes() if path.is_file() else None
    return found
