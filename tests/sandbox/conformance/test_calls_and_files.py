"""Functions called in processes of their own, and files read back."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from support.programs import (
    ENDLESS_FUNCTION,
    FUNCTIONS,
    HELLO,
    LEAVES_FILE,
    LEAVES_LINK,
    LIMITS,
    Program,
)

from assize.model.verdict import Reason
from assize_sandbox.codec import decode, encode_call
from assize_sandbox.engines.base import Engine
from assize_sandbox.session import Command, Session

NO_ARGUMENTS = encode_call((), ())
RUN_MAIN = Command(("python3", "-B", "main.py"))


@pytest.fixture
async def session(engine: Engine) -> AsyncIterator[Session]:
    """A job in a new container."""
    made = Session(await engine.prepare(LIMITS.shape), LIMITS)
    yield made
    await made.close()


async def test_call_answers_with_the_encoded_value(session: Session) -> None:
    """A value comes back as data."""
    await session.put({"solution.py": FUNCTIONS.source})
    called = await session.call("solution", "answer", NO_ARGUMENTS, {})
    assert called.outcome.reason is None
    assert called.value is not None
    assert decode(called.value) == 42


async def test_call_that_raises_tells_the_class_and_its_builtin_bases(session: Session) -> None:
    """The exception's class is told, not its object."""
    await session.put({"solution.py": FUNCTIONS.source})
    called = await session.call("solution", "wrong", NO_ARGUMENTS, {})
    assert called.value is None
    assert called.raised[:2] == ("KeyError", "LookupError")
    assert "nothing" in called.outcome.detail


async def test_call_that_exits_with_0_has_not_answered(session: Session) -> None:
    """Leaving early with status 0 is a runtime error."""
    await session.put({"solution.py": FUNCTIONS.source})
    called = await session.call("solution", "silent", NO_ARGUMENTS, {})
    assert called.outcome.reason is Reason.RUNTIME_ERROR
    assert called.value is None


async def test_call_that_returns_an_object_is_refused(session: Session) -> None:
    """Only plain data crosses."""
    await session.put({"solution.py": FUNCTIONS.source})
    called = await session.call("solution", "object_", NO_ARGUMENTS, {})
    assert called.value is None
    assert "object" in called.refused


async def test_call_after_a_failed_one_still_works(session: Session) -> None:
    """Every call has a process of its own."""
    await session.put({"solution.py": FUNCTIONS.source})
    await session.call("solution", "silent", NO_ARGUMENTS, {})
    called = await session.call("solution", "answer", NO_ARGUMENTS, {})
    assert called.value is not None


async def test_after_a_time_limit_every_later_call_fails_with_it(engine: Engine) -> None:
    """The wall clock is the job's, not the call's."""
    limits = replace(LIMITS, wall_seconds=0.3)
    session = Session(await engine.prepare(limits.shape), limits)
    try:
        await session.put({"solution.py": ENDLESS_FUNCTION.source})
        first = await session.call("solution", "forever", NO_ARGUMENTS, {})
        second = await session.call("solution", "forever", NO_ARGUMENTS, {})
    finally:
        await session.close()
    assert first.outcome.reason is Reason.TIME_LIMIT
    assert second.outcome.reason is Reason.TIME_LIMIT


async def run_main(session: Session, program: Program) -> None:
    await session.put({"main.py": program.source})
    await session.run(RUN_MAIN)


async def test_file_that_the_program_left_is_read(session: Session) -> None:
    """Below folders too."""
    await run_main(session, LEAVES_FILE)
    read = await session.read("out/answer.txt", 100)
    assert (read.exists, read.content) == (True, b"42")


async def test_file_that_is_not_there_is_absent(session: Session) -> None:
    """Absent is no error."""
    await run_main(session, HELLO)
    read = await session.read("out/answer.txt", 100)
    assert (read.exists, read.content, read.refused) == (False, None, "")


async def test_file_over_the_bound_is_refused(session: Session) -> None:
    """No more than asked for is ever read."""
    await run_main(session, LEAVES_FILE)
    read = await session.read("out/answer.txt", 1)
    assert read.exists
    assert read.content is None
    assert read.refused


async def test_link_is_not_followed(session: Session) -> None:
    """A link to a file elsewhere is not a file."""
    await run_main(session, LEAVES_LINK)
    read = await session.read("secret", 100_000)
    assert read.content is None
    assert read.refused


async def test_report_counts_all_that_was_written(session: Session) -> None:
    """Usage adds up over the job."""
    await session.put({"main.py": HELLO.source})
    await session.run(RUN_MAIN)
    await session.run(RUN_MAIN)
    report = await session.close()
    assert report.usage.output_bytes == 2 * len(b"hello\n")
    assert report.usage.wall_seconds > 0
    assert report.usage.peak_memory_bytes > 0
