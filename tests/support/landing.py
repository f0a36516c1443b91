"""The whole service over the fake engine and real views: workspaces, holds, approvals, the log.

Programs are behaviours that change real files, so that what lands is real, and no container is
started. It needs root, since views are mounts.
"""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from assize import AsyncClient
from assize.approvals.keys import raw_public
from assize.audit.entries import Entry, EntryKind, decode
from assize.model.spec import Check, ExitCode, Spec
from assize.model.submission import SourceFile, Submission, WorkspaceUse
from assize.model.verdict import Isolation, Verdict
from assize.trees import FolderNode
from assize_sandbox.effects import NoDatabases
from assize_sandbox.engines.fake import Behaviour
from assize_sandbox.pool import WarmPool
from assize_sandbox.workspaces.editing import placed
from assize_sandbox.workspaces.views import Views
from assize_server import state
from assize_server.audit.log import read
from assize_server.execution.dispatcher import LocalDispatcher
from assize_server.execution.executor import LocalExecutor
from assize_server.landing.comparing import TreeEffects
from assize_server.landing.grounds import grounds
from assize_server.landing.office import Office, offices
from assize_server.landing.pins import Pins
from assize_server.landing.showing import shown
from assize_server.ledger.recording import Recall, RecordingExecutor
from assize_server.policies.live import LivePolicies
from assize_server.rpc.rooms import Rooms
from assize_server.rpc.server import RpcServer
from assize_server.settings import Settings
from assize_server.state import State
from assize_server.workspaces.store import WorkspaceStore
from support.approvals import ALICE, BOB, CAROL, OWNERS
from support.service import ISOLATION, POLICIES, GatedAnalyser, RecordingEngine

WORKSPACE = "shop"
EXITS_WELL = Spec((Check("exits", ExitCode(0)),))
FILES = {"a.csv": b"1,2\n3,4\n", "lib/code.py": b"def add(a, b):\n    return a + b\n"}
NO_EDITS: Mapping[str, str] = MappingProxyType({})
PEOPLE = {"alice": ALICE, "bob": BOB, "carol": CAROL}


@dataclass
class Court:
    """A service that keeps workspaces, and what it is made of."""

    address: str
    state: State
    office: Office
    policies: LivePolicies
    policy_folder: Path
    engine: RecordingEngine
    analyser: GatedAnalyser
    dispatcher: LocalDispatcher
    views: Views

    async def verify(
        self,
        source: bytes,
        spec: Spec = EXITS_WELL,
        *,
        base: str = "",
        policy: str = "",
        **use: bool,
    ) -> Verdict:
        """Have a program judged over the workspace."""
        submission = Submission((SourceFile("main.py", source),), entry_point="main.py")
        async with AsyncClient(self.address) as client:
            return await client.verify(
                submission, spec, policy, workspace=WorkspaceUse(WORKSPACE, base, **use)
            )

    async def verdict(self, verification_id: str) -> Verdict:
        """Return what is told of a verification by now."""
        async with AsyncClient(self.address) as client:
            return await client.verdict(verification_id)

    async def head(self) -> FolderNode:
        """Return the root of the workspace's head."""
        (found,) = await asyncio.to_thread(
            self.state.workspaces.snapshots, "anonymous", WORKSPACE, "head"
        )
        return found.root

    async def head_id(self) -> str:
        """Return the id of the workspace's head."""
        summary = await asyncio.to_thread(self.state.workspaces.workspace, "anonymous", WORKSPACE)
        return summary.head

    async def entries(self, *kinds: EntryKind) -> list[Entry]:
        """Return the entries of the audit log, of these kinds if any are named."""
        found = await self.state.database.read(lambda connection: read(connection, 0, 1000, kinds))
        return [decode(each.leaf) for each in found]

    def fill(self, files: Mapping[str, bytes]) -> str:
        """Make a workspace with these files, as a push would; return its head."""
        return push_first(self.state.workspaces, files)


def push_first(store: WorkspaceStore, files: Mapping[str, bytes]) -> str:
    """Make a workspace with these files, as a push would; return its head."""
    made = store.create("anonymous", WORKSPACE, state.now_ms())
    objects = store.objects
    root = placed(objects, FolderNode(objects.put_tree({})), files)
    owner, _ = store.uploading("anonymous", WORKSPACE)
    store.note_uploads(owner, list(objects.digests()))
    pushed = store.push(
        "anonymous", WORKSPACE, made.head, root.tree, root.mode, "first", state.now_ms()
    )
    return pushed.snapshot


@asynccontextmanager
async def sitting(
    folder: Path,
    programs: Mapping[bytes, Behaviour],
    files: Mapping[str, bytes] = FILES,
    *,
    isolation: Isolation | None = None,
    policy_edits: Mapping[str, str] = NO_EDITS,
    keeps: bool = True,
) -> AsyncIterator[Court]:
    """Run such a service below the folder, with a workspace unless there is one already.

    Without an `isolation` no policy asks for one: the fake engine is none that any allows.
    `policy_edits` are made in the default policy, each text for another.
    """
    policy_folder = policies_for(folder, policy_edits)
    settings = Settings(home=folder / "home", state=folder / "state", policies=policy_folder)
    settings.home.mkdir(exist_ok=True)
    await asyncio.to_thread(folder.chmod, 0o755)
    async with AsyncExitStack() as stack:
        policies = LivePolicies(policy_folder)
        opened = await stack.enter_async_context(state.opened(settings, policies))
        engine, analyser = RecordingEngine(programs), GatedAnalyser()
        stack.push_async_callback(engine.close)
        pool = WarmPool(engine, 0, memory_headroom_bytes=0)
        stack.push_async_callback(pool.close)
        facts = await engine.start()
        views = await stack.enter_async_context(shown(settings, opened, facts))
        assert views is not None, "views are mounts: run the tests as root"
        effects = TreeEffects(opened.objects, NoDatabases())
        office = await stack.enter_async_context(
            offices(settings, opened, policies, effects, views)
        )
        executor = LocalExecutor(
            pool, analyser, ISOLATION, grounds=grounds(views), landing=office.landing
        )
        recording = RecordingExecutor(executor, opened.database, office.ledger, state.seconds)
        dispatcher = LocalDispatcher(
            recording, concurrency=8, waiting=32, recall=Recall(opened.database)
        )
        stack.push_async_callback(dispatcher.drain, 0)
        pins = Pins(opened.database, opened.objects)
        await office.begin(dispatcher, policies, pins, keeps=keeps)
        server = RpcServer(
            dispatcher, policies, Rooms(opened, office.desk, pins, effects, isolation)
        )
        address = f"unix://{folder}/rpc.sock"
        await server.start(address)
        stack.push_async_callback(server.stop, 0)
        court = Court(
            address, opened, office, policies, policy_folder, engine, analyser, dispatcher, views
        )
        if not await asyncio.to_thread(opened.workspaces.workspaces, "anonymous"):
            await asyncio.to_thread(court.fill, files)
        yield court


def policies_for(folder: Path, edits: Mapping[str, str] = NO_EDITS) -> Path:
    """Return a folder of the shipped policies, with people who may approve.

    `edits` are made in the default policy, each text for another.
    """
    made = folder / "policies"
    if not made.exists():
        shutil.copytree(POLICIES, made)
        people = "".join(
            f'  - {{name: {name}, groups: [{OWNERS}], revoked: [], keys: ["{_raw(key)}"]}}\n'
            for name, key in PEOPLE.items()
        )
        text = f"apiVersion: assize.dev/v1\npeople:\n{people}submitters: []\n"
        (made / "approvers.yaml").write_text(text)
        default = (made / "default.yaml").read_text()
        for old, new in edits.items():
            assert old in default
            default = default.replace(old, new)
        (made / "default.yaml").write_text(default)
    return made


def _raw(key: object) -> str:
    return base64.b64encode(raw_public(key.public_key())).decode()  # type: ignore[attr-defined]
