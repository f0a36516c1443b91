"""What a program does, said instead of done."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answers: the fields of a `reply` frame."""

    kind: str = "value"
    payload: bytes = b""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A program, by what it asks of its container."""

    stdout: bytes = b""
    stderr: bytes = b""
    pieces: int = 1
    """How many writes its standard output takes; each writes all of it."""
    echoes_stdin: bool = False
    """Writes its standard input to its standard output first."""
    exit_code: int = 0
    signal: int | None = None
    wall_seconds: float = 0.0
    """How long it runs; infinity is for ever."""
    cpu_share: float = 0.0
    """CPU seconds that it burns in each second of its life."""
    memory_bytes: int = 0
    processes: int = 1
    disk_bytes: int = 0
    floods: bool = False
    """Writes to standard output without end."""
    kills_guest: bool = False
    """The container dies, and nothing tells why."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What it leaves in the work folder."""
    deletes: frozenset[str] = frozenset()
    """What it deletes in a work folder that the host gave."""
    links: frozenset[str] = frozenset()
    """Paths that it makes links of."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """By function, if it is a module."""

    @property
    def endless(self) -> bool:
        """Whether only a kill ends it."""
        return math.isinf(self.wall_seconds)
