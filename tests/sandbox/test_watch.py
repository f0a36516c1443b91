"""The watch: whoever passes a limit of time is killed, and so is whoever cannot be watched."""

from dataclasses import replace

import pytest
from support.scripted import ScriptedContainer

from assize.model.verdict import Reason
from assize_sandbox.engines.base import Counters
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Limits
from assize_sandbox.watch import Watch

LIMITS = Limits(wall_seconds=3600.0, cpu_seconds=10.0)
AT_LIMIT = Counters(cpu_seconds=LIMITS.cpu_seconds)
OVER_LIMIT = Counters(cpu_seconds=LIMITS.cpu_seconds + 0.001)


def watch(
    container: ScriptedContainer, limits: Limits = LIMITS, *, wall: float = 0.0, cpu: float = 0.0
) -> Watch:
    """Return a watch over a container whose job has used so much already."""
    return Watch(container, limits, wall_spent=wall, cpu_baseline=cpu)


async def breach_of(watched: Watch, container: ScriptedContainer) -> Reason | None:
    """Return why the container was killed, when it is."""
    async with watched:
        await container.killed.wait()
    return watched.breach


async def test_run_that_outlives_its_wall_limit_is_killed() -> None:
    """However short the limit is."""
    container = ScriptedContainer()
    limits = replace(LIMITS, wall_seconds=1e-9)
    watched = watch(container, limits)
    assert await breach_of(watched, container) == Reason.TIME_LIMIT
    assert watched.detail == "ran for more than 1e-09 s"


async def test_wall_time_of_earlier_runs_counts() -> None:
    """The limit is the job's, not each run's."""
    container = ScriptedContainer()
    watched = watch(container, wall=LIMITS.wall_seconds)
    assert await breach_of(watched, container) == Reason.TIME_LIMIT


async def test_run_that_passes_its_cpu_limit_is_killed() -> None:
    """By the kernel's account, looked at again when it could have passed the limit."""
    limits = replace(LIMITS, cpu_seconds=0.001)
    container = ScriptedContainer(counts=[Counters(), Counters(cpu_seconds=0.002)])
    assert await breach_of(watch(container, limits), container) == Reason.CPU_LIMIT


async def test_cpu_time_of_exactly_the_limit_is_within_it() -> None:
    """The next look, which sees more, is the one that kills."""
    container = ScriptedContainer(counts=[AT_LIMIT, AT_LIMIT, OVER_LIMIT])
    assert await breach_of(watch(container), container) == Reason.CPU_LIMIT
    assert container.looks == 3


async def test_cpu_time_from_before_the_job_does_not_count() -> None:
    """The guest's own start-up is not the candidate's."""
    start = Counters(cpu_seconds=100.0)
    over = replace(start, cpu_seconds=start.cpu_seconds + OVER_LIMIT.cpu_seconds)
    at = replace(start, cpu_seconds=start.cpu_seconds + AT_LIMIT.cpu_seconds)
    container = ScriptedContainer(counts=[at, over])
    assert await breach_of(watch(container, cpu=start.cpu_seconds), container) == Reason.CPU_LIMIT
    assert container.looks == 2


@pytest.mark.parametrize("failure", [OSError("the cgroup is gone"), ValueError("not a number")])
async def test_container_whose_counters_cannot_be_read_is_killed(failure: Exception) -> None:
    """What is not watched must not run; and we could not tell, which is nobody's fault."""
    container = ScriptedContainer(counts=[failure])
    watched = watch(container)
    with pytest.raises(SandboxError, match=str(failure)):
        await breach_of(watched, container)
    assert watched.breach is None


async def test_run_within_its_limits_is_left_alone() -> None:
    """When the run is over, nobody looks any more."""
    container = ScriptedContainer()
    watched = watch(container)
    async with watched:
        pass
    assert (watched.breach, container.alive) == (None, True)


async def test_first_reason_is_the_one_that_stays() -> None:
    """A container is killed once; what comes after is its death."""
    container = ScriptedContainer()
    watched = watch(container)
    watched.stop(Reason.OUTPUT_LIMIT, "wrote too much")
    watched.stop(Reason.TIME_LIMIT, "took too long")
    assert (watched.breach, watched.detail) == (Reason.OUTPUT_LIMIT, "wrote too much")
    assert not container.alive


async def test_error_inside_the_run_stops_the_watch_and_gets_out() -> None:
    """The clock does not go on for a run that has ended badly."""
    container = ScriptedContainer()
    with pytest.raises(LookupError):
        async with watch(container):
            raise LookupError
    assert container.alive
