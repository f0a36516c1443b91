"""A view as /workspace of real containers: changed from within, and only as far as it may be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.attacks import LIMITS, MIB, all_refused, told_in
from support.trees import LIMITS as COLLECT_LIMITS
from support.trees import Trees, mounts_in

from assize.model.verdict import Reason
from assize_sandbox.engines.base import Engine
from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.engines.runc.config import FIRST_HOST_ID
from assize_sandbox.engines.surroundings import SANDBOX_UID
from assize_sandbox.outcome import Outcome
from assize_sandbox.session import Command, Session
from assize_sandbox.workspaces.kinds import View, ViewKind
from assize_sandbox.workspaces.layers import Layers
from assize_sandbox.workspaces.nodes import FileNode
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.views import Views

pytestmark = pytest.mark.engine

KEPT: dict[str, bytes | str | None] = {
    "data/old.txt": b"old\n",
    "data/large.bin": b"x" * (2 * MIB),
    "run.sh": b"echo\n",
}
EDITS = """
import os
open('data/old.txt', 'a').write('more\\n')
os.rename('data', 'moved')
os.chmod('run.sh', 0o755)
os.makedirs('made/inside')
os.symlink('../run.sh', 'made/link')
os.unlink('main.py')
"""


@pytest.fixture
def owner(real_engine: Engine) -> int:
    """Who the guest's user is on the host."""
    return SANDBOX_UID + (FIRST_HOST_ID if isinstance(real_engine, RuncEngine) else 0)


@pytest.fixture
async def views_of_engine(
    kind: ViewKind, owner: int, objects: ObjectStore, tmp_path: Path
) -> AsyncIterator[Views]:
    """Views for the guests of the engine."""
    layers = Layers(tmp_path / "layers of engine", objects, owner)
    made = Views(tmp_path / "views of engine", objects, layers, owner=owner, kind=kind)
    made.start()
    try:
        yield made
    finally:
        made.close()
    assert mounts_in(tmp_path / "views of engine") == []


@asynccontextmanager
async def running(engine: Engine, view: View, *program: str) -> AsyncIterator[Outcome]:
    """Run Python in a container on a view; it is dead when this is left."""
    session = Session(await engine.prepare(LIMITS.shape, folder=view.folder), LIMITS)
    try:
        yield await session.run(Command(("python3", "-B", *program)))
    finally:
        await session.close()


async def test_run_changes_its_view_and_nothing_else(
    real_engine: Engine, views_of_engine: Views, trees: Trees
) -> None:
    """What a program did in a container is the tree that is collected afterwards."""
    base = trees.tree(KEPT)
    start = trees.tree({**KEPT, "main.py": EDITS.encode()})
    view = views_of_engine.open(base, LIMITS.shape, start=start)
    try:
        async with running(real_engine, view, "main.py") as outcome:
            assert (outcome.reason, outcome.stderr.head) == (None, b"")
        found = view.collect(COLLECT_LIMITS)
    finally:
        view.close()
    expected = {
        "moved/old.txt": b"old\nmore\n",
        "moved/large.bin": KEPT["data/large.bin"],
        "made/link": "../run.sh",
        "made/inside": None,
    }
    changed = trees.paths(found.root)
    assert found.specials == ()
    script = changed.pop("run.sh")
    assert isinstance(script, FileNode)
    assert script.mode == 0o755
    assert changed == trees.paths(trees.tree(expected))


FILLS = """
for number in range(1000):
    open(f'file{number}', 'wb').write(b'x' * 500_000)
"""
MANY = """
for number in range(100_000):
    open(f'file{number}', 'wb').close()
"""


@pytest.mark.parametrize("source", [FILLS, MANY], ids=["bytes", "files"])
async def test_run_that_fills_its_view_meets_the_disk_limit(
    real_engine: Engine, views_of_engine: Views, trees: Trees, source: str
) -> None:
    """The workspace ends where the run's disk ends."""
    view = views_of_engine.open(trees.tree({}), LIMITS.shape)
    try:
        async with running(real_engine, view, "-c", source) as outcome:
            assert outcome.reason is Reason.DISK_LIMIT
    finally:
        view.close()


async def test_large_file_of_the_workspace_is_no_sign_of_a_full_disk(
    real_engine: Engine, views_of_engine: Views, trees: Trees
) -> None:
    """A program that fails beside one has failed by itself."""
    view = views_of_engine.open(trees.tree(KEPT), LIMITS.shape)
    try:
        async with running(real_engine, view, "-c", "raise SystemExit(3)") as outcome:
            assert (outcome.reason, outcome.exit_code) == (Reason.RUNTIME_ERROR, 3)
    finally:
        view.close()


TRIES_TO_CHANGE = """
import json, os
told = {}
def attempt(name, act):
    try:
        told[name] = f'got {act()!r}'
    except OSError as error:
        told[name] = f'refused: {error.strerror}'
attempt('create', lambda: open('new', 'w'))
attempt('write', lambda: open('run.sh', 'w'))
attempt('remove', lambda: os.unlink('run.sh'))
attempt('rename', lambda: os.rename('data', 'moved'))
attempt('chmod', lambda: os.chmod('run.sh', 0o777))
attempt('touch', lambda: os.utime('run.sh'))
attempt('attribute', lambda: os.setxattr('run.sh', 'user.x', b'x'))
attempt('mknod', lambda: os.mknod('fifo'))
print(json.dumps(told))
"""


async def test_read_only_view_is_read_only_within(
    real_engine: Engine, views_of_engine: Views, trees: Trees
) -> None:
    """No change of any kind."""
    view = views_of_engine.open(trees.tree(KEPT), LIMITS.shape, read_only=True)
    try:
        async with running(real_engine, view, "-c", TRIES_TO_CHANGE) as outcome:
            assert all_refused(told_in(outcome)), outcome
    finally:
        view.close()


TRIES_TO_GET_OUT = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
told = {}
def attempt(name, act):
    try:
        told[name] = f'got {act()!r}'
    except OSError as error:
        told[name] = f'refused: {error.strerror}'
def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
for key in ('redirect', 'opaque', 'metacopy'):
    attempt(key, lambda: os.setxattr('data', f'trusted.overlay.{key}', b'y'))
attempt('device', lambda: os.mknod('device', 0o020666, os.makedev(1, 1)))
attempt('mount', lambda: call('mount', b'tmpfs', b'/workspace/data', b'tmpfs', 0, None))
attempt('bind', lambda: call('mount', b'/proc', b'/workspace/data', None, 4096, None))
attempt('unmount', lambda: call('umount2', b'/workspace', 2))
attempt('remount', lambda: call('mount', None, b'/workspace', None, 32, None))
attempt('upwards', lambda: os.listdir('/workspace/../upper'))
attempt('chown', lambda: os.chown('run.sh', 0, 0))
mounts = [line.split() for line in open('/proc/self/mountinfo')]
ours, = (line for line in mounts if line[4] == '/workspace')
told['flags'] = ','.join(sorted({'nosuid', 'nodev', 'rw'} & set(ours[5].split(','))))
told['peers'] = ','.join(field for field in ours[6:ours.index('-')])
told['places'] = ','.join(line[4] for line in mounts if line[4].startswith('/workspace'))
print(json.dumps(told))
"""


async def test_run_gets_nowhere_from_its_view(
    real_engine: Engine, views_of_engine: Views, trees: Trees
) -> None:
    """No mount, no device, no attribute of overlay's; nosuid, nodev, and no peer on the host."""
    view = views_of_engine.open(trees.tree(KEPT), LIMITS.shape)
    try:
        async with running(real_engine, view, "-c", TRIES_TO_GET_OUT) as outcome:
            told = told_in(outcome)
        assert told.pop("flags", "") == "nodev,nosuid,rw"
        assert told.pop("peers", "no answer") == ""
        assert told.pop("places", "") == "/workspace"
        assert all_refused(told), outcome
        assert view.collect(COLLECT_LIMITS).specials == ()
    finally:
        view.close()
