"""One budget for all the containers that a verification uses."""

from dataclasses import replace

from assize.model.verdict import Usage
from assize_sandbox.limits import Limits


class Budget:
    """Hands out what is left of the wall clock and the CPU time, and adds up what was used."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._used = Usage()

    def left(self) -> Limits:
        """Return the limits for the next container. Never below a millisecond, which fires."""
        return replace(
            self._limits,
            wall_seconds=max(0.001, self._limits.wall_seconds - self._used.wall_seconds),
            cpu_seconds=max(0.001, self._limits.cpu_seconds - self._used.cpu_seconds),
        )

    def spend(self, usage: Usage) -> None:
        """Add what one container used: times and bytes add up, peaks do not."""
        used = self._used
        self._used = Usage(
            wall_seconds=used.wall_seconds + usage.wall_seconds,
            cpu_seconds=used.cpu_seconds + usage.cpu_seconds,
            peak_memory_bytes=max(used.peak_memory_bytes, usage.peak_memory_bytes),
            peak_pids=max(used.peak_pids, usage.peak_pids),
            output_bytes=used.output_bytes + usage.output_bytes,
        )

    def used(self) -> Usage:
        """Return what was used so far."""
        return self._used
