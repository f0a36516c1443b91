"""Judges checks in processes of their own, under a CPU and a memory limit.

An answer that costs more to judge than the limits allow fails its check: the candidate made it so.
A worker serves question after question; one that died is replaced.
"""

import asyncio
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from typing import Final, Protocol

import structlog

from assize.model.spec import Check, ExitCode, FileIs, JsonSchema, Spec, Stderr, Stdout
from assize.model.verdict import CheckResult, Reason
from assize_sandbox.errors import SandboxError
from assize_sandbox.outcome import CallOutcome, FileRead, Outcome
from assize_server.checks.questions import CallsQuestion, ProgramQuestion, Question, answer
from assize_server.checks.results import failed
from assize_server.checks.worker import CPU_SECONDS_MOST, LENGTH_BYTES, OUT_OF_MEMORY

WALL_SECONDS_MOST: Final = 10.0 * CPU_SECONDS_MOST
"""A worker that is silent for so long hangs, which is our fault."""
TOO_COSTLY: Final = (
    f"judging what came out takes over {CPU_SECONDS_MOST} s of CPU, or too much memory"
)
SPENT: Final = frozenset({-signal.SIGXCPU, OUT_OF_MEMORY})
WORKER = ("-m", "assize_server.checks.worker")
PROGRAM_KINDS: Final = (ExitCode, Stdout, Stderr, JsonSchema, FileIs)

_log = structlog.get_logger(__name__)


class Judge(Protocol):
    """Compares what came out with what the spec asks for."""

    async def program(
        self, spec: Spec, outcome: Outcome, files: Mapping[str, FileRead]
    ) -> tuple[CheckResult, ...]:
        """Return the results of the program checks.

        Raises:
            SandboxError: It could not be judged, for a reason of ours.
        """
        ...

    async def calls(self, check: Check, outcomes: tuple[CallOutcome, ...]) -> CheckResult:
        """Return the result of a function check.

        Raises:
            SandboxError: It could not be judged, for a reason of ours.
        """
        ...


class InlineJudge:
    """Judges on the spot and without limits: for tests of other things."""

    async def program(
        self, spec: Spec, outcome: Outcome, files: Mapping[str, FileRead]
    ) -> tuple[CheckResult, ...]:
        """Return the results of the program checks."""
        return answer(ProgramQuestion(spec, outcome, files))

    async def calls(self, check: Check, outcomes: tuple[CallOutcome, ...]) -> CheckResult:
        """Return the result of a function check."""
        return answer(CallsQuestion(check, outcomes))[0]


class TooCostly(Exception):
    """The kernel stopped the worker for its CPU time, or it had no memory left."""


class JudgeProcesses:
    """A few workers, each with one question at a time."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._idle: asyncio.Queue[Process | None] = asyncio.Queue()
        self._all: set[Process] = set()

    async def start(self) -> None:
        """Start the workers.

        Raises:
            OSError: A process could not be started.
        """
        for _ in range(self._count):
            self._idle.put_nowait(await self._spawn())

    async def close(self) -> None:
        """End the workers. Idempotent."""
        for worker in tuple(self._all):
            await self._bury(worker)

    async def program(
        self, spec: Spec, outcome: Outcome, files: Mapping[str, FileRead]
    ) -> tuple[CheckResult, ...]:
        """Return the results of the program checks."""
        try:
            return await self._ask(ProgramQuestion(spec, outcome, files))
        except TooCostly:
            mine = (check for check in spec.checks if isinstance(check.kind, PROGRAM_KINDS))
            return tuple(failed(check, Reason.WRONG_ANSWER, TOO_COSTLY) for check in mine)

    async def calls(self, check: Check, outcomes: tuple[CallOutcome, ...]) -> CheckResult:
        """Return the result of a function check."""
        try:
            return (await self._ask(CallsQuestion(check, outcomes)))[0]
        except TooCostly:
            return failed(check, Reason.WRONG_ANSWER, TOO_COSTLY)

    async def _ask(self, question: Question) -> tuple[CheckResult, ...]:
        worker = await self._idle.get()
        try:
            if worker is None or worker.returncode is not None:
                worker = await self._spawn()
            return await self._converse(worker, question)
        except BaseException:
            # Whatever it was doing, the next question must not get this one's answer.
            if worker is not None:
                await self._bury(worker)
                worker = None
            raise
        finally:
            self._idle.put_nowait(worker)

    async def _spawn(self) -> Process:
        # A session of its own: a Ctrl-C at our terminal is for us, and we end our workers.
        worker = await asyncio.create_subprocess_exec(
            sys.executable, *WORKER, stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        self._all.add(worker)
        return worker

    async def _bury(self, worker: Process) -> None:
        self._all.discard(worker)
        if worker.returncode is None:
            worker.kill()
        await worker.wait()

    async def _converse(self, worker: Process, question: Question) -> tuple[CheckResult, ...]:
        if worker.stdin is None or worker.stdout is None:
            raise SandboxError("a judge was started without pipes")
        asked = pickle.dumps(question)
        try:
            async with asyncio.timeout(WALL_SECONDS_MOST):
                worker.stdin.write(len(asked).to_bytes(LENGTH_BYTES) + asked)
                await worker.stdin.drain()
                length = int.from_bytes(await worker.stdout.readexactly(LENGTH_BYTES))
                told = await worker.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise await self._why_it_died(worker) from error
        results: tuple[CheckResult, ...] = pickle.loads(told)  # noqa: S301 - our own process
        return results

    async def _why_it_died(self, worker: Process) -> Exception:
        status = await worker.wait()
        _log.warning("judge_died", status=status)
        if status in SPENT:
            return TooCostly()
        return SandboxError(f"the process that judges died with status {status}")
