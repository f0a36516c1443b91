"""What is thrown away by the clock, and that nothing else is."""

import asyncio
from pathlib import Path

import pytest
from support.approvals import denial
from support.landing import sitting

from assize.convert.answers import verdict_to_bytes
from assize.errors import NotFound
from assize.model.approvals import HoldState
from assize.model.verdict import Status
from assize_sandbox.engines.fake import Behaviour
from assize_server.approvals.errors import UnknownHold
from assize_server.housekeeping import EVERY_SECONDS, clean, keep_house
from assize_server.landing import records
from assize_server.ledger import verdicts

DELETES = b"deletes a file"
WRITES = b"writes a new file"
PROGRAMS = {
    DELETES: Behaviour(deletes=frozenset({"a.csv"})),
    WRITES: Behaviour(files={"b.txt": b"new\n"}),
}


async def test_what_the_head_needs_stays(tmp_path: Path) -> None:
    """A run after the cleaning sees what one before it left, and its verdict is still told."""
    async with sitting(tmp_path, PROGRAMS) as court:
        before = await court.verify(WRITES)
        await clean(court.state, court.views)
        assert await court.verdict(before.verification_id) == before
        again = await court.verify(WRITES)
    assert again.status is Status.PASSED
    assert again.effects == ()


async def test_what_ended_holds_showed_is_bounded_and_how_they_ended_stays(tmp_path: Path) -> None:
    """A submitter that is denied again and again fills no disk; what waits is never touched."""
    async with sitting(tmp_path, PROGRAMS) as court:
        ended, waits = [(await court.verify(DELETES)).hold for _ in range(2)]
        assert ended is not None
        assert waits is not None
        bundle, _ = await court.office.desk.bundle(ended.hold_id, "alice")
        sent = denial(bundle)
        await court.office.desk.decide(sent, "alice")
        database = court.state.database
        assert await database.write(records.forget_shown) == 0
        assert await database.write(lambda each: records.forget_shown(each, 0)) == 1
        assert await database.write(lambda each: records.forget_shown(each, 0)) == 0
        with pytest.raises(UnknownHold, match="not kept any more"):
            await court.office.desk.bundle(ended.hold_id, "alice")
        with pytest.raises(UnknownHold):
            await court.office.desk.decide(sent, "alice")
        assert (await court.office.desk.bundle(waits.hold_id, "alice"))[0].hold.id == waits.hold_id
        states = {each.id: each.state for each in await court.office.desk.holds()}
        assert states == {
            ended.hold_id: HoldState.DENIED,
            waits.hold_id: HoldState.PENDING,
        }
        assert (await court.office.desk.stats()).denied == 1


async def test_verdicts_are_bounded_in_number_and_bytes(tmp_path: Path) -> None:
    """The oldest go; one that waits for a person stays, since it is still to be settled."""
    async with sitting(tmp_path, PROGRAMS) as court:
        held = await court.verify(DELETES)
        others = [await court.verify(WRITES) for _ in range(3)]
        database = court.state.database
        assert await database.write(verdicts.trim) == 0
        assert await database.write(lambda each: verdicts.trim(each, most=2)) == 1
        sizes = len(verdict_to_bytes(others[2]))
        assert await database.write(lambda each: verdicts.trim(each, most_bytes=sizes + 100)) == 1
        with pytest.raises(NotFound):
            await court.verdict(others[1].verification_id)
        assert await court.verdict(others[2].verification_id) == others[2]
        assert await court.verdict(held.verification_id) == held


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
