"""Runs an attack program as the whole job of a new container and keeps what came of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assize_sandbox.engines.base import ContainerId, Engine
from assize_sandbox.limits import Limits, Shape
from assize_sandbox.outcome import FileRead, Outcome
from assize_sandbox.session import Command, Session

PROGRAMS = Path(__file__).parents[1] / "sandbox" / "attacks" / "programs"
MIB = 1024 * 1024
SHAPE = Shape(memory_bytes=96 * MIB, pids=16, disk_bytes=4 * MIB, disk_inodes=512)
LIMITS = Limits(
    shape=SHAPE,
    wall_seconds=15.0,
    cpu_seconds=15.0,
    output_bytes=64 * 1024,
    file_bytes=2 * MIB,
    open_files=64,
)
READ_MOST_BYTES = 100_000


@dataclass(frozen=True)
class Attack:
    """What an attack program got."""

    outcome: Outcome
    told: dict[str, str]
    """What it said of each attempt: the program prints one JSON object, last."""
    files: dict[str, FileRead] = field(default_factory=dict)
    survivors: tuple[int, ...] = ()
    """Processes of the container that the host still sees after it was closed."""
    alive: bool = False
    """Whether the engine still holds the container for alive."""

    @property
    def achieved(self) -> dict[str, str]:
        """The attempts that got through, with what they got."""
        return {name: got for name, got in self.told.items() if not got.startswith("refused")}


class Attacker(Protocol):
    """Runs a program of `programs/`, by its file name."""

    async def __call__(
        self,
        name: str,
        *,
        limits: Limits = LIMITS,
        stdin: bytes = b"",
        reads: Sequence[str] = (),
    ) -> Attack:
        """Run it, then read the files it left."""
        ...


def source_of(name: str) -> bytes:
    """Return the source of an attack program."""
    return (PROGRAMS / f"{name}.py").read_bytes()


async def attack(
    engine: Engine, name: str, limits: Limits, stdin: bytes, reads: Sequence[str]
) -> Attack:
    """Run a program as the whole job of a new container, then read what it left, twice."""
    container = await engine.prepare(limits.shape)
    session = Session(container, limits)
    try:
        await session.put({"main.py": source_of(name)})
        outcome = await session.run(Command(("python3", "-B", "main.py"), stdin=stdin))
        files = {path: await session.read(path, READ_MOST_BYTES) for path in reads}
        again = {path: await session.read(path, READ_MOST_BYTES) for path in reads}
        assert again == files, "a file changed after the end of its program"
    finally:
        await session.close()
    return Attack(
        outcome, told_in(outcome), files, processes_of(container.id), alive=container.alive
    )


def told_in(outcome: Outcome) -> dict[str, str]:
    """Return the JSON object on the last line of standard output; empty if there is none."""
    lines = (outcome.stdout.head + outcome.stdout.tail).splitlines() or [b""]
    try:
        told = json.loads(lines[-1])
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def processes_of(container: ContainerId) -> tuple[int, ...]:
    """Return the host's processes that live in a container's cgroup."""
    return tuple(
        int(folder.name) for folder in Path("/proc").glob("[0-9]*") if lives_in(folder, container)
    )


def lives_in(process: Path, container: ContainerId) -> bool:
    """Tell whether a process is in the container's cgroup, and no zombie that init will reap."""
    try:
        groups = (process / "cgroup").read_text()
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return container in groups and state != "Z"


def all_refused(told: Mapping[str, str]) -> bool:
    """Tell whether there were attempts and none got through."""
    return bool(told) and all(got.startswith("refused") for got in told.values())
