"""Each limit ends a run, and the outcome names that limit and no other."""

from support.jobs import Run
from support.programs import (
    BURNS,
    EATS_MEMORY,
    FILLS_DISK,
    FLOODS,
    FORKS,
    LIMITS,
    SLEEPS,
)

from assize.model.verdict import Reason


async def test_program_that_sleeps_is_stopped_by_the_wall_clock(run: Run) -> None:
    """What it wrote before is kept."""
    outcome = await run(SLEEPS, wall_seconds=1.5)
    assert outcome.reason is Reason.TIME_LIMIT
    assert outcome.stdout.head == b"asleep\n"


async def test_wall_limit_far_below_a_second_fires(run: Run) -> None:
    """A limit is not rounded to seconds."""
    outcome = await run(SLEEPS, wall_seconds=0.02)
    assert outcome.reason is Reason.TIME_LIMIT
    assert outcome.exit_code is None


async def test_program_that_burns_cpu_is_stopped_by_its_cpu_time(run: Run) -> None:
    """CPU time has a limit of its own, well before the wall clock's."""
    outcome = await run(BURNS, cpu_seconds=0.3)
    assert outcome.reason is Reason.CPU_LIMIT


async def test_program_that_eats_memory_is_killed_for_it(run: Run) -> None:
    """The kernel's count is the evidence."""
    outcome = await run(EATS_MEMORY)
    assert outcome.reason is Reason.MEMORY_LIMIT
    assert str(LIMITS.shape.memory_bytes) in outcome.detail


async def test_program_that_forks_on_and_on_meets_the_process_limit(run: Run) -> None:
    """The refused fork is the evidence."""
    outcome = await run(FORKS)
    assert outcome.reason is Reason.PROCESS_LIMIT


async def test_program_that_fills_the_disk_meets_the_disk_limit(run: Run) -> None:
    """A full work folder ends at DISK_LIMIT, not at a bare traceback."""
    outcome = await run(FILLS_DISK)
    assert outcome.reason is Reason.DISK_LIMIT


async def test_program_that_writes_without_end_is_stopped(run: Run) -> None:
    """A flood costs the host a bounded number of bytes."""
    outcome = await run(FLOODS)
    assert outcome.reason is Reason.OUTPUT_LIMIT
    assert outcome.stdout.truncated
    kept = len(outcome.stdout.head) + len(outcome.stdout.tail)
    assert kept == LIMITS.output_bytes
