"""Which process a container belongs to, and whether that process still lives.

A process id alone comes round again, so an owner is the process id, the moment the process started,
the boot in which it did, and the pid namespace that the number belongs to.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

PROC: Final = Path("/proc")
STARTED_FIELD: Final = 18
"""`starttime` among the fields after the state: the 22nd field of /proc/PID/stat (proc(5))."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from every other that had or will have its number."""

    pid: int
    started_ticks: int
    boot: str
    pid_namespace: int

    @classmethod
    def current(cls) -> Self:
        """Return this process."""
        pid = os.getpid()
        return cls(pid, started_ticks(pid) or 0, boot_id(), pid_namespace())

    @classmethod
    def parse(cls, label: str) -> Self | None:
        """Return the owner that a label names, or None if it is not one of ours."""
        match label.split("."):
            case [pid, started, boot, space] if all(map(str.isdecimal, (pid, started, space))):
                return cls(int(pid), int(started), boot, int(space))
        return None

    @property
    def label(self) -> str:
        """The owner as text, for `parse`."""
        return f"{self.pid}.{self.started_ticks}.{self.boot}.{self.pid_namespace}"

    @property
    def alive(self) -> bool:
        """Whether that very process still runs; of what cannot be seen from here, assume so."""
        if self.boot != boot_id():
            return False
        if self.pid_namespace != pid_namespace():
            return True
        return started_ticks(self.pid) == self.started_ticks


def boot_id() -> str:
    """Return the kernel's name for this boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def pid_namespace() -> int:
    """Return the kernel's number of the namespace that our process ids belong to."""
    return (PROC / "self/ns/pid").stat().st_ino


def started_ticks(pid: int) -> int | None:
    """Return when the process started, in ticks since boot; None if there is none, or a zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else int(fields[STARTED_FIELD])
