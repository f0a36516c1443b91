"""Class C, 23 and 24: whatever is used up, the right limit ends it, and only its own container."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from support.attacks import LIMITS, MIB, SHAPE, Attacker

from assize.model.verdict import Reason
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Limits

pytestmark = pytest.mark.engine

SHORT = replace(LIMITS, wall_seconds=0.5)
LITTLE_CPU = replace(LIMITS, cpu_seconds=0.3)
SPACIOUS = replace(LIMITS, shape=replace(SHAPE, disk_bytes=64 * MIB))
MUCH_STDIN = b"z" * MIB


@dataclass(frozen=True)
class Bomb:
    """A program that uses something up, and the only reason that its end may have."""

    program: str
    reason: Reason
    limits: Limits = LIMITS
    exit_code: int | None = None
    stdin: bytes = field(default=b"", repr=False)


BOMBS = (
    Bomb("fork_bomb", Reason.PROCESS_LIMIT, exit_code=1),
    Bomb("stubborn_fork_bomb", Reason.CPU_LIMIT, LITTLE_CPU),
    Bomb("thread_bomb", Reason.PROCESS_LIMIT, exit_code=1),
    Bomb("zombies", Reason.PROCESS_LIMIT, exit_code=1),
    Bomb("memory_bomb", Reason.MEMORY_LIMIT),
    Bomb("favoured_memory_bomb", Reason.MEMORY_LIMIT),
    Bomb("shared_memory_bomb", Reason.MEMORY_LIMIT),
    Bomb("memfd_bomb", Reason.MEMORY_LIMIT, replace(LIMITS, file_bytes=8 * MIB)),
    Bomb("tmpfs_bomb", Reason.MEMORY_LIMIT, SPACIOUS),
    Bomb("disk_bomb", Reason.DISK_LIMIT, exit_code=1),
    Bomb("inode_bomb", Reason.DISK_LIMIT, exit_code=1),
    Bomb("large_file", Reason.DISK_LIMIT, exit_code=1),
    Bomb("descriptor_bomb", Reason.RUNTIME_ERROR, exit_code=1),
    Bomb("flood", Reason.OUTPUT_LIMIT),
    Bomb("dripping_flood", Reason.OUTPUT_LIMIT, replace(LIMITS, output_bytes=1024)),
    Bomb("kills_itself", Reason.SIGNALED),
    Bomb("stops_itself", Reason.TIME_LIMIT, SHORT),
    Bomb("catches_signals", Reason.TIME_LIMIT, SHORT),
    Bomb("never_reads", Reason.TIME_LIMIT, SHORT, stdin=MUCH_STDIN),
    Bomb("never_reads", Reason.TIME_LIMIT, replace(LIMITS, wall_seconds=0.05)),
    Bomb("closes_everything", Reason.RUNTIME_ERROR, exit_code=3),
    Bomb("closes_and_stays", Reason.TIME_LIMIT, SHORT),
    Bomb("executes_itself", Reason.CPU_LIMIT, LITTLE_CPU),
    Bomb("burns_in_children", Reason.CPU_LIMIT, LITTLE_CPU),
)


def name_of(bomb: Bomb) -> str:
    """Return the test's id."""
    return f"{bomb.program}-{bomb.limits.wall_seconds:g}s"


@pytest.mark.parametrize("bomb", BOMBS, ids=name_of)
async def test_bomb_ends_at_its_own_limit(attacker: Attacker, bomb: Bomb) -> None:
    """The reason is the limit that was met, and the container is gone with all its processes."""
    came = await attacker(bomb.program, limits=bomb.limits, stdin=bomb.stdin)
    assert (came.outcome.reason, came.outcome.exit_code) == (bomb.reason, bomb.exit_code)


HARMLESS = {
    "kills_all": {"alive": "yes"},
    "orphans": {"orphans": "200"},
    "outlives": {"left": "4"},
    "loses_a_child": {"child ended by signal": "9"},
}


@pytest.mark.parametrize("program", HARMLESS)
async def test_program_that_survives_what_it_did_ends_as_it_says(
    attacker: Attacker, program: str
) -> None:
    """A limit that was met and survived, a signal to everybody, a process left behind: no harm."""
    came = await attacker(program)
    assert (came.outcome.reason, came.outcome.exit_code) == (None, 0)
    assert came.told == HARMLESS[program]


async def test_memory_that_the_kernel_holds_for_a_program_is_the_programs(
    attacker: Attacker,
) -> None:
    """Full pipes count like other memory, or are refused for being too many."""
    came = await attacker("pipe_bomb", limits=SHORT)
    assert came.outcome.reason in {Reason.MEMORY_LIMIT, Reason.TIME_LIMIT}


async def test_memory_full_of_files_is_the_limit_or_leaves_the_file_whole(
    attacker: Attacker,
) -> None:
    """With no page left, the guest is killed and that is MEMORY_LIMIT, or it reads every byte.

    Killed between the end and the reading, it leaves a job of which nothing can be told.
    """
    try:
        came = await attacker("leaves_no_memory", limits=SPACIOUS, reads=("answer",))
    except SandboxError:
        return
    if came.outcome.reason is None:
        assert came.told == {"filled": "yes"}
        assert came.files["answer"].content == b"42" * 40_000
    else:
        assert came.outcome.reason is Reason.MEMORY_LIMIT
        assert not came.files["answer"].exists


@pytest.mark.parametrize("bomb", ["stubborn_fork_bomb", "memory_bomb", "tmpfs_bomb", "flood"])
async def test_container_beside_a_bomb_is_unharmed(attacker: Attacker, bomb: str) -> None:
    """What one container uses up, another still has."""
    bombed, beside = await asyncio.gather(
        attacker(bomb, limits=replace(SPACIOUS, cpu_seconds=1.0)), attacker("bystander")
    )
    assert bombed.outcome.reason is not None
    assert (beside.outcome.reason, beside.told) == (None, {"said": "here"})
