"""The whole service with real containers (runc), its own state, and a workspace for each test."""

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assize import AsyncClient
from assize.approvals.refusals import Refused
from assize.audit.entries import EntryKind, decode
from assize.model.approvals import HoldState
from assize.model.spec import Spec
from assize.model.submission import SourceFile, Submission, WorkspaceUse
from assize.model.verdict import Verdict
from assize.trees import FolderNode, Node
from assize_sandbox.workspaces.editing import node_at, placed
from assize_server import state
from assize_server.audit.log import read
from assize_server.rpc.server import RpcServer
from assize_server.service import Service, running
from assize_server.settings import EngineChoice, Settings
from support.approvals import ALICE, approval
from support.landing import EXITS_WELL, policies_for


@dataclass
class RealCourt:
    """Such a service. `name` is the workspace of the test that runs."""

    address: str
    folder: Path
    service: Service
    name: str = ""

    def fill(self, files: Mapping[str, bytes]) -> str:
        """Make the test's workspace, with these files; return its head."""
        store = self.service.state.workspaces
        made = store.create("anonymous", self.name, state.now_ms())
        root = placed(store.objects, FolderNode(store.objects.put_tree({})), files)
        store.note_uploads("anonymous", list(store.objects.digests()))
        store.push("anonymous", self.name, made.head, root.tree, root.mode, "", state.now_ms())
        return self.head_id()

    async def run(self, source: str, spec: Spec = EXITS_WELL, **use: Any) -> Verdict:
        """Have a program judged over the workspace, by the default policy."""
        submission = Submission((SourceFile("main.py", source.encode()),), entry_point="main.py")
        return await self.judge(submission, spec, **use)

    async def judge(self, submission: Submission, spec: Spec, **use: Any) -> Verdict:
        """Have a submission judged over the workspace."""
        async with AsyncClient(self.address, timeout_seconds=120) as client:
            return await client.verify(submission, spec, workspace=WorkspaceUse(self.name, **use))

    async def approve(self, verdict: Verdict) -> HoldState:
        """Have Alice agree to what a verdict waits for."""
        assert verdict.hold is not None, verdict
        desk = self.service.office.desk
        bundle, _ = await desk.bundle(verdict.hold.hold_id, "alice")
        try:
            _, status = await desk.decide(approval(bundle, ALICE), "alice")
        except Refused as error:
            raise AssertionError(str(error)) from error
        return status.state

    def head_id(self) -> str:
        """Return the id of the workspace's head."""
        return self.service.state.workspaces.workspace("anonymous", self.name).head

    def node(self, path: str) -> Node | None:
        """Return what stands at a path of the head."""
        store = self.service.state.workspaces
        (head,) = store.snapshots("anonymous", self.name, "head")
        return node_at(store.objects, head.root, path)

    def commits(self) -> int:
        """Return how many runs have landed in the workspace, as the audit log says."""
        entries = self.service.state.database.read_now(
            lambda connection: read(connection, 0, 1000, [EntryKind.COMMIT])
        )
        wanted = f"anonymous/{self.name}"
        return [decode(each.leaf).subject["workspace"] for each in entries].count(wanted)


@asynccontextmanager
async def real_court(home: Path) -> AsyncIterator[RealCourt]:
    """Run such a service; images come from `home`, everything else is its own."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        own = _home(folder, home)
        settings = Settings(
            home=own,
            state=folder / "state",
            policies=policies_for(folder),
            engine=EngineChoice.RUNC,
            pool_size=1,
        )
        async with running(settings) as service:
            server = RpcServer(service.dispatcher, service.policies, service.rooms())
            address = f"unix://{folder}/rpc.sock"
            await server.start(address)
            try:
                yield RealCourt(address, folder, service)
            finally:
                await server.stop(0)


def _home(folder: Path, home: Path) -> Path:
    folder.chmod(0o755)
    own = folder / "home"
    own.mkdir()
    (own / "images").symlink_to(home / "images")
    return own


def database(script: str) -> bytes:
    """Return the bytes of a SQLite database that a script makes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        return path.read_bytes()
