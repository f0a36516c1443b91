"""Asks containers what ruff, mypy, the static rules and Python's compiler say of a submission.

- There are two desks with a container each; the second opens when somebody waits at the first.
- A container serves many requests, for it runs no code of theirs; it is replaced after
  `ANSWERS_MOST`, and at once after anything unexpected.
- A question that went wrong is put once more to a fresh container. If that too runs out of time or
  memory it is the source's doing: a finding. Anything else is ours: a `SandboxError`.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Final

import structlog

from assize.model.submission import SourceFile
from assize.model.verdict import Finding
from assize_sandbox import frames
from assize_sandbox.engines.base import Engine
from assize_sandbox.errors import SandboxError
from assize_server.analysis.findings import STOPPED, limit, most_severe
from assize_server.analysis.source import is_python, unreadable
from assize_server.analysis.station import Station
from assize_server.core.analysis_settings import AnalysisSettings

DESKS: Final = 2
ANSWERS_MOST: Final = 200
TRIES: Final = 2

_log = structlog.get_logger(__name__)


class SourceTooMuch(Exception):
    """An analyser ran out of time or memory; `str` names which (a key of `STOPPED`)."""


class Desk:
    """A place for one container; whoever asks holds the lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self._station: Station | None = None
        self.queued = 0
        """How many wait or are served here."""

    @property
    def is_open(self) -> bool:
        """Whether a container is here."""
        return self._station is not None

    async def open(self) -> None:
        """Have a container here."""
        self.queued += 1
        try:
            async with self._lock:
                await self._manned()
        finally:
            self.queued -= 1

    async def ask(
        self, files: Sequence[SourceFile], settings: AnalysisSettings
    ) -> tuple[Finding, ...]:
        """Return what the container here finds; see `Analyser.analyse`."""
        self.queued += 1
        try:
            async with self._lock:
                return await self._ask_twice(files, settings)
        finally:
            self.queued -= 1

    async def _ask_twice(
        self, files: Sequence[SourceFile], settings: AnalysisSettings
    ) -> tuple[Finding, ...]:
        for left in reversed(range(TRIES)):
            try:
                return await self._ask_once(files, settings)
            except SourceTooMuch as error:
                if not left:
                    return (limit(STOPPED[str(error)]),)
            except SandboxError as error:
                if not left:
                    raise
                _log.warning("analysis_retried", error=str(error))
            # A container that had answered before may have been worn out: ask a fresh one.
        raise AssertionError("unreachable: the last try returns or raises")

    async def _ask_once(
        self, files: Sequence[SourceFile], settings: AnalysisSettings
    ) -> tuple[Finding, ...]:
        station = await self._manned()
        try:
            return await station.ask(files, settings)
        except TimeoutError as error:
            await self._leave()
            raise SourceTooMuch("time") from error
        except SandboxError as error:
            if await self._leave():
                raise SourceTooMuch("memory") from error
            raise
        except BaseException:
            await self._leave()
            raise

    async def _manned(self) -> Station:
        station = self._station
        if station is not None and (not station.alive or station.answered >= ANSWERS_MOST):
            await self._leave()
            station = None
        if station is None:
            station = self._station = await Station.open(self._engine)
        return station

    async def _leave(self) -> bool:
        station, self._station = self._station, None
        return station is not None and await station.close()

    async def close(self) -> None:
        """Remove the container, once nobody asks any more."""
        async with self._lock:
            await self._leave()


class Analyser:
    """Static analysis in containers. `start` first."""

    def __init__(self, engine: Engine) -> None:
        self._desks = tuple(Desk(engine) for _ in range(DESKS))
        self._chores: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the first container, so that the first request need not wait.

        Raises:
            SandboxError: It could not be started.
        """
        await self._desks[0].open()

    async def analyse(
        self, files: tuple[SourceFile, ...], settings: AnalysisSettings
    ) -> tuple[Finding, ...]:
        """Return what the analysers find in the Python files, most severe first.

        Raises:
            SandboxError: We could not tell; nothing is said about the code.
        """
        found: list[Finding] = []
        sound: list[SourceFile] = []
        for file in filter(is_python, files):
            refusal = unreadable(file) or oversized(file)
            if refusal is None:
                sound.append(file)
            else:
                found.append(refusal)
        if sound:
            found += await self._desk().ask(sound, settings)
        return most_severe(found, settings)

    def _desk(self) -> Desk:
        """Choose where to ask; opens another desk for those to come if this one is busy."""
        opened = [desk for desk in self._desks if desk.is_open]
        desk = min(opened or self._desks, key=lambda each: each.queued)
        closed = [each for each in self._desks if not each.is_open and not each.queued]
        if desk.queued and closed:
            self._chore(closed[0].open())
        return desk

    def _chore(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("second_analysis_container_failed", error=str(error))

    async def close(self) -> None:
        """Remove the containers. Idempotent."""
        while self._chores:
            await asyncio.wait(self._chores)
        for desk in self._desks:
            await desk.close()


def oversized(file: SourceFile) -> Finding | None:
    """Return why a file is too large to be analysed, if it is."""
    size = len(file.content)
    if size <= frames.PAYLOAD_MOST:
        return None
    return limit(f"{file.path} has {size} bytes; at most {frames.PAYLOAD_MOST} are analysed")
