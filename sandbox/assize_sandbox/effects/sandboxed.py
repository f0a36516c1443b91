"""Looks into databases inside a container, one container for each database.

- What the guest does with hostile files is its container's business: a crash, an answer of another
  form, no answer within `ANSWER_SECONDS` all mean that it cannot be told how the database changed.
  That is an effect, and never "no change".
- What goes wrong before any hostile byte was opened is ours, and a `SandboxError`.
- The answer's form is checked, its content is the guest's word. That the file changed is known from
  its digest: an answer without any difference becomes an effect that says so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from assize.model.effects import Effect
from assize_sandbox import frames
from assize_sandbox.channel import Channel
from assize_sandbox.effects.database_answers import NotCompared, read_answer
from assize_sandbox.effects.databases import DatabaseChange, DatabaseFiles, unattributable
from assize_sandbox.engines.base import Container, Role, WorkFolder
from assize_sandbox.errors import ChannelClosed, ProtocolViolation, SandboxError
from assize_sandbox.frames import Frame
from assize_sandbox.limits import Shape
from assize_sandbox.replies import detail_of
from assize_sandbox.workspaces.objects import ObjectStore

MEBIBYTE: Final = 1024 * 1024
SIDE_MOST_BYTES: Final = 64 * MEBIBYTE
"""Of one state with its sidecars; of a larger one nothing is told but that it changed."""
SHAPE: Final = Shape(
    memory_bytes=896 * MEBIBYTE, pids=16, cpu_cores=1.0, disk_bytes=448 * MEBIBYTE, disk_inodes=256
)
"""On its disk, which is memory: both states, what folding sidecars in may add, and sorting."""
READY_SECONDS: Final = 60.0
PUT_SECONDS: Final = 60.0
COMPARE_SECONDS: Final = 15.0
ANSWER_SECONDS: Final = 20.0
"""More than the guest gives itself, so that it answers first if it can."""
UNSEEN: Final = (
    "the file's bytes differ, and no row and no schema object does: it was rewritten (VACUUM, a "
    "checkpoint), or something changed that rows do not show"
)
EMPTY: Final = "the database holds no table and nothing else"


class Preparer(Protocol):
    """Whatever prepares containers: an engine."""

    async def prepare(
        self, shape: Shape, role: Role = ..., folder: WorkFolder | None = ...
    ) -> Container:
        """Start a container whose guest waits for its first frame."""
        ...


@dataclass(frozen=True, slots=True)
class SandboxedDatabases:
    """The `DatabaseDiffer` of a service."""

    objects: ObjectStore
    engine: Preparer
    side_most_bytes: int = SIDE_MOST_BYTES
    answer_seconds: float = ANSWER_SECONDS

    async def compare(self, change: DatabaseChange) -> tuple[Effect, ...]:
        """Return the `db.*` effects of a change: at least one, for its bytes do differ.

        Raises:
            SandboxError: No container could be started, or a content is missing or corrupt.
        """
        fault = change.fault or self._oversized(change)
        if fault:
            return (unattributable(change.path, fault),)
        async with self._guest() as channel:
            await self._hand_over(channel, change)
            try:
                effects = read_answer(change.path, await self._answer(channel))
            except (NotCompared, ProtocolViolation, ChannelClosed, TimeoutError) as error:
                return (unattributable(change.path, _reason(error)),)
        one_side = change.before is None or change.after is None
        return effects or (unattributable(change.path, EMPTY if one_side else UNSEEN),)

    def _oversized(self, change: DatabaseChange) -> str:
        for files in (change.before, change.after):
            size = sum(node.size_bytes for node in files.parts().values()) if files else 0
            if size > self.side_most_bytes:
                most = self.side_most_bytes
                return f"a state of it has {size} bytes; at most {most} are looked into"
        return ""

    @asynccontextmanager
    async def _guest(self) -> AsyncIterator[Channel]:
        container = await self.engine.prepare(SHAPE, Role.DATABASES)
        try:
            channel = Channel(container)
            try:
                async with asyncio.timeout(READY_SECONDS):
                    await _expect(channel, "ready")
            except TimeoutError as error:
                raise SandboxError(f"no databases guest within {READY_SECONDS:g} s") from error
            yield channel
        finally:
            await container.remove()

    async def _hand_over(self, channel: Channel, change: DatabaseChange) -> None:
        try:
            async with asyncio.timeout(PUT_SECONDS):
                for side, files in (("before", change.before), ("after", change.after)):
                    await self._put(channel, side, files)
        except TimeoutError as error:
            raise SandboxError(
                f"the databases guest did not take {change.path!r} within {PUT_SECONDS:g} s"
            ) from error

    async def _put(self, channel: Channel, side: str, files: DatabaseFiles | None) -> None:
        for part, node in files.parts().items() if files else ():
            header: dict[str, object] = {"op": "put", "side": side, "part": part}
            content = await asyncio.to_thread(self.objects.read, node.digest, node.size_bytes)
            for start in range(0, max(1, len(content)), frames.PAYLOAD_MOST):
                chunk = content[start : start + frames.PAYLOAD_MOST]
                await channel.send(Frame(header, chunk))
                await _expect(channel, "done")

    async def _answer(self, channel: Channel) -> bytes:
        async with asyncio.timeout(self.answer_seconds):
            await channel.send(Frame({"op": "compare", "seconds": COMPARE_SECONDS}))
            answer = await channel.receive()
        if answer.header.get("ev") != "compared":
            raise ProtocolViolation("the databases guest did not say 'compared'")
        return answer.payload


async def _expect(channel: Channel, event: str) -> None:
    frame = await channel.receive()
    if frame.header.get("ev") != event:
        raise SandboxError(f"the databases guest did not say {event!r}: {detail_of(frame)!r}")


def _reason(error: Exception) -> str:
    match error:
        case NotCompared():
            return str(error)
        case ChannelClosed():
            return "whoever opened it died of it, or of want of memory"
        case TimeoutError():
            return "comparing its rows took too long"
    return "whoever opened it answered what is never answered"
