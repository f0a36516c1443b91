"""The approval service in this process: real gRPC, a real database, a committer that records."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from assize.errors import ReasonCode
from assize.model.approvals import Hold, HoldState, HoldSummary
from assize.v1 import hold_pb2_grpc
from assize_server.approvals import decisions, holds
from assize_server.approvals.desk import Desk
from assize_server.approvals.seams import Journal, Notice
from assize_server.core.approvers import Approvers
from assize_server.rpc.approval_server import ApprovalServer
from assize_server.rpc.holds import HoldService
from assize_server.rpc.malformed import MalformedRequests
from assize_server.rpc.refusal import refuse
from assize_server.store.database import Database
from support.approvals import APPROVERS, AUDIENCE, POLICY_DIGEST, Clock

TOKENS = {"token-of-alice": "alice", "token-of-bob": "bob", "token-of-dave": "dave"}
SUBMITTER_TOKENS = {"token-of-agent-7": "agent-7", "token-of-agent-8": "agent-8"}
NONCES = iter(f"{number:064x}" for number in range(1, 1_000_000))


async def caller_of(tokens: dict[str, str], context: Any) -> str:
    """Return whose token a call shows; refuse a call without one."""
    shown = dict(context.invocation_metadata()).get("authorization", "")
    name = tokens.get(shown.removeprefix("Bearer "))
    if name is None:
        code = grpc.StatusCode.UNAUTHENTICATED
        await refuse(context, code, ReasonCode.INVALID_REQUEST, "show a token")
        raise AssertionError("the call was ended")
    return name


@dataclass
class RecordingCommitter:
    """Spends what it is asked to carry out, unless it is told to fail."""

    database: Database
    clock: Clock
    fails: bool = False
    outcome: HoldState = HoldState.COMMITTED
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def commit(self, hold_id: str) -> None:
        """Spend the approval, or mark a conflict."""
        await self._carry_out("commit", hold_id)

    async def start(self, hold_id: str) -> None:
        """Spend the approval."""
        await self._carry_out("start", hold_id)

    async def _carry_out(self, act: str, hold_id: str) -> None:
        self.asked.append((act, hold_id))
        if self.fails:
            raise OSError("the disk is full")
        if self.outcome is HoldState.COMMITTED:
            await self.database.write(
                lambda connection: decisions.spend(
                    connection,
                    hold_id,
                    APPROVERS,
                    current_policy=POLICY_DIGEST,
                    now=self.clock(),
                )
            )
        else:
            await self.database.write(
                lambda connection: holds.mark(
                    connection, hold_id, self.outcome, "the workspace moved on", self.clock()
                )
            )


@dataclass
class RecordingNotifier:
    """Keeps what people would be told."""

    notices: list[Notice] = field(default_factory=list)

    def notify(self, notice: Notice) -> None:
        """Keep it."""
        self.notices.append(notice)


@dataclass
class Office:
    """A desk that can be asked, and what it is made of."""

    desk: Desk
    database: Database
    committer: RecordingCommitter
    notifier: RecordingNotifier
    clock: Clock
    address: str
    """Of the approvers' listener."""
    submitters_address: str
    """Of the listener beside the verifications."""
    policies: dict[str, str]
    """Digests by name, as they are now."""
    approvers: list[Approvers]
    """The last one counts."""

    def hold(self, hold: Hold, caps: holds.Caps | None = None) -> HoldSummary:
        """Have a run held, from whatever thread."""
        nonce = next(NONCES)
        return self.database.write_now(
            lambda connection: holds.create_hold(connection, hold, nonce, caps or holds.Caps())
        )


@asynccontextmanager
async def office(folder: Path, journal: Journal | None = None) -> AsyncIterator[Office]:
    """Run both services on sockets in the folder."""
    database, clock, notifier = Database(folder / "assize.db"), Clock(), RecordingNotifier()
    await database.open()
    committer = RecordingCommitter(database, clock)
    policies, approvers = {"default": POLICY_DIGEST}, [APPROVERS]
    desk = Desk(
        database,
        approvers=lambda: approvers[-1],
        audience=AUDIENCE,
        current_policy=lambda name: policies.get(name, ""),
        committer=committer,
        clock=clock,
        journal=journal,
        notifier=notifier,
    )
    server = ApprovalServer(desk, lambda context: caller_of(TOKENS, context))
    ordinary = grpc.aio.server(interceptors=[MalformedRequests()])
    service = HoldService(desk, lambda context: caller_of(SUBMITTER_TOKENS, context))
    hold_pb2_grpc.add_HoldServiceServicer_to_server(service, ordinary)
    address, other = f"unix://{folder}/approvals.sock", f"unix://{folder}/rpc.sock"
    ordinary.add_insecure_port(other)
    await server.start(address)
    await ordinary.start()
    try:
        yield Office(
            desk, database, committer, notifier, clock, address, other, policies, approvers
        )
    finally:
        await server.stop(0)
        await ordinary.stop(0)
        await desk.close()
        await database.close()


@contextmanager
def office_elsewhere(folder: Path) -> Iterator[Office]:
    """Run both services on an event loop of their own, for tests that block."""
    ready, made = threading.Event(), list[Office]()
    loop, leave = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with office(folder) as opened:
            made.append(opened)
            ready.set()
            await leave.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(30)
        yield made[0]
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join()
        loop.close()
