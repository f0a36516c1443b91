"""The guest's side of the channel, in memory: speaks the same frames as guest/candidate.py."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from assize_sandbox import frames
from assize_sandbox.engines.base import Counters, WorkFolder
from assize_sandbox.engines.fake.behaviour import Answer, Behaviour
from assize_sandbox.frames import Frame
from assize_sandbox.limits import Shape

FLOOD_CHUNK: Final = b"y\n" * 4096
OOM_SIGNAL: Final = 9
UNKNOWN: Final = Behaviour(stderr=b"the fake knows no such program", exit_code=1)


class Died(Exception):
    """The container is dead."""


class FakeGuest:
    """One container's guest: what it was sent, what it answers, what it has used."""

    def __init__(
        self, shape: Shape, programs: Mapping[bytes, Behaviour], folder: WorkFolder | None = None
    ) -> None:
        self._folder = folder
        self._shape = shape
        self._programs = programs
        self._files: dict[str, bytes] = {}
        self._links: frozenset[str] = frozenset()
        self._incoming = bytearray()
        self._arrived = asyncio.Event()
        self.outgoing = bytearray()
        self.told = asyncio.Event()
        self._counters = Counters(peak_memory_bytes=1, peak_pids=1)
        self._burning: tuple[float, float] | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes of the host's."""
        self._incoming += data
        self._arrived.set()

    def counters(self) -> Counters:
        """Return what was used so far."""
        if self._burning is None:
            return self._counters
        since, share = self._burning
        burnt = (time.monotonic() - since) * share
        return replace(self._counters, cpu_seconds=self._counters.cpu_seconds + burnt)

    async def serve(self) -> None:
        """Answer frames until cancelled.

        Raises:
            Died: A program took the container down.
        """
        self._tell({"ev": "ready"})
        operations = {"put": self._put, "run": self._run, "call": self._call, "read": self._read}
        while True:
            frame = await self._receive()
            await operations[str(frame.header["op"])](frame)

    async def _receive(self) -> Frame:
        header, payload = frames.sizes(await self._exactly(frames.PREFIX.size))
        return frames.decode(await self._exactly(header), await self._exactly(payload))

    async def _exactly(self, count: int) -> bytes:
        while len(self._incoming) < count:
            self._arrived.clear()
            await self._arrived.wait()
        taken = bytes(self._incoming[:count])
        del self._incoming[:count]
        return taken

    def _tell(self, header: dict[str, object], payload: bytes = b"") -> None:
        self.outgoing += frames.encode(Frame(header, payload))
        self.told.set()

    async def _put(self, frame: Frame) -> None:
        self._files[str(frame.header["path"])] = frame.payload
        self._tell({"ev": "done"})

    async def _run(self, frame: Frame) -> None:
        argv = frame.header["argv"]
        names = [str(part) for part in argv] if isinstance(argv, list) else []
        self._look()
        source = next((self._files[name] for name in names if name in self._files), b"")
        behaviour = self._programs.get(source, UNKNOWN)
        ending = await self._live(behaviour, frame.payload)
        self._leave(behaviour)
        self._links |= behaviour.links
        self._tell({"ev": "end", **ending})

    async def _call(self, frame: Frame) -> None:
        self._look()
        path = str(frame.header["module"]).replace(".", "/") + ".py"
        behaviour = self._programs.get(self._files.get(path, b""), UNKNOWN)
        ending = await self._live(behaviour, b"")
        function = str(frame.header["function"])
        answer = behaviour.answers.get(function, Answer("none", b"", exit_code=1))
        if ending["code"] == 0:
            ending["code"] = answer.exit_code
        self._tell({"ev": "reply", "kind": answer.kind, **ending}, answer.payload)

    async def _read(self, frame: Frame) -> None:
        path, most = str(frame.header["path"]), frame.header["most"]
        content = self._files.get(path)
        if path in self._links:
            self._tell({"ev": "file", "kind": "refused", "detail": "is a link"})
        elif content is None:
            self._tell({"ev": "file", "kind": "absent"})
        elif isinstance(most, int) and len(content) > most:
            self._tell({"ev": "file", "kind": "refused", "detail": "is too large"})
        else:
            self._tell({"ev": "file", "kind": "file", "size": len(content)}, content)

    def _look(self) -> None:
        """See what is in the work folder that the host gave."""
        if self._folder is not None:
            for path in self._folder.path.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    name = path.relative_to(self._folder.path).as_posix()
                    self._files[name] = path.read_bytes()

    def _leave(self, behaviour: Behaviour) -> None:
        """Leave in the work folder what the program leaves."""
        self._files |= behaviour.files
        if self._folder is None or self._folder.read_only:
            return
        for path in behaviour.deletes:
            (self._folder.path / path).unlink()
        for path, content in behaviour.files.items():
            target = self._folder.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    async def _live(self, behaviour: Behaviour, stdin: bytes) -> dict[str, object]:
        """Live one process's life; return its end."""
        if behaviour.kills_guest:
            raise Died
        if behaviour.echoes_stdin:
            self._write("stdout", stdin)
        for _ in range(behaviour.pieces):
            self._write("stdout", behaviour.stdout)
        self._write("stderr", behaviour.stderr)
        self._burning = (time.monotonic(), behaviour.cpu_share)
        try:
            await self._pass_time(behaviour)
        finally:
            self._counters = self.counters()
            self._burning = None
        return self._end(behaviour)

    async def _pass_time(self, behaviour: Behaviour) -> None:
        while behaviour.floods:
            self._write("stdout", FLOOD_CHUNK)
            await asyncio.sleep(0)
        if behaviour.endless:
            await asyncio.Event().wait()
        await asyncio.sleep(behaviour.wall_seconds)

    def _write(self, stream: str, data: bytes) -> None:
        if data:
            self._tell({"ev": "out", "stream": stream}, data)

    def _end(self, behaviour: Behaviour) -> dict[str, object]:
        """Do what the kernel would have done to it."""
        code: int | None = None if behaviour.signal is not None else behaviour.exit_code
        number, disk_full = behaviour.signal, False
        now = replace(
            self._counters,
            peak_memory_bytes=max(self._counters.peak_memory_bytes, behaviour.memory_bytes),
            peak_pids=max(self._counters.peak_pids, behaviour.processes),
        )
        if behaviour.memory_bytes > self._shape.memory_bytes:
            now = replace(now, oom_kills=now.oom_kills + 1)
            code, number = None, OOM_SIGNAL
        elif behaviour.processes > self._shape.pids:
            now = replace(now, pids_refused=now.pids_refused + 1)
            code, number = 1, None
        elif behaviour.disk_bytes > self._shape.disk_bytes:
            code, number, disk_full = 1, None, True
        self._counters = now
        return {"code": code, "signal": number, "flooded": False, "disk_full": disk_full}
