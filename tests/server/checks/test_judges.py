"""Judging happens in bounded processes."""

from collections.abc import AsyncIterator

import pytest

from assize.model.spec import Check, Exact, Function, FunctionCase, Spec, Stdout
from assize.model.verdict import CheckStatus, Output, Reason
from assize_sandbox.codec import encode
from assize_sandbox.errors import SandboxError
from assize_sandbox.outcome import CallOutcome, Outcome
from assize_server.checks import judges
from assize_server.checks.judges import JudgeProcesses

SPEC = Spec((Check("out", Stdout(Exact("hi\n"))),))
CALLS = Check("calls", Function("m", (FunctionCase("f()", returns="42"),)))


@pytest.fixture
async def workers() -> AsyncIterator[JudgeProcesses]:
    """One worker, so that questions follow each other."""
    made = JudgeProcesses(1)
    await made.start()
    yield made
    await made.close()


async def test_program_and_calls_are_judged_in_the_worker(workers: JudgeProcesses) -> None:
    """The same results as on the spot."""
    outcome = Outcome(None, exit_code=0, stdout=Output(b"hi\n", total_bytes=3))
    assert [each.status for each in await workers.program(SPEC, outcome, {})] == [
        CheckStatus.PASSED
    ]
    answered = CallOutcome(Outcome(None, exit_code=0), value=encode(42))
    assert (await workers.calls(CALLS, (answered,))).status is CheckStatus.PASSED
    wrong = CallOutcome(Outcome(None, exit_code=0), value=encode(True))
    assert (await workers.calls(CALLS, (wrong,))).status is CheckStatus.FAILED


async def test_worker_killed_for_its_cpu_time_fails_the_check_and_is_replaced(
    workers: JudgeProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What costs too much to judge is no pass, and the next question gets its own answer."""
    await kill_the_next(workers, monkeypatch, "XCPU")
    answered = CallOutcome(Outcome(None, exit_code=0), value=encode(42))
    first = await workers.calls(CALLS, (answered,))
    assert (first.status, first.reason) == (CheckStatus.FAILED, Reason.WRONG_ANSWER)
    assert "CPU" in first.message
    monkeypatch.undo()
    assert (await workers.calls(CALLS, (answered,))).status is CheckStatus.PASSED


async def test_worker_that_dies_otherwise_is_our_failure(
    workers: JudgeProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash says nothing about the code."""
    await kill_the_next(workers, monkeypatch, "ABRT")
    answered = CallOutcome(Outcome(None, exit_code=0), value=encode(42))
    with pytest.raises(SandboxError, match="died"):
        await workers.calls(CALLS, (answered,))


async def kill_the_next(
    workers: JudgeProcesses, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Put a worker that ends itself by a signal in place of the waiting one."""
    await workers.close()
    monkeypatch.setattr(
        judges, "WORKER", ("-c", f"import os,signal;os.kill(os.getpid(),signal.SIG{name})")
    )
