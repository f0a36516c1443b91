"""The service under measurement: one that runs already, or one started for the occasion.

Its processor time comes from four accounts. Three are exact: the service's process, the children
that it has reaped (the calls of an OCI runtime), and, under the runc engine, the cgroup that holds
its containers. The fourth is the whole machine less this benchmark: it holds a Docker daemon and
its containers too, and whatever else ran meanwhile.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import psutil

from assize import AsyncClient

START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05
LEGACY_ACCOUNT: Final = Path("/sys/fs/cgroup/cpuacct/assize/cpuacct.usage")
UNIFIED_ACCOUNT: Final = Path("/sys/fs/cgroup/assize/cpu.stat")
"""Begins with the line `usage_usec NUMBER`. Both add up over the cgroups below, gone ones too."""


class CannotStart(Exception):
    """The service that was to be measured did not come up."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """Processor seconds so far, or between two readings."""

    service: float
    """The service's process."""
    children: float
    """What it started and has reaped: the OCI runtime's calls, mostly."""
    containers: float
    """The containers of the runc engine, their start included."""
    machine: float
    """Everything on this machine but this process."""

    def __sub__(self, earlier: Self) -> Self:
        """Return what was used since."""
        return type(self)(
            self.service - earlier.service,
            self.children - earlier.children,
            self.containers - earlier.containers,
            self.machine - earlier.machine,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A service to ask; `pid` is known of one that we started."""

    address: str
    pid: int | None = None

    def cpu(self) -> Cpu:
        """Read the processor time used so far."""
        own, children = (0.0, 0.0) if self.pid is None else of_process(self.pid)
        return Cpu(own, children, of_containers(), of_machine() - sum(os.times()[:4]))


def of_process(pid: int) -> tuple[float, float]:
    """Return the processor seconds of a process, and of its reaped children."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system, times.children_user + times.children_system


def of_containers() -> float:
    """Return the processor seconds of the runc engine's containers, the dead ones too."""
    if LEGACY_ACCOUNT.exists():
        return int(LEGACY_ACCOUNT.read_text()) / 1e9
    if UNIFIED_ACCOUNT.exists():
        return int(UNIFIED_ACCOUNT.read_text().split()[1]) / 1e6
    return 0.0


def of_machine() -> float:
    """Return the processor seconds that the machine was busy."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.steal - times.guest)


@asynccontextmanager
async def target(server: str | None, options: tuple[str, ...]) -> AsyncIterator[Target]:
    """Give the service at `server`, or start `assize serve` with `options` on a unix socket.

    Raises:
        CannotStart: It ended, or was not ready in time; its own words are on standard error.
    """
    if server is not None:
        yield Target(server)
        return
    with tempfile.TemporaryDirectory(prefix="assize-bench-") as folder:
        address = f"unix://{folder}/rpc.sock"
        words = ("serve", "--listen", address, "--state", f"{folder}/state", *options)
        process = await asyncio.create_subprocess_exec(
            assize_command(), *words, stdin=DEVNULL, stdout=DEVNULL
        )
        try:
            await until_healthy(address, process)
            yield Target(address, process.pid)
        finally:
            await stop(process)


def assize_command() -> str:
    """Return the `assize` that belongs to this interpreter, else the one on the path."""
    beside = Path(sys.executable).with_name("assize")
    found = str(beside) if beside.exists() else shutil.which("assize")
    if found is None:
        raise CannotStart("there is no `assize` command: pip install 'assize[server]'")
    return found


async def until_healthy(address: str, process: Process) -> None:
    """Wait until the service takes requests.

    Raises:
        CannotStart: It ended, or was not ready in time.
    """
    deadline = time.monotonic() + START_SECONDS
    async with AsyncClient(address) as client:
        while not await client.healthy():
            if process.returncode is not None:
                raise CannotStart(f"`assize serve` ended with status {process.returncode}")
            if time.monotonic() > deadline:
                raise CannotStart(f"`assize serve` was not ready within {START_SECONDS:g} s")
            await asyncio.sleep(LOOK_SECONDS)


async def stop(process: Process) -> None:
    """Have the service drain and end; one that does not is killed."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
