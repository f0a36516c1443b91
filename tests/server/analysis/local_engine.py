"""An engine whose containers are ordinary processes of the analysis guest: no isolation at all."""

import asyncio
import os
import sys
from pathlib import Path

import mypy

import assize_sandbox
from assize_sandbox.engines.base import (
    Container,
    ContainerId,
    Counters,
    EngineFacts,
    Remains,
    Role,
    WorkFolder,
)
from assize_sandbox.errors import ChannelClosed
from assize_sandbox.limits import Shape

GUEST = Path(assize_sandbox.__file__).parent / "guest" / "analysis.py"


def make_tools(folder: Path) -> Path:
    """Lay out ruff and mypy as the sandbox image has them."""
    (folder / "bin").mkdir()
    (folder / "bin" / "ruff").symlink_to(Path(sys.executable).parent / "ruff")
    (folder / "lib").symlink_to(Path(mypy.__file__).parents[1])
    return folder


class LocalContainer:
    """A guest process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def id(self) -> ContainerId:
        return ContainerId(str(self._process.pid))

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise ChannelClosed("the guest is gone") from error

    async def receive(self, most: int) -> bytes:
        assert self._process.stdout is not None
        data = await self._process.stdout.read(most)
        if not data:
            raise ChannelClosed("the guest is gone")
        return data

    async def counters(self) -> Counters:
        return Counters()

    def kill(self) -> None:
        if self.alive:
            self._process.kill()

    async def remove(self) -> Remains:
        self.kill()
        await self._process.communicate()
        return Remains(Counters(), self._process.returncode)


class LocalEngine:
    """Starts guest processes, and counts them."""

    def __init__(self, tools: Path, scratch: Path) -> None:
        self._tools = tools
        self.scratch = scratch
        self.made: list[LocalContainer] = []

    async def start(self) -> EngineFacts:
        return EngineFacts("local", "none", "", "")

    async def prepare(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        assert role is Role.ANALYSIS
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-B", str(GUEST), str(self._tools)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"TMPDIR": str(self.scratch), "LANG": "C.UTF-8", "PATH": os.defpath},
        )
        self.made.append(LocalContainer(process))
        return self.made[-1]

    async def close(self) -> None:
        for container in self.made:
            await container.remove()
