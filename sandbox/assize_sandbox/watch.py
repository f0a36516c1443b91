"""Watches a run from outside: the clock and the kernel's counters, never the guest's word.

When a limit is passed everything in the container is killed at once. Who killed it is then known,
and that is the reason the verdict gives.
"""

import asyncio
import time
from types import TracebackType
from typing import Final, Self

from assize.model.verdict import Reason
from assize_sandbox.engines.base import Container
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Limits

SHORTEST_LOOK_SECONDS: Final = 0.005
"""CPU time is looked at no more often than this."""


class Watch:
    """Kills the container when its run passes a limit of time. Used around one run."""

    def __init__(
        self, container: Container, limits: Limits, *, wall_spent: float, cpu_baseline: float
    ) -> None:
        self._container = container
        self._limits = limits
        self._wall_left = limits.wall_seconds - wall_spent
        self._cpu_baseline = cpu_baseline
        self._started = time.monotonic()
        self._task: asyncio.Task[None] | None = None
        self.breach: Reason | None = None
        """The limit for which this watch killed the container."""
        self.detail = ""

    async def __aenter__(self) -> Self:
        """Start the clock."""
        self._started = time.monotonic()
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the clock.

        Raises:
            SandboxError: The counters could not be read; the container was killed then.
        """
        if (task := self._task) is None:
            return
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (failure := task.exception()) is not None:
            raise SandboxError(f"the run could not be watched: {failure}") from failure

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the start."""
        return time.monotonic() - self._started

    async def _look(self) -> None:
        while True:
            left = self._wall_left - self.seconds
            if left <= 0:
                self.stop(Reason.TIME_LIMIT, f"ran for more than {self._limits.wall_seconds:g} s")
                return
            spent = await self._cpu_spent()
            cpu_left = self._limits.cpu_seconds - spent
            if cpu_left < 0:
                self.stop(
                    Reason.CPU_LIMIT, f"used more than {self._limits.cpu_seconds:g} s of CPU time"
                )
                return
            # At full speed on every core it could not pass the limit before then.
            soonest = cpu_left / max(1.0, self._limits.shape.cpu_cores)
            await asyncio.sleep(min(left, max(SHORTEST_LOOK_SECONDS, soonest)))

    async def _cpu_spent(self) -> float:
        try:
            return (await self._container.counters()).cpu_seconds - self._cpu_baseline
        except Exception:
            # SECURITY: what is not watched must not run.
            self._container.kill()
            raise

    def stop(self, reason: Reason, detail: str) -> None:
        """Kill the container, for the first reason that there is."""
        if self.breach is None:
            self.breach, self.detail = reason, detail
        self._container.kill()
