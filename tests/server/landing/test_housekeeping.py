"""What is thrown away by the clock, and that nothing else is."""

import asyncio
from pathlib import Path

import pytest
from support.landing import sitting

from assize.model.verdict import Status
from assize_sandbox.engines.fake import Behaviour
from assize_server.housekeeping import EVERY_SECONDS, clean, keep_house

WRITES = b"writes a new file"
PROGRAMS = {WRITES: Behaviour(files={"b.txt": b"new\n"})}


async def test_what_the_head_needs_stays(tmp_path: Path) -> None:
    """A run after the cleaning sees what one before it left, and its verdict is still told."""
    async with sitting(tmp_path, PROGRAMS) as court:
        before = await court.verify(WRITES)
        await clean(court.state, court.views)
        assert await court.verdict(before.verification_id) == before
        again = await court.verify(WRITES)
    assert again.status is Status.PASSED
    assert again.effects == ()


async def test_house_is_kept_each_hour_whatever_goes_wrong(tmp_path: Path) -> None:
    """A damaged store is told in the log, and looked at again an hour later."""
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise asyncio.CancelledError

    async with sitting(tmp_path, PROGRAMS) as court:
        court.state.objects.path((await court.head()).tree).unlink()
        with pytest.raises(asyncio.CancelledError):
            await keep_house(court.state, court.views, wait)
    assert waited == [EVERY_SECONDS] * 3
