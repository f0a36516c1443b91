"""How programs end: by themselves, by a signal, with output."""

import pytest
from support.jobs import Run
from support.programs import (
    ABORTS,
    COMPLAINS,
    ECHOES,
    EXITS_7,
    HELLO,
    LIMITS,
    NEVER_READS,
    WRITES_5000,
)

from assize.model.verdict import Reason


async def test_program_that_exits_with_0_has_no_reason(run: Run) -> None:
    """Exit status 0 is the only end without a reason."""
    outcome = await run(HELLO)
    assert (outcome.reason, outcome.exit_code, outcome.signal) == (None, 0, None)
    assert outcome.stdout.head == b"hello\n"
    assert outcome.stdout.total_bytes == 6


async def test_program_that_exits_with_7_is_a_runtime_error_with_its_status(run: Run) -> None:
    """The exit status is kept for the checks."""
    outcome = await run(EXITS_7)
    assert (outcome.reason, outcome.exit_code) == (Reason.RUNTIME_ERROR, 7)


async def test_output_streams_are_kept_apart(run: Run) -> None:
    """Standard error never shows in standard output."""
    outcome = await run(COMPLAINS)
    assert (outcome.stdout.head, outcome.stderr.head) == (b"", b"no good")


async def test_program_that_aborts_is_signaled(run: Run) -> None:
    """A signal of its own making is SIGNALED and named."""
    outcome = await run(ABORTS)
    assert (outcome.reason, outcome.signal, outcome.exit_code) == (Reason.SIGNALED, 6, None)
    assert "SIGABRT" in outcome.detail


@pytest.mark.parametrize("size", [0, 1, 3000])
async def test_stdin_arrives_whole(run: Run, size: int) -> None:
    """Every byte of standard input, and its end."""
    outcome = await run(ECHOES, stdin=b"z" * size)
    assert outcome.reason is None
    assert outcome.stdout.total_bytes == size


async def test_program_that_never_reads_its_stdin_still_ends(run: Run) -> None:
    """A full pipe to a deaf program blocks nobody."""
    outcome = await run(NEVER_READS, stdin=b"z" * 1_000_000)
    assert (outcome.reason, outcome.stdout.head) == (None, b"deaf\n")


async def test_output_over_what_is_kept_is_output_limit_with_head_tail_and_true_size(
    run: Run,
) -> None:
    """The middle goes, the count stays true."""
    outcome = await run(WRITES_5000)
    assert outcome.reason is Reason.OUTPUT_LIMIT
    assert outcome.stdout.total_bytes == 5000
    assert outcome.stdout.truncated
    half = LIMITS.output_bytes // 2
    assert outcome.stdout.head == b"a" * half
    assert outcome.stdout.tail.endswith(b"b\n")
    assert len(outcome.stdout.tail) == half
