"""Reads a container's cgroup: the kernel's own account of it.

Three layouts exist in the field. In v1 each controller is a file system of its own, in v2 one file
system holds all, and in the hybrid of both v2 is mounted too but holds no controllers. Where a
controller is mounted is read from /proc/self/mountinfo, where a process is in it from
/proc/PID/cgroup (cgroups(7)).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Self

from assize_sandbox.engines.base import Counters
from assize_sandbox.errors import SandboxError

MOUNTINFO: Final = Path("/proc/self/mountinfo")
UNIFIED: Final = ""
"""How /proc/PID/cgroup names the v2 hierarchy."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Where one hierarchy is mounted, and which part of it."""

    point: Path
    root: PurePosixPath

    def folder(self, group: str) -> Path:
        """Return the folder of a cgroup.

        Raises:
            SandboxError: The cgroup is outside what is mounted here.
        """
        try:
            return self.point / PurePosixPath(group).relative_to(self.root)
        except ValueError as error:
            raise SandboxError(
                f"cgroup {group} is not visible under {self.point}",
                remedy="in a container, run the service with --cgroupns=host --pid=host",
            ) from error


def mounts(mountinfo: str) -> Mapping[str, Mount]:
    """Return the mount of each v1 controller by its name, and of v2 under `UNIFIED`.

    The format is proc(5)'s: the fields, ` - `, file system type, source, its own options.
    """
    found: dict[str, Mount] = {}
    for line in mountinfo.splitlines():
        place, _, kind = line.partition(" - ")
        root, point = place.split()[3:5]
        file_system, _, options = kind.split()[:3]
        mount = Mount(Path(point), PurePosixPath(root))
        if file_system == "cgroup2":
            found.setdefault(UNIFIED, mount)
        elif file_system == "cgroup":
            for option in options.split(","):
                found.setdefault(option, mount)
    return found


def groups(cgroup: str) -> Mapping[str, str]:
    """Return a process's cgroup for each controller, from the text of /proc/PID/cgroup."""
    found: dict[str, str] = {}
    for line in cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            found[controller] = path
    return found


def hierarchy() -> str:
    """Return `v1`, `v2` or `hybrid`."""
    mounted = mounts(MOUNTINFO.read_text())
    if "memory" not in mounted:
        return "v2"
    return "hybrid" if UNIFIED in mounted else "v1"


@dataclass(frozen=True, slots=True)
class CgroupReader:
    """Reads the counters of one cgroup. Cheap enough for every few milliseconds."""

    memory: Path
    cpu: Path
    pids: Path
    unified: bool

    @classmethod
    def of_process(cls, pid: int) -> Self:
        """Return the reader of the cgroup that a process is in.

        Raises:
            SandboxError: The process is gone, or its cgroup is not visible here.
        """
        try:
            text = Path(f"/proc/{pid}/cgroup").read_text()
        except OSError as error:
            raise SandboxError(f"process {pid} is gone") from error
        return cls.of_groups(groups(text), mounts(MOUNTINFO.read_text()))

    @classmethod
    def of_groups(cls, inside: Mapping[str, str], mounted: Mapping[str, Mount]) -> Self:
        """Return the reader of the cgroup named by controller (or by `UNIFIED` alone).

        Raises:
            SandboxError: A controller is mounted nowhere.
        """
        if "memory" not in mounted and UNIFIED in mounted and UNIFIED in inside:
            folder = mounted[UNIFIED].folder(inside[UNIFIED])
            return cls(folder, folder, folder, unified=True)
        try:
            memory, cpu, pids = (
                mounted[name].folder(inside[name]) for name in ("memory", "cpuacct", "pids")
            )
        except KeyError as error:
            raise SandboxError(
                f"the cgroup controller {error} is not mounted",
                remedy="mount cgroup v2, or all of v1, on /sys/fs/cgroup",
            ) from error
        return cls(memory, cpu, pids, unified=False)

    def counters(self) -> Counters:
        """Read the account.

        Raises:
            OSError: The cgroup is gone.
        """
        return self._unified() if self.unified else self._legacy()

    def _legacy(self) -> Counters:
        return Counters(
            cpu_seconds=int((self.cpu / "cpuacct.usage").read_text()) / 1e9,
            peak_memory_bytes=int((self.memory / "memory.max_usage_in_bytes").read_text()),
            peak_pids=optional(self.pids / "pids.peak"),
            oom_kills=fields(self.memory / "memory.oom_control").get("oom_kill", 0),
            pids_refused=fields(self.pids / "pids.events").get("max", 0),
        )

    def _unified(self) -> Counters:
        return Counters(
            cpu_seconds=fields(self.cpu / "cpu.stat").get("usage_usec", 0) / 1e6,
            peak_memory_bytes=optional(self.memory / "memory.peak"),
            peak_pids=optional(self.pids / "pids.peak"),
            oom_kills=fields(self.memory / "memory.events").get("oom_kill", 0),
            pids_refused=fields(self.pids / "pids.events").get("max", 0),
        )


def fields(path: Path) -> Mapping[str, int]:
    """Return a flat keyed file: a name and a number on each line."""
    return {name: int(value) for name, value in map(str.split, path.read_text().splitlines())}


def optional(path: Path) -> int:
    """Return the number in a file that older kernels do not have; 0 without it."""
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return 0
