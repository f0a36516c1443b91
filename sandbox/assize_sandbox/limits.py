"""What a run may use.

A container is prepared before the request is known, so the limits come in two parts: the `Shape`
that is fixed with the container, and the rest, which is fixed with the job.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """Limits built into a container. Two jobs of one shape may be served from one pool."""

    memory_bytes: int = 512 * 1024 * 1024
    """Over all processes, tmpfs included; no swap."""
    pids: int = 64
    """Processes and threads alive at once, the guest included."""
    cpu_cores: float = 1.0
    """CPU quota as a share of one core; 1.0 is a whole core."""
    disk_bytes: int = 64 * 1024 * 1024
    """What fits in the work folder, and again in /tmp."""
    disk_inodes: int = 4096
    """Files and folders in the work folder, and again in /tmp."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that a job may use."""

    shape: Shape = Shape()
    wall_seconds: float = 30.0
    """Wall clock that candidate code may take in all, enforced from outside the container."""
    cpu_seconds: float = 30.0
    """CPU time over all processes of the job, read from the container's cgroup."""
    output_bytes: int = 1024 * 1024
    """Kept of each output stream. One that grows past it is OUTPUT_LIMIT; at 16 times, stopped."""
    file_bytes: int = 32 * 1024 * 1024
    """The largest single file (RLIMIT_FSIZE)."""
    open_files: int = 256
    """Open files of one process (RLIMIT_NOFILE)."""
