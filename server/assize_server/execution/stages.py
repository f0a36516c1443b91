"""How long each stage of a verification took, told as it happens."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from assize.model.events import StageEnded, StageStarted
from assize.model.verdict import StageTime
from assize_server.execution.job import Emit


class Stages:
    """Times the stages of one job and tells of each."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._times: list[StageTime] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside, also when it fails."""
        self._emit(StageStarted(name))
        started = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - started
            self._times.append(StageTime(name, seconds))
            self._emit(StageEnded(name, seconds))

    def times(self) -> tuple[StageTime, ...]:
        """Return the stages that have ended, in order."""
        return tuple(self._times)
