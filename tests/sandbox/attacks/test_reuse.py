"""Class 25 and A14: a call knows nothing of the calls before it, a container nothing of others."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from support.attacks import LIMITS, READ_MOST_BYTES, Attacker, all_refused, source_of

from assize.values.tree import DictValue, Value
from assize_sandbox.codec import decode, encode_call
from assize_sandbox.engines.base import Engine
from assize_sandbox.session import Command, Session

pytestmark = pytest.mark.engine

NUMBER = 417_293
FILES = {"solution.py": source_of("remembering"), "package/__init__.py": b"\n"}


@pytest.fixture
async def session(real_engine: Engine) -> AsyncIterator[Session]:
    """A job in a new container, its sources in place."""
    made = Session(await real_engine.prepare(LIMITS.shape), LIMITS)
    await made.put(FILES)
    yield made
    await made.close()


async def call(session: Session, function: str, *arguments: Value) -> Value:
    """Call a function of the attack program, which must answer."""
    called = await session.call("solution", function, encode_call(arguments, ()), {})
    assert called.value is not None, (called.outcome, called.raised, called.refused)
    return decode(called.value)


async def told_by(session: Session, function: str, *arguments: Value) -> dict[str, str]:
    """Call a function that answers with a mapping of texts."""
    told = await call(session, function, *arguments)
    assert isinstance(told, DictValue)
    return {str(name): str(got) for name, got in told.pairs}


async def test_call_finds_nothing_that_an_earlier_call_left(session: Session) -> None:
    """Files, times, attributes, modes, processes, environment, memory: as if it were the first."""
    assert await told_by(session, "look") == {}
    told = await told_by(session, "mark", NUMBER)
    refused = {name for name, got in told.items() if got.startswith("refused")}
    assert refused == {"attributes of all"}
    assert await told_by(session, "look") == {}


async def test_times_of_the_folders_tell_nothing_of_earlier_calls(session: Session) -> None:
    """Whoever wrote to /tmp or listed it, the next call finds both newer than that."""
    marked = await call(session, "mark_folder_times", "/tmp", "/dev/shm")
    oldest = await call(session, "oldest_folder_time")
    assert isinstance(marked, int)
    assert isinstance(oldest, int)
    assert oldest > marked


async def test_deep_folders_without_permissions_are_forgotten_too(session: Session) -> None:
    """What can hardly be removed is removed."""
    assert await call(session, "dig") == 300
    assert await told_by(session, "look") == {}


async def test_random_numbers_are_new_in_each_call(session: Session) -> None:
    """The copies of the guest do not share the state of its generators."""
    assert await call(session, "draws") != await call(session, "draws")


async def test_call_finds_nothing_of_an_earlier_answer_in_memory(session: Session) -> None:
    """What went through the guest, in and out, is not in the copy that becomes the next call."""
    assert await call(session, "say", NUMBER)
    await call(session, "note", NUMBER)
    assert (await session.read("note", READ_MOST_BYTES)).content
    assert await told_by(session, "look") == {}


async def test_containers_find_nothing_of_each_other(
    real_engine: Engine, attacker: Attacker
) -> None:
    """Neither beside a living one nor after its death: files, sockets, queues, processes."""
    settled = asyncio.Event()
    first = Session(
        await real_engine.prepare(LIMITS.shape), LIMITS, on_output=lambda *_: settled.set()
    )
    await first.put({"main.py": source_of("first_tenant")})
    tenant = asyncio.create_task(first.run(Command(("python3", "-B", "main.py"))))
    try:
        await settled.wait()
        beside = await attacker("second_tenant")
    finally:
        tenant.cancel()
        await asyncio.wait([tenant])
        await first.close()
    after = await attacker("second_tenant")
    assert all_refused(beside.told), beside.achieved
    assert all_refused(after.told), after.achieved
