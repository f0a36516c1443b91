"""The pool: containers wait for jobs, and nothing that waits is ever forgotten."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from assize_sandbox.engines.base import Container, Role, WorkFolder
from assize_sandbox.engines.fake import FakeEngine
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Shape
from assize_sandbox.pool import STARTS_AT_ONCE, WarmPool

SHAPE = Shape()
OTHER = replace(SHAPE, pids=SHAPE.pids + 1)
THIRD = replace(SHAPE, pids=SHAPE.pids + 2)
HEADROOM = 1000
PLENTY = 10**12


class GatedEngine(FakeEngine):
    """A fake engine whose containers come up when the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.starting = 0
        """Containers that are being started now."""
        self.most_at_once = 0

    async def prepare(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Wait for the gate, then make a container."""
        self.starting += 1
        self.most_at_once = max(self.most_at_once, self.starting)
        try:
            await self.gate.wait()
            return await super().prepare(shape, role, folder)
        finally:
            self.starting -= 1


MakePool = Callable[..., WarmPool]


@pytest.fixture
async def engine() -> AsyncIterator[GatedEngine]:
    """An engine with the gate open."""
    made = GatedEngine()
    yield made
    made.gate.set()
    await made.close()


@pytest.fixture
async def make_pool(engine: GatedEngine) -> AsyncIterator[MakePool]:
    """Make pools that are closed afterwards."""
    pools: list[WarmPool] = []

    def make(size: int, available_bytes: int = PLENTY) -> WarmPool:
        pools.append(
            WarmPool(
                engine,
                size,
                memory_headroom_bytes=HEADROOM,
                available_bytes=lambda: available_bytes,
            )
        )
        return pools[-1]

    yield make
    engine.gate.set()
    for pool in pools:
        await pool.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let everybody else run until it is so."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


async def give_up(taking: asyncio.Task[Container]) -> None:
    """Cancel a taker and wait until it is gone."""
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking


async def starts_waiting(
    engine: GatedEngine, take: Awaitable[Container]
) -> asyncio.Task[Container]:
    """Return a taker that waits behind the closed gate."""
    taking = asyncio.ensure_future(take)
    await until(lambda: engine.starting > 0)
    return taking


async def test_container_that_waits_is_handed_out_and_replaced(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """The taker gets the one that was there; the next one is on its way."""
    pool = make_pool(1)
    pool.warm(SHAPE)
    await until(lambda: len(engine.living) == 1)
    assert await pool.take(SHAPE) is engine.containers[0]
    assert pool.waiting == 1
    await until(lambda: len(engine.living) == 2)


async def test_taker_waits_for_a_container_that_is_still_starting(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """It does not start another one beside it."""
    engine.gate.clear()
    pool = make_pool(1)
    pool.warm(SHAPE)
    taking = await starts_waiting(engine, pool.take(SHAPE))
    await until(lambda: engine.starting == 2)
    engine.gate.set()
    assert await taking is engine.containers[0]
    await until(lambda: engine.starting == 0)
    assert len(engine.containers) == 2


async def test_kind_that_does_not_wait_is_started_and_waits_from_then_on(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """The first taker of a shape pays; the next does not."""
    pool = make_pool(1)
    first = await pool.take(SHAPE)
    await until(lambda: len(engine.living) == 2)
    second = await pool.take(SHAPE)
    assert {first.id, second.id} == {container.id for container in engine.containers[:2]}


async def test_no_container_is_handed_out_twice(make_pool: MakePool) -> None:
    """Each container serves one job, however many ask at once."""
    pool = make_pool(3)
    pool.warm(SHAPE, count=3)
    taken = await asyncio.gather(*(pool.take(SHAPE) for _ in range(7)))
    assert len({container.id for container in taken}) == 7


async def test_taker_gets_the_shape_it_asked_for(engine: GatedEngine, make_pool: MakePool) -> None:
    """A container of another shape would hold other limits."""
    pool = make_pool(2)
    pool.warm(OTHER)
    await until(lambda: len(engine.living) == 1)
    assert await pool.take(SHAPE) is not engine.containers[0]
    assert await pool.take(OTHER) is engine.containers[0]


@pytest.mark.parametrize("size", [0, 1, 3])
async def test_no_more_wait_than_the_pool_is_large(size: int, make_pool: MakePool) -> None:
    """Over all shapes, and whatever is asked for."""
    pool = make_pool(size)
    pool.warm(SHAPE, count=5)
    assert pool.waiting == size
    for shape in (OTHER, THIRD, SHAPE, OTHER):
        await pool.take(shape)
        assert pool.waiting <= size


async def test_kind_asked_for_longest_ago_gives_way(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """A full pool follows what is asked for, and what it gives up is removed."""
    pool = make_pool(1)
    pool.warm(SHAPE)
    await until(lambda: len(engine.living) == 1)
    taken = await pool.take(OTHER)
    await until(lambda: not engine.containers[0].alive)
    await until(lambda: len(engine.living) == 2)
    assert await pool.take(OTHER) is not taken


async def test_few_are_started_at_once(engine: GatedEngine, make_pool: MakePool) -> None:
    """Starting takes CPU from the jobs that run."""
    pool = make_pool(6)
    engine.gate.clear()
    pool.warm(SHAPE, count=6)
    await until(lambda: engine.starting == STARTS_AT_ONCE)
    engine.gate.set()
    await until(lambda: len(engine.living) == 6)
    assert engine.most_at_once == STARTS_AT_ONCE


@pytest.mark.parametrize("room", [0, 1, 2])
async def test_nothing_is_started_into_the_hosts_headroom(room: int, make_pool: MakePool) -> None:
    """What waits is counted with all the memory that was promised to it."""
    pool = make_pool(5, HEADROOM + room * SHAPE.memory_bytes)
    pool.warm(SHAPE, count=5)
    assert pool.waiting == room


async def test_without_room_to_wait_a_taker_is_served_all_the_same(make_pool: MakePool) -> None:
    """Headroom is about what is started ahead; a job was admitted by somebody else."""
    pool = make_pool(5, HEADROOM)
    assert (await pool.take(SHAPE)).alive
    assert pool.waiting == 0


async def test_preparation_that_failed_before_anybody_waited_is_made_good(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """The taker asks again itself, and does not hear of what is over."""
    pool = make_pool(2)
    engine.gate.clear()
    engine.broken = SandboxError("out of loop devices")
    pool.warm(SHAPE, count=2)
    await until(lambda: engine.starting == 2)
    engine.gate.set()
    await until(lambda: engine.starting == 0)
    await asyncio.sleep(0)
    engine.broken = None
    assert (await pool.take(SHAPE)).alive


async def test_broken_engine_is_asked_by_each_taker_and_never_in_a_loop(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """The taker gets the error; the pool does not go on trying."""
    engine.broken = SandboxError("out of loop devices")
    pool = make_pool(3)
    with pytest.raises(SandboxError, match="loop devices"):
        await pool.take(SHAPE)
    await until(lambda: engine.starting == 0)
    engine.broken = None
    assert engine.containers == []
    assert (await pool.take(SHAPE)).alive


async def test_container_that_died_while_it_waited_is_replaced_without_a_word(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """It never ran anything, so nobody need know."""
    pool = make_pool(2)
    pool.warm(SHAPE, count=2)
    await until(lambda: len(engine.living) == 2)
    engine.containers[0].kill()
    taken = await pool.take(SHAPE)
    assert taken is engine.containers[1]
    assert taken.alive


async def test_taker_that_gives_up_leaves_its_container_to_the_next(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """What is being started is not lost."""
    pool = make_pool(1)
    engine.gate.clear()
    pool.warm(SHAPE)
    taking = await starts_waiting(engine, pool.take(SHAPE))
    await until(lambda: engine.starting == 2)
    await give_up(taking)
    assert pool.waiting == 1
    engine.gate.set()
    assert await pool.take(SHAPE) is engine.containers[0]


async def test_taker_that_gives_up_after_its_kind_was_given_up_leaves_nothing_behind(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """Its container waits under the pool's eyes, or is removed."""
    pool = make_pool(1)
    engine.gate.clear()
    pool.warm(SHAPE)
    taking = await starts_waiting(engine, pool.take(SHAPE))
    others = [await starts_waiting(engine, pool.take(shape)) for shape in (OTHER, THIRD, OTHER)]
    await asyncio.sleep(0)
    await give_up(taking)
    assert pool.waiting <= 1
    engine.gate.set()
    for taken in await asyncio.gather(*others):
        await taken.remove()
    await pool.close()
    assert engine.living == []


@pytest.mark.parametrize("gate_open", [True, False])
async def test_closing_leaves_nothing(
    gate_open: bool, engine: GatedEngine, make_pool: MakePool
) -> None:
    """Neither what waits nor what is still starting."""
    pool = make_pool(3)
    if not gate_open:
        engine.gate.clear()
    pool.warm(SHAPE, count=3)
    await until(lambda: len(engine.living) + engine.starting >= STARTS_AT_ONCE)
    closing = asyncio.create_task(pool.close())
    engine.gate.set()
    await closing
    assert (pool.waiting, engine.living, engine.starting) == (0, [], 0)
    await pool.close()


async def test_closed_pool_hands_out_nothing(engine: GatedEngine, make_pool: MakePool) -> None:
    """Nothing is started that nobody would remove."""
    pool = make_pool(1)
    await pool.close()
    with pytest.raises(SandboxError, match="closed"):
        await pool.take(SHAPE)
    pool.warm(SHAPE)
    assert (pool.waiting, engine.containers) == (0, [])


async def test_taker_that_gives_up_on_a_closed_pool_leaves_nothing(
    engine: GatedEngine, make_pool: MakePool
) -> None:
    """The container that it waited for is removed when it is up."""
    pool = make_pool(1)
    engine.gate.clear()
    pool.warm(SHAPE)
    taking = await starts_waiting(engine, pool.take(SHAPE))
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    await give_up(taking)
    engine.gate.set()
    await closing
    await until(lambda: engine.starting == 0 and engine.living == [])


async def test_container_that_cannot_be_removed_does_not_keep_the_pool_open(
    engine: GatedEngine, make_pool: MakePool, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody is told, and the rest is removed."""
    engine.broken = SandboxError("out of loop devices")
    pool = make_pool(2)
    pool.warm(SHAPE, count=2)
    await pool.close()
    assert [record.message for record in caplog.records] == [
        "a pooled container was not removed cleanly"
    ] * 2
