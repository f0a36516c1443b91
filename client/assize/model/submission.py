"""The untrusted code and how it is started."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One submitted file; `path` is relative and POSIX, `content` may be anything."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """Source files, and the one to run as a program (None: a function-only module)."""

    files: tuple[SourceFile, ...]
    entry_point: str | None = None
    arguments: tuple[str, ...] = ()
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestedLimits:
    """Limits that a request asks for; None leaves the policy's. It can only tighten them."""

    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    pids: int | None = None
    output_bytes: int | None = None
    disk_bytes: int | None = None
    file_bytes: int | None = None
    open_files: int | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceUse:
    """How a run uses a workspace; see `WorkspaceUse` in the proto files."""

    name: str
    base: str = ""
    """The snapshot to begin with; empty: the head."""
    keep_submission: bool = False
    """Whether the submitted files become part of the workspace, as a patch does."""
    dry_run: bool = False
    """Whether the effects are told and weighed, and never committed or held."""
