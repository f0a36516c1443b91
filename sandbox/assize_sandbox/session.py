"""One job in one container: files in, programs and calls run, files read, everything measured.

SECURITY: every frame comes from a process that the candidate may have taken over. Its form is
checked here (and in `replies.py`); its content is passed on as the candidate's own word.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from assize.model.verdict import Reason, Usage
from assize_sandbox.channel import Channel
from assize_sandbox.engines.base import Container, Counters
from assize_sandbox.errors import ChannelClosed, ProtocolViolation, SandboxError
from assize_sandbox.evidence import Evidence, conclude
from assize_sandbox.frames import Frame
from assize_sandbox.limits import Limits
from assize_sandbox.outcome import CallOutcome, FileRead, Outcome, SessionReport
from assize_sandbox.output import Recorder
from assize_sandbox.replies import detail_of, read_ending, read_reply
from assize_sandbox.watch import Watch

OnOutput = Callable[[str, bytes], None]
Handler = Callable[[Frame], Awaitable[Frame | None]]
NO_HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType({})
ANSWERS_MOST_BYTES: Final = 32 * 1024 * 1024
"""What all the calls of a job may answer; the service holds it in memory until it is judged."""
CALL_OUTPUT_KEPT_BYTES: Final = 4096
"""Kept of what one call writes; how much it may write is the job's `output_bytes`."""
FLOOD_FACTOR: Final = 16
"""A stream this many times over what is kept is stopped from outside."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: `argv[0]` is found by the PATH of the sandbox."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""


class _Streams:
    """The two output streams of one run."""

    def __init__(
        self, limits: Limits, kept_bytes: int, watch: Watch, on_output: OnOutput | None
    ) -> None:
        self.stdout = Recorder(kept_bytes)
        self.stderr = Recorder(kept_bytes)
        self._flood = limits.output_bytes * FLOOD_FACTOR
        self._most = limits.output_bytes
        self._watch = watch
        self._on_output = on_output

    def write(self, stream: object, data: bytes) -> None:
        recorder = {"stdout": self.stdout, "stderr": self.stderr}.get(str(stream))
        if recorder is None:
            raise ProtocolViolation(f"the guest sent output of a stream {str(stream)[:40]!r}")
        recorder.write(data)
        if recorder.total_bytes > self._flood:
            self._watch.stop(
                Reason.OUTPUT_LIMIT,
                f"wrote more than {FLOOD_FACTOR} times {self._most} bytes to {stream}",
            )
        if self._on_output is not None:
            self._on_output(str(stream), data)


class Session:
    """Runs one job in a prepared container. Close it, whatever happens."""

    def __init__(
        self, container: Container, limits: Limits, *, on_output: OnOutput | None = None
    ) -> None:
        self._container = container
        self._channel = Channel(container)
        self._limits = limits
        self._on_output = on_output
        self._baseline: Counters | None = None
        self._counters = Counters()
        self._wall_seconds = 0.0
        self._output_bytes = 0
        self._answer_bytes = 0
        self._over: Outcome | None = None

    async def put(self, files: Mapping[str, bytes], *, read_only: bool = False) -> None:
        """Write files below the work folder. Paths are the caller's to check.

        Only a shared sandbox makes files read-only.

        Raises:
            SandboxError: The container failed, or the files do not fit in its disk.
        """
        await self._begin()
        for path, content in files.items():
            header: dict[str, object] = {"op": "put", "path": path}
            if read_only:
                header["read_only"] = True
            await self._channel.send(Frame(header, content))
            event = await self._channel.receive()
            if event.header.get("ev") != "done":
                raise SandboxError(f"{path} could not be written: {detail_of(event)}")

    async def run(self, command: Command) -> Outcome:
        """Run a program to its end, or to the first limit.

        Raises:
            SandboxError: The container died and no limit explains it.
        """
        header = {"op": "run", "argv": list(command.argv), "env": dict(command.environment)}
        outcome, _ = await self._execute(Frame(header | self._bounds(), command.stdin), "end")
        return outcome

    async def call(
        self, module: str, function: str, arguments: bytes, environment: Mapping[str, str]
    ) -> CallOutcome:
        """Call a function in a process of its own; after a limit, every later call fails with it.

        Raises:
            SandboxError: The container died and no limit explains it.
        """
        if self._over is not None:
            return CallOutcome(self._over)
        header = {
            "op": "call",
            "module": module,
            "function": function,
            "env": dict(environment),
            **self._bounds(),
        }
        outcome, event = await self._execute(Frame(header, arguments), "reply")
        if event is None or outcome.reason is not None:
            return CallOutcome(outcome)
        self._answer_bytes += len(event.payload)
        if self._answer_bytes > ANSWERS_MOST_BYTES:
            text = f"the calls answered more than {ANSWERS_MOST_BYTES} bytes in all"
            self._over = Outcome(Reason.OUTPUT_LIMIT, detail=text)
            return CallOutcome(self._over)
        return read_reply(event, outcome)

    async def live(self, environment: Mapping[str, str]) -> None:
        """Start a process of the candidate's that stays; end the one before.

        Raises:
            SandboxError: The container failed.
        """
        if self._over is not None:
            return
        await self._begin()
        header = {"op": "live", "env": dict(environment), **self._bounds()}
        await self._channel.send(Frame(header))
        event = await self._channel.receive()
        if event.header.get("ev") != "done":
            raise SandboxError(f"the candidate's process was not started: {detail_of(event)}")

    async def ask(self, request: bytes) -> CallOutcome:
        """Put a request to the live process; its answer is `value`, or it is dead.

        Raises:
            SandboxError: The container died and no limit explains it.
        """
        if self._over is not None:
            return CallOutcome(self._over)
        outcome, event = await self._execute(
            Frame({"op": "ask", **self._bounds()}, request), "reply"
        )
        if event is None or outcome.reason is not None:
            return CallOutcome(outcome)
        return read_reply(event, outcome)

    async def suite(self, order: Mapping[str, object], handlers: Mapping[str, Handler]) -> Outcome:
        """Run a suite in a test sandbox; `handlers` answer what it asks, by event.

        Raises:
            SandboxError: The container died and no limit explains it.
        """
        if self._over is not None:
            return self._over
        frame = Frame({"op": "suite", **order, **self._bounds()})
        outcome, _ = await self._execute(frame, "end", handlers)
        return outcome

    async def read(self, path: str, most_bytes: int) -> FileRead:
        """Read a file that the program left; refused if it is no plain file within bounds.

        Raises:
            SandboxError: The container failed.
        """
        if self._over is not None:
            return FileRead(exists=False)
        await self._channel.send(Frame({"op": "read", "path": path, "most": most_bytes}))
        event = await self._channel.receive()
        match event.header.get("ev"), event.header.get("kind"):
            case "file", "absent":
                return FileRead(exists=False)
            case "file", "file":
                return FileRead(exists=True, content=event.payload[:most_bytes])
            case "file", "refused":
                return FileRead(exists=True, refused=detail_of(event))
        raise ProtocolViolation("the guest did not answer with a file")

    async def close(self) -> SessionReport:
        """Remove the container and tell what the job used. Idempotent."""
        remains = await self._container.remove()
        base = self._baseline or remains.counters
        return SessionReport(
            Usage(
                wall_seconds=self._wall_seconds,
                cpu_seconds=max(0.0, remains.counters.cpu_seconds - base.cpu_seconds),
                peak_memory_bytes=remains.counters.peak_memory_bytes,
                peak_pids=remains.counters.peak_pids,
                output_bytes=self._output_bytes,
            )
        )

    async def _begin(self) -> Counters:
        """Wait for the guest once; return what it had used before the job."""
        if self._baseline is None:
            event = await self._channel.receive()
            if event.header.get("ev") != "ready":
                raise ProtocolViolation("the guest did not begin with ready")
            self._baseline = self._counters = await self._container.counters()
        return self._baseline

    def _bounds(self) -> dict[str, object]:
        return {
            "keep": self._limits.output_bytes,
            "file_bytes": self._limits.file_bytes,
            "open_files": self._limits.open_files,
        }

    async def _execute(
        self, frame: Frame, last: str, handlers: Mapping[str, Handler] = NO_HANDLERS
    ) -> tuple[Outcome, Frame | None]:
        baseline = await self._begin()
        watch = Watch(
            self._container,
            self._limits,
            wall_spent=self._wall_seconds,
            cpu_baseline=baseline.cpu_seconds,
        )
        kept = self._limits.output_bytes
        if last == "reply":
            kept = min(kept, CALL_OUTPUT_KEPT_BYTES)
        streams = _Streams(self._limits, kept, watch, self._on_output)
        started = time.monotonic()
        try:
            async with watch:
                event = await self._until(frame, last, streams, handlers)
        finally:
            self._wall_seconds += time.monotonic() - started
            self._output_bytes += streams.stdout.total_bytes + streams.stderr.total_bytes
        return await self._conclude(watch, streams, event), event

    async def _until(
        self, frame: Frame, last: str, streams: _Streams, handlers: Mapping[str, Handler]
    ) -> Frame | None:
        """Return the frame that ends the run; None if the container died first."""
        try:
            await self._channel.send(frame)
            while True:
                event = await self._channel.receive()
                match event.header.get("ev"):
                    case "out":
                        streams.write(event.header.get("stream"), event.payload)
                    case name if name == last:
                        return event
                    case str(name) if name in handlers:
                        if (answer := await handlers[name](event)) is not None:
                            await self._channel.send(answer)
                    case "error":
                        raise SandboxError(f"the guest failed: {detail_of(event)}")
                    case _:
                        raise ProtocolViolation("the guest sent an unexpected frame")
        except ChannelClosed:
            return None

    async def _conclude(self, watch: Watch, streams: _Streams, event: Frame | None) -> Outcome:
        before = self._counters
        if event is None or watch.breach is not None:
            self._counters = (await self._container.remove()).counters
        else:
            self._counters = await self._container.counters()
        outcome = conclude(
            Evidence(
                breach=watch.breach,
                breach_detail=watch.detail,
                before=before,
                after=self._counters,
                stdout=streams.stdout.output(),
                stderr=streams.stderr.output(),
                ending=None if event is None else read_ending(event),
            ),
            self._limits,
        )
        if outcome is None:
            raise SandboxError("the container died and no limit explains it")
        if event is None or watch.breach is not None:
            self._over = outcome
        return outcome
