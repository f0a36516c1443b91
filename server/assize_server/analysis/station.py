"""One analysis container and the questions put to it, one at a time."""

import asyncio
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Self

from assize.model.submission import SourceFile
from assize.model.verdict import Finding
from assize_sandbox.channel import Channel
from assize_sandbox.engines.base import Container, Engine, Role
from assize_sandbox.errors import ProtocolViolation, SandboxError
from assize_sandbox.frames import Frame
from assize_sandbox.limits import Shape
from assize_server.analysis.findings import STOPPED, limit, read_findings
from assize_server.core.analysis_settings import AnalysisSettings
from assize_server.core.static_gates import StaticChecks

MEBIBYTE: Final = 1024 * 1024
SHAPE: Final = Shape(
    memory_bytes=1024 * MEBIBYTE, pids=64, cpu_cores=1.0, disk_bytes=128 * MEBIBYTE
)
CHECKS_MOST: Final = 64
"""Sets of static rules that are kept as they are sent; there is one for each policy."""
START_SECONDS: Final = 60.0
ANSWER_SECONDS: Final = 30.0
"""More than the guest gives its child, so that the guest answers first if it can."""


class Station:
    """A container whose guest has its analysers loaded. Reads code, runs none, so it may stay."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._channel = Channel(container)
        self.answered = 0
        """How many questions it has answered."""

    @classmethod
    async def open(cls, engine: Engine) -> Self:
        """Start a container and wait until its analysers are loaded.

        Raises:
            SandboxError: It could not be started.
        """
        station = cls(await engine.prepare(SHAPE, Role.ANALYSIS))
        try:
            async with asyncio.timeout(START_SECONDS):
                await station._expect("ready")
        except TimeoutError as error:
            await station.close()
            raise SandboxError(f"no analyser was ready within {START_SECONDS:g} s") from error
        except BaseException:
            await station.close()
            raise
        return station

    @property
    def alive(self) -> bool:
        """Whether the guest still runs."""
        return self._container.alive

    async def ask(
        self, files: Sequence[SourceFile], settings: AnalysisSettings
    ) -> tuple[Finding, ...]:
        """Return what the guest finds. After an exception the station must be closed.

        Raises:
            TimeoutError: The guest did not answer.
            SandboxError: The guest is gone, or answered what it never answers.
        """
        async with asyncio.timeout(ANSWER_SECONDS):
            for file in files:
                await self._channel.send(Frame({"op": "put", "path": file.path}, file.content))
                await self._expect("done")
            header: dict[str, object] = {"op": "analyse", "settings": for_guest(settings)}
            await self._channel.send(Frame(header, rules_for_guest(settings.static)))
            answer = await self._expect("findings")
        self.answered += 1
        return understood(answer, settings)

    async def _expect(self, event: str) -> Frame:
        frame = await self._channel.receive()
        if frame.header.get("ev") == "error":
            raise SandboxError(f"the analysers could not be run: {frame.header.get('detail')!r}")
        if frame.header.get("ev") != event:
            raise ProtocolViolation(f"the analysis guest did not say {event!r}")
        return frame

    async def close(self) -> bool:
        """Remove the container; return whether the kernel had to stop it for want of memory."""
        remains = await self._container.remove()
        return remains.counters.oom_kills > 0


def understood(answer: Frame, settings: AnalysisSettings) -> tuple[Finding, ...]:
    """Return the findings of an answer.

    Raises:
        ProtocolViolation: It has not the form that our guest gives it.
    """
    stopped = answer.header.get("stopped")
    if stopped == "":
        return read_findings(answer.payload, settings)
    if isinstance(stopped, str) and stopped in STOPPED:
        return (limit(STOPPED[stopped]),)
    raise ProtocolViolation("the analysis guest gave a reason for stopping that it does not have")


def for_guest(settings: AnalysisSettings) -> dict[str, object]:
    """Return what the guest must know of the settings."""
    return {
        "ruff_select": list(settings.ruff_select),
        "ruff_ignore": list(settings.ruff_ignore),
        "mypy": settings.mypy.value,
        "honor_suppressions": settings.honor_suppressions,
    }


@lru_cache(maxsize=CHECKS_MOST)
def rules_for_guest(checks: StaticChecks) -> bytes:
    """Return the static rules that it must match, as JSON; nothing if there are none."""
    rules = [
        {"id": rule.id, "words": rule.words, "matcher": json.loads(rule.matcher)}
        for rule in checks.in_force()
    ]
    return json.dumps(rules).encode() if rules else b""
